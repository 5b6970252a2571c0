"""Differences and derivatives of the digamma function."""

from __future__ import annotations

from typing import Any

import numpy as np
from scipy import special as sp

# B(2k) / (2k): the asymptotic series of the digamma function is log(x) - 1/(2x) - sum(c[k] / x**(2k)).
SERIES = (1 / 12, -1 / 120, 1 / 252, -1 / 240, 1 / 132, -691 / 32760, 1 / 12, -3617 / 8160)
_SHIFT = 16


def psi_difference(x: Any, y: Any) -> Any:
    """`psi(x + y) - psi(x)`, as precise where `y` is small beside `x`.

    By the recurrence to numbers where the asymptotic series holds, of which differences are taken term by term.
    """
    right = np.logical_and(x > 0, x + y > 0)
    start, step = np.where(right, x, 1.0), np.where(right, y, 0.0)
    total, low = 0.0, start
    for _ in range(_SHIFT):
        total = total + step / (low * (low + step))
        low = low + 1.0
    one, two = 1 / low, 1 / (low + step)
    # Of the polynomial in the squares: its value at one, and its divided difference.
    square, other, value, slope = one * one, two * two, 0.0, 0.0
    for c in reversed((0.0, *SERIES)):
        slope = slope * other + value
        value = value * square + c
    # two - one = -step * one * two, and so of their squares.
    gap = step * one * two
    total = total + np.log1p(step * one) + 0.5 * gap + gap * (one + two) * slope
    return np.where(right, total, sp.psi(np.where(right, 1.0, x + y)) - sp.psi(np.where(right, 1.0, x)))


def digamma_slope(x: Any) -> Any:
    """The trigamma function, also of complex numbers, which SciPy's zeta function does not take."""
    if x.dtype.kind != "c":
        return sp.zeta(2.0, x)
    left = np.real(x) < 0.5
    z = np.where(left, 1 - x, x)
    total, low = 0.0, z
    for _ in range(_SHIFT):
        total = total + 1 / (low * low)
        low = low + 1.0
    inverse = 1 / low
    square, series = inverse * inverse, 0.0
    for k, c in reversed(list(enumerate(SERIES, 1))):
        series = series * square + 2 * k * c
    total = total + inverse * (1 + 0.5 * inverse + square * series)
    sine = np.sin(np.pi * np.where(left, x, 0.5))
    return np.where(left, (np.pi / sine) ** 2 - total, total)
