"""Levenberg and Marquardt's method in a trust region, with second derivatives where they pay."""

from __future__ import annotations

import math
from typing import Any, ClassVar

import numpy as np

from ..bounds import read_bounds
from ..limits import Limits
from ..loop import passed
from ..objective import Array, Objective
from ..optimizer import Optimizer, check_positive
from ..result import Status, Test
from ..stalled import Stalled
from .boxed_fit import boxed_step
from .damping import CurvedModel, LinearModel, norm
from .residuals import Residuals, needs_residuals

_EPS = float(np.finfo(float).eps)
_TINY = float(np.finfo(float).tiny)
# Relative to its largest norm so far, a column of the Jacobian this small means that its parameter ran off.
_FLAT = math.sqrt(_EPS)
# So many damped steps in a row mean a canyon: from here on the second derivative along the step pays.
_CANYON = 3
# A correction longer than this, relative to the step, belongs to a series that does not converge yet.
_BENT = 0.25
# A point that no step leaves, though the whole step is this long and the slope this steep, relatively, is none that
# the derivatives know.
_FAR = 1e-5
# After so many undamped steps in a row the next one will do as well.
_SURE = 2
# A step that is to lower the sum of squares by less than this part of its rounding cannot be seen to do so.
_UNSEEN = 0.125
# So many steps in a row that each lower the sum of squares by less than that part of it mean that it will stay
# large, and that the curvature of the residuals counts.
# Where the promises fall by more than the last factor from step to step, Gauss-Newton steps converge quickly.
_SLOW, _LITTLE, _QUICK = 2, 0.02, 1e-2
# Newton's step is tried where it is at most this many radii long, and trusted while the reductions that it predicts
# come true within a quarter; otherwise it is left alone for a while, at most so many steps.
_REACH, _TRUE, _WAIT = 10.0, 0.25, 32


class LevenbergMarquardt(Optimizer):
    """Levenberg-Marquardt: Gauss-Newton steps within a trust region, for sums of squares.

    The step minimizes `|r + J p|` over `|D p| <= radius`, `D` holding the largest norm of each column of the
    Jacobian so far, which makes the method the same in whatever units the parameters are. Moré, "The
    Levenberg-Marquardt algorithm: implementation and theory" (Lecture Notes in Mathematics 630, 1978), as MINPACK
    has it, with what exact derivatives add:

    - After three damped steps in a row the step is bent by half the second derivative of the residuals along it
      (Transtrum and Sethna, "Improvements to the Levenberg-Marquardt algorithm for nonlinear least-squares
      minimization", 2012).
    - Where the sum of squares hardly falls any more but stays large, Gauss-Newton steps converge slowly; there the
      residuals' own Hessians join the model, if that is convex and its whole step near (the switch of Dennis, Gay
      and Welsch, "An adaptive nonlinear least-squares algorithm", 1981, with exact Hessians).
    - Where a parameter ran off until it does not matter any more, the run begins again with a smaller radius, twice
      at most; the best point counts.

    Parameters
    ----------
    loss_func : callable
        `residual(params)` returns an array of residuals, of any shape.
    params, max_iter
        As `Optimizer`; `lr` and `clip` are refused. `gtol`, `xtol`, `ftol`, `max_time`, `callback`, `progress` and
        `path` are those of `ad.least_squares`, or of this class's method `minimize`:
        `fit.minimize(Limits(gtol=1e-10, xtol=1e-10, ftol=1e-15), callback=..., progress=True, path=True)`.
    factor : float
        The first radius, relative to the length of the scaled parameters.
    second_order : bool
        Whether second derivatives are used: bent steps and the residuals' Hessians.
    bounds : optional
        Of the parameters, as `ad.least_squares` takes them; steps stay within, and a start outside is moved to the
        nearest point inside.

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
    second_order: bool = True
    bounds: Any = None
    limits: Limits = Limits(gtol=1e-10, xtol=1e-10, ftol=1e-15, max_iter=2000)
    objective_class: ClassVar[type[Objective]] = Residuals
    without = ("lr", "clip")

    def setup(self) -> None:
        """Check the options and begin without a radius."""
        check_positive(self, "factor")
        self.fit = needs_residuals(self)
        self.restarts = 2
        # The tests where they were last asked for, and what they are of.
        self._tested: tuple[tuple[Any, ...], dict[str, Test]] | None = None
        self.beginning: tuple[Any, ...] = ()
        self.box = read_bounds(self.bounds, self.objective.packing, sides_first=True)
        if self.box is not None:
            self.params = self.box.clip(self.params)
        self._begin()

    def _begin(self) -> None:
        """Forget what was learnt on the way."""
        self.fresh = True
        self.scale = self.longest = np.zeros(1)
        self.radius = self.par = 0.0
        self.canyon = self.slow = self.sure = self.next_try = 0
        self.wait = 1
        self.step_test = self.value_test = self.predicted = math.inf

    def tests(self) -> dict[str, Test]:
        """MINPACK's tests: the angles with the residuals, the radius, and the reductions made and predicted."""
        now = self.gradient, self.fit.matrix, self.limits, self.step_test, self.value_test
        if self._tested is None or any(old is not new for old, new in zip(self._tested[0], now, strict=True)):
            free = None if self.box is None else self.free()
            found = self.fit.tests(self.limits, self.slope(), self.step_test, self.value_test, free)
            self._tested = now, found
        return self._tested[1]

    def settled(self) -> bool:
        """Whether the fit needs no second look."""
        free = None if self.box is None else self.free()
        return self.fit.settled(self.tests()["value"].tolerance, free, self.box)

    def leap(self, params: Array, loss: float, gradient: Array) -> None:
        """Begin anew at a better point."""
        super().leap(params, loss, gradient)
        self.fit.value_and_gradient(params)

    def restart(self) -> None:
        """Forget what was learnt on the way."""
        self._begin()

    def step(self) -> None:
        """Try steps within ever smaller regions until one lowers the cost."""
        fit, x = self.fit, self.params.ravel()
        if not self.beginning:
            self.beginning = (self.params.copy(), self.loss, self.gradient, fit.known())
        with np.errstate(all="ignore"):
            model = self._model(x)
            while self._arrived(model, x) or not self._try(model, x):
                if self._stuck():
                    if not (self._outdated() or self._ran_flat()):
                        raise self._news()
                    break
        if passed(self.tests()):
            if self._outdated():
                self._begin()
            elif self._ran_flat():
                self._restart()

    def _model(self, x: Array) -> LinearModel | CurvedModel:
        """The model at a point, once the scale has grown with the columns there."""
        norms = self.fit.norms()
        self.longest = np.maximum(self.longest, norms)
        self.scale = np.where(self.longest > 0, self.longest, 1.0)
        if self.fresh:
            self.radius = self.factor * (self._length(x) or 1.0)
        r, c = self.fit.triangle()
        held = ~self.free() if self.box is not None else None
        # Parameters that their bounds hold do not matter to the model, so that its steps leave them alone.
        linear = LinearModel(r if held is None else r * ~held, c, self.scale, self.fit.residual.size)
        if not self.second_order or self.slow < _SLOW or self.count < self.next_try:
            return linear
        bend = self.fit.bend(x)
        if np.isfinite(bend).all():
            if held is not None:
                bend = np.where(held | held[:, None], np.diag((self.scale * linear.s[0]) ** 2), bend)
            curved = CurvedModel(linear, bend, self.scale)
            length = norm(curved.undamped()) if curved.convex else math.inf
            if length <= _REACH * self.radius:
                self.radius = max(self.radius, length)
                return curved
        self._leave_alone()
        return linear

    def _length(self, x: Array) -> float:
        """The length of the parameters, scaled; those that never mattered do not count, however far they are."""
        return norm(self.longest * x)

    def _leave_alone(self) -> None:
        """Do without second-order models for twice as many steps as last time."""
        self.next_try = self.count + self.wait
        self.wait = min(2 * self.wait, _WAIT)

    def _arrived(self, model: LinearModel | CurvedModel, x: Array) -> bool:
        """Whether the undamped step is so short that rounding would swallow it, or hide what it gains."""
        z = model.undamped()
        size = norm(z)
        if self.box is not None:
            size = min(size, norm(self.scale * (self.box.clip(x + model.step(z) / self.scale) - x)))
        length = self.whole = size / max(self._length(x), _TINY)
        eps = float(np.finfo(x.dtype).eps)
        seen = length > 4 * eps and model.reductions(z, 0.0)[0] > _UNSEEN * eps * 2 * self.loss
        if seen or length > self.tests()["step"].tolerance:
            return False
        self.step_test, self.after = length, 0.0
        return True

    def _try(self, model: LinearModel | CurvedModel, x: Array) -> bool:
        """Evaluate the step of the present radius, resize the radius by what came of it, and perhaps go there."""
        fit, known, before = self.fit, self.fit.known(), math.sqrt(2 * self.loss)
        self.par, z = model.damped(self.radius, self.par)
        size = norm(z)
        if self.fresh:
            self.radius = min(self.radius, size)
        p = model.step(z) if isinstance(model, CurvedModel) else self._bent(model, x, z, size)
        new = x + p / self.scale
        predicted, slope = model.reductions(z, self.par)
        if self.box is not None and not self.box.holds(new):
            new, size, predicted, slope = self._within(x)
        new = new.astype(x.dtype).reshape(self.params.shape)
        sure = self.sure >= _SURE
        trial = fit.both(new) if sure else fit.residuals(new)
        after = math.sqrt(2 * fit.cost) if fit.cost >= 0 else math.nan
        self.after = after if math.isfinite(after) else math.inf
        last = self.predicted
        ratio = self._resize(predicted / before**2, slope / before**2, size, before)
        if isinstance(model, CurvedModel):
            if abs(ratio - 1) < _TRUE:
                self.wait = 1
            else:
                self._leave_alone()
        accepted = ratio >= 1e-4
        self.sure = self.sure + 1 if accepted and self.par == 0 else 0
        if accepted:
            self.fresh = False
            self.canyon = self.canyon + 1 if self.par > 0 else 0
            self.slow = self.slow + 1 if _QUICK * last < self.predicted < _LITTLE else 0
            gradient = (fit.matrix if sure else fit.jacobian(new)).T @ trial
            self.arrive(new, fit.cost, gradient.reshape(new.shape))
        else:
            fit.recall(known)
        self.step_test = self.radius / max(self._length(self.params.ravel()), _TINY)
        return accepted

    def _within(self, x: Array) -> tuple[Array, float, float, float]:
        """Where the best step within radius and bounds leads, its length, and the reductions that it promises."""
        assert self.box is not None
        ends = np.minimum(self.box.low - x, 0.0), np.maximum(self.box.high - x, 0.0)
        r, c = self.fit.triangle()
        new = self.box.clip(x + boxed_step((r, c), self.scale, ends, self.free(), self.radius))
        p = new - x
        slope = -float(c @ (r @ p))
        return new, norm(self.scale * p), 2 * slope - norm(r @ p) ** 2, slope

    def _bent(self, model: LinearModel, x: Array, z: Array, size: float) -> Array:
        """The scaled step, with half the second-order correction to it in a canyon."""
        p = model.step(z)
        if not self.second_order or self.canyon < _CANYON:
            return p
        second = self.fit.bending(x, p / self.scale, self.box)
        if not np.isfinite(second).all():
            return p
        slope = self.fit.matrix.T @ second
        if self.box is not None:
            slope = slope * self.free()
        correction = model.step(model.answer(slope, self.par)) / 2
        return p + correction if norm(correction) <= _BENT * size else p

    def _resize(self, predicted: float, slope: float, size: float, before: float) -> float:
        """Change the radius by the ratio of the reduction made to the one predicted, and return the ratio."""
        after, par = self.after, self.par
        actual = 1 - (after / before) ** 2 if 0.1 * after < before else -1.0
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
        steep = float(np.max(np.abs(self.slope().ravel()) / self.scale)) / norm(self.fit.residual)
        if ended is None or (self.whole > _FAR and steep > _FAR):
            if self.fit.offset() <= self.fit.rounding():
                return self.fit.rounded()
            if self.fit.faded():
                return Stalled(
                    f"no further decrease is possible in floating point: the length of the residuals fell from "
                    f"{self.fit.first:.2g} to {norm(self.fit.residual):.2g}",
                    Status.CONVERGED,
                )
            return Stalled(
                "no step along the derivatives lowers the sum of squares, however short: the residuals are not "
                "smooth here, or their derivative is not right (ad.testing.check_derivatives finds out)"
            )
        return Stalled(ended.message, ended.status)

    def _outdated(self) -> bool:
        """Whether steps only seem short: in units that a far start made so large that some parameters do not count.

        Those whose change by their own size would still change the residuals: others ran off.
        """
        matter = self.fit.norms() * np.abs(self.params.ravel()) > _FAR * norm(self.fit.residual)
        free = None if self.box is None else self.free()
        return bool((self._shrunk() & matter).any()) and self.fit.offset(free) > _FAR

    def _shrunk(self) -> Array:
        """Which columns of the Jacobian are next to nothing beside what they were."""
        return (self.longest > 0) & (self.fit.norms() <= _FLAT * self.longest)

    def _ran_flat(self) -> bool:
        """Whether a parameter that mattered ran off to where it does not, and the residuals are not zero."""
        return self.restarts > 0 and bool(self._shrunk().any()) and not self.fit.vanished()

    def _restart(self) -> None:
        """Stand at the start again, with a hundredth of the first radius."""
        params, loss, gradient, known = self.beginning
        self.fit.recall(known)
        self.restarts -= 1
        self.factor /= 100
        self._begin()
        self.arrive(params.copy(), loss, gradient)

    def inverse_hessian(self) -> Array | None:
        """The inverse of J'J, or None where a combination of parameters does not matter."""
        return self.fit.inverse_normal()
