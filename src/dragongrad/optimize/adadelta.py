"""AdaDelta."""

from __future__ import annotations

import numpy as np

from .optimizer import Optimizer, check_fractions, check_positive
from .pieces import blend_square, pieces, scratch


class AdaDelta(Optimizer):
    """AdaDelta: RMSProp whose rate is the root of the running mean of its own squared steps.

    Algorithm 1 of Zeiler, "ADADELTA: an adaptive learning rate method" (arXiv:1212.5701, 2012), which has no
    learning rate: `lr`, 1 by default, multiplies the step. The first steps are as small as the root of `eps`.

    Parameters
    ----------
    loss_func, params, lr, max_iter, tol, clip
        As `Optimizer`.
    rho : float
        How much of the running means is kept each step, in [0, 1).
    eps : float
        Added to both means before their roots are taken: it sets the size of the first steps.

    Raises
    ------
    ArgumentError
        `rho` is outside [0, 1), or `eps` is not positive; otherwise as `Optimizer`.

    Examples
    --------
    >>> import numpy as np
    >>> from dragongrad.optimize import AdaDelta
    >>> AdaDelta(lambda x: np.sum((x - 3) ** 2), [0.0, 1.0], tol=1e-12).solve().round(3)
    array([3., 3.])

    """

    lr: float = 1.0
    rho: float = 0.95
    eps: float = 1e-6

    def setup(self) -> None:
        """Start both means at zero."""
        check_fractions(self, "rho")
        check_positive(self, "eps")
        self.square = np.zeros_like(self.params)
        self.moved = np.zeros_like(self.params)
        self.work = scratch(self.params)
        self.move = scratch(self.params)

    def step(self) -> None:
        """Move by the gradient times the root mean square of the steps over that of the gradients."""
        for x, g, square, moved in pieces(self.params, self.gradient, self.square, self.moved):
            work, move = self.work[: x.size], self.move[: x.size]
            blend_square(square, g, self.rho, work)
            np.add(square, self.eps, out=work)
            np.add(moved, self.eps, out=move)
            move /= work
            np.sqrt(move, out=move)
            move *= g
            blend_square(moved, move, self.rho, work)
            move *= self.lr
            x -= move
