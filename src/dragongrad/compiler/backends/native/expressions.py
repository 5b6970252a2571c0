"""An element of a value, written as instructions: every Block that is computed inside a loop."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from typing import Any

import numpy as np

from ....core.block import BLOCKS
from ....core.node import Node
from ...passes.simplify import permutation
from ...rewrite import Value, arguments, shape_of
from .elementwise import OPERATIONS, convert
from .functions import UnsupportedError
from .gather import element_of, is_readable, layout
from .index import Affine, Index, Loaded, Split, divide, linear, place, shift
from .text import Buffer, Text, literal, type_of

# Sums over so many elements are written out; longer ones are loops of their own.
UNROLL = 16


class NeedsBufferError(Exception):
    """A value must be in memory before it can be used in this way."""

    def __init__(self, node: Node) -> None:
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
        `memory(value)`: the `Buffer` of a Node or constant array that lies in memory, or None.
    unroll : int
        Sums over so many elements are written out; of longer ones the result must be in memory.

    """

    def __init__(self, text: Text, memory: Callable[[Value], Buffer | None], unroll: int = UNROLL) -> None:
        self.text = text
        self.memory = memory
        self.unroll = unroll

    def element(self, value: Value, index: tuple[Index, ...], dtype: Any = None) -> str:
        """The register of an element of a value, converted to `dtype`."""
        if not isinstance(value, Node):
            return self._constant(value, index, dtype)
        key = (value, index)
        found = self.text.recall(key)
        if found is None:
            buffer = self.memory(value)
            found = self.text.load(buffer, index) if buffer is not None else self._compute(value, index)
            self.text.scopes[-1][key] = found
        return convert(self.text, found, value.dtype, dtype) if dtype is not None else found

    def _compute(self, node: Node, index: tuple[Index, ...]) -> str:
        rule = RULES.get(node.block)
        if rule is not None:
            return rule(self, node, index)
        operation = OPERATIONS.get(node.block)
        if operation is None:
            raise NeedsBufferError(node)
        values = arguments(node)
        kind = operation.dtype(node, values)
        registers = [self.element(v, spread(index, shape_of(v)), kind) for v in values]
        try:
            return operation.write(self.text, kind, registers, values)
        except UnsupportedError:
            raise LeaveToNumPyError(node) from None

    def _constant(self, value: Any, index: tuple[Index, ...], dtype: Any) -> str:
        array = np.asarray(value)
        dtype = array.dtype if dtype is None else np.dtype(dtype)
        if array.ndim == 0 or not any(array.strides):
            return literal(array.flat[0], dtype)
        if all(isinstance(i, int) for i in index):
            return literal(array[index], dtype)
        buffer = self.memory(value)
        if buffer is None:
            raise TypeError(f"a constant of dtype {array.dtype} is not in memory")
        return convert(self.text, self.text.load(buffer, index), array.dtype, dtype)


def spread(index: tuple[Index, ...], shape: tuple[int, ...]) -> tuple[Index, ...]:
    """The index of an operand that NumPy broadcasts."""
    lead = len(index) - len(shape)
    return tuple([0 if n == 1 else i for i, n in zip(index[lead:], shape, strict=True)])


Rule = Callable[[Expressions, Node, tuple[Index, ...]], str]
RULES: dict[Any, Rule] = {}


def rule(*fns: Any) -> Callable[[Rule], Rule]:
    """Enter the rule of a Block that is not elementwise."""

    def enter(one: Rule) -> Rule:
        for fn in fns:
            RULES[BLOCKS[fn]] = one
        return one

    return enter


# Shapes


@rule(np.broadcast_to)
def _broadcast_to(to: Expressions, node: Node, index: tuple[Index, ...]) -> str:
    (x,) = arguments(node)
    return to.element(x, spread(index, shape_of(x)), node.dtype)


@rule(np.transpose)
def _transpose(to: Expressions, node: Node, index: tuple[Index, ...]) -> str:
    (x,) = arguments(node)
    inner: list[Index] = [0] * len(index)
    for i, axis in zip(index, permutation(node), strict=True):
        inner[axis] = i
    return to.element(x, tuple(inner), node.dtype)


@rule("astype")
def _astype(to: Expressions, node: Node, index: tuple[Index, ...]) -> str:
    return to.element(arguments(node)[0], index, node.dtype)


@rule("stop_gradient")
def _stop(to: Expressions, node: Node, index: tuple[Index, ...]) -> str:
    return to.element(arguments(node)[0], index, node.dtype)


@rule(np.where)
def _where(to: Expressions, node: Node, index: tuple[Index, ...]) -> str:
    condition, x, y = arguments(node)
    test = to.element(condition, spread(index, shape_of(condition)), np.bool_)
    kind = type_of(node.dtype)
    left, right = (to.element(v, spread(index, shape_of(v)), node.dtype) for v in (x, y))
    return to.text.op(f"select i1 {test}, {kind} {left}, {kind} {right}")


@rule(np.reshape)
def _reshape(to: Expressions, node: Node, index: tuple[Index, ...]) -> str:
    (x,) = arguments(node)
    if node.params.get("order") not in (None, "C"):
        raise NeedsBufferError(node)
    shape = shape_of(x)
    inner = reshaped(index, node.shape, shape)
    if inner is not None:
        return to.element(x, inner, node.dtype)
    buffer = to.memory(x)
    if buffer is None:
        raise NeedsBufferError(x)
    strides = list(Buffer("", node.shape, node.dtype).strides)
    if buffer.held:
        # Of one row that is held, the index of the row is no part; it is the first that is not of length 1.
        row = next((a for a, n in enumerate(node.shape) if n > 1), 0)
        strides[row] = 0
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


# Indexing


def basic(parts: tuple[Any, ...], shape: tuple[int, ...]) -> list[tuple[str, int, int, int]] | None:
    """A basic index, an entry an axis of the result or of the array, None where a part is an array.

    `("take", n, i, 0)`: the axis of length n is read at i; `("slice", n, start, step)`; `("new", 1, 0, 0)`.
    """
    full = []
    used = sum(p is not None and p is not Ellipsis for p in parts)
    if not any(p is Ellipsis for p in parts):
        parts = (*parts, Ellipsis)
    axis = 0
    for p in parts:
        if p is None:
            full.append(("new", 1, 0, 0))
        elif p is Ellipsis:
            for _ in range(len(shape) - used):
                full.append(("slice", shape[axis], 0, 1))
                axis += 1
        elif isinstance(p, slice):
            start, stop, step = p.indices(shape[axis])
            full.append(("slice", len(range(start, stop, step)), start, step))
            axis += 1
        elif isinstance(p, (int, np.integer)) and not isinstance(p, (bool, np.bool_)):
            full.append(("take", shape[axis], int(p) % shape[axis], 0))
            axis += 1
        else:
            return None
    return full


@rule("getitem")
def _getitem(to: Expressions, node: Node, index: tuple[Index, ...]) -> str:
    (x,) = arguments(node)
    parts = basic(node.params["index"], shape_of(x))
    if parts is None:
        return _gather(to, node, index)
    inner: list[Index] = []
    k = 0
    for kind, _, start, step in parts:
        if kind == "take":
            inner.append(start)
        elif kind == "new":
            k += 1
        else:
            i = index[k]
            if isinstance(i, Loaded) and (start, step) != (0, 1):
                raise NeedsBufferError(node)
            inner.append(i if isinstance(i, Loaded) else linear(i, step, start))
            k += 1
    return to.element(x, tuple(inner), node.dtype)


def _gather(to: Expressions, node: Node, index: tuple[Index, ...]) -> str:
    """An index with arrays of whole numbers, constant or computed."""
    x, *stack = arguments(node)
    found = layout(node.params["index"], shape_of(x), *stack)
    if found is None or not is_readable(found):
        raise LeaveToNumPyError(node)
    inner = element_of(to, found, index, *stack)
    if inner is None:
        raise NeedsBufferError(node)
    return to.element(x, inner, node.dtype)


rule("gather")(_gather)


def advanced(parts: tuple[Any, ...], shape: tuple[int, ...]) -> tuple[int, Any, int] | None:
    """The axis and the array of an index `[:, :, array]` with nothing but full slices beside one array in range."""
    arrays = [k for k, p in enumerate(parts) if isinstance(p, np.ndarray)]
    if len(arrays) != 1 or parts[arrays[0]].dtype.kind not in "iu":
        return None
    k = arrays[0]
    for axis, p in enumerate(parts):
        if axis != k and not (isinstance(p, slice) and p.indices(shape[axis]) == (0, shape[axis], 1)):
            return None
    array = parts[k]
    if array.size and (array.min() < 0 or array.max() >= shape[k]):
        return None
    return k, array, k


def inside(index: tuple[Index, ...], parts: list[tuple[str, int, int, int]]) -> tuple[Index, ...] | None:
    """Where an element of the whole lies in what a basic index names; None where it is outside."""
    at: list[Index] = []
    k = 0
    for kind, n, start, step in parts:
        if kind == "new":
            at.append(0)
            continue
        i = index[k]
        k += 1
        if kind == "take":
            if place(i, _around(start, start + 1, i)) != 1:
                return None
            continue
        if n == 0:
            return None
        first, last = (start, start + (n - 1) * step) if step > 0 else (start + (n - 1) * step, start)
        if place(i, _around(first, last + 1, i)) != 1:
            return None
        if step == 1:
            at.append(shift(i, -start))
        elif step == -1:
            at.append(linear(i, -1, start))
        else:
            found = divide(shift(i, -first), abs(step))
            if found is None:
                found = _cut_everywhere(i)
            quotient, rest = found
            if rest != 0:
                if not isinstance(rest, int):
                    _cut_everywhere(i)
                return None
            at.append(quotient if step > 0 else linear(quotient, -1, n - 1))
    return tuple(at)


def _around(low: int, high: int, index: Index) -> list[int]:
    if isinstance(index, Loaded):
        raise TypeError("an index read from an array has no known place")
    least, most = (index, index + 1) if isinstance(index, int) else (index.low, index.high)
    return [min(low, least), low, high, max(high, most)]


def _cut_everywhere(index: Index) -> Any:
    """A step that the loop does not follow: the loop falls apart into single steps."""
    assert isinstance(index, Affine)
    loop = max(index.terms, key=lambda t: t[0].high - t[0].low)[0]
    raise Split(loop, (loop.low + loop.high) // 2)


@rule("scatter")
def _scatter(to: Expressions, node: Node, index: tuple[Index, ...]) -> str:
    (x,) = arguments(node)
    parts = basic(node.params["index"], node.shape)
    if parts is None or any(isinstance(i, Loaded) for i in index):
        raise NeedsBufferError(node)
    at = inside(index, parts)
    return literal(0, node.dtype) if at is None else to.element(x, spread(at, shape_of(x)), node.dtype)


@rule("setitem")
def _setitem(to: Expressions, node: Node, index: tuple[Index, ...]) -> str:
    x, y = arguments(node)
    parts = basic(node.params["index"], node.shape)
    if parts is None or any(isinstance(i, Loaded) for i in index):
        raise NeedsBufferError(node)
    at = inside(index, parts)
    if at is None:
        return to.element(x, index, node.dtype)
    return to.element(y, spread(at, shape_of(y)), node.dtype)


# Joining


@rule(np.stack)
def _stack(to: Expressions, node: Node, index: tuple[Index, ...]) -> str:
    xs = arguments(node)
    axis = int(node.params.get("axis") or 0) % len(node.shape)
    if isinstance(index[axis], Loaded):
        raise NeedsBufferError(node)
    which = place(index[axis], list(range(len(xs) + 1)))
    return to.element(xs[which], index[:axis] + index[axis + 1 :], node.dtype)


@rule(np.concatenate)
def _concatenate(to: Expressions, node: Node, index: tuple[Index, ...]) -> str:
    xs = arguments(node)
    axis = int(node.params.get("axis") or 0) % len(node.shape)
    if isinstance(index[axis], Loaded):
        raise NeedsBufferError(node)
    bounds = list(itertools.accumulate([shape_of(x)[axis] for x in xs], initial=0))
    which = place(index[axis], bounds)
    inner = (*index[:axis], shift(index[axis], -bounds[which]), *index[axis + 1 :])
    return to.element(xs[which], inner, node.dtype)


# Sums and products


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
