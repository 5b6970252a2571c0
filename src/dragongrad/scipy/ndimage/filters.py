"""Filters: weighted sums over neighbours, of an image that goes on beyond its borders."""

from __future__ import annotations

from typing import Any

import numpy as np

from ...blocks.axes import as_array, single
from ...core.errors import ArgumentError, ShapeError, describe, user_line
from ...core.variable import Variable, bottom
from ..signal.convolving import convolved
from .chapter import axes_of, each, framed, image, smooth, written


def _slid(x: Any, weights: Any, axis: int, mode: str, cval: Any, origin: int) -> Any:
    """Sums of a few neighbours along one axis."""
    count = len(weights)
    before = count // 2 + origin
    if not 0 <= before < max(count, 1):
        raise ArgumentError(f"origin={origin} lies outside of the {count} weights\n  at {user_line()}")
    pads = [(before, count - 1 - before) if i == axis else (0, 0) for i in range(x.ndim)]
    wide, n, lead = framed(x, pads, mode, cval), x.shape[axis], (slice(None),) * axis
    total = None
    for j in range(count):
        # A plain zero has no part.
        if isinstance(weights[j], (int, float)) and weights[j] == 0:
            continue
        term = weights[j] * wide[(*lead, slice(j, j + n))]
        total = term if total is None else total + term
    return total if total is not None else np.zeros_like(x)


def _weights(weights: Any, x: Any) -> list[Any]:
    w = as_array(weights)
    if w.ndim != 1 or not w.shape[0]:
        raise ShapeError(f"weights {describe(w)} are a vector that is not empty\n  at {user_line()}")
    narrow = w.astype(x.dtype) if w.dtype != x.dtype and x.dtype.kind == "f" and w.dtype.kind != "c" else w
    return [narrow[i] for i in range(w.shape[0])]


@smooth
def correlate1d(
    input: Any, weights: Any, axis: int = -1, output: Any = None, mode: str = "reflect", cval: Any = 0.0,
    origin: int = 0,
) -> Any:  # fmt: skip
    """Weighted sums of neighbours along one axis; derivatives by the image and the weights.

    Parameters
    ----------
    input : array
        The image, of any number of axes.
    weights : array of shape (k,)
        The weights, of which the one in the middle belongs to the place itself.
    axis : int
        The axis.
    output : dtype, optional
        The dtype of the result.
    mode : str
        How the image goes on: "reflect", "constant" with `cval`, "nearest", "mirror", "wrap", and SciPy's other
        names.
    cval : float
        What lies beyond, with "constant".
    origin : int
        By how much the weights are shifted.

    Returns
    -------
    array of the shape of `input`

    Raises
    ------
    ArgumentError
        The mode is not known, or the origin lies outside of the weights.

    Examples
    --------
    >>> import numpy as np, dragongrad as ad
    >>> from dragongrad.scipy import ndimage
    >>> ad.grad(lambda w: ndimage.correlate1d(np.arange(4.0), w)[1])(np.ones(3))
    array([0., 1., 2.])

    """
    x = image(input)
    return written(_slid(x, _weights(weights, x), single(axis, x.ndim), mode, cval, origin), output)


@smooth
def convolve1d(
    input: Any, weights: Any, axis: int = -1, output: Any = None, mode: str = "reflect", cval: Any = 0.0,
    origin: int = 0,
) -> Any:  # fmt: skip
    """As `correlate1d`, with the weights read backwards.

    Examples
    --------
    >>> import numpy as np, dragongrad as ad
    >>> from dragongrad.scipy import ndimage
    >>> ad.grad(lambda w: ndimage.convolve1d(np.arange(4.0), w)[1])(np.ones(3))
    array([2., 1., 0.])

    """
    x = image(input)
    backwards = _weights(weights, x)[::-1]
    shifted = -origin - (len(backwards) % 2 == 0)
    return written(_slid(x, backwards, single(axis, x.ndim), mode, cval, shifted), output)


def _over_several(x: Any, w: Any, mode: Any, cval: Any, origin: Any, axes: Any) -> Any:
    along = axes_of(axes, x.ndim)
    if w.ndim != len(along):
        raise ShapeError(f"weights {describe(w)} of {len(along)} axes\n  at {user_line()}")
    origins, modes = each(origin, len(along), "origin"), each(mode, len(along), "mode")
    shape, order = [1] * x.ndim, np.argsort(along)
    for axis, n in zip(along, w.shape, strict=True):
        shape[axis] = n
    full = np.reshape(np.transpose(w, order), shape)
    wide = x
    for axis, o, how in zip(along, origins, modes, strict=True):
        before = shape[axis] // 2 + o
        pads = [(before, shape[axis] - 1 - before) if i == axis else (0, 0) for i in range(x.ndim)]
        wide = framed(wide, pads, how, cval)
    if full.dtype != x.dtype and full.dtype.kind != "c":
        full = full.astype(x.dtype)
    return convolved(wide, np.flip(full), mode="valid", method="direct")


@smooth
def correlate(
    input: Any, weights: Any, output: Any = None, mode: Any = "reflect", cval: Any = 0.0, origin: Any = 0, *,
    axes: Any = None,
) -> Any:  # fmt: skip
    """Weighted sums of neighbours along several axes; derivatives by the image and the weights.

    Examples
    --------
    >>> import numpy as np, dragongrad as ad
    >>> from dragongrad.scipy import ndimage
    >>> ad.grad(lambda w: ndimage.correlate(np.eye(2), w, mode="constant")[0, 0])(np.ones((2, 2)))
    array([[0., 0.],
           [0., 1.]])

    """
    x = image(input)
    return written(_over_several(x, as_array(weights), mode, cval, origin, axes), output)


@smooth
def convolve(
    input: Any, weights: Any, output: Any = None, mode: Any = "reflect", cval: Any = 0.0, origin: Any = 0, *,
    axes: Any = None,
) -> Any:  # fmt: skip
    """As `correlate`, with the weights read backwards.

    Examples
    --------
    >>> import numpy as np, dragongrad as ad
    >>> from dragongrad.scipy import ndimage
    >>> ad.grad(lambda w: ndimage.convolve(np.eye(2), w, mode="constant")[0, 0])(np.ones((2, 2)))
    array([[1., 0.],
           [0., 1.]])

    """
    x, w = image(input), as_array(weights)
    shifts = [-o - (n % 2 == 0) for o, n in zip(each(origin, w.ndim, "origin"), w.shape, strict=True)]
    return written(_over_several(x, np.flip(w), mode, cval, shifts, axes), output)


@smooth
def uniform_filter1d(
    input: Any, size: int, axis: int = -1, output: Any = None, mode: str = "reflect", cval: Any = 0.0,
    origin: int = 0,
) -> Any:  # fmt: skip
    """The means of `size` neighbours along one axis.

    Examples
    --------
    >>> import numpy as np, dragongrad as ad
    >>> from dragongrad.scipy import ndimage
    >>> ad.grad(lambda x: ndimage.uniform_filter1d(x, 2)[1])(np.arange(3.0))
    array([0.5, 0.5, 0. ])

    """
    x = image(input)
    total = _slid(x, [1.0] * size, single(axis, x.ndim), mode, cval, origin)
    return written(total / size, output)


@smooth
def uniform_filter(
    input: Any, size: Any = 3, output: Any = None, mode: Any = "reflect", cval: Any = 0.0, origin: Any = 0, *,
    axes: Any = None,
) -> Any:  # fmt: skip
    """The means of neighbours along several axes.

    Examples
    --------
    >>> import numpy as np, dragongrad as ad
    >>> from dragongrad.scipy import ndimage
    >>> ad.grad(lambda x: ndimage.uniform_filter(x, 2)[1, 1])(np.ones((2, 2)))
    array([[0.25, 0.25],
           [0.25, 0.25]])

    """
    x = image(input)
    along = axes_of(axes, x.ndim)
    options = [each(v, len(along), n) for v, n in ((size, "size"), (mode, "mode"), (origin, "origin"))]
    for axis, n, how, o in zip(along, *options, strict=True):
        if n > 1:
            x = uniform_filter1d(x, int(n), axis, None, how, cval, o)
    return written(x, output)


def _gaussian_weights(sigma: Any, order: int, radius: int) -> list[Any]:
    """The derivative of Gauss' function, as a polynomial times the function."""
    x = np.arange(-radius, radius + 1)
    phi = np.exp(-0.5 / (sigma * sigma) * x**2)
    phi = phi / np.sum(phi)
    q: list[Any] = [1.0]
    for _ in range(order):
        above = [(i + 1) * q[i + 1] for i in range(len(q) - 1)] + [0.0, 0.0]
        below = [0.0] + [-c / (sigma * sigma) for c in q]
        q = [a + b for a, b in zip(above, below, strict=True)]
    polynomial = sum(c * x**i for i, c in enumerate(q))
    weights = polynomial * phi
    # The correlation reads them backwards.
    return [weights[i] for i in range(2 * radius, -1, -1)]


def _radius(sigma: Any, truncate: float, radius: Any) -> int:
    """How many neighbours count, which is constant between jumps of the plain value."""
    if radius is not None:
        return int(radius)
    plain: Any = bottom(sigma)
    if np.ndim(plain):
        raise ArgumentError(
            f"gaussian_filter: the radius would differ from row to row of a batch\n  at {user_line()}\nGive radius="
        )
    if not isinstance(plain, Variable):
        return int(truncate * float(plain) + 0.5)
    # While a program is traced, each question becomes a guard of it.
    found = 0
    while bottom(truncate * sigma) + 0.5 >= found + 1:
        found += 1
    return found


@smooth
def gaussian_filter1d(
    input: Any, sigma: Any, axis: int = -1, order: int = 0, output: Any = None, mode: str = "reflect",
    cval: Any = 0.0, truncate: float = 4.0, *, radius: Any = None,
) -> Any:  # fmt: skip
    """An image smoothed along one axis by Gauss' function, or by its derivative; `sigma` may move too.

    Examples
    --------
    >>> import numpy as np, dragongrad as ad
    >>> from dragongrad.scipy import ndimage
    >>> ad.grad(lambda s: ndimage.gaussian_filter1d(np.arange(5.0) ** 2, s)[2])(0.5).round(4)
    np.float64(1.4009)

    """
    x = image(input)
    if order < 0:
        raise ArgumentError(f"gaussian_filter1d: order is 0 or more, not {order}\n  at {user_line()}")
    weights = _gaussian_weights(sigma, order, _radius(sigma, truncate, radius))
    narrow = [w.astype(x.dtype) if x.dtype == np.float32 else w for w in weights]
    return written(_slid(x, narrow, single(axis, x.ndim), mode, cval, 0), output)


@smooth
def gaussian_filter(
    input: Any, sigma: Any, order: Any = 0, output: Any = None, mode: Any = "reflect", cval: Any = 0.0,
    truncate: float = 4.0, *, radius: Any = None, axes: Any = None,
) -> Any:  # fmt: skip
    """An image smoothed by Gauss' function along several axes, or by its derivatives; `sigma` may move too.

    Examples
    --------
    >>> import numpy as np, dragongrad as ad
    >>> from dragongrad.scipy import ndimage
    >>> ad.grad(lambda x: ndimage.gaussian_filter(x, 0.5)[1, 1])(np.eye(3)).round(3)
    array([[0.011, 0.084, 0.011],
           [0.084, 0.619, 0.084],
           [0.011, 0.084, 0.011]])

    """
    x = image(input)
    along = axes_of(axes, x.ndim)
    names = ((sigma, "sigma"), (order, "order"), (mode, "mode"), (radius, "radius"))
    for axis, s, o, how, r in zip(along, *[each(v, len(along), n) for v, n in names], strict=True):
        if np.any(bottom(s) > 1e-15):
            x = gaussian_filter1d(x, s, axis, o, None, how, cval, truncate, radius=r)
    return written(x, output)


def _differences(input: Any, axis: int, output: Any, mode: Any, cval: Any, across: list[float]) -> Any:
    x = image(input)
    modes, at = each(mode, x.ndim, "mode"), single(axis, x.ndim)
    out = _slid(x, [-1.0, 0.0, 1.0], at, modes[at], cval, 0)
    for other in range(x.ndim):
        if other != at:
            out = _slid(out, across, other, modes[other], cval, 0)
    return written(out, output)


@smooth
def sobel(input: Any, axis: int = -1, output: Any = None, mode: Any = "reflect", cval: Any = 0.0) -> Any:
    """Sobel's differences along one axis, smoothed along the others.

    Examples
    --------
    >>> import numpy as np, dragongrad as ad
    >>> from dragongrad.scipy import ndimage
    >>> ad.grad(lambda x: ndimage.sobel(x)[1])(np.arange(3.0))
    array([-1.,  0.,  1.])

    """
    return _differences(input, axis, output, mode, cval, [1.0, 2.0, 1.0])


@smooth
def prewitt(input: Any, axis: int = -1, output: Any = None, mode: Any = "reflect", cval: Any = 0.0) -> Any:
    """Prewitt's differences along one axis, added up along the others.

    Examples
    --------
    >>> import numpy as np, dragongrad as ad
    >>> from dragongrad.scipy import ndimage
    >>> ad.grad(lambda x: ndimage.prewitt(x)[1])(np.arange(3.0))
    array([-1.,  0.,  1.])

    """
    return _differences(input, axis, output, mode, cval, [1.0, 1.0, 1.0])


@smooth
def laplace(
    input: Any, output: Any = None, mode: Any = "reflect", cval: Any = 0.0, *, axes: Any = None
) -> Any:  # fmt: skip
    """The sum of second differences.

    Examples
    --------
    >>> import numpy as np, dragongrad as ad
    >>> from dragongrad.scipy import ndimage
    >>> ad.grad(lambda x: ndimage.laplace(x)[1])(np.arange(3.0))
    array([ 1., -2.,  1.])

    """
    x = image(input)
    along = axes_of(axes, x.ndim)
    modes = each(mode, len(along), "mode")
    parts = [_slid(x, [1.0, -2.0, 1.0], a, m, cval, 0) for a, m in zip(along, modes, strict=True)]
    return written(sum(parts[1:], parts[0]) if parts else x, output)


def _smoothed(x: Any, sigma: Any, order: int, mode: Any, cval: Any, axes: Any, options: Any) -> list[Any]:
    """The derivative of one order along each axis, of the image smoothed along all of them."""
    along = axes_of(axes, x.ndim)
    sigmas: list[Any] = [0.0] * x.ndim
    for axis, s in zip(along, each(sigma, len(along), "sigma"), strict=True):
        sigmas[axis] = s
    modes = each(mode, len(along), "mode")
    return [
        gaussian_filter(x, sigmas, [order * (i == axis) for i in range(x.ndim)], None, how, cval, **options)
        for axis, how in zip(along, modes, strict=True)
    ]


@smooth
def gaussian_laplace(
    input: Any, sigma: Any, output: Any = None, mode: Any = "reflect", cval: Any = 0.0, *, axes: Any = None,
    **kwargs: Any,
) -> Any:  # fmt: skip
    """The sum of second derivatives of an image smoothed by Gauss' function.

    Examples
    --------
    >>> import numpy as np, dragongrad as ad
    >>> from dragongrad.scipy import ndimage
    >>> ad.grad(lambda x: ndimage.gaussian_laplace(x, 1.0)[0])(np.ones(2)).round(3)
    array([-0.359,  0.359])

    """
    parts = _smoothed(image(input), sigma, 2, mode, cval, axes, kwargs)
    return written(sum(parts[1:], parts[0]), output)


@smooth
def gaussian_gradient_magnitude(
    input: Any, sigma: Any, output: Any = None, mode: Any = "reflect", cval: Any = 0.0, *, axes: Any = None,
    **kwargs: Any,
) -> Any:  # fmt: skip
    """The length of the gradient of an image smoothed by Gauss' function; where it is zero its derivative is zero.

    Examples
    --------
    >>> import numpy as np, dragongrad as ad
    >>> from dragongrad.scipy import ndimage
    >>> ad.grad(lambda x: ndimage.gaussian_gradient_magnitude(x, 1.0)[1])(np.arange(3.0)).round(3)
    array([-0.349,  0.   ,  0.349])

    """
    parts = _smoothed(image(input), sigma, 1, mode, cval, axes, kwargs)
    return written(np.linalg.norm(np.stack(parts), axis=0), output)
