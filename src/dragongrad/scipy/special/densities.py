"""Densities of the gamma and beta distributions, as precise for large parameters (Loader, 2000)."""

from __future__ import annotations

from typing import Any

import numpy as np
from scipy import special as sp

from .near import polynomial

# Half the logarithm of 2 pi.
HALF_LOG = float(0.5 * np.log(2 * np.pi))
# 1/3, 1/5 ... of twice the inverse hyperbolic tangent.
_ODD = [1 / (2 * k + 3) for k in range(14)]
_STIRLING = (1 / 12, -1 / 360, 1 / 1260, -1 / 1680, 1 / 1188, -691 / 360360, 1 / 156)


def log_less(x: Any, a: Any, gap: Any) -> Any:
    """`log(x / a) - gap / a`, where `gap` is `x - a`, precise where that is small."""
    u = gap / a
    small = np.absolute(u) < 0.5
    near = np.where(small, u, 0.0)
    r = near / (2 + near)
    series = 2 * r * r * (r * polynomial(r * r, _ODD) - 1 / (1 - r))
    return np.where(small, series, np.log(np.where(small, 1.0, x / a)) - np.where(small, 0.0, u))


def stirling_error(a: Any) -> Any:
    """The logarithm of `gamma(a + 1)` over `sqrt(2 pi a) (a / e)**a`."""
    large = a > 12
    inverse = 1 / np.where(large, a, 12.0)
    small = np.where(large, 1.0, a)
    near = sp.gammaln(small + 1) - (small + 0.5) * np.log(small) + small - HALF_LOG
    return np.where(large, inverse * polynomial(inverse * inverse, _STIRLING), near)


def gamma_term(a: Any, x: Any) -> Any:
    """`x**a exp(-x) / gamma(a + 1)`, of positive numbers."""
    return np.exp(a * log_less(x, a, x - a) - stirling_error(a) - 0.5 * np.log(a) - HALF_LOG)


def log_gamma_density(a: Any, x: Any) -> Any:
    """The logarithm of the density of the gamma distribution, of positive numbers."""
    # By the term of a + 1, which is exact for small a too.
    return a * log_less(x, a, x - a) - stirling_error(a) + 0.5 * np.log(a) - np.log(x) - HALF_LOG


def beta_term(a: Any, b: Any, x: Any, y: Any) -> Any:
    """`x**a y**b / beta(a, b)`, of positive numbers, where `x + y` is 1."""
    n = a + b
    gap = b * x - a * y
    power = a * log_less(n * x, a, gap) + b * log_less(n * y, b, -gap)
    error = stirling_error(n) - stirling_error(a) - stirling_error(b)
    return np.exp(power + error + 0.5 * np.log(a * (b / n)) - HALF_LOG)


def gamma_density(a: Any, x: Any) -> Any:
    """The density of the gamma distribution, at zero and at infinity too."""
    start, end = x == 0, np.logical_or(x == np.inf, np.logical_and(x > 0, a == np.inf))
    inner = np.where(np.logical_or(start, end), 1.0, x)
    at_zero = np.where(a > 1, 0.0, np.where(a == 1, 1.0, np.inf))
    return np.where(end, 0.0, np.where(start, at_zero, gamma_term(a, inner) * a / inner))


def beta_density(a: Any, b: Any, x: Any, y: Any) -> Any:
    """The density of the beta distribution, at both ends too."""
    start, end = x == 0, y == 0
    out = np.logical_or(start, end)
    inner, other = np.where(out, 0.5, x), np.where(out, 0.5, y)
    found = beta_term(a, b, inner, other) / (inner * other)
    # With one infinite parameter it is a mass at an end.
    found = np.where(np.logical_xor(a == np.inf, b == np.inf), 0.0, found)
    at_zero = np.where(a > 1, 0.0, np.where(a == 1, b, np.inf))
    at_one = np.where(b > 1, 0.0, np.where(b == 1, a, np.inf))
    return np.where(start, at_zero, np.where(end, at_one, found))
