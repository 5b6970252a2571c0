"""Events: where along a solution a function of the state is zero, and how that moves with the parameters."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from ..blocks.special import stop_gradient
from ..core.errors import ArgumentError, ShapeError, describe, user_line
from ..transforms.forward import jvp
from ..transforms.loops.scan import fori_loop
from .packing import Packing
from .step import interpolated

# Each halves the part of a step in which an event is looked for.
_HALVINGS = 54


@dataclass(frozen=True)
class Event:
    """A function of time and state, and when its zero counts.

    Attributes
    ----------
    f : callable
        From a time and a vector to a number.
    terminal : int
        After how many occurrences it ends the integration; 0: never.
    direction : float
        1: where it rises, -1: where it falls, 0: both.
    """

    f: Callable[[Any, Any], Any]
    terminal: int
    direction: float


def as_events(events: Any, packing: Packing, args: tuple[Any, ...]) -> list[Event]:
    """Events as SciPy takes them: functions that may have attributes `terminal` and `direction`."""
    if events is None:
        return []
    found = []
    for event in events if isinstance(events, (list, tuple)) else [events]:
        if not callable(event):
            raise ArgumentError(
                f"events must be functions of time and state, got {describe(event)}\n  at {user_line()}"
            )
        terminal = getattr(event, "terminal", False)
        if terminal is not None and (int(terminal) != terminal or terminal < 0):
            raise ArgumentError(
                f"terminal of an event must be True or how often it may occur, got {terminal!r}\n  at {user_line()}"
            )
        found.append(
            Event(_of_vector(event, packing, args), int(terminal or 0), float(getattr(event, "direction", 0)))
        )
    return found


def _of_vector(event: Callable[..., Any], packing: Packing, args: tuple[Any, ...]) -> Callable[[Any, Any], Any]:
    def value(t: Any, y: Any) -> Any:
        found = event(t, packing.unpack(y), *args)
        if np.size(found) != 1:
            raise ShapeError(
                f"an event returned {describe(found)}\n  at {user_line()}\n"
                "Return one number, which is zero at the event"
            )
        return np.reshape(found, ()) + 0.0

    return value


def located(event: Event, start: Any, length: Any, begin: Any, powers: Sequence[Any]) -> tuple[Any, Any]:
    """When in a step an event occurs, and the state there.

    The time is found by halving, from values alone. Then two of Newton's steps, which move it by no more than
    rounding, give it the derivatives of first and second order that the theorem of implicit functions does.
    """

    def state(t: Any) -> Any:
        return interpolated(begin, powers, (t - start) / length)

    fixed = [stop_gradient(x) for x in (start, length, begin, *powers)]

    def value(part: Any) -> Any:
        y = interpolated(fixed[2], fixed[3:], part)
        return stop_gradient(event.f(fixed[0] + part * fixed[1], y))

    first = np.sign(value(np.float64(0.0)))

    def halve(_: Any, ends: tuple[Any, Any]) -> tuple[Any, Any]:
        low, high = ends
        middle = 0.5 * (low + high)
        before = np.logical_and(np.sign(value(middle)) == first, first != 0)
        return np.where(before, middle, low), np.where(before, high, middle)

    _, part = fori_loop(0, _HALVINGS, halve, (np.float64(0.0), np.float64(1.0)))
    t = fixed[0] + part * fixed[1]
    for _ in range(2):
        t = _newton(lambda t: event.f(t, state(t)), t)
    return t, state(t)


def _newton(g: Callable[[Any], Any], t: Any) -> Any:
    found, slope = jvp(g, (t,), (np.ones(()),))
    # Where an event function is flat its time has an infinite derivative: a root of zero gives it that.
    flat = slope == 0
    root = np.sqrt(np.where(flat, found - stop_gradient(found), 1.0))
    return np.where(flat, t + root, t - found / np.where(flat, 1.0, slope))
