"""The inverse trigonometric functions."""

from __future__ import annotations

import math

from ..ir.registers import Operand, Register
from .formula import SIGN, Formula

_HALF_PI = (1.5707963267948966, 6.123233995736766e-17)

# (arcsin(s)/s - 1) / s**2 in s**2, s at most 1/2.
# Degree 12, error 9.5e-19.
_ARCSIN = (
    0.1666666666666676, 0.07499999999970798, 0.04464285717461356, 0.03038194270771822, 0.022372214989121446,
    0.017351611992639737, 0.01398082074675131, 0.011398910909484715, 0.010780258970966806,
    0.0037063883069191044, 0.021707492039586385, -0.020999121427594948, 0.032628658488659486,
)  # fmt: skip
# Degree 5, error 2.8e-10.
_ARCSIN_NARROW = (
    0.1666665999128198, 0.07500504186036724, 0.04451695472682306, 0.03180772296803634, 0.01443858594363401,
    0.037516478160583386,
)  # fmt: skip
# (arctan(t)/t - 1) / t**2 in t**2, t at most tan(pi/8).
# Degree 10, error 1.3e-18.
_ARCTAN = (
    -0.333333333333332, 0.19999999999953247, -0.14285714280166595, 0.11111110782156533, -0.0909089772529288,
    0.07692059718124553, -0.06663099211316668, 0.058478593261222296, -0.05039190655749667, 0.03806214555747485,
    -0.01790504553018659,
)  # fmt: skip
# Degree 4, error 6.7e-10.
_ARCTAN_NARROW = (
    -0.3333331518862835, 0.19998471516322902, -0.1424353335913707, 0.10593813828046923, -0.06078221640342708,
)  # fmt: skip
_TAN_OF_EIGHTH = math.tan(math.pi / 8)


def _arcsin(m: Formula, size: Register) -> tuple[Register, Register, Register]:
    """Whether a size is above 1/2; `s`, the size or then `sqrt((1-size)/2)`; what `arcsin(s)` has beyond `s`."""
    above = size > 0.5
    halved = 0.5 * (1.0 - size)
    z = m.select(above, halved, size * size)
    s = m.select(above, m.sqrt(halved), size)
    return above, s, s * z * m.polynomial(z, _ARCSIN_NARROW if m.narrow else _ARCSIN)


def arcsin(m: Formula, x: Register) -> Register:
    """The inverse sine."""
    # Above 1/2 it is pi/2 less twice the inverse sine of s.
    above, s, p = _arcsin(m, m.absolute(x))
    high, lost = m.fast_two_sum(_HALF_PI[0], -2.0 * s)
    far = high + (lost + m.fma(p, -2.0, _HALF_PI[1]))
    return m.copysign(m.select(above, far, s + p), x)


def arccos(m: Formula, x: Register) -> Register:
    """The inverse cosine."""
    # pi/2 less the inverse sine; above 1/2 twice the inverse sine of s, below -1/2 pi less that.
    above, s, p = _arcsin(m, m.absolute(x))
    negative = x < 0.0
    of_pi = m.select(above, m.select(negative, 2.0, m.real(0.0)), 1.0)
    times = m.select(above, m.select(negative, -2.0, m.real(2.0)), m.select(negative, 1.0, m.real(-1.0)))
    high, lost = m.fast_two_sum(of_pi * _HALF_PI[0], times * s)
    return high + (lost + m.fma(p, times, of_pi * _HALF_PI[1]))


def _arctan_beyond(m: Formula, t: Register) -> Register:
    """What `arctan(t)` has beyond `t`, for `t` at most tan(pi/8)."""
    z = t * t
    return t * z * m.polynomial(z, _ARCTAN_NARROW if m.narrow else _ARCTAN)


def arctan(m: Formula, x: Register) -> Register:
    """The inverse tangent: of `x`, or `pi/4 +` that of `(x-1)/(x+1)`, or `pi/2 +` that of `-1/x`."""
    size = m.at_most(m.absolute(x), 2.0**60)
    middle, far = size > _TAN_OF_EIGHTH, size > 1 / _TAN_OF_EIGHTH

    def choose(near: Operand, between: Operand, beyond: Operand) -> Register:
        return m.select(far, beyond, m.select(middle, between, m.real(near)))

    less, less_low = m.fast_two_sum(-1.0, size)
    more, more_low = m.fast_two_sum(1.0, size)
    t, t_low = m.quotient(
        choose(size, less, -1.0), choose(0.0, less_low, 0.0), choose(1.0, more, size), choose(0.0, more_low, 0.0)
    )
    of_pi = choose(0.0, 0.5, 1.0)
    high, lost = m.fast_two_sum(of_pi * _HALF_PI[0], t)
    return m.copysign(high + (lost + m.fma(of_pi, _HALF_PI[1], t_low + _arctan_beyond(m, t))), x)


def arctan2(m: Formula, y: Register, x: Register) -> Register:
    """The angle of a point: the inverse tangent of its lesser coordinate over the greater, turned and mirrored."""
    a, b = m.absolute(y), m.absolute(x)
    steep = a > b
    greater, lesser = m.select(steep, a, b), m.select(steep, b, a)
    # Infinite points lie on an axis or a diagonal, and zero on the axis that its signs tell.
    endless = greater.equals(math.inf)
    lesser = m.select(lesser.equals(math.inf), 1.0, m.select(endless, 0.0, lesser))
    greater = m.select(endless | greater.equals(0.0), 1.0, greater)
    scale = m.select(greater > 2.0**960, 2.0**-64, m.select(greater < 2.0**400, 2.0**500, m.real(1.0)))
    greater, lesser = greater * scale, lesser * scale
    middle = lesser > _TAN_OF_EIGHTH * greater
    less, less_low = m.fast_two_sum(-greater, lesser)
    more, more_low = m.fast_two_sum(greater, lesser)
    t, t_low = m.quotient(
        m.select(middle, less, lesser), m.select(middle, less_low, 0.0),
        m.select(middle, more, greater), m.select(middle, more_low, 0.0),
    )  # fmt: skip
    left = x.bits() & SIGN
    mirrored = m.nonzero(left) ^ steep
    sign = m.select(mirrored, -1.0, m.real(1.0))
    # The multiple of pi/4 that the angle is counted from.
    turns = m.select(steep, 2.0, m.select(m.nonzero(left), 4.0, m.real(0.0)))
    turns = turns + m.select(middle, sign, 0.0)
    start, start_low = m.two_product(turns, 0.5 * _HALF_PI[0])
    high, lost = m.fast_two_sum(start, sign * t)
    rest = m.fma(turns, 0.5 * _HALF_PI[1], lost + start_low)
    out = m.copysign(high + m.fma(sign, t_low + _arctan_beyond(m, t), rest), y)
    return m.select(x.is_nan() | y.is_nan(), x + y, out)
