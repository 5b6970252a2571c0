"""Interpolation between values on a line or on a grid."""

from __future__ import annotations

import itertools
from typing import Any

import numpy as np
import scipy.interpolate as scipys

from ...blocks.axes import as_array, single
from ...blocks.indexing import read
from ...core.errors import ArgumentError, NoRuleError, OutOfBoundsError, ShapeError, describe, user_line
from ...core.variable import Variable, bottom
from ..chapters import double, holds_variable, settled
from ..standing import StandIn
from .chapter import CHAPTER, own, placed, refused
from .splines import make_interp_spline

_ORDERS = {"slinear": 1, "quadratic": 2, "cubic": 3}
# Degrees of the splines on grids.
_DEGREES = {"slinear": 1, "cubic": 3, "quintic": 5}
_STEPS = ("nearest", "nearest-up", "previous", "next", "zero")


class _Line:
    """Values between others along a line, which `interp1d` makes."""

    def __init__(self, x: Any, y: Any, kind: Any, axis: int, bounds_error: Any, fill: Any) -> None:
        self.x, self.y, self.kind, self.axis = x, y, kind, axis
        self.extrapolates = isinstance(fill, str)
        self.bounds_error = bounds_error
        self.fill = fill if isinstance(fill, tuple) else (fill, fill)
        # What SciPy makes of plain data answers for plain places.
        self.plain: Any = None
        # Whether values at places of single precision are kept so.
        self.single = False
        order = _ORDERS.get(kind, kind)
        self.spline = make_interp_spline(x, y, order) if isinstance(order, int) and order > 0 else None

    def __call__(self, x: Any) -> Any:
        """The values at places."""
        given = as_array(x)
        x = double(given)
        if self.plain is not None and not isinstance(x, Variable):
            return self.plain(settled(given))
        low, high = x < self.x[0], x > self.x[-1]
        outside = np.logical_or(low, high)
        if self.bounds_error and np.any(bottom(outside)):
            raise OutOfBoundsError(
                f"interp1d: a place lies outside of the values\n  at {user_line()}\n"
                "Write bounds_error=False, or fill_value='extrapolate'"
            )
        out = self.spline(x) if self.spline is not None else self._between(x)
        if not self.extrapolates:
            tail = (1,) * (self.y.ndim - 1)
            for where, value in zip((low, high), self.fill, strict=True):
                out = np.where(np.reshape(where, where.shape + tail), as_array(value), out)
        out = placed(out, self.axis, x.ndim)
        # Of kind "zero" SciPy makes a spline, which is in double precision.
        single_places = self.kind != "zero" and (given.dtype == np.float32 or self.kind in _STEPS)
        if not out.shape:
            # SciPy gives an array without axes.
            out = np.reshape(out, ())
        return out.astype(np.float32) if self.single and single_places else out

    def _between(self, x: Any) -> Any:
        flat, n, tail = np.reshape(x, (-1,)), self.x.shape[0], (1,) * (self.y.ndim - 1)
        if self.kind == "linear" and n > 1:
            at = np.clip(np.searchsorted(self.x, flat), 1, n - 1)
            left, right = read(self.x, at - 1), read(self.x, at)
            below, above = read(self.y, at - 1), read(self.y, at)
            wide = [np.reshape(v, v.shape + tail) for v in (flat - left, right - left)]
            out = (above - below) / wide[1] * wide[0] + below
        else:
            out = read(self.y, self._step(flat, n)) + np.reshape(0 * flat, flat.shape + tail)
        return np.reshape(out, (*x.shape, *self.y.shape[1:]))

    def _step(self, x: Any, n: int) -> Any:
        if n == 1:
            # Of one value it is that.
            return np.zeros(x.shape, int)
        if self.kind in ("previous", "zero"):
            return np.clip(np.searchsorted(self.x, x, side="right") - 1, 0, n - 1)
        if self.kind == "next":
            return np.clip(np.searchsorted(self.x, x, side="left"), 0, n - 1)
        middle = (self.x[1:] + self.x[:-1]) / 2
        side = "left" if self.kind == "nearest" else "right"
        return np.clip(np.searchsorted(middle, x, side=side), 0, n - 1)


@own
def interp1d(
    x: Any, y: Any, kind: Any = "linear", axis: int = -1, copy: bool = True, bounds_error: Any = None,
    fill_value: Any = np.nan, assume_sorted: bool = False,
) -> Any:  # fmt: skip
    """A function that gives values between others along a line.

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

    Returns
    -------
    callable
        `f(x)`, at places of any shape.

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
    if kind not in (*_ORDERS, *_STEPS, "linear") and not isinstance(kind, int):
        raise ArgumentError(f"interp1d: kind={kind!r} is none that is known\n  at {user_line()}")
    options = {"bounds_error": bounds_error, "fill_value": fill_value, "assume_sorted": assume_sorted}
    moves = holds_variable((x, y, fill_value))
    plain = None if moves else scipys.interp1d(x, y, kind, axis, copy, **options)
    dtypes = as_array(x).dtype, as_array(y).dtype
    is_single = dtypes[1] == np.float32 and (kind in _STEPS or (kind == "linear" and dtypes[0] == np.float32))
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
    extrapolates = isinstance(fill_value, str)
    if bounds_error is None:
        given = not (extrapolates or isinstance(fill_value, (tuple, list)) or holds_variable(fill_value))
        bounds_error = given and bool(np.all(np.isnan(fill_value)))
    fill = tuple(fill_value) if isinstance(fill_value, (tuple, list)) else fill_value
    line = _Line(x, y, kind, at, bounds_error, fill)
    line.plain, line.single = plain, is_single
    return line


class RegularGridInterpolator(StandIn):
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
        self.grid = tuple(map(double, points))
        values = as_array(values)
        self.values = values if values.dtype.kind in "fc" else values.astype(np.float64)
        self.method, self.bounds_error, self.fill_value = method, bounds_error, fill_value
        self._options = {"solver": solver, "solver_args": solver_args}
        lengths = tuple(g.shape[0] for g in self.grid)
        if self.values.shape[: len(lengths)] != lengths:
            raise ShapeError(
                f"RegularGridInterpolator: values {describe(values)} on a grid of {lengths}\n  at {user_line()}"
            )

    def __call__(self, xi: Any, method: str | None = None, *, nu: Any = None) -> Any:
        """The values at places (..., d), of which the last axis has one coordinate for each axis of the grid."""
        how = self.method if method is None else method
        joined = isinstance(xi, tuple)
        xi = np.stack(np.broadcast_arrays(*map(double, xi)), axis=-1) if joined else double(xi)
        if not any(isinstance(v, Variable) for v in (*self.grid, self.values, xi)):
            return self._own()(xi, how, nu=nu)
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

    def _own(self) -> Any:
        if any(isinstance(v, Variable) for v in (*self.grid, self.values)):
            return None
        return scipys.RegularGridInterpolator(
            self.grid, self.values, self.method, self.bounds_error, self.fill_value, **self._options
        )

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
        return scipys.interpn(points, values, xi, method, bounds_error, fill_value)
    return RegularGridInterpolator(points, values, method, bounds_error, fill_value)(xi)


_LATER = "it is not written yet"
_SCATTERED = "Take RegularGridInterpolator or RectBivariateSpline on a grid, or RBFInterpolator"
BarycentricInterpolator = refused("BarycentricInterpolator", _LATER, "Take make_interp_spline, or CubicSpline")
griddata, LinearNDInterpolator = (
    refused(name, "its triangles jump as places move", _SCATTERED) for name in ("griddata", "LinearNDInterpolator")
)
