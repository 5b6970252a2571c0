"""Matrix equations: Sylvester's, Lyapunov's and Riccati's, each differentiated as the equation that it solves."""

from __future__ import annotations

from typing import Any

import numpy as np
import scipy.linalg as scipys

from ...blocks.matrices import adjoint, square, transposed
from ...core.block import general
from ...core.errors import NoRuleError, ShapeError, describe, user_line
from ..chapters import double
from ..stacks import stacked
from .chapter import matrix, smooth, together, whole

# A X + X B = Q


def _sylvester_value(x: Any, y: Any, z: Any) -> Any:
    """As SciPy's; where the equation is singular, for which LAPACK solves another one, it raises."""
    if not z.size:
        return np.zeros(z.shape, np.result_type(x, y, z))
    r, u = scipys.schur(x, output="real")
    s, v = scipys.schur(np.conj(y).T, output="real")
    inner = np.conj(u).T @ z @ v
    (solve,) = scipys.get_lapack_funcs(("trsyl",), (r, s, inner))
    found, scale, info = solve(r, s, inner, tranb="T" if solve.typecode in "sd" else "C")
    if info:
        raise np.linalg.LinAlgError("a and -b have an eigenvalue in common")
    return u @ (scale * found) @ np.conj(v).T


def _sylvester_pushforward(x_dot: Any, y_dot: Any, z_dot: Any, out: Any, x: Any, y: Any) -> Any:
    return sylvester(x, y, z_dot - x_dot @ out - out @ y_dot)


def _sylvester_pullback(out_bar: Any, out: Any, x: Any, y: Any) -> Any:
    z_bar = sylvester(transposed(x), transposed(y), out_bar)
    return -z_bar @ transposed(out), -transposed(out) @ z_bar, z_bar


sylvester: Any = general(
    "solve_sylvester", value=stacked(_sylvester_value, 2, 2, 2), pullback=_sylvester_pullback,
    pushforward=_sylvester_pushforward, names=("x", "y", "z"), parameters=(), dispatches=False,
    signature="(m,m),(n,n),(m,n)->(m,n)",
)  # fmt: skip


def _fitting(name: str, a: Any, b: Any, q: Any) -> None:
    """Refuse shapes of which there is no equation."""
    square(a, name)
    square(b, name)
    if q.ndim < 2 or q.shape[-2:] != (a.shape[-1], b.shape[-1]):
        shapes = ", ".join(map(describe, (a, b, q)))
        raise ShapeError(f"{name}({shapes}): q has the rows of a and the columns of b\n  at {user_line()}")


@smooth
def solve_sylvester(a: Any, b: Any, q: Any) -> Any:
    """The X with a X + X b = q.

    Parameters
    ----------
    a, b, q : array of shapes (m, m), (n, n), (m, n)
        The matrices; `a` and `-b` have no eigenvalue in common.

    Returns
    -------
    array of shape (m, n)

    Raises
    ------
    FactorizationError
        They have one, so that the equation is singular.

    Examples
    --------
    >>> import numpy as np, dragongrad as ad
    >>> import dragongrad.scipy.linalg as la
    >>> one = np.array([[1.0]])
    >>> ad.grad(lambda a: la.solve_sylvester(a, one, one)[0, 0])(one)
    array([[-0.25]])

    """
    a, b, q = together(a, b, q)
    _fitting("solve_sylvester", a, b, q)
    return sylvester(a, b, q)


@smooth
def solve_continuous_lyapunov(a: Any, q: Any) -> Any:
    """The X with a X + X a^H = q, all of shape (n, n).

    Examples
    --------
    >>> import numpy as np, dragongrad as ad
    >>> import dragongrad.scipy.linalg as la
    >>> one = np.array([[1.0]])
    >>> ad.grad(lambda a: la.solve_continuous_lyapunov(a, one)[0, 0])(one)
    array([[-0.5]])

    """
    a, q = together(whole(a), whole(q))
    _fitting("solve_continuous_lyapunov", a, a, q)
    return sylvester(a, adjoint(a), q)


# A X A^H - X + Q = 0


def _stein_value(x: Any, y: Any, method: str | None = None) -> Any:
    out = scipys.solve_discrete_lyapunov(x, y, method=method)
    return out.astype(np.result_type(x, y))


def _stein_pushforward(x_dot: Any, y_dot: Any, out: Any, x: Any, method: str | None = None) -> Any:
    return _stein(x, y_dot + x_dot @ out @ adjoint(x) + x @ out @ adjoint(x_dot), method=method)


def _stein_pullback(out_bar: Any, out: Any, x: Any, method: str | None = None) -> Any:
    y_bar = _stein(transposed(x), out_bar, method=method)
    first = y_bar @ transposed(out @ adjoint(x))
    return first + np.conj(transposed(y_bar) @ x @ out), y_bar


_stein: Any = general(
    "solve_discrete_lyapunov", value=stacked(_stein_value, 2, 2), pullback=_stein_pullback,
    pushforward=_stein_pushforward, names=("x", "y"), parameters=("method",), dispatches=False,
    signature="(n,n),(n,n)->(n,n)",
)  # fmt: skip


@smooth
def solve_discrete_lyapunov(a: Any, q: Any, method: str | None = None) -> Any:
    """The X with a X a^H - X + q = 0, all of shape (n, n); `method` is "direct", "bilinear" or None.

    Examples
    --------
    >>> import numpy as np, dragongrad as ad
    >>> import dragongrad.scipy.linalg as la
    >>> ad.grad(lambda a: la.solve_discrete_lyapunov(a, np.array([[3.0]]))[0, 0])(np.array([[0.5]]))
    array([[5.33333333]])

    """
    a, q = map(double, together(whole(a), whole(q)))
    _fitting("solve_discrete_lyapunov", a, a, q)
    return _stein(a, q, method=method)


# Riccati's equations: Kao and Hennequin, "Automatic differentiation of Sylvester, Lyapunov, and algebraic Riccati
# equations" (2020), with the gain K and the closed loop A - B K


def _cross(x: Any) -> Any:
    return x + adjoint(x)


def _care_value(x: Any, y: Any, z: Any, u: Any, v: Any) -> Any:
    return scipys.solve_continuous_are(x, y, z, u, s=v)


def _care_pushforward(
    x_dot: Any, y_dot: Any, z_dot: Any, u_dot: Any, v_dot: Any, out: Any, x: Any, y: Any, u: Any, v: Any
) -> Any:
    gain = np.linalg.solve(u, adjoint(y) @ out + adjoint(v))
    loop = x - y @ gain
    change = _cross(out @ x_dot - (out @ y_dot + v_dot) @ gain) + z_dot + adjoint(gain) @ u_dot @ gain
    return sylvester(adjoint(loop), loop, -change)


_care: Any = general(
    "solve_continuous_are", value=stacked(_care_value, 2, 2, 2, 2, 2), pushforward=_care_pushforward,
    names=("x", "y", "z", "u", "v"), parameters=(), dispatches=False,
    signature="(n,n),(n,k),(n,n),(k,k),(n,k)->(n,n)",
)  # fmt: skip


@smooth
def solve_continuous_are(
    a: Any, b: Any, q: Any, r: Any, e: Any = None, s: Any = None, balanced: bool = True
) -> Any:
    """The X with a^H X + X a - (X b + s) inv(r) (b^H X + s^H) + q = 0 that stabilises the loop.

    Parameters
    ----------
    a, b, q, r, s : array of shapes (n, n), (n, k), (n, n), (k, k), (n, k)
        The matrices; `q` and `r` Hermitian, `s` zero if it is left out.
    e : None
        The generalised equation has no rule yet.
    balanced : bool
        Of SciPy's; Variables are balanced.

    Returns
    -------
    array of shape (n, n)

    Raises
    ------
    FactorizationError
        There is no such X.
    NoRuleError
        `e` is given.

    Examples
    --------
    >>> import numpy as np, dragongrad as ad
    >>> import dragongrad.scipy.linalg as la
    >>> one = np.array([[1.0]])
    >>> ad.grad(lambda q: la.solve_continuous_are(0 * one, one, q, one)[0, 0])(4 * one)
    array([[0.25]])

    """
    return _care(*_riccati("solve_continuous_are", a, b, q, r, e, s))


def _riccati(name: str, a: Any, b: Any, q: Any, r: Any, e: Any, s: Any) -> list[Any]:
    if e is not None:
        raise NoRuleError(
            f"scipy.linalg.{name} has no derivative rule for e=\n  at {user_line()}\n"
            "Write a -> la.solve(e, a) and b -> la.solve(e, b), which is the same for Y = e^H X e"
        )
    return together(a, b, q, r, np.zeros_like(matrix(b)) if s is None else s)


def _dare_value(x: Any, y: Any, z: Any, u: Any, v: Any) -> Any:
    return scipys.solve_discrete_are(x, y, z, u, s=v)


def _dare_pushforward(
    x_dot: Any, y_dot: Any, z_dot: Any, u_dot: Any, v_dot: Any, out: Any, x: Any, y: Any, u: Any, v: Any
) -> Any:
    gain = np.linalg.solve(u + adjoint(y) @ out @ y, adjoint(y) @ out @ x + adjoint(v))
    loop = x - y @ gain
    moved = adjoint(loop) @ out @ (x_dot - y_dot @ gain) - v_dot @ gain
    return _stein(adjoint(loop), _cross(moved) + z_dot + adjoint(gain) @ u_dot @ gain)


_dare: Any = general(
    "solve_discrete_are", value=stacked(_dare_value, 2, 2, 2, 2, 2), pushforward=_dare_pushforward,
    names=("x", "y", "z", "u", "v"), parameters=(), dispatches=False,
    signature="(n,n),(n,k),(n,n),(k,k),(n,k)->(n,n)",
)  # fmt: skip


@smooth
def solve_discrete_are(a: Any, b: Any, q: Any, r: Any, e: Any = None, s: Any = None, balanced: bool = True) -> Any:
    """The X with a^H X a - X - (a^H X b + s) inv(r + b^H X b) (b^H X a + s^H) + q = 0 that stabilises the loop.

    Shapes and errors are those of `solve_continuous_are`.

    Examples
    --------
    >>> import numpy as np, dragongrad as ad
    >>> import dragongrad.scipy.linalg as la
    >>> one = np.array([[1.0]])
    >>> ad.grad(lambda q: la.solve_discrete_are(0 * one, one, q, one)[0, 0])(4 * one)
    array([[1.]])

    """
    return _dare(*_riccati("solve_discrete_are", a, b, q, r, e, s))
