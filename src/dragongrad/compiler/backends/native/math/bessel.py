"""Bessel functions of orders 0 to 2.

Modified ones are a series of positive terms up to 8, and `exp(x) / sqrt(x)` times a polynomial in `1 / x` beyond.
Those of the first kind are the distance from their first root times a polynomial up to 5, and beyond a cosine and a
sine, whose amplitudes are polynomials in `1 / x**2`: beside a root their error is small beside the amplitude only.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

from ..ir.registers import Register
from .exponential import curve, exp, reduce, scale, times
from .formula import Formula
from .sums import Sum, affine, stepped, times_sum
from .trigonometric import sin_and_cos

# I_k(x) / (x/2)**k in x**2 / 4, x up to 8.
# Degree 15, error 9.0e-19.
_I0 = (
    1.0, 1.0, 0.24999999999999964, 0.027777777777778883, 0.0017361111111094518, 6.944444444589303e-05,
    1.929012344875109e-06, 3.936759919137012e-08, 6.151186546476852e-10, 7.594072898548321e-12,
    7.593865006786018e-14, 6.277945490152926e-16, 4.345589080212653e-18, 2.639761132754011e-20,
    1.12721719001728e-22, 9.198723472754144e-25,
)  # fmt: skip
# Degree 15, error 1.4e-19.
_I1 = (
    1.0, 0.5, 0.08333333333333329, 0.006944444444444559, 0.00034722222222206476, 1.1574074074201516e-05,
    2.7557319217359544e-07, 4.920949884792327e-09, 6.834652006781297e-11, 7.594068700061738e-13,
    6.903557366949826e-15, 5.2312981590722047e-17, 3.3444133760586066e-19, 1.8799837165612792e-21,
    7.625409261117073e-24, 5.650612719608277e-26,
)  # fmt: skip
# Degree 15, error 2.6e-20.
_I2 = (
    0.5, 0.16666666666666666, 0.02083333333333333, 0.0013888888888888978, 5.787037037035875e-05,
    1.653439153448162e-06, 3.4446649025472115e-08, 5.467722083633139e-10, 6.834652215601682e-12,
    6.90369587283459e-14, 5.752994274608534e-16, 4.023861057011736e-18, 2.3899372013807666e-20,
    1.2498005718819421e-22, 4.834526160213021e-25, 3.2638681630366474e-27,
)  # fmt: skip
# Degree 9, error 8.9e-9.
_I0_NARROW = (
    0.9999999911226783, 1.0000002238439747, 0.24999918817846406, 0.027778804590697703, 0.00173550432990101,
    6.9637086853058e-05, 1.8937940055756766e-06, 4.315853131373065e-08, 3.8113314882364823e-10,
    1.4984358768357807e-11,
)  # fmt: skip
# Degree 9, error 2.1e-9.
_I1_NARROW = (
    0.9999999979380928, 0.5000000417208463, 0.08333320567384543, 0.006944585801783278, 0.00034714705975810527,
    1.159599314361091e-05, 2.718337353392448e-07, 5.301282513437725e-09, 4.593485384129335e-11,
    1.4420254567007362e-12,
)  # fmt: skip
# Degree 9, error 5.8e-10.
_I2_NARROW = (
    0.4999999997120392, 0.16666667187202583, 0.020833318790123578, 0.0013889038460921429, 5.786288401758246e-05,
    1.6555160774860411e-06, 3.410669435786187e-08, 5.80179352430891e-10, 4.920712958125505e-12,
    1.2610927040958536e-13,
)  # fmt: skip
# The slopes of their logarithms.
# Degree 4, error 5.2e-2.
_I0_SLOPE = (
    0.9482331198893537, -0.2524155560347651, 0.0396594563674115, -0.0027864869896957523, 7.014401375889429e-05,
)  # fmt: skip
# Degree 4, error 8.1e-3.
_I1_SLOPE = (
    0.4959696835906265, -0.06710492888644067, 0.00800801293696202, -0.0004954329048660758,
    1.164877799715365e-05,
)  # fmt: skip
# Degree 4, error 1.7e-3.
_I2_SLOPE = (
    0.3327640508950163, -0.02565722027699136, 0.0022808041432260777, -0.00012195325305729458,
    2.652758701356247e-06,
)  # fmt: skip
# exp(-x) sqrt(x) I_k(x) in 16/x - 1, x from 8.
# Degree 25, error 3.2e-18.
_I0_FAR = (
    0.4021765094450081, 0.003360551983667882, 0.00013621607439200174, 1.114303378879771e-05,
    1.4838475624296308e-06, 2.973599244234721e-07, 8.872226085491358e-08, 3.932490886035137e-08,
    2.1547765548661677e-08, 7.56215208873971e-09, -6.744172265461593e-09, -1.3445741837550159e-08,
    -5.417346468848783e-09, 7.671349939718674e-09, 7.460323935383782e-09, -3.763458471697737e-09,
    -6.000862499440785e-09, 1.8982080313156625e-09, 3.687426410704393e-09, -9.425934932765387e-10,
    -1.651797305139779e-09, 3.8571901767670615e-10, 4.702134716884165e-10, -1.0486805447231363e-10,
    -6.276091346697401e-11, 1.3523416559791712e-11,
)  # fmt: skip
# Degree 25, error 3.4e-18.
_I1_FAR = (
    0.38939845902587233, -0.009749577193235756, -0.00021923576383396052, -1.5038547198503962e-05,
    -1.8349101293019903e-06, -3.4838563957536663e-07, -1.0001294635968993e-07, -4.3128271591241303e-08,
    -2.3373316613128725e-08, -8.435004114936781e-09, 6.730984900860357e-09, 1.4069999587607414e-08,
    5.986988285432565e-09, -7.757826588279122e-09, -7.91814602716615e-09, 3.6766828502934082e-09,
    6.289921313440761e-09, -1.8067548095203888e-09, -3.844014624216026e-09, 8.908843956648398e-10,
    1.717624154551426e-09, -3.67086834717319e-10, -4.883498641722815e-10, 1.0100068265481917e-10,
    6.513780754429511e-11, -1.3190381717077977e-11,
)  # fmt: skip
# Degree 9, error 3.4e-11.
_I0_FAR_NARROW = (
    0.4021765094321052, 0.00336055194346309, 0.00013621675178790882, 1.1143785655941199e-05,
    1.4781777686621955e-06, 2.9305613514763473e-07, 1.0538037156285464e-07, 5.0639851558448376e-08,
    1.649466262836343e-09, -8.448412099918175e-09,
)  # fmt: skip
# Degree 9, error 3.7e-11.
_I1_FAR_NARROW = (
    0.3893984590395568, -0.009749577144293163, -0.0002192364823528407, -1.5039439243723794e-05,
    -1.8289052651528817e-06, -3.434265800421808e-07, -1.1758950733140562e-07, -5.576654832406429e-08,
    -2.571135471108578e-09, 8.88138834055176e-09,
)  # fmt: skip
# J_k(x) / x**k / (x**2 - root**2) * (1 + x**2 / flat)**2 in x**2 / 12.5 - 1, x up to 5.
# Degree 14, error 4.3e-20.
_J0 = (
    -0.4073301633162335, 0.019664350983975447, 0.2688334544322926, -0.03233490194154031, -0.03269255006318008,
    0.012150021437527683, -0.0020231101335152963, 0.00020762521163957798, -1.478992996615347e-05,
    7.812837220274067e-07, -3.1970253827650616e-08, 1.045810797706937e-09, -2.801443794766672e-11,
    6.271178032640462e-13, -1.1884533404820169e-14,
)  # fmt: skip
# Degree 14, error 1.6e-21.
_J1 = (
    -0.043636885500637754, 0.0013490581041417844, 0.010030485305495543, -0.0015078757827055927,
    -0.0004239234365260916, 0.00015817391698690801, -2.3423754409163702e-05, 2.128334595432778e-06,
    -1.3527274794848243e-07, 6.4348351717414595e-09, -2.3916904212206054e-10, 7.160852589901921e-12,
    -1.7674678622287528e-13, 3.666393846380941e-15, -6.473169914098038e-17,
)  # fmt: skip
# Degree 8, error 1.1e-8.
_J0_NARROW = (
    -0.4073301633967621, 0.0196643133337484, 0.2688334588588852, -0.032334457835363574, -0.03269258299818659,
    0.0121485505400428, -0.002023026239396166, 0.00020947004210896325, -1.487723692069377e-05,
)  # fmt: skip
# Degree 8, error 6.5e-10.
_J1_NARROW = (
    -0.04363688550124141, 0.0013490578547015665, 0.010030485335984668, -0.0015078725806692268,
    -0.0004239236666616673, 0.00015816268086936417, -2.3423154037375902e-05, 2.1430378899481392e-06,
    -1.3591221450966683e-07,
)  # fmt: skip
# The amplitudes of the cosine, and of the sine times x, in 50 / x**2 - 1, x from 5.
# Degree 18, error 4.1e-18.
_P0 = (
    0.9986347659091991, -0.0013274931272004005, 3.491730581277281e-05, -2.459963321473035e-06,
    2.9759004862855787e-07, -5.086432325285908e-08, 1.1058849972658639e-08, -2.8705425362428402e-09,
    8.534100527392387e-10, -2.851831004206136e-10, 1.0539524890192769e-10, -3.537966444485247e-11,
    1.1001857452888176e-11, -1.3644881609408132e-11, 9.926728688648407e-12, 3.4196764087423315e-12,
    -3.6766527910161865e-12, -2.236425956254518e-12, 1.6202709771929882e-12,
)  # fmt: skip
# Degree 18, error 4.3e-18.
_P1 = (
    1.0022906462560661, 0.0022414632139171916, -4.578280653150735e-05, 2.9786211051316467e-06,
    -3.4667185869413994e-07, 5.7916678600719166e-08, -1.2403281442943471e-08, 3.1849566190296327e-09,
    -9.392344263441117e-10, 3.117775555918417e-10, -1.1456106101748138e-10, 3.844453522522475e-11,
    -1.201063431795943e-11, 1.455959389545401e-11, -1.0532216113819607e-11, -3.5952848916472594e-12,
    3.870201075143195e-12, 2.3696156722104005e-12, -1.712868371891547e-12,
)  # fmt: skip
# Degree 7, error 9.8e-12.
_P0_NARROW = (
    0.9986347659000785, -0.001327493099676476, 3.4917591474930745e-05, -2.4602578576095794e-06,
    2.9620869945742804e-07, -4.999456645375634e-08, 1.3131575173967921e-08, -3.806311523512326e-09,
)  # fmt: skip
# Degree 7, error 1.1e-11.
_P1_NARROW = (
    1.0022906462660663, 0.002241463183952813, -4.578311981403955e-05, 2.978941845863448e-06,
    -3.4515637179720175e-07, 5.6969122586364015e-08, -1.4678975558696289e-08, 4.205292299911357e-09,
)  # fmt: skip
# Degree 20, error 4.8e-18.
_Q0 = (
    -0.12361496352611866, 0.00131421397291016, -6.338715442473172e-05, 6.239113176085737e-06,
    -9.409875445341502e-07, 1.8870283918984043e-07, -4.639764979773463e-08, 1.3297947508791483e-08,
    -4.296663194795699e-09, 1.5208044431989739e-09, -5.770061709625606e-10, 2.585187282953761e-10,
    -1.305903683633491e-10, 1.507637486238121e-11, 1.8823820109107663e-11, 4.892377854307995e-11,
    -4.730233834388801e-11, -2.1828063027589443e-11, 2.2389829348818566e-11, 8.56589129128416e-12,
    -6.979759332946577e-12,
)  # fmt: skip
# Degree 20, error 5.1e-18.
_Q1 = (
    0.3730474331740802, -0.0018648496218412205, 7.8980941779054e-05, -7.36992795456495e-06,
    1.0798854067018716e-06, -2.126672630990048e-07, 5.1641262822838195e-08, -1.4665674030540839e-08,
    4.7051820391268745e-09, -1.656308178727038e-09, 6.257902723366071e-10, -2.786624302721887e-10,
    1.3987748946984084e-10, -1.6868502902080596e-11, -1.9317313961100334e-11, -5.1662622281391665e-11,
    4.9787284416246596e-11, 2.2943803212599423e-11, -2.3513085999770192e-11, -9.029645991328017e-12,
    7.344033005344416e-12,
)  # fmt: skip
# Degree 7, error 5.2e-11.
_Q0_NARROW = (
    -0.12361496347808605, 0.001314213815651858, -6.338865427624589e-05, 6.240789837303825e-06,
    -9.337696115568715e-07, 1.8378100911357815e-07, -5.71291088881147e-08, 1.8530435827154878e-08,
)  # fmt: skip
# Degree 7, error 5.7e-11.
_Q1_NARROW = (
    0.3730474331216792, -0.0018648494513635728, 7.898257842568846e-05, -7.371746067933093e-06,
    1.0720061267655438e-06, -2.0732782206185167e-07, 6.336479006288287e-08, -2.034706692934167e-08,
)  # fmt: skip
# J_2(x) / x**2 in x**2, x up to 2.
# Degree 9, error 2.5e-21.
_J2 = (
    0.125, -0.010416666666666666, 0.0003255208333333332, -5.4253472222218396e-06, 5.65140335642047e-08,
    -4.0367166775917647e-10, 2.102456291097901e-12, -8.34297220971464e-15, 2.6049019871365487e-17,
    -6.312734735114383e-20,
)  # fmt: skip
# Degree 4, error 7.2e-9.
_J2_NARROW = (
    0.12499999909982207, -0.010416656047496873, 0.00032550035441783937, -5.411333504561758e-06,
    5.254903479762211e-08,
)  # fmt: skip

_SERIES, _SERIES_NARROW = (_I0, _I1, _I2), (_I0_NARROW, _I1_NARROW, _I2_NARROW)
_SLOPES = _I0_SLOPE, _I1_SLOPE, _I2_SLOPE
_FAR, _FAR_NARROW = (_I0_FAR, _I1_FAR), (_I0_FAR_NARROW, _I1_FAR_NARROW)
_J, _J_NARROW = (_J0, _J1), (_J0_NARROW, _J1_NARROW)
_P, _P_NARROW = (_P0, _P1), (_P0_NARROW, _P1_NARROW)
_Q, _Q_NARROW = (_Q0, _Q1), (_Q0_NARROW, _Q1_NARROW)
# The first roots, each in two parts, and the inverses of what makes the polynomials of one size, and of 12.5.
_ROOTS = ((2.404825557695773, -1.176691651530894e-16), (3.8317059702075125, -1.5269184090088067e-16))
_INVERSE_FLAT = ((0.13333333333333333, 1.8503717077085942e-18), (0.05263157894736842, 2.921639538487254e-18))
INVERSE_HALF = (0.08, -1.6653345369377347e-18)
_PI = (3.141592653589793, 1.2246467991473532e-16)
# 1 / sqrt(pi)
_ROOT_PI = 0.5641895835477563
# Where series end.
_NEAR_I, NEAR_J = 8.0, 5.0


def _modified_near(m: Formula, k: int, size: Register) -> tuple[Register, Register]:
    """`I_k(size)` up to 8 as a sum, by a series in `t = size**2 / 4` over `(size / 2)**k`."""
    half = 0.5 * size
    t, low = m.two_product(half, half)
    coefficients = _SERIES_NARROW[k] if m.narrow else _SERIES[k]
    if m.narrow:
        total, rest = m.polynomial(t, coefficients), m.real(0.0)
    else:
        total, rest = stepped(m, t, coefficients, 2)
        # What the square lost moves the logarithm by its slope.
        rest = m.fma(total * low, m.polynomial(t, _SLOPES[k]), rest)
    for _ in range(k):
        total, lost = m.two_product(total, half)
        rest = m.fma(rest, half, lost)
    return total, rest


def _modified_far(m: Formula, k: int, size: Register) -> tuple[Register, Register]:
    """`exp(-size) I_k(size)` from 8 on as a sum."""
    return over_root(m, _FAR_NARROW[k] if m.narrow else _FAR[k], 16.0 / size - 1.0, size)


def over_root(m: Formula, coefficients: Sequence[float], v: Register, x: Register) -> Sum:
    """A polynomial in `v`, whose first coefficient is large beside the rest, over the square root of `x`."""
    top, low = m.fast_two_sum(coefficients[0], v * m.polynomial(v, coefficients[1:]))
    root = m.sqrt(x)
    return m.quotient(top, low, root, m.residual(x, root, root) * (0.5 / root))


def times_power(m: Formula, value: Sum, exponent: Register) -> Register:
    """A sum times the exponential of a number."""
    # Infinite is i0 from 714 on, where the exponential has been so for long.
    rounded, r, rest = reduce(m, m.at_least(m.at_most(exponent, 720.0), -746.0))
    return scale(m, times(m, *value, r + m.fma(r * r, curve(m, r), rest)), rounded)


def _modified(m: Formula, k: int, x: Register, scaled: bool) -> Register:
    size = m.absolute(x)
    beyond = size > _NEAR_I
    near, near_low = _modified_near(m, k, m.at_most(size, _NEAR_I))
    far, far_low = _modified_far(m, k, m.at_least(size, _NEAR_I))
    # One exponential: of near ones when scaled, of far ones when not.
    exponent = m.select(beyond, m.real(0.0) if scaled else size, -size if scaled else m.real(0.0))
    out = times_power(m, (m.select(beyond, far, near), m.select(beyond, far_low, near_low)), exponent)
    if not scaled:
        out = m.select(size > 714.0, math.inf, out)
    # SciPy has no limit at infinity.
    out = m.select(size.equals(math.inf), m.real(0.0 if scaled else math.nan), out)
    return m.select(x < 0.0, -out, out) if k % 2 else out


def i0(m: Formula, x: Register) -> Register:
    """The modified Bessel function of order 0."""
    return _modified(m, 0, x, False)


def i1(m: Formula, x: Register) -> Register:
    """The modified Bessel function of order 1."""
    return _modified(m, 1, x, False)


def i0e(m: Formula, x: Register) -> Register:
    """`exp(-|x|) i0(x)`."""
    return _modified(m, 0, x, True)


def i1e(m: Formula, x: Register) -> Register:
    """`exp(-|x|) i1(x)`."""
    return _modified(m, 1, x, True)


def i2(m: Formula, x: Register) -> Register:
    """The modified Bessel function of order 2, by the recurrence beyond the series."""
    size = m.absolute(x)
    near, near_low = _modified_near(m, 2, m.at_most(size, _NEAR_I))
    far = i0(m, size) - 2.0 * i1(m, size) / size
    out = m.select(size > _NEAR_I, far, near + near_low)
    return m.select(size > 720.0, math.inf, out)


def i2e(m: Formula, x: Register) -> Register:
    """`exp(-|x|) i2(x)`."""
    size = m.absolute(x)
    near, near_low = _modified_near(m, 2, m.at_most(size, _NEAR_I))
    far = i0e(m, size) - 2.0 * i1e(m, size) / size
    out = m.select(size > _NEAR_I, far, (near + near_low) * exp(m, -m.at_most(size, _NEAR_I)))
    return m.select(size.equals(math.inf), 0.0, out)


def oscillating_near(m: Formula, k: int, size: Register) -> Sum:
    """`J_k(size)` up to 5: the distance from its root, times a polynomial in `t = size**2` that has one size."""
    root, root_low = _ROOTS[k]
    if m.narrow:
        t = size * size
        level = m.fma(t, _INVERSE_FLAT[k][0], 1.0)
        out = (t - root * root) * m.polynomial(m.fma(t, INVERSE_HALF[0], -1.0), _J_NARROW[k]) / (level * level)
        return out * size if k else out, m.real(0.0)
    square = m.two_product(size, size)
    v, v_low = affine(m, square, INVERSE_HALF, -1.0)
    high, low = stepped(m, v, _J[k], 3)
    # What rounding took from v, times the slope, of which a few digits are enough.
    slope = [power * c for power, c in enumerate(_J[k][:10])][1:]
    low = m.fma(v_low, m.polynomial(v, slope), low)
    # Each factor of t - root**2 is exact near the root.
    (less, rest), (more, more_rest) = m.two_sum(size, -root), m.two_sum(size, root)
    top = times_sum(m, (less, rest - root_low), (more, more_rest + root_low))
    top = times_sum(m, top, (high, low))
    if k:
        top = times_sum(m, top, (size, m.real(0.0)))
    flat = affine(m, square, _INVERSE_FLAT[k], 1.0)
    return m.quotient(*top, *times_sum(m, flat, flat))


def oscillating_far(m: Formula, k: int, size: Register, second: bool = False) -> Register:
    """`J_k(size)`, or `Y_k(size)`, from 5 on: a cosine and a sine, with amplitudes in powers of `1 / size**2`."""
    inverse = 1.0 / size
    v = m.fma(inverse * inverse, 2.0 * NEAR_J**2, -1.0)
    q = m.polynomial(v, _Q_NARROW[k] if m.narrow else _Q[k]) * inverse
    sine, sine_low, cosine, cosine_low = sin_and_cos(m, size)
    more, less = (_total(m, cosine, cosine_low, side, low) for side, low in ((sine, sine_low), (-sine, -sine_low)))
    # J1 lags behind J0 by a quarter of a turn, and so does each Y behind its J.
    total, other = ((-less[0], -less[1]), more) if k else (more, less)
    if second:
        total, other = (-other[0], -other[1]), total
    if m.narrow:
        return m.fma(m.polynomial(v, _P_NARROW[k]), total[0], q * other[0]) * _ROOT_PI / m.sqrt(size)
    p = stepped(m, v, _P[k], 1)
    top, low = times_sum(m, p, total)
    top, low = m.two_sum(top, m.fma(q, other[0], low))
    # sqrt(pi * size)
    square, square_low = times_sum(m, (size, m.real(0.0)), (m.real(_PI[0]), m.real(_PI[1])))
    root = m.sqrt(square)
    return m.divide(top, low, root, (m.residual(square, root, root) + square_low) * (0.5 / root))


def _total(m: Formula, x: Register, x_low: Register, y: Register, y_low: Register) -> Sum:
    high, low = m.two_sum(x, y)
    return high, low + (x_low + y_low)


def _oscillating(m: Formula, k: int, x: Register) -> Register:
    size = m.absolute(x)
    inside = m.at_most(size, NEAR_J)
    high, low = oscillating_near(m, k, inside)
    near = high + low
    if k == 0:
        t = inside * inside
        near = m.select(t < 2.0**-10, m.fma(t, m.polynomial(t, (-1 / 4, 1 / 64, -1 / 2304)), 1.0), near)
    far = oscillating_far(m, k, m.at_least(size, NEAR_J))
    out = m.select(size > NEAR_J, far, near)
    # SciPy has no limit at infinity.
    out = m.select(size.equals(math.inf), math.nan, out)
    return m.copysign(m.real(1.0), x) * out if k else out


def j0(m: Formula, x: Register) -> Register:
    """The Bessel function of order 0: far from 0 its error is small beside its amplitude, near a root too."""
    return _oscillating(m, 0, x)


def j1(m: Formula, x: Register) -> Register:
    """The Bessel function of order 1, as precise as that of order 0."""
    return _oscillating(m, 1, x)


def j2(m: Formula, x: Register) -> Register:
    """The Bessel function of order 2: a series up to 2, the recurrence beyond."""
    size = m.absolute(x)
    small = m.at_most(size, 2.0)
    t = small * small
    near = t * m.polynomial(t, _J2_NARROW if m.narrow else _J2)
    far = 2.0 * _oscillating(m, 1, size) / size - _oscillating(m, 0, size)
    return m.select(size > 2.0, far, near)
