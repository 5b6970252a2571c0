"""Distributions of whole numbers: derivatives are by their shapes alone."""

from __future__ import annotations

from typing import Any

import numpy as np
from scipy import special as sp

from .families import Family, Formulas
from .tails import log_beta_below, log_gamma_above, log_gamma_below


def _fraction(p: Any) -> Any:
    return np.logical_and(p >= 0, p <= 1)


def _choices(n: Any, k: Any) -> Any:
    """The logarithm of a binomial coefficient."""
    return sp.gammaln(n + 1) - sp.gammaln(k + 1) - sp.gammaln(n - k + 1)


bernoulli = Family("bernoulli", "p", Formulas(
    lambda k, p: sp.xlogy(k, p) + sp.xlog1py(1 - k, -p), cdf=lambda k, p: 1 - p + 0 * k, sf=lambda k, p: p + 0 * k,
    mean=lambda p: p, var=lambda p: p * (1 - p), entropy=lambda p: -sp.xlogy(p, p) - sp.xlogy(1 - p, 1 - p),
    low=0.0, high=1.0, valid=_fraction,
), discrete=True)  # fmt: skip
binom = Family("binom", "n, p", Formulas(
    lambda k, n, p: _choices(n, k) + sp.xlogy(k, p) + sp.xlog1py(n - k, -p),
    cdf=lambda k, n, p: sp.betaincc(k + 1, n - k, p), sf=lambda k, n, p: sp.betainc(k + 1, n - k, p),
    mean=lambda n, p: n * p, var=lambda n, p: n * p * (1 - p), low=0.0, high=lambda n, p: n,
    valid=lambda n, p: np.logical_and(np.logical_and(n >= 0, np.floor(n) == n), _fraction(p)),
    far_below=lambda k, n, p: log_beta_below(-sp.logit(p), n - k, k + 1),
    far_above=lambda k, n, p: log_beta_below(sp.logit(p), k + 1, n - k),
), discrete=True)  # fmt: skip
poisson = Family("poisson", "mu", Formulas(
    lambda k, mu: sp.xlogy(k, mu) - sp.gammaln(k + 1) - mu, cdf=lambda k, mu: sp.gammaincc(k + 1, mu),
    sf=lambda k, mu: sp.gammainc(k + 1, mu), mean=lambda mu: mu, var=lambda mu: mu, low=0.0,
    valid=lambda mu: mu >= 0, far_below=lambda k, mu: log_gamma_above(k + 1, np.log(mu), mu, 1 / mu),
    far_above=lambda k, mu: log_gamma_below(k + 1, np.log(mu), mu),
), discrete=True)  # fmt: skip


def _first_by(k: Any, p: Any, near: Any, cumulative: bool) -> Any:
    """A function of `log((1 - p)**k)`, which for a sure event is infinite, and the power itself is smooth."""
    sure = p == 1
    power = np.where(sure, 1 - p, 1.0) ** k
    return np.where(sure, 1 - power if cumulative else power, near(k * np.log1p(-np.where(sure, 0.5, p))))


geom = Family("geom", "p", Formulas(
    lambda k, p: sp.xlog1py(k - 1, -p) + np.log(p), cdf=lambda k, p: _first_by(k, p, lambda u: -np.expm1(u), True),
    sf=lambda k, p: _first_by(k, p, np.exp, False), logsf=lambda k, p: k * np.log1p(-p), mean=lambda p: 1 / p,
    var=lambda p: (1 - p) / p**2, entropy=lambda p: -(sp.xlogy(p, p) + sp.xlogy(1 - p, 1 - p)) / p, low=1.0,
    valid=lambda p: np.logical_and(p > 0, p <= 1),
), discrete=True)  # fmt: skip
nbinom = Family("nbinom", "n, p", Formulas(
    lambda k, n, p: sp.gammaln(n + k) - sp.gammaln(k + 1) - sp.gammaln(n) + n * np.log(p) + sp.xlog1py(k, -p),
    cdf=lambda k, n, p: sp.betainc(n, k + 1, p), sf=lambda k, n, p: sp.betaincc(n, k + 1, p),
    mean=lambda n, p: n * (1 - p) / p, var=lambda n, p: n * (1 - p) / p**2, low=0.0,
    valid=lambda n, p: np.logical_and(n > 0, np.logical_and(p > 0, p <= 1)),
    far_below=lambda k, n, p: log_beta_below(sp.logit(p), n, k + 1),
    far_above=lambda k, n, p: log_beta_below(-sp.logit(p), k + 1, n),
), discrete=True)  # fmt: skip
betabinom = Family("betabinom", "n, a, b", Formulas(
    lambda k, n, a, b: (
        -np.log(n + 1) - sp.betaln(n - k + 1, k + 1) + sp.betaln(k + a, n - k + b) - sp.betaln(a, b)
    ),
    mean=lambda n, a, b: n * a / (a + b),
    var=lambda n, a, b: n * a * b * (a + b + n) / ((a + b) ** 2 * (a + b + 1)), low=0.0, high=lambda n, a, b: n,
    valid=lambda n, a, b: np.logical_and(np.logical_and(n >= 0, np.floor(n) == n), np.logical_and(a > 0, b > 0)),
), discrete=True)  # fmt: skip
logser = Family("logser", "p", Formulas(
    lambda k, p: k * np.log(p) - np.log(k) - np.log(-np.log1p(-p)), mean=lambda p: p / ((p - 1) * np.log1p(-p)),
    var=lambda p: -p * (p + np.log1p(-p)) / ((1 - p) ** 2 * np.log1p(-p) ** 2), low=1.0,
    valid=lambda p: np.logical_and(p > 0, p < 1),
), discrete=True)  # fmt: skip
zipf = Family("zipf", "a", Formulas(
    lambda k, a: -a * np.log(k) - np.log(sp.zeta(a, 1.0)),
    mean=lambda a: np.where(a > 2, sp.zeta(np.where(a > 2, a - 1, 2.0), 1.0) / sp.zeta(a, 1.0), np.inf), low=1.0,
    valid=lambda a: a > 1,
), discrete=True)  # fmt: skip
planck = Family("planck", "lambda_", Formulas(
    lambda k, c: np.log(-np.expm1(-c)) - c * k, logsf=lambda k, c: -c * (k + 1), mean=lambda c: 1 / np.expm1(c),
    var=lambda c: np.exp(-c) / np.expm1(-c) ** 2,
    entropy=lambda c: c * np.exp(-c) / -np.expm1(-c) - np.log(-np.expm1(-c)), low=0.0,
), discrete=True)  # fmt: skip
dlaplace = Family("dlaplace", "a", Formulas(
    lambda k, a: np.log(np.tanh(a / 2)) - a * np.absolute(k),
    cdf=lambda k, a: np.where(
        k >= 0, 1 - np.exp(-a * np.where(k >= 0, k, 0)) / (np.exp(a) + 1),
        np.exp(a * (np.where(k < 0, k, -1) + 1)) / (np.exp(a) + 1),
    ),
    mean=lambda a: 0 * a, var=lambda a: 2 * np.exp(a) / np.expm1(a) ** 2,
    entropy=lambda a: a / np.sinh(a) - np.log(np.tanh(a / 2)),
    far_below=lambda k, a: a * (k + 1) - np.logaddexp(0.0, a), far_above=lambda k, a: -a * k - np.logaddexp(0.0, a),
), discrete=True)  # fmt: skip
yulesimon = Family("yulesimon", "alpha", Formulas(
    lambda k, a: np.log(a) + sp.betaln(k, a + 1), sf=lambda k, a: k * np.exp(sp.betaln(k, a + 1)),
    far_above=lambda k, a: np.log(k) + sp.betaln(k, a + 1), low=1.0,
), discrete=True)  # fmt: skip
