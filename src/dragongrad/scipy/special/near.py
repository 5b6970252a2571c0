"""Formulas near the points where they would divide zero by zero: their own series there, with every derivative."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from math import factorial, prod
from typing import Any

import numpy as np

from ...core.variable import Variable

factorials = [float(factorial(k)) for k in range(60)]


def polynomial(x: Any, coefficients: Sequence[float]) -> Any:
    """`c[0] + c[1] x + c[2] x**2 + ...`."""
    total: Any = 0.0
    for c in reversed(coefficients):
        total = total * x + float(c)
    return total


def trapezoidal(count: int) -> tuple[Any, Any]:
    """Points from 0 to 1, both ends among them, and the weights of the trapezoidal rule."""
    points = np.linspace(0.0, 1.0, count)
    return points, np.where((points == 0) | (points == 1), 0.5, 1.0) / (count - 1)


def somewhere(condition: Any) -> bool:
    """Whether a condition holds at all; what is not known yet may."""
    return isinstance(condition, Variable) or bool(np.any(condition))


def unmoved(at: Any, x: Any, inner: float, slope: Callable[[Any], Any]) -> Any:
    """A slope, which is zero where a value does not move: there it is asked at `inner`."""
    return np.where(at, 0.0, slope(np.where(at, inner, x)))


# So many elements at a time have several hundred inner points each.
_PIECE = 2048


def in_pieces(slope: Callable[..., Any], *args: Any) -> Any:
    """What needs much memory for each number: of large plain arrays it is asked a piece after the other."""
    shape = () if any(isinstance(a, Variable) for a in args) else np.broadcast_shapes(*map(np.shape, args))
    if prod(shape) <= _PIECE:
        return slope(*args)
    flat = [np.broadcast_to(a, shape).ravel() for a in args]
    cuts = range(0, prod(shape), _PIECE)
    return np.concatenate([slope(*(a[k : k + _PIECE] for a in flat)) for k in cuts]).reshape(shape)


def patched(formula: Callable[[Any], Any], radius: float, coefficients: Sequence[float]) -> Callable[[Any], Any]:
    """A formula that is a power series where its argument is less than the radius in size."""

    def of_x(x: Any) -> Any:
        small = np.absolute(x) < radius
        near = polynomial(np.where(small, x, 0.0), coefficients)
        return np.where(small, near, formula(np.where(small, radius, x)))

    return of_x
