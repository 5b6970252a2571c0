"""Convolution and correlation, of any number of axes.

Two modes of one sum are each other's transposes: the full convolution with an array, and the valid one with the
same array read backwards.
"""

from __future__ import annotations

import itertools
from typing import Any

import numpy as np
import scipy.signal as scipys

from ...blocks.axes import as_array, single
from ...core.block import multilinear
from ...core.errors import ArgumentError, ShapeError, describe, user_line
from ..chapters import double
from .chapter import alike, constant, smooth
from .filtering import lfilter


def _value(x: Any, y: Any, mode: str, method: str) -> Any:
    return scipys.convolve(x, y, mode=mode, method=method)


def _flip(x: Any) -> Any:
    return np.flip(x, tuple(range(x.ndim)))


def _pull_x(out_bar: Any, x: Any, y: Any, mode: str = "full", method: str = "auto") -> Any:
    return convolved(out_bar, _flip(y), mode="valid" if mode == "full" else "full", method=method)


def _pull_y(out_bar: Any, x: Any, y: Any, mode: str = "full", method: str = "auto") -> Any:
    if mode == "full":
        return convolved(out_bar, _flip(x), mode="valid", method=method)
    return _flip(convolved(x, _flip(out_bar), mode="valid", method=method))


def _batch(size: int, values: list[Any], batched: Any, mode: str, method: str) -> Any:
    x, y = values
    if all(batched):
        if not size:
            shapes = zip(x.shape[1:], y.shape[1:], strict=True)
            lengths = [m + n - 1 if mode == "full" else m - n + 1 for m, n in shapes]
            return np.zeros((0, *lengths), np.result_type(x.dtype, y.dtype))
        return np.stack([convolved(x[i], y[i], mode=mode, method=method) for i in range(size)])
    if batched[0]:
        return convolved(x, y[None], mode=mode, method=method)
    # The batch is an axis along which the other one has a single element.
    if mode == "full":
        return convolved(x[None], y, mode=mode, method=method)
    return np.stack([convolved(x, row, mode=mode, method=method) for row in y])


# With mode "valid", the second is not longer along any axis.
convolved: Any = multilinear("convolve", _pull_x, _pull_y, value=_value, batch=_batch, dispatches=False,
                             parameters=("mode", "method"))  # fmt: skip


def _checked(name: str, in1: Any, in2: Any, mode: str, modes: tuple[str, ...] = ("full", "same", "valid")) -> Any:
    x, y = as_array(in1), as_array(in2)
    if x.ndim != y.ndim:
        raise ShapeError(
            f"{name}({describe(x)}, {describe(y)}): both need as many axes\n  at {user_line()}\n"
            "Write x[..., None], or give axes"
        )
    if mode not in modes:
        raise ArgumentError(f"{name}: mode is {', '.join(map(repr, modes))}, not {mode!r}\n  at {user_line()}")
    return alike(x, y)


def _part(full: Any, shape: tuple[int, ...], kernel: tuple[int, ...], mode: str, later: int = 0) -> Any:
    """What a mode keeps of the full convolution, of an array and a kernel of these shapes."""
    if mode == "full":
        return full
    if mode == "same":
        first = [(k - 1 + later) // 2 for k in kernel]
        return full[tuple(slice(low, low + n) for low, n in zip(first, shape, strict=True))]
    least = [min(n, k) - 1 for n, k in zip(shape, kernel, strict=True)]
    return full[tuple(slice(low, full.shape[i] - low) for i, low in enumerate(least))]


def _any_mode(name: str, x: Any, y: Any, mode: str, method: str) -> Any:
    if not x.ndim:
        return x * y
    if not x.size or not y.size:
        return np.zeros(0, x.dtype)
    if mode == "valid":
        larger = [m >= n for m, n in zip(x.shape, y.shape, strict=True)]
        if not (all(larger) or all(m <= n for m, n in zip(x.shape, y.shape, strict=True))):
            raise ShapeError(
                f"{name}({describe(x)}, {describe(y)}): with mode='valid' one is the larger along all axes\n"
                f"  at {user_line()}"
            )
        x, y = (x, y) if all(larger) else (y, x)
    if method == "auto":
        # Only shapes and dtypes decide.
        outlines = [np.broadcast_to(np.zeros((), v.dtype), v.shape) for v in (x, y)]
        method = scipys.choose_conv_method(*outlines, mode=mode)
    if x.ndim == 1 and method == "direct":
        return _part(np.convolve(x, y), x.shape, y.shape, mode)
    if mode == "valid":
        return convolved(x, y, mode="valid", method=method)
    return _part(convolved(x, y, mode="full", method=method), x.shape, y.shape, mode)


@smooth
def convolve(in1: Any, in2: Any, mode: str = "full", method: str = "auto") -> Any:
    """The convolution of two arrays, of any number of axes.

    Parameters
    ----------
    in1, in2 : array
        Of as many axes.
    mode : {"full", "same", "valid"}
        All of it, the middle part of the shape of `in1`, or the part in which both overlap wholly.
    method : {"auto", "direct", "fft"}
        How it is computed.

    Returns
    -------
    array

    Raises
    ------
    ShapeError
        The numbers of axes differ, or with `mode="valid"` neither is the larger along all axes.
    ArgumentError
        There is no such mode.

    Examples
    --------
    >>> import numpy as np, dragongrad as ad
    >>> from dragongrad.scipy import signal
    >>> ad.grad(lambda h: signal.convolve(np.arange(4.0), h, mode="valid")[0])(np.ones(2))
    array([1., 0.])

    """
    x, y = _checked("convolve", in1, in2, mode)
    return _any_mode("convolve", x, y, mode, method)


@smooth
def correlate(in1: Any, in2: Any, mode: str = "full", method: str = "auto") -> Any:
    """The correlation of two arrays, of any number of axes; arguments and errors are those of `convolve`.

    Examples
    --------
    >>> import numpy as np, dragongrad as ad
    >>> from dragongrad.scipy import signal
    >>> ad.grad(lambda h: signal.correlate(np.arange(4.0), h, mode="valid")[0])(np.ones(2))
    array([0., 1.])

    """
    x, y = _checked("correlate", in1, in2, mode)
    return _any_mode("correlate", x, _flip(np.conj(y)), mode, method)


@smooth
def fftconvolve(in1: Any, in2: Any, mode: str = "full", axes: Any = None) -> Any:
    """The convolution by Fourier transforms, along some axes; the others broadcast.

    Examples
    --------
    >>> import numpy as np, dragongrad as ad
    >>> from dragongrad.scipy import signal
    >>> ad.grad(lambda h: signal.fftconvolve(np.arange(4.0), h, mode="valid")[0])(np.ones(2)).round(6)
    array([1., 0.])

    """
    x, y = _checked("fftconvolve", in1, in2, mode)
    if axes is None:
        return _any_mode("fftconvolve", x, y, mode, "fft")
    along = sorted({single(a, x.ndim) for a in ((axes,) if np.ndim(axes) == 0 else axes)})
    if not x.size or not y.size:
        return np.zeros(0, x.dtype)
    lengths = [x.shape[a] + y.shape[a] - 1 for a in along]
    if x.dtype.kind == "c":
        product = np.fft.fftn(x, lengths, along) * np.fft.fftn(y, lengths, along)
        full = np.fft.ifftn(product, lengths, along)
    else:
        product = np.fft.rfftn(x, lengths, along) * np.fft.rfftn(y, lengths, along)
        full = np.fft.irfftn(product, lengths, along)
    shape, kernel = list(full.shape), [1] * full.ndim
    for a in along:
        shape[a], kernel[a] = x.shape[a], y.shape[a]
    return _part(full, tuple(shape), tuple(kernel), mode)


@smooth
def oaconvolve(in1: Any, in2: Any, mode: str = "full", axes: Any = None) -> Any:
    """The convolution that SciPy computes block by block; of Variables as `fftconvolve`.

    Examples
    --------
    >>> import numpy as np, dragongrad as ad
    >>> from dragongrad.scipy import signal
    >>> ad.grad(lambda h: signal.oaconvolve(np.arange(4.0), h, mode="valid")[0])(np.ones(2)).round(6)
    array([1., 0.])

    """
    return fftconvolve(in1, in2, mode, axes)


_BOUNDARIES = {"fill": "constant", "wrap": "wrap", "symm": "symmetric"}


def _framed(name: str, x: Any, y: Any, mode: str, boundary: str, fillvalue: Any, later: int = 0) -> Any:
    """The convolution of an image that goes on beyond its borders."""
    if x.ndim != 2:
        raise ShapeError(f"{name}({describe(x)}): two axes are needed\n  at {user_line()}")
    if boundary not in _BOUNDARIES:
        raise ArgumentError(f"{name}: boundary is 'fill', 'wrap' or 'symm', not {boundary!r}\n  at {user_line()}")
    if mode == "valid":
        return _any_mode(name, x, y, mode, "direct")
    frame = [(k - 1, k - 1) for k in y.shape]
    options = {"constant_values": fillvalue} if boundary == "fill" else {}
    wide = np.pad(x, frame, _BOUNDARIES[boundary], **options)
    full = convolved(wide, y, mode="valid", method="direct")
    return _part(full, x.shape, y.shape, mode, later)


@smooth
def convolve2d(in1: Any, in2: Any, mode: str = "full", boundary: str = "fill", fillvalue: Any = 0) -> Any:
    """The convolution of two images, of which the first goes on beyond its borders: "fill", "wrap" or "symm".

    Examples
    --------
    >>> import numpy as np, dragongrad as ad
    >>> from dragongrad.scipy import signal
    >>> ad.grad(lambda h: signal.convolve2d(np.ones((2, 2)), h, mode="same")[0, 0])(np.ones((2, 2)))
    array([[1., 0.],
           [0., 0.]])

    """
    x, y = _checked("convolve2d", in1, in2, mode)
    return _framed("convolve2d", x, y, mode, boundary, fillvalue)


@smooth
def correlate2d(in1: Any, in2: Any, mode: str = "full", boundary: str = "fill", fillvalue: Any = 0) -> Any:
    """The correlation of two images; its arguments are those of `convolve2d`.

    Examples
    --------
    >>> import numpy as np, dragongrad as ad
    >>> from dragongrad.scipy import signal
    >>> ad.grad(lambda h: signal.correlate2d(np.ones((2, 2)), h, mode="valid")[0, 0])(np.ones((2, 2)))
    array([[1., 1.],
           [1., 1.]])

    """
    x, y = _checked("correlate2d", in1, in2, mode)
    # The middle of an even kernel, read backwards, is the other one of two.
    return _framed("correlate2d", x, _flip(np.conj(y)), mode, boundary, fillvalue, later=1)


@smooth
def deconvolve(signal: Any, divisor: Any) -> Any:
    """The quotient and the remainder of a signal that was convolved with `divisor`, by long division.

    Examples
    --------
    >>> import numpy as np, dragongrad as ad
    >>> from dragongrad.scipy import signal
    >>> ad.grad(lambda s: signal.deconvolve(s, np.array([2.0, 1.0]))[0][1])(np.array([2.0, 1.0, 0.0]))
    array([-0.25,  0.5 ,  0.  ])

    """
    x, y = (np.atleast_1d(v) for v in _checked("deconvolve", signal, divisor, "full"))
    if x.ndim != 1 or y.ndim != 1:
        raise ShapeError(f"deconvolve({describe(x)}, {describe(y)}) takes two vectors\n  at {user_line()}")
    if not (x.shape[0] and y.shape[0]):
        raise ShapeError(f"deconvolve({describe(x)}, {describe(y)}): neither is empty\n  at {user_line()}")
    count = x.shape[0] - y.shape[0] + 1
    if count < 1:
        return np.zeros(0), x
    quotient = lfilter(x, y, np.eye(1, count)[0])
    return quotient, x - np.convolve(y, quotient)


@smooth
def wiener(im: Any, mysize: Any = None, noise: Any = None) -> Any:
    """Wiener's filter of an image or signal; where the variance is just that of the noise, it has a kink.

    Examples
    --------
    >>> import numpy as np, dragongrad as ad
    >>> from dragongrad.scipy import signal
    >>> ad.grad(lambda x: signal.wiener(x, 3, noise=0.1)[1])(np.array([1.0, 4.0, 2.0])).round(4)
    array([-0.0398,  1.0337,  0.0061])

    """
    x = double(im)
    size = (3,) * x.ndim if mysize is None else (mysize,) * x.ndim if np.ndim(mysize) == 0 else tuple(mysize)
    ones = np.ones(size, x.dtype)
    mean = convolve(x, ones, "same", "direct") / ones.size
    variance = convolve(x * x, ones, "same", "direct") / ones.size - mean * mean
    noise = np.mean(variance) if noise is None else noise
    sharp = mean + (x - mean) * (1 - noise / variance)
    return np.where(variance < noise, mean, sharp)


@smooth
def medfilt(volume: Any, kernel_size: Any = None) -> Any:
    """The median of the neighbours of each place, with zeros beyond the borders; sizes are odd.

    Examples
    --------
    >>> import numpy as np, dragongrad as ad
    >>> from dragongrad.scipy import signal
    >>> ad.grad(lambda x: signal.medfilt(x)[1])(np.array([1.0, 3.0, 2.0]))
    array([0., 0., 1.])

    """
    x = as_array(volume)
    if x.dtype.kind == "c":
        raise ArgumentError(f"medfilt({describe(x)}): complex numbers have no order\n  at {user_line()}")
    alone = kernel_size is None or np.ndim(kernel_size) == 0
    sizes = [3 if kernel_size is None else int(kernel_size)] * x.ndim if alone else [int(k) for k in kernel_size]
    if len(sizes) != x.ndim or any(k % 2 == 0 for k in sizes):
        raise ArgumentError(f"medfilt: one odd size for each of {x.ndim} axes\n  at {user_line()}")
    wide = np.pad(x, [(k // 2, k // 2) for k in sizes])
    shifts = itertools.product(*map(range, sizes))
    near = [wide[tuple(slice(s, s + n) for s, n in zip(at, x.shape, strict=True))] for at in shifts]
    return np.sort(np.stack(near), axis=0)[len(near) // 2]


choose_conv_method, correlation_lags = constant("choose_conv_method", "correlation_lags")
