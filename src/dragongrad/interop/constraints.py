"""Bounds and constraints in SciPy's forms, of nests, with exact derivatives."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from ..core.errors import ArgumentError
from ..optimize.bounds import read_bounds
from ..optimize.fitting.residuals import Residuals
from ..optimize.objective import Array, Packing
from ..optimize.options import arguments, refuse_unknown, shown
from ..transforms.forward import jvp
from ..transforms.gradients import grad


def scipys_bounds(bounds: Any, packing: Packing, sides_first: bool = False) -> Any:
    """Bounds in any form that `read_bounds` takes, as SciPy's own; None where there are none."""
    box = read_bounds(bounds, packing, sides_first)
    if box is None:
        return None
    from scipy.optimize import Bounds

    return Bounds(box.low, box.high, getattr(bounds, "keep_feasible", False))


def exact_constraints(constraints: Any, start: Any, curved: bool, compile: bool = False) -> list[Any]:
    """Constraints with exact Jacobians and Hessians.

    Parameters
    ----------
    constraints : None, constraint or sequence of them
        `scipy.optimize.LinearConstraint`, `NonlinearConstraint`, or a dict with `type`, `fun` and perhaps `args`;
        their functions take the nest of the parameters. A Jacobian or Hessian that is given is kept.
    start : nest of arrays
        The parameters to start from.
    curved : bool
        Whether the method has a use for their Hessians.
    compile : bool
        Whether their functions may be compiled.

    """
    from scipy.optimize import LinearConstraint, NonlinearConstraint

    if constraints is None:
        return []
    if isinstance(constraints, (dict, LinearConstraint, NonlinearConstraint)):
        constraints = [constraints]
    if not isinstance(constraints, (list, tuple)):
        raise _no_constraint(constraints)
    return [_exact(c, start, curved, compile) for c in constraints]


def _exact(constraint: Any, start: Any, curved: bool, compile: bool) -> Any:
    from scipy.optimize import LinearConstraint, NonlinearConstraint

    if isinstance(constraint, LinearConstraint):
        return constraint
    if isinstance(constraint, NonlinearConstraint):
        fit = Residuals(constraint.fun, start, compile=compile)
        given = constraint.jac if callable(constraint.jac) else None
        hess = constraint.hess if callable(constraint.hess) else None
        low, high, keep = constraint.lb, constraint.ub, constraint.keep_feasible
    elif isinstance(constraint, dict):
        _check_dict(constraint)
        fit = Residuals(constraint["fun"], start, arguments(constraint.get("args", ())), compile=compile)
        given, hess, keep = constraint.get("jac"), None, False
        low, high = 0.0, 0.0 if constraint["type"].lower() == "eq" else np.inf
    else:
        raise _no_constraint(constraint)
    second = {"hess": hess or _curvature(fit)} if curved else {}
    jac = _given(given, fit) or fit.jacobian
    return NonlinearConstraint(fit.residuals, low, high, jac=jac, keep_feasible=keep, **second)


def _no_constraint(got: Any) -> ArgumentError:
    return ArgumentError(
        "a constraint is {'type': 'eq' or 'ineq', 'fun': function}, scipy.optimize.LinearConstraint or "
        f"NonlinearConstraint, or a list of these, got {shown(got)}"
    )


def _check_dict(constraint: dict[str, Any]) -> None:
    refuse_unknown("a constraint", constraint, ("type", "fun", "jac", "args"))
    kind, jac = constraint.get("type"), constraint.get("jac")
    if not isinstance(kind, str) or kind.lower() not in ("eq", "ineq") or not callable(constraint.get("fun")):
        raise _no_constraint(constraint)
    if jac is not None and not callable(jac) and jac not in ("2-point", "3-point", "cs"):
        raise ArgumentError(
            f"the jac of a constraint must be a function, or left out, got {shown(jac)}: it is found by itself"
        )


def _given(jac: Any, fit: Residuals) -> Callable[[Array], Array] | None:
    if not callable(jac):
        return None
    return lambda x: np.atleast_2d(jac(fit.packing.unpack(np.reshape(x, fit.start.shape)), *fit.args))


def _curvature(fit: Residuals) -> Callable[[Array, Array], Any]:
    """The Hessian of a weighted sum of the constraint's values, as products with a vector."""

    def hess(x: Array, weights: Array) -> Any:
        from scipy.sparse.linalg import LinearOperator

        gradient = grad(lambda z: np.sum(fit.vector(z) * weights))

        def product(v: Array) -> Array:
            return np.asarray(jvp(gradient, (x,), (np.ravel(v),))[1])

        return LinearOperator((x.size, x.size), matvec=product, dtype=float)

    return hess
