"""Identities of real numbers, which rounding, NaN, infinities and signed zeros do not keep: `fast_math` only."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from ...core.block import BLOCKS
from ..graph import Graph, Op, Value, op_of
from ..rewrite import Writer, dtype_of, rewrite, shape_of
from .simplify import number

Rule = Callable[[Writer, Op, tuple[Value, ...]], Value]
_INVERSE = {
    np.log: np.exp, np.exp: np.log, np.log2: np.exp2, np.exp2: np.log2, np.log1p: np.expm1, np.expm1: np.log1p,
    np.sin: np.arcsin, np.cos: np.arccos, np.tan: np.arctan, np.sinh: np.arcsinh, np.tanh: np.arctanh,
    np.square: np.sqrt,
}  # fmt: skip


def relax(graph: Graph) -> Graph:
    """Apply what holds for real numbers."""
    return rewrite(graph, _visit, _RULES)


def _visit(writer: Writer, node: Op, values: tuple[Value, ...]) -> Value:
    return _RULES[node.block](writer, node, values) if node.dtype.kind == "f" else None


def _fits(node: Op, value: Value) -> bool:
    return isinstance(value, Op) and shape_of(value) == node.shape and dtype_of(value) == node.dtype


def _constant(node: Op, value: float) -> Any:
    return np.broadcast_to(node.dtype.type(value), node.shape)


def _add(writer: Writer, node: Op, values: tuple[Value, ...]) -> Value:
    """X + 0 = x, and c x + c y = c (x + y)."""
    for one, other in (values, values[::-1]):
        if number(one) == 0 and _fits(node, other):
            return other
    return _factored(writer, node, values)


def _subtract(writer: Writer, node: Op, values: tuple[Value, ...]) -> Value:
    """X - 0 = x, 0 - y = -y, x - x = 0."""
    x, y = values
    if number(y) == 0 and _fits(node, x):
        return x
    if number(x) == 0 and _fits(node, y):
        return writer.apply(BLOCKS[np.negative], (y,), {}, node.shape, node.dtype)
    if isinstance(x, Op) and x is y:
        return _constant(node, 0.0)
    return _factored(writer, node, values)


def _factored(writer: Writer, node: Op, values: tuple[Value, ...]) -> Value:
    if not all(isinstance(v, Op) and v.block is _MULTIPLY and _fits(node, v) for v in values):
        return None
    operands = [op_of(v).operands for v in values]
    (a, x), (b, y) = ((a, b) if number(a) is not None else (b, a) for a, b in operands)
    if number(a) is None or number(a) != number(b) or not (_fits(node, x) and _fits(node, y)):
        return None
    return writer.apply(_MULTIPLY, (a, writer.again(node, (x, y))), {}, node.shape, node.dtype)


def _multiply(writer: Writer, node: Op, values: tuple[Value, ...]) -> Value:
    """0 x = 0, and a (b x) = (a b) x."""
    for one, other in (values, values[::-1]):
        factor = number(one)
        if factor == 0:
            return _constant(node, 0.0)
        if factor is None or not isinstance(other, Op) or other.block is not _MULTIPLY or not _fits(node, other):
            continue
        for inner, rest in (other.operands, other.operands[::-1]):
            both = number(inner)
            if both is not None and _fits(node, rest):
                product = node.dtype.type(factor * both)
                return writer.apply(_MULTIPLY, (product, rest), {}, node.shape, node.dtype)
    return None


def _divide(writer: Writer, node: Op, values: tuple[Value, ...]) -> Value:
    """X / c = (1 / c) x, and x / x = 1."""
    x, y = values
    divisor = number(y)
    if divisor and _fits(node, x):
        return writer.apply(_MULTIPLY, (x, node.dtype.type(1 / divisor)), {}, node.shape, node.dtype)
    return _constant(node, 1.0) if isinstance(x, Op) and x is y else None


def _negative(writer: Writer, node: Op, values: tuple[Value, ...]) -> Value:
    """-(x - y) = y - x, and -(c x) = (-c) x."""
    (value,) = values
    if not isinstance(value, Op) or not _fits(node, value):
        return None
    if value.block is BLOCKS[np.subtract]:
        return writer.apply(value.block, value.operands[::-1], {}, node.shape, node.dtype)
    if value.block is _MULTIPLY:
        for one, other in (value.operands, value.operands[::-1]):
            factor = number(one)
            if factor is not None:
                return writer.apply(_MULTIPLY, (node.dtype.type(-factor), other), {}, node.shape, node.dtype)
    return None


def _undone(writer: Writer, node: Op, values: tuple[Value, ...]) -> Value:
    """A function of its inverse."""
    (value,) = values
    if not isinstance(value, Op) or value.block is not BLOCKS[_INVERSE[node.block.fn]]:
        return None
    (x,) = value.operands
    return x if _fits(node, x) else None


_MULTIPLY = BLOCKS[np.multiply]
_RULES: dict[Any, Rule] = {
    BLOCKS[np.add]: _add, BLOCKS[np.subtract]: _subtract, _MULTIPLY: _multiply, BLOCKS[np.divide]: _divide,
    BLOCKS[np.negative]: _negative, **{BLOCKS[fn]: _undone for fn in _INVERSE},
}  # fmt: skip
