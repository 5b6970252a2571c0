"""Slopes of scaled modified Bessel functions far out, where the difference of their neighbours cancels."""

from __future__ import annotations

from typing import Any

import numpy as np

# Beyond so many times the square of the order (and one), so many terms have all digits.
_RADIUS, _TERMS = 100.0, 10
OF_I, OF_K = (-1.0, 1 / float(np.sqrt(2 * np.pi))), (1.0, float(np.sqrt(np.pi / 2)))


def slope_of_scaled(v: Any, x: Any, usual: Any, kind: tuple[float, float]) -> Any:
    """The slope of `ive` or `kve` by its argument: `usual`, or that of Hankel's series (DLMF 10.40.1 and 2).

    The function is `factor / sqrt(x)` times the sum of `sign**k a_k(v) / x**k`.
    """
    if getattr(x, "dtype", np.dtype(float)).kind == "c":
        return usual
    sign, factor = kind
    least = _RADIUS * (1 + v * v)
    far = x > least
    z = 1 / np.where(far, x, least)
    total, term = 0.5, 1.0
    for k in range(1, _TERMS + 1):
        term = term * (sign * (4 * v * v - (2 * k - 1.0) ** 2) / (8 * k)) * z
        total = total + (k + 0.5) * term
    return np.where(far, -factor * total * z * np.sqrt(z), usual)
