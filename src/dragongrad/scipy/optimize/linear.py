"""Linear least squares within bounds."""

from __future__ import annotations

from typing import Any

import numpy as np

from ...blocks.axes import as_array
from ...core.errors import ArgumentError, NoRuleError, ShapeError, SolutionError, describe, user_line
from ...transforms import implicit
from ..sparse import SparseArray
from .solver import Solver, moves, named, without_class


def nnls(A: Any, b: Any, *more: Any, **options: Any) -> Any:  # noqa: N803
    """`scipy.optimize.nnls`: the x >= 0 for which A x is nearest to b, with derivatives by A and b.

    Parameters
    ----------
    A : array of shape (m, n)
        Of full column rank, as far as the columns of positive elements of x go.
    b : array of shape (m,)
    *more, **options
        As SciPy's.

    Returns
    -------
    x : array of shape (n,)
    rnorm : number
        The length of A x - b, which has a kink where it is zero.

    Raises
    ------
    SolutionError
        SciPy's does not converge; or an element of x is zero without being held there, so that the derivatives from
        both sides differ.
    FactorizationError
        The solution is not unique.

    Examples
    --------
    >>> import numpy as np, dragongrad as ad
    >>> from dragongrad.scipy import optimize
    >>> A = np.array([[1.0, 0.0], [1.0, 0.0], [0.0, 1.0]])
    >>> ad.jacobian(lambda b: optimize.nnls(A, b)[0])(np.array([2.0, 1.0, -1.0])).round(6) + 0.0
    array([[0.5, 0.5, 0. ],
           [0. , 0. , 0. ]])

    """
    from scipy import optimize

    options = named(optimize.nnls, more, options, "b")
    if 0 in np.shape(A):
        # SciPy's writes beyond its memory then, or gives what happens to stand there.
        raise ShapeError(f"nnls({describe(A)}, {describe(b)}): no rows or no columns\n  at {user_line()}")
    if not moves(None, A, b):
        return optimize.nnls(A, b, **options)
    A, b = _system("nnls", A, b)  # noqa: N806

    def run(A: Any, b: Any) -> Any:  # noqa: N803
        try:
            return optimize.nnls(A, b, **options)[0]
        except RuntimeError as error:
            raise SolutionError(
                f"scipy.optimize.nnls found no solution: {error}\n  at {user_line()}\nGive a larger maxiter"
            ) from None

    x = implicit.minimizer(Solver("nnls", run, None), _half, bounds=(0.0, np.inf))(A, b)
    return x, np.linalg.norm(A @ x - b)


def lsq_linear(A: Any, b: Any, bounds: Any = (-np.inf, np.inf), *more: Any, **options: Any) -> Any:  # noqa: N803
    """`scipy.optimize.lsq_linear`; `x`, `fun` and `cost` of the result have derivatives by A, b and the bounds.

    Parameters
    ----------
    A : array or sparse matrix of shape (m, n)
        Of full column rank, as far as the columns of free elements of x go. A sparse one may be
        `dragongrad.scipy.sparse`'s, with Variables as entries.
    b : array of shape (m,)
    bounds : pair of numbers or arrays of shape (n,), or `scipy.optimize.Bounds`
    *more, **options
        As SciPy's.

    Returns
    -------
    scipy.optimize.OptimizeResult

    Raises
    ------
    SolutionError
        SciPy's does not converge; or an element of x is at a bound without being held there, so that the
        derivatives from both sides differ.
    FactorizationError
        The solution is not unique.
    NoRuleError
        A is an operator, which is known by its products alone.

    Examples
    --------
    >>> import numpy as np, dragongrad as ad
    >>> from dragongrad.scipy import optimize
    >>> A, b = np.array([[1.0, 1.0], [0.0, 1.0], [1.0, 0.0]]), np.array([3.0, -1.0, 3.0])
    >>> ad.grad(lambda top: optimize.lsq_linear(A, b, (-1.0, top)).x[1])(1.0).round(6)
    np.float64(-0.5)

    """
    from scipy import optimize

    options = named(optimize.lsq_linear, more, options, "bounds")
    sides = tuple(without_class(bounds))
    if not moves(None, A, b, sides):
        return optimize.lsq_linear(A, b, bounds, **options)
    if len(sides) != 2:
        raise ArgumentError(f"bounds of lsq_linear are (low, high)\n  at {user_line()}")
    A, b = _system("lsq_linear", A, b)  # noqa: N806
    sides = tuple([np.broadcast_to(as_array(side).astype(float), A.shape[1:]) for side in sides])

    def run(A: Any, b: Any, low: Any, high: Any) -> Any:  # noqa: N803
        return optimize.lsq_linear(_for_scipy(A), b, (low, high), **options)

    solver = Solver("lsq_linear", run)
    x = implicit.minimizer(solver, _half, bounds=lambda *given: given[2:])(A, b, *sides)
    found = A @ x - b
    return solver.result(x=x, fun=found, cost=0.5 * np.sum(found**2))


def _half(x: Any, A: Any, b: Any, *bounds: Any) -> Any:  # noqa: N803
    return 0.5 * np.sum((A @ x - b) ** 2)


def _system(name: str, A: Any, b: Any) -> tuple[Any, Any]:  # noqa: N803
    """A matrix, a dense or a sparse one, and a right-hand side that fits."""
    if hasattr(A, "matvec"):
        raise NoRuleError(
            f"scipy.optimize.{name} has no derivative rule for an operator, which is known by its products alone\n"
            f"  at {user_line()}\nPass the matrix"
        )
    b = as_array(b)
    A = SparseArray.of(A) if hasattr(A, "nnz") else as_array(A)  # noqa: N806
    if len(A.shape) != 2 or b.shape != A.shape[:1]:
        raise ShapeError(f"{name}({describe(A)}, {describe(b)}): a matrix and a vector\n  at {user_line()}")
    return A, b


def _for_scipy(matrix: Any) -> Any:
    return matrix.pattern.filled(matrix.entries) if hasattr(matrix, "pattern") else matrix
