"""AMSGrad."""

from __future__ import annotations

from .first_order import FirstOrder
from .formulas import FORMULAS


class AMSGrad(FirstOrder):
    """AMSGrad: Adam that divides by the largest mean square so far, so that its steps never grow again.

    Algorithm 2 of Reddi, Kale and Kumar, "On the convergence of Adam and beyond" (ICLR 2018). The paper corrects no
    bias; here, as in PyTorch, both corrections of Adam are made: of the mean, and of the largest mean square.

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
    >>> from dragongrad.optimize import AMSGrad
    >>> AMSGrad(lambda x: np.sum((x - 3) ** 2), [0.0, 1.0], lr=0.1).solve().round(4)
    array([3., 3.])

    """

    beta1: float = 0.9
    beta2: float = 0.999
    eps: float = 1e-8
    formula = FORMULAS["amsgrad"]
