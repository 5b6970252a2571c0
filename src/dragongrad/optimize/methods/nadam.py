"""NAdam: Adam with Nesterov's momentum."""

from __future__ import annotations

from .first_order import FirstOrder
from .formulas import FORMULAS


class NAdam(FirstOrder):
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
    formula = FORMULAS["nadam"]
