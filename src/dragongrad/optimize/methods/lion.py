"""Lion."""

from __future__ import annotations

from .first_order import FirstOrder
from .formulas import FORMULAS


class Lion(FirstOrder):
    """Lion: the sign of a blend of the gradient and its running mean.

    Program 1 of Chen et al., "Symbolic discovery of optimization algorithms" (NeurIPS 2023). Every step has length
    `lr` in every coordinate: give a rate that falls (`CosineDecay`) to come closer than that.

    Parameters
    ----------
    loss_func, params, lr, max_iter, tol, clip
        As `Optimizer`. The paper advises a rate 3 to 10 times smaller than Adam's.
    beta1 : float
        How much of the mean is in the step, in [0, 1).
    beta2 : float
        How much of the mean is kept each step, in [0, 1).
    weight_decay : float
        How strongly the parameters are drawn to zero, times `lr`. The reported loss does not contain it.

    Raises
    ------
    ArgumentError
        `beta1` or `beta2` is outside [0, 1), or `weight_decay` is negative; otherwise as `Optimizer`.

    Examples
    --------
    >>> import numpy as np
    >>> from dragongrad.optimize import CosineDecay, Lion
    >>> rate = CosineDecay(0.02, steps=1000)
    >>> Lion(lambda x: np.sum((x - 3) ** 2), [0.0, 1.0], lr=rate).solve().round(3)
    array([3., 3.])

    """

    lr: float = 0.001
    beta1: float = 0.9
    beta2: float = 0.99
    weight_decay: float = 0.0
    formula = FORMULAS["lion"]
