"""Convolution over any number of axes, as networks know it: windows that slide over images of several channels.

One sum of products joins an input, a kernel and an output. It has three Blocks, one for each of the three that the
other two determine: `conv` the output, `conv_transpose` the input and `conv_kernel` the kernel. Each is multilinear
and its transposes are the two others, so every order and mode follows.
"""

from __future__ import annotations

import operator
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from ..core.block import multilinear
from ..core.errors import ArgumentError, ShapeError, describe, user_line
from ..records import replace
from . import windows as products
from .axes import as_array
from .windows import Windows

Lengths = int | Sequence[int]
Padding = str | int | Sequence[int | Sequence[int]]


# The batch of one argument is more images or more channels of every group; of both, more groups


def _images(v: Any) -> Any:
    return np.reshape(v, (v.shape[0] * v.shape[1], *v.shape[2:]))


def _of_images(v: Any, size: int) -> Any:
    return np.reshape(v, (size, v.shape[0] // size, *v.shape[1:]))


def _channels(v: Any, groups: int) -> Any:
    """(B, ..., groups * C) as (..., groups * B * C)."""
    size, count = v.shape[0], v.shape[-1]
    parts = np.moveaxis(np.reshape(v, (*v.shape[:-1], groups, count // groups)), 0, -2)
    return np.reshape(parts, (*v.shape[1:-1], size * count))


def _of_channels(v: Any, size: int, groups: int) -> Any:
    count = v.shape[-1] // size
    parts = np.reshape(v, (*v.shape[:-1], groups, size, count // groups))
    return np.reshape(np.moveaxis(parts, -2, 0), (size, *v.shape[:-1], count))


def _inputs(w: Any) -> Any:
    """(B, ..., C, O) as (..., B * C, O)."""
    return np.reshape(np.moveaxis(w, 0, -3), (*w.shape[1:-2], w.shape[0] * w.shape[-2], w.shape[-1]))


def _of_inputs(w: Any, size: int) -> Any:
    return np.moveaxis(np.reshape(w, (*w.shape[:-2], size, w.shape[-2] // size, w.shape[-1])), -3, 0)


def _batched(
    block: Callable[..., Any],
    shape: Callable[..., tuple[int, ...]],
    first: tuple[Callable[..., Any], Callable[..., Any]],
    second: tuple[Callable[..., Any], Callable[..., Any]],
) -> Callable[..., Any]:
    """The batch rule of one of the Blocks: how it folds a batch of each argument alone, and unfolds the result."""

    def batch(size: int, values: list[Any], batched: Any, windows: Any = None) -> Any:
        x, y = values
        if not size:
            row = [v[1:] if b else v for v, b in zip((x.shape, y.shape), batched, strict=True)]
            return np.zeros((0, *shape(*row, windows)), np.result_type(x.dtype, y.dtype))
        groups = windows.groups
        if all(batched):
            wider = replace(windows, groups=size * groups)
            return _of_channels(block(_channels(x, 1), _channels(y, 1), windows=wider), size, 1)
        if batched[0]:
            fold, unfold = first
            return unfold(block(fold(x, groups), y, windows=windows), size, groups)
        fold, unfold = second
        return unfold(block(x, fold(y, groups), windows=windows), size, groups)

    return batch


_AS_IMAGES = (lambda v, groups: _images(v)), (lambda v, size, groups: _of_images(v, size))
_AS_CHANNELS = _channels, _of_channels


def _shape_out(x: tuple[int, ...], w: tuple[int, ...], windows: Windows) -> tuple[int, ...]:
    return x[0], *windows.out, w[-1]


def _shape_in(y: tuple[int, ...], w: tuple[int, ...], windows: Windows) -> tuple[int, ...]:
    return y[0], *windows.spatial, w[-2] * windows.groups


def _shape_kernel(x: tuple[int, ...], y: tuple[int, ...], windows: Windows) -> tuple[int, ...]:
    return *windows.kernel, x[-1] // windows.groups, y[-1]


def _conv_x(out_bar: Any, x: Any, y: Any, windows: Any = None) -> Any:
    return _back(out_bar, y, windows=windows)


def _conv_w(out_bar: Any, x: Any, y: Any, windows: Any = None) -> Any:
    return _kernel(x, out_bar, windows=windows)


def _back_y(out_bar: Any, x: Any, y: Any, windows: Any = None) -> Any:
    return _conv(out_bar, y, windows=windows)


def _back_w(out_bar: Any, x: Any, y: Any, windows: Any = None) -> Any:
    return _kernel(out_bar, x, windows=windows)


def _kernel_x(out_bar: Any, x: Any, y: Any, windows: Any = None) -> Any:
    return _back(y, out_bar, windows=windows)


def _kernel_y(out_bar: Any, x: Any, y: Any, windows: Any = None) -> Any:
    return _conv(x, out_bar, windows=windows)


_conv: Any = multilinear(
    "conv", _conv_x, _conv_w, value=products.output, dispatches=False,
    batch=_batched(lambda *v, **o: _conv(*v, **o), _shape_out, _AS_IMAGES, _AS_CHANNELS),
)  # fmt: skip
# A batch of kernels makes more channels of the input that comes out, in every group.
_back: Any = multilinear(
    "conv_transpose", _back_y, _back_w, value=products.back, dispatches=False,
    batch=_batched(
        lambda *v, **o: _back(*v, **o), _shape_in, _AS_IMAGES, (lambda w, groups: _inputs(w), _of_channels)
    ),
)  # fmt: skip
_kernel: Any = multilinear(
    "conv_kernel", _kernel_x, _kernel_y, value=products.kernel, dispatches=False,
    batch=_batched(
        lambda *v, **o: _kernel(*v, **o), _shape_kernel,
        (_channels, lambda w, size, groups: _of_inputs(w, size)), _AS_CHANNELS,
    ),
)  # fmt: skip


# As users call them


def conv(
    x: Any, w: Any, *, stride: Lengths = 1, padding: Padding = "valid", dilation: Lengths = 1, groups: int = 1
) -> Any:
    """Slide windows over images: sums of products with a kernel, over any number of spatial axes.

    As in other libraries of networks, the kernel is not flipped: a cross-correlation.

    Parameters
    ----------
    x : array of shape (N, ..., C)
        Images (signals, volumes), channels last.
    w : array of shape (..., C / groups, O)
        The kernel, with as many spatial axes as `x`.
    stride : int or sequence of int
        The steps between neighbouring windows, one for all axes or one each.
    padding : {"valid", "same"}, int, or sequence
        Zeros around the images: none; as many as give `ceil(n / stride)` windows along an axis of length `n` (one
        more behind than in front where they are odd); or numbers, one for all axes, or for each axis one or a pair
        (before, after).
    dilation : int or sequence of int
        The steps between neighbouring elements of one window.
    groups : int
        Into how many equal parts the channels are cut: each part of the output sees its own part of the input. With
        as many groups as channels, every channel has a kernel of its own (a depthwise convolution).

    Returns
    -------
    array of shape (N, ..., O)
        Along an axis of length `n` with `p` zeros in all: `(n + p - dilation * (kernel - 1) - 1) // stride + 1`.

    Raises
    ------
    ShapeError
        The channels do not fit, or a window is longer than an axis with its padding.
    ArgumentError
        An option that is none of these.

    Notes
    -----
    Dumoulin and Visin, *A guide to convolution arithmetic for deep learning* (2016), draws all of these.

    Examples
    --------
    >>> import numpy as np, dragongrad as ad
    >>> image = np.arange(16.0).reshape(1, 4, 4, 1)
    >>> edges = np.array([[1.0, 0.0, -1.0]]).reshape(1, 3, 1, 1)
    >>> ad.conv(image, edges)[0, :, :, 0]
    array([[-2., -2.],
           [-2., -2.],
           [-2., -2.],
           [-2., -2.]])
    >>> ad.grad(lambda w: np.sum(ad.conv(image, w) ** 2))(edges).shape
    (1, 3, 1, 1)

    """
    x, w = as_array(x), as_array(w)
    groups = _fitting("conv", x, w, groups)
    if x.shape[-1] != w.shape[-2] * groups:
        raise _misfit(
            "conv", x, w,
            f"the input has {x.shape[-1]} channels, the kernel takes {w.shape[-2]} in {groups} group(s)",
            f"give a kernel of shape (*kernel, {x.shape[-1] // groups}, outputs)",
        )  # fmt: skip
    spatial, kernel = x.shape[1:-1], w.shape[:-2]
    steps, spread = lengths_of("stride", stride, len(kernel)), lengths_of("dilation", dilation, len(kernel))
    reach = [d * (k - 1) + 1 for k, d in zip(kernel, spread, strict=True)]
    pairs = padding_of(padding, spatial, steps, reach)
    windows = Windows(spatial, kernel, steps, spread, pairs, groups)
    if any(n + before + after < r for n, (before, after), r in zip(spatial, pairs, reach, strict=True)):
        raise _misfit(
            "conv", x, w,
            f"windows of lengths {tuple(reach)} are longer than the axes {spatial} with padding {pairs}",
            'pad more (padding="same") or take a smaller kernel',
        )  # fmt: skip
    return _conv(x, w, windows=windows)


def conv_transpose(
    x: Any, w: Any, *, stride: Lengths = 1, padding: Padding = "valid", dilation: Lengths = 1, groups: int = 1,
    spatial: Lengths | None = None,
) -> Any:  # fmt: skip
    """Spread each element of small images over a window of larger ones: the transpose of `conv`.

    Parameters
    ----------
    x : array of shape (N, ..., C)
        What the convolution with these options and this kernel would give.
    w : array of shape (..., O / groups, C)
        The kernel of that convolution: from O channels to C.
    stride, padding, dilation, groups
        As that convolution has them. With padding "same", axes become `stride` times as long.
    spatial : int or sequence of int, optional
        The lengths of the axes of the result, where a stride leaves more than one that would fit.

    Returns
    -------
    array of shape (N, ..., O)
        Along an axis of length `n` with `p` zeros in all: `(n - 1) * stride + dilation * (kernel - 1) + 1 - p`.

    Raises
    ------
    ShapeError
        The channels do not fit, or no such convolution gives `x` from images of these lengths.
    ArgumentError
        An option that is none of these.

    Examples
    --------
    >>> import numpy as np, dragongrad as ad
    >>> ad.conv_transpose(np.array([1.0, 2.0]).reshape(1, 2, 1), np.ones((2, 1, 1)), stride=2).ravel()
    array([1., 1., 2., 2.])

    """
    x, w = as_array(x), as_array(w)
    groups = _fitting("conv_transpose", x, w, groups)
    if x.shape[-1] != w.shape[-1]:
        raise _misfit(
            "conv_transpose", x, w, f"the input has {x.shape[-1]} channels, the kernel takes {w.shape[-1]}",
            f"give a kernel of shape (*kernel, outputs, {x.shape[-1]})",
        )  # fmt: skip
    small, kernel = x.shape[1:-1], w.shape[:-2]
    steps, spread = lengths_of("stride", stride, len(kernel)), lengths_of("dilation", dilation, len(kernel))
    reach = [d * (k - 1) + 1 for k, d in zip(kernel, spread, strict=True)]
    if spatial is not None:
        large = lengths_of("spatial", spatial, len(kernel), least=0)
    elif padding == "same":
        large = tuple([n * s for n, s in zip(small, steps, strict=True)])
    else:
        inner = [(n - 1) * s + r for n, s, r in zip(small, steps, reach, strict=True)]
        pairs = padding_of(padding, small, steps, reach)
        large = tuple([n - sum(p) for n, p in zip(inner, pairs, strict=True)])
    pairs = padding_of(padding, large, steps, reach)
    windows = Windows(large, kernel, steps, spread, pairs, groups)
    if min(large, default=0) < 0 or windows.out != small:
        raise _misfit(
            "conv_transpose", x, w, f"no convolution with padding {pairs} gives lengths {small} from {large}",
            "give less padding, or no spatial=",
        )  # fmt: skip
    return _back(x, w, windows=windows)


def _fitting(name: str, x: Any, w: Any, groups: Any) -> int:
    """The groups, where the arrays have axes and channels for them."""
    groups = lengths_of("groups", groups, 1)[0]
    if w.ndim < 3 or x.ndim != w.ndim:
        raise _misfit(
            name, x, w, "one takes (N, *spatial, channels) and the other (*kernel, channels, channels)",
            "a single image: x[None]; one channel: x[..., None]",
        )  # fmt: skip
    if w.shape[-1] % groups:
        raise _misfit(
            name, x, w, f"its {w.shape[-1]} channels cannot be cut into {groups} groups", "change groups="
        )
    if 0 in w.shape[:-2]:
        raise _misfit(name, x, w, "the kernel has no elements along an axis", "take a kernel of 1 or longer")
    return groups


def _misfit(name: str, x: Any, w: Any, why: str, instead: str) -> ShapeError:
    return ShapeError(f"{name} of {describe(x)} with kernel {describe(w)}: {why}\n  at {user_line()}\n{instead}")


def lengths_of(name: str, value: Any, count: int, least: int = 1) -> tuple[int, ...]:
    """An option of one number for all axes, or one for each."""
    try:
        numbers = (operator.index(value),) * count if np.ndim(value) == 0 else tuple(map(operator.index, value))
    except TypeError:
        numbers = ()
    if len(numbers) != count or any(n < least for n in numbers):
        each = f"or {count} of them, one an axis" if name != "groups" else "that divides the channels"
        raise ArgumentError(f"{name} is an integer from {least} on, {each}; got {value!r}")
    return numbers


def padding_of(
    padding: Any, lengths: Sequence[int], steps: Sequence[int], reach: Sequence[int]
) -> tuple[tuple[int, int], ...]:
    """The zeros before and after each axis."""
    count = len(lengths)
    if isinstance(padding, str):
        if padding not in ("valid", "same"):
            raise ArgumentError(f'padding is "valid", "same" or numbers, not {padding!r}')
        short = [max((-(-n // s) - 1) * s + r - n, 0) for n, s, r in zip(lengths, steps, reach, strict=True)]
        return tuple([(p // 2, p - p // 2) if padding == "same" else (0, 0) for p in short])
    alone = not isinstance(padding, (list, tuple, np.ndarray)) or getattr(padding, "ndim", 1) == 0
    given = (padding,) * count if alone else padding
    try:
        pairs = tuple([_pair(p) for p in given])
    except TypeError:
        pairs = ()
    if len(pairs) != count or any(n < 0 for p in pairs for n in p):
        raise ArgumentError(
            f"padding is one number from 0 on, or for each of {count} axes one or a pair; got {padding!r}"
        )
    return pairs


def _pair(padding: Any) -> tuple[int, int]:
    if isinstance(padding, (tuple, list, np.ndarray)):
        before, after = padding if len(padding) == 2 else (None, None)
        return operator.index(before), operator.index(after)
    return operator.index(padding), operator.index(padding)
