"""The integral of the normal distribution's curve."""

from __future__ import annotations

from ..ir.registers import Register
from .exponential import exp_parts, scale, times
from .formula import ROUND, Formula
from .gauss_pieces import ERFCX, LOG_NDTR, STEP_ERFCX
from .logarithm import log_of_sum

# erf(x)/x - 1 in x**2, x at most 1.
# Degree 12, error 1.3e-19.
_ERF = (
    0.1283791670955126, -0.3761263890318375, 0.11283791670954857, -0.026866170645072893, 0.005223977624780861,
    -0.0008548326978741853, 0.00012055331036886443, -1.4925593506565355e-05, 1.6460972811714551e-06,
    -1.635002516575064e-07, 1.4657879458374482e-08, -1.136566448381382e-09, 5.945259272144946e-11,
)  # fmt: skip
# Degree 6, error 1.2e-9.
_ERF_NARROW = (
    0.12837916572671018, -0.3761262582423137, 0.11283585148596591, -0.026853811934575526, 0.00518832768434805,
    -0.0008010193612767636, 7.853861311140253e-05,
)  # fmt: skip
# log(erfc(1 + t)), t from 0 to 4.95, narrow to 3; the error is that of erf, which is 1 less its exponential.
# Degree 18, error 1.2e-18.
_LOG_ERFC = (
    -1.8496055099332482, -2.6389675142347886, -0.8431072563586589, -0.04156109804218352, 0.010033825378473818,
    -0.001977902594152156, 0.00023732259127031178, 2.627756043779376e-05, -2.7158471980472673e-05,
    9.607952312782813e-06, -2.0587344781261903e-06, 1.4202929733889735e-07, 9.80618981440569e-08,
    -5.226962519492452e-08, 1.4987496029331434e-08, -2.88166710980553e-09, 3.709773832955935e-10,
    -2.9068386713919345e-11, 1.0496778648988933e-12,
)  # fmt: skip
# Degree 7, error 2.1e-11.
_LOG_ERFC_NARROW = (
    -1.849605510043603, -2.6389675160638304, -0.8431070646516706, -0.04156355171510681, 0.010046589448542077,
    -0.0020120988812781194, 0.0002895894099521268, -2.169762351172261e-05,
)  # fmt: skip
# (1 + 2x) exp(x**2) erfc(x) in (x-4)/(x+4), x from 0 on.
# Degree 24, error 7.1e-18.
_ERFC = (
    1.2329951186255526, -0.1396211168405623, 0.015379652102619367, 0.06809705425466907, -0.10103906603628855,
    0.09373283499909593, -0.06633036581242191, 0.03716751552652659, -0.016197734057438663, 0.005031970067914509,
    -0.0007577732752900595, -0.0001992571478860702, 0.00015062154178910737, -2.4397742554056147e-05,
    -1.122141334093242e-05, 5.706596962606817e-06, 2.921783077711185e-07, -8.210847476341331e-07,
    7.725084555140102e-08, 1.0633160412457399e-07, -2.0412482729935115e-08, -1.2343893583853891e-08,
    3.1121335983745847e-09, 9.306270937080311e-10, -2.5622876163952007e-10,
)  # fmt: skip
# Degree 13, error 1.0e-9.
_ERFC_NARROW = (
    1.2329951174132971, -0.13962111192775584, 0.01537977107631657, 0.06809688359479107, -0.10104097212389394,
    0.09373456113908589, -0.06631889749505361, 0.03715974032635164, -0.016230694244751414, 0.005050230876185776,
    -0.0007088500660198823, -0.0002228712039374252, 0.00011411007453399088, -7.849191419121145e-06,
)  # fmt: skip

_ROOT_HALF = 0.7071067811865476

# From these sizes on functions are not computed by pieces; those of erfcx go a little farther.
_LOG_NDTR_END, _ERFCX_END = 4.0, 2.84


def _near(m: Formula, x: Register) -> Register:
    """The error function of a number at most 1 in size."""
    return m.fma(x, m.polynomial(x * x, _ERF_NARROW if m.narrow else _ERF), x)


def erf(m: Formula, x: Register) -> Register:
    """The error function: a polynomial up to 1, `1 - e**log(erfc(x))` beyond."""
    # From these on it is 1 in the precision of its result.
    size = m.at_most(m.absolute(x), 4.0 if m.narrow else 5.95)
    rounded, w = exp_parts(m, m.polynomial(size - 1.0, _LOG_ERFC_NARROW if m.narrow else _LOG_ERFC), m.real(0.0))
    far = 1.0 - scale(m, 1.0 + w, rounded)
    return m.select(size < 1.0, _near(m, x), m.copysign(far, x))


def _scaled(m: Formula, size: Register) -> tuple[Register, Register]:
    """`exp(size**2) erfc(size)` and what its rounding lost, of a number from 0 to 2**900."""
    coefficients = _ERFC_NARROW if m.narrow else _ERFC
    q = (size - 4.0) / (size + 4.0)
    top, top_low = m.fast_two_sum(coefficients[0], q * m.polynomial(q, coefficients[1:]))
    bottom, bottom_low = m.two_sum(2.0 * size, 1.0)
    return m.quotient(top, top_low, bottom, bottom_low)


def erfc(m: Formula, x: Register) -> Register:
    """The complement of the error function, in full relative precision where it is small."""
    size = m.at_most(m.absolute(x), 11.0 if m.narrow else 28.0)
    ratio, ratio_low = _scaled(m, size)
    square, square_low = m.two_product(size, size)
    rounded, w = exp_parts(m, -square, -square_low)
    out = scale(m, times(m, ratio, ratio_low, w), rounded)
    return m.select(size < 0.6, 1.0 - _near(m, x), m.select(x < 0.0, 2.0 - out, out))


def _scaled_anywhere(m: Formula, size: Register) -> tuple[Register, Register]:
    """The same of any number that is not negative: of a huge one it is as much smaller as that is greater."""
    huge = size > 2.0**900
    less = m.at_most(m.select(huge, size * 2.0**-200, size), 2.0**900)
    ratio, ratio_low = _scaled(m, less)
    return m.select(huge, ratio * 2.0**-200, ratio), m.select(huge, 0.0, ratio_low)


def erfcx(m: Formula, x: Register) -> Register:
    """`exp(x**2) erfc(x)`: by pieces, and beyond them below zero `2 exp(x**2)` less that of `-x`."""
    size = m.absolute(x)
    number = (m.fma(x, 1 / STEP_ERFCX, -0.5) + ROUND).bits()
    near = ERFCX.at(m, number, x - ERFCX.centre(m, number))

    def outside() -> list[Register]:
        ratio, ratio_low = _scaled_anywhere(m, size)
        positive = ratio + ratio_low

        def below() -> list[Register]:
            # More than this is infinite.
            within = m.at_most(size, 27.0)
            square, square_low = m.two_product(within, within)
            rounded, w = exp_parts(m, square, square_low)
            power, power_low = m.fast_two_sum(1.0, w)
            return [scale(m, 2.0 * power + 2.0 * power_low, rounded) - positive]

        return m.rarely(x <= -_ERFCX_END, below, [positive])

    return m.rarely(~(size < _ERFCX_END), outside, [near])[0]


def log_ndtr(m: Formula, x: Register) -> Register:
    """The logarithm of the normal distribution's integral up to `x`, which is `erfc(-x / sqrt(2)) / 2`.

    Beyond its pieces that is `exp(-x**2 / 2) / 2` times `erfcx` of `|x| / sqrt(2)` below zero, and 1 less it above.
    """
    number = ((x - 0.5) + ROUND).bits()
    near = LOG_NDTR.at(m, number, x - LOG_NDTR.centre(m, number))

    def outside() -> list[Register]:
        size = m.absolute(x) * _ROOT_HALF
        ratio, ratio_low = _scaled_anywhere(m, size)
        square, lost = m.two_product(x, x)
        square, lost = -0.5 * square, m.select(size < 2.0**400, -0.5 * lost, 0.0)
        rounded, w = exp_parts(m, square, lost)
        rest = scale(m, 0.5 * times(m, ratio, ratio_low, w), rounded)
        # The series of log(1 - rest), which is small.
        above = -m.fma(rest * rest, m.polynomial(rest, (1 / 2, 1 / 3, 1 / 4)), rest)

        def below() -> list[Register]:
            return [(log_of_sum(m, 0.5 * ratio, 0.5 * ratio_low) + lost) + square]

        return m.rarely(x <= -_LOG_NDTR_END, below, [m.select(x.is_nan(), x, above)])

    return m.rarely(~(m.absolute(x) < _LOG_NDTR_END), outside, [near])[0]
