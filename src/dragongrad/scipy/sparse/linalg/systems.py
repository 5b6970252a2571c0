"""Systems of equations with a sparse matrix, by its LU factors: their derivatives take the same factors."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from ....blocks.axes import as_array
from ....core.block import general
from ....core.errors import (
    AbsentError,
    ArgumentError,
    FactorizationError,
    NoRuleError,
    ShapeError,
    describe,
    user_line,
)
from ...chapters import holds_variable, settled
from ..arrays import SparseArray, as_sparse, is_sparse
from ..blocks import solved
from ..making import tril, triu
from ..pattern import Pattern
from .chapter import CHAPTER, own, smooth


def square(name: str, A: Any) -> SparseArray:  # noqa: N803
    """A matrix as one of ours, with as many rows as columns, in floating point."""
    a = as_sparse(A)
    if a.shape[0] != a.shape[1]:
        raise ShapeError(f"{name} takes a square matrix, not one of shape {a.shape}\n  at {user_line()}")
    return a if a.dtype.kind in "fc" else a.astype(np.float64)


def side(name: str, a: SparseArray, b: Any) -> tuple[Any, bool]:
    """A right-hand side as a matrix, and whether it was a vector."""
    if is_sparse(b):
        raise NoRuleError(
            f"scipy.sparse.linalg.{name} with Variables takes no sparse right-hand side\n  at {user_line()}\n"
            "Write b.toarray()"
        )
    b = as_array(b)
    if np.ndim(b) not in (1, 2) or np.shape(b)[0] != a.shape[0]:
        raise ShapeError(f"{name} of a matrix of shape {a.shape} and {describe(b)}: the shapes do not fit\n"
                         f"  at {user_line()}")  # fmt: skip
    return (b[:, None], True) if np.ndim(b) == 1 else (b, False)


def _solve(
    name: str, a: SparseArray, b: Any, trans: bool, order: str = "COLAMD", flat: bool = False
) -> Any:  # fmt: skip
    b, is_vector = side(name, a, b)
    x = solved(a.entries, b, pattern=a.pattern, trans=trans, order=order)
    # As SciPy has it, some solvers make a vector of a single column.
    return x[:, 0] if is_vector or (flat and np.shape(x)[1] == 1) else x


@smooth
def spsolve(A: Any, b: Any, permc_spec: str | None = None, use_umfpack: bool = True) -> Any:  # noqa: N803
    """Solve A x = b for a sparse matrix, by its LU factors, which the derivatives use again.

    Parameters
    ----------
    A : sparse matrix of shape (n, n)
        SciPy's, or one whose stored entries are Variables.
    b : array of shape (n,) or (n, k)
        The right-hand side, a dense one.
    permc_spec : str, optional
        How the columns are ordered; "COLAMD" without it.
    use_umfpack : bool
        Of SciPy's; it changes nothing here.

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
    >>> from dragongrad.scipy import sparse
    >>> def f(k):
    ...     A = sparse.diags([-1.0, k, -1.0], [-1, 0, 1], shape=(3, 3))
    ...     return np.sum(sparse.linalg.spsolve(A, np.ones(3)))
    >>> ad.grad(f)(2.0)
    np.float64(-8.5)

    """
    return _solve("spsolve", square("spsolve", A), b, False, permc_spec or "COLAMD", flat=True)


def _outside(pattern: Pattern, lower: bool) -> Any:
    """Which entries stand outside of a triangle."""
    return pattern.indices > pattern.rows if lower else pattern.indices < pattern.rows


def _triangular_value(x: Any, pattern: Pattern, lower: bool) -> Any:
    if np.any(x[..., _outside(pattern, lower)]):
        raise FactorizationError(
            f"spsolve_triangular: an element outside of the triangle is not zero\n  at {user_line()}\n"
            "Write spsolve, or give sparse.tril(A) or sparse.triu(A)"
        )
    return x


_triangular: Any = general(
    "triangular entries", value=_triangular_value, pullback=lambda out_bar, pattern=None, lower=True: out_bar,
    pushforward=lambda x_dot, pattern=None, lower=True: x_dot, names=("x",), parameters=("pattern", "lower"),
    batch=lambda size, values, batched, **options: _triangular(values[0], **options), dispatches=False,
)  # fmt: skip


@smooth
def spsolve_triangular(
    A: Any, b: Any, lower: bool = True, overwrite_A: bool = False, overwrite_b: bool = False,  # noqa: N803
    unit_diagonal: bool = False,
) -> Any:  # fmt: skip
    """Solve A x = b for a sparse triangular matrix; the derivative is that of the triangle.

    Raises
    ------
    FactorizationError
        An element outside of the triangle is not zero, for which SciPy's solution means nothing; or the matrix is
        singular.

    Examples
    --------
    >>> import numpy as np, dragongrad as ad
    >>> from dragongrad.scipy import sparse
    >>> def f(v):
    ...     A = sparse.csr_array((v, ([0, 1, 1], [0, 0, 1])))
    ...     return np.sum(sparse.linalg.spsolve_triangular(A, np.ones(2)))
    >>> ad.grad(f)(np.array([2.0, 1.0, 4.0]))
    array([-0.1875 , -0.125  , -0.03125])

    """
    a = square("spsolve_triangular", A)
    if np.any(_outside(a.pattern, lower)):
        a = SparseArray(_triangular(a.entries, pattern=a.pattern, lower=lower), a.pattern)
    if unit_diagonal:
        from scipy.sparse import eye_array

        a = (tril(a, -1) if lower else triu(a, 1)) + eye_array(a.shape[0], dtype=a.dtype)
    else:
        a = tril(a) if lower else triu(a)
    return _solve("spsolve_triangular", a, b, False, "NATURAL")


class Factors:
    """The LU factors of a sparse matrix with Variables: `solve` takes any number of right-hand sides."""

    answers_variables = True

    def __init__(self, a: SparseArray, order: str) -> None:
        self._a, self._order = a, order
        self.shape, self.nnz = a.shape, a.nnz

    def __getattr__(self, name: str) -> Any:
        if name.startswith("_"):
            raise AttributeError(name)
        raise AbsentError(
            f"the LU factors of a sparse matrix with Variables have no {name!r}, but solve()\n  at {user_line()}\n"
            "Write la.lu(A.toarray()) for the factors themselves, or take splu of ad.stop_gradient(A)"
        )

    def solve(self, rhs: Any, trans: str = "N") -> Any:
        """Solve with the matrix ("N"), its transpose ("T") or its conjugate transpose ("H")."""
        if trans not in ("N", "T", "H"):
            raise ArgumentError(f"solve: trans={trans!r}\n  at {user_line()}\nWrite 'N', 'T' or 'H'")
        if trans == "H":
            return np.conj(self.solve(np.conj(as_array(rhs)), "T"))
        return _solve("splu", self._a, rhs, trans == "T", self._order)


class PlainFactors(Factors):
    """SciPy's factors of a plain matrix, which take right-hand sides of Variables too."""

    answers_variables = False

    def __init__(self, a: SparseArray, order: str, scipys_own: Any) -> None:
        super().__init__(a, order)
        self._scipys = scipys_own

    def __getattr__(self, name: str) -> Any:
        if name.startswith("_"):
            raise AttributeError(name)
        return getattr(self._scipys, name)

    def solve(self, rhs: Any, trans: str = "N") -> Any:
        """As of factors with Variables."""
        if holds_variable(rhs):
            return super().solve(rhs, trans)
        return self._scipys.solve(settled(rhs), trans)


@own
def splu(
    A: Any, permc_spec: str | None = None, diag_pivot_thresh: Any = None, relax: Any = None,  # noqa: N803
    panel_size: Any = None, options: Any = None,
) -> Any:  # fmt: skip
    """The LU factors of a sparse matrix; of Variables they have `solve` alone, and options change nothing.

    Examples
    --------
    >>> import numpy as np, dragongrad as ad
    >>> from dragongrad.scipy import sparse
    >>> ad.grad(lambda v: np.sum(sparse.linalg.splu(sparse.diags(v)).solve(np.ones(2))))(np.array([1.0, 2.0]))
    array([-1.  , -0.25])

    """
    order = permc_spec or "COLAMD"
    if holds_variable(A):
        return Factors(square("splu", A), order)
    rest = (permc_spec, diag_pivot_thresh, relax, panel_size, {} if options is None else options)
    return PlainFactors(square("splu", A), order, CHAPTER.module.splu(settled(A), *rest))


@own
def factorized(A: Any) -> Callable[[Any], Any]:  # noqa: N803
    """A function of `b` that solves A x = b.

    Examples
    --------
    >>> import numpy as np, dragongrad as ad
    >>> from dragongrad.scipy import sparse
    >>> ad.grad(lambda v: np.sum(sparse.linalg.factorized(sparse.diags(v))(np.ones(1))))(np.array([2.0]))
    array([-0.25])

    """
    if holds_variable(A):
        return Factors(square("factorized", A), "COLAMD").solve
    plain_solve, ours = CHAPTER.module.factorized(settled(A)), Factors(square("factorized", A), "COLAMD").solve
    return lambda rhs: ours(rhs) if holds_variable(rhs) else plain_solve(settled(rhs))
