"""Decisions that each step of a loop takes are one: all of them go as they went."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence

import numpy as np

from ...core.block import BLOCKS
from ..graph import Graph, Op, Value
from .dead import drop_dead

# So many elements of an array are read by themselves as quickly as together.
_FEW = 4
_GETITEM = BLOCKS["getitem"]


def join_decisions(graph: Graph, count: int, taken: Sequence[bool]) -> tuple[Graph, list[bool]]:
    """A Graph that decides on whole arrays where it decided on their elements, and how these decisions went.

    Parameters
    ----------
    graph : Graph
        Its outputs from number `count` on are what decisions were taken on.
    count : int
        How many outputs come before.
    taken : sequence of bool
        How each decision went.
    """
    ends, joined = list(graph.outputs[:count]), defaultdict[tuple[Op, bool], list[tuple[int, Value]]](list)
    left: list[tuple[Value, bool]] = []
    for end, way in zip(graph.outputs[count:], taken, strict=True):
        found = _element(end)
        if found is None:
            left.append((end, way))
        else:
            joined[found[0], way].append((found[1], end))
    nodes = list(graph.nodes)
    for (array, way), elements in joined.items():
        numbers = sorted({number for number, _ in elements})
        first, last = numbers[0], numbers[-1] + 1
        if len(numbers) < _FEW or len(numbers) != last - first:
            left += [(end, way) for _, end in elements]
            continue
        part = array
        if len(numbers) < array.shape[0]:
            part = Op(_GETITEM, (array,), {"index": (slice(first, last, 1),)}, (len(numbers),), array.dtype)
            nodes.append(part)
        whole = Op(BLOCKS[np.all if way else np.any], (part,), {}, (), array.dtype)
        nodes.append(whole)
        left.append((whole, way))
    if len(left) == len(taken):
        return graph, list(taken)
    return drop_dead(graph.rewritten(nodes, [*ends, *[end for end, _ in left]])), [way for _, way in left]


def _element(end: Value) -> tuple[Op, int] | None:
    """Which element of which vector a decision is taken on."""
    if not isinstance(end, Op) or end.block is not _GETITEM or end.dtype.kind != "b" or end.shape:
        return None
    array, index = end.operands[0], end.params["index"]
    if not isinstance(array, Op) or len(array.shape) != 1 or len(index) != 1 or index[0].__class__ is not int:
        return None
    return array, index[0] % array.shape[0]
