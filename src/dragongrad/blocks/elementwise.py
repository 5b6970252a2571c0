"""Elementwise functions: one partial derivative per argument.

At a kink the derivative is the mean of its neighbours' (`abs` at 0: 0; `maximum` of equal numbers: half each).
"""

from __future__ import annotations

import operator
from typing import Any

import numpy as np

from ..core.block import composite, elementwise
from ..core.variable import Variable, is_constant
from .kinks import kink

INF = np.inf
LN2, LN10 = float(np.log(2.0)), float(np.log(10.0))


# A direction: x / y, and zero where y is zero, the mean over all directions. There its own derivative is NaN: whoever
# differentiates again finds out, and computes it with care.
_ratio = elementwise(
    lambda x, y: x / np.where(y == 0, INF, y), lambda y: 1 / y, lambda out, y: -out / y,
    name="ratio", singular=True, inlined=True,
).call  # fmt: skip


# The same where y is the absolute value of x: also at infinities.
_direction = elementwise(
    lambda x, y: np.sign(x), lambda y: 1 / y, lambda out, y: -out / y, name="ratio", singular=True, inlined=True
).call


def _greater(x: Any, y: Any) -> Any:
    """One where x is greater, one half where it is equal, zero where it is less."""
    return np.where(x == y, 0.5, np.where(x > y, 1.0, 0.0))


def _jump(where: Any) -> Any:
    """The derivative of what jumps there and is constant elsewhere: whoever uses it computes it with care."""
    return np.where(where, np.nan, 0.0)


_partial_of_greater = lambda x, y: _jump(np.logical_and(x == y, np.isfinite(x)))
_greater_block = elementwise(
    _greater, _partial_of_greater, _partial_of_greater, name="wins", singular=True, inlined=True
).call  # fmt: skip


# One, for what is constant but jumps where y holds: whoever uses the derivative computes it with care.
jumping = elementwise(
    lambda x, y: np.where(y, x.dtype.type(1), x.dtype.type(1)), lambda y: _jump(y), 0,
    name="jumping", singular=True, inlined=True,
).call  # fmt: skip


def _wins(x: Any, y: Any) -> Any:
    plain = x.__class__ is not Variable and y.__class__ is not Variable
    return _greater(x, y) if plain else _greater_block(x, y)


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
    # A constant exponent of zero makes a constant, also where `x**-1` is infinite.
    return y * x ** (np.where(y == 0, 1.0, y - 1) if is_constant(y) else y - 1)


def _power_y(out: Any, x: Any, y: Any) -> Any:
    """The derivative of `x**y` by the exponent; that of `0**y` is 0 for positive exponents."""
    if is_constant(x):
        return out * np.log(np.where(np.logical_and(x == 0, y > 0), 1.0, x))
    return _times_log(out, x)


# out * log(x), and zero where `out` is
_times_log = elementwise(
    lambda out, x: out * np.log(np.where(out == 0, 1.0, x)), lambda y: np.log(y), lambda x, y: x / y,
    name="times_log", singular=True, inlined=True,
).call  # fmt: skip


def distance(x: Any) -> Any:
    """The square root of a sum of squares; at zero, where it has a kink, the derivative is the mean, zero."""
    return np.sqrt(x)


DISTANCE = elementwise(distance, lambda out: _ratio(0.5, out), symbol="sqrt", singular=True, inlined=True)
root_of_sum = DISTANCE.call


def root_of_powers(x: Any, y: Any) -> Any:
    """The same root of a sum of other powers."""
    return x**y


root_of_sum_of_powers = elementwise(
    root_of_powers, lambda out, x, y: _ratio(y * out, x), _power_y,
    symbol="**", singular=True, inlined=True,
).call  # fmt: skip


def _one_less_square(x: Any) -> Any:
    """`1 - x * x`, exact near 1.

    Of a complex number on a branch cut, a difference with a number keeps the sign of a zero imaginary part, and so
    the side of the cut; a sum does not, nor does `1 - x`.
    """
    kind = getattr(getattr(x, "dtype", None), "kind", "f")
    # A symbol has a symbol for its kind.
    return -(x - 1) * (x - -1) if kind.__class__ is str and kind == "c" else (1 - x) * (1 + x)


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
    _power_y,
    forward=operator.pow,
    symbol="**",
    singular=True,
    domain=((0, INF), (-INF, INF)),
)
elementwise(np.float_power, _power_x, _power_y, singular=True, domain=((0, INF), (-INF, INF)))
_OF_A_DIVISOR = ((-INF, INF), (0, INF))
elementwise(np.remainder, 1, lambda x, y: -np.floor(x / y), symbol="%", singular=True, domain=_OF_A_DIVISOR)
elementwise(np.fmod, 1, lambda x, y: -np.trunc(x / y), singular=True, domain=_OF_A_DIVISOR)
elementwise(np.negative, -1, forward=operator.neg, symbol="neg")
elementwise(np.positive, 1, symbol="pos")
elementwise(np.reciprocal, lambda out: -out * out, singular=True, domain=(0, INF))
elementwise(np.square, lambda x: 2 * x, singular=True)
elementwise(np.sqrt, lambda out: 0.5 / out, singular=True, domain=(0, INF))
elementwise(np.cbrt, lambda out: 1 / (3 * out * out), singular=True, domain=(0, INF))
elementwise(np.absolute, lambda out, x: _direction(np.conj(x), out), symbol="abs", singular=True)
elementwise(np.fabs, lambda out, x: _direction(x, out), singular=True)
elementwise(
    np.copysign,
    lambda x, y: _direction(x, np.absolute(x)) * np.copysign(1.0, y),
    lambda x, y: _jump(np.logical_and(x == 0, y == 0)),
    singular=True,
)
_sign_block = elementwise(np.sign, lambda x: _jump(x == 0))


def _signum(x: Any) -> Any:
    """The sign; of a complex number, that number over its absolute value."""
    if x.__class__ is not Variable or x.dtype.kind != "c":
        return _sign_call(x)
    size = np.absolute(x)
    with np.errstate(invalid="ignore"):
        direction = x / np.where(size == 0, INF, size)
    out = np.where(np.isinf(size), _at_infinity(np.real(x), np.imag(x)), direction)
    return out if x.shape else out[()]


def _at_infinity(real: Any, imag: Any) -> Any:
    """Where an infinite number lies, if one of its parts is infinite alone."""
    of_real, of_imag = np.isinf(real), np.isinf(imag)
    part = np.where(of_real, np.where(real > 0, 1.0, -1.0), 0.0)
    other = np.where(of_real, 0.0, np.where(imag > 0, 1.0, -1.0))
    return np.where(
        np.logical_and(of_real, of_imag),
        complex(np.nan, np.nan),
        (part + 1j * other).astype(real.dtype.char.upper()),
    )


_sign_call, _sign_block.call = _sign_block.call, composite(np.sign)(_signum)
elementwise(np.hypot, lambda out, x: _ratio(x, out), lambda out, y: _ratio(y, out), singular=True)

# Exponentials and logarithms
elementwise(np.exp, lambda out: out, singular=True)
elementwise(np.exp2, lambda out: LN2 * out, singular=True)
elementwise(np.expm1, lambda x: np.exp(x), singular=True)
elementwise(np.log, lambda x: 1 / x, singular=True, domain=(0, INF))
elementwise(np.log2, lambda x: 1 / (LN2 * x), singular=True, domain=(0, INF))
elementwise(np.log10, lambda x: 1 / (LN10 * x), singular=True, domain=(0, INF))
elementwise(np.log1p, lambda x: 1 / (1 + x), singular=True, domain=(-1, INF))
elementwise(np.logaddexp, lambda x, y: _share(x, y), lambda x, y: _share(y, x), singular=True)
elementwise(
    np.logaddexp2, lambda x, y: _share(LN2 * x, LN2 * y), lambda x, y: _share(LN2 * y, LN2 * x), singular=True
)

# Trigonometry
elementwise(np.sin, np.cos)
elementwise(np.cos, lambda x: -np.sin(x))
elementwise(np.tan, lambda out: 1 + out * out, singular=True)
elementwise(np.arcsin, lambda x: 1 / np.sqrt(_one_less_square(x)), singular=True, domain=(-1, 1))
elementwise(np.arccos, lambda x: -1 / np.sqrt(_one_less_square(x)), singular=True, domain=(-1, 1))


def _root_of_square_plus_one(x: Any) -> Any:
    """`sqrt(x**2 + 1)`; the square of a large real number is infinite."""
    # What stands for a formula has no dtype.
    dtype = getattr(x, "dtype", None)
    is_complex = dtype.kind == "c" if isinstance(dtype, np.dtype) else isinstance(x, complex)
    return np.sqrt(x * x - -1) if is_complex else np.hypot(x, 1)


elementwise(np.arctan, lambda x: 1 / (1 + x * x), singular=True)
elementwise(
    np.arctan2, lambda x, y: _turn(y, np.hypot(x, y)), lambda x, y: -_turn(x, np.hypot(x, y)), singular=True
)
elementwise(np.degrees, 180 / np.pi)
elementwise(np.rad2deg, 180 / np.pi)
elementwise(np.radians, np.pi / 180)
elementwise(np.deg2rad, np.pi / 180)

# Hyperbolic functions
elementwise(np.sinh, np.cosh, singular=True)
elementwise(np.cosh, np.sinh, singular=True)
elementwise(np.tanh, lambda out: (1 - out) * (1 + out))
elementwise(np.arcsinh, lambda x: 1 / _root_of_square_plus_one(x), singular=True)
elementwise(np.arccosh, lambda x: 1 / (np.sqrt(x - 1) * np.sqrt(x - -1)), singular=True, domain=(1, INF))
elementwise(np.arctanh, lambda x: 1 / ((1 - x) * (1 + x)), singular=True, domain=(-1, 1))

# Choices
elementwise(np.maximum, lambda x, y: _wins(x, y), lambda x, y: _wins(y, x), singular=True, selects=True)
elementwise(np.minimum, lambda x, y: _wins(y, x), lambda x, y: _wins(x, y), singular=True, selects=True)
elementwise(np.fmax, lambda x, y: _fmax_wins(x, y), lambda x, y: _fmax_wins(y, x), singular=True, selects=True)
elementwise(np.fmin, lambda x, y: _fmin_wins(x, y), lambda x, y: _fmin_wins(y, x), singular=True, selects=True)
elementwise(np.heaviside, lambda x: _jump(x == 0), lambda x: np.where(x == 0, 1.0, 0.0))
elementwise(np.ldexp, lambda y: np.exp2(1.0 * y), 0)


# The share of exp(x) in exp(x) + exp(y), by the difference x - y
_share_of: Any = elementwise(
    lambda x: 1 / (1 + np.exp(-x)), lambda out, x: out * _share_of(-x), name="logistic", singular=True, inlined=True
).call


def _share(x: Any, y: Any) -> Any:
    difference = x - y
    if not any(v.__class__ is float and abs(v) < INF for v in (x, y)):
        # Infinities of one sign have no difference: each has half.
        difference = np.where(np.logical_and(x == y, np.isinf(x)), 0.0, difference)
    return _share_of(difference)


def _turn(x: Any, radius: Any) -> Any:
    """`x` over the square of the radius, which may under- or overflow; zero at zero, the mean over all directions."""
    return _ratio(x, radius) / np.where(radius == 0, 1.0, radius)


# Promises at kinks and singularities


def _both(fn: Any) -> Any:
    """A function of two numbers as one of a vector."""
    return lambda x: fn(x[0], x[1])


for _fn in (np.absolute, np.fabs):
    kink(_fn, "0", "0, the mean of both sides, and so is the second", [0.0, -2.0], [[0, 0], [0, -1]])
kink(
    np.hypot,
    "(0, 0)",
    "0, the mean over all directions; the second is infinite",
    [0.0, 0.0],
    [0, 0],
    _both(np.hypot),
)
kink(
    np.arctan2,
    "(0, 0)",
    "0, the mean over all directions; the second is NaN, for the value jumps",
    [0.0, 0.0],
    [0, 0],
    _both(np.arctan2),
)
kink(np.sign, "0", "0, as on both sides", [0.0, 1.0, -1.5], 0)
kink(np.copysign, "0", "0, the mean of both sides", [0.0, 1.0], [0, 0], _both(np.copysign))
for _fn in (np.maximum, np.minimum, np.fmax, np.fmin):
    kink(_fn, "equal arguments", "half for each", [2.0, 2.0], [0.5, 0.5], _both(_fn))
for _fn in (np.logaddexp, np.logaddexp2):
    kink(_fn, "two equal infinities", "half for each", [INF, INF], [0.5, 0.5], _both(_fn))
for _fn in (np.sqrt, np.cbrt, np.log, np.log2, np.log10):
    kink(_fn, "0", "infinite", [0.0, np.nan], [[INF, 0], [0, np.nan]])
kink(np.log1p, "-1", "infinite", [-1.0], INF)
kink(np.reciprocal, "0", "infinite", [0.0], -INF)
kink(np.divide, "a divisor of 0", "infinite", [1.0, 0.0], [INF, -INF], _both(np.divide))
kink(np.power, "0, to a power between 0 and 1", "infinite", [0.0], INF, lambda x: x**0.25)
kink(np.power, "0, to the power 0", "0: the value is 1 everywhere", [0.0], 0, lambda x: x**0)
kink(np.power, "0, by the exponent", "0 for a positive one", [2.0], 0, lambda x: 0.0**x)
for _fn, _sign in ((np.arcsin, 1), (np.arccos, -1)):
    kink(_fn, "-1 and 1", "infinite", [-1.0, 1.0], [[_sign * INF, 0], [0, _sign * INF]])
kink(np.arccosh, "1", "infinite", [1.0], INF)
kink(np.arctanh, "-1 and 1", "infinite", [-1.0, 1.0], [[INF, 0], [0, INF]])
kink(np.remainder, "a multiple of the divisor", "as inside the step: 1", [4.0], 1, lambda x: np.remainder(x, 2.0))
kink(np.fmod, "a multiple of the divisor", "as inside the step: 1", [4.0], 1, lambda x: np.fmod(x, 2.0))
kink(np.heaviside, "0", "0, though the value jumps", [0.0], 0, lambda x: np.heaviside(x, 0.5))
