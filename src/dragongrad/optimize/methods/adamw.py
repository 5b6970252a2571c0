"""AdamW: Adam with decoupled weight decay."""

from __future__ import annotations

from .first_order import FirstOrder
from .formulas import FORMULAS


class AdamW(FirstOrder):
    """AdamW: Adam that also shrinks the parameters, by a factor apart from the gradient's scaling.

    Algorithm 2 of Loshchilov and Hutter, "Decoupled weight decay regularization" (ICLR 2019), with the decay times
    the learning rate, as PyTorch has it: `params *= 1 - lr * weight_decay` before Adam's step.

    Parameters
    ----------
    loss_func, params, lr, max_iter, tol, clip
        As `Optimizer`.
    beta1, beta2 : float
        How much of the running means is kept each step, in [0, 1).
    eps : float
        Added to the denominator.
    weight_decay : float
        How strongly the parameters are drawn to zero. The reported loss does not contain it.

    Raises
    ------
    ArgumentError
        `beta1` or `beta2` is outside [0, 1), or `weight_decay` is negative; otherwise as `Optimizer`.

    Examples
    --------
    >>> import numpy as np
    >>> from dragongrad.optimize import AdamW
    >>> AdamW(lambda x: np.sum((x - 3) ** 2), [0.0, 1.0], lr=0.1, weight_decay=0.0).solve().round(4)
    array([3., 3.])

    """

    beta1: float = 0.9
    beta2: float = 0.999
    eps: float = 1e-8
    weight_decay: float = 0.01
    formula = FORMULAS["adamw"]
