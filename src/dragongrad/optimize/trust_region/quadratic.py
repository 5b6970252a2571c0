"""A quadratic model of the value with the full Hessian, and its minimum within a radius."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from ..objective import Array
from .steihaug import Move


class Quadratic:
    """The model `g p + p H p / 2`, in the eigenvectors of H scaled by a vector.

    Parameters
    ----------
    g : array of shape (n,)
    hessian : array of shape (n, n)
    scale : array of shape (n,)
        The radius is measured in `scale * p`.

    """

    def __init__(self, g: Array, hessian: Array, scale: Array) -> None:
        self.scale = scale
        self.values, self.vectors = np.linalg.eigh(hessian / np.outer(scale, scale))
        self.c = self.vectors.T @ (g / scale)

    def step(self, radius: float) -> Move:
        """The minimizer within the radius."""
        q, cut = least_in_ball(self.values, self.c, radius)
        with np.errstate(all="ignore"):
            gain = -float(self.c @ q + 0.5 * (self.values @ (q * q)))
        return Move(
            self.vectors @ q / self.scale, float(np.linalg.norm(q)), math.inf if math.isnan(gain) else gain, cut
        )


def least_in_ball(values: Array, c: Array, radius: float) -> tuple[Array, bool]:
    """Minimize `c q + q diag(values) q / 2` over `|q| <= radius`; `values` ascend.

    Moré and Sorensen, "Computing a trust region step", SIAM J. Sci. Stat. Comput. 4 (1983).

    Returns
    -------
    q : ndarray
        The minimizer.
    cut : bool
        Whether the radius holds it back.

    Examples
    --------
    >>> import numpy as np
    >>> from dragongrad.optimize.trust_region.quadratic import least_in_ball
    >>> least_in_ball(np.array([-1.0, 2.0]), np.array([0.0, 3.0]), 2.0)
    (array([ 1.73205081, -1.        ]), True)

    """
    lowest = float(values[0])
    above = values - lowest  # everything is measured from the least eigenvalue: no cancellation near it
    if lowest > 0:
        q = -c / values
        if np.linalg.norm(q) <= radius:
            return q, False
    at_lowest = above <= 1e-14 * max(abs(lowest), float(abs(values[-1])))
    weight = float(np.linalg.norm(c[at_lowest]))
    least = max(lowest, 0.0)
    if least == 0 and weight <= 1e-14 * float(np.linalg.norm(c)):
        q = np.where(at_lowest, 0.0, -c / np.where(at_lowest, 1.0, above))
        size = float(np.linalg.norm(q))
        if size <= radius:
            if lowest == 0.0 or radius == math.inf:
                return (q, False) if lowest == 0.0 else (_infinite(q), True)
            # The hard case: the rest of the way is along the least eigenvector, either way.
            q[0] += math.copysign(math.sqrt(radius**2 - size**2), 1.0 if c[0] <= 0 else -1.0)
            return q, True
    if radius == math.inf:
        return _infinite(c), True
    return -c / (above + _shift(above, c, radius, max(least, weight / radius))), True


def _infinite(like: Array) -> Any:
    return np.full_like(like, math.inf)


def _shift(above: Array, c: Array, radius: float, s: float) -> float:
    """Solve `|c / (above + s)| = radius` by Newton's method on the reciprocals: monotone from the left."""
    s = max(s, 1e-300)
    for _ in range(100):
        parts = c / (above + s)
        size = float(np.linalg.norm(parts))
        if size <= radius * (1 + 1e-6):
            break
        s += (size / radius - 1) * size**2 / (parts @ (parts / (above + s)))
    return s
