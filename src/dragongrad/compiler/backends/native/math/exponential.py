"""The exponential functions: `e**x = 2**n e**r` with `r` at most `log(2)/2` in size."""

from __future__ import annotations

from ..ir.registers import Operand, Register
from .formula import ROUND, Formula

LOG2E = 1.4426950408889634
# log(2) in two parts; the first has 32 bits, so that its product with an exponent is exact.
LN2_HIGH = 0.6931471803691238
LN2_LOW = 1.9082149292705877e-10

# The polynomials of this package are minimax (Remez exchange in 60 digits, then rounded); the error stated is
# relative to the function. Here (e**r - 1 - r) / r**2: degree 9, error 3e-18.
_EXP = (
    0.5000000000000012, 0.166666666666667, 0.04166666666651531, 0.008333333333307574, 0.0013888888947040999,
    0.0001984126991693076, 2.4801489918417516e-05, 2.75572165221466e-06, 2.7631288197032387e-07,
    2.511782710864591e-08,
)  # fmt: skip
# The same of degree 5, error 5e-11.
_EXP_NARROW = (
    0.5000000077820016, 0.1666666686220926, 0.04166627016929009, 0.008333263972251691, 0.0013946059530467877,
    0.0001991859884315277,
)  # fmt: skip
# (2**r - 1) / r for r at most 1/2 in size: degree 10, error 3e-18.
_EXP2 = (
    0.6931471805599453, 0.24022650695910133, 0.05550410866482174, 0.009618129107593283, 0.0013333558146379322,
    0.00015403530458148851, 1.5252733867293488e-05, 1.3215434779579352e-06, 1.0178046556566032e-07,
    7.073866998544093e-09, 4.4573737281501533e-10,
)  # fmt: skip
# The same of degree 6, error 5e-11.
_EXP2_NARROW = (
    0.6931471805408338, 0.24022651075396062, 0.05550410965916143, 0.00961803695269597, 0.0013333428028085132,
    0.00015467104519925186, 1.5315568352355676e-05,
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
