"""Algebraic simplification: only identities that hold for every number, NaN, infinities and signed zeros included.

A rule is a function of the operation and its values, entered under its Block; it returns what stands for the
operation, or None where it does not apply.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from ...core.block import BLOCKS
from ..graph import Graph, Op, Value
from ..rewrite import Writer, dtype_of, first, is_constant, rewrite, shape_of

Rule = Callable[[Writer, Op, tuple[Value, ...]], Value]
RULES: dict[Any, Rule] = {}


def rule(*fns: Any) -> Callable[[Rule], Rule]:
    """Enter a rule under the Blocks of some functions."""

    def enter(one: Rule) -> Rule:
        RULES.update(dict.fromkeys([BLOCKS[fn] for fn in fns], one))
        return one

    return enter


_CHOLESKY = BLOCKS[np.linalg.cholesky]


def simplify(graph: Graph) -> Graph:
    """Apply the rule of every operation that has one."""
    return rewrite(graph, _visit, RULES)


def _visit(writer: Writer, node: Op, values: tuple[Value, ...]) -> Value:
    return RULES[node.block](writer, node, values)


def number(value: Value) -> float | None:
    """The one number that a constant is everywhere; None for anything else."""
    if isinstance(value, (Op, bool, complex, np.bool_)):
        return None
    if isinstance(value, (float, int)):
        return float(value)
    array = np.asarray(value)
    if array.dtype.kind not in "fiu" or not array.size or (array.ndim and any(array.strides)):
        return None
    return float(first(array))


def _same(node: Op, value: Value) -> bool:
    """Whether a value has the shape and dtype of the operation it would stand for."""
    return shape_of(value) == node.shape and dtype_of(value) == node.dtype


def _block(fn: Any) -> Any:
    return BLOCKS[fn]


@rule(np.multiply)
def _multiply(writer: Writer, node: Op, values: tuple[Value, ...]) -> Value:
    if node.dtype.kind == "c":
        # Times one is no identity of complex numbers that are not finite: the parts mix.
        return None
    for one, other in (values, values[::-1]):
        factor = number(one)
        if factor == 1 and _same(node, other):
            return other
        if factor == -1 and _same(node, other):
            return writer.apply(_block(np.negative), (other,), {}, node.shape, node.dtype)
    return None


@rule(np.add)
def _add(writer: Writer, node: Op, values: tuple[Value, ...]) -> Value:
    x, y = values
    for one, other in ((x, y), (y, x)):
        # -0.0 is what adds nothing to any number; 0.0 would turn -0.0 into 0.0.
        if number(one) == 0 and np.signbit(first(np.asarray(one))) and _same(node, other):
            return other
    if isinstance(x, Op) and x.block is _block(np.negative) and x is y:
        twice = writer.apply(node.block, x.operands * 2, {}, node.shape, node.dtype)
        return writer.apply(x.block, (twice,), {}, node.shape, node.dtype)
    if isinstance(y, Op) and y.block is _block(np.negative) and y.dtype == node.dtype:
        return writer.apply(_block(np.subtract), (x, y.operands[0]), {}, node.shape, node.dtype)
    if isinstance(x, Op) and x.block is _block(np.negative) and x.dtype == node.dtype:
        return writer.apply(_block(np.subtract), (y, x.operands[0]), {}, node.shape, node.dtype)
    return None


@rule(np.subtract)
def _subtract(writer: Writer, node: Op, values: tuple[Value, ...]) -> Value:
    x, y = values
    if number(y) == 0 and not np.signbit(first(np.asarray(y))) and _same(node, x):
        return x
    if isinstance(y, Op) and y.block is _block(np.negative) and y.dtype == node.dtype:
        return writer.apply(_block(np.add), (x, y.operands[0]), {}, node.shape, node.dtype)
    return None


@rule(np.negative)
def _negative(writer: Writer, node: Op, values: tuple[Value, ...]) -> Value:
    (x,) = values
    if isinstance(x, Op) and x.block is node.block:
        return x.operands[0]
    # -(a - b) is not b - a where a equals b: the signs of the zeros differ.
    return None


@rule(np.divide)
def _divide(writer: Writer, node: Op, values: tuple[Value, ...]) -> Value:
    x, y = values
    divisor = number(y)
    if node.dtype.kind == "c" or shape_of(x) != node.shape:
        # What is spread by what divides it keeps that: its reciprocal is one number here.
        return None
    if divisor == 1 and _same(node, x):
        return x
    if divisor and np.isfinite(divisor) and np.frexp(divisor)[0] in (0.5, -0.5) and 1e-300 < abs(divisor) < 1e300:
        # The reciprocal of a power of two is exact.
        inverse = np.asarray(1 / divisor, node.dtype)[()]
        return writer.apply(_block(np.multiply), (x, inverse), {}, node.shape, node.dtype)
    return None


@rule(np.power)
def _power(writer: Writer, node: Op, values: tuple[Value, ...]) -> Value:
    x, y = values
    exponent = number(y)
    if dtype_of(x) != node.dtype or node.dtype.kind != "f" or shape_of(x) != node.shape:
        return None
    if exponent == 1:
        return x
    if exponent == 2:
        return writer.apply(_block(np.multiply), (x, x), {}, node.shape, node.dtype)
    if exponent == -1:
        return writer.apply(_block(np.divide), (1.0, x), {}, node.shape, node.dtype)
    if exponent == 0.5 and node.shape:
        # NumPy's operator takes the root of an array too, of minus zero and minus infinity as well.
        return writer.apply(_block(np.sqrt), (x,), {}, node.shape, node.dtype)
    return None


@rule(np.square)
def _square(writer: Writer, node: Op, values: tuple[Value, ...]) -> Value:
    (x,) = values
    if not _same(node, x):
        return None
    return writer.apply(_block(np.multiply), (x, x), {}, node.shape, node.dtype)


@rule(np.positive)
def _positive(writer: Writer, node: Op, values: tuple[Value, ...]) -> Value:
    return values[0] if _same(node, values[0]) else None


@rule(np.conjugate, np.real)
def _real(writer: Writer, node: Op, values: tuple[Value, ...]) -> Value:
    return values[0] if _same(node, values[0]) and node.dtype.kind != "c" else None


@rule(np.bitwise_and, np.logical_and)
def _and(writer: Writer, node: Op, values: tuple[Value, ...]) -> Value:
    return _truth(node, values, True)


@rule(np.bitwise_or, np.logical_or)
def _or(writer: Writer, node: Op, values: tuple[Value, ...]) -> Value:
    return _truth(node, values, False)


def _truth(node: Op, values: tuple[Value, ...], neutral: bool) -> Value:
    if node.dtype != np.bool_:
        return None
    for one, other in (values, values[::-1]):
        known = _bool(one)
        if known is neutral and _same(node, other):
            return other
        if known is (not neutral):
            return np.broadcast_to(np.bool_(not neutral), node.shape)
    return None


def _bool(value: Value) -> bool | None:
    """The one truth value that a constant is everywhere."""
    if isinstance(value, Op):
        return None
    array = np.asarray(value)
    if array.dtype != np.bool_ or not array.size:
        return None
    return True if array.all() else False if not array.any() else None


@rule(np.where)
def _where(writer: Writer, node: Op, values: tuple[Value, ...]) -> Value:
    condition, x, y = values
    known = _bool(condition)
    if known is not None:
        taken = x if known else y
        return taken if _same(node, taken) else None
    if isinstance(x, Op) and x is y and _same(node, x):
        return x
    if isinstance(x, Op) and x.block is _CHOLESKY and _same(node, x) and number(y) == 0:
        # A Cholesky factor is zero above the diagonal as it is.
        lower = not isinstance(condition, Op) and np.array_equal(condition, np.tri(node.shape[-1], dtype=bool))
        return x if lower and not np.signbit(np.asarray(y)) else None
    return _chosen_twice(writer, node, values)


def _chosen_twice(writer: Writer, node: Op, values: tuple[Value, ...]) -> Value:
    """What is chosen by the same condition from what it chose before."""
    condition, *sides = values
    for k, side in enumerate(sides):
        if not isinstance(side, Op) or side.block is not node.block or not _same(node, side):
            continue
        before, *inner = side.operands
        known = not isinstance(before, Op) and not isinstance(condition, Op)
        if _same(node, inner[k]) and (before is condition or (known and np.array_equal(before, condition))):
            sides[k] = inner[k]
            return writer.apply(node.block, (condition, *sides), {}, node.shape, node.dtype)
    return None


# Shapes


@rule(np.reshape)
def _reshape(writer: Writer, node: Op, values: tuple[Value, ...]) -> Value:
    (x,) = values
    if node.params.get("order") not in (None, "C") or not isinstance(x, Op):
        return None
    if x.shape == node.shape:
        return x
    if x.block is node.block and x.params.get("order") in (None, "C"):
        if shape_of(x.operands[0]) == node.shape:
            return x.operands[0]
        return writer.apply(node.block, x.operands, {"shape": node.shape}, node.shape, node.dtype)
    return None


@rule(np.broadcast_to)
def _broadcast_to(writer: Writer, node: Op, values: tuple[Value, ...]) -> Value:
    (x,) = values
    if shape_of(x) == node.shape:
        return x
    if isinstance(x, Op) and x.block is node.block:
        return writer.apply(node.block, x.operands, node.params, node.shape, node.dtype)
    return None


@rule(np.transpose)
def _transpose(writer: Writer, node: Op, values: tuple[Value, ...]) -> Value:
    (x,) = values
    if not isinstance(x, Op):
        return None
    axes = permutation(node)
    if axes == tuple(range(len(axes))):
        return x
    if x.block is node.block:
        inner = permutation(x)
        both = tuple([inner[a] for a in axes])
        return writer.apply(node.block, x.operands, {"axes": both}, node.shape, node.dtype)
    return None


def permutation(node: Op) -> tuple[int, ...]:
    """The axes of a transposition, each not negative."""
    n = len(node.shape)
    axes = node.params.get("axes")
    if axes is None:
        return tuple(range(n))[::-1]
    return tuple([int(a) % n for a in ((axes,) if isinstance(axes, int) else axes)])


@rule(np.sum)
def _sum(writer: Writer, node: Op, values: tuple[Value, ...]) -> Value:
    (x,) = values
    if node.params.get("axis") == () and _same(node, x):
        return x
    return _twice(writer, node, x)


def _twice(writer: Writer, node: Op, x: Value) -> Value:
    """A sum of doubled numbers: the sum, doubled, which is as exact."""
    minus = isinstance(x, Op) and x.block is _block(np.negative)
    double = x.operands[0] if minus and isinstance(x, Op) else x
    if not isinstance(double, Op) or double.block is not _block(np.add):
        return None
    one, other = double.operands
    if (
        one is not other
        or not isinstance(one, Op)
        or node.dtype.kind != "f"
        or not one.dtype == dtype_of(x) == node.dtype
    ):
        return None
    if minus:
        one = writer.apply(_block(np.negative), (one,), {}, one.shape, one.dtype)
    total = writer.apply(node.block, (one,), node.params, node.shape, node.dtype)
    return writer.apply(_block(np.add), (total, total), {}, node.shape, node.dtype)


@rule("getitem")
def _getitem(writer: Writer, node: Op, values: tuple[Value, ...]) -> Value:
    (x,) = values
    index = node.params["index"]
    if _is_everything(index, shape_of(x)):
        return x
    if isinstance(x, Op) and x.block is BLOCKS["scatter"] and _equal(x.params["index"], index):
        # What was laid into zeros is read back.
        source = x.operands[0]
        return source if shape_of(source) == node.shape else None
    return None


@rule("scatter")
def _scatter(writer: Writer, node: Op, values: tuple[Value, ...]) -> Value:
    (x,) = values
    index = node.params["index"]
    whole = tuple([part for part in index if part is not None])
    if (
        not isinstance(x, Op)
        or (x.size, x.dtype) != (node.size, node.dtype)
        or not _is_everything(whole, node.shape)
    ):
        return None
    # It covers all of the zeros, perhaps with axes of length 1 more.
    if x.shape == node.shape:
        return x
    return writer.apply(_block(np.reshape), (x,), {"shape": node.shape, "order": "C"}, node.shape, node.dtype)


def _equal(one: tuple[Any, ...], other: tuple[Any, ...]) -> bool:
    """Whether two indices without arrays are equal."""
    return not any(isinstance(i, (np.ndarray, Op)) for i in (*one, *other)) and one == other


def _is_everything(index: tuple[Any, ...], shape: tuple[int, ...]) -> bool:
    """Whether an index reads a whole array as it is."""
    if not all(part is Ellipsis or isinstance(part, slice) for part in index):
        return False
    at = next((k for k, part in enumerate(index) if part is Ellipsis), len(index))
    before, after = index[:at], index[at + 1 :]
    # What stands behind the dots counts from the last axis.
    lengths = [*shape[: len(before)], *shape[len(shape) - len(after) :]]
    return all(
        part.indices(length) == (0, length, 1) for part, length in zip((*before, *after), lengths, strict=True)
    )


@rule("astype")
def _astype(writer: Writer, node: Op, values: tuple[Value, ...]) -> Value:
    return values[0] if not is_constant(values[0]) and _same(node, values[0]) else None
