"""Indices that hold arrays: which element of an array an element of the result is."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from ....graph import Op, Value
from ....rewrite import broadcast_shapes, shape_of
from ..ir.affine import Index, Loaded, linear
from ..ir.builder import Text

if TYPE_CHECKING:
    from .lowering import Expressions


@dataclass(frozen=True)
class Part:
    """One part of an index: a slice, a new axis, a number, or an array of places along an axis."""

    kind: str  # "slice", "new", "take" or "array"
    length: int  # of the axis that it indexes
    count: int = 0  # of the elements of a slice
    start: int = 0
    step: int = 1
    places: Any = None  # the array, or its position in the stack of those that are computed


@dataclass(frozen=True)
class AdvancedIndex:
    """The parts of an index, and where the axes that its arrays make together lie in the result."""

    parts: tuple[Part, ...]
    before: int
    shape: tuple[int, ...]  # of the arrays, broadcast


def advanced_index(index: tuple[Any, ...], shape: tuple[int, ...], stack: Value = None) -> AdvancedIndex | None:
    """The reading of an index with arrays, None where it is not of whole numbers only."""
    parts: list[Part] = []
    used = sum(p is not None and p is not Ellipsis for p in index)
    axis = 0
    for p in index if any(p is Ellipsis for p in index) else (*index, Ellipsis):
        if p is Ellipsis:
            parts += [Part("slice", n, n) for n in shape[axis : axis + len(shape) - used]]
            axis += len(shape) - used
            continue
        if isinstance(p, (bool, np.bool_)) or (isinstance(p, np.ndarray) and p.dtype.kind == "b"):
            return None
        part = _part(p, 1 if p is None else shape[axis])
        if part is None:
            return None
        parts.append(part)
        axis += part.kind != "new"
    arrays = [
        shape_of(stack)[1:] if isinstance(p.places, int) else p.places.shape for p in parts if p.kind == "array"
    ]
    advanced = [k for k, p in enumerate(parts) if p.kind in ("array", "take")]
    together = advanced[-1] - advanced[0] + 1 == len(advanced)
    before = sum(p.kind != "take" for p in parts[: advanced[0]]) if together else 0
    return AdvancedIndex(tuple(parts), before, broadcast_shapes(*arrays))


def _part(p: Any, n: int) -> Part | None:
    if p is None:
        return Part("new", 1)
    if isinstance(p, slice):
        start, stop, step = p.indices(n)
        return Part("slice", n, len(range(start, stop, step)), start, step)
    if hasattr(p, "position"):
        return Part("array", n, places=p.position)
    if isinstance(p, np.ndarray):
        inside = p.dtype.kind in "iu" and (not p.size or (p.min() >= 0 and p.max() < n))
        return Part("array", n, places=p) if inside else None
    if isinstance(p, (int, np.integer)) and not isinstance(p, (bool, np.bool_)):
        return Part("take", n, start=int(p) % n if n else 0)
    return None


def element_of(
    to: Expressions, found: AdvancedIndex, index: tuple[Index, ...], stack: Value = None
) -> tuple[Index, ...] | None:
    """Where in the array the element of the result at `index` lies; None where a slice cannot follow."""
    axes = len(found.shape)
    at = index[found.before : found.before + axes]
    rest = iter(index[: found.before] + index[found.before + axes :])
    inner: list[Index] = []
    for part in found.parts:
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
    place = text.op(f"select i1 {negative}, i64 {from_end}, i64 {register}")
    return text.intrinsic("smin", "i64", text.intrinsic("smax", "i64", place, "0"), str(n - 1))


def added_at(node: Op) -> AdvancedIndex | None:
    """The reading of a scatter whose index is of arrays side by side, between full slices; None for any other."""
    index, shape = node.params["index"], node.shape
    if all(p is None or p is Ellipsis or isinstance(p, (slice, int, np.integer)) for p in index):
        return None
    found = advanced_index(index, shape, *node.operands[1:])
    if found is None or not is_readable(found) or any(p.kind == "new" for p in found.parts):
        return None
    slices = [k for k, p in enumerate(found.parts) if p.kind == "slice"]
    if any((found.parts[k].start, found.parts[k].step, found.parts[k].count) != (0, 1, shape[k]) for k in slices):
        return None
    arrays = [k for k in range(len(found.parts)) if k not in slices]
    together = arrays[-1] - arrays[0] + 1 == len(arrays)
    return found if together and found.shape and 0 not in found.shape else None


def is_readable(found: AdvancedIndex) -> bool:
    """Whether every place that an index can name is one of the array's elements."""
    return not any(p.kind == "array" and p.length == 0 for p in found.parts)
