"""Adam, with bias correction."""

from __future__ import annotations

import math

import numpy as np

from .optimizer import Optimizer, check_fractions, check_positive
from .pieces import blend, blend_square, descend, pieces, root, scratch


class Adam(Optimizer):
    """Adam: steps scaled by running means of the gradient and of its square.

    Algorithm 1 of Kingma and Ba, "Adam: a method for stochastic optimization" (ICLR 2015), with both bias
    corrections.

    Parameters
    ----------
    loss_func, params, lr, max_iter, tol, clip
        As `Optimizer`.
    beta1, beta2 : float
        How much of the running means is kept each step, in [0, 1).
    eps : float
        Added to the denominator.

    Raises
    ------
    ArgumentError
        `beta1` or `beta2` is outside [0, 1), or `eps` not positive; otherwise as `Optimizer`.

    Examples
    --------
    >>> import numpy as np
    >>> from dragongrad.optimize import Adam
    >>> Adam(lambda x: np.sum((x - 3) ** 2), [0.0, 1.0], lr=0.1).solve().round(4)
    array([3., 3.])

    """

    beta1: float = 0.9
    beta2: float = 0.999
    eps: float = 1e-8

    def setup(self) -> None:
        """Check the decay rates and start both means at zero."""
        check_fractions(self, "beta1", "beta2")
        check_positive(self, "eps")
        self.mean = np.zeros_like(self.params)
        self.square = np.zeros_like(self.params)
        self.work = scratch(self.params)

    def step(self) -> None:
        """Move by the corrected mean over the root of the corrected mean square."""
        rate = self.lr / (1 - self.beta1**self.count)
        correction = math.sqrt(1 - self.beta2**self.count)
        for x, g, mean, square in pieces(self.params, self.gradient, self.mean, self.square):
            work = self.work[: x.size]
            blend(mean, g, self.beta1, work)
            blend_square(square, g, self.beta2, work)
            root(square, correction, self.eps, work)
            descend(x, mean, work, rate)
