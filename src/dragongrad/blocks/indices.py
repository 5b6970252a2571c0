"""Indices as users write them, brought to the one form that the Blocks take.

Where an index holds arrays, this form has no dots (`...`), which become slices, and no truths (`x[True]`), which
become places along a new axis. Dots that stand for no axis still part the arrays around them: NumPy then puts the
axes that the arrays make first, and so does whoever reads by this form.
"""

from __future__ import annotations

import operator
from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np

from ..core.errors import BatchError, DtypeError, describe, user_line
from ..core.variable import Variable, bottom, plain
from ..records import parameter, record

Index = tuple[Any, ...]
_ALL = slice(None)


@parameter
@record
class At:
    """The place of an index array in an index, by its position in the stack."""

    position: int


class Spelling(NamedTuple):
    """An index in the form of the Blocks, and what is done before and after.

    Attributes
    ----------
    parts : tuple
        Slices, None, whole numbers, and arrays of whole numbers or truths; `At` for an array that is a Variable.
        Dots are left only where there are no arrays.
    stack : Variable or None
        The arrays that are Variables, stacked.
    axes : tuple or None
        An index to apply first: it makes the new axes along which truths are places.
    parted : bool
        Whether the axes that the arrays make come first although the arrays stand side by side in `parts`.

    """

    parts: Index
    stack: Any = None
    axes: Index | None = None
    parted: bool = False


def is_basic(index: Index) -> bool:
    """Whether an index has plain numbers, slices, None and dots alone, the commonest of them at least."""
    for part in index:
        kind = part.__class__
        if not (kind is int or kind is slice or part is None or part is Ellipsis):
            return False
    return True


def moving_slices(index: Index, shape: tuple[int, ...]) -> tuple[Index, list[tuple[int, Any]]]:
    """An index with `:` in place of slices whose bounds are batched, and the places that each means on its axis."""
    used = sum(
        width(part) if isinstance(part, np.ndarray) else not (part is None or part is Ellipsis) for part in index
    )
    parts, found, axis = [], [], 0
    for part in index:
        if isinstance(part, slice) and any(map(_is_batched, (part.start, part.stop))):
            found.append((axis, _places_of(part, shape[axis])))
            part = _ALL
        parts.append(part)
        axis += len(shape) - used if part is Ellipsis else width(part)
    return tuple(parts), found


def _is_batched(value: Any) -> bool:
    while isinstance(value, Variable):
        if value.level.batch_axes:
            return True
        value = value.data
    return False


def _places_of(part: slice, length: int) -> Any:
    """The places of a slice that begins elsewhere in every row, and is of one length."""
    step = 1 if part.step is None else operator.index(part.step)
    if step == 0:
        raise ValueError("slice step cannot be zero")
    low, high = (0, length) if step > 0 else (-1, length - 1)
    ends = (low, high) if step > 0 else (high, low)
    start, stop = (
        end if bound is None else np.clip(np.where(bound < 0, bound + length, bound), low, high)
        for bound, end in zip((part.start, part.stop), ends, strict=True)
    )
    counts = bottom(np.maximum((stop - start + step - (1 if step > 0 else -1)) // step, 0))
    counts = np.ravel(counts)
    if not counts.shape[0] or not np.all(counts == counts[0]):
        raise BatchError(
            f"the slice has not one length for all rows, or there are no rows\n  at {user_line()}\n"
            "Write x[i:i + n] with a plain number n, and see that it does not reach over an end"
        )
    return start + step * np.arange(int(counts[0]))


def spell(index: Index, ndim: int) -> Spelling:
    """An index into an array of `ndim` axes, in the form of the Blocks."""
    arrays: list[Any] = []
    parts: list[Any] = []
    dots, truths, advanced = 0, False, False
    for part in index:
        if part.__class__ is list:
            part = places(part)
        kind = part.__class__
        if kind is np.ndarray and part.ndim and part.dtype.kind in "iub":
            advanced = True
            parts.append(part)
        elif kind is slice or kind is int or part is None:
            parts.append(part)
        elif part is Ellipsis:
            dots += 1
            parts.append(part)
        else:
            found = _converted(part, arrays)
            truths = truths or found[0].__class__ is bool
            advanced = advanced or not isinstance(found[0], int)
            parts += found
    stack = _stacked(arrays) if arrays else None
    if dots > 1 or not (truths or (dots and advanced)):
        return Spelling(tuple(parts), stack)
    return _without_dots(parts, ndim, stack)


def _without_dots(parts: list[Any], ndim: int, stack: Any) -> Spelling:
    """An index that holds arrays, with slices in place of dots and places in place of truths."""
    used = sum(map(width, parts))
    full: list[Any] = []
    axes: list[Any] = []
    between = None  # where dots stand for no axis
    for part in parts:
        if part is Ellipsis:
            full += [_ALL] * (ndim - used)
            axes += [_ALL] * (ndim - used)
            between = len(full) if ndim == used else None
        elif part.__class__ is bool:
            full.append(np.zeros(int(part), np.intp))
            axes.append(None)
        else:
            full.append(part)
            axes += [_ALL] * width(part)
    advanced = [i for i, p in enumerate(full) if not (p is None or isinstance(p, slice))]
    parted = between is not None and adjacent(advanced) and advanced[0] < between <= advanced[-1]
    return Spelling(tuple(full), stack, tuple(axes) if None in axes else None, parted)


def _converted(part: Any, arrays: list[Any]) -> list[Any]:
    """A part of an index as the Blocks take it; Variables are appended to `arrays`."""
    if isinstance(part, np.integer):
        return [int(part)]
    if isinstance(part, str):
        return [part]
    if isinstance(part, (bool, np.bool_)):
        return [bool(part)]
    if isinstance(part, (np.ndarray, Variable)):
        part = plain(part)
    elif isinstance(part, Sequence):
        part = places(list(part))
    if isinstance(part, Variable):
        return _from_variable(part, arrays)
    if isinstance(part, np.ndarray):
        if part.ndim or part.dtype.kind not in "biu":
            return [part]
        return [bool(part) if part.dtype.kind == "b" else int(part)]
    return [operator.index(part)] if hasattr(part, "__index__") else [part]


def places(index: Any) -> Any:
    """An index array; an empty list is one, though NumPy would make floats of it."""
    if not isinstance(index, list):
        return plain(index)
    index = plain(index)
    return index if index.size else index.astype(np.intp)


def _from_variable(part: Variable, arrays: list[Any]) -> list[Any]:
    if part.dtype.kind == "b":
        if not part.ndim:
            return [bool(part)]
        return [p for found in np.nonzero(part) for p in _converted(found, arrays)]
    if part.dtype.kind not in "iu":
        raise DtypeError(
            f"an index must be integer or boolean, it was {describe(part)}\n  at {user_line()}\n"
            "Write x[i.astype(int)]"
        )
    arrays.append(part)
    return [At(len(arrays) - 1)]


def _stacked(arrays: list[Any]) -> Any:
    shape = np.broadcast_shapes(*[a.shape for a in arrays])
    return np.stack([np.broadcast_to(a, shape) for a in arrays])


def width(part: Any) -> int:
    """How many axes of the array a part of an index stands for."""
    if part is None or part is Ellipsis or part.__class__ is bool:
        return 0
    return part.ndim if is_mask(part) else 1


def is_mask(part: Any) -> bool:
    """Whether a part of an index is an array of truths."""
    return isinstance(part, np.ndarray) and part.dtype.kind == "b"


def is_mask_of_all(index: Any, ndim: int) -> bool:
    """Whether an index is one mask of all axes: NumPy takes no more than one axis of what is written there."""
    if len(index) != 1 or not isinstance(index[0], (bool, list, np.ndarray, np.bool_)):
        return False
    mask = np.asarray(index[0])
    return mask.dtype.kind == "b" and mask.ndim == ndim


def adjacent(positions: list[int]) -> bool:
    """Whether ascending positions follow one another without a gap."""
    return positions[-1] - positions[0] + 1 == len(positions)
