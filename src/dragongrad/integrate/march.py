"""From the beginning of a span to given times: attempts at steps, their control, and the loops around them.

The lengths of steps are chosen from values alone: they have no derivative. A step that is as long as it is for
reasons of accuracy has the same result, within the tolerance, with any other length; what differentiating the
choice would add is noise of the size of the tolerance times the derivative of the error estimate, and a tape of the
controller (Eberhard and Bischof, "Automatic differentiation of numerical integration algorithms", Math. Comp. 68
(1999) 717-731). Only the last step, which ends where the span does, depends on the span.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np

from ..blocks.special import stop_gradient
from ..transforms.loops.scan import scan
from ..transforms.loops.while_loop import while_loop
from . import rodas5p, tsit5
from .solution import EVENT, GOES_ON, NOT_FINITE, TOO_MANY, TOO_SMALL
from .step import Right, Trial, interpolated, rms

# Gustafsson's proportional and integral gains, parts of 1 / order (Hairer and Wanner II, section IV.2).
_PROPORTIONAL, _INTEGRAL = 0.7, 0.4
_SAFETY, _LEAST, _MOST = 0.9, 0.2, 10.0
# Tsit5 is stable for real eigenvalues down to -3.5: steps beyond this are as long as stability lets them be.
_EDGE = 3.1
# Points for steps that stability limits, and for others; so many make the equation stiff.
_HOT, _COLD, _STIFF = 2, 1, 20
# A last step may be this much longer than asked for, so that no tiny one is left over.
_STRETCH = 1.01
_EPS = float(np.finfo(float).eps)
EXPLICIT, STIFF = 0, 1
_METHODS: dict[str, tuple[int, ...]] = {"auto": (EXPLICIT, STIFF), "Tsit5": (EXPLICIT,), "Rodas5P": (STIFF,)}


class State(NamedTuple):
    """What a march carries.

    Attributes
    ----------
    t, y, f
        Where it is, and the derivative there.
    start, length, begin, powers
        The last step: from where, how long (with its sign), the state there, and the interpolant.
    h : float
        How long the next step should be, without sign.
    error : float
        The error of the last accepted step, in parts of the tolerance.
    code, kind, points : int
        Whether it goes on, which method steps, and how stiff the equation seems.
    evaluations, jacobians, attempts : int
        Counts.
    crossed : array of bool, or None
        Which of the events were crossed in the last step.
    signs : array, or None
        The values of the events at t.
    """

    t: Any
    y: Any
    f: Any
    start: Any
    length: Any
    begin: Any
    powers: tuple[Any, Any, Any, Any]
    h: Any
    error: Any
    code: Any
    kind: Any
    points: Any
    evaluations: Any
    jacobians: Any
    attempts: Any
    crossed: Any
    signs: Any


@dataclass(frozen=True)
class March:
    """An equation with its tolerances, and how it is stepped through.

    Attributes
    ----------
    right : callable
        From a time and a vector to its derivative.
    begin, end : float
        The span.
    sense : float
        1 or -1, the direction of the span.
    method : str
        "auto", "Tsit5" or "Rodas5P".
    rtol, atol : float or array
        Tolerances.
    max_step : float
    max_steps : int
        Attempts, after which the march fails.
    events : callable or None
        From a time and a vector to the values of all terminal events.
    directions : array
        Of the events: 1 for rising, -1 for falling, 0 for both.
    """

    right: Right
    begin: Any
    end: Any
    sense: Any
    method: str
    rtol: Any
    atol: Any
    max_step: Any
    max_steps: int
    events: Callable[[Any, Any], Any] | None = None
    directions: Any = None

    def first(self, y: Any, first_step: Any) -> State:
        """The state before the first step, with a guess of how long that should be."""
        f = self.right(self.begin, y)
        zero = np.int64(0)
        with np.errstate(all="ignore"):
            # The guess may leave the domain of f.
            h = self._guess(y, f) if first_step is None else first_step
        h = np.minimum(np.minimum(h, self.max_step), np.abs(stop_gradient(self.end - self.begin)))
        finite = np.logical_and(np.all(np.isfinite(y)), np.all(np.isfinite(f)))
        kind = np.int64(_METHODS[self.method][0])
        none = np.zeros(np.shape(f))
        signs = None if self.events is None else stop_gradient(self.events(self.begin, y))
        return State(
            t=self.begin + 0.0 * self.sense, y=y, f=f, start=self.begin + 0.0 * self.sense, length=self.sense + 0.0,
            begin=y, powers=(self.sense * f, none, none, none), h=h + 0.0, error=np.float64(1e-4),
            code=np.where(finite, GOES_ON, NOT_FINITE), kind=kind, points=zero,
            evaluations=np.int64(2 if first_step is None else 1), jacobians=zero, attempts=zero,
            crossed=None if signs is None else signs != signs, signs=signs,
        )  # fmt: skip

    def _guess(self, y: Any, f: Any) -> Any:
        """The length of the first step (Hairer, Nørsett and Wanner I, section II.4)."""
        y, f, t = stop_gradient(y), stop_gradient(f), stop_gradient(self.begin)
        scale = self.atol + self.rtol * np.abs(y)
        size, slope = rms(y / scale), rms(f / scale)
        small = np.logical_or(size < 1e-5, slope < 1e-5)
        h = np.where(small, 1e-6, 0.01 * size / np.where(small, 1.0, slope))
        h = np.minimum(h, np.abs(stop_gradient(self.end) - t))
        after = stop_gradient(self.right(t + self.sense * h, y + self.sense * h * f))
        bend = rms((after - f) / scale) / np.where(h > 0, h, 1.0)
        most = np.maximum(slope, bend)
        flat = np.logical_not(most > 1e-15)
        longer = np.where(flat, np.maximum(1e-6, h * 1e-3), (0.01 / np.where(flat, 1.0, most)) ** (1 / 5))
        return np.minimum(100 * h, longer)

    def attempt(self, state: State, stiff: bool) -> State:
        """The state after one more step, or the same with a shorter one to try."""
        method: Any = rodas5p if stiff else tsit5
        left = self.end - state.t
        last = state.h * _STRETCH >= np.abs(left)
        h = np.where(last, left, self.sense * state.h)
        with np.errstate(all="ignore"):
            # A step that is too long may leave the domain of f: it is not accepted.
            trial: Trial = method.trial(self.right, state.t, state.y, state.f, h)
        y, found = stop_gradient(state.y), stop_gradient(trial.y)
        scale = self.atol + self.rtol * np.maximum(np.abs(y), np.abs(found))
        error = rms(stop_gradient(trial.error) / scale)
        ok = np.logical_and(error <= 1.0, np.all(np.isfinite(found)))
        length = np.where(last, np.abs(stop_gradient(left)), state.h)
        longer = self._longer(error, ok, state.error, method.ORDER)
        # A step after one that the end has cut short is as long as that could have been.
        wanted = np.where(np.logical_and(ok, last), np.maximum(state.h, length * longer), length * longer)
        h_next = np.minimum(wanted, self.max_step)
        attempts = state.attempts + 1
        t = np.where(last, self.end, state.t + h)
        new, crossed = state.signs, state.crossed
        if self.events is not None:
            new = stop_gradient(self.events(t, trial.y))
            crossed = np.logical_and(ok, passed(state.signs, new, self.directions))
            new = np.where(ok, new, state.signs)
        return State(
            t=np.where(ok, t, state.t), y=np.where(ok, trial.y, state.y), f=np.where(ok, trial.f, state.f),
            start=np.where(ok, state.t, state.start), length=np.where(ok, h, state.length),
            begin=np.where(ok, state.y, state.begin),
            powers=_chosen(ok, trial.powers, state.powers), h=h_next,
            error=np.where(ok, np.maximum(error, 1e-4), state.error),
            code=self._code(state, ok, h_next, attempts, crossed),
            kind=state.kind, points=np.where(ok, _points(state.points, trial.pair, scale), state.points),
            evaluations=state.evaluations + method.EVALUATIONS,
            jacobians=state.jacobians + int(stiff), attempts=attempts, crossed=crossed, signs=new,
        )  # fmt: skip

    def _longer(self, error: Any, ok: Any, before: Any, order: int) -> Any:
        """How many times as long the next step is."""
        sound = np.isfinite(error)
        least = np.where(sound, np.maximum(error, 1e-10), 1e10)
        factor = _SAFETY * least ** (-_PROPORTIONAL / order) * before ** (_INTEGRAL / order)
        plain = _SAFETY * least ** (-1 / order)
        return np.where(
            ok, np.minimum(np.maximum(factor, _LEAST), _MOST), np.minimum(np.maximum(plain, _LEAST), 0.9)
        )

    def _code(self, state: State, ok: Any, h: Any, attempts: Any, crossed: Any) -> Any:
        """Whether the march goes on."""
        tiny = np.logical_and(np.logical_not(ok), h < 10 * _EPS * np.abs(stop_gradient(state.t)) + 1e-300)
        code = np.where(tiny, TOO_SMALL, GOES_ON)
        arrived = np.logical_and(ok, state.h * _STRETCH >= np.abs(stop_gradient(self.end - state.t)))
        many = np.logical_and(attempts >= self.max_steps, np.logical_not(arrived))
        code = np.where(np.logical_and(code == GOES_ON, many), TOO_MANY, code)
        return code if crossed is None else np.where(np.any(crossed), EVENT, code)

    def goes_on(self, state: State, target: Any) -> Any:
        """Whether a time lies ahead that the march has not passed."""
        return np.logical_and(state.code == GOES_ON, self.sense * (stop_gradient(target) - state.t) > 0)

    def until(self, state: State, target: Any) -> State:
        """The state after the first step that reaches a time."""
        kinds = _METHODS[self.method]
        if EXPLICIT in kinds:

            def explicit(now: State) -> Any:
                on = self.goes_on(now, target)
                return np.logical_and(on, now.kind == EXPLICIT) if STIFF in kinds else on

            state = while_loop(explicit, self.switched(False), state)
        if STIFF in kinds:
            state = while_loop(lambda now: self.goes_on(now, target), self.switched(True), state)
        return state

    def switched(self, stiff: bool) -> Callable[[State], State]:
        """One attempt, after which the method is another one where the equation has turned out to be stiff."""
        switches = self.method == "auto" and not stiff

        def step(state: State) -> State:
            after = self.attempt(state, stiff)
            return after._replace(kind=np.where(after.points >= _STIFF, STIFF, after.kind)) if switches else after

        return step

    def at(self, state: State, t: Any) -> Any:
        """The state of the equation at a time in the last step; NaN where the march has not come to it."""
        ahead = self.sense * stop_gradient(t - state.t) > 0
        found = interpolated(state.begin, state.powers, np.where(ahead, 1.0, (t - state.start) / state.length))
        # A factor, so that the derivative is NaN too.
        return found * np.where(ahead, np.nan, 1.0)

    def through(self, state: State, times: Any) -> tuple[State, Any]:
        """The last state, and the states of the equation at times in their order, along axis 0."""

        def step(now: State, t: Any) -> tuple[State, Any]:
            after = self.until(now, t)
            return after, self.at(after, t)

        last, found = scan(step, state, times)
        return last, found


def passed(before: Any, after: Any, directions: Any) -> Any:
    """Which events were crossed between two times, in their directions (as SciPy has it)."""
    up = np.logical_and(before <= 0, after >= 0)
    down = np.logical_and(before >= 0, after <= 0)
    return np.where(directions > 0, up, np.where(directions < 0, down, np.logical_or(up, down)))


def _points(points: Any, pair: Any, scale: Any) -> Any:
    """More points where stability, not accuracy, limits how long a step can be."""
    if pair is None:
        return points
    bent, moved = [rms(stop_gradient(x) / scale) for x in pair]
    return np.where(bent > _EDGE * moved, points + _HOT, np.maximum(points - _COLD, 0))


def _chosen(ok: Any, new: Sequence[Any], old: Sequence[Any]) -> Any:
    return tuple([np.where(ok, a, b) for a, b in zip(new, old, strict=True)])
