"""`scipy.optimize.minimize` with exact derivatives, and the family 'scipy:…' of `ad.minimize`."""

from __future__ import annotations

import math
import os
import time
import warnings
from collections.abc import Callable
from traceback import walk_tb
from typing import Any

import numpy as np

from ..core.errors import ArgumentError, DragongradError
from ..optimize.limits import Iteration
from ..optimize.objective import Array, Objective
from ..optimize.result import Result, Status, Test
from .constraints import exact_constraints, scipys_bounds
from .methods import Method, find, suitable

# Below this a value means that there is no minimum.
_BOTTOM = -1e100


class _Ended(Exception):  # noqa: N818 - it is news, not an error
    """Raised inside SciPy's loop to leave it."""

    def __init__(self, status: Status, message: str) -> None:
        super().__init__(message)
        self.status, self.message = status, message


class Watched:
    """An objective over vectors, as SciPy calls it, that remembers the best point, the last one and the time.

    Parameters
    ----------
    objective : Objective
        What is minimized.
    max_time : float
        Seconds after which the run is left.
    from_finite : bool
        Whether the run is left where the first value is not finite.

    """

    def __init__(self, objective: Objective, max_time: float = math.inf, from_finite: bool = False) -> None:
        self.objective = objective
        self.from_finite = from_finite
        self.shape = objective.start.shape
        self.begun, self.max_time = time.perf_counter(), max_time
        self.best: tuple[float, Array] = (math.inf, objective.start.ravel())
        self.last: tuple[Array, float, Array | None] | None = None
        self.left = False

    def value(self, x: Array) -> float:
        """The value at a vector."""
        value = self.objective.value(self._shaped(x))
        return self._note(x, value, None)

    def value_and_gradient(self, x: Array) -> tuple[float, Array]:
        """The value and the gradient at a vector, from memory where it was the last one evaluated."""
        if self.last is not None and self.last[2] is not None and np.array_equal(self.last[0], x):
            return self.last[1], self.last[2]
        value, given = self.objective.value_and_gradient(self._shaped(x))
        gradient = np.array(given, float).ravel()
        return self._note(x, value, gradient), gradient

    def hessian(self, x: Array) -> Array:
        """The Hessian at a vector."""
        return self.objective.hessian(self._shaped(x))

    def product(self, x: Array, v: Array) -> Array:
        """The Hessian at a vector times another."""
        return np.ravel(self.objective.hvp(self._shaped(x), self._shaped(v)))

    def _shaped(self, x: Array) -> Array:
        return np.array(x, self.objective.start.dtype).reshape(self.shape)

    def _note(self, x: Array, value: float, gradient: Array | None) -> float:
        first, self.last = self.last is None, (x.copy(), value, gradient)
        if value < self.best[0]:
            self.best = (value, x.copy())
        if self.left:
            return value
        if first and self.from_finite and not math.isfinite(value):
            self.left = True
            message = f"the value became {value} at the start; run it within ad.debug_nans() to see where"
            raise _Ended(Status.NON_FINITE, message)
        if value < _BOTTOM:
            self.left = True
            raise _Ended(Status.UNBOUNDED, f"the value fell to {value:g}: the function seems to have no minimum")
        if time.perf_counter() - self.begun > self.max_time:
            self.left = True
            raise _Ended(Status.MAX_TIME, f"max_time = {self.max_time:g} seconds have passed")
        return value


def solve(watched: Watched, method: Method, bounds: Any, constraints: list[Any], **options: Any) -> Any:
    """SciPy's result for an objective, with the derivatives that the method wants.

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
    begin = watched.objective.start.ravel().astype(float)
    try:
        with warnings.catch_warnings():
            warnings.filterwarnings("error", "Unknown solver options", optimize.OptimizeWarning)
            return optimize.minimize(
                watched.value_and_gradient if method.order else watched.value, begin,
                method=method.name, jac=True if method.order else None, **given, **options,
            )  # fmt: skip
    except optimize.OptimizeWarning:
        raise method.unknown(options.get("options", {})) from None
    except (TypeError, ValueError) as error:
        if isinstance(error, DragongradError) or not _raised_within(error, os.path.dirname(optimize.__file__)):
            raise
        if "unexpected keyword" in str(error) or "multiple values" in str(error):
            raise method.unknown(options.get("options", {})) from None
        raise ArgumentError(f"SciPy's {method.name} refuses what it was given: {error}") from error


def _refuse_unless(can: bool, method: Method, what: str, others: str) -> None:
    if not can:
        raise ArgumentError(f"SciPy's {method.name} takes no {what}; of those with derivatives, {others} do")


def _raised_within(error: BaseException, folder: str) -> bool:
    """Whether an error comes out of the code of a folder itself, and not out of what that code called."""
    *_, (frame, _) = walk_tb(error.__traceback__)
    return frame.f_code.co_filename.startswith(folder)


def minimize_family(
    f: Callable[..., Any], x0: Any, args: tuple[Any, ...], name: str, *, jac: bool | None = None,
    mode: str = "reverse", callback: Callable[[Iteration], Any] | None = None, path: bool = False,
    max_time: float = math.inf, bounds: Any = None, constraints: Any = (), compile: bool = False, **options: Any,
) -> Result:  # fmt: skip
    """`ad.minimize(f, x0, method='scipy:NAME')`: a method of SciPy's, its result as ours.

    Parameters
    ----------
    f, x0, args, jac, mode, callback, path, max_time, compile
        As `ad.minimize`.
    name : str
        SciPy's name of the method; empty: one that suits the bounds and constraints.
    bounds, constraints
        As `dragongrad.interop.scipy.minimize`.
    **options
        `gtol`, `xtol`, `ftol`, `max_iter` where the method has them, and its own options by SciPy's names.

    """
    objective = Objective(f, x0, args, mode=mode, form="pair" if jac else "value", compile=compile)
    method = find(name) if name else suitable(bounds is not None, bool(constraints))
    asked: dict[str, float] = {k: options.pop(k) for k in ("gtol", "xtol", "ftol", "max_iter") if k in options}
    watched = Watched(objective, max_time, from_finite=True)
    trail = _Trail(watched, callback, path)
    settings = {"options": {**method.options(asked), **options}, "callback": trail.seen}
    conditions = exact_constraints(constraints, x0, method.name == "trust-constr")
    sides = scipys_bounds(bounds, objective.packing)
    try:
        found = solve(watched, method, sides, conditions, **settings)
    except _Ended as news:
        return _result(trail, watched.best[1], news.status, news.message, None, asked)
    except KeyboardInterrupt:
        message = "interrupted: x is the best point so far"
        return _result(trail, watched.best[1], Status.INTERRUPTED, message, None, asked)
    status, message = _status(found)
    return _result(trail, found.x, status, message, found, asked)


class _Trail:
    """The steps that SciPy reports."""

    def __init__(self, watched: Watched, callback: Callable[[Iteration], Any] | None, path: bool) -> None:
        self.watched, self.callback, self.keep = watched, callback, path
        self.nit = 0
        self.points = [watched.objective.start.copy()]
        self.losses: list[float] = [math.nan]
        self.times = [0.0]

    def seen(self, x: Array, *state: Any) -> None:
        """Note a step, and tell the user's callback."""
        self.nit += 1
        x = np.array(getattr(x, "x", x), float)
        seconds = time.perf_counter() - self.watched.begun
        if not self.keep and self.callback is None:
            return
        value, gradient = self.watched.value_and_gradient(x)
        objective = self.watched.objective
        shaped = x.reshape(objective.start.shape)
        if self.keep:
            self.points.append(shaped)
            self.losses.append(value)
            self.times.append(seconds)
        if self.callback is not None:
            step = Iteration(objective.packing.unpack(shaped.copy()), value, np.array(gradient), self.nit, seconds)
            try:
                stop = self.callback(step) is True
            except StopIteration:
                stop = True
            if stop:
                raise _Ended(Status.CALLBACK, "the callback asked to stop")


def _status(found: Any) -> tuple[Status, str]:
    message = str(found.message)
    if not np.isfinite(found.fun):
        return Status.NON_FINITE, f"the value became {found.fun}; run it within ad.debug_nans() to see where"
    if found.success:
        return Status.CONVERGED, message
    text = message.lower()
    most = any(
        word in text for word in ("maximum number", "max. number", "iteration limit", "exceeds limit", "maxfun")
    )
    return (Status.MAX_ITER if most else Status.NO_DESCENT), message


def _result(trail: _Trail, x: Array, status: Status, message: str, found: Any, asked: dict[str, float]) -> Result:
    watched, objective = trail.watched, trail.watched.objective
    value, gradient = watched.value_and_gradient(x)
    unpack = objective.packing.unpack
    shaped = np.array(x, objective.start.dtype).reshape(objective.start.shape)
    if trail.keep:
        trail.losses[0] = objective.value(objective.start)
    inverse: Any = getattr(found, "hess_inv", None)
    if hasattr(inverse, "todense"):
        inverse = inverse.todense()
    largest = float(np.max(np.abs(gradient), initial=0.0))
    if status is not Status.INTERRUPTED:
        objective.check()
    return Result(
        x=unpack(shaped), fun=value, jac=unpack(np.reshape(gradient, shaped.shape)),
        hess_inv=inverse,
        nit=int(getattr(found, "nit", trail.nit)), nfev=objective.nfev, njev=objective.njev, nhev=objective.nhev,
        success=status is Status.CONVERGED, status=status, message=message,
        tests={"gradient": Test(largest, asked.get("gtol", 0.0))}, seconds=time.perf_counter() - watched.begun,
        path=np.array(trail.points) if trail.keep else None,
        losses=np.array(trail.losses) if trail.keep else None,
        times=np.array(trail.times) if trail.keep else None,
    )  # fmt: skip
