"""`scipy.optimize.minimize` with exact derivatives, and the family 'scipy:…' of `ad.minimize`."""

from __future__ import annotations

import math
import os
import time
import warnings
from collections.abc import Callable
from itertools import pairwise
from traceback import walk_tb
from typing import Any, NamedTuple

import numpy as np

from ..core.errors import ArgumentError, DragongradError
from ..interrupts import interrupts_kept
from ..optimize.around import PARTS, points_beside, value_at
from ..optimize.bounds import Box, read_bounds
from ..optimize.endings import not_finite
from ..optimize.limits import Iteration
from ..optimize.objective import Array, Objective
from ..optimize.optimizer import Optimizer
from ..optimize.progress import Watch, live
from ..optimize.result import Result, Status, Test
from ..optimize.stalled import Stalled
from ..optimize.verdict import Doubt, second_look
from . import lagrange
from .constraints import exact_constraints, scipys_bounds
from .methods import METHODS, Method, find, suitable
from .watched import Seen, Steps, Watched

# SLSQP's own tolerance is absolute, and 1e-6.
_FTOL = 1e-12
# How often a method may begin again where it stopped short, and under constraints.
_AGAIN, _FEW = 50, 3
# What may be left to gain without derivatives, relative to what the run gained.
_LOWER = 1e-4
# So many steps are given to trust-constr where SLSQP found no solution.
_STEPS = 300


def solve(
    watched: Watched,
    method: Method,
    bounds: Any,
    constraints: list[Any],
    begin: Array | None = None,
    **options: Any,
) -> Any:
    """SciPy's result for an objective, with the derivatives that the method wants; from its start if not given.

    Raises
    ------
    ArgumentError
        The method takes no bounds or constraints, or SciPy refuses an option.

    """
    from scipy import optimize

    given: dict[str, Any] = {}
    if method.order == 2:
        given = {"hessp": watched.product} if method.products else {"hess": watched.hessian}
    if bounds is not None:
        _refuse_unless(method.bounds, method, "bounds", "L-BFGS-B, TNC, SLSQP, trust-constr")
        given["bounds"] = bounds
    if constraints:
        _refuse_unless(method.constraints, method, "constraints", "SLSQP, trust-constr, COBYLA, COBYQA")
        given["constraints"] = constraints
    begin = watched.objective.start.ravel().astype(float) if begin is None else begin
    if bounds is not None:
        begin = np.clip(begin, bounds.lb, bounds.ub)
    try:
        with warnings.catch_warnings():
            warnings.filterwarnings("error", "Unknown solver options", optimize.OptimizeWarning)
            found = optimize.minimize(
                watched.value_and_gradient if method.order else watched.value, begin,
                method=method.name, jac=True if method.order else None, **given, **options,
            )  # fmt: skip
    except optimize.OptimizeWarning:
        raise method.unknown(options.get("options", {})) from None
    except (TypeError, ValueError) as error:
        if isinstance(error, DragongradError) or not _is_scipys(error):
            raise
        if "infs or NaNs" in str(error):
            raise Stalled(f"SciPy's {method.name} met a NaN or infinity", Status.NON_FINITE) from None
        if "unexpected keyword" in str(error) or "multiple values" in str(error):
            raise method.unknown(options.get("options", {})) from None
        raise ArgumentError(f"SciPy's {method.name} refuses what it was given: {error}") from error
    inside = found.x if bounds is None else np.clip(found.x, bounds.lb, bounds.ub)
    if not np.array_equal(inside, found.x, equal_nan=True):
        # COBYLA computes from a point that it moves, and leaves a bound by rounding.
        found.x, found.fun = inside, watched.value(inside)
    return found


def _refuse_unless(can: bool, method: Method, what: str, others: str) -> None:
    if not can:
        raise ArgumentError(f"SciPy's {method.name} takes no {what}; of those with derivatives, {others} do")


def _is_scipys(error: BaseException) -> bool:
    """Whether SciPy raised an error itself, and not a function that it called."""
    import scipy

    libraries = tuple(os.path.dirname(library.__file__) for library in (scipy, np))
    files = [frame.f_code.co_filename for frame, _ in walk_tb(error.__traceback__)]
    return next(file for file in reversed(files) if not file.startswith(libraries)) == __file__


class _Problem(NamedTuple):
    """What SciPy is asked to solve, and what watches it."""

    watched: Watched
    steps: Steps
    box: Box | None
    bounds: Any
    constraints: list[Any]
    asked: dict[str, float]
    options: dict[str, Any]


class _End(NamedTuple):
    """How a run ended and where, and SciPy's own result."""

    status: Status
    message: str
    x: Array
    found: Any = None
    nit: int | None = None


def minimize_family(
    f: Callable[..., Any], x0: Any, args: tuple[Any, ...], name: str, *, jac: bool | None = None,
    mode: str = "reverse", callback: Callable[[Iteration], Any] | None = None, progress: bool = False,
    watch: Watch = False, path: bool = False, max_time: float = math.inf, bounds: Any = None,
    constraints: Any = (), compile: bool = False, **options: Any,
) -> Result:  # fmt: skip
    """`ad.minimize(f, x0, method='scipy:NAME')`: a method of SciPy's, its result as ours.

    Parameters
    ----------
    f, x0, args, jac, mode, callback, progress, watch, path, max_time, compile
        As `ad.minimize`.
    name : str
        SciPy's name of the method; empty: one that suits the bounds and constraints, and trust-constr where SLSQP
        finds no solution.
    bounds, constraints
        As `dragongrad.interop.scipy.minimize`.
    **options
        `gtol`, `xtol`, `ftol`, `max_iter` where the method has them, and its own options by SciPy's names.

    Notes
    -----
    What SciPy calls a success gets the same second look as that of any method: where there is more to gain, the
    method begins again from a better point; where a constraint is violated, or no multipliers explain the gradient,
    it is none.

    """
    objective = Objective(f, x0, args, mode=mode, form="pair" if jac else "value", compile=compile)
    method = find(name) if name else suitable(bounds is not None, bool(constraints))
    asked: dict[str, float] = {k: options.pop(k) for k in ("gtol", "xtol", "ftol", "max_iter") if k in options}
    if not name and method.name == "SLSQP":
        asked.setdefault("ftol", _FTOL)
    watched = Watched(objective, max_time, from_finite=True)
    show = live(progress, watch, method.name, int(asked.get("max_iter", 1000)))
    problem = _Problem(
        watched, Steps(watched, callback, path, show), read_bounds(bounds, objective.packing),
        scipys_bounds(bounds, objective.packing),
        exact_constraints(constraints, x0, method.name == "trust-constr", compile), asked, options,
    )  # fmt: skip
    try:
        with interrupts_kept():
            end = _run(problem, method)
            if not name and method.name == "SLSQP" and end.status in (Status.NO_DESCENT, Status.MAX_ITER):
                other = METHODS["trust-constr"]
                kept = {k: v for k, v in asked.items() if k in (*other.tolerances, "max_iter")}
                curved = exact_constraints(constraints, x0, True, compile)
                again = problem._replace(constraints=curved, asked={"max_iter": _STEPS, **kept}, options={})
                end = _better(end, _run(again, other))
            return _result(problem, method, end)
    except KeyboardInterrupt:
        return _interrupted(problem)
    finally:
        if show is not None:
            show.end()


def _better(one: _End, other: _End) -> _End:
    """The end of another run, unless only that of the one is near a solution."""
    return other if other.status is Status.CONVERGED or one.found is None or other.found is not None else one


def _run(problem: _Problem, method: Method) -> _End:
    """A run of a method, begun again where it stopped short."""
    watched, steps = problem.watched, problem.steps
    watched.looks, watched.box = not problem.constraints, problem.box
    if problem.box is not None:
        # Until a value is less than infinite, the best point is the start, which SciPy moves inside.
        watched.best = watched.best._replace(x=problem.box.clip(watched.best.x))
    settings = {"options": {**method.options(problem.asked), **problem.options}, "callback": steps.seen}
    begin, before, nit, most = None, None, 0, _FEW if problem.constraints else _AGAIN
    for again in range(1, most + 1):
        try:
            found = solve(watched, method, problem.bounds, problem.constraints, begin, **settings)
        except Stalled as news:
            # Of a constrained run the last step: a lower value may lie outside.
            x = steps.at if problem.constraints and steps.at is not None else watched.best.x
            return _End(news.status, news.message, x)
        nit += int(getattr(found, "nit", 0))
        status, message = _status(found)
        if status is Status.CONVERGED:
            status, message, begin = _doubt(problem, method, found.x, message)
        elif status is Status.NO_DESCENT and _is_solution(problem, method, found.x):
            # SLSQP came as near as floating point allows without noticing.
            status, message = Status.CONVERGED, f"{message}, but Lagrange's conditions hold"
        spent = again + 1 >= (_FEW if problem.constraints else _AGAIN) or nit >= problem.asked.get(
            "max_iter", math.inf
        )
        if begin is None or spent or (before is not None and np.array_equal(begin, before)):
            break
        before = begin
    if status is not Status.CONVERGED or not method.order:
        status, message = watched.look_far(watched.end(found.x, method.order)) or (status, message)
    return _End(status, message, found.x, found, nit)


def _doubt(problem: _Problem, method: Method, x: Array, said: str) -> tuple[Status, str, Array | None]:
    """Whether a success is one: how the run ends, and where it may begin again."""
    watched = problem.watched
    seen = watched.end(x, method.order)
    if problem.constraints and not method.order and not np.isfinite(seen.gradient).all():
        return Status.CONVERGED, said, None
    if problem.constraints:
        return _doubt_constrained(problem, method, seen, said)
    here = Optimizer(watched.objective)
    here.box = problem.box
    here.arrive(watched.shaped(x), seen.value, seen.gradient.reshape(here.params.shape))
    # A search may have met lower values far away: what counts is what the run gained that ends here.
    gained = max(min(watched.gained(), watched.first - seen.value), 0.0)
    if not method.order and not np.isfinite(seen.gradient).all():
        return _without_slopes(problem, seen, said)
    try:
        better = second_look(here, gained, max(problem.asked.get(k, 0.0) for k in ("gtol", "ftol")))
    except (Stalled, Doubt) as news:
        endless = isinstance(news, Stalled) and news.status is Status.UNBOUNDED
        if not method.order and not endless:
            return _without_slopes(problem, seen, said)
        if isinstance(news, Stalled):
            return news.status, f"{said}, but {news.message}", None
        return Status.NO_DESCENT, f"{said}, but the value still falls, over short steps only", x
    if better is None:
        return (Status.CONVERGED, said, None) if method.order else _without_slopes(problem, seen, said)
    return Status.NO_DESCENT, f"{said}, but the value still falls", better.params.ravel().astype(float)


def _without_slopes(problem: _Problem, seen: Seen, said: str) -> tuple[Status, str, Array | None]:
    """Whoever asks for no derivatives may have a function with kinks and jumps: only a lower point tells."""
    watched, start = problem.watched, problem.watched.objective.start
    enough = _enough(problem, seen)
    for y in points_beside(seen.x, start.ravel(), seen.gradient, problem.box):
        if seen.value - value_at(watched.objective, watched.shaped(y)) > enough:
            return Status.NO_DESCENT, f"{said}, but the value falls beside x", y.astype(float)
    return Status.CONVERGED, said, None


def _doubt_constrained(
    problem: _Problem, method: Method, seen: Seen, said: str
) -> tuple[Status, str, Array | None]:
    """The same under constraints, where Lagrange's conditions are asked."""
    watched, x = problem.watched, seen.x
    start, gained = watched.objective.start.ravel(), (watched.gained(), abs(watched.first - seen.value))
    wrong = lagrange.verdict(x, seen.gradient, start, gained, problem.constraints, problem.box)
    if wrong is None:
        beside = lagrange.way_down(x, start, watched.look, problem.constraints, problem.box)
        beside = _allowed(problem, seen) if beside is None else beside
        if beside is None:
            return Status.CONVERGED, said, None
        return Status.NO_DESCENT, f"{said}, but the value falls along the constraints beside x", beside
    if method.order or not wrong.feasible:
        # SciPy's methods measure violations in the constraint's own units, however small these are.
        return Status.NO_DESCENT, f"{said}, but {wrong.reason}", x if wrong.feasible else None
    # Whoever asks for no derivatives may have a function with kinks and jumps: only a lower point tells.
    lower = lagrange.lower(x, start, watched.look, problem.constraints, problem.box)
    lower = _allowed(problem, seen) if lower is None else lower
    if lower is None:
        return Status.CONVERGED, said, None
    return Status.NO_DESCENT, f"{said}, but the value still falls within the constraints", lower


def _allowed(problem: _Problem, seen: Seen) -> Array | None:
    """A point beside to which the value falls evenly and no constraint is violated, as behind a corner of them."""
    watched, start, x = problem.watched, problem.watched.objective.start.ravel(), seen.x
    enough = _enough(problem, seen)
    for y in points_beside(x, start, seen.gradient, problem.box, parts=PARTS[-1:]):
        way = [x + part * (y - x) for part in (0.25, 0.5, 1.0)]
        values = [seen.value, *[value_at(watched.objective, watched.shaped(z)) for z in way]]
        falls = values[0] - values[-1] > enough and all(a > b for a, b in pairwise(values))
        if falls and all(lagrange.worst(z, start, problem.constraints, problem.box) is None for z in way):
            return y.astype(float)
    return None


def _enough(problem: _Problem, seen: Seen) -> float:
    """By how much a value beside has to be less."""
    eps = float(np.finfo(problem.watched.objective.start.dtype).eps)
    return max(_LOWER * (problem.watched.first - seen.value), 10 * eps * abs(seen.value))


def _is_solution(problem: _Problem, method: Method, x: Array) -> bool:
    constrained = bool(problem.constraints and method.order)
    return constrained and _doubt(problem, method, x, "")[0] is Status.CONVERGED


def _status(found: Any) -> tuple[Status, str]:
    message = str(found.message).rstrip(".")
    if not np.isfinite(found.fun):
        return not_finite(found.fun)
    if found.success:
        return Status.CONVERGED, message
    text = message.lower()
    most = any(
        word in text for word in ("maximum number", "max. number", "iteration limit", "exceeds limit", "maxfun")
    )
    return (Status.MAX_ITER if most else Status.NO_DESCENT), message


def _result(problem: _Problem, method: Method, end: _End) -> Result:
    watched, steps = problem.watched, problem.steps
    seen = watched.end(end.x, method.order)
    if steps.keep:
        steps.losses[0] = watched.objective.value(watched.objective.start)
    inverse: Any = getattr(end.found, "hess_inv", None)
    if hasattr(inverse, "todense"):
        inverse = inverse.todense()
    watched.objective.check()
    if problem.constraints and end.status in (Status.NO_DESCENT, Status.MAX_ITER):
        end = end._replace(message=_infeasible(problem, end))
    return _told(problem, seen, end, inverse)


def _infeasible(problem: _Problem, end: _End) -> str:
    """How a run ended that found no solution, and which constraint is violated most."""
    objective = problem.watched.objective
    worst = lagrange.worst(end.x, objective.start.ravel(), problem.constraints, problem.box)
    if worst is None or "violated" in end.message:
        return end.message
    return f"{end.message}; {worst}: perhaps no point meets all of them, otherwise try another start"


def _interrupted(problem: _Problem) -> Result:
    """The best point so far, from memory: nothing is evaluated any more."""
    watched, steps = problem.watched, problem.steps
    seen = watched.best
    if problem.constraints and steps.at is not None:
        seen = watched.recall(steps.at) or Seen(steps.at, math.nan, np.full(steps.at.shape, np.nan))
    if steps.keep:
        steps.losses[0] = watched.first
    return _told(problem, seen, _End(Status.INTERRUPTED, "interrupted: x is the best point so far", seen.x), None)


def _told(problem: _Problem, seen: Seen, end: _End, inverse: Any) -> Result:
    watched, steps, objective = problem.watched, problem.steps, problem.watched.objective
    plain, gradient = objective.packing.plain, seen.gradient.reshape(objective.start.shape)
    free = ~problem.box.held(seen.x, gradient) if problem.box is not None else np.ones(seen.x.size, bool)
    largest = float(np.max(np.abs(gradient.ravel()[free]), initial=0.0))
    moves = "" if problem.box is None else problem.box.moves(objective.start, objective.packing.names())
    return Result(
        x=plain(watched.shaped(seen.x)), fun=seen.value, jac=plain(gradient), hess_inv=inverse,
        nit=steps.nit if end.nit is None else end.nit,
        nfev=objective.nfev, njev=objective.njev, nhev=objective.nhev,
        success=end.status is Status.CONVERGED, status=end.status,
        message="; ".join(filter(None, (end.message, moves))),
        tests={"gradient": Test(largest, problem.asked.get("gtol", 0.0))},
        seconds=time.perf_counter() - watched.begun,
        path=np.array(steps.points) if steps.keep else None,
        losses=np.array(steps.losses) if steps.keep else None,
        times=np.array(steps.times) if steps.keep else None,
    )  # fmt: skip
