"""Bessel functions of the second kind, of orders 0 and 1.

Near zero they are a polynomial beside a logarithm times the function of the first kind. From 1 on those that decay
are a polynomial in `1 / (x + 1)` over `exp(x) sqrt(x)`, and from 5 on those that swing a cosine and a sine: near a
root their error is small beside the amplitude only.
"""

from __future__ import annotations

import math

from ..ir.registers import Register
from .bessel import INVERSE_HALF, NEAR_J, oscillating_far, oscillating_near, over_root, times_power
from .formula import Formula
from .logarithm import log, long_log
from .sums import Sum, affine, stepped, times_sum

# K0(x) + log(x) I0(x), and (x (K1(x) - log(x) I1(x)) - 1) / t, in t = x**2 / 4, x up to 1.
# Degree 8, error 2.7e-21.
_K0 = (
    0.11593151565841245, 1.1159315156584124, 0.40398287891460316, 0.05414624580532493, 0.0038181681406406756,
    0.00016661561414262014, 4.9497162317624325e-06, 1.066274817287324e-07, 1.7675606693334549e-09,
)  # fmt: skip
# Degree 8, error 9.5e-23.
_K1 = (
    -1.2318630313168248, -1.3659315156584124, -0.2970996970541799, -0.02880923401377389, -0.0015967117006961582,
    -5.7467550429693114e-05, -1.4535720737384429e-06, -2.7272363099552438e-08, -4.000656205835723e-10,
)  # fmt: skip
# Degree 4, error 1.3e-9.
_K0_NARROW = (
    0.11593151581429775, 1.1159314742944002, 0.4039844579470175, 0.05412634564624514, 0.003916931654690202,
)  # fmt: skip
# Degree 4, error 8.0e-11.
_K1_NARROW = (
    -1.2318630314148225, -1.3659314951338375, -0.29710037388117366, -0.02880149758565157,
    -0.0016325424009675062,
)  # fmt: skip
# (I0(x) - 1) / t, and 2 I1(x) / x.
# Degree 7, error 3.5e-21.
_I0 = (
    1.0, 0.25, 0.027777777777777627, 0.0017361111111159613, 6.94444443679796e-05, 1.9290129997749686e-06,
    3.9364501918358354e-08, 6.227437042312669e-10,
)  # fmt: skip
# Degree 7, error 3.0e-20.
_I1 = (
    1.0, 0.5, 0.083333333333332, 0.006944444444487569, 0.000347222221539907, 1.1574079927939787e-05,
    2.7554540820329174e-07, 4.989490269926469e-09,
)  # fmt: skip
# Degree 3, error 2.1e-9.
_I0_NARROW = (0.9999999979099006, 0.2500002707328562, 0.027772329881229484, 0.001771044667220749)
# Degree 3, error 1.0e-8.
_I1_NARROW = (0.9999999898278391, 0.5000013347969208, 0.0833062688717608, 0.007118793960769431)
# exp(x) sqrt(x) K_k(x) in 4 / (x + 1) - 1, x from 1.
# Degree 23, error 6.6e-19.
_K0_FAR = (
    1.2085585393824039, -0.051904142000699934, -0.00904785430370093, -0.0023443540383634204,
    -0.0005746200406785454, -0.0001627828237824204, -4.352560926889561e-05, -1.3010582359108435e-05,
    -3.591154371300941e-06, -1.1249487470619316e-06, -3.1005787502714077e-07, -1.0312182185703692e-07,
    -2.720689028750489e-08, -9.994182335159066e-09, -2.2458110944368796e-09, -1.1335603196429485e-09,
    -2.5683518025245743e-10, -3.775676040080696e-11, 8.421846219023449e-11, -9.75739877810647e-11,
    -4.439302165705875e-11, 3.504821895005161e-11, 1.4399634235841937e-11, -1.0503629988213569e-11,
)  # fmt: skip
# Degree 23, error 5.8e-19.
_K1_FAR = (
    1.3970089271126294, 0.17753773382085036, 0.04365061563750093, 0.012635408079181025, 0.003692846928825259,
    0.0011269348875212735, 0.0003441268502889078, 0.0001077177418512229, 3.3556315014172566e-05,
    1.0673187606251156e-05, 3.3583677740328205e-06, 1.0820612854819673e-06, 3.415583264653016e-07,
    1.1155132080041587e-07, 3.4987990987311396e-08, 1.1790232937896892e-08, 3.673362010357885e-09,
    1.133678071272608e-09, 2.916097730084893e-10, 2.3850996546369815e-10, 7.336971635302465e-11,
    -3.275210968946673e-11, -7.31247810029505e-12, 1.4593712476068617e-11,
)  # fmt: skip
# Degree 9, error 6.9e-10.
_K0_FAR_NARROW = (
    1.208558538616339, -0.05190414511513972, -0.009047816207176885, -0.002344302784984652,
    -0.0005749213181768947, -0.00016302393926195997, -4.2700317824994805e-05, -1.254433040312724e-05,
    -4.491389934756113e-06, -1.5126218304731045e-06,
)  # fmt: skip
# Degree 9, error 6.4e-9.
_K1_FAR_NARROW = (
    1.3970089358984081, 0.17753775265176738, 0.04365018140542921, 0.01263505435300437, 0.003696261534464479,
    0.0011288073220600485, 0.0003348342692307899, 0.00010368870653300482, 4.358941210194754e-05,
    1.4370212321495185e-05,
)  # fmt: skip
# pi/2 Y0(x) - log(x) J0(x), and (pi/2 Y1(x) - log(x) J1(x) + 1/x) / x, in x**2 / 12.5 - 1, x up to 5.
# Degree 14, error 2.7e-21.
_Y0 = (
    0.7598332298278021, -0.6796141764125087, -0.7391796264505907, 0.6102801333373947, -0.17517021412727482,
    0.027701535759332638, -0.0028318468021311604, 0.00020411915645904773, -1.0972804601659177e-05,
    4.5776471536938847e-07, -1.5269655328175844e-08, 4.1688895633785234e-10, -9.492604595585026e-12,
    1.8324972038118822e-13, -3.0326109941854853e-15,
)  # fmt: skip
# Degree 14, error 8.5e-23.
_Y1 = (
    0.21951782901112502, 0.1430783527909207, -0.25622861661136453, 0.10421755092690185, -0.021101188376319784,
    0.0026213498312459495, -0.00022213943720124276, 1.3717918738795195e-05, -6.461907493181419e-07,
    2.401575082859568e-08, -7.227711806623346e-10, 1.798395892649444e-11, -3.7628056971356965e-13,
    6.719721545034283e-15, -1.0348564605418064e-16,
)  # fmt: skip
# Degree 8, error 1.8e-9.
_Y0_NARROW = (
    0.7598332297680425, -0.679614192541019, -0.7391796240006493, 0.6102803483576829, -0.17517023085660727,
    0.027700761857516895, -0.0028318057036039834, 0.00020515055516130866, -1.1014843128997998e-05,
)  # fmt: skip
# Degree 8, error 9.4e-11.
_Y1_NARROW = (
    0.21951782900829722, 0.1430783519450963, -0.25622861649543344, 0.10421756220340882, -0.021101189167966283,
    0.002621309243225178, -0.00022213749232301741, 1.3772015792393599e-05, -6.481802319350566e-07,
)  # fmt: skip
# What rounding took from the first coefficients.
_Y0_LOST, _Y1_LOST = 1.706526273237538e-17, -2.8002552768938055e-18

_K, _K_NARROW = (_K0, _K1), (_K0_NARROW, _K1_NARROW)
_I, _I_NARROW = (_I0, _I1), (_I0_NARROW, _I1_NARROW)
_K_FAR, _K_FAR_NARROW = (_K0_FAR, _K1_FAR), (_K0_FAR_NARROW, _K1_FAR_NARROW)
_Y, _Y_NARROW = (_Y0, _Y1), (_Y0_NARROW, _Y1_NARROW)
_Y_LOST = (_Y0_LOST, _Y1_LOST)
_TWO_OVER_PI = (0.6366197723675814, -3.935735335036497e-17)
# Where the series of K ends, and below what those of order 1 are their first terms.
_NEAR_K, _TINY = 1.0, 2.0**-30


def _decaying_near(m: Formula, k: int, x: Register) -> Sum:
    """`K_k(x)` up to 1, of a number that is not zero."""
    t = 0.25 * x * x
    first = m.polynomial(t, _I_NARROW[k] if m.narrow else _I[k])
    rest = m.polynomial(t, _K_NARROW[k] if m.narrow else _K[k])
    logarithm = log(m, x)
    if k == 0:
        return m.two_sum(-logarithm, m.fma(-logarithm * t, first, rest))
    high, low = m.fast_two_sum(1.0, t * m.fma(2.0 * logarithm, first, rest))
    return m.quotient(high, low, x, 0.0)


def _decaying_far(m: Formula, k: int, x: Register) -> Sum:
    """`exp(x) K_k(x)` from 1 on."""
    v = 2.0 * (_NEAR_K + 1.0) / (x + 1.0) - 1.0
    return over_root(m, _K_FAR_NARROW[k] if m.narrow else _K_FAR[k], v, x)


def _decaying(m: Formula, k: int, x: Register, scaled: bool) -> Register:
    beyond = x > _NEAR_K
    inside = m.at_most(m.at_least(x, _TINY) if k else x, _NEAR_K)
    near, far = _decaying_near(m, k, inside), _decaying_far(m, k, m.at_least(x, _NEAR_K))
    exponent = m.select(beyond, m.real(0.0) if scaled else -x, inside if scaled else m.real(0.0))
    out = times_power(m, (m.select(beyond, far[0], near[0]), m.select(beyond, far[1], near[1])), exponent)
    if k:
        out = m.select(x < _TINY, 1.0 / x, out)
    out = m.select(x.equals(math.inf), 0.0, out)
    return m.select(x <= 0.0, m.select(x < 0.0, m.real(math.nan), math.inf), out)


def k0(m: Formula, x: Register) -> Register:
    """The modified Bessel function of the second kind of order 0."""
    return _decaying(m, 0, x, False)


def k1(m: Formula, x: Register) -> Register:
    """The modified Bessel function of the second kind of order 1."""
    return _decaying(m, 1, x, False)


def k0e(m: Formula, x: Register) -> Register:
    """`exp(x) k0(x)`."""
    return _decaying(m, 0, x, True)


def k1e(m: Formula, x: Register) -> Register:
    """`exp(x) k1(x)`."""
    return _decaying(m, 1, x, True)


def _swinging_near(m: Formula, k: int, x: Register) -> Register:
    """`Y_k(x)` up to 5, of a number that is not zero."""
    v, v_low = affine(m, m.two_product(x, x), INVERSE_HALF, -1.0)
    if m.narrow:
        rest = m.polynomial(v, _Y_NARROW[k]), m.real(0.0)
    else:
        high, low = stepped(m, v, _Y[k], 4)
        # What rounding took from v, times the slope, of which a few digits are enough.
        slope = [power * c for power, c in enumerate(_Y[k][:10])][1:]
        rest = high, m.fma(v_low, m.polynomial(v, slope), low + _Y_LOST[k])
    rest = times_sum(m, rest, (x, m.real(0.0))) if k else rest
    total = _plus(m, times_sum(m, long_log(m, x), oscillating_near(m, k, x)), rest)
    if k:
        inverse = m.quotient(m.real(1.0), 0.0, x, 0.0)
        total = _plus(m, total, (-inverse[0], -inverse[1]))
    high, low = times_sum(m, total, (m.real(_TWO_OVER_PI[0]), m.real(_TWO_OVER_PI[1])))
    return high + low


def _plus(m: Formula, x: Sum, y: Sum) -> Sum:
    high, low = m.two_sum(x[0], y[0])
    return m.fast_two_sum(high, low + (x[1] + y[1]))


def _swinging(m: Formula, k: int, x: Register) -> Register:
    near = _swinging_near(m, k, m.at_most(m.at_least(x, _TINY) if k else x, NEAR_J))
    if k:
        near = m.select(x < _TINY, -_TWO_OVER_PI[0] / x, near)
    out = m.select(x > NEAR_J, oscillating_far(m, k, m.at_least(x, NEAR_J), second=True), near)
    out = m.select(x.equals(math.inf), math.nan, out)
    return m.select(x <= 0.0, m.select(x < 0.0, m.real(math.nan), -math.inf), out)


def y0(m: Formula, x: Register) -> Register:
    """The Bessel function of the second kind of order 0: near a root its error is small beside its amplitude."""
    return _swinging(m, 0, x)


def y1(m: Formula, x: Register) -> Register:
    """The Bessel function of the second kind of order 1, as precise as that of order 0."""
    return _swinging(m, 1, x)
