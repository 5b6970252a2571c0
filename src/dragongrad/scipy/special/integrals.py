"""Exponential, sine and logarithmic integrals, Lambert's function, and integrals of Bessel functions."""

from __future__ import annotations

from typing import Any

import numpy as np
from scipy import special as sp

from .near import factorials, patched, polynomial
from .verbs import Refused, enter, enter_several, order

_INTEGER = "it numbers the branches of a function"

enter("expi", lambda x: np.exp(x) / x)
enter("exp1", lambda x: -np.exp(-x) / x)


def _expn_slope(x: Any, y: Any) -> Any:
    """The integral of the order before; that of order 0 is `exp(-y) / y`."""
    first = x == 0
    return np.where(first, -(1 + 1 / y) * np.exp(-y) / y, -sp.expn(np.where(first, 0, x - 1), y))


enter("expn", order("n"), _expn_slope, domain=((-np.inf, np.inf), (0, np.inf)))

_RADIUS = 0.5


def _wave_over(fn: Any) -> Any:
    """`fn(x) / x` of a sine or a cosine, which is zero at infinity, where the wave itself has no value."""

    def over(x: Any) -> Any:
        if x.dtype.kind == "c":
            return fn(x) / x
        far = np.isinf(x)
        inner = np.where(far, 1.0, x)
        return np.where(far, 0.0, fn(inner) / inner)

    return over


_cosine_over = _wave_over(np.cos)
_sine_over = patched(_wave_over(np.sin), _RADIUS, [(1, 0, -1, 0)[k % 4] / factorials[k + 1] for k in range(18)])
_sinh_over = patched(lambda x: np.sinh(x) / x, _RADIUS, [(1, 0)[k % 2] / factorials[k + 1] for k in range(18)])


def _over_zero(over: Any, x: Any, x_dot: Any) -> Any:
    """`over(x) * x_dot` beside another output, which has a slope at zero, where this one is infinite."""
    start = x == 0
    slope = np.where(start, np.inf, over(np.where(start, 1.0, x)))
    # Whoever uses the other output alone is not to be warned of this one.
    with np.errstate(invalid="ignore"):
        return slope * x_dot


enter_several("sici", lambda x, x_dot: (_sine_over(x) * x_dot, _over_zero(_cosine_over, x, x_dot)), 2)
enter_several("shichi", lambda x, x_dot: (_sinh_over(x) * x_dot, _over_zero(lambda x: np.cosh(x) / x, x, x_dot)), 2)

# log(1 + x) / x
_log_over = patched(lambda x: np.log(1 + x) / x, 0.1, [(-1.0) ** k / (k + 1) for k in range(26)])
enter("spence", lambda x: -_log_over(x - 1), domain=(0, np.inf))

# From the branch point at -1/e, of which this is what its number leaves, by the powers of sqrt(2 (e x + 1)).
_REST = -1.2428753672788363e-17
_OF_ROOT = (
    1, -1 / 3, 11 / 72, -43 / 540, 769 / 17280, -221 / 8505, 680863 / 43545600, -1963 / 204120,
    226287557 / 37623398400,
)  # fmt: skip


def _more_than_minus_one(out: Any, x: Any, k: Any) -> Any:
    """`1 + out`, of which the value leaves few digits near the branch point of the branches 0, 1 and -1."""
    square = 2 * np.e * ((x + float(np.exp(-1))) + _REST)
    near = np.logical_and(np.absolute(square) < 4e-4, np.absolute(1 + out) < 0.1)
    near = np.logical_and(near, square != 0)
    root = np.where(k == 0, 1.0, -1.0) * np.sqrt(np.where(near, square, 1.0))
    return np.where(near, root * polynomial(root, _OF_ROOT), 1 + out)


def _lambert_slope(out: Any, x: Any, k: Any) -> Any:
    more = _more_than_minus_one(out, x, k)
    return np.exp(1 - more) / more


enter(
    "_lambertw",
    lambda out, x, y: _lambert_slope(out, x, y),
    Refused("k", _INTEGER),
    Refused("tol", "it says how precise the value is to be"),
    public="lambertw",
)
enter("wrightomega", lambda out: np.where(np.isinf(out), 1.0, out / (1 + np.where(np.isinf(out), 0.0, out))))

# Integrals of Bessel, Struve and Airy functions
enter_several("itj0y0", lambda x, x_dot: (sp.j0(x) * x_dot, sp.y0(x) * x_dot), 2)
enter_several("iti0k0", lambda x, x_dot: (sp.i0(x) * x_dot, sp.k0(x) * x_dot), 2)
# (1 - J0(x)) / x and (I0(x) - 1) / x
_j0_less = patched(
    lambda x: (1 - sp.j0(x)) / x,
    1.0,
    [
        -((-1.0) ** (k // 2 + 1)) / (4.0 ** (k // 2 + 1) * factorials[k // 2 + 1] ** 2) if k % 2 else 0
        for k in range(22)
    ],
)
_i0_less = patched(
    lambda x: (sp.i0(x) - 1) / x,
    1.0,
    [1 / (4.0 ** (k // 2 + 1) * factorials[k // 2 + 1] ** 2) if k % 2 else 0 for k in range(22)],
)
enter_several("it2j0y0", lambda x, x_dot: (_j0_less(x) * x_dot, -_over_zero(lambda x: sp.y0(x) / x, x, x_dot)), 2)
enter_several("it2i0k0", lambda x, x_dot: (_i0_less(x) * x_dot, -_over_zero(lambda x: sp.k0(x) / x, x, x_dot)), 2)
enter("itstruve0", lambda x: sp.struve(0, x))
_struve_over = patched(
    lambda x: sp.struve(0, x) / x,
    0.5,
    [0 if k % 2 else (-1.0) ** (k // 2) / (2.0 ** (k + 1) * sp.gamma(k / 2 + 1.5) ** 2) for k in range(18)],
)
enter("it2struve0", lambda x: -_struve_over(x))
enter("itmodstruve0", lambda x: sp.modstruve(0, x))


def _airy_integrals(x: Any, x_dot: Any) -> Any:
    (ai, _, bi, _), (left, _, other, _) = sp.airy(x), sp.airy(-x)
    return ai * x_dot, bi * x_dot, left * x_dot, other * x_dot


enter_several("itairy", _airy_integrals, 4)


def _besselpoly_slope(x: Any, y: Any, z: Any) -> Any:
    low = np.where(z == 0, -sp.besselpoly(x, y + 1, 1.0), sp.besselpoly(x, y + 1, np.where(z == 0, 1.0, z - 1)))
    return low - sp.besselpoly(x, y + 1, z + 1)


enter("besselpoly", _besselpoly_slope, order("lmb"), order("nu"))
