"""Joining: a sum of single elements or rows, each laid into zeros, is those side by side.

Reverse mode writes one such term for each `x[i]`, `x[i, j]` or `x[:, j]`. Added one after the other, n of them
would touch all elements n times. Only the sign of a zero may change: 0.0 + -0.0 is 0.0.
"""

from __future__ import annotations

from math import prod
from typing import Any

import numpy as np

from ...core.block import BLOCKS
from ..graph import Graph, Op, Value, op_of
from ..indexing import parts_of
from ..rewrite import Writer, dtype_of, meets, rewrite, shape_of
from .uses import users_of

# Fewer terms are left as they are. Where more places than these times those that are met would be zero, terms are
# left too; so many numbers or more, for so many times the places at most, are laid into zeros all at once.
_FEW, _SPARSE = 3, 4
_MANY, _EMPTY = 16, 64
_ADD, _SCATTER, _STACK = BLOCKS[np.add], BLOCKS["scatter"], BLOCKS[np.stack]

# The axes along which one place is met, from the first to behind the last.
_Axes = tuple[int, int]


def join_rows(graph: Graph) -> Graph:
    """Put side by side what sums lay into zeros place by place."""
    if not meets(graph, {_SCATTER}):
        return graph
    inner = _inner(graph)
    parts: set[Op] = set()

    def visit(writer: Writer, node: Op, values: tuple[Value, ...]) -> Value:
        if node in inner:
            made = writer.again(node, values)
            parts.add(made)
            return made
        return _joined(writer, node, values, parts)

    return rewrite(graph, visit, {_ADD})


def _inner(graph: Graph) -> set[Op]:
    """The sums that only another sum of the same shape uses."""
    uses = users_of(graph)
    found = set()
    for node in graph.nodes:
        user = uses.get(node, [None])
        if node.block is _ADD and len(user) == 1 and user[0] is not None:
            one = user[0]
            if one.block is _ADD and one.shape == node.shape and one.dtype == node.dtype:
                found.add(node)
    return found


def _joined(writer: Writer, node: Op, values: tuple[Value, ...], parts: set[Op]) -> Value:
    terms: list[Value] = []
    stack = list(reversed(values))
    while stack:
        value = stack.pop()
        if isinstance(value, Op) and value in parts:
            stack += reversed(value.operands)
        else:
            terms.append(value)
    groups: dict[_Axes, list[tuple[int, Value]]] = {}
    rest = []
    for term in terms:
        found = _place(term, node)
        if found is None:
            rest.append(term)
        else:
            groups.setdefault(found[0], []).append((found[1], term))
    wholes: list[Value] = []
    for axes, group in groups.items():
        whole = _side_by_side(writer, node, axes, group)
        if whole is None:
            rest += [term for _, term in group]
        else:
            wholes.append(whole)
    return _sum(writer, [*wholes, *rest], node.shape, node.dtype) if wholes else None


def _place(term: Value, node: Op) -> tuple[_Axes, int] | None:
    """The place that a term lays into zeros, counted along the axes of its numbers; None for any other term."""
    if not isinstance(term, Op) or term.block is not _SCATTER or term.shape != node.shape:
        return None
    found = parts_of(term.params["index"], node.shape)
    if not all(p.kind == "take" or p.whole for p in found):
        return None
    taken = [p.axis for p in found if p.kind == "take"]
    if not taken or taken[-1] - taken[0] + 1 != len(taken):
        return None
    (x,) = term.operands
    axes = taken[0], taken[-1] + 1
    if shape_of(x) != _without(node.shape, axes) or dtype_of(x) != node.dtype:
        return None
    at = 0
    for part in found:
        if part.kind == "take":
            at = at * part.length + part.start
    return axes, at


def _without(shape: tuple[int, ...], axes: _Axes) -> tuple[int, ...]:
    return shape[: axes[0]] + shape[axes[1] :]


def _side_by_side(writer: Writer, node: Op, axes: _Axes, group: list[tuple[int, Value]]) -> Value:
    """What terms lay into zeros along some axes, as one array; None where that is no gain."""
    shape, dtype = _without(node.shape, axes), node.dtype
    terms: dict[int, list[Value]] = {}
    for at, term in group:
        terms.setdefault(at, []).append(op_of(term).operands[0])
    count = prod(node.shape[axes[0] : axes[1]])
    dense = count <= _SPARSE * len(terms)
    if len(group) < (_FEW if dense else _MANY) or (not dense and (shape or count > _EMPTY * len(terms))):
        return None
    zero = np.broadcast_to(np.zeros((), dtype), shape)[()]
    met = list(range(count)) if dense else sorted(terms)
    pieces: list[Value] = [_sum(writer, terms.get(at, [zero]), shape, dtype) for at in met]
    lengths = node.shape[axes[0] : axes[1]]
    if dense:
        return _stacked(writer, pieces, axes[0], lengths, shape, dtype)
    line = _stacked(writer, pieces, 0, (len(pieces),), shape, dtype)
    index = np.unravel_index(np.array(met), lengths)
    return writer.apply(_SCATTER, (line,), {"index": index, "shape": node.shape}, node.shape, dtype)


def _stacked(
    writer: Writer, pieces: list[Value], axis: int, lengths: tuple[int, ...], shape: tuple[int, ...], dtype: Any
) -> Value:
    """Pieces of a shape stacked along new axes of these lengths, the last of which stand side by side first."""
    for n in reversed(lengths):
        shape = (*shape[:axis], n, *shape[axis:])
        rows = [tuple(pieces[k : k + n]) for k in range(0, len(pieces), n)]
        pieces = [writer.apply(_STACK, row, {"axis": axis}, shape, dtype) for row in rows]
    return pieces[0]


def _sum(writer: Writer, terms: list[Value], shape: tuple[int, ...], dtype: Any) -> Value:
    total = terms[0]
    for term in terms[1:]:
        total = writer.apply(_ADD, (total, term), {}, shape, dtype)
    return total
