"""Discrete Fourier transforms.

The matrix of a transform is symmetric, so the transpose of `fft` is `fft` itself; a shorter or longer axis
is cut or filled with zeros, both ways.
"""

from __future__ import annotations

import operator
from typing import Any

import numpy as np

from ..core.block import composite, linear
from .axes import copied, single

# The scaling of the inverse transform, by that of the transform.
SWAPPED: dict[Any, str] = {None: "forward", "backward": "forward", "ortho": "ortho", "forward": "backward"}


def swapped(norm: Any) -> str:
    """The scaling of the inverse transform, by that of the transform."""
    if norm not in SWAPPED:
        raise ValueError(f"norm is 'backward', 'ortho' or 'forward', not {norm!r}")
    return SWAPPED[norm]


def fitted(x: Any, length: int, axis: int) -> Any:
    """An axis cut, or filled with zeros, to a length."""
    axis = single(axis, x.ndim)
    before = x.shape[axis]
    if before > length:
        return x[(slice(None),) * axis + (slice(length),)]
    if before < length:
        return np.pad(x, [(0, length - before) if i == axis else (0, 0) for i in range(x.ndim)])
    return x


def _batch(fn: Any) -> Any:
    def batch(size: int, values: list[Any], batched: Any, n: Any = None, axis: int = -1, norm: Any = None) -> Any:
        return fn(values[0], n=n, axis=single(axis, values[0].ndim - 1) + 1, norm=norm)

    return batch


def _fft_transpose(out_bar: Any, x: Any, n: Any = None, axis: int = -1, norm: Any = None) -> Any:
    return fitted(np.fft.fft(out_bar, n=n, axis=axis, norm=norm), x.shape[axis], axis)


def _ifft_transpose(out_bar: Any, x: Any, n: Any = None, axis: int = -1, norm: Any = None) -> Any:
    return fitted(np.fft.ifft(out_bar, n=n, axis=axis, norm=norm), x.shape[axis], axis)


def _rfft_transpose(out_bar: Any, x: Any, n: Any = None, axis: int = -1, norm: Any = None) -> Any:
    """The half spectrum filled with zeros; the sweep takes the real part."""
    n = x.shape[axis] if n is None else int(n)
    return fitted(np.real(np.fft.fft(out_bar, n=n, axis=axis, norm=norm)), x.shape[axis], axis)


def _irfft_transpose(out_bar: Any, x: Any, n: Any = None, axis: int = -1, norm: Any = None) -> Any:
    """Every frequency but the first, and that of Nyquist, stands for two."""
    n = out_bar.shape[axis]
    count = n // 2 + 1
    weight = np.full(count, 2.0, out_bar.dtype)
    weight[0] = 1.0
    if n % 2 == 0:
        weight[-1] = 1.0
    weight = np.reshape(weight, (count,) + (1,) * (out_bar.ndim - 1 - axis % out_bar.ndim))
    spectrum = np.conj(np.fft.rfft(out_bar, n=n, axis=axis, norm=swapped(norm)))
    return fitted(spectrum * weight, x.shape[axis], axis)


def _irfft_value(x: Any, n: Any = None, axis: int = -1, norm: Any = None) -> Any:
    """NumPy's, which reads a first frequency of an axis that has none."""
    empty = n and np.ndim(x) and x.shape[axis] == 0
    return np.fft.irfft(fitted(x, 1, axis) if empty else x, n=n, axis=axis, norm=norm)


for _fn, _rule, _value in (
    (np.fft.fft, _fft_transpose, None),
    (np.fft.ifft, _ifft_transpose, None),
    (np.fft.rfft, _rfft_transpose, None),
    (np.fft.irfft, _irfft_transpose, _irfft_value),
):
    linear(_fn, _rule, mixes=True, batch=_batch(_value or _fn), names=("x",), value=_value)


@composite(np.fft.hfft)
def hfft(a: Any, n: Any = None, axis: int = -1, norm: Any = None) -> Any:
    """The transform of a signal with Hermitian symmetry: real."""
    return np.fft.irfft(np.conj(a), n=n, axis=axis, norm=swapped(norm))


@composite(np.fft.ihfft)
def ihfft(a: Any, n: Any = None, axis: int = -1, norm: Any = None) -> Any:
    """The inverse of `hfft`."""
    return np.conj(np.fft.rfft(a, n=n, axis=axis, norm=swapped(norm)))


def _lengths(a: Any, s: Any, axes: Any, to_real: bool = False) -> tuple[list[int], list[int]]:
    """The length of the transform along each axis, as NumPy reads `s` and `axes`."""
    if axes is None:
        axes = range(-len(s), 0) if s is not None else range(-a.ndim, 0)
    if s is None:
        lengths = list(np.take(a.shape, axes))
        axes = [operator.index(axes[i]) for i in range(len(lengths))]
        lengths = [a.shape[axis] for axis in axes]
        if to_real and lengths:
            lengths[-1] = 2 * (lengths[-1] - 1)
    else:
        axes = [operator.index(axis) for axis in axes]
        lengths = [a.shape[axis] if n == -1 else operator.index(n) for n, axis in zip(s, axes, strict=True)]
    return lengths, axes


def _every_axis(fn: Any, a: Any, lengths: list[int], axes: list[int], norm: Any) -> Any:
    for n, axis in zip(reversed(lengths), reversed(axes), strict=True):
        a = fn(a, n=n, axis=axis, norm=norm)
    return a if axes else copied(a)


@composite(np.fft.fftn)
def fftn(a: Any, s: Any = None, axes: Any = None, norm: Any = None) -> Any:
    """The transform along several axes."""
    return _every_axis(np.fft.fft, a, *_lengths(a, s, axes), norm)


@composite(np.fft.ifftn)
def ifftn(a: Any, s: Any = None, axes: Any = None, norm: Any = None) -> Any:
    """The inverse of `fftn`."""
    return _every_axis(np.fft.ifft, a, *_lengths(a, s, axes), norm)


@composite(np.fft.rfftn)
def rfftn(a: Any, s: Any = None, axes: Any = None, norm: Any = None) -> Any:
    """The transform of a real array along several axes."""
    lengths, axes = _lengths(a, s, axes)
    if not axes:
        raise IndexError("rfftn needs at least one axis")
    a = np.fft.rfft(a, n=lengths[-1], axis=axes[-1], norm=norm)
    return _every_axis(np.fft.fft, a, lengths[:-1], axes[:-1], norm)


@composite(np.fft.irfftn)
def irfftn(a: Any, s: Any = None, axes: Any = None, norm: Any = None) -> Any:
    """The inverse of `rfftn`."""
    lengths, axes = _lengths(a, s, axes, to_real=True)
    if not axes:
        raise IndexError("irfftn needs at least one axis")
    for n, axis in zip(lengths[:-1], axes[:-1], strict=True):
        a = np.fft.ifft(a, n=n, axis=axis, norm=norm)
    return np.fft.irfft(a, n=lengths[-1], axis=axes[-1], norm=norm)


def _two_axes(fn: Any) -> Any:
    def transform(a: Any, s: Any = None, axes: Any = (-2, -1), norm: Any = None) -> Any:
        return fn(a, s=s, axes=axes, norm=norm)

    return transform


for _fn, _full in (
    (np.fft.fft2, np.fft.fftn),
    (np.fft.ifft2, np.fft.ifftn),
    (np.fft.rfft2, np.fft.rfftn),
    (np.fft.irfft2, np.fft.irfftn),
):
    composite(_fn)(_two_axes(_full))


def _shifted(x: Any, axes: Any, shifts: list[int]) -> Any:
    if axes is None:
        axes = tuple(range(x.ndim))
    by = shifts[axes] if isinstance(axes, (int, np.integer)) else [shifts[axis] for axis in axes]
    return np.roll(x, by, axes)


@composite(np.fft.fftshift)
def fftshift(x: Any, axes: Any = None) -> Any:
    """The frequency zero moved to the middle."""
    return _shifted(x, axes, [n // 2 for n in x.shape])


@composite(np.fft.ifftshift)
def ifftshift(x: Any, axes: Any = None) -> Any:
    """The inverse of `fftshift`."""
    return _shifted(x, axes, [-(n // 2) for n in x.shape])
