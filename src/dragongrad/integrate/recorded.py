"""Eager runs that keep every step: all times, dense output, and events of every kind."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from ..context import STEPS
from ..core.variable import value_of
from .events import Event, located
from .march import STIFF, March, State, passed
from .solution import EVENT


class Occurrence(NamedTuple):
    """That an event occurred: which, when, and in which state."""

    which: int
    t: Any
    y: Any


class Record(NamedTuple):
    """What an eager run has seen.

    Attributes
    ----------
    state : State
        After the last step.
    steps : list
        Of each step its beginning, length, first state and interpolant.
    times, states : list
        The beginning, and the end of each step; the last may be that of an event.
    occurrences : list of Occurrence
        The events.
    """

    state: State
    steps: list[tuple[Any, Any, Any, Any]]
    times: list[Any]
    states: list[Any]
    occurrences: list[Occurrence]


def recorded(march: March, state: State, events: list[Event]) -> Record:
    """March to the end of the span, or to an event that ends it."""
    record = Record(state, [], [state.t], [state.y], [])
    signs = np.array([_value(e, state) for e in events])
    while bool(value_of(march.goes_on(state, march.end))):
        STEPS[0] += 1
        before = state
        state = march.switched(bool(value_of(state.kind) == STIFF))(before)
        if value_of(state.t) == value_of(before.t):
            continue
        record.steps.append((state.start, state.length, state.begin, state.powers))
        now = np.array([_value(e, state) for e in events])
        ended = bool(events) and _look(record, events, signs, now)
        signs = now
        if ended:
            record.times.append(record.occurrences[-1].t)
            record.states.append(record.occurrences[-1].y)
            return record._replace(state=state._replace(code=np.int64(EVENT)))
        record.times.append(state.t)
        record.states.append(state.y)
    return record._replace(state=state)


def _value(event: Event, state: State) -> float:
    return float(value_of(event.f(state.t, state.y)))


def _look(record: Record, events: list[Event], before: Any, after: Any) -> bool:
    """Add the events of the last step, in their order, and say whether one of them ends the run."""
    crossed = passed(before, after, np.array([e.direction for e in events]))
    found = [Occurrence(k, *located(events[k], *record.steps[-1])) for k in np.flatnonzero(crossed)]
    start = float(value_of(record.steps[-1][0]))
    for one in sorted(found, key=lambda o: abs(float(value_of(o.t)) - start)):
        record.occurrences.append(one)
        limit = events[one.which].terminal
        if limit and sum(o.which == one.which for o in record.occurrences) >= limit:
            return True
    return False
