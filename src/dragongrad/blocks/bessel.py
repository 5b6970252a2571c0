"""The modified Bessel function I0, whose derivative is I1."""

from __future__ import annotations

from math import factorial
from typing import Any

import numpy as np

from ..core.block import elementwise

# Chebyshev series of exp(-x) I1(x) / x on [0, 8], of x / 2 - 2, and of exp(-x) sqrt(x) I1(x) beyond, of 32 / x - 2:
# projections computed with 60 digits, the last coefficient first.
_NEAR = (
    2.7779141127610464e-18,
    -2.111421214358166e-17,
    1.5536319577362005e-16,
    -1.1055969477353862e-15,
    7.600684294735408e-15,
    -5.042185504727912e-14,
    3.223793365945575e-13,
    -1.9839743977649436e-12,
    1.1736186298890901e-11,
    -6.663489723502027e-11,
    3.625590281552117e-10,
    -1.8872497517228294e-09,
    9.381537386495773e-09,
    -4.445059128796328e-08,
    2.0032947535521353e-07,
    -8.568720264695455e-07,
    3.4702513081376785e-06,
    -1.3273163656039436e-05,
    4.781565107550054e-05,
    -0.00016176081582589674,
    0.0005122859561685758,
    -0.0015135724506312532,
    0.004156422944312888,
    -0.010564084894626197,
    0.024726449030626516,
    -0.05294598120809499,
    0.1026436586898471,
    -0.17641651835783406,
    0.25258718644363365,
)
_FAR = (
    7.517296310842105e-18,
    4.414348323071708e-18,
    -4.6503053684893586e-17,
    -3.209525921993424e-17,
    2.96262899764595e-16,
    3.3082023109209285e-16,
    -1.8803547755107825e-15,
    -3.8144030724370075e-15,
    1.0420276984128802e-14,
    4.272440016711951e-14,
    -2.1015418427726643e-14,
    -4.0835511110921974e-13,
    -7.198551776245908e-13,
    2.0356285441470896e-12,
    1.4125807436613782e-11,
    3.2526035830154884e-11,
    -1.8974958123505413e-11,
    -5.589743462196584e-10,
    -3.835380385964237e-09,
    -2.6314688468895196e-08,
    -2.512236237870209e-07,
    -3.882564808877691e-06,
    -0.00011058893876262371,
    -0.009761097491361469,
    0.7785762350182801,
)


def _series(y: Any, coefficients: tuple[float, ...]) -> Any:
    """A Chebyshev series at `y / 2`, by Clenshaw's recurrence."""
    now, before, last = coefficients[0], 0.0, 0.0
    for c in coefficients[1:]:
        now, before, last = y * now - before + c, now, before
    return 0.5 * (now - last)


def _first(x: Any) -> Any:
    """The modified Bessel function I1, by its series."""
    size = np.absolute(x)
    near = np.minimum(size, 8.0)
    far = np.maximum(size, 8.0)
    value = np.where(
        size <= 8.0,
        np.exp(near) * near * _series(0.5 * near - 2.0, _NEAR),
        np.exp(far) / np.sqrt(far) * _series(32.0 / far - 2.0, _FAR),
    )
    return np.copysign(value, x)


_BESSEL_1 = elementwise(_first, lambda out, x: np.i0(x) - out / x, name="i1", dispatches=False, singular=True).call

# I1 by powers of x**2 / 4, so that every derivative is right near zero too.
_POWERS = tuple(0.5 / (4.0**k * factorial(k) * factorial(k + 1)) for k in range(10))


def bessel_i1(x: Any) -> Any:
    """The modified Bessel function I1."""
    small = np.absolute(x) < 0.5
    square, near = np.where(small, x * x, 0.0), 0.0
    for c in reversed(_POWERS):
        near = near * square + c
    return np.where(small, x * near, _BESSEL_1(np.where(small, 1.0, x)))


elementwise(np.i0, bessel_i1, singular=True)
