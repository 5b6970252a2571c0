"""A line search that shortens a Gauss-Newton or Newton step until the sum of squares falls."""

from __future__ import annotations

import math

from ..objective import Array
from .damping import norm
from .residuals import Residuals


def backtrack(
    fit: Residuals, x: Array, p: Array, cost: float, slope: float, shortest: float = 0.0
) -> tuple[Array, float, float] | None:
    """The first point `x + t p` for t = 1, then less, where half the sum of squares has fallen enough.

    The next t is where the parabola through the last two values and the slope is least, at a tenth to a half of the
    t before (Dennis and Schnabel, *Numerical Methods for Unconstrained Optimization and Nonlinear Equations*, 1983,
    algorithm A6.3.1). Values that are NaN or infinite count as too high.

    Parameters
    ----------
    fit : Residuals
        Left at the residuals of the point found, or as it was.
    x, p : ndarray
        A vector and the step from it.
    cost, slope : float
        Half the sum of squares at `x` and its derivative along `p`, which is negative.
    shortest : float
        The least t to try.

    Returns
    -------
    tuple or None
        The point, half the sum of squares there, and t; None where t became too small.

    """
    known = fit.known()
    length, size = norm(p), norm(x)
    t = 1.0
    while t > shortest and t * length > 1e-15 * (size + 1e-15) and slope < 0:
        new = (x + t * p).astype(x.dtype)
        after = fit.value(new.reshape(fit.start.shape))
        if after <= cost + 1e-4 * t * slope:
            return new, after, t
        fit.recall(known)
        excess = after - cost - slope * t
        t *= min(max(-slope * t / (2 * excess), 0.1), 0.5) if math.isfinite(excess) else 0.1
    return None
