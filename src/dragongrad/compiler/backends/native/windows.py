"""Convolutions as machine code has them: without padding, and without transposed ones.

The zeros around an image are laid out before it is read, one image at a time where its nest holds rows. The
transpose of a convolution is one of the framed cotangent with the kernel turned round.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np

from ....core.block import BLOCKS
from ....core.graph import Graph
from ....core.node import Node
from ...rewrite import Value, Writer, arguments, dtype_of, rewrite, shape_of
from .convolutions import Shape
from .routines import LETTERS

_CONV, _BACK, _KERNEL = (BLOCKS[name] for name in ("conv", "conv_transpose", "conv_kernel"))
_FAMILY = frozenset({_CONV, _BACK, _KERNEL})
_GETITEM, _SCATTER = BLOCKS["getitem"], BLOCKS["scatter"]
_TRANSPOSE, _RESHAPE = BLOCKS[np.transpose], BLOCKS[np.reshape]


def is_convolution(node: Node) -> bool:
    """Whether a Node is a convolution, or the gradient of its kernel, that is computed image by image."""
    return node.block in (_CONV, _KERNEL) and _is_computed(node) and not any(map(any, _windows(node).padding))


def adds_up(node: Node) -> bool:
    """Whether a convolution is the one that is summed over images: the gradient of its kernel."""
    return node.block is _KERNEL


def shape_of_image(node: Node) -> Shape:
    """What is computed of each image."""
    windows, (x, y) = _windows(node), arguments(node)
    return Shape(
        windows.spatial, windows.kernel, windows.stride, windows.dilation, shape_of(x)[-1], shape_of(y)[-1],
        windows.groups, "double" if node.dtype == np.float64 else "float",
    )  # fmt: skip


def terms(node: Node) -> float:
    """About how many products of two numbers it takes."""
    windows, (x, y) = _windows(node), arguments(node)
    of_out = node.size if node.block is _CONV else float(np.prod(shape_of(y)))
    return float(of_out * windows.taps * (shape_of(x)[-1] // windows.groups))


def _windows(node: Node) -> Any:
    return node.params["windows"]


def _is_computed(node: Node) -> bool:
    """Whether it is of floating numbers of one width, and of any at all."""
    values = arguments(node)
    sizes = [n for v in (*values, node) for n in shape_of(v)]
    return all(dtype_of(v) == node.dtype for v in values) and node.dtype.name in LETTERS and min(sizes) > 0


def frame_convolutions(graph: Graph) -> Graph:
    """The Graph in which all convolutions are of framed images, and none is transposed."""

    def visit(writer: Writer, node: Node, values: tuple[Value, ...]) -> Value:
        if not _is_computed(node) or is_convolution(node):
            return None
        windows, (x, y) = _windows(node), values
        if node.block is _BACK:
            return _transposed(writer, node, x, y)
        pairs = zip(windows.spatial, windows.padding, strict=True)
        lengths = tuple([n + before + after for n, (before, after) in pairs])
        framed = _framed(writer, x, lengths, [before for before, _ in windows.padding], (1,) * len(lengths))
        bare = replace(windows, spatial=lengths, padding=((0, 0),) * len(lengths))
        assert node.block is not None
        return writer.apply(node.block, (framed, y), {"windows": bare}, node.shape, node.dtype)

    return rewrite(graph, visit, _FAMILY)


def _transposed(writer: Writer, node: Node, y: Value, w: Value) -> Value:
    windows = _windows(node)
    lengths = tuple([n + reach - 1 for n, reach in zip(windows.spatial, windows.reach, strict=True)])
    starts = [reach - 1 - before for reach, (before, _) in zip(windows.reach, windows.padding, strict=True)]
    framed = _framed(writer, y, lengths, starts, windows.stride)
    ones = (1,) * len(lengths)
    turned = replace(windows, spatial=lengths, stride=ones, padding=((0, 0),) * len(ones))
    kernel = _turned(writer, w, windows)
    return writer.apply(_CONV, (framed, kernel), {"windows": turned}, node.shape, node.dtype)


def _framed(writer: Writer, x: Value, lengths: tuple[int, ...], starts: list[int], steps: tuple[int, ...]) -> Value:
    """Images among zeros: their places along each axis begin somewhere, and are so many apart."""
    own = shape_of(x)
    seen, laid = [slice(None)], [slice(None)]
    for n, length, start, step in zip(own[1:-1], lengths, starts, steps, strict=True):
        # What would lie before or behind the frame is not seen.
        first = max(0, -(start // step)) if start < 0 else 0
        last = min(n, -(-(length - start) // step))
        seen.append(slice(first, last))
        at = start + first * step
        laid.append(slice(at, at + (last - first - 1) * step + 1, step))
    shape = (own[0], *[s.stop - s.start for s in seen[1:]], own[-1])
    if shape != own:
        x = writer.apply(_GETITEM, (x,), {"index": (*seen, slice(None))}, shape, dtype_of(x))
    whole = (own[0], *lengths, own[-1])
    if shape == whole:
        return x
    index = (*laid, slice(None))
    return writer.apply(_SCATTER, (x,), {"index": index, "shape": whole}, whole, dtype_of(x))


def _turned(writer: Writer, w: Value, windows: Any) -> Value:
    """The kernel from the other end, its inputs and outputs exchanged in each group."""
    ndim, groups = len(windows.kernel), windows.groups
    dtype, own = dtype_of(w), shape_of(w)
    index = (*[slice(None, None, -1)] * ndim, slice(None), slice(None))
    w = writer.apply(_GETITEM, (w,), {"index": index}, own, dtype)
    channels, outputs, kernel = own[-2], own[-1] // groups, windows.kernel
    parts = (*kernel, channels, groups, outputs)
    w = writer.apply(_RESHAPE, (w,), {"shape": parts}, parts, dtype)
    order = (*range(ndim), ndim + 2, ndim + 1, ndim)
    turned = (*kernel, outputs, groups, channels)
    w = writer.apply(_TRANSPOSE, (w,), {"axes": order}, turned, dtype)
    whole = (*kernel, outputs, groups * channels)
    return writer.apply(_RESHAPE, (w,), {"shape": whole}, whole, dtype)
