"""RAdam: rectified Adam."""

from __future__ import annotations

from .first_order import FirstOrder
from .formulas import FORMULAS


class RAdam(FirstOrder):
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
    formula = FORMULAS["radam"]
