"""Activations: functions of an array, element by element; as layers they have no parameters."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from ..blocks.special import erfc, log_softmax, logistic, softmax

__all__ = [
    "elu", "gelu", "hard_sigmoid", "hard_swish", "leaky_relu", "log_softmax", "mish", "relu", "relu6", "selu",
    "sigmoid", "silu", "softmax", "softplus", "softsign", "tanh",
]  # fmt: skip


def relu(x: Any) -> Any:
    """The positive part of x, with slope 0 at 0.

    `np.maximum(x, 0)` has slope 1/2 there, the mean of both sides. After zero biases and on black borders exact
    zeros are common, and networks are trained with 0.

    Parameters
    ----------
    x : array
        Of any shape.

    Returns
    -------
    array
        Of the shape and dtype of x; a NaN stays one.

    Notes
    -----
    Nair and Hinton, *Rectified linear units improve restricted Boltzmann machines* (ICML 2010).

    Examples
    --------
    >>> import numpy as np
    >>> import dragongrad as ad
    >>> from dragongrad import nn
    >>> nn.relu(np.array([-1.0, 0.0, 2.0]))
    array([0., 0., 2.])
    >>> ad.grad(lambda x: np.sum(nn.relu(x)))(np.array([-1.0, 0.0, 2.0]))
    array([0., 0., 1.])

    """
    return np.where(x <= 0, 0.0, x)


def relu6(x: Any) -> Any:
    """The positive part of x, at most 6; slope 0 at both ends."""
    return np.where(x <= 0, 0.0, np.where(x >= 6, 6.0, x))


def leaky_relu(x: Any, slope: float = 0.01) -> Any:
    """The number itself where it is positive, elsewhere `slope * x`; at 0 the smaller slope.

    Maas, Hannun and Ng, *Rectifier nonlinearities improve neural network acoustic models* (ICML 2013).
    """
    return np.where(x <= 0, slope * x, x)


def elu(x: Any, alpha: float = 1.0) -> Any:
    """The number itself where it is positive, elsewhere `alpha * (exp(x) - 1)`.

    Clevert, Unterthiner and Hochreiter, *Fast and accurate deep network learning by exponential linear units* (ICLR
    2016).
    """
    return np.where(x <= 0, alpha * np.expm1(np.where(x <= 0, x, 0.0)), x)


def selu(x: Any) -> Any:
    """The elu that keeps mean 0 and variance 1 of its inputs.

    Klambauer, Unterthiner, Mayr and Hochreiter, *Self-normalizing neural networks* (NeurIPS 2017).
    """
    return 1.0507009873554805 * elu(x, 1.6732632423543772)


def gelu(x: Any, approximate: bool = False) -> Any:
    """The number times the normal distribution function of x.

    Hendrycks and Gimpel, *Gaussian error linear units* (2016).

    Parameters
    ----------
    x : array
        Of any shape.
    approximate : bool
        Whether to take the paper's approximation with tanh, which is off by less than 5e-4. A network that was
        trained with it wants it again: it is `approximate="tanh"` in PyTorch, and the usual one in JAX.

    Returns
    -------
    array
        Of the shape and dtype of x.

    Examples
    --------
    >>> import numpy as np
    >>> from dragongrad import nn
    >>> nn.gelu(np.array([-1.0, 0.0, 1.0])).round(4)
    array([-0.1587,  0.    ,  0.8413])
    >>> nn.gelu(np.array([-1.0, 0.0, 1.0]), approximate=True).round(4)
    array([-0.1588,  0.    ,  0.8412])

    """
    if approximate:
        return 0.5 * x * (1.0 + np.tanh(math.sqrt(2 / math.pi) * (x + 0.044715 * x * x * x)))
    # Of small numbers it is small and exact: one less the error function would be rounded to zero.
    return 0.5 * x * erfc(x * -math.sqrt(0.5))


def sigmoid(x: Any) -> Any:
    """The logistic function 1 / (1 + exp(-x)), without overflow."""
    return logistic(x)


def silu(x: Any) -> Any:
    """The number times its logistic function, also called swish.

    Elfwing, Uchibe and Doya, *Sigmoid-weighted linear units* (Neural Networks 107, 2018).
    """
    return x * logistic(x)


def softplus(x: Any) -> Any:
    """log(1 + exp(x)), without overflow."""
    return np.logaddexp(x, 0.0)


def mish(x: Any) -> Any:
    """The number times tanh of its softplus (Misra, *Mish*, 2019)."""
    return x * np.tanh(softplus(x))


def softsign(x: Any) -> Any:
    """The fraction x / (1 + abs(x))."""
    return x / (1.0 + np.abs(x * 1.0))


def tanh(x: Any) -> Any:
    """The hyperbolic tangent."""
    return np.tanh(x)


def hard_sigmoid(x: Any) -> Any:
    """A logistic function of straight lines: relu6(x + 3) / 6."""
    return relu6(x + 3.0) / 6.0


def hard_swish(x: Any) -> Any:
    """A silu of straight lines and parabolas (Howard et al., *Searching for MobileNetV3*, ICCV 2019)."""
    return x * hard_sigmoid(x)
