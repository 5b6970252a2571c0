"""Joining: a sum of single rows, each laid into zeros, is those rows stacked.

Reverse mode writes one such term for each `x[i]`. Added one after the other, n of them would touch n² elements.
Only the sign of a zero may change: 0.0 + -0.0 is 0.0.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from ...core.block import BLOCKS
from ..graph import Graph, Op, Value, op_of
from ..rewrite import Writer, dtype_of, meets, rewrite, shape_of
from .uses import users_of

# Fewer terms are left as they are, and so are arrays of which most rows would be zero.
_FEW, _SPARSE = 3, 4
_ADD, _SCATTER, _STACK = BLOCKS[np.add], BLOCKS["scatter"], BLOCKS[np.stack]


def join_rows(graph: Graph) -> Graph:
    """Stack what sums lay into zeros row by row."""
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
    rows: dict[int, list[Value]] = {}
    rest = []
    for term in terms:
        at = _row(term, node)
        if at is None:
            rest.append(term)
        else:
            rows.setdefault(at, []).append(op_of(term).operands[0])
    if len(terms) - len(rest) < _FEW or node.shape[0] > _SPARSE * len(rows):
        return None
    shape, dtype = node.shape[1:], node.dtype
    zero = np.broadcast_to(np.zeros((), dtype), shape)[()]
    pieces = [_sum(writer, rows.get(i, [zero]), shape, dtype) for i in range(node.shape[0])]
    whole: Any = writer.apply(_STACK, tuple(pieces), {"axis": 0}, node.shape, dtype)
    return _sum(writer, [whole, *rest], node.shape, dtype)


def _row(term: Value, node: Op) -> int | None:
    """The row that a term lays into zeros; None where it is anything else."""
    if not isinstance(term, Op) or term.block is not _SCATTER or term.shape != node.shape:
        return None
    index = term.params["index"]
    (x,) = term.operands
    if len(index) != 1 or not isinstance(index[0], (int, np.integer)) or isinstance(index[0], bool):
        return None
    if shape_of(x) != node.shape[1:] or dtype_of(x) != node.dtype:
        return None
    return int(index[0]) % node.shape[0]


def _sum(writer: Writer, terms: list[Value], shape: tuple[int, ...], dtype: Any) -> Value:
    total = terms[0]
    for term in terms[1:]:
        total = writer.apply(_ADD, (total, term), {}, shape, dtype)
    return total
