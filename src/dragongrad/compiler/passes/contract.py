"""Contractions: matrix products without axes of length one and without turning what can be read turned.

Only the order of the terms of a sum may change, which BLAS chooses anyway.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from ...core.block import BLOCKS
from ..graph import Graph, Op, Value
from ..rewrite import Writer, meets, reduced_axes, rewrite, shape_of
from .simplify import permutation
from .uses import users_of

_MATMUL, _TRANSPOSE, _MULTIPLY = BLOCKS[np.matmul], BLOCKS[np.transpose], BLOCKS[np.multiply]
_RESHAPE, _SUM, _GETITEM = BLOCKS[np.reshape], BLOCKS[np.sum], BLOCKS["getitem"]


def clean_contractions(graph: Graph) -> Graph:
    """Write products of vectors as such, turn the factors of a turned product, and drop kept axes."""
    if not meets(graph, _RULES):
        return graph
    users = users_of(graph)

    def visit(writer: Writer, node: Op, values: tuple[Value, ...]) -> Value:
        # The rules replace the argument: where others need it too, it would be computed twice.
        x = node.operands[0]
        if node.block is not _MATMUL and (not isinstance(x, Op) or len(users[x]) != 1):
            return None
        made: Value = _RULES[node.block](writer, node, values)
        return made

    return rewrite(graph, visit, _RULES)


def _matmul(writer: Writer, node: Op, values: tuple[Value, ...]) -> Value:
    """A product over one term is a product of numbers."""
    x, y = values
    if len(shape_of(x)) < 2 or len(shape_of(y)) < 2 or shape_of(x)[-1] != 1 or node.dtype.kind not in "fc":
        return None
    return writer.apply(_MULTIPLY, (x, y), {}, node.shape, node.dtype)


def _turned(writer: Writer, node: Op, values: tuple[Value, ...]) -> Value:
    """(x @ y).T = y.T @ x.T, whose factors are read turned."""
    (product,) = values
    if not isinstance(product, Op) or product.block is not _MATMUL or len(product.shape) != 2:
        return None
    x, y = product.operands
    if permutation(node) != (1, 0) or len(shape_of(x)) != 2 or len(shape_of(y)) != 2:
        return None
    return writer.apply(_MATMUL, (_turn(writer, y), _turn(writer, x)), {}, node.shape, node.dtype)


def _turn(writer: Writer, x: Value) -> Value:
    if not isinstance(x, Op):
        return np.transpose(x)
    if x.block is _TRANSPOSE and permutation(x) == (1, 0):
        return x.operands[0]
    return writer.apply(_TRANSPOSE, (x,), {}, x.shape[::-1], x.dtype)


def _column(writer: Writer, node: Op, values: tuple[Value, ...]) -> Value:
    """(x @ v[..., None])[..., 0] is a product with a vector."""
    (product,) = values
    if not isinstance(product, Op) or product.block is not _MATMUL:
        return None
    x, y = product.operands
    if _is_index(node.params["index"], 0):
        vector = _expanded(y)
        if vector is not None and len(vector.shape) == 1:
            return writer.apply(_MATMUL, (x, vector), {}, node.shape, node.dtype)
        if vector is not None and len(vector.shape) == 2 and len(shape_of(x)) == 2:
            # A row of the stack for each product: all of them are one.
            return writer.apply(_MATMUL, (vector, _turn(writer, x)), {}, node.shape, node.dtype)
    return None


def _is_index(index: tuple[Any, ...], last: int | None) -> bool:
    """Whether an index is `[..., last]`."""
    if len(index) != 2 or index[0] is not Ellipsis:
        return False
    return index[1] is None if last is None else index[1].__class__ is int and index[1] == last


def _expanded(value: Value) -> Op | None:
    """What `value` is with a new last axis, if it is that."""
    if not isinstance(value, Op) or value.block is not _GETITEM or not _is_index(value.params["index"], None):
        return None
    source = value.operands[0]
    return source if isinstance(source, Op) else None


def _without_kept_axes(writer: Writer, node: Op, values: tuple[Value, ...]) -> Value:
    """A sum with keepdims, reshaped to what the sum is without."""
    (total,) = values
    if not isinstance(total, Op) or total.block is not _SUM or not total.params.get("keepdims"):
        return None
    (x,) = total.operands
    ndim = len(shape_of(x))
    gone = reduced_axes(total, ndim)
    if node.shape != tuple(n for a, n in enumerate(shape_of(x)) if a not in gone):
        return None
    params = {**total.params, "keepdims": False}
    if len(gone) == ndim:
        params["axis"] = None
    return writer.apply(_SUM, (x,), params, node.shape, node.dtype)


_RULES: dict[Any, Any] = {
    _MATMUL: _matmul, _TRANSPOSE: _turned, _GETITEM: _column, _RESHAPE: _without_kept_axes,
}  # fmt: skip
