"""What a least-squares method sees of the user's function: residuals and their Jacobian, each call counted."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np

from ..core.errors import ArgumentError, DragongradError, DtypeError, ShapeError, describe
from ..core.nests import flatten
from ..core.variable import value_of
from ..transforms.forward import jvp
from ..transforms.jacobians import hessian, jacfwd, jacrev
from .damping import LinearModel, norm
from .objective import Array, Objective
from .result import Status, Test
from .stalled import Stalled
from .tiers import FORWARD, PRODUCT, VALUE

if TYPE_CHECKING:
    from .limits import Limits
    from .optimizer import Optimizer


# A test is believed where what is left to gain is at most so many times the tolerance of the value, relatively, or
# has this root, or is hidden by rounding of so many units in the last place; residuals have vanished that are this
# small beside those at the start.
_WORTH, _NOTHING, _ULPS, _VANISHED = 100.0, 1e-5, 10.0, 1e-10


class Residuals(Objective):
    """Residuals whose half sum of squares is the objective.

    Parameters
    ----------
    f : callable
        `f(params, *args)` returns the residuals: an array of any shape, a number, or a nest of them.
    start : nest of arrays
        Where to start: it fixes the structure of the parameters.
    args : tuple
        Further arguments of `f`.

    Attributes
    ----------
    residual : ndarray
        The residuals where they were last evaluated, as a vector.
    matrix : ndarray
        Their Jacobian where it was last evaluated: a row for each, a column for each number of the parameters.
    at : ndarray
        Where that was.
    first : float
        The length of the residuals at the first evaluation.
    nfev, njev, nhev : int
        How many residuals, Jacobians and second derivatives along a direction were computed.

    Raises
    ------
    ArgumentError
        The function returns nothing, or no residuals.
    ShapeError
        It returns another number of residuals than before.
    DtypeError
        It returns something else than real numbers.

    """

    def __init__(
        self, f: Callable[..., Any], start: Any, args: tuple[Any, ...] = (), mode: str | None = None,
        form: str | None = None, compile: bool = False,
    ) -> None:  # fmt: skip
        super().__init__(f, start, args, mode=mode, form=form or "value", compile=compile)
        self._vector = self._tiered(self.vector, VALUE)
        self._jacobian = self._tiered(self._rows, FORWARD)
        self._curvature = self._tiered(self._second, PRODUCT)
        self._bend = self._tiered(self._weighted, FORWARD)
        self.residual: Array = np.empty(0)
        self.matrix: Array = np.empty((0, 0))
        self.at: Array = self.start
        self.first = 0.0

    def vector(self, x: Any) -> Any:
        """The residuals at a vector or Variable, as a vector; not counted."""
        return self._of(self.packing.unpack(np.reshape(x, self.start.shape)))

    def _of(self, params: Any) -> Any:
        out = self.f(params, *self.args)
        if out is None:
            raise ArgumentError("the residual function returned None: return the array of residuals")
        if not hasattr(out, "dtype"):
            leaves = flatten(out)[0]
            out = np.concatenate([np.ravel(part) for part in leaves]) if leaves else np.zeros(0)
        return np.ravel(out)

    def residuals(self, x: Array) -> Array:
        """The residuals, as a vector."""
        self.nfev += 1
        known = self.residual.size
        r = np.asarray(value_of(self._vector(x)))
        if r.dtype.kind not in "fiub":
            raise DtypeError(
                f"the residuals are {describe(r)}: return real numbers; of complex residuals z return "
                "np.concatenate([z.real, z.imag])"
            )
        if not r.size:
            raise ArgumentError("the residual function returned no residuals: return an array with at least one")
        if known:
            _check_number(r.size, known)
        self.residual = r if r.dtype.kind == "f" else r.astype(float)
        self.first = self.first or norm(self.residual)
        return self.residual

    def jacobian(self, x: Array) -> Array:
        """The Jacobian of the residuals, forward where there are no more parameters than residuals."""
        self.njev += 1
        self.at = x
        self.matrix = np.asarray(self._jacobian(np.ravel(x)))
        if self.residual.size:
            _check_number(len(self.matrix), self.residual.size)
        return self.matrix

    def _rows(self, x: Any) -> Any:
        transform = jacfwd if self.start.size <= max(self.residual.size, 1) else jacrev
        return transform(self.vector)(x)

    def curvature(self, x: Array, v: Array) -> Array:
        """The second derivative of the residuals along a direction."""
        self.nhev += 1
        return np.asarray(self._curvature(np.ravel(x), np.ravel(v)))

    def _second(self, x: Any, v: Any) -> Any:
        return jvp(lambda z: jvp(self.vector, (z,), (v,))[1], (x,), (v,))[1]

    def bend(self, x: Array) -> Array:
        """The sum of the residuals' Hessians, each times its residual: what Gauss and Newton leave out."""
        self.nhev += 1
        return np.asarray(self._bend(np.ravel(x), self.residual))

    def _weighted(self, x: Any, weights: Any) -> Any:
        return hessian(lambda z: np.sum(weights * self.vector(z)))(x)

    def check(self) -> None:
        """Warn where what was compiled is no longer the function."""
        first = next((tier for tier in (self._vector, self._jacobian) if tier.compiled), None)
        if first is not None:
            first.check()

    def _call(self, params: Any) -> Any:
        return 0.5 * np.sum(self._of(params) ** 2)

    def known(self) -> tuple[Array, Array, Array]:
        """Residuals and Jacobian where they were last evaluated, and where that was."""
        return self.residual, self.matrix, self.at

    def recall(self, known: tuple[Array, Array, Array]) -> None:
        """Stand there again."""
        self.residual, self.matrix, self.at = known

    def value(self, x: Array) -> float:
        """Half the sum of squares."""
        r = self.residuals(x)
        return 0.5 * float(r @ r)

    def value_and_gradient(self, x: Array) -> tuple[float, Array]:
        """Half the sum of squares and its gradient."""
        value = self.value(x)
        return value, (self.jacobian(x).T @ self.residual).reshape(x.shape)

    def tests(self, limits: Limits, gradient: Array, step: float, value: float) -> dict[str, Test]:
        """The tests of convergence of a fit: angles, relative length of the step, relative reduction.

        Columns that nearly depend on each other may all be orthogonal to the residuals within a tolerance, though a
        combination of them is not: where each passes, the whole column space has to.
        """
        finest = 4 * float(np.finfo(self.start.dtype).eps)
        angle = self.cosine(gradient)
        if angle <= limits.gtol and not self.vanished():
            angle = max(angle, self.offset())
        return {
            "gradient": Test(angle, limits.gtol),
            "step": Test(step, limits.xtol and max(limits.xtol, finest)),
            "value": Test(value, limits.ftol and max(limits.ftol, finest)),
        }

    def settled(self, ftol: float) -> bool:
        """Whether a test that was met can be believed without a look at second derivatives.

        That is so where the parameters are determined, the Gauss-Newton step promises next to nothing, and half the
        sum of squares curves upwards along the direction that is determined least; or where the residuals have
        vanished.
        """
        if self.vanished():
            return True
        if self.rank() < self.start.size:
            return False
        if self.offset() > max(math.sqrt(_WORTH * ftol), _NOTHING, self.rounding()):
            return False
        least = np.linalg.svd(self.matrix, full_matrices=False)[2][-1]
        try:
            bend = float(self.residual @ self.curvature(self.at, least))
        except DragongradError:  # a Block of the residuals cannot be differentiated twice
            return True
        return not bend < -float(np.sum((self.matrix @ least) ** 2))

    def vanished(self) -> bool:
        """Whether nothing is left of the residuals, beside those at the start."""
        return norm(self.residual) <= _VANISHED * self.first

    def offset(self) -> float:
        """The cosine of the angle between the residuals and the column space of their Jacobian.

        The criterion of Bates and Watts, "A relative offset orthogonality convergence criterion for nonlinear least
        squares", Technometrics 23 (1981), which does not depend on the choice of parameters: its square is the part
        of the sum of squares that the Gauss-Newton step promises to remove.
        """
        length, norms = norm(self.residual), self.norms()
        if length == 0 or not norms.any() or not np.isfinite(norms).all():
            return 0.0
        model = LinearModel(self.matrix, self.residual, np.where(norms > 0, norms, 1.0))
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
        return np.sqrt(np.einsum("ij,ij->j", self.matrix, self.matrix))

    def cosine(self, gradient: Array) -> float:
        """The largest cosine of the angle between the residuals and a column of their Jacobian."""
        norms = self.norms()
        length = float(np.sqrt(self.residual @ self.residual))
        matter = norms > 0
        if length == 0 or not matter.any():
            return 0.0
        return float(np.max(np.abs(gradient.ravel()[matter]) / norms[matter])) / length

    def rank(self) -> int:
        """The rank of the Jacobian, its columns scaled to one length."""
        norms = self.norms()
        if not np.isfinite(norms).all():
            return 0
        return int(np.linalg.matrix_rank(self.matrix / np.where(norms > 0, norms, 1.0)))

    def inverse_normal(self) -> Array | None:
        """The inverse of J'J from the triangle of J, or None where the columns of J are dependent."""
        m, n = self.matrix.shape
        if m < n or self.rank() < n:
            return None
        norms = self.norms()
        inverse = np.linalg.inv(np.linalg.qr(self.matrix / norms, mode="r")) / norms[:, None]
        return inverse @ inverse.T


def _check_number(got: int, known: int) -> None:
    if got != known:
        raise ShapeError(
            f"the residual function returned {got} residuals after {known}: their number must not depend on the "
            "parameters; weigh with zeros those that do not count"
        )


def needs_residuals(optimizer: Optimizer) -> Residuals:
    """The residuals that a method was given, which it cannot do without."""
    objective = optimizer.objective
    if not isinstance(objective, Residuals):
        raise ArgumentError(
            f"{type(optimizer).__name__} needs the residuals one by one: write ad.least_squares(residual, x0), "
            "with a function that returns their array"
        )
    return objective
