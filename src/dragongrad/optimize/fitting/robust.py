"""Losses for residuals with outliers, and weights by standard deviations or a covariance matrix."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from ...core.errors import ArgumentError
from ...core.nests import flatten
from ..objective import Array
from ..options import shown

_Function = Callable[[Any], Any]


@dataclass(frozen=True)
class Loss:
    """What half the sum of squares becomes: `scale**2 / 2 * sum(rho((r / scale)**2))`, as SciPy has it.

    Attributes
    ----------
    rho, slope, bend : callable
        A function of the squares and its first two derivatives; `rho(z)` is z where z is small.
    scale : float
        Residuals that are smaller count as they do in a sum of squares.

    """

    name: str
    rho: _Function
    slope: _Function
    bend: _Function
    scale: float = 1.0

    def cost(self, residual: Any) -> Any:
        """The loss of residuals, or of Variables."""
        return 0.5 * self.scale**2 * np.sum(self.rho((residual / self.scale) ** 2))

    def weights(self, residual: Array) -> Array:
        """By what residuals and rows of their Jacobian are multiplied so that the gradient is that of the cost.

        Each step then solves a least-squares problem that lies above the cost and touches it ("iteratively
        reweighted"): Holland and Welsch, "Robust regression using iteratively reweighted least-squares", Commun.
        Stat. A6 (1977).
        """
        weights: Array = np.sqrt(self.slope((residual / self.scale) ** 2))
        return weights.astype(residual.dtype, copy=False)

    def variance(self, residual: Array, rank: int) -> float:
        """By what `inv(J'J)` is multiplied to give the covariance of the parameters.

        Huber, "Robust Statistics" (1981), section 7.6, equation (6.5), with his correction for few residuals.
        """
        m, z = residual.size, (residual / self.scale) ** 2
        pull = self.slope(z) * residual
        stiffness = self.slope(z) + 2 * self.bend(z) * z
        mean = float(np.mean(stiffness))
        correction = 1 + rank / m * float(np.var(stiffness)) / mean**2
        return correction**2 * float(pull @ pull) / (m - rank) / mean**2


LOSSES: dict[str, Loss] = {
    "soft_l1": Loss(
        "soft_l1",
        lambda z: 2 * z / (1 + np.sqrt(1 + z)),
        lambda z: (1 + z) ** -0.5,
        lambda z: -0.5 * (1 + z) ** -1.5,
    ),
    "huber": Loss(
        "huber",
        lambda z: np.where(z <= 1, z, 2 * np.sqrt(np.maximum(z, 1)) - 1),
        lambda z: np.maximum(z, 1) ** -0.5,
        lambda z: np.where(z <= 1, 0.0, -0.5 * np.maximum(z, 1) ** -1.5),
    ),
    "cauchy": Loss("cauchy", np.log1p, lambda z: 1 / (1 + z), lambda z: -1 / (1 + z) ** 2),
    "arctan": Loss("arctan", np.arctan, lambda z: 1 / (1 + z**2), lambda z: -2 * z / (1 + z**2) ** 2),
}


class Weights:
    """Residuals divided by their standard deviations, or made independent by their covariance matrix.

    Parameters
    ----------
    sigma : array, nest of arrays, or number
        The standard deviations: one for each residual, of their shape, or one for all; or the covariance matrix of
        residuals that are a vector, of shape (m, m).

    Raises
    ------
    ArgumentError
        They are not positive and finite; or the matrix is not symmetric and positive definite.

    """

    def __init__(self, sigma: Any) -> None:
        given = sigma if hasattr(sigma, "dtype") else _flat(sigma)
        self.given = np.asarray(given)
        if self.given.dtype.kind not in "fiu":
            raise ArgumentError(f"sigma must be standard deviations or their covariance matrix, got {shown(sigma)}")
        self.square = self.given.ndim == 2 and self.given.shape[0] == self.given.shape[1]
        self.whitening: Array | None = None
        if not self.square:
            self._check_deviations()

    def _check_deviations(self) -> None:
        wrong = np.flatnonzero(~((self.given > 0) & np.isfinite(self.given)))
        if wrong.size:
            k = int(wrong[0])
            raise ArgumentError(
                f"sigma must be positive and finite, it is {np.ravel(self.given)[k]:g} for residual {k}; give a "
                "large one to a residual that does not count"
            )

    def __call__(self, flat: Any, shape: tuple[int, ...]) -> Any:
        """Residuals as a vector, weighed; `shape` is what they had."""
        m = int(np.prod(shape))
        if self.square and self.given.shape == (m, m) and self.given.shape != shape:
            return (self._whiten() if self.whitening is None else self.whitening) @ flat
        if self.given.size not in (1, m):
            raise ArgumentError(
                f"sigma of shape {self.given.shape} does not fit {m} residuals: give one number for each, one for "
                f"all, or their covariance matrix of shape ({m}, {m})"
            )
        if self.square:
            self._check_deviations()
        return flat / np.ravel(self.given)

    def _whiten(self) -> Array:
        """The inverse of the lower Cholesky factor of the covariance matrix."""
        given = self.given.astype(float)
        if not np.allclose(given, given.T, rtol=1e-8, atol=0):
            raise ArgumentError("sigma, a covariance matrix, must be symmetric")
        try:
            lower = np.linalg.cholesky(given)
        except np.linalg.LinAlgError:
            raise ArgumentError("sigma, a covariance matrix, must be positive definite") from None
        self.whitening = np.linalg.solve(lower, np.eye(len(given)))
        return self.whitening


def _flat(nest: Any) -> Array:
    leaves = flatten(nest)[0]
    if isinstance(nest, (list, tuple)) and all(isinstance(v, (list, tuple)) for v in nest) and nest:
        return np.asarray(nest)
    try:
        return np.concatenate([np.ravel(np.asarray(leaf)) for leaf in leaves]) if leaves else np.zeros(0)
    except (TypeError, ValueError):
        raise ArgumentError(
            f"sigma must be standard deviations or their covariance matrix, got {shown(nest)}"
        ) from None
