"""A look at the values around a point, where no second derivative tells how they go on."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import combinations
from typing import TYPE_CHECKING

import numpy as np

from ..core.errors import DragongradError
from .bounds import Box
from .objective import Array, Objective
from .trials import Trial, attempt, not_smooth
from .vectors import vector

if TYPE_CHECKING:
    from .optimizer import Optimizer

# How far it is looked, in units of the size of each parameter, along so many axes, and between so many.
PARTS, _AXES, _PAIRED = (1e-4, 1e-3, 1e-2, 0.1), 20, 4


def around(optimizer: Optimizer, enough: float) -> Trial | None:
    """A point beside, along an axis or down the slope, where the value is less by enough.

    Raises
    ------
    Stalled
        The slope promises as much down a short step, and the function has no value there: it ends on a slope.

    """
    x, slope = vector(optimizer.params), vector(optimizer.slope())
    ends = False
    for y in points_beside(x, vector(optimizer.objective.start), slope, optimizer.box):
        trial = attempt(optimizer, y)
        if optimizer.loss - trial.value > enough:
            return trial
        short = np.all(np.abs(y - x) <= PARTS[0] * np.linalg.norm(x))
        ends = ends or bool(not trial.usable and short and slope @ (x - y) > enough)
    if ends:
        raise not_smooth(optimizer)
    return None


def sizes(x: Array, start: Array) -> Array:
    """The size of each parameter, here or at the start; zero where it began as zero and is rounding now."""
    size = np.maximum(np.abs(x), np.abs(start))
    noise = float(np.finfo(np.float64).eps) * max(1.0, float(np.max(size, initial=0.0)))
    return np.where((start == 0) & (size <= noise), 0.0, size)


def points_beside(
    x: Array, start: Array, slope: Array, box: Box | None, parts: tuple[float, ...] = PARTS
) -> Iterator[Array]:
    """Points around `x`, ever farther away: along axes, and along the slope."""
    size = sizes(x, start)
    size = np.where(size > 0, size, float(np.max(size, initial=0.0)) or 1.0)
    ways = [size[i] * np.eye(x.size)[i] for i in range(min(x.size, _AXES))]
    # Where two parameters are equal, or opposite, a valley with a kink leads between their axes.
    for i, j in combinations(range(min(x.size, _PAIRED)), 2):
        ways += [float(np.max(size)) * (np.eye(x.size)[i] + sign * np.eye(x.size)[j]) for sign in (1, -1)]
    length = float(np.linalg.norm(slope * size))
    if 0 < length < np.inf:
        ways.append(slope * size / length * size)
    for part in parts:
        for way in ways:
            for y in (x + part * way, x - part * way):
                yield y if box is None else box.clip(y)


def value_at(objective: Objective, x: Array) -> float:
    """The value where the function has one, otherwise infinity."""
    try:
        with np.errstate(all="ignore"):
            value = float(objective.value(x))
    except (ArithmeticError, np.linalg.LinAlgError, DragongradError) as error:
        if isinstance(error, DragongradError) and not isinstance(error.__context__, np.linalg.LinAlgError):
            raise
        return np.inf
    return np.inf if np.isnan(value) else value
