"""An objective as SciPy's methods call it, and what is remembered of their run."""

from __future__ import annotations

import math
import time
from collections import deque
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import numpy as np

from ..core.errors import DragongradError
from ..interrupts import raise_lost
from ..optimize.bounds import Box
from ..optimize.endings import BOTTOM, CALLED_OFF, Ending, calls_off, not_finite, out_of_time, unbounded
from ..optimize.limits import Iteration
from ..optimize.objective import Array, Objective
from ..optimize.result import Status
from ..optimize.stalled import Stalled
from ..optimize.unbounded import is_due, look_far

# So many evaluations are remembered.
_MEMORY = 8
# From which part of a run on gains are looked at, and by what they are multiplied: by so many powers of ten more is
# gained from its half on, where equal steps gain twelve powers of ten in all.
_LATE = ((1 / 2, 1.0), (3 / 4, 1e3), (7 / 8, 10**4.5))


def late_gain(values: Sequence[float]) -> float:
    """By how much a value fell in the second half of a run, or still later if that tells that less is to be had.

    From a start far away a value may fall by tens of powers of ten in a few steps, and the half of a run is no
    measure of what is left. Where each step leaves an equal part of what there was to gain, the half decides.
    """
    return min(times * (values[int(len(values) * part)] - values[-1]) for part, times in _LATE)


class Seen(NamedTuple):
    """A point with its value and gradient, NaN where none was computed."""

    x: Array
    value: float
    gradient: Array


class Watched:
    """An objective over vectors that remembers the best point, the last ones, the values and the time.

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
        self.begun, self.max_time = time.perf_counter(), max_time
        start = objective.start.ravel().astype(float)
        # Replaced as a whole: Ctrl-C may come at any time.
        self.best = Seen(start, math.inf, np.full(start.shape, np.nan))
        self.memory: deque[Seen] = deque(maxlen=_MEMORY)
        self.values: list[float] = []
        self.left = False
        # Whether the function may be evaluated far ahead: not past a user's constraints.
        self.looks = False
        self.box: Box | None = None
        self.mark: Seen | None = None

    @property
    def first(self) -> float:
        """The first value."""
        return self.values[0] if self.values else math.nan

    def value(self, x: Array) -> float:
        """The value at a vector."""
        value = self.objective.value(self.shaped(x))
        return self._note(Seen(x.copy(), value, np.full(x.shape, np.nan))).value

    def value_and_gradient(self, x: Array) -> tuple[float, Array]:
        """The value and the gradient at a vector, from memory where it was evaluated lately."""
        known = self.recall(x)
        if known is None or np.isnan(known.gradient).any():
            value, given = self.objective.value_and_gradient(self.shaped(x))
            known = self._note(Seen(x.copy(), value, np.array(given, float).ravel()))
        return known.value, known.gradient

    def look(self, x: Array) -> tuple[float, Array]:
        """The value and the gradient at a vector where no run goes: nothing remembers it."""
        value, gradient = self.objective.value_and_gradient(self.shaped(x))
        return float(value), np.array(gradient, float).ravel()

    def recall(self, x: Array) -> Seen | None:
        """What was seen at a vector lately."""
        return next((seen for seen in reversed(self.memory) if np.array_equal(seen.x, x)), None)

    def end(self, x: Array, order: int) -> Seen:
        """The point where a run ended; a method without derivatives may be given a function that has none.

        Nothing is left any more: what would end a run is no error here.
        """
        known = self.recall(x)
        if known is None or np.isnan(known.gradient).any():
            try:
                known = self._keep(Seen(x.copy(), *self.look(x)))
            except DragongradError:
                if order:
                    raise
                known = known or self._keep(
                    Seen(x.copy(), self.objective.value(self.shaped(x)), np.full(x.shape, np.nan))
                )
        return known._replace(x=x)

    def hessian(self, x: Array) -> Array:
        """The Hessian at a vector."""
        return self.objective.hessian(self.shaped(x))

    def product(self, x: Array, v: Array) -> Array:
        """The Hessian at a vector times another."""
        return np.ravel(self.objective.hvp(self.shaped(x), self.shaped(v)))

    def gained(self) -> float:
        """By how much the least value so far fell late in the run."""
        least = np.minimum.accumulate([v if math.isfinite(v) else math.inf for v in self.values]).tolist()
        return late_gain(least) if least and math.isfinite(least[len(least) // 2]) else 0.0

    def shaped(self, x: Array) -> Array:
        """A vector in the shape and precision of the parameters."""
        return np.array(x, self.objective.start.dtype).reshape(self.objective.start.shape)

    def _note(self, seen: Seen) -> Seen:
        if self.left:
            return seen
        self._keep(seen)
        raise_lost()
        if len(self.values) == 1 and self.from_finite and not math.isfinite(seen.value):
            self.leave(*not_finite(seen.value, " at the start"))
        if seen.value < BOTTOM:
            self.leave(*unbounded(seen.value))
        if time.perf_counter() - self.begun > self.max_time:
            self.leave(*out_of_time(self.max_time))
        if self.looks and is_due(len(self.values)):
            ended = self.look_far(self.best)
            if ended is not None:
                self.leave(*ended)
        return seen

    def _keep(self, seen: Seen) -> Seen:
        if self.left:
            return seen
        self.memory.append(seen)
        self.values.append(seen.value)
        if seen.value < self.best.value:
            self.best = seen
        if len(self.values) == 1:
            self.mark = seen
        return seen

    def look_far(self, now: Seen) -> Ending | None:
        """How a run ends whose value has fallen evenly since the last look, and falls far away as steeply."""
        then, self.mark = self.mark, now
        if not self.looks or then is None:
            return None
        return look_far(
            lambda x: self.objective.value(self.shaped(x)), then[:2], now[:2],
            None if np.isnan(now.gradient).any() else now.gradient,
            None if self.box is None else self.box.holds,
        )  # fmt: skip

    def leave(self, status: Status, message: str) -> None:
        """Leave SciPy's loop."""
        self.left = True
        raise Stalled(message, status)


class Steps:
    """The steps that SciPy reports, for the user's callback, the path and the progress bar."""

    def __init__(
        self, watched: Watched, callback: Callable[[Iteration], Any] | None, path: bool, show: Any = None
    ) -> None:
        self.watched, self.callback, self.keep, self.show = watched, callback, path, show
        self.nit = 0
        self.at: Array | None = None
        self.points = [watched.objective.start.copy()]
        self.losses: list[float] = [math.nan]
        self.times = [0.0]

    def seen(self, x: Array, *state: Any) -> None:
        """Note a step, and tell whoever watches."""
        self.nit += 1
        self.at = np.array(getattr(x, "x", x), float)
        if self.show is not None:
            best = self.watched.best
            self.show.note(self.nit, best.value, best.gradient)
        if not self.keep and self.callback is None:
            return
        value, gradient = self.watched.value_and_gradient(self.at)
        if self.keep:
            self.points.append(self.at.reshape(self.watched.objective.start.shape))
            self.losses.append(value)
            self.times.append(time.perf_counter() - self.watched.begun)
        if self.callback is not None:
            objective, seconds = self.watched.objective, time.perf_counter() - self.watched.begun
            shaped = self.at.reshape(objective.start.shape).copy()
            step = Iteration(objective.packing.plain(shaped), value, np.array(gradient), self.nit, seconds)
            if calls_off(self.callback, step):
                self.watched.leave(*CALLED_OFF)
