"""Elements of slices, of indexed and joined arrays, and of what is laid into zeros or written into an array."""

from __future__ import annotations

import itertools
from typing import Any

import numpy as np

from ....graph import Op
from ....rewrite import shape_of
from ..ir.affine import Affine, Index, Loaded, divide, linear, place, shift
from ..ir.builder import literal, type_of
from .advanced_indexing import advanced_index, element_of, is_readable
from .lowering import Expressions, LeaveToNumPyError, NeedsBufferError, rule, spread


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
def _getitem(to: Expressions, node: Op, index: tuple[Index, ...]) -> str:
    (x,) = node.operands
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


def _gather(to: Expressions, node: Op, index: tuple[Index, ...]) -> str:
    """An index with arrays of whole numbers, constant or computed."""
    x, *stack = node.operands
    found = advanced_index(node.params["index"], shape_of(x), *stack)
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


def inside(
    to: Expressions, index: tuple[Index, ...], parts: list[tuple[str, int, int, int]]
) -> tuple[tuple[Index, ...], list[str]] | None:
    """Where an element of the whole lies in what a basic index names; None where it is outside.

    Whether it is in a slice with steps that a loop does not follow, the program asks while it runs: the registers
    of the answers come too. Where one is false, the place is that of some other element.
    """
    at: list[Index] = []
    tests: list[str] = []
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
            if found is None or isinstance(found[1], Affine):
                assert isinstance(i, Affine)
                inner, test = _in_steps(to, i, n, first, abs(step), step < 0)
                at.append(inner)
                tests.append(test)
                continue
            quotient, rest = found
            if rest != 0:
                return None
            at.append(quotient if step > 0 else linear(quotient, -1, n - 1))
    return tuple(at), tests


def _in_steps(to: Expressions, i: Affine, n: int, first: int, step: int, turned: bool) -> tuple[Index, str]:
    """The number of the step that an index is at, one of n from `first` on, and whether it is at any."""
    text = to.text
    text.declare("@llvm.smin.i64", "declare i64 @llvm.smin.i64(i64, i64)")
    text.declare("@llvm.smax.i64", "declare i64 @llvm.smax.i64(i64, i64)")
    moved = text.op(f"sub nsw i64 {text.offset([(i, 1)])}, {first}")
    quotient = text.op(f"sdiv i64 {moved}, {step}")
    exact = text.op(f"icmp eq i64 {text.op(f'mul nsw i64 {quotient}, {step}')}, {moved}")
    low = text.op(f"call i64 @llvm.smax.i64(i64 {quotient}, i64 0)")
    number = text.op(f"call i64 @llvm.smin.i64(i64 {low}, i64 {n - 1})")
    within = text.op(f"icmp eq i64 {number}, {quotient}")
    test = text.op(f"and i1 {exact}, {within}")
    return Loaded(text.op(f"sub nsw i64 {n - 1}, {number}") if turned else number), test


def _around(low: int, high: int, index: Index) -> list[int]:
    if isinstance(index, Loaded):
        raise TypeError("an index read from an array has no known place")
    least, most = (index, index + 1) if isinstance(index, int) else (index.low, index.high)
    return [min(low, least), low, high, max(high, most)]


@rule("scatter")
def _scatter(to: Expressions, node: Op, index: tuple[Index, ...]) -> str:
    (x,) = node.operands
    parts = basic(node.params["index"], node.shape)
    if parts is None or any(isinstance(i, Loaded) for i in index):
        raise NeedsBufferError(node)
    found = inside(to, index, parts)
    if found is None:
        return literal(0, node.dtype)
    return _if_inside(to, node, found[1], to.element(x, spread(found[0], shape_of(x)), node.dtype), None)


def _if_inside(to: Expressions, node: Op, tests: list[str], value: str, other: str | None) -> str:
    """A value where all tests hold, and what else there is where they do not."""
    if not tests:
        return value
    test, kind = tests[0], type_of(node.dtype)
    for more in tests[1:]:
        test = to.text.op(f"and i1 {test}, {more}")
    return to.text.op(f"select i1 {test}, {kind} {value}, {kind} {other or literal(0, node.dtype)}")


@rule("scatter_at")
def _scatter_at(to: Expressions, node: Op, index: tuple[Index, ...]) -> str:
    # What was added at computed places is known once all of it is.
    raise NeedsBufferError(node)


@rule("setitem")
def _setitem(to: Expressions, node: Op, index: tuple[Index, ...]) -> str:
    x, y = node.operands
    parts = basic(node.params["index"], node.shape)
    if parts is None or any(isinstance(i, Loaded) for i in index):
        raise NeedsBufferError(node)
    found = inside(to, index, parts)
    if found is None:
        return to.element(x, index, node.dtype)
    new = to.element(y, spread(found[0], shape_of(y)), node.dtype)
    return _if_inside(to, node, found[1], new, to.element(x, index, node.dtype) if found[1] else None)


# Joining


@rule(np.stack)
def _stack(to: Expressions, node: Op, index: tuple[Index, ...]) -> str:
    xs = node.operands
    axis = int(node.params.get("axis") or 0) % len(node.shape)
    if isinstance(index[axis], Loaded):
        raise NeedsBufferError(node)
    which = place(index[axis], range(len(xs) + 1))
    return to.element(xs[which], index[:axis] + index[axis + 1 :], node.dtype)


@rule(np.concatenate)
def _concatenate(to: Expressions, node: Op, index: tuple[Index, ...]) -> str:
    xs = node.operands
    axis = int(node.params.get("axis") or 0) % len(node.shape)
    if isinstance(index[axis], Loaded):
        raise NeedsBufferError(node)
    bounds = to.bounds.get(node)
    if bounds is None:
        bounds = to.bounds[node] = list(itertools.accumulate([shape_of(x)[axis] for x in xs], initial=0))
    which = place(index[axis], bounds)
    inner = (*index[:axis], shift(index[axis], -bounds[which]), *index[axis + 1 :])
    return to.element(xs[which], inner, node.dtype)
