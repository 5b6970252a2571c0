"""Powers and roots of numbers."""

from __future__ import annotations

import math

from ..ir.registers import Register
from .exponential import exp_of_sum
from .formula import MANTISSA, ROUND, SIGN, Formula, bits_of
from .logarithm import long_log

# m**(-1/3), m from 1 to 2.
# Degree 6, error 8.9e-7.
_INVERSE_ROOT = (
    1.8797812460690526, -1.9853771487062029, 1.9769832900382525, -1.2733559641259653, 0.5019878769217366,
    -0.11040859889285723, 0.010388405823116783,
)  # fmt: skip
_ROOT_OF_TWO = 2.0 ** (1 / 3)


def power(m: Formula, x: Register, y: Register) -> Register:
    """`x**y = e**(y log|x|)`, the logarithm and the product of double length; signs and edges as C's pow."""
    size = m.absolute(x)
    log, log_low = long_log(m, size)
    # Beyond 2**70 every power but that of 1 is zero or infinite.
    bounded = m.at_least(m.at_most(y, 2.0**70), -(2.0**70))
    product, low = m.two_product(bounded, log)
    low = m.fma(bounded, log_low, low)
    out = exp_of_sum(m, product, m.select(m.absolute(product) < 1000.0, low, 0.0))
    extreme = m.select((size > 1.0) ^ (y < 0.0), math.inf, m.real(0.0))
    out = m.select(size.equals(0.0) | size.equals(math.inf), extreme, out)
    times = m.absolute(y)
    whole, half_whole = m.is_whole(times), m.is_whole(times * 0.5)
    sign = m.select(whole & ~half_whole, x.bits() & SIGN, 0)
    out = (out.bits() ^ sign).number()
    out = m.select((x < 0.0) & (x > -math.inf) & ~whole, math.nan, out)
    out = m.select(x.is_nan() | y.is_nan(), x + y, out)
    return m.select(y.equals(0.0) | x.equals(1.0), 1.0, out)


def cbrt(m: Formula, x: Register) -> Register:
    """The cube root: Newton's steps to `y**(-1/3)`, which need no division, and one to its product with `y`."""
    size = m.absolute(x)
    tiny = size < 2.0**-1022
    bits = m.select(tiny, size * 2.0**54, size).bits()
    mantissa = ((bits & MANTISSA) | bits_of(1.0)).number()
    exponent = ((bits >> 52) | bits_of(2.0**52)).number() - (2.0**52 + 1023)
    rounded = m.fma(exponent, 1 / 3, ROUND)
    # `y = mantissa 2**rest`, and the rest is -1, 0 or 1.
    rest = exponent - 3.0 * (rounded - ROUND)
    below, above = rest < 0.0, rest > 0.0
    y = mantissa * m.select(below, 0.5, m.select(above, 2.0, m.real(1.0)))
    root = m.select(below, _ROOT_OF_TWO, m.select(above, 1 / _ROOT_OF_TWO, m.real(1.0)))
    r = m.polynomial(mantissa, _INVERSE_ROOT) * root
    r = m.fma(r * (1 / 3), 1.0 - y * (r * r * r), r)
    c = y * (r * r)
    if not m.narrow:
        square, low = m.two_product(c, c)
        error = m.residual(y, c, square) - c * low
        c = m.fma(error * (1 / 3), r * r, c)
    # The exponent of a subnormal was raised by 54.
    scale = ((rounded.bits() + 1023) << 52).number()
    out = c * m.select(tiny, scale * 2.0**-18, scale)
    return m.select((size < math.inf) & (size > 0.0), m.copysign(out, x), x)


def hypot(m: Formula, x: Register, y: Register) -> Register:
    """`sqrt(x**2 + y**2)`, scaled where the squares overflow or vanish."""
    x, y = m.absolute(x), m.absolute(y)
    high, low = m.select(x > y, x, y), m.select(x > y, y, x)
    great, small = high > 2.0**510, high < 2.0**-450
    down = m.select(great, 2.0**-600, m.select(small, 2.0**600, m.real(1.0)))
    up = m.select(great, 2.0**600, m.select(small, 2.0**-600, m.real(1.0)))
    a, b = high * down, low * down
    out = m.sqrt(m.fma(a, a, b * b)) * up
    return m.select(x.equals(math.inf) | y.equals(math.inf), math.inf, out)
