"""The derivative of the zeta functions by their order, by Euler's and Maclaurin's sum."""

from __future__ import annotations

from typing import Any

import numpy as np
from scipy import special as sp

_TERMS = 20
# B(2k) / (2k)!
_BERNOULLI = (
    1 / 12, -1 / 720, 1 / 30240, -1 / 1209600, 1 / 47900160, -691 / 1307674368000, 1 / 74724249600,
    -3617 / 10670622842880000, 43867 / 5109094217170944000, -174611 / 802857662698291200000,
)  # fmt: skip


def zeta_by_order(s: Any, q: Any) -> Any:
    """The derivative by `s` of `sum((k + q)**-s)` over k from 0, for `q > 0` and any `s` but 1.

    The first terms are added as they are; the rest is an integral, and the corrections of its ends.
    """
    total: Any = 0.0
    for k in range(_TERMS):
        base = q + float(k)
        total = total - np.log(base) * base**-s
    base = q + float(_TERMS)
    log, power = np.log(base), base**-s
    total = total - power * base * (log + 1 / (s - 1)) / (s - 1) - 0.5 * log * power
    # s (s+1) ... (s+2k-2) base**(-s-2k+1), and its derivative by s.
    rising, slope = s * 1.0, 1.0
    for k, c in enumerate(_BERNOULLI, 1):
        scale = power * base ** float(1 - 2 * k)
        total = total + c * scale * (slope - rising * log)
        for j in (2 * k - 1.0, 2 * k):
            rising, slope = rising * (s + j), slope * (s + j) + rising
    return total


def riemann_slope(s: Any) -> Any:
    """The derivative of the zeta function of Riemann; far left by the functional equation."""
    left = s < -2
    # The zeta function is one there, to the last digit and all the more.
    far = s > 1100.0
    t = np.where(left, 1 - s, 2.0)
    zeta, angle = sp.zeta(t), 0.5 * np.pi * (1 - t)
    scale = 2 * (2 * np.pi) ** -t * sp.gamma(t)
    sine = np.sin(angle) * ((np.log(2 * np.pi) - sp.psi(t)) * zeta - zeta_by_order(t, 1.0))
    right = zeta_by_order(np.where(np.logical_or(left, far), 2.0, s), 1.0)
    return np.where(left, scale * (sine + 0.5 * np.pi * np.cos(angle) * zeta), np.where(far, 0.0, right))
