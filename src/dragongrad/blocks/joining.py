"""Functions that join arrays, split them or repeat them."""

from __future__ import annotations

import operator
from itertools import pairwise
from typing import Any

import numpy as np

from ..core.block import composite, linear
from ..core.variable import Variable, holds_variable, plain, value_of
from ..subclasses import refuse_matrices
from .axes import MOST_AXES, as_array, copied, front, normal, refuse_truths, shift, single
from .indexing import read
from .memory import in_rows, lying
from .storing import LISTS, elements, storable
from .views import own

_NUMBERS = frozenset({int, float, complex})


def _bind_concatenate(arrays: Any, axis: int | None = 0, **rest: Any) -> Any:
    arrays = _parts(arrays)
    if axis is None:
        arrays, axis = _raveled(arrays), 0
    return tuple(arrays), {"axis": axis, **rest}


def _raveled(arrays: list[Any]) -> list[Any]:
    """Arrays as vectors; Python's numbers take the dtype of what they are joined with."""
    numbers = [value_of(a) if type(value_of(a)) in _NUMBERS else None for a in arrays]
    if all(number is None for number in numbers):
        return [np.ravel(a) for a in arrays]
    dtype = np.result_type(
        *[getattr(a, "dtype", a) if n is None else n for a, n in zip(arrays, numbers, strict=True)]
    )
    return [np.ravel(a) if n is None else np.ravel(a).astype(dtype) for a, n in zip(arrays, numbers, strict=True)]


def _parts(arrays: Any) -> list[Any]:
    parts = [plain(a) for a in arrays]
    # NumPy itself writes beyond its memory where it joins matrices along a third axis.
    refuse_matrices(parts)
    return parts


def _concatenate_transpose(out_bar: Any, xs: Any, axis: int = 0) -> list[Any]:
    ends = [int(e) for e in np.cumsum([x.shape[axis] for x in xs])]
    before = (slice(None),) * (axis % len(xs[0].shape))
    return [out_bar[(*before, slice(e - x.shape[axis], e))] for e, x in zip(ends, xs, strict=True)]


def _batch_concatenate(size: int, values: list[Any], batched: Any, axis: int = 0) -> Any:
    rows = [front(size, v, b) for v, b in zip(values, batched, strict=True)]
    return np.concatenate(rows, axis=shift(axis, rows[0].ndim - 1))


_concatenate = linear(np.concatenate, _concatenate_transpose, names=("xs",), bind=_bind_concatenate,
                      batch=_batch_concatenate,
                      value=lambda *xs, axis=0: np.concatenate(xs, axis=axis))  # fmt: skip


def _bind_stack(arrays: Any, axis: int = 0, **rest: Any) -> Any:
    return tuple(_parts(arrays)), {"axis": axis, **rest}


def _stack_transpose(out_bar: Any, xs: Any, axis: int = 0) -> list[Any]:
    if axis == 0:
        return [out_bar[i] for i in range(len(xs))]
    before = (slice(None),) * (axis % (len(xs[0].shape) + 1))
    return [out_bar[(*before, i)] for i in range(len(xs))]


def _batch_stack(size: int, values: list[Any], batched: Any, axis: int = 0) -> Any:
    rows = [front(size, v, b) for v, b in zip(values, batched, strict=True)]
    return np.stack(rows, axis=single(axis, rows[0].ndim) + 1)


_stack = linear(np.stack, _stack_transpose, names=("xs",), bind=_bind_stack, batch=_batch_stack,
                value=lambda *xs, axis=0: np.stack(xs, axis=axis))  # fmt: skip


def _with_dtype(block: Any) -> Any:
    def join(arrays: Any, axis: Any = 0, *, dtype: Any = None, casting: str = "same_kind") -> Any:
        joined = block.apply(arrays, axis)
        if casting != "same_kind":
            np.can_cast(joined.dtype, joined.dtype, casting)
        return joined if dtype is None else joined.astype(dtype, casting=casting)

    return join


for _block in (_concatenate, _stack):
    _block.call = composite(_block.fn)(_with_dtype(_block))


@composite(np.vstack)
def vstack(tup: Any, *, dtype: Any = None, casting: str = "same_kind") -> Any:
    """Arrays joined along the first axis; vectors become rows."""
    return np.concatenate([np.atleast_2d(a) for a in _parts(tup)], axis=0, dtype=dtype, casting=casting)


@composite(np.hstack)
def hstack(tup: Any, *, dtype: Any = None, casting: str = "same_kind") -> Any:
    """Arrays joined along the second axis, vectors along their only one."""
    arrays = [np.atleast_1d(a) for a in _parts(tup)]
    axis = 0 if np.ndim(arrays[0]) == 1 else 1
    return np.concatenate(arrays, axis=axis, dtype=dtype, casting=casting)


@composite(np.dstack)
def dstack(tup: Any) -> Any:
    """Arrays joined along the third axis."""
    return np.concatenate([np.atleast_3d(a) for a in _parts(tup)], axis=2)


@composite(np.column_stack)
def column_stack(tup: Any) -> Any:
    """Vectors as the columns of a matrix."""
    columns = [np.reshape(a, (-1, 1)) if np.ndim(a) < 2 else a for a in _parts(tup)]
    return np.concatenate(columns, axis=1)


@composite(np.block)
def block(arrays: Any) -> Any:
    """An array put together from nested lists of blocks."""
    depths = _depths(arrays)
    if len(depths) != 1:
        raise ValueError(f"block: the lists are nested to different depths: {sorted(depths)}")
    (depth,) = depths
    ndim = max([depth, *[np.ndim(leaf) for leaf in _leaves(arrays)]])
    out = _joined(arrays, depth, ndim)
    return out if depth else copied(out)


def _depths(arrays: Any) -> set[int]:
    if isinstance(arrays, tuple):
        raise TypeError("block takes nested lists, not tuples")
    if not isinstance(arrays, list):
        return {0}
    if not arrays:
        raise ValueError("block: a list is empty")
    return {1 + depth for a in arrays for depth in _depths(a)}


def _leaves(arrays: Any) -> list[Any]:
    return [leaf for a in arrays for leaf in _leaves(a)] if isinstance(arrays, list) else [arrays]


def _joined(arrays: Any, depth: int, ndim: int) -> Any:
    if depth:
        return np.concatenate([_joined(a, depth - 1, ndim) for a in arrays], axis=-depth)
    array = plain(arrays)
    return np.reshape(array, (1,) * (ndim - np.ndim(array)) + np.shape(array))


@composite(np.append)
def append(arr: Any, values: Any, axis: int | None = None) -> Any:
    """Values added at the end; without an axis, of the flattened arrays."""
    if axis is None:
        # Numbers are arrays here, in which `np.concatenate` does not see them any more.
        return np.concatenate([np.ravel(a) for a in _parts([arr, values])])
    return np.concatenate(_parts([arr, values]), axis=axis)


# Splitting


@composite(np.array_split)
def array_split(ary: Any, indices_or_sections: Any, axis: int = 0) -> list[Any]:
    """The array cut along an axis, into parts as equal as can be or at given places."""
    ary = as_array(ary)
    length = ary.shape[axis]
    before = (slice(None),) * single(axis, ary.ndim)
    if isinstance(indices_or_sections, (int, np.integer)):
        cuts = [len(part) for part in np.array_split(np.empty(length), int(indices_or_sections))]
        edges = [0, *[int(c) for c in np.cumsum(cuts)]]
    else:
        edges = [0, *map(operator.index, indices_or_sections), length]
    return [ary[(*before, slice(start, stop))] for start, stop in pairwise(edges)]


@composite(np.split)
def split(ary: Any, indices_or_sections: Any, axis: int = 0) -> list[Any]:
    """The array cut along an axis, into equal parts or at given places."""
    ary = as_array(ary)
    if isinstance(indices_or_sections, (int, np.integer)) and ary.shape[axis] % indices_or_sections:
        raise ValueError(f"an axis of length {ary.shape[axis]} has no {indices_or_sections} equal parts")
    return list(np.array_split(ary, indices_or_sections, axis))


@composite(np.hsplit)
def hsplit(ary: Any, indices_or_sections: Any) -> list[Any]:
    """The array cut along the second axis, a vector along its only one."""
    return list(np.split(ary, indices_or_sections, 1 if np.ndim(ary) > 1 else 0))


@composite(np.vsplit)
def vsplit(ary: Any, indices_or_sections: Any) -> list[Any]:
    """The array cut along the first axis."""
    _needs_axes(ary, 2, "vsplit")
    return list(np.split(ary, indices_or_sections, 0))


@composite(np.dsplit)
def dsplit(ary: Any, indices_or_sections: Any) -> list[Any]:
    """The array cut along the third axis."""
    _needs_axes(ary, 3, "dsplit")
    return list(np.split(ary, indices_or_sections, 2))


def _needs_axes(array: Any, ndim: int, name: str) -> None:
    if np.ndim(array) < ndim:
        raise ValueError(f"{name} works on arrays of {ndim} or more axes, got shape {np.shape(array)}")


if hasattr(np, "unstack"):

    @composite(np.unstack)
    def unstack(x: Any, /, *, axis: int = 0) -> tuple[Any, ...]:
        """The slices along an axis."""
        return tuple(np.moveaxis(x, axis, 0))


# Repeating


@composite(np.repeat)
def repeat(a: Any, repeats: Any, axis: int | None = None) -> Any:
    """Each element repeated, in place."""
    refuse_truths(axis)
    a = np.atleast_1d(plain(a))
    if axis is None:
        a, axis = np.ravel(a), 0
    axis = single(axis, a.ndim)
    length = a.shape[axis]
    if np.ndim(repeats) == 0 and not isinstance(repeats, Variable) and a.ndim < MOST_AXES:
        before, after = a.shape[: axis + 1], a.shape[axis + 1 :]
        spread = np.broadcast_to(np.reshape(a, (*before, 1, *after)), (*before, int(repeats), *after))
        return own(np.reshape(spread, (*a.shape[:axis], length * int(repeats), *after)))
    return in_rows(read(a, (slice(None),) * axis + (np.repeat(np.arange(length), repeats),)))


@composite(np.tile)
def tile(A: Any, reps: Any) -> Any:  # noqa: N803 - NumPy's name
    """The array repeated along its axes."""
    counts = (operator.index(reps),) if np.ndim(reps) == 0 else tuple(map(operator.index, reps))
    ndim = max(A.ndim, len(counts))
    shape = (1,) * (ndim - A.ndim) + A.shape
    counts = (1,) * (ndim - len(counts)) + counts
    pairs = list(zip(counts, shape, strict=True))
    if ndim + sum(c != 1 for c in counts) > MOST_AXES:
        out = np.reshape(A, shape)
        for axis, c in enumerate(counts):
            before = (slice(None),) * axis
            out = out if c == 1 else np.concatenate([out] * c, axis) if c else out[(*before, slice(0))]
        return own(out)
    # An axis that is repeated gets one before it to be spread along.
    apart = np.reshape(A, tuple(n for c, length in pairs for n in ((length,) if c == 1 else (1, length))))
    spread = np.broadcast_to(apart, tuple(n for c, length in pairs for n in ((length,) if c == 1 else (c, length))))
    return own(np.reshape(spread, tuple(c * n for c, n in pairs)))


# Taking out and putting in


@composite(np.delete)
def delete(arr: Any, obj: Any, axis: int | None = None) -> Any:
    """The array without some of its slices."""
    if axis is None:
        arr, axis = np.ravel(arr), 0
    axis = single(axis, arr.ndim)
    out = read(plain(arr), (slice(None),) * axis + (_left(obj, arr.shape[axis]),))
    return in_rows(out, _order_of(arr))


def _left(obj: Any, length: int) -> Any:
    """The places along an axis that `np.delete` leaves."""
    if isinstance(obj, LISTS) and holds_variable(obj):
        obj = plain(obj)
    if not isinstance(obj, Variable):
        return np.delete(np.arange(length), obj)
    if obj.dtype.kind not in "iub":
        raise IndexError("arrays used as indices must be of integer (or boolean) type")
    if obj.ndim or obj.dtype.kind == "b":
        # How many are left may differ from row to row.
        obj = obj.level.number(obj, "places")
        return np.delete(np.arange(length), obj)
    left = np.arange(length - 1)
    return left + (left >= read(np.arange(length), (obj,)))


def _order_of(x: Any) -> str:
    """F where the memory of an array lies column after column, and C elsewhere."""
    return "F" if lying(x).flags.fnc else "C"


@composite(np.insert)
def insert(arr: Any, obj: Any, values: Any, axis: int | None = None) -> Any:
    """The array with values put in before given places."""
    arr = as_array(arr)
    values = as_array(storable(arr, elements(arr, plain(values))))
    if axis is None:
        arr, axis = np.ravel(arr), 0
    axis = single(axis, arr.ndim)
    length = arr.shape[axis]
    values = np.reshape(values, (1,) * (arr.ndim - values.ndim) + values.shape)
    places = _places(obj, length)
    if places.size == 1:
        place = int(places.item())
        if not -length <= place <= length:
            raise IndexError(f"insert: place {place} is outside of axis {axis} of length {length}")
        # A number is read along the first axis of the values, as an index with a number would be.
        values = values if places.ndim else np.moveaxis(values, 0, axis)
        count = values.shape[axis]
        places = place + (length if place < 0 else 0) + np.arange(count)
    else:
        places = np.where(places < 0, places + length, places)
        order = np.argsort(places, kind="stable")
        count = places.size
        places[order] += np.arange(count)
    shape = tuple(count if i == axis else n for i, n in enumerate(arr.shape))
    extra = values.ndim - arr.ndim
    if extra > 0 and set(values.shape[:extra]) == {1}:
        values = np.reshape(values, values.shape[extra:])
    new = np.broadcast_to(values, shape).astype(arr.dtype)
    old = np.ones(length + count, bool)
    old[places] = False
    order = np.empty(length + count, np.intp)
    order[places] = np.arange(length, length + count)
    order[old] = np.arange(length)
    out = np.concatenate([arr, new], axis)[(slice(None),) * axis + (order,)]
    return in_rows(out, _order_of(arr))


def _places(obj: Any, length: int) -> Any:
    """The places that `insert` is given; an array without axes for one number."""
    if isinstance(obj, slice):
        return np.arange(*obj.indices(length), dtype=np.intp)
    places = np.asarray(obj)
    if places.ndim > 1 or (places.dtype.kind == "b" and places.ndim != 1):
        raise ValueError(f"insert takes one place or a vector of them, got shape {places.shape}")
    if places.dtype.kind == "b":
        return np.flatnonzero(places)
    return places.astype(np.intp) if not places.size and not isinstance(obj, np.ndarray) else places.copy()


@composite(np.trim_zeros)
def trim_zeros(filt: Any, trim: str = "fb", axis: Any = None) -> Any:
    """The array without the zeros at its ends."""
    places = np.nonzero(filt)
    axes = normal(axis, filt.ndim)
    sides = trim.lower()
    if set(sides) - {"f", "b"}:
        raise ValueError(f"trim_zeros: trim holds f and b alone, it was {trim!r}")
    edges = [slice(None)] * filt.ndim
    for at in axes:
        found = places[at]
        start = int(np.min(found)) if found.size else filt.shape[at]
        stop = int(np.max(found)) + 1 if found.size else start
        edges[at] = slice(start if "f" in sides else None, stop if "b" in sides else None)
    return filt[tuple(edges)]


@composite(np.meshgrid)
def meshgrid(*xi: Any, copy: bool = True, sparse: bool = False, indexing: str = "xy") -> tuple[Any, ...]:
    """Coordinate grids from coordinate vectors."""
    if indexing not in ("xy", "ij"):
        raise ValueError(f"meshgrid: indexing is 'xy' or 'ij', not {indexing!r}")
    count = len(xi)
    grids = tuple([np.reshape(x, (1,) * i + (-1,) + (1,) * (count - i - 1)) for i, x in enumerate(_parts(xi))])
    if indexing == "xy" and len(grids) > 1:
        grids = tuple([np.swapaxes(g, 0, 1) for g in grids])
    grids = grids if sparse else tuple(np.broadcast_arrays(*grids))
    return tuple([in_rows(own(g)) for g in grids]) if copy else grids


@composite(np.ix_)
def ix_(*args: Any) -> tuple[Any, ...]:
    """Vectors, each along an axis of its own."""
    grids = []
    for i, vector in enumerate(_parts(args)):
        if np.ndim(vector) != 1:
            raise ValueError("ix_ takes vectors")
        vector = np.nonzero(vector)[0] if vector.dtype.kind == "b" else vector
        grids.append(np.reshape(vector, (1,) * i + (-1,) + (1,) * (len(args) - i - 1)))
    return tuple(grids)
