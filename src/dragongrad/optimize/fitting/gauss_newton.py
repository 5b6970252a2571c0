"""The Gauss-Newton method with a line search."""

from __future__ import annotations

import math
from typing import ClassVar

import numpy as np

from ..limits import Limits
from ..loop import passed
from ..objective import Array, Objective
from ..optimizer import Optimizer
from ..result import Test
from ..stalled import Stalled
from .backtracking import backtrack
from .damping import LinearModel, norm
from .residuals import Residuals, needs_residuals

# A predicted reduction that a failed search can be forgiven for: rounding hides it.
_UNSEEN = 1e-8
# The least part of a step to try: shorter ones get nowhere within any number of steps.
_SHORTEST = 1e-8


class GaussNewton(Optimizer):
    """Gauss-Newton: each step solves the linear least-squares problem `r + J p`, shortened until the cost falls.

    Nocedal and Wright, *Numerical Optimization* (2006), section 10.3, with the sufficient decrease of their (3.4).
    Where columns of the Jacobian depend on each other the shortest of the best steps is taken. It needs fewer
    operations a step than `LevenbergMarquardt` and is as quick near an answer that fits well; far from it, or
    where the Jacobian is nearly singular, it is the less sure of the two.

    Parameters
    ----------
    loss_func : callable
        `residual(params)` returns an array of residuals, of any shape.
    params, max_iter
        As `Optimizer`; `lr` and `clip` are refused.

    Raises
    ------
    ArgumentError
        The method is given a function that returns one value to be minimized.

    Examples
    --------
    >>> import numpy as np
    >>> from dragongrad.optimize import GaussNewton
    >>> t = np.array([0.0, 1.0, 2.0, 3.0])
    >>> fit = GaussNewton(lambda p: p[0] * np.exp(-p[1] * t) - 5 * np.exp(-t / 2), [3.0, 1.0])
    >>> fit.minimize().x.round(6)
    array([5. , 0.5])

    """

    limits: Limits = Limits(gtol=1e-10, xtol=1e-10, ftol=1e-15, max_iter=2000)
    objective_class: ClassVar[type[Objective]] = Residuals
    without = ("lr", "clip")

    def setup(self) -> None:
        """Take hold of the residuals."""
        self.fit = needs_residuals(self)
        self.restart()

    def restart(self) -> None:
        """Forget the last step."""
        self.step_test = self.value_test = math.inf

    def tests(self) -> dict[str, Test]:
        """The angles with the residuals, the length of the step in scaled parameters, and the reduction."""
        return self.fit.tests(self.limits, self.gradient, self.step_test, self.value_test)

    def settled(self) -> bool:
        """Whether the fit needs no second look."""
        return self.fit.settled(self.tests()["value"].tolerance)

    def leap(self, params: Array, loss: float, gradient: Array) -> None:
        """Begin anew at a better point."""
        super().leap(params, loss, gradient)
        self.fit.value_and_gradient(params)

    def step(self) -> None:
        """Solve the linear problem and search along its answer."""
        fit, x, before = self.fit, self.params.ravel(), self.loss
        norms = fit.norms()
        scale = np.where(norms > 0, norms, 1.0)
        model = LinearModel(*fit.triangle(), scale, fit.residual.size)
        z = model.undamped()
        p = model.step(z)
        # The model's cost falls by half of this, its slope along the step is minus this.
        fall = model.shift(z) ** 2
        self.value_test = fall / (2 * before)
        if math.sqrt(self.value_test) <= fit.rounding():
            raise self.fit.rounded()
        with np.errstate(all="ignore"):
            found = None if self.tests()["value"].passed else backtrack(fit, x, p / scale, before, -fall, _SHORTEST)
        if found is None:
            raise self._news()
        new, loss, t = found
        self.value_test = max(1 - loss / before, fall / (2 * before))
        self.step_test = t * norm(p) / max(norm(scale * x), 1e-300)
        gradient = fit.jacobian(new).T @ fit.residual
        self.arrive(new.reshape(self.params.shape), loss, gradient.reshape(self.params.shape))

    def _news(self) -> Stalled:
        """How a run ends that is stuck."""
        ended = passed(self.tests())
        if ended is not None:
            return Stalled(ended.message, ended.status)
        if self.value_test <= _UNSEEN or self.fit.offset() <= self.fit.rounding():
            return self.fit.rounded()
        return Stalled(
            "no step along the Gauss-Newton direction lowers the sum of squares: the Jacobian is nearly singular "
            "here, or not the right one; method='lm' is surer"
        )

    def inverse_hessian(self) -> Array | None:
        """The inverse of J'J, or None where a combination of parameters does not matter."""
        return self.fit.inverse_normal()
