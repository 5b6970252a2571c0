"""The trust region whose model is minimized exactly, from the full Hessian."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from .hessians import Curvature
from .objective import Array
from .steihaug import Model, Move
from .trust import TrustRegion
from .vectors import vector


class TrustExact(TrustRegion):
    """Trust-region Newton with the model's minimizer within the radius found exactly, saddle points and all.

    Moré and Sorensen, "Computing a trust region step", SIAM J. Sci. Stat. Comput. 4 (1983): the step solves
    `(H + s I) p = -g` with the least `s >= 0` that makes `H + s I` positive semidefinite and `|p| <= radius`, by
    Newton's method on their equation (3.4), with their hard case. One decomposition into eigenvectors serves
    every radius tried at a point. The radius is measured in parameters scaled by the largest square roots of the
    Hessian's diagonal met, as the columns of the Jacobian are in MINPACK, so that units do not matter.

    Parameters
    ----------
    loss_func, params, max_iter, tol, radius, accept
        As `TrustRegion`; the loss must be a NumPy function that returns just the value.

    Raises
    ------
    ArgumentError
        The loss returns its own gradient; otherwise as `TrustRegion`.

    Examples
    --------
    >>> import numpy as np
    >>> from dragongrad.optimize import TrustExact
    >>> past_a_saddle_point = TrustExact(lambda x: x[0] ** 2 - x[1] ** 2 + x[1] ** 4, [1.0, 0.0]).minimize()
    >>> round(past_a_saddle_point.fun, 12)
    -0.25

    """

    def setup(self) -> None:
        """Know no curvature yet."""
        super().setup()
        self.curvature = Curvature(self)
        self.largest = self.scale = np.zeros(self.params.size)

    def model(self) -> Model:
        """The quadratic of gradient and Hessian."""
        h = self.curvature.hessian
        self.largest = np.maximum(self.largest, np.sqrt(np.abs(np.diag(h))))
        self.scale = np.where(self.largest > 0, self.largest, 1.0)
        return _Quadratic(vector(self.gradient), h, self.scale)

    def first_radius(self) -> float:
        """As `TrustRegion`, in the scale of the model."""
        return float(np.linalg.norm(self.scale * vector(self.params))) or float(np.linalg.norm(self.scale))

    def settled(self) -> bool:
        """A saddle point is not where a run ends."""
        return self.curvature.is_convex()

    def inverse_hessian(self) -> Array | None:
        """The exact inverse Hessian, where the run converged."""
        return self.curvature.inverse()


class _Quadratic:
    """`g p + p H p / 2` in the eigenvectors of the scaled H."""

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

    Returns
    -------
    q : ndarray
        The minimizer.
    cut : bool
        Whether the radius holds it back.

    Examples
    --------
    >>> import numpy as np
    >>> from dragongrad.optimize.trust_exact import least_in_ball
    >>> least_in_ball(np.array([-1.0, 2.0]), np.array([0.0, 3.0]), 2.0)
    (array([1.73205081, -1.        ]), True)

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
        s += (size / radius - 1) * size**2 / float(parts @ (parts / (above + s)))
    return s
