"""The noncentral t and F distributions.

A number of the noncentral t distribution is at most `t` with the mean probability `ndtr(t s - nc)`, of which `s` is
the root of a chi-squared number over its degrees of freedom. That is an integral over the logarithm of `s`, by the
trapezoidal rule. By its argument and noncentrality the F distribution is a density times a confluent
hypergeometric series (Johnson, Kotz and Balakrishnan, "Continuous Univariate Distributions" 2, chapters 30, 31).
"""

from __future__ import annotations

from typing import Any

import numpy as np
from scipy import special as sp

from ...blocks.special import stop_gradient
from .densities import HALF_LOG, beta_term, stirling_error
from .digammas import SERIES
from .near import in_pieces, polynomial, trapezoidal
from .verbs import Refused, enter

_POINTS, _WEIGHTS = trapezoidal(769)
# What lies so far below the greatest value, in exponents, is left out.
_DEPTH = 42.0
# The rule has too few points where less degrees of freedom make the integrand fall slowly.
_LEAST = 0.3


def _places(df: Any, most: Any, narrow: Any) -> tuple[Any, Any]:
    """Logarithms of `s` about that of the greatest value, by the curvature there, and weights."""
    df, most, narrow = stop_gradient(df), stop_gradient(most), stop_gradient(narrow)
    side = np.sqrt(2 * _DEPTH / narrow)
    low, high = np.log(most) - side - _DEPTH / df, np.log(most) + side
    return low[..., None] + (high - low)[..., None] * _POINTS, (high - low)[..., None] * _WEIGHTS


def _log_density(half: Any, u: Any) -> Any:
    """The logarithm of the density of `u`, the logarithm of `s`, by half the degrees of freedom (Loader, 2000)."""
    front = 0.5 * np.log(half) - stirling_error(half) + (float(np.log(2)) - HALF_LOG)
    return front + half * (2 * u - np.expm1(2 * u))


def _log_less_psi(x: Any) -> Any:
    """`log(x) - psi(x)`, without the difference where `x` is large."""
    large = x > 12
    inner, inverse = np.where(large, 1.0, x), 1 / np.where(large, x, 12.0)
    square = inverse * inverse
    series = inverse * (0.5 + inverse * polynomial(square, SERIES))
    return np.where(large, series, np.log(inner) - sp.psi(inner))


def _known(df: Any, nc: Any, t: Any) -> tuple[Any, Any, Any, Any]:
    known = np.logical_and(np.logical_and(df >= _LEAST, df < np.inf), np.logical_and(nc < np.inf, nc > -np.inf))
    known = np.logical_and(known, np.logical_and(t < np.inf, t > -np.inf))
    df, nc, t, known = np.broadcast_arrays(1.0 * df, 1.0 * nc, 1.0 * t, known)
    return known, np.where(known, df, 1.0), np.where(known, nc, 0.0), np.where(known, t, 0.0)


def _mean_density(df: Any, nc: Any, t: Any, power: int) -> Any:
    """The mean of `s**power` times the normal density at `t s - nc`."""
    known, df, nc, t = _known(df, nc, t)
    a, b = stop_gradient(df + t * t), stop_gradient(t * nc)
    root = np.sqrt(b * b + 4 * a * stop_gradient(df))
    # The root of a quadratic equation, without a difference.
    most = np.where(b > 0, (b + root) / (2 * a), 2 * stop_gradient(df) / (root - np.where(b > 0, 0.0, b)))
    u, weights = _places(df, most, a * most * most + stop_gradient(df))
    off = t[..., None] * np.exp(u) - nc[..., None]
    exponent = _log_density(0.5 * df[..., None], u) - 0.5 * off * off - HALF_LOG + power * u
    return np.where(known, np.sum(np.exp(exponent) * weights, axis=-1), np.nan)


def _by_df(df: Any, nc: Any, t: Any) -> Any:
    return in_pieces(_mean_slope, df, nc, t)


def _mean_slope(df: Any, nc: Any, t: Any) -> Any:
    """The derivative by the degrees of freedom; NaN where too few digits are left."""
    known, df, nc, t = _known(df, nc, t)
    u, weights = _places(df, 1.0 + 0 * stop_gradient(df), 2 * stop_gradient(df))
    half = 0.5 * df[..., None]
    slope = u - 0.5 * np.expm1(2 * u) + 0.5 * _log_less_psi(half)
    # The slope has the mean zero: from the probability that of the middle may be taken.
    middle = stop_gradient(sp.ndtr(t - nc))[..., None]
    parts = sp.ndtr(t[..., None] * np.exp(u) - nc[..., None]) - middle
    terms = np.exp(_log_density(half, u)) * slope * parts * weights
    total = np.sum(terms, axis=-1)
    lost = np.sum(np.absolute(stop_gradient(terms)), axis=-1) > 1e5 * np.absolute(stop_gradient(total))
    return np.where(np.logical_and(known, np.logical_not(lost)), total, np.nan)


def _by_t(df: Any, nc: Any, t: Any) -> Any:
    return in_pieces(lambda df, nc, t: _mean_density(df, nc, t, 1), df, nc, t)


def _by_nc(df: Any, nc: Any, t: Any) -> Any:
    return -in_pieces(lambda df, nc, t: _mean_density(df, nc, t, 0), df, nc, t)


enter("nctdtr", lambda x, y, z: _by_df(x, y, z), lambda x, y, z: _by_nc(x, y, z), lambda x, y, z: _by_t(x, y, z))
enter(
    "nctdtrit",
    lambda out, x, y: -_by_df(x, y, out) / _by_t(x, y, out),
    lambda out, x, y: -_by_nc(x, y, out) / _by_t(x, y, out),
    lambda out, x, y: 1 / _by_t(x, y, out),
)
enter(
    "nctdtridf",
    lambda out, y, z: 1 / _by_df(out, y, z),
    lambda out, y, z: -_by_nc(out, y, z) / _by_df(out, y, z),
    lambda out, y, z: -_by_t(out, y, z) / _by_df(out, y, z),
)
enter(
    "nctdtrinc",
    lambda out, x, z: -_by_df(x, out, z) / _by_nc(x, out, z),
    lambda out, x, z: 1 / _by_nc(x, out, z),
    lambda out, x, z: -_by_t(x, out, z) / _by_nc(x, out, z),
)


# The F distribution: ncfdtr(dfn, dfd, nc, f). Its beta distributed number is `y`, and `1 - y` is `rest`.

_MIXED = "it is a mixture of infinitely many distributions, whose slopes by it have no formula"
_DFN, _DFD = Refused("dfn", _MIXED), Refused("dfd", _MIXED)


def _share(dfn: Any, dfd: Any, f: Any) -> tuple[Any, Any, Any, Any]:
    a, b = 0.5 * dfn, 0.5 * dfd
    whole = dfn * f + dfd
    return a, b, dfn * f / whole, dfd / whole


def _f_by_f(dfn: Any, dfd: Any, nc: Any, f: Any) -> Any:
    """The density."""
    inside = np.logical_and(f > 0, f < np.inf)
    f = np.where(inside, f, 1.0)
    a, b, y, rest = _share(dfn, dfd, f)
    found = np.exp(-0.5 * nc) * beta_term(a, b, y, rest) / f * sp.hyp1f1(a + b, a, 0.5 * nc * y)
    return np.where(inside, found, np.where(f < 0, 0.0, np.nan))


def _f_by_nc(dfn: Any, dfd: Any, nc: Any, f: Any) -> Any:
    """Minus half the density of `y` that has one degree of freedom more above, over it."""
    inside = np.logical_and(f > 0, f < np.inf)
    a, b, y, rest = _share(dfn, dfd, np.where(inside, f, 1.0))
    found = -0.5 * np.exp(-0.5 * nc) * beta_term(a, b, y, rest) / a * sp.hyp1f1(a + b, a + 1, 0.5 * nc * y)
    return np.where(inside, found, 0.0)


enter("ncfdtr", _DFN, _DFD, lambda x, y, z, u: _f_by_nc(x, y, z, u), lambda x, y, z, u: _f_by_f(x, y, z, u))
enter(
    "ncfdtri",
    _DFN,
    _DFD,
    lambda out, x, y, z: -_f_by_nc(x, y, z, out) / _f_by_f(x, y, z, out),
    lambda out, x, y, z: 1 / _f_by_f(x, y, z, out),
)
enter(
    "ncfdtrinc",
    _DFN,
    _DFD,
    lambda out, x, y, u: 1 / _f_by_nc(x, y, out, u),
    lambda out, x, y, u: -_f_by_f(x, y, out, u) / _f_by_nc(x, y, out, u),
)
