"""Adagrad."""

from __future__ import annotations

from .first_order import FirstOrder
from .formulas import FORMULAS


class Adagrad(FirstOrder):
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
    formula = FORMULAS["adagrad"]
