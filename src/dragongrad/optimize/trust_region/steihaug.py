"""A quadratic model of the value, and conjugate gradients through it."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import TYPE_CHECKING, NamedTuple, Protocol

import numpy as np

from ..objective import Array
from ..vectors import vector

if TYPE_CHECKING:
    from ..optimizer import Optimizer


class Move(NamedTuple):
    """The step that a model likes best within a radius.

    Attributes
    ----------
    p : ndarray
        The step.
    length : float
        How far it goes, in the norm of the radius.
    gain : float
        By how much the model says that the value falls; infinite where the model has no minimum.
    cut : bool
        Whether the radius holds it back.

    """

    p: Array
    length: float
    gain: float
    cut: bool


class Model(Protocol):
    """A quadratic model of the value around a point."""

    def step(self, radius: float) -> Move:
        """The step that the model likes best within a radius."""


def exact_product(optimizer: Optimizer) -> Callable[[Array], Array]:
    """The product of the Hessian where an optimizer stands with a vector."""
    objective, x = optimizer.objective, optimizer.params

    def product(d: Array) -> Array:
        return vector(objective.hvp(x, d.astype(x.dtype).reshape(x.shape)))

    return product


class Path:
    """The points that conjugate gradients pass on their way to the model's minimum: a radius cuts it somewhere.

    Steihaug, "The conjugate gradient method and trust regions in large scale optimization", SIAM J. Numer. Anal. 20
    (1983): the points move ever farther from the start, so that a smaller radius cuts the same path earlier, and
    no product with the Hessian is computed twice.

    Parameters
    ----------
    optimizer : Optimizer
        Where the model is taken.
    enough : float
        The residual with which the path may end.
    most : int, optional
        How many products it may take; if not given, as many as there are parameters, and twice that.
    rough : float, optional
        A curvature this small relative to the largest met is rounding: the path ends before it.
    product : callable, optional
        The product of the Hessian with a vector of length one, if it is not to be the exact one.

    """

    def __init__(
        self, optimizer: Optimizer, enough: float, most: int | None = None, rough: float | None = None,
        product: Callable[[Array], Array] | None = None,
    ) -> None:  # fmt: skip
        self.hessian = product or exact_product(optimizer)
        self.most, self.rough, self.bent = most or 2 * optimizer.params.size + 20, rough, 0.0
        g = vector(optimizer.gradient)
        # The model is divided by the gradient's size, so that squares neither overflow nor vanish.
        self.unit = float(np.max(np.abs(g))) or 1.0
        self.g, self.enough = g / self.unit, enough / self.unit
        self.p, self.hp = np.zeros_like(self.g), np.zeros_like(self.g)
        self.r, self.d = self.g.copy(), -self.g
        self.points = [(self.p, self.hp)]
        # How the path ends: open (go on), arrived, or along a ray on which the model only falls.
        self.arrived = False
        self.ray: tuple[Array, Array] | None = None

    def _product(self, d: Array) -> Array:
        # The product is linear: a direction of length one keeps it clear of overflow, and of float32's ends.
        size = float(np.linalg.norm(d)) or 1.0
        return self.hessian(d / size) * (size / self.unit)

    def _extend(self) -> None:
        """One iteration of conjugate gradients."""
        hd = self._product(self.d)
        bend, dd = float(self.d @ hd), float(self.d @ self.d)
        self.bent = max(self.bent, abs(bend) / (dd or 1.0))
        if self.rough is not None and abs(bend) <= self.rough * self.bent * dd:
            self.arrived = True
            return
        if not bend > 1e-16 * dd:
            self.ray = self.d, (hd if math.isfinite(bend) else np.zeros_like(hd))
            return
        rr = float(self.r @ self.r)
        a = rr / bend
        self.p, self.hp, self.r = self.p + a * self.d, self.hp + a * hd, self.r + a * hd
        self.points.append((self.p, self.hp))
        new = float(self.r @ self.r)
        self.arrived = math.sqrt(new) <= self.enough or len(self.points) > self.most
        self.d = -self.r + new / rr * self.d

    def step(self, radius: float) -> Move:
        """Follow the path to its end or to the edge."""
        k = 1
        while True:
            while k >= len(self.points) and not self.arrived and self.ray is None:
                self._extend()
            before, hb = self.points[k - 1]
            if k < len(self.points):
                p, hp = self.points[k]
                if float(np.linalg.norm(p)) >= radius:
                    return self._cut(before, hb, p - before, hp - hb, radius)
                k += 1
            elif self.ray is not None:
                if radius == math.inf:
                    return Move(before, math.inf, math.inf, True)
                return self._cut(before, hb, *self.ray, radius)
            else:
                return Move(before, float(np.linalg.norm(before)), self._gain(before, hb), False)

    def _cut(self, p: Array, hp: Array, d: Array, hd: Array, radius: float) -> Move:
        a, b, c = float(d @ d), float(p @ d), float(p @ p) - radius**2
        t = -c / (b + math.sqrt(b * b - a * c)) if b > 0 else (-b + math.sqrt(b * b - a * c)) / a
        p, hp = p + t * d, hp + t * hd
        return Move(p, radius, self._gain(p, hp), True)

    def _gain(self, p: Array, hp: Array) -> float:
        return -self.unit * (float(p @ self.g) + 0.5 * float(p @ hp))
