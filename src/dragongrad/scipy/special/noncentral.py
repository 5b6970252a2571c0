"""The noncentral chi squared distribution: its density, and the rules that are made of it.

By the noncentrality the distribution function has minus the density with two degrees of freedom more as its slope.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from scipy import special as sp

from .densities import gamma_density, log_gamma_density
from .near import polynomial
from .verbs import enter, order

# The terms of the power series where its argument is less than the parameter.
_TERMS = 24
# From this order on the modified Bessel function is that of large orders (DLMF 10.41.3), to eleven digits and more.
_LARGE = 50.0
_OF_LARGE = (
    (1 / 8, -5 / 24), (9 / 128, -77 / 192, 385 / 1152), (75 / 1024, -4563 / 5120, 17017 / 9216, -85085 / 82944),
    (3675 / 32768, -96833 / 40960, 144001 / 16384, -7436429 / 663552, 37182145 / 7962624),
    (
        59535 / 262144, -67608983 / 9175040, 250881631 / 5898240, -108313205 / 1179648, 5391411025 / 63700992,
        -5391411025 / 191102976,
    ),
)  # fmt: skip


def _log_bessel_of_large(v: Any, x: Any) -> Any:
    """`log(I_v(x)) - x`, of large orders."""
    root = np.hypot(v, x)
    p = v / root
    total, power = 1.0, 1.0
    for coefficients in _OF_LARGE:
        power = power * p / v
        total = total + power * polynomial(p * p, coefficients)
    # root - x without the difference.
    return v * v / (root + x) + v * np.log(x / (v + root)) - 0.5 * np.log(2 * np.pi * root) + np.log(total)


def _power_series(x: Any, v: Any, c: Any) -> tuple[Any, Any]:
    """Where the power series of the hypergeometric function `0F1(v/2, c x / 4)` serves, and its sum there.

    The density is that of chi squared times `exp(-c/2)` and this function.
    """
    b, z = 0.5 * v, 0.25 * c * x
    near = z < b
    low, total = np.where(near, z, 0.0), 1.0
    for k in range(_TERMS, 0, -1):
        total = 1 + low / (k * (b + (k - 1.0))) * total
    return near, total


def log_noncentral_density(x: Any, v: Any, c: Any) -> Any:
    """The logarithm of `exp(-(x+c)/2) (x/c)**(v/4-1/2) I_(v/2-1)(sqrt(c x)) / 2`."""
    near, series = _power_series(x, v, c)
    by_series = log_gamma_density(0.5 * v, 0.5 * x) - 0.5 * c - float(np.log(2)) + np.log(series)
    place, other = np.where(near, 1.0, x), np.where(near, 1.0, c)
    nu, root = np.where(near, 0.0, 0.5 * v - 1), np.sqrt(place) * np.sqrt(other)
    large = nu > _LARGE
    of_large = _log_bessel_of_large(np.where(large, nu, _LARGE), np.where(large, root, _LARGE))
    of_small = np.log(sp.ive(np.where(large, 0.0, nu), np.where(large, 1.0, root)))
    gap = np.sqrt(place) - np.sqrt(other)
    far = 0.5 * nu * (np.log(place) - np.log(other)) - 0.5 * gap * gap - float(np.log(2))
    return np.where(near, by_series, far + np.where(large, of_large, of_small))


def _density(x: Any, v: Any, c: Any) -> Any:
    """The density, at zero and at infinity too."""
    start, end = x == 0, x == np.inf
    inner = np.where(np.logical_or(start, end), 1.0, x)
    at_zero = 0.5 * np.exp(-0.5 * c) * gamma_density(0.5 * v, 0.0 * inner)
    found = np.exp(log_noncentral_density(inner, v, c))
    return np.where(end, 0.0, np.where(start, at_zero, found))


def _quotient(x: Any, v: Any, c: Any) -> Any:
    """The density with two degrees of freedom more over the density."""
    return np.exp(log_noncentral_density(x, v + 2.0, c) - log_noncentral_density(x, v, c))


FREEDOM = order("df")
enter("chndtr", lambda x, y, z: _density(x, y, z), FREEDOM, lambda x, y, z: -_density(x, y + 2.0, z))
# chndtrix(p, df, nc) and chndtrinc(x, df, p)
enter("chndtrix", lambda out, y, z: 1 / _density(out, y, z), FREEDOM, lambda out, y, z: _quotient(out, y, z))
enter(
    "chndtrinc",
    lambda out, x, y: 1 / _quotient(x, y, out),
    FREEDOM,
    lambda out, x, y: -1 / _density(x, y + 2.0, out),
)
