"""The explicit Runge-Kutta pair of orders 5 and 4 by Tsitouras, with its free interpolant of order 4.

Ch. Tsitouras, "Runge-Kutta pairs of order 5(4) satisfying only the first column simplifying assumption", Computers
& Mathematics with Applications 62 (2011) 770-775, table 1 and section 4.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from .step import Right, Trial, combined

_C = (0.161, 0.327, 0.9, 0.9800255409045097, 1.0, 1.0)
_A = (
    (0.161,),
    (-0.008480655492356989, 0.33548065549235697),
    (2.8971530571054933, -6.359448489975075, 4.362295432869582),
    (5.325864828439257, -11.748883564062828, 7.495539342889836, -0.09249506636175525),
    (5.861455442946420, -12.920969317847110, 8.159367898576159, -0.071584973281401, -0.028269050394068383),
    (
        0.09646076681806523, 0.01, 0.4798896504144996, 1.3790085741037419, -3.2900695154360807, 2.3247105240997740,
    ),
)  # fmt: skip
_EMBEDDED = (
    0.09468075576583945, 0.009183565540343254, 0.4877705284247616, 1.2342975669304790, -2.7077123499835255,
    1.8666284181705870, 1 / 66,
)  # fmt: skip
_ERROR = tuple([b - e for b, e in zip((*_A[-1], 0.0), _EMBEDDED, strict=True)])
# The weights of the interpolant: the first factor times t times polynomials, the highest power first.
_WEIGHTS = (
    (-1.0530884977290216, (1.0, -1.3299890189751412), (1.0, -1.4364028541716351, 0.7139816917074209)),
    (0.1017, (1.0, 0.0), (1.0, -2.1966568338249754, 1.2949852507374631)),
    (2.490627285651252793, (1.0, 0.0), (1.0, -2.38535645472061657, 1.57803468208092486)),
    (-16.54810288924490272, (1.0, 0.0), np.polymul((1.0, -1.21712927295533244), (1.0, -0.61620406037800089))),
    (47.37952196281928122, (1.0, 0.0), np.polymul((1.0, -1.203071208372362603), (1.0, -0.658047292653547382))),
    (-34.87065786149660974, (1.0, 0.0), np.polymul((1.0, -1.2), (1.0, -2 / 3))),
    (2.5, (1.0, 0.0), np.polymul((1.0, -1.0), (1.0, -0.6))),
)
# A row for each power of t, the lowest first; a column for each stage.
_POWERS = [
    [float(v) for v in row]
    for row in np.array([first * np.polymul(one, other)[::-1] for first, one, other in _WEIGHTS]).T
]
ORDER = 5
EVALUATIONS = 6


def trial(right: Right, t: Any, y: Any, f: Any, h: Any) -> Trial:
    """One step of length h, from the derivative f at its beginning."""
    slopes = [f]
    last = y
    for c, row in zip(_C, _A, strict=True):
        before, last = last, y + h * combined(row, slopes)
        slopes.append(right(t + c * h, last))
    error = h * combined(_ERROR, slopes)
    powers = tuple([h * combined(row, slopes) for row in _POWERS])
    # Two stages at the end of the step tell the largest eigenvalue (Hairer and Wanner II, section IV.2).
    return Trial(last, slopes[-1], error, powers, (h * (slopes[-1] - slopes[-2]), last - before))
