"""Incomplete gamma and beta functions, in every argument.

By a parameter they are integrals of the density times a logarithm, over that side of the argument where the
logarithm keeps its sign. The integrals are sums over the points of the double exponential rule (Takahasi and Mori,
1974), which are constants, so that derivatives of any order are sums over the same points. Recurrences avoid what
would cancel where a parameter is small.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from scipy import special as sp

from ...blocks.special import stop_gradient
from .densities import beta_density, beta_term, gamma_density, gamma_term
from .digammas import psi_difference
from .near import somewhere, unmoved
from .verbs import enter


def _half_line(count: int, most: float) -> tuple[Any, Any]:
    """Points and weights on the half line, for what falls as an exponential does."""
    v = np.linspace(-most, most, count)
    points = np.exp(v - np.exp(-v))
    return points, points * (1 + np.exp(-v)) * (v[1] - v[0])


POINTS, WEIGHTS = _half_line(128, 4.3)


def integral(integrand: Any, scale: Any) -> Any:
    """The integral over the half line of what falls about as `exp(-u / scale)`."""
    scale = stop_gradient(scale)[..., None]
    return np.sum(integrand(POINTS * scale) * (WEIGHTS * scale), axis=-1)


def _spread(*values: Any) -> list[Any]:
    """Arrays of at least no axes, with one more for the points of an integral."""
    return [np.asarray(v)[..., None] if not hasattr(v, "shape") else v[..., None] for v in values]


# Gamma


def _gamma_below(a: Any, x: Any) -> Any:
    """By `a`, where `x` is not beyond it: `P(a) = P(a + 1) + x**a exp(-x) / gamma(a + 1)`."""
    top = a + 1.0
    term, log = gamma_term(a, x), np.log(x)
    deep_a, deep_x, deep_log, deep_psi = _spread(top, x, log, sp.psi(top))

    def integrand(u: Any) -> Any:
        return (deep_log - u - deep_psi) * np.exp(-deep_a * u - deep_x * np.expm1(-u))

    found = integral(integrand, 1 / (np.maximum(top - x, 0.0) + np.sqrt(top)))
    # x**(a+1) exp(-x) / gamma(a+1)
    return term * (log - sp.psi(top)) + term * x * found


def _gamma_above(a: Any, x: Any) -> Any:
    """By `a`, of the other side."""
    deep_a, deep_x, deep_psi = _spread(a, x, sp.psi(a))

    def integrand(s: Any) -> Any:
        far = np.log1p(s / deep_x)
        return (np.log(deep_x) + far - deep_psi) * np.exp((deep_a - 1) * far - s)

    steep = np.where(a < 1, 1.0, x / (np.maximum(x - a, 0.0) + 1 + np.sqrt(x)))
    return -gamma_term(a, x) * a / x * integral(integrand, steep)


# From here on integrals lose digits, and quantiles are those of Cornish and Fisher to so many terms.
_LARGE = 1e10


def _gamma_of_large(a: Any, x: Any) -> Any:
    """By `a`, where it is large: of quantiles `a + z sqrt(a) + (z**2 - 1) / 3` at the same z."""
    u = (x - a) / a
    return -gamma_density(a, x) * (1 + u / 2 - u * u / 6 + 1 / (6 * a))


def gammainc_by_a(a: Any, x: Any) -> Any:
    """The derivative of the lower incomplete gamma function by its parameter."""
    known = np.logical_and(np.logical_and(a > 0, x > 0), np.logical_and(np.isfinite(a), np.isfinite(x)))
    end = np.logical_or(np.logical_or(x == 0, x == np.inf), np.logical_and(x > 0, a == np.inf))
    large, below = np.logical_and(known, a > _LARGE), x < a + 0.5
    small = np.logical_and(known, np.logical_not(large))
    found = np.where(end, 0.0, np.nan)
    for where, slope, inner in (
        (np.logical_and(small, below), _gamma_below, (1.0, 1.0)),
        (np.logical_and(small, np.logical_not(below)), _gamma_above, (1.0, 2.0)),
        (large, _gamma_of_large, (_LARGE, _LARGE)),
    ):
        if somewhere(where):
            found = np.where(
                where, slope(*(np.where(where, v, s) for v, s in zip((a, x), inner, strict=True))), found
            )
    return found


def by_shape(out: Any, slope: Callable[[Any], Any], high: float = np.inf) -> Any:
    """The slope of a quantile by a shape; at the ends of the support, 0 and `high`, it does not move."""
    return unmoved(np.logical_or(out == 0, out == high), out, 0.5, slope)


enter("gammainc", lambda x, y: gammainc_by_a(x, y), lambda x, y: gamma_density(x, y))
enter("gammaincc", lambda x, y: -gammainc_by_a(x, y), lambda x, y: -gamma_density(x, y))
_gamma_place: Callable[..., Any] = lambda out, x: by_shape(
    out, lambda out: -gammainc_by_a(x, out) / gamma_density(x, out)
)
enter(
    "gammaincinv",
    _gamma_place,
    lambda out, x: 1 / gamma_density(x, out),
)
enter(
    "gammainccinv",
    _gamma_place,
    lambda out, x: -1 / gamma_density(x, out),
)


# Beta


def _beta_below(a: Any, b: Any, x: Any, y: Any, by_first: Any) -> Any:
    """By `a`, or by `b`, where `x` is not beyond the mean: `I(a) = I(a + 1) + x**a y**b / (a beta(a, b))`."""
    top = a + 1.0
    term = beta_term(a, b, x, y) / a
    first = np.log(x) + psi_difference(a + 1, b - 1)
    second = np.log(y) + psi_difference(b, a)
    now = term * np.where(by_first, first, second)
    rise, other = psi_difference(top, b), psi_difference(b, top)
    deep_a, deep_b, deep_x, deep_y, deep_rise, deep_other, which = _spread(top, b, x, y, rise, other, by_first)

    def integrand(u: Any) -> Any:
        more = np.log1p(-deep_x * np.expm1(-u) / deep_y)
        known = np.where(which, np.log(deep_x) - u + deep_rise, np.log(deep_y) + more + deep_other)
        return known * np.exp(-deep_a * u + (deep_b - 1) * more)

    slope = np.maximum(top - (b - 1) * x / y, 0.0)
    found = integral(integrand, 1 / (slope + np.minimum(top, np.sqrt(top * (1 + top / b)))))
    # x**(a+1) y**(b-1) / beta(a+1, b)
    return now + term * x / y * (a + b) * found


def _beta_of_large(a: Any, b: Any, x: Any, y: Any) -> Any:
    """By `a`, where both are large: of quantiles `m + z s + (z**2 - 1) (b - a) / (3 n**2)` at one z."""
    n = a + b
    part, rest = a / n, b / n
    away = rest * x - part * y
    square = np.minimum(away / part * (away / rest) * n, 1e5) - 1
    skewed = square * (rest - part) / 3
    spread = (away * n - skewed) * (1 / part - 3) / 2
    return -beta_density(a, b, x, y) / n * (rest + (spread - square * (rest - part / 3)) / n)


def betainc_by(a: Any, b: Any, x: Any, y: Any, first: bool) -> Any:
    """The derivative of the incomplete beta function by its first or second parameter; `y` is `1 - x`."""
    known = np.logical_and(np.logical_and(a > 0, b > 0), np.logical_and(x > 0, y > 0))
    known = np.logical_and(known, np.logical_and(np.isfinite(a), np.isfinite(b)))
    end = np.logical_or(np.logical_or(x == 0, y == 0), np.logical_xor(a == np.inf, b == np.inf))
    large = np.logical_and(known, np.logical_and(a > _LARGE, b > _LARGE))
    small = np.logical_and(known, np.logical_not(large))
    out = np.where(end, 0.0, np.nan)
    if somewhere(large):
        given = [np.where(large, v, s) for v, s in ((a, _LARGE), (b, _LARGE), (x, 0.5), (y, 0.5))]
        far = _beta_of_large(*given) if first else -_beta_of_large(*(given[k] for k in (1, 0, 3, 2)))
        out = np.where(large, far, out)
    if not somewhere(small):
        return out
    a, b, x, y = (np.where(small, v, s) for v, s in ((a, 1.0), (b, 1.0), (x, 0.5), (y, 0.5)))
    # I(a, b, x) = 1 - I(b, a, y)
    below = x * (b + 0.5) < y * (a + 0.5)
    one, other = np.where(below, a, b), np.where(below, b, a)
    near, far = np.where(below, x, y), np.where(below, y, x)
    found = _beta_below(one, other, near, far, below if first else np.logical_not(below))
    return np.where(small, np.where(below, found, -found), out)


_beta_a: Callable[..., Any] = lambda x, y, z: betainc_by(x, y, z, 1 - z, True)
_beta_b: Callable[..., Any] = lambda x, y, z: betainc_by(x, y, z, 1 - z, False)
_beta_x: Callable[..., Any] = lambda x, y, z: beta_density(x, y, z, 1 - z)
enter("betainc", _beta_a, _beta_b, _beta_x)
enter(
    "betaincc",
    lambda x, y, z: -_beta_a(x, y, z),
    lambda x, y, z: -_beta_b(x, y, z),
    lambda x, y, z: -_beta_x(x, y, z),
)
_beta_place_a: Callable[..., Any] = lambda out, x, y: by_shape(
    out, lambda out: -_beta_a(x, y, out) / _beta_x(x, y, out), 1.0
)
_beta_place_b: Callable[..., Any] = lambda out, x, y: by_shape(
    out, lambda out: -_beta_b(x, y, out) / _beta_x(x, y, out), 1.0
)
enter(
    "betaincinv",
    _beta_place_a,
    _beta_place_b,
    lambda out, x, y: 1 / _beta_x(x, y, out),
)
enter(
    "betainccinv",
    _beta_place_a,
    _beta_place_b,
    lambda out, x, y: -1 / _beta_x(x, y, out),
)
