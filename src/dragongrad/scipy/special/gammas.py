"""The gamma function and its kin: products, logarithms, polygammas and the zeta function."""

from __future__ import annotations

from typing import Any

import numpy as np
from scipy import special as sp

from .digammas import digamma_slope, psi_difference
from .verbs import enter
from .zetas import riemann_slope, zeta_by_order

enter("gamma", lambda out, x: out * sp.psi(x))
enter("gammaln", lambda x: sp.psi(x))
enter("loggamma", lambda x: sp.psi(x))
enter("psi", lambda x: digamma_slope(x))
# The zeta function of Hurwitz, in which SciPy writes polygammas.
enter("_zeta", lambda x, y: zeta_by_order(x, y), lambda x, y: -x * sp.zeta(x + 1, y), public="zeta")
enter("_riemann_zeta", lambda x: riemann_slope(x), public="zeta")
enter("zetac", lambda x: riemann_slope(x))


def _rgamma_slope(out: Any, x: Any) -> Any:
    """Left of 1/2 by `1/gamma(x) = sin(pi x) gamma(1 - x) / pi`, which has no poles there."""
    left = np.real(x) < 0.5
    mirrored = 1 - np.where(left, x, 0.0)
    turn = np.cos(np.pi * (1 - mirrored)) - np.sin(np.pi * (1 - mirrored)) * sp.psi(mirrored) / np.pi
    # At infinity it is zero, and does not move.
    elsewhere = np.logical_or(left, np.isinf(x))
    return np.where(left, turn * sp.gamma(mirrored), -out * sp.psi(np.where(elsewhere, 1.0, x)))


enter("rgamma", _rgamma_slope)


def _slope_of_ratio(out: Any, x: Any, y: Any) -> Any:
    """The derivative of `beta(x, y)` by `x`."""
    return -out * psi_difference(x, y)


enter("beta", lambda out, x, y: _slope_of_ratio(out, x, y), lambda out, x, y: _slope_of_ratio(out, y, x))
enter("betaln", lambda x, y: -psi_difference(x, y), lambda x, y: -psi_difference(y, x))


# Nearer to a pole of one of its gamma functions a binomial coefficient is a product of them, as long as that is
# finite: its value, whose logarithm is differentiated elsewhere, is not precise there.
_NEAR_POLE, _LARGE = 1e-3, 150.0


def _near_pole(x: Any) -> Any:
    return np.logical_and(x < 0.5, np.absolute(x - np.round(x)) < _NEAR_POLE)


def _near_end(x: Any, y: Any) -> tuple[Any, Any, Any]:
    """Where a product of gamma functions is taken, and the arguments there."""
    ends = np.logical_or(_near_pole(y + 1), _near_pole(x - y + 1))
    near = np.logical_and(np.logical_or(ends, _near_pole(x + 1)), np.absolute(x) < _LARGE)
    near = np.logical_and(near, np.logical_not(_is_pole(x + 1)))
    return near, np.where(near, x, 1.0), np.where(near, y, 0.0)


def _binom_n(out: Any, x: Any, y: Any) -> Any:
    near, n, k = _near_end(x, y)
    known = out * psi_difference(np.where(near, 1.0, x - y + 1), np.where(near, 0.0, y))
    rest = sp.rgamma(n - k + 1)
    slope = rest * sp.psi(n + 1) + _rgamma_slope(rest, n - k + 1)
    return np.where(near, sp.gamma(n + 1) * sp.rgamma(k + 1) * slope, known)


def _binom_k(out: Any, x: Any, y: Any) -> Any:
    near, n, k = _near_end(x, y)
    known = out * psi_difference(np.where(near, 1.0, y + 1), np.where(near, 0.0, x - 2 * y))
    one, other = sp.rgamma(k + 1), sp.rgamma(n - k + 1)
    slope = _rgamma_slope(one, k + 1) * other - one * _rgamma_slope(other, n - k + 1)
    return np.where(near, sp.gamma(n + 1) * slope, known)


def _is_pole(x: Any) -> Any:
    return np.logical_and(x <= 0, x == np.floor(x))


enter("binom", _binom_n, _binom_k)


def _poch_z(out: Any, x: Any, y: Any) -> Any:
    start = _is_pole(x)
    known = out * psi_difference(np.where(start, 1.0, x), y)
    low = np.where(start, x + y, 1.0)
    return np.where(start, sp.gamma(low) * _rgamma_slope(0.0, x) + out * sp.psi(low), known)


enter("poch", _poch_z, lambda out, x, y: out * sp.psi(x + y))
