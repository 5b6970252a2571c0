"""Distributions on an interval."""

from __future__ import annotations

from typing import Any

import numpy as np
from scipy import special as sp

from .families import Family, Formulas
from .normal import PI, density, gamma_entropy
from .tails import LOG2, LOG2PI, log_beta_below

uniform = Family("uniform", "", Formulas(
    lambda x: 0 * x, cdf=lambda x: x, sf=lambda x: 1 - x, ppf=lambda q: q, isf=lambda q: 1 - q, mean=0.5,
    var=1 / 12, entropy=0.0, low=0.0, high=1.0,
))  # fmt: skip
beta = Family("beta", "a, b", Formulas(
    lambda x, a, b: sp.xlog1py(b - 1, -x) + sp.xlogy(a - 1, x) - sp.betaln(a, b),
    cdf=lambda x, a, b: sp.betainc(a, b, x), sf=lambda x, a, b: sp.betaincc(a, b, x),
    ppf=lambda q, a, b: sp.betaincinv(a, b, q), isf=lambda q, a, b: sp.betainccinv(a, b, q),
    mean=lambda a, b: a / (a + b), var=lambda a, b: a * b / ((a + b) ** 2 * (a + b + 1)),
    entropy=lambda a, b: gamma_entropy(a) + gamma_entropy(b) - gamma_entropy(a + b) - sp.psi(a + b),
    low=0.0, high=1.0, start=lambda a, b: a - 1, far_below=lambda x, a, b: log_beta_below(sp.logit(x), a, b),
    far_above=lambda x, a, b: log_beta_below(-sp.logit(x), b, a),
))  # fmt: skip


def _arc(x: Any, other: int) -> Any:
    """The probability of the arc sine on one side: by the nearer end, at which its slope is infinite."""
    high = x > 0.5
    arc = 2 / PI * np.arcsin(np.sqrt(np.where(high, 1 - x, x)))
    return np.where(high == bool(other), arc, 1 - arc)


arcsine = Family("arcsine", "", Formulas(
    lambda x: -np.log(PI) - np.log(x) / 2 - np.log1p(-x) / 2, cdf=lambda x: _arc(x, 0), sf=lambda x: _arc(x, 1),
    ppf=lambda q: np.sin(PI * q / 2) ** 2,
    isf=lambda q: np.cos(PI * q / 2) ** 2,
    mean=0.5, var=0.125, entropy=float(np.log(PI / 4)),
    low=0.0, high=1.0, start=-0.5,
))  # fmt: skip
powerlaw = Family("powerlaw", "a", Formulas(
    # SciPy leaves out the end where it is infinite.
    lambda x, a: np.where(np.logical_and(x == 0, a < 1), -np.inf, np.log(a) + sp.xlogy(a - 1, x)),
    logcdf=lambda x, a: a * np.log(x), ppf=lambda q, a: q ** (1 / a),
    isf=lambda q, a: np.exp(np.log1p(-q) / a), mean=lambda a: a / (a + 1),
    var=lambda a: a / ((a + 2) * (a + 1) ** 2),
    entropy=lambda a: 1 - 1 / a - np.log(a), low=0.0, high=1.0, start=lambda a: a - 1,
))  # fmt: skip


def _unless(condition: Any, value: Any) -> Any:
    """A divisor, or one where it would be zero and is not asked for."""
    return np.where(condition, 1.0, value)


def _rises(x: Any, c: Any) -> Any:
    """Whether the density of `triang` rises there."""
    return np.logical_or(x < c, c == 1)


triang = Family("triang", "c", Formulas(
    lambda x, c: LOG2 + np.where(
        _rises(x, c), np.log(x) - np.log(_unless(c == 0, c)),
        np.log(np.where(_rises(x, c), 1.0, 1 - x)) - np.log(_unless(c == 1, 1 - c)),
    ),
    cdf=lambda x, c: np.where(
        _rises(x, c), x * x / _unless(c == 0, c),
        np.where(np.logical_and(c == 0, x < 0.5), x * (2 - x), 1 - (1 - x) ** 2 / _unless(c == 1, 1 - c)),
    ),
    sf=lambda x, c: np.where(_rises(x, c), 1 - x * x / _unless(c == 0, c), (1 - x) ** 2 / _unless(c == 1, 1 - c)),
    ppf=lambda q, c: np.where(q < c, np.sqrt(c * q), 1 - np.sqrt((1 - c) * (1 - q))),
    isf=lambda q, c: np.where(q > 1 - c, np.sqrt(c * (1 - q)), 1 - np.sqrt((1 - c) * q)),
    mean=lambda c: (c + 1) / 3, var=lambda c: (1 - c + c * c) / 18, entropy=lambda c: 0.5 - LOG2 + 0 * c,
    low=0.0, high=1.0, valid=lambda c: np.logical_and(c >= 0, c <= 1),
    far_below=lambda x, c: np.log(x) + np.where(c == 0, LOG2, np.log(x) - np.log(_unless(c == 0, c))),
    start=lambda c: np.where(c == 0, 0.0, 1.0),
))  # fmt: skip
loguniform = Family("loguniform", "a, b", Formulas(
    lambda x, a, b: -np.log(x) - np.log(np.log(b) - np.log(a)),
    cdf=lambda x, a, b: (np.log(x) - np.log(a)) / (np.log(b) - np.log(a)),
    sf=lambda x, a, b: (np.log(b) - np.log(x)) / (np.log(b) - np.log(a)),
    ppf=lambda q, a, b: np.exp(np.log(a) + q * (np.log(b) - np.log(a))), low=lambda a, b: a, high=lambda a, b: b,
    mean=lambda a, b: (b - a) / (np.log(b) - np.log(a)),
    var=lambda a, b: (b * b - a * a) / (2 * (np.log(b) - np.log(a))) - ((b - a) / (np.log(b) - np.log(a))) ** 2,
    entropy=lambda a, b: (np.log(a) + np.log(b)) / 2 + np.log(np.log(b) - np.log(a)),
    valid=lambda a, b: np.logical_and(a > 0, b > a),
))  # fmt: skip
reciprocal = loguniform
johnsonsb = Family("johnsonsb", "a, b", Formulas(
    lambda x, a, b: density(a + b * sp.logit(x)) + np.log(b) - np.log(x) - np.log1p(-x),
    cdf=lambda x, a, b: sp.ndtr(a + b * sp.logit(x)), sf=lambda x, a, b: sp.ndtr(-a - b * sp.logit(x)),
    ppf=lambda q, a, b: sp.expit((sp.ndtri(q) - a) / b), isf=lambda q, a, b: sp.expit((-sp.ndtri(q) - a) / b),
    low=0.0, high=1.0, valid=lambda a, b: b > 0, vanishing="ends",
    far_below=lambda x, a, b: sp.log_ndtr(a + b * sp.logit(x)),
    far_above=lambda x, a, b: sp.log_ndtr(-a - b * sp.logit(x)),
))  # fmt: skip


def _less_sine(u: Any) -> Any:
    """`u - sin(u)`, by its series near zero."""
    near = np.absolute(u) < 0.5
    z = np.where(near, u, 0.0)
    series = 1.0
    for n in range(17, 3, -2):
        series = 1 - z * z / (n * (n - 1)) * series
    return np.where(near, z**3 / 6 * series, u - np.sin(u))


def _half_disc(x: Any, sign: float) -> Any:
    """The part of a half disc on one side, by the angle of the nearer end."""
    near = x * sign < 0
    angle = 4 * np.arcsin(np.sqrt((1 - np.absolute(x)) / 2))
    part = _less_sine(angle) / (2 * PI)
    return np.where(near, part, 1 - part)


semicircular = Family("semicircular", "", Formulas(
    lambda x: LOG2 - np.log(PI) + np.log1p(-x * x) / 2,
    cdf=lambda x: _half_disc(x, 1.0), sf=lambda x: _half_disc(x, -1.0), mean=0.0, var=0.25,
    entropy=float(np.log(PI)) - 0.5, low=-1.0, high=1.0,
))  # fmt: skip
cosine = Family("cosine", "", Formulas(
    lambda x: 2 * np.log(np.cos(x / 2)) + LOG2 - LOG2PI, cdf=lambda x: _less_sine(PI + x) / (2 * PI),
    sf=lambda x: _less_sine(PI - x) / (2 * PI), mean=0.0, var=PI**2 / 3 - 2, entropy=float(np.log(4 * PI)) - 1,
    low=-PI, high=PI, vanishing="ends",
))  # fmt: skip
