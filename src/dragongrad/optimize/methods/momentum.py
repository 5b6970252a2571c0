"""Gradient descent with momentum: the heavy ball."""

from __future__ import annotations

from .first_order import FirstOrder
from .formulas import FORMULAS


class Momentum(FirstOrder):
    """Gradient descent that keeps a part of its velocity, as a heavy ball rolling downhill.

    Equation 9 of Polyak, "Some methods of speeding up the convergence of iteration methods" (1964), in the form
    `velocity = momentum * velocity + gradient; params -= lr * velocity`, which is PyTorch's: with a constant `lr`
    it is Polyak's `params += -lr * gradient + momentum * (params - previous)`, and with a schedule a new rate
    holds at once for the whole velocity.

    Parameters
    ----------
    loss_func, params, lr, max_iter, tol, clip
        As `Optimizer`. A steady slope is descended at `lr / (1 - momentum)`.
    momentum : float
        How much of the velocity is kept each step, in [0, 1).

    Raises
    ------
    ArgumentError
        `momentum` is outside [0, 1); otherwise as `Optimizer`.

    Examples
    --------
    >>> import numpy as np
    >>> from dragongrad.optimize import Momentum
    >>> Momentum(lambda x: np.sum((x - 3) ** 2), [0.0, 1.0], lr=0.05).solve().round(4)
    array([3., 3.])

    """

    lr: float = 0.001
    momentum: float = 0.9
    formula = FORMULAS["momentum"]
