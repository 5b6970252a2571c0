"""What a method makes of one step, and the sums that all of them write."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple, TypeAlias

import numpy as np

Right: TypeAlias = Callable[[Any, Any], Any]


class Trial(NamedTuple):
    """A step that was tried.

    Attributes
    ----------
    y, f : array
        The state at its end, and the derivative there, where the method knows it.
    error : array
        The estimated error of y.
    powers : tuple of four arrays
        The interpolant less the state at the beginning, by the powers 1 to 4 of the part of the step that is gone.
    pair : tuple of two arrays, or None
        How far apart two states at the end of the step are, and the length of the step times how far their
        derivatives are: their ratio tells how stiff the equation is.
    """

    y: Any
    f: Any
    error: Any
    powers: tuple[Any, Any, Any, Any]
    pair: Any


def combined(weights: Sequence[float], arrays: Sequence[Any]) -> Any:
    """The sum of arrays with weights, those of weight zero left out."""
    parts = [w * a for w, a in zip(weights, arrays, strict=True) if w]
    total = parts[0]
    for part in parts[1:]:
        total = total + part
    return total


def rms(x: Any) -> Any:
    """The root of the mean square of a vector; that of an empty one is 0."""
    return np.sqrt(np.sum(x * x) / max(len(x), 1))


def interpolated(y: Any, powers: Sequence[Any], part: Any) -> Any:
    """The state where a part of a step is gone, from the state at its beginning."""
    one, two, three, four = powers
    return y + part * (one + part * (two + part * (three + part * four)))
