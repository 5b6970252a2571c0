"""Interpolation between scattered places, and on grids by splines."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from typing import Any

import numpy as np
import scipy.interpolate as scipys

from ...core.errors import ArgumentError, NoRuleError, ShapeError, describe, user_line
from ..chapters import double, holds_variable, settled
from ..standing import Kept
from .chapter import CHAPTER
from .splines import make_interp_spline


def _root(s: Any) -> Any:
    """The distance of a square; where it is zero its kink counts as level."""
    zero = s == 0
    return np.where(zero, 0.0, np.sqrt(np.where(zero, 1.0, s)))


def _thin_plate(s: Any) -> Any:
    zero = s == 0
    return np.where(zero, 0.0, 0.5 * s * np.log(np.where(zero, 1.0, s)))


# Of squared distances, with the least degree of the polynomial beside each.
_KERNELS: dict[str, tuple[Callable[[Any], Any], int]] = {
    "linear": (lambda s: -_root(s), 0),
    "thin_plate_spline": (_thin_plate, 1),
    "cubic": (lambda s: s * _root(s), 1),
    "quintic": (lambda s: -s * s * _root(s), 2),
    "multiquadric": (lambda s: -np.sqrt(s + 1), 0),
    "inverse_multiquadric": (lambda s: 1 / np.sqrt(s + 1), -1),
    "inverse_quadratic": (lambda s: 1 / (s + 1), -1),
    "gaussian": (lambda s: np.exp(-s), -1),
}
_OF_ANY_SCALE = ("linear", "thin_plate_spline", "cubic", "quintic")


class RBFInterpolator(Kept):
    """`scipy.interpolate.RBFInterpolator` of all places at once, in values, places and where it is asked.

    Of the linear and the thin-plate kernel the derivatives at a place of the data that do not exist count as 0: the
    first of the linear one, the second of either.

    Parameters
    ----------
    y : array of shape (n, dimensions)
        The places.
    d : array of shape (n, ...)
        The values.
    neighbors : None
        SciPy's number of neighbours jumps from place to place, and is refused.
    smoothing : float or array of shape (n,)
    kernel : str
        As SciPy's: "thin_plate_spline", "linear", "cubic", "quintic", "multiquadric", "inverse_multiquadric",
        "inverse_quadratic", "gaussian".
    epsilon : float, optional
    degree : int, optional

    Raises
    ------
    NoRuleError
        `neighbors` is given.
    FactorizationError
        The places lie so that the interpolant is not unique.

    Examples
    --------
    >>> import numpy as np, dragongrad as ad
    >>> from dragongrad.scipy import interpolate
    >>> places = np.array([[0.0, 0.0], [1.0, 0.0], [0.0, 1.0]])
    >>> at = np.array([[0.25, 0.25]])
    >>> ad.grad(lambda d: interpolate.RBFInterpolator(places, d)(at)[0])(np.ones(3)).round(6)
    array([0.5 , 0.25, 0.25])

    """

    theirs = scipys.RBFInterpolator

    def __init__(
        self, y: Any, d: Any, neighbors: Any = None, smoothing: Any = 0.0, kernel: str = "thin_plate_spline",
        epsilon: Any = None, degree: int | None = None,
    ) -> None:  # fmt: skip
        self._neighbors, self._coefficients = neighbors, None
        self._given = (y, d, smoothing, kernel.lower(), epsilon, degree)
        # SciPy's own, of plain numbers; it may be asked at Variables all the same.
        given = (y, d, neighbors, smoothing, kernel, epsilon, degree)
        self._scipys = None if holds_variable(given) else scipys.RBFInterpolator(*map(settled, given))
        if self._scipys is None:
            self._solve(*self._given)
            self.y, self.d, self.smoothing, self.neighbors = y, d, smoothing, None
            self.kernel, self.epsilon = self._kernel, self._epsilon

    def _solve(self, y: Any, d: Any, smoothing: Any, kernel: str, epsilon: Any, degree: int | None) -> None:
        if self._neighbors is not None:
            raise NoRuleError(
                "RBFInterpolator with neighbors= jumps from place to place\n"
                f"  at {user_line()}\nLeave neighbors out"
            )
        if kernel not in _KERNELS or (epsilon is None and kernel not in _OF_ANY_SCALE):
            raise ArgumentError(
                f"RBFInterpolator: kernel={kernel!r}, epsilon={epsilon!r}\n  at {user_line()}\n"
                f"Kernels are {', '.join(_KERNELS)}; those but {', '.join(_OF_ANY_SCALE)} want an epsilon"
            )
        y, d = double(y), double(d)
        if np.ndim(y) != 2 or np.shape(d)[0] != y.shape[0]:
            raise ShapeError(
                f"RBFInterpolator({describe(y)}, {describe(d)}): places (n, dimensions), n values\n"
                f"  at {user_line()}"
            )
        self._y, self._d, self._kernel, self._epsilon = y, d, kernel, 1.0 if epsilon is None else epsilon
        least = _KERNELS[kernel][1]
        self._powers = _powers(y.shape[1], max(least, 0) if degree is None else int(degree))
        low, high = np.min(y, axis=0), np.max(y, axis=0)
        # The polynomial is the same whatever it is centred at and scaled by.
        self._shift, self._scale = (low + high) / 2, np.where(high == low, 1.0, (high - low) / 2)
        n, count = y.shape[0], len(self._powers)
        smooth = np.broadcast_to(double(smoothing), (n,))
        apart = np.where(np.eye(n, dtype=bool), 0.0, self._squares(y))
        square, beside = _KERNELS[kernel][0](apart) + smooth * np.eye(n), self._monomials(y)
        matrix = np.block([[square, beside], [beside.T, np.zeros((count, count))]])
        right = np.reshape(d, (n, -1))
        right = np.concatenate([right, np.zeros((count, right.shape[1]), right.dtype)])
        self._coefficients = np.linalg.solve(matrix, right)

    def _squares(self, x: Any) -> Any:
        return np.sum((self._epsilon * (x[:, None, :] - self._y)) ** 2, axis=-1)

    def _monomials(self, x: Any) -> Any:
        x = (x - self._shift) / self._scale
        ones = np.ones(x.shape[0])
        columns = []
        for powers in self._powers:
            column = ones
            for axis, power in enumerate(powers):
                for _ in range(power):
                    column = column * x[:, axis]
            columns.append(column)
        return np.stack(columns, axis=-1) if columns else np.zeros((x.shape[0], 0))

    def __call__(self, x: Any) -> Any:
        """The values at places, of shape (m, dimensions)."""
        if self._scipys is not None and not holds_variable(x):
            return self._scipys(settled(x))
        if self._coefficients is None:
            self._solve(*self._given)
        x = double(x)
        if np.ndim(x) != 2 or x.shape[1] != self._y.shape[1]:
            raise ShapeError(
                f"an RBFInterpolator of {self._y.shape[1]} dimensions, asked at {describe(x)}\n  at {user_line()}"
            )
        rows = np.concatenate([_KERNELS[self._kernel][0](self._squares(x)), self._monomials(x)], axis=1)
        return np.reshape(rows @ self._coefficients, (x.shape[0], *self._d.shape[1:]))


def _powers(dimensions: int, degree: int) -> list[tuple[int, ...]]:
    each = itertools.product(range(degree + 1), repeat=dimensions)
    return [powers for powers in each if sum(powers) <= degree]


class RectBivariateSpline(Kept):
    """`scipy.interpolate.RectBivariateSpline` through all values of a grid (`s=0`), of degrees 1, 3 or 5.

    Parameters
    ----------
    x, y : arrays of shape (m,) and (n,)
        Where the lines of the grid are, rising.
    z : array of shape (m, n)
    kx, ky : {1, 3, 5}
    s : 0
        A smoothing spline chooses its knots by a tolerance, and is refused.

    Examples
    --------
    >>> import numpy as np, dragongrad as ad
    >>> from dragongrad.scipy import interpolate
    >>> x = np.arange(4.0)
    >>> surface = interpolate.RectBivariateSpline(x, x, np.outer(x**2, x))
    >>> ad.grad(lambda p: surface.ev(p[0], p[1]))(np.array([1.5, 2.0])).round(6)
    array([6.  , 2.25])

    """

    theirs = scipys.RectBivariateSpline

    def __init__(
        self, x: Any, y: Any, z: Any, bbox: Any = (None,) * 4, kx: int = 3, ky: int = 3, s: float = 0,
        maxit: int = 20,
    ) -> None:  # fmt: skip
        given = (x, y, z, bbox, kx, ky, s)
        self._scipys = None if holds_variable(given) else scipys.RectBivariateSpline(*map(settled, given))
        self._is_smooth = s == 0 and all(b is None for b in bbox) and {kx, ky} <= {1, 3, 5}
        if self._scipys is None:
            self._check_smooth()
        self.x, self.y, self.z, self.degrees = double(x), double(y), double(z), (kx, ky)
        if np.shape(self.z) != (*np.shape(self.x), *np.shape(self.y)):
            raise ShapeError(f"RectBivariateSpline: {describe(self.z)} on a grid of {describe(self.x)} and "
                             f"{describe(self.y)}\n  at {user_line()}")  # fmt: skip

    def __call__(self, x: Any, y: Any, dx: int = 0, dy: int = 0, grid: bool = True) -> Any:
        """The values, or derivatives, on a grid, or at pairs of coordinates that broadcast."""
        if self._scipys is not None and not holds_variable((x, y)):
            return self._scipys(settled(x), settled(y), dx, dy, grid)
        self._check_smooth()
        x, y = double(x), double(y)
        if not grid:
            x, y = np.broadcast_arrays(x, y)
        left = self._rows(self.x, np.reshape(x, (-1,)), self.degrees[0], dx)
        right = self._rows(self.y, np.reshape(y, (-1,)), self.degrees[1], dy)
        if grid:
            return left @ self.z @ right.T
        return np.reshape(np.sum((left @ self.z) * right, axis=-1), np.shape(x))

    def ev(self, x: Any, y: Any, dx: int = 0, dy: int = 0) -> Any:
        """The values, or derivatives, at pairs of coordinates."""
        return self(x, y, dx, dy, grid=False)[()]

    def _check_smooth(self) -> None:
        if not self._is_smooth:
            raise NoRuleError(
                f"RectBivariateSpline has derivatives with s=0, no bbox and odd degrees only\n  at {user_line()}\n"
                "Write RectBivariateSpline(x, y, z), or fit a BSpline along each axis"
            )

    def _rows(self, places: Any, at: Any, k: int, nu: int) -> Any:
        # Outside it is as at the edge.
        at = np.clip(at, places[0], places[-1])
        return make_interp_spline(places, np.eye(places.shape[0]), k)(at, nu)


CHAPTER.states["RBFInterpolator"] = "exact derivatives: of all places at once"
CHAPTER.states["RectBivariateSpline"] = "exact derivatives: s=0, odd degrees"
