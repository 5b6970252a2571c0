"""Elements of arrays in another shape, dtype or order of axes."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator
from typing import TypeVar

import numpy as np

from .... import forms
from ....graph import Op, op_of
from ....lowering import Access, Along, Read, Role, accesses, declare, lowered, same_place
from ....passes.simplify import permutation
from ....rewrite import shape_of
from ..ir.affine import Affine, Index, Loaded, divide, linear, shift
from ..ir.builder import Buffer, type_of
from .expressions import Expressions, NotInMemoryError, convert, place_in, spread

T = TypeVar("T")


def passed_on(to: Expressions, node: Op, index: tuple[Index, ...]) -> str:
    """The element of the only operand that is read."""
    (access,) = accesses(node) or ()
    inner = place_in(access, index)
    if inner is None:
        raise NotInMemoryError(node)
    return to.element(node.operands[0], inner, node.dtype)


def _transposed(node: Op) -> tuple[Access, ...]:
    order = permutation(node)
    return (Access(tuple([Along(order.index(a)) for a in range(len(order))])),)


def _in_order(node: Op) -> tuple[Access, ...]:
    """Axes that hold the same elements follow one another, all others lie in the same order."""
    shape = shape_of(node.operands[0])
    if not _is_in_c_order(node):
        return (Access((Read.SOMEWHERE,) * len(shape)),)
    places: dict[tuple[int, int], int] = {}
    for axis, place in enumerate(_before(node.shape)):
        places.setdefault(place, axis)
    found = [places.get(place) for place in _before(shape)]
    return (Access(tuple([Read.IN_ORDER if a is None else Along(a) for a in found])),)


def _is_in_c_order(node: Op) -> bool:
    return node.params.get("order") in (None, "C")


def _before(shape: tuple[int, ...]) -> list[tuple[int, int]]:
    """Of each axis the number of elements of all before it, and its length."""
    before = itertools.accumulate(shape, lambda x, n: x * n, initial=1)
    return list(zip(before, shape, strict=False))


declare(np.broadcast_to, role=Role.VIEW, access=same_place, form=forms.broadcast, element=passed_on)
declare(np.transpose, role=Role.VIEW, access=_transposed, form=forms.view, element=passed_on)
declare("astype", role=Role.SELECT, access=same_place, form=forms.conversion, element=passed_on)
declare("stop_gradient", role=Role.SELECT, access=same_place, form=forms.view, element=passed_on)


@lowered(np.where, role=Role.SELECT, access=same_place, form=forms.choice, cost=1)
def _where(to: Expressions, node: Op, index: tuple[Index, ...]) -> str:
    condition, x, y = node.operands
    test = to.element(condition, spread(index, shape_of(condition)), np.bool_)
    kind = type_of(node.dtype)
    left, right = (to.element(v, spread(index, shape_of(v)), node.dtype) for v in (x, y))
    return to.text.op(f"select i1 {test}, {kind} {left}, {kind} {right}")


@lowered(np.reshape, role=Role.VIEW, access=_in_order, form=forms.view, fits=_is_in_c_order)
def _reshape(to: Expressions, node: Op, index: tuple[Index, ...]) -> str:
    (x,) = node.operands
    shape = shape_of(x)
    inner = reshaped(index, node.shape, shape)
    if inner is not None:
        return to.element(x, inner, node.dtype)
    buffer = to.memory(x)
    if buffer is None:
        raise NotInMemoryError(op_of(x))
    strides = list(Buffer("", node.shape, node.dtype).strides)
    if buffer.held and buffer.shape[0] > 1:
        # Of one row that is held, the index of the row is no part. The axis of rows is the first that is not of
        # length 1: what is held is read at the row of the loop only. (Of one row everything is held.)
        strides[next(a for a, n in enumerate(node.shape) if n > 1)] = 0
    register = to.text.load_at(buffer, list(zip(index, strides, strict=True)))
    return convert(to.text, register, buffer.dtype, node.dtype)


def reshaped(index: tuple[Index, ...], shape: tuple[int, ...], inner: tuple[int, ...]) -> tuple[Index, ...] | None:
    """The index into an array of shape `inner` of the element at `index` of its reshaped view, if it is linear."""
    return in_groups(index, shape, inner, regrouped)


def in_groups(
    index: tuple[T, ...], shape: tuple[int, ...], inner: tuple[int, ...],
    regroup: Callable[[tuple[T, ...], tuple[int, ...], tuple[int, ...]], list[T] | None],
) -> tuple[T, ...] | None:  # fmt: skip
    """What is known along the axes of an array, from what is along those of a reshaped view; None: nothing is.

    `regroup` tells it of one group of axes.
    """
    found: list[T] = []
    for outer, own in _groups(shape, inner):
        part = regroup(index[outer], shape[outer], inner[own])
        if part is None:
            return None
        found += part
    return tuple(found)


def _groups(shape: tuple[int, ...], inner: tuple[int, ...]) -> Iterator[tuple[slice, slice]]:
    """The axes of both sides that hold the same elements, as few together as can be."""
    i = j = 0
    while i < len(shape) or j < len(inner):
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
        yield slice(i0, i), slice(j0, j)


def regrouped(index: tuple[Index, ...], shape: tuple[int, ...], inner: tuple[int, ...]) -> list[Index] | None:
    """The index along the axes of one group."""
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
