"""Parabolic cylinder, Mathieu and spheroidal functions, which SciPy gives with their slopes.

The differential equation gives the slope of the slope. Only the argument has a derivative.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from scipy import special as sp

from .verbs import enter_several, refuse

Curve = Callable[..., Any]


def _pair(name: str, constants: str, curve: Curve, scale: float = 1.0, wide: bool = False) -> None:
    """A value and its slope, by the argument times `scale`; `curve(value, slope, *arguments)` is the next slope."""

    def moved(out: Any, args: tuple[Any, ...], dot: Any) -> Any:
        value, slope = out
        return scale * slope * dot, scale * curve(value, slope, *args) * dot

    rules: dict[int, Callable[..., Any]] = {
        1: lambda out, x, y, y_dot: moved(out, (x, y), y_dot),
        2: lambda out, x, y, z, z_dot: moved(out, (x, y, z), z_dot),
        3: lambda out, x, y, z, u, u_dot: moved(out, (x, y, z, u), u_dot),
        4: lambda out, x, y, z, u, v, v_dot: moved(out, (x, y, z, u, v), v_dot),
    }
    orders = constants.split()
    enter_several(name, rules[len(orders)], 2, orders, wide)


_pair("pbdv", "v", lambda f, slope, v, x: (0.25 * x * x - v - 0.5) * f)
_pair("pbvv", "v", lambda f, slope, v, x: (0.25 * x * x - v - 0.5) * f)
_pair("pbwa", "a", lambda f, slope, a, x: (a - 0.25 * x * x) * f)

# Mathieu's equation; the argument of the first two is in degrees.
_DEGREE = np.pi / 180
_pair(
    "mathieu_cem",
    "m q",
    lambda f, slope, m, q, x: (2 * q * np.cos(2 * _DEGREE * x) - sp.mathieu_a(m, q)) * f,
    _DEGREE,
)
_pair(
    "mathieu_sem",
    "m q",
    lambda f, slope, m, q, x: (2 * q * np.cos(2 * _DEGREE * x) - sp.mathieu_b(m, q)) * f,
    _DEGREE,
)
for _kind in ("1", "2"):
    _pair(
        f"mathieu_modcem{_kind}", "m q", lambda f, slope, m, q, x: (sp.mathieu_a(m, q) - 2 * q * np.cosh(2 * x)) * f
    )
    _pair(
        f"mathieu_modsem{_kind}", "m q", lambda f, slope, m, q, x: (sp.mathieu_b(m, q) - 2 * q * np.cosh(2 * x)) * f
    )


# Spheroidal functions: prolate where `kind` is 1, oblate where it is -1.


def _angular(f: Any, slope: Any, m: Any, c: Any, value: Any, x: Any, kind: float) -> Any:
    square = (1 - x) * (1 + x)
    return (2 * x * slope - (value - kind * c * c * x * x - m * m / square) * f) / square


def _radial(f: Any, slope: Any, m: Any, c: Any, value: Any, x: Any, kind: float) -> Any:
    square = x * x - kind
    return ((value - c * c * x * x + kind * m * m / square) * f - 2 * x * slope) / square


for _prefix, _sign, _number in (("pro", 1.0, sp.pro_cv), ("obl", -1.0, sp.obl_cv)):
    for _suffix, _equation in (("ang1", _angular), ("rad1", _radial)):

        def _own(
            f: Any, slope: Any, m: Any, n: Any, c: Any, x: Any, *, of: Any = (_equation, _sign, _number)
        ) -> Any:
            return of[0](f, slope, m, c, of[2](m, n, c), x, of[1])

        def _given(
            f: Any, slope: Any, m: Any, n: Any, c: Any, value: Any, x: Any, *, of: Any = (_equation, _sign)
        ) -> Any:
            return of[0](f, slope, m, c, value, x, of[1])

        _pair(f"{_prefix}_{_suffix}", "m n c", _own, wide=True)
        _pair(f"{_prefix}_{_suffix}_cv", "m n c cv", _given, wide=True)

_EIGENVALUE = "it is an eigenvalue, whose derivative SciPy has no function for"
refuse(
    "what SciPy gives for it near 1 does not solve its equation",
    "pro_rad2",
    "pro_rad2_cv",
    "obl_rad2",
    "obl_rad2_cv",
)
refuse(_EIGENVALUE, "mathieu_a", "mathieu_b", "pro_cv", "obl_cv")
