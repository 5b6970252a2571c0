"""The hyperbolic functions.

With `x = n log(2) + r`, sine and cosine are sums of `sinh(r)` and `cosh(r)` weighted by powers of two:
`sinh(x) = a cosh(r) + b sinh(r)` and `cosh(x) = b cosh(r) + a sinh(r)`, where `a = (2**n - 2**-n) / 2` and
`b = (2**n + 2**-n) / 2`: no cancellation, no division.
"""

from __future__ import annotations

from ..ir.registers import Register
from .exponential import curve, power_of_two, reduce
from .formula import Formula

# (sinh(r)/r - 1) / r**2 in r**2, r at most log(2)/2 in size.
# Degree 4, error 2.6e-19.
_SINH = (
    0.16666666666666677, 0.00833333333332168, 0.0001984126988599616, 2.7557244346140075e-06,
    2.5108987658547297e-08,
)  # fmt: skip
# Degree 2, error 5.2e-12.
_SINH_NARROW = (0.16666666754025256, 0.008333289099266816, 0.00019904872107446173)
# (cosh(r) - 1) / r**2 in r**2, r as there.
# Degree 4, error 3.3e-18.
_COSH = (
    0.5000000000000012, 0.0416666666665165, 0.0013888888946699998, 2.4801490283714613e-05,
    2.7631156603474956e-07,
)  # fmt: skip
# Degree 2, error 4.6e-11.
_COSH_NARROW = (0.50000000778376, 0.041666270603947106, 0.0013946017104559522)

# Below this, sinh(x) and tanh(x) are x.
_ITSELF = 2.0**-28

Sum = tuple[Register, Register]


def _halves(m: Formula, size: Register) -> tuple[Sum, Sum]:
    """Half of the hyperbolic sine and of the cosine of a number, not negative, as sums of two."""
    rounded, r, rest = reduce(m, size)
    z = r * r
    # What sinh(r) has beyond r, and cosh(r) beyond 1.
    s = m.fma(r * z, m.polynomial(z, _SINH_NARROW if m.narrow else _SINH), rest)
    c = m.fma(r, rest, z * m.polynomial(z, _COSH_NARROW if m.narrow else _COSH))
    up = power_of_two(rounded, -2)
    # Beyond n = 64 the other exponential is nothing beside it.
    down = m.select(size < 44.0, (1021 + 2046 - rounded.bits() << 52).number(), 0.0)
    (a, a_low), (b, b_low) = m.fast_two_sum(up, -down), m.fast_two_sum(up, down)
    sine, lost = m.fast_two_sum(a, b * r)
    cosine, gone = m.fast_two_sum(b, a * r)
    if not m.narrow:
        lost, gone = lost + a_low, gone + b_low
        if m.fused:
            lost, gone = lost + m.fma(b, r, -(b * r)), gone + m.fma(a, r, -(a * r))
    return (sine, m.fma(a, c, m.fma(b, s, lost))), (cosine, m.fma(b, c, m.fma(a, s, gone)))


def sinh(m: Formula, x: Register) -> Register:
    """The hyperbolic sine."""
    size = m.absolute(x)
    (high, low), _ = _halves(m, m.at_most(size, 710.6))
    return m.select(size < _ITSELF, x, m.copysign(2.0 * (high + low), x))


def cosh(m: Formula, x: Register) -> Register:
    """The hyperbolic cosine."""
    _, (high, low) = _halves(m, m.at_most(m.absolute(x), 710.6))
    return 2.0 * (high + low)


def tanh(m: Formula, x: Register) -> Register:
    """The hyperbolic tangent: `-t / (2 + t)` with `t = e**(-2|x|) - 1`, both of double length."""
    size = m.absolute(x)
    # From 22 on it is 1. With `s = 2**n`, `t = s (r + curved) + (s - 1)`.
    rounded, r, rest = reduce(m, m.at_most(size, 22.0) * -2.0)
    s = power_of_two(rounded)
    high, lost = m.fast_two_sum(s - 1.0, s * r)
    t, t_low = m.fast_two_sum(high, m.fma(s, m.fma(r * r, curve(m, r), rest), lost))
    d, d_low = m.fast_two_sum(2.0, t)
    out = m.divide(t, t_low, d, d_low + t_low)
    return m.select(size < _ITSELF, x, m.copysign(out, x))
