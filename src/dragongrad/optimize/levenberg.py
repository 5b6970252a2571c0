"""Levenberg and Marquardt's method with a trust region, and acceleration along canyons."""

from __future__ import annotations

import math
from typing import ClassVar

import numpy as np

from .damping import LinearModel, norm
from .loop import Limits, Stalled, passed
from .objective import Array, Objective
from .optimizer import Optimizer, check_positive
from .residuals import Residuals, needs_residuals
from .result import Status, Test

_EPS = float(np.finfo(float).eps)
_TINY = float(np.finfo(float).tiny)
# A damped step in a row this often means a canyon: from here on the second derivative along the step pays.
_CANYON = 3
# Relative to its largest norm so far, a column of the Jacobian this small means that its parameter ran off.
_FLAT = math.sqrt(_EPS)


class LevenbergMarquardt(Optimizer):
    """Levenberg-Marquardt: Gauss-Newton steps within a trust region, for sums of squares.

    The step minimizes `|r + J p|` over `|D p| <= radius`, `D` holding the largest norm of each column of the
    Jacobian so far, which makes the method the same in whatever units the parameters are. Moré, "The
    Levenberg-Marquardt algorithm: implementation and theory" (Lecture Notes in Mathematics 630, 1978), as MINPACK
    has it, with two additions. After three damped steps in a row the step is bent by half the second derivative of
    the residuals along it, which exact derivatives give for one more evaluation (Transtrum and Sethna,
    "Improvements to the Levenberg-Marquardt algorithm for nonlinear least-squares minimization", 2012). And where
    a parameter ran off until it does not matter any more, the run begins again with a smaller radius, twice at
    most; the best point counts.

    Parameters
    ----------
    loss_func : callable
        `residual(params)` returns an array of residuals, of any shape.
    params, max_iter
        As `Optimizer`. `lr`, `tol` and `clip` are not used.
    factor : float
        The first radius, relative to the length of the scaled parameters.
    acceleration : bool
        Whether steps are bent.

    Raises
    ------
    ArgumentError
        `factor` is not positive, or the method is given a function that returns one value to be minimized.

    Examples
    --------
    >>> import numpy as np
    >>> from dragongrad.optimize import LevenbergMarquardt
    >>> t = np.array([0.0, 1.0, 2.0, 3.0])
    >>> fit = LevenbergMarquardt(lambda p: p[0] * np.exp(-p[1] * t) - 5 * np.exp(-t / 2), [1.0, 1.0])
    >>> fit.minimize().x.round(6)
    array([5. , 0.5])

    """

    factor: float = 100.0
    acceleration: bool = True
    limits: Limits = Limits(gtol=1e-10, xtol=1e-10, ftol=1e-15, max_iter=2000)
    objective_class: ClassVar[type[Objective]] = Residuals

    def setup(self) -> None:
        """Check the options and begin without a radius."""
        check_positive(self, "factor")
        self.fit = needs_residuals(self)
        self.scale: Array = np.empty(0)
        self.radius = self.par = 0.0
        self.fresh = True
        self.canyon = 0
        self.restarts = 2
        self.beginning: tuple[Array, ...] = ()
        self.step_test = self.value_test = math.inf

    def tests(self) -> dict[str, Test]:
        """MINPACK's tests: the angles with the residuals, the radius, and the reductions made and predicted."""
        return self.fit.tests(self.limits, self.gradient, self.step_test, self.value_test)

    def step(self) -> None:
        """Try steps within ever smaller regions until one lowers the cost."""
        fit, x = self.fit, self.params.ravel()
        if not self.beginning:
            self.beginning = (self.params.copy(), np.float64(self.loss), self.gradient, fit.residual, fit.matrix)
        self._measure(x)
        model = LinearModel(fit.matrix, fit.residual, self.scale)
        with np.errstate(all="ignore"):
            while self._arrived(model, x) or not self._try(model, x):
                if self._stuck():
                    if not self._ran_flat():
                        raise self._news()
                    break
        if passed(self.tests()) and self._ran_flat():
            self._restart()

    def _measure(self, x: Array) -> None:
        """Lengthen the scale where a column has grown, and at the beginning choose the radius."""
        norms = self.fit.norms()
        if self.fresh:
            self.scale = np.where(norms > 0, norms, 1.0)
            self.radius = self.factor * (norm(self.scale * x) or 1.0)
            self.par = 0.0
        self.scale = np.maximum(self.scale, norms)

    def _arrived(self, model: LinearModel, x: Array) -> bool:
        """Whether the undamped step is so short that rounding would swallow it."""
        length = norm(model.undamped()) / max(norm(self.scale * x), _TINY)
        if length > min(self.tests()["step"].tolerance, 4 * float(np.finfo(x.dtype).eps)):
            return False
        self.step_test, self.predicted, self.after = length, 0.0, 0.0
        return True

    def _try(self, model: LinearModel, x: Array) -> bool:
        """Evaluate the step of the present radius, resize the radius by what came of it, and perhaps go there."""
        fit, residual, before = self.fit, self.fit.residual, math.sqrt(2 * self.loss)
        self.par, z = model.damped(self.radius, self.par)
        p = model.step(z)
        size = norm(p)
        if self.fresh:
            self.radius = min(self.radius, size)
        new = (x + self._bent(model, x, p, size) / self.scale).astype(x.dtype).reshape(self.params.shape)
        trial = fit.residuals(new)
        after = norm(trial)
        self.after = after if math.isfinite(after) else math.inf
        ratio = self._resize(model.shift(z) / before, size, before)
        accepted = ratio >= 1e-4
        if accepted:
            self.fresh = False
            self.canyon = self.canyon + 1 if self.par > 0 else 0
            gradient = fit.jacobian(new).T @ trial
            self.arrive(new, 0.5 * after * after, gradient.reshape(new.shape))
        else:
            fit.residual = residual
        self.step_test = self.radius / max(norm(self.scale * self.params.ravel()), _TINY)
        return accepted

    def _bent(self, model: LinearModel, x: Array, p: Array, size: float) -> Array:
        """The scaled step, with half the second-order correction to it in a canyon."""
        if not self.acceleration or self.canyon < _CANYON:
            return p
        second = self.fit.curvature(x, p / self.scale)
        if not np.isfinite(second).all():
            return p
        correction = model.step(model.answer(second, self.par)) / 2
        # Further off, the series that the correction is a term of does not converge.
        return p + correction if norm(correction) <= 0.375 * size else p

    def _resize(self, shift: float, size: float, before: float) -> float:
        """Change the radius by the ratio of the reduction made to the one predicted, and return the ratio."""
        after, par = self.after, self.par
        damping = par * (size / before) ** 2
        actual = 1 - (after / before) ** 2 if 0.1 * after < before else -1.0
        predicted = shift**2 + 2 * damping
        slope = shift**2 + damping
        ratio = actual / predicted if predicted > 0 else 0.0
        if ratio <= 0.25:
            shrink = 0.5 if actual >= 0 else 0.5 * slope / (slope - 0.5 * actual)
            if 0.1 * after >= before or shrink < 0.1:
                shrink = 0.1
            self.radius = shrink * min(self.radius, size / 0.1)
            self.par = par / shrink
        elif par == 0 or ratio >= 0.75:
            self.radius = 2 * size
            self.par = par / 2
        self.predicted = predicted
        self.value_test = max(abs(actual), predicted) if ratio <= 2 else math.inf
        return ratio

    def _stuck(self) -> bool:
        """Whether after a step that was refused no smaller one can do better."""
        return passed(self.tests()) is not None or self.step_test <= _EPS

    def _news(self) -> Stalled:
        """How a run ends that is stuck."""
        ended = passed(self.tests())
        if self.after == math.inf:
            return Stalled(
                "every step tried led to residuals that are NaN or infinite; run it within ad.debug_nans() to see "
                "where",
                Status.NON_FINITE,
            )
        if ended is None or (self.predicted > 1e-4 and self.loss > _EPS * self.beginning[1]):
            return Stalled(
                "no step along the derivatives lowers the sum of squares, however short: the residuals are not "
                "smooth here, or their derivative is not right (ad.testing.check_derivatives finds out)"
            )
        return Stalled(ended[1], ended[0])

    def _ran_flat(self) -> bool:
        """Whether a parameter that mattered ran off to where it does not, and the residuals are not zero."""
        flat = self.fit.norms() <= _FLAT * self.scale
        return self.restarts > 0 and bool(flat.any()) and self.loss > _EPS * self.beginning[1]

    def _restart(self) -> None:
        """Stand at the start again, with a hundredth of the first radius."""
        params, loss, gradient, self.fit.residual, self.fit.matrix = self.beginning
        self.restarts -= 1
        self.factor /= 100
        self.fresh = True
        self.canyon = 0
        self.step_test = self.value_test = math.inf
        self.arrive(params.copy(), float(loss), gradient)

    def inverse_hessian(self) -> Array | None:
        """The inverse of J'J, or None where a combination of parameters does not matter."""
        return self.fit.inverse_normal()
