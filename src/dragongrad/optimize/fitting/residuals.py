"""What a least-squares method sees: residuals, their Jacobian, and what both say of a fit."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np

from ...core.errors import ArgumentError, DragongradError
from ..objective import Array
from ..result import Status, Test
from ..stalled import Stalled
from .damping import LinearModel, norm, triangle_of
from .evaluations import Evaluations

if TYPE_CHECKING:
    from ..bounds import Box
    from ..limits import Limits
    from ..optimizer import Optimizer


# A test is believed where what is left to gain is at most so many times the tolerance of the value, relatively, or
# has this root, or is hidden by rounding of so many units in the last place; residuals have vanished that are this
# small beside those at the start.
_WORTH, _NOTHING, _ULPS, _VANISHED = 100.0, 1e-5, 10.0, 1e-10
# A curvature this small, relative to the product that gives it, is rounding.
_ROUNDED = 1e-10
# Two curvatures found by differences say the same within this part of the one that Gauss and Newton keep.
_CLEAR = 0.05


class Residuals(Evaluations):
    """Residuals whose half sum of squares is the objective.

    Parameters
    ----------
    f : callable
        `f(params, *args)` returns the residuals: an array of any shape, a number, or a nest of them.
    start : nest of arrays
        Where to start: it fixes the structure of the parameters.
    args : tuple
        Further arguments of `f`.
    sigma : Weights, optional
        What the residuals are divided by.
    loss : Loss, optional
        What is minimized in place of half their sum of squares.

    Attributes
    ----------
    residual : ndarray
        The residuals where they were last evaluated, as a vector, over `sigma` and times the weights of the loss.
    matrix : ndarray
        Their Jacobian where it was last evaluated: a row for each, a column for each number of the parameters.
    plain, slopes : ndarray
        The same without the weights of the loss.
    cost : float
        The loss there.
    at : ndarray
        Where that was.
    first : float
        The length of the residuals at the first evaluation.
    nfev, njev, nhev : int
        How many residuals, Jacobians and second derivatives along a direction were computed (of these, some by one
        more evaluation of the residuals).

    Raises
    ------
    ArgumentError
        The function returns nothing, or no residuals.
    ShapeError
        It returns another number of residuals than before.
    DtypeError
        It returns something else than real numbers.

    """

    # The triangle of the matrix, and what it was made of.
    _triangle: tuple[Any, ...] = (None, None)
    _norms: tuple[Any, ...] = (None, None)
    # The cosine of a gradient that is looked at by several tests.
    _cosine: tuple[Any, ...] = (None, None, 0.0)

    def triangle(self) -> tuple[Array, Array]:
        """R and Q'r of the QR factorization of the Jacobian, in place of both wherever only lengths count."""
        if self._triangle[0] is not self.matrix or self._triangle[1] is not self.residual:
            self._triangle = self.matrix, self.residual, triangle_of(self.matrix, self.residual)
        return self._triangle[2]  # type: ignore[no-any-return]

    def tests(
        self, limits: Limits, gradient: Array, step: float, value: float, free: Array | None = None
    ) -> dict[str, Test]:
        """The tests of convergence of a fit: angles, relative length of the step, relative reduction.

        Columns that nearly depend on each other may all be orthogonal to the residuals within a tolerance, though a
        combination of them is not: where each passes, the whole column space has to. `free` are the parameters
        that their bounds do not hold.
        """
        finest = 4 * float(np.finfo(self.start.dtype).eps)
        angle = self.cosine(gradient)
        if angle <= limits.gtol and not self.vanished():
            angle = max(angle, self.offset(free))
        return {
            "gradient": Test(angle, limits.gtol),
            "step": Test(step, limits.xtol and max(limits.xtol, finest)),
            "value": Test(value, limits.ftol and max(limits.ftol, finest)),
        }

    def settled(self, ftol: float, free: Array | None = None, box: Box | None = None) -> bool:
        """Whether a test that was met can be believed without a look at second derivatives.

        That is so where the parameters are determined, the Gauss-Newton step promises next to nothing, and the cost
        curves upwards along the direction that is determined least; or where the residuals have vanished.
        """
        if self.vanished():
            return True
        r = self.triangle()[0]
        inside = np.arange(self.start.size) if free is None else np.flatnonzero(free)
        if self.rank(free) < inside.size:
            return False
        if not inside.size:
            return True
        rounding = self.rounding()
        if self.offset(free) > max(math.sqrt(_WORTH * ftol), _NOTHING, rounding):
            return False
        least = np.zeros(self.start.size)
        least[inside] = np.linalg.svd(r[:, inside])[2][-1]
        try:
            if self.loss is not None:
                turned = self.hvp(self.at, least.astype(self.start.dtype).reshape(self.start.shape))
                return not float(least @ turned.ravel()) < -_ROUNDED * norm(turned.ravel())
            if self._curves_up(least, norm(r @ least), rounding, box):
                return True
            bend = float(self.residual @ self.curvature(self.at, least))
        except DragongradError:  # a Block of the residuals cannot be differentiated twice
            return True
        return not bend < -float(np.sum((r @ least) ** 2))

    def _curves_up(self, v: Array, moved: float, rounding: float, box: Box | None) -> bool:
        """Whether the cost clearly curves upwards along a direction, by differences of two lengths that agree.

        `moved` is `|J v|`. Two evaluations of the residuals take much less than an exact second derivative.
        """
        length = norm(self.residual)
        part = float(np.finfo(self.start.dtype).eps) ** 0.2
        if not moved > 0 or not rounding < _CLEAR * part**2:
            return False
        v = v * (length / moved)
        bends = [float(self.residual @ self.bending(self.at, v, box, k * part)) / length**2 for k in (1, 2)]
        return abs(bends[0] - bends[1]) < _CLEAR and min(bends) > -0.5

    def vanished(self) -> bool:
        """Whether nothing is left of the residuals, beside those at the start and beside the terms that cancel.

        Those at the start alone say little: from a start where an exponential overflows nearly, whatever comes next
        is nothing beside them.
        """
        length = norm(self.residual)
        if not self.faded():
            return False
        # Squares below the root of the least number have hardly any digits left to improve.
        least = float(np.finfo(self.start.dtype).tiny) ** 0.25
        return length <= max(_VANISHED * norm(np.abs(self.matrix) @ np.abs(self.at.ravel())), least)

    def unfit(self) -> str | None:
        """Why the residuals cannot be squared as they are, if they cannot."""
        size = float(np.max(np.abs(self.residual), initial=0.0))
        terms = np.max(np.abs(self.matrix) @ np.abs(self.at.ravel()), initial=0.0)
        kind = np.finfo(self.residual.dtype)
        if size > 0 and max(size, terms) < math.sqrt(kind.tiny) / kind.eps:
            change = f"small that their squares underflow: multiply them by {10.0 ** -round(math.log10(size)):g}"
        elif size < math.inf and self.cost == math.inf:
            change = f"large that their squares overflow: divide them by {10.0 ** round(math.log10(size)):g}"
        else:
            return None
        return f"the residuals (the largest {size:.2g}) are so {change}"

    def faded(self) -> bool:
        """Whether nothing is left of the residuals beside those at the start."""
        return norm(self.residual) <= _VANISHED * self.first

    def offset(self, free: Array | None = None) -> float:
        """The cosine of the angle between the residuals and the column space of their Jacobian.

        The criterion of Bates and Watts, "A relative offset orthogonality convergence criterion for nonlinear least
        squares", Technometrics 23 (1981), which does not depend on the choice of parameters: its square is the part
        of the sum of squares that the Gauss-Newton step promises to remove.
        """
        length, norms = norm(self.residual), self.norms()
        if length == 0 or not norms.any() or not np.isfinite(norms).all():
            return 0.0
        r, c = self.triangle()
        keep = norms > 0 if free is None else (norms > 0) & free
        if not keep.any():
            return 0.0
        model = LinearModel(r[:, keep], c, norms[keep], self.residual.size)
        return norm(model.c[model.kept]) / length

    def rounding(self) -> float:
        """How far rounding of residuals and parameters moves the residuals, relative to their length."""
        moved = np.abs(self.matrix) @ np.abs(self.at.ravel()) + np.abs(self.residual)
        return _ULPS * float(np.finfo(self.start.dtype).eps) * norm(moved) / (norm(self.residual) or 1.0)

    def rounded(self) -> Stalled:
        """What to raise where rounding hides what is left to gain."""
        return Stalled(
            f"no further decrease is possible in floating point: the sum of squares can fall by "
            f"{self.offset() ** 2:.2g} of it, and rounding moves the residuals by {self.rounding():.2g}",
            Status.CONVERGED,
        )

    def norms(self) -> Array:
        """The norms of the columns of the Jacobian."""
        r = self.triangle()[0]
        if self._norms[0] is not r:
            # Unlike sums of squares, this does not underflow.
            self._norms = r, np.hypot.reduce(r, axis=0)
        return self._norms[1]  # type: ignore[no-any-return]

    def cosine(self, gradient: Array) -> float:
        """The largest cosine of the angle between the residuals and a column of their Jacobian."""
        norms = self.norms()
        if self._cosine[0] is not norms or self._cosine[1] is not gradient:
            length = float(np.sqrt(self.residual @ self.residual))
            matter = norms > 0
            none = length == 0 or self.cost == 0 or not matter.any()
            found = 0.0 if none else float(np.max(np.abs(gradient.ravel()[matter]) / norms[matter])) / length
            self._cosine = norms, gradient, found
        return self._cosine[2]  # type: ignore[no-any-return]

    def rank(self, free: Array | None = None) -> int:
        """The rank of the Jacobian, its columns scaled to one length."""
        norms = self.norms()
        if not np.isfinite(norms).all():
            return 0
        scaled = self.triangle()[0] / np.where(norms > 0, norms, 1.0)
        return rank_of(scaled if free is None else scaled[:, free], self.residual.size)

    def inverse_normal(self) -> Array | None:
        """The inverse of J'J from the triangle of J, or None where the columns of J are dependent."""
        m, n = self.matrix.shape
        if m < n or self.rank() < n:
            return None
        norms = self.norms()
        with np.errstate(all="ignore"):
            inverse = np.linalg.inv(self.triangle()[0] / norms) / norms[:, None]
            return inverse @ inverse.T


def rank_of(matrix: Array, rows: int) -> int:
    """The number of singular values that are not rounding, of a matrix that stands for one of more rows."""
    if not matrix.size:
        return 0
    s = np.linalg.svd(matrix, compute_uv=False)
    return int(np.sum(s > np.finfo(matrix.dtype).eps * max(rows, matrix.shape[1]) * s[0]))


def needs_residuals(optimizer: Optimizer) -> Residuals:
    """The residuals that a method was given, which it cannot do without."""
    objective = optimizer.objective
    if not isinstance(objective, Residuals):
        raise ArgumentError(
            f"{type(optimizer).__name__} needs the residuals one by one: write ad.least_squares(residual, x0), "
            "with a function that returns their array"
        )
    return objective
