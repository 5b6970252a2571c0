"""Filters of an image's Fourier transform: products with a function of the frequency."""

from __future__ import annotations

from typing import Any

import numpy as np
import scipy.special

from ...blocks.axes import single
from ...core.errors import ArgumentError, user_line
from .chapter import each, image, smooth, written

_DOC = """{title}

    Parameters
    ----------
    input : array
        The Fourier transform of an image.
    {option} : number, or one for each axis
        {what} It has derivatives too.
    n : int
        -1 for a transform of complex numbers; of real ones their number along `axis`.
    axis : int
        The axis along which real numbers were transformed.
    output : dtype, optional

    Returns
    -------
    array of the shape of `input`

    Examples
    --------
    >>> import numpy as np, dragongrad as ad
    >>> from dragongrad.scipy import ndimage
    >>> f = lambda x: np.fft.ifft(ndimage.{name}(np.fft.fft(x), 1.0)).real[0]
    >>> ad.grad(f)(np.ones(4)).round(3) + 0.0
    {example}

    """


def _over(x: Any, by: Any, n: int, axis: int, option: str) -> list[Any]:
    """The part of a period, `by` times the frequency over the length, along each axis; they broadcast."""
    real, found = single(axis, x.ndim), []
    for i, (count, b) in enumerate(zip(x.shape, each(by, x.ndim, option), strict=True)):
        along, length = np.fft.fftfreq(count, 1 / count) if count else np.zeros(0), count
        if i == real and n >= 0:
            along, length = np.arange(count), n
        found.append(b * np.reshape(along / max(length, 1), (-1,) + (1,) * (x.ndim - 1 - i)))
    return found


def _narrow(x: Any, factor: Any) -> Any:
    """A product in the precision of the transform."""
    return (x * factor).astype(x.dtype) if x.dtype in (np.float32, np.complex64) else x * factor


def _gaussian(x: Any, parts: list[Any]) -> Any:
    for part in parts:
        x = _narrow(x, np.exp(-2 * np.pi**2 * part**2))
    return x


def _uniform(x: Any, parts: list[Any]) -> Any:
    for part in parts:
        x = _narrow(x, np.sinc(part))
    return x


def _ellipsoid(x: Any, parts: list[Any]) -> Any:
    if len(parts) > 3:
        raise ArgumentError(f"fourier_ellipsoid takes 1, 2 or 3 axes, not {len(parts)}\n  at {user_line()}")
    square = np.pi**2 * sum(part**2 for part in parts)
    zero = square == 0
    r = np.sqrt(np.where(zero, 1.0, square))
    factor = {
        1: lambda: np.sin(r) / r,
        2: lambda: 2 * scipy.special.j1(r) / r,
        3: lambda: 3 * (np.sin(r) - r * np.cos(r)) / r**3,
    }[len(parts)]()
    return _narrow(x, np.where(zero, 1.0, factor))


def _shift(x: Any, parts: list[Any]) -> Any:
    total: Any = sum(parts)
    return _narrow(x if x.dtype.kind == "c" else x.astype(np.complex128), np.exp(-2j * np.pi * total))


def _filter(name: str, option: str, title: str, what: str, example: str, do: Any) -> Any:
    def filtered(input: Any, by: Any, n: int, axis: int, output: Any) -> Any:
        x = image(input)
        if not x.ndim:
            raise ArgumentError(f"{name} takes an image with an axis\n  at {user_line()}")
        return written(do(x, _over(x, by, n, axis, option)), output)

    # SciPy's names of arguments differ.
    names: dict[str, Any] = {
        "sigma": lambda input, sigma, n=-1, axis=-1, output=None: filtered(input, sigma, n, axis, output),
        "size": lambda input, size, n=-1, axis=-1, output=None: filtered(input, size, n, axis, output),
        "shift": lambda input, shift, n=-1, axis=-1, output=None: filtered(input, shift, n, axis, output),
    }
    made = names[option]
    made.__name__ = made.__qualname__ = name
    made.__doc__ = _DOC.format(name=name, option=option, title=title, what=what, example=example)
    return smooth(made)


fourier_gaussian = _filter(
    "fourier_gaussian", "sigma", "The transform of an image smoothed by Gauss' function.",
    "The standard deviation.", "array([0.397, 0.248, 0.106, 0.248])", _gaussian,
)  # fmt: skip
fourier_uniform = _filter(
    "fourier_uniform", "size", "The transform of the means of an image over boxes.", "The sides of the box.",
    "array([ 0.859,  0.091, -0.041,  0.091])", _uniform,
)  # fmt: skip
fourier_ellipsoid = _filter(
    "fourier_ellipsoid", "size", "The transform of the means of an image over ellipsoids, of up to three axes.",
    "The lengths of the ellipsoid's axes.", "array([ 0.859,  0.091, -0.041,  0.091])", _ellipsoid,
)  # fmt: skip
fourier_shift = _filter(
    "fourier_shift", "shift", "The transform of a shifted image.", "How far it is shifted.",
    "array([0., 0., 0., 1.])", _shift,
)  # fmt: skip
