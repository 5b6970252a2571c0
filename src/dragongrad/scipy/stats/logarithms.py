"""Logarithms of probabilities, with derivatives also where those are too small for numbers."""

from __future__ import annotations

from typing import Any

import numpy as np

from ...blocks.special import stop_gradient
from ...transforms.poles import unknown
from ..special.near import somewhere

# The exponential of less is zero.
_LEAST = -746.0


def exponential(log: Any) -> Any:
    """An exponential that where it is zero has a slope of zero: its argument may have an infinite one, or none."""
    zero = log < _LEAST
    return np.where(zero, 0.0, np.exp(np.where(zero, 0.0, log))) if somewhere(zero) else np.exp(log)


def remainder(log: Any) -> Any:
    """What the exponential leaves of one."""
    zero = log < _LEAST
    return np.where(zero, 1.0, -np.expm1(np.where(zero, -1.0, log))) if somewhere(zero) else -np.expm1(log)


# The square of a smaller probability is no number, by which a second derivative would be divided.
_SMALL = 1e-150


def far_out(part: Any, formula: Any, y: Any, shapes: list[Any], out: Any) -> Any:
    """The logarithm of a probability, where that is small with the derivatives of the formula for it."""
    quiet = stop_gradient(part)
    small = quiet < _SMALL
    if formula is None or not somewhere(small):
        return out
    none, far = quiet == 0, formula(y, *shapes)
    # What is infinite there is -inf already.
    known = np.where(np.logical_or(none, np.isinf(far)), 0.0, stop_gradient(far))
    beside = np.where(none, -np.inf, np.log(np.where(none, 1.0, quiet)) - known)
    return np.where(small, far + beside, out)


def _log(part: Any) -> Any:
    """The logarithm, of whose derivatives none divides by a square that is no number any more.

    The reciprocal of a subnormal number may be infinite: there they are unknown.
    """
    kind, quiet = np.finfo(part.dtype), stop_gradient(part)
    small = quiet < part.dtype.type(2.0 ** (kind.minexp // 2))
    power = -3 * kind.minexp // 5
    out = np.log(part * np.where(small, part.dtype.type(2.0**power), part.dtype.type(1)))
    out = out - np.where(small, part.dtype.type(power * float(np.log(2))), part.dtype.type(0))
    least = np.logical_and(quiet != 0, quiet < part.dtype.type(1 / kind.max))
    return np.where(least, out + unknown(part), out)


def log_of_part(part: Any, rest: Any, some: bool) -> Any:
    """The logarithm of a probability: near one by what is left, whose derivative is that of the part itself.

    With `some` of the probability that is not zero alone.
    """
    part = np.where(part == 0, 1.0, part) if some else part
    out, quiet = _log(part), stop_gradient(part)
    if rest is None:
        return out
    rest = stop_gradient(rest)
    small = quiet > 0.5
    precise = np.log1p(-np.where(small, rest, 0.5)) - np.log(np.where(small, quiet, 0.5))
    return out + np.where(small, precise, 0.0)
