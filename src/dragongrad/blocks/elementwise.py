"""Elementwise functions: one partial derivative per argument.

At a kink the derivative is the mean of its neighbours' (`abs` at 0: 0; `maximum` of equal numbers: half each).
"""

from __future__ import annotations

import operator
from typing import Any

import numpy as np

from ..core.block import elementwise

INF = np.inf
LN2, LN10 = float(np.log(2.0)), float(np.log(10.0))


def safe_log(x: Any) -> Any:
    """The logarithm where the power rule needs it: zero at zero, so that d(0**y)/dy is 0."""
    return np.log(np.where(x == 0, 1.0, x))


def _wins(x: Any, y: Any) -> Any:
    """One where x is greater, one half where it is equal, zero where it is less."""
    return np.where(x == y, 0.5, np.where(x > y, 1.0, 0.0))


def _reciprocal(y: Any) -> Any:
    # Python's own numbers refuse to divide by zero.
    return np.divide(1.0, y) if y.__class__ in (int, float) and y == 0 else 1 / y


def _fmax_wins(x: Any, y: Any) -> Any:
    return np.where(np.isnan(y), 1.0, np.where(np.isnan(x), 0.0, _wins(x, y)))


def _fmin_wins(x: Any, y: Any) -> Any:
    # Not by the greater of -x and -y: truths have no minus.
    return np.where(np.isnan(y), 1.0, np.where(np.isnan(x), 0.0, _wins(y, x)))


def _power_x(x: Any, y: Any) -> Any:
    if y.__class__ is int and y > 1:
        # A square is most of what is ever raised to a power.
        return 2 * x if y == 2 else y * x ** (y - 1)
    # y * x**(y-1), which is 0 (not NaN) for y = 0 at x = 0.
    return y * x ** np.where(y == 0, 1.0, y - 1)


# Arithmetic
elementwise(np.add, 1, 1, forward=operator.add, symbol="+")
elementwise(np.subtract, 1, -1, forward=operator.sub, symbol="-")
elementwise(np.multiply, lambda y: y, lambda x: x, forward=operator.mul, symbol="*", singular=True)
elementwise(
    np.divide,
    lambda y: _reciprocal(y),
    lambda out, y: -out / y,
    forward=operator.truediv,
    symbol="/",
    singular=True,
    domain=((-INF, INF), (0, INF)),
)
elementwise(
    np.power,
    _power_x,
    lambda out, x: out * safe_log(x),
    forward=operator.pow,
    symbol="**",
    singular=True,
    domain=((0, INF), (-INF, INF)),
)
elementwise(
    np.float_power, _power_x, lambda out, x: out * safe_log(x), singular=True, domain=((0, INF), (-INF, INF))
)
elementwise(np.remainder, 1, lambda x, y: -np.floor(x / y), symbol="%", domain=((-INF, INF), (0, INF)))
elementwise(np.fmod, 1, lambda x, y: -np.trunc(x / y), domain=((-INF, INF), (0, INF)))
elementwise(np.negative, -1, forward=operator.neg, symbol="neg")
elementwise(np.positive, 1, symbol="pos")
elementwise(np.reciprocal, lambda out: -out * out, singular=True, domain=(0, INF))
elementwise(np.square, lambda x: 2 * x, singular=True)
elementwise(np.sqrt, lambda out: 0.5 / out, singular=True, domain=(0, INF))
elementwise(np.cbrt, lambda out: 1 / (3 * out * out), singular=True, domain=(0, INF))
elementwise(np.absolute, lambda out, x: np.conj(x) / np.where(out == 0, INF, out), symbol="abs", singular=True)
elementwise(np.fabs, np.sign)
elementwise(np.copysign, lambda x, y: np.sign(x) * np.copysign(1.0, y), 0)
elementwise(
    np.hypot, lambda out, x: x / np.where(out == 0, INF, out), lambda out, y: y / np.where(out == 0, INF, out)
)

# Exponentials and logarithms
elementwise(np.exp, lambda out: out, singular=True)
elementwise(np.exp2, lambda out: LN2 * out, singular=True)
elementwise(np.expm1, lambda x: np.exp(x), singular=True)
elementwise(np.log, lambda x: 1 / x, singular=True, domain=(0, INF))
elementwise(np.log2, lambda x: 1 / (LN2 * x), singular=True, domain=(0, INF))
elementwise(np.log10, lambda x: 1 / (LN10 * x), singular=True, domain=(0, INF))
elementwise(np.log1p, lambda x: 1 / (1 + x), singular=True, domain=(-1, INF))
elementwise(np.logaddexp, lambda x, y: _share(x, y), lambda x, y: _share(y, x))
elementwise(np.logaddexp2, lambda x, y: _share(LN2 * x, LN2 * y), lambda x, y: _share(LN2 * y, LN2 * x))

# Trigonometry
elementwise(np.sin, np.cos)
elementwise(np.cos, lambda x: -np.sin(x))
elementwise(np.tan, lambda out: 1 + out * out, singular=True)
elementwise(np.arcsin, lambda x: 1 / np.sqrt((1 - x) * (1 + x)), singular=True, domain=(-1, 1))
elementwise(np.arccos, lambda x: -1 / np.sqrt((1 - x) * (1 + x)), singular=True, domain=(-1, 1))
elementwise(np.arctan, lambda x: 1 / (1 + x * x))
elementwise(np.arctan2, lambda x, y: y / _radius2(x, y), lambda x, y: x / -_radius2(x, y))
elementwise(np.degrees, 180 / np.pi)
elementwise(np.rad2deg, 180 / np.pi)
elementwise(np.radians, np.pi / 180)
elementwise(np.deg2rad, np.pi / 180)

# Hyperbolic functions
elementwise(np.sinh, np.cosh, singular=True)
elementwise(np.cosh, np.sinh, singular=True)
elementwise(np.tanh, lambda out: (1 - out) * (1 + out))
elementwise(np.arcsinh, lambda x: 1 / np.sqrt(1 + x * x))
elementwise(np.arccosh, lambda x: 1 / (np.sqrt(x - 1) * np.sqrt(x + 1)), singular=True, domain=(1, INF))
elementwise(np.arctanh, lambda x: 1 / ((1 - x) * (1 + x)), singular=True, domain=(-1, 1))

# Choices
elementwise(np.maximum, lambda x, y: _wins(x, y), lambda x, y: _wins(y, x), singular=True)
elementwise(np.minimum, lambda x, y: _wins(y, x), lambda x, y: _wins(x, y), singular=True)
elementwise(np.fmax, lambda x, y: _fmax_wins(x, y), lambda x, y: _fmax_wins(y, x), singular=True)
elementwise(np.fmin, lambda x, y: _fmin_wins(x, y), lambda x, y: _fmin_wins(y, x), singular=True)
elementwise(np.heaviside, 0, lambda x: np.where(x == 0, 1.0, 0.0))
elementwise(np.ldexp, lambda y: np.exp2(1.0 * y), 0)


def _share(x: Any, y: Any) -> Any:
    """The share of exp(x) in exp(x) + exp(y), also where both are infinite."""
    # Above 700 the share is zero, and so are its derivatives.
    d = np.minimum(y - x, 700.0)
    if not any(v.__class__ is float and abs(v) < INF for v in (x, y)):
        d = np.where(x == y, 0.0, d)
    return 1 / (1 + np.exp(d))


def _radius2(x: Any, y: Any) -> Any:
    r2 = x * x + y * y
    return np.where(r2 == 0, 1.0, r2)
