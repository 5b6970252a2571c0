"""The logarithms: `log(x) = k log(2) + log(1 + f)`, where `1 + f` lies between the square roots of 1/2 and 2.

`log(1 + f)` is the odd series of `s = f / (2 + f)`: `2 s + 2/3 s**3 + 2/5 s**5 + ...`.
"""

from __future__ import annotations

import math

from .....records import record
from ..ir.registers import Operand, Register
from .exponential import LN2_HIGH, LN2_LOW, exp_parts, scale
from .formula import MANTISSA, Formula, bits_of

# (log(1+f)/s - 2) / s**2 in s**2, 1 + f between the roots of 1/2 and 2.
# Degree 6, error 1.2e-18.
_LOG = (
    0.6666666666666734, 0.39999999999416375, 0.28571428742015076, 0.222221986108328, 0.1818356240244438,
    0.15314098906169674, 0.14795474442561607,
)  # fmt: skip
# Degree 2, error 8.0e-10.
_LOG_NARROW = (0.6666677608549484, 0.39977574015366746, 0.298709372535569)
# What is left of it after its first term 2/3, over s**2.
# Degree 7, error 7.2e-23.
_LOG_TAIL = (
    0.3999999999999998, 0.28571428571445057, 0.222222222175488, 0.1818181886888161, 0.15384556964009619,
    0.13336314000467867, 0.1167488504277262, 0.11988480165943735,
)  # fmt: skip

_TWO_THIRDS = (0.6666666666666666, 3.700743415417188e-17)
_LOG2E = (1.4426950408889634, 2.0355273740931033e-17)
_LOG10E = (0.4342944819032518, 1.098319650216765e-17)
# First parts of 42 and 40 bits (that of log10(2) is fdlibm's): their products with an exponent are exact.
LN2_LONG = (0.6931471805598903, 5.497923018708371e-14)
_LOG10_2 = (0.30102999566361177, 3.694239077158931e-13)

_ROOT_HALF = bits_of(math.sqrt(0.5))
_BIAS = 1024


@record
class Parts:
    """`x = 2**k (1 + f)`, with `k` as a number and as the bits of an exponent."""

    k: Register
    f: Register
    steps: Register

    def shrink(self) -> Register:
        """`2**-k`."""
        return (bits_of(1.0) - self.steps).number()


def split(m: Formula, x: Register, subnormal: bool = True) -> Parts:
    """The exponent and the mantissa of a positive finite number."""
    offset: Operand = 2.0**52 + _BIAS
    if subnormal and not m.narrow:
        tiny = x < 2.0**-1022
        x = m.select(tiny, x * 2.0**54, x)
        offset = m.select(tiny, 2.0**52 + _BIAS + 54, offset)
    bits = x.bits()
    # The exponent steps at the root of 1/2.
    above = bits - _ROOT_HALF
    exponent = (above + (_BIAS << 52)) >> 52
    steps = above & ~MANTISSA
    return Parts((exponent | bits_of(2.0**52)).number() - offset, (bits - steps).number() - 1.0, steps)


def at_edges(m: Formula, x: Register, out: Register) -> Register:
    """The result of a logarithm, put right for infinity, NaN, zero and what is below it."""
    out = m.select(x < math.inf, out, x)
    return m.select(x <= 0.0, m.select(x.equals(0.0), -math.inf, m.real(math.nan)), out)


def series(m: Formula, f: Register, narrow: bool) -> tuple[Register, Register]:
    """`f**2 / 2`, and the small part of `log(1 + f) = f - (f**2 / 2 - small)`."""
    half = 0.5 * f * f
    s = f / (2.0 + f)
    z = s * s
    return half, s * m.fma(z, m.polynomial(z, _LOG_NARROW if narrow else _LOG), half)


def log_of_sum(m: Formula, u: Register, low: Register, doublings: Operand = 0.0) -> Register:
    """`log((u + low) 2**doublings)` for a normal `u`, where `low` is at most what its rounding lost."""
    parts = split(m, u, subnormal=False)
    k, f = parts.k + doublings, parts.f
    half, small = series(m, f, m.narrow)
    # 1 / (1+f) to its third term suffices for what is so small; beyond 2**64 it is nothing, or no number.
    low = m.select(k < 64.0, low * parts.shrink(), 0.0)
    rest = m.fma(k, LN2_LOW, low - low * (f - f * f))
    return m.fma(k, LN2_HIGH, f - (half - (small + rest)))


def log(m: Formula, x: Register) -> Register:
    """The natural logarithm."""
    parts = split(m, x)
    half, small = series(m, parts.f, m.narrow)
    rest = m.fma(parts.k, LN2_LOW, small)
    return at_edges(m, x, m.fma(parts.k, LN2_HIGH, parts.f - (half - rest)))


def log1p(m: Formula, x: Register) -> Register:
    """`log(1 + x)`, exact to rounding near 0."""
    u, low = m.two_sum(m.real(1.0), x)
    return m.select(x.equals(0.0), x, at_edges(m, u, log_of_sum(m, u, low)))


def _log_to_base(m: Formula, x: Register, factor: tuple[float, float], doubling: tuple[float, float]) -> Register:
    parts = split(m, x)
    half, small = series(m, parts.f, m.narrow)
    high = parts.f - half
    low = ((parts.f - high) - half) + small
    if m.narrow:
        return at_edges(m, x, m.fma(parts.k, doubling[0], (high + low) * factor[0]))
    high, low = m.fast_two_sum(high, low)
    product, rest = m.two_product(high, factor[0])
    rest = m.fma(low, factor[0], m.fma(high, factor[1], rest))
    total, lost = m.two_sum(parts.k * doubling[0], product)
    return at_edges(m, x, total + (lost + m.fma(parts.k, doubling[1], rest)))


def log2(m: Formula, x: Register) -> Register:
    """The logarithm to base 2."""
    return _log_to_base(m, x, _LOG2E, (1.0, 0.0))


def log10(m: Formula, x: Register) -> Register:
    """The logarithm to base 10."""
    return _log_to_base(m, x, _LOG10E, _LOG10_2)


def long_log(m: Formula, x: Register) -> tuple[Register, Register]:
    """The logarithm of a positive finite number as a number of double length: 64 correct bits, narrow 51."""
    parts = split(m, x)
    k, f = parts.k, parts.f
    if m.narrow:
        half, small = series(m, f, narrow=False)
        return m.fma(k, LN2_HIGH, f - (half - m.fma(k, LN2_LOW, small))), m.real(0.0)
    d, d_low = m.fast_two_sum(2.0, f)
    s, s_low = m.quotient(f, 0.0, d, d_low)
    z, z_low = m.two_product(s, s)
    z_low = m.fma(s * 2.0, s_low, z_low)
    # s + s_low times z times v = 2/3 + tail, all of double length.
    v, v_low = m.fast_two_sum(_TWO_THIRDS[0], z * m.polynomial(z, _LOG_TAIL))
    v_low = v_low + _TWO_THIRDS[1]
    w, w_low = m.two_product(z, v)
    w_low = m.fma(z, v_low, m.fma(z_low, v, w_low))
    t, t_low = m.two_product(s, w)
    t_low = m.fma(s, w_low, m.fma(s_low, w, t_low))
    high, lost = m.fast_two_sum(2.0 * s, t)
    low = lost + (2.0 * s_low + t_low)
    total, lost = m.fast_two_sum(k * LN2_LONG[0], high)
    return m.fast_two_sum(total, lost + m.fma(k, LN2_LONG[1], low))


def logaddexp(m: Formula, x: Register, y: Register) -> Register:
    """`log(e**x + e**y)`: the greater and `log(1 + e**-|x - y|)`.

    Where the two nearly cancel, the result is precise to an ulp of the greater only.
    """
    greater = x > y
    high, less = m.select(greater, x, y), m.select(greater, y, x)
    # Where they are equal, infinite ones too, the difference is zero.
    difference, lost = m.two_sum(less, -high)
    equal = x.equals(y)
    far = ~(m.absolute(difference) < 1000.0) | equal
    rounded, w = exp_parts(m, m.select(equal, 0.0, difference), m.select(far, 0.0, lost))
    power, power_low = m.fast_two_sum(1.0, w)
    e = scale(m, power, rounded)
    u, low = m.fast_two_sum(1.0, e)
    if not m.narrow:
        low = low + scale(m, power_low, rounded)
    out = high + m.select(e < 2.0**-54, e, log_of_sum(m, u, low))
    return m.select(x.is_nan() | y.is_nan(), x + y, out)
