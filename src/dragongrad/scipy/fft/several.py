"""Discrete Fourier transforms along several axes, and shifts of frequencies."""

from __future__ import annotations

from typing import Any

import numpy as np

from ...blocks.axes import as_array
from ...blocks.fourier import swapped
from .chapter import constant, smooth
from .fourier import along, halved, numbers


@smooth
def fftn(
    x: Any, s: Any = None, axes: Any = None, norm: Any = None, overwrite_x: bool = False,
    workers: Any = None, *, plan: Any = None,
) -> Any:  # fmt: skip
    """The transform along several axes.

    `s` has the lengths to which the `axes` are cut or filled with zeros; without both, all axes count.

    Examples
    --------
    >>> import numpy as np, dragongrad as ad
    >>> from dragongrad.scipy import fft
    >>> ad.grad(lambda x: np.sum(np.abs(fft.fftn(x)) ** 2))(np.ones((1, 2)))
    array([[4., 4.]])

    """
    x = numbers(x)
    s, axes = along(x, s, axes)
    return np.fft.fftn(x, s=s, axes=axes, norm=norm)


@smooth
def fft2(
    x: Any, s: Any = None, axes: Any = (-2, -1), norm: Any = None, overwrite_x: bool = False,
    workers: Any = None, *, plan: Any = None,
) -> Any:  # fmt: skip
    """The transform along two axes.

    As `fftn`, along the last two axes if `axes` is left out.

    Examples
    --------
    >>> import numpy as np, dragongrad as ad
    >>> from dragongrad.scipy import fft
    >>> ad.grad(lambda x: np.sum(np.abs(fft.fft2(x)) ** 2))(np.ones((1, 2)))
    array([[4., 4.]])

    """
    return fftn(x, s, axes, norm)


@smooth
def ifftn(
    x: Any, s: Any = None, axes: Any = None, norm: Any = None, overwrite_x: bool = False,
    workers: Any = None, *, plan: Any = None,
) -> Any:  # fmt: skip
    """The inverse of `fftn`.

    `s` has the lengths to which the `axes` are cut or filled with zeros; without both, all axes count.

    Examples
    --------
    >>> import numpy as np, dragongrad as ad
    >>> from dragongrad.scipy import fft
    >>> ad.grad(lambda x: np.real(fft.ifftn(x)[0, 0]))(np.ones((1, 2)))
    array([[0.5, 0.5]])

    """
    x = numbers(x)
    s, axes = along(x, s, axes)
    return np.fft.ifftn(x, s=s, axes=axes, norm=norm)


@smooth
def ifft2(
    x: Any, s: Any = None, axes: Any = (-2, -1), norm: Any = None, overwrite_x: bool = False,
    workers: Any = None, *, plan: Any = None,
) -> Any:  # fmt: skip
    """The inverse of `fft2`.

    As `ifftn`, along the last two axes if `axes` is left out.

    Examples
    --------
    >>> import numpy as np, dragongrad as ad
    >>> from dragongrad.scipy import fft
    >>> ad.grad(lambda x: np.real(fft.ifft2(x)[0, 0]))(np.ones((1, 2)))
    array([[0.5, 0.5]])

    """
    return ifftn(x, s, axes, norm)


@smooth
def rfftn(
    x: Any, s: Any = None, axes: Any = None, norm: Any = None, overwrite_x: bool = False,
    workers: Any = None, *, plan: Any = None,
) -> Any:  # fmt: skip
    """The transform of a real array along several axes.

    `s` has the lengths to which the `axes` are cut or filled with zeros; without both, all axes count.

    Examples
    --------
    >>> import numpy as np, dragongrad as ad
    >>> from dragongrad.scipy import fft
    >>> ad.grad(lambda x: np.real(fft.rfftn(x)[0, 0]))(np.ones((1, 2)))
    array([[1., 1.]])

    """
    x = numbers(x)
    s, axes = along(x, s, axes)
    return np.fft.rfftn(x, s=s, axes=axes, norm=norm)


@smooth
def rfft2(
    x: Any, s: Any = None, axes: Any = (-2, -1), norm: Any = None, overwrite_x: bool = False,
    workers: Any = None, *, plan: Any = None,
) -> Any:  # fmt: skip
    """The transform of a real array along two axes.

    As `rfftn`, along the last two axes if `axes` is left out.

    Examples
    --------
    >>> import numpy as np, dragongrad as ad
    >>> from dragongrad.scipy import fft
    >>> ad.grad(lambda x: np.real(fft.rfft2(x)[0, 0]))(np.ones((1, 2)))
    array([[1., 1.]])

    """
    return rfftn(x, s, axes, norm)


@smooth
def irfftn(
    x: Any, s: Any = None, axes: Any = None, norm: Any = None, overwrite_x: bool = False,
    workers: Any = None, *, plan: Any = None,
) -> Any:  # fmt: skip
    """The inverse of `rfftn`.

    `s` has the lengths to which the `axes` are cut or filled with zeros; without both, all axes count.

    Examples
    --------
    >>> import numpy as np, dragongrad as ad
    >>> from dragongrad.scipy import fft
    >>> ad.grad(lambda x: fft.irfftn(x)[0, 1])(np.ones((1, 2)))
    array([[ 0.5, -0.5]])

    """
    x = numbers(x)
    s, axes = halved(x, s, axes)
    return np.fft.irfftn(x, s=s, axes=axes, norm=norm)


@smooth
def irfft2(
    x: Any, s: Any = None, axes: Any = (-2, -1), norm: Any = None, overwrite_x: bool = False,
    workers: Any = None, *, plan: Any = None,
) -> Any:  # fmt: skip
    """The inverse of `rfft2`.

    As `irfftn`, along the last two axes if `axes` is left out.

    Examples
    --------
    >>> import numpy as np, dragongrad as ad
    >>> from dragongrad.scipy import fft
    >>> ad.grad(lambda x: fft.irfft2(x)[0, 1])(np.ones((1, 2)))
    array([[ 0.5, -0.5]])

    """
    return irfftn(x, s, axes, norm)


@smooth
def hfftn(
    x: Any, s: Any = None, axes: Any = None, norm: Any = None, overwrite_x: bool = False,
    workers: Any = None, *, plan: Any = None,
) -> Any:  # fmt: skip
    """The transform of a signal with Hermitian symmetry along several axes: real.

    `s` has the lengths to which the `axes` are cut or filled with zeros; without both, all axes count.

    Examples
    --------
    >>> import numpy as np, dragongrad as ad
    >>> from dragongrad.scipy import fft
    >>> ad.grad(lambda x: fft.hfftn(x)[0, 1])(np.ones((1, 2)))
    array([[ 1., -1.]])

    """
    x = numbers(x)
    s, axes = halved(x, s, axes)
    return np.fft.irfftn(np.conj(x), s=s, axes=axes, norm=swapped(norm))


@smooth
def hfft2(
    x: Any, s: Any = None, axes: Any = (-2, -1), norm: Any = None, overwrite_x: bool = False,
    workers: Any = None, *, plan: Any = None,
) -> Any:  # fmt: skip
    """The transform of a signal with Hermitian symmetry along two axes: real.

    As `hfftn`, along the last two axes if `axes` is left out.

    Examples
    --------
    >>> import numpy as np, dragongrad as ad
    >>> from dragongrad.scipy import fft
    >>> ad.grad(lambda x: fft.hfft2(x)[0, 1])(np.ones((1, 2)))
    array([[ 1., -1.]])

    """
    return hfftn(x, s, axes, norm)


@smooth
def ihfftn(
    x: Any, s: Any = None, axes: Any = None, norm: Any = None, overwrite_x: bool = False,
    workers: Any = None, *, plan: Any = None,
) -> Any:  # fmt: skip
    """The inverse of `hfftn`.

    `s` has the lengths to which the `axes` are cut or filled with zeros; without both, all axes count.

    Examples
    --------
    >>> import numpy as np, dragongrad as ad
    >>> from dragongrad.scipy import fft
    >>> ad.grad(lambda x: np.real(fft.ihfftn(x)[0, 0]))(np.ones((1, 2)))
    array([[0.5, 0.5]])

    """
    x = numbers(x)
    s, axes = along(x, s, axes)
    return np.conj(np.fft.rfftn(x, s=s, axes=axes, norm=swapped(norm)))


@smooth
def ihfft2(
    x: Any, s: Any = None, axes: Any = (-2, -1), norm: Any = None, overwrite_x: bool = False,
    workers: Any = None, *, plan: Any = None,
) -> Any:  # fmt: skip
    """The inverse of `hfft2`.

    As `ihfftn`, along the last two axes if `axes` is left out.

    Examples
    --------
    >>> import numpy as np, dragongrad as ad
    >>> from dragongrad.scipy import fft
    >>> ad.grad(lambda x: np.real(fft.ihfft2(x)[0, 0]))(np.ones((1, 2)))
    array([[0.5, 0.5]])

    """
    return ihfftn(x, s, axes, norm)


@smooth
def fftshift(x: Any, axes: Any = None) -> Any:
    """The frequency zero moved to the middle of the axes.

    Examples
    --------
    >>> import numpy as np, dragongrad as ad
    >>> from dragongrad.scipy import fft
    >>> ad.jvp(fft.fftshift, (np.zeros(3),), (np.array([1.0, 2.0, 3.0]),))[1]
    array([3., 1., 2.])

    """
    return np.fft.fftshift(as_array(x), axes)


@smooth
def ifftshift(x: Any, axes: Any = None) -> Any:
    """The inverse of `fftshift`.

    Examples
    --------
    >>> import numpy as np, dragongrad as ad
    >>> from dragongrad.scipy import fft
    >>> ad.jvp(fft.ifftshift, (np.zeros(3),), (np.array([3.0, 1.0, 2.0]),))[1]
    array([1., 2., 3.])

    """
    return np.fft.ifftshift(as_array(x), axes)


(fftfreq, rfftfreq, next_fast_len, prev_fast_len, fhtoffset, get_workers, set_workers) = constant(
    "fftfreq", "rfftfreq", "next_fast_len", "prev_fast_len", "fhtoffset", "get_workers", "set_workers"
)
