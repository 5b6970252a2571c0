"""Indices in their normal form: for each axis that is read, placed or made one part that says how."""

from __future__ import annotations

from typing import Any, Literal

import numpy as np

from ..records import record
from .graph import Op
from .process import computed_once
from .rewrite import broadcast_shapes, shape_of

Kind = Literal["slice", "take", "new", "array", "mask"]


@record
class Part:
    """One part of an index: a slice, a number, a new axis, an array of places along an axis, or a mask.

    Attributes
    ----------
    kind : str
        Which of them.
    axis, length : int
        The axis that it indexes, and its length; of a mask the first, of a new axis the one that it stands before.
    count, start, step : int
        Of a slice the number of places, the first, and the step. Of a number the first is the place.
    places : array or int or None
        Of an array of places the array, or its position in the stack of those that are computed; of a mask that.
    """

    kind: Kind
    axis: int
    length: int
    count: int = 1
    start: int = 0
    step: int = 0
    places: Any = None

    @property
    def whole(self) -> bool:
        """Whether the axis is taken as it is."""
        return self.kind == "slice" and (self.count, self.start, self.step) == (self.length, 0, 1)

    @property
    def is_computed(self) -> bool:
        """Whether it is an array of places that are computed: `places` is its position in the stack."""
        return self.kind == "array" and isinstance(self.places, int)


@record
class Index:
    """The parts of an index, and the axes that its arrays make together.

    Attributes
    ----------
    parts : tuple of Part
        In the order of the axes.
    shape : tuple of int
        Of the arrays of places, broadcast; empty without arrays.
    before : int
        Behind how many axes of the result they lie.
    """

    parts: tuple[Part, ...]
    shape: tuple[int, ...]
    before: int

    @computed_once
    def is_basic(self) -> bool:
        """Whether it is of slices, numbers and new axes alone."""
        return not any(p.kind == "array" for p in self.parts)

    @computed_once
    def is_single(self) -> bool:
        """Whether its arrays are numbers, so that each names one place."""
        return not self.is_basic and self.shape == ()

    @computed_once
    def is_readable(self) -> bool:
        """Whether each place that it can name is an element: an axis of length 0 has none."""
        return not any(p.kind in ("array", "take") and p.length == 0 for p in self.parts)


def parts_of(index: tuple[Any, ...], shape: tuple[int, ...]) -> list[Part]:
    """The parts of an index as NumPy has it, into an array of a shape."""
    parts: list[Part] = []
    used = sum(map(width, index))
    axis = 0
    for p in index if any(p is Ellipsis for p in index) else (*index, Ellipsis):
        if p is Ellipsis:
            rest = range(axis, axis + len(shape) - used)
            parts += [Part("slice", a, shape[a], shape[a], 0, 1) for a in rest]
            axis = rest.stop
            continue
        parts.append(_part(p, axis, shape[axis] if axis < len(shape) else 1))
        axis += width(p)
    return parts


def width(part: Any) -> int:
    """How many axes a part of an index stands for."""
    if part is None or part is Ellipsis or isinstance(part, (bool, np.bool_)):
        return 0
    return part.ndim if isinstance(part, np.ndarray) and part.dtype.kind == "b" else 1


def _part(p: Any, axis: int, n: int) -> Part:
    if p is None:
        return Part("new", axis, 1)
    if isinstance(p, slice):
        start, stop, step = p.indices(n)
        return Part("slice", axis, n, len(range(start, stop, step)), start, step)
    if isinstance(p, (bool, np.bool_)) or (isinstance(p, np.ndarray) and p.dtype.kind == "b"):
        return Part("mask", axis, n, places=p)
    if isinstance(p, (int, np.integer)):
        return Part("take", axis, n, start=int(p) % n if n else 0)
    # What is computed is known by its position in the stack.
    return Part("array", axis, n, places=p.position if is_computed(p) else p)


def is_computed(part: Any) -> bool:
    """Whether a part of an index as NumPy has it stands for an array that is computed."""
    return hasattr(part, "position")


def index_of(node: Op) -> Index | None:
    """The index that an operation reads or writes at; None where it has masks, or places outside the axis."""
    if node.index is None:
        node.index = (_index(node),)
    found: Index | None = node.index[0]
    return found


def _index(node: Op) -> Index | None:
    shape = node.params["shape"] if "shape" in node.params else shape_of(node.operands[0])
    parts = parts_of(node.params["index"], tuple(shape))
    if any(p.kind == "mask" or (p.kind == "array" and _leaves(p)) for p in parts):
        return None
    arrays = [p for p in parts if p.kind == "array"]
    if not arrays:
        return Index(tuple(parts), (), 0)
    shapes = [shape_of(node.operands[-1])[1:] if p.is_computed else p.places.shape for p in arrays]
    # Numbers beside arrays are arrays too.
    advanced = [k for k, p in enumerate(parts) if p.kind in ("array", "take")]
    together = advanced[-1] - advanced[0] + 1 == len(advanced)
    before = sum(p.kind != "take" for p in parts[: advanced[0]]) if together else 0
    return Index(tuple(parts), broadcast_shapes(*shapes), before)


def _leaves(part: Part) -> bool:
    """Whether places that are known are not all whole numbers inside the axis, counted from its beginning."""
    if part.is_computed:
        return False
    places = part.places
    return places.dtype.kind not in "iu" or bool(places.size and (places.min() < 0 or places.max() >= part.length))
