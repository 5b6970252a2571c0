"""The interface of a method that chooses a direction and searches along it."""

from __future__ import annotations

import math

import numpy as np

from ...core.errors import ArgumentError
from ..endings import FAR, falls_on
from ..limits import Limits
from ..objective import Array
from ..optimizer import Optimizer, check_positive
from ..stalled import Stalled
from ..trials import Endgame, Trial, attempt, newton_gain, rounding, stuck
from ..vectors import dot, vector
from .more_thuente import Found, strong_wolfe

# So many steps in a row that gain no more than rounding are a sign to look whether there is more to gain.
_IDLE = 10
# So many searches in a row without Wolfe conditions that gained less than this part of what the slope promises over
# the size of the parameters are hopeless.
_ROUGH, _LITTLE = 20, 1e-6


class Rough:
    """Searches in a row that met no Wolfe conditions and gained next to nothing: the sign of a jump or an edge."""

    def __init__(self) -> None:
        self.count = 0
        self.since = math.inf

    def takes(self, optimizer: Optimizer, trial: Trial, smooth: bool) -> None:
        """Note a step that is about to be made, and end the run at the last of many."""
        if smooth:
            self.count = 0
            return
        if self.count == 0:
            self.since = optimizer.loss
        self.count += 1
        if self.count % _ROUGH == 0:
            # What the slope promises over the size of the parameters.
            promise = dot(np.abs(optimizer.gradient), np.abs(optimizer.params))
            if self.since - trial.value <= _LITTLE * promise:
                raise stuck(optimizer, newton_gain(optimizer))
            self.since = trial.value


class LineSearchOptimizer(Optimizer):
    """A method that searches along a direction by Moré and Thuente; subclass it and give `direction`.

    A subclass returns a vector from `direction`, takes in what a step taught it in `learn`, and drops what it
    remembers in `forget`.

    Parameters
    ----------
    loss_func, params, max_iter, tol
        As `Optimizer`; `clip` is refused.
    lr : float or callable
        The first step tried along a direction: 1 for methods that know its length.
    decrease, curvature : float
        The constants of the strong Wolfe conditions, `0 < decrease < curvature < 1`.
    max_trials : int
        How many steps are tried along one direction.

    Raises
    ------
    ArgumentError
        The constants are out of order, or `clip` is given; otherwise as `Optimizer`.

    """

    lr: float = 1.0
    decrease: float = 1e-4
    curvature: float = 0.9
    max_trials: int = 40
    limits: Limits = Limits(gtol=1e-8, max_iter=10000)
    without = ("clip",)

    def setup(self) -> None:
        """Check the constants of the search."""
        self.endgame = Endgame()
        self.rough = Rough()
        check_positive(self, "max_trials")
        if not 0 < self.decrease < self.curvature < 1:
            raise ArgumentError(
                f"the Wolfe conditions need 0 < decrease < curvature < 1, got decrease={self.decrease} and "
                f"curvature={self.curvature}"
            )

    def direction(self) -> Array:
        """The vector to search along, from `self.gradient`."""
        raise NotImplementedError(f"{type(self).__name__} needs direction(self), which returns a vector")

    def first_trial(self, direction: Array) -> float:
        """The first step tried along the direction."""
        return float(self.lr)

    def learn(self, moved: Array, turned: Array) -> None:
        """Take in a step: by how much the parameters and the gradient changed."""

    def forget(self) -> bool:
        """Drop what is remembered, so that the next direction is that of steepest descent; False: nothing was."""
        return False

    def restart(self) -> None:
        """Begin anew at the parameters."""
        self.forget()
        self.endgame, self.rough = Endgame(), Rough()

    def step(self) -> None:
        """Search along the direction; where that fails, forget and search along the negative gradient."""
        gain = math.inf
        if not dot(self.gradient, self.gradient) > 0:  # zero, or so small that its square is
            raise stuck(self, 0.0)
        for attempted in range(2):
            if attempted and not self.forget():
                break
            direction = self.direction()
            slope = dot(self.gradient, direction)
            if not (slope < 0 and math.isfinite(slope)):
                continue
            found, trial = self._search(direction, slope)
            if trial is not None:
                self.rough.takes(self, trial, found.wolfe)
                self.endgame.takes(self, trial)
                if self.endgame.idle % _IDLE == _IDLE - 1:
                    self._look_for_more()
                moved = vector(trial.params) - vector(self.params)
                turned = vector(trial.gradient) - vector(self.gradient)
                self.arrive(trial.params, trial.value, trial.gradient)
                self.learn(moved, turned)
                return
            if found.curvature > 0:
                # What the parabola through the first slope with this curvature would gain.
                predicted = slope * slope / (2 * found.curvature)
                gain = predicted if gain == math.inf else max(gain, predicted)
        raise stuck(self, np.fmax(gain, newton_gain(self)) if gain < math.inf else gain)

    def _look_for_more(self) -> None:
        """End the run if a Newton step would gain no more than rounding either."""
        gain = newton_gain(self)
        if gain <= rounding(self):
            raise stuck(self, gain)

    def _search(self, direction: Array, slope: float) -> tuple[Found, Trial | None]:
        """Search along a direction: what was found, and the point, if it is better than where we stand."""
        x = vector(self.params)
        kept: dict[float, Trial] = {}
        # The squares of a direction may be too small for a number.
        size = float(np.max(np.abs(direction)))
        size *= float(np.linalg.norm(direction / size))
        most = FAR * max(1.0, float(np.linalg.norm(x))) / size

        def phi(t: float) -> tuple[float, float]:
            trial = attempt(self, x + t * direction)
            if not trial.usable:
                return math.inf, math.nan
            for other in [s for s, point in kept.items() if point.value > trial.value]:
                del kept[other]
            kept[t] = trial
            return trial.value, dot(trial.gradient, direction)

        found = strong_wolfe(
            phi, self.loss, slope, self.first_trial(direction), decrease=self.decrease, curvature=self.curvature,
            most=most, max_trials=self.max_trials, noise=rounding(self),
        )  # fmt: skip
        if found.step >= most and found.slope <= 0.9 * slope:
            status, message = falls_on(found.step * size, found.value)
            raise Stalled(message, status)
        trial = kept.get(found.step)
        if trial is None or not (trial.value < self.loss or self.endgame.excuses(trial)):
            return found, None
        return found, trial
