"""A quadratic model of the value within bounds."""

from __future__ import annotations

import numpy as np

from ..bounds import Box
from ..objective import Array
from .quadratic import Quadratic
from .steihaug import Move

# Steps along the projected gradient that are tried, each half as long as the last.
_HALVINGS = 12


class BoxedQuadratic:
    """The model `g p + p H p / 2` for steps that stay within bounds.

    Where the model's minimizer within the radius would leave the bounds, the parameters that leave are put at
    theirs and the minimizer over the others is worked out again, until none leaves; so that each step finds the
    active bounds by itself. The step along the projected gradient on which the model is least serves where it is
    better, which makes the method converge (Conn, Gould and Toint, "Trust-region methods", 2000, section 12.2.2).

    Parameters
    ----------
    x, g : array of shape (n,)
        Where the model is taken, and the gradient there.
    hessian : array of shape (n, n)
    scale : array of shape (n,)
        The radius is measured in `scale * p`.
    box : Box
        The bounds.

    """

    def __init__(self, x: Array, g: Array, hessian: Array, scale: Array, box: Box) -> None:
        self.g, self.hessian, self.scale = g, hessian, scale
        self.low, self.high = np.minimum(box.low - x, 0.0), np.maximum(box.high - x, 0.0)
        self.free = ~box.held(x, g)

    def gain(self, p: Array) -> float:
        """By how much the value falls along a step."""
        return -float(self.g @ p + 0.5 * (p @ (self.hessian @ p)))

    def step(self, radius: float) -> Move:
        """The best step found within the radius and the bounds."""
        steps = [self._active(radius), self._projected(radius)]
        p = max(steps, key=self.gain)
        length = float(np.linalg.norm(self.scale * p))
        return Move(p, length, self.gain(p), length >= 0.9 * radius)

    def _active(self, radius: float) -> Array:
        """The minimizer over fewer and fewer parameters, until none leaves its bounds."""
        p, free = np.zeros_like(self.g), self.free.copy()
        while free.any():
            left = radius**2 - float(np.sum((self.scale * p)[~free] ** 2))
            if left <= 0:
                break
            g = (self.g + self.hessian @ p)[free]
            h = self.hessian[np.ix_(free, free)]
            trial = p.copy()
            trial[free] = Quadratic(g, h, self.scale[free]).step(float(np.sqrt(left))).p
            beyond = free & ((trial < self.low) | (trial > self.high))
            if not beyond.any():
                return trial
            p[beyond] = np.clip(trial, self.low, self.high)[beyond]
            free &= ~beyond
        return p

    def _projected(self, radius: float) -> Array:
        """The step along the projected gradient, in scaled parameters, on which the model is least."""
        way = -self.g / self.scale**2 * self.free
        size = float(np.linalg.norm(self.scale * way)) or 1.0
        steps = [np.clip(radius / size * 0.5**k * way, self.low, self.high) for k in range(_HALVINGS)]
        return max(steps, key=self.gain)
