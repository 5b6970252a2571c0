"""Adam, with bias correction."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..core.errors import ArgumentError
from .optimizer import LossFunction, Optimizer


class Adam(Optimizer):
    """Adam: steps scaled by running means of the gradient and of its square.

    Algorithm 1 of Kingma and Ba, "Adam: a method for stochastic optimization" (ICLR 2015), with both bias
    corrections.

    Parameters
    ----------
    loss_func, params, lr, max_iter, tol
        As `Optimizer`.
    beta1, beta2 : float
        How much of the running means is kept each step, in [0, 1).
    eps : float
        Added to the denominator.

    Raises
    ------
    ArgumentError
        `beta1` or `beta2` is outside [0, 1); otherwise as `Optimizer`.

    Examples
    --------
    >>> import numpy as np
    >>> from dragongrad.optimize import Adam
    >>> Adam(lambda x: np.sum((x - 3) ** 2), [0.0, 1.0], lr=0.1).solve().round(4)
    array([3., 3.])

    """

    def __init__(
        self, loss_func: LossFunction, params: Any, lr: float = 0.01, max_iter: int = 100000, tol: float = 1e-14,
        beta1: float = 0.9, beta2: float = 0.999, eps: float = 1e-8,
    ) -> None:  # fmt: skip
        super().__init__(loss_func, params, lr, max_iter, tol)
        if not (0 <= beta1 < 1 and 0 <= beta2 < 1):
            raise ArgumentError(f"beta1 and beta2 must lie in [0, 1), got {beta1} and {beta2}")
        self.beta1 = beta1
        self.beta2 = beta2
        self.eps = eps
        self.count = 0
        self.mean = np.zeros_like(self.params)
        self.square = np.zeros_like(self.params)

    def step(self) -> None:
        """Move by the corrected mean over the root of the corrected mean square."""
        self.count += 1
        self.mean = self.beta1 * self.mean + (1 - self.beta1) * self.gradient
        self.square = self.beta2 * self.square + (1 - self.beta2) * self.gradient**2
        mean = self.mean / (1 - self.beta1**self.count)
        square = self.square / (1 - self.beta2**self.count)
        self.params = self.params - self.lr * mean / (np.sqrt(square) + self.eps)
