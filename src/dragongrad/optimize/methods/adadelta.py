"""AdaDelta."""

from __future__ import annotations

from .first_order import FirstOrder
from .formulas import FORMULAS


class AdaDelta(FirstOrder):
    """AdaDelta: RMSProp whose rate is the root of the running mean of its own squared steps.

    Algorithm 1 of Zeiler, "ADADELTA: an adaptive learning rate method" (arXiv:1212.5701, 2012), which has no
    learning rate: `lr`, 1 by default, multiplies the step. The first steps are as small as the root of `eps`.

    Parameters
    ----------
    loss_func, params, lr, max_iter, tol, clip
        As `Optimizer`.
    rho : float
        How much of the running means is kept each step, in [0, 1).
    eps : float
        Added to both means before their roots are taken: it sets the size of the first steps.

    Raises
    ------
    ArgumentError
        `rho` is outside [0, 1), or `eps` is not positive; otherwise as `Optimizer`.

    Examples
    --------
    >>> import numpy as np
    >>> from dragongrad.optimize import AdaDelta
    >>> AdaDelta(lambda x: np.sum((x - 3) ** 2), [0.0, 1.0], tol=1e-12).solve().round(3)
    array([3., 3.])

    """

    lr: float = 1.0
    rho: float = 0.95
    eps: float = 1e-6
    formula = FORMULAS["adadelta"]
