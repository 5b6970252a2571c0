"""Bessel, Hankel, Kelvin, Struve and Airy functions, by their argument and some by their order."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from scipy import special as sp

from ...core.block import elementwise
from ...core.errors import NoRuleError, user_line
from .far import OF_I, OF_K, slope_of_scaled
from .orders import i_by_order, j_by_order, k_by_order, y_by_order
from .verbs import enter, enter_several, of_special, order


def _between(fn: Any, sign: float, factor: float = 0.5) -> Callable[[Any, Any], Any]:
    """The recurrence of most Bessel functions: half the difference (the sum) of their neighbours'."""
    return lambda x, y: factor * (fn(x - 1, y) + sign * fn(x + 1, y))


def _real(name: str, slope: Callable[..., Any]) -> Callable[..., Any]:
    """The slope of a scaled function; its scale is an absolute value, so that of complex numbers it has none."""

    def checked(out: Any, x: Any, y: Any) -> Any:
        if getattr(y, "dtype", np.dtype(float)).kind == "c":
            raise NoRuleError(
                f"scipy.special.{name} of complex numbers has no derivative: its scale is an absolute value\n"
                f"  at {user_line()}\nWrite the function without the e, times an exponential of your own"
            )
        return slope(out, x, y)

    return checked


def _sign(x: Any) -> Any:
    return np.sign(np.real(x))


def _by_order(name: str, slope: Callable[[Any, Any], Any]) -> Callable[[Any, Any], Any]:
    """The derivative by the order, of real arguments."""

    def checked(x: Any, y: Any) -> Any:
        if getattr(y, "dtype", np.dtype(type(y))).kind == "c":
            raise NoRuleError(
                f"scipy.special.{name} of complex numbers has no derivative by its order v\n  at {user_line()}\n"
                "Where that derivative is not wanted, pass ad.stop_gradient(v)"
            )
        return slope(x, y)

    return lambda x, y: checked(x, y)


def _rising(slope: Callable[[Any, Any], Any]) -> Callable[[Any, Any], Any]:
    """The derivative by the order of what is zero at zero for all positive orders."""
    return lambda x, y: np.where(np.logical_and(x > 0, y == 0), 0.0, slope(x, y))


enter("jv", _by_order("jv", _rising(j_by_order)), _between(sp.jv, -1))
enter("yv", _by_order("yv", y_by_order), _between(sp.yv, -1))
enter("jve", _by_order("jve", _rising(j_by_order)), _real("jve", lambda out, x, y: _between(sp.jve, -1)(x, y)))
enter("yve", _by_order("yve", y_by_order), _real("yve", lambda out, x, y: _between(sp.yve, -1)(x, y)))
enter("yn", order("n"), _between(sp.yn, -1))
enter("iv", _by_order("iv", _rising(lambda x, y: i_by_order(x, y, False))), _between(sp.iv, 1))
enter("kv", _by_order("kv", lambda x, y: k_by_order(x, y, False)), _between(sp.kv, 1, -0.5))
enter("kn", order("n"), _between(sp.kn, 1, -0.5))
_slope_of_ive = _real(
    "ive", lambda out, x, y: slope_of_scaled(x, y, _between(sp.ive, 1)(x, y) - _sign(y) * out, OF_I)
)
_slope_of_kve = lambda out, x, y: slope_of_scaled(x, y, out + _between(sp.kve, 1, -0.5)(x, y), OF_K)
enter("ive", _by_order("ive", _rising(lambda x, y: i_by_order(x, y, True))), _slope_of_ive)
enter("kve", _by_order("kve", lambda x, y: k_by_order(x, y, True)), _slope_of_kve)
enter(
    "hankel1", _by_order("hankel1", lambda x, y: j_by_order(x, y) + 1j * y_by_order(x, y)), _between(sp.hankel1, -1)
)
enter(
    "hankel2", _by_order("hankel2", lambda x, y: j_by_order(x, y) - 1j * y_by_order(x, y)), _between(sp.hankel2, -1)
)
enter(
    "hankel1e",
    _by_order("hankel1e", lambda x, y: np.exp(-1j * y) * (j_by_order(x, y) + 1j * y_by_order(x, y))),
    lambda out, x, y: _between(sp.hankel1e, -1)(x, y) - 1j * out,
)
enter(
    "hankel2e",
    _by_order("hankel2e", lambda x, y: np.exp(1j * y) * (j_by_order(x, y) - 1j * y_by_order(x, y))),
    lambda out, x, y: _between(sp.hankel2e, -1)(x, y) + 1j * out,
)

# Those of order 2 have names of their own, by which compiled code knows them.


def j2(x: Any) -> Any:
    """`jv(2, x)`."""
    return sp.jv(2, x)


def i2(x: Any) -> Any:
    """`iv(2, x)`."""
    return sp.iv(2, x)


def i2e(x: Any) -> Any:
    """`ive(2, x)`."""
    return sp.ive(2, x)


_j2 = elementwise(j2, lambda x: 0.5 * (sp.j1(x) - sp.jv(3, x)), dispatches=False).call
_i2 = elementwise(i2, lambda x: 0.5 * (sp.i1(x) + sp.iv(3, x)), singular=True, dispatches=False).call
_i2e = elementwise(
    i2e, lambda out, x: 0.5 * (sp.i1e(x) + sp.ive(3, x)) - np.sign(x) * out, singular=True, dispatches=False
).call


def _scaled(order: float, x: Any, usual: Any, kind: tuple[float, float]) -> Any:
    return slope_of_scaled(order, np.absolute(x), usual, kind)


enter("j0", lambda x: -sp.j1(x))
enter("j1", lambda x: 0.5 * (sp.j0(x) - _j2(x)))
enter("y0", lambda x: -sp.y1(x))
enter("y1", lambda out, x: sp.y0(x) - out / x)
enter("i0", lambda x: sp.i1(x))
enter("i1", lambda x: 0.5 * (sp.i0(x) + _i2(x)))
enter("k0", lambda x: -sp.k1(x))
enter("k1", lambda out, x: -sp.k0(x) - out / x)
enter("i0e", lambda out, x: np.sign(x) * _scaled(0.0, x, sp.i1e(np.absolute(x)) - out, OF_I))
enter("i1e", lambda out, x: _scaled(1.0, x, 0.5 * (sp.i0e(x) + _i2e(x)) - np.sign(x) * out, OF_I))
enter("k0e", lambda out, x: slope_of_scaled(0.0, x, out - sp.k1e(x), OF_K))
enter("k1e", lambda out, x: slope_of_scaled(1.0, x, out - sp.k0e(x) - out / x, OF_K))

# Spherical functions; SciPy's ufuncs of their derivatives are differentiated by the differential equation.


def _spherical(letter: str, curve: Callable[..., Any]) -> None:
    name = f"spherical_{letter}n"
    enter(f"_{name}", order("n"), lambda x, y: of_special(f"_{name}_d")(x, y), public=name)
    enter(f"_{name}_d", order("n"), lambda out, x, y: curve(of_special(f"_{name}")(x, y), out, x, y), public=name)


def _spherical_curve(sign: float) -> Callable[..., Any]:
    """From `y**2 f'' + 2 y f' + (sign y**2 - n (n+1)) f = 0`."""
    return lambda value, slope, x, y: (x * (x + 1.0) / (y * y) - sign) * value - 2 * slope / y


for _letter, _kind in (("j", 1.0), ("y", 1.0), ("i", -1.0), ("k", -1.0)):
    _spherical(_letter, _spherical_curve(_kind))

# Airy functions: f'' = z f
enter_several(
    "airy",
    lambda x, x_dot, out: (out[1] * x_dot, x * out[0] * x_dot, out[3] * x_dot, x * out[2] * x_dot),
    4,
)


def _scaled_airy(x: Any, x_dot: Any, out: Any) -> Any:
    """Those times the exponentials of `2/3 z sqrt(z)` and, negative, of its real part."""
    if x.dtype.kind == "c":
        raise NoRuleError(
            "scipy.special.airye of complex numbers has no derivative: its scale is an absolute value\n"
            f"  at {user_line()}\nWrite sp.airy, times an exponential of your own"
        )
    root = np.sqrt(np.where(x > 0, x, 0.0))
    return (
        (out[1] + root * out[0]) * x_dot,
        (x * out[0] + root * out[1]) * x_dot,
        (out[3] - root * out[2]) * x_dot,
        (x * out[2] - root * out[3]) * x_dot,
    )


enter_several("airye", _scaled_airy, 4)

# Kelvin functions: f = ber + i bei and ker + i kei have f'' = i f - f' / x.


def _over(slope: Any, value: Any, x: Any) -> Any:
    """`f' / x`, of which the limit at zero is `f''`, half of what it is subtracted from."""
    start = x == 0
    return np.where(start, 0.5 * value, slope / np.where(start, 1.0, x))


enter("ber", lambda x: sp.berp(x))
enter("bei", lambda x: sp.beip(x))
enter("berp", lambda out, x: -sp.bei(x) - _over(out, -sp.bei(x), x))
enter("beip", lambda out, x: sp.ber(x) - _over(out, sp.ber(x), x))
enter("ker", lambda x: sp.kerp(x))
enter("kei", lambda x: sp.keip(x))
enter("kerp", lambda out, x: -sp.kei(x) - out / x)
enter("keip", lambda out, x: sp.ker(x) - out / x)
enter_several(
    "kelvin",
    lambda x, x_dot, out: (
        out[2] * x_dot,
        out[3] * x_dot,
        (1j * out[0] - _over(out[2], 1j * out[0], x)) * x_dot,
        (1j * out[1] - out[3] / x) * x_dot,
    ),
    4,
)


# Struve functions


def _power(x: Any, y: Any) -> Any:
    """`(y/2)**x / (sqrt(pi) * gamma(x + 3/2))`."""
    return (0.5 * y) ** (1.0 * x) * sp.rgamma(x + 1.5) / float(np.sqrt(np.pi))


enter("struve", order("v"), lambda x, y: 0.5 * (sp.struve(x - 1.0, y) - sp.struve(x + 1.0, y) + _power(x, y)))
enter(
    "modstruve",
    order("v"),
    lambda x, y: 0.5 * (sp.modstruve(x - 1.0, y) + sp.modstruve(x + 1.0, y) + _power(x, y)),
)
