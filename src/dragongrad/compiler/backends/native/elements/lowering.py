"""An element of a value, written as instructions: every Block that is computed inside a loop.

The rules of shapes are here, those of indices and of sums in the modules of that name.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from ....graph import Op, Value, op_of
from ....passes.simplify import permutation
from ....rewrite import entering, first, shape_of
from ..ir.affine import Affine, Index, Loaded, divide, linear, shift
from ..ir.builder import Buffer, Text, literal, type_of, wide
from ..math.calls import UnsupportedError
from ..tuning import UNROLLED_SUM
from .ufuncs import OPERATIONS, convert


class NeedsBufferError(Exception):
    """A value must be in memory before it can be used in this way."""

    def __init__(self, node: Op) -> None:
        super().__init__(repr(node))
        self.node = node


class LeaveToNumPyError(NeedsBufferError):
    """A value that cannot be computed natively at all."""


class Expressions:
    """Writes elements of values into a `Text`.

    Parameters
    ----------
    text : Text
        Where instructions go.
    memory : callable
        `memory(value)`: the `Buffer` of an operation or constant array that lies in memory, or None.
    unroll : int
        Sums over so many elements are written out; of longer ones the result must be in memory.

    """

    def __init__(self, text: Text, memory: Callable[[Value], Buffer | None], unroll: int = UNROLLED_SUM) -> None:
        self.text = text
        self.memory = memory
        self.unroll = unroll
        # Where the parts begin of what is joined.
        self.bounds: dict[Op, list[int]] = {}

    def element(self, value: Value, index: tuple[Index, ...], dtype: Any = None) -> str:
        """The register of an element of a value, converted to `dtype`."""
        if not isinstance(value, Op):
            return self._constant(value, index, dtype)
        key = (value, index)
        found = self.text.recall(key)
        if found is None:
            buffer = self.memory(value)
            found = self.text.load(buffer, index) if buffer is not None else self._compute(value, index)
            self.text.scopes[-1][key] = found
        return convert(self.text, found, value.dtype, dtype) if dtype is not None else found

    def _compute(self, node: Op, index: tuple[Index, ...]) -> str:
        rule = RULES.get(node.block)
        if rule is not None:
            return rule(self, node, index)
        operation = OPERATIONS.get(node.block)
        if operation is None:
            raise NeedsBufferError(node)
        values = node.operands
        kind = wide(operation.dtype(node, values))
        registers = [self.element(v, spread(index, shape_of(v)), kind) for v in values]
        try:
            return operation.write(self.text, kind, registers, values)
        except UnsupportedError:
            raise LeaveToNumPyError(node) from None

    def _constant(self, value: Any, index: tuple[Index, ...], dtype: Any) -> str:
        if value.__class__ is float and dtype is not None:
            return literal(value, dtype)
        array = np.asarray(value)
        dtype = array.dtype if dtype is None else np.dtype(dtype)
        if array.ndim == 0 or not any(array.strides):
            return literal(first(array), dtype)
        if all(isinstance(i, int) for i in index):
            return literal(array[index], dtype)
        buffer = self.memory(value)
        if buffer is None:
            raise TypeError(f"a constant of dtype {array.dtype} is not in memory")
        return convert(self.text, self.text.load(buffer, index), array.dtype, dtype)


def spread(index: tuple[Index, ...], shape: tuple[int, ...]) -> tuple[Index, ...]:
    """The index of an operand that NumPy broadcasts."""
    if not shape:
        return ()
    lead = len(index) - len(shape)
    return tuple([0 if n == 1 else i for i, n in zip(index[lead:], shape, strict=True)])


Rule = Callable[[Expressions, Op, tuple[Index, ...]], str]
RULES: dict[Any, Rule] = {}
rule = entering(RULES)


# Shapes


@rule(np.broadcast_to)
def _broadcast_to(to: Expressions, node: Op, index: tuple[Index, ...]) -> str:
    (x,) = node.operands
    return to.element(x, spread(index, shape_of(x)), node.dtype)


@rule(np.transpose)
def _transpose(to: Expressions, node: Op, index: tuple[Index, ...]) -> str:
    (x,) = node.operands
    inner: list[Index] = [0] * len(index)
    for i, axis in zip(index, permutation(node), strict=True):
        inner[axis] = i
    return to.element(x, tuple(inner), node.dtype)


@rule("astype")
def _astype(to: Expressions, node: Op, index: tuple[Index, ...]) -> str:
    return to.element(node.operands[0], index, node.dtype)


@rule("stop_gradient")
def _stop(to: Expressions, node: Op, index: tuple[Index, ...]) -> str:
    return to.element(node.operands[0], index, node.dtype)


@rule(np.where)
def _where(to: Expressions, node: Op, index: tuple[Index, ...]) -> str:
    condition, x, y = node.operands
    test = to.element(condition, spread(index, shape_of(condition)), np.bool_)
    kind = type_of(node.dtype)
    left, right = (to.element(v, spread(index, shape_of(v)), node.dtype) for v in (x, y))
    return to.text.op(f"select i1 {test}, {kind} {left}, {kind} {right}")


@rule(np.reshape)
def _reshape(to: Expressions, node: Op, index: tuple[Index, ...]) -> str:
    (x,) = node.operands
    if node.params.get("order") not in (None, "C"):
        raise NeedsBufferError(node)
    shape = shape_of(x)
    inner = reshaped(index, node.shape, shape)
    if inner is not None:
        return to.element(x, inner, node.dtype)
    buffer = to.memory(x)
    if buffer is None:
        raise NeedsBufferError(op_of(x))
    strides = list(Buffer("", node.shape, node.dtype).strides)
    if buffer.held and buffer.shape[0] > 1:
        # Of one row that is held, the index of the row is no part. The axis of rows is the first that is not of
        # length 1: what is held is read at the row of the loop only. (Of one row everything is held.)
        strides[next(a for a, n in enumerate(node.shape) if n > 1)] = 0
    register = to.text.load_at(buffer, list(zip(index, strides, strict=True)))
    return convert(to.text, register, buffer.dtype, node.dtype)


def reshaped(index: tuple[Index, ...], shape: tuple[int, ...], inner: tuple[int, ...]) -> tuple[Index, ...] | None:
    """The index into an array of shape `inner` of the element at `index` of its reshaped view, if it is linear."""
    at: list[Index] = []
    i = j = 0
    while i < len(shape) or j < len(inner):
        # Axes of both sides that hold the same elements are taken together.
        left, right, i0, j0 = 1, 1, i, j
        if i < len(shape):
            left, i = shape[i], i + 1
        if j < len(inner):
            right, j = inner[j], j + 1
        while left != right:
            if left < right:
                left, i = left * shape[i], i + 1
            else:
                right, j = right * inner[j], j + 1
        while i < len(shape) and shape[i] == 1:
            i += 1
        while j < len(inner) and inner[j] == 1:
            j += 1
        part = _regroup(index[i0:i], shape[i0:i], inner[j0:j])
        if part is None:
            return None
        at += part
    return tuple(at)


def _regroup(index: tuple[Index, ...], shape: tuple[int, ...], inner: tuple[int, ...]) -> list[Index] | None:
    if shape == inner:
        return list(index)
    flat: Index = 0
    for i, n in zip(index, shape, strict=True):
        if n == 1:
            continue
        if isinstance(i, Loaded) or isinstance(flat, Loaded):
            if flat == 0 and [m for m in inner if m > 1] == [n]:
                flat = i
                continue
            return None
        flat = _plus(linear(flat, n, 0), i)
    at: list[Index] = []
    for n in reversed(inner):
        if n == 1:
            at.append(0)
            continue
        if isinstance(flat, Loaded):
            at.append(flat)
            flat = 0
            continue
        parts = divide(flat, n)
        if parts is None:
            return None
        flat, rest = parts
        at.append(rest)
    return at[::-1]


def _plus(x: Index, y: Index) -> Index:
    if isinstance(x, int):
        return shift(y, x)
    if isinstance(y, int):
        return shift(x, y)
    assert isinstance(x, Affine)
    assert isinstance(y, Affine)
    factors = dict(x.terms)
    for v, f in y.terms:
        factors[v] = factors.get(v, 0) + f
    return Affine(x.offset + y.offset, tuple([(v, f) for v, f in factors.items() if f]))
