"""The damped linear least-squares problem inside a step of Levenberg and Marquardt."""

from __future__ import annotations

import math

import numpy as np

from .objective import Array

_EPS = float(np.finfo(float).eps)
_TINY = float(np.finfo(float).tiny)


class LinearModel:
    """The residuals near a point, `r + J p`, in parameters measured by a scale: `p = z / scale`.

    With the singular values `s` of `J / scale` and `c = U' r`, the step damped by `par` is `-V (s c / (s² + par))`,
    so that one decomposition serves every damping that a point needs. The residuals' own length enters only the
    QR factorization before it.

    Parameters
    ----------
    matrix : ndarray
        The Jacobian J, of shape (m, n).
    residual : ndarray
        r, of shape (m,).
    scale : ndarray
        The positive lengths of the n parameters.

    Attributes
    ----------
    full : bool
        Whether no singular value is zero up to rounding.

    """

    def __init__(self, matrix: Array, residual: Array, scale: Array) -> None:
        self.q, triangle = np.linalg.qr(matrix / scale)
        self.u, self.s, self.vt = np.linalg.svd(triangle, full_matrices=False)
        self.c = self.u.T @ (self.q.T @ residual)
        self.kept = self.s > _EPS * max(matrix.shape) * self.s[0]
        self.full = bool(self.kept.all())

    def undamped(self) -> Array:
        """The coordinates of the Gauss-Newton step, the shortest one where there are several."""
        return np.divide(self.c, self.s, out=np.zeros_like(self.c), where=self.kept)

    def damped(self, radius: float, par: float) -> tuple[float, Array]:
        """The damping at which the step has the length `radius` within a tenth, and the step's coordinates.

        The damping is 0 where the undamped step is no longer. Moré (1978), section 5: Newton's iteration on
        `1 / |z(par)| - 1 / radius`, kept between bounds.

        Parameters
        ----------
        radius : float
            The length allowed, in scaled parameters.
        par : float
            The damping to begin with.

        """
        s, c = self.s, self.c
        z = self.undamped()
        length = norm(z)
        if length <= 1.1 * radius:
            return 0.0, z
        excess = length - radius
        low = excess * length**2 / (radius * float(np.sum((z / s) ** 2))) if self.full else 0.0
        steepest = norm(s * c)
        high = steepest / radius or _TINY / min(radius, 0.1)
        par = min(max(par, low), high) or steepest / length
        for _ in range(10):
            par = par or max(_TINY, 0.001 * high)
            denominator = s * s + par
            z = s * c / denominator
            length, before = norm(z), excess
            excess = length - radius
            if abs(excess) <= 0.1 * radius or (low == 0 and excess <= before < 0):
                break
            low, high = (max(low, par), high) if excess > 0 else (low, min(high, par))
            par = max(low, par + excess / radius * length**2 / float(np.sum(z * z / denominator)))
        return par, s * c / (s * s + par)

    def answer(self, change: Array, par: float) -> Array:
        """The coordinates of the damped step that would answer a change of the residuals."""
        c = self.u.T @ (self.q.T @ change)
        return np.divide(self.s * c, self.s**2 + par, out=np.zeros_like(c), where=self.kept)

    def step(self, z: Array) -> Array:
        """The scaled step of its coordinates."""
        return -(self.vt.T @ z)

    def shift(self, z: Array) -> float:
        """How far the residuals of the model move: `|J p|`."""
        return norm(self.s * z)


def norm(v: Array) -> float:
    """The Euclidean length of a vector."""
    return math.sqrt(v @ v)
