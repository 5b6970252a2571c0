"""Discrete Fourier transforms, by the Blocks of `numpy.fft`: linear, so each is its own derivative."""

from __future__ import annotations

import operator
from typing import Any

import numpy as np

from ...blocks.axes import as_array, single
from ...blocks.fourier import swapped
from .chapter import smooth


def numbers(x: Any) -> Any:
    """An array as it is transformed: half precision in single precision."""
    x = as_array(x)
    return x.astype(np.float32) if x.dtype == np.float16 else x


def length(n: Any) -> Any:
    """A length as a number of Python's: the rules of NumPy's transforms take no truth value."""
    return None if n is None else int(operator.index(n))


def unrepeated(axes: Any, ndim: int) -> Any:
    """One axis or several, of which SciPy names none twice, as NumPy may."""
    if axes is None:
        return None
    axes = (axes,) if np.ndim(axes) == 0 else tuple(axes)
    if len({single(a, ndim) for a in axes}) < len(axes):
        raise ValueError(f"all axes must be unique, and not {axes}")
    return axes


def halved(x: Any, s: Any, axes: Any) -> tuple[Any, Any]:
    """As `along`, of an array whose last axis is one half: of one element the whole has one too."""
    s, axes = along(x, s, axes)
    named = range(x.ndim) if axes is None else axes
    if s is None and len(named) and x.shape[named[-1]] == 1:
        return [*(x.shape[a] for a in named[:-1]), 1], tuple(named)
    return s, axes


def along(x: Any, s: Any, axes: Any) -> tuple[Any, Any]:
    """The lengths and axes of a transform along several, as NumPy takes them."""
    axes = unrepeated(axes, x.ndim)
    if s is None:
        return None, axes
    s = (s,) if np.ndim(s) == 0 else tuple(s)
    axes = tuple(range(-len(s), 0)) if axes is None else axes
    return [x.shape[a] if n is None else n for n, a in zip(s, axes, strict=True)], axes


@smooth
def fft(
    x: Any, n: Any = None, axis: int = -1, norm: Any = None, overwrite_x: bool = False,
    workers: Any = None, *, plan: Any = None,
) -> Any:  # fmt: skip
    """The discrete Fourier transform along an axis.

    `n` is the length to which the axis is cut or filled with zeros; `norm` is "backward", "ortho" or "forward".

    Examples
    --------
    >>> import numpy as np, dragongrad as ad
    >>> from dragongrad.scipy import fft
    >>> abs(ad.jvp(fft.fft, (np.ones(2),), (np.array([1.0, 0.0]),))[1])
    array([1., 1.])

    """
    return np.fft.fft(numbers(x), n=length(n), axis=axis, norm=norm)


@smooth
def ifft(
    x: Any, n: Any = None, axis: int = -1, norm: Any = None, overwrite_x: bool = False,
    workers: Any = None, *, plan: Any = None,
) -> Any:  # fmt: skip
    """The inverse of `fft`.

    `n` is the length to which the axis is cut or filled with zeros; `norm` is "backward", "ortho" or "forward".

    Examples
    --------
    >>> import numpy as np, dragongrad as ad
    >>> from dragongrad.scipy import fft
    >>> ad.grad(lambda x: np.real(fft.ifft(x)[0]))(np.ones(2))
    array([0.5, 0.5])

    """
    return np.fft.ifft(numbers(x), n=length(n), axis=axis, norm=norm)


@smooth
def rfft(
    x: Any, n: Any = None, axis: int = -1, norm: Any = None, overwrite_x: bool = False,
    workers: Any = None, *, plan: Any = None,
) -> Any:  # fmt: skip
    """The transform of a real array: the frequencies from zero on.

    `n` is the length to which the axis is cut or filled with zeros; `norm` is "backward", "ortho" or "forward".

    Examples
    --------
    >>> import numpy as np, dragongrad as ad
    >>> from dragongrad.scipy import fft
    >>> ad.grad(lambda x: np.sum(np.abs(fft.rfft(x)) ** 2))(np.array([3.0, 4.0]))
    array([12., 16.])

    """
    return np.fft.rfft(numbers(x), n=length(n), axis=axis, norm=norm)


@smooth
def irfft(
    x: Any, n: Any = None, axis: int = -1, norm: Any = None, overwrite_x: bool = False,
    workers: Any = None, *, plan: Any = None,
) -> Any:  # fmt: skip
    """The inverse of `rfft`; `n` is its length, an even one if it is left out.

    `n` is the length to which the axis is cut or filled with zeros; `norm` is "backward", "ortho" or "forward".

    Examples
    --------
    >>> import numpy as np, dragongrad as ad
    >>> from dragongrad.scipy import fft
    >>> ad.jacobian(fft.irfft)(np.array([1.0, 2.0]))
    array([[ 0.5,  0.5],
           [ 0.5, -0.5]])

    """
    return np.fft.irfft(numbers(x), n=length(n), axis=axis, norm=norm)


@smooth
def hfft(
    x: Any, n: Any = None, axis: int = -1, norm: Any = None, overwrite_x: bool = False,
    workers: Any = None, *, plan: Any = None,
) -> Any:  # fmt: skip
    """The transform of a signal with Hermitian symmetry, of which one half is given: real.

    `n` is the length to which the axis is cut or filled with zeros; `norm` is "backward", "ortho" or "forward".

    Examples
    --------
    >>> import numpy as np, dragongrad as ad
    >>> from dragongrad.scipy import fft
    >>> ad.jacobian(fft.hfft)(np.array([1.0, 2.0]))
    array([[ 1.,  1.],
           [ 1., -1.]])

    """
    return np.fft.irfft(np.conj(numbers(x)), n=length(n), axis=axis, norm=swapped(norm))


@smooth
def ihfft(
    x: Any, n: Any = None, axis: int = -1, norm: Any = None, overwrite_x: bool = False,
    workers: Any = None, *, plan: Any = None,
) -> Any:  # fmt: skip
    """The inverse of `hfft`.

    `n` is the length to which the axis is cut or filled with zeros; `norm` is "backward", "ortho" or "forward".

    Examples
    --------
    >>> import numpy as np, dragongrad as ad
    >>> from dragongrad.scipy import fft
    >>> ad.grad(lambda x: np.real(fft.ihfft(x)[0]))(np.ones(2))
    array([0.5, 0.5])

    """
    return np.conj(np.fft.rfft(numbers(x), n=length(n), axis=axis, norm=swapped(norm)))
