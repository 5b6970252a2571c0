"""Iterative solvers: SciPy's find the solution, and solve the systems of its derivatives with the same options."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import scipy.sparse.linalg as scipys

from ....blocks.axes import as_array
from ....core.block import general
from ....core.errors import NoRuleError, ShapeError, SolutionError, user_line
from ...chapters import holds_variable, settled
from ..blocks import product, product_x
from .chapter import smooth
from .systems import side, square

# Solvers whose matrix is its own transpose.
SYMMETRIC = ("cg", "minres")


class Iteration:
    """A solver of SciPy's and its options, which a program holds as one thing."""

    def __init__(self, name: str, options: dict[str, Any], operator: Any = None) -> None:
        self.name, self.options, self.operator = name, options, operator

    def solve(self, matrix: Any, b: Any, trans: bool) -> Any:
        """The solution for one right-hand side; an error where it does not converge."""
        options = dict(self.options)
        if trans and self.name not in SYMMETRIC:
            # Without a preconditioner the solution is the same.
            options = {k: v for k, v in options.items() if k not in ("M1", "M2")}
            if options.get("M") is not None:
                options["M"] = scipys.aslinearoperator(options["M"]).T
        x, info = getattr(scipys, self.name)(matrix, b, **options)
        if info:
            raise SolutionError(
                f"scipy.sparse.linalg.{self.name} did not converge (info={info}): what it gives has no derivative\n"
                f"  at {user_line()}\nGive it more steps (maxiter=), a preconditioner (M=), or take spsolve"
            )
        return x

    def columns(self, matrix: Any, y: Any, trans: bool) -> Any:
        """The solutions for the columns of a matrix."""
        found = [self.solve(matrix, np.asarray(y[:, j]), trans) for j in range(y.shape[1])]
        return np.stack(found, axis=1) if found else np.zeros(y.shape, y.dtype)

    def __repr__(self) -> str:
        return self.name


def _value(x: Any, y: Any, pattern: Any, how: Any, trans: bool = False) -> Any:
    dtype = np.result_type(x, y)
    matrix, y = pattern.filled(x.astype(dtype, copy=False), trans), np.asarray(y, dtype)
    return how.columns(matrix, y, trans)


def _pushforward(
    x_dot: Any, y_dot: Any, out: Any, x: Any, pattern: Any = None, how: Any = None, trans: bool = False
) -> Any:
    moved = y_dot - product(x_dot, out, pattern=pattern, trans=trans)
    return iterated(x, moved, pattern=pattern, how=_fresh(how), trans=trans)


def _pullback(out_bar: Any, out: Any, x: Any, pattern: Any = None, how: Any = None, trans: bool = False) -> Any:
    y_bar = iterated(x, out_bar, pattern=pattern, how=_fresh(how), trans=not trans)
    x_bar = product_x(y_bar, out, pattern, trans)
    return -x_bar, y_bar


def _fresh(how: Iteration) -> Iteration:
    """The solver for another right-hand side, which does not start from the solution of the first."""
    options = {k: v for k, v in how.options.items() if k not in ("x0", "callback", "callback_type")}
    return how if len(options) == len(how.options) else Iteration(how.name, options, how.operator)


iterated: Any = general(
    "sparse iteration", value=_value, pullback=_pullback, pushforward=_pushforward, names=("x", "y"),
    parameters=("pattern", "how", "trans"), dispatches=False,
)  # fmt: skip


# An operator is known by its products alone, and has no entries to be differentiated by


def _operated_value(x: Any, how: Any, trans: bool = False) -> Any:
    operator = how.operator.T if trans and how.name not in SYMMETRIC else how.operator
    return how.columns(operator, x, trans)


def _operated_pushforward(x_dot: Any, how: Any = None, trans: bool = False) -> Any:
    return operated(x_dot, how=_fresh(how), trans=trans)


def _operated_pullback(out_bar: Any, how: Any = None, trans: bool = False) -> Any:
    return operated(out_bar, how=_fresh(how), trans=not trans)


operated: Any = general(
    "operator iteration", value=_operated_value, pullback=_operated_pullback, pushforward=_operated_pushforward,
    names=("x",), parameters=("how", "trans"), dispatches=False,
)  # fmt: skip


def _run(name: str, A: Any, b: Any, options: dict[str, Any]) -> tuple[Any, int]:  # noqa: N803
    options = {k: settled(v) for k, v in options.items() if v is not None}
    # Where it starts and how it is preconditioned the solution does not depend on.
    if holds_variable(options):
        raise NoRuleError(
            f"scipy.sparse.linalg.{name}: only A and b have derivatives\n  at {user_line()}\n"
            "Write ad.stop_gradient(x0), and M of plain numbers"
        )
    if isinstance(A, scipys.LinearOperator):
        b = as_array(b)
        b = b[:, 0] if np.ndim(b) == 2 and np.shape(b)[1] == 1 else b
        if np.ndim(b) != 1 or np.shape(b)[0] != A.shape[0]:
            raise ShapeError(f"{name} takes a vector of {A.shape[0]} elements\n  at {user_line()}")
        return operated(b[:, None], how=Iteration(name, options, A), trans=False)[:, 0], 0
    a = square(name, A)
    column, is_vector = side(name, a, b)
    x = iterated(a.entries, column, pattern=a.pattern, how=Iteration(name, options), trans=False)
    # As SciPy has it, a single column gives a vector.
    return (x[:, 0] if is_vector or np.shape(x)[1] == 1 else x), 0


_DOC = """{title}; the derivatives are solved for in the same way, and are as exact as `rtol` says.

    Parameters
    ----------
    A : sparse matrix, dense one, or LinearOperator of shape (n, n)
        Its stored entries may be Variables; an operator has products with its transpose where it is differentiated,
        and holds no Variables.
    b : array of shape (n,)
    **options
        As SciPy's. What they hold is plain.

    Returns
    -------
    x : array of shape (n,)
    info : int
        0: with Variables, what does not converge raises.

    Raises
    ------
    SolutionError
        It does not converge.
    """


def _solver(name: str, title: str) -> Callable[..., Any]:
    def solve(A: Any, b: Any, x0: Any = None, **options: Any) -> Any:  # noqa: N803
        return _run(name, A, b, {"x0": x0, **options})

    solve.__name__ = solve.__qualname__ = name
    made = smooth(solve)
    made.__doc__ = _DOC.format(title=title)
    return made


bicg = _solver("bicg", "Biconjugate gradients")
bicgstab = _solver("bicgstab", "Stabilised biconjugate gradients")
cg = _solver("cg", "Conjugate gradients, for a positive definite matrix, of which all entries count")
cgs = _solver("cgs", "Squared conjugate gradients")
gcrotmk = _solver("gcrotmk", "GCROT(m, k)")
gmres = _solver("gmres", "GMRES")
lgmres = _solver("lgmres", "LGMRES")
minres = _solver("minres", "MINRES, for a symmetric matrix, of which all entries count")
qmr = _solver("qmr", "Quasi-minimal residuals")
tfqmr = _solver("tfqmr", "Transpose-free quasi-minimal residuals")
