"""Means, variances, and the reductions that leave NaNs out."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from ..core.block import composite
from ..core.errors import NoRuleError, describe, user_line
from ..core.variable import Variable, bottom, plain
from .axes import Axis, as_array, in_native_order, keeps, mask_of, normal, single, weights_along
from .elementwise import root_of_sum
from .kinks import kink

_NONE = np._NoValue


def _count(x: Any, axis: Axis) -> int:
    """How many elements are reduced to one."""
    if axis is None:
        return int(x.size)
    size = 1
    for a in axis if isinstance(axis, tuple) else (axis,):
        size *= x.shape[single(a, x.ndim)]
    return size


def _sum_and_count(x: Any, axis: Axis, dtype: Any, keepdims: bool, where: Any) -> tuple[Any, Any]:
    """The sum over axes of what a mask lets count, and how many elements that are."""
    x = x if dtype is None or x.dtype == dtype else x.astype(dtype)
    if where is True:
        return np.sum(x, axis=axis, keepdims=keepdims), _count(x, axis)
    mask = np.broadcast_to(mask_of(where), x.shape)
    total = np.sum(np.where(mask, x, x.dtype.type(0)), axis=axis, keepdims=keepdims)
    if isinstance(mask, Variable):
        return total, np.sum(mask, axis=axis, keepdims=keepdims)
    # NumPy adds up what is given, of which those that are no truths may be more than 1.
    return total, np.add.reduce(np.broadcast_to(where, x.shape), axis, np.intp, None, keepdims)


def _ratio(total: Any, count: Any) -> Any:
    """A sum by a count, in the dtype of the sum where that is not whole."""
    if total.dtype == np.float16:
        # A count can be greater than any number of this dtype.
        return (total.astype(np.float32) / count).astype(np.float16)
    out = total / count
    return out if total.dtype.kind in "biu" or out.dtype == total.dtype else out.astype(total.dtype)


@composite(np.mean)
def mean(
    a: Any, axis: Axis = None, dtype: Any = None, out: Any = None, keepdims: Any = False, *, where: Any = True
) -> Any:
    """The mean over axes."""
    a, keepdims, work = as_array(a), keeps(keepdims), in_native_order(dtype)
    if dtype is None and a.dtype.kind in "biu":
        work = np.float64
    if dtype is None and a.dtype == np.float16:
        # NumPy adds up numbers of half precision in single precision.
        work, dtype = np.float32, np.float16
    value = _ratio(*_sum_and_count(a, axis, work, keepdims, where))
    return value if dtype is None or value.dtype == dtype else value.astype(dtype)


@composite(np.var)
def var(
    a: Any, axis: Axis = None, dtype: Any = None, out: Any = None, ddof: float = 0, keepdims: Any = False, *,
    where: Any = True, mean: Any = _NONE, correction: Any = _NONE,
) -> Any:  # fmt: skip
    """The variance over axes."""
    a, keepdims = as_array(a), keeps(keepdims)
    _refuse_whole(a, dtype)
    if correction is not _NONE:
        if ddof != 0:
            raise ValueError("var and std take ddof= or correction=, not both")
        ddof = correction
    # The dtype is that of the sums: NumPy takes the differences in that of the elements and of their mean.
    work = np.float64 if dtype is None and a.dtype.kind in "biu" else dtype
    if mean is not _NONE:
        apart = a - plain(mean)
    else:
        total, count = _sum_and_count(a, axis, work, True, where)
        apart = a - _ratio(total, count)
        if ddof < 1 and (count.__class__ is not int or count == 1):
            # One number is its own mean wherever it is: there is no derivative of any order.
            apart = np.where(np.logical_and(np.isfinite(a), count == 1), apart.dtype.type(0), apart)
        elif ddof >= 1 and (count.__class__ is not int or count == 1):
            # Zero by zero has no derivative of any order, though the difference has: it is zero for every number.
            none = np.exp(total * np.nan)
            apart = apart * (none if count.__class__ is int else np.where(count == 1, none, none.dtype.type(1)))
    total, count = _sum_and_count(_squared(apart), axis, work, keepdims, where)
    return _ratio(total, np.maximum(count - ddof, 0))


def _refuse_whole(a: Any, dtype: Any) -> None:
    if in_native_order(dtype) is not None and np.dtype(dtype).kind in "biu" and a.dtype.kind in "fc":
        raise NoRuleError(
            f"var and std with dtype={np.dtype(dtype)} truncate {describe(a)} midway, which has no derivative\n"
            f"  at {user_line()}\nLeave dtype out, and write .astype({np.dtype(dtype)}) behind it"
        )


def _squared(x: Any) -> Any:
    """The squares of absolute values."""
    return np.real(x) ** 2 + np.imag(x) ** 2 if x.dtype.kind == "c" else x * x


@composite(np.std)
def std(a: Any, axis: Axis = None, dtype: Any = None, out: Any = None, ddof: float = 0, keepdims: Any = False,
        **options: Any) -> Any:  # fmt: skip
    """The standard deviation over axes."""
    spread = np.var(a, axis=axis, dtype=dtype, ddof=ddof, keepdims=keepdims, **options)
    # Where all elements are equal there is a kink like that of the norm at zero, and the same choice: zero.
    return root_of_sum(spread)


kink(np.std, "equal elements", "0, the mean over all directions; the second is infinite", [1.0, 1.0], [0, 0])


@composite(np.average)
def average(
    a: Any, axis: Axis = None, weights: Any = None, returned: bool = False, *, keepdims: Any = False
) -> Any:
    """The weighted mean over axes."""
    a, keepdims = as_array(a), keeps(keepdims)
    axis = None if axis is None else normal(axis, a.ndim)
    if weights is None:
        value = np.mean(a, axis=axis, keepdims=keepdims)
        if not value.size:
            raise ZeroDivisionError("average: of no rows there is no mean, and no weight of one")
        scale = value.dtype.type(_count(a, axis))
        return (value, np.full(np.shape(value), scale)[()]) if returned else value
    w = weights_along(as_array(weights), a, axis, "average")
    dtype = np.result_type(a.dtype, w.dtype, *(["f8"] if a.dtype.kind in "biu" else []))
    total = np.sum(w, axis=axis, dtype=dtype, keepdims=keepdims)
    if np.any(bottom(total) == 0):
        raise ZeroDivisionError("average: the weights sum to zero")
    value = np.sum(a.astype(dtype) * w.astype(dtype), axis=axis, keepdims=keepdims) / total
    if not returned:
        return value
    return value, total if np.shape(total) == np.shape(value) else +np.broadcast_to(total, np.shape(value))


# Without NaNs, which only floating point has


def _filled(fn: Any, value: float) -> Callable[..., Any]:
    def call(a: Any, axis: Axis = None, *args: Any, **options: Any) -> Any:
        a = as_array(a)
        return fn(np.where(np.isnan(a), value, a) if a.dtype.kind in "fc" else a, axis, *args, **options)

    return call


composite(np.nansum)(_filled(np.sum, 0.0))
composite(np.nanprod)(_filled(np.prod, 1.0))
composite(np.nancumsum)(_filled(np.cumsum, 0.0))
composite(np.nancumprod)(_filled(np.cumprod, 1.0))


def _nan_extremum(fn: Any, limit: float) -> Callable[..., Any]:
    def call(a: Any, axis: Axis = None, out: Any = None, keepdims: Any = False, initial: Any = _NONE,
             where: Any = True) -> Any:  # fmt: skip
        a, options = as_array(a), {"axis": axis, "keepdims": keeps(keepdims)}
        if a.dtype.kind not in "fc":
            return fn(a, initial=initial, where=where, **options)
        missing = np.isnan(a)
        found = fn(np.where(missing, limit, a), initial=initial, where=where, **options)
        if initial is not _NONE:
            return found
        return np.where(np.all(missing, **options), np.nan, found)[()]

    return call


composite(np.nanmax)(_nan_extremum(np.max, -np.inf))
composite(np.nanmin)(_nan_extremum(np.min, np.inf))


def _present(a: Any, dtype: Any, where: Any) -> tuple[Any, Any]:
    """The elements with zeros in place of NaNs, and which of them count: a NaN must meet no partial."""
    if dtype is not None and np.dtype(dtype).kind not in "fc":
        raise TypeError("where the elements are floating-point numbers, dtype= must be of such numbers too")
    present = np.logical_and(np.logical_not(np.isnan(a)), np.broadcast_to(mask_of(where), a.shape))
    a = a if dtype is None else a.astype(dtype)
    return np.where(present, a, a.dtype.type(0)), present


@composite(np.nanmean)
def nanmean(
    a: Any, axis: Axis = None, dtype: Any = None, out: Any = None, keepdims: Any = False, *, where: Any = True
) -> Any:
    """The mean of what is not NaN."""
    a, keepdims = as_array(a), keeps(keepdims)
    if a.dtype.kind not in "fc":
        return np.mean(a, axis, dtype, keepdims=keepdims, where=where)
    x, present = _present(a, in_native_order(dtype), where)
    return _ratio(np.sum(x, axis=axis, keepdims=keepdims), np.sum(present, axis=axis, keepdims=keepdims))


@composite(np.nanvar)
def nanvar(
    a: Any, axis: Axis = None, dtype: Any = None, out: Any = None, ddof: float = 0, keepdims: Any = False, *,
    where: Any = True, mean: Any = _NONE, correction: Any = _NONE,
) -> Any:  # fmt: skip
    """The variance of what is not NaN; NaN where no more than `ddof` elements are left."""
    a = as_array(a)
    if a.dtype.kind not in "fc":
        options = {"ddof": ddof, "keepdims": keepdims, "where": where, "mean": mean, "correction": correction}
        return np.var(a, axis, dtype, **options)
    x, present = _present(a, dtype, where)
    options = {"ddof": ddof, "keepdims": keeps(keepdims), "mean": mean, "correction": correction}
    spread = np.var(x, axis, where=present, **options)
    left = np.sum(present, axis=axis, keepdims=keeps(keepdims)) - (ddof if correction is _NONE else correction)
    # A factor, and no choice, of which the derivative would be zero.
    return spread * np.where(left <= 0, np.nan, 1.0).astype(spread.dtype)


@composite(np.nanstd)
def nanstd(a: Any, axis: Axis = None, dtype: Any = None, out: Any = None, ddof: float = 0, keepdims: Any = False,
           **options: Any) -> Any:  # fmt: skip
    """The standard deviation of what is not NaN."""
    return root_of_sum(np.nanvar(a, axis, dtype, ddof=ddof, keepdims=keepdims, **options))


# Covariance


# Whether the rows of a matrix with one row are turned: NumPy's releases differ.
_TURNS_ONE_ROW = np.ndim(np.cov(np.zeros((1, 2)), rowvar=False, bias=True)) == 2


def _observations(m: Any, dtype: Any, rowvar: bool) -> Any:
    """A variable in each row."""
    x = as_array(m)
    if x.ndim > 2:
        raise ValueError(f"cov takes a vector or a matrix, got shape {x.shape}")
    turned = not rowvar and x.ndim == 2 and (_TURNS_ONE_ROW or x.shape[0] != 1)
    x = np.atleast_2d(x).astype(dtype)
    return x.T if turned else x


def _vector_of_weights(w: Any, length: int, name: str) -> Any:
    w = as_array(w)
    w = w if w.dtype == np.float64 else w.astype(np.float64)
    if w.shape != (length,):
        raise ValueError(f"cov: {name} of shape {w.shape} for {length} observations")
    if np.any(bottom(w) < 0):
        raise ValueError(f"cov: {name} cannot be negative")
    return w


@composite(np.cov)
def cov(
    m: Any, y: Any = None, rowvar: bool = True, bias: bool = False, ddof: Any = None, fweights: Any = None,
    aweights: Any = None, *, dtype: Any = None,
) -> Any:  # fmt: skip
    """The covariance matrix of the rows."""
    if ddof is not None and ddof != int(ddof):
        raise ValueError(f"cov: ddof must be a whole number, it was {ddof}")
    parts = [as_array(v) for v in (m, y) if v is not None]
    dtype = np.result_type(*[p.dtype for p in parts], np.float64) if dtype is None else np.dtype(dtype)
    if dtype.kind not in "fc":
        raise TypeError(f"cov: the dtype must be of floating-point numbers, it was {dtype}")
    x = _observations(m, dtype, rowvar)
    if not x.shape[0]:
        return np.zeros_like(x, dtype=np.float64, shape=(0, 0))
    x = x if y is None else np.concatenate([x, _observations(y, dtype, rowvar)])
    ddof = ddof if ddof is not None else 1 - int(bool(bias))
    count = x.shape[1]
    given = [(w, name) for w, name in ((fweights, "fweights"), (aweights, "aweights")) if w is not None]
    if not given:
        centred = x - np.mean(x, axis=1, keepdims=True)
        return np.squeeze(np.dot(centred, np.conj(centred.T)) * float(np.true_divide(1, max(count - ddof, 0))))
    weights = [_vector_of_weights(w, count, name) for w, name in given]
    if fweights is not None and np.any(bottom(weights[0]) != np.around(bottom(weights[0]))):
        raise TypeError("cov: fweights must be whole numbers")
    w = weights[0] if len(weights) == 1 else weights[0] * weights[1]
    mean, total = np.average(x, axis=1, weights=w, returned=True)
    total = total[0]
    loss = ddof if aweights is None else ddof * np.sum(w * weights[-1]) / total
    centred = x - mean[:, None]
    return np.squeeze(np.dot(centred, np.conj((centred * w).T)) * (1 / np.maximum(total - loss, 0.0)))


@composite(np.corrcoef)
def corrcoef(x: Any, y: Any = None, rowvar: bool = True, *, dtype: Any = None) -> Any:
    """The correlation matrix of the rows."""
    c = np.cov(x, y, rowvar, dtype=dtype)
    if np.ndim(c) == 0:
        return c / c
    deviation = np.sqrt(np.real(np.diagonal(c)))
    return c / deviation[:, None] / deviation[None, :]


# Promises at kinks and singularities

kink(np.nanstd, "equal elements", "0, the mean over all directions; the second is infinite", [1.0, np.nan, 1.0], 0)
for _fn in (np.nanmax, np.nanmin):
    kink(_fn, "equal extrema", "they share it equally", [2.0, np.nan, 2.0], [0.5, 0, 0.5])
for _fn in (np.nansum, np.nanmean, np.nanprod, np.nanmax, np.nanmin):
    kink(_fn, "NaN", "0: it is left out", [np.nan, 1.0], [0, 1])
kink(np.average, "weights that sum to 0", "an error, as for the value", [1.0, -1.0], ZeroDivisionError,
     lambda w: np.average([1.0, 2.0], weights=w))  # fmt: skip
kink(np.corrcoef, "a row of equal elements", "NaN, as the value", [[1.0, 1.0], [1.0, 2.0]], np.nan,
     lambda x: np.corrcoef(x)[0, 1])  # fmt: skip
