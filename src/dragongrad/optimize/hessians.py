"""The full Hessian where an optimizer stands, computed once a point."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from .objective import Array

if TYPE_CHECKING:
    from .optimizer import Optimizer


class Curvature:
    """The Hessian at an optimizer's parameters, kept until they change.

    Parameters
    ----------
    optimizer : Optimizer
        Whose parameters and objective are meant.

    """

    def __init__(self, optimizer: Optimizer) -> None:
        self.optimizer = optimizer
        self._at: Array | None = None
        self._hessian: Array = np.empty((0, 0))

    @property
    def exact(self) -> Array:
        """The Hessian as a symmetric float64 matrix, finite or not."""
        params = self.optimizer.params
        if self._at is not params:
            self._hessian = symmetric(self.optimizer.objective.hessian(params))
            self._at = params
        return self._hessian

    @property
    def hessian(self) -> Array:
        """The same, zeros where it is not finite."""
        found = self.exact
        return found if np.isfinite(found).all() else np.zeros_like(found)

    def inverse(self) -> Array | None:
        """The inverse at the parameters, if the Hessian is known there and positive definite."""
        if self._at is not self.optimizer.params or not np.isfinite(self._hessian).all():
            return None
        try:
            np.linalg.cholesky(self._hessian)
            found = np.linalg.inv(self._hessian)
        except np.linalg.LinAlgError:
            return None
        return symmetric(found)


def symmetric(hessian: Array) -> Array:
    """A Hessian as a symmetric float64 matrix: the exact one is symmetric but for rounding."""
    found = hessian.astype(np.float64)
    return (found + found.T) / 2


def equilibrate(matrix: Array, rounds: int = 10) -> Array:
    """The vector by whose outer product a symmetric matrix is divided to make the largest element of every row one.

    Ruiz, "A scaling algorithm to equilibrate both rows and columns norms in matrices", RAL-TR-2001-034 (2001). The
    diagonal alone says nothing of the units where the matrix is indefinite: it may vanish.
    """
    scale = np.ones(len(matrix))
    for _ in range(rounds):
        rows = np.max(np.abs(matrix) / np.outer(scale, scale), axis=1)
        scale *= np.sqrt(np.where(rows > 0, rows, 1.0))
    return scale
