"""Adam, with bias correction."""

from __future__ import annotations

from .first_order import FirstOrder
from .formulas import FORMULAS


class Adam(FirstOrder):
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
    formula = FORMULAS["adam"]
