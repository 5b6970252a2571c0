"""Functions that choose among elements: by a condition, by a place, by their order."""

from __future__ import annotations

import operator
from functools import partial
from typing import Any

import numpy as np

from ..core.block import TABLE, composite, constant, linear
from ..core.variable import Variable, bottom, plain, value_of
from .axes import along_axis, as_array, copied, promoted_as, refuse_truths, single
from .indexing import add_at, read, write
from .kinks import kink
from .memory import in_rows, lying, relaid
from .views import own, unwritable, viewed


def _where_x(out_bar: Any, x: Any) -> Any:
    return np.where(x, out_bar, 0.0)


def _where_y(out_bar: Any, x: Any) -> Any:
    return np.where(x, 0.0, out_bar)


def _batch_where(size: int, values: list[Any], batched: Any) -> Any:
    ndim = max(np.ndim(v) - b for v, b in zip(values, batched, strict=True))
    return np.where(*[
        np.reshape(v, (v.shape[0], *(1,) * (ndim + 1 - v.ndim), *v.shape[1:])) if b else v
        for v, b in zip(values, batched, strict=True)
    ])  # fmt: skip


_where = linear(np.where, None, _where_x, _where_y, batch=_batch_where)


def where(condition: Any, *choices: Any) -> Any:
    """One of two values by a condition; without values, the places where it holds."""
    return _where.apply(condition, *choices) if choices else np.nonzero(condition)


_where.call = TABLE[np.where] = where


@composite(np.select)
def select(condlist: Any, choicelist: Any, default: Any = 0) -> Any:
    """The first choice whose condition holds."""
    if len(condlist) != len(choicelist) or not len(condlist):
        raise ValueError("select needs as many choices as conditions, at least one")
    out = plain(default)
    if any(np.asarray(value_of(c)).dtype != bool for c in condlist):
        raise TypeError("select: the conditions must be boolean")
    for condition, choice in reversed(list(zip(condlist, choicelist, strict=True))):
        out = np.where(plain(condition), plain(choice), out)
    return in_rows(out)


@composite(np.choose)
def choose(a: Any, choices: Any, mode: str = "raise") -> Any:
    """The choice that an index names, element by element."""
    a, options = as_array(a), [plain(c) for c in choices]
    np.empty(0, a.dtype).astype(np.intp, casting="same_kind" if a.dtype.kind == "u" else "safe")
    index = within(a, len(options), mode)
    out = options[-1]
    for i in range(len(options) - 2, -1, -1):
        out = np.where(index == i, options[i], out)
    shape = np.broadcast_shapes(np.shape(index), *[np.shape(c) for c in options])
    return out if np.shape(out) == shape else np.broadcast_to(out, shape)


def within(index: Any, length: int, mode: str) -> Any:
    """An index brought inside an axis, as `mode` says."""
    if mode == "wrap":
        return np.remainder(index, length)
    if mode == "clip":
        return np.minimum(np.maximum(index, 0), length - 1)
    if mode != "raise":
        raise ValueError(f"mode is 'raise', 'wrap' or 'clip', not {mode!r}")
    value = bottom(index) if isinstance(index, Variable) else np.asarray(index)
    if np.any((value < 0) | (value >= length)):
        raise ValueError(f"an index is out of bounds for length {length}")
    return index


@composite(np.extract)
def extract(condition: Any, arr: Any) -> Any:
    """The elements where a condition holds."""
    return read(np.ravel(plain(arr)), (np.nonzero(np.ravel(plain(condition)))[0],))


@composite(np.compress)
def compress(condition: Any, a: Any, axis: int | None = None) -> Any:
    """The slices along an axis where a condition holds."""
    refuse_truths(axis)
    a = np.ravel(plain(a)) if axis is None else np.atleast_1d(plain(a))
    at = single(0 if axis is None else axis, np.ndim(a))
    condition = plain(condition)
    if np.ndim(condition) != 1:
        raise ValueError(f"compress: the condition is a vector, it had shape {np.shape(condition)}")
    return np.take(a, np.nonzero(condition)[0], at)


# By place


@composite(np.take)
def take(a: Any, indices: Any, axis: int | None = None, mode: str = "raise") -> Any:
    """The elements, or the slices along an axis, at given places."""
    a, indices = np.atleast_1d(plain(a)), whole(indices)
    refuse_truths(axis)
    if axis is None:
        a, axis = np.ravel(a), 0
    axis = single(axis, np.ndim(a))
    if 0 in a.shape[:axis] or (mode != "raise" and 0 in a.shape[axis + 1 :]):
        # NumPy looks at the places as it takes, and here it takes nothing.
        return np.zeros_like(a, shape=(*a.shape[:axis], *indices.shape, *a.shape[axis + 1 :]))
    indices = indices if mode == "raise" else within(indices, a.shape[axis], mode)
    return in_rows(own(read(a, (slice(None),) * axis + (indices,))))


def whole(indices: Any) -> Any:
    """The places that `np.take` is given, as it reads them: truths are 0 and 1, numbers in a list are cut."""
    value = plain(indices)
    if isinstance(value, Variable):
        return value.astype(np.intp) if value.dtype.kind == "b" else value
    array = np.asarray(value)
    if isinstance(indices, (np.ndarray, np.generic)):
        return array.astype(np.intp, casting="same_kind" if array.dtype.kind == "u" else "safe")
    if array.dtype.kind == "c":
        raise TypeError("a complex number is no index")
    return array.astype(np.intp)


@composite(np.take_along_axis)
def take_along_axis(arr: Any, indices: Any, axis: int | None = -1) -> Any:
    """The elements at given places along an axis, which differ from one line to the next."""
    arr = plain(arr)
    if axis is None:
        arr, axis = np.ravel(arr), 0
    return read(arr, index_along(arr, plain(indices), axis))


def index_along(array: Any, indices: Any, axis: int) -> tuple[Any, ...]:
    """The index of places along an axis, which differ from one line to the next."""
    ndim = np.ndim(array)
    if ndim != np.ndim(indices):
        raise ValueError(f"{np.ndim(indices)} axes of places along an axis for an array of {ndim} axes")
    if not isinstance(indices, Variable) and np.asarray(indices).dtype.kind not in "iu":
        raise IndexError("places along an axis must be whole numbers")
    axis = single(axis, ndim)
    index = [np.reshape(np.arange(n), (1,) * i + (n,) + (1,) * (ndim - i - 1)) for i, n in enumerate(array.shape)]
    index[axis] = indices
    return tuple(index)


def _diagonal_index(rows: int, columns: int, offset: int) -> tuple[Any, Any]:
    start, below = max(offset, 0), max(-offset, 0)
    along = np.arange(max(min(rows - below, columns - start), 0))
    return along + below, along + start


@composite(np.diagonal)
def diagonal(a: Any, offset: int = 0, axis1: int = 0, axis2: int = 1) -> Any:
    """The elements whose places along two axes differ by an offset."""
    out = _diagonal(a, offset, axis1, axis2)
    return viewed(out, a, _diagonal, (offset, axis1, axis2), unwritable, "diagonal")


def _diagonal(a: Any, offset: int, axis1: int, axis2: int) -> Any:
    if a.__class__ is np.ndarray:
        return np.diagonal(a, offset, axis1, axis2)
    a = np.moveaxis(a, (axis1, axis2), (-2, -1))
    return a[(Ellipsis, *_diagonal_index(a.shape[-2], a.shape[-1], offset))]


def _diagonal_put(x: Any, y: Any, offset: int, axis1: int, axis2: int) -> Any:
    turned = np.moveaxis(x, (axis1, axis2), (-2, -1))
    index = (Ellipsis, *_diagonal_index(turned.shape[-2], turned.shape[-1], offset))
    return np.moveaxis(write(turned, y, index), (-2, -1), (axis1, axis2))


def writable_diagonal(a: Any, axis1: int, axis2: int) -> Any:
    """The diagonal along two axes, as `np.einsum` gives it."""
    out = _diagonal(a, 0, axis1, axis2)
    return viewed(out, a, _diagonal, (0, axis1, axis2), _diagonal_put)


@composite(np.diag)
def diag(v: Any, k: int = 0) -> Any:
    """The matrix with a given diagonal, or the diagonal of a matrix."""
    v = plain(v)
    if np.ndim(v) == 2:
        return np.diagonal(v, k)
    if np.ndim(v) != 1:
        raise ValueError(f"diag takes a vector or a matrix, got shape {np.shape(v)}")
    size = v.shape[0] + abs(k)
    return add_at(v, _diagonal_index(size, size, k), (size, size))


@composite(np.diagflat)
def diagflat(v: Any, k: int = 0) -> Any:
    """The matrix whose diagonal holds all elements."""
    return np.diag(np.ravel(plain(v)), k)


@composite(np.triu)
def triu(m: Any, k: int = 0) -> Any:
    """The elements on and above a diagonal, zeros elsewhere."""
    return np.where(np.tri(*m.shape[-2:], k=k - 1, dtype=bool), m.dtype.type(0), m)


@composite(np.tril)
def tril(m: Any, k: int = 0) -> Any:
    """The elements on and below a diagonal, zeros elsewhere."""
    return np.where(np.tri(*m.shape[-2:], k=k, dtype=bool), m, m.dtype.type(0))


# By order: a sort is a gather, so its derivative is that of `x[i]`; equal elements stay in their order


_MOST_SORTED = 32


def _sorting_axis(a: Any, axis: int | None) -> tuple[Any, int]:
    return (np.ravel(a), 0) if axis is None else (a, operator.index(axis))


@composite(np.sort)
def sort(a: Any, axis: int | None = -1, kind: Any = None, order: Any = None, *, stable: Any = None) -> Any:
    """The elements in ascending order along an axis."""
    a, axis = _sorting_axis(as_array(a), axis)
    if not (kind is None and order is None and stable is None):
        # What NumPy does not know it refuses; which of equal elements comes first is always the same.
        np.sort(np.empty(0, a.dtype), kind=kind, order=order, stable=stable)
    if a.ndim > _MOST_SORTED:
        # NumPy sorts such arrays, but gives no order of theirs.
        lines = np.moveaxis(a, axis, -1)
        flat = np.sort(np.reshape(lines, (-1, lines.shape[-1])))
        return np.moveaxis(np.reshape(flat, lines.shape), -1, axis)
    out = np.take_along_axis(a, np.argsort(a, axis=axis, kind="stable"), axis)
    return relaid(out, np.empty_like(lying(a))) if a.ndim > 1 else out


def _partitioned_places(x: Any, kth: Any, axis: int) -> Any:
    """The places that the elements have before `np.partition`, which may order them otherwise than its sibling."""
    places, found = np.argpartition(x, kth, axis=axis), np.partition(x, kth, axis=axis)
    if np.array_equal(np.take_along_axis(x, places, axis), found, equal_nan=True):
        return places
    first, ranks = np.argsort(x, axis=axis, kind="stable"), found
    for _ in range(2):
        ranks = np.argsort(ranks, axis=axis, kind="stable")
    return np.take_along_axis(first, ranks, axis)


_places_of_partition: Any = constant(
    "partition", value=_partitioned_places, names=("x",), parameters=("kth", "axis"), dispatches=False,
    batch=along_axis(lambda x, **params: _places_of_partition.call(x, **params), -1),
)  # fmt: skip


@composite(np.partition)
def partition(a: Any, kth: Any, axis: int | None = -1, kind: str = "introselect", order: Any = None) -> Any:
    """The elements with those below the `kth` before it and those above after it."""
    a, axis = _sorting_axis(plain(a), axis)
    return np.take_along_axis(a, _places_of_partition.call(a, kth=kth, axis=axis), axis)


@composite(np.sort_complex)
def sort_complex(a: Any) -> Any:
    """The elements, as complex numbers, by real and then imaginary part."""
    if a.dtype.kind != "c":
        # NumPy's own choice: single precision for short whole numbers alone.
        short = a.dtype.kind in "iu" and a.dtype.itemsize <= 2
        a = a.astype(np.complex64 if short else np.result_type(a.dtype, np.complex128))
    return np.sort(a, axis=-1)


constant(np.argsort, batch=along_axis(np.argsort, -1), parameters=("axis", "kind", "stable"))
constant(np.argpartition, batch=along_axis(np.argpartition, -1), parameters=("kth", "axis", "kind"))


@composite(np.flatnonzero)
def flatnonzero(a: Any) -> Any:
    """The places of the elements that are not zero, in the flattened array."""
    return np.nonzero(np.ravel(a))[0]


@composite(np.argwhere)
def argwhere(a: Any) -> Any:
    """The places of the elements that are not zero, one a row."""
    return np.transpose(np.stack(np.nonzero(np.atleast_1d(a))))[:, : a.ndim]


# By value


@composite(np.nan_to_num)
def nan_to_num(x: Any, copy: bool = True, nan: Any = 0.0, posinf: Any = None, neginf: Any = None) -> Any:
    """NaNs and infinities replaced by numbers, which have no derivative."""
    x = as_array(x)
    if x.dtype.kind in "biu":
        return copied(x)
    if x.dtype.kind == "c":
        parts = [np.nan_to_num(part, nan=nan, posinf=posinf, neginf=neginf) for part in (np.real(x), np.imag(x))]
        return parts[0] + 1j * parts[1]
    largest = np.finfo(x.dtype).max
    posinf, neginf = largest if posinf is None else posinf, -largest if neginf is None else neginf
    for where, value in ((np.isnan(x), nan), (x == np.inf, posinf), (x == -np.inf, neginf)):
        x = np.where(where, _in_place_of(x, value), x)
    return x[()]


def _in_place_of(x: Any, value: Any) -> Any:
    """What stands for elements of `x`, in its dtype, as if it were copied into it."""
    kind = promoted_as(value)
    if not np.can_cast(kind if isinstance(kind, np.dtype) else type(kind), x.dtype, "same_kind"):
        raise TypeError(f"nan_to_num: {value!r} cannot be cast to {x.dtype} according to the rule 'same_kind'")
    if np.ndim(value) and np.broadcast_shapes(np.shape(value), x.shape) != x.shape:
        raise ValueError(f"nan_to_num: {value!r} cannot be broadcast to shape {x.shape}")
    return as_array(value).astype(x.dtype)


@composite(np.real_if_close)
def real_if_close(a: Any, tol: float = 100) -> Any:
    """The real part where every imaginary part is about zero."""
    if a.dtype.kind != "c":
        return copied(a)
    limit = tol * float(np.finfo(a.dtype).eps) if tol > 1 else tol
    return np.real(a) if np.all(np.absolute(np.imag(a)) < limit) else copied(a)


# Promises at kinks


def _as_numbers(fn: Any, x: Any) -> Any:
    return 1.0 * fn(x)


kink(np.sort, "equal elements", "in the order that they had", [2.0, 1.0, 2.0], [[0, 1, 0], [1, 0, 0], [0, 0, 1]])
kink(np.sort_complex, "equal elements", "in the order that they had", [2.0, 2.0], [[1, 0], [0, 1]],
     lambda x: np.real(np.sort_complex(x)))  # fmt: skip
kink(np.partition, "equal elements", "in the order of `np.argpartition`", [2.0, 2.0], [[1, 0], [0, 1]],
     lambda x: np.partition(x, 0))  # fmt: skip
for _fn in (np.argsort, np.argmax, np.argmin):
    kink(_fn, "equal elements", "0, though the value jumps", [2.0, 2.0], 0, partial(_as_numbers, _fn))
kink(np.where, "where the condition changes", "of what is chosen", [0.0], -1, lambda x: np.where(x > 0, x, -x))
kink(
    np.select, "where a condition changes", "of what is chosen", [0.0], 3, lambda x: np.select([x < 0], [x], 3 * x)
)
kink(np.choose, "where the choice changes", "of what is chosen", [0.0], 3,
     lambda x: np.choose(x >= 0, [x, 3 * x]))  # fmt: skip
kink(np.nan_to_num, "NaN and infinities", "0", [np.nan, np.inf, 1.0], [[0, 0, 0], [0, 0, 0], [0, 0, 1]])
