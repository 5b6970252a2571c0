"""Initialisers: functions of (generator, shape, dtype) that make fresh parameters.

The last two axes of a shape are the inputs and the outputs, those before them the places of a kernel. The *fan-
in* of an output is the number of inputs that it is a sum over, the *fan-out* of an input the number of outputs
that it is in.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np

from ..core.errors import ArgumentError
from .layers import Initializer, Shape


def fans(shape: Shape) -> tuple[int, int]:
    """The fan-in and the fan-out of a matrix or a kernel.

    Parameters
    ----------
    shape : tuple of int
        `(inputs, outputs)`, or `(*kernel, inputs, outputs)`.

    Returns
    -------
    tuple of int

    Examples
    --------
    >>> from dragongrad.nn import initializers
    >>> initializers.fans((3, 3, 16, 32))
    (144, 288)

    """
    if len(shape) < 2:
        raise ArgumentError(f"an array of shape {shape} has no inputs and outputs: initialise it by zeros or ones")
    places = math.prod(shape[:-2])
    return places * shape[-2], places * shape[-1]


def _check(rng: Any) -> None:
    if not isinstance(rng, np.random.Generator):
        raise ArgumentError(f"what draws is a generator, model.init(np.random.default_rng(0), shape); got {rng!r}")


def _normal(rng: np.random.Generator, shape: Shape, dtype: Any = np.float32, *, deviation: float) -> Any:
    # Drawn as float64 whatever the dtype, so that a seed means the same numbers.
    _check(rng)
    return (deviation * rng.standard_normal(shape)).astype(dtype)


def _uniform(rng: np.random.Generator, shape: Shape, dtype: Any = np.float32, *, limit: float) -> Any:
    _check(rng)
    return rng.uniform(-limit, limit, shape).astype(dtype)


def glorot_uniform(rng: np.random.Generator, shape: Shape, dtype: Any = np.float32) -> Any:
    """Uniform numbers of variance `2 / (fan_in + fan_out)`, which keep signals and cotangents of equal size.

    Equation 16 of Glorot and Bengio, *Understanding the difficulty of training deep feedforward neural networks*
    (AISTATS 2010).

    Parameters
    ----------
    rng : numpy.random.Generator
        What draws.
    shape : tuple of int
        `(*kernel, inputs, outputs)`.
    dtype : dtype
        Of the result.

    Returns
    -------
    ndarray

    Examples
    --------
    >>> import numpy as np
    >>> from dragongrad.nn import initializers
    >>> initializers.glorot_uniform(np.random.default_rng(0), (2, 4)).shape
    (2, 4)

    """
    return _uniform(rng, shape, dtype, limit=math.sqrt(6 / max(1, sum(fans(shape)))))


def glorot_normal(rng: np.random.Generator, shape: Shape, dtype: Any = np.float32) -> Any:
    """As `glorot_uniform`, normally distributed."""
    return _normal(rng, shape, dtype, deviation=math.sqrt(2 / max(1, sum(fans(shape)))))


def he_normal(rng: np.random.Generator, shape: Shape, dtype: Any = np.float32) -> Any:
    """Normal numbers of variance `2 / fan_in`, for layers before a relu.

    Equation 10 of He, Zhang, Ren and Sun, *Delving deep into rectifiers* (ICCV 2015). Parameters as
    `glorot_uniform`.
    """
    return _normal(rng, shape, dtype, deviation=math.sqrt(2 / max(1, fans(shape)[0])))


def he_uniform(rng: np.random.Generator, shape: Shape, dtype: Any = np.float32) -> Any:
    """As `he_normal`, uniformly distributed."""
    return _uniform(rng, shape, dtype, limit=math.sqrt(6 / max(1, fans(shape)[0])))


def lecun_normal(rng: np.random.Generator, shape: Shape, dtype: Any = np.float32) -> Any:
    """Normal numbers of variance `1 / fan_in`.

    LeCun, Bottou, Orr and Müller, *Efficient BackProp* (1998), section 4.6. Parameters as `glorot_uniform`.
    """
    return _normal(rng, shape, dtype, deviation=math.sqrt(1 / max(1, fans(shape)[0])))


def orthogonal(rng: np.random.Generator, shape: Shape, dtype: Any = np.float32) -> Any:
    """A matrix with orthonormal rows or columns, whichever are fewer; of a kernel, all axes but the last are rows.

    Saxe, McClelland and Ganguli, *Exact solutions to the nonlinear dynamics of learning in deep linear neural
    networks* (ICLR 2014). Parameters as `glorot_uniform`.

    Examples
    --------
    >>> import numpy as np
    >>> from dragongrad.nn import initializers
    >>> q = initializers.orthogonal(np.random.default_rng(0), (5, 3), np.float64)
    >>> np.allclose(q.T @ q, np.eye(3))
    True

    """
    fans(shape)
    _check(rng)
    rows, columns = math.prod(shape[:-1]), shape[-1]
    q, r = np.linalg.qr(rng.standard_normal((max(rows, columns), min(rows, columns))))
    # With these signs it is drawn evenly from all such matrices (Mezzadri 2007).
    q = q * np.where(np.diagonal(r) < 0, -1.0, 1.0)
    return np.reshape(q if rows >= columns else q.T, shape).astype(dtype)


def zeros(rng: np.random.Generator, shape: Shape, dtype: Any = np.float32) -> Any:
    """Zeros."""
    return np.zeros(shape, dtype)


def ones(rng: np.random.Generator, shape: Shape, dtype: Any = np.float32) -> Any:
    """Ones."""
    return np.ones(shape, dtype)


def normal(deviation: float) -> Initializer:
    """Normal numbers of a given standard deviation.

    Examples
    --------
    >>> import numpy as np
    >>> from dragongrad.nn import initializers
    >>> initializers.normal(0.02)(np.random.default_rng(0), (2, 3)).dtype
    dtype('float32')

    """
    return _Normal(deviation)


def uniform(limit: float) -> Initializer:
    """Uniform numbers between `-limit` and `limit`."""
    return _Uniform(limit)


@dataclass(frozen=True)
class _Normal:
    # A value, that equals what was pickled.
    deviation: float

    def __call__(self, rng: np.random.Generator, shape: Shape, dtype: Any = np.float32) -> Any:
        return _normal(rng, shape, dtype, deviation=self.deviation)


@dataclass(frozen=True)
class _Uniform:
    limit: float

    def __call__(self, rng: np.random.Generator, shape: Shape, dtype: Any = np.float32) -> Any:
        return _uniform(rng, shape, dtype, limit=self.limit)
