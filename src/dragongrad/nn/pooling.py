"""Pooling: the greatest or the mean element of each window of an image."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from ..blocks.axes import as_array
from ..blocks.convolution import Lengths, lengths_of, padding_of
from ..core.errors import ArgumentError
from .layers import Params, Shape, layer, misfit


def max_pool(x: Any, size: Lengths = 2, stride: Lengths | None = None, padding: str = "valid") -> Any:
    """The greatest element of each window; equal ones share the cotangent evenly.

    Parameters
    ----------
    x : array of shape (N, ..., C)
        Images.
    size : int or sequence of int
        The lengths of a window, one for all spatial axes or one each.
    stride : int or sequence of int, optional
        The steps between windows; those of their size by default.
    padding : {"valid", "same"}
        "valid": windows lie inside, and what is left at the end of an axis is not seen. "same": there are
        `ceil(n / stride)` windows along an axis of length n, and those at the ends see less.

    Returns
    -------
    array of shape (N, ..., C)

    Raises
    ------
    ShapeError
        A window is longer than its axis.
    ArgumentError
        An option that is none of these.

    Examples
    --------
    >>> import numpy as np
    >>> from dragongrad import nn
    >>> nn.max_pool(np.arange(16.0).reshape(1, 4, 4, 1))[0, :, :, 0]
    array([[ 5.,  7.],
           [13., 15.]])

    """
    x = as_array(x)
    lowest = -np.inf if x.dtype.kind not in "iub" else False if x.dtype.kind == "b" else np.iinfo(x.dtype).min
    return _pool(x, size, stride, padding, np.max, lowest)


def avg_pool(x: Any, size: Lengths = 2, stride: Lengths | None = None, padding: str = "valid") -> Any:
    """The mean of each window, of what lies inside the image; arguments and errors as `max_pool`.

    Examples
    --------
    >>> import numpy as np
    >>> from dragongrad import nn
    >>> nn.avg_pool(np.arange(16.0).reshape(1, 4, 4, 1))[0, :, :, 0]
    array([[ 2.5,  4.5],
           [10.5, 12.5]])

    """
    x = as_array(x)
    out = _pool(x, size, stride, padding, np.mean, 0.0)
    if padding == "valid":
        return out
    inside = np.ones((1, *np.shape(x)[1:-1], 1), x.dtype)
    return out / _pool(inside, size, stride, padding, np.mean, 0.0)


def _pool(
    x: Any, size: Lengths, stride: Lengths | None, padding: str, reduce: Callable[..., Any], fill: float
) -> Any:
    x = as_array(x)
    count = np.ndim(x) - 2
    if count < 1:
        raise misfit("pooling", x, "has no spatial axis", "give images of shape (N, ..., channels)")
    sizes = lengths_of("size", size, count)
    steps = sizes if stride is None else lengths_of("stride", stride, count)
    if padding not in ("valid", "same"):
        raise ArgumentError(f'padding is "valid" or "same", not {padding!r}')
    if padding == "same":
        x = _padded(x, sizes, steps, fill)
    if any(n < k for n, k in zip(x.shape[1:-1], sizes, strict=True)):
        raise misfit("pooling", x, f"has axes shorter than windows of {sizes}", 'pool less, or padding="same"')
    if sizes == steps:
        return _side_by_side(x, sizes, reduce)
    windows = np.lib.stride_tricks.sliding_window_view(x, sizes, axis=tuple(range(1, count + 1)))
    windows = windows[(slice(None), *[slice(None, None, s) for s in steps])]
    return reduce(windows, axis=tuple(range(-count, 0)))


def _side_by_side(x: Any, sizes: Shape, reduce: Callable[..., Any]) -> Any:
    """Windows that do not overlap are an axis each of the image in another shape."""
    n, *spatial, channels = x.shape
    whole = [s // k for s, k in zip(spatial, sizes, strict=True)]
    if [w * k for w, k in zip(whole, sizes, strict=True)] != spatial:
        x = x[(slice(None), *[slice(w * k) for w, k in zip(whole, sizes, strict=True)])]
    parts = [v for pair in zip(whole, sizes, strict=True) for v in pair]
    return reduce(np.reshape(x, (n, *parts, channels)), axis=tuple(range(2, 2 * len(sizes) + 1, 2)))


def _padded(x: Any, sizes: Shape, steps: Shape, fill: float) -> Any:
    pairs = padding_of("same", x.shape[1:-1], steps, sizes)
    return np.pad(x, [(0, 0), *pairs, (0, 0)], constant_values=fill) if any(map(any, pairs)) else x


@layer
class MaxPool:
    """`max_pool` as a layer, with its options."""

    size: Lengths = 2
    stride: Lengths | None = None
    padding: str = "valid"

    def __call__(self, params: Params, x: Any) -> Any:
        """The greatest element of each window."""
        return max_pool(x, self.size, self.stride, self.padding)


@layer
class AvgPool:
    """`avg_pool` as a layer, with its options."""

    size: Lengths = 2
    stride: Lengths | None = None
    padding: str = "valid"

    def __call__(self, params: Params, x: Any) -> Any:
        """The mean of each window."""
        return avg_pool(x, self.size, self.stride, self.padding)


@layer
class GlobalPool:
    """One number a channel: the mean of the whole image, or its greatest element.

    Lin, Chen and Yan, *Network in network* (ICLR 2014).

    Parameters
    ----------
    kind : {"mean", "max"}
        Which.

    Examples
    --------
    >>> import numpy as np
    >>> from dragongrad import nn
    >>> nn.GlobalPool()({}, np.ones((2, 7, 7, 5))).shape
    (2, 5)

    """

    kind: str = "mean"

    def __post_init__(self) -> None:
        """Refuse other kinds."""
        if self.kind not in ("mean", "max"):
            raise ArgumentError(f'nn.GlobalPool: kind is "mean" or "max", not {self.kind!r}')

    def __call__(self, params: Params, x: Any) -> Any:
        """One number a channel."""
        return (np.mean if self.kind == "mean" else np.max)(x, axis=tuple(range(1, np.ndim(x) - 1)))


def flatten(x: Any) -> Any:
    """Every example as one vector: (N, ...) becomes (N, numbers)."""
    if not np.ndim(x):
        raise misfit("nn.flatten", x, "is no batch of examples", "a single one: x[None]")
    return np.reshape(x, (np.shape(x)[0], int(np.prod(np.shape(x)[1:]))))
