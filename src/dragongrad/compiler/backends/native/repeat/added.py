"""What a way of a loop adds to one row after the other: the row is written, and not the whole array anew.

A loop that reads a row of an array by its count has a derivative that adds to that row. Here the Graph of such a
way gives the new row and where it lies, in place of an array of which all other rows are as they were.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from .....core.block import BLOCKS
from ....graph import WAYS, WHILE, Graph, Op, Value, form_of, ways_of
from ....passes.dead import drop_dead
from ....passes.uses import users_of

_ADD, _SCATTER, _GATHER, _STACK = BLOCKS[np.add], BLOCKS["scatter_at"], BLOCKS["gather"], BLOCKS[np.stack]


def with_rows(node: Op) -> dict[str, Graph]:
    """The ways of a loop that add to rows, by their keys.

    They give the new row in place of the array, and behind all other outputs the places of these rows.
    """
    if node.block is not WHILE:
        return {}
    ways, consts = ways_of(node.params), node.params["consts"]
    found, start = {}, 0
    for k, (key, way) in enumerate(zip(WAYS, ways, strict=False)):
        count = len(way.outputs)
        readers = [(later, consts + len(later.outputs) + start) for later in ways[k + 1 :]]
        readers += [(node.params["cond"], consts)] if k == 0 else []
        free = set(range(count))
        for graph, at in readers:
            users = users_of(graph)
            free -= {i for i, v in enumerate(graph.inputs[at : at + count]) if v in users}
        changed = _changed(way, way.inputs[consts : consts + count], free)
        if changed is not None:
            found[key] = changed
        start += count
    return found


def _changed(way: Graph, own: list[Op], free: set[int]) -> Graph | None:
    users, nodes, outputs, places = users_of(way), list(way.nodes), list(way.outputs), list[Value]()
    for i in sorted(free):
        row = _row(own[i], outputs[i], users)
        if row is not None:
            before, after, place = row
            nodes += [before, after]
            outputs[i] = after
            places.append(place)
    return drop_dead(way.rewritten(nodes, [*outputs, *places])) if places else None


def _row(begun: Op, end: Value, users: dict[Op, Any]) -> tuple[Op, Op, Value] | None:
    """The row of what a step begins with that it adds to, the same behind it, and its place."""
    if not isinstance(end, Op) or end.block is not _ADD or users[end] != [None] or users.get(begun) != [end]:
        return None
    (other,) = [v for v in end.operands if v is not begun] or [None]
    if not isinstance(other, Op) or other.block is not _SCATTER or users[other] != [end]:
        return None
    value, place = other.operands
    index, form = other.params["index"], form_of(value)
    leading = [getattr(part, "position", None) for part in index] == list(range(len(index)))
    single = isinstance(place, Op) and place.block is _STACK and place.shape == (len(index),)
    if not (leading and single) or (form.shape, form.dtype) != (begun.shape[len(index) :], begun.dtype):
        return None
    if form_of(place).dtype != np.int64 or end.dtype != begun.dtype or not begun.size:
        return None
    before = Op(_GATHER, (begun, place), {"index": index}, form.shape, form.dtype)
    return before, Op(_ADD, (before, value), {}, form.shape, form.dtype), place
