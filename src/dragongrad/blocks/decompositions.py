"""Cholesky, eigenvalues, QR and singular values, over any leading axes.

Where eigenvalues or singular values coincide, their vectors turn at any speed: they have no derivative, and it is
NaN unless nothing turns them. What depends on the values alone, or on the vectors of other values, keeps its own.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from ..core.block import TABLE, composite, general
from ..core.errors import NoRuleError
from ..core.variable import plain
from .linalg import adjoint


def _half(x: Any) -> Any:
    """The lower triangle with half the diagonal."""
    return np.tril(x) - 0.5 * _diagonal_matrix(np.diagonal(x, 0, -2, -1))


def _diagonal_matrix(d: Any) -> Any:
    return d[..., :, None] * np.eye(d.shape[-1], dtype=np.finfo(d.dtype).dtype)


def _hermitian(x: Any) -> Any:
    return 0.5 * (x + adjoint(x))


def _solve_right(x: Any, lower: Any) -> Any:
    """`x @ inv(lower)`."""
    return np.swapaxes(np.linalg.solve(np.swapaxes(lower, -1, -2), np.swapaxes(x, -1, -2)), -1, -2)


# Cholesky: Murray, "Differentiation of the Cholesky decomposition" (arXiv:1602.07527), equations 8 and 10.
# The matrix counts as Hermitian: its two triangles share the cotangent.


def _cholesky_pushforward(x_dot: Any, out: Any) -> Any:
    inner = np.linalg.solve(out, adjoint(np.linalg.solve(out, adjoint(_hermitian(x_dot)))))
    return out @ _half(inner)


def _cholesky_pullback(out_bar: Any, out: Any) -> Any:
    middle = _half(adjoint(out) @ np.conj(np.tril(out_bar)))
    inner = np.linalg.solve(adjoint(out), _solve_right(middle, out))
    return np.conj(_hermitian(inner))


_cholesky = general(np.linalg.cholesky, pullback=_cholesky_pullback, pushforward=_cholesky_pushforward,
                    signature="(n,n)->(n,n)")  # fmt: skip


@composite(np.linalg.cholesky)
def cholesky(a: Any, /, *, upper: bool = False) -> Any:
    """The lower (or upper) triangular factor of a positive definite matrix."""
    a = plain(a)
    return adjoint(_cholesky(adjoint(a))) if upper else _cholesky(a)


# Eigenvalues


def _turned(w: Any, inner: Any) -> Any:
    """`inner` / (w_j - w_i): how fast each vector turns towards each other one."""
    gap = w[..., None, :] - w[..., :, None]
    scale = np.max(np.absolute(w), axis=-1, initial=0.0)[..., None, None]
    close = np.absolute(gap) <= 8 * float(np.finfo(w.dtype).eps) * scale
    return _over(np.where(close, 0.0, gap), np.where(np.eye(w.shape[-1], dtype=bool), 0.0, inner))


def _over(divisor: Any, x: Any) -> Any:
    """`x` / `divisor`; where that is zero, zero for `x` zero and NaN otherwise."""
    zero = divisor == 0
    return np.where(np.logical_and(zero, x != 0), np.nan, x / np.where(zero, np.inf, divisor))


def _eigh_pushforward(x_dot: Any, out: Any) -> Any:
    w, v = out
    inner = adjoint(v) @ _hermitian(x_dot) @ v
    return np.real(np.diagonal(inner, 0, -2, -1)), v @ _turned(w, inner)


def _eigh_pullback(out_bar: Any, out: Any) -> Any:
    w, v = out
    w_bar, v_bar = out_bar
    inner: Any = 0.0 if w_bar is None else _diagonal_matrix(w_bar)
    if v_bar is not None:
        inner = inner + _turned(w, adjoint(v) @ np.conj(v_bar))
    return np.conj(_hermitian(v @ inner @ adjoint(v)))


_eigh = general(np.linalg.eigh, pullback=_eigh_pullback, pushforward=_eigh_pushforward, outputs=2,
                signature="(n,n)->(n),(n,n)", parameters=())  # fmt: skip


@composite(np.linalg.eigh)
def eigh(a: Any, UPLO: str = "L") -> Any:  # noqa: N803 - NumPy's name
    """Eigenvalues and eigenvectors of a Hermitian matrix, of which one triangle is read."""
    a = plain(a)
    if UPLO.upper() not in ("L", "U"):
        raise ValueError(f"UPLO is 'L' or 'U', not {UPLO!r}")
    return _eigh(a if UPLO.upper() == "L" else adjoint(a))


@composite(np.linalg.eigvalsh)
def eigvalsh(a: Any, UPLO: str = "L") -> Any:  # noqa: N803 - NumPy's name
    """Eigenvalues of a Hermitian matrix."""
    return np.linalg.eigh(a, UPLO)[0]


def _eig_pushforward(x_dot: Any, out: Any) -> Any:
    """The eigenvectors keep unit length; their phase is held (v^H dv = 0)."""
    w, v = out
    inner = np.linalg.solve(v, x_dot @ v)
    turn = v @ _turned(w, inner)
    return np.diagonal(inner, 0, -2, -1), turn - v * np.sum(np.conj(v) * turn, axis=-2, keepdims=True)


general(np.linalg.eig, pushforward=_eig_pushforward, outputs=2, signature="(n,n)->(n),(n,n)")


@composite(np.linalg.eigvals)
def eigvals(a: Any) -> Any:
    """Eigenvalues of a square matrix."""
    return np.linalg.eig(plain(a))[0]


# QR


def _qr_pushforward(x_dot: Any, out: Any) -> Any:
    """Walter, Lehmann and Lamour (2012), for as many rows as columns or more."""
    q, r = out
    slope = _solve_right(x_dot, r)
    inner = adjoint(q) @ slope
    below = np.tril(inner, -1)
    turn = below - adjoint(below)
    if q.dtype.kind == "c":
        turn = turn + _diagonal_matrix(1j * np.imag(np.diagonal(inner, 0, -2, -1)))
    return slope + q @ (turn - inner), (inner - turn) @ r


_qr = general(np.linalg.qr, pushforward=_qr_pushforward, outputs=2, signature="(m,n)->(m,n),(n,n)",
              parameters=())  # fmt: skip


@composite(np.linalg.qr)
def qr(a: Any, mode: str = "reduced") -> Any:
    """Orthonormal columns and a triangular matrix whose product is the matrix."""
    a = plain(a)
    m, n = a.shape[-2:]
    if mode not in ("reduced", "r") and not (mode == "complete" and m <= n):
        raise NoRuleError(
            f"np.linalg.qr has no derivative rule for mode={mode!r} of shape {a.shape}: the added columns are "
            "not unique; use mode='reduced'"
        )
    q, r = _qr(a[..., :m]) if m < n else _qr(a)
    if m < n:
        r = np.concatenate([r, adjoint(q) @ a[..., m:]], axis=-1)
    return r if mode == "r" else _QRResult(q, r)


_QRResult = type(np.linalg.qr(np.eye(1)))
_SVDResult = type(np.linalg.svd(np.eye(1)))


# Singular values


def _svd_pushforward(x_dot: Any, out: Any) -> Any:
    """Townsend, "Differentiating the singular value decomposition" (2016)."""
    u, s, vh = out
    v = adjoint(vh)
    inner = adjoint(u) @ x_dot @ v
    rows, columns = s[..., :, None], s[..., None, :]
    u_dot = u @ _turned(s * s, inner * columns + rows * adjoint(inner))
    v_dot = v @ _turned(s * s, rows * inner + adjoint(inner) * columns)
    if u.dtype.kind == "c":
        u_dot = u_dot + u * (1j * _over(columns, np.imag(np.diagonal(inner, 0, -2, -1))[..., None, :]))
    if u.shape[-2] > u.shape[-1]:
        u_dot = u_dot + _over(columns, x_dot @ v - u @ inner)
    if v.shape[-2] > v.shape[-1]:
        v_dot = v_dot + _over(columns, adjoint(x_dot) @ u - v @ adjoint(inner))
    return u_dot, np.real(np.diagonal(inner, 0, -2, -1)), adjoint(v_dot)


def _reduced(x: Any) -> Any:
    return np.linalg.svd(x, full_matrices=False)


_svd = general("svd", pushforward=_svd_pushforward, value=_reduced, outputs=3, names=("x",), parameters=(),
               signature="(m,n)->(m,k),(k),(k,n)", dispatches=False)  # fmt: skip


@composite(np.linalg.svd)
def svd(a: Any, full_matrices: bool = True, compute_uv: bool = True, hermitian: bool = False) -> Any:
    """Singular vectors and values."""
    a = plain(a)
    if not compute_uv:
        return _svd(a)[1]
    if full_matrices and a.shape[-1] != a.shape[-2]:
        raise NoRuleError(
            f"np.linalg.svd has no derivative rule for full_matrices=True of shape {a.shape}: the added vectors "
            "are not unique; use full_matrices=False"
        )
    return _SVDResult(*_svd(a))


composite(np.linalg.svdvals)(lambda x, /: TABLE[np.linalg.svd](x, compute_uv=False))
