"""Eigenvalues and eigenvectors, of one matrix and of a pencil.

Values are SciPy's, whose drivers choose other signs of vectors than NumPy's; the rules are those of NumPy's
functions.
"""

from __future__ import annotations

import operator
from typing import Any

import numpy as np
import scipy.linalg as scipys

from ...blocks.equal_values import alone, are_close, settled, shared, turned
from ...blocks.matrices import adjoint, diagonal_matrix, from_triangle
from ...core.block import BLOCKS, general
from ...core.errors import ArgumentError, NoRuleError, user_line
from ...core.variable import bottom
from ..chapters import one_of
from ..stacks import over_stacks, restated, stacked
from .chapter import matrix, refused, smooth, together
from .systems import triangular

_EIGH, _EIG = BLOCKS[np.linalg.eigh], BLOCKS[np.linalg.eig]


def _found(x: Any, y: Any, UPLO: str, part: Any, driver: Any) -> Any:  # noqa: N803
    """All values and vectors; those of a part as the driver gives them that finds some, with other signs."""
    options: Any = {"b": y, "lower": UPLO == "L", "check_finite": False}
    some = {**options, "driver": driver, "subset_by_index": part}
    w, v = scipys.eigh(x, **(options if part is not None else some))
    if part is not None:
        inside = slice(part[0], part[1] + 1)
        w[inside], v[:, inside] = scipys.eigh(x, **some)
    return w, v


def _eigh_value(x: Any, UPLO: str = "L", part: Any = None, driver: Any = None) -> Any:  # noqa: N803
    if not np.all(np.isfinite(np.tril(x) if UPLO == "L" else np.triu(x))):
        # LAPACK gives zeros.
        return np.full(x.shape[:1], np.nan, np.real(x).dtype), np.full_like(x, np.nan)
    return _found(x, None, UPLO, part, driver)


def _eigh_pushforward(x_dot: Any, out: Any, x: Any, UPLO: str = "L", **found: Any) -> Any:  # noqa: N803
    return _EIGH.pushforward(x_dot, out, x, UPLO)  # type: ignore[misc]


def _eigh_pullback(out_bar: Any, out: Any, x: Any, UPLO: str = "L", **found: Any) -> Any:  # noqa: N803
    return _EIGH.pullback(out_bar, out, x, UPLO)  # type: ignore[misc]


_eigh: Any = general(
    "scipy.linalg.eigh", value=stacked(_eigh_value, 2), pullback=_eigh_pullback, pushforward=_eigh_pushforward,
    outputs=2, names=("x",), parameters=("UPLO", "part", "driver"), dispatches=False, signature="(n,n)->(n),(n,n)",
    name="eigh",
)  # fmt: skip


def _pencil_value(x: Any, y: Any, UPLO: str = "L", part: Any = None, driver: Any = None) -> Any:  # noqa: N803
    return _found(x, y, UPLO, part, driver)


def _pencil_pushforward(
    x_dot: Any, y_dot: Any, out: Any, x: Any, y: Any, UPLO: str = "L", **found: Any  # noqa: N803
) -> Any:  # fmt: skip
    """Of A V = B V W with V^H B V = 1: the vectors turn by (V^H dA V - V^H dB V W) / (w_j - w_i)."""
    w, v = out
    close = are_close(w)
    a = adjoint(v) @ from_triangle(x_dot, UPLO) @ v
    b = adjoint(v) @ from_triangle(y_dot, UPLO) @ v
    inner = a - b * w[..., None, :]
    turn = turned(w, close, inner) - diagonal_matrix(np.real(np.diagonal(b, 0, -2, -1))) / 2
    slope = np.real(np.diagonal(inner, 0, -2, -1))
    return shared(close, slope, x), settled(v @ turn, alone(close), inner)


_pencil: Any = general(
    "scipy.linalg.eigh of two", value=stacked(_pencil_value, 2, 2), pushforward=_pencil_pushforward, outputs=2,
    names=("x", "y"), parameters=("UPLO", "part", "driver"), dispatches=False,
    signature="(n,n),(n,n)->(n),(n,n)", name="eigh",
)  # fmt: skip


@smooth
def eigh(
    a: Any, b: Any = None, *, lower: bool = True, eigvals_only: bool = False, overwrite_a: bool = False,
    overwrite_b: bool = False, type: int = 1, check_finite: bool = True, subset_by_index: Any = None,
    subset_by_value: Any = None, driver: str | None = None,
) -> Any:  # fmt: skip
    """Eigenvalues, in rising order, and eigenvectors of a Hermitian matrix, or of a pencil a v = w b v.

    Parameters
    ----------
    a, b : array of shape (..., n, n)
        Hermitian matrices, of which one triangle is read; `b` positive definite.
    lower : bool
        Which triangle.
    eigvals_only : bool
        Whether vectors are left out.
    type : {1, 2, 3}
        The form of the pencil: a v = w b v, a b v = w v, b a v = w v.
    subset_by_index : pair of int, optional
        The first and the last of those that are wanted.
    driver : str, optional
        LAPACK's routine, by which the signs of vectors differ.
    overwrite_a, overwrite_b, check_finite
        Of SciPy's; they change nothing here.
    subset_by_value : None
        How many there are would change: not for Variables.

    Returns
    -------
    w : array of shape (..., n)
    v : array of shape (..., n, n)

    Raises
    ------
    NoRuleError
        `subset_by_value` is given.

    Notes
    -----
    Equal eigenvalues have the mean of their derivatives, and their vectors NaN. Source: Magnus, "On differentiating
    eigenvalues and eigenvectors" (1985); for pencils Giles, "Collected matrix derivative results" (2008).

    Examples
    --------
    >>> import numpy as np, dragongrad as ad
    >>> import dragongrad.scipy.linalg as la
    >>> ad.jacobian(lambda b: la.eigh(np.diag([1.0, 4.0]), b, eigvals_only=True)[1])(np.eye(2))
    array([[ 0.,  0.],
           [ 0., -4.]])

    """
    one_of("eigh", "driver", driver, None, "ev", "evd", "evr", "evx", "gv", "gvd", "gvx")
    if subset_by_value is not None:
        raise NoRuleError(
            f"scipy.linalg.eigh has no derivative rule for subset_by_value=\n  at {user_line()}\n"
            "Write subset_by_index="
        )
    params: dict[str, Any] = {} if lower else {"UPLO": "U"}
    if driver is not None:
        params["driver"] = driver
    if subset_by_index is not None:
        first, last = map(operator.index, subset_by_index)
        if not 0 <= first <= last < np.shape(a)[-1]:
            raise ArgumentError(
                f"eigh: subset_by_index={subset_by_index} does not name a first and a last one\n  at {user_line()}"
            )
        params["part"] = (first, last)
    if b is None:
        w, v = _eigh(matrix(a), **params)
    else:
        w, v = _of_pencil(together(a, b), params, type)
    if subset_by_index is not None:
        w, v = w[..., first : last + 1], v[..., first : last + 1]
    return w if eigvals_only else (w, v)


def _of_pencil(pencil: list[Any], params: dict[str, Any], kind: int) -> Any:
    a, b = pencil
    if kind == 1:
        return _pencil(a, b, **params)
    if kind not in (2, 3):
        raise ArgumentError(f"type is 1, 2 or 3, not {kind!r}\n  at {user_line()}")
    # a (b v) = w v is a y = w inv(b) y with y = b v; b a v = w v is a v = w inv(b) v.
    triangle = {k: v for k, v in params.items() if k == "UPLO"}
    full = from_triangle(b, triangle.get("UPLO", "L"))
    w, y = _pencil(a, np.linalg.inv(full), **triangle)
    return w, (np.linalg.solve(full, y) if kind == 2 else y)


@smooth
def eigvalsh(
    a: Any, b: Any = None, *, lower: bool = True, overwrite_a: bool = False, overwrite_b: bool = False,
    type: int = 1, check_finite: bool = True, subset_by_index: Any = None, subset_by_value: Any = None,
    driver: str | None = None,
) -> Any:  # fmt: skip
    """The eigenvalues of `eigh`.

    Examples
    --------
    >>> import numpy as np, dragongrad as ad
    >>> import dragongrad.scipy.linalg as la
    >>> ad.grad(lambda a: la.eigvalsh(a)[1])(np.diag([1.0, 4.0]))
    array([[0., 0.],
           [0., 1.]])

    """
    options = {"subset_by_index": subset_by_index, "subset_by_value": subset_by_value, "driver": driver}
    return eigh(a, b, lower=lower, eigvals_only=True, type=type, **options)


# Matrices without symmetry


def _eig_value(x: Any) -> Any:
    w, v = scipys.eig(x, check_finite=False)
    return w, v.astype(w.dtype)


def _eig_pushforward(x_dot: Any, out: Any, x: Any) -> Any:
    return _EIG.pushforward(x_dot, out, x)  # type: ignore[misc]


_eig: Any = general(
    "scipy.linalg.eig", value=stacked(_eig_value, 2), pushforward=_eig_pushforward, outputs=2, names=("x",),
    parameters=(), dispatches=False, signature="(n,n)->(n),(n,n)", name="eig",
)  # fmt: skip


def _eig_of_two_value(x: Any, y: Any) -> Any:
    w, v = scipys.eig(x, y, check_finite=False)
    return w, v.astype(w.dtype)


def _eig_of_two_pushforward(x_dot: Any, y_dot: Any, out: Any, x: Any, y: Any) -> Any:
    """That of inv(B) A, which has the same values and vectors."""
    quotient = np.linalg.solve(y, x)
    return _EIG.pushforward(np.linalg.solve(y, x_dot - y_dot @ quotient), out, quotient)  # type: ignore[misc]


_eig_of_two: Any = general(
    "scipy.linalg.eig of two", value=stacked(_eig_of_two_value, 2, 2), pushforward=_eig_of_two_pushforward,
    outputs=2, names=("x", "y"), parameters=(), dispatches=False, signature="(n,n),(n,n)->(n),(n,n)", name="eig",
)  # fmt: skip


@smooth
def eig(
    a: Any, b: Any = None, left: bool = False, right: bool = True, overwrite_a: bool = False,
    overwrite_b: bool = False, check_finite: bool = True, homogeneous_eigvals: bool = False,
) -> Any:  # fmt: skip
    """Eigenvalues and right eigenvectors of a square matrix, or of a pencil a v = w b v with a regular `b`.

    Both are complex. The vectors keep their unit length and their phase; those of real values are complex too,
    where SciPy gives them real. Equal eigenvalues have the mean of their derivatives, and their vectors NaN.

    Raises
    ------
    NoRuleError
        `left` or `homogeneous_eigvals` is asked for.

    Notes
    -----
    Source: Magnus, "On differentiating eigenvalues and eigenvectors" (1985).

    Examples
    --------
    >>> import numpy as np, dragongrad as ad
    >>> import dragongrad.scipy.linalg as la
    >>> ad.grad(lambda a: np.real(la.eig(a)[0][0]))(np.array([[1.0, 1.0], [0.0, 3.0]]))
    array([[ 1. ,  0. ],
           [-0.5,  0. ]])

    """
    if left or homogeneous_eigvals:
        raise NoRuleError(
            f"scipy.linalg.eig has no derivative rule for left= or homogeneous_eigvals=\n  at {user_line()}\n"
            "Left eigenvectors are the columns of la.inv(v).conj().T, to their lengths"
        )
    w, v = _eig(matrix(a)) if b is None else _eig_of_two(*together(a, b))
    return (w, v) if right else w


@smooth
def eigvals(
    a: Any, b: Any = None, overwrite_a: bool = False, check_finite: bool = True, homogeneous_eigvals: bool = False
) -> Any:
    """The eigenvalues of `eig`.

    Examples
    --------
    >>> import numpy as np, dragongrad as ad
    >>> import dragongrad.scipy.linalg as la
    >>> ad.grad(lambda a: np.real(la.eigvals(a)[1]))(np.diag([1.0, 3.0]))
    array([[0., 0.],
           [0., 1.]])

    """
    return eig(a, b, right=False, homogeneous_eigvals=homogeneous_eigvals)


# Schur's form: A = Z T Z^H. With the change M of the matrix in the basis Z, the basis turns by W, skew and with a
# zero diagonal, such that nothing comes to stand below the diagonal of dT = M + T W - W T.


def _schur_value(x: Any, output: str) -> Any:
    return scipys.schur(x, output=output, check_finite=False)


def _schur_pushforward(x_dot: Any, out: Any, output: str = "real") -> Any:
    """Column by column, from the left: each is a triangular system of what lies below the diagonal."""
    upper, z = out
    n = upper.shape[-1]
    moved = adjoint(z) @ x_dot @ z
    columns: list[Any] = []
    for j in range(n - 1):
        right = -moved[j + 1 :, j]
        for k, column in enumerate(columns):
            right = right + column[j - k :] * upper[k, j]
        rest = upper[j + 1 :, j + 1 :] - upper[j, j] * np.eye(n - 1 - j, dtype=upper.dtype)
        columns.append(triangular(rest, right[:, None], lower=False)[:, 0])
    if not columns:
        return moved, 0 * z
    empty = np.zeros(n, upper.dtype)
    below = np.stack([np.concatenate([empty[: k + 1], c]) for k, c in enumerate(columns)] + [empty], axis=-1)
    turn = below - adjoint(below)
    return np.triu(moved + upper @ turn - turn @ upper), z @ turn


_schur: Any = general(
    "schur", value=restated(_schur_value), pushforward=_schur_pushforward, outputs=2, names=("x",),
    parameters=("output",), dispatches=False,
)  # fmt: skip


@smooth
@over_stacks(a=2)
def schur(
    a: Any, output: str = "real", lwork: Any = None, overwrite_a: bool = False, sort: Any = None,
    check_finite: bool = True,
) -> Any:  # fmt: skip
    """Schur's form T, Z of a matrix (n, n), triangular, with a = Z T Z^H; the phases of the columns of Z are held.

    Real matrices with `output="real"` need real eigenvalues. Equal eigenvalues raise a `FactorizationError`.

    Raises
    ------
    NoRuleError
        Two eigenvalues of a real form are complex, or they are to be sorted.

    Examples
    --------
    >>> import numpy as np, dragongrad as ad
    >>> import dragongrad.scipy.linalg as la
    >>> ad.grad(lambda a: la.schur(a)[0][1, 1])(np.array([[1.0, 1.0], [0.0, 3.0]]))
    array([[0. , 0. ],
           [0.5, 1. ]])

    """
    a = matrix(a)
    if a.ndim != 2 or sort is not None or output not in ("real", "r", "complex", "c"):
        raise NoRuleError(
            f"scipy.linalg.schur of Variables takes one matrix, and output= alone\n  at {user_line()}\n"
            "Write ad.vmap(la.schur), or sort what it gives"
        )
    if output in ("complex", "c"):
        a = a.astype(np.result_type(a.dtype, np.complex64))
    upper, z = _schur(a, output="real" if a.dtype.kind != "c" else "complex")
    if np.any(bottom(np.tril(upper, -1)) != 0):
        raise NoRuleError(
            f"scipy.linalg.schur has no derivative rule for pairs of complex eigenvalues\n  at {user_line()}\n"
            "Write output='complex', or take la.eig, la.expm, la.sqrtm, la.solve_sylvester"
        )
    return upper, z


cossin = refused("cossin", "its vectors are not unique", "Take la.svd of the blocks")
