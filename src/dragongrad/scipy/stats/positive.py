"""Distributions of positive numbers."""

from __future__ import annotations

from typing import Any

import numpy as np
from scipy import special as sp

from ...blocks.special import stop_gradient
from ..special.near import somewhere
from .families import Family, Formulas
from .normal import GAMMA, PI, density, gamma_entropy, log_1m_exp, log_expm1
from .tails import (
    LOG2,
    LOG2PI,
    inverse_gaussian,
    inverse_gaussian_above,
    log_beta_below,
    log_gamma_above,
    log_gamma_below,
    relative_square,
)

_INF = np.inf


def _if(condition: Any, value: Any, other: float) -> Any:
    """A value where a condition on the shapes holds; it is computed where it does not, too, and left out."""
    return np.where(condition, value, other)


def _over(x: Any, y: Any, good: Any) -> Any:
    return x / np.where(good, y, 1.0)


expon = Family("expon", "", Formulas(
    lambda x: -x, logsf=lambda x: -x, ppf=lambda q: -np.log1p(-q), isf=lambda q: -np.log(q), mean=1.0, var=1.0,
    entropy=1.0, low=0.0,
))  # fmt: skip
_GAMMA = Formulas(
    lambda x, a: sp.xlogy(a - 1, x) - x - sp.gammaln(a), cdf=lambda x, a: sp.gammainc(a, x),
    sf=lambda x, a: sp.gammaincc(a, x), ppf=lambda q, a: sp.gammaincinv(a, q),
    isf=lambda q, a: sp.gammainccinv(a, q), mean=lambda a: a, var=lambda a: a,
    entropy=gamma_entropy, low=0.0, start=lambda a: a - 1, far_below=lambda x, a: log_gamma_below(a, np.log(x), x),
    far_above=lambda x, a: log_gamma_above(a, np.log(x), x, 1 / x),
)  # fmt: skip
gamma, erlang = Family("gamma", "a", _GAMMA), Family("erlang", "a", _GAMMA)
chi2 = Family("chi2", "df", Formulas(
    lambda x, df: sp.xlogy(df / 2 - 1, x) - x / 2 - sp.gammaln(df / 2) - LOG2 * df / 2,
    cdf=lambda x, df: sp.gammainc(df / 2, x / 2), sf=lambda x, df: sp.gammaincc(df / 2, x / 2),
    ppf=lambda q, df: 2 * sp.gammaincinv(df / 2, q), isf=lambda q, df: 2 * sp.gammainccinv(df / 2, q),
    mean=lambda df: df, var=lambda df: 2 * df,
    entropy=lambda df: LOG2 + gamma_entropy(df / 2), low=0.0, start=lambda df: df / 2 - 1,
    far_below=lambda x, df: log_gamma_below(df / 2, np.log(x) - LOG2, x / 2),
    far_above=lambda x, df: log_gamma_above(df / 2, np.log(x) - LOG2, x / 2, 2 / x),
))  # fmt: skip


def _square_below(x: Any, a: Any, factor: Any) -> Any:
    """The logarithm of the lower incomplete gamma function at `factor * x**2`, of which nothing may be left."""
    return log_gamma_below(a, 2 * np.log(x) + np.log(factor), factor * x * x)


def _square_above(x: Any, a: Any, factor: Any) -> Any:
    """And of the upper one; the square may be infinite."""
    return log_gamma_above(a, 2 * np.log(x) + np.log(factor), factor * x * x, (1 / x) ** 2 / factor)


def _chi_mean(df: Any) -> Any:
    return 2**0.5 * np.exp(sp.gammaln(df / 2 + 0.5) - sp.gammaln(df / 2))


chi = Family("chi", "df", Formulas(
    lambda x, df: LOG2 - LOG2 * df / 2 - sp.gammaln(df / 2) + sp.xlogy(df - 1, x) - x * x / 2,
    cdf=lambda x, df: sp.gammainc(df / 2, x * x / 2), sf=lambda x, df: sp.gammaincc(df / 2, x * x / 2),
    ppf=lambda q, df: np.sqrt(2 * sp.gammaincinv(df / 2, q)),
    isf=lambda q, df: np.sqrt(2 * sp.gammainccinv(df / 2, q)),
    mean=_chi_mean, var=lambda df: df - _chi_mean(df) ** 2,
    entropy=lambda df: gamma_entropy(df / 2) - (LOG2 + sp.psi(df / 2)) / 2, low=0.0,
    start=lambda df: df - 1,
    far_below=lambda x, df: _square_below(x, df / 2, 0.5), far_above=lambda x, df: _square_above(x, df / 2, 0.5),
))  # fmt: skip
f = Family("f", "dfn, dfd", Formulas(
    lambda x, n, m: (
        m / 2 * np.log(m) + n / 2 * np.log(n) + sp.xlogy(n / 2 - 1, x) - (n + m) / 2 * np.log(m + n * x)
        - sp.betaln(n / 2, m / 2)
    ),
    cdf=lambda x, n, m: sp.fdtr(n, m, x), sf=lambda x, n, m: sp.fdtrc(n, m, x),
    ppf=lambda q, n, m: m / n * _odds(q, n / 2, m / 2), isf=lambda q, n, m: m / n / _odds(q, m / 2, n / 2),
    mean=lambda n, m: _if(m > 2, _over(m, m - 2, m > 2) + 0 * n, _INF),
    var=lambda n, m: _if(m > 4, _over(2 * m * m * (n + m - 2), n * (m - 2) ** 2 * (m - 4), m > 4), _INF),
    entropy=lambda n, m: (
        np.log(m) - np.log(n) + gamma_entropy(n / 2) + gamma_entropy(m / 2) - gamma_entropy((n + m) / 2)
        - 2 * sp.psi(m / 2) + sp.psi((n + m) / 2)
    ),
    low=0.0, start=lambda n, m: n / 2 - 1,
    far_below=lambda x, n, m: log_beta_below(np.log(x) + np.log(n) - np.log(m), n / 2, m / 2),
    far_above=lambda x, n, m: log_beta_below(np.log(m) - np.log(n) - np.log(x), m / 2, n / 2),
))  # fmt: skip


lognorm = Family("lognorm", "s", Formulas(
    lambda x, s: density(np.log(x) / s) - np.log(s) - np.log(x), cdf=lambda x, s: sp.ndtr(np.log(x) / s),
    sf=lambda x, s: sp.ndtr(-np.log(x) / s), logcdf=lambda x, s: sp.log_ndtr(np.log(x) / s),
    logsf=lambda x, s: sp.log_ndtr(-np.log(x) / s), ppf=lambda q, s: np.exp(s * sp.ndtri(q)),
    isf=lambda q, s: np.exp(-s * sp.ndtri(q)), mean=lambda s: np.exp(s * s / 2),
    var=lambda s: np.exp(s * s) * np.expm1(s * s), entropy=lambda s: (1 + LOG2PI) / 2 + np.log(s), low=0.0,
    vanishing="ends",
))  # fmt: skip


def _gammas(c: Any, good: Any = True) -> tuple[Any, Any]:
    """The moments of a power of an exponential variable."""
    one, two = (sp.gamma(1 + np.where(good, k * c, 0.0)) for k in (1, 2))
    return one, two - one * one


weibull_min = Family("weibull_min", "c", Formulas(
    lambda x, c: np.log(c) + sp.xlogy(c - 1, x) - x**c, logsf=lambda x, c: -(x**c),
    ppf=lambda q, c: (-np.log1p(-q)) ** (1 / c), isf=lambda q, c: (-np.log(q)) ** (1 / c),
    mean=lambda c: _gammas(1 / c)[0], var=lambda c: _gammas(1 / c)[1],
    entropy=lambda c: -GAMMA / c - np.log(c) + GAMMA + 1, low=0.0, start=lambda c: c - 1,
    far_below=lambda x, c: c * np.log(x),
))  # fmt: skip
weibull_max = Family("weibull_max", "c", Formulas(
    lambda x, c: np.log(c) + sp.xlogy(c - 1, -x) - (-x) ** c, logcdf=lambda x, c: -((-x) ** c),
    ppf=lambda q, c: -((-np.log(q)) ** (1 / c)), isf=lambda q, c: -((-np.log1p(-q)) ** (1 / c)),
    mean=lambda c: -_gammas(1 / c)[0], var=lambda c: _gammas(1 / c)[1],
    entropy=lambda c: -GAMMA / c - np.log(c) + GAMMA + 1, high=0.0, start=lambda c: c - 1,
    far_above=lambda x, c: c * np.log(-x),
))  # fmt: skip


def _log_below(x: Any, c: Any) -> Any:
    """The logarithm of `1 - exp(-x**c)`, also where the power is too large for a number, or too small."""
    log = c * np.log(x)
    tiny, huge = log < -300.0, log > 650.0
    near = log_1m_exp(np.where(tiny | huge, 1.0, x) ** c)
    return np.where(tiny, log, np.where(huge, 0.0, near))


def _exponweib_density(x: Any, a: Any, c: Any) -> Any:
    start = x == 0
    y = np.where(start, 1.0, x)
    inside = (a - 1) * _log_below(y, c) + (c - 1) * np.log(y)
    return np.log(a) + np.log(c) + np.where(start, sp.xlogy(a * c - 1, x), inside) - x**c


exponweib = Family("exponweib", "a, c", Formulas(
    _exponweib_density, logcdf=lambda x, a, c: a * _log_below(x, c),
    ppf=lambda q, a, c: (-np.log1p(-(q ** (1 / a)))) ** (1 / c), low=0.0,
    far_above=lambda x, a, c: np.log(a) - x**c, start=lambda a, c: a * c - 1,
))  # fmt: skip
invweibull = Family("invweibull", "c", Formulas(
    lambda x, c: np.log(c) - (c + 1) * np.log(x) - x**-c, logcdf=lambda x, c: -(x**-c),
    ppf=lambda q, c: (-np.log(q)) ** (-1 / c), isf=lambda q, c: (-np.log1p(-q)) ** (-1 / c),
    mean=lambda c: _if(c > 1, _gammas(-1 / c, c > 1)[0], _INF),
    var=lambda c: _if(c > 2, _gammas(-1 / c, c > 2)[1], _INF), entropy=lambda c: 1 + GAMMA + GAMMA / c - np.log(c),
    low=0.0, vanishing="ends", far_above=lambda x, c: -c * np.log(x),
))  # fmt: skip
pareto = Family("pareto", "b", Formulas(
    lambda x, b: np.log(b) - (b + 1) * np.log(x), logsf=lambda x, b: -b * np.log(x),
    ppf=lambda q, b: np.exp(-np.log1p(-q) / b), isf=lambda q, b: q ** (-1 / b),
    mean=lambda b: _if(b > 1, _over(b, b - 1, b > 1), _INF),
    var=lambda b: _if(b > 2, _over(b, (b - 2) * (b - 1) ** 2, b > 2), _INF),
    entropy=lambda b: 1 + 1 / b - np.log(b), low=1.0,
))  # fmt: skip
lomax = Family("lomax", "c", Formulas(
    lambda x, c: np.log(c) - (c + 1) * np.log1p(x), logsf=lambda x, c: -c * np.log1p(x),
    ppf=lambda q, c: np.expm1(-np.log1p(-q) / c), isf=lambda q, c: np.expm1(-np.log(q) / c),
    mean=lambda c: _if(c > 1, _over(1.0, c - 1, c > 1), _INF),
    var=lambda c: _if(c > 2, _over(c, (c - 2) * (c - 1) ** 2, c > 2), _INF),
    entropy=lambda c: 1 + 1 / c - np.log(c), low=0.0,
))  # fmt: skip
rayleigh = Family("rayleigh", "", Formulas(
    lambda x: np.log(x) - x * x / 2, logsf=lambda x: -x * x / 2, ppf=lambda q: np.sqrt(-2 * np.log1p(-q)),
    isf=lambda q: np.sqrt(-2 * np.log(q)), mean=(PI / 2) ** 0.5, var=(4 - PI) / 2,
    entropy=GAMMA / 2 + 1 - LOG2 / 2, low=0.0, vanishing="low",
    far_below=lambda x: 2 * np.log(x) - LOG2,
))  # fmt: skip
maxwell = Family("maxwell", "", Formulas(
    lambda x: float(np.log(2 / PI)) / 2 + 2 * np.log(x) - x * x / 2, cdf=lambda x: sp.gammainc(1.5, x * x / 2),
    sf=lambda x: sp.gammaincc(1.5, x * x / 2), ppf=lambda q: np.sqrt(2 * sp.gammaincinv(1.5, q)),
    isf=lambda q: np.sqrt(2 * sp.gammainccinv(1.5, q)), mean=2 * (2 / PI) ** 0.5, var=3 - 8 / PI,
    entropy=GAMMA + LOG2PI / 2 - 0.5, low=0.0, far_below=lambda x: _square_below(x, 1.5, 0.5),
    far_above=lambda x: _square_above(x, 1.5, 0.5), start=2.0,
))  # fmt: skip
halfnorm = Family("halfnorm", "", Formulas(
    lambda x: density(x) + LOG2, cdf=lambda x: sp.erf(x / 2**0.5), sf=lambda x: sp.erfc(x / 2**0.5),
    ppf=lambda q: sp.erfinv(q) * 2**0.5, isf=lambda q: -sp.ndtri(q / 2), mean=(2 / PI) ** 0.5, var=1 - 2 / PI,
    entropy=float(np.log(PI / 2)) / 2 + 0.5, low=0.0, far_above=lambda x: sp.log_ndtr(-x),
))  # fmt: skip
halfcauchy = Family("halfcauchy", "", Formulas(
    lambda x: float(np.log(2 / PI)) - np.log1p(x * x), cdf=lambda x: 2 / PI * np.arctan(x),
    sf=lambda x: 2 / PI * np.arctan2(1.0, x), ppf=lambda q: np.tan(PI / 2 * q),
    isf=lambda q: np.where(
        q > 0.5, np.tan(PI / 2 * (1 - np.where(q > 0.5, q, 1.0))), 1 / np.tan(PI / 2 * np.where(q > 0.5, 0.5, q))
    ),
    mean=_INF, var=_INF, entropy=LOG2PI, low=0.0,
))  # fmt: skip
halflogistic = Family("halflogistic", "", Formulas(
    lambda x: LOG2 - x - 2 * np.logaddexp(0.0, -x), cdf=lambda x: -np.expm1(-x) / (1 + np.exp(-x)),
    sf=lambda x: 2 * sp.expit(-x),
    ppf=lambda q: 2 * np.arctanh(q), isf=lambda q: np.log(2 - q) - np.log(q), mean=2 * LOG2,
    var=PI**2 / 3 - 4 * LOG2**2, entropy=2 - LOG2, low=0.0, far_above=lambda x: -x,
))  # fmt: skip


def _inverted(x: Any, a: Any, at_zero: float, mass: Any) -> Any:
    """A probability at `1 / x`, which does not move where that is too large."""
    least = (a + 1) * x < 1e-150
    return np.where(least, at_zero, mass(a, 1 / np.where(least, 1.0, x)))


invgamma = Family("invgamma", "a", Formulas(
    lambda x, a: -(a + 1) * np.log(x) - sp.gammaln(a) - 1 / x,
    cdf=lambda x, a: _inverted(x, a, 0.0, lambda a, y: sp.gammaincc(a, y)),
    sf=lambda x, a: _inverted(x, a, 1.0, lambda a, y: sp.gammainc(a, y)),
    far_below=lambda x, a: log_gamma_above(a, -np.log(x), 1 / x, x),
    far_above=lambda x, a: log_gamma_below(a, -np.log(x), 1 / x), ppf=lambda q, a: 1 / sp.gammainccinv(a, q),
    isf=lambda q, a: 1 / sp.gammaincinv(a, q), mean=lambda a: _if(a > 1, _over(1.0, a - 1, a > 1), _INF),
    var=lambda a: _if(a > 2, _over(1.0, (a - 1) ** 2 * (a - 2), a > 2), _INF),
    entropy=lambda a: gamma_entropy(a) - 2 * sp.psi(a), low=0.0, vanishing="ends",
))  # fmt: skip


invgauss = Family("invgauss", "mu", Formulas(
    lambda x, mu: -LOG2PI / 2 - 1.5 * np.log(x) - relative_square(x, mu) / 2,
    logcdf=lambda x, mu: inverse_gaussian(x, mu, 1), logsf=lambda x, mu: inverse_gaussian_above(x, mu),
    mean=lambda mu: mu, var=lambda mu: mu**3, low=0.0, vanishing="ends",
))  # fmt: skip
wald = Family("wald", "", Formulas(
    lambda x: -LOG2PI / 2 - 1.5 * np.log(x) - relative_square(x, 1.0) / 2,
    logcdf=lambda x: inverse_gaussian(x, 1.0, 1),
    logsf=lambda x: inverse_gaussian_above(x, 1.0), mean=1.0, var=1.0, low=0.0, vanishing="ends",
))  # fmt: skip
levy = Family("levy", "", Formulas(
    lambda x: -LOG2PI / 2 - 1.5 * np.log(x) - 0.5 / x,
    cdf=lambda x: _inverted(x, 0.0, 0.0, lambda a, y: sp.erfc(np.sqrt(0.5 * y))),
    sf=lambda x: _inverted(x, 0.0, 1.0, lambda a, y: sp.erf(np.sqrt(0.5 * y))),
    ppf=lambda q: 1 / sp.ndtri(q / 2) ** 2, isf=lambda q: 0.5 / sp.erfinv(q) ** 2, mean=_INF, var=_INF,
    entropy=(1 + 3 * GAMMA + float(np.log(16 * PI))) / 2, low=0.0, vanishing="ends",
    far_below=lambda x: sp.log_ndtr(-1 / np.sqrt(x)),
))  # fmt: skip


def _log1p_power(x: Any, c: Any) -> Any:
    """`log1p(x**c)`, also where the power is too large for a number; at zero that of a positive power."""
    zero = x == 0
    least = np.where(zero, x, 1.0) ** np.absolute(c)
    return np.where(zero, least, np.logaddexp(0.0, c * np.log(np.where(zero, 1.0, x))))


fisk = Family("fisk", "c", Formulas(
    lambda x, c: np.log(c) + sp.xlogy(c - 1, x) - 2 * _log1p_power(x, c), logcdf=lambda x, c: -_log1p_power(x, -c),
    logsf=lambda x, c: -_log1p_power(x, c), ppf=lambda q, c: (q / (1 - q)) ** (1 / c),
    isf=lambda q, c: ((1 - q) / q) ** (1 / c), mean=lambda c: _if(c > 1, _fisk(c, c > 1, 1), _INF),
    var=lambda c: _if(c > 2, _fisk(c, c > 2, 2) - _fisk(c, c > 2, 1) ** 2, _INF),
    entropy=lambda c: 2 - np.log(c), low=0.0, start=lambda c: c - 1,
))  # fmt: skip


def _fisk(c: Any, good: Any, k: int) -> Any:
    angle = k * PI / np.where(good, c, 3.0)
    return angle / np.sin(angle)


burr = Family("burr", "c, d", Formulas(
    lambda x, c, d: np.log(c) + np.log(d) + sp.xlogy(c * d - 1, x) - (d + 1) * _log1p_power(x, c),
    logcdf=lambda x, c, d: -d * _log1p_power(x, -c),
    ppf=lambda q, c, d: np.exp(-log_expm1(-np.log(q) / d) / c),
    isf=lambda q, c, d: np.exp(-log_expm1(-np.log1p(-q) / d) / c), low=0.0,
    far_above=lambda x, c, d: np.log(d) - c * np.log(x), start=lambda c, d: c * d - 1,
))  # fmt: skip
burr12 = Family("burr12", "c, d", Formulas(
    lambda x, c, d: np.log(c) + np.log(d) + sp.xlogy(c - 1, x) - (d + 1) * _log1p_power(x, c),
    logsf=lambda x, c, d: -d * _log1p_power(x, c), ppf=lambda q, c, d: np.exp(log_expm1(-np.log1p(-q) / d) / c),
    isf=lambda q, c, d: np.exp(log_expm1(-np.log(q) / d) / c), low=0.0,
    far_below=lambda x, c, d: np.log(d) + c * np.log(x), start=lambda c, d: c - 1 + 0 * d,
))  # fmt: skip
nakagami = Family("nakagami", "nu", Formulas(
    lambda x, nu: LOG2 + nu * np.log(nu) - sp.gammaln(nu) + sp.xlogy(2 * nu - 1, x) - nu * x * x,
    cdf=lambda x, nu: sp.gammainc(nu, nu * x * x), sf=lambda x, nu: sp.gammaincc(nu, nu * x * x),
    ppf=lambda q, nu: np.sqrt(sp.gammaincinv(nu, q) / nu), isf=lambda q, nu: np.sqrt(sp.gammainccinv(nu, q) / nu),
    mean=lambda nu: np.exp(sp.gammaln(nu + 0.5) - sp.gammaln(nu)) / np.sqrt(nu),
    var=lambda nu: 1 - np.exp(2 * (sp.gammaln(nu + 0.5) - sp.gammaln(nu))) / nu, low=0.0,
    start=lambda nu: 2 * nu - 1, far_below=lambda x, nu: _square_below(x, nu, nu),
    far_above=lambda x, nu: _square_above(x, nu, nu),
))  # fmt: skip
rice = Family("rice", "b", Formulas(
    lambda x, b: np.log(x) - (x - b) ** 2 / 2 + np.log(sp.i0e(x * b)), low=0.0, valid=lambda b: b >= 0, start=1.0,
))  # fmt: skip
foldnorm = Family("foldnorm", "c", Formulas(
    lambda x, c: np.logaddexp(-((x + c) ** 2) / 2, -((x - c) ** 2) / 2) - LOG2PI / 2,
    cdf=lambda x, c: _folded_below(x, c),
    sf=lambda x, c: sp.ndtr(c - x) + sp.ndtr(-c - x), low=0.0, valid=lambda c: c >= 0,
    mean=lambda c: _folded_mean(c), var=lambda c: 1 + c * c - _folded_mean(c) ** 2,
    far_above=lambda x, c: np.logaddexp(sp.log_ndtr(c - x), sp.log_ndtr(-c - x)),
))  # fmt: skip


_SPOTS, _SHARES = np.polynomial.legendre.leggauss(12)


def _folded_below(x: Any, c: Any) -> Any:
    """Near zero, where the difference of two normal probabilities cancels, by the integral of the density."""
    near = x < 0.5
    usual = (sp.erf((x - c) / 2**0.5) + sp.erf((x + c) / 2**0.5)) / 2
    if not somewhere(near):
        return usual
    half, mean = np.where(near, x, 0.5) / 2, c + 0 * x
    inside = half[..., None] * (_SPOTS + 1)
    folded = np.exp(density(inside - mean[..., None])) + np.exp(density(inside + mean[..., None]))
    return np.where(near, half * np.sum(_SHARES * folded, axis=-1), usual)


def _folded_mean(c: Any) -> Any:
    return (2 / PI) ** 0.5 * np.exp(-c * c / 2) + c * sp.erf(c / 2**0.5)


betaprime = Family("betaprime", "a, b", Formulas(
    lambda x, a, b: sp.xlogy(a - 1, x) - sp.xlog1py(a + b, x) - sp.betaln(a, b),
    cdf=lambda x, a, b: sp.fdtr(2 * a, 2 * b, x * (b / a)), sf=lambda x, a, b: sp.fdtrc(2 * a, 2 * b, x * (b / a)),
    ppf=lambda q, a, b: _odds(q, a, b), isf=lambda q, a, b: 1 / _odds(q, b, a), low=0.0, vanishing="low",
    mean=lambda a, b: _if(b > 1, _over(a, b - 1, b > 1), _INF),
    var=lambda a, b: _if(b > 2, _over(a * (a + b - 1), (b - 2) * (b - 1) ** 2, b > 2), _INF),
    far_below=lambda x, a, b: log_beta_below(np.log(x), a, b),
    far_above=lambda x, a, b: log_beta_below(-np.log(x), b, a),
))  # fmt: skip


def _odds(q: Any, a: Any, b: Any) -> Any:
    """The quantile of p / (1 - p), where p is that of a beta distribution: by the smaller of p and 1 - p."""
    low = stop_gradient(q <= sp.betainc(a, b, 0.5))
    p = sp.betaincinv(a, b, np.where(low, q, 0.5))
    rest = sp.betainccinv(b, a, np.where(low, 0.5, q))
    return np.where(low, p / np.where(low, 1 - p, 1.0), (1 - rest) / rest)


# Distributions of extremes: functions of log1p(c x) / c, which is x where c is zero


def _log_over(x: Any, c: Any, factor: Any = 1.0) -> Any:
    """`factor * log1p(c * x) / c`, which is `factor * x` where `c` is zero: by its series near that."""
    u = c * x
    small = np.absolute(u) < 0.02
    near = np.where(small, u, 0.0)
    series = 0.0
    for k in range(9, 0, -1):
        series = (-1.0) ** (k - 1) / k + near * series
    # A factor of zero is one at the end of the support, too.
    away = sp.xlog1py(factor / np.where(small, 1.0, c), np.where(small, 0.0, u))
    return np.where(small, factor * x * series, away)


genpareto = Family("genpareto", "c", Formulas(
    lambda x, c: -_log_over(x, c, c + 1), logsf=lambda x, c: -_log_over(x, c),
    ppf=lambda q, c: -np.log1p(-q) * sp.exprel(-c * np.log1p(-q)),
    isf=lambda q, c: -np.log(q) * sp.exprel(-c * np.log(q)),
    low=0.0, high=lambda c: np.where(c < 0, -1 / np.where(c < 0, c, -1.0), _INF), valid=lambda c: np.isfinite(c),
    mean=lambda c: _if(c < 1, _over(1.0, 1 - c, c < 1), _INF),
    var=lambda c: _if(c < 0.5, _over(1.0, (1 - c) ** 2 * (1 - 2 * c), c < 0.5), _INF), entropy=lambda c: 1 + c,
    far_below=lambda x, c: np.log(x) - (c + 1) / 2 * x,
))  # fmt: skip
genextreme = Family("genextreme", "c", Formulas(
    lambda x, c: -np.exp(-_log_over(x, -c)) - _log_over(x, -c, 1 - c),
    logcdf=lambda x, c: -np.exp(-_log_over(x, -c)),
    ppf=lambda q, c: -np.log(-np.log(q)) * sp.exprel(c * np.log(-np.log(q))),
    isf=lambda q, c: -np.log(-np.log1p(-q)) * sp.exprel(c * np.log(-np.log1p(-q))),
    low=lambda c: np.where(c < 0, 1 / np.where(c < 0, c, -1.0), -_INF),
    high=lambda c: np.where(c > 0, 1 / np.where(c > 0, c, 1.0), _INF), valid=lambda c: np.isfinite(c),
    entropy=lambda c: GAMMA * (1 - c) + 1,
    vanishing="low", far_above=lambda x, c: -_log_over(x, -c),
))  # fmt: skip
