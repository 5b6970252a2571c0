"""The loop that drives an optimizer: tests of convergence, limits, callback, progress, interruption."""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from ..interrupts import interrupts_kept, raise_lost
from .endings import BOTTOM, CALLED_OFF, calls_off, not_finite, out_of_time, unbounded
from .limits import Iteration, Limits
from .objective import Array
from .progress import Live, Watch, live
from .result import Result, Status, Test
from .stalled import Stalled
from .trials import Trial, not_smooth, rounding
from .unbounded import is_due, look_far
from .verdict import LEFT, Doubt, second_look

if TYPE_CHECKING:
    from .optimizer import Optimizer
    from .stepping import Stepping

# After a look that left a doubt, at least so many steps are made before the next.
_AGAIN = 5
# A method that is stuck is helped on this often.
_HELP = 3
_INTERRUPTED = "interrupted: x is the best point so far"


class _Trail:
    """What is remembered of a run: the best point and, if asked for, the way travelled."""

    def __init__(self, optimizer: Optimizer, path: bool, best: bool) -> None:
        self.keep_path, self.keep_best = path, best
        self.start = time.perf_counter()
        self.nit = self.look_again = self.helped = 0
        self.points: list[Array] = []
        self.times: list[float] = []
        self.losses: list[float] = []
        self.change = self.length = math.inf
        self.mark: tuple[Array, float] | None = None
        self._spare = np.empty_like(optimizer.params) if best else optimizer.params
        # Value, point, gradient and what else was known there, replaced as one: Ctrl-C may come at any time.
        self.best: tuple[float, Array, Array | None, Any] = (math.inf, optimizer.params.copy(), None, None)

    def add(self, optimizer: Optimizer) -> None:
        """Note where the optimizer stands."""
        loss = optimizer.loss
        self.losses.append(loss)
        if self.keep_path:
            self.points.append(optimizer.params.copy())
            self.times.append(time.perf_counter() - self.start)
        if self.keep_best and loss < self.best[0]:
            here = self._spare
            np.copyto(here, optimizer.params)
            self._spare = self.best[1]
            self.best = loss, here, optimizer.gradient, optimizer.known()

    def skip(self, optimizer: Optimizer, stepping: Stepping) -> None:
        """Note the steps that were made at once."""
        self.change = abs([self.losses[-1], *stepping.losses][-2] - optimizer.loss)
        self.nit += len(stepping.losses)
        self.losses += stepping.losses
        if self.keep_best and stepping.best[0] < self.best[0]:
            self.best = (*stepping.best, optimizer.known())

    def look_far(self, optimizer: Optimizer) -> None:
        """Leave a run whose value has fallen evenly since the last look, and falls far away as steeply."""
        then, now = (
            self.mark or (optimizer.objective.start, self.losses[0]),
            (optimizer.params.copy(), optimizer.loss),
        )
        self.mark = now
        holds = None if optimizer.box is None else optimizer.box.holds
        ended = look_far(optimizer.objective.value, then, now, optimizer.slope(), holds)
        if ended is not None:
            raise Stalled(ended[1], ended[0])

    def gained(self) -> float:
        """By how much the value fell in the second half of the run."""
        return max(self.losses[len(self.losses) // 2 :]) - self.losses[-1]


class _Ending(NamedTuple):
    """How a run ends; `tolerance` is that of a test, where it wants a second look; `stuck`: no step is left."""

    status: Status
    message: str
    tolerance: float | None = None
    stuck: bool = False


_Callback = Callable[[Iteration], Any] | None


def run(
    optimizer: Optimizer,
    limits: Limits,
    *,
    callback: Callable[[Iteration], Any] | None = None,
    progress: bool = False,
    watch: Watch = False,
    path: bool = False,
    best: bool = True,
) -> Result:
    """Step an optimizer until a test of convergence or a limit is met; it never raises for what the loss does.

    Parameters
    ----------
    optimizer, limits
        What is run, and until when.
    callback : callable, optional
        Called with an `Iteration` after every step; the run ends when it returns True or raises StopIteration.
    progress : bool
        Show a progress bar, where the output is a terminal.
    watch : bool or callable
        As `ad.minimize` has it.
    path : bool
        Keep the parameters of every step.
    best : bool
        Return the best point met, not the last one.

    Notes
    -----
    The first Ctrl-C ends the run with the best point so far, and nothing is evaluated any more; a second is raised,
    and so is one amid the first evaluation of residuals.

    """
    trail = _Trail(optimizer, path, best)
    optimizer.limits = limits
    show = live(progress, watch, type(optimizer).__name__, limits.max_iter)
    try:
        # What overflows or is undefined on the way shows in the status; a warning would only say it twice.
        with np.errstate(all="ignore"), interrupts_kept():
            ended = _travel(optimizer, limits, trail, callback, show)
            return _result(optimizer, limits, trail, ended)
    except KeyboardInterrupt:
        # Of a function of many values, not even their number is known.
        if not trail.losses and optimizer.objective.known() is not None:
            raise
        return _result(optimizer, limits, trail, _Ending(Status.INTERRUPTED, _INTERRUPTED))
    finally:
        if show is not None:
            show.end()


def _travel(optimizer: Optimizer, limits: Limits, trail: _Trail, callback: _Callback, show: Live | None) -> _Ending:
    """Step until the run is over, and say how it ended."""
    optimizer.evaluate()
    trail.add(optimizer)
    if show is not None:
        show.note(0, optimizer.loss, optimizer.gradient)
    ended = _first_look(optimizer, limits)
    stepping = None if trail.keep_path or callback or show else optimizer.stepping(limits)
    while True:
        raise_lost()
        leap = None
        if ended is not None:
            ended, leap = _reconsider(optimizer, limits, trail, ended)
            if ended is not None:
                return ended
        elif stepping is not None and stepping.go_on(trail.nit, trail.best[:3]):
            trail.skip(optimizer, stepping)
            ended = _spent(limits, trail)
            continue
        ended = _step(optimizer, limits, trail, leap)
        if show is not None:
            show.note(trail.nit, optimizer.loss, optimizer.gradient)
        if callback is not None and calls_off(callback, _iteration(optimizer, trail)):
            ended = _reconsider(optimizer, limits, trail, ended)[0] if ended is not None else None
            return ended or _Ending(*CALLED_OFF)


def _step(optimizer: Optimizer, limits: Limits, trail: _Trail, leap: Trial | None) -> _Ending | None:
    """One step of the method, or to a better point that was found without it, and the tests after it."""
    previous, before = optimizer.loss, optimizer.params.copy() if limits.xtol else None
    try:
        # The classic interface makes all the steps it is asked for, and a sum of squares has a bound.
        if is_due(trail.nit) and limits.gtol and optimizer.tests() is None:
            trail.look_far(optimizer)
        if leap is None:
            optimizer.advance()
        else:
            optimizer.leap(leap.params, leap.value, leap.gradient)
    except Stalled as news:
        helped = news.status in (Status.CONVERGED, Status.NO_DESCENT)
        return _Ending(news.status, news.message, 0.0 if helped else None, stuck=True)
    trail.nit += 1
    trail.add(optimizer)
    trail.change = abs(previous - optimizer.loss)
    return _judge(optimizer, limits, trail, previous, before) or _spent(limits, trail)


def _reconsider(
    optimizer: Optimizer, limits: Limits, trail: _Trail, ended: _Ending
) -> tuple[_Ending | None, Trial | None]:
    """Whether a success is one; otherwise a better point to go on from, or how the run ends instead."""
    if ended.tolerance is None or (optimizer.tests() is not None and optimizer.settled()):
        return ended, None
    if trail.nit < trail.look_again and not ended.stuck:
        return _spent(limits, trail), None
    success = ended.status is Status.CONVERGED
    if not success:
        trail.helped += 1
        if trail.helped > _HELP:
            return ended, None
    known, faded = optimizer.known(), optimizer.objective.faded()
    try:
        better = second_look(optimizer, _gained(optimizer, trail), ended.tolerance)
    except Stalled as news:
        return (_Ending(news.status, news.message) if success and not faded else ended), None
    except Doubt:
        if ended.stuck and success and faded:
            return ended, None
        if ended.stuck:
            return _Ending(Status.NO_DESCENT, not_smooth(optimizer).message), None
        trail.look_again = trail.nit + max(_AGAIN, trail.nit // 4)
        return _spent(limits, trail), None
    finally:
        optimizer.recall(known)
    if better is not None:
        return _spent(limits, trail), better
    if success and trail.best[0] < optimizer.loss - max(LEFT * trail.gained(), rounding(optimizer)):
        message = (
            f"the run came to rest at {optimizer.loss:.6g}, above the {trail.best[0]:.6g} that it met on its way, "
            "at x, where the gradient is not zero: a smaller learning rate may help"
        )
        return _Ending(Status.NO_DESCENT, message), None
    return ended, None


def _gained(optimizer: Optimizer, trail: _Trail) -> float:
    """What a better point is measured by: the gain so far, of a sum of squares at most all that is left of it."""
    return trail.gained() if optimizer.tests() is None else min(trail.gained(), optimizer.loss)


def _first_look(optimizer: Optimizer, limits: Limits) -> _Ending | None:
    unfit = optimizer.objective.unfit()
    if unfit is not None:
        return _Ending(Status.NON_FINITE, unfit)
    squares = _squares(optimizer)
    wrong = _not_finite(optimizer, squares, "at the start")
    if wrong is not None:
        return wrong
    own = optimizer.tests()
    if own is not None:
        return passed(own)
    if limits.gtol and not optimizer.slope().any():
        return _Ending(
            Status.CONVERGED,
            "the gradient is zero at the start: it is a stationary point, or the function does not depend on "
            "its parameters there",
            limits.gtol,
        )
    return _gradient_test(optimizer, limits, squares)


def _judge(
    optimizer: Optimizer, limits: Limits, trail: _Trail, previous: float, before: Array | None
) -> _Ending | None:
    """The tests of convergence after a step."""
    loss, change = optimizer.loss, trail.change
    squares = _squares(optimizer)
    found = _not_finite(optimizer, squares, "after a step")
    own = optimizer.tests()
    if found is not None or own is not None:
        return found or passed(own or {})
    found = _gradient_test(optimizer, limits, squares)
    if found is not None:
        return found
    if optimizer.resting:
        return None
    if change < limits.change:
        return _Ending(Status.CONVERGED, f"the value changed by less than {limits.change:g}")
    if limits.ftol and change <= limits.ftol * max(abs(loss), abs(previous), 1.0):
        message = f"the value changed by at most ftol = {limits.ftol:g}, relatively"
        return _Ending(Status.CONVERGED, message, limits.ftol)
    if before is not None:
        length, size = np.linalg.norm(optimizer.params - before), np.linalg.norm(before)
        trail.length = float(length / (limits.xtol + size))
        if trail.length <= limits.xtol:
            message = f"the parameters changed by at most xtol = {limits.xtol:g}, relatively"
            return _Ending(Status.CONVERGED, message, limits.xtol)
    return None


def passed(tests: dict[str, Test]) -> _Ending | None:
    """How a run ends when one of a method's own tests is met."""
    for name, test in tests.items():
        if test.passed:
            message = f"the test of the {name} is met: {test.measured:.3g} is at most {test.tolerance:g}"
            return _Ending(Status.CONVERGED, message, 0.0)
    return None


def _squares(optimizer: Optimizer) -> float:
    """The sum of the gradient's squares: one quick pass that rules most tests of its elements out."""
    g = optimizer.slope().ravel()
    return float(g.dot(g))


def _gradient_test(optimizer: Optimizer, limits: Limits, squares: float) -> _Ending | None:
    g = optimizer.slope()
    if limits.gtol and squares <= g.size * limits.gtol**2 and _largest(g) <= limits.gtol:
        message = f"no element of the gradient is greater than gtol = {limits.gtol:g}"
        return _Ending(Status.CONVERGED, message, limits.gtol)
    return None


def _largest(values: Array) -> float:
    return float(np.max(np.abs(values), initial=0.0))


def _not_finite(optimizer: Optimizer, squares: float, when: str) -> _Ending | None:
    loss = optimizer.loss
    if loss < BOTTOM:
        return _Ending(*unbounded(loss))
    if not math.isfinite(loss):
        return _Ending(*not_finite(loss, f" {when}"))
    if not math.isfinite(squares) and not np.isfinite(optimizer.gradient).all():
        return _Ending(
            Status.NON_FINITE,
            f"the gradient holds a NaN or infinity {when}; run it within ad.debug_nans() to see where",
        )
    return None


def _spent(limits: Limits, trail: _Trail) -> _Ending | None:
    if trail.nit >= limits.max_iter:
        return _Ending(Status.MAX_ITER, f"max_iter = {limits.max_iter} steps did not suffice")
    if limits.max_time < math.inf and time.perf_counter() - trail.start > limits.max_time:
        return _Ending(*out_of_time(limits.max_time))
    return None


def _iteration(optimizer: Optimizer, trail: _Trail) -> Iteration:
    x = optimizer.objective.packing.plain(optimizer.params.copy())
    return Iteration(x, optimizer.loss, optimizer.gradient.copy(), trail.nit, time.perf_counter() - trail.start)


def _end_point(optimizer: Optimizer, trail: _Trail, status: Status) -> tuple[Array, float, Array]:
    """The point that the result is of, with its value and gradient."""
    params, loss, gradient = optimizer.params, optimizer.loss, optimizer.gradient
    best, there, slope, known = trail.best
    # Where a run converged, an earlier value that is less by next to nothing does not make a better point.
    if not trail.keep_best or best == math.inf or status is Status.CONVERGED:
        return params, loss, gradient
    if status is not Status.INTERRUPTED and loss <= best:
        return params, loss, gradient
    optimizer.recall(known)
    if status is not Status.INTERRUPTED:
        return there, best, optimizer.objective.value_and_gradient(there)[1]
    # Interrupted: nothing is evaluated, and what the user's function returned may have been written over since.
    last = loss == best and np.array_equal(params, there)
    if slope is None or (not last and np.shares_memory(slope, gradient)):
        slope = np.full_like(there, np.nan)
    return there, best, slope


def _result(optimizer: Optimizer, limits: Limits, trail: _Trail, ended: _Ending) -> Result:
    objective, status = optimizer.objective, ended.status
    params, loss, gradient = _end_point(optimizer, trail, status)
    if status is not Status.INTERRUPTED:
        objective.check()
    plain = objective.packing.plain
    moves = optimizer.box.moves(objective.start, objective.packing.names()) if optimizer.box is not None else ""
    way = (
        (np.array(trail.points), np.array(trail.losses), np.array(trail.times)) if trail.keep_path else (None,) * 3
    )
    return Result(
        x=plain(params), fun=loss, jac=plain(gradient),
        hess_inv=None if status is Status.INTERRUPTED else optimizer.inverse_hessian(),
        nit=trail.nit, nfev=objective.nfev, njev=objective.njev, nhev=objective.nhev,
        success=status is Status.CONVERGED, status=status, message="; ".join(filter(None, (ended.message, moves))),
        tests=optimizer.tests() or {
            "gradient": Test(_largest(gradient if optimizer.box is None else optimizer.slope()), limits.gtol),
            "step": Test(trail.length, limits.xtol),
            "value": Test(trail.change / max(abs(loss), 1.0), limits.ftol),
        },
        seconds=time.perf_counter() - trail.start, path=way[0], losses=way[1], times=way[2],
    )  # fmt: skip
