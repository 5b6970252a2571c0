"""What a least-squares method sees of the user's function: residuals and their Jacobian, each call counted."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np

from ...compiler.tiers import FORWARD, PRODUCT, VALUE
from ...core.errors import ArgumentError, DragongradError, DtypeError, ShapeError, describe
from ...core.nests import flatten
from ...core.variable import value_of
from ...transforms.forward import jvp
from ...transforms.jacobians import hessian, jacfwd, jacrev
from ..objective import Array, Objective
from ..result import Status, Test
from ..stalled import Stalled
from .damping import LinearModel, norm, triangle_of
from .robust import Loss, Weights

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


def flat(out: Any, sigma: Weights | None) -> Any:
    """What a residual function returned as a vector, over `sigma`."""
    if out is None:
        raise ArgumentError("the residual function returned None: return the array of residuals")
    if not hasattr(out, "dtype"):
        leaves = flatten(out)[0]
        out = np.concatenate([np.ravel(part) for part in leaves]) if leaves else np.zeros(0)
    vector = out if out.ndim == 1 else np.ravel(out)
    return vector if sigma is None else sigma(vector, np.shape(out))


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

    def __init__(
        self, f: Callable[..., Any], start: Any, args: tuple[Any, ...] = (), mode: str | None = None,
        form: str | None = None, compile: bool = False, sigma: Weights | None = None, loss: Loss | None = None,
    ) -> None:  # fmt: skip
        super().__init__(f, start, args, mode=mode, form=form or "value", compile=compile)
        self.sigma, self.loss = sigma, loss
        self._vector = self._tiered(self.vector, VALUE)
        self._jacobian = self._tiered(self._rows, FORWARD)
        self._curvature = self._tiered(self._second, PRODUCT)
        self._bend = self._tiered(self._weighted, FORWARD)
        self.residual: Array = np.empty(0)
        self.plain = self.residual
        self.weights: Array | None = None
        self.cost = math.inf
        self.matrix: Array = np.empty((0, 0))
        self.slopes = self.matrix
        self.at: Array = self.start
        self.first = 0.0
        # The triangle of the matrix, and what it was made of.
        self._triangle: tuple[Any, ...] = (None, None)
        self._norms: tuple[Any, ...] = (None, None)
        # The cosine of a gradient that is looked at by several tests.
        self._cosine: tuple[Any, ...] = (None, None, 0.0)

    def vector(self, x: Any) -> Any:
        """The residuals at a vector or Variable, as a vector; not counted."""
        shape = self.start.shape
        return self._of(self.packing.unpack(x if x.shape == shape else np.reshape(x, shape)))

    def _of(self, params: Any) -> Any:
        return flat(self.f(params, *self.args), self.sigma)

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
        self.plain = self.residual = r if r.dtype.kind == "f" else r.astype(float)
        if self.loss is None:
            self.cost = 0.5 * float(r @ r)
        else:
            self.cost = float(self.loss.cost(self.plain))
            self.weights = self.loss.weights(self.plain)
            self.residual = self.weights * self.plain
        self.first = self.first or norm(self.residual)
        return self.residual

    def jacobian(self, x: Array) -> Array:
        """The Jacobian of the residuals, forward where there are no more parameters than residuals."""
        if not self.njev:
            _keep_memory(8 * self.residual.size * self.start.size)
        self.njev += 1
        self.at = x
        self.matrix = self.slopes = np.asarray(self._jacobian(np.ravel(x)))
        if self.weights is not None:
            self.matrix = self.weights[:, None] * self.slopes
        if self.residual.size:
            _check_number(len(self.matrix), self.residual.size)
        return self.matrix

    def _rows(self, x: Any) -> Any:
        transform = jacfwd if self.start.size <= max(self.residual.size, 1) else jacrev
        return transform(self.vector)(x)

    def curvature(self, x: Array, v: Array) -> Array:
        """The second derivative of the residuals along a direction."""
        self.nhev += 1
        second = np.asarray(self._curvature(np.ravel(x), np.ravel(v)))
        return second if self.weights is None else self.weights * second

    def bending(self, x: Array, v: Array, box: Box | None) -> Array:
        """The same to few digits: a difference to where residuals and Jacobian are known, if bounds allow it."""
        # Rounding and what the difference leaves out are both small then, in either precision.
        part = float(np.finfo(self.start.dtype).eps) ** 0.2
        near = (x + part * v).astype(x.dtype)
        if box is not None and not box.holds(near):
            return self.curvature(x, v)
        self.nhev += 1
        there = np.asarray(value_of(self._vector(near)))
        second = 2 / part * ((there - self.plain) / part - self.slopes @ v)
        return second if self.weights is None else self.weights * second

    def _second(self, x: Any, v: Any) -> Any:
        return jvp(lambda z: jvp(self.vector, (z,), (v,))[1], (x,), (v,))[1]

    def bend(self, x: Array) -> Array:
        """The sum of the residuals' Hessians, each times its residual: what Gauss and Newton leave out."""
        if self.loss is not None:
            return self.hessian(x) - self.matrix.T @ self.matrix
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
        r = self._of(params)
        return 0.5 * np.sum(r**2) if self.loss is None else self.loss.cost(r)

    def known(self) -> tuple[Any, ...]:
        """Residuals and Jacobian where they were last evaluated, and where that was."""
        return self.residual, self.plain, self.weights, self.cost, self.matrix, self.slopes, self.at

    def recall(self, known: tuple[Any, ...]) -> None:
        """Stand there again."""
        self.residual, self.plain, self.weights, self.cost, self.matrix, self.slopes, self.at = known

    def triangle(self) -> tuple[Array, Array]:
        """R and Q'r of the QR factorization of the Jacobian, in place of both wherever only lengths count."""
        if self._triangle[0] is not self.matrix or self._triangle[1] is not self.residual:
            self._triangle = self.matrix, self.residual, triangle_of(self.matrix, self.residual)
        return self._triangle[2]  # type: ignore[no-any-return]

    def value(self, x: Array) -> float:
        """Half the sum of squares, or the loss."""
        self.residuals(x)
        return self.cost

    def value_and_gradient(self, x: Array) -> tuple[float, Array]:
        """Half the sum of squares, or the loss, and its gradient."""
        value = self.value(x)
        return value, (self.jacobian(x).T @ self.residual).reshape(x.shape)

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

    def settled(self, ftol: float, free: Array | None = None) -> bool:
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
        if self.offset(free) > max(math.sqrt(_WORTH * ftol), _NOTHING, self.rounding()):
            return False
        least = np.zeros(self.start.size)
        least[inside] = np.linalg.svd(r[:, inside])[2][-1]
        try:
            if self.loss is not None:
                turned = self.hvp(self.at, least.astype(self.start.dtype).reshape(self.start.shape))
                return not float(least @ turned.ravel()) < -_ROUNDED * norm(turned.ravel())
            bend = float(self.residual @ self.curvature(self.at, least))
        except DragongradError:  # a Block of the residuals cannot be differentiated twice
            return True
        return not bend < -float(np.sum((r @ least) ** 2))

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


def _keep_memory(size: int) -> None:
    """Let the C library keep memory for some arrays of this many bytes, once they are freed.

    It gives large arrays back to the system at once, and fetching them anew costs several times as much as what is
    computed with them; glibc takes the largest array that was ever freed as a sign of what a process needs.
    """
    np.empty(min(max(16 * size, 0), 30_000_000), np.uint8)


def rank_of(matrix: Array, rows: int) -> int:
    """The number of singular values that are not rounding, of a matrix that stands for one of more rows."""
    if not matrix.size:
        return 0
    s = np.linalg.svd(matrix, compute_uv=False)
    return int(np.sum(s > np.finfo(matrix.dtype).eps * max(rows, matrix.shape[1]) * s[0]))


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
