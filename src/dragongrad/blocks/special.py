"""Functions that NumPy lacks and models need: stable, and called by name (`ad.logsumexp`)."""

from __future__ import annotations

from math import factorial as _factorial
from typing import Any

import numpy as np

from ..core.block import composite, constant, elementwise
from ..core.nests import map_nest
from ..core.variable import Variable, plain
from ..typevars import T
from .axes import Axis
from .kinks import kink

_stop: Any = constant(
    "stop_gradient", value=lambda x: x, dispatches=False, names=("x",), parameters=(),
    batch=lambda size, values, batched: _stop(values[0]),
)  # fmt: skip


def stop_gradient(nest: T) -> T:
    """The same values, as constants: no derivative passes.

    Parameters
    ----------
    nest : array, or a nest of them
        What is to count as constant.

    Returns
    -------
    nest
        Of the same structure, shapes and dtypes.

    Examples
    --------
    >>> import numpy as np, dragongrad as ad
    >>> ad.grad(lambda x: x * ad.stop_gradient(x))(3.0)
    np.float64(3.0)

    """
    return map_nest(lambda leaf: _stop(leaf) if isinstance(plain(leaf), Variable) else leaf, nest)


def _logistic(x: Any) -> Any:
    """The logistic function, exact in both tails."""
    return np.exp(-np.logaddexp(0.0, -x))


_logistic.__name__ = "logistic"
_block = elementwise(_logistic, lambda out, x: out * _logistic(-x), symbol="logistic")
_block.call = composite(_logistic)(_block.call)
_DOUBLE = np.dtype(np.float64)


def logistic(x: Any) -> Any:
    """The logistic function 1 / (1 + exp(-x)), without overflow.

    Examples
    --------
    >>> import dragongrad as ad
    >>> ad.logistic(0.0), ad.grad(ad.logistic)(0.0)
    (np.float64(0.5), np.float64(0.25))

    """
    x = plain(x)
    # The negative of an unsigned integer is a positive one, and so that of the lowest integer would be.
    return _block.call(x.astype(np.float64) if getattr(x, "dtype", _DOUBLE).kind in "biu" else x)


def _erfc(x: Any) -> Any:
    """The complementary error function, exact where it is small."""
    # Few programs need it, and SciPy takes longer to import than all of this library.
    from scipy.special import erfc

    return erfc(x)


_erfc.__name__ = "erfc"
_erfc_block = elementwise(_erfc, lambda x: -2 / np.sqrt(np.pi) * np.exp(-x * x), singular=True, dispatches=False)


def erfc(x: Any) -> Any:
    """The complementary error function, the integral of `2 / sqrt(pi) * exp(-t**2)` from x on."""
    return _erfc_block.call(plain(x))


def _peak(x: Any, axis: Axis) -> Any:
    """The maximum along axes, as a constant; zero where it is infinite."""
    peak = stop_gradient(np.max(x, axis=axis, keepdims=True))
    return np.where(np.isfinite(peak), peak, 0.0)


def logsumexp(x: Any, axis: Axis = None, keepdims: bool = False, b: Any = None) -> Any:
    """The logarithm of a sum of exponentials, log(sum(b * exp(x))), without overflow.

    Parameters
    ----------
    x : array
        The exponents.
    axis : int, tuple of int, or None
        What is summed over; None: all.
    keepdims : bool
        Whether the reduced axes stay, with length one.
    b : array, optional
        Factors of the exponentials; their weighted sum must be positive.

    Returns
    -------
    array
        Of the shape of `np.sum(x, axis, keepdims=keepdims)`.

    Examples
    --------
    >>> import numpy as np, dragongrad as ad
    >>> float(ad.logsumexp(np.array([1000.0, 1000.0])))
    1000.6931471805599

    """
    x = plain(x)
    peak = _peak(x, axis)
    powers = np.exp(x - peak)
    total = np.sum(powers if b is None else plain(b) * powers, axis=axis, keepdims=True)
    out = np.log(total) + peak
    if keepdims:
        return out
    return np.squeeze(out, None if axis is None else axis)[()] if np.ndim(x) else out


def softmax(x: Any, axis: Axis = -1) -> Any:
    """Exponentials that sum to one along an axis, without overflow.

    Examples
    --------
    >>> import numpy as np, dragongrad as ad
    >>> ad.softmax(np.array([0.0, 0.0, -np.inf]))
    array([0.5, 0.5, 0. ])

    """
    x = plain(x)
    powers = np.exp(x - _peak(x, axis))
    return powers / np.sum(powers, axis=axis, keepdims=True)


def log_softmax(x: Any, axis: Axis = -1) -> Any:
    """The logarithm of `softmax`, exact also where that underflows.

    Examples
    --------
    >>> import numpy as np, dragongrad as ad
    >>> ad.log_softmax(np.array([0.0, -1000.0]))
    array([    0., -1000.])

    """
    x = plain(x)
    shifted = x - _peak(x, axis)
    return shifted - np.log(np.sum(np.exp(shifted), axis=axis, keepdims=True))


# Splitting a number in two


@composite(np.modf)
def modf(x: Any) -> tuple[Any, Any]:
    """The fractional and the integral part, both with the sign of the number."""
    x = x if x.dtype.kind == "f" else x.astype(np.modf(np.empty(0, x.dtype))[0].dtype)
    sign = np.copysign(1.0, x)
    size = sign * x
    infinite = np.isinf(x)
    return sign * np.where(infinite, 0.0, size - np.where(infinite, 0.0, np.trunc(size))), np.trunc(x)


@composite(np.divmod)
def divmod(x: Any, y: Any) -> tuple[Any, Any]:
    """The floored quotient and the remainder."""
    return np.floor_divide(x, y), np.remainder(x, y)


_exponent = constant("frexp_exponent", value=lambda x: np.frexp(x)[1], names=("x",), parameters=(),
                     batch=lambda size, values, batched: np.frexp(values[0])[1])  # fmt: skip


@composite(np.frexp)
def frexp(x: Any) -> tuple[Any, Any]:
    """The mantissa and the exponent of two."""
    exponent = _exponent(plain(x))
    return np.ldexp(x, -exponent), exponent


# Near zero its own series, so that every derivative is right there too

_SERIES = tuple((-1.0) ** k * np.pi ** (2 * k) * 2 * k / float(_factorial(2 * k + 1)) for k in range(1, 9))


def _sinc_slope(out: Any, x: Any) -> Any:
    small = np.absolute(x) < 0.2
    safe = np.where(small, 1.0, x)
    near, square = 0.0, np.where(small, x * x, 0.0)
    for c in reversed(_SERIES):
        near = near * square + c
    return np.where(small, x * near, (np.cos(np.pi * safe) - np.sin(np.pi * safe) / (np.pi * safe)) / safe)


elementwise(np.sinc, lambda out, x: _sinc_slope(out, x), singular=True)


@composite(np.unwrap)
def unwrap(p: Any, discont: Any = None, axis: int = -1, *, period: float = 2 * np.pi) -> Any:
    """Angles without jumps: whole periods are added, which are constants."""
    step = np.diff(stop_gradient(p), axis=axis)
    dtype = np.result_type(step.dtype, period)
    half, rest = np.divmod(period, 2) if dtype.kind in "iu" else (period / 2, 0)
    wrapped = np.remainder(step + half, period) - half
    if rest == 0:
        wrapped = np.where(np.logical_and(wrapped == -half, step > 0), half, wrapped)
    jump = np.where(np.absolute(step) < (period / 2 if discont is None else discont), 0, wrapped - step)
    zeros = np.zeros_like(np.swapaxes(np.swapaxes(p, axis, -1)[..., :1], axis, -1))
    out = p.astype(dtype) + np.concatenate([zeros, np.cumsum(jump, axis=axis)], axis=axis)
    return out if out.dtype == dtype else out.astype(dtype)


# Promises at kinks

kink(np.modf, "a whole number", "1 for the fraction, 0 for the whole part", [2.0], [[[1]], [[0]]],
     lambda x: np.stack(np.modf(x)))  # fmt: skip
kink(np.divmod, "a multiple of the divisor", "0 for the quotient, 1 for the rest", [4.0], [[[0]], [[1]]],
     lambda x: np.stack(np.divmod(x, 2.0)))  # fmt: skip
kink(np.frexp, "a power of 2", "of the mantissa as above it", [2.0], 0.25, lambda x: np.frexp(x)[0])
kink(np.unwrap, "where it jumps", "1 for each element", [0.0, np.pi], [[1, 0], [0, 1]])
