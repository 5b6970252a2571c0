"""What the files of this folder share: SciPy's module, places, and axes of values."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any

import numpy as np
import scipy.interpolate as scipys

from ...blocks.axes import single
from ...core.errors import ArgumentError, ShapeError, describe, user_line
from ...core.variable import bottom
from ..chapters import Chapter, double, holds_variable, settled

CHAPTER = Chapter(scipys)
smooth, own, refused = CHAPTER.smooth, CHAPTER.own, CHAPTER.refused


def made_by_scipy(rewrap: Callable[[Any], Any]) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Let SciPy make what is made of plain arrays; `rewrap` makes ours of it, which Variables may be given to."""

    def declare(rule: Callable[..., Any]) -> Callable[..., Any]:
        scipys_own = getattr(scipys, rule.__name__)

        @wraps(rule)
        def make(*args: Any, **kwargs: Any) -> Any:
            if holds_variable((args, kwargs)):
                return rule(*args, **kwargs)
            return rewrap(scipys_own(*map(settled, args), **{k: settled(v) for k, v in kwargs.items()}))

        return own(make)

    return declare


def data(name: str, x: Any, y: Any, axis: int) -> tuple[Any, Any, int]:
    """Places that rise and values along axis 0, and where that axis stood."""
    x, y = double(x), double(y)
    at = single(axis, y.ndim)
    if x.ndim != 1 or x.shape[0] < 2 or x.shape[0] != y.shape[at]:
        raise ShapeError(
            f"{name}({describe(x)}, {describe(y)}): two places or more, and as many values along axis {axis}\n"
            f"  at {user_line()}"
        )
    if not np.all(np.diff(bottom(x), axis=-1) > 0):
        raise ArgumentError(
            f"{name}: the places are to rise strictly\n  at {user_line()}\nSort them: np.argsort(x)"
        )
    return x, np.moveaxis(y, at, 0), at


def beside(d: Any, y: Any) -> Any:
    """A vector along axis 0, so that it broadcasts with values."""
    return np.reshape(d, (d.shape[0],) + (1,) * (y.ndim - 1))


def placed(out: Any, axis: int, ndim: int) -> Any:
    """Values whose `ndim` axes of places stand in front, with these where the axis of values stood."""
    if not axis:
        return out
    order = list(range(out.ndim))
    return np.transpose(out, order[ndim : ndim + axis] + order[:ndim] + order[ndim + axis :])


def periodic(x: Any, low: Any, high: Any) -> Any:
    """Places brought into one period."""
    return low + np.remainder(x - low, high - low)


def over_periods(whole: Callable[[Any], Any], low: Any, high: Any, a: Any, b: Any) -> Any:
    """The integral between two numbers of what repeats itself, by an antiderivative of one period."""
    period = whole(high) - whole(low)

    def up_to(x: Any) -> Any:
        at = periodic(x, low, high)
        # Of the place within the period, so that both round alike.
        return np.rint((x - at) / (high - low)) * period + whole(at)

    return up_to(b) - up_to(a)


def outside_is_nan(out: Any, x: Any, low: Any, high: Any) -> Any:
    """NaN for places outside."""
    inside = np.logical_and(x >= low, x <= high)
    return np.where(np.reshape(inside, inside.shape + (1,) * (out.ndim - inside.ndim)), out, np.nan)
