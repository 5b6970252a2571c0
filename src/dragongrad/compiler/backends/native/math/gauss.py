"""The integral of the normal distribution's curve."""

from __future__ import annotations

from ..ir.registers import Register
from .exponential import exp_parts, scale
from .formula import Formula

# erf(x)/x - 1 in x**2, x at most 1: degree 12, error 1e-19; narrow degree 6, error 1e-9.
_ERF = (
    0.1283791670955126, -0.3761263890318375, 0.11283791670954885, -0.026866170645077875, 0.005223977624828431,
    -0.0008548326981425542, 0.0001205533113295582, -1.4925595772180904e-05, 1.6461008477802694e-06,
    -1.635039622286454e-07, 1.4660328722741778e-08, -1.1374955736068398e-09, 5.960685338518165e-11,
)  # fmt: skip
_ERF_NARROW = (
    0.12837916591465431, -0.37612627140440547, 0.11283600211815886, -0.026854445581507992,
    0.00518953646193912, -0.0008020845698405765, 7.889119157484328e-05,
)  # fmt: skip
# log(erfc(1 + t)), t from 0 to 4.95: degree 23, error 3e-18 of the value 1 that erfc is taken from; narrow degree 8
# up to 3, error 2e-11.
_LOG_ERFC = (
    -1.8496055099332482, -2.63896751423479, -0.8431072563585726, -0.04156109804459514, 0.010033825414833768,
    -0.0019779029132434628, 0.00023732435267443078, 2.6271053166172267e-05, -2.71416291201099e-05,
    9.576387418895217e-06, -2.014896967723143e-06, 9.6195480295743e-08, 1.3449281702476352e-07,
    -7.438681799957724e-08, 2.524399809975586e-08, -6.4993540752885925e-09, 1.3335266921886415e-09,
    -2.2003284420801744e-10, 2.894173405898309e-11, -2.969329075583674e-12, 2.290081109007164e-13,
    -1.2480880159805133e-14, 4.281639356715732e-16, -6.947140266216863e-18,
)  # fmt: skip
_LOG_ERFC_NARROW = (
    -1.84960550980289, -2.638967534615617, -0.8431067629070239, -0.04156546676506314, 0.01005244988735582,
    -0.0020215469563213797, 0.00029774563399980483, -2.5237813839298313e-05, 6.027799187726331e-07,
)  # fmt: skip
# (1 + 2x) exp(x**2) erfc(x) in (x-4)/(x+4), x from 0 to 28: degree 22, error 1e-17; narrow degree 11 up to 11,
# error 1e-9.
_ERFC = (
    1.2329951186255526, -0.1396211168405629, 0.015379652102619924, 0.06809705425473522, -0.10103906603630883,
    0.09373283499686454, -0.06633036581241586, 0.03716751556131522, -0.016197734049927418,
    0.0050319697673277845, -0.0007577733957812714, -0.00019925557628591646, 0.00015062243712555051,
    -2.4402906955867932e-05, -1.1225200100189619e-05, 5.717253430795769e-06, 3.018332011174617e-07,
    -8.342247360846021e-07, 6.249251272123666e-08, 1.1457703655037291e-07, -7.81733285260835e-09,
    -1.3399472085098146e-08, -1.71644808399985e-09,
)  # fmt: skip
_ERFC_NARROW = (
    1.2329951191398583, -0.13962113355549746, 0.015379564706602969, 0.06809788753288942, -0.10103619164132802,
    0.09372263282727028, -0.066366716190368, 0.03719950918769226, -0.016008372122489983, 0.005116846784697852,
    -0.001069216459939126, -0.0006215542761338843,
)  # fmt: skip


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


def erfc(m: Formula, x: Register) -> Register:
    """The complement of the error function, in full relative precision where it is small."""
    size = m.at_most(m.absolute(x), 11.0 if m.narrow else 28.0)
    coefficients = _ERFC_NARROW if m.narrow else _ERFC
    q = (size - 4.0) / (size + 4.0)
    top, top_low = m.fast_two_sum(coefficients[0], q * m.polynomial(q, coefficients[1:]))
    bottom, bottom_low = m.two_sum(2.0 * size, 1.0)
    ratio, ratio_low = m.quotient(top, top_low, bottom, bottom_low)
    square, square_low = m.two_product(size, size)
    rounded, w = exp_parts(m, -square, -square_low)
    power, power_low = m.fast_two_sum(1.0, w)
    product, low = m.two_product(ratio, power)
    low = m.fma(ratio, power_low, m.fma(ratio_low, power, low))
    out = scale(m, product + low, rounded)
    return m.select(size < 0.6, 1.0 - _near(m, x), m.select(x < 0.0, 2.0 - out, out))
