"""A function of residuals and its derivatives, each call counted."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np

from ...compiler.tiers import FORWARD, PRODUCT, VALUE
from ...core.errors import ArgumentError, DtypeError, ShapeError, describe
from ...core.nests import flatten
from ...core.variable import value_of
from ...transforms.forward import jvp
from ...transforms.jacobians import hessian, jacfwd, jacrev
from ..objective import Array, Objective
from .damping import norm
from .robust import Loss, Weights

if TYPE_CHECKING:
    from ..bounds import Box


def flat(out: Any, sigma: Weights | None) -> Any:
    """What a residual function returned as a vector, over `sigma`."""
    if out is None:
        raise ArgumentError("the residual function returned None: return the array of residuals")
    if not hasattr(out, "dtype"):
        leaves = flatten(out)[0]
        out = np.concatenate([np.ravel(part) for part in leaves]) if leaves else np.zeros(0)
    vector = out if out.ndim == 1 else np.ravel(out)
    return vector if sigma is None else sigma(vector, np.shape(out))


class Evaluations(Objective):
    """The evaluations that `Residuals` is made of; parameters, attributes and errors as there."""

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

    def vector(self, x: Any) -> Any:
        """The residuals at a vector or Variable, as a vector; not counted."""
        shape = self.start.shape
        return self._of(self.packing.unpack(x if x.shape == shape else np.reshape(x, shape)))

    def _of(self, params: Any) -> Any:
        return flat(self.f(params, *self.args), self.sigma)

    def residuals(self, x: Array) -> Array:
        """The residuals, as a vector."""
        self.nfev += 1
        return self._keep_residuals(self._vector(x))

    def both(self, x: Array) -> Array:
        """The residuals, with their Jacobian in the same run, which takes less than one after the other."""
        self.nfev += 1
        matrix, r = self._derived(x)
        self._keep_residuals(r)
        self._keep_matrix(matrix, x)
        return self.residual

    def _keep_residuals(self, found: Any) -> Array:
        r, known = np.asarray(value_of(found)), self.residual.size
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
        return self._keep_matrix(self._derived(x)[0], x)

    def _derived(self, x: Array) -> tuple[Array, Any]:
        if not self.njev:
            _keep_memory(8 * self.residual.size * self.start.size)
        self.njev += 1
        matrix, r = self._jacobian(np.ravel(x))
        return np.asarray(matrix), r

    def _keep_matrix(self, matrix: Array, x: Array) -> Array:
        self.at = x
        self.matrix = self.slopes = matrix
        if self.weights is not None:
            self.matrix = self.weights[:, None] * self.slopes
        if self.residual.size:
            _check_number(len(self.matrix), self.residual.size)
        return self.matrix

    def _rows(self, x: Any) -> Any:
        """The Jacobian, and the residuals themselves."""
        transform = jacfwd if self.start.size <= max(self.residual.size, 1) else jacrev
        return transform(self._twice, has_aux=True)(x)

    def _twice(self, x: Any) -> Any:
        r = self.vector(x)
        return r, r

    def curvature(self, x: Array, v: Array) -> Array:
        """The second derivative of the residuals along a direction."""
        self.nhev += 1
        second = np.asarray(self._curvature(np.ravel(x), np.ravel(v)))
        return second if self.weights is None else self.weights * second

    def bending(self, x: Array, v: Array, box: Box | None, part: float | None = None) -> Array:
        """The same to few digits: a difference to where residuals and Jacobian are known, if bounds allow it."""
        # Rounding and what the difference leaves out are both small then, in either precision.
        part = part or float(np.finfo(self.start.dtype).eps) ** 0.2
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

    def value(self, x: Array) -> float:
        """Half the sum of squares, or the loss."""
        self.residuals(x)
        return self.cost

    def value_and_gradient(self, x: Array) -> tuple[float, Array]:
        """Half the sum of squares, or the loss, and its gradient."""
        value = self.value(x)
        return value, (self.jacobian(x).T @ self.residual).reshape(x.shape)


def _keep_memory(size: int) -> None:
    """Let the C library keep memory for some arrays of this many bytes, once they are freed.

    It gives large arrays back to the system at once, and fetching them anew costs several times as much as what is
    computed with them; glibc takes the largest array that was ever freed as a sign of what a process needs.
    """
    np.empty(min(max(16 * size, 0), 30_000_000), np.uint8)


def _check_number(got: int, known: int) -> None:
    if got != known:
        raise ShapeError(
            f"the residual function returned {got} residuals after {known}: their number must not depend on the "
            "parameters; weigh with zeros those that do not count"
        )
