"""Trial points: where a step that measures itself looks before it moves, and what rounding lets it see there."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from ..core.errors import DragongradError
from .endings import unbounded
from .hessians import equilibrate
from .objective import Array
from .result import Status
from .stalled import Stalled
from .trust_region.quadratic import Quadratic
from .trust_region.steihaug import Path
from .vectors import vector

if TYPE_CHECKING:
    from .optimizer import Optimizer

# Of more parameters the Hessian is not formed to see what a step would gain.
_DENSE = 200
# The largest of a few changes by rounding, over their median.
_SPREAD = 8.0


@dataclass(frozen=True)
class Trial:
    """A point that was tried: the value is infinite where the function, or its gradient, has no finite one."""

    params: Array
    value: float
    gradient: Array

    @property
    def usable(self) -> bool:
        """Whether value and gradient are finite."""
        return self.value < math.inf


def attempt(optimizer: Optimizer, x: Array) -> Trial:
    """Evaluate value and gradient at a vector, in the shape and precision of the parameters.

    Overflow, a NaN, a division by zero and a matrix that has no decomposition only say that the point lies outside
    the function's domain: the step is then shortened. A value of minus infinity ends the run: there is no minimum.
    """
    given = x.astype(optimizer.params.dtype, copy=False).reshape(optimizer.params.shape)
    params = given.view()
    params.flags.writeable = False
    try:
        value, gradient = optimizer.objective.value_and_gradient(params)
    except (ArithmeticError, np.linalg.LinAlgError, DragongradError) as error:
        # A Block restates NumPy's error; any other of ours tells of a mistake, or `debug_nans` asked for it.
        if isinstance(error, DragongradError) and not isinstance(error.__context__, np.linalg.LinAlgError):
            raise
        return Trial(given, math.inf, optimizer.gradient)
    if value == -math.inf:
        status, message = unbounded(value)
        raise Stalled(message, status)
    if not math.isfinite(value) or not np.isfinite(gradient).all():
        value = math.inf
    return Trial(given, value, gradient)


def rounding(optimizer: Optimizer) -> float:
    """How much of a change of the value may be rounding: of the value itself, and of the parameters.

    Ten units in the last place of the value, and what the value changes by when every parameter moves by one.
    """
    eps = float(np.finfo(optimizer.params.dtype).eps)
    moved = float(np.abs(vector(optimizer.slope())) @ np.abs(vector(optimizer.params)))
    return eps * (10 * abs(optimizer.loss) + moved)


def measured_rounding(optimizer: Optimizer) -> float:
    """How rough the value is: how it changes over steps of a few units in the last place of the parameters.

    The differences of a smooth function over such steps are rounding alone (Moré and Wild, "Estimating
    computational noise", SIAM J. Sci. Comput. 33, 2011, where it is done with tables of differences). A few times
    their median: the larger half may lead across a jump.
    """
    eps = float(np.finfo(optimizer.params.dtype).eps)
    x = vector(optimizer.params)
    signs = np.where(np.arange(x.size) % 2, 1.0, -1.0)
    trials = [attempt(optimizer, x + k * eps * s * np.abs(x)) for k in (-3, -2, 2, 3) for s in (1.0, signs)]
    changes = sorted(abs(trial.value - optimizer.loss) for trial in trials if trial.usable)
    return max(rounding(optimizer), _SPREAD * changes[len(changes) // 2 - 1] if len(changes) > 1 else 0.0)


class Endgame:
    """The last steps, in which the value changes by rounding alone and only the gradient still tells good from bad.

    Attributes
    ----------
    flattest : float
        The least norm of the gradient since the value last fell by more than rounding.
    idle : int
        The steps since then that did not halve it.

    """

    def __init__(self) -> None:
        self.flattest = math.inf
        self.idle = 0

    def excuses(self, trial: Trial) -> bool:
        """Whether a trial whose value did not fall may be taken: only while gradients shrink, or it never ends."""
        return trial.usable and float(np.linalg.norm(trial.gradient)) <= 0.5 * self.flattest

    def takes(self, optimizer: Optimizer, trial: Trial) -> None:
        """Note a step that is about to be made."""
        size = float(np.linalg.norm(trial.gradient))
        if optimizer.loss - trial.value > rounding(optimizer):
            self.flattest, self.idle = size, 0
        else:
            self.idle = 0 if size <= 0.5 * self.flattest else self.idle + 1
            self.flattest = min(self.flattest, size)


def newton_gain(optimizer: Optimizer) -> float:
    """What Newton's step would gain: infinite where the value curves downwards, NaN without second derivatives."""
    objective, g = optimizer.objective, vector(optimizer.slope())
    if objective.form == "pair":
        return math.nan
    try:
        if g.size > _DENSE:
            return Path(optimizer, 1e-3 * float(np.linalg.norm(g))).step(math.inf).gain
        hessian = objective.hessian(optimizer.params).astype(np.float64)
    except DragongradError:  # a Block of the function cannot be differentiated twice
        return math.nan
    free = optimizer.free()
    hessian = hessian[np.ix_(free, free)]
    if not np.isfinite(hessian).all():
        return math.nan
    return Quadratic(g[free], hessian, equilibrate(hessian)).step(math.inf).gain if free.any() else 0.0


def stuck(optimizer: Optimizer, gain: float) -> Stalled:
    """What to raise when no trial decreased the value, though the method's model predicts a gain."""
    rough = rounding(optimizer)
    if not gain <= rough and math.isfinite(gain):
        rough = measured_rounding(optimizer)
    largest = float(np.max(np.abs(optimizer.slope()), initial=0.0))
    if gain <= rough:
        return Stalled(
            f"no further decrease is possible in floating point: a decrease of {gain:.2g} is predicted where the "
            f"value is rounded by {rough:.2g} (largest element of the gradient: {largest:.2g})",
            Status.CONVERGED,
        )
    return not_smooth(optimizer)


def not_smooth(optimizer: Optimizer) -> Stalled:
    """What to raise when no step gives the decrease that the derivatives promise."""
    largest = float(np.max(np.abs(optimizer.slope()), initial=0.0))
    if math.isinf(largest * largest):
        return Stalled(
            f"the gradient (largest element {largest:.2g}) is so large that its square overflows: divide the "
            f"function by {10.0 ** round(math.log10(largest)):g}",
            Status.NON_FINITE,
        )
    return Stalled(
        f"no step decreases the value, though the gradient (largest element {largest:.2g}) says that one should: "
        "the function has a kink or a jump here, is noisy, too badly scaled for this method, or its gradient is "
        "wrong; compare it with dragongrad.testing.check_derivatives"
    )
