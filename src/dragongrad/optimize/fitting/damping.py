"""The damped linear least-squares problem inside a step of Levenberg and Marquardt."""

from __future__ import annotations

import math

import numpy as np

from ..objective import Array

_EPS = float(np.finfo(float).eps)
_TINY = float(np.finfo(float).tiny)
# Squares of numbers above this, and below its reciprocal, keep all their digits.
_ROOT = 1e-140
# So many rows of a matrix are factorized at once.
_BLOCK = 256
# Normal equations serve where the columns, of length 1, are no worse conditioned than this, and while the residuals
# are no nearer than this to being orthogonal to them: they cost at most five of the digits of R, and a few of those
# of Q'r that a step needs, where fits end.
_WELL, _ORTHOGONAL = 300.0, 1e-11


def triangle_of(matrix: Array, residual: Array) -> tuple[Array, Array]:
    """R and Q'r of the QR factorization `J = Q R`, which itself is never formed.

    Of a tall matrix blocks of rows that stay in the cache are factorized first, and then their triangles, one above
    the other, which is as accurate and several times quicker: Demmel, Grigori, Hoemmen and Langou,
    "Communication-optimal parallel and sequential QR and LU factorizations", SIAM J. Sci. Comput. 34 (2012). Where
    the columns are far from dependent, and the residuals far from orthogonal to them, the Cholesky factor of the
    normal equations is as good, and several times quicker still.
    """
    found = _by_normal_equations(matrix, residual) if len(matrix) >= 4 * _BLOCK else None
    if found is not None:
        return found
    k = min(matrix.shape)
    both = np.concatenate([matrix, residual[:, None]], axis=1)
    columns = both.shape[1]
    while len(both) >= 4 * _BLOCK and 2 * columns <= _BLOCK:
        whole = len(both) // _BLOCK * _BLOCK
        triangles = np.linalg.qr(both[:whole].reshape(-1, _BLOCK, columns), mode="r")
        both = np.concatenate([triangles.reshape(-1, columns), both[whole:]])
    both = np.linalg.qr(both, mode="r")
    return both[:k, :-1], both[:k, -1]


def _by_normal_equations(matrix: Array, residual: Array) -> tuple[Array, Array] | None:
    """R and Q'r from `J'J` and `J'r`, or None where too many digits would be lost by that."""
    if matrix.dtype != np.float64 or residual.dtype != np.float64:
        return None
    with np.errstate(all="ignore"):
        normal, slope = matrix.T @ matrix, matrix.T @ residual
        lengths = np.sqrt(normal.diagonal())
        if not (lengths.min(initial=math.inf) > _ROOT and lengths.max(initial=0.0) < 1 / _ROOT):
            return None
        try:
            lower = np.linalg.cholesky(normal / lengths / lengths[:, None])
        except np.linalg.LinAlgError:
            return None
        inverse = np.linalg.inv(lower)
        c = inverse @ (slope / lengths)
        # Of columns of length 1 the factor has the Frobenius norm of the root of their number.
        worst = math.sqrt(len(lower)) * float(np.linalg.norm(inverse))
        if worst <= _WELL and norm(c) >= _ORTHOGONAL * norm(residual):
            return lower.T * lengths, c
    return None


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
    rows : int
        Of the Jacobian, where `matrix` and `residual` are those of `triangle_of`; rounding goes by it.

    Attributes
    ----------
    full : bool
        Whether no singular value is zero up to rounding.

    """

    def __init__(self, matrix: Array, residual: Array, scale: Array, rows: int = 0) -> None:
        self.scale = scale
        triangle, c = (matrix, residual) if rows else triangle_of(matrix, residual)
        u, self.s, self.vt = np.linalg.svd(triangle / scale, full_matrices=False)
        self.c = u.T @ c
        self.kept = self.s > _EPS * max(rows, *matrix.shape) * self.s[0]
        self.full = bool(self.kept.all())
        self._whole: Array | None = None

    def undamped(self) -> Array:
        """The coordinates of the Gauss-Newton step, the shortest one where there are several."""
        if self._whole is None:
            self._whole = np.divide(self.c, self.s, out=np.zeros_like(self.c), where=self.kept)
        return self._whole

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
        turned = norm(z / s) if self.full else 0.0
        low = excess / radius * (length / turned) ** 2 if turned else 0.0
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
            turned = norm(z / np.sqrt(denominator))
            if not turned:  # the squares are too small for numbers
                break
            par = max(low, par + excess / radius * (length / turned) ** 2)
        return par, s * c / (s * s + par)

    def answer(self, slope: Array, par: float) -> Array:
        """The coordinates of the damped step that would answer a change of the residuals, from J' times that."""
        moved = self.vt @ (slope / self.scale)
        return np.divide(moved, self.s**2 + par, out=np.zeros_like(moved), where=self.kept)

    def step(self, z: Array) -> Array:
        """The scaled step of its coordinates."""
        return -(self.vt.T @ z)

    def reductions(self, z: Array, par: float) -> tuple[float, float]:
        """By how much the sum of squares falls by the model along a damped step, and minus half its slope."""
        along = self.s * z
        moved, damping = float(along @ along), par * float(z @ z)
        return moved + 2 * damping, moved + damping

    def shift(self, z: Array) -> float:
        """How far the residuals of the model move: `|J p|`."""
        return norm(self.s * z)


class CurvedModel:
    """Half the sum of squares near a point to second order: what Gauss and Newton keep, and what they leave out.

    With the eigenvalues `w` of the scaled Hessian and `c` the gradient along its eigenvectors, the step damped by
    `par` is `-c / (w + par)` along them.

    Parameters
    ----------
    linear : LinearModel
        The model of the residuals there.
    bend : ndarray
        The sum of the residuals' Hessians, each times its residual, of shape (n, n).
    scale : ndarray
        The positive lengths of the n parameters.

    Attributes
    ----------
    convex : bool
        Whether the Hessian is positive definite beyond rounding; without that there is no undamped step.

    """

    def __init__(self, linear: LinearModel, bend: Array, scale: Array) -> None:
        kept = (linear.vt.T * linear.s**2) @ linear.vt
        left_out = bend / np.outer(scale, scale)
        self.w, self.vectors = np.linalg.eigh(kept + (left_out + left_out.T) / 2)
        self.c = self.vectors.T @ (linear.vt.T @ (linear.s * linear.c))
        self.convex = bool(self.w[0] > 100 * _EPS * self.w[-1])

    def undamped(self) -> Array:
        """The coordinates of Newton's step."""
        return self.c / self.w

    def damped(self, radius: float, par: float) -> tuple[float, Array]:
        """The damping at which the step has the length `radius`, and the step's coordinates; see `LinearModel`.

        Newton's iteration on `1 / |z(par)|` rises from `par = 0` without overshooting.
        """
        par, z = 0.0, self.undamped()
        for _ in range(10):
            length = norm(z)
            if length <= 1.1 * radius:
                break
            par += (length / radius - 1) * (length / norm(z / np.sqrt(self.w + par))) ** 2
            z = self.c / (self.w + par)
        return par, z

    def step(self, z: Array) -> Array:
        """The scaled step of its coordinates."""
        return -(self.vectors @ z)

    def reductions(self, z: Array, par: float) -> tuple[float, float]:
        """By how much the sum of squares of the model falls along a step, and minus half its slope."""
        slope = float(self.c @ z)
        return 2 * slope - float(np.sum(self.w * z * z)), slope


def norm(v: Array) -> float:
    """The Euclidean length of a vector."""
    return math.sqrt(v @ v)
