"""RMSProp, also centered and with momentum."""

from __future__ import annotations

import numpy as np

from .optimizer import Optimizer, check_fractions, check_positive
from .pieces import blend, blend_square, descend, pieces, root, scratch


class RMSProp(Optimizer):
    """RMSProp: the gradient over the root of the running mean of its square.

    Tieleman and Hinton, "Lecture 6.5: RMSProp" (Neural networks for machine learning, Coursera, 2012). `centered`
    takes off the square of the mean gradient (what is left is its variance) and `momentum` adds a velocity, as
    equations 38 to 41 of Graves, "Generating sequences with recurrent neural networks" (arXiv:1308.0850, 2013),
    with `eps` outside the root, as PyTorch has it.

    Parameters
    ----------
    loss_func, params, lr, max_iter, tol, clip
        As `Optimizer`.
    decay : float
        How much of the running means is kept each step, in [0, 1).
    eps : float
        Added to the denominator.
    momentum : float
        How much of the velocity is kept each step, in [0, 1); 0 is the method of the lecture.
    centered : bool
        Divide by the standard deviation of the gradient.

    Raises
    ------
    ArgumentError
        `decay` or `momentum` is outside [0, 1), or `eps` is not positive; otherwise as `Optimizer`.

    Examples
    --------
    >>> import numpy as np
    >>> from dragongrad.optimize import ExponentialDecay, RMSProp
    >>> rate = ExponentialDecay(0.1, 0.99)
    >>> RMSProp(lambda x: np.sum((x - 3) ** 2), [0.0, 1.0], lr=rate).solve().round(4)
    array([3., 3.])

    """

    decay: float = 0.9
    eps: float = 1e-8
    momentum: float = 0.0
    centered: bool = False

    def setup(self) -> None:
        """Start the means and the velocity at zero."""
        check_fractions(self, "decay", "momentum")
        check_positive(self, "eps")
        self.square = np.zeros_like(self.params)
        # What is not asked for costs no memory: an array of no elements.
        nothing = np.empty(0, self.params.dtype)
        self.mean = np.zeros_like(self.params) if self.centered else nothing
        self.velocity = np.zeros_like(self.params) if self.momentum else nothing
        self.work = scratch(self.params)

    def step(self) -> None:
        """Move by the gradient, or the velocity that it feeds, over the root of the mean square."""
        arrays = self.params, self.gradient, self.square, self.mean, self.velocity
        for x, g, square, mean, velocity in pieces(*arrays):
            work = self.work[: x.size]
            blend_square(square, g, self.decay, work)
            if self.centered:
                blend(mean, g, self.decay, work)
                np.multiply(mean, mean, out=work)
                np.subtract(square, work, out=work)
                # A variance of zero may come out a rounding error below it.
                np.maximum(work, 0, out=work)
                root(work, 1.0, self.eps, work)
            else:
                root(square, 1.0, self.eps, work)
            if self.momentum:
                velocity *= self.momentum
                velocity += np.divide(g, work, out=work)
                x -= np.multiply(velocity, self.lr, out=work)
            else:
                descend(x, g, work, self.lr)
