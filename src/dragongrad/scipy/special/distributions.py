"""Distribution functions and their inverses.

A distribution function is an incomplete gamma or beta function of other arguments, and so are its derivatives. An
inverse has the derivatives that the implicit function theorem gives: `-F_a / F_x` by a parameter.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from typing import Any

import numpy as np
from scipy import special as sp

from .densities import beta_density, gamma_density
from .digammas import psi_difference
from .errors import DENSITY
from .incomplete import betainc_by, by_shape, gammainc_by_a
from .near import somewhere, unmoved
from .verbs import enter, order

# Chi squared: P(v/2, x/2); gamma: P(b, a x); Poisson: Q(k + 1, m)
_chi_v: Callable[..., Any] = lambda x, y: 0.5 * gammainc_by_a(0.5 * x, 0.5 * y)
_chi_x: Callable[..., Any] = lambda x, y: 0.5 * gamma_density(0.5 * x, 0.5 * y)
enter("chdtr", _chi_v, _chi_x)
enter("chdtrc", lambda x, y: -_chi_v(x, y), lambda x, y: -_chi_x(x, y))
enter(
    "chdtri",
    lambda out, x: by_shape(out, lambda out: -_chi_v(x, out) / _chi_x(x, out)),
    lambda out, x: -1 / _chi_x(x, out),
)
enter("chdtriv", lambda out, y: 1 / _chi_v(out, y), lambda out, y: -_chi_x(out, y) / _chi_v(out, y))

_gamma_a: Callable[..., Any] = lambda x, y, z: np.where(np.isinf(z), 0.0, z) * gamma_density(y, x * z)
_gamma_b: Callable[..., Any] = lambda x, y, z: gammainc_by_a(y, x * z)
_gamma_x: Callable[..., Any] = lambda x, y, z: x * gamma_density(y, x * z)
enter("gdtr", _gamma_a, _gamma_b, _gamma_x)
enter(
    "gdtrc",
    lambda x, y, z: -_gamma_a(x, y, z),
    lambda x, y, z: -_gamma_b(x, y, z),
    lambda x, y, z: -_gamma_x(x, y, z),
)
# gdtrix(a, b, p), gdtria(p, b, x) and gdtrib(a, p, x)
enter(
    "gdtrix",
    lambda out, x: -out / x,
    lambda out, x, y: by_shape(out, lambda out: -_gamma_b(x, y, out) / _gamma_x(x, y, out)),
    lambda out, x, y: 1 / _gamma_x(x, y, out),
)
enter(
    "gdtria",
    lambda out, y, z: 1 / _gamma_a(out, y, z),
    lambda out, y, z: by_shape(out, lambda out: -_gamma_b(out, y, z) / _gamma_a(out, y, z)),
    lambda out, z: -out / z,
)
enter(
    "gdtrib",
    lambda out, x, z: -_gamma_a(x, out, z) / _gamma_b(x, out, z),
    lambda out, x, z: 1 / _gamma_b(x, out, z),
    lambda out, x, z: -_gamma_x(x, out, z) / _gamma_b(x, out, z),
)


def _within(*partials: Any) -> list[Callable[..., Any]]:
    """Partials of an inverse whose search SciPy ends at a bound, where the value does not move."""

    def partial(slope: Callable[..., Any]) -> Callable[..., Any]:
        def kept(out: Any, x: Any, y: Any, z: Any) -> Any:
            bound = np.logical_or(np.absolute(out) >= _GREATEST, out == _LEAST)
            return unmoved(bound, out, 1.0, lambda out: slope(out, x, y, z))

        return kept

    return [partial(slope) for slope in partials]


_LEAST, _GREATEST = 1e-100, 1e100
K = order("k")
enter("pdtr", K, lambda x, y: -gamma_density(np.floor(x) + 1, y))
enter("pdtrc", K, lambda x, y: gamma_density(np.floor(x) + 1, y))
enter("pdtri", K, lambda out, x: -1 / gamma_density(np.floor(x) + 1, out))
enter(
    "pdtrik",
    lambda out, y: _counted(out, -1 / gammainc_by_a(out + 1, y)),
    lambda out, y: _counted(out, -gamma_density(out + 1, y) / gammainc_by_a(out + 1, y)),
)


def _counted(out: Any, slope: Any) -> Any:
    """The slope of a count, which SciPy does not let fall below zero."""
    return np.where(out == 0, 0.0, slope)


# Binomial: I(n - k, k + 1, 1 - p); negative binomial: I(n, k + 1, p)
_whole: Callable[..., Any] = lambda x: np.floor(x) * 1.0


def _binomial_p(k: Any, n: Any, p: Any) -> Any:
    return -beta_density(n - _whole(k), _whole(k) + 1, 1 - p, p)


def _of_some(out: Any, k: Any, n: Any, p: Any) -> Any:
    """The slope of the probability of at most k of n, which stays at 0 or 1 where k is none or all."""
    stays = np.logical_or(_whole(k) < 0, _whole(k) == n)
    slope = _binomial_p(np.where(stays, 0.0, k), np.where(stays, 1.0, n), p)
    return np.where(stays, 0.0 * out, slope)


enter("bdtr", K, order("n"), lambda out, x, y, z: _of_some(out, x, y, z))
enter("bdtrc", K, order("n"), lambda out, x, y, z: -_of_some(out, x, y, z))
enter("bdtri", K, order("n"), lambda out, x, y: 1 / _binomial_p(x, y, out))


def _negative_p(k: Any, n: Any, p: Any) -> Any:
    return beta_density(1.0 * n, k + 1.0, p, 1 - p)


enter("nbdtr", K, order("n"), lambda x, y, z: _negative_p(x, y, z))
enter("nbdtrc", K, order("n"), lambda x, y, z: -_negative_p(x, y, z))
enter("nbdtri", K, order("n"), lambda out, x, y: 1 / _negative_p(x, y, out))

# Inverses by a count, which is a real number there: bdtrik(y, n, p), bdtrin(k, y, p), and the same of nbdtr.


def _of_beta(a: Any, b: Any, x: Any, y: Any) -> tuple[Any, Any, Any]:
    return betainc_by(a, b, x, y, True), betainc_by(a, b, x, y, False), beta_density(a, b, x, y)


def _count(form: Callable[..., Any], solved: int) -> list[Callable[..., Any]]:
    """Partials of an inverse of `F(k, n, p)` by `k` or `n`; `form` gives the slopes of `F` by all three."""

    def partial(which: int) -> Callable[..., Any]:
        def slope(out: Any, x: Any, y: Any, z: Any) -> Any:
            # The value of F stands where its argument was: in bdtrik it comes first, in bdtrin second.
            given = (out, y, z) if solved == 0 else (x, out, z)
            slopes = form(*given)
            found = (1.0 if which == solved else -slopes[which]) / slopes[solved]
            return _counted(out, found) if solved == 0 else found

        return slope

    return [partial(0), partial(1), partial(2)]


def _binomial(k: Any, n: Any, p: Any) -> tuple[Any, Any, Any]:
    first, second, density = _of_beta(n - k, k + 1.0, 1 - p, p)
    return second - first, first, -density


def _negative(k: Any, n: Any, p: Any) -> tuple[Any, Any, Any]:
    first, second, density = _of_beta(1.0 * n, k + 1.0, p, 1 - p)
    return second, first, density


enter("bdtrik", *_count(_binomial, 0))
enter("bdtrin", *_within(*_count(_binomial, 1)))
enter("nbdtrik", *_within(*_count(_negative, 0)))
enter("nbdtrin", *_within(*_count(_negative, 1)))

# Inverses of the incomplete beta function by its parameters: btdtria(p, b, x) and btdtrib(a, p, x)
enter(
    "btdtria",
    lambda out, y, z: 1 / betainc_by(out, y, z, 1 - z, True),
    lambda out, y, z: -betainc_by(out, y, z, 1 - z, False) / betainc_by(out, y, z, 1 - z, True),
    lambda out, y, z: -beta_density(out, y, z, 1 - z) / betainc_by(out, y, z, 1 - z, True),
)
enter(
    "btdtrib",
    lambda out, x, z: -betainc_by(x, out, z, 1 - z, True) / betainc_by(x, out, z, 1 - z, False),
    lambda out, x, z: 1 / betainc_by(x, out, z, 1 - z, False),
    lambda out, x, z: -beta_density(x, out, z, 1 - z) / betainc_by(x, out, z, 1 - z, False),
)

# Fisher's: I(m/2, n/2, m x / (n + m x))


def _short_of_infinity(rule: Any, *args: Any) -> Any:
    """A derivative of a distribution function; it is zero where the last argument is infinite."""
    *rest, last = args
    return unmoved(np.isinf(last), last, 1.0, lambda last: rule(*rest, last))


def _fisher(m: Any, n: Any, x: Any) -> tuple[Any, Any, Any, Any]:
    total = n + m * x
    return 0.5 * m, 0.5 * n, m * x / total, n / total


def _fisher_x(x: Any, y: Any, z: Any) -> Any:
    # Far out by its first term: of what is left there the square is no number, by which a slope is divided.
    far = np.logical_and(z > 1e100, np.logical_and(z > 1e40 * (y / x), np.isfinite(z)))
    a, b, low, high = _fisher(x, y, np.where(far, 1.0, z))
    near = beta_density(a, b, low, high) * high * x / (y + x * np.where(far, 1.0, z))
    first, second, log = (np.log(np.where(far, v, 1.0)) for v in (x, y, z))
    least = np.exp(b * (second - first - log) - sp.betaln(a, b) - log)
    return np.where(far, least, near)


def _fisher_of_large(a: Any, b: Any, low: Any, high: Any) -> Any:
    """By the first, where both are large: the sum of two slopes that cancel (as in `incomplete`)."""
    n = a + b
    part, rest = a / n, b / n
    away = rest * low - part * high
    square = np.minimum(away / part * (away / rest) * n, 1e5) - 1
    skewed = square / n * ((rest - part) * (1 / part - 3) / 6 + rest - part / 3)
    return 0.5 * beta_density(a, b, low, high) / n * (away / part * (0.5 * rest - away) + skewed)


def _unless_large(a: Any, b: Any, low: Any, high: Any, usual: Callable[[], Any]) -> Any:
    large = np.logical_and(np.logical_and(a > 1e8, b > 1e8), np.logical_and(np.isfinite(a), np.isfinite(b)))
    if not somewhere(large):
        return usual()
    given = [np.where(large, v, s) for v, s in ((a, 1e8), (b, 1e8), (low, 0.5), (high, 0.5))]
    return np.where(large, _fisher_of_large(*given), usual())


def _fisher_m(x: Any, y: Any, z: Any) -> Any:
    a, b, low, high = _fisher(x, y, z)
    usual = lambda: 0.5 * betainc_by(a, b, low, high, True) + z / x * _fisher_x(x, y, z)
    return _unless_large(a, b, low, high, usual)


def _fisher_n(x: Any, y: Any, z: Any) -> Any:
    a, b, low, high = _fisher(x, y, z)
    usual = lambda: z / y * _fisher_x(x, y, z) - 0.5 * betainc_by(a, b, low, high, False)
    return -_unless_large(b, a, high, low, usual)


enter(
    "fdtr",
    lambda x, y, z: _short_of_infinity(_fisher_m, x, y, z),
    lambda x, y, z: _short_of_infinity(_fisher_n, x, y, z),
    lambda x, y, z: _short_of_infinity(_fisher_x, x, y, z),
)
enter(
    "fdtrc",
    lambda x, y, z: -_short_of_infinity(_fisher_m, x, y, z),
    lambda x, y, z: -_short_of_infinity(_fisher_n, x, y, z),
    lambda x, y, z: -_short_of_infinity(_fisher_x, x, y, z),
)
enter(
    "fdtri",
    lambda out, x, y: by_shape(out, lambda out: -_fisher_m(x, y, out) / _fisher_x(x, y, out)),
    lambda out, x, y: by_shape(out, lambda out: -_fisher_n(x, y, out) / _fisher_x(x, y, out)),
    lambda out, x, y: 1 / _fisher_x(x, y, out),
)
# fdtridfd(m, p, x)
enter(
    "fdtridfd",
    *_within(
        lambda out, x, y, z: -_fisher_m(x, out, z) / _fisher_n(x, out, z),
        lambda out, x, y, z: 1 / _fisher_n(x, out, z),
        lambda out, x, y, z: -_fisher_x(x, out, z) / _fisher_n(x, out, z),
    ),
)

# Student's: 1 - I(v/2, 1/2, v / (v + t**2)) / 2 for positive t


@cache
def _gauss() -> tuple[Any, Any]:
    """Points between 0 and 1, and weights."""
    points, weights = np.polynomial.legendre.leggauss(12)
    return 0.5 * (points + 1), 0.5 * weights


def _student_t(x: Any, y: Any) -> Any:
    """The density, `(v/(v+t**2))**((v+1)/2) / (sqrt(v) beta(v/2, 1/2))`."""
    # With infinitely many degrees of freedom it is the normal one.
    normal = np.exp(-0.5 * y * y) * DENSITY
    far = x == np.inf
    x = np.where(far, 1.0, x)
    return np.where(
        far, normal, np.exp(-0.5 * (x + 1) * np.log1p(y * y / x) - sp.betaln(0.5 * x, 0.5)) / np.sqrt(x)
    )


def _student_v(x: Any, y: Any) -> Any:
    x, y = np.broadcast_arrays(1.0 * x, 1.0 * y)
    normal = x == np.inf
    x = np.where(normal, 1.0, x)
    near = y * y < np.minimum(1e-2 * x, 4.0)
    t = np.where(near, 1.0 + np.sqrt(np.where(near, x, 1.0)), y)
    total = x + t * t
    side = np.where(t < 0, -1.0, 1.0)
    by_first = betainc_by(0.5 * x, 0.5 + 0 * t, x / total, t * t / total, True)
    far = -0.25 * side * by_first - 0.5 * t / x * _student_t(x, t)
    found = np.where(near, _student_v_near(x, np.where(near, y, 0.0)), far)
    return np.where(normal, 0.0, found)


def _student_v_near(x: Any, y: Any) -> Any:
    """About the middle, where the one above has a square root: the integral of the density's derivative."""
    points, weights = _gauss()
    v, t = x[..., None], y[..., None] * points
    ratio = t * t / v
    series = 0.25 / x**2 - 0.125 / x**4 + 0.25 / x**6
    middle = np.where(x > 300, series, 0.5 * (psi_difference(0.5 * x, 0.5) - 1 / x))
    rest = 0.5 * ((v + 1) / v * ratio / (1 + ratio) - np.log1p(ratio))
    return y * np.sum(_student_t(v, t) * (middle[..., None] + rest) * weights, axis=-1)


enter("stdtr", lambda x, y: _short_of_infinity(_student_v, x, y), lambda x, y: _short_of_infinity(_student_t, x, y))
enter("stdtrit", lambda out, x: -_student_v(x, out) / _student_t(x, out), lambda out, x: 1 / _student_t(x, out))
# stdtridf(p, t)


def _freedom(out: Any, y: Any, slope: Callable[..., Any]) -> Any:
    # It is never more than 1e10, and -1e100 where there is none.
    bound = np.logical_or(out >= 1e10, out < 0)
    return unmoved(bound, out, 1.0, lambda out: slope(out, y) / _student_v(out, y))


enter(
    "stdtridf",
    lambda out, y: _freedom(out, y, lambda v, t: 1.0),
    lambda out, y: _freedom(out, y, lambda v, t: -_student_t(v, t)),
)

# The normal distribution solved for its parameters: nrdtrimn(p, std, x) and nrdtrisd(mn, p, x)
_normal_slope: Callable[..., Any] = lambda p: np.exp(0.5 * sp.ndtri(p) ** 2) / DENSITY
enter("nrdtrimn", lambda x, y: -y * _normal_slope(x), lambda x: -sp.ndtri(x), 1)
enter(
    "nrdtrisd",
    lambda y: -1 / sp.ndtri(y),
    lambda out, y: -out / sp.ndtri(y) * _normal_slope(y),
    lambda y: 1 / sp.ndtri(y),
)
