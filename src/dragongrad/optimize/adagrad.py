"""Adagrad."""

from __future__ import annotations

import numpy as np

from .optimizer import Optimizer, check_positive
from .pieces import descend, pieces, root, scratch


class Adagrad(Optimizer):
    """Adagrad: each coordinate's step is divided by the root of the sum of all its squared gradients.

    The diagonal form (section 1.1) of Duchi, Hazan and Singer, "Adaptive subgradient methods for online learning
    and stochastic optimization" (JMLR 12, 2011). The first step has length `lr` in every coordinate and steps only
    become shorter, so that `lr` should be about the distance to go.

    Parameters
    ----------
    loss_func, params, lr, max_iter, tol, clip
        As `Optimizer`.
    eps : float
        Added to the denominator.

    Raises
    ------
    ArgumentError
        `eps` is not positive; otherwise as `Optimizer`.

    Examples
    --------
    >>> import numpy as np
    >>> from dragongrad.optimize import Adagrad
    >>> Adagrad(lambda x: np.sum((x - 3) ** 2), [0.0, 1.0], lr=1.0).solve().round(4)
    array([3., 3.])

    """

    lr: float = 0.5
    eps: float = 1e-10

    def setup(self) -> None:
        """Start the sum of squares at zero."""
        check_positive(self, "eps")
        self.square = np.zeros_like(self.params)
        self.work = scratch(self.params)

    def step(self) -> None:
        """Move by the gradient over the root of the sum of squares."""
        for x, g, square in pieces(self.params, self.gradient, self.square):
            work = self.work[: x.size]
            square += np.multiply(g, g, out=work)
            root(square, 1.0, self.eps, work)
            descend(x, g, work, self.lr)
