"""The logarithm of the gamma function and its derivative.

Both are polynomials in pieces (`gamma_pieces.py`). A branch has what lies outside: the recurrence in `x` below,
Stirling's series beyond, and for negative numbers a reflection.
"""

from __future__ import annotations

import math

from ..ir.registers import Register
from .exponential import LN2_HIGH, LN2_LOW
from .formula import ROUND, Formula
from .gamma_pieces import DIGAMMA, GAMMALN
from .logarithm import LN2_LONG, log, series, split
from .pieces import Pieces
from .trigonometric import cos_of, sin_of

_PI = (3.141592653589793, 1.2246467991473532e-16)
_LOG_PI = 1.1447298858494002
_HALF_LOG_TWO_PI = 0.9189385332046728
_ROOT_TWO = 1.4142135623730951

# Just inside of where the pieces begin and end, so that rounding cannot lead to another one.
_LOW, _HIGH = 0.595, 9.5

# Stirling's remainder times x, in 1/x**2, x from 9.5.
# Degree 4, error 1.0e-18.
_STIRLING = (
    0.08333333333332375, -0.0027777777667599545, 0.0007936465088652702, -0.0005944923924215457,
    0.0007813968605636745,
)  # fmt: skip
# Degree 1, error 2.6e-11.
_STIRLING_NARROW = (0.08333328658846374, -0.0027650935079217716)

# (log(x) - 1/(2x) - digamma(x)) x**2 in 1/x**2, x from 9.5.
# Degree 5, error 6.7e-20.
_SERIES = (
    0.08333333333333201, -0.008333333331183412, 0.003968252766235438, -0.004166351895635375,
    0.007533364186229519, -0.01820910910603878,
)  # fmt: skip
# Degree 1, error 7.8e-11.
_SERIES_NARROW = (0.08333310977080416, -0.008271085294057247)


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


def _in_pieces(m: Formula, x: Register, pieces: Pieces) -> tuple[Register, Register, Register]:
    """`z`, which is `x`, or `1 - x` of a negative `x`; and the function by its pieces at `z`, or below at `1 + z`.

    Also whether `x` lies outside the pieces, so that this is not all. The way to `z` is in a branch of its own:
    numbers inside need not wait for it.
    """
    outside = ~((x >= _LOW) & (x < _HIGH))

    def moved() -> list[Register]:
        z = m.select(x < 0.0, 1.0 - x, x)
        small = z < _LOW
        number = _number(m.select(small, z + 1.0, z))
        centre = pieces.centre(m, number)
        return [z, number, z - m.select(small, centre - 1.0, centre)]

    def usual() -> list[Register]:
        number = _number(x)
        return [x, number, x - pieces.centre(m, number)]

    z, number, t = m.if_anywhere(outside, moved, usual)
    return z, pieces.at(m, number, t), outside


def _number(x: Register) -> Register:
    """That of the piece of a number, in the lowest bits."""
    return (x * x * _ROOT_TWO).bits() >> 52


def _close_log(m: Formula, z: Register) -> tuple[Register, Register]:
    """The logarithm of a positive finite number, outside of the pieces, and most of what its rounding lost."""
    parts = split(m, z)
    half, small = series(m, parts.f, m.narrow)
    if m.narrow:
        return m.fma(parts.k, LN2_HIGH, parts.f - (half - m.fma(parts.k, LN2_LOW, small))), m.real(0.0)
    half, half_low = m.two_product(0.5 * parts.f, parts.f)
    total, lost = m.fast_two_sum(parts.k * LN2_LONG[0], parts.f)
    high, low = m.fast_two_sum(total, -half)
    return m.fast_two_sum(high, m.fma(parts.k, LN2_LONG[1], small) + (low + lost - half_low))


def gammaln(m: Formula, x: Register) -> Register:
    """`log|gamma(x)|`; for negative `x`, `log(pi / |sin(pi x)|) - log(gamma(1 - x))`.

    Between its poles it has roots, near which the reflection is precise to an ulp of its terms only.
    """
    z, near, beyond = _in_pieces(m, x, GAMMALN)

    def outside() -> list[Register]:
        high, low = _close_log(m, z)
        # Stirling: (z - 1/2) log(z) - z + log(2 pi)/2 + ...
        inverse = 1.0 / z
        series = m.polynomial(inverse * inverse, _STIRLING_NARROW if m.narrow else _STIRLING)
        product, rest = m.two_product(z - 0.5, high)
        rest = m.fma(z - 0.5, low, rest)
        far, lost = m.two_sum(product, -z)
        far = far + (m.select(z < 2.0**900, lost + rest, 0.0) + m.fma(series, inverse, _HALF_LOG_TWO_PI))
        less, lost = m.two_sum(near, -high)
        out = m.select(z < _LOW, less + (lost - low), m.select(z < _HIGH, near, far))

        def reflect() -> list[Register]:
            sine, _, _ = _at_angle(m, x)
            return [(_LOG_PI - log(m, sine)) - out]

        (out,) = m.rarely(x < 0.0, reflect, [out])
        # SciPy has no limit at -inf.
        return [m.select(x.equals(0.0), math.inf, m.select(m.absolute(x) < math.inf, out, x))]

    return m.if_anywhere(beyond, outside, lambda: [near])[0]


def digamma(m: Formula, x: Register) -> Register:
    """The derivative of `log(gamma(x))`; for negative `x`, `digamma(1 - x) - pi / tan(pi x)`."""
    z, near, beyond = _in_pieces(m, x, DIGAMMA)

    def outside() -> list[Register]:
        inverse = 1.0 / z
        w = inverse * inverse
        far = log(m, z) - m.fma(w, m.polynomial(w, _SERIES_NARROW if m.narrow else _SERIES), 0.5 * inverse)
        out = m.select(z < _LOW, near - inverse, m.select(z < _HIGH, near, far))

        def reflect() -> list[Register]:
            sine, cosine, fraction = _at_angle(m, x)
            return [out - m.copysign(_PI[0] * cosine / sine, fraction)]

        negative = x < 0.0
        (out,) = m.rarely(negative, reflect, [out])
        out = m.select(x.equals(0.0), m.copysign(m.real(math.inf), -x), out)
        return [m.select(negative & m.is_whole(m.absolute(x)), math.nan, out)]

    return m.if_anywhere(beyond, outside, lambda: [near])[0]
