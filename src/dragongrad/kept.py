"""What is kept of plain arrays, into which the user's function may write before what is kept is read.

A Node keeps a copy of an array that its pullback needs. Of a large one it keeps the array itself, and whether that
was written meanwhile is told by a part of its elements, as it was and as it is.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from .context import STAGE
from .core.errors import ReadOnlyError, user_line
from .core.variable import Variable

_new: Any = object.__new__
_ARRAY = np.ndarray
# An array of more bytes is large.
_MOST = 1 << 20
# So many elements of each axis of a large array are looked at: of one axis, of two, of three, and of more.
_LOOKS = (64, 16, 8, 4)


class Seen(NamedTuple):
    """An array, the elements of it that are looked at, what they were, and the line that used it."""

    array: Any
    part: Any
    before: Any
    line: str

    def is_written(self) -> bool:
        """Whether the elements are others now."""
        return not np.array_equal(self.part, self.before, equal_nan=self.part.dtype.kind in "fc")

    def story(self) -> str:
        """What happened, and what to write instead."""
        return (
            f"an array of shape {self.array.shape} is written after it was used\n  at {self.line}\n"
            "Instead of a += b write a = a + b, or use a.copy()"
        )


def seen(array: Any) -> Seen:
    """An array as it is now, or a part of a large one."""
    part = _once(array)
    if part.nbytes > _MOST:
        looks = _LOOKS[min(part.ndim, len(_LOOKS)) - 1]
        part = part[tuple([slice(None, None, max(1, n // looks)) for n in part.shape])]
    return Seen(array, part, part.copy(), user_line())


def _once(array: Any) -> Any:
    """The elements, once where `np.broadcast_to` has repeated them."""
    if 0 not in array.strides:
        return array
    return array[tuple([slice(0, 1) if step == 0 else slice(None) for step in array.strides])]


def kept(value: Any, large: list[Seen]) -> Any:
    """A value that nobody writes into: a copy of an array, what a Variable of a lower level stands for now."""
    if value.__class__ is _ARRAY:
        if STAGE.get() is not None:
            # A program reads an array that it uses twice once; the level that stages looks at all of them.
            return value
        if not value.flags.writeable:
            # Nobody writes into it, but perhaps into what it is a view of.
            if value.base is None:
                return value
            part = _once(value)
            if part.nbytes <= _MOST:
                return np.broadcast_to(part.copy("K"), value.shape) if part is not value else value.copy("K")
        elif value.nbytes <= _MOST:
            return value.copy("K")
        large.append(seen(value))
    elif value.__class__ is Variable:
        made = _new(Variable)
        made.data, made.level, made.link, made.views = value.data, value.level, value.link, None
        origin = getattr(value, "origin", None)
        if origin is not None:
            made.origin = origin
        return made
    return value


def kept_params(params: dict[str, Any], large: list[Seen]) -> dict[str, Any]:
    """Keyword arguments in which arrays, such as those of an index, are copies."""
    for value in params.values():
        kind = value.__class__
        if kind is _ARRAY or (kind is tuple and any([v.__class__ is _ARRAY for v in value])):
            return {name: _parts(v, large) for name, v in params.items()}
    return params


def _parts(value: Any, large: list[Seen]) -> Any:
    return tuple([kept(v, large) for v in value]) if value.__class__ is tuple else kept(value, large)


def check(large: list[Seen]) -> None:
    """Refuse a derivative that needs an array as it was before it was written."""
    for known in large:
        if known.is_written():
            raise ReadOnlyError(f"a derivative needs what an array held: {known.story()}")
