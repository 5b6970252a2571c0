"""Indices: masks as places, places counted from the front, evenly spaced ones as slices, views of views as one."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from ...core.block import BLOCKS
from ..graph import Graph, Op, Value
from ..indexing import Part, parts_of, width
from ..rewrite import Writer, dtype_of, is_place, rewrite, shape_of

_GETITEM, _SCATTER, _SETITEM = BLOCKS["getitem"], BLOCKS["scatter"], BLOCKS["setitem"]
_INDEXED = frozenset({_GETITEM, _SCATTER, _SETITEM, BLOCKS["gather"], BLOCKS["scatter_at"], BLOCKS["setitem_at"]})
_STACK = BLOCKS[np.stack]


def tidy_indices(graph: Graph) -> Graph:
    """Write indices in their plainest form, and read through what was just joined or sliced."""
    return rewrite(graph, _visit, _INDEXED)


def _visit(writer: Writer, node: Op, values: tuple[Value, ...]) -> Value:
    shape = node.params.get("shape") or shape_of(values[0])
    index = plain_index(node.params["index"], tuple(shape))
    if node.block is _GETITEM:
        found = _through(writer, node, values[0], index)
        if found is not None:
            return found
    elif node.block is _SCATTER:
        found = _laid_twice(writer, node, values[0], index)
        if found is not None:
            return found
    if index is node.params["index"]:
        return None
    return writer.apply(node.block, values, {**node.params, "index": index}, node.shape, node.dtype)


def plain_index(index: tuple[Any, ...], shape: tuple[int, ...]) -> tuple[Any, ...]:
    """The same index without masks and negative places; the very same object where nothing changes."""
    parts: list[Any] = []
    axis = 0
    used = sum(width(p) for p in index)
    for p in index:
        if p is Ellipsis:
            axis += len(shape) - used
            parts.append(p)
            continue
        parts += _plain_part(p, shape[axis : axis + width(p)])
        axis += width(p)
    single = [k for k, p in enumerate(parts) if not (p is None or p is Ellipsis or isinstance(p, slice))]
    if len(single) == 1:
        # One array among slices keeps its place in the result, as a slice would, or a new axis in place of True.
        (k,) = single
        parts[k] = None if _is_true(parts[k]) else as_slice(parts[k])
    same = len(parts) == len(index) and all(a is b for a, b in zip(parts, index, strict=True))
    return index if same else tuple(parts)


def _plain_part(part: Any, lengths: tuple[int, ...]) -> list[Any]:
    if not isinstance(part, np.ndarray) or part.ndim == 0:
        return [part]
    if part.dtype.kind == "b":
        return list(np.nonzero(part))
    if part.dtype == np.int64 and (not part.size or part.min() >= 0):
        return [part]
    places = part.astype(np.int64)
    return [np.where(places < 0, places + lengths[0], places)]


def _is_true(part: Any) -> bool:
    """Whether a part is a mask of no axes that holds."""
    return width(part) == 0 and bool(part)


def as_slice(part: Any) -> Any:
    """Evenly spaced places as a slice."""
    if not isinstance(part, np.ndarray) or part.ndim != 1 or part.size < 2:
        return part
    step = int(part[1]) - int(part[0])
    if step == 0 or part[0] < 0 or part[-1] < 0 or np.any(np.diff(part) != step):
        return part
    stop = int(part[-1]) + (1 if step > 0 else -1)
    return slice(int(part[0]), None if stop < 0 else stop, None if step == 1 else step)


# Views of views


def _through(writer: Writer, node: Op, x: Value, index: tuple[Any, ...]) -> Value:
    """What an element or a slice of a slice, or a row of a stack, is of the source."""
    if not isinstance(x, Op):
        return None
    if x.block is _STACK and not x.params.get("axis") and index and is_place(index[0]):
        row = x.operands[index[0]]
        if dtype_of(row) != node.dtype:
            return None
        if len(index) == 1:
            return row
        return writer.apply(_GETITEM, (row,), {"index": index[1:]}, node.shape, node.dtype)
    if x.block is _GETITEM:
        both = composed(x.params["index"], index, shape_of(x.operands[0]), x.shape)
        if both is not None:
            return writer.apply(_GETITEM, x.operands, {"index": both}, node.shape, node.dtype)
    return None


def _laid_twice(writer: Writer, node: Op, x: Value, index: tuple[Any, ...]) -> Value:
    """What is laid into zeros that are laid into zeros."""
    if not isinstance(x, Op) or x.block is not _SCATTER:
        return None
    places = _spelled(index, node.shape)
    if places is None or x.shape != tuple([1 if p is None else len(p) for p in places if not is_place(p)]):
        return None
    both = composed(index, x.params["index"], node.shape, x.shape)
    if both is None:
        return None
    return writer.apply(_SCATTER, x.operands, {**node.params, "index": both}, node.shape, node.dtype)


def composed(
    first: tuple[Any, ...], second: tuple[Any, ...], shape: tuple[int, ...], between: tuple[int, ...]
) -> tuple[Any, ...] | None:
    """One index that does what two do after another, where both are of slices and numbers only."""
    outer, inner = _spelled(first, shape), _spelled(second, between)
    if outer is None or inner is None:
        return None
    rest = iter(inner)
    parts: list[Any] = []
    for part in outer:
        if is_place(part):
            parts.append(part)
            continue
        follow = next(rest)
        while follow is None:
            parts.append(None)
            follow = next(rest)
        if part is None:
            # Of a new axis there is one element, or none.
            if is_place(follow):
                continue
            if len(follow) != 1:
                return None
            parts.append(None)
        else:
            parts.append(part[follow if is_place(follow) else _slice(follow)])
    parts += [None for follow in rest if follow is None]
    return tuple([_slice(p) if isinstance(p, range) else p for p in parts])


def _spelled(index: tuple[Any, ...], shape: tuple[int, ...]) -> list[Any] | None:
    """Every axis of an index: a range of places for a slice, a number, or None for a new axis."""
    parts = parts_of(index, shape)
    if any(p.kind in ("array", "mask") for p in parts):
        return None
    found: dict[str, Callable[[Part], Any]] = {
        "new": lambda p: None,
        "take": lambda p: p.start,
        "slice": lambda p: range(p.start, p.start + p.count * p.step, p.step),
    }
    return [found[p.kind](p) for p in parts]


def _slice(places: range) -> slice:
    if not places:
        return slice(0, 0)
    stop = places[-1] + (1 if places.step > 0 else -1)
    return slice(places[0], None if stop < 0 else stop, None if places.step == 1 else places.step)
