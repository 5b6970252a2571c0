"""Elements of slices and of arrays at places, and of what is laid into zeros or written into an array."""

from __future__ import annotations

from fractions import Fraction

import numpy as np

from .....core.block import BLOCKS
from .... import forms
from ....graph import Op, Value
from ....indexing import Index as Places
from ....indexing import Part, index_of
from ....lowering import Access, Along, Read, Role, broadcast_access, lowered
from ....rewrite import shape_of
from ..ir.affine import Affine, Index, Loaded, divide, linear, place, shift
from ..ir.builder import Text, literal, type_of
from .expressions import Expressions, NotInMemoryError, spread
from .shapes import passed_on

_SCATTERS = frozenset({BLOCKS["scatter"], BLOCKS["scatter_at"]})

# What is read


def _somewhere(value: Value) -> Access:
    return Access((Read.SOMEWHERE,) * len(shape_of(value)))


def _taken(node: Op) -> tuple[Access, ...]:
    """A slice follows the axis of the result that it makes; an array of places is read when the program runs."""
    stack, places = node.operands[1:], index_of(node)
    if places is None:
        return tuple(map(_somewhere, node.operands))
    parts: list[Along | Read | int] = []
    axis = 0
    for part in places.parts:
        if axis == places.before:
            axis += len(places.shape)
        if part.kind == "slice":
            parts.append(Along(axis, part.start, part.step))
        elif part.kind == "take":
            parts.append(part.start)
        elif part.kind == "array":
            parts.append(Read.SOMEWHERE)
        axis += part.kind in ("slice", "new")
    return Access(tuple(parts)), *map(_somewhere, stack)


def _is_readable(node: Op) -> bool:
    places = index_of(node)
    return places is not None and places.is_readable


@lowered("getitem", role=Role.VIEW, access=_taken, form=forms.view, cost=1, fits=_is_readable)
@lowered("gather", role=Role.VIEW, access=_taken, form=forms.gathered, cost=1, fits=_is_readable)
def _taken_element(to: Expressions, node: Op, index: tuple[Index, ...]) -> str:
    places = index_of(node)
    assert places is not None
    if places.is_basic:
        return passed_on(to, node, index)
    inner = element_of(to, places, index, *node.operands[1:])
    if inner is None:
        raise NotInMemoryError(node)
    return to.element(node.operands[0], inner, node.dtype)


def element_of(
    to: Expressions, places: Places, index: tuple[Index, ...], stack: Value = None
) -> tuple[Index, ...] | None:
    """Where in the array the element of the result at `index` lies; None where a slice cannot follow."""
    axes = len(places.shape)
    at = index[places.before : places.before + axes]
    rest = iter(index[: places.before] + index[places.before + axes :])
    inner: list[Index] = []
    for part in places.parts:
        if part.kind == "new":
            next(rest)
        elif part.kind == "take":
            inner.append(part.start)
        elif part.kind == "slice":
            i = next(rest)
            if isinstance(i, Loaded) and (part.start, part.step) != (0, 1):
                return None
            inner.append(i if isinstance(i, Loaded) else linear(i, part.step, part.start))
        else:
            inner.append(_place(to, part, at, stack))
    return tuple(inner)


def _place(to: Expressions, part: Part, at: tuple[Index, ...], stack: Value) -> Index:
    """The place along one axis that an index array names."""
    if not isinstance(part.places, int):
        own = _last(at, part.places.shape)
        if all(isinstance(i, int) for i in own):
            return int(part.places[own])
        return Loaded(to.element(part.places, own, np.int64))
    register = to.element(stack, (part.places, *_last(at, shape_of(stack)[1:])), np.int64)
    return Loaded(_inside(to.text, register, part.length))


def _last(at: tuple[Index, ...], shape: tuple[int, ...]) -> tuple[Index, ...]:
    return tuple([0 if n == 1 else i for i, n in zip(at[len(at) - len(shape) :], shape, strict=True)])


def _inside(text: Text, register: str, n: int) -> str:
    """A place counted from the front, and inside the axis: a guard beside it tells whether it was."""
    negative = text.op(f"icmp slt i64 {register}, 0")
    from_end = text.op(f"add i64 {register}, {n}")
    return _bounded(text, text.op(f"select i1 {negative}, i64 {from_end}, i64 {register}"), n)


def _bounded(text: Text, register: str, n: int) -> str:
    """The nearest of n places."""
    return text.intrinsic("smin", "i64", text.intrinsic("smax", "i64", register, "0"), str(n - 1))


# What is written


def _laid(node: Op) -> tuple[Access, ...]:
    (x, *stack) = node.operands
    return _region(node, x), *map(_somewhere, stack)


def _replaced(node: Op) -> tuple[Access, ...]:
    x, y, *stack = node.operands
    return broadcast_access(node.shape, shape_of(x)), _region(node, y), *map(_somewhere, stack)


def _is_region(node: Op) -> bool:
    """Whether an index names a region: by slices and numbers, of which some may be computed."""
    places = index_of(node)
    return places is not None and (places.is_basic or places.is_single) and (places.is_readable or places.is_basic)


def _is_written(node: Op) -> bool:
    return _is_region(node) or adds_up(node)


def _region(node: Op, source: Value) -> Access:
    """What is written is read in the region that the index names."""
    places, shape = index_of(node), shape_of(source)
    if places is None or not (places.is_basic or places.is_single):
        return _somewhere(source)
    parts: list[Along | Read | int] = []
    once: set[int] = set()
    for part in places.parts:
        if part.kind in ("take", "array"):
            once.add(part.axis)
        elif part.kind == "new":
            parts.append(0)
        else:
            step = part.step if abs(part.step) == 1 else Fraction(1, part.step)
            parts.append(Along(part.axis, -part.start * step, step))
            if not part.whole:
                once.add(part.axis)
    counts = [p.count for p in places.parts if p.kind not in ("take", "array")]
    lead = len(parts) - len(shape)
    ends = zip(parts[lead:], counts[lead:], shape, strict=True)
    return Access(tuple([0 if n == 1 != count else part for part, count, n in ends]), frozenset(once))


def inside(
    to: Expressions, index: tuple[Index, ...], parts: tuple[Part, ...], stack: Value = None
) -> tuple[tuple[Index, ...], list[str]] | None:
    """Where an element of the whole lies in the region that an index names; None where it is outside.

    Whether it is in a slice with steps that a loop does not follow, or at a number that is computed, the program
    asks while it runs: the registers of the answers come too. Where one is false, the place is that of some other
    element.
    """
    at: list[Index] = []
    tests: list[str] = []
    k = 0
    for part in parts:
        n, start, step = part.count, part.start, part.step
        if part.kind == "new":
            at.append(0)
            continue
        i = index[k]
        k += 1
        if part.kind == "array":
            there = _place(to, part, (), stack)
            here = there.name if isinstance(there, Loaded) else str(there)
            tests.append(to.text.op(f"icmp eq i64 {to.text.offset([(i, 1)])}, {here}"))
            continue
        if part.kind == "take":
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
    moved = text.op(f"sub nsw i64 {text.offset([(i, 1)])}, {first}")
    quotient = text.op(f"sdiv i64 {moved}, {step}")
    exact = text.op(f"icmp eq i64 {text.op(f'mul nsw i64 {quotient}, {step}')}, {moved}")
    number = _bounded(text, quotient, n)
    within = text.op(f"icmp eq i64 {number}, {quotient}")
    test = text.op(f"and i1 {exact}, {within}")
    return Loaded(text.op(f"sub nsw i64 {n - 1}, {number}") if turned else number), test


def _around(low: int, high: int, index: Index) -> list[int]:
    if isinstance(index, Loaded):
        raise TypeError("an index read from an array has no known place")
    least, most = (index, index + 1) if isinstance(index, int) else (index.low, index.high)
    return [min(low, least), low, high, max(high, most)]


@lowered("scatter", role=Role.WRITE, access=_laid, form=forms.zeros, fits=_is_written)
@lowered("scatter_at", role=Role.WRITE, access=_laid, form=forms.zeros, fits=_is_written)
def _scatter(to: Expressions, node: Op, index: tuple[Index, ...]) -> str:
    x, *stack = node.operands
    places = index_of(node)
    if places is None or not _is_region(node) or any(isinstance(i, Loaded) for i in index):
        # What was added at computed places is known once all of it is.
        raise NotInMemoryError(node)
    found = inside(to, index, places.parts, *stack)
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


@lowered("setitem", role=Role.WRITE, access=_replaced, form=forms.written, fits=_is_region)
@lowered("setitem_at", role=Role.WRITE, access=_replaced, form=forms.written, fits=_is_region)
def _setitem(to: Expressions, node: Op, index: tuple[Index, ...]) -> str:
    x, y, *stack = node.operands
    places = index_of(node)
    if places is None or any(isinstance(i, Loaded) for i in index):
        raise NotInMemoryError(node)
    found = inside(to, index, places.parts, *stack)
    if found is None:
        return to.element(x, index, node.dtype)
    new = to.element(y, spread(found[0], shape_of(y)), node.dtype)
    return _if_inside(to, node, found[1], new, to.element(x, index, node.dtype) if found[1] else None)


def adds_up(node: Op) -> bool:
    """Whether a scatter adds to elements that an array of places names, each perhaps several times."""
    if node.block not in _SCATTERS or node.dtype.kind not in "fi" or not node.size:
        return False
    return added_at(node) is not None


def added_at(node: Op) -> Places | None:
    """The reading of a scatter whose index is of arrays side by side, between full slices; None for any other."""
    found = index_of(node)
    if (
        found is None
        or found.is_basic
        or found.is_single
        or not found.is_readable
        or any(p.kind == "new" for p in found.parts)
    ):
        return None
    slices = [k for k, p in enumerate(found.parts) if p.kind == "slice"]
    if not all(found.parts[k].whole for k in slices):
        return None
    arrays = [k for k in range(len(found.parts)) if k not in slices]
    together = arrays[-1] - arrays[0] + 1 == len(arrays)
    return found if together and found.shape and 0 not in found.shape else None
