"""The logarithm of the gamma function and its derivative.

Both are polynomials about their root, reached by the recurrence in `x`, and Stirling's series beyond; for negative
numbers, a reflection, which is left to a branch.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

from ..ir.registers import Register
from .formula import ROUND, Formula
from .logarithm import log, long_log
from .trigonometric import cos_of, sin_of

Sum = tuple[Register, Register]

_PI = (3.141592653589793, 1.2246467991473532e-16)
_LOG_PI = 1.1447298858494002
_HALF_LOG_TWO_PI = 0.9189385332046728

# log(gamma(2 + t)) / t, t at most 1/2 in size. What rounding took from the first coefficient is kept.
_GAMMALN_LOST = 5.264982476397327e-18
# Degree 18, error 1.3e-18.
_GAMMALN = (
    0.42278433509846713, 0.32246703342411326, -0.06735230105319831, 0.02058080842778057, -0.00738555102864972,
    0.0028905103310236445, -0.0011927539127579564, 0.000509669515678488, -0.000223154735175075,
    9.945767000045105e-05, -4.4926531014778525e-05, 2.0505617655778236e-05, -9.43723756376742e-06,
    4.384588563213326e-06, -2.049750870050368e-06, 9.20317499728867e-07, -4.2005072343121456e-07,
    2.7849172398477046e-07, -1.4328802731389315e-07,
)  # fmt: skip
# Degree 8, error 2.4e-9.
_GAMMALN_NARROW = (
    0.42278433451068786, 0.3224670187817067, -0.06735221880709581, 0.02058160190416574, -0.007387427149288155,
    0.0028790568161158703, -0.0011778421806356546, 0.000569821427885836, -0.0002698509400410251,
)  # fmt: skip
# Stirling's remainder times x, in 1/x**2, x from 4.5.
# Degree 7, error 6.1e-19.
_STIRLING = (
    0.0833333333333309, -0.0027777777763884387, 0.000793650508016147, -0.0005952086008805231,
    0.000840006960061678, -0.0018548654076490686, 0.005010689377784544, -0.009980122992801889,
)  # fmt: skip
# Degree 2, error 3.1e-11.
_STIRLING_NARROW = (0.08333331788180305, -0.002776108123532857, 0.0007387734347147505)

# The root of digamma, less 3/2, in two parts; digamma(3/2 + t) / (t - root), t at most 1/2 in size.
_ROOT = (1.4616321449683622 - 1.5, 9.549995429965697e-17)
_DIGAMMA_LOST = 4.3047866366734306e-17
# Degree 22, error 2.4e-18.
_DIGAMMA = (
    0.9510558760318328, -0.4236274212814606, 0.24054248424078722, -0.14840492305388028, 0.09498872445284975,
    -0.0619221332755427, 0.040760833943391785, -0.02697579665762482, 0.017907248235562775,
    -0.011908220153188761, 0.007927023327564918, -0.0052799366356602335, 0.0035180887040844443,
    -0.0023454998374245785, 0.0015635034063554384, -0.0010364320178191072, 0.0006902820949838696,
    -0.00048603460436364386, 0.0003258809228667424, -0.00014465648326341367, 9.329476558003819e-05,
    -0.00017833326781351074, 0.00012117358190650699,
)  # fmt: skip
# Degree 11, error 6.4e-10.
_DIGAMMA_NARROW = (
    0.951055875424564, -0.42362741937104575, 0.24054265772730682, -0.1484051591626974, 0.09498073082504785,
    -0.06191410635123922, 0.040894536997111895, -0.027089590622521083, 0.016910743120287817,
    -0.011145317582244647, 0.011230347139124486, -0.00762525850326167,
)  # fmt: skip
# (log(x) - 1/(2x) - digamma(x)) x**2 in 1/x**2, x from 4.
# Degree 8, error 2.3e-18.
_SERIES = (
    0.08333333333331923, -0.008333333324954891, 0.003968252184035533, -0.0041664747815448894,
    0.0075637360898669825, -0.020620511982685892, 0.07119922712319494, -0.2327461889714516, 0.4494158760572135,
)  # fmt: skip
# Degree 2, error 2.6e-10.
_SERIES_NARROW = (0.08333315092607427, -0.008316813546323529, 0.0035169810086846972)


def _product(
    m: Formula, x: Register, x_low: Register, t: Register, coefficients: Sequence[float], lost: float
) -> Sum:
    """`x` times a polynomial in `t`, as a sum, for results that the next addition may nearly cancel."""
    if m.narrow:
        return x * m.polynomial(t, coefficients), m.real(0.0)
    p, p_low = m.fast_two_sum(coefficients[0], t * m.polynomial(t, coefficients[1:]))
    high, low = m.two_product(x, p)
    return high, low + m.fma(x, p_low + lost, x_low * p)


def _at_angle(m: Formula, x: Register) -> tuple[Register, Register, Register]:
    """`sin(pi x)` and `cos(pi x)` without their signs, and `x` less its nearest integer."""
    fraction = x - m.select(m.absolute(x) < 2.0**51, (x + ROUND) - ROUND, x)
    size = m.absolute(fraction)
    steep = size > 0.25
    h = m.select(steep, 0.5 - size, size)
    r, low = m.two_product(h, _PI[0])
    low = m.fma(h, _PI[1], low)
    (a, b), (c, d) = sin_of(m, r, low), cos_of(m, r, low)
    sine, cosine = a + b, c + d
    return m.select(steep, cosine, sine), m.select(steep, sine, cosine), fraction


def gammaln(m: Formula, x: Register) -> Register:
    """`log|gamma(x)|`; for negative `x`, `log(pi / |sin(pi x)|) - log(gamma(1 - x))`.

    Between its poles it has roots, near which the reflection is precise to an ulp of its terms only.
    """
    negative = x < 0.0
    z = m.select(negative, 1.0 - x, x)
    beyond = z >= 4.5
    lowest, low, high, highest = z < 0.5, z < 1.5, z >= 2.5, z >= 3.5
    # z = 2 + t - steps, and the factors between 2 + t and z.
    steps = m.select(
        low, m.select(lowest, 2.0, m.real(1.0)), m.select(highest, -2.0, m.select(high, -1.0, m.real(0.0)))
    )
    t = z + (steps - 2.0)
    follower, lost = m.fast_two_sum(1.0, z)
    both, both_low = m.two_product(z, follower)
    factors = m.select(low, m.select(lowest, both, z), m.select(high, z - 1.0, 1.0))
    factors = m.select(highest, (z - 1.0) * (z - 2.0), factors)
    high_log, low_log = long_log(m, m.select(beyond, z, factors))
    inverse = 1.0 / z
    if not m.narrow:
        # What rounding took from z (z+1), over that: 1/(z+1) need not be exact for it.
        relative = m.fma(z, lost, both_low) * inverse * m.fma(z, -0.65, 1.0)
        low_log = low_log + m.select(lowest, m.select(z > 2.0**-60, relative, 0.0), 0.0)
    # About the root.
    sign = m.select(low, -1.0, m.real(1.0))
    part, part_low = _product(m, t, m.real(0.0), t, _GAMMALN_NARROW if m.narrow else _GAMMALN, _GAMMALN_LOST)
    near, lost = m.two_sum(sign * high_log, part)
    near = near + m.fma(sign, low_log, lost + part_low)
    # Stirling: (z - 1/2) log(z) - z + log(2 pi)/2 + ...
    series = m.polynomial(inverse * inverse, _STIRLING_NARROW if m.narrow else _STIRLING)
    product, rest = m.two_product(z - 0.5, high_log)
    rest = m.fma(z - 0.5, low_log, rest)
    far, lost = m.two_sum(product, -z)
    far = far + (m.select(z < 2.0**900, lost + rest, 0.0) + m.fma(series, inverse, _HALF_LOG_TWO_PI))
    out = m.select(beyond, far, near)

    def reflect() -> list[Register]:
        sine, _, _ = _at_angle(m, x)
        return [(_LOG_PI - log(m, sine)) - out]

    (out,) = m.rarely(negative, reflect, [out])
    # SciPy has no limit at -inf.
    return m.select(x.equals(0.0), math.inf, m.select(m.absolute(x) < math.inf, out, x))


def digamma(m: Formula, x: Register) -> Register:
    """The derivative of `log(gamma(x))`; for negative `x`, `digamma(1 - x) - pi / tan(pi x)`."""
    negative = x < 0.0
    z = m.select(negative, 1.0 - x, x)
    beyond = z >= 4.0
    low, high, highest = z < 1.0, z >= 2.0, z >= 3.0
    # What the recurrence adds: -1/z, 1/(z-1) or 1/(z-1) + 1/(z-2); beyond, 1/z of the series.
    one, two = z - 1.0, z - 2.0
    both, both_low = m.two_product(one, two)
    top = m.select(beyond, 1.0, m.select(highest, one + two, m.select(low, -1.0, m.select(high, 1.0, m.real(0.0)))))
    bottom = m.select(beyond | low, z, m.select(highest, both, m.select(high, one, 1.0)))
    # The inverse of what is scaled here would be infinite, or zero.
    tiny = z < 2.0**-900
    bottom = m.at_most(m.select(tiny, bottom * 2.0**200, bottom), 2.0**900)
    q, q_low = m.quotient(top, 0.0, bottom, m.select(beyond, 0.0, m.select(highest, both_low, 0.0)))
    t = z - m.select(low, 0.5, m.select(highest, 3.5, m.select(high, 2.5, m.real(1.5))))
    from_root, rest = m.two_sum(t, -_ROOT[0])
    part, part_low = _product(
        m, from_root, rest - _ROOT[1], t, _DIGAMMA_NARROW if m.narrow else _DIGAMMA, _DIGAMMA_LOST
    )
    near, lost = m.two_sum(q, part)
    near = m.select(tiny, q * 2.0**200, near + (lost + (q_low + part_low)))
    w = q * q
    far = log(m, z) - m.fma(w, m.polynomial(w, _SERIES_NARROW if m.narrow else _SERIES), 0.5 * q)
    out = m.select(beyond, far, near)

    def reflect() -> list[Register]:
        sine, cosine, fraction = _at_angle(m, x)
        return [out - m.copysign(_PI[0] * cosine / sine, fraction)]

    (out,) = m.rarely(negative, reflect, [out])
    out = m.select(x.equals(0.0), m.copysign(m.real(math.inf), -x), out)
    return m.select(negative & m.is_whole(m.absolute(x)), math.nan, out)
