"""Linear systems, inverses, determinants and norms."""

from __future__ import annotations

from typing import Any

import numpy as np
import scipy.linalg as scipys

from ...blocks.axes import as_array
from ...blocks.matrices import adjoint, from_triangle, square, transposed
from ...core.block import general
from ...core.errors import ArgumentError, FactorizationError, NoRuleError, ShapeError, user_line
from ...core.variable import bottom
from ..chapters import one_of
from ..checks import checked
from ..stacks import over_stacks, stacked
from .chapter import column, matrix, smooth, together

# Triangular systems: Giles, "Collected matrix derivative results" (2008), for the triangle that is read


def _part(x: Any, lower: bool) -> Any:
    return np.tril(x) if lower else np.triu(x)


def _triangular_value(x: Any, y: Any, lower: bool) -> Any:
    return scipys.solve_triangular(x, y, lower=lower, check_finite=False)


def _triangular_pushforward(x_dot: Any, y_dot: Any, out: Any, x: Any, lower: bool = False) -> Any:
    return triangular(x, y_dot - _part(x_dot, lower) @ out, lower=lower)


def _triangular_pullback(out_bar: Any, out: Any, x: Any, lower: bool = False) -> Any:
    y_bar = triangular(transposed(x), out_bar, lower=not lower)
    return -_part(y_bar @ transposed(out), lower), y_bar


triangular: Any = general(
    "solve_triangular", value=stacked(_triangular_value, 2, 2), pullback=_triangular_pullback,
    pushforward=_triangular_pushforward, names=("x", "y"), parameters=("lower",), dispatches=False,
    signature="(n,n),(n,k)->(n,k)",
)  # fmt: skip


@smooth
def solve_triangular(
    a: Any, b: Any, trans: Any = 0, lower: bool = False, unit_diagonal: bool = False,
    overwrite_b: bool = False, check_finite: bool = True,
) -> Any:  # fmt: skip
    """Solve a x = b for a triangular matrix; the derivative is that of the triangle that is read.

    Parameters
    ----------
    a : array of shape (..., n, n)
        The matrix; the other triangle is not read.
    b : array of shape (n,) or (..., n, k)
        The right-hand side.
    trans : {0, 1, 2, "N", "T", "C"}
        Whether the matrix, its transpose or its conjugate transpose is meant.
    lower, unit_diagonal : bool
        Which triangle is read, and whether its diagonal counts as ones.
    overwrite_b, check_finite : bool
        Of SciPy's; they change nothing here.

    Returns
    -------
    array of the shape of `b`

    Raises
    ------
    FactorizationError
        The diagonal has a zero.

    Examples
    --------
    >>> import numpy as np, dragongrad as ad
    >>> import dragongrad.scipy.linalg as la
    >>> a = np.array([[2.0, 0.0], [1.0, 4.0]])
    >>> ad.grad(lambda a: np.sum(la.solve_triangular(a, np.ones(2), lower=True)))(a)[1]
    array([-0.125  , -0.03125])

    """
    a, b = together(a, b)
    square(a, "solve_triangular")
    b, is_vector = column(b)
    kind = {0: "N", 1: "T", 2: "C"}.get(trans, trans)
    if kind not in ("N", "T", "C"):
        raise ArgumentError(f"trans is 0, 1, 2, 'N', 'T' or 'C', not {trans!r}\n  at {user_line()}")
    if unit_diagonal:
        a = np.where(np.eye(a.shape[-1], dtype=bool), a.dtype.type(1), a)
    if kind != "N":
        a, lower = (transposed(a) if kind == "T" else adjoint(a)), not lower
    x = triangular(a, b, lower=bool(lower))
    return x[..., 0] if is_vector else x


def _check_diagonal(x: Any) -> None:
    if np.any(x == 0):
        raise FactorizationError(f"solve: the diagonal has a zero: the matrix is singular\n  at {user_line()}")


_nowhere_zero = checked("nowhere_zero", _check_diagonal)
_LONG = {
    None: "gen", "general": "gen", "symmetric": "sym", "hermitian": "her", "positive definite": "pos",
    "lower triangular": "lower", "upper triangular": "upper",
}  # fmt: skip


@smooth
def solve(
    a: Any, b: Any, lower: bool = False, overwrite_a: bool = False, overwrite_b: bool = False,
    check_finite: bool = True, assume_a: str | None = None, transposed: bool = False,
) -> Any:  # fmt: skip
    """Solve a x = b; the derivative is that of the elements that `assume_a` lets be read.

    Parameters
    ----------
    a : array of shape (..., n, n)
        The matrix.
    b : array of shape (n,) or (..., n, k)
        The right-hand side.
    lower : bool
        Which triangle is read of a symmetric, Hermitian or positive definite matrix.
    overwrite_a, overwrite_b, check_finite : bool
        Of SciPy's; they change nothing here.
    assume_a : str, optional
        "gen", "sym", "her", "pos", "diagonal", "tridiagonal", "banded", "upper triangular", "lower triangular", and
        the long names that SciPy knows.
    transposed : bool
        Whether `a.T x = b` is solved.

    Returns
    -------
    array of the shape of `b`

    Raises
    ------
    FactorizationError
        The matrix is singular, or with `"pos"` not positive definite.

    Examples
    --------
    >>> import numpy as np, dragongrad as ad
    >>> import dragongrad.scipy.linalg as la
    >>> a = np.array([[2.0, 1.0], [1.0, 3.0]])
    >>> ad.grad(lambda a: np.sum(la.solve(a, np.ones(2), assume_a="pos")))(a)
    array([[-0.16, -0.16],
           [ 0.  , -0.04]])

    """
    a, b = together(np.atleast_2d(as_array(a)), np.atleast_1d(as_array(b)))
    square(a, "solve")
    if a.shape == (1, 1) and b.shape[0] != 1:
        # A number divides whatever stands on the right.
        return b / _nowhere_zero(a[0, 0])
    kind = _LONG.get(assume_a, assume_a)
    if transposed:
        a, lower = np.swapaxes(a, -1, -2), not lower
    if kind in ("lower", "upper"):
        return solve_triangular(a, b, lower=(kind == "lower") != transposed)
    if kind in ("her", "pos"):
        a = from_triangle(a, "L" if lower else "U")
    if kind == "pos":
        b, is_vector = column(b)
        factor = np.linalg.cholesky(a)
        x = np.linalg.solve(adjoint(factor), np.linalg.solve(factor, b))
        return x[..., 0] if is_vector else x
    if kind == "sym":
        half = np.tril(a, -1) if lower else np.triu(a, 1)
        a = half + np.swapaxes(half, -1, -2) + np.where(np.eye(a.shape[-1], dtype=bool), a, 0)
    elif kind == "diagonal":
        b, is_vector = column(b)
        if b.shape[-2] != a.shape[-1]:
            raise ShapeError(f"solve: {b.shape[-2]} values for {a.shape[-1]} unknowns\n  at {user_line()}")
        x = b / _nowhere_zero(np.diagonal(a, 0, -2, -1))[..., None]
        return x[..., 0] if is_vector else x
    elif kind == "tridiagonal":
        a = np.tril(np.triu(a, -1), 1)
    elif kind not in ("gen", "her", "banded"):
        raise ArgumentError(f"assume_a={assume_a!r} is none that solve knows: {sorted(map(str, _LONG))}")
    return np.linalg.solve(a, b)


@smooth
def inv(
    a: Any, overwrite_a: bool = False, check_finite: bool = True, *, assume_a: Any = None, lower: bool = False
) -> Any:
    """The inverse of a square matrix, or of each of a stack; an error where there is none.

    The derivative is that of the elements that `assume_a` lets be read, as in `solve`.

    Examples
    --------
    >>> import numpy as np, dragongrad as ad
    >>> import dragongrad.scipy.linalg as la
    >>> ad.grad(lambda a: la.inv(a)[0, 0])(np.diag([2.0, 4.0]))
    array([[-0.25,  0.  ],
           [ 0.  ,  0.  ]])

    """
    a = matrix(a)
    if assume_a in (None, "gen", "general"):
        return np.linalg.inv(a)
    return solve(a, np.eye(a.shape[-1], dtype=a.dtype), lower=lower, assume_a=assume_a)


@smooth
def det(a: Any, overwrite_a: bool = False, check_finite: bool = True) -> Any:
    """The determinant of a square matrix, or of each of a stack; its derivatives exist at singular matrices too.

    Examples
    --------
    >>> import numpy as np, dragongrad as ad
    >>> import dragongrad.scipy.linalg as la
    >>> ad.grad(la.det)(np.diag([0.0, 3.0]))
    array([[3., 0.],
           [0., 0.]])

    """
    # SciPy computes in double precision, and gives that.
    a = matrix(a)
    return np.linalg.det(a.astype(np.result_type(a.dtype, np.float64)))


@smooth
def pinv(
    a: Any, *, atol: Any = None, rtol: Any = None, return_rank: bool = False, check_finite: bool = True
) -> Any:
    """The pseudo-inverse, with the derivative among matrices of the same rank (Golub and Pereyra 1973).

    Raises
    ------
    NoRuleError
        `atol` is given, which is no multiple of the greatest singular value.

    Examples
    --------
    >>> import numpy as np, dragongrad as ad
    >>> import dragongrad.scipy.linalg as la
    >>> ad.grad(lambda a: np.sum(la.pinv(a)))(np.array([[1.0], [1.0]]))
    array([[-0.5],
           [-0.5]])

    """
    if rtol is not None and bottom(rtol) < 0:
        raise ArgumentError(f"pinv: rtol={rtol} is less than zero\n  at {user_line()}")
    if atol:
        raise NoRuleError(f"scipy.linalg.pinv has no derivative rule for atol=\n  at {user_line()}\nWrite rtol=")
    a = matrix(a)
    limit = max(a.shape[-2:], default=0) * float(np.finfo(a.dtype).eps) if rtol is None else rtol
    inverse = np.linalg.pinv(a, rtol=limit)
    return (inverse, np.linalg.matrix_rank(a, rtol=limit)) if return_rank else inverse


@smooth
def pinvh(
    a: Any, atol: Any = None, rtol: Any = None, lower: bool = True, return_rank: bool = False,
    check_finite: bool = True,
) -> Any:  # fmt: skip
    """The pseudo-inverse of a symmetric (Hermitian) matrix, of which one triangle is read, as `pinv`.

    Examples
    --------
    >>> import numpy as np, dragongrad as ad
    >>> import dragongrad.scipy.linalg as la
    >>> ad.grad(lambda a: np.sum(la.pinvh(a)))(np.diag([2.0, 4.0]))
    array([[-0.25  ,  0.    ],
           [-0.25  , -0.0625]])

    """
    a = matrix(a)
    square(a, "pinvh")
    return pinv(from_triangle(a if lower else adjoint(a)), atol=atol, rtol=rtol, return_rank=return_rank)


@smooth
@over_stacks(a=2, b="1|2")
def lstsq(
    a: Any, b: Any, cond: Any = None, overwrite_a: bool = False, overwrite_b: bool = False,
    check_finite: bool = True, lapack_driver: str | None = None,
) -> Any:  # fmt: skip
    """The least-squares solution, the sums of squared residuals, the rank and the singular values.

    The derivative is that among matrices of the same rank (Golub and Pereyra 1973). With `lapack_driver="gelsy"`
    SciPy gives no residuals and no singular values: an empty array and None stand for them here too.

    Examples
    --------
    >>> import numpy as np, dragongrad as ad
    >>> import dragongrad.scipy.linalg as la
    >>> ad.jacobian(lambda b: la.lstsq(np.ones((2, 1)), b)[0])(np.array([1.0, 5.0]))
    array([[0.5, 0.5]])

    """
    one_of("lstsq", "lapack_driver", lapack_driver, None, "gelsd", "gelsy", "gelss")
    a, b = together(a, b)
    limit = float(np.finfo(a.dtype).eps) if cond is None or cond < 0 else cond
    x, residuals, rank, s = np.linalg.lstsq(a, b, rcond=limit)
    # SciPy's is a number of Python's.
    rank = rank.astype(np.int64)
    if a.shape[1] == 0:
        return x, np.sum(np.absolute(b) ** 2, axis=0), rank, s
    if a.shape[0] == 0 or lapack_driver == "gelsy" or not residuals.size:
        residuals = np.zeros_like(x, shape=(0,))
    elif b.ndim == 1:
        residuals = residuals[0]
    return x, residuals, rank, None if lapack_driver == "gelsy" and a.shape[0] else s


@smooth
def norm(a: Any, ord: Any = None, axis: Any = None, keepdims: bool = False, check_finite: bool = True) -> Any:
    """The norm of a vector or matrix, as `numpy.linalg.norm`; at a kink the mean of the derivatives around.

    Examples
    --------
    >>> import numpy as np, dragongrad as ad
    >>> import dragongrad.scipy.linalg as la
    >>> ad.grad(la.norm)(np.array([3.0, 4.0]))
    array([0.6, 0.8])

    """
    return np.linalg.norm(as_array(a), ord, axis, keepdims)
