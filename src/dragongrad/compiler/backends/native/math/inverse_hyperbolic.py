"""The inverse hyperbolic functions, as logarithms of `1 + w` with `w` of double length."""

from __future__ import annotations

import math

from ..ir.registers import Register
from .formula import Formula
from .logarithm import log_of_sum

# From here on arcsinh(x) and arccosh(x) are log(2 x).
_LARGE = 2.0**28


def arcsinh(m: Formula, x: Register) -> Register:
    """`log(1 + x + x**2 / (1 + sqrt(1 + x**2)))`."""
    size = m.absolute(x)
    square = size * size
    w, w_low = m.fast_two_sum(size, square / (1.0 + m.sqrt(1.0 + square)))
    u, low = m.two_sum(w, 1.0)
    large = size > _LARGE
    out = log_of_sum(
        m, m.select(large, size, u), m.select(large, 0.0, low + w_low), m.select(large, 1.0, m.real(0.0))
    )
    return m.select(size < math.inf, m.copysign(out, x), x)


def arccosh(m: Formula, x: Register) -> Register:
    """`log(1 + t + sqrt(t (t + 2)))` with `t = x - 1`."""
    t, t_low = m.fast_two_sum(x, -1.0)
    d, d_low = m.fast_two_sum(x, 1.0)
    large = x > _LARGE
    v, v_low = m.two_product(m.select(large, 1.0, t), m.select(large, 1.0, d))
    root = m.sqrt(v)
    rest = m.residual(v, root, root) + m.fma(t, d_low, m.fma(t_low, d, v_low))
    root_low = m.select(v > 0.0, rest * (0.5 / root), 0.0)
    w, w_low = m.fast_two_sum(root, t)
    u, low = m.two_sum(w, 1.0)
    low = low + (w_low + (t_low + root_low))
    out = log_of_sum(m, m.select(large, x, u), m.select(large, 0.0, low), m.select(large, 1.0, m.real(0.0)))
    return m.select(x < math.inf, m.select(x >= 1.0, out, math.nan), x)


def arctanh(m: Formula, x: Register) -> Register:
    """`log(1 + 2 x / (1 - x)) / 2`."""
    size = m.absolute(x)
    d, d_low = m.fast_two_sum(1.0, -size)
    w, w_low = m.quotient(2.0 * size, 0.0, d, d_low)
    u, low = m.two_sum(w, 1.0)
    out = m.select(size.equals(1.0), math.inf, m.copysign(0.5 * log_of_sum(m, u, low + w_low), x))
    return m.select(size <= 1.0, m.copysign(out, x), math.nan)
