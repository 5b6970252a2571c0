"""Systems with a band or with constant diagonals: their derivatives keep the band, and never fill the matrix."""

from __future__ import annotations

from math import prod
from typing import Any

import numpy as np
import scipy.linalg as scipys

from ...blocks.axes import as_array
from ...blocks.matrices import transposed
from ...core.block import general
from ...core.errors import NoRuleError, ShapeError, describe, user_line
from ..chapters import double
from ..stacks import over_stacks, restated
from .chapter import column, matrix, smooth, together
from .structured import circulant, toeplitz

# A band is stored as LAPACK stores it: row u + i - j, column j, for the element (i, j).


def _row(x: Any, offset: int) -> Any:
    """A row of a band, with zeros where it stands for no element: `offset` is j - i."""
    n = x.shape[-1]
    places = np.arange(n)
    return np.where((places - offset >= 0) & (places - offset < n), x, 0)


def _moved(x: Any, by: int) -> Any:
    """Elements along the last axis but one moved towards lower places, zeros at the end that is left."""
    n = x.shape[-2]
    by = max(-n, min(n, by))
    zeros = np.zeros_like(x[..., : abs(by), :])
    return np.concatenate([x[..., by:, :], zeros] if by >= 0 else [zeros, x[..., :by, :]], axis=-2)


def _product(ab: Any, x: Any, u: int) -> Any:
    """The matrix of a band times a matrix."""
    return sum(_moved(_row(ab[k], u - k)[:, None] * x, u - k) for k in range(ab.shape[0]))


def _outer(y: Any, x: Any, bounds: tuple[int, int]) -> Any:
    """The band of y x^T."""
    low, u = bounds
    return np.stack([np.sum(_moved(y, k - u) * x, axis=-1) for k in range(low + u + 1)])


def flipped(ab: Any, u: int) -> Any:
    """The band of the transposed matrix."""
    rows = [_moved(_row(ab[k], u - k)[:, None], u - k)[:, 0] for k in range(ab.shape[0])]
    return np.stack(rows[::-1])


def _value(x: Any, y: Any, bounds: tuple[int, int]) -> Any:
    return scipys.solve_banded(bounds, x, y, check_finite=False)


def _pushforward(x_dot: Any, y_dot: Any, out: Any, x: Any, bounds: tuple[int, int] = (0, 0)) -> Any:
    return _banded(x, y_dot - _product(x_dot, out, bounds[1]), bounds=bounds)


def _pullback(out_bar: Any, out: Any, x: Any, bounds: tuple[int, int] = (0, 0)) -> Any:
    y_bar = _banded(flipped(x, bounds[1]), out_bar, bounds=bounds[::-1])
    return -_outer(y_bar, out, bounds), y_bar


_banded: Any = general(
    "solve_banded", value=restated(_value), pullback=_pullback, pushforward=_pushforward, names=("x", "y"),
    parameters=("bounds",), dispatches=False,
)  # fmt: skip


@smooth
@over_stacks(ab=2, b="1|2")
def solve_banded(
    l_and_u: Any, ab: Any, b: Any, overwrite_ab: bool = False, overwrite_b: bool = False, check_finite: bool = True
) -> Any:
    """Solve a x = b for a matrix with a band.

    Parameters
    ----------
    l_and_u : tuple of int
        How many diagonals lie below and above the main one.
    ab : array of shape (l + u + 1, n)
        The band: `ab[u + i - j, j]` is the element (i, j). The corners, which stand for no element, have no part.
    b : array of shape (n,) or (n, k)
        The right-hand side.
    overwrite_ab, overwrite_b, check_finite : bool
        Of SciPy's; they change nothing here.

    Returns
    -------
    array of the shape of `b`

    Raises
    ------
    FactorizationError
        The matrix is singular.

    Examples
    --------
    >>> import numpy as np, dragongrad as ad
    >>> import dragongrad.scipy.linalg as la
    >>> ad.jacobian(lambda d: la.solve_banded((0, 0), d[None], np.ones(2)))(np.array([2.0, 4.0]))
    array([[-0.25  ,  0.    ],
           [ 0.    , -0.0625]])

    """
    ab, b = together(ab, b)
    low, u = map(int, l_and_u)
    if ab.ndim != 2 or ab.shape[0] != low + u + 1 or ab.shape[1] != b.shape[0]:
        raise ShapeError(
            f"solve_banded({describe(ab)}, {describe(b)}): the band has {low} + {u} + 1 "
            f"rows, and as many columns as b has rows\n  at {user_line()}"
        )
    b, is_vector = column(b)
    x = _banded(ab, b, bounds=(low, u))
    return x[:, 0] if is_vector else x


@smooth
@over_stacks(ab=2, b="1|2")
def solveh_banded(
    ab: Any, b: Any, overwrite_ab: bool = False, overwrite_b: bool = False, lower: bool = False,
    check_finite: bool = True,
) -> Any:  # fmt: skip
    """Solve a x = b for a positive definite matrix with a band, of which one half is stored.

    `ab` is of shape (u + 1, n), `b` of shape (n,) or (n, k). A matrix that is not positive definite raises.

    Examples
    --------
    >>> import numpy as np, dragongrad as ad
    >>> import dragongrad.scipy.linalg as la
    >>> ab = np.array([[2.0, 2.0], [1.0, 0.0]])
    >>> ad.grad(lambda ab: np.sum(la.solveh_banded(ab, np.ones(2), lower=True)))(ab).round(4)
    array([[-0.1111, -0.1111],
           [-0.2222,  0.    ]])

    """
    ab, b = together(ab, b)
    factor = cholesky_banded(ab, lower=lower)
    return cho_solve_banded((factor, lower), b)


def lower_half(band: Any, lower: bool) -> Any:
    """The lower triangle of the Hermitian matrix of the half of a band that is stored of it."""
    u, n = band.shape[0] - 1, band.shape[1]
    i, j = np.indices((n, n))
    inside = (i >= j) & (i - j <= u)
    far = np.where(inside, i - j, 0)
    # Of the upper form the row u - (j - i), column j, is the element (i, j).
    return np.where(inside, band[far, j] if lower else np.conj(band[u - far, i]), 0)


@smooth
@over_stacks(ab=2)
def cholesky_banded(ab: Any, overwrite_ab: bool = False, lower: bool = False, check_finite: bool = True) -> Any:
    """The Cholesky factor of a positive definite matrix with a band, in the same half of it.

    Variables are computed on the full matrix.

    Examples
    --------
    >>> import numpy as np, dragongrad as ad
    >>> import dragongrad.scipy.linalg as la
    >>> ad.jacobian(lambda d: la.cholesky_banded(d[None])[0])(np.array([4.0, 1.0]))
    array([[0.25, 0.  ],
           [0.  , 0.5 ]])

    """
    ab = matrix(ab)
    u, n = ab.shape[0] - 1, ab.shape[1]
    full = lower_half(ab, lower)
    factor = np.linalg.cholesky(full)
    k, j = np.indices((u + 1, n))
    found = np.where(k + j < n, factor[np.minimum(k + j, n - 1), j], 0)
    # The corners, which stand for no element, stay what they are.
    corners = (k + j >= n) if lower else (k + j < u)
    return np.where(corners, ab, found if lower else np.conj(flipped(found, 0)))


@smooth
def cho_solve_banded(cb_and_lower: Any, b: Any, overwrite_b: bool = False, check_finite: bool = True) -> Any:
    """Solve a x = b with the factor that `cholesky_banded` gives, and the half that it is in.

    Examples
    --------
    >>> import numpy as np, dragongrad as ad
    >>> import dragongrad.scipy.linalg as la
    >>> factor = la.cholesky_banded(np.array([[4.0, 1.0]])), False
    >>> ad.jacobian(lambda b: la.cho_solve_banded(factor, b))(np.ones(2))
    array([[0.25, 0.  ],
           [0.  , 1.  ]])

    """
    cb, lower = cb_and_lower
    return _cho_solve_banded(cb, b, lower)


@over_stacks(cb=2, b="1|2")
def _cho_solve_banded(cb: Any, b: Any, lower: bool) -> Any:
    cb, b = together(cb, b)
    b, is_vector = column(b)
    u = cb.shape[0] - 1
    below = cb if lower else np.conj(flipped(cb, u))
    y = _banded(below, b, bounds=(u, 0))
    x = _banded(np.conj(flipped(below, 0)), y, bounds=(0, u))
    return x[:, 0] if is_vector else x


# Toeplitz matrices: Levinson's recursion, of which the rule needs nothing


def _toeplitz_value(x: Any, y: Any, z: Any) -> Any:
    return scipys.solve_toeplitz((x, y), z, check_finite=False)


def _toeplitz_pushforward(x_dot: Any, y_dot: Any, z_dot: Any, out: Any, x: Any, y: Any) -> Any:
    return _toeplitz(x, y, z_dot - _matrix(x_dot, y_dot) @ out)


def _toeplitz_pullback(out_bar: Any, out: Any, x: Any, y: Any) -> Any:
    first = np.concatenate([x[:1], y[1:]])
    z_bar = _toeplitz(first, x, out_bar)
    n = x.shape[0]
    # Sums along diagonals: the rows of zero-filled products from the last on, each shifted by one more.
    products = np.pad(np.flip(-z_bar, 0) @ out.T, ((0, 0), (0, n)))
    sums = np.sum(np.reshape(np.reshape(products, (-1,))[: n * (2 * n - 1)], (n, 2 * n - 1)), axis=0)
    return np.flip(sums[:n]), np.where(np.arange(n) == 0, 0, sums[n - 1 :]), z_bar


def _matrix(x: Any, y: Any) -> Any:
    return toeplitz(x, np.concatenate([x[:1], y[1:]]))


_toeplitz: Any = general("solve_toeplitz", value=restated(_toeplitz_value), pullback=_toeplitz_pullback,
                         pushforward=_toeplitz_pushforward, names=("x", "y", "z"), parameters=(),
                         dispatches=False)  # fmt: skip


def _column_and_row(c_or_cr: Any) -> tuple[Any, Any]:
    if isinstance(c_or_cr, tuple):
        c, r = map(matrix, c_or_cr)
        return np.atleast_1d(c), np.atleast_1d(r)
    c = np.atleast_1d(matrix(c_or_cr))
    return c, np.conj(c)


@smooth
def solve_toeplitz(c_or_cr: Any, b: Any, check_finite: bool = True) -> Any:
    """Solve T x = b for a matrix with constant diagonals, by Levinson's recursion.

    Parameters
    ----------
    c_or_cr : array of shape (n,), or tuple of two
        The first column, and the first row (of which the first element is not read); without it its conjugate.
    b : array of shape (n,) or (n, k)
        The right-hand side.
    check_finite : bool
        Of SciPy's; it changes nothing here.

    Returns
    -------
    array of the shape of `b`

    Raises
    ------
    FactorizationError
        A leading part of the matrix is singular.

    Examples
    --------
    >>> import numpy as np, dragongrad as ad
    >>> import dragongrad.scipy.linalg as la
    >>> ad.jacobian(lambda c: la.solve_toeplitz(c, np.ones(2)))(np.array([3.0, 1.0]))
    array([[-0.0625, -0.0625],
           [-0.0625, -0.0625]])

    """
    return _solve_toeplitz(*_column_and_row(c_or_cr), b)


@over_stacks(c=1, r=1, b="1|2")
def _solve_toeplitz(c: Any, r: Any, b: Any) -> Any:
    c, r, b = together(c, r, b)
    if c.shape != r.shape or c.shape[0] != b.shape[0]:
        shapes = ", ".join(map(describe, (c, r, b)))
        raise ShapeError(f"solve_toeplitz({shapes}): as many rows and columns\n  at {user_line()}")
    if not b.size:
        return b
    b, is_vector = column(b)
    # SciPy computes in double precision, and gives that.
    wide = np.result_type(c.dtype, np.float64)
    x = _toeplitz(c.astype(wide), r.astype(wide), b.astype(wide))
    return x[:, 0] if is_vector else x


@smooth
def matmul_toeplitz(c_or_cr: Any, x: Any, check_finite: bool = False, workers: Any = None) -> Any:
    """The product of a matrix with constant diagonals and a vector or matrix.

    Examples
    --------
    >>> import numpy as np, dragongrad as ad
    >>> import dragongrad.scipy.linalg as la
    >>> ad.grad(lambda c: la.matmul_toeplitz(c, np.array([1.0, 2.0]))[1])(np.array([3.0, 1.0]))
    array([2., 1.])

    """
    return _matmul_toeplitz(*_column_and_row(c_or_cr), x)


@over_stacks(c=1, r=1, x="1|2")
def _matmul_toeplitz(c: Any, r: Any, x: Any) -> Any:
    c, r, x = map(double, together(c, r, x))
    return _matrix(c, r) @ x


@smooth
def solve_circulant(
    c: Any, b: Any, singular: str = "raise", tol: Any = None, caxis: int = -1, baxis: int = 0, outaxis: int = 0
) -> Any:
    """Solve C x = b for a matrix whose columns are its first one, each shifted by one more.

    Axes of `c` and `b` other than `caxis` and `baxis` broadcast; `singular` is "raise" only.

    Examples
    --------
    >>> import numpy as np, dragongrad as ad
    >>> import dragongrad.scipy.linalg as la
    >>> ad.jacobian(lambda b: la.solve_circulant(np.array([2.0, 0.0]), b))(np.ones(2))
    array([[0.5, 0. ],
           [0. , 0.5]])

    """
    c, b = together(np.atleast_1d(as_array(c)), np.atleast_1d(as_array(b)))
    if singular != "raise" or tol is not None:
        raise NoRuleError(
            f"scipy.linalg.solve_circulant has no derivative rule for singular= and tol=\n  at {user_line()}\n"
            "Write la.lstsq(la.circulant(c), b)"
        )
    c, b = np.moveaxis(c, caxis, -1), np.moveaxis(b, baxis, -1)
    if c.shape[-1] != b.shape[-1]:
        raise ShapeError(f"solve_circulant({describe(c)}, {describe(b)}): as many rows\n  at {user_line()}")
    if c.ndim == 1:
        columns = np.reshape(b, (prod(b.shape[:-1]), b.shape[-1]))
        x = np.reshape(transposed(np.linalg.solve(circulant(c), transposed(columns))), b.shape)
    else:
        x = np.linalg.solve(circulant(c), b[..., None])[..., 0]
    return np.moveaxis(x, -1, outaxis)
