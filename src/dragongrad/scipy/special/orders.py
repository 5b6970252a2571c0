"""Bessel functions by their order, for positive arguments.

`K` is an integral (DLMF 10.32.9) that falls doubly exponentially, so that the trapezoidal rule is precise to the
last digit. `I` is a power series, of which the terms about the greatest are added, or where that would cancel an
integral (DLMF 10.32.4); so is `J` (10.9.6), and `Y` is an integral (10.9.7). The points are constants: derivatives
of any order are sums over the same ones. So are those of `J` and `Y` of larger orders, over orders about the one
asked for: by these they are smooth on a scale that does not become smaller.
"""

from __future__ import annotations

from functools import cache
from math import factorial
from typing import Any

import numpy as np
from scipy import special as sp

from ...blocks.special import stop_gradient
from .near import somewhere, trapezoidal

_POINTS, _TRAPEZOID = trapezoidal(161)
# What lies so far below the greatest value, in exponents, is left out.
_DEPTH = 42.0
_TERMS = np.arange(256.0)
# Order and argument together; the waves in the integrals are not more than this.
_MOST = 400.0
# So many orders on either side, and their weights in the derivative at the middle one.
_SIDE, _STEP = 16, 0.5
_AROUND = _STEP * np.arange(-_SIDE, _SIDE + 1.0)
_CENTRAL = [
    (-1) ** (k + 1) * factorial(_SIDE) ** 2 / (factorial(_SIDE - k) * factorial(_SIDE + k)) / (k * _STEP)
    for k in range(1, _SIDE + 1)
]
_SLOPES = np.array([*[-w for w in reversed(_CENTRAL)], 0.0, *_CENTRAL])
# From here on Y rises with all of them alike.
_RISING = 12.0
# Out from here the asymptotic series has all digits in so many terms, for orders whose squares are less.
_HANKEL, _LEAST = 20, 100.0


@cache
def _gauss(count: int) -> tuple[Any, Any]:
    """Points between 0 and pi, and weights."""
    points, weights = np.polynomial.legendre.leggauss(count)
    return np.pi / 2 * (points + 1), np.pi / 2 * weights


def _positive(x: Any) -> tuple[Any, Any]:
    """Where an argument is positive, and a positive number elsewhere."""
    known = np.logical_and(x > 0, x < np.inf)
    return known, np.where(known, x, 1.0)


def _window(order: Any, x: Any) -> tuple[Any, Any]:
    """Between which points `exp(order * t - x * cosh(t))` is not negligible, for `t` from 0."""
    order, x = stop_gradient(order), stop_gradient(x)
    peak = np.arcsinh(order / x)
    width = np.arccosh(1 + _DEPTH / np.hypot(order, x))
    # To the left it falls as exp(order * t) alone.
    return np.maximum(peak - width - _DEPTH / np.maximum(order, 1e-300), 0.0), peak + width


def _second_kind(order: Any, x: Any, shift: Any) -> Any:
    """The integral of `t sinh(order t) exp(shift - x cosh(t))`."""
    low, high = _window(order, x)
    t = low[..., None] + (high - low)[..., None] * _POINTS
    v, deep, more = order[..., None], x[..., None], shift[..., None]
    # cosh(t) - 1 without the difference.
    sine = np.sinh(0.5 * t)
    power = np.exp(v * t - 2 * deep * sine * sine - more)
    return (high - low) * np.sum(0.5 * t * power * -np.expm1(-2 * v * t) * _TRAPEZOID, axis=-1)


def k_by_order(v: Any, x: Any, scaled: bool) -> Any:
    """The derivative of `K` by its order, times `exp(x)` if it is scaled."""
    known, inner = _positive(x)
    # Not the absolute value, which has a kink at zero.
    side = np.where(v < 0, -1.0, 1.0)
    size, inner = np.broadcast_arrays(side * v, inner)
    # The exponent that is left out is taken in again where it is not the scale.
    shift = 0 * inner if scaled else 1.0 * inner
    return np.where(known, side * _second_kind(size, inner, shift), np.nan)


def _first_by_series(v: Any, x: Any, shift: Any) -> Any:
    """Terms of the power series about its greatest."""
    quiet_v, quiet_x = stop_gradient(v), stop_gradient(x)
    peak = 0.5 * quiet_x * quiet_x / (quiet_v + np.hypot(quiet_v, quiet_x))
    start = np.maximum(np.floor(peak - 128), 0.0)
    k = start[..., None] + _TERMS
    order, half, more = v[..., None], 0.5 * x[..., None], shift[..., None]
    power = (2 * k + order) * np.log(half) - sp.gammaln(k + 1) - sp.gammaln(k + order + 1) - more
    return np.sum(np.exp(power) * (np.log(half) - sp.psi(k + order + 1)), axis=-1)


def _first_by_integral(v: Any, x: Any, shift: Any) -> Any:
    order, deep, more = v[..., None], x[..., None], shift[..., None]
    angles, weights = _gauss(160)
    wave = np.exp(deep * np.cos(angles) - more) * angles * np.sin(order * angles)
    first = -np.sum(wave * (weights / np.pi), axis=-1)
    high = np.arccosh(1 + _DEPTH / stop_gradient(x))
    t = high[..., None] * (angles / np.pi)
    sine = np.sinh(0.5 * t)
    fall = np.exp(-order * t - 2 * deep * sine * sine - deep - more) * (weights / np.pi)
    turn = np.pi * v
    rest = np.sum(fall * (t * np.sin(turn)[..., None] / np.pi - np.cos(turn)[..., None]), axis=-1)
    return first + high * rest


def i_by_order(v: Any, x: Any, scaled: bool) -> Any:
    """The derivative of `I` by its order, times `exp(-x)` if it is scaled."""
    known, inner = _positive(x)
    size, inner = np.broadcast_arrays(np.where(v < 0, -1.0, 1.0) * v, inner)
    shift = 1.0 * inner if scaled else 0 * inner
    summed = np.logical_or(inner < 2, size > inner / 8)
    one, other = np.where(summed, inner, 1.0), np.where(summed, 40.0, inner)
    near = _first_by_series(np.where(summed, size, 0.0), one, np.where(summed, shift, 0.0))
    far = _first_by_integral(np.where(summed, 0.0, size), other, np.where(summed, 0.0, shift))
    found = np.where(summed, near, far)
    # I of -v is I of v, and 2 sin(pi v) / pi times K.
    turn, fall = np.pi * size, np.exp(-2 * shift)
    more = np.sin(turn) * 2 / np.pi * k_by_order(size, inner, scaled)
    more = more + 2 * np.cos(turn) * (sp.kve if scaled else sp.kv)(size, inner)
    return np.where(known, np.where(v < 0, -found - fall * more, found), np.nan)


# J and Y, where order and argument are not too large; NaN elsewhere. Those of negative orders are sums of both of
# the positive ones, by DLMF 10.4.7 and 10.4.8.


def _j_by_series(v: Any, x: Any) -> Any:
    k, order, half = _TERMS[:64], v[..., None], 0.5 * x[..., None]
    power = np.exp((2 * k + order) * np.log(half) - sp.gammaln(k + 1) - sp.gammaln(k + order + 1))
    sign = 1.0 - 2.0 * (k % 2)
    return np.sum(sign * power * (np.log(half) - sp.psi(k + order + 1)), axis=-1)


def _waves(v: Any, x: Any) -> tuple[Any, Any, Any]:
    """Points from 0 to pi and weights, and `v * t - x * sin(t)` there."""
    t, weights = _gauss(256)
    return t, weights / np.pi, v[..., None] * t - x[..., None] * np.sin(t)


def _falling(v: Any, x: Any) -> tuple[Any, Any, Any]:
    """Points where `exp(v * t - x * sinh(t))` is not negligible, weights, and `exp(-x * sinh(t))` there."""
    quiet_v, quiet_x = stop_gradient(v), stop_gradient(x)
    high = np.arccosh(np.maximum(quiet_v / quiet_x, 1.0)) + np.arcsinh(_DEPTH / quiet_x)
    # Newton's method, which comes from above.
    for _ in range(8):
        slope = quiet_x * np.cosh(high) - quiet_v
        high = high - (quiet_x * np.sinh(high) - quiet_v * high - _DEPTH) / slope
    points, weights = (v / np.pi for v in _gauss(256))
    t = high[..., None] * points
    return t, high[..., None] * weights, x[..., None] * np.sinh(t)


def _j_by_integral(v: Any, x: Any) -> Any:
    points, parts, waves = _waves(v, x)
    first = -np.sum(points * np.sin(waves) * parts, axis=-1)
    t, weights, depth = _falling(0 * v, x)
    turn = np.pi * v[..., None]
    rest = np.exp(-v[..., None] * t - depth) * (t * np.sin(turn) / np.pi - np.cos(turn))
    return first + np.sum(rest * weights, axis=-1)


def _in_reach(v: Any, x: Any) -> tuple[Any, Any, Any]:
    known, inner = _positive(x)
    order, inner = np.broadcast_arrays(v * 1.0, inner)
    known = np.logical_and(known, np.logical_and(order >= 0, order + inner < _MOST))
    return known, np.where(known, order, 1.0), np.where(known, inner, 1.0)


def _hankel(v: Any, x: Any, usual: Any, first: bool) -> Any:
    """The derivative of `J`, or of `Y`, by an order that is not negative: `usual`, or far out by DLMF 10.17.3."""
    far = np.logical_and(np.logical_and(x > _LEAST, x < np.inf), v * v <= 2 * x)
    v, x = np.where(far, v, 1.0), np.where(far, x, _MOST)
    # The terms a_k / x**k and their derivatives by v; those of odd k are the sine's.
    term, slope = 1.0 + 0 * x, 0 * x
    parts, slopes = [term, 0.0], [slope, 0.0]
    for k in range(1, _HANKEL + 1):
        factor = (4 * v * v - (2 * k - 1.0) ** 2) / (8 * k) / x
        slope = slope * factor + term * (v / k) / x
        term = term * factor
        sign = 1.0 if k % 4 < 2 else -1.0
        parts[k % 2], slopes[k % 2] = parts[k % 2] + sign * term, slopes[k % 2] + sign * slope
    turn = np.pi * (0.5 * v + 0.25)
    cosine = np.cos(x) * np.cos(turn) + np.sin(x) * np.sin(turn)
    sine = np.sin(x) * np.cos(turn) - np.cos(x) * np.sin(turn)
    if first:
        found = sine * (0.5 * np.pi * parts[0] - slopes[1]) + cosine * (0.5 * np.pi * parts[1] + slopes[0])
    else:
        found = sine * (0.5 * np.pi * parts[1] + slopes[0]) - cosine * (0.5 * np.pi * parts[0] - slopes[1])
    return np.where(far, float(np.sqrt(2 / np.pi)) / np.sqrt(x) * found, usual)


def _by_differences(fn: Any, v: Any, x: Any, falls: float, usual: Any, summed: Any = False) -> Any:
    """The derivative by an order, of the 33 orders about it where none is negative; `usual` elsewhere.

    By the order these are waves of less than a quarter turn in 1, so that central differences have 13 digits; where
    they fall or rise instead (DLMF 10.19.3), that is taken out before.
    """
    far = np.logical_and(np.logical_and(v >= -_AROUND[0], v < np.inf), np.logical_and(x > 0, x < np.inf))
    # Hankel's series and the power series are as good, and quicker.
    far = np.logical_and(far, np.logical_or(v * v > 2 * x, x <= _LEAST))
    far = stop_gradient(np.logical_and(far, np.logical_not(summed)))
    if not somewhere(far):
        return usual
    v, x = np.where(far, v, 30.0), np.where(far, x, 30.0)
    rate = falls * np.arccosh(np.maximum(stop_gradient(v) / stop_gradient(x), 1.0))
    around = fn(v[..., None] + _AROUND, x[..., None])
    # What is subnormal, or nothing, or infinite has lost its digits.
    size = np.absolute(stop_gradient(around))
    clear = np.all(np.logical_and(size > 1e-300, size < np.inf), axis=-1)
    slope = np.sum(around * (np.exp(rate[..., None] * _AROUND) * _SLOPES), axis=-1) - rate * fn(v, x)
    return np.where(far, np.where(clear, slope, np.nan), usual)


def j_by_order(v: Any, x: Any) -> Any:
    """The derivative of `J` by its order."""
    side, size, cosine, sine, x = _turned(v, x)
    j, y = _j_right(size, x), _y_right(np.where(side, size, 1.0), x)
    # J of -v is cos(pi v) J - sin(pi v) Y.
    turned = np.pi * (sine * sp.jv(size, x) + cosine * sp.yv(np.where(side, size, 1.0), x))
    return np.where(side, turned - cosine * j + sine * y, j)


def y_by_order(v: Any, x: Any) -> Any:
    """The derivative of `Y` by its order."""
    side, size, cosine, sine, x = _turned(v, x)
    j, y = _j_right(np.where(side, size, 1.0), x), _y_right(size, x)
    # Y of -v is sin(pi v) J + cos(pi v) Y.
    turned = np.pi * (sine * sp.yv(size, x) - cosine * sp.jv(np.where(side, size, 1.0), x))
    return np.where(side, turned - sine * j - cosine * y, y)


def _turned(v: Any, x: Any) -> tuple[Any, Any, Any, Any, Any]:
    """Which orders are negative, the orders without their sign, and the cosine and sine of pi times these."""
    v, x = np.broadcast_arrays(1.0 * v, 1.0 * x)
    side = v < 0
    # Not the absolute value, which has a kink at zero.
    size = np.where(side, -1.0, 1.0) * v
    return side, size, np.cos(np.pi * size), np.sin(np.pi * size), x


def _j_right(v: Any, x: Any) -> Any:
    known, order, inner = _in_reach(v, x)
    summed = inner * inner < np.where(order >= -_AROUND[0], 4.0, 14.0) * (order + 1)
    near = _j_by_series(np.where(summed, order, 0.0), np.where(summed, inner, 1.0))
    far = _j_by_integral(np.where(summed, 0.0, order), np.where(summed, 40.0, inner))
    # Where it is this small, nothing is left of the integral.
    quiet = np.arccosh(np.maximum(order / inner, 1.0))
    known = np.logical_and(known, np.logical_or(summed, order * (quiet - np.tanh(quiet)) < 10))
    found = _hankel(v, x, np.where(known, np.where(summed, near, far), np.nan), True)
    return _by_differences(sp.jv, v, x, 1.0, found, np.logical_and(known, summed))


def _y_right(v: Any, x: Any) -> Any:
    known, order, inner = _in_reach(v, x)
    points, parts, waves = _waves(order, inner)
    first = -np.sum(points * np.cos(waves) * parts, axis=-1)
    t, weights, depth = _falling(order, inner)
    deep, turn = order[..., None], np.pi * order[..., None]
    rising = t * np.exp(deep * t - depth)
    falling = np.exp(-deep * t - depth) * (t * np.cos(turn) + np.pi * np.sin(turn))
    found = first - np.sum((rising - falling) * (weights / np.pi), axis=-1)
    # Of the orders about these the least do not rise as the others do.
    near = np.logical_and(known, order < _RISING)
    return _by_differences(sp.yv, v, x, -1.0, _hankel(v, x, np.where(known, found, np.nan), False), near)
