"""Nesterov's accelerated gradient."""

from __future__ import annotations

from .first_order import FirstOrder
from .formulas import FORMULAS


class Nesterov(FirstOrder):
    """Momentum that takes the gradient where the velocity leads, not where it comes from.

    Nesterov, "A method of solving a convex programming problem with convergence rate O(1/k²)" (1983), with a
    constant momentum as in equations 3 and 4 of Sutskever, Martens, Dahl and Hinton, "On the importance of
    initialization and momentum in deep learning" (ICML 2013). As PyTorch does, `params` stands at the point looked
    ahead to, so that a step needs the gradient at `params` only:
    `velocity = momentum * velocity + gradient; params -= lr * (gradient + momentum * velocity)`.

    Parameters
    ----------
    loss_func, params, lr, max_iter, tol, clip
        As `Optimizer`.
    momentum : float
        How much of the velocity is kept each step, in [0, 1).

    Raises
    ------
    ArgumentError
        `momentum` is outside [0, 1); otherwise as `Optimizer`.

    Examples
    --------
    >>> import numpy as np
    >>> from dragongrad.optimize import Nesterov
    >>> Nesterov(lambda x: np.sum((x - 3) ** 2), [0.0, 1.0], lr=0.05).solve().round(4)
    array([3., 3.])

    """

    lr: float = 0.001
    momentum: float = 0.9
    formula = FORMULAS["nesterov"]
