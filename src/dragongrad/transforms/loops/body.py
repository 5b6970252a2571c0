"""The bodies of loops: Graphs that are applied again, under transforms, and written down anew."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from ...context import STAGE, careful, is_plain, unasked
from ...core.graph import Graph
from ...core.node import Node, Spec
from ...core.variable import Variable
from ..batch import Batch
from ..forward import jvp

Step = Callable[..., list[Any]]


class UnrolledError(Exception):
    """A body that cannot be written down once for all steps, and why."""


def applied(node: Node, known: Mapping[Any, Any]) -> Any:
    """The value of a Node of a Graph, its Block applied to values of its parents, of any level."""
    if node.pick is not None:
        return known[node.parents[0]][node.pick]
    assert node.block is not None
    given = [v if p is None else known[p] for p, v in zip(node.parents, node.saved[1:], strict=True)]
    return node.block(*given, **node.params)


def replay(body: Graph, arrays: Sequence[Any]) -> list[Any]:
    """The outputs of a Graph, its Blocks applied to arrays of any level."""
    known: dict[Node, Any] = dict(zip(body.inputs, arrays, strict=True))
    for node in body.nodes:
        known[node] = applied(node, known)
    return [known[end] if isinstance(end, Node) else end for end in body.outputs]


def without_dead(body: Graph, consts: int) -> tuple[Graph, list[int]]:
    """A body without what no output is computed from, and which of its constants it still has."""
    reached = {end for end in body.outputs if isinstance(end, Node)}
    for node in reversed(body.nodes):
        if node in reached:
            reached.update(p for p in node.parents if p is not None)
    kept = [k for k, node in enumerate(body.inputs[:consts]) if node in reached]
    inputs = [*[body.inputs[k] for k in kept], *body.inputs[consts:]]
    names = {node: f"c{k}" for k, node in enumerate(inputs)}
    return Graph(body.title, inputs, [node for node in body.nodes if node in reached], body.outputs, names), kept


def written(function: Callable[..., Sequence[Any]], inputs: Sequence[Any]) -> Graph:
    """The Graph of a function of arrays of given shapes and dtypes, which uses no other Variables.

    Raises
    ------
    UnrolledError
        It cannot be written down.
    """
    stage = STAGE.get()
    if stage is None or not is_plain():
        raise UnrolledError("no program is written")
    try:
        with careful(unasked()):
            # Its derivatives are no further ones of the function.
            found: Graph = stage.body(function, [Spec(np.shape(x), dtype_of(x)) for x in inputs]).closed()
        graph = without_dead(found, 0)[0]
    except Exception as error:
        raise UnrolledError(str(error)) from error
    return graph


def dtype_of(value: Any) -> Any:
    """The dtype of an array or a number."""
    return value.dtype if hasattr(value, "dtype") else np.asarray(value).dtype


def is_float(value: Any) -> bool:
    """Whether a value can have a derivative."""
    return dtype_of(value).kind in "fc"


def is_zero(dot: Any) -> bool:
    """Whether a tangent or cotangent is known to be zero."""
    return dot is None or (isinstance(dot, np.ndarray | np.generic) and dot.__class__ in _PLAIN and not dot.any())


_PLAIN = (np.ndarray, *{np.dtype(c).type for c in "?bhilqBHILQefdgFDG"})


def filled(values: Sequence[Any], places: Sequence[int], others: Sequence[Any]) -> list[Any]:
    """Values, of which those at some places are others."""
    full = list(values)
    for i, value in zip(places, others, strict=True):
        full[i] = value
    return full


def row_of(column: Any) -> Spec:
    """The shape and dtype of a row."""
    return Spec(np.shape(column)[1:], dtype_of(column))


def or_zeros(bar: Any, like: Any) -> Any:
    """A cotangent, of zeros where there is none."""
    return np.zeros(np.shape(like), dtype_of(like)) if bar is None else bar


def split(values: Sequence[Any], sizes: Sequence[int]) -> list[list[Any]]:
    """Values in groups of these sizes."""
    found, start = [], 0
    for size in sizes:
        found.append(list(values[start : start + size]))
        start += size
    assert start == len(values)
    return found


def with_tangents(
    body: Graph, sizes: Sequence[int], active: Sequence[Sequence[int]], like: Sequence[Any], new: list[int]
) -> Step:
    """A step with tangents, as it is to be written down: from each group of values, and then its tangents.

    Parameters
    ----------
    body : Graph
        A step from groups of values, one of which is carried on first.
    sizes : sequence of int
        How many there are in each group.
    active : sequence
        Which of each have tangents.
    like : sequence
        What is carried, the second group.
    new : list
        Is given the carries that come to have a tangent besides.

    Returns
    -------
    callable
        What is carried, its tangents, what else the body gives, and the tangents of that.
    """
    starts = [sum(sizes[:k]) for k in range(len(sizes))]
    places = [start + i for start, group in zip(starts, active, strict=True) for i in group]
    pairs = [n for size, group in zip(sizes, active, strict=True) for n in (size, len(group))]
    carry = len(like)

    def step(*arrays: Any) -> list[Any]:
        groups = split(arrays, pairs)
        known = [value for group in groups[::2] for value in group]
        given = [dot for group in groups[1::2] for dot in group]

        def values(*moving: Any) -> list[Any]:
            return replay(body, filled(known, places, moving))

        found, dots = jvp(values, tuple([known[i] for i in places]), tuple(given))
        own = [dot if is_float(o) else np.zeros(()) for o, dot in zip(found, dots, strict=True)]
        moved = active[1]
        new[:] = [i for i in range(carry) if i not in moved and not is_zero(own[i])]
        ends = [_as_carried(own[i], like[i]) for i in moved]
        return [*found[:carry], *ends, *found[carry:], *own[carry:]]

    return step


def _as_carried(dot: Any, like: Any) -> Any:
    dot = dot.astype(dtype_of(like)) if is_zero(dot) else dot
    return np.broadcast_to(dot, np.shape(like)) if np.shape(dot) != np.shape(like) else dot


def in_rows(
    size: int, function: Callable[[list[Any]], Sequence[Any]], batched: Sequence[bool], given: Sequence[Any]
) -> tuple[list[Any], list[bool]]:
    """The outputs of a function for a batch, and which of them have the batch as their first axis."""
    level = Batch(size)
    found = function([Variable(a, level) if b else a for a, b in zip(given, batched, strict=True)])
    level.ended = True
    mine = [isinstance(o, Variable) and o.level is level for o in found]
    return [o.data if m else o for o, m in zip(found, mine, strict=True)], mine


def wide(value: Any, size: int, spread: bool) -> Any:
    """A value for each row of a batch, where it has none of its own."""
    return np.broadcast_to(value, (size, *np.shape(value))) if spread else value
