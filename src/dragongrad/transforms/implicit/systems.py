"""The linear systems of implicit derivatives: solved, checked, and differentiable themselves.

`A v = b` with A the Jacobian of equations F at a point u. Its solution is the root of `A(u) v - b`, so the rule of
one system solves others with the same matrix, or its transpose, and any order of derivative follows.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from ...core.errors import ClosureError, FactorizationError, ShapeError, SolutionError, user_line
from ...core.variable import Variable, value_of
from ...records import record
from ..flat_rules import apply_flat
from ..forward import jvp
from ..gradients import vjp
from ..jacobians import jacobian
from ..linear import linearize

# Up to so many unknowns the matrix is formed; above, only products with it are.
DENSE = 500
# How much of the answer may be lost: the condition number times the precision, and how much the Jacobian may
# change, relatively, on the way from x to the root that Newton's method sees (a half at a double root, always).
LOST, CHANGED = 1e-3, 1e-2
# How far that root may be from x, relative to the size of x, or absolutely where x is less than 1.
FAR = 1e-3
# Steps of an iterative solver before it starts anew, and how often it does.
_STEPS, _STARTS = 100, 20


@record
class System:
    """Equations `equations(u, *leaves) = 0` for a vector u, and how systems with their Jacobian are solved."""

    name: str
    equations: Callable[..., Any]
    method: str
    told: Any  # what the equations are made of


def product(system: System, transposed: bool, v: Any, u: Any, leaves: Any) -> Any:
    """The Jacobian, or its transpose, times a vector."""
    here = lambda u: system.equations(u, *leaves)
    return vjp(here, u)[1](v)[0] if transposed else jvp(here, (u,), (v,))[1]


def solve(system: System, transposed: bool, b: Any, u: Any, leaves: Any) -> Any:
    """Solve a linear system with the Jacobian of equations, or with its transpose."""

    def pull(v_bar: Any, v: Any, args: Any) -> Any:
        _, u, *leaves = args
        b_bar = solve(system, not transposed, v_bar, u, leaves)
        rest = vjp(lambda u, *leaves: product(system, transposed, v, u, leaves), u, *leaves)[1](-b_bar)
        return (b_bar, *rest)

    def push(dots: Any, v: Any, args: Any) -> Any:
        _, u, *leaves = args
        b_dot, *rest = dots
        moved = jvp(lambda u, *leaves: product(system, transposed, v, u, leaves), (u, *leaves), tuple(rest))[1]
        return solve(system, transposed, b_dot - moved, u, leaves)

    def value(b: Any, u: Any, *leaves: Any) -> Any:
        dense = system.method == "dense" or (system.method == "auto" and np.size(u) <= DENSE)
        return (_dense if dense else _iterative)(system, transposed, b, u, leaves)

    told = (system.told, system.method, transposed)
    return apply_flat(f"the linear system of {system.name}", value, (b, u, *leaves), pull, push, told=told)


def _dense(system: System, transposed: bool, b: Any, u: Any, leaves: Any) -> Any:
    residual = system.equations(u, *leaves)
    _check_closure(system, residual, (b, u, *leaves))
    matrix = jacobian(system.equations)(u, *leaves)
    _check_condition(system, np.asarray(value_of(matrix)))
    with np.errstate(all="ignore"):
        _check_root(system, u, residual, lambda b: np.linalg.solve(matrix, b), leaves)
        found = np.linalg.solve(np.swapaxes(matrix, -1, -2) if transposed else matrix, b)
        return np.where(np.all(np.isfinite(u)), found, found.dtype.type(np.nan))


def _check_closure(system: System, residual: Any, args: Any) -> None:
    """Refuse equations that hold a Variable which none of their arguments is."""
    if isinstance(residual, Variable) and not any(isinstance(value, Variable) for value in args):
        raise closes(system.name)


def closes(name: str) -> ClosureError:
    """The error for a Variable that is not an argument."""
    return ClosureError(
        f"{name}, or the condition that it solves, uses a Variable that is not one of its arguments, whose "
        f"derivative would be lost\n  at {user_line()}\nPass it as an argument"
    )


def _check_condition(system: System, matrices: Any) -> None:
    """Refuse matrices, along the leading axes, that are singular or nearly so; those that hold NaN pass."""
    stack = matrices[np.isfinite(matrices).all(axis=(-1, -2))]
    if not stack.size:
        return
    stack = stack.reshape(-1, *matrices.shape[-2:])
    with np.errstate(all="ignore"):
        # The units of equations and unknowns do not count.
        scaled = stack / np.max(np.abs(stack), axis=2, keepdims=True)
        scaled = scaled / np.max(np.abs(scaled), axis=1, keepdims=True)
        try:
            inverse = np.linalg.inv(scaled)
            condition = float(np.max(_norms(scaled) * _norms(inverse)))
        except np.linalg.LinAlgError:
            condition = np.inf
    if not condition * np.finfo(matrices.dtype).eps <= LOST:
        raise _singular(system, f"condition number {condition if np.isfinite(condition) else np.inf:.3g}")


def _norms(matrices: Any) -> Any:
    return np.max(np.sum(np.abs(matrices), axis=1), axis=1)


def _singular(system: System, why: str) -> FactorizationError:
    return FactorizationError(
        f"{system.name} has no derivative here: the Jacobian of its equations with respect to the solution is "
        f"singular, or nearly so ({why})\n  at {user_line()}\n"
        "The solution is not unique, or a multiple root. Add a term that decides it, such as "
        "1e-6 * np.sum(x**2) to what is minimized"
    )


def _check_root(system: System, u: Any, residual: Any, solver: Callable[[Any], Any], leaves: Any) -> None:
    """Refuse a point that Newton's method would leave by far, or where its Jacobian would then be another."""
    step = solver(residual)
    moved = jvp(lambda u: system.equations(u, *leaves), (u - step,), (step,))[1] - residual
    change = _largest(solver(moved))
    far, size, largest = _largest(step), _largest(u), _largest(residual)
    if np.any(far > FAR * np.maximum(size, 1.0)):
        raise SolutionError(
            f"{system.name} did not converge: its equations are violated by up to {np.max(largest):.3g}, and the "
            f"next solution is about {np.max(far):.3g} away\n  at {user_line()}\n"
            "Give it more steps or a better start, and check that the equations are those which it solves"
        )
    if np.any(change > CHANGED * far):
        raise _singular(system, "on the way to the nearest solution it changes by "
                                f"{np.max(change / np.where(far > 0, far, 1.0)):.0%}")  # fmt: skip


def _largest(vector: Any) -> Any:
    """The largest absolute value in each row."""
    return np.max(np.abs(np.asarray(value_of(vector))), axis=-1, initial=0.0)


def _iterative(system: System, transposed: bool, b: Any, u: Any, leaves: Any) -> Any:
    if any(isinstance(value, Variable) for value in (b, u, *leaves)):
        # The row by row of a batch: an iteration ends for each system when it has converged.
        raise ShapeError("an iterative solver takes one system at a time")
    here = lambda u: system.equations(u, *leaves)
    residual, forward = linearize(here, u)
    _check_closure(system, residual, ())
    backward = vjp(here, u)[1]
    if not (np.isfinite(u).all() and np.isfinite(residual).all() and np.isfinite(b).all()):
        return np.full(np.shape(b), np.nan, np.result_type(b, u))
    seen = np.random.default_rng(u.size).standard_normal(u.size).astype(u.dtype)
    # A direction that nothing knows has no solution where the matrix is singular.
    found = _krylov(system, forward, seen)
    condition = np.linalg.norm(found) * np.linalg.norm(forward(seen)) / np.linalg.norm(seen) ** 2
    if not condition * np.finfo(u.dtype).eps <= LOST:
        raise _singular(system, f"condition number at least {condition:.3g}")
    _check_root(system, u, residual, lambda b: _krylov(system, forward, b), leaves)
    return _krylov(system, (lambda v: backward(v)[0]) if transposed else forward, b)


def _krylov(system: System, apply: Callable[[Any], Any], b: Any) -> Any:
    """Solve by GMRES, or by conjugate gradients, and check the answer."""
    from scipy.sparse.linalg import LinearOperator, cg, gmres

    n, eps = b.size, float(np.finfo(b.dtype).eps)
    length = float(np.linalg.norm(b))
    if length == 0 or not np.isfinite(length):
        return b * 1.0
    operator = LinearOperator((n, n), matvec=lambda v: np.asarray(apply(v.astype(b.dtype))), dtype=b.dtype)
    # With unit right-hand sides no square underflows.
    unit, rtol = b / length, max(1e-12, 10 * eps)
    with np.errstate(all="ignore"):
        if system.method == "cg":
            found = cg(operator, unit, rtol=rtol, maxiter=_STEPS * _STARTS)[0]
        else:
            found = gmres(operator, unit, rtol=rtol, restart=min(n, _STEPS), maxiter=_STARTS)[0]
        left = float(np.linalg.norm(operator.matvec(found) - unit))
    if not left <= 1e4 * rtol:
        name = "conjugate gradients leave" if system.method == "cg" else "GMRES leaves"
        raise _singular(system, f"{name} {left:.3g} of a linear system of length 1, where linear_solver='dense' "
                                "tells the condition number")  # fmt: skip
    return found.astype(b.dtype) * b.dtype.type(length)
