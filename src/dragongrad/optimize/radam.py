"""RAdam: rectified Adam."""

from __future__ import annotations

import math

import numpy as np

from .optimizer import Optimizer, check_fractions, check_positive
from .pieces import blend, blend_square, descend, pieces, root, scratch


class RAdam(Optimizer):
    """RAdam: Adam that waits to scale its steps until the mean square is worth something.

    Algorithm 2 of Liu et al., "On the variance of the adaptive learning rate and beyond" (ICLR 2020). As in the
    authors' code and PyTorch, the steps are scaled once the length of the average, `rho(t)`, is above 5 (the paper
    says 4), and `eps` is added to the root before its correction.

    Parameters
    ----------
    loss_func, params, lr, max_iter, tol, clip
        As `Optimizer`. The first few steps are `lr` times the mean gradient: no scaling bounds them.
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
    >>> from dragongrad.optimize import RAdam
    >>> RAdam(lambda x: np.sum((x - 3) ** 2), [0.0, 1.0], lr=0.1).solve().round(4)
    array([3., 3.])

    """

    lr: float = 0.001
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
        """Move by the corrected mean, over the root of the mean square where its variance is known."""
        rate = self.lr / (1 - self.beta1**self.count)
        correction = 1 - self.beta2**self.count
        longest = 2 / (1 - self.beta2) - 1
        length = longest - 2 * self.count * self.beta2**self.count / correction
        known = length > 5
        if known:
            top = (length - 4) * (length - 2) * longest
            rate *= math.sqrt(correction * top / ((longest - 4) * (longest - 2) * length))
        for x, g, mean, square in pieces(self.params, self.gradient, self.mean, self.square):
            work = self.work[: x.size]
            blend(mean, g, self.beta1, work)
            blend_square(square, g, self.beta2, work)
            if known:
                root(square, 1.0, self.eps, work)
                descend(x, mean, work, rate)
            else:
                x -= np.multiply(mean, rate, out=work)
