"""The distributions of Kolmogorov, Smirnov and Tukey; those that have no derivative, with the reason."""

from __future__ import annotations

from typing import Any

import numpy as np

from .elementary import boxcox_by_exponent
from .verbs import Refused, enter, enter_constant, of_special, order, refuse

# Kolmogorov's distribution: its two series meet here.
_MEET = 0.9


def _kolmogorov_slope(x: Any) -> Any:
    """Minus the density: by the series in `exp(-2 k**2 x**2)`, near zero by the one in `exp(-c / x**2)`."""
    far = x > _MEET
    # Beyond either bound the density is zero.
    wide, near = np.where(far, np.minimum(x, 30.0), _MEET), np.where(far, _MEET, np.maximum(x, 1e-3))
    square, inverse = wide * wide, 1 / (near * near)
    high, low = 0.0, 0.0
    for k in range(1, 7):
        high = high + (-1.0) ** (k + 1) * 8.0 * k * k * np.exp(-2.0 * k * k * square)
        c = (2 * k - 1) ** 2 * np.pi**2 / 8
        low = low + np.exp(-c * inverse) * (2 * c * inverse - 1) * inverse
    return -np.where(x <= 0, 0.0, np.where(far, wide * high, float(np.sqrt(2 * np.pi)) * low))


enter("kolmogorov", lambda x: _kolmogorov_slope(x))
enter("kolmogi", lambda out: 1 / _kolmogorov_slope(out), domain=(0, 1))
enter("smirnov", order("n"), lambda x, y: of_special("_smirnovp")(x, y))
enter("smirnovi", order("n"), lambda out, x: 1 / of_special("_smirnovp")(x, out))
enter("_smirnovp", order("n"), Refused("d", "SciPy has no second derivative of this function"), public="smirnov")


def _tukey_inside(out: Any) -> tuple[Any, Any]:
    """Whether a value lies between the ends of the distribution, and the value there."""
    inside = np.logical_and(out > 0, out < 1)
    return inside, np.where(inside, out, 0.5)


def _tukey_x(out: Any, y: Any) -> Any:
    inside, part = _tukey_inside(out)
    return np.where(inside, 1 / (part ** (y - 1) + (1 - part) ** (y - 1)), 0.0)


def _tukey_lambda(out: Any, y: Any) -> Any:
    inside, part = _tukey_inside(out)
    quantile = boxcox_by_exponent(np.log(part), y) - boxcox_by_exponent(np.log1p(-part), y)
    return np.where(inside, -quantile * _tukey_x(part, y), 0.0)


enter("tklmbda", _tukey_x, _tukey_lambda)

enter_constant("round")
enter_constant("gammasgn")

refuse("newer SciPy does not have it; write sph_harm_y(n, m, phi, theta)", "sph_harm")
refuse(
    "it is a mixture of infinitely many distributions, whose slopes by it have no formula",
    "ncfdtridfd", "ncfdtridfn", "chndtridf",
)  # fmt: skip
