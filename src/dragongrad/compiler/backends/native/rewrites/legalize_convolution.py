"""Convolutions as machine code has them: without padding, and without transposed ones.

The zeros around an image are laid out before it is read, one image at a time where its nest holds rows. The
transpose of a convolution is one of the framed cotangent with the kernel turned round.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from .....core.block import BLOCKS
from .....records import record, replace
from ....graph import Graph, Op, Value
from ....rewrite import Writer, dtype_of, rewrite, shape_of
from ..linalg.convolution import Shape
from ..linalg.external_calls import LETTERS

_CONV, _BACK, _KERNEL = (BLOCKS[name] for name in ("conv", "conv_transpose", "conv_kernel"))
_FAMILY = frozenset({_CONV, _BACK, _KERNEL})
_GETITEM, _SCATTER = BLOCKS["getitem"], BLOCKS["scatter"]
_TRANSPOSE, _RESHAPE, _STACK = BLOCKS[np.transpose], BLOCKS[np.reshape], BLOCKS[np.stack]


def is_convolution(node: Op) -> bool:
    """Whether an operation is a convolution, or the gradient of its kernel, that is computed image by image."""
    return node.block in (_CONV, _KERNEL) and _is_computed(node) and not any(map(any, _windows(node).padding))


def is_kernel(node: Op) -> bool:
    """Whether a convolution is the one that is summed over images: the gradient of its kernel."""
    return node.block is _KERNEL


def shape_of_image(node: Op) -> Shape:
    """What is computed of each image."""
    windows, (x, y) = _windows(node), node.operands
    return Shape(
        windows.spatial, windows.kernel, windows.stride, windows.dilation, shape_of(x)[-1], shape_of(y)[-1],
        windows.groups, "double" if node.dtype == np.float64 else "float",
    )  # fmt: skip


def terms(node: Op) -> float:
    """About how many products of two numbers it takes."""
    windows, (x, y) = _windows(node), node.operands
    of_out = node.size if node.block is _CONV else float(np.prod(shape_of(y)))
    return float(of_out * windows.taps * (shape_of(x)[-1] // windows.groups))


def _windows(node: Op) -> Any:
    return node.params["windows"]


def _is_computed(node: Op) -> bool:
    """Whether it is of floating numbers of one width, and of any at all."""
    values = node.operands
    sizes = [n for v in (*values, node) for n in shape_of(v)]
    return all(dtype_of(v) == node.dtype for v in values) and node.dtype.name in LETTERS and min(sizes) > 0


def frame_convolutions(graph: Graph) -> Graph:
    """The Graph in which all convolutions are of framed images, and none is transposed."""
    turned: list[Op] = []

    def visit(writer: Writer, node: Op, values: tuple[Value, ...]) -> Value:
        if not _is_computed(node) or is_convolution(node):
            return None
        windows, (x, y) = _windows(node), values
        if node.block is _BACK:
            return _transposed(writer, node, x, y, turned)
        pairs = zip(windows.spatial, windows.padding, strict=True)
        lengths = tuple([n + before + after for n, (before, after) in pairs])
        framed = _framed(writer, x, lengths, [before for before, _ in windows.padding], (1,) * len(lengths))
        bare = replace(windows, spatial=lengths, padding=((0, 0),) * len(lengths))
        return writer.apply(node.block, (framed, y), {"windows": bare}, node.shape, node.dtype)

    found = rewrite(graph, visit, _FAMILY)
    return found if not turned else found.rewritten(_hoisted(found, turned), found.outputs)


def _hoisted(graph: Graph, early: list[Op]) -> list[Op]:
    """The operations with some as early as can be: kernels that are turned before the images share one loop."""
    order: list[Op] = []
    waiting, made = list(early), set(graph.inputs)
    moved = set(early)

    for node in [None, *[n for n in graph.nodes if n not in moved]]:
        if node is not None:
            order.append(node)
            made.add(node)
        for one in list(waiting):
            if all(map(made.__contains__, one.sources)):
                order.append(one)
                made.add(one)
                waiting.remove(one)
    return order


@record
class _Phase:
    """The elements of a transposed convolution along one axis that lie `stride` apart: a convolution of their own.

    They see the taps `first`, `first + apart`, ..., as many as `taps`; neighbours see places of the cotangent
    that are `dilation` apart, and the last tap of the first element sees the place `-start`.
    """

    first: int
    apart: int
    taps: int
    dilation: int
    start: int


def _phases(length: int, stride: int, dilation: int, before: int) -> list[_Phase]:
    """The phases along an axis whose kernel has so many taps, after so many zeros."""
    common = math.gcd(stride, dilation)
    apart, found = stride // common, []
    for p in range(stride):
        # Tap k of element p + stride * m sees the place (p + before - dilation * k) / stride + m, if that is one.
        first = next((k for k in range(min(apart, length)) if (p + before - dilation * k) % stride == 0), length)
        taps = len(range(first, length, apart))
        reach = dilation // common * (taps - 1)
        found.append(
            _Phase(first, apart, taps, dilation // common, reach - (p + before - dilation * first) // stride)
        )
    return found


def _transposed(writer: Writer, node: Op, y: Value, w: Value, early: list[Op]) -> Value:
    """The phases side by side: none multiplies the zeros that a stride would leave between places."""
    windows = _windows(node)
    turned, ndim = _turned(writer, w, windows, early), len(windows.kernel)
    axes = [
        _phases(k, s, d, before)
        for k, s, d, (before, _) in zip(
            windows.kernel, windows.stride, windows.dilation, windows.padding, strict=True
        )
    ]
    lengths = tuple([-(-n // s) for n, s in zip(windows.spatial, windows.stride, strict=True)])
    shape = (node.shape[0], *lengths, node.shape[-1])

    def stacked(axis: int, chosen: tuple[_Phase, ...]) -> Value:
        if axis == ndim:
            return _phase(writer, y, turned, windows, chosen, shape)
        parts = [stacked(axis + 1, (*chosen, phase)) for phase in axes[axis]]
        if len(parts) == 1:
            return parts[0]
        inner = shape_of(parts[0])
        whole = (*inner[: axis + 2], len(parts), *inner[axis + 2 :])
        return writer.apply(_STACK, tuple(parts), {"axis": axis + 2}, whole, node.dtype)

    found = stacked(0, ())
    large = (shape[0], *[n * s for n, s in zip(lengths, windows.stride, strict=True)], shape[-1])
    if shape_of(found) != large:
        found = writer.apply(_RESHAPE, (found,), {"shape": large}, large, node.dtype)
    if large != node.shape:
        index = (slice(None), *[slice(n) for n in windows.spatial], slice(None))
        found = writer.apply(_GETITEM, (found,), {"index": index}, node.shape, node.dtype)
    return found


def _phase(
    writer: Writer, y: Value, turned: Value, windows: Any, chosen: tuple[_Phase, ...], shape: tuple[int, ...]
) -> Value:
    """One phase along every axis."""
    dtype = dtype_of(y)
    if any(phase.taps == 0 for phase in chosen):
        return np.broadcast_to(np.zeros((), dtype), shape)
    taps = tuple([phase.taps for phase in chosen])
    # The kernel is turned round already: a phase's last tap comes first.
    own = [
        slice(k - 1 - (p.first + (p.taps - 1) * p.apart), None, p.apart)
        for k, p in zip(windows.kernel, chosen, strict=True)
    ]
    kernel = turned
    if taps != windows.kernel:
        inner = (*taps, *shape_of(turned)[-2:])
        index = (*own, slice(None), slice(None))
        kernel = writer.apply(_GETITEM, (turned,), {"index": index}, inner, dtype)
    lengths = tuple([n + p.dilation * (p.taps - 1) for n, p in zip(shape[1:-1], chosen, strict=True)])
    ones = (1,) * len(taps)
    framed = _framed(writer, y, lengths, [p.start for p in chosen], ones)
    bare = replace(
        windows, spatial=lengths, kernel=taps, stride=ones, dilation=tuple([p.dilation for p in chosen]),
        padding=((0, 0),) * len(taps),
    )  # fmt: skip
    return writer.apply(_CONV, (framed, kernel), {"windows": bare}, shape, dtype)


def _framed(writer: Writer, x: Value, lengths: tuple[int, ...], starts: list[int], steps: tuple[int, ...]) -> Value:
    """Images among zeros: their places along each axis begin somewhere, and are so many apart."""
    own = shape_of(x)
    seen, laid = [slice(None)], [slice(None)]
    for n, length, start, step in zip(own[1:-1], lengths, starts, steps, strict=True):
        # What would lie before or behind the frame is not seen.
        first = max(0, -(start // step)) if start < 0 else 0
        last = max(first, min(n, -(-(length - start) // step)))
        seen.append(slice(first, last))
        at = start + first * step
        laid.append(slice(at, at + (last - first - 1) * step + 1, step))
    shape = (own[0], *[s.stop - s.start for s in seen[1:]], own[-1])
    if shape != own:
        x = writer.apply(_GETITEM, (x,), {"index": (*seen, slice(None))}, shape, dtype_of(x))
    whole = (own[0], *lengths, own[-1])
    if shape == whole:
        return x
    places = tuple([(piece.start, piece.step) for piece in laid[1:]])
    return writer.apply(
        _SCATTER, (x,), {"index": (*laid, slice(None)), "shape": whole, "places": places}, whole, dtype_of(x)
    )


def places_of(node: Op) -> tuple[tuple[int, int], ...] | None:
    """Where images lie in their frame: of each spatial axis the first place and the step. None: it is no frame."""
    found: tuple[tuple[int, int], ...] | None = node.params.get("places") if node.block is _SCATTER else None
    return found


def _turned(writer: Writer, w: Value, windows: Any, early: list[Op]) -> Value:
    """The kernel from the other end, its inputs and outputs exchanged in each group."""
    ndim, groups = len(windows.kernel), windows.groups
    dtype, own = dtype_of(w), shape_of(w)
    index = (*[slice(None, None, -1)] * ndim, slice(None), slice(None))
    channels, outputs, kernel = own[-2], own[-1] // groups, windows.kernel
    parts, turned = (*kernel, channels, groups, outputs), (*kernel, outputs, groups, channels)
    order, whole = (*range(ndim), ndim + 2, ndim + 1, ndim), (*kernel, outputs, groups * channels)
    for block, params, shape in (
        (_GETITEM, {"index": index}, own), (_RESHAPE, {"shape": parts}, parts),
        (_TRANSPOSE, {"axes": order}, turned), (_RESHAPE, {"shape": whole}, whole),
    ):  # fmt: skip
        w = writer.apply(block, (w,), params, shape, dtype)
        early.append(w)
    return w
