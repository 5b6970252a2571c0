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

# log(gamma(2 + t)) / t, t at most 1/2 in size: degree 18, error 5e-19; narrow degree 8, error 9e-10. What rounding
# took from the first coefficient is kept.
_GAMMALN_LOST = 5.057094133527172e-18
_GAMMALN = (
    0.42278433509846713, 0.32246703342411326, -0.06735230105319817, 0.020580808427780335,
    -0.007385551028664104, 0.0028905103310368527, -0.0011927539121672497, 0.000509669515346551,
    -0.00022315474732611905, 9.945767442488137e-05, -4.49263906146642e-05, 2.050558419841621e-05,
    -9.438190493537001e-06, 4.384732662931729e-06, -2.0459813820515915e-06, 9.199881756215629e-07,
    -4.2809161842228913e-07, 2.788016356160813e-07, -1.3614111020451441e-07,
)  # fmt: skip
_GAMMALN_NARROW = (
    0.4227843348971273, 0.32246701788889176, -0.06735226820143232, 0.020581630603704198,
    -0.007386439445747949, 0.0028788270897718033, -0.0011841627589885017, 0.0005703463156316597,
    -0.0002572108854471673,
)  # fmt: skip
# Stirling's remainder times x, in 1/x**2, x from 4.5: degree 8, error 3e-18; narrow degree 3 (from 3.5), 2e-10.
_STIRLING = (
    0.08333333333333333, -0.0027777777777665954, 0.0007936507873747313, -0.0005952367329625872,
    0.0008416012865724154, -0.0019081367121497866, 0.006051860163575645, -0.020988944671652004,
    0.048632698176467634,
)  # fmt: skip
_STIRLING_NARROW = (0.0833333331360203, -0.002777697372169821, 0.0007884925705385268, -0.0004855929237127744)

# The root of digamma, less 3/2, in two parts; digamma(3/2 + t) / (t - root): degree 22, error 3e-18; narrow degree
# 11, error 7e-10.
_ROOT = (1.4616321449683622 - 1.5, 9.549995429965697e-17)
_DIGAMMA_LOST = 4.248699670435087e-17
_DIGAMMA = (
    0.9510558760318328, -0.4236274212814606, 0.24054248424078778, -0.1484049230538801, 0.09498872445276291,
    -0.061922133275561037, 0.04076083394881149, -0.02697579665689141, 0.017907248062089234,
    -0.01190822016928496, 0.007927026566674298, -0.005279936423681629, 0.003518051001291081,
    -0.0023455015847002434, 0.0015637852253366149, -0.0010364229335588545, 0.0006889289749339482,
    -0.0004860635381648052, 0.00032991485975518995, -0.00014460493749150337, 8.649899022725e-05,
    -0.00017837260513580417, 0.00012611719056386083,
)  # fmt: skip
_DIGAMMA_NARROW = (
    0.9510558754201909, -0.4236274161368366, 0.24054265864776306, -0.14840541865893642, 0.09498070173560812,
    -0.06190828555019611, 0.04089485980969273, -0.027142858908269493, 0.016909276567872458,
    -0.010932092200984758, 0.011232683033494544, -0.007935585317499003,
)  # fmt: skip
# (log(x) - 1/(2x) - digamma(x)) x**2 in 1/x**2, x from 4: degree 8, error 5e-18; narrow degree 2, error 5e-10.
_SERIES = (
    0.08333333333332923, -0.008333333329259155, 0.003968252858599976, -0.004166527722464154,
    0.007566084482270533, -0.02068208685447826, 0.07214515263920845, -0.24061621821343057, 0.4767936857780267,
)  # fmt: skip
_SERIES_NARROW = (0.08333318369946084, -0.008318380069112011, 0.0035341675344412334)


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
