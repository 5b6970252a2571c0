"""The integral of the normal distribution's curve."""

from __future__ import annotations

from ..ir.registers import Register
from .exponential import exp_parts, scale
from .formula import Formula

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
# (1 + 2x) exp(x**2) erfc(x) in (x-4)/(x+4), x from 0 to 28, narrow to 11.
# Degree 22, error 1.2e-17.
_ERFC = (
    1.2329951186255526, -0.1396211168405629, 0.015379652102619764, 0.0680970542547366, -0.10103906603630115,
    0.09373283499682385, -0.066330365812564, 0.03716751556185236, -0.016197734048423146, 0.0050319697635698764,
    -0.0007577734048688121, -0.00019925556126537637, 0.0001506224715901678, -2.4402941504600473e-05,
    -1.1225283056480148e-05, 5.717295246743691e-06, 3.0195638286857087e-07, -8.342404081322921e-07,
    6.238914531993545e-08, 1.1456131563957522e-07, -7.778917193387333e-09, -1.3386265081988137e-08,
    -1.7176208411200618e-09,
)  # fmt: skip
# Degree 11, error 8.9e-10.
_ERFC_NARROW = (
    1.232995119184493, -0.13962113371435508, 0.015379559977606271, 0.0680978950085136, -0.10103610687266022,
    0.09372258014361148, -0.06636726059805799, 0.037199448056861914, -0.016007056865339844,
    0.005117671076986025, -0.0010698650231320433, -0.0006220698803335785,
)  # fmt: skip

# 1 / sqrt(pi)
_ROOT_PI = 0.5641895835477563


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
    """`exp(size**2) erfc(size)` and what its rounding lost, of a number from 0 to the end of the polynomial."""
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
    power, power_low = m.fast_two_sum(1.0, w)
    product, low = m.two_product(ratio, power)
    low = m.fma(ratio, power_low, m.fma(ratio_low, power, low))
    out = scale(m, product + low, rounded)
    return m.select(size < 0.6, 1.0 - _near(m, x), m.select(x < 0.0, 2.0 - out, out))


def erfcx(m: Formula, x: Register) -> Register:
    """`exp(x**2) erfc(x)`; below zero `2 exp(x**2)` less that of `-x`."""
    end = 11.0 if m.narrow else 28.0
    size = m.absolute(x)
    ratio, ratio_low = _scaled(m, m.at_most(size, end))
    # The asymptotic series beyond.
    inverse = 1.0 / size
    s = 0.5 * inverse * inverse
    tail = m.polynomial(s, (-1.0, 3.0, -15.0, 105.0, -945.0, 10395.0, -135135.0))
    scaled = inverse * _ROOT_PI
    far = m.fma(scaled * s, tail, scaled)
    positive = m.select(size > end, far, ratio + ratio_low)
    # More than this is infinite.
    within = m.at_most(size, 27.0)
    square, square_low = m.two_product(within, within)
    rounded, w = exp_parts(m, square, square_low)
    power, power_low = m.fast_two_sum(1.0, w)
    doubled = scale(m, 2.0 * power + 2.0 * power_low, rounded)
    # Near zero exp(x**2) (1 - erf(x)).
    one, lost = m.fast_two_sum(1.0, -_near(m, m.select(size < 0.6, x, 0.0)))
    near = m.fma(one, power, m.fma(lost, power, one * power_low))
    out = m.select(x < 0.0, doubled - positive, positive)
    return m.select(size < 0.6, scale(m, near, rounded), out)
