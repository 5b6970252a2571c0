"""A look far ahead along the way of a run: whether the value falls there as steeply."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np

from ..core.errors import DragongradError
from .endings import FAR, Ending, falls_on
from .objective import Array
from .vectors import dot, vector

# The first look is after so many steps or evaluations, each later one after twice as many; it costs a value.
_FIRST = 128
# As steeply means that at least this part of the slope is left.
_STEEP = 0.9


def is_due(count: int) -> bool:
    """Whether to look after so many steps or evaluations."""
    return count >= _FIRST and not count & (count - 1)


def look_far(
    value: Callable[[Array], float],
    then: tuple[Array, float],
    now: tuple[Array, float],
    gradient: Array | None = None,
    holds: Callable[[Array], bool] | None = None,
) -> Ending | None:
    """How a run ends whose function has no minimum, as far as one value tells; None where one is not ruled out.

    Parameters
    ----------
    value : callable
        The function, of an array like those of `then` and `now`.
    then, now : tuple
        An earlier point of the run with its value, and a later one.
    gradient : ndarray, optional
        That at the later point. Where the points are equal, the direction is the negative gradient.
    holds : callable, optional
        Whether a vector lies within the bounds; the function is not evaluated outside.

    """
    x = vector(now[0])
    d, fall = x - vector(then[0]), now[1] - then[1]
    if not d.any() and gradient is not None:
        d, fall = -vector(gradient), -dot(gradient, gradient)
    size = float(np.linalg.norm(d))
    if not (0 < size < math.inf and -math.inf < fall < 0):
        return None
    slope, d = fall / size, d / size
    # Where the slope is known and less steep by now, the value levels off.
    if gradient is not None and not dot(gradient, d) <= _STEEP * slope:
        return None
    distance = FAR * max(1.0, float(np.linalg.norm(x)))
    far = (x + distance * d).astype(now[0].dtype)
    if not np.isfinite(far).all() or (holds is not None and not holds(far)):
        return None
    try:
        with np.errstate(all="ignore"):
            there = value(far.reshape(now[0].shape))
    except (ArithmeticError, ValueError, np.linalg.LinAlgError, DragongradError):
        return None  # the function has no value so far away
    return falls_on(distance, there) if there - now[1] <= _STEEP * slope * distance else None
