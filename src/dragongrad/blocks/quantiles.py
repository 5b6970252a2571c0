"""Quantiles and medians: a sort, and a mean of two neighbours."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from ..core.block import composite
from ..core.errors import NoRuleError
from ..core.variable import Variable, bottom
from .axes import Axis, as_array, joined, normal, weights_along
from .kinks import kink


def _continuous(alpha: float, beta: float) -> Callable[[int, Any], Any]:
    return lambda n, q: n * q + (alpha + q * (1 - alpha - beta)) - 1


# The place of a quantile among n sorted elements, from 0 on: Hyndman and Fan, "Sample quantiles in statistical
# packages" (1996). Between two elements their weighted mean is taken; whole numbers take one.
_PLACES: dict[str, Callable[[int, Any], Any]] = {
    "linear": lambda n, q: (n - 1) * q,
    "lower": lambda n, q: np.floor((n - 1) * q).astype(np.intp),
    "higher": lambda n, q: np.ceil((n - 1) * q).astype(np.intp),
    "nearest": lambda n, q: np.around((n - 1) * q).astype(np.intp),
    "midpoint": lambda n, q: 0.5 * (np.floor((n - 1) * q) + np.ceil((n - 1) * q)),
    "inverted_cdf": lambda n, q: np.maximum(np.ceil(n * q) - 1, 0).astype(np.intp),
    "averaged_inverted_cdf": lambda n, q: n * q - 1,
    "closest_observation": lambda n, q: _nearest_even(n * q - 1.5),
    "interpolated_inverted_cdf": _continuous(0, 1),
    "hazen": _continuous(0.5, 0.5),
    "weibull": _continuous(0, 0),
    "median_unbiased": _continuous(1 / 3.0, 1 / 3.0),
    "normal_unbiased": _continuous(3 / 8.0, 3 / 8.0),
}


def _nearest_even(place: Any) -> Any:
    whole = np.floor(place)
    stays = (place == whole) & (whole % 2 == 1)
    return np.maximum(np.where(stays, whole, whole + 1), 0).astype(np.intp)


def _fraction(method: str, place: Any) -> Any:
    """How far a place is from the element before it."""
    fraction = as_array(place - np.floor(place))
    if method == "averaged_inverted_cdf":
        return np.where(fraction == 0, 0.5, 1.0).astype(fraction.dtype)
    if method == "midpoint":
        return np.where(place % 1 == 0, 0.0, 0.5).astype(fraction.dtype)
    return fraction


def _lines(a: Any, axes: tuple[int, ...]) -> Any:
    """The elements in ascending order along a first axis that joins some axes, NaNs last."""
    if len(axes) not in (1, a.ndim) and any(a.shape[i] == 0 for i in range(a.ndim) if i not in axes):
        raise ValueError(f"along the axes {axes} of shape {a.shape} no elements could be joined")
    return np.sort(joined(a, axes), axis=0)


def _counts(lines: Any, dtype: Any) -> Any:
    """How many elements of each line are not NaN."""
    return np.sum(np.logical_not(np.isnan(lines)), axis=0).astype(dtype)


def _taken(lines: Any, places: Any, shape: tuple[int, ...]) -> Any:
    """The elements at places that differ from line to line, for quantiles of a shape."""
    rest = lines.shape[1:]
    found = np.take_along_axis(lines, np.reshape(np.broadcast_to(places, shape + rest), (-1, *rest)), 0)
    return np.reshape(found, shape + rest)


def _kept(out: Any, before: tuple[int, ...], shape: tuple[int, ...], axes: tuple[int, ...]) -> Any:
    """The reduced axes back, with length one, behind those of the quantiles."""
    return np.reshape(out, before + tuple(1 if i in axes else n for i, n in enumerate(shape)))


def _quantiles_of(percent: bool, skips: bool) -> Callable[..., Any]:
    def call(
        a: Any, q: Any, axis: Axis = None, out: Any = None, overwrite_input: bool = False, method: str = "linear",
        keepdims: Any = False, *, weights: Any = None,
    ) -> Any:  # fmt: skip
        a, weak = as_array(a), type(q) in (int, float)
        q = as_array(q)
        if isinstance(q, Variable):
            raise NoRuleError("which quantile is asked for has no derivative rule: pass ad.stop_gradient(q)")
        if weak and skips and a.dtype.kind == "f":
            q = q.astype(a.dtype)
        q = np.asarray(np.true_divide(q, 100) if percent else q)
        if a.dtype.kind == "c":
            raise TypeError("quantiles need real numbers")
        if not q.size and q.ndim != 1:
            raise ValueError(f"quantiles of shape {q.shape} ask for none")
        if not np.all((q >= 0) & (q <= 1)):
            raise ValueError("quantiles must be in the range [0, 1], percentiles in [0, 100]")
        if method not in _PLACES:
            raise ValueError(f"{method!r} is not a method of quantiles; use one of {', '.join(_PLACES)}")
        if skips and not a.size:
            return np.nanmean(a, axis=axis, keepdims=keepdims)
        axes, skips_here = normal(axis, a.ndim), skips and a.dtype.kind == "f"
        if weights is None:
            value = _quantile(_lines(a, axes), q, weak and not skips_here, method, skips_here)
        elif method != "inverted_cdf":
            raise ValueError(f"weights= goes with method='inverted_cdf' alone, it was {method!r}")
        else:
            w = weights_along(as_array(weights), a, None if axis is None else axes, "quantiles")
            value = _weighted(joined(a, axes), joined(np.broadcast_to(w, a.shape), axes), q, skips_here)
        return _kept(value, q.shape, a.shape, axes) if bool(keepdims) else value[()]

    return call


for _fn, _percent, _skips in (
    (np.quantile, False, False), (np.percentile, True, False),
    (np.nanquantile, False, True), (np.nanpercentile, True, True),
):  # fmt: skip
    composite(_fn)(_quantiles_of(_percent, _skips))


def _quantile(lines: Any, q: Any, weak: bool, method: str, skips: bool) -> Any:
    """Quantiles `q`, each in [0, 1]; `weak`: one Python number, which takes the dtype of the array."""
    n, rest = lines.shape[0], lines.shape[1:]
    if not n:
        raise IndexError("quantiles of no elements")
    count: Any = n
    if skips:
        # As a number of Python's would be, the count is of the dtype of the quantiles.
        count = _counts(lines, q.dtype if q.dtype.kind == "f" else np.intp)
    place = as_array(_PLACES[method](count, np.reshape(q, q.shape + (1,) * len(rest)) if skips else q))

    def take(at: Any) -> Any:
        return _taken(lines, at, q.shape) if skips else lines[at]

    if place.dtype.kind in "iu":
        out = take(place)
    else:
        low, fraction = np.clip(np.floor(place), 0, count - 1).astype(np.intp), _fraction(method, place)
        high = np.where(place < 0, 0, np.minimum(low + 1, count - 1)).astype(np.intp)
        fraction = fraction if skips else np.reshape(fraction, q.shape + (1,) * len(rest))
        out = _between(take(low), take(high), float(fraction.item()) if weak else fraction)
    return out if skips else _with_nan(out, lines)


def _with_nan(out: Any, lines: Any) -> Any:
    """A NaN is sorted last, and makes every quantile NaN."""
    return np.where(np.isnan(lines[-1]), lines[-1], out) if lines.dtype.kind in "fc" else out


def _weighted(x: Any, w: Any, q: Any, skips: bool) -> Any:
    """The first elements up to which the weights make up `q` of all: a step of the weights leaves them."""
    if np.any(bottom(w) < 0):
        raise ValueError("quantiles: weights cannot be negative")
    missing = np.logical_and(np.isnan(x), skips)
    w = np.where(missing, 0.0, w)
    order = np.argsort(x, axis=0, kind="stable")
    lines, share = np.take_along_axis(x, order, 0), np.cumsum(np.take_along_axis(w, order, 0), axis=0, dtype=float)
    share = share / share[-1]
    if np.any(bottom(np.logical_and(np.isnan(share[-1]), np.logical_not(np.all(missing, axis=0))))):
        raise ValueError("quantiles: the weights hold a NaN or an infinity, or are all zero")
    share = share.astype(q.dtype) if q.dtype.kind == "f" else share
    share = np.where(share == 0, -1.0, share)
    places = np.sum(share < np.reshape(q, q.shape + (1,) * x.ndim), axis=q.ndim)
    out = _taken(lines, np.minimum(places, x.shape[0] - 1), q.shape)
    return out if skips else _with_nan(out, lines)


def _between(low: Any, high: Any, weight: Any) -> Any:
    """The weighted mean of two neighbours, rounded as NumPy rounds it: from the nearer one."""
    gap = high - low
    if isinstance(weight, float):
        return high - gap * (1 - weight) if weight >= 0.5 else low + gap * weight
    return np.where(weight >= 0.5, high - gap * (1 - weight), low + gap * weight)


@composite(np.median)
def median(a: Any, axis: Axis = None, out: Any = None, overwrite_input: bool = False, keepdims: Any = False) -> Any:
    """The median over axes; of an even number of elements, the mean of the middle two."""
    a = as_array(a)
    axes = normal(axis, a.ndim)
    lines = _lines(a, axes)
    n = lines.shape[0]
    middle = np.mean(lines[max((n - 1) // 2, 0) : n // 2 + 1] if n else lines, axis=0)
    if lines.dtype.kind in "fc" and n:
        middle = _with_nan(middle, lines)[()]
    return _kept(middle, (), a.shape, axes) if bool(keepdims) else middle


@composite(np.nanmedian)
def nanmedian(
    a: Any, axis: Axis = None, out: Any = None, overwrite_input: bool = False, keepdims: Any = False
) -> Any:
    """The median of what is not NaN; NaN where nothing is left."""
    a = as_array(a)
    if not a.size:
        return np.nanmean(a, axis=axis, keepdims=keepdims)
    if a.dtype.kind not in "fc":
        return np.median(a, axis=axis, keepdims=keepdims)
    axes = normal(axis, a.ndim)
    lines = _lines(a, axes)
    count = _counts(lines, np.intp)
    low, high = (_taken(lines, place, ()) for place in ((count - 1) // 2, count // 2))
    middle = np.where(count % 2 == 1, low, (low + high) / 2)[()]
    return _kept(middle, (), a.shape, axes) if bool(keepdims) else middle


# Promises at kinks

kink(np.median, "equal elements", "to the first of those that could stand there", [2.0, 2.0, 1.0], [1, 0, 0])
kink(np.quantile, "equal elements", "to the first of those that could stand there", [1.0, 2.0, 2.0], [0, 0.5, 0.5],
     lambda x: np.quantile(x, 0.75))  # fmt: skip
kink(np.percentile, "equal elements", "to the first of those that could stand there", [1.0, 2.0, 2.0], [0, 1, 0],
     lambda x: np.percentile(x, 50))  # fmt: skip
kink(np.nanmedian, "NaN", "0: it is left out", [np.nan, 1.0], [0, 1])
kink(np.nanquantile, "NaN", "0: it is left out", [np.nan, 1.0], [0, 1], lambda x: np.nanquantile(x, 0.5))
kink(np.nanpercentile, "NaN", "0: it is left out", [np.nan, 1.0], [0, 1], lambda x: np.nanpercentile(x, 50))
