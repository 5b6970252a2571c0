"""Triangular, orthogonal and polar factors, and singular values."""

from __future__ import annotations

from typing import Any

import numpy as np
import scipy.linalg as scipys

from ...blocks.matrices import adjoint
from ...blocks.matrices import transposed as transpose_of
from ...core.block import constant, general
from ...core.errors import NoRuleError, user_line
from ..chapters import one_of
from ..stacks import over_stacks, stacked
from .chapter import column, matrix, refused, smooth, together, whole
from .systems import triangular


@smooth
def cholesky(a: Any, lower: bool = False, overwrite_a: bool = False, check_finite: bool = True) -> Any:
    """The triangular factor of a positive definite matrix, or of each of a stack, of which that triangle is read.

    Derivative: Murray, "Differentiation of the Cholesky decomposition" (2016). A matrix that is not positive
    definite raises a `FactorizationError`.

    Examples
    --------
    >>> import numpy as np, dragongrad as ad
    >>> import dragongrad.scipy.linalg as la
    >>> ad.grad(lambda a: np.sum(la.cholesky(a, lower=True)))(np.diag([4.0, 1.0]))
    array([[0.25, 0.  ],
           [0.5 , 0.5 ]])

    """
    return np.linalg.cholesky(whole(a), upper=not lower)


@smooth
def cho_factor(a: Any, lower: bool = False, overwrite_a: bool = False, check_finite: bool = True) -> Any:
    """The factor of `cholesky` for `cho_solve`, and which triangle it is in; the other one stays what it was.

    Examples
    --------
    >>> import numpy as np, dragongrad as ad
    >>> import dragongrad.scipy.linalg as la
    >>> ad.grad(lambda a: np.sum(la.cho_solve(la.cho_factor(a), np.ones(2))))(np.diag([4.0, 1.0]))
    array([[-0.0625, -0.5   ],
           [ 0.    , -1.    ]])

    """
    a = whole(a)
    mask = np.tri(a.shape[-1], dtype=bool)
    return np.where(mask if lower else mask.T, cholesky(a, lower=lower), a), lower


@smooth
def cho_solve(c_and_lower: Any, b: Any, overwrite_b: bool = False, check_finite: bool = True) -> Any:
    """Solve a x = b with what `cho_factor` gives; `b` has shape (n,) or (..., n, k).

    Examples
    --------
    >>> import numpy as np, dragongrad as ad
    >>> import dragongrad.scipy.linalg as la
    >>> ad.jacobian(lambda b: la.cho_solve(la.cho_factor(np.diag([4.0, 1.0])), b))(np.ones(2))
    array([[0.25, 0.  ],
           [0.  , 1.  ]])

    """
    factor, lower = c_and_lower
    factor, b = together(factor, b)
    b, is_vector = column(b)
    factor = factor if lower else adjoint(factor)
    x = triangular(adjoint(factor), triangular(factor, b, lower=True), lower=False)
    return x[..., 0] if is_vector else x


# Triangular factors of a matrix whose rows are exchanged: which ones is constant between ties of two pivots


def _lu_value(x: Any) -> Any:
    packed, pivots = scipys.lu_factor(x, check_finite=False)
    return packed, pivots, _order(pivots, x.shape[-2])


def _order(pivots: Any, m: int) -> Any:
    """Which row of the matrix stands where, from the exchanges of rows one after the other."""
    order = np.arange(m)
    for i, j in enumerate(pivots):
        order[[i, j]] = order[[j, i]]
    return order


def _lu_pushforward(x_dot: Any, out: Any) -> Any:
    """From P dA = dL U + L dU: below and above the diagonal of inv(L) P dA inv(U) are inv(L) dL and dU inv(U)."""
    packed, _, order = out
    k = min(packed.shape[-2:])
    lower, upper = _unpacked(packed)
    first, corner = lower[..., :k, :], upper[..., :, :k]
    moved = np.take_along_axis(x_dot, order[..., None], axis=-2)
    left = triangular(first, moved[..., :k, :], lower=True)
    inner = transpose_of(triangular(transpose_of(corner), transpose_of(left[..., :k]), lower=True))
    l_dot, u_dot = first @ np.tril(inner, -1), np.triu(inner) @ corner
    if packed.shape[-2] > k:
        rest = moved[..., k:, :] - lower[..., k:, :] @ u_dot
        rest = transpose_of(triangular(transpose_of(corner), transpose_of(rest), lower=True))
        return np.concatenate([l_dot + u_dot, rest], axis=-2), None, None
    if packed.shape[-1] > k:
        rest = left[..., k:] - np.tril(inner, -1) @ upper[..., k:]
        return np.concatenate([l_dot + u_dot, rest], axis=-1), None, None
    return l_dot + u_dot, None, None


def _unpacked(packed: Any) -> tuple[Any, Any]:
    """The two triangles that stand in one matrix."""
    k = min(packed.shape[-2:])
    return np.tril(packed[..., :, :k], -1) + np.eye(packed.shape[-2], k, dtype=packed.dtype), np.triu(
        packed[..., :k, :]
    )


_lu: Any = general("lu_factor", value=stacked(_lu_value, 2), pushforward=_lu_pushforward, outputs=3, names=("x",),
                   parameters=(), dispatches=False, signature="(m,n)->(m,n),(k),(m)")  # fmt: skip
_ordered: Any = constant("order of rows", value=stacked(lambda x: _order(x, x.shape[-1]), 1), names=("x",),
                         parameters=(), dispatches=False, signature="(k)->(k)")  # fmt: skip


@smooth
def lu_factor(a: Any, overwrite_a: bool = False, check_finite: bool = True) -> Any:
    """Both triangular factors of a matrix in one, and the exchanges of rows, for `lu_solve`.

    Where two elements tie for a pivot the factors jump; the derivative is that of the order that LAPACK chose.

    Examples
    --------
    >>> import numpy as np, dragongrad as ad
    >>> import dragongrad.scipy.linalg as la
    >>> ad.jacobian(lambda a: la.lu_factor(a)[0][1])(np.array([[2.0, 1.0], [1.0, 3.0]]))[1]
    array([[ 0.25, -0.5 ],
           [-0.5 ,  1.  ]])

    """
    packed, pivots, _ = _lu(matrix(a))
    return packed, pivots


@smooth
def lu_solve(lu_and_piv: Any, b: Any, trans: int = 0, overwrite_b: bool = False, check_finite: bool = True) -> Any:
    """Solve a x = b with what `lu_factor` gives; `trans` 1 is for the transpose, 2 for the conjugate transpose.

    Examples
    --------
    >>> import numpy as np, dragongrad as ad
    >>> import dragongrad.scipy.linalg as la
    >>> ad.grad(lambda a: np.sum(la.lu_solve(la.lu_factor(a), np.ones(2))))(np.diag([2.0, 4.0]))
    array([[-0.25  , -0.125 ],
           [-0.125 , -0.0625]])

    """
    packed, pivots = lu_and_piv
    one_of("lu_solve", "trans", trans, 0, 1, 2)
    return _lu_solve(packed, pivots, b, trans)


@over_stacks(packed=2, pivots=1, b="1|2")
def _lu_solve(packed: Any, pivots: Any, b: Any, trans: int) -> Any:
    packed, b = together(packed, b)
    b, is_vector = column(b)
    lower, upper = _unpacked(packed)
    order = _ordered(pivots)
    if trans:
        turn = adjoint if trans == 2 else transpose_of
        y = triangular(turn(lower), triangular(turn(upper), b, lower=True), lower=False)
        x = np.take_along_axis(y, np.argsort(order, axis=-1)[..., None], axis=-2)
    else:
        moved = np.take_along_axis(b, order[..., None], axis=-2)
        x = triangular(upper, triangular(lower, moved, lower=True), lower=False)
    return x[..., 0] if is_vector else x


@smooth
def lu(
    a: Any, permute_l: bool = False, overwrite_a: bool = False, check_finite: bool = True, p_indices: bool = False
) -> Any:
    """The factors P, L, U of a matrix with P L U = a, or P L and U; P as indices with `p_indices`.

    Where two elements tie for a pivot the factors jump; the derivative is that of the order that LAPACK chose.

    Examples
    --------
    >>> import numpy as np, dragongrad as ad
    >>> import dragongrad.scipy.linalg as la
    >>> ad.grad(lambda a: la.lu(a)[2][1, 1])(np.array([[2.0, 1.0], [1.0, 3.0]]))
    array([[ 0.25, -0.5 ],
           [-0.5 ,  1.  ]])

    """
    a = matrix(a)
    packed, _, order = _lu(a)
    lower, upper = _unpacked(packed)
    back = np.argsort(order, axis=-1)
    if permute_l:
        return np.take_along_axis(lower, back[..., None], axis=-2), upper
    if p_indices:
        return back.astype(np.int32), lower, upper
    exchange = np.equal(back[..., :, None], np.arange(a.shape[-2])).astype(np.finfo(packed.dtype).dtype)
    return exchange, lower, upper


# Orthogonal factors


@smooth
def qr(
    a: Any, overwrite_a: bool = False, lwork: Any = None, mode: str = "full", pivoting: bool = False,
    check_finite: bool = True,
) -> Any:  # fmt: skip
    """Orthonormal columns and a triangular matrix: modes "full", "r" and "economic".

    Derivative: Walter, Lehmann and Lamour (2012); NaN from a column on that depends on those before it.

    Raises
    ------
    NoRuleError
        The mode is "raw", or "full" for more rows than columns: the added columns are not unique.

    Examples
    --------
    >>> import numpy as np, dragongrad as ad
    >>> import dragongrad.scipy.linalg as la
    >>> ad.grad(lambda a: np.abs(la.qr(a, mode="economic")[1][0, 0]))(np.array([[3.0], [4.0]]))
    array([[0.6],
           [0.8]])

    """
    a = matrix(a)
    m, n = a.shape[-2:]
    if mode not in ("economic", "full", "r") or (mode == "full" and m > n):
        raise NoRuleError(
            f"scipy.linalg.qr has no derivative rule for mode={mode!r} of shape {a.shape}: the added columns are "
            f"not unique\n  at {user_line()}\nWrite mode='economic'"
        )
    order = None
    if pivoting:
        order = _pivoted(a)
        a = np.take_along_axis(a, order[..., None, :], axis=-1)
    q, r = np.linalg.qr(a)
    if mode == "r":
        # SciPy gives all rows, of which the last are zeros.
        r = np.concatenate([r, np.zeros_like(r, shape=(*r.shape[:-2], max(m - n, 0), n))], axis=-2)
    found = (r,) if mode == "r" else (q, r)
    return found if order is None else (*found, order)


_pivoted: Any = constant(
    "pivots of qr", value=stacked(lambda x: scipys.qr(x, mode="r", pivoting=True)[1], 2),
    names=("x",), parameters=(), dispatches=False, signature="(m,n)->(n)",
)  # fmt: skip


@smooth
def svd(
    a: Any, full_matrices: bool = True, compute_uv: bool = True, overwrite_a: bool = False,
    check_finite: bool = True, lapack_driver: str = "gesdd",
) -> Any:  # fmt: skip
    """Singular vectors and values, u, s, vh; with `full_matrices=False` of any shape, else of square matrices.

    Derivative: Townsend, "Differentiating the singular value decomposition" (2016). Vectors of equal values have
    NaN.

    Examples
    --------
    >>> import numpy as np, dragongrad as ad
    >>> import dragongrad.scipy.linalg as la
    >>> ad.grad(lambda a: la.svd(a, full_matrices=False)[1][0])(np.array([[3.0], [4.0]]))
    array([[0.6],
           [0.8]])

    """
    one_of("svd", "lapack_driver", lapack_driver, "gesdd", "gesvd")
    a = matrix(a)
    if not compute_uv:
        return np.linalg.svdvals(a)
    return tuple(np.linalg.svd(a, full_matrices=full_matrices))


@smooth
def svdvals(a: Any, overwrite_a: bool = False, check_finite: bool = True) -> Any:
    """The singular values, in falling order; equal ones have the mean of their derivatives.

    Examples
    --------
    >>> import numpy as np, dragongrad as ad
    >>> import dragongrad.scipy.linalg as la
    >>> ad.jacobian(la.svdvals)(np.diag([2.0, 1.0]))[0]
    array([[1., 0.],
           [0., 0.]])

    """
    return np.linalg.svdvals(matrix(a))


null_space = refused(
    "null_space", "the basis of a null space is not unique",
    "Its projector is smooth: np.eye(n) - la.pinv(a) @ a",
)  # fmt: skip
orth = refused(
    "orth", "the basis of a range is not unique", "Its projector is smooth: a @ la.pinv(a)"
)  # fmt: skip
hessenberg = refused(
    "hessenberg", "it is a step on the way of other functions, not a smooth function of its own",
    "Take the function that it was wanted for: la.eigvals, la.expm, la.solve",
)  # fmt: skip
matrix_balance = refused(
    "matrix_balance", "its scaling jumps between powers of two",
    "Balance the plain value, and use its scaling as a constant",
)  # fmt: skip
ldl = refused("ldl", "the blocks of its diagonal change in size", "Take la.lu, or la.eigh")
qz = refused("qz", "the phases of its vectors are LAPACK's choice", "Take la.eig(a, b)")
