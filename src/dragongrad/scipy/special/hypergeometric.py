"""Hypergeometric functions, by argument and parameters, and Wright functions, by their argument."""

from __future__ import annotations

from typing import Any

import numpy as np
from scipy import special as sp

from .confluent import OF_U
from .near import somewhere
from .orders import j_by_order
from .series import OF_0F1, OF_1F1, OF_2F1
from .verbs import Refused, enter

_PARAMETERS = "no formula for it holds on the whole domain"
# Beyond this the series of the limit function cancels, and it is a Bessel function.
_WAVES = 30.0


def parameter(name: str) -> Refused:
    """A parameter of a series."""
    return Refused(name, _PARAMETERS)


def _of_waves(v: Any, z: Any) -> Any:
    """The derivative of `gamma(v) w**(1 - v) J(v - 1, 2 w)` by `v`, with `w` the root of `-z` (DLMF 10.16.9)."""
    waves = z < -_WAVES
    v, root = np.where(waves, v, 1.0), np.sqrt(np.where(waves, -z, _WAVES))
    log = np.log(root)
    size = sp.gammasgn(v) * np.exp(sp.gammaln(v) + (1 - v) * log)
    return size * ((sp.psi(v) - log) * sp.jv(v - 1, 2 * root) + j_by_order(v - 1, 2 * root))


def _limit_by_parameter(v: Any, z: Any) -> Any:
    near = OF_0F1[0]
    if np.iscomplexobj(z):
        return near(v, z)
    waves = z < -_WAVES
    if not somewhere(waves):
        return near(v, z)
    return np.where(waves, _of_waves(v, z), near(v, np.where(waves, 0.0, z)))


def _at_one(near: Any, log_slope: Any) -> Any:
    """A derivative by a parameter, at 1 by Gauss's sum of gamma functions (DLMF 15.4.20)."""

    def slope(out: Any, a: Any, b: Any, c: Any, z: Any) -> Any:
        end = np.logical_and(z == 1, c > a + b)
        inner = near(a, b, c, np.where(end, 0.0, z))
        a, b, c = (np.where(end, p, q) for p, q in ((a, 0.25), (b, 0.25), (c, 1.0)))
        return np.where(end, np.where(end, out, 1.0) * log_slope(a, b, c), inner)

    return slope


_GAUSS = [
    _at_one(OF_2F1[0], lambda a, b, c: sp.psi(c - a) - sp.psi(c - a - b)),
    _at_one(OF_2F1[1], lambda a, b, c: sp.psi(c - b) - sp.psi(c - a - b)),
    _at_one(OF_2F1[2], lambda a, b, c: sp.psi(c) + sp.psi(c - a - b) - sp.psi(c - a) - sp.psi(c - b)),
]

enter("hyp0f1", lambda x, y: _limit_by_parameter(x, y), lambda x, y: sp.hyp0f1(x + 1.0, y) / x)
enter(
    "hyp1f1",
    lambda x, y, z: OF_1F1[0](x, y, z),
    lambda x, y, z: OF_1F1[1](x, y, z),
    lambda x, y, z: x * (sp.hyp1f1(x + 1.0, y + 1.0, z) / y),
)
enter(
    "hyperu",
    lambda x, y, z: OF_U[0](x, y, z),
    lambda x, y, z: OF_U[1](x, y, z),
    lambda x, y, z: -x * sp.hyperu(x + 1.0, y + 1.0, z),
)
enter(
    "hyp2f1",
    lambda out, x, y, z, u: _GAUSS[0](out, x, y, z, u),
    lambda out, x, y, z, u: _GAUSS[1](out, x, y, z, u),
    lambda out, x, y, z, u: _GAUSS[2](out, x, y, z, u),
    lambda x, y, z, u: x * y * (sp.hyp2f1(x + 1.0, y + 1.0, z + 1.0, u) / z),
)
enter("wright_bessel", parameter("a"), parameter("b"), lambda x, y, z: sp.wright_bessel(x, x + y, z))


def _log_wright(out: Any, x: Any, y: Any, z: Any) -> Any:
    return np.exp(sp.log_wright_bessel(x, x + y, z) - out)


enter("log_wright_bessel", parameter("a"), parameter("b"), _log_wright)
