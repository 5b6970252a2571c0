"""Least squares with sparse matrices, by SciPy's iterations; their derivatives are solved for in the same way.

The solution of least length of `min |A x - b|**2 + damp**2 |x|**2` is `x = (A^T A + damp**2)^-1 A^T b`, or with
fewer rows than columns and no damping `x = A^T (A A^T)^-1 b`. Either inverse is a Block, found by two solutions of
least squares, so that no condition number is squared.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import scipy.sparse as matrices
import scipy.sparse.linalg as scipys

from ....blocks.axes import as_array
from ....core.block import general
from ....core.errors import FactorizationError, NoRuleError, ShapeError, SolutionError, describe, user_line
from ...chapters import holds_variable, settled
from ..arrays import SparseArray, as_sparse
from ..blocks import product, product_x
from ..making import vstack
from .chapter import smooth

# What is left of a system that has a solution, relative to its right-hand side and to the tolerance.
_LEFT = 1e3
# Steps for each unknown.
_STEPS = 10


class LeastSquares:
    """A solver of SciPy's, its options and the damping, which a program holds as one thing."""

    def __init__(self, name: str, options: dict[str, Any], damp: float) -> None:
        self.name, self.options, self.damp = name, options, damp

    def nearest(self, matrix: Any, b: Any, damp: float = 0.0) -> Any:
        """The solution for one right-hand side; an error where it does not converge."""
        options = self.options
        if options.get("maxiter", 0) is None:
            # LSMR by itself takes as many steps as would do without rounding.
            options = {**options, "maxiter": _STEPS * min(matrix.shape)}
        found = getattr(scipys, self.name)(matrix, b, damp, **options)
        # 3 and 6: the limit of the condition number, 7: that of the steps.
        if found[1] in (3, 6, 7):
            raise SolutionError(
                f"scipy.sparse.linalg.{self.name} did not converge (istop={found[1]}): what it gives has no "
                f"derivative\n  at {user_line()}\n"
                "Give it more steps or a larger conlim, or take la.lstsq(A.toarray(), b)"
            )
        return found[0]

    def normal(self, matrix: Any, g: Any) -> Any:
        """The solution v of (A^T A + damp**2) v = g."""
        if self.damp:
            n, damp = matrix.shape[1], np.asarray(self.damp, g.dtype)
            longer = matrices.vstack([matrix, damp * matrices.eye_array(n, dtype=g.dtype)])
            return self.nearest(longer, np.concatenate([np.zeros(matrix.shape[0], g.dtype), g / damp]))
        y = self.nearest(matrix.T, g)
        tolerance = max(self.options["atol"], self.options["btol"], float(np.finfo(g.dtype).eps))
        if np.linalg.norm(matrix.T @ y - g) > min(0.5, _LEFT * tolerance) * np.linalg.norm(g):
            raise FactorizationError(
                f"scipy.sparse.linalg.{self.name}: the columns or rows of the matrix depend on one another, so "
                f"that its solution has no derivative\n  at {user_line()}\nGive damp="
            )
        return self.nearest(matrix, y)

    def __repr__(self) -> str:
        return self.name


def _normal_value(x: Any, y: Any, pattern: Any, how: Any, trans: bool) -> Any:
    return how.normal(pattern.filled(x, trans), np.asarray(y))


def _squared(x: Any, v: Any, pattern: Any, trans: bool) -> Any:
    """A v, as one column."""
    return product(x, v[:, None], pattern=pattern, trans=trans)


def _normal_pushforward(
    x_dot: Any, y_dot: Any, out: Any, x: Any, pattern: Any = None, how: Any = None, trans: bool = False
) -> Any:
    moved = product(x_dot, _squared(x, out, pattern, trans), pattern=pattern, trans=not trans)
    moved = moved + product(x, _squared(x_dot, out, pattern, trans), pattern=pattern, trans=not trans)
    return normal(x, y_dot - moved[:, 0], pattern=pattern, how=how, trans=trans)


def _normal_pullback(
    out_bar: Any, out: Any, x: Any, pattern: Any = None, how: Any = None, trans: bool = False
) -> Any:
    y_bar = normal(x, out_bar, pattern=pattern, how=how, trans=trans)
    left, right = (_squared(x, v, pattern, trans) for v in (out, y_bar))
    x_bar = product_x(left, y_bar[:, None], pattern, trans) + product_x(right, out[:, None], pattern, trans)
    return -x_bar, y_bar


normal: Any = general(
    "normal equations", value=_normal_value, pullback=_normal_pullback, pushforward=_normal_pushforward,
    names=("x", "y"), parameters=("pattern", "how", "trans"), dispatches=False,
)  # fmt: skip


# The solution of a matrix with as many rows as columns, or more, or of a damped one


def _nearest_value(x: Any, y: Any, pattern: Any, how: Any) -> Any:
    return how.nearest(pattern.filled(x), np.asarray(y), how.damp)


def _nearest_pushforward(
    x_dot: Any, y_dot: Any, out: Any, x: Any, y: Any, pattern: Any = None, how: Any = None
) -> Any:
    left = y[:, None] - _squared(x, out, pattern, False)
    moved = y_dot[:, None] - _squared(x_dot, out, pattern, False)
    turned = product(x_dot, left, pattern=pattern, trans=True) + product(x, moved, pattern=pattern, trans=True)
    return normal(x, turned[:, 0], pattern=pattern, how=how, trans=False)


def _nearest_pullback(out_bar: Any, out: Any, x: Any, y: Any, pattern: Any = None, how: Any = None) -> Any:
    w = normal(x, out_bar, pattern=pattern, how=how, trans=False)
    left, y_bar = y[:, None] - _squared(x, out, pattern, False), _squared(x, w, pattern, False)
    x_bar = product_x(left, w[:, None], pattern) - product_x(y_bar, out[:, None], pattern)
    return x_bar, y_bar[:, 0]


nearest: Any = general(
    "sparse least squares", value=_nearest_value, pullback=_nearest_pullback, pushforward=_nearest_pushforward,
    names=("x", "y"), parameters=("pattern", "how"), dispatches=False,
)  # fmt: skip


def _longer(a: SparseArray, b: Any, damp: Any) -> tuple[SparseArray, Any]:
    """A matrix with the damping below it, and a right-hand side with zeros."""
    n = a.shape[1]
    below = SparseArray.of(matrices.eye_array(n, dtype=a.dtype)) * damp
    return vstack([a, below]), np.concatenate([b, np.zeros(n, b.dtype)])


def _checked(name: str, A: Any, b: Any, options: dict[str, Any]) -> tuple[Any, Any]:  # noqa: N803
    """The matrix and the right-hand side, in one dtype."""
    if hasattr(A, "matvec"):
        raise NoRuleError(
            f"scipy.sparse.linalg.{name} has no derivative rule for an operator, which is known by its products "
            f"alone\n  at {user_line()}\nPass the sparse matrix"
        )
    if holds_variable(options):
        raise NoRuleError(
            f"scipy.sparse.linalg.{name}: only A, b, damp and x0 have derivatives\n  at {user_line()}\n"
            "Pass plain options"
        )
    a, b = as_sparse(A), as_array(b)
    dtype = np.result_type(*[v.dtype if v.dtype.kind in "fc" else np.float64 for v in (a, b)])
    if dtype.kind == "c":
        raise NoRuleError(
            f"scipy.sparse.linalg.{name} of complex numbers has no derivative rule\n  at {user_line()}\n"
            "Write A and b as real matrices of twice the size"
        )
    if b.shape not in ((a.shape[0],), (a.shape[0], 1)):
        raise ShapeError(f"{name} of a matrix of shape {a.shape} and {describe(b)}\n  at {user_line()}")
    return a.astype(dtype), np.reshape(b.astype(dtype), (-1,))


def _solution(a: SparseArray, b: Any, damp: Any, name: str, options: dict[str, Any]) -> Any:
    if holds_variable(damp):
        return _solution(*_longer(a, b, damp), 0.0, name, options)
    how = LeastSquares(name, options, float(settled(damp)))
    if how.damp or a.shape[0] >= a.shape[1]:
        return nearest(a.entries, b, pattern=a.pattern, how=how)
    y = normal(a.entries, b, pattern=a.pattern, how=how, trans=True)
    return product(a.entries, y[:, None], pattern=a.pattern, trans=True)[:, 0]


def _solved(name: str, A: Any, b: Any, damp: Any, x0: Any, options: dict[str, Any]) -> tuple[Any, ...]:  # noqa: N803
    """The solution, and the lengths of the residual, of it with the damping, of the normal equations', and of x."""
    a, b = _checked(name, A, b, options)
    start = np.zeros(a.shape[1], a.dtype) if x0 is None else np.reshape(as_array(x0), (-1,)).astype(a.dtype)
    if start.shape != a.shape[1:]:
        raise ShapeError(f"{name}: x0 is {describe(start)} for {a.shape[1]} unknowns\n  at {user_line()}")
    b = b if x0 is None else b - a @ start
    away = _solution(a, b, damp, name, {k: settled(v) for k, v in options.items()})
    left = b - a @ away
    length, turned = np.linalg.norm(left), np.linalg.norm(a.T @ left - damp**2 * away)
    damped = np.sqrt(length**2 + damp**2 * np.sum(away**2))
    x = away if x0 is None else start + away
    return x, length, damped, turned, np.linalg.norm(x)


@smooth
def lsqr(
    A: Any, b: Any, damp: Any = 0.0, atol: float = 1e-6, btol: float = 1e-6, conlim: float = 1e8,  # noqa: N803
    iter_lim: Any = None, show: bool = False, calc_var: bool = False, x0: Any = None,
) -> Any:  # fmt: skip
    """The x of least length for which `|A x - b|**2 + damp**2 |x|**2` is least, by Paige's and Saunders' LSQR.

    Parameters
    ----------
    A : sparse matrix or dense one of shape (m, n)
        Its stored entries may be Variables. Its columns, or its rows if they are fewer, do not depend on one
        another, unless there is damping.
    b : array of shape (m,)
    damp : number
        It has derivatives too.
    x0 : array of shape (n,), optional
        What x is to be near: its difference from x0 is damped, and of least length. It has derivatives too.
    atol, btol, conlim, iter_lim, show
        As SciPy's, plain. The derivatives are as exact as `atol` and `btol` say.
    calc_var : bool
        False with Variables.

    Returns
    -------
    x : array of shape (n,)
    istop, itn : None
        With Variables; what does not converge raises.
    r1norm, r2norm : numbers
        The length of the residual, and with the damping in it.
    anorm, acond : None
    arnorm, xnorm : numbers
    var : None

    Raises
    ------
    SolutionError
        It does not converge.
    FactorizationError
        The derivative does not exist.

    Examples
    --------
    >>> import numpy as np, dragongrad as ad
    >>> from dragongrad.scipy import sparse
    >>> def slope(v):
    ...     A = sparse.csr_array((v, ([0, 1, 2], [0, 0, 0])))
    ...     return sparse.linalg.lsqr(A, np.ones(3))[0][0]
    >>> ad.grad(slope)(np.array([1.0, 1.0, 2.0])).round(6)
    array([-0.055556, -0.055556, -0.277778])

    """
    if calc_var:
        raise NoRuleError(
            f"scipy.sparse.linalg.lsqr has no derivative rule for calc_var=True\n  at {user_line()}\n"
            "Write la.inv((A.T @ A).toarray()).diagonal()"
        )
    options = {"atol": atol, "btol": btol, "conlim": conlim, "iter_lim": iter_lim, "show": show}
    x, left, damped, turned, length = _solved("lsqr", A, b, damp, x0, options)
    return x, None, None, left, damped, None, None, turned, length, None


@smooth
def lsmr(
    A: Any, b: Any, damp: Any = 0.0, atol: float = 1e-6, btol: float = 1e-6, conlim: float = 1e8,  # noqa: N803
    maxiter: Any = None, show: bool = False, x0: Any = None,
) -> Any:  # fmt: skip
    """As `lsqr`, by Fong's and Saunders' LSMR.

    Returns
    -------
    x : array of shape (n,)
    istop, itn : None
    normr, normar : numbers
        The lengths of the residual and of that of the normal equations.
    norma, conda : None
    normx : number

    Examples
    --------
    >>> import numpy as np, dragongrad as ad
    >>> from dragongrad.scipy import sparse
    >>> A = sparse.csr_array(np.array([[1.0], [1.0]]))
    >>> ad.grad(lambda damp: sparse.linalg.lsmr(A, np.ones(2), damp)[0][0])(1.0).round(6)
    np.float64(-0.444444)

    """
    options = {"atol": atol, "btol": btol, "conlim": conlim, "maxiter": maxiter, "show": show}
    x, _, damped, turned, length = _solved("lsmr", A, b, damp, x0, options)
    # SciPy moves what it starts from, where that is.
    x = x if x0 is None else x.astype(np.result_type(as_array(x0).dtype, np.float32))
    return x, None, None, damped, turned, None, None, length
