"""Means, variances, quantiles, and the reductions that leave NaNs out."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from ..core.block import composite, unsupported
from ..core.errors import NoRuleError
from ..core.variable import bottom, plain
from .axes import Axis, normal

_NONE = np._NoValue


def _count(x: Any, axis: Axis) -> int:
    size = 1
    for a in normal(axis, x.ndim):
        size *= x.shape[a]
    return size


def _weights(where: Any, a: Any, axis: Axis) -> tuple[Any, Any]:
    """The mask of what counts, and how much that is along the axes."""
    mask = np.broadcast_to(plain(where), a.shape)
    count = np.sum(mask, axis=axis, keepdims=True)
    return mask, count.astype(np.empty(0, np.result_type(a.dtype, np.float16)).real.dtype)


@composite(np.mean)
def mean(
    a: Any, axis: Axis = None, dtype: Any = None, out: Any = None, keepdims: Any = False, *, where: Any = True
) -> Any:
    """The mean over axes."""
    a, keepdims = plain(a), bool(keepdims)
    a = a if dtype is None else a.astype(dtype)
    if where is True:
        return np.sum(a, axis=axis, keepdims=keepdims) / _count(a, axis)
    mask, count = _weights(where, a, axis)
    mean = np.sum(np.where(mask, a, 0.0), axis=axis, keepdims=True) / count
    return mean if keepdims else np.squeeze(mean, normal(axis, a.ndim))


@composite(np.var)
def var(
    a: Any, axis: Axis = None, dtype: Any = None, out: Any = None, ddof: float = 0, keepdims: Any = False, *,
    where: Any = True, mean: Any = _NONE, correction: Any = _NONE,
) -> Any:  # fmt: skip
    """The variance over axes."""
    a, keepdims = plain(a), bool(keepdims)
    ddof = ddof if correction is _NONE else correction
    centre = np.mean(a, axis=axis, dtype=dtype, keepdims=True, where=where) if mean is _NONE else plain(mean)
    centred = a - centre
    square = np.real(centred * np.conj(centred)) if centred.dtype.kind == "c" else centred * centred
    if where is True:
        return np.sum(square, axis=axis, keepdims=keepdims) / max(_count(a, axis) - ddof, 0)
    mask, count = _weights(where, a, axis)
    out = np.sum(np.where(mask, square, 0.0), axis=axis, keepdims=True) / np.maximum(count - ddof, 0)
    return out if keepdims else np.squeeze(out, normal(axis, a.ndim))


@composite(np.std)
def std(a: Any, axis: Axis = None, dtype: Any = None, out: Any = None, ddof: float = 0, keepdims: Any = False,
        **options: Any) -> Any:  # fmt: skip
    """The standard deviation over axes."""
    spread = np.var(a, axis=axis, dtype=dtype, ddof=ddof, keepdims=keepdims, **options)
    # Where all elements are equal there is a kink like that of the norm at zero, and the same choice: zero.
    equal = spread == 0
    return np.where(equal, 0.0, np.sqrt(np.where(equal, 1.0, spread)))[()]


@composite(np.average)
def average(
    a: Any, axis: Axis = None, weights: Any = None, returned: bool = False, *, keepdims: Any = False
) -> Any:
    """The weighted mean over axes."""
    a, keepdims = plain(a), bool(keepdims)
    if weights is None:
        value = np.mean(a, axis=axis, keepdims=keepdims)
        total = np.full(np.shape(value), _count(a, axis), np.result_type(a.dtype, np.float16))
        return (value, total[()]) if returned else value
    w = plain(weights)
    if np.shape(w) != np.shape(a):
        if axis is None:
            raise TypeError(f"average: weights of shape {np.shape(w)} for {np.shape(a)} need an axis")
        axes = normal(axis, a.ndim)
        if np.shape(w) != tuple(a.shape[i] for i in axes):
            raise ValueError(f"average: weights of shape {np.shape(w)} do not fit the axes {axes} of {a.shape}")
        order = np.argsort(axes)
        w = np.transpose(w, order)
        w = np.reshape(w, tuple(n if i in axes else 1 for i, n in enumerate(a.shape)))
        w = np.broadcast_to(w, a.shape)
    total = np.sum(w, axis=axis, keepdims=keepdims)
    if np.any(bottom(total) == 0):
        raise ZeroDivisionError("average: the weights sum to zero")
    value = np.sum(a * w, axis=axis, keepdims=keepdims) / total
    return (value, total) if returned else value


# Quantiles: a sort and a mean of two neighbours

_METHODS = {
    "linear": lambda s: (np.floor(s), s - np.floor(s)),
    "lower": lambda s: (np.floor(s), np.zeros_like(s)),
    "higher": lambda s: (np.ceil(s), np.zeros_like(s)),
    "nearest": lambda s: (np.rint(s), np.zeros_like(s)),
    "midpoint": lambda s: (np.floor(s), np.where(np.floor(s) == s, 0.0, 0.5)),
}


@composite(np.quantile)
def quantile(
    a: Any, q: Any, axis: Axis = None, out: Any = None, overwrite_input: bool = False, method: str = "linear",
    keepdims: Any = False, *, weights: Any = None,
) -> Any:  # fmt: skip
    """The quantiles over axes; between two elements, their weighted mean."""
    if method not in _METHODS or weights is not None:
        what = "weights" if weights is not None else f"method={method!r}"
        raise NoRuleError(f"quantile has no derivative rule for {what}; supported methods: {', '.join(_METHODS)}")
    # As NumPy: a number as quantile keeps the dtype, an array of them is float64.
    keep = isinstance(q, (int, float)) and not isinstance(q, np.generic)
    a, q = plain(a), np.asarray(q, float)
    # Where no two elements are mixed, they are as they were.
    precision = a.dtype if keep or method in ("lower", "higher", "nearest") else np.result_type(a.dtype, np.float64)
    axes = normal(axis, a.ndim)
    rest = tuple(i for i in range(a.ndim) if i not in axes)
    shape = tuple(a.shape[i] for i in rest)
    lines = np.sort(np.reshape(np.transpose(a, axes + rest), (_count(a, axis), *shape)), axis=0)
    if not lines.shape[0]:
        raise ValueError("quantile of no elements")
    if np.any((q < 0) | (q > 1)):
        raise ValueError("quantiles must be in the range [0, 1], percentiles in [0, 100]")
    low, fraction = _METHODS[method](q * (lines.shape[0] - 1))
    low = low.astype(int)
    high = np.minimum(low + 1, lines.shape[0] - 1)
    fraction = np.reshape(fraction, q.shape + (1,) * len(rest)).astype(precision)
    out = lines[low] * (1 - fraction) + lines[high] * fraction
    # A NaN is sorted last, and makes every quantile NaN.
    out = np.where(np.isnan(lines[-1]), np.nan, out)
    if bool(keepdims):
        return np.reshape(out, q.shape + tuple(1 if i in axes else n for i, n in enumerate(a.shape)))
    return out


@composite(np.percentile)
def percentile(a: Any, q: Any, axis: Axis = None, out: Any = None, overwrite_input: bool = False,
               **options: Any) -> Any:  # fmt: skip
    """The percentiles over axes."""
    return np.quantile(
        a, q / 100 if isinstance(q, (int, float)) else np.asarray(q, float) / 100, axis=axis, **options
    )


@composite(np.median)
def median(a: Any, axis: Axis = None, out: Any = None, overwrite_input: bool = False, keepdims: Any = False) -> Any:
    """The median over axes; of an even number of elements, the mean of the middle two."""
    return np.quantile(a, 0.5, axis=axis, keepdims=keepdims)


# Without NaNs


def _filled(fn: Any, value: float) -> Callable[..., Any]:
    def call(a: Any, axis: Axis = None, *args: Any, **options: Any) -> Any:
        a = plain(a)
        return fn(np.where(np.isnan(a), value, a), axis, *args, **options)

    return call


composite(np.nansum)(_filled(np.sum, 0.0))
composite(np.nanprod)(_filled(np.prod, 1.0))
composite(np.nancumsum)(_filled(np.cumsum, 0.0))
composite(np.nancumprod)(_filled(np.cumprod, 1.0))


def _nan_extremum(fn: Any, limit: float) -> Callable[..., Any]:
    def call(a: Any, axis: Axis = None, out: Any = None, keepdims: Any = False, **options: Any) -> Any:
        a, keepdims = plain(a), bool(keepdims)
        missing = np.isnan(a)
        found = fn(np.where(missing, limit, a), axis=axis, keepdims=keepdims, **options)
        return np.where(np.all(missing, axis=axis, keepdims=keepdims), np.nan, found)

    return call


composite(np.nanmax)(_nan_extremum(np.max, -np.inf))
composite(np.nanmin)(_nan_extremum(np.min, np.inf))


def _present(fn: Any) -> Callable[..., Any]:
    def call(a: Any, axis: Axis = None, dtype: Any = None, out: Any = None, *args: Any, where: Any = True,
             **options: Any) -> Any:  # fmt: skip
        a = plain(a)
        present = np.logical_and(np.logical_not(np.isnan(a)), where)
        # What is left out must not be NaN: its partial would multiply the cotangent zero.
        return fn(np.where(present, a, 0.0), axis, dtype, out, *args, where=present, **options)

    return call


for _nan, _fn in ((np.nanmean, np.mean), (np.nanvar, np.var), (np.nanstd, np.std)):
    composite(_nan)(_present(_fn))
unsupported("how many elements are left varies; write np.quantile(x[~np.isnan(x)], q)",
            np.nanquantile, np.nanpercentile, np.nanmedian)  # fmt: skip


# Covariance


@composite(np.cov)
def cov(
    m: Any, y: Any = None, rowvar: bool = True, bias: bool = False, ddof: Any = None, fweights: Any = None,
    aweights: Any = None, *, dtype: Any = None,
) -> Any:  # fmt: skip
    """The covariance matrix of the rows."""
    if fweights is not None or aweights is not None:
        raise NoRuleError("np.cov has no derivative rule for weights: write it with np.average")
    x = np.atleast_2d(plain(m))
    if x.ndim > 2:
        raise ValueError(f"cov takes a vector or a matrix, got shape {x.shape}")
    x = x.T if not rowvar and x.shape[0] != 1 else x
    if y is not None:
        other = np.atleast_2d(plain(y))
        x = np.concatenate([x, other.T if not rowvar and other.shape[0] != 1 else other])
    x = x.astype(np.result_type(x.dtype, np.float64) if dtype is None else dtype)
    ddof = ddof if ddof is not None else 1 - int(bias)
    centred = x - np.mean(x, axis=1, keepdims=True)
    return np.squeeze(centred @ np.conj(centred.T) / max(x.shape[1] - ddof, 0))


@composite(np.corrcoef)
def corrcoef(x: Any, y: Any = None, rowvar: bool = True, *, dtype: Any = None) -> Any:
    """The correlation matrix of the rows."""
    c = np.cov(x, y, rowvar, dtype=dtype)
    if np.ndim(c) == 0:
        return c / c
    deviation = np.sqrt(np.real(np.diagonal(c)))
    return c / deviation[:, None] / deviation[None, :]
