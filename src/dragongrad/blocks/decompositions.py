"""Cholesky, eigenvalues, QR and singular values, over any leading axes."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..core.block import TABLE, composite, general
from ..core.errors import FactorizationError, NoRuleError, user_line
from ..core.variable import plain
from .equal_values import (
    alone,
    are_close,
    are_close_in_any_order,
    are_zero,
    doubted,
    kinked,
    over,
    rounding,
    settled,
    shared,
    signs,
    turned,
)
from .kinks import kink
from .matrices import adjoint, diagonal_matrix, from_triangle, half, into_triangle

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


# Eigenvalues


def _eigh_pushforward(x_dot: Any, out: Any, x: Any, UPLO: str = "L") -> Any:  # noqa: N803 - NumPy's name
    w, v = out
    close = are_close(w)
    inner = adjoint(v) @ from_triangle(x_dot, UPLO) @ v
    v_dot = settled(v @ turned(w, close, inner), alone(close), inner, w[..., None, :])
    return shared(close, np.real(np.diagonal(inner, 0, -2, -1)), x), v_dot


def _eigh_pullback(out_bar: Any, out: Any, x: Any, UPLO: str = "L") -> Any:  # noqa: N803
    w, v = out
    w_bar, v_bar = out_bar
    close = are_close(w)
    inner: Any = 0.0 if w_bar is None else diagonal_matrix(shared(close, w_bar, x))
    if v_bar is not None:
        known = alone(close)
        bar = np.conj(doubted(v_bar, known, w[..., None, :]))
        lost = np.sum(np.where(known, 0.0, bar), axis=(-2, -1), keepdims=True)
        inner = inner + turned(w, close, adjoint(v) @ bar) + lost
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


def _eig_pushforward(x_dot: Any, out: Any, x: Any) -> Any:
    """The eigenvectors keep unit length; their phase is held (v^H dv = 0)."""
    w, v = out
    inverse, close = np.linalg.inv(v), are_close_in_any_order(w)
    inner = inverse @ x_dot @ v
    # Where eigenvectors coincide, the matrix is defective, and its eigenvalues have an infinite slope.
    sound = (np.max(np.absolute(inverse), axis=-1, initial=0.0) < 1e-3 / float(np.finfo(v.dtype).eps))[..., None, :]
    w_dot = settled(shared(close, np.diagonal(inner, 0, -2, -1), x)[..., None, :], sound, x_dot)[..., 0, :]
    turn = v @ turned(w, close, inner)
    v_dot = turn - v * np.sum(np.conj(v) * turn, axis=-2, keepdims=True)
    return w_dot, settled(v_dot, np.logical_and(alone(close), np.all(sound, axis=-1, keepdims=True)), x_dot)


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
    # The last of as many real columns as rows is what the others leave: LAPACK keeps its sign, also across zero.
    left = np.arange(k) == k - 1 if q.shape[-2] == k and q.dtype.kind != "c" else np.zeros(k, bool)
    lost = _dependent(r, left)
    known = np.logical_and(np.eye(k, dtype=bool), np.logical_or(lost, left)[..., None, :])
    first = np.where(known, 1.0, r[..., :k])
    slope = _solve_right(x_dot[..., :k], first)
    inner = adjoint(q) @ slope
    below = np.tril(inner, -1)
    turn = below - adjoint(below)
    if q.dtype.kind == "c":
        turn = turn + diagonal_matrix(1j * np.imag(np.diagonal(inner, 0, -2, -1)))
    # The columns of a square Q are a whole basis: it only turns.
    q_dot = q @ turn if q.shape[-2] == k else slope + q @ (turn - inner)
    r_dot = adjoint(q) @ x_dot - turn @ r
    found = np.logical_not(lost)
    return settled(q_dot, found[..., None, :], x_dot), settled(np.triu(r_dot), found[..., :, None], x_dot)


def _dependent(r: Any, left: Any) -> Any:
    """Which columns are not determined, because they or one before depend on those before, and none is left."""
    size = np.absolute(r[..., : r.shape[-2]])
    limit = rounding(r, r.shape[-1]) * np.max(size, axis=-2, initial=0.0)
    short = np.logical_and(np.diagonal(size, 0, -2, -1) <= limit, np.logical_not(left))
    return np.cumsum(short, axis=-1) > 0


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


def _svd_pushforward(x_dot: Any, out: Any, x: Any) -> Any:
    """Townsend, "Differentiating the singular value decomposition" (2016), with the squares of values factored.

    With M the change of the matrix in their bases, the vectors of both sides turn together at half of
    (M + M^H) / (s_j - s_i), and against each other at half of (M - M^H) / (s_j + s_i).
    """
    u, s, vh = out
    v, zero, close = adjoint(vh), are_zero(s), are_close(s)
    inner = adjoint(u) @ x_dot @ v
    both = np.logical_and(zero[..., :, None], zero[..., None, :])
    total = np.where(both, 0.0, s[..., :, None] + s[..., None, :])
    together, apart = turned(s, close, inner + adjoint(inner)) / 2, over(inner - adjoint(inner), total) / 2
    u_dot, v_dot = u @ (together + apart), v @ (together - apart)
    columns = np.where(zero, 0.0, s)[..., None, :]
    # The vectors of a zero change their sign against each other where the value would.
    known = np.logical_and(alone(close), columns != 0)
    if u.shape[-2] > u.shape[-1]:
        u_dot = u_dot + over(x_dot @ v - u @ inner, columns)
    if v.shape[-2] > v.shape[-1]:
        v_dot = v_dot + over(adjoint(x_dot) @ u - v @ adjoint(inner), columns)
    slope = np.real(np.diagonal(inner, 0, -2, -1))
    # A value of zero has a kink, as an absolute value has.
    s_dot = kinked(np.where(zero, 0.0, shared(close, slope, x)), slope, zero, x)
    u_dot, v_dot = (settled(d, known, x_dot, s[..., None, :]) for d in (u_dot, v_dot))
    return u_dot, s_dot, adjoint(v_dot)


def _reduced(x: Any) -> Any:
    finite = np.isfinite(x)
    if finite.all():
        return np.linalg.svd(x, full_matrices=False)
    # Of infinities NumPy makes NaN, and of NaN an error; but where there are infinities LAPACK may never end.
    if np.isnan(x).any():
        raise np.linalg.LinAlgError("SVD did not converge")
    known = finite.all((-2, -1))[..., None]
    u, s, vh = np.linalg.svd(np.where(known[..., None], x, 0), full_matrices=False)
    lost = s.dtype.type(np.nan)
    return _SVD_RESULT(
        np.where(known[..., None], u, lost), np.where(known, s, lost), np.where(known[..., None], vh, lost)
    )


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
            f"are not unique\n  at {user_line()}\nWrite full_matrices=False"
        )
    return _SVD_RESULT(*_svd(a))


def _hermitian_svd(a: Any, compute_uv: bool) -> Any:
    """By the eigenvalues of the Hermitian matrix that is read from the lower triangle, as NumPy does it."""
    if not compute_uv:
        return np.flip(np.sort(np.absolute(np.linalg.eigvalsh(a))), -1)
    w, u = np.linalg.eigh(a)
    size = np.absolute(w)
    order = np.flip(np.argsort(size), -1)
    s, phase = np.take_along_axis(size, order, -1), np.take_along_axis(signs(w), order, -1)
    u = np.take_along_axis(u, order[..., None, :], -1)
    # Singular values have no sign: it goes to the vectors on the right.
    return _SVD_RESULT(u, s, adjoint(u * phase[..., None, :]))


_svd_call = TABLE[np.linalg.svd]
composite(np.linalg.svdvals)(lambda x, /: _svd_call(x, compute_uv=False))


# Promises at kinks and singularities, and about the triangle that is read

_READ, _EQUAL, _LOW = [[4.0, 9.0], [0.0, 1.0]], np.eye(2), np.diag([1.0, 0.0])
_MEAN, _NO_VECTORS = "the mean of those of all that are equal", "of their vectors NaN"
kink(np.linalg.cholesky, "any matrix", "of the triangle that is read", _READ, [[0.0, 0.0], [0.5, 0.0]],
     lambda a: np.linalg.cholesky(a)[1, 0])  # fmt: skip
kink(np.linalg.cholesky, "a matrix that is not positive definite", "an error, as for the value", _LOW,
     FactorizationError)  # fmt: skip
for _fn, _values in (
    (np.linalg.eigh, lambda a: np.linalg.eigh(a)[0]),
    (np.linalg.eigvalsh, np.linalg.eigvalsh),
):
    kink(_fn, "any matrix", "of the triangle that is read", [[2.0, 9.0], [0.0, 1.0]],
         [[[0, 0], [0, 1]], [[1, 0], [0, 0]]], _values)  # fmt: skip
    kink(_fn, "equal eigenvalues", _MEAN, _EQUAL, _EQUAL / 2, _values)
kink(np.linalg.eigh, "equal eigenvalues", _NO_VECTORS, _EQUAL, [[np.nan, 0.0], [np.nan, np.nan]],
     lambda a: np.linalg.eigh(a)[1])  # fmt: skip
for _fn, _values in ((np.linalg.eig, lambda a: np.linalg.eig(a)[0]), (np.linalg.eigvals, np.linalg.eigvals)):
    kink(_fn, "equal eigenvalues", _MEAN, _EQUAL, _EQUAL / 2, _values)
    kink(_fn, "equal eigenvalues of a defective matrix", "NaN", [[1.0, 1.0], [0.0, 1.0]], np.nan, _values)
kink(np.linalg.eig, "equal eigenvalues", _NO_VECTORS, _EQUAL, np.nan, lambda a: np.linalg.eig(a)[1])
for _fn, _values in (
    (np.linalg.svd, lambda a: np.linalg.svd(a)[1]),
    (np.linalg.svdvals, np.linalg.svdvals),
):
    kink(_fn, "equal singular values", _MEAN, _EQUAL, _EQUAL / 2, _values)
    kink(_fn, "a singular value of 0", "0, the mean of both sides", _LOW, [_LOW, np.zeros((2, 2))], _values)
kink(
    np.linalg.svd, "equal singular values, or one of 0", _NO_VECTORS, _EQUAL, np.nan, lambda a: np.linalg.svd(a)[0]
)
kink(np.linalg.qr, "a column that depends on those before it",
     "NaN from that column and row on, unless it is the last of as many real columns as rows",
     np.ones((3, 2)), np.nan, lambda a: np.linalg.qr(a)[0][:, 1])  # fmt: skip
kink(np.linalg.norm, "the 2-norm of a matrix whose largest singular values are equal", _MEAN, _EQUAL, _EQUAL / 2,
     lambda a: np.linalg.norm(a, 2))  # fmt: skip
kink(np.linalg.norm, "the nuclear norm of a singular matrix", "0 for each singular value of 0", _LOW, _LOW,
     lambda a: np.linalg.norm(a, "nuc"))  # fmt: skip
for _fn in (np.linalg.matrix_norm, np.linalg.vector_norm):
    kink(_fn, "zero", "0, the mean over all directions; the second is infinite", np.zeros((2, 2)), 0)
kink(np.linalg.norm, "equal extrema, of the orders 1 and infinity", "they share it equally", [2.0, -2.0, 1.0],
     [0.5, -0.5, 0], lambda x: np.linalg.norm(x, np.inf))  # fmt: skip
