"""The loop that drives an optimizer: tests of convergence, limits, callback, progress, interruption."""

from __future__ import annotations

import math
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from .objective import Array
from .options import count, not_negative
from .result import Result, Status, Test

if TYPE_CHECKING:
    from .optimizer import Optimizer

# Below this a value means that there is no minimum: no model of anything gets there on its way to one.
_BOTTOM = -1e100
_INTERRUPTED = "interrupted: x is the best point so far"


class Stalled(Exception):  # noqa: N818 - it is news, not an error
    """Raised by a step that cannot go on: the run ends with this status and message."""

    def __init__(self, message: str, status: Status = Status.NO_DESCENT) -> None:
        super().__init__(message)
        self.message = message
        self.status = status


@dataclass(frozen=True)
class Limits:
    """When a run ends; a tolerance of zero switches its test off.

    Attributes
    ----------
    gtol : float
        The largest element of the gradient.
    xtol : float
        The length of a step relative to the parameters: `|dx| <= xtol * (xtol + |x|)`.
    ftol : float
        The change of the value relative to it: `|df| <= ftol * max(|f|, 1)`.
    change : float
        The change of the value, absolutely (the test of the classic `solve`).
    max_iter : int
        Steps.
    max_time : float
        Seconds.

    """

    gtol: float = 1e-6
    xtol: float = 0.0
    ftol: float = 0.0
    change: float = 0.0
    max_iter: int = 100000
    max_time: float = math.inf

    def __post_init__(self) -> None:
        for name in ("gtol", "xtol", "ftol", "change", "max_time"):
            value = not_negative(name, getattr(self, name), infinite=name == "max_time")
            object.__setattr__(self, name, value)
        object.__setattr__(self, "max_iter", count("max_iter", self.max_iter))


@dataclass(frozen=True)
class Iteration:
    """What a callback is given after every step: copies, to keep or change.

    Attributes
    ----------
    x : nest
        The parameters.
    fun : float
        The value.
    jac : ndarray
        The gradient.
    nit : int
        Steps made.
    seconds : float
        Wall time so far.

    """

    x: Any
    fun: float
    jac: Array
    nit: int
    seconds: float


class _Trail:
    """What is remembered of a run: the best point and, if asked for, the way travelled."""

    def __init__(self, optimizer: Optimizer, path: bool, best: bool) -> None:
        self.keep_path, self.keep_best = path, best
        self.start = time.perf_counter()
        self.points: list[Array] = []
        self.losses: list[float] = []
        self.times: list[float] = []
        self.change = self.length = math.inf
        self.best_loss = math.inf
        self.best: Array = np.empty_like(optimizer.params) if best else optimizer.params

    def add(self, optimizer: Optimizer) -> None:
        """Note where the optimizer stands."""
        loss = optimizer.loss
        if self.keep_path:
            self.points.append(optimizer.params.copy())
            self.losses.append(loss)
            self.times.append(time.perf_counter() - self.start)
        if self.keep_best and loss < self.best_loss:
            self.best_loss = loss
            np.copyto(self.best, optimizer.params)


def run(
    optimizer: Optimizer,
    limits: Limits,
    *,
    callback: Callable[[Iteration], Any] | None = None,
    progress: bool = False,
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
    path : bool
        Keep the parameters of every step.
    best : bool
        Return the best point met, not the last one.

    """
    trail = _Trail(optimizer, path, best)
    optimizer.limits = limits
    show = progress_bar(progress, type(optimizer).__name__, limits.max_iter)
    nit = 0
    try:
        # What overflows or is undefined on the way shows in the status; a warning would only say it twice.
        with np.errstate(all="ignore"):
            optimizer.evaluate()
            trail.add(optimizer)
            ended = _first_look(optimizer, limits)
            while ended is None:
                previous, before = optimizer.loss, optimizer.params.copy() if limits.xtol else None
                optimizer.advance()
                nit += 1
                trail.add(optimizer)
                trail.change = abs(previous - optimizer.loss)
                ended = _judge(optimizer, limits, trail, previous, before) or _spent(limits, trail, nit)
                if show is not None:
                    show(nit, optimizer.loss)
                if callback is not None and callback(_iteration(optimizer, nit, trail)) is True:
                    ended = ended or (Status.CALLBACK, "the callback asked to stop")
    except Stalled as news:
        ended = news.status, news.message
    except StopIteration:
        ended = Status.CALLBACK, "the callback asked to stop"
    except KeyboardInterrupt:
        ended = Status.INTERRUPTED, _INTERRUPTED
    finally:
        if show is not None:
            show(None, optimizer.loss)
    return _result(optimizer, limits, trail, nit, *ended)


def _first_look(optimizer: Optimizer, limits: Limits) -> tuple[Status, str] | None:
    squares = _squares(optimizer)
    wrong = _not_finite(optimizer, squares, "at the start")
    if wrong is not None:
        return wrong
    own = optimizer.tests()
    if own is not None:
        return passed(own)
    if limits.gtol and not optimizer.gradient.any() and optimizer.settled():
        return Status.CONVERGED, (
            "the gradient is zero at the start: it is a stationary point, or the function does not depend on "
            "its parameters there"
        )
    return _gradient_test(optimizer, limits, squares)


def _judge(
    optimizer: Optimizer, limits: Limits, trail: _Trail, previous: float, before: Array | None
) -> tuple[Status, str] | None:
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
        return Status.CONVERGED, f"the value changed by less than {limits.change:g}"
    if limits.ftol and change <= limits.ftol * max(abs(loss), abs(previous), 1.0):
        return Status.CONVERGED, f"the value changed by at most ftol = {limits.ftol:g}, relatively"
    if before is not None:
        length, size = np.linalg.norm(optimizer.params - before), np.linalg.norm(before)
        trail.length = float(length / (limits.xtol + size))
        if trail.length <= limits.xtol:
            return Status.CONVERGED, f"the parameters changed by at most xtol = {limits.xtol:g}, relatively"
    return None


def passed(tests: dict[str, Test]) -> tuple[Status, str] | None:
    """How a run ends when one of a method's own tests is met."""
    for name, test in tests.items():
        if test.passed:
            message = f"the test of the {name} is met: {test.measured:.3g} is at most {test.tolerance:g}"
            return Status.CONVERGED, message
    return None


def _squares(optimizer: Optimizer) -> float:
    """The sum of the gradient's squares: one quick pass that rules most tests of its elements out."""
    g = optimizer.gradient.ravel()
    return float(g.dot(g))


def _gradient_test(optimizer: Optimizer, limits: Limits, squares: float) -> tuple[Status, str] | None:
    g = optimizer.gradient
    if limits.gtol and squares <= g.size * limits.gtol**2 and _largest(g) <= limits.gtol and optimizer.settled():
        return Status.CONVERGED, f"no element of the gradient is greater than gtol = {limits.gtol:g}"
    return None


def _largest(values: Array) -> float:
    return float(np.max(np.abs(values), initial=0.0))


def _not_finite(optimizer: Optimizer, squares: float, when: str) -> tuple[Status, str] | None:
    loss = optimizer.loss
    if loss < _BOTTOM:
        return Status.UNBOUNDED, f"the value fell to {loss:g}: the function seems to have no minimum"
    if not math.isfinite(loss):
        return Status.NON_FINITE, f"the value became {loss} {when}; run it within ad.debug_nans() to see where"
    if not math.isfinite(squares) and not np.isfinite(optimizer.gradient).all():
        return (
            Status.NON_FINITE,
            f"the gradient holds a NaN or infinity {when}; run it within ad.debug_nans() to see where",
        )
    return None


def _spent(limits: Limits, trail: _Trail, nit: int) -> tuple[Status, str] | None:
    if nit >= limits.max_iter:
        return Status.MAX_ITER, f"max_iter = {limits.max_iter} steps did not suffice"
    if limits.max_time < math.inf and time.perf_counter() - trail.start > limits.max_time:
        return Status.MAX_TIME, f"max_time = {limits.max_time:g} seconds have passed"
    return None


def _iteration(optimizer: Optimizer, nit: int, trail: _Trail) -> Iteration:
    x = optimizer.objective.packing.unpack(optimizer.params.copy())
    return Iteration(x, optimizer.loss, optimizer.gradient.copy(), nit, time.perf_counter() - trail.start)


def _result(optimizer: Optimizer, limits: Limits, trail: _Trail, nit: int, status: Status, message: str) -> Result:
    objective, gradient = optimizer.objective, optimizer.gradient
    params, loss = optimizer.params, optimizer.loss
    # Where a run converged, an earlier value that is less by rounding alone does not make a better point.
    rounding = 1e-12 * abs(loss) if status is Status.CONVERGED else 0.0
    # Where it was interrupted, the parameters may have moved on from the point of the loss and the gradient.
    last_is_best = loss - rounding <= trail.best_loss
    if trail.keep_best and trail.best_loss < math.inf and (status is Status.INTERRUPTED or not last_is_best):
        params, loss = trail.best, trail.best_loss
        try:
            gradient = gradient if last_is_best else objective.value_and_gradient(params)[1]
        except KeyboardInterrupt:
            # Again: the point is not to be lost for want of its gradient.
            gradient, status, message = np.full_like(params, np.nan), Status.INTERRUPTED, _INTERRUPTED
    if status is not Status.INTERRUPTED:
        objective.check()
    unpack = objective.packing.unpack
    path = (
        (np.array(trail.points), np.array(trail.losses), np.array(trail.times)) if trail.keep_path else (None,) * 3
    )
    return Result(
        x=unpack(params), fun=loss, jac=unpack(gradient), hess_inv=optimizer.inverse_hessian(),
        nit=nit, nfev=objective.nfev, njev=objective.njev, nhev=objective.nhev,
        success=status is Status.CONVERGED, status=status, message=message,
        tests=optimizer.tests() or {
            "gradient": Test(_largest(gradient), limits.gtol),
            "step": Test(trail.length, limits.xtol),
            "value": Test(trail.change / max(abs(loss), 1.0), limits.ftol),
        },
        seconds=time.perf_counter() - trail.start, path=path[0], losses=path[1], times=path[2],
    )  # fmt: skip


def progress_bar(wanted: bool, title: str, total: int) -> Callable[[int | None, float], None] | None:
    """A function that shows the step and the loss (None ends it); None where no terminal looks."""
    if not (wanted and sys.stderr.isatty()):
        return None
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

    bar = Progress(
        TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(),
        TextColumn("loss {task.fields[loss]:.6g}"), TimeElapsedColumn(),
        console=Console(stderr=True), transient=True,
    )  # fmt: skip
    task = bar.add_task(title, total=total, loss=math.nan)
    bar.start()

    def show(nit: int | None, loss: float) -> None:
        if nit is None:
            bar.stop()
        else:
            bar.update(task, completed=nit, loss=loss)

    return show
