"""What an integration gives: SciPy's fields, and the solution as a function of time."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, fields
from typing import Any

import numpy as np

from ..core.errors import ArgumentError, ShapeError, describe, user_line
from ..core.variable import value_of
from .decisions import is_open, number
from .packing import Packing
from .step import interpolated

# Codes of a run: it goes on (or has arrived), was ended by an event, or failed.
GOES_ON, EVENT, TOO_SMALL, TOO_MANY, NOT_FINITE, SCIPYS = range(6)
_MESSAGES = (
    "The solver has reached the end of the span.",
    "An event has ended the integration.",
    "The step became shorter than the distance of two numbers: the solution, or f, is infinite or not smooth "
    "there, or the tolerances cannot be met. Loosen rtol and atol.",
    "max_steps were not enough. Give more of them or looser tolerances. Where the equation is stiff, "
    'method="Rodas5P" takes fewer.',
    "y0, or f at the beginning, is not finite.",
    "SciPy's integrator failed: the step became too short.",
)
_OF_ROWS = "The status of each row tells how it ended."


@dataclass(frozen=True, eq=False)
class Solution:
    """A solution, with the field names of `scipy.integrate.solve_ivp`; `solution["y"]` works too.

    Attributes
    ----------
    t : array of shape (k,)
        Times.
    y : nest of arrays
        The states there, of the structure of `y0`: each array has the times along a further, last axis. NaN at
        times of `t_eval` that were not reached because the integration failed.
    sol : callable or None
        With `dense_output=True`: `sol(t)` is the state at any time of the span, `sol(times)` has them along the
        last axis.
    t_events : list of arrays or None
        For each event the times at which it occurred.
    y_events : list of nests or None
        The states there, along axis 0.
    nfev, njev, nlu : int
        Evaluations of `f`, of its Jacobian, and factorizations.
    code : int
        How it ended, which `status`, `success` and `message` tell.
    """

    t: Any
    y: Any
    sol: Any
    t_events: Any
    y_events: Any
    nfev: Any
    njev: Any
    nlu: Any
    code: Any

    @property
    def status(self) -> Any:
        """0: the end was reached, 1: an event ended it, -1: it failed; one for each row of a batch."""
        found = np.where(self.code > EVENT, -1, self.code)
        return int(found) if isinstance(found, np.ndarray) and not found.ndim else found

    @property
    def success(self) -> Any:
        """Whether it did not fail."""
        found = self.code <= EVENT
        return bool(found) if isinstance(found, (bool, np.bool_)) else found

    @property
    def message(self) -> str:
        """What the status means, and what to do where it failed."""
        return _MESSAGES[number(self.code)] if is_open(self.code) else _OF_ROWS

    def __getitem__(self, name: str) -> Any:
        if name not in self.keys():
            raise KeyError(name)
        return getattr(self, name)

    def keys(self) -> list[str]:
        """The names of the fields."""
        return [*[f.name for f in fields(self) if f.name != "code"], "status", "message", "success"]


class Pieces:
    """A solution as a function of time, from the interpolants of its steps.

    Parameters
    ----------
    packing : Packing
        How the state lies in a vector.
    span : tuple of two
        From where to where it is known.
    steps : sequence
        Of each step its beginning, length, first state and interpolant.
    """

    def __init__(self, packing: Packing, span: tuple[Any, Any], steps: Sequence[tuple[Any, Any, Any, Any]]) -> None:
        self._packing, self._span = packing, tuple([float(value_of(t)) for t in span])
        starts, lengths, begins, powers = zip(*steps, strict=True)
        self._starts, self._lengths = np.stack(starts), np.stack(lengths)
        self._begins = np.stack(begins)
        self._powers = [np.stack(each) for each in zip(*powers, strict=True)]
        self._plain = np.asarray(value_of(self._starts), float)

    def __call__(self, t: Any) -> Any:
        """The state at a time, or at several, along the last axis.

        Raises
        ------
        ArgumentError
            A time is outside of what was integrated.
        """
        times = np.reshape(_as_times(t), (-1,))
        check_inside("sol", value_of(times), *self._span)
        found = self.rows(times)
        return self._packing.unpack(found[0] if np.ndim(t) == 0 else np.transpose(found))

    def rows(self, times: Any) -> Any:
        """The vectors of the states at times, along axis 0."""
        back = self._span[1] < self._span[0]
        plain = np.asarray(value_of(times), float)
        # A time at which two steps meet belongs to the first of them.
        place = np.searchsorted(-self._plain if back else self._plain, -plain if back else plain) - 1
        place = np.clip(place, 0, len(self._plain) - 1)
        part = ((times - self._starts[place]) / self._lengths[place])[:, None]
        return interpolated(self._begins[place], [p[place] for p in self._powers], part)


class Again:
    """A solution as a function of time that is integrated again to where it is asked for.

    In compiled functions, and in batches, the steps are not kept.

    Parameters
    ----------
    packing : Packing
        How the state lies in a vector.
    span : tuple of two
        From where to where it is known.
    through : callable
        From times in their order to states along axis 0.
    """

    def __init__(self, packing: Packing, span: tuple[Any, Any], through: Callable[[Any], Any]) -> None:
        self._packing, self._span, self._through = packing, span, through

    def __call__(self, t: Any) -> Any:
        """The state at a time, or at several, along the last axis; NaN outside of the span."""
        times = np.reshape(_as_times(t), (-1,))
        forwards = self._span[1] >= self._span[0]
        order = np.argsort(np.where(forwards, times, -times))
        inside = np.logical_and(times >= np.minimum(*self._span), times <= np.maximum(*self._span))
        back = np.argsort(order)
        found = np.where(inside[:, None], self._through(times[order])[back], np.nan)
        return self._packing.unpack(found[0] if np.ndim(t) == 0 else np.transpose(found))


def _as_times(t: Any) -> Any:
    times = t if hasattr(t, "dtype") else np.asarray(t, float)
    if np.ndim(times) > 1:
        raise ShapeError(f"sol takes a time or a vector of times, got {describe(times)}\n  at {user_line()}")
    return times


def check_inside(name: str, times: Any, begin: float, end: float) -> None:
    """Refuse times outside of a span."""
    low, high = min(begin, end), max(begin, end)
    outside = np.logical_not(np.logical_and(times >= low, times <= high))
    if np.any(outside):
        worst = float(np.asarray(times)[outside][0])
        raise ArgumentError(
            f"{name}: the time {worst:g} is not in the span from {begin:g} to {end:g}\n  at {user_line()}"
        )
