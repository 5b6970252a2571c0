"""Sine, cosine and tangent: `x = n pi/2 + r`, and the functions of `r` taken in turn by the lowest bits of `n`."""

from __future__ import annotations

from ..ir.registers import Register
from .formula import ROUND, SIGN, Formula
from .large import TWO_OVER_PI, reduce_large

# pi/2 in parts of 53 bits, and in parts of 32 whose products with an `n` of 20 bits are exact (Cody and Waite).
_HALF_PI = (1.5707963267948966, 6.123233995736766e-17, -1.4973849048591698e-33)
_HALF_PI_SHORT = (1.5707963267341256, 6.077100506303966e-11, 2.0222662487111665e-21, 8.4784276603689e-32)

# (sin(r)/r - 1) / r**2 in r**2, r at most pi/4 in size.
# Degree 5, error 3.6e-18.
_SIN = (
    -0.1666666666666663, 0.008333333333322118, -0.0001984126982958954, 2.7557313621385676e-06,
    -2.5050747762850355e-08, 1.5896230157221844e-10,
)  # fmt: skip
# Degree 3, error 5.2e-12.
_SIN_NARROW = (-0.16666666640797048, 0.008333329304842563, -0.00019839312269456257, 2.718121627547973e-06)
# (cos(r) - 1 + r**2/2) / r**4 in r**2, r as there.
# Degree 5, error 5.6e-20.
_COS = (
    0.041666666666666595, -0.0013888888888873056, 2.4801587288851704e-05, -2.755731417929674e-07,
    2.087570084197473e-09, -1.1358536521387682e-11,
)  # fmt: skip
# Degree 2, error 1.2e-10.
_COS_NARROW = (0.041666645682974644, -0.001388731625431803, 2.4433157053945e-05)


def _reduce(m: Formula, x: Register) -> tuple[Register, Register, Register]:
    """`n` (in the lowest bits), `r` and what its rounding lost, for a number that is not negative."""
    rounded = m.fma(x, TWO_OVER_PI, ROUND)
    n = rounded - ROUND
    if m.fused:
        # The first difference is exact: both its terms are multiples of 2**-53, and it is below 1.
        high = m.fma(n, -_HALF_PI[0], x)
        product = n * _HALF_PI[1]
        r = high - product
        lost = ((high - r) - product) - m.fma(n, _HALF_PI[1], -product)
        low = m.fma(n, -_HALF_PI[2], lost)
        limit = 2.0**40
    else:
        r, low = x, m.real(0.0)
        for part in _HALF_PI_SHORT:
            r, lost = m.two_sum(r, n * -part)
            low = low + lost
        limit = 2.0**20
    huge = ~(x <= limit)

    def slow() -> list[Register]:
        n, part, rest = m.each(reduce_large, 3, x)
        r, low = m.two_product(part, _HALF_PI[0])
        return [n + ROUND, r, m.fma(part, _HALF_PI[1], m.fma(rest, _HALF_PI[0], low))]

    rounded, r, low = m.rarely(huge, slow, [rounded, r, low])
    return rounded.bits(), r, low


def sin_of(m: Formula, r: Register, low: Register) -> tuple[Register, Register]:
    """The sine of `r + low`, at most pi/4 in size, as a sum."""
    z = r * r
    p = m.polynomial(z, _SIN_NARROW if m.narrow else _SIN)
    if m.narrow:
        return r, r * z * p
    return r, m.fma(r * z, p, low * m.fma(z, -0.5, 1.0))


def cos_of(m: Formula, r: Register, low: Register) -> tuple[Register, Register]:
    """The cosine of `r + low`, at most pi/4 in size, as a sum."""
    z = r * r
    p = m.polynomial(z, _COS_NARROW if m.narrow else _COS)
    half = 0.5 * z
    if m.narrow:
        return 1.0 - half, z * z * p
    high, lost = m.fast_two_sum(1.0, -half)
    return high, lost + m.fma(z * z, p, -(r * low))


def sin(m: Formula, x: Register) -> Register:
    """The sine."""
    n, r, low = _reduce(m, m.absolute(x))
    (a, b), (c, d) = sin_of(m, r, low), cos_of(m, r, low)
    odd = m.nonzero(n & 1)
    out = m.select(odd, c, a) + m.select(odd, d, b)
    return (out.bits() ^ (((n << 62) ^ x.bits()) & SIGN)).number()


def cos(m: Formula, x: Register) -> Register:
    """The cosine."""
    n, r, low = _reduce(m, m.absolute(x))
    (a, b), (c, d) = sin_of(m, r, low), cos_of(m, r, low)
    odd = m.nonzero(n & 1)
    out = m.select(odd, a, c) + m.select(odd, b, d)
    return (out.bits() ^ (((n + 1) << 62) & SIGN)).number()


def sin_and_cos(m: Formula, x: Register) -> tuple[Register, Register, Register, Register]:
    """Sine and cosine of a number that is not negative, each as a sum."""
    n, r, low = _reduce(m, x)
    (a, b), (c, d) = sin_of(m, r, low), cos_of(m, r, low)
    odd = m.nonzero(n & 1)

    def signed(part: Register, quarter: Register) -> Register:
        return (part.bits() ^ ((quarter << 62) & SIGN)).number()

    sine = m.fast_two_sum(*[signed(m.select(odd, y, z), n) for y, z in ((c, a), (d, b))])
    cosine = m.fast_two_sum(*[signed(m.select(odd, y, z), n + 1) for y, z in ((a, c), (b, d))])
    return *sine, *cosine


def tan(m: Formula, x: Register) -> Register:
    """The tangent: the quotient of the two, both of double length."""
    n, r, low = _reduce(m, m.absolute(x))
    (a, b), (c, d) = sin_of(m, r, low), cos_of(m, r, low)
    odd = m.nonzero(n & 1)
    top, top_low = m.fast_two_sum(m.select(odd, c, a), m.select(odd, d, b))
    bottom, bottom_low = m.fast_two_sum(m.select(odd, a, c), m.select(odd, b, d))
    out = m.divide(top, top_low, bottom, bottom_low)
    return (out.bits() ^ (((n << 63) ^ x.bits()) & SIGN)).number()
