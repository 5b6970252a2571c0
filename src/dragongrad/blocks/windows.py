"""The geometry of a convolution, and its three products, computed a tile at a time.

A convolution is one sum of products of three arrays: the input `x` of shape (N, *spatial, C), the kernel `w` of
shape (*kernel, C / groups, O) and an output `y` of shape (N, *out, O). Any two of them determine a product of
the shape of the third. Each is a few matrix products of BLAS over tiles: the elements that a window covers are
laid out as the row of a matrix (im2col; Chellapilla, Puri and Simard 2006), for so few windows at a time that
the rows stay in the cache.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any

import numpy as np

from ..records import parameter, record, replace

# A tile has about so many bytes of rows.
TILE = 1 << 20
# Of so few channels, a window is quicker laid out as a column.
_FEW = 4


@parameter
@record
class Windows:
    """Which elements of an input each element of an output sees.

    Attributes
    ----------
    spatial : tuple of int
        The lengths of the spatial axes of the input.
    kernel : tuple of int
        Those of the kernel.
    stride, dilation : tuple of int
        The steps between neighbouring windows, and between the elements of one window.
    padding : tuple of tuple of int
        How many zeros stand before and after each axis.
    groups : int
        Into how many equal parts the channels are cut; each part of the output sees its own part of the input.

    """

    spatial: tuple[int, ...]
    kernel: tuple[int, ...]
    stride: tuple[int, ...]
    dilation: tuple[int, ...]
    padding: tuple[tuple[int, int], ...]
    groups: int

    @property
    def out(self) -> tuple[int, ...]:
        """The lengths of the spatial axes of the output."""
        return tuple([
            (n + before + after - reach) // step + 1
            for n, (before, after), reach, step in zip(
                self.spatial, self.padding, self.reach, self.stride, strict=True
            )
        ])  # fmt: skip

    @property
    def reach(self) -> tuple[int, ...]:
        """How far a window goes along each axis."""
        return tuple([d * (k - 1) + 1 for k, d in zip(self.kernel, self.dilation, strict=True)])

    @property
    def taps(self) -> int:
        """How many elements a window has."""
        return math.prod(self.kernel)

    @property
    def is_pointwise(self) -> bool:
        """Whether a window is the one element at its place."""
        return self.taps == 1 and set(self.stride) <= {1} and not any(map(any, self.padding))


@record
class Tile:
    """Some images, and of their outputs some rows along the first spatial axis."""

    images: slice
    rows: slice
    windows: Windows


def tiles(count: int, windows: Windows, row: int) -> Iterator[Tile]:
    """Cut the outputs of `count` images into tiles; `row` is the bytes that one window is laid out in."""
    out = windows.out
    one = math.prod(out) * row
    if one <= TILE:
        step = max(1, TILE // max(one, 1))
        for start in range(0, count, step):
            yield Tile(slice(start, min(start + step, count)), slice(0, out[0]), windows)
        return
    step = max(1, TILE // max(math.prod(out[1:]) * row, 1))
    for image in range(count):
        for start in range(0, out[0], step):
            rows = slice(start, min(start + step, out[0]))
            yield Tile(slice(image, image + 1), rows, _band(windows, rows))


def _band(windows: Windows, rows: slice) -> Windows:
    """The windows of some rows of the output, on the rows of the input that they see."""
    first, last = _seen(windows, rows)
    length = windows.spatial[0]
    low, high = min(max(first, 0), length), max(min(last, length), 0)
    padding = ((low - first, last - high), *windows.padding[1:])
    return replace(windows, spatial=(max(high - low, 0), *windows.spatial[1:]), padding=padding)


def _seen(windows: Windows, rows: slice) -> tuple[int, int]:
    first = rows.start * windows.stride[0] - windows.padding[0][0]
    return first, first + (rows.stop - rows.start - 1) * windows.stride[0] + windows.reach[0]


def _part(windows: Windows, tile: Tile) -> tuple[slice, slice]:
    """Where the input of a tile lies: its images, and its rows along the first spatial axis."""
    if tile.windows is windows:
        return tile.images, slice(None)
    low = min(max(_seen(windows, tile.rows)[0], 0), windows.spatial[0])
    return tile.images, slice(low, low + tile.windows.spatial[0])


def _framed(windows: Windows) -> tuple[tuple[int, ...], tuple[slice, ...]]:
    """The lengths with the zeros around, as far as windows reach, and where between them the input lies."""
    lengths = [n + before + after for n, (before, after) in zip(windows.spatial, windows.padding, strict=True)]
    inside = [slice(p[0], p[0] + n) for n, p in zip(windows.spatial, windows.padding, strict=True)]
    return tuple(lengths), tuple(inside)


def _padded(x: Any, windows: Windows) -> Any:
    if not any(map(any, windows.padding)):
        return x
    lengths, inside = _framed(windows)
    framed = np.zeros((x.shape[0], *lengths, x.shape[-1]), x.dtype)
    framed[:, *inside] = x
    return framed


def _view(x: Any, windows: Windows) -> Any:
    """The windows of a framed input without a copy: (images, *out, *kernel, channels)."""
    own = x.strides[1:-1]
    lengths, taps = windows.kernel, [s * n for s, n in zip(own, windows.dilation, strict=True)]
    steps = [s * n for s, n in zip(own, windows.stride, strict=True)]
    channels = x.shape[-1]
    if x.strides[-1] == x.itemsize and taps[-1] == channels * x.itemsize:
        # Neighbours along the last axis lie one behind the other: they are copied in one go.
        lengths, taps, channels = lengths[:-1], taps[:-1], channels * lengths[-1]
    shape, strides = (x.shape[0], *windows.out, *lengths, channels), (x.strides[0], *steps, *taps, x.strides[-1])
    return np.lib.stride_tricks.as_strided(x, shape, strides, writeable=False)


def _rows(x: Any, windows: Windows) -> Any:
    """The elements of every window as a row of a matrix, one matrix a group: (groups, windows, taps * channels)."""
    groups, channels = windows.groups, x.shape[-1] // windows.groups
    view = _view(_padded(x, windows), windows)
    count = x.shape[0] * math.prod(windows.out)
    if groups == 1 and channels <= _FEW:
        ndim = len(windows.out) + 1
        columns = np.transpose(view, (*range(ndim, view.ndim), *range(ndim)))
        return np.swapaxes(np.reshape(columns, (1, windows.taps * channels, count)), 1, 2)
    if groups == 1:
        return np.reshape(view, (1, count, windows.taps * channels))
    parts = np.reshape(view, (count, windows.taps, groups, channels))
    return np.reshape(np.moveaxis(parts, 2, 0), (groups, count, windows.taps * channels))


def _by_group(v: Any, groups: int) -> Any:
    """A matrix of so many columns as one a group."""
    v = np.reshape(v, (math.prod(v.shape[:-1]), v.shape[-1]))
    if groups == 1:
        return v[None]
    return np.moveaxis(np.reshape(v, (v.shape[0], groups, v.shape[1] // groups)), 1, 0)


def _matrices(w: Any, windows: Windows) -> Any:
    """The kernel as one matrix a group: (groups, taps * channels, outputs)."""
    return _by_group(w, windows.groups)


def _joined(products: Any) -> Any:
    """The columns of all groups beside each other."""
    groups, count, columns = products.shape
    return products[0] if groups == 1 else np.reshape(np.moveaxis(products, 0, 1), (count, groups * columns))


def output(x: Any, w: Any, windows: Windows) -> Any:
    """The convolution: of shape (N, *out, O)."""
    out = np.empty((x.shape[0], *windows.out, w.shape[-1]), np.result_type(x, w))
    if windows.is_pointwise and windows.groups == 1:
        return np.matmul(x, np.reshape(w, w.shape[-2:]))
    kernel = _matrices(w, windows)
    for tile in tiles(x.shape[0], windows, windows.taps * x.shape[-1] * x.itemsize):
        part = x[_part(windows, tile)]
        target = out[tile.images, tile.rows]
        target[...] = np.reshape(_joined(np.matmul(_rows(part, tile.windows), kernel)), target.shape)
    return out


def back(y: Any, w: Any, windows: Windows) -> Any:
    """What each element of an input sees of the output, weighted: of shape (N, *spatial, C)."""
    channels = w.shape[-2] * windows.groups
    shape = (y.shape[0], *windows.spatial, channels)
    dtype = np.result_type(y, w)
    if windows.is_pointwise and windows.groups == 1:
        return np.matmul(y, np.reshape(w, w.shape[-2:]).T)
    # Where there are many more outputs than channels, laying them out costs more than adding up.
    turned = _turned(windows) if w.shape[-1] <= 4 * channels else None
    if turned is not None:
        return output(y, _turned_kernel(w, windows), turned)
    out = np.zeros(shape, dtype)
    kernel = np.swapaxes(_matrices(w, windows), 1, 2)
    for tile in tiles(y.shape[0], windows, windows.taps * channels * dtype.itemsize):
        part = y[tile.images, tile.rows]
        rows = np.matmul(_by_group(part, windows.groups), kernel)
        out[_part(windows, tile)] += _added_up(rows, part.shape[0], channels, tile.windows)
    return out


def _turned(windows: Windows) -> Windows | None:
    """The windows of the convolution of the output that goes back to the input; None where there are steps."""
    pads = [(r - 1 - a, r - 1 - b) for r, (a, b) in zip(windows.reach, windows.padding, strict=True)]
    if set(windows.stride) != {1} or any(p < 0 for pair in pads for p in pair) or not all(windows.spatial):
        return None
    return replace(windows, spatial=windows.out, padding=tuple(pads))


def _turned_kernel(w: Any, windows: Windows) -> Any:
    """The kernel from the other end, its inputs and outputs exchanged in each group."""
    groups, ndim = windows.groups, len(windows.kernel)
    parts = np.reshape(np.flip(w, tuple(range(ndim))), (*w.shape[:-1], groups, w.shape[-1] // groups))
    # (*kernel, C / groups, groups, O / groups) as (*kernel, O / groups, groups, C / groups)
    return np.reshape(np.swapaxes(parts, -1, -3), (*windows.kernel, w.shape[-1] // groups, groups * w.shape[-2]))


def _added_up(rows: Any, images: int, channels: int, windows: Windows) -> Any:
    """The rows of all windows added where their elements lie."""
    lengths, inside = _framed(windows)
    framed = np.zeros((images, *lengths, channels), rows.dtype)
    groups = windows.groups
    parts = np.reshape(rows, (groups, images, *windows.out, windows.taps, channels // groups))
    by_group = np.reshape(framed, (images, *lengths, groups, channels // groups))
    for number, tap in enumerate(np.ndindex(*windows.kernel)):
        seen = [
            slice(t * d, t * d + (n - 1) * s + 1, s)
            for t, d, n, s in zip(tap, windows.dilation, windows.out, windows.stride, strict=True)
        ]
        by_group[:, *seen] += np.moveaxis(parts[..., number, :], 0, -2)
    return framed[:, *inside]


def kernel(x: Any, y: Any, windows: Windows) -> Any:
    """What each element of a kernel joins, summed over all windows: of shape (*kernel, C / groups, O)."""
    groups, outputs = windows.groups, y.shape[-1]
    channels = x.shape[-1] // groups
    dtype = np.result_type(x, y)
    total = np.zeros((groups, windows.taps * channels, outputs // groups), dtype)
    for tile in tiles(x.shape[0], windows, windows.taps * x.shape[-1] * x.itemsize):
        rows = _rows(x[_part(windows, tile)], tile.windows)
        total += np.matmul(np.swapaxes(rows, 1, 2), _by_group(y[tile.images, tile.rows], groups))
    return np.reshape(_joined(total), (*windows.kernel, channels, outputs))
