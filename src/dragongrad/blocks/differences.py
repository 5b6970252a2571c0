"""Differences along an axis, gradients on a grid, interpolation, and functions applied along axes."""

from __future__ import annotations

import operator
from collections.abc import Callable
from typing import Any

import numpy as np

from ..core.block import composite, constant
from ..core.errors import NoRuleError
from ..core.variable import bottom, plain
from .axes import as_array, copied, front, normal, number_of, single
from .indexing import read
from .kinks import kink


def _cut(x: Any, axis: int, *edges: Any) -> Any:
    return x[(slice(None),) * axis + (slice(*edges),)]


@composite(np.diff)
def diff(a: Any, n: int = 1, axis: int = -1, prepend: Any = np._NoValue, append: Any = np._NoValue) -> Any:
    """Differences of neighbours along an axis, `n` times."""
    a = plain(a)
    if n == 0:
        # NumPy leaves the ends out where nothing is subtracted.
        return copied(a)
    if n < 0:
        raise ValueError(f"diff: n must not be negative, it was {n}")
    if np.ndim(a) == 0:
        raise ValueError("diff needs at least one axis")
    axis = single(axis, np.ndim(a))
    shape = tuple(1 if i == axis else m for i, m in enumerate(a.shape))
    ends = [
        None if end is np._NoValue else np.broadcast_to(end, shape) if np.ndim(end) == 0 else end
        for end in (plain(prepend), plain(append))
    ]
    parts = [part for part in (ends[0], a, ends[1]) if part is not None]
    a = np.concatenate(parts, axis) if len(parts) > 1 else a
    for _ in range(n):
        after, before = _cut(a, axis, 1, None), _cut(a, axis, None, -1)
        a = np.not_equal(after, before) if a.dtype == bool else after - before
    return a


@composite(np.ediff1d)
def ediff1d(ary: Any, to_end: Any = None, to_begin: Any = None) -> Any:
    """Differences of neighbours of the flattened array, with values put before and after them."""
    flat = np.ravel(plain(ary))
    middle = flat[1:] - flat[:-1]
    for given in (to_begin, to_end):
        if given is not None and not np.can_cast(as_array(given).dtype, flat.dtype, casting="same_kind"):
            raise TypeError(f"ediff1d: {as_array(given).dtype} cannot be put beside differences of {flat.dtype}")
    begin, end = (None if v is None else np.ravel(plain(v)).astype(flat.dtype) for v in (to_begin, to_end))
    parts = [part for part in (begin, middle, end) if part is not None]
    return np.concatenate(parts) if len(parts) > 1 else middle


@composite(np.gradient)
def gradient(f: Any, *varargs: Any, axis: Any = None, edge_order: int = 1) -> Any:
    """Central differences on a grid, one-sided at its edges; the spacing may be a Variable."""
    f = as_array(f)
    f = f if f.dtype.kind in "fcb" else f.astype(np.float64)
    axes = normal(axis, f.ndim)
    if edge_order not in (1, 2):
        raise ValueError("gradient: edge_order is 1 or 2")
    if len(varargs) not in (0, 1, len(axes)):
        raise TypeError("gradient takes one spacing, or one an axis")
    spacings = [plain(v) for v in varargs] or [1.0]
    if len(spacings) == 1 and len(axes) != 1:
        if np.ndim(spacings[0]):
            raise TypeError("gradient takes coordinates for each axis")
        spacings *= len(axes)
    results = tuple([_along(f, h, a, edge_order) for h, a in zip(spacings, axes, strict=True)])
    return results[0] if len(results) == 1 else results


def _along(f: Any, spacing: Any, axis: int, edge_order: int) -> Any:
    length = f.shape[axis]
    if length < edge_order + 1:
        raise ValueError(f"gradient needs {edge_order + 1} points along axis {axis}, it has {length}")
    if np.ndim(spacing):
        steps = np.diff(spacing)
        if np.shape(spacing) != (length,):
            raise ValueError(f"gradient: {np.shape(spacing)} coordinates for an axis of length {length}")
        steps = np.reshape(steps, (length - 1,) + (1,) * (f.ndim - axis - 1))
        first, last, left, right = steps[:2], steps[-2:], steps[:-1], steps[1:]
        inner = (
            _cut(f, axis, None, -2) * (-right / (left * (left + right)))
            + _cut(f, axis, 1, -1) * ((right - left) / (left * right))
            + _cut(f, axis, 2, None) * (left / (right * (left + right)))
        )
    else:
        inner = (_cut(f, axis, 2, None) - _cut(f, axis, None, -2)) / (2.0 * spacing)
        first = last = None
    start = _one_sided(_cut(f, axis, 0, edge_order + 1), first, spacing, axis, edge_order)
    stop = _one_sided(np.flip(_cut(f, axis, -edge_order - 1, None), axis), last, spacing, axis, edge_order, -1)
    out = np.concatenate([start, inner, stop], axis)
    return out.astype(f.dtype if f.dtype.kind in "fc" else np.float64)


def _one_sided(f: Any, steps: Any, spacing: Any, axis: int, order: int, sign: int = 1) -> Any:
    """The difference at an edge, from the points `f` counted from the edge inwards."""
    points = [_cut(f, axis, i, i + 1) for i in range(order + 1)]
    if steps is None:
        near, far = sign * spacing, sign * spacing
    else:
        near, far = ((steps[:1], steps[1:2]) if sign > 0 else (-steps[-1:], -steps[-2:-1]))  # fmt: skip
    if order == 1:
        # Divided as NumPy does it, which shows in the sign of what a spacing of zero gives.
        return (points[1] - points[0]) / near if sign > 0 else (points[0] - points[1]) / -near
    return (
        points[0] * (-(2.0 * near + far) / (near * (near + far)))
        + points[1] * ((near + far) / (near * far))
        + points[2] * (-near / (far * (near + far)))
    )


def _trapezoid(y: Any, x: Any = None, dx: Any = 1.0, axis: int = -1) -> Any:
    """The integral along an axis by trapezoids."""
    y = as_array(y)
    axis = number_of(axis)
    at = single(axis, y.ndim)
    if x is None:
        width = plain(dx)
    else:
        x = as_array(x)
        # Of places that have more axes than the values, or fewer, the axis is counted as it is given.
        width = np.diff(x) if x.ndim == 1 else np.diff(x, axis=axis)
        width = np.reshape(width, (-1,) + (1,) * (y.ndim - at - 1)) if x.ndim == 1 else width
    return np.sum(width * (_cut(y, at, 1, None) + _cut(y, at, None, -1)) / 2.0, axis)


for _name in ("trapezoid", "trapz"):
    if hasattr(np, _name):
        composite(getattr(np, _name))(_trapezoid)


def _batch_searchsorted(size: int, values: list[Any], batched: Any, side: str = "left", sorter: Any = None) -> Any:
    a, v = values
    if not batched[0]:
        return np.searchsorted(a, v, side=side, sorter=sorter)
    # NumPy searches one vector at a time.
    rows = front(size, v, batched[1])
    if not size:
        return np.zeros(rows.shape, np.intp)
    return np.stack([np.searchsorted(a[i], rows[i], side=side, sorter=sorter) for i in range(size)])


constant(np.searchsorted, names=("x", "y"), batch=_batch_searchsorted, parameters=("side", "sorter"))


@composite(np.interp)
def interp(x: Any, xp: Any, fp: Any, left: Any = None, right: Any = None, period: Any = None) -> Any:
    """Linear interpolation; differentiable in the places, the knots and the values.

    At a knot the derivative by the place is that of the piece to its right (at the last one, to its
    left); outside the knots it is zero.
    """
    # NumPy casts whatever it is given where there is a period, and otherwise what loses nothing.
    casting = "safe" if period is None else "same_kind"
    x, xp, fp = _double(x, casting), _double(xp, casting), _double(fp, casting, np.complex128)
    if period is not None:
        x, xp, fp = _periodic(x, xp, fp, plain(period))
        left = right = None
    if np.ndim(xp) != 1 or np.shape(xp) != np.shape(fp) or not xp.size:
        raise ValueError("interp: the knots and their values are vectors of one length")
    low = fp[0] if left is None else plain(left)
    high = fp[-1] if right is None else plain(right)
    if xp.size == 1:
        inside = np.broadcast_to(fp[0], np.shape(x))
    else:
        place = np.searchsorted(xp, x, side="right") - 1
        place = np.minimum(np.maximum(place, 0), xp.size - 2)
        start, stop, value, last = (read(knots, p) for knots in (xp, fp) for p in (place, place + 1))
        slope = (last - value) / np.where(stop == start, 1.0, stop - start)
        # At the last knot from its own value, so that this is met exactly.
        inside = np.where(x == stop, slope * (x - stop) + last, slope * (x - start) + value)
    return np.where(x < xp[0], low, np.where(x > xp[-1], high, inside))[()]


def _double(value: Any, casting: str, for_complex: Any = np.float64) -> Any:
    """A value in double precision, in which NumPy interpolates."""
    value = as_array(value)
    dtype = for_complex if value.dtype.kind == "c" else np.float64
    if not np.can_cast(value.dtype, dtype, casting):
        raise TypeError(f"interp works in {np.dtype(dtype)}, which does not hold {value.dtype}")
    return value if value.dtype == dtype else value.astype(dtype)


def _periodic(x: Any, xp: Any, fp: Any, period: Any) -> tuple[Any, Any, Any]:
    period = np.absolute(period)
    if np.any(bottom(period) == 0):
        raise ValueError("interp: the period cannot be zero")
    x, xp = np.remainder(x, period), np.remainder(xp, period)
    order = np.argsort(xp)
    xp, fp = np.take(xp, order), np.take(fp, order)
    xp = np.concatenate([xp[-1:] - period, xp, xp[:1] + period])
    return x, xp, np.concatenate([fp[-1:], fp, fp[:1]])


@composite(np.apply_along_axis)
def apply_along_axis(func1d: Callable[..., Any], axis: int, arr: Any, *args: Any, **kwargs: Any) -> Any:
    """A function of vectors applied to every line along an axis, in a Python loop."""
    arr, axis = plain(arr), operator.index(axis)
    lines = np.moveaxis(arr, axis, -1)
    outer = lines.shape[:-1]
    if 0 in outer:
        raise ValueError("apply_along_axis needs at least one line")
    results = [plain(func1d(lines[i], *args, **kwargs)) for i in np.ndindex(outer)]
    inner = np.shape(results[0])
    out = np.reshape(np.stack(results), outer + inner)
    axis = single(axis, np.ndim(arr))
    here = tuple(range(len(outer), len(outer) + len(inner)))
    return np.moveaxis(out, here, tuple(range(axis, axis + len(inner)))) if inner else out


@composite(np.apply_over_axes)
def apply_over_axes(func: Callable[..., Any], a: Any, axes: Any) -> Any:
    """A function of `(array, axis)` applied over several axes in turn, which keep length one."""
    value = plain(a)
    ndim = np.ndim(value)
    for axis in [axes] if np.ndim(axes) == 0 else axes:
        axis = axis + ndim if axis < 0 else axis
        result = func(value, axis)
        value = result if np.ndim(result) == ndim else np.expand_dims(result, axis)
        if np.ndim(value) != ndim:
            raise NoRuleError("apply_over_axes: the function must return an array of as many axes, or one fewer")
    return value


# Promises at kinks

_KNOTS, _HEIGHTS = [0.0, 1.0, 3.0], [0.0, 2.0, 3.0]
kink(np.interp, "a knot", "of the piece to its right; at the last, to its left", _KNOTS, np.diag([2, 0.5, 0.5]),
     lambda x: np.interp(x, _KNOTS, _HEIGHTS))  # fmt: skip
kink(np.interp, "outside the knots", "0", [-1.0, 4.0], 0, lambda x: np.interp(x, _KNOTS, _HEIGHTS))
kink(np.searchsorted, "a value of the vector", "0, though the value jumps", [1.0], 0,
     lambda x: 1.0 * np.searchsorted(_KNOTS, x))  # fmt: skip
