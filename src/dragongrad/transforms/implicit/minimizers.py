"""`minimizer`: minima, free or under constraints, differentiated through the conditions of Karush, Kuhn and Tucker.

The multipliers are unknowns beside x. A constraint that is not active has a multiplier of zero, so that the system
has one shape whatever is active: `h = 0` where the multiplier is positive, and "multiplier = 0" elsewhere.
"""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

import numpy as np

from ...core.errors import ArgumentError, ShapeError, SolutionError, user_line
from ...records import record
from ..forward import jvp
from ..gradients import grad
from ..jacobians import jacobian
from ..options import Transform
from .roots import _check, _run_root, refuse_closed
from .vectors import Layout, layout_of, pack, unpack

# From where on a constraint counts as met with equality, and a multiplier as zero, relative to the terms.
_ACTIVE, _ZERO = 1e-5, 1e-6


@record
class Problem:
    """What is minimized under which constraints; all functions take `(x, *args)`, and bounds the arguments."""

    f: Callable[..., Any]
    equality: Any
    inequality: Any
    bounds: Any


def minimizer(
    solver: Any = None, f: Any = None, *, equality: Any = None, inequality: Any = None, bounds: Any = None,
    linear_solver: str = "auto",
) -> Any:  # fmt: skip
    """Differentiate a solver of `min f(x, *args)` through the conditions for a minimum, not through its steps.

    Parameters
    ----------
    solver : callable
        `solver(*args)` returns x, a nest of arrays; as for `root`.
    f : callable
        `f(x, *args)` returns one number, in NumPy functions with derivatives up to the second.
    equality, inequality : callable, optional
        Constraints `equality(x, *args) = 0` and `inequality(x, *args) >= 0`, nests of arrays.
    bounds : pair or callable, optional
        `(low, high)`, each a number or a nest like x, with infinities where there is no bound; or a function of
        `*args` that returns such a pair.
    linear_solver : {"auto", "dense", "gmres", "cg"}
        As for `root`.

    Returns
    -------
    callable
        Called as `solver`; without `solver` a decorator.

    Raises
    ------
    SolutionError
        The solver's x is no minimum, or violates a constraint, or is one at which a constraint becomes active, so
        that the derivatives from both sides differ.
    FactorizationError
        The minimum is not unique, or constraints depend on one another.
    ClosureError, ShapeError
        As `root`.

    Examples
    --------
    >>> import numpy as np, dragongrad as ad
    >>> def distance(x, a):
    ...     return np.sum((x - a) ** 2)
    >>> def project(a):
    ...     return a / max(1.0, np.linalg.norm(a))
    >>> nearest = ad.implicit.minimizer(project, distance, inequality=lambda x, a: 1 - x @ x)
    >>> ad.jacobian(nearest)(np.array([0.0, 2.0])).round(6) + 0.0
    array([[0.5, 0. ],
           [0. , 0. ]])

    """
    _check("minimizer", f, linear_solver)
    given = {"f": f, "equality": equality, "inequality": inequality, "bounds": bounds}
    for word in ("equality", "inequality"):
        if given[word] is not None and not callable(given[word]):
            raise ArgumentError(f"{word} must be a function, called as {word}(x, *args), got {given[word]!r}")
    if bounds is not None and not callable(bounds) and not (isinstance(bounds, (tuple, list)) and len(bounds) == 2):
        raise ArgumentError(f"bounds must be (low, high), or a function of the arguments, got {bounds!r}")
    options = {**given, "linear_solver": linear_solver}
    if solver is None:
        return functools.partial(minimizer, **options)
    return Transform(minimizer, _run_minimizer, solver, options)


def _run_minimizer(solver: Any, args: Any, kwargs: Any, linear_solver: str, **given: Any) -> Any:
    problem = Problem(**given)
    refuse_closed(getattr(solver, "__name__", "the solver"), *given.values())
    if problem.equality is None and problem.inequality is None and problem.bounds is None:
        return _run_root(solver, args, kwargs, grad(problem.f), linear_solver)

    @functools.wraps(solver)
    def with_multipliers(*args: Any, **kwargs: Any) -> Any:
        x = solver(*args, **kwargs)
        return (x, *_multipliers(problem, getattr(solver, "__name__", "the solver"), x, args))

    return _run_root(with_multipliers, args, kwargs, functools.partial(_conditions, problem), linear_solver)[0]


def _conditions(problem: Problem, unknowns: Any, *args: Any) -> Any:
    """The conditions for a minimum, zero at x and its multipliers."""
    x, above, on, within = unknowns
    layout, u = layout_of(x, "x"), pack(x, "x")

    def lagrangian(u: Any) -> Any:
        x = unpack(layout, u)
        total = problem.f(x, *args) - within @ u
        if problem.inequality is not None:
            total = total - above @ pack(problem.inequality(x, *args), "an inequality")
        return total if problem.equality is None else total - on @ pack(problem.equality(x, *args), "an equality")

    parts = [grad(lagrangian)(u)]
    if problem.inequality is not None:
        parts.append(np.where(above > 0, pack(problem.inequality(x, *args), "an inequality"), above))
    if problem.equality is not None:
        parts.append(pack(problem.equality(x, *args), "an equality"))
    low, high, bounded = _sides(problem, layout, args)
    held = bounded[1] & (low == high)
    at_low, at_high = bounded[0] & ((within > 0) | held), bounded[1] & (within < 0)
    parts.append(np.where(at_low, u - low, np.where(at_high, u - high, within)))
    return np.concatenate(parts)


def _sides(problem: Problem, layout: Layout, args: Any) -> tuple[Any, Any, tuple[Any, Any]]:
    """The bounds as vectors, zero where there is none, and where there are some."""
    sides = problem.bounds(*args) if callable(problem.bounds) else problem.bounds or (-np.inf, np.inf)
    n = sum(
        int(np.prod(s)) * (2 if d.kind == "c" else 1) for s, d in zip(layout.shapes, layout.dtypes, strict=True)
    )
    flat = [pack(side, "a bound") for side in sides]
    for side in flat:
        if np.size(side) not in (1, n):
            raise ShapeError(f"a bound holds {np.size(side)} numbers for the {n} of x\n  at {user_line()}")
    low, high = [np.broadcast_to(side, (n,)) for side in flat]
    bounded = np.isfinite(low), np.isfinite(high)
    return np.where(bounded[0], low, 0.0), np.where(bounded[1], high, 0.0), bounded


@record
class _Rows:
    """All constraints, `values >= 0` or `= 0` where `free`: inequalities, low and high bounds, equalities."""

    values: Any
    matrix: Any
    free: Any
    counts: tuple[int, ...]


def _multipliers(problem: Problem, name: str, x: Any, args: Any) -> tuple[Any, Any, Any]:
    """The multipliers of a solution: of inequalities, equalities and bounds, zero where they are not active."""
    from scipy.optimize import lsq_linear

    layout, u = layout_of(x, f"what {name} returns"), np.asarray(pack(x, f"what {name} returns"))
    slope = grad(lambda u: problem.f(unpack(layout, u), *args))
    gradient = np.asarray(slope(u))
    low, high, (has_low, has_high) = _sides(problem, layout, args)
    rows = _rows(problem, layout, u, args)
    lengths = np.where(np.any(rows.matrix, axis=1), np.linalg.norm(rows.matrix, axis=1), 1.0)
    found = np.zeros(lengths.size)
    if np.isfinite(u).all() and np.isfinite(gradient).all() and np.isfinite(rows.values).all():
        size = max(1.0, float(np.max(np.abs(u), initial=0.0)))
        _check_feasible(name, rows, lengths, size)
        active = (rows.values <= _ACTIVE * lengths * size) | rows.free
        if active.any():
            sides = np.where(rows.free[active], -np.inf, 0.0), np.full(int(active.sum()), np.inf)
            normals = (rows.matrix / lengths[:, None])[active].T
            found[active] = lsq_linear(normals, gradient, sides, method="bvls", tol=1e-15).x
        # What the gradient is made of, where it comes to nothing: the curvature times the size of x.
        turned = np.random.default_rng(u.size).choice([-size, size], u.size)
        terms = float(np.max(np.abs([gradient, np.asarray(jvp(slope, (u,), (turned,))[1])]), initial=0.0))
        _check_kinks(name, active & ~rows.free & (found <= _ZERO * terms), rows)
    else:
        found[:] = np.nan
    above, at_low, at_high, on = np.split(found / lengths, np.cumsum(rows.counts)[:-1])
    within = np.zeros(u.size)
    within[has_low] += at_low
    within[has_high & ~(has_low & (low == high))] -= at_high
    return above, on, within


def _rows(problem: Problem, layout: Layout, u: Any, args: Any) -> _Rows:
    h, h_rows = _linearized(problem.inequality, layout, u, args)
    g, g_rows = _linearized(problem.equality, layout, u, args)
    low, high, (has_low, has_high) = _sides(problem, layout, args)
    # A number between equal bounds is held once, from either side.
    held = has_low & has_high & (low == high)
    has_high = has_high & ~held
    each = np.eye(u.size)
    groups = [
        (h, h_rows),
        ((u - low)[has_low], each[has_low]),
        ((high - u)[has_high], -each[has_high]),
        (g, g_rows),
    ]
    counts = tuple([len(values) for values, _ in groups])
    frees = [np.zeros(counts[0], bool), held[has_low], np.zeros(counts[2], bool), np.ones(counts[3], bool)]
    values, matrices = zip(*groups, strict=True)
    return _Rows(np.concatenate(values), np.concatenate(matrices), np.concatenate(frees), counts)


def _linearized(constraint: Any, layout: Layout, u: Any, args: Any) -> tuple[Any, Any]:
    if constraint is None:
        return np.zeros(0), np.zeros((0, u.size))
    here: Any = lambda u: pack(constraint(unpack(layout, u), *args), "a constraint")
    return np.asarray(here(u)), np.asarray(jacobian(here)(u))


def _check_feasible(name: str, rows: _Rows, lengths: Any, size: float) -> None:
    violated = np.where(rows.free, np.abs(rows.values), -rows.values) / lengths
    if violated.size and np.max(violated) > _ACTIVE * size:
        worst = int(np.argmax(violated))
        raise SolutionError(
            f"{name} returned a point that violates {_called(worst, rows)} by "
            f"{violated[worst] * lengths[worst]:.3g}\n  at {user_line()}\n"
            "Check the sign (inequality(x, *args) >= 0) and the solver's tolerance"
        )


def _check_kinks(name: str, kinks: Any, rows: _Rows) -> None:
    if kinks.any():
        raise SolutionError(
            f"{name} has no derivative here: {_called(int(np.argmax(kinks)), rows)} is met with equality but holds "
            "nothing back (its multiplier is zero), so that the derivatives from both sides differ"
            f"\n  at {user_line()}\nMove the arguments off that point, or leave out what other constraints imply"
        )


def _called(place: int, rows: _Rows) -> str:
    """A constraint by its kind and its place there."""
    start = 0
    for word, count in zip(("inequality", "low bound", "high bound", "equality"), rows.counts, strict=True):
        if place < start + count:
            return f"{word}[{place - start}]"
        start += count
    raise AssertionError(place)
