"""Interpolation between values on a line or on a grid."""

from __future__ import annotations

import itertools
from typing import Any

import numpy as np
import scipy.interpolate as scipys

from ...blocks.axes import as_array, single
from ...blocks.indexing import read
from ...core.errors import ArgumentError, NoRuleError, OutOfBoundsError, ShapeError, describe, user_line
from ...core.variable import bottom
from ..chapters import SMOOTH, answered, double, holds_variable, settled
from ..standing import Kept
from .chapter import CHAPTER, own, placed, refused
from .splines import make_interp_spline

_ORDERS = {"slinear": 1, "quadratic": 2, "cubic": 3}
# Degrees of the splines on grids.
_DEGREES = {"slinear": 1, "cubic": 3, "quintic": 5}
_STEPS = ("nearest", "nearest-up", "previous", "next", "zero")


class interp1d(Kept):  # noqa: N801 - SciPy's name
    """Values between others along a line: called with places of any shape, it gives the values there.

    Parameters
    ----------
    x : array of shape (n,)
        The places.
    y : array
        The values, n along the axis.
    kind : str or int
        "linear", "nearest", "nearest-up", "previous", "next", "zero", "slinear", "quadratic", "cubic", or the
        degree of a spline. At a place, the derivative of "linear" is that of the piece before it.
    axis : int
        The axis of places.
    copy : bool
        Of SciPy's; it changes nothing here.
    bounds_error, fill_value
        What is outside: an error, a value, a pair of values, or "extrapolate".
    assume_sorted : bool
        Whether the places rise already.

    Raises
    ------
    ArgumentError
        The kind is not known.
    OutOfBoundsError
        Of the function: a place lies outside.

    Examples
    --------
    >>> import numpy as np, dragongrad as ad
    >>> from dragongrad.scipy import interpolate
    >>> x = np.array([0.0, 1.0, 2.0])
    >>> ad.grad(lambda y: interpolate.interp1d(x, y)(0.25))(np.ones(3))
    array([0.75, 0.25, 0.  ])

    """

    theirs = scipys.interp1d

    def __init__(
        self, x: Any, y: Any, kind: Any = "linear", axis: int = -1, copy: bool = True, bounds_error: Any = None,
        fill_value: Any = np.nan, assume_sorted: bool = False,
    ) -> None:  # fmt: skip
        options = {"bounds_error": bounds_error, "fill_value": fill_value, "assume_sorted": assume_sorted}
        moves = holds_variable((x, y, fill_value))
        if not moves:
            plain = {**options, "fill_value": settled(fill_value)}
            self._scipys = scipys.interp1d(settled(x), settled(y), kind, axis, copy, **plain)
        answered("scipy.interpolate.interp1d", self._hold, (x, y, kind, axis, assume_sorted), {})
        if moves and bounds_error and isinstance(fill_value, str):
            raise ArgumentError(
                f"interp1d goes on outside or raises there, not both\n  at {user_line()}\nLeave bounds_error out"
            )
        if moves:
            self.bounds_error = not isinstance(fill_value, str) if bounds_error is None else bounds_error
            self.fill_value = fill_value

    def _hold(self, x: Any, y: Any, kind: Any, axis: int, assume_sorted: bool) -> None:
        if kind not in (*_ORDERS, *_STEPS, "linear") and not isinstance(kind, int):
            raise ArgumentError(f"interp1d: kind={kind!r} is none that is known\n  at {user_line()}")
        dtypes = as_array(x).dtype, as_array(y).dtype
        # Whether values at places of single precision are kept so.
        self._single = dtypes[1] == np.float32 and (
            kind in _STEPS or (kind == "linear" and dtypes[0] == np.float32)
        )
        x, y = double(x), double(y)
        at = single(axis, y.ndim)
        if x.ndim != 1 or x.shape[0] != y.shape[at]:
            raise ShapeError(
                f"interp1d({describe(x)}, {describe(y)}): as many values along axis {axis} as places\n"
                f"  at {user_line()}"
            )
        y = np.moveaxis(y, at, 0)
        if not assume_sorted:
            order = np.argsort(x, kind="stable")
            x, y = read(x, order), read(y, order)
        self._x, self._y, self._kind, self._axis = x, y, kind, at
        self._spline: Any = None

    def __call__(self, x: Any) -> Any:
        """The values at places."""
        if self._scipys is not None and not holds_variable(x):
            return self._scipys(settled(x))
        given = as_array(x)
        x = double(given)
        low, high = x < self._x[0], x > self._x[-1]
        outside = np.logical_or(low, high)
        if self.bounds_error and np.any(bottom(outside)):
            raise OutOfBoundsError(
                f"interp1d: a place lies outside of the values\n  at {user_line()}\n"
                "Write bounds_error=False, or fill_value='extrapolate'"
            )
        order = _ORDERS.get(self._kind, self._kind)
        if isinstance(order, int) and order > 0:
            if self._spline is None:
                self._spline = make_interp_spline(self._x, self._y, order)
            out = self._spline(x)
        else:
            out = self._between(x)
        if not isinstance(self.fill_value, str):
            tail, fill = (1,) * (self._y.ndim - 1), self.fill_value
            pair = fill if isinstance(fill, tuple) and len(fill) == 2 else (fill, fill)
            for where, value in zip((low, high), pair, strict=True):
                value = as_array(value)
                value = value if tail else np.reshape(value, ())
                out = np.where(np.reshape(where, where.shape + tail), value, out)
        elif self._kind in ("previous", "next"):
            # There is no value before the first, and none after the last.
            none = low if self._kind == "previous" else high
            out = np.where(np.reshape(none, none.shape + (1,) * (self._y.ndim - 1)), np.nan, out)
        out = placed(out, self._axis, x.ndim)
        # Of kind "zero" SciPy makes a spline, which is in double precision.
        single_places = self._kind != "zero" and (given.dtype == np.float32 or self._kind in _STEPS)
        if not out.shape:
            # SciPy gives an array without axes.
            out = np.reshape(out, ())
        return out.astype(np.float32) if self._single and single_places else out

    def _between(self, x: Any) -> Any:
        flat, n, tail = np.reshape(x, (-1,)), self._x.shape[0], (1,) * (self._y.ndim - 1)
        if self._kind == "linear" and n > 1:
            at = np.clip(np.searchsorted(self._x, flat), 1, n - 1)
            left, right = read(self._x, at - 1), read(self._x, at)
            below, above = read(self._y, at - 1), read(self._y, at)
            wide = [np.reshape(v, v.shape + tail) for v in (flat - left, right - left)]
            out = (above - below) / wide[1] * wide[0] + below
        else:
            out = read(self._y, self._step(flat, n)) + np.reshape(0 * flat, flat.shape + tail)
        return np.reshape(out, (*x.shape, *self._y.shape[1:]))

    def _step(self, x: Any, n: int) -> Any:
        if n == 1:
            # Of one value it is that.
            return np.zeros(x.shape, int)
        if self._kind in ("previous", "zero"):
            return np.clip(np.searchsorted(self._x, x, side="right") - 1, 0, n - 1)
        if self._kind == "next":
            return np.clip(np.searchsorted(self._x, x, side="left"), 0, n - 1)
        middle = (self._x[1:] + self._x[:-1]) / 2
        side = "left" if self._kind == "nearest" else "right"
        return np.clip(np.searchsorted(middle, x, side=side), 0, n - 1)


CHAPTER.states["interp1d"] = SMOOTH


class RegularGridInterpolator(Kept):
    """Values between others on a grid of any number of axes.

    Attributes
    ----------
    grid : tuple of array
        The places along each axis, which rise.
    values : array of shape (n1, n2, ..., *tail)
        The values on the grid.
    method : str
        "linear", "nearest", or of splines "slinear", "cubic" and "quintic", with `nu`: these are exact with
        Variables, where SciPy iterates to a tolerance.

    Examples
    --------
    >>> import numpy as np, dragongrad as ad
    >>> from dragongrad.scipy import interpolate
    >>> grid = np.array([0.0, 1.0]), np.array([0.0, 2.0])
    >>> f = lambda v: interpolate.RegularGridInterpolator(grid, v)([0.25, 1.0])[0]
    >>> ad.grad(f)(np.ones((2, 2)))
    array([[0.375, 0.375],
           [0.125, 0.125]])

    """

    theirs = scipys.RegularGridInterpolator

    def __init__(
        self, points: Any, values: Any, method: str = "linear", bounds_error: bool = True, fill_value: Any = np.nan,
        *, solver: Any = None, solver_args: Any = None,
    ) -> None:  # fmt: skip
        options = {"solver": solver, "solver_args": solver_args}
        # SciPy's own, of plain numbers; it may be asked at Variables all the same.
        if not holds_variable((points, values, fill_value)):
            given = (settled(points), settled(values), method, bounds_error, settled(fill_value))
            self._scipys = scipys.RegularGridInterpolator(*given, **options)
            return
        self.method, self.bounds_error, self.fill_value = method, bounds_error, fill_value
        self.grid = tuple(map(double, points))
        values = as_array(values)
        values = values if values.dtype.kind in "fc" else values.astype(np.float64)
        lengths = tuple(g.shape[0] for g in self.grid)
        if values.shape[: len(lengths)] != lengths:
            raise ShapeError(
                f"RegularGridInterpolator: values {describe(values)} on a grid of {lengths}\n  at {user_line()}"
            )
        falling = tuple(i for i, g in enumerate(self.grid) if np.all(bottom(g[0]) > bottom(g[-1])))
        self.grid = tuple(g[::-1] if i in falling else g for i, g in enumerate(self.grid))
        self.values = np.flip(values, falling)
        if not all(np.all(np.diff(bottom(g), axis=-1) > 0) for g in self.grid):
            raise ArgumentError(
                f"RegularGridInterpolator: the places along an axis rise or fall, in all rows of a batch alike\n"
                f"  at {user_line()}"
            )

    def __call__(self, xi: Any, method: str | None = None, *, nu: Any = None) -> Any:
        """The values at places (..., d), of which the last axis has one coordinate for each axis of the grid."""
        how = self.method if method is None else method
        if self._scipys is not None and not holds_variable(xi):
            return self._scipys(settled(xi), method, nu=nu)
        joined = isinstance(xi, tuple)
        xi = np.stack(np.broadcast_arrays(*map(double, xi)), axis=-1) if joined else double(xi)
        if how not in ("linear", "nearest", *_DEGREES) or (nu is not None and how not in _DEGREES):
            raise NoRuleError(
                f"RegularGridInterpolator has no derivative rule for method={how!r}, nu={nu!r}\n"
                f"  at {user_line()}\n"
                f"Write 'linear', 'nearest', or of splines one of {', '.join(_DEGREES)}"
            )
        d = len(self.grid)
        if xi.shape[-1] != d:
            raise ShapeError(f"places {describe(xi)} of {d} coordinates\n  at {user_line()}")
        flat = np.reshape(xi, (-1, d))
        outside = self._outside(flat)
        if how in _DEGREES:
            out = self._spline(flat, _DEGREES[how], [0] * d if nu is None else list(nu))
        else:
            out = self._linear(flat) if how == "linear" else self._nearest(flat)
        if not self.bounds_error and self.fill_value is not None:
            tail = (1,) * (out.ndim - 1)
            out = np.where(np.reshape(outside, outside.shape + tail), self.fill_value, out)
        # SciPy makes a vector of the value at a single place.
        shape = (1,) if xi.ndim == 1 else xi.shape[:-1]
        return np.reshape(out, (*shape, *self.values.shape[d:]))

    def _outside(self, xi: Any) -> Any:
        sides = [(xi[:, i] < g[0], xi[:, i] > g[-1]) for i, g in enumerate(self.grid)]
        outside = np.any(np.stack([np.logical_or(*side) for side in sides]), axis=0)
        if self.bounds_error and np.any(bottom(outside)):
            raise OutOfBoundsError(
                f"RegularGridInterpolator: a place lies outside of the grid\n  at {user_line()}\n"
                "Write bounds_error=False, with a fill_value or with None to extrapolate"
            )
        return outside

    def _cells(self, xi: Any) -> list[tuple[Any, Any]]:
        """The cell of each place along each axis, and where it lies in the cell."""
        found = []
        for i, g in enumerate(self.grid):
            if g.shape[0] == 1:
                found.append((np.zeros(xi.shape[0], dtype=int), np.zeros(xi.shape[0])))
                continue
            at = np.clip(np.searchsorted(g, xi[:, i], side="right") - 1, 0, g.shape[0] - 2)
            low, high = read(g, at), read(g, at + 1)
            found.append((at, (xi[:, i] - low) / (high - low)))
        return found

    def _linear(self, xi: Any) -> Any:
        cells, total = self._cells(xi), None
        tail = (1,) * (self.values.ndim - len(cells))
        for corner in itertools.product((0, 1), repeat=len(cells)):
            if any(c and g.shape[0] == 1 for c, g in zip(corner, self.grid, strict=True)):
                continue
            weight: Any = np.ones(xi.shape[0])
            for c, (_, part) in zip(corner, cells, strict=True):
                weight = weight * (part if c else 1 - part)
            value = read(self.values, tuple(at + c for c, (at, _) in zip(corner, cells, strict=True)))
            term = value * np.reshape(weight, weight.shape + tail)
            total = term if total is None else total + term
        return total

    def _spline(self, xi: Any, degree: int, orders: list[int]) -> Any:
        """By the product of splines along the axes, or of their derivatives."""
        total = self.values
        for i, (g, order) in enumerate(zip(self.grid, orders, strict=True)):
            if g.shape[0] <= degree:
                raise ArgumentError(
                    f"a spline of degree {degree} needs {degree + 1} places or more along each axis, not "
                    f"{g.shape[0]}\n  at {user_line()}"
                )
            weights = make_interp_spline(g, np.eye(g.shape[0]), degree)(xi[:, i], order)
            # The places stand in front from the first axis on.
            total = np.einsum("pn,pn...->p..." if i else "pn,n...->p...", weights, total)
        return total

    def _nearest(self, xi: Any) -> Any:
        chosen = tuple(np.where(part <= 0.5, at, at + 1) for at, part in self._cells(xi))
        value = read(self.values, chosen)
        return (value + np.reshape(0 * xi[:, 0], (-1,) + (1,) * (value.ndim - 1))).astype(value.dtype)


CHAPTER.states["RegularGridInterpolator"] = "exact derivatives: all methods but pchip"


@own
def interpn(
    points: Any, values: Any, xi: Any, method: str = "linear", bounds_error: bool = True, fill_value: Any = np.nan
) -> Any:
    """The values of `RegularGridInterpolator` at places.

    Examples
    --------
    >>> import numpy as np, dragongrad as ad
    >>> from dragongrad.scipy import interpolate
    >>> grid = np.array([0.0, 1.0]), np.array([0.0, 2.0])
    >>> ad.jacobian(lambda x: interpolate.interpn(grid, np.eye(2), x))(np.array([0.25, 1.0]))
    array([[ 0.  , -0.25]])

    """
    if not holds_variable((points, values, xi)):
        given = (settled(points), settled(values), settled(xi))
        return scipys.interpn(*given, method, bounds_error, fill_value)
    return RegularGridInterpolator(points, values, method, bounds_error, fill_value)(xi)


_LATER = "it is not written yet"
_SCATTERED = "Take RegularGridInterpolator or RectBivariateSpline on a grid, or RBFInterpolator"
BarycentricInterpolator = refused("BarycentricInterpolator", _LATER, "Take make_interp_spline, or CubicSpline")
griddata, LinearNDInterpolator = (
    refused(name, "its triangles jump as places move", _SCATTERED) for name in ("griddata", "LinearNDInterpolator")
)
