"""Orthogonal polynomials: by their argument in closed form, by their parameters through the recurrence."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from scipy import special as sp

from ...core.errors import NoRuleError, user_line
from ...core.variable import Variable, bottom, value_of
from ...transforms.forward import jvp
from .verbs import enter, order


def _unless_constant(degree: Any, slope: Any) -> Any:
    """The slope; that of a polynomial of degree 0 is 0."""
    return np.where(degree == 0, 0.0, slope)


def _below(degree: Any) -> Any:
    return np.where(degree == 0, degree, degree - 1)


def _of_degree(slope: Callable[..., Any]) -> Callable[..., Any]:
    """A rule `slope(degree, degree - 1, argument)`."""
    return lambda x, y: _unless_constant(x, slope(x, _below(x), y))


def _gegenbauer(parameter: float, factor: float) -> Callable[..., Any]:
    return lambda n, below, x: factor * sp.eval_gegenbauer(below, parameter, x)


N = order("n")
enter("eval_legendre", N, _of_degree(_gegenbauer(1.5, 1.0)))
enter("eval_sh_legendre", N, _of_degree(lambda n, m, x: 2 * sp.eval_gegenbauer(m, 1.5, 2 * x - 1)))
enter("eval_chebyt", N, _of_degree(lambda n, m, x: n * sp.eval_chebyu(m, x)))
enter("eval_chebyu", N, _of_degree(_gegenbauer(2.0, 2.0)))
enter("eval_chebyc", N, _of_degree(lambda n, m, x: n * sp.eval_chebyu(m, 0.5 * x)))
enter("eval_chebys", N, _of_degree(lambda n, m, x: sp.eval_gegenbauer(m, 2.0, 0.5 * x)))
enter("eval_sh_chebyt", N, _of_degree(lambda n, m, x: 2 * n * sp.eval_chebyu(m, 2 * x - 1)))
enter("eval_sh_chebyu", N, _of_degree(lambda n, m, x: 4 * sp.eval_gegenbauer(m, 2.0, 2 * x - 1)))
enter("eval_hermite", N, _of_degree(lambda n, m, x: 2 * n * sp.eval_hermite(m, x)))
enter("eval_hermitenorm", N, _of_degree(lambda n, m, x: n * sp.eval_hermitenorm(m, x)))
enter("eval_laguerre", N, _of_degree(lambda n, m, x: -sp.eval_genlaguerre(m, 1.0, x)))

# By a parameter: the three-term recurrence is differentiated, forward.


def _chosen(degree: Any, top: int, first: Any, step: Callable[..., Any]) -> Any:
    """That of a degree, among those up to the top; `step(k, now, before)` makes the one after degree k."""
    before, now = first * 0 + 1.0, first
    found = np.where(degree == 0, before, now)
    for k in range(1, top):
        before, now = now, step(k, now, before)
        found = np.where(degree == k + 1, now, found)
    return found


def _jacobi(degree: Any, top: int, a: Any, b: Any, x: Any) -> Any:
    def step(k: int, now: Any, before: Any) -> Any:
        c = 2 * k + a + b
        ahead = (c + 1) * ((a * a - b * b) + c * (c + 2) * x) * now - 2 * (k + a) * (k + b) * (c + 2) * before
        return ahead / (2 * (k + 1) * (k + 1 + a + b) * c)

    return _chosen(degree, top, 0.5 * (a - b) + (0.5 * (a + b) + 1) * x, step)


def _gegenbauers(degree: Any, top: int, a: Any, x: Any) -> Any:
    def step(k: int, now: Any, before: Any) -> Any:
        return (2 * (k + a) * x * now - (k + 2 * a - 1) * before) / (k + 1.0)

    return _chosen(degree, top, 2 * a * x, step)


def _laguerres(degree: Any, top: int, a: Any, x: Any) -> Any:
    def step(k: int, now: Any, before: Any) -> Any:
        return ((2 * k + 1 + a - x) * now - (k + a) * before) / (k + 1.0)

    return _chosen(degree, top, 1 + a - x, step)


_MOST = 500


def _by_parameter(name: str, recurrence: Callable[..., Any], which: int) -> Callable[..., Any]:
    """The derivative by a parameter, of a constant whole degree."""

    def slope(degree: Any, *rest: Any) -> Any:
        known = None if isinstance(bottom(degree), Variable) else np.asarray(value_of(degree))
        if known is None or np.any(known != np.floor(known)) or np.any((known < 0) | (known > _MOST)):
            raise NoRuleError(
                f"scipy.special.{name} has a derivative by its parameters for whole degrees from 0 to {_MOST}, "
                f"which compiled code knows as constants\n  at {user_line()}\n"
                "Give the degree as a static argument, or pass ad.stop_gradient(parameter)"
            )
        top = int(np.max(known, initial=0))
        shape = np.broadcast_shapes(*map(np.shape, (degree, *rest)))
        varied = np.broadcast_to(rest[which] * 1.0, shape)

        def of_parameter(parameter: Any) -> Any:
            return recurrence(degree, top, *rest[:which], parameter, *rest[which + 1 :])

        return jvp(of_parameter, (varied,), (np.ones(shape),))[1]

    return slope


def _rule(slope: Callable[..., Any], count: int) -> Callable[..., Any]:
    return (lambda x, y, z: slope(x, y, z)) if count == 3 else (lambda x, y, z, u: slope(x, y, z, u))


enter(
    "eval_gegenbauer",
    N,
    _rule(_by_parameter("eval_gegenbauer", _gegenbauers, 0), 3),
    lambda x, y, z: _unless_constant(x, 2 * y * sp.eval_gegenbauer(_below(x), y + 1.0, z)),
)
enter(
    "eval_genlaguerre",
    N,
    _rule(_by_parameter("eval_genlaguerre", _laguerres, 0), 3),
    lambda x, y, z: _unless_constant(x, -sp.eval_genlaguerre(_below(x), y + 1.0, z)),
)
enter(
    "eval_jacobi",
    N,
    _rule(_by_parameter("eval_jacobi", _jacobi, 0), 4),
    _rule(_by_parameter("eval_jacobi", _jacobi, 1), 4),
    lambda x, y, z, u: _unless_constant(x, 0.5 * (x + y + z + 1) * sp.eval_jacobi(_below(x), y + 1.0, z + 1.0, u)),
)


def _shifted_jacobi(degree: Any, top: int, p: Any, q: Any, x: Any) -> Any:
    return _jacobi(degree, top, p - q, q - 1, 2 * x - 1) / sp.binom(2 * degree + p - 1, 1.0 * degree)


enter(
    "eval_sh_jacobi",
    N,
    _rule(_by_parameter("eval_sh_jacobi", _shifted_jacobi, 0), 4),
    _rule(_by_parameter("eval_sh_jacobi", _shifted_jacobi, 1), 4),
    lambda x, y, z, u: _unless_constant(
        x, (x + y) * sp.eval_jacobi(_below(x), y - z + 1.0, 1.0 * z, 2 * u - 1) / sp.binom(2 * x + y - 1, 1.0 * x)
    ),
)


def _lpmv_slope(out: Any, x: Any, y: Any, z: Any) -> Any:
    return (y * z * out - (y + x) * sp.lpmv(x, y - 1, z)) / ((z - 1) * (z + 1))


enter("lpmv", order("m"), order("v"), _lpmv_slope, domain=((-np.inf, np.inf), (-np.inf, np.inf), (-1, 1)))
