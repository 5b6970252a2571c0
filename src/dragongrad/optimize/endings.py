"""What ends a run whatever the method, and how it is said: for our own loop and for SciPy's."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from .limits import Iteration
from .result import Status

# Below this a value means that there is no minimum: no model of anything gets there on its way to one.
BOTTOM = -1e100
# A value that falls as steeply this many times the size of the parameters away has no minimum.
FAR = 1e20

Ending = tuple[Status, str]
CALLED_OFF: Ending = (Status.CALLBACK, "the callback asked to stop")


def calls_off(callback: Callable[[Iteration], Any], iteration: Iteration) -> bool:
    """Whether the user's callback asks to stop: it returns True or raises StopIteration."""
    try:
        return callback(iteration) is True
    except StopIteration:
        return True


def unbounded(value: float) -> Ending:
    """The value fell below all that a minimum could be."""
    return Status.UNBOUNDED, f"the value fell to {value:g}: the function seems to have no minimum"


def falls_on(distance: float, value: float) -> Ending:
    """The value falls at a great distance as steeply as here."""
    away = f"the value still falls as steeply {distance:.1g} away, at {value:.3g}"
    return Status.UNBOUNDED, f"{away}: the function seems to have no minimum"


def not_finite(value: float, when: str = "") -> Ending:
    """The value is NaN or infinite; `when` begins with a space."""
    return Status.NON_FINITE, f"the value became {value}{when}; run it within ad.debug_nans() to see where"


def out_of_time(max_time: float) -> Ending:
    """So many seconds have passed."""
    return Status.MAX_TIME, f"max_time = {max_time:g} seconds have passed"
