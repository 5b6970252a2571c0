"""Cholesky, eigenvalues, QR and singular values, over any leading axes.

Where eigenvalues or singular values coincide, their vectors turn at any speed: they have no derivative, which is
NaN unless nothing moves them. The values have a kink there, and each has the mean of the derivatives of all that
are equal. What depends on the vectors of other values keeps its own.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from ..core.block import TABLE, composite, general
from ..core.errors import NoRuleError
from ..core.variable import bottom, plain
from .triangles import adjoint, diagonal_matrix, from_triangle, half, into_triangle

_SVD_RESULT, _QR_RESULT = type(np.linalg.svd(np.eye(1))), type(np.linalg.qr(np.eye(1)))


def _solve_right(x: Any, lower: Any) -> Any:
    """`x @ inv(lower)`."""
    return np.swapaxes(np.linalg.solve(np.swapaxes(lower, -1, -2), np.swapaxes(x, -1, -2)), -1, -2)


# Cholesky: Murray, "Differentiation of the Cholesky decomposition" (arXiv:1602.07527), equations 8 and 10


def _cholesky_pushforward(x_dot: Any, out: Any) -> Any:
    inner = np.linalg.solve(out, adjoint(np.linalg.solve(out, adjoint(from_triangle(x_dot)))))
    return out @ half(inner)


def _cholesky_pullback(out_bar: Any, out: Any) -> Any:
    middle = half(adjoint(out) @ np.conj(np.tril(out_bar)))
    return into_triangle(np.conj(np.linalg.solve(adjoint(out), _solve_right(middle, out))))


_cholesky = general(np.linalg.cholesky, pullback=_cholesky_pullback, pushforward=_cholesky_pushforward,
                    signature="(n,n)->(n,n)")  # fmt: skip


@composite(np.linalg.cholesky)
def cholesky(a: Any, /, *, upper: bool = False) -> Any:
    """The lower (or upper) triangular factor of a positive definite matrix, of which that triangle is read."""
    a = plain(a)
    # Above the diagonal are zeros, whatever the matrix: no derivative goes through them.
    lower = np.tril(_cholesky(adjoint(a) if upper else a))
    return adjoint(lower) if upper else lower


# Equal values


def _are_close(w: Any) -> Any:
    """Which values are equal to rounding: a symmetric matrix of truths."""
    scale = np.max(np.absolute(w), axis=-1, initial=0.0)[..., None, None]
    return np.absolute(w[..., None, :] - w[..., :, None]) <= 8 * float(np.finfo(w.dtype).eps) * scale


def _are_zero(s: Any) -> Any:
    """Which singular values are zero to rounding."""
    return s <= 8 * float(np.finfo(s.dtype).eps) * np.max(s, axis=-1, initial=0.0, keepdims=True)


def _alone(w: Any) -> Any:
    """Which values are equal to no other: a row, beside vectors as columns."""
    return (np.sum(_are_close(w), axis=-1) == 1)[..., None, :]


def _shared(w: Any, slope: Any) -> Any:
    """The derivatives of values, each the mean of those of all that are equal."""
    close = _are_close(w)
    count = np.sum(close, axis=-1).astype(slope.dtype)
    return np.sum(np.where(close, slope[..., None, :], 0.0), axis=-1) / count


def _settled(v_dot: Any, settled: Any, x_dot: Any) -> Any:
    """The tangents of vectors, NaN for those that are not settled if the matrix moves at all."""
    if np.all(bottom(settled)):
        return v_dot
    moved = np.max(np.absolute(x_dot), axis=(-2, -1), keepdims=True, initial=0.0)
    return _over(np.where(settled, v_dot, moved), settled.astype(np.finfo(v_dot.dtype).dtype))


def _turned(w: Any, inner: Any) -> Any:
    """`inner` / (w_j - w_i): how fast each vector turns towards each other one."""
    close, own = _are_close(w), np.eye(w.shape[-1], dtype=bool)
    gap = np.where(close, 0.0, w[..., None, :] - w[..., :, None])
    # A vector does not turn towards itself; its own entry tells what is noise among the others.
    return np.where(own, 0.0, _over(inner, np.where(own, 1.0, gap)))


def _quotient(x: Any, y: Any) -> Any:
    """`x` / `y`; where `y` is zero, NaN, and zero for an `x` that is zero to rounding."""
    size, zero = np.absolute(x), y == 0
    largest = np.max(size, axis=(-2, -1), keepdims=True, initial=0.0, where=np.isfinite(size))
    lost = zero & ~(size <= 32 * np.finfo(x.dtype).eps * largest)
    return np.where(lost, np.nan, np.where(zero, 0.0, x / np.where(zero, 1.0, y)))


# Linear in x, and its own transpose: forward and reverse mode find NaN alike.
_over: Any = general(
    "over", value=_quotient, names=("x", "y"), parameters=(), dispatches=False, symbol="/",
    pushforward=lambda x_dot, y_dot, out, y: _over(x_dot - out * y_dot, y),
    pullback=lambda out_bar, out, y: (_over(out_bar, y), -_over(out_bar * out, y)),
    batch=lambda size, values, batched: _over(*values),
)  # fmt: skip


# Eigenvalues


def _eigh_pushforward(x_dot: Any, out: Any, UPLO: str = "L") -> Any:  # noqa: N803 - NumPy's name
    w, v = out
    inner = adjoint(v) @ from_triangle(x_dot, UPLO) @ v
    v_dot = _settled(v @ _turned(w, inner), _alone(w), inner)
    return _shared(w, np.real(np.diagonal(inner, 0, -2, -1))), v_dot


def _eigh_pullback(out_bar: Any, out: Any, UPLO: str = "L") -> Any:  # noqa: N803
    w, v = out
    w_bar, v_bar = out_bar
    inner: Any = 0.0 if w_bar is None else diagonal_matrix(_shared(w, w_bar))
    if v_bar is not None:
        settled = _alone(w).astype(w.dtype)
        inner = inner + _turned(w, adjoint(v) @ np.conj(_over(v_bar, settled)))
    return into_triangle(np.conj(v @ inner @ adjoint(v)), UPLO)


_eigh = general(np.linalg.eigh, pullback=_eigh_pullback, pushforward=_eigh_pushforward, outputs=2,
                signature="(n,n)->(n),(n,n)")  # fmt: skip


@composite(np.linalg.eigh)
def eigh(a: Any, UPLO: str = "L") -> Any:  # noqa: N803
    """Eigenvalues and eigenvectors of a Hermitian matrix, of which one triangle is read."""
    UPLO = UPLO.upper()  # noqa: N806
    if UPLO not in ("L", "U"):
        raise ValueError(f"UPLO is 'L' or 'U', not {UPLO!r}")
    return _eigh(plain(a), **({} if UPLO == "L" else {"UPLO": UPLO}))


@composite(np.linalg.eigvalsh)
def eigvalsh(a: Any, UPLO: str = "L") -> Any:  # noqa: N803
    """Eigenvalues of a Hermitian matrix."""
    return np.linalg.eigh(a, UPLO)[0]


def _eig_pushforward(x_dot: Any, out: Any) -> Any:
    """The eigenvectors keep unit length; their phase is held (v^H dv = 0)."""
    w, v = out
    inner = np.linalg.solve(v, x_dot @ v)
    turn = _settled(v @ _turned(w, inner), _alone(w), inner)
    return (
        _shared(w, np.diagonal(inner, 0, -2, -1)), turn - v * np.sum(np.conj(v) * turn, axis=-2, keepdims=True)
    )  # fmt: skip


general(np.linalg.eig, pushforward=_eig_pushforward, outputs=2, signature="(n,n)->(n),(n,n)")


@composite(np.linalg.eigvals)
def eigvals(a: Any) -> Any:
    """Eigenvalues of a square matrix."""
    return np.linalg.eig(plain(a))[0]


# QR


def _qr_pushforward(x_dot: Any, out: Any) -> Any:
    """Walter, Lehmann and Lamour (2012); where a column depends on those before it, NaN from there on."""
    q, r = out
    k = q.shape[-1]
    lost = _dependent(r)
    first = np.where(np.logical_and(np.eye(k, dtype=bool), lost[..., None, :]), 1.0, r[..., :k])
    slope = _solve_right(x_dot[..., :k], first)
    inner = adjoint(q) @ slope
    below = np.tril(inner, -1)
    turn = below - adjoint(below)
    if q.dtype.kind == "c":
        turn = turn + diagonal_matrix(1j * np.imag(np.diagonal(inner, 0, -2, -1)))
    found = np.where(lost, 0.0, 1.0).astype(np.finfo(q.dtype).dtype)
    q_dot, r_dot = slope + q @ (turn - inner), adjoint(q) @ x_dot - turn @ r
    return _over(q_dot, found[..., None, :]), _over(np.triu(r_dot), found[..., :, None])


def _dependent(r: Any) -> Any:
    """Which columns are not determined, because they or one before depend on those before."""
    size = np.absolute(r[..., : r.shape[-2]])
    limit = 8 * float(np.finfo(r.dtype).eps) * np.max(size, axis=-2, initial=0.0)
    return np.cumsum(np.diagonal(size, 0, -2, -1) <= limit, axis=-1) > 0


_qr = general(np.linalg.qr, pushforward=_qr_pushforward, outputs=2, signature="(m,n)->(m,k),(k,n)",
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
    q, r = _qr(a)
    # Below the diagonal are zeros, whatever the matrix: no derivative goes through them.
    r = np.triu(r)
    return r if mode == "r" else _QR_RESULT(q, r)


# Singular values


def _svd_pushforward(x_dot: Any, out: Any) -> Any:
    """Townsend, "Differentiating the singular value decomposition" (2016), with the squares of values factored.

    With M the change of the matrix in their bases, the vectors of both sides turn together at half of
    (M + M^H) / (s_j - s_i), and against each other at half of (M - M^H) / (s_j + s_i).
    """
    u, s, vh = out
    v = adjoint(vh)
    inner = adjoint(u) @ x_dot @ v
    zero = _are_zero(s)
    both = np.logical_and(zero[..., :, None], zero[..., None, :])
    total = np.where(both, 0.0, s[..., :, None] + s[..., None, :])
    together, apart = _turned(s, inner + adjoint(inner)) / 2, _over(inner - adjoint(inner), total) / 2
    u_dot, v_dot = u @ (together + apart), v @ (together - apart)
    columns = np.where(zero, 0.0, s)[..., None, :]
    # The vectors of a zero change their sign against each other where the value would.
    settled = np.logical_and(_alone(s), columns != 0)
    if u.shape[-2] > u.shape[-1]:
        u_dot = u_dot + _over(x_dot @ v - u @ inner, columns)
    if v.shape[-2] > v.shape[-1]:
        v_dot = v_dot + _over(adjoint(x_dot) @ u - v @ adjoint(inner), columns)
    # A value of zero has a kink, as an absolute value has.
    slope = np.where(zero, 0.0, np.real(np.diagonal(inner, 0, -2, -1)))
    u_dot, v_dot = (_settled(d, settled, x_dot) for d in (u_dot, v_dot))
    return u_dot, _shared(s, slope), adjoint(v_dot)


def _reduced(x: Any) -> Any:
    return np.linalg.svd(x, full_matrices=False)


_svd = general("svd", pushforward=_svd_pushforward, value=_reduced, outputs=3, names=("x",), parameters=(),
               signature="(m,n)->(m,k),(k),(k,n)", dispatches=False)  # fmt: skip


@composite(np.linalg.svd)
def svd(a: Any, full_matrices: bool = True, compute_uv: bool = True, hermitian: bool = False) -> Any:
    """Singular vectors and values."""
    a = plain(a)
    if hermitian:
        return _hermitian_svd(a, compute_uv)
    if not compute_uv:
        return _svd(a)[1]
    if full_matrices and a.shape[-1] != a.shape[-2]:
        raise NoRuleError(
            f"np.linalg.svd has no derivative rule for full_matrices=True of shape {a.shape}: the added vectors "
            "are not unique; use full_matrices=False"
        )
    return _SVD_RESULT(*_svd(a))


def _hermitian_svd(a: Any, compute_uv: bool) -> Any:
    """By the eigenvalues of the Hermitian matrix that is read from the lower triangle, as NumPy does it."""
    if not compute_uv:
        return np.flip(np.sort(np.absolute(np.linalg.eigvalsh(a))), -1)
    w, u = np.linalg.eigh(a)
    size = np.absolute(w)
    order = np.flip(np.argsort(size), -1)
    s, phase = np.take_along_axis(size, order, -1), np.take_along_axis(np.sign(w), order, -1)
    u = np.take_along_axis(u, order[..., None, :], -1)
    # Singular values have no sign: it goes to the vectors on the right.
    return _SVD_RESULT(u, s, adjoint(u * phase[..., None, :]))


composite(np.linalg.svdvals)(lambda x, /: TABLE[np.linalg.svd](x, compute_uv=False))
