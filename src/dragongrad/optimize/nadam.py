"""NAdam: Adam with Nesterov's momentum."""

from __future__ import annotations

import math

import numpy as np

from .optimizer import Optimizer, check_fractions, check_not_negative, check_positive
from .pieces import blend, blend_square, descend, pieces, root, scratch


class NAdam(Optimizer):
    """NAdam: Adam whose mean gradient is looked at one step ahead.

    Algorithm 2 of Dozat, "Incorporating Nesterov momentum into Adam" (ICLR workshop, 2016), with the paper's
    warm-up of the momentum: `mu(t) = beta1 * (1 - 0.96**(t * momentum_decay) / 2)`.

    Parameters
    ----------
    loss_func, params, lr, max_iter, tol, clip
        As `Optimizer`.
    beta1, beta2 : float
        How much of the running means is kept each step, in [0, 1).
    eps : float
        Added to the denominator.
    momentum_decay : float
        How fast the momentum warms up from half of `beta1`.

    Raises
    ------
    ArgumentError
        `beta1` or `beta2` is outside [0, 1), or `momentum_decay` is negative; otherwise as `Optimizer`.

    Examples
    --------
    >>> import numpy as np
    >>> from dragongrad.optimize import NAdam
    >>> NAdam(lambda x: np.sum((x - 3) ** 2), [0.0, 1.0], lr=0.1).solve().round(4)
    array([3., 3.])

    """

    beta1: float = 0.9
    beta2: float = 0.999
    eps: float = 1e-8
    momentum_decay: float = 0.004

    def setup(self) -> None:
        """Check the options and start both means at zero."""
        check_fractions(self, "beta1", "beta2")
        check_positive(self, "eps")
        check_not_negative(self, "momentum_decay")
        self.mean = np.zeros_like(self.params)
        self.square = np.zeros_like(self.params)
        self.work = scratch(self.params)
        self.ahead = scratch(self.params)
        # The product of mu over all steps: what the start at zero still weighs in the mean.
        self.product = 1.0

    def _mu(self, count: int) -> float:
        return self.beta1 * (1 - 0.5 * 0.96 ** (count * self.momentum_decay))

    def step(self) -> None:
        """Move by the gradient and the mean of the step to come, each with its own correction."""
        now, following = self._mu(self.count), self._mu(self.count + 1)
        self.product *= now
        of_gradient = (1 - now) / (1 - self.product)
        of_mean = following / (1 - self.product * following)
        correction = math.sqrt(1 - self.beta2**self.count)
        for x, g, mean, square in pieces(self.params, self.gradient, self.mean, self.square):
            work, ahead = self.work[: x.size], self.ahead[: x.size]
            blend(mean, g, self.beta1, work)
            blend_square(square, g, self.beta2, work)
            np.multiply(mean, of_mean, out=ahead)
            ahead += np.multiply(g, of_gradient, out=work)
            root(square, correction, self.eps, work)
            descend(x, ahead, work, self.lr)
