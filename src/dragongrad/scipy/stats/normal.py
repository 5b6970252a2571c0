"""Distributions around the normal one, and others on the whole line.

Formulas are those of SciPy; where they take an absolute value or the like, they are written so that they are
smooth.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import scipy.stats as scipys
from scipy import special as sp

from ...blocks.special import stop_gradient
from ...core.block import elementwise
from .families import Family, Formulas, place_of
from .tails import (
    LOG2,
    LOG2PI,
    log_beta_below,
    log_exponential_normal,
    log_exponnorm_below,
    log_gamma_above,
    log_gamma_below,
    log_skewed_below,
)

PI = float(np.pi)
GAMMA = float(np.euler_gamma)
_ANY = lambda *shapes: True


def density(x: Any) -> Any:
    """The logarithm of the normal density."""
    return -x * x / 2 - LOG2PI / 2


def gamma_entropy(a: Any) -> Any:
    """The entropy of the gamma distribution, a + ln G(a) + (1 - a) psi(a); where it cancels, Stirling's series."""
    large = a >= 50.0
    b = np.where(large, a, 50.0)
    u = 1 / b
    series = -1 / 3 + u * (-1 / 12 + u * (-1 / 90 + u * (1 / 120 + u * (1 / 210 - u / 252))))
    far = (1 + LOG2PI + np.log(b)) / 2 + u * series
    c = np.where(large, 1.0, a)
    return np.where(large, far, c + sp.gammaln(c) + (1 - c) * sp.psi(c))


def _students(x: Any, df: Any, near: Any, normal: Any) -> Any:
    """A function of Student's distribution; that of the normal one for infinitely many degrees of freedom."""
    many = np.isinf(df)
    return np.where(many, normal(x), near(x, np.where(many, 1.0, df)))


def _t_density(x: Any, df: Any) -> Any:
    return -sp.betaln(df / 2, 0.5) - np.log(df) / 2 - (df + 1) / 2 * _log_of_square(x / np.sqrt(df))


def _t_cdf(x: Any, df: Any) -> Any:
    return _students(x, df, lambda x, df: sp.stdtr(df, x), sp.ndtr)


def _t_far(x: Any, df: Any) -> Any:
    """The logarithm of the probability of being farther out on that side."""
    size = np.absolute(np.where(x == 0, 1.0, x))
    odds = lambda x, df: log_beta_below(np.log(df) - 2 * np.log(x), df / 2, 0.5) - LOG2
    return _students(size, df, odds, lambda x: sp.log_ndtr(-x))


def _t_ppf(q: Any, df: Any) -> Any:
    return _students(q, df, lambda q, df: sp.stdtrit(df, q), sp.ndtri)


def _t_entropy(df: Any) -> Any:
    """Where its terms cancel, by the asymptotic series in 1 / df."""
    large = df >= 150.0
    u = 1 / np.where(large, df, 150.0)
    series = (1 + LOG2PI) / 2 + u * (1 + u * (1 / 4 + u * (-1 / 6 + u * (-1 / 8 + u * (3 / 10 + u / 4)))))
    df = np.where(large, 1.0, df)
    near = (df + 1) / 2 * (sp.psi((df + 1) / 2) - sp.psi(df / 2)) + np.log(df) / 2 + sp.betaln(df / 2, 0.5)
    return np.where(large, series, near)


norm = Family("norm", "", Formulas(
    density, cdf=lambda x: sp.ndtr(x), sf=lambda x: sp.ndtr(-x), logcdf=lambda x: sp.log_ndtr(x),
    logsf=lambda x: sp.log_ndtr(-x), ppf=lambda q: sp.ndtri(q), isf=lambda q: -sp.ndtri(q), mean=0.0, var=1.0,
    entropy=(LOG2PI + 1) / 2,
))  # fmt: skip
cauchy = Family("cauchy", "", Formulas(
    lambda x: -np.log(PI) - _log_of_square(x), cdf=lambda x: np.arctan2(1.0, -x) / PI,
    sf=lambda x: np.arctan2(1.0, x) / PI, ppf=lambda q: _cauchy_place(q), isf=lambda q: -_cauchy_place(q),
    mean=np.nan, var=np.nan, entropy=float(np.log(4 * PI)),
))  # fmt: skip


def _log_of_square(x: Any) -> Any:
    """`log1p(x * x)`, also where the square is too large for a number."""
    large = np.absolute(x) > 1e100
    far = 2 * np.log(np.absolute(np.where(large, x, 1.0)))
    return np.where(large, far, np.log1p(np.where(large, 0.0, x) ** 2))


def _cauchy_place(q: Any) -> Any:
    """About the middle by the tangent itself, whose inverse would be that of an infinity; above by what is left."""
    above = q > 0.5
    part = np.where(above, 1 - q, q)
    middle = part > 0.25
    inside = np.tan(PI * (np.where(middle, q, 0.5) - 0.5))
    return np.where(middle, inside, np.where(above, 1.0, -1.0) / np.tan(PI * np.where(middle, 0.25, part)))


laplace = Family("laplace", "", Formulas(
    lambda x: -np.absolute(x) - LOG2, cdf=lambda x: _laplace_below(x), sf=lambda x: _laplace_below(-x),
    ppf=lambda q: np.where(q > 0.5, -np.log(2 * (1 - q)), np.log(2 * q)),
    isf=lambda q: np.where(q > 0.5, np.log(2 * (1 - q)), -np.log(2 * q)), mean=0.0, var=2.0, entropy=LOG2 + 1,
    far_below=lambda x: x, far_above=lambda x: -x,
))  # fmt: skip


def _laplace_below(x: Any) -> Any:
    # About zero it is smooth, which an absolute value is not.
    tail = 0.5 * np.exp(np.where(x > 0, -x, x))
    return np.where(x > 0, 1 - tail, tail)


logistic = Family("logistic", "", Formulas(
    lambda x: -x - 2 * np.logaddexp(0.0, -x), cdf=lambda x: sp.expit(x), sf=lambda x: sp.expit(-x),
    logcdf=lambda x: sp.log_expit(x), logsf=lambda x: sp.log_expit(-x), ppf=lambda q: sp.logit(q),
    isf=lambda q: -sp.logit(q), mean=0.0, var=PI**2 / 3, entropy=2.0,
))  # fmt: skip
gumbel_r = Family("gumbel_r", "", Formulas(
    lambda x: -x - np.exp(-x), logcdf=lambda x: -np.exp(-x), ppf=lambda q: -np.log(-np.log(q)),
    isf=lambda q: -np.log(-np.log1p(-q)), mean=GAMMA, var=PI**2 / 6, entropy=GAMMA + 1, far_above=lambda x: -x,
))  # fmt: skip
gumbel_l = Family("gumbel_l", "", Formulas(
    lambda x: x - np.exp(x), logsf=lambda x: -np.exp(x), ppf=lambda q: np.log(-np.log1p(-q)),
    isf=lambda q: np.log(-np.log(q)), mean=-GAMMA, var=PI**2 / 6, entropy=GAMMA + 1, far_below=lambda x: x,
))  # fmt: skip
hypsecant = Family("hypsecant", "", Formulas(
    lambda x: LOG2 - np.log(PI) - np.logaddexp(x, -x), cdf=lambda x: 2 / PI * np.arctan(np.exp(x)),
    sf=lambda x: 2 / PI * np.arctan(np.exp(-x)), ppf=lambda q: np.log(np.tan(PI * q / 2)),
    isf=lambda q: -np.log(np.tan(PI * q / 2)), mean=0.0, var=PI**2 / 4, entropy=float(np.log(2 * PI)),
    far_below=lambda x: x, far_above=lambda x: -x,
))  # fmt: skip


def _bounded_exp(x: Any) -> Any:
    """An exponential of which only the size matters where it is large; an infinite one would have no derivative."""
    return np.exp(np.minimum(x, 100.0))


moyal = Family("moyal", "", Formulas(
    lambda x: -(x + np.exp(-x)) / 2 - LOG2PI / 2, cdf=lambda x: sp.erfc(_bounded_exp(-x / 2) / 2**0.5),
    sf=lambda x: sp.erf(_bounded_exp(-x / 2) / 2**0.5), ppf=lambda q: -LOG2 - 2 * np.log(sp.erfcinv(q)),
    isf=lambda q: -LOG2 - 2 * np.log(sp.erfinv(q)), mean=GAMMA + LOG2, var=PI**2 / 2,
    far_below=lambda x: sp.log_ndtr(-np.exp(-x / 2)), far_above=lambda x: -x / 2,
))  # fmt: skip
t = Family("t", "df", Formulas(
    lambda x, df: _students(x, df, _t_density, density), cdf=_t_cdf, sf=lambda x, df: _t_cdf(-x, df), ppf=_t_ppf,
    isf=lambda q, df: -_t_ppf(q, df), mean=lambda df: np.where(df > 1, 0 * (1 / df), np.inf),
    var=lambda df: np.where(df > 2, 1 / (1 - 2 / np.where(df > 2, df, 3.0)), np.where(df > 1, np.inf, np.nan)),
    entropy=_t_entropy, far_below=_t_far, far_above=_t_far,
))  # fmt: skip


def _skewed_value(x: Any, a: Any) -> Any:
    """By Owen's T, or where little is left of the difference, and in the thin tail nothing, by SciPy's slow way."""
    out = np.asarray(sp.ndtr(x) - 2 * sp.owens_t(x, a))
    small = out < 1e-3
    if np.any(small):
        x, a = np.broadcast_arrays(x, a)
        out[small] = scipys.skewnorm.cdf(x[small], a[small])
    return out[()]


_skewed_below = elementwise(
    lambda x, a: _skewed_value(x, a),
    lambda x, y: 2 * np.exp(density(x) + sp.log_ndtr(x * y)),
    lambda x, y: -np.exp(-x * x * (1 + y * y) / 2) / (PI * (1 + y * y)),
    name="skewnorm_cdf", dispatches=False,
)  # fmt: skip
skewnorm = Family("skewnorm", "a", Formulas(
    lambda x, a: LOG2 + density(x) + sp.log_ndtr(a * x), cdf=lambda x, a: _skewed_below(x, a),
    sf=lambda x, a: _skewed_below(-x, -a), valid=_ANY,
    mean=lambda a: (2 / PI) ** 0.5 * a / np.sqrt(1 + a * a), var=lambda a: 1 - 2 / PI * a * a / (1 + a * a),
    far_below=log_skewed_below, far_above=lambda x, a: log_skewed_below(-x, -a),
))  # fmt: skip
exponnorm = Family("exponnorm", "K", Formulas(
    lambda x, k: log_exponential_normal(x, k) - np.log(k),
    cdf=lambda x, k: sp.ndtr(x) - np.exp(log_exponential_normal(x, k)),
    sf=lambda x, k: sp.ndtr(-x) + np.exp(log_exponential_normal(x, k)),
    mean=lambda k: k, var=lambda k: 1 + k * k, far_below=log_exponnorm_below,
    far_above=lambda x, k: np.logaddexp(sp.log_ndtr(-x), log_exponential_normal(x, k)),
))  # fmt: skip
gennorm: Family = Family("gennorm", "beta", Formulas(
    lambda x, b: np.log(b / 2) - sp.gammaln(1 / b) - np.absolute(x) ** b,
    cdf=lambda x, b: _gennorm_below(x, b), sf=lambda x, b: _gennorm_below(-x, b),
    isf=lambda q, b: -place_of(gennorm, q, [b]), mean=lambda b: 0 * b,
    var=lambda b: np.exp(sp.gammaln(3 / b) - sp.gammaln(1 / b)),
    entropy=lambda b: 1 / b - np.log(b / 2) + sp.gammaln(1 / b), far_below=lambda x, b: _gennorm_far(x, b),
    far_above=lambda x, b: _gennorm_far(x, b),
))  # fmt: skip


def _gennorm_below(x: Any, b: Any) -> Any:
    power = np.where(x == 0, 0.0, np.absolute(np.where(x == 0, 1.0, x)) ** b)
    # Where the power is too large for a number, nothing is left beyond.
    near, over = power < 0.01, power > 1e300
    half = np.where(over, 0.0, 0.5 * sp.gammaincc(1 / b, np.where(near | over, 1.0, power)))
    # By its series about the middle, where the power of an absolute value is smooth no more.
    z = np.where(near, power, 0.0)
    series = 0.5 * x * np.exp(-z) * sum(z**n * sp.rgamma(1 / b + (n + 1.0)) for n in range(8))
    return np.where(near, 0.5 + series, np.where(x > 0, 1 - half, half))


def _gennorm_far(x: Any, b: Any) -> Any:
    """The logarithm of the probability of being farther out on that side."""
    size = np.absolute(np.where(x == 0, 1.0, x))
    return log_gamma_above(1 / b, b * np.log(size), size**b, size**-b) - LOG2


def log_expm1(u: Any) -> Any:
    """`log(exp(u) - 1)` of positive numbers, also where the exponential is too large for one."""
    return u + np.log(-np.expm1(-u))


def log_1m_exp(u: Any) -> Any:
    """`log(1 - exp(-u))` of positive numbers."""
    small = u < LOG2
    near = np.log(-np.expm1(-np.where(small, u, 1.0)))
    return np.where(small, near, np.log1p(-np.exp(-np.where(small, 1.0, u))))


genlogistic = Family("genlogistic", "c", Formulas(
    lambda x, c: np.log(c) - x - (c + 1) * np.logaddexp(0.0, -x), logcdf=lambda x, c: -c * np.logaddexp(0.0, -x),
    ppf=lambda q, c: -log_expm1(-np.log(q) / c), isf=lambda q, c: -log_expm1(-np.log1p(-q) / c),
    mean=lambda c: GAMMA + sp.psi(c), var=lambda c: PI**2 / 6 + sp.zeta(2.0, c),
    far_above=lambda x, c: np.log(c) - x,
))  # fmt: skip


def _loggamma(x: Any, c: Any, above: bool) -> Any:
    """The probability below or above, by the first term of its series where the exponential is too small."""
    low = x < -700.0
    least = np.exp(c * np.where(low, x, 0.0) - sp.gammaln(c + 1))
    mass = (sp.gammaincc if above else sp.gammainc)(c, _bounded_exp(np.where(low, 0.0, x)))
    return np.where(low, 1 - least if above else least, mass)


def _loggamma_place(q: Any, c: Any) -> Any:
    least = (np.log(q) + sp.gammaln(c + 1)) / c
    low = stop_gradient(least) < -700.0
    return np.where(low, least, np.log(sp.gammaincinv(c, np.where(low, 0.5, q))))


loggamma = Family("loggamma", "c", Formulas(
    lambda x, c: c * x - np.exp(x) - sp.gammaln(c), cdf=lambda x, c: _loggamma(x, c, False),
    sf=lambda x, c: _loggamma(x, c, True), ppf=lambda q, c: _loggamma_place(q, c),
    isf=lambda q, c: np.log(sp.gammainccinv(c, q)), mean=lambda c: sp.psi(c), var=lambda c: sp.zeta(2.0, c),
    entropy=lambda c: gamma_entropy(c) - sp.psi(c),
    far_below=lambda x, c: log_gamma_below(c, x, _bounded_exp(x)),
    far_above=lambda x, c: log_gamma_above(c, x, np.exp(x), _bounded_exp(-x)),
))  # fmt: skip
johnsonsu = Family("johnsonsu", "a, b", Formulas(
    lambda x, a, b: density(a + b * np.arcsinh(x)) + np.log(b) - np.log1p(x * x) / 2,
    cdf=lambda x, a, b: sp.ndtr(a + b * np.arcsinh(x)), sf=lambda x, a, b: sp.ndtr(-a - b * np.arcsinh(x)),
    ppf=lambda q, a, b: np.sinh((sp.ndtri(q) - a) / b), isf=lambda q, a, b: np.sinh((-sp.ndtri(q) - a) / b),
    mean=lambda a, b: -np.exp(0.5 / b**2) * np.sinh(a / b),
    var=lambda a, b: 0.5 * np.expm1(1 / b**2) * (np.exp(1 / b**2) * np.cosh(2 * a / b) + 1),
    valid=lambda a, b: b > 0, far_below=lambda x, a, b: sp.log_ndtr(a + b * np.arcsinh(x)),
    far_above=lambda x, a, b: sp.log_ndtr(-a - b * np.arcsinh(x)),
))  # fmt: skip


def _part(x: Any) -> Any:
    """The number where it is not negative, else zero."""
    return np.where(x >= 0, x, 0.0)


laplace_asymmetric = Family("laplace_asymmetric", "kappa", Formulas(
    lambda x, k: np.where(x >= 0, -k * x, x / k) - np.log(k + 1 / k),
    cdf=lambda x, k: np.where(
        x >= 0, 1 - np.exp(-_part(x) * k) / (k * k + 1), np.exp(-_part(-x) / k) * k * k / (k * k + 1)
    ),
    sf=lambda x, k: np.where(
        x >= 0, np.exp(-_part(x) * k) / (k * k + 1), 1 - np.exp(-_part(-x) / k) * k * k / (k * k + 1)
    ),
    ppf=lambda q, k: np.where(
        q >= k * k / (1 + k * k), -np.log((1 - q) * (1 + k * k)) / k, np.log(q * (1 + k * k) / (k * k)) * k
    ),
    mean=lambda k: 1 / k - k, var=lambda k: 1 / (k * k) + k * k, entropy=lambda k: 1 + np.log(k + 1 / k),
    far_below=lambda x, k: x / k - np.log1p(1 / (k * k)), far_above=lambda x, k: -k * x - np.log1p(k * k),
))  # fmt: skip
vonmises = Family("vonmises", "kappa", Formulas(
    lambda x, k: -2 * k * np.sin(x / 2) ** 2 - LOG2PI - np.log(sp.i0e(k)), valid=lambda k: k >= 0,
    vanishing="nowhere", entropy=lambda k: -k * sp.i1e(k) / sp.i0e(k) + np.log(2 * PI * sp.i0e(k)) + k,
))  # fmt: skip


# The normal distribution between two places, by the logarithm of the mass between them


def _log_difference(x: Any, y: Any) -> Any:
    """The logarithm of exp(x) - exp(y)."""
    none = np.isinf(x)
    x, y = np.where(none, 0.0, x), np.where(none, -1.0, y)
    return np.where(none, -np.inf, x + np.log(-np.expm1(y - x)))


def _tail(x: Any) -> Any:
    """The normal distribution function; at an infinite place it does not move."""
    far = np.isinf(x)
    return np.where(far, np.where(x > 0, 1.0, 0.0), sp.ndtr(np.where(far, 0.0, x)))


def _log_tail(x: Any) -> Any:
    far = np.isinf(x)
    return np.where(far, np.where(x > 0, 0.0, -np.inf), sp.log_ndtr(np.where(far, 0.0, x)))


def _log_mass(a: Any, b: Any) -> Any:
    right, left = a > 0, np.logical_and(b <= 0, a <= 0)
    mirrored = np.logical_or(right, left)
    # On one side by the tail of that side, across the middle by both tails.
    low, high = np.where(right, -b, np.where(left, a, -1.0)), np.where(right, -a, np.where(left, b, 0.0))
    tail = _log_difference(_log_tail(high), _log_tail(low))
    across = np.log1p(-_tail(np.where(mirrored, -1.0, a)) - _tail(np.where(mirrored, -1.0, -b)))
    return np.where(mirrored, tail, across)


def _truncated_place(log_q: Any, log_p: Any, a: Any, b: Any) -> Any:
    """The place below which is `q` of the mass and above which is `p`: by the smaller tail of the normal itself."""
    mass = _log_mass(a, b)
    below, above = np.logaddexp(_log_tail(a), log_q + mass), np.logaddexp(_log_tail(-b), log_p + mass)
    left = below < -LOG2
    return np.where(left, sp.ndtri_exp(np.where(left, below, -1.0)), -sp.ndtri_exp(np.where(left, -1.0, above)))


def _truncated_mean(a: Any, b: Any) -> Any:
    mass = _log_mass(a, b)
    return np.exp(density(a) - mass) - np.exp(density(b) - mass)


def _truncated_var(a: Any, b: Any) -> Any:
    mass = _log_mass(a, b)
    at_a, at_b = np.exp(density(a) - mass), np.exp(density(b) - mass)
    ends = np.where(np.isfinite(a), np.where(np.isfinite(a), a, 0.0) * at_a, 0.0) - np.where(
        np.isfinite(b), np.where(np.isfinite(b), b, 0.0) * at_b, 0.0
    )
    return 1 + ends - (at_a - at_b) ** 2


truncnorm = Family("truncnorm", "a, b", Formulas(
    lambda x, a, b: density(x) - _log_mass(a, b), logcdf=lambda x, a, b: _log_mass(a, x) - _log_mass(a, b),
    logsf=lambda x, a, b: _log_mass(x, b) - _log_mass(a, b),
    ppf=lambda q, a, b: _truncated_place(np.log(q), np.log1p(-q), a, b),
    isf=lambda q, a, b: _truncated_place(np.log1p(-q), np.log(q), a, b), low=lambda a, b: a, high=lambda a, b: b,
    mean=_truncated_mean, var=_truncated_var, valid=lambda a, b: a < b,
))  # fmt: skip
