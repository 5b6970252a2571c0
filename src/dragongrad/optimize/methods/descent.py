"""Gradient descent."""

from __future__ import annotations

from .first_order import FirstOrder
from .formulas import FORMULAS


class GD(FirstOrder):
    """Gradient descent: `params -= lr * gradient` (Cauchy 1847). Parameters and errors as `Optimizer`.

    Examples
    --------
    >>> import numpy as np, dragongrad as ad
    >>> from dragongrad.optimize import GD
    >>> def loss(params):
    ...     x = ad.Variable(params)
    ...     value = ad.sum_elts((x - 3) ** 2)
    ...     return value.data, value.gradient
    >>> GD(loss, [0.0, 1.0], lr=0.1).solve().round(6)
    array([3., 3.])

    """

    formula = FORMULAS["gd"]
