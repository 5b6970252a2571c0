"""RMSProp, also centered and with momentum."""

from __future__ import annotations

from .first_order import FirstOrder
from .formulas import FORMULAS


class RMSProp(FirstOrder):
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
    formula = FORMULAS["rmsprop"]
