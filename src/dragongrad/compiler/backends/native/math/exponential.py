"""The exponential functions: `e**x = 2**n e**r` with `r` at most `log(2)/2` in size."""

from __future__ import annotations

from ..ir.registers import Operand, Register
from .formula import ROUND, Formula

LOG2E = 1.4426950408889634
# log(2) in two parts, those of fdlibm; the first has 32 bits, so that its product with an exponent is exact.
LN2_HIGH = 0.6931471803691238
LN2_LOW = 1.9082149292705877e-10

# The polynomials of this package are minimax; tools/coefficients.py derives them. The error stated is relative to
# the function, and before coefficients are rounded. Here (e**r - 1 - r) / r**2, r at most log(2)/2 in size.
# Degree 9, error 3.6e-18.
_EXP = (
    0.5000000000000011, 0.16666666666666413, 0.041666666666530267, 0.008333333333494336, 0.001388888894359778,
    0.00019841269506770898, 2.4801493136097612e-05, 2.7557586274666723e-06, 2.763023395101817e-07,
    2.50000695654314e-08,
)  # fmt: skip
# Degree 5, error 5.2e-11.
_EXP_NARROW = (
    0.500000006764273, 0.1666666586941555, 0.04166629509293236, 0.008333497008630023, 0.0013944648637828896,
    0.00019790352226506708,
)  # fmt: skip
# (2**r - 1) / r, r at most 1/2 in size.
# Degree 10, error 3.4e-18.
_EXP2 = (
    0.6931471805599453, 0.2402265069591013, 0.055504108664820084, 0.00961812910759412, 0.0013333558146774623,
    0.00015403530457112132, 1.5252733493125674e-05, 1.3215435282291827e-06, 1.0178199572640589e-07,
    7.073783250885673e-09, 4.434771172922259e-10,
)  # fmt: skip
# Degree 6, error 4.7e-11.
_EXP2_NARROW = (
    0.693147180704532, 0.24022651066561068, 0.05550410365992162, 0.009618038132061642, 0.001333393505499558,
    0.00015466756317449745, 1.5196156674765031e-05,
)  # fmt: skip

# Rounding with this offset leaves n + 2046, which is positive, in the lowest twelve bits.
_ROUND = ROUND + 2046


def scale(m: Formula, p: Register, rounded: Register) -> Register:
    """`p * 2**n`, where `rounded` is `n + _ROUND`: in two steps, so that subnormal results are rounded once."""
    bits = rounded.bits()
    half = bits >> 1
    return p * (half << 52).number() * ((bits - half) << 52).number()


def power_of_two(rounded: Register, more: int = 0) -> Register:
    """`2**(n + more)` of an exponent in the range of normal numbers."""
    return ((rounded.bits() - (2046 - 1023 - more)) << 52).number()


def reduce(m: Formula, y: Register, low: Operand = 0.0) -> tuple[Register, Register, Register]:
    """Rounded `n`, and `r` with what its rounding lost: `y + low = n log(2) + r`."""
    rounded = m.fma(y, LOG2E, _ROUND)
    n = rounded - _ROUND
    high = m.fma(n, -LN2_HIGH, y)
    rest = m.fma(n, -LN2_LOW, low)
    return rounded, *m.fast_two_sum(high, rest)


def curve(m: Formula, r: Register) -> Register:
    """`(e**r - 1 - r) / r**2`."""
    return m.polynomial(r, _EXP_NARROW if m.narrow else _EXP)


def exp_parts(m: Formula, x: Register, low: Register) -> tuple[Register, Register]:
    """`n` as `scale` wants it, and `w`, such that `e**(x + low) = 2**n (1 + w)`; `low` is far below `x`."""
    y = m.at_least(m.at_most(x, 710.0), -746.0)
    rounded, r, rest = reduce(m, y, low)
    return rounded, r + m.fma(r * r, curve(m, r), rest)


def times(m: Formula, value: Register, low: Register, w: Register) -> Register:
    """A number, of which `low` is what its rounding lost, times `1 + w`."""
    power, power_low = m.fast_two_sum(1.0, w)
    product, lost = m.two_product(value, power)
    return product + m.fma(value, power_low, m.fma(low, power, lost))


def exp_of_sum(m: Formula, x: Register, low: Register) -> Register:
    """`e**(x + low)`, where `low` is far below `x`."""
    rounded, w = exp_parts(m, x, low)
    return scale(m, 1.0 + w, rounded)


def exp(m: Formula, x: Register) -> Register:
    """`e**x`."""
    y = m.at_least(m.at_most(x, 710.0), -746.0)
    rounded = m.fma(y, LOG2E, _ROUND)
    n = rounded - _ROUND
    r = m.fma(n, -LN2_LOW, m.fma(n, -LN2_HIGH, y))
    p = m.fma(r, m.fma(r, curve(m, r), 1.0), 1.0)
    return scale(m, p, rounded)


def exp2(m: Formula, x: Register) -> Register:
    """`2**x`."""
    y = m.at_least(m.at_most(x, 1025.0), -1077.0)
    rounded = y + _ROUND
    r = y - (rounded - _ROUND)
    p = m.fma(r, m.polynomial(r, _EXP2_NARROW if m.narrow else _EXP2), 1.0)
    return scale(m, p, rounded)


def expm1(m: Formula, x: Register) -> Register:
    """`e**x - 1`, exact to rounding near 0: `2 (s p + (s - 1/2))` with `s = 2**(n-1)`, `p = e**r - 1`."""
    y = m.at_least(m.at_most(x, 710.0), -45.0)
    rounded, r, rest = reduce(m, y)
    curved = m.fma(r * r, curve(m, r), rest)
    s = power_of_two(rounded, -1)
    out = 2.0 * m.fma(s, curved, m.fma(s, r, s - 0.5))
    # Also the sign of zero, and subnormal numbers that halving would round.
    return m.select(m.absolute(x) < 2.0**-54, x, out)


def logistic(m: Formula, x: Register) -> Register:
    """`1 / (1 + e**-x)`, by `e**-|x|` so that neither end overflows."""
    e = exp(m, -m.absolute(x))
    d, d_low = m.fast_two_sum(1.0, e)
    return m.divide(m.select(x < 0.0, e, m.real(1.0)), 0.0, d, d_low)
