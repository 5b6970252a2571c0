"""Trust regions: the model of the value is believed within a radius only; here with conjugate gradients inside."""

from __future__ import annotations

import math

import numpy as np

from ..limits import Limits
from ..optimizer import Optimizer, check_fractions, check_positive
from ..trials import Endgame, attempt, newton_gain, rounding, stuck
from ..vectors import dot, vector
from .steihaug import Model, Path

# Squares of shorter steps vanish.
_SHORTEST = 1e-150


class TrustRegion(Optimizer):
    """A method that minimizes a model within a radius, which grows and shrinks as the model proves itself.

    A subclass returns the `model` at its parameters. Algorithm 4.1 of Nocedal and Wright, "Numerical Optimization"
    (2006); near rounding the ratio of decreases is that of Conn, Gould and Toint, "Trust-region methods" (2000),
    section 17.4.2.

    Parameters
    ----------
    loss_func, params, max_iter, tol
        As `Optimizer`; `lr` and `clip` are refused.
    radius : float or None
        The first radius; None: chosen by the method.
    accept : float
        A step is taken when the value falls by more than this part of what the model said.

    Raises
    ------
    ArgumentError
        `radius` is not positive, `accept` outside [0, 1), or `lr` or `clip` given; otherwise as `Optimizer`.

    """

    radius: float | None = None
    accept: float = 1e-4
    limits: Limits = Limits(gtol=1e-8, max_iter=10000)
    without = ("lr", "clip")

    def setup(self) -> None:
        """Check the options."""
        self.endgame = Endgame()
        if self.radius is not None:
            check_positive(self, "radius")
        check_fractions(self, "accept")

    def model(self) -> Model:
        """The model of the value at `self.params`."""
        raise NotImplementedError(f"{type(self).__name__} needs model(self), which returns a Model")

    def restart(self) -> None:
        """Begin anew at the parameters, with a radius to match."""
        self.radius = None
        self.endgame = Endgame()

    def first_radius(self) -> float:
        """The radius to begin with."""
        return max(1.0, float(np.linalg.norm(vector(self.params))))

    def step(self) -> None:
        """Try the model's steps at smaller and smaller radii until one decreases the value."""
        if not dot(self.slope(), self.slope()) > 0:
            raise stuck(self, 0.0)  # the gradient is zero, or so small that its square is
        model, x = self.model(), vector(self.params)
        if self.radius is None:
            self.radius = self.first_radius()
        while self.radius > _SHORTEST:
            p, length, gain, cut = model.step(self.radius)
            rough = rounding(self)
            trial = attempt(self, x + p if self.box is None else self.box.clip(x + p))
            if gain <= rough:
                if not cut and self.endgame.excuses(trial):
                    self.endgame.takes(self, trial)
                    self.arrive(trial.params, trial.value, trial.gradient)
                    return
                raise stuck(self, newton_gain(self))
            ratio = (self.loss - trial.value + rough) / (gain + rough) if trial.usable else -math.inf
            better = trial.value < self.loss or self.endgame.excuses(trial)
            self.radius = self._resized(self.radius, ratio if better else min(ratio, 0.0), length, cut)
            if ratio > self.accept and better:
                self.endgame.takes(self, trial)
                self.arrive(trial.params, trial.value, trial.gradient)
                return
        raise stuck(self, newton_gain(self))

    @staticmethod
    def _resized(radius: float, ratio: float, length: float, cut: bool) -> float:
        if not ratio >= 0.25:
            # Also where rounding made the ratio or the length a NaN.
            return (length if length < radius else radius) * (0.1 if ratio == -math.inf else 0.25)
        if ratio > 0.75 and cut:
            return length * (2.0 if ratio < 0.9 else 3.0)
        return radius


class TrustNCG(TrustRegion):
    """Trust-region Newton-CG: the model is minimized by conjugate gradients, from products with the Hessian only.

    Steihaug, "The conjugate gradient method and trust regions in large scale optimization", SIAM J. Numer. Anal. 20
    (1983), and Toint 1981: algorithm 7.2 of Nocedal and Wright, "Numerical Optimization" (2006). The Hessian is
    never formed.

    Parameters
    ----------
    loss_func, params, max_iter, tol, radius, accept
        As `TrustRegion`; the loss must be a NumPy function that returns just the value.
    forcing : float
        The residual of the inner iteration is at most `min(forcing, sqrt(|g|)) * |g|`.

    Raises
    ------
    ArgumentError
        The loss returns its own gradient; otherwise as `TrustRegion`.

    Examples
    --------
    >>> import numpy as np
    >>> from dragongrad.optimize import TrustNCG
    >>> TrustNCG(lambda x: np.sum((x[1:] - x[:-1] ** 2) ** 2 + (1 - x[:-1]) ** 2), np.zeros(5)).solve().round(6)
    array([1., 1., 1., 1., 1.])

    """

    forcing: float = 0.5

    def setup(self) -> None:
        """Check the options."""
        super().setup()
        check_fractions(self, "forcing")

    def model(self) -> Model:
        """The path of conjugate gradients from here."""
        size = float(np.linalg.norm(vector(self.gradient)))
        return Path(self, min(self.forcing, math.sqrt(size)) * size)
