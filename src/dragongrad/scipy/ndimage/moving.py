"""Images between their places: splines through the image, at coordinates that may move."""

from __future__ import annotations

import itertools
from functools import reduce
from typing import Any

import numpy as np
import scipy.ndimage as scipys
from scipy.special import cosdg, sindg

from ...blocks.axes import as_array, single
from ...blocks.indexing import read
from ...core.errors import ArgumentError, NoRuleError, ShapeError, describe, user_line
from ...core.variable import Variable, bottom
from ..chapters import one_of
from .chapter import each, image, refused, smooth, written

_MODES = ("constant", "grid-constant", "nearest", "mirror", "reflect", "grid-mirror", "wrap", "grid-wrap")
# An image that goes on as its border does is extended so far before its spline is found, as SciPy does it.
_FRAME = 12


@smooth
def spline_filter1d(input: Any, order: int = 3, axis: int = -1, output: Any = None, mode: str = "mirror") -> Any:
    """The coefficients of the splines through an image along one axis; linear.

    Examples
    --------
    >>> import numpy as np, dragongrad as ad
    >>> from dragongrad.scipy import ndimage
    >>> ad.grad(lambda x: ndimage.spline_filter1d(x)[0])(np.ones(2)).round(6)
    array([ 2., -1.])

    """
    x = image(input)
    one_of("spline_filter1d", "order", order, 0, 1, 2, 3, 4, 5)
    one_of("spline_filter1d", "mode", mode, *_MODES)
    if order in (0, 1):
        return written(x * 1, output)
    # Linear, with a matrix that depends on the length alone.
    matrix = scipys.spline_filter1d(np.eye(x.shape[axis]), order, axis=0, mode=mode)
    return written(np.moveaxis(np.tensordot(matrix, x, (1, axis)), 0, axis), output)


@smooth
def spline_filter(input: Any, order: int = 3, output: Any = None, mode: str = "mirror") -> Any:
    """The coefficients of the splines through an image along all axes; linear.

    Examples
    --------
    >>> import numpy as np, dragongrad as ad
    >>> from dragongrad.scipy import ndimage
    >>> ad.grad(lambda x: ndimage.spline_filter(x)[0, 0])(np.ones((1, 2))).round(6)
    array([[ 2., -1.]])

    """
    x = image(input)
    one_of("spline_filter", "order", order, 2, 3, 4, 5)
    for axis in range(x.ndim):
        x = spline_filter1d(x, order, axis, None, mode)
    return written(x, output)


def _mapped(c: Any, n: int, mode: str) -> Any:
    """Coordinates brought into the image, as each way of going on does it."""
    last = n - 1
    if mode in ("constant", "grid-constant"):
        return c
    if mode == "nearest":
        return np.clip(c, 0, last)
    outside = np.logical_or(c < 0, c > last)
    if mode in ("mirror", "reflect", "grid-mirror"):
        if n == 1:
            return np.where(outside, 0 * c, c)
        half = 0.0 if mode == "mirror" else 0.5
        period = 2.0 * last if mode == "mirror" else 2.0 * n
        # Once around in each period, and back from its middle on.
        around = np.remainder(c + half, period)
        return np.where(outside, np.where(around > period / 2, period - around, around) - half, c)
    period = float(last if mode == "wrap" else n)
    if not period:
        return np.where(outside, 0 * c, c)
    return np.where(outside, np.remainder(c, period), c)


def _weights(y: Any, order: int) -> list[Any]:
    """B-splines on whole knots, at a place `y` of the unit interval (Piegl and Tiller, algorithm A2.2)."""
    found: list[Any] = [1.0 + 0.0 * y]
    for j in range(1, order + 1):
        carried: Any = 0.0
        new = []
        for r in range(j):
            part = found[r] / j
            new.append(carried + (r + 1 - y) * part)
            carried = (y + j - r - 1) * part
        found = [*new, carried]
    return found


def _sampled(x: Any, coordinates: list[Any], order: int, mode: str, cval: Any, prefilter: bool) -> Any:
    """The values of the splines through an image at coordinates, one array for each axis."""
    if not isinstance(order, int) or not 0 <= order <= 5:
        raise ArgumentError(f"order is a whole number from 0 to 5, not {order!r}\n  at {user_line()}")
    one_of("splines of an image", "mode", mode, *_MODES)
    narrow, frame = x.dtype, 0
    x = x.astype(np.result_type(x.dtype, np.float64))
    if prefilter and order > 1:
        if mode in ("nearest", "grid-constant"):
            frame = _FRAME
            x = np.pad(x, frame, "edge") if mode == "nearest" else np.pad(x, frame, constant_values=cval)
        x = spline_filter(x, order, None, mode)
    inner = "mirror" if mode in ("constant", "wrap") else mode
    places, weights, outside = [], [], None
    for axis, at in enumerate(coordinates):
        n = x.shape[axis]
        # Where the border goes on, its neighbours do: beyond the last that count nothing changes.
        c = np.clip(at + frame, -order - 1, n + order) if mode == "nearest" else _mapped(at + frame, n, mode)
        if mode == "constant":
            beyond = np.logical_or(at < 0, at > n - 1)
            outside = beyond if outside is None else np.logical_or(outside, beyond)
            c = np.where(beyond, 0.0, c)
        half = 0.0 if order % 2 else 0.5
        base = np.floor(c + half)
        weights.append(_weights(c + half - base, order))
        first = base.astype(np.int64) - order // 2
        places.append([_mapped(first + k, n, inner).astype(np.int64) for k in range(order + 1)])
    beside: Any = None
    if mode == "grid-constant":
        # What lies beyond the image is a pixel too.
        sizes = x.shape
        beside = [[np.logical_or(k < 0, k >= n) for k in p] for p, n in zip(places, sizes, strict=True)]
        places = [[np.clip(k, 0, n - 1) for k in p] for p, n in zip(places, sizes, strict=True)]
    total: Any = None
    for corner in itertools.product(range(order + 1), repeat=len(coordinates)):
        term = read(x, tuple(p[k] for p, k in zip(places, corner, strict=True)))
        if beside is not None:
            outer = reduce(np.logical_or, (b[k] for b, k in zip(beside, corner, strict=True)))
            term = np.where(outer, cval, term)
        for w, k in zip(weights, corner, strict=True):
            term = term * w[k]
        total = term if total is None else total + term
    out = total if outside is None else np.where(outside, cval, total)
    return out.astype(narrow)


@smooth
def map_coordinates(
    input: Any, coordinates: Any, output: Any = None, order: int = 3, mode: str = "constant", cval: Any = 0.0,
    prefilter: bool = True,
) -> Any:  # fmt: skip
    """The values of an image at coordinates, by splines; derivatives by the image and the coordinates.

    Parameters
    ----------
    input : array
        The image, of d axes.
    coordinates : array of shape (d, ...)
        Where its values are wanted.
    output : dtype, optional
        The dtype of the result.
    order : int
        The degree of the splines, from 0 to 5. The derivative of degree 1 jumps at the image's own places.
    mode : str
        How the image goes on: "constant" and "grid-constant" with `cval`, "nearest", "mirror", "reflect", "wrap",
        "grid-wrap".
    cval : float
        What lies beyond, with "constant" and "grid-constant".
    prefilter : bool
        Whether splines are to go through the image, and not only near it.

    Returns
    -------
    array of the shape of `coordinates` without its first axis

    Raises
    ------
    ShapeError
        There are not as many coordinates as axes.

    Examples
    --------
    >>> import numpy as np, dragongrad as ad
    >>> from dragongrad.scipy import ndimage
    >>> f = lambda c: ndimage.map_coordinates(np.eye(2), c, order=1)[0]
    >>> ad.grad(f)(np.array([[0.25], [0.5]]))
    array([[ 0. ],
           [-0.5]])

    """
    x, c = image(input), as_array(coordinates)
    if not c.ndim or c.shape[0] != x.ndim or c.ndim < 2:
        raise ShapeError(
            f"map_coordinates({describe(x)}, {describe(c)}): coordinates ({x.ndim}, ...)\n  at {user_line()}"
        )
    return written(_sampled(x, [c[i] for i in range(x.ndim)], order, mode, cval, prefilter), output)


def _grid(shape: tuple[int, ...]) -> list[Any]:
    """The places of an image, one array for each axis, which broadcast."""
    return [np.reshape(np.arange(float(n)), (-1,) + (1,) * (len(shape) - 1 - i)) for i, n in enumerate(shape)]


def _spread(coordinates: list[Any], shape: tuple[int, ...]) -> list[Any]:
    return [np.broadcast_to(c, shape) for c in coordinates]


@smooth
def affine_transform(
    input: Any, matrix: Any, offset: Any = 0.0, output_shape: Any = None, output: Any = None, order: int = 3,
    mode: str = "constant", cval: Any = 0.0, prefilter: bool = True,
) -> Any:  # fmt: skip
    """An image whose place o shows what is at `matrix @ o + offset`; derivatives by the image and by both.

    `matrix` has shape (d, d), (d,) for a diagonal, or (d, d + 1) or (d + 1, d + 1) with the offset in it. The other
    arguments and the errors are those of `map_coordinates`.

    Examples
    --------
    >>> import numpy as np, dragongrad as ad
    >>> from dragongrad.scipy import ndimage
    >>> f = lambda o: ndimage.affine_transform(np.arange(4.0) ** 2, np.ones(1), o, order=1)[1]
    >>> ad.grad(f)(0.5)
    np.float64(3.0)

    """
    x, m = image(input), as_array(matrix)
    d = x.ndim
    if m.ndim == 2 and m.shape[1] == d + 1:
        _check_homogeneous(m, d)
        m, offset = m[:d, :d], m[:d, d]
    if m.shape not in ((d,), (d, d)):
        raise ShapeError(f"affine_transform({describe(x)}, {describe(m)}): a matrix ({d}, {d})\n  at {user_line()}")
    offsets = each(offset, d, "offset")
    shape = x.shape if output_shape is None else tuple(output_shape)
    grid = _grid(shape)
    # In the order in which SciPy adds: a place may lie on the border of the image and not just beyond it.
    if m.ndim == 1:
        coordinates = [m[i] * (grid[i] + offsets[i] / m[i]) for i in range(d)]
    else:
        coordinates = [sum((m[i, j] * grid[j] for j in range(d)), offsets[i]) for i in range(d)]
    return written(_sampled(x, _spread(coordinates, shape), order, mode, cval, prefilter), output)


def _check_homogeneous(m: Any, d: int) -> None:
    """Refuse a matrix whose last row, of constants, would be left out."""
    last = bottom(m[d:])
    if m.shape[0] == d + 1 and np.any(last != np.eye(d + 1)[d]):
        raise ArgumentError(
            f"affine_transform: the last row of a homogeneous matrix is 0 ... 0 1, not {last}\n  at {user_line()}"
        )


@smooth
def shift(
    input: Any, shift: Any, output: Any = None, order: int = 3, mode: str = "constant", cval: Any = 0.0,
    prefilter: bool = True,
) -> Any:  # fmt: skip
    """An image moved by `shift`, one number or one for each axis; derivatives by the image and the shift.

    Examples
    --------
    >>> import numpy as np, dragongrad as ad
    >>> from dragongrad.scipy import ndimage
    >>> ad.grad(lambda s: ndimage.shift(np.arange(4.0) ** 2, s, order=1)[2])(0.5)
    np.float64(-3.0)

    """
    x = image(input)
    by = each(shift, x.ndim, "shift")
    coordinates = [g - s for g, s in zip(_grid(x.shape), by, strict=True)]
    return written(_sampled(x, _spread(coordinates, x.shape), order, mode, cval, prefilter), output)


@smooth
def zoom(
    input: Any, zoom: Any, output: Any = None, order: int = 3, mode: str = "constant", cval: Any = 0.0,
    prefilter: bool = True, *, grid_mode: bool = False,
) -> Any:  # fmt: skip
    """An image at another size, which is a plain number; derivatives by the image.

    Examples
    --------
    >>> import numpy as np, dragongrad as ad
    >>> from dragongrad.scipy import ndimage
    >>> ad.jacobian(lambda x: ndimage.zoom(x, 1.5, order=1))(np.array([0.0, 1.0]))
    array([[1. , 0. ],
           [0.5, 0.5],
           [0. , 1. ]])

    """
    x = image(input)
    factors = each(zoom, x.ndim, "zoom")
    if any(isinstance(z, Variable) for z in factors):
        raise NoRuleError(
            f"scipy.ndimage.zoom has no derivative rule for its factor, which is a size\n  at {user_line()}\n"
            "Write ndimage.affine_transform with output_shape="
        )
    shape = tuple(round(n * z) for n, z in zip(x.shape, factors, strict=True))
    if all(z == 1 for z in factors) and prefilter:
        return written(x * 1, output)
    coordinates = []
    for g, n, m in zip(_grid(shape), x.shape, shape, strict=True):
        below, above = (m, n) if grid_mode else (m - 1, n - 1)
        step = above / below if below else 1.0
        coordinates.append((g + 0.5) * step - 0.5 if grid_mode else g * step)
    return written(_sampled(x, _spread(coordinates, shape), order, mode, cval, prefilter), output)


@smooth
def rotate(
    input: Any, angle: Any, axes: Any = (1, 0), reshape: bool = True, output: Any = None, order: int = 3,
    mode: str = "constant", cval: Any = 0.0, prefilter: bool = True,
) -> Any:  # fmt: skip
    """An image turned by an angle in degrees, in the plane of two axes; an angle that moves needs `reshape=False`.

    Examples
    --------
    >>> import numpy as np, dragongrad as ad
    >>> from dragongrad.scipy import ndimage
    >>> f = lambda a: ndimage.rotate(np.arange(9.0).reshape(3, 3), a, reshape=False, order=1)[1, 2]
    >>> ad.grad(f)(-10.0).round(4)
    np.float64(0.0546)

    """
    x = image(input)
    if x.ndim < 2 or len(axes) != 2:
        raise ArgumentError(f"rotate: two axes of an image of two or more, not {axes}\n  at {user_line()}")
    first, second = sorted(single(a, x.ndim) for a in axes)
    if reshape and isinstance(angle, Variable):
        raise NoRuleError(
            f"scipy.ndimage.rotate has no derivative rule for an angle that changes the size\n  at {user_line()}\n"
            "Write reshape=False"
        )
    # Exact for right angles, whose places lie on the border of the image and not just beyond it.
    c, s = cosdg(angle), sindg(angle)
    size = np.array([x.shape[first], x.shape[second]])
    plane = size
    if reshape:
        corners = np.array([[c, s], [-s, c]]) @ np.array([[0, 0, size[0], size[0]], [0, size[1], 0, size[1]]])
        plane = (np.ptp(corners, axis=1) + 0.5).astype(int)
    shape = list(x.shape)
    shape[first], shape[second] = map(int, plane)
    coordinates: list[Any] = list(_grid(tuple(shape)))
    middle, center = (plane - 1) / 2, (size - 1) / 2
    y, z = coordinates[first], coordinates[second]
    coordinates[first] = (center[0] - (c * middle[0] + s * middle[1])) + c * y + s * z
    coordinates[second] = (center[1] - (-s * middle[0] + c * middle[1])) + -s * y + c * z
    return written(_sampled(x, _spread(coordinates, tuple(shape)), order, mode, cval, prefilter), output)


geometric_transform = refused(
    "geometric_transform", "it calls a function for each place", "Take ndimage.map_coordinates of the coordinates"
)  # fmt: skip
