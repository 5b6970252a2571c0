"""Derivatives of Carlson's integrals R_C, R_D and R_J.

Those of R_D and R_J are integrals of the same kind that SciPy does not have. They are computed by the duplication
theorem (Carlson, "Numerical computation of real or complex elliptic integrals", 1995), which is differentiated.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from scipy import special as sp

from ...transforms.forward import jvp

# Each step brings the arguments four times nearer to each other; the series then is precise to the last digit.
_STEPS = 9
# A last argument of R_J so many times the others is too distant for them.
_FAR = 500.0


def _series(e2: Any, e3: Any, e4: Any, e5: Any) -> Any:
    return (
        1 - 3 * e2 / 14 + e3 / 6 + 9 * e2 * e2 / 88 - 3 * e4 / 22 - 9 * e2 * e3 / 52 + 3 * e5 / 26
        - e2 * e2 * e2 / 16 + 3 * e3 * e3 / 40 + 3 * e2 * e4 / 20
    )  # fmt: skip


def _rd(x: Any, y: Any, z: Any) -> Any:
    total, scale = 0.0, 1.0
    for _ in range(_STEPS):
        a, b, c = np.sqrt(x), np.sqrt(y), np.sqrt(z)
        step = a * b + (a + b) * c
        total = total + scale / (c * (z + step))
        x, y, z, scale = 0.25 * (x + step), 0.25 * (y + step), 0.25 * (z + step), 0.25 * scale
    mean = 0.2 * (x + y + 3 * z)
    p, q = (mean - x) / mean, (mean - y) / mean
    r, both = -(p + q) / 3, p * q
    series = _series(both - 6 * r * r, (3 * both - 8 * r * r) * r, 3 * (both - r * r) * r * r, both * r**3)
    return scale * series / (mean * np.sqrt(mean)) + 3 * total


def _rc_of_one(excess: Any) -> Any:
    """`R_C(1, 1 + excess)`."""
    x, y = 1.0, 1 + excess
    gap = excess * 1.0
    for _ in range(_STEPS):
        step = 2 * np.sqrt(x) * np.sqrt(y) + y
        x, y, gap = 0.25 * (x + step), 0.25 * (y + step), 0.25 * gap
    mean = (x + 2 * y) / 3
    s = gap / (3 * mean)
    series = 0.3 + s * (1 / 7 + s * (0.375 + s * (9 / 22 + s * (159 / 208 + s * 1.125))))
    return (1 + s * s * series) / np.sqrt(mean)


def _rj(x: Any, y: Any, z: Any, p: Any) -> Any:
    """Where the last argument is large, whose distance would want more steps, by another one (DLMF 19.21.12)."""
    x, y, z = _largest_last(x, y, z)
    far = np.absolute(p) > _FAR * np.absolute(z)
    distant, a, b, m = (np.where(far, v, s) for v, s in ((p, 4.0), (x, 1.0), (y, 1.0), (z, 1.0)))
    gap = (m - a) * (m - b) / (distant - m)
    near = _rj_near(x, y, z, np.where(far, m + gap, p))
    start, end = a * b == 0, distant * (m + gap) / m
    # At zero its slope is infinite, beside an argument that does not move.
    of_zero = 0.5 * np.pi / np.sqrt(end)
    of_end = np.where(start, of_zero, sp.elliprc(np.where(start, 1.0, a * b / m), end))
    rest = sp.elliprf(a, b, m) - of_end
    return np.where(far, (3 * rest - gap * near) / (distant - m), near)


def _largest_last(x: Any, y: Any, z: Any) -> tuple[Any, Any, Any]:
    after = np.absolute(x) > np.absolute(y)
    x, y = np.where(after, y, x), np.where(after, x, y)
    after = np.absolute(y) > np.absolute(z)
    return x, np.where(after, z, y), np.where(after, y, z)


def _rj_near(x: Any, y: Any, z: Any, p: Any) -> Any:
    total, scale = 0.0, 1.0
    gaps = (p - x) * (p - y) * (p - z)
    for _ in range(_STEPS):
        a, b, c, d = np.sqrt(x), np.sqrt(y), np.sqrt(z), np.sqrt(p)
        product = (d + a) * (d + b) * (d + c)
        total = total + scale / product * _rc_of_one(gaps / (product * product))
        step = a * b + (a + b) * c
        x, y, z, p = 0.25 * (x + step), 0.25 * (y + step), 0.25 * (z + step), 0.25 * (p + step)
        scale, gaps = 0.25 * scale, gaps / 64
    mean = 0.2 * (x + y + z + 2 * p)
    u, v, w = (mean - x) / mean, (mean - y) / mean, (mean - z) / mean
    r = -0.5 * (u + v + w)
    all_three, e2 = u * v * w, u * v + u * w + v * w - 3 * r * r
    series = _series(
        e2, all_three + 2 * e2 * r + 4 * r**3, (2 * all_three + e2 * r + 3 * r**3) * r, all_three * r * r
    )
    return scale * series / (mean * np.sqrt(mean)) + 6 * total


def _by(fn: Callable[..., Any], which: int) -> Callable[..., Any]:
    """The derivative of a function of several arrays by one of them; at zero that falls like a root."""

    def slope(*args: Any) -> Any:
        shape = np.broadcast_shapes(*map(np.shape, args))
        varied = np.broadcast_to(args[which] * 1.0, shape)
        start = varied == 0
        rest = lambda v: fn(*args[:which], v, *args[which + 1 :])
        moved = jvp(rest, (np.where(start, 1.0, varied),), (np.ones(shape, varied.dtype),))[1]
        return np.where(start, -np.inf, moved)

    return slope


rd_of_argument, rd_of_last = _by(_rd, 0), _by(_rd, 2)
rj_of_argument, rj_of_last = _by(_rj, 0), _by(_rj, 3)


def _principal(x: Any, y: Any) -> tuple[Any, Any, Any]:
    """For a principal value, at `y < 0`: whether it is one, and `x` and `-y` there."""
    negative = np.real(y) < 0
    negative = np.logical_and(negative, np.imag(y) == 0)
    return negative, x, np.where(negative, -y, 1.0)


def rc_first(x: Any, y: Any) -> Any:
    """The derivative of `R_C(x, y)` by `x`; a principal value is `sqrt(x / (x-y)) * R_C(x-y, -y)`."""
    negative, x, w = _principal(x, y)
    usual = np.where(negative, 1.0, y)
    s = x + w
    principal = 0.5 * w / (s * np.sqrt(x * s)) * sp.elliprc(s, w) - np.sqrt(x / s) * sp.elliprd(w, w, s) / 6
    return np.where(negative, principal, -sp.elliprd(usual, usual, x) / 6)


def rc_second(x: Any, y: Any) -> Any:
    """The derivative of `R_C(x, y)` by `y`."""
    negative, x, w = _principal(x, y)
    usual = np.where(negative, 1.0, y)
    s = x + w
    inner = 0.5 / s * sp.elliprc(s, w) + sp.elliprd(w, w, s) / 6 + sp.elliprd(s, w, w) / 3
    return np.where(negative, np.sqrt(x / s) * inner, -sp.elliprd(x, usual, usual) / 3)
