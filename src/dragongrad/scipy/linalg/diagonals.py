"""Eigenvalues and eigenvectors of symmetric matrices that are given by their diagonals.

Variables are computed on the full matrix. Values are SciPy's, whose drivers choose other signs of vectors than that
for full matrices; the rules are those of `numpy.linalg.eigh`.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import scipy.linalg as scipys

from ...blocks.matrices import adjoint, diagonal_matrix
from ...core.block import BLOCKS, general
from ...core.errors import ArgumentError, NoRuleError, ShapeError, describe, user_line
from ..chapters import one_of
from ..stacks import over_stacks, stacked
from .banded import flipped, lower_half
from .chapter import matrix, smooth, together

_EIGH = BLOCKS[np.linalg.eigh]


def _like_eigh(name: str, value: Any, parameters: tuple[str, ...]) -> Any:
    """The Block of a full matrix that another driver decomposes; the lower triangle is read."""

    def pushforward(x_dot: Any, out: Any, x: Any, **params: Any) -> Any:
        return _EIGH.pushforward(x_dot, out, x)  # type: ignore[misc]

    def pullback(out_bar: Any, out: Any, x: Any, **params: Any) -> Any:
        return _EIGH.pullback(out_bar, out, x)  # type: ignore[misc]

    return general(
        f"scipy.linalg.{name}", value=stacked(value, 2), pullback=pullback, pushforward=pushforward, outputs=2,
        names=("x",), parameters=parameters, dispatches=False, signature="(n,n)->(n),(n,n)", name=name,
    )  # fmt: skip


def _some_again(w: Any, v: Any, wanted: Any, ask: Callable[[], Any]) -> Any:
    """All values and vectors, with those of some numbers as SciPy gives them alone."""
    if wanted is not None:
        some = slice(wanted[0], wanted[1] + 1)
        w[some], v[:, some] = ask()
    return w, v


def _chosen(found: tuple[Any, Any], wanted: Any) -> tuple[Any, Any]:
    """Of all values and vectors those of some numbers."""
    if wanted is None:
        return found
    some = slice(wanted[0], wanted[1] + 1)
    return found[0][some], found[1][:, some]


def _tridiagonal_value(x: Any, wanted: Any = None) -> Any:
    d, e = np.diagonal(x), np.diagonal(x, -1)
    w, v = scipys.eigh_tridiagonal(d, e, check_finite=False)
    return _some_again(w, v, wanted, lambda: scipys.eigh_tridiagonal(d, e, select="i", select_range=wanted))


_eigh_tridiagonal = _like_eigh("eigh_tridiagonal", _tridiagonal_value, ("wanted",))


@smooth
def eigvalsh_tridiagonal(
    d: Any, e: Any, select: str = "a", select_range: Any = None, check_finite: bool = True, tol: float = 0.0,
    lapack_driver: str = "auto",
) -> Any:  # fmt: skip
    """The eigenvalues of a symmetric matrix with diagonal `d` (n,) and `e` (n - 1,) beside it.

    Examples
    --------
    >>> import numpy as np, dragongrad as ad
    >>> import dragongrad.scipy.linalg as la
    >>> ad.jacobian(lambda d: la.eigvalsh_tridiagonal(d, np.zeros(1)))(np.array([1.0, 4.0]))
    array([[1., 0.],
           [0., 1.]])

    """
    return _tridiagonal(d, e, select, select_range, lapack_driver)[0]


@smooth
def eigh_tridiagonal(
    d: Any, e: Any, eigvals_only: bool = False, select: str = "a", select_range: Any = None,
    check_finite: bool = True, tol: float = 0.0, lapack_driver: str = "auto",
) -> Any:  # fmt: skip
    """Eigenvalues and eigenvectors of a symmetric matrix with diagonal `d` (n,) and `e` (n - 1,) beside it.

    Examples
    --------
    >>> import numpy as np, dragongrad as ad
    >>> import dragongrad.scipy.linalg as la
    >>> ad.jacobian(lambda d: la.eigh_tridiagonal(d, np.zeros(1))[0])(np.array([1.0, 4.0]))
    array([[1., 0.],
           [0., 1.]])

    """
    found = _tridiagonal(d, e, select, select_range, lapack_driver)
    return found[0] if eigvals_only else found


def _tridiagonal(d: Any, e: Any, select: str, wanted: Any, driver: str) -> Any:
    one_of("eigh_tridiagonal", "lapack_driver", driver, "auto", "stemr", "sterf", "stebz", "stev", "stevd")
    if select not in ("a", "i"):
        raise NoRuleError(
            f"scipy.linalg.eigh_tridiagonal has no derivative rule for select={select!r}\n  at {user_line()}\n"
            "Write select='i', by index"
        )
    return _of_diagonals(d, e, tuple(map(int, wanted)) if select == "i" else None)


@over_stacks(d=1, e=1)
def _of_diagonals(d: Any, e: Any, wanted: tuple[int, ...] | None) -> Any:
    d, e = together(d, e)
    n = d.shape[-1]
    if d.ndim != 1 or e.ndim != 1 or e.shape[-1] != n - 1:
        raise ShapeError(
            f"eigh_tridiagonal({describe(d)}, {describe(e)}): d has one element more than e\n  at {user_line()}"
        )
    below = np.concatenate([np.zeros((1, n), e.dtype), e[:, None] * np.eye(n - 1, n, dtype=e.dtype)])
    return _chosen(_eigh_tridiagonal(diagonal_matrix(d) + below, wanted=wanted), wanted)


def _of_band(a_band: Any, lower: bool) -> Any:
    """The Hermitian matrix of the band that is stored of it."""
    band = matrix(a_band)
    half = lower_half(band, lower)
    if band.shape[0] == 1:
        return half
    return np.where(np.eye(band.shape[1], dtype=bool), half, half + adjoint(half))


def _eig_value(x: Any, u: int = 0, lower: bool = True, wanted: Any = None) -> Any:
    """Of the full matrix, by SciPy's function for the band, which chooses other signs than that for the matrix."""
    k, j = np.indices((u + 1, x.shape[-1]))
    far = np.minimum(k + j, x.shape[-1] - 1)
    band = np.where(k + j < x.shape[-1], x[far, j], 0)
    band = band if lower else np.conj(flipped(band, 0))
    w, v = scipys.eig_banded(band, lower=lower, check_finite=False)
    return _some_again(w, v, wanted, lambda: scipys.eig_banded(band, lower, select="i", select_range=wanted))


_eig_of_band = _like_eigh("eig_banded", _eig_value, ("u", "lower", "wanted"))


@smooth
@over_stacks(a_band=2)
def eig_banded(
    a_band: Any, lower: bool = False, eigvals_only: bool = False, overwrite_a_band: bool = False,
    select: str = "a", select_range: Any = None, max_ev: int = 0, check_finite: bool = True,
) -> Any:  # fmt: skip
    """The eigenvalues of a Hermitian matrix with a band, of which one half is stored, and their vectors.

    Variables are computed on the full matrix; all eigenvalues, or those of the numbers `select_range` with
    `select="i"`.

    Examples
    --------
    >>> import numpy as np, dragongrad as ad
    >>> import dragongrad.scipy.linalg as la
    >>> ad.grad(lambda b: la.eig_banded(b, eigvals_only=True)[0])(np.array([[0.0, 1.0], [2.0, 2.0]]))
    array([[ 0. , -1. ],
           [ 0.5,  0.5]])

    """
    if select not in ("a", "all", "i", "index"):
        raise ArgumentError(f"eig_banded of Variables takes select='a' or 'i', not {select!r}\n  at {user_line()}")
    wanted = tuple(map(int, select_range)) if select[0] == "i" else None
    full = _of_band(a_band, lower)
    found = _eig_of_band(full, u=np.shape(a_band)[0] - 1, lower=bool(lower), wanted=wanted)
    w, v = _chosen(found, wanted)
    return w if eigvals_only else (w, v)


@smooth
@over_stacks(a_band=2)
def eigvals_banded(
    a_band: Any, lower: bool = False, overwrite_a_band: bool = False, select: str = "a", select_range: Any = None,
    check_finite: bool = True,
) -> Any:  # fmt: skip
    """The eigenvalues that `eig_banded` gives.

    Examples
    --------
    >>> import numpy as np, dragongrad as ad
    >>> import dragongrad.scipy.linalg as la
    >>> ad.jacobian(la.eigvals_banded)(np.array([[2.0, 1.0]])).round(6)[:, 0]
    array([[0., 1.],
           [1., 0.]])

    """
    return eig_banded(a_band, lower, True, select=select, select_range=select_range)
