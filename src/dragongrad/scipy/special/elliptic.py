"""Elliptic integrals and functions. All slopes are Carlson's integrals, precise at their special points too."""

from __future__ import annotations

from typing import Any

import numpy as np
from scipy import special as sp

from ...blocks.special import stop_gradient
from .carlson import rc_first, rc_second, rd_of_argument, rd_of_last, rj_of_argument, rj_of_last
from .verbs import enter, enter_several

# DLMF 19.25: K' is R_D(0, 1, 1-m) / 6, and E' is -R_D(0, 1-m, 1) / 6.
enter("ellipk", lambda x: sp.elliprd(0.0, 1.0, 1 - x) / 6, domain=(-np.inf, 1))
enter("ellipkm1", lambda x: -sp.elliprd(0.0, 1.0, x) / 6, domain=(0, np.inf))
enter("ellipe", lambda x: -sp.elliprd(0.0, 1 - x, 1.0) / 6, domain=(-np.inf, 1))


def _delta(x: Any, y: Any) -> Any:
    """`1 - y * sin(x)**2`, precise where that is small for `y` near 1."""
    sine, cosine = np.sin(x), np.cos(x)
    return cosine * cosine + (1 - y) * sine * sine


def _reduced(x: Any) -> tuple[Any, Any, Any]:
    """Sine and squared cosine of an angle, and how many half turns it holds."""
    turns = np.round(x / np.pi)
    sine, cosine = np.sin(x - np.pi * turns), np.cos(x)
    return sine, cosine * cosine, turns


def first_by_parameter(x: Any, y: Any) -> Any:
    """The derivative of the incomplete integral of the first kind by its parameter."""
    sine, square, turns = _reduced(x)
    whole = turns * sp.elliprd(0.0, 1.0, np.where(turns == 0, 1.0, 1 - y))
    return sine**3 * sp.elliprd(square, 1.0, _delta(x, y)) / 6 + whole / 3


def _second_by_parameter(x: Any, y: Any) -> Any:
    sine, square, turns = _reduced(x)
    whole = turns * sp.elliprd(0.0, np.where(turns == 0, 1.0, 1 - y), 1.0)
    return -(sine**3) * sp.elliprd(square, _delta(x, y), 1.0) / 6 - whole / 3


enter("ellipkinc", lambda x, y: 1 / np.sqrt(_delta(x, y)), first_by_parameter)
enter("ellipeinc", lambda x, y: np.sqrt(_delta(x, y)), _second_by_parameter)


def _jacobis(x: Any, y: Any, x_dot: Any, y_dot: Any, out: Any) -> Any:
    """`sn`, `cn`, `dn` and the amplitude, of which the last has the derivative of the inverse of an integral."""
    sn, cn, dn, amplitude = out
    turn = dn * (x_dot - first_by_parameter(amplitude, y) * y_dot)
    return cn * turn, -sn * turn, -sn * (y * cn * turn + 0.5 * sn * y_dot) / dn, turn


enter_several("ellipj", _jacobis, 4)

# Carlson's symmetric integrals
enter("elliprf", lambda x, y, z: -sp.elliprd(y, z, x) / 6, lambda x, y, z: -sp.elliprd(x, z, y) / 6,
      lambda x, y, z: -sp.elliprd(x, y, z) / 6)  # fmt: skip
enter("elliprc", lambda x, y: rc_first(x, y), lambda x, y: rc_second(x, y))
enter("elliprd", lambda x, y, z: rd_of_argument(x, y, z), lambda x, y, z: rd_of_argument(y, x, z),
      lambda x, y, z: rd_of_last(x, y, z))  # fmt: skip


def _rg_slope(x: Any, y: Any, z: Any) -> Any:
    """By the first argument; beside two zeros the integral is half its square root."""
    alone = np.logical_and(np.logical_and(y == 0, z == 0), x != 0)
    y = np.where(alone, 1.0, y)
    tail = np.where(x == 0, 0.0, x * sp.elliprd(y, z, np.where(x == 0, 1.0, x)))
    return np.where(alone, 0.25 / np.sqrt(np.where(alone, x, 1.0)), 0.25 * (sp.elliprf(x, y, z) - tail / 3))


enter("elliprg", lambda x, y, z: _rg_slope(x, y, z), lambda x, y, z: _rg_slope(y, x, z),
      lambda x, y, z: _rg_slope(z, x, y))  # fmt: skip
enter("elliprj", lambda x, y, z, u: rj_of_argument(x, y, z, u), lambda x, y, z, u: rj_of_argument(y, x, z, u),
      lambda x, y, z, u: rj_of_argument(z, x, y, u), lambda x, y, z, u: rj_of_last(x, y, z, u))  # fmt: skip


def _agm_slope(out: Any, x: Any, y: Any) -> Any:
    """By the first of two positive numbers: the mean is `pi / (2 R_F(0, x**2, y**2))`.

    The slope is the same of any multiple of the numbers. Where one is nearly zero, or zero, it is the leading term.
    """
    size = stop_gradient(np.maximum(np.absolute(x), np.absolute(y)))
    a, b, mean = np.absolute(x) / size, np.absolute(y) / size, np.absolute(out) / size
    low, high = a < _LEAST, b < _LEAST
    far = np.logical_or(low, high)
    first, second = np.where(far, 1.0, a), np.where(far, 1.0, b)
    slope = 2 / (3 * np.pi) * mean * mean * first * sp.elliprd(0.0, second * second, first * first)
    slope = np.where(high, mean - 2 / np.pi * mean * mean, slope)
    zero = a == 0
    steep = np.where(zero, np.inf, 2 / np.pi * mean * mean / np.where(zero, 1.0, a))
    return np.where(low, steep, slope)


# Squares of numbers below are nothing beside 1.
_LEAST = 1e-100
enter("agm", lambda out, x, y: _agm_slope(out, x, y), lambda out, x, y: _agm_slope(out, y, x))
