"""Polar factors, factors with the triangle in front, and angles between spaces."""

from __future__ import annotations

from typing import Any

import numpy as np
import scipy.linalg as scipys

from ...blocks.matrices import adjoint, diagonal_matrix, square
from ...blocks.matrices import transposed as transpose_of
from ...core.block import general
from ...core.errors import NoRuleError, ShapeError, describe, user_line
from ..stacks import stacked
from .chapter import matrix, smooth, together
from .equations import sylvester
from .systems import triangular


def _polar_value(x: Any) -> Any:
    return scipys.polar(x)


def _polar_pushforward(x_dot: Any, out: Any, x: Any) -> Any:
    """From P P = A^H A, a Sylvester equation for dP; then dU P = dA - U dP. Equal singular values do no harm."""
    u, p = out
    change = adjoint(x_dot) @ x
    p_dot = sylvester(p, p, change + adjoint(change))
    u_dot = adjoint(np.linalg.solve(p, adjoint(x_dot - u @ p_dot)))
    return u_dot, p_dot


_polar: Any = general("polar", value=stacked(_polar_value, 2), pushforward=_polar_pushforward, outputs=2,
                      names=("x",), parameters=(), dispatches=False, signature="(m,n)->(m,n),(n,n)")  # fmt: skip


@smooth
def polar(a: Any, side: str = "right") -> Any:
    """The factors u, p of a matrix of full rank: orthonormal columns or rows, and a positive definite matrix.

    `a = u p` with `side="right"`, `a = p u` with "left". A matrix without full rank has no derivative, and raises a
    `FactorizationError`.

    Examples
    --------
    >>> import numpy as np, dragongrad as ad
    >>> import dragongrad.scipy.linalg as la
    >>> ad.jvp(lambda a: la.polar(a)[1], (np.eye(2),), (np.array([[1.0, 2.0], [0.0, 0.0]]),))[1]
    array([[1., 1.],
           [1., 0.]])

    """
    a = matrix(a)
    if side not in ("right", "left"):
        raise ShapeError(f"polar({describe(a)}): side is 'right' or 'left', not {side!r}\n  at {user_line()}")
    if a.shape[-2] >= a.shape[-1]:
        u, p = _polar(a)
        return (u, p) if side == "right" else (u, u @ p @ adjoint(u))
    u, p = _polar(adjoint(a))
    # The factors of the adjoint from the other side: a = p u^H.
    return adjoint(u), (u @ p @ adjoint(u) if side == "right" else p)


@smooth
def orthogonal_procrustes(A: Any, B: Any, check_finite: bool = True) -> Any:  # noqa: N803 - SciPy's names
    """The orthogonal matrix R that brings `A @ R` nearest to `B`, and the sum of the singular values of `A.T @ B`.

    Examples
    --------
    >>> import numpy as np, dragongrad as ad
    >>> import dragongrad.scipy.linalg as la
    >>> ad.grad(lambda a: la.orthogonal_procrustes(a, np.eye(2))[1])(np.eye(2))
    array([[1., 0.],
           [0., 1.]])

    """
    a, b = together(A, B)
    if a.shape != b.shape:
        raise ShapeError(f"orthogonal_procrustes: {a.shape} and {b.shape} are different shapes\n  at {user_line()}")
    square(transpose_of(a) @ a, "orthogonal_procrustes")
    u, p = _polar(adjoint(adjoint(b) @ a))
    return u, np.real(np.trace(p, 0, -2, -1))


def _rq_value(x: Any) -> Any:
    return scipys.rq(x, mode="economic", check_finite=False)


def _rq_pushforward(x_dot: Any, out: Any) -> Any:
    """From inv(R) dA Q^H = inv(R) dR + dQ Q^H, an upper triangle and a skew matrix."""
    r, q = out
    slope = triangular(r, x_dot, lower=False)
    inner = slope @ adjoint(q)
    below = np.tril(inner, -1)
    turn = below - adjoint(below)
    if q.dtype.kind == "c":
        turn = turn + diagonal_matrix(1j * np.imag(np.diagonal(inner, 0, -2, -1)))
    rest = np.triu(inner - turn)
    return r @ rest, slope - rest @ q


_rq: Any = general("rq", value=stacked(_rq_value, 2), pushforward=_rq_pushforward, outputs=2, names=("x",),
                   parameters=(), dispatches=False, signature="(m,n)->(m,m),(m,n)")  # fmt: skip


@smooth
def rq(a: Any, overwrite_a: bool = False, lwork: Any = None, mode: str = "full", check_finite: bool = True) -> Any:
    """A triangular matrix and orthonormal rows whose product is a matrix (m, n) of full rank, m <= n.

    Raises
    ------
    NoRuleError
        There are more rows than columns, or with `mode="full"` fewer: the added rows are not unique.
    FactorizationError
        The rows depend on each other.

    Examples
    --------
    >>> import numpy as np, dragongrad as ad
    >>> import dragongrad.scipy.linalg as la
    >>> ad.grad(lambda a: np.abs(la.rq(a, mode="economic")[0][0, 0]))(np.array([[3.0, 4.0]]))
    array([[0.6, 0.8]])

    """
    a = matrix(a)
    m, n = a.shape[-2:]
    if mode not in ("full", "r", "economic") or m > n or (mode != "economic" and m != n):
        raise NoRuleError(
            f"scipy.linalg.rq has no derivative rule for mode={mode!r} of shape {a.shape}: what is added is not "
            f"unique\n  at {user_line()}\nWrite mode='economic', of no more rows than columns"
        )
    r, q = _rq(a)
    r = np.triu(r)
    return r if mode == "r" else (r, q)


@smooth
def subspace_angles(A: Any, B: Any) -> Any:  # noqa: N803
    """The angles between the spaces of the columns of two matrices of full rank, in falling order.

    Angles of zero have no derivative, and equal ones the mean of theirs.

    Examples
    --------
    >>> import numpy as np, dragongrad as ad
    >>> import dragongrad.scipy.linalg as la
    >>> ad.grad(lambda a: la.subspace_angles(a, np.array([[1.0], [0.0]]))[0])(np.array([[1.0], [1.0]]))
    array([[-0.5],
           [ 0.5]])

    """
    a, b = (np.linalg.qr(x)[0] for x in together(A, B))
    inner = adjoint(a) @ b
    cosines = np.linalg.svdvals(inner)
    away = b - a @ inner if a.shape[-1] >= b.shape[-1] else a - b @ adjoint(inner)
    sines = np.linalg.svdvals(away)
    # By the sine where the angle is small, by the cosine where it is large.
    small = cosines**2 >= 0.5
    by_sine = np.arcsin(np.where(small, np.clip(sines, -1.0, 1.0), 0.5))
    backwards = np.flip(cosines, -1)
    by_cosine = np.arccos(np.where(small, 0.5, np.clip(backwards, -1.0, 1.0)))
    return np.where(small, by_sine, by_cosine)
