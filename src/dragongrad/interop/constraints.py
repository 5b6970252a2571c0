"""Bounds and constraints in SciPy's forms, of nests, with exact derivatives."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from ..core.errors import ArgumentError
from ..core.nests import flatten
from ..optimize.objective import Array, Packing
from ..optimize.residuals import Residuals
from ..transforms.forward import jvp
from ..transforms.gradients import grad


def flat_bounds(bounds: Any, packing: Packing) -> Any:
    """Bounds as SciPy takes them.

    Parameters
    ----------
    bounds : Bounds, sequence of pairs, or tuple of two nests
        `scipy.optimize.Bounds`; or a pair `(low, high)` for each number of an array; or, where the parameters are a
        nest, `(low, high)`, each a number or a nest like the parameters.
    packing : Packing
        Of the parameters.

    """
    if bounds is None:
        return None
    from scipy.optimize import Bounds

    if isinstance(bounds, Bounds):
        return Bounds(np.ravel(bounds.lb), np.ravel(bounds.ub), bounds.keep_feasible)
    if packing.structure is None:
        return [(None, None) if pair is None else tuple(pair) for pair in bounds]
    low, high = _two_sides(bounds, packing)
    return Bounds(low, high)


def _two_sides(bounds: Any, packing: Packing) -> tuple[Array, Array]:
    if not isinstance(bounds, tuple) or len(bounds) != 2:
        raise ArgumentError(
            "the bounds of a nest are (low, high), each a number or a nest like the parameters: "
            "bounds=({'a': 0.0, 'b': -1.0}, {'a': np.inf, 'b': 1.0})"
        )
    return side(bounds[0], packing), side(bounds[1], packing)


def side(bound: Any, packing: Packing) -> Array:
    """One side of the bounds as a vector: a number for all, or a nest like the parameters; leaves broadcast."""
    leaves, structure = flatten(bound)
    if structure is None and packing.structure is not None:
        return np.full(packing.start.size, float(bound))
    if structure != packing.structure or len(leaves) != len(packing.shapes):
        raise ArgumentError(f"the bounds {bound!r} do not have the structure of the parameters")
    return np.concatenate(
        [np.ravel(np.broadcast_to(leaf, shape)) for leaf, shape in zip(leaves, packing.shapes, strict=True)]
    ).astype(float)


def exact_constraints(constraints: Any, start: Any, curved: bool) -> list[Any]:
    """Constraints with exact Jacobians and Hessians.

    Parameters
    ----------
    constraints : constraint or sequence of them
        `scipy.optimize.LinearConstraint`, `NonlinearConstraint`, or a dict with `type`, `fun` and perhaps `args`;
        their functions take the nest of the parameters. A Jacobian or Hessian that is given is kept.
    start : nest of arrays
        The parameters to start from.
    curved : bool
        Whether the method has a use for their Hessians.

    """
    from scipy.optimize import LinearConstraint, NonlinearConstraint

    if isinstance(constraints, (dict, LinearConstraint, NonlinearConstraint)):
        constraints = [constraints]
    return [_exact(c, start, curved) for c in constraints or ()]


def _exact(constraint: Any, start: Any, curved: bool) -> Any:
    from scipy.optimize import LinearConstraint, NonlinearConstraint

    if isinstance(constraint, LinearConstraint):
        return constraint
    if isinstance(constraint, NonlinearConstraint):
        fit = Residuals(constraint.fun, start)
        given = constraint.jac if callable(constraint.jac) else None
        hess = constraint.hess if callable(constraint.hess) else None
        low, high, keep = constraint.lb, constraint.ub, constraint.keep_feasible
    elif isinstance(constraint, dict) and constraint.get("type") in ("eq", "ineq") and "fun" in constraint:
        fit = Residuals(constraint["fun"], start, tuple(constraint.get("args", ())))
        given, hess, keep = constraint.get("jac"), None, False
        low, high = 0.0, 0.0 if constraint["type"] == "eq" else np.inf
    else:
        raise ArgumentError(
            f"a constraint is {{'type': 'eq' or 'ineq', 'fun': function}}, scipy.optimize.LinearConstraint or "
            f"NonlinearConstraint, got {constraint!r}"
        )
    second = {"hess": hess or _curvature(fit)} if curved else {}
    jac = _given(given, fit) or fit.jacobian
    return NonlinearConstraint(fit.residuals, low, high, jac=jac, keep_feasible=keep, **second)


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
