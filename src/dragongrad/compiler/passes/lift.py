"""Lifting: what is the same along an axis is computed once, and spread afterwards.

`f(broadcast_to(x)) = broadcast_to(f(x))` for elementwise f, and for reductions along the other axes. No number
changes. And the rows of a matrix product, summed, are the summed rows times the matrix: `sum(x @ y, -2) =
sum(x, -2) @ y`, where only the order of the terms changes.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from ...core.block import BLOCKS
from ..graph import Graph, Op, Value
from ..rewrite import Writer, broadcast_shapes, first, reduced_axes, rewrite, shape_of

_BROADCAST, _SUM = BLOCKS[np.broadcast_to], BLOCKS[np.sum]
_RESHAPE = BLOCKS[np.reshape]
# What computes each element from those at the same place, after its arguments were spread to one shape.
SPREADING = frozenset({BLOCKS[np.where]}) | {
    b for b in BLOCKS.values() if isinstance(b.fn, np.ufunc) and b.fn.signature is None
}
_MATMUL, _NEGATIVE = BLOCKS[np.matmul], BLOCKS[np.negative]
_ANY = frozenset(BLOCKS[fn] for fn in (np.any, np.all, np.max, np.min))
_SAME_ELEMENTS = frozenset({_BROADCAST, _RESHAPE, BLOCKS[np.transpose]})
# Of fewer rows than this, the product is as good as the sum.
_ROWS = 4


def lift_broadcasts(graph: Graph) -> Graph:
    """Move broadcasts behind elementwise Blocks and sums where that makes them smaller."""
    return rewrite(graph, _visit, SPREADING | _ANY | {_SUM})


def _visit(writer: Writer, node: Op, values: tuple[Value, ...]) -> Value:
    if node.block in _ANY and node.shape == ():
        return _one_of_many(writer, node, values[0])
    if node.block is _SUM:
        found = _sum(writer, node, values[0])
        return _summed_rows(writer, node, values[0]) if found is None else found
    if not _is_elementwise(node) or not node.shape:
        return None
    small = tuple(map(_before, values))
    if all(one is value for one, value in zip(small, values, strict=True)):
        return None
    shape = broadcast_shapes(*map(shape_of, small))
    if 2 * math.prod(shape) > math.prod(node.shape):
        return None
    inner = writer.apply(node.block, small, node.params, shape, node.dtype)
    return writer.apply(_BROADCAST, (inner,), {"shape": node.shape}, node.shape, node.dtype)


def _is_elementwise(node: Op) -> bool:
    return node.block in SPREADING and not node.params


def _one_of_many(writer: Writer, node: Op, x: Value) -> Value:
    """The greatest (least) of all is that of what was spread, turned or laid into another shape."""
    small = _elements(writer, x)
    if small is x or not isinstance(small, Op):
        return None
    params: dict[str, Any] = {"axis": tuple(range(len(small.shape)))}
    return writer.apply(node.block, (small,), params, (), node.dtype)


def _elements(writer: Writer, value: Value) -> Value:
    """A value with the same elements in another shape, perhaps fewer times, that is easier to compute."""
    if not isinstance(value, Op) or not value.size or value.params.get("order") not in (None, "C"):
        return value
    values = value.operands
    if value.block in _SAME_ELEMENTS:
        return _elements(writer, values[0])
    if not _is_elementwise(value) or sum(isinstance(v, Op) for v in values) != 1:
        return value
    small = tuple([_elements(writer, v) if isinstance(v, Op) else v for v in values])
    changed = next(v for v, old in zip(small, values, strict=True) if isinstance(old, Op))
    if any(changed is v for v in values) or any(shape_of(v) for v in small if v is not changed):
        return value
    return writer.apply(value.block, small, value.params, shape_of(changed), value.dtype)


def _summed_rows(writer: Writer, node: Op, x: Value) -> Value:
    negative = isinstance(x, Op) and x.block is _NEGATIVE
    product = x.operands[0] if isinstance(x, Op) and negative else x
    if not isinstance(product, Op) or product.block is not _MATMUL or node.dtype != product.dtype:
        return None
    left, right = product.operands
    row = len(product.shape) - 2
    if node.dtype.kind != "f" or len(shape_of(left)) < 2 or len(shape_of(right)) < 2 or product.shape[row] < _ROWS:
        return None
    if reduced_axes(node, row + 2) != (row,):
        return None
    summed = (*shape_of(left)[:-2], 1, shape_of(left)[-1])
    rows = writer.apply(_SUM, (left,), {"axis": (len(summed) - 2,), "keepdims": True}, summed, node.dtype)
    kept = (*product.shape[:row], 1, product.shape[-1])
    total = writer.apply(_MATMUL, (rows, right), {}, kept, node.dtype)
    if negative:
        total = writer.apply(_NEGATIVE, (total,), {}, kept, node.dtype)
    if node.shape == kept:
        return total
    return writer.apply(_RESHAPE, (total,), {"shape": node.shape}, node.shape, node.dtype)


def _before(value: Value) -> Value:
    """A value before it was spread."""
    if isinstance(value, Op):
        return _before(value.operands[0]) if value.block is _BROADCAST else value
    if isinstance(value, np.ndarray) and value.ndim and value.size and not any(value.strides):
        return first(value)
    return value


def _sum(writer: Writer, node: Op, x: Value) -> Value:
    small = _before(x)
    shape = shape_of(x)
    if small is x or not isinstance(small, Op) or not node.shape:
        return None
    axes = reduced_axes(node, len(shape))
    inner = (1,) * (len(shape) - len(small.shape)) + small.shape
    if any(inner[a] != shape[a] for a in axes):
        return None
    params: dict[str, Any] = {"axis": axes, "keepdims": True}
    kept = tuple([1 if a in axes else n for a, n in enumerate(inner)])
    if inner != small.shape:
        small = writer.apply(_RESHAPE, (small,), {"shape": inner}, inner, small.dtype)
    total = writer.apply(_SUM, (small,), params, kept, node.dtype)
    if not node.params.get("keepdims"):
        kept = tuple([n for a, n in enumerate(kept) if a not in axes])
        total = writer.apply(_RESHAPE, (total,), {"shape": kept}, kept, node.dtype)
    return writer.apply(_BROADCAST, (total,), {"shape": node.shape}, node.shape, node.dtype)
