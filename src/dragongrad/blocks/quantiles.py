"""Quantiles and medians: a sort, and a mean of two neighbours."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from ..core.block import composite, unsupported
from ..core.errors import NoRuleError
from ..core.variable import Variable
from .axes import Axis, as_array, normal
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
    fraction = np.asarray(place - np.floor(place))
    if method == "averaged_inverted_cdf":
        return np.where(fraction == 0, 0.5, 1.0).astype(fraction.dtype)
    if method == "midpoint":
        return np.where(place % 1 == 0, 0.0, 0.5).astype(fraction.dtype)
    return fraction


def _lines(a: Any, axes: tuple[int, ...]) -> Any:
    """The elements in ascending order along a first axis that joins some axes, NaNs last."""
    rest = tuple(i for i in range(a.ndim) if i not in axes)
    shape = tuple(a.shape[i] for i in rest)
    count = 1
    for i in axes:
        count *= a.shape[i]
    return np.sort(np.reshape(np.transpose(a, axes + rest), (count, *shape)), axis=0)


def _kept(out: Any, before: tuple[int, ...], shape: tuple[int, ...], axes: tuple[int, ...]) -> Any:
    """The reduced axes back, with length one, behind those of the quantiles."""
    return np.reshape(out, before + tuple(1 if i in axes else n for i, n in enumerate(shape)))


@composite(np.quantile)
def quantile(
    a: Any, q: Any, axis: Axis = None, out: Any = None, overwrite_input: bool = False, method: str = "linear",
    keepdims: Any = False, *, weights: Any = None,
) -> Any:  # fmt: skip
    """The quantiles over axes; between two elements, their weighted mean."""
    return _quantile(a, _plain_quantiles(q), type(q) in (int, float), axis, method, keepdims, weights)


@composite(np.percentile)
def percentile(
    a: Any, q: Any, axis: Axis = None, out: Any = None, overwrite_input: bool = False, method: str = "linear",
    keepdims: Any = False, *, weights: Any = None,
) -> Any:  # fmt: skip
    """The percentiles over axes."""
    fractions = np.true_divide(_plain_quantiles(q), 100)
    return _quantile(a, np.asarray(fractions), type(q) in (int, float), axis, method, keepdims, weights)


def _plain_quantiles(q: Any) -> Any:
    q = as_array(q)
    if isinstance(q, Variable):
        raise NoRuleError("which quantile is asked for has no derivative rule: pass ad.stop_gradient(q)")
    return np.asarray(q)


def _quantile(a: Any, q: Any, weak: bool, axis: Axis, method: str, keepdims: Any, weights: Any) -> Any:
    """Quantiles `q`, each in [0, 1]; `weak`: one Python number, which takes the dtype of the array."""
    a = as_array(a)
    if a.dtype.kind == "c":
        raise TypeError("quantiles need real numbers")
    if not np.all((q >= 0) & (q <= 1)):
        raise ValueError("quantiles must be in the range [0, 1], percentiles in [0, 100]")
    if weights is not None:
        raise NoRuleError("quantiles have no derivative rule for weights=")
    if method not in _PLACES:
        raise ValueError(f"{method!r} is not a method of quantiles; use one of {', '.join(_PLACES)}")
    axes = normal(axis, a.ndim)
    lines = _lines(a, axes)
    n, rest = lines.shape[0], lines.shape[1:]
    if not n:
        raise IndexError("quantiles of no elements")
    place = np.asarray(_PLACES[method](n, q))
    if place.dtype.kind in "iu":
        out = lines[place]
    else:
        low, fraction = np.clip(np.floor(place), 0, n - 1).astype(np.intp), _fraction(method, place)
        high = np.where(place < 0, 0, np.minimum(low + 1, n - 1))
        weight = float(fraction) if weak else np.reshape(fraction, q.shape + (1,) * len(rest))
        out = _between(lines[low], lines[high], weight)
    if lines.dtype.kind == "f":
        # A NaN is sorted last, and makes every quantile NaN.
        out = np.where(np.isnan(lines[-1]), lines[-1], out)
    return _kept(out, q.shape, a.shape, axes) if bool(keepdims) else out[()]


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
        middle = np.where(np.isnan(lines[-1]), lines[-1], middle)[()]
    return _kept(middle, (), a.shape, axes) if bool(keepdims) else middle


unsupported("how many elements are left varies; write np.quantile(x[~np.isnan(x)], q)",
            np.nanquantile, np.nanpercentile, np.nanmedian)  # fmt: skip


# Promises at kinks

kink(np.median, "equal elements", "to the first of those that could stand there", [2.0, 2.0, 1.0], [1, 0, 0])
kink(np.quantile, "equal elements", "to the first of those that could stand there", [1.0, 2.0, 2.0], [0, 0.5, 0.5],
     lambda x: np.quantile(x, 0.75))  # fmt: skip
kink(np.percentile, "equal elements", "to the first of those that could stand there", [1.0, 2.0, 2.0], [0, 1, 0],
     lambda x: np.percentile(x, 50))  # fmt: skip
