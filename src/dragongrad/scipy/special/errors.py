"""The error function, the normal distribution, and the Faddeeva function that they are parts of."""

from __future__ import annotations

from typing import Any

import numpy as np
from scipy import special as sp

from .verbs import enter, enter_several

SLOPE = float(2 / np.sqrt(np.pi))
DENSITY = float(1 / np.sqrt(2 * np.pi))
_HALF_ROOT = float(np.sqrt(0.5))
# From here on the asymptotic series of the error functions are precise to the last digit.
_FAR = 7.0
_TERMS = 24
# From here on the normal density is smaller than the numbers of double precision, and of single precision.
_UNDERFLOW, _UNDERFLOW_SINGLE = 37.5, 13.0
_ROOT_OF_LARGEST = 1e150
# From here on the normal distribution function is nearly one.
_ABOVE = 4.0

enter("erf", lambda x: SLOPE * np.exp(-x * x))
enter("erfc", lambda x: -SLOPE * np.exp(-x * x))
enter("erfi", lambda x: SLOPE * np.exp(x * x))
enter("erfinv", lambda out: np.exp(out * out) / SLOPE, domain=(-1, 1))
enter("erfcinv", lambda out: -np.exp(out * out) / SLOPE, domain=(0, 2))


def _tail(x: Any, sign: float) -> Any:
    """`sum((2k-1)!! * (sign / (2 x**2))**k)` over k from 1, for large `x`."""
    inverse = sign / (2 * x * x)
    total: Any = 0.0
    for k in range(_TERMS, 0, -1):
        total = (2 * k - 1.0) * inverse * (1 + total)
    return total


# The derivatives of exp(x**2) erfc(x), of Dawson's integral and of the Faddeeva function w are differences, of
# which nothing is left where x is large: there they are the rest of an asymptotic series.


def erfcx_slope(x: Any) -> Any:
    """The derivative of `exp(x**2) * erfc(x)`."""
    if x.dtype.kind == "c":
        return 1j * w_slope(1j * x)
    far = x > _FAR
    near = np.where(far, 0.0, x)
    return np.where(far, SLOPE * _tail(np.where(far, x, _FAR), -1.0), 2 * near * sp.erfcx(near) - SLOPE)


def _dawson_slope(x: Any) -> Any:
    # Farther from the real axis an exponential comes in, and nothing cancels.
    far = np.real(x * x) > _FAR * _FAR
    near = np.where(far, 0.0, x)
    return np.where(far, -_tail(np.where(far, x, _FAR), 1.0), 1 - 2 * near * sp.dawsn(near))


def w_slope(z: Any) -> Any:
    """The derivative of the Faddeeva function, of complex numbers."""
    below = np.imag(z) < 0
    mirrored = np.where(below, -z, z)
    far = np.absolute(mirrored) > _FAR
    near = np.where(far, 0.0, mirrored)
    found = np.where(
        far, -1j * SLOPE * _tail(np.where(far, mirrored, _FAR), 1.0), 1j * SLOPE - 2 * near * sp.wofz(near)
    )
    # w(z) = 2 exp(-z**2) - w(-z)
    under = np.where(below, z, 0.0)
    return found - np.where(below, 4 * under * np.exp(-under * under), 0.0)


def w_curve(z: Any) -> Any:
    """The second derivative of the Faddeeva function above the real axis."""
    far = np.absolute(z) > _FAR
    near, distant = np.where(far, 0.0, z), np.where(far, z, _FAR)
    # Term by term, of -1j * SLOPE * sum((2k-1)!! / (2 z**2)**k).
    inverse, total = 1 / (2 * distant * distant), 0.0
    for k in range(_TERMS, 0, -1):
        total = (2 * k - 1.0) * inverse * (2.0 * k + total)
    slope = 1j * SLOPE - 2 * near * sp.wofz(near)
    return np.where(far, 1j * SLOPE * total / distant, -2 * sp.wofz(near) - 2 * near * slope)


enter("erfcx", lambda x: erfcx_slope(x))
enter("dawsn", lambda x: _dawson_slope(x))
enter("wofz", lambda x: w_slope(x * (1 + 0j)))


# The normal distribution


def mills(x: Any) -> Any:
    """The density over the distribution function, the slope of the logarithm of the latter."""
    # Above, the square of the scaled function is infinite, by which a slope of its inverse is divided.
    far, above = x > (_UNDERFLOW if x.dtype == np.float64 else _UNDERFLOW_SINGLE), x > _ABOVE
    high, near = np.where(np.logical_and(above, np.logical_not(far)), x, _ABOVE), np.where(above, 0.0, x)
    falling = DENSITY * np.exp(-0.5 * high * high) / sp.ndtr(high)
    return np.where(far, 0.0, np.where(above, falling, np.sqrt(2 / np.pi) / sp.erfcx(-_HALF_ROOT * near)))


enter("ndtr", lambda x: DENSITY * np.exp(-0.5 * x * x))
enter("log_ndtr", lambda x: mills(x))
enter("ndtri", lambda out: np.exp(0.5 * out * out) / DENSITY, domain=(0, 1))
enter("ndtri_exp", lambda out: 1 / mills(out), domain=(-np.inf, 0))
enter(
    "owens_t",
    lambda x, y: -0.5 * DENSITY * np.exp(-0.5 * x * x) * sp.erf(_HALF_ROOT * x * y),
    lambda x, y: np.exp(-0.5 * x * x * (1 + y * y)) / (2 * np.pi * (1 + y * y)),
)

# Voigt's profile is w((x + iz) / (sqrt(2) y)) / (sqrt(2 pi) y); where y is nothing beside the rest it is Lorentz's.
_NARROW = 1e-8


def _of_profile(x: Any, y: Any, z: Any, derivative: Any, power: int) -> tuple[Any, Any]:
    still = y <= _NARROW * np.hypot(x, z)
    width, x, z = np.where(still, 1.0, y), np.where(still, 0.0, x), np.where(still, 0.0, z)
    found = derivative((x + 1j * z) * _HALF_ROOT / width) * DENSITY * _HALF_ROOT**power
    for _ in range(power + 1):
        found = found / width
    return still, found


def _of_lorentz(still: Any, x: Any, z: Any) -> tuple[Any, Any, Any]:
    """The distance from the pole, and cosine and sine of the angle there."""
    x, z = np.where(still, x, 1.0), np.where(still, z, 1.0)
    radius = np.hypot(x, z)
    return radius, x / radius, z / radius


def _voigt_x(x: Any, y: Any, z: Any) -> Any:
    still, slope = _of_profile(x, y, z, w_slope, 1)
    radius, cosine, sine = _of_lorentz(still, x, z)
    return np.where(still, -2 / np.pi * cosine * sine / radius / radius, np.real(slope))


def _voigt_y(x: Any, y: Any, z: Any) -> Any:
    """The heat equation: `y` times the second derivative by `x`."""
    still, curve = _of_profile(x, y, z, w_curve, 2)
    radius, cosine, sine = _of_lorentz(still, x, z)
    lorentz = 2 / np.pi * sine * (3 * cosine * cosine - sine * sine) * (y / radius) / radius / radius
    return np.where(still, lorentz, y * np.real(curve))


def _voigt_z(x: Any, y: Any, z: Any) -> Any:
    still, slope = _of_profile(x, y, z, w_slope, 1)
    radius, cosine, sine = _of_lorentz(still, x, z)
    return np.where(still, (cosine - sine) * (cosine + sine) / np.pi / radius / radius, -np.imag(slope))


def _where_it_moves(slope: Any) -> Any:
    """A slope of the profile, which is zero where a square of what it depends on is too large for a number."""

    def partial(x: Any, y: Any, z: Any) -> Any:
        size = np.maximum(np.maximum(np.absolute(x), np.absolute(y)), np.absolute(z))
        far = size > _ROOT_OF_LARGEST
        return np.where(far, 0.0, slope(np.where(far, 0.0, x), np.where(far, 1.0, y), np.where(far, 1.0, z)))

    return partial


enter("voigt_profile", *map(_where_it_moves, (_voigt_x, _voigt_y, _voigt_z)))

# Fresnel's integrals


def _fresnel(x: Any, x_dot: Any) -> Any:
    angle = 0.5 * np.pi * x * x
    return np.sin(angle) * x_dot, np.cos(angle) * x_dot


def _modified_fresnel(sign: float) -> Any:
    def pushforward(x: Any, x_dot: Any, out: Any) -> Any:
        slope = -2j * sign * x * out[1] - np.exp(-0.25j * sign * np.pi) / np.sqrt(np.pi)
        return -np.exp(1j * sign * x * x) * x_dot, slope * x_dot

    return pushforward


enter_several("fresnel", _fresnel, 2)
enter_several("modfresnelp", _modified_fresnel(1.0), 2)
enter_several("modfresnelm", _modified_fresnel(-1.0), 2)
