"""Logarithms of probabilities far out, where those are too small for numbers.

Each is right where its probability is less than about 1e-140, and elsewhere a number that nobody asks for. They are
made of what does not cancel there: continued fractions (DLMF 8.9 and 8.17.22), of which so few terms have all
digits that far out, and integrals of positive numbers.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from scipy import special as sp

from ..special.errors import erfcx_slope
from ..special.near import somewhere
from .logarithms import exponential

LOG2, LOG2PI, PI = float(np.log(2)), float(np.log(2 * np.pi)), float(np.pi)
_ROOT2 = float(np.sqrt(2))
_LEVELS = 8
# Points and weights for what falls nearly as an exponential.
_POINTS, _WEIGHTS = np.polynomial.laguerre.laggauss(12)


def log_gamma_below(a: Any, log_x: Any, x: Any) -> Any:
    """The logarithm of the lower incomplete gamma function, where `x` is far less than `a`."""
    near = np.where(x < a, x, 0.0)
    t = a + 2.0 * _LEVELS
    for k in range(_LEVELS, 0, -1):
        t = a + (2 * k - 1.0) + k * near / t
        t = a + (2 * k - 2.0) - (a + (k - 1.0)) * near / t
    return a * log_x - x - sp.gammaln(a) - np.log(t)


def log_gamma_above(a: Any, log_x: Any, x: Any, inverse: Any) -> Any:
    """The logarithm of the upper one, where `x` is far beyond `a`, which may be infinite; `inverse` is `1 / x`."""
    u = np.where(a * inverse < 1, inverse, 0.0)
    t = 1 + (2 * _LEVELS + 1 - a) * u
    for k in range(_LEVELS, 0, -1):
        t = 1 + (2 * k - 1 - a) * u - k * u * ((k - a) * u) / t
    return (a - 1) * log_x - x - sp.gammaln(a) - np.log(t)


def log_beta_below(log_odds: Any, a: Any, b: Any) -> Any:
    """The logarithm of the incomplete beta function, far below its mean, by the logarithm of `x / (1 - x)`."""
    x = sp.expit(np.minimum(log_odds, np.log(a) - np.log(b)))
    t: Any = 1.0
    for m in range(_LEVELS, 0, -1):
        t = 1 - (a + m) / (a + 2 * m) * ((a + b + m) / (a + (2 * m + 1))) * x / t
        t = 1 + m * ((b - m) / (a + (2 * m - 1))) * x / ((a + 2 * m) * t)
    t = 1 - (a + b) / (a + 1) * x / t
    powers = a * sp.log_expit(log_odds) + b * sp.log_expit(-log_odds)
    return powers - np.log(a) - sp.betaln(a, b) - np.log(t)


def _mean(integrand: Any, *values: Any) -> Any:
    """The integral of `exp(-v)` times a smooth function of `v` and of values, over positive numbers."""
    spread = [np.asarray(v)[..., None] if not hasattr(v, "shape") else v[..., None] for v in values]
    return np.sum(_WEIGHTS * integrand(_POINTS, *spread), axis=-1)


def log_skewed_below(x: Any, a: Any) -> Any:
    """That of the skewed normal distribution: the integral of `2 phi(t) Phi(a t)` over `t = x - s`.

    What it is at `x` is in front, and the rest falls as `exp(-v)`, where `s = v / (abs(x) * (1 + a**2))`, or for
    negative `a` without the square.
    """
    thin = a > 0
    steep = np.where(thin, np.sqrt(1 + a * a), 1.0)
    u = np.where(-x * steep > 20, -x, 26 / steep)
    # Of the normal distribution functions the quotient, for positive numbers by what is left beside exponentials.
    up, down = np.where(thin, a, 1.0), np.where(thin, -1.0, -a)

    def integrand(v: Any, u: Any, steep: Any, up: Any, down: Any, thin: Any) -> Any:
        root = steep * u
        s = v / (root * steep)
        beside = sp.erfcx((u + s) * (up / _ROOT2)) / sp.erfcx(u * (up / _ROOT2))
        other = sp.log_ndtr(down * (u + s)) - sp.log_ndtr(down * u)
        return np.exp(-((v / root) ** 2) / 2 + np.where(thin, 0.0, other)) * np.where(thin, beside, 1.0)

    rest = _mean(integrand, u, steep, up, down, thin)
    return LOG2 - x * x / 2 - LOG2PI / 2 + sp.log_ndtr(a * x) + np.log(rest) - np.log(u) - 2 * np.log(steep)


def log_exponential_normal(x: Any, k: Any) -> Any:
    """That of `exp((0.5 / k - x) / k) * Phi(x - 1 / k)`, of which the factors may be infinite and zero."""
    gap = 1 / k - x
    far = gap > 0
    p = np.where(far, gap, 0.0) / _ROOT2
    near = (0.5 / k - x) / k + sp.log_ndtr(-np.where(far, 0.0, gap))
    return np.where(far, -x * x / 2 - LOG2 + np.log(sp.erfcx(p)), near)


def log_exponnorm_below(x: Any, k: Any) -> Any:
    """That of the exponentially modified normal distribution, far below.

    It is `exp(-x**2 / 2) / 2` times the difference of `erfcx` at two places, which may cancel.
    """
    step = 1 / (k * _ROOT2)
    p = np.where(x < -10, -x, 26.0) / _ROOT2
    inverse = 1 / p
    ratio = step * inverse
    tiny, wide = step < 1e-5, ratio > 0.5
    less = np.where(tiny, step, 0.0)
    middle = -less * p * erfcx_slope(p + less / 2)
    apart = p * (sp.erfcx(p) - sp.erfcx(p + np.where(wide, step, p)))
    narrow = np.where(wide, 0.5, ratio)

    def integrand(v: Any, inverse: Any, ratio: Any) -> Any:
        return -np.expm1(-v * ratio) * np.exp(-((v * inverse) ** 2) / 4)

    between = _mean(integrand, inverse, narrow) / float(np.sqrt(np.pi))
    found = np.where(tiny, middle, np.where(wide, apart, between))
    return -x * x / 2 - LOG2 + np.log(np.where(x < -10, found, np.nan)) - np.log(p)


# The inverse Gaussian distribution


def relative_square(x: Any, mu: Any) -> Any:
    """`(x - mu)**2 / (x * mu**2)`, whose terms are far apart where x is small beside mu, or large."""
    apart = np.logical_or(x < mu / 2, x > 2 * mu)
    far, near = np.where(apart, x, mu), np.where(apart, mu, x)
    return np.where(apart, (far / mu - 2) / mu + 1 / far, (near / mu - 1) * (1 - mu / near) / mu)


def inverse_gaussian(x: Any, mu: Any, sign: int) -> Any:
    """The logarithm of the probability below or above (Giner and Smyth 2016).

    It has two terms, of which the second is `exp(2 / mu)` times a probability.
    """
    root, small = np.sqrt(x), x < mu
    low, high = np.where(small, x, mu), np.where(small, mu, x)
    away = np.where(small, (low / mu - 1) / root, root / mu * (1 - mu / high))
    side = sign * away
    thin, first, share = side < 0, sp.log_ndtr(side), sp.erfcx((root / mu + 1 / root) / _ROOT2)
    # In a tail both terms have an exponential in common.
    beside = share / sp.erfcx(np.where(thin, -side, 0.0) / _ROOT2)
    apart = np.where(thin, 0.0, np.log(share) - LOG2 - relative_square(x, mu) / 2 - first)
    return first + np.log1p(sign * np.where(thin, beside, exponential(apart)))


def inverse_gaussian_above(x: Any, mu: Any) -> Any:
    """Far out both terms are nearly equal: there by what is left beside the exponential that they share."""
    far = x > 2 * mu
    mid, out = np.where(far, mu, x), np.where(far, x, 4 * mu)
    middle, part = np.sqrt(out / 2) / mu, mu / out
    low, high = middle * (1 - part), middle * (1 + part)
    # Farther out nearly all is lost of their difference, which there is a slope times a step.
    very = part < 1e-6
    rest = np.log(np.where(very, 1.0, sp.erfcx(low) - sp.erfcx(high)))
    if somewhere(very):
        # The slope of erfcx is asymptotically -1 / (sqrt(pi) x**2).
        large = middle > 1e4
        inverse = np.where(large, 1 / middle, 0.0)
        least = np.log1p(-1.5 * inverse * inverse) - 2 * np.log(middle) - float(np.log(PI) / 2)
        slope = np.where(large, least, np.log(-erfcx_slope(np.where(large, 1.0, middle))))
        rest = np.where(very, np.log(2 * mu / out) + np.log(middle) + slope, rest)
    return np.where(far, rest - LOG2 - low * low, inverse_gaussian(mid, mu, -1))
