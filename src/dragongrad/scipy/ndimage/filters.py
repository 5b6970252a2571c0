"""Filters: weighted sums over neighbours, of an image that goes on beyond its borders."""

from __future__ import annotations

from typing import Any

import numpy as np

from ...blocks.axes import as_array, single
from ...core.errors import ArgumentError, ShapeError, describe, user_line
from ..signal.convolving import convolved
from .chapter import axes_of, each, framed, image, ordered, refused, smooth, written


def slid(x: Any, weights: Any, axis: int, mode: str, cval: Any, origin: int) -> Any:
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
    real = np.zeros(0, x.dtype).real.dtype
    narrow = w.astype(real) if w.dtype != real and w.dtype.kind != "c" else w
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
    # As NumPy's correlation, it takes the conjugate of complex weights.
    w = _weights(np.conj(as_array(weights)), x)
    return written(slid(x, w, single(axis, x.ndim), mode, cval, origin), output)


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
    return written(slid(x, backwards, single(axis, x.ndim), mode, cval, shifted), output)


def _over_several(x: Any, w: Any, mode: Any, cval: Any, origin: Any, axes: Any) -> Any:
    along, origins, modes = ordered(x, origin, mode, axes)
    if w.ndim != len(along):
        raise ShapeError(f"weights {describe(w)} of {len(along)} axes\n  at {user_line()}")
    shape = [1] * x.ndim
    for axis, n in zip(along, w.shape, strict=True):
        shape[axis] = n
    full = np.reshape(w, shape)
    if 0 in x.shape:
        return x * 1
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
    return written(_over_several(x, np.conj(as_array(weights)), mode, cval, origin, axes), output)


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
    along, origins, modes = ordered(x, origin, mode, axes)
    shifts = [-o - (n % 2 == 0) for o, n in zip(origins, w.shape, strict=True)]
    return written(_over_several(x, np.flip(w), modes, cval, shifts, along), output)


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
    total = slid(x, [1.0] * size, single(axis, x.ndim), mode, cval, origin)
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


def _differences(input: Any, axis: int, output: Any, mode: Any, cval: Any, across: list[float]) -> Any:
    x = image(input)
    modes, at = each(mode, x.ndim, "mode"), single(axis, x.ndim)
    out = slid(x, [-1.0, 0.0, 1.0], at, modes[at], cval, 0)
    for other in range(x.ndim):
        if other != at:
            out = slid(out, across, other, modes[other], cval, 0)
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
    parts = [slid(x, [1.0, -2.0, 1.0], a, m, cval, 0) for a, m in zip(along, modes, strict=True)]
    return written(sum(parts[1:], parts[0]) if parts else x, output)


def _derived(x: Any, derivative: Any, mode: Any, cval: Any, given: Any, named: Any, axes: Any) -> list[Any]:
    """What the user's function gives along each axis."""
    along = axes_of(axes, x.ndim)
    modes = each(mode, len(along), "mode")
    return [derivative(x, a, None, m, cval, *given, **(named or {})) for a, m in zip(along, modes, strict=True)]


@smooth
def generic_laplace(
    input: Any, derivative2: Any, output: Any = None, mode: Any = "reflect", cval: Any = 0.0,
    extra_arguments: Any = (), extra_keywords: Any = None, *, axes: Any = None,
) -> Any:  # fmt: skip
    """The sum of second derivatives, `derivative2(input, axis, output, mode, cval, ...)` along each axis.

    Examples
    --------
    >>> import numpy as np, dragongrad as ad
    >>> from dragongrad.scipy import ndimage
    >>> def second(x, axis, output, mode, cval):
    ...     return ndimage.correlate1d(x, [1, -2, 1], axis, output, mode, cval)
    >>> ad.grad(lambda x: ndimage.generic_laplace(x, second)[1])(np.arange(3.0))
    array([ 1., -2.,  1.])

    """
    x = image(input)
    parts = _derived(x, derivative2, mode, cval, extra_arguments, extra_keywords, axes)
    return written(sum(parts[1:], parts[0]) if parts else x, output)


@smooth
def generic_gradient_magnitude(
    input: Any, derivative: Any, output: Any = None, mode: Any = "reflect", cval: Any = 0.0,
    extra_arguments: Any = (), extra_keywords: Any = None, *, axes: Any = None,
) -> Any:  # fmt: skip
    """The length of a gradient, `derivative(input, axis, output, mode, cval, ...)` along each axis.

    Where it is zero its derivative is zero.

    Examples
    --------
    >>> import numpy as np, dragongrad as ad
    >>> from dragongrad.scipy import ndimage
    >>> ad.grad(lambda x: ndimage.generic_gradient_magnitude(x, ndimage.sobel)[1])(np.arange(3.0))
    array([-1.,  0.,  1.])

    """
    x = image(input)
    parts = _derived(x, derivative, mode, cval, extra_arguments, extra_keywords, axes)
    return written(np.linalg.norm(np.stack(parts), axis=0) if parts else x, output)


_CALLS = "it calls a function for each place"
_WINDOWS = "Write the function of np.lib.stride_tricks.sliding_window_view(np.pad(x, ...), shape), or ad.vmap of it"
generic_filter = refused("generic_filter", _CALLS, _WINDOWS)
generic_filter1d = refused("generic_filter1d", _CALLS, _WINDOWS)
vectorized_filter = refused("vectorized_filter", _CALLS, _WINDOWS)
