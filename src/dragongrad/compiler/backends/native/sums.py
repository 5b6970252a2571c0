"""Elements of reductions and matrix products that are short enough to be written out."""

from __future__ import annotations

import itertools
from typing import Any

import numpy as np

from ....core.block import BLOCKS
from ....core.node import Node
from ...rewrite import Value, arguments, shape_of
from .elementwise import OPERATIONS
from .expressions import UNROLL, Expressions, NeedsBufferError, rule, spread
from .index import Index
from .text import Text, literal, type_of


def reduced_axes(node: Node, ndim: int) -> tuple[int, ...]:
    """The axes that a reduction takes away."""
    axis = node.params.get("axis")
    if axis is None:
        return tuple(range(ndim))
    return tuple(sorted(int(a) % ndim for a in (axis if isinstance(axis, tuple) else (axis,))))


def reduction_index(node: Node, x: Value, index: tuple[Index, ...], at: tuple[Index, ...]) -> tuple[Index, ...]:
    """The index of an element of the operand: the kept axes from `index`, the others from `at`."""
    axes = reduced_axes(node, len(shape_of(x)))
    kept = iter([i for a, i in enumerate(index) if a not in axes] if node.params.get("keepdims") else index)
    inside_axes = iter(at)
    return tuple([next(inside_axes) if a in axes else next(kept) for a in range(len(shape_of(x)))])


def fold(text: Text, name: str, dtype: Any, left: str, right: str) -> str:
    """One step of a reduction."""
    return OPERATIONS[BLOCKS[FOLDS[name]]].write(text, np.dtype(dtype), [left, right], ())


FOLDS: dict[str, Any] = {
    "sum": np.add,
    "max": np.maximum,
    "min": np.minimum,
    "all": np.logical_and,
    "any": np.logical_or,
}


@rule(np.sum, np.max, np.min, np.all, np.any)
def _reduction(to: Expressions, node: Node, index: tuple[Index, ...]) -> str:
    (x,) = arguments(node)
    assert node.block is not None
    axes = reduced_axes(node, len(shape_of(x)))
    lengths = [shape_of(x)[a] for a in axes]
    if int(np.prod(lengths)) > to.unroll or 0 in lengths:
        raise NeedsBufferError(node)
    total: str | None = None
    for at in itertools.product(*map(range, lengths)):
        one = to.element(x, reduction_index(node, x, index, at), node.dtype)
        total = one if total is None else fold(to.text, node.block.name, node.dtype, total, one)
    assert total is not None
    return total


@rule(np.matmul)
def _matmul(to: Expressions, node: Node, index: tuple[Index, ...]) -> str:
    x, y = arguments(node)
    if shape_of(x)[-1] > UNROLL or node.dtype.kind != "f":
        raise NeedsBufferError(node)
    if shape_of(x)[-1] == 0:
        return literal(0, node.dtype)
    row, column, lead = matmul_index(x, y, index)
    total: str | None = None
    kind = type_of(node.dtype)
    for k in range(shape_of(x)[-1]):
        left = to.element(x, (*spread(lead, shape_of(x)[:-2]), *row, k), node.dtype)
        right = to.element(y, (*spread(lead, shape_of(y)[:-2]), k, *column), node.dtype)
        term = to.text.op(f"fmul {kind} {left}, {right}")
        total = term if total is None else to.text.op(f"fadd {kind} {total}, {term}")
    assert total is not None
    return total


def matmul_index(x: Value, y: Value, index: tuple[Index, ...]) -> tuple[tuple[Index, ...], ...]:
    """The row, the column and the leading axes that an element of a matrix product comes from."""
    left, right = len(shape_of(x)) > 1, len(shape_of(y)) > 1
    column = index[-1:] if right else ()
    rest = index[: len(index) - right]
    row = rest[-1:] if left else ()
    return row, column, rest[: len(rest) - left]
