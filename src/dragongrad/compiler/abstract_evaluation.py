"""What a value looks like before anybody asks for its elements: large values are not computed while tracing."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from typing import Any, TypeAlias

import numpy as np

from ..core.block import BLOCKS, Block
from ..core.variable import is_number
from .rewrite import broadcast_shapes

# Arrays of fewer elements are computed at once: that is quicker than to think about them.
LARGE = 4096
# A shape, a dtype, and whether NumPy would give a number rather than an array of no axes.
Look: TypeAlias = tuple[tuple[int, ...], Any, bool]


class Outline(np.ndarray[Any, Any]):
    """A shape and a dtype; every element is one and the same zero in memory, and means nothing."""

    def __repr__(self) -> str:
        return f"<array of shape {self.shape} and dtype {self.dtype}, not computed while tracing>"

    __str__ = __repr__

    def __getitem__(self, index: Any) -> Any:
        """The outline of an element, or of a part."""
        found = super().__getitem__(index)
        return found.view(Outline) if isinstance(found, np.ndarray) else outline((), self.dtype, number=True)

    def as_truth(self) -> Any:
        """The outline of a truth value of Python's."""
        return self.view(OutlinedTruth)


class OutlinedNumber(Outline):
    """The outline of one of NumPy's numbers."""

    is_number = True


class OutlinedTruth(OutlinedNumber):
    """The outline of True or False."""


def outline(shape: tuple[int, ...], dtype: Any, number: bool = False) -> Outline:
    """The outline of an array, or of a number."""
    return np.broadcast_to(np.zeros((), dtype), shape).view(OutlinedNumber if number else Outline)


def form_of(value: Any) -> type:
    """The class of a value, outlined or not, of which every array is an ndarray."""
    if isinstance(value, OutlinedNumber):
        return bool if isinstance(value, OutlinedTruth) else np.generic
    return np.ndarray if isinstance(value, np.ndarray) else value.__class__


def outlined(block: Block, values: list[Any], params: dict[str, Any]) -> Outline | None:
    """The outline of a Block's value where that is worth it; None: compute it.

    A mistake in shapes or axes is left to the computation, which raises NumPy's own error.
    """
    # Of numbers alone no array is large.
    for v in values:
        if isinstance(v, np.ndarray):
            break
    else:
        return None
    large = any(isinstance(v, Outline) or np.size(v) > LARGE for v in values)
    rule = _ufunc if isinstance(block.fn, np.ufunc) and block.fn.signature is None else _RULES.get(block)
    if rule is None or not (large or (rule is _ufunc and len(values) > 1)):
        return None
    try:
        found = rule(block, values, params)
    except (ValueError, TypeError, IndexError, RuntimeError):
        # NumPy raises a RuntimeError where it cannot broadcast shapes of more than 32 axes.
        return None
    if found is None:
        return None
    shape, dtype, number = found
    size = 1
    for n in shape:
        size *= n
    return outline(shape, dtype, number) if size > LARGE or large else None


@cache
def _dtype(block: Block, kinds: tuple[Any, ...]) -> Any:
    """The dtype of a value, from its dtypes and the classes of Python numbers; values never decide it."""
    ones = [kind(1) if isinstance(kind, type) else np.ones((), kind)[()] for kind in kinds]
    with np.errstate(all="ignore"):
        return np.asarray(block.value(*ones)).dtype


def _kind(value: Any) -> Any:
    return value.dtype if isinstance(value, (np.ndarray, np.generic)) else value.__class__


def _ufunc(block: Block, values: list[Any], params: dict[str, Any]) -> Look | None:
    if params or block.outputs > 1:
        return None
    shape = broadcast_shapes(*map(np.shape, values))
    return shape, _dtype(block, tuple(map(_kind, values))), not shape


def _where(block: Block, values: list[Any], params: dict[str, Any]) -> Look | None:
    return broadcast_shapes(*map(np.shape, values)), _dtype(block, tuple(map(_kind, values))), False


def _astype(block: Block, values: list[Any], params: dict[str, Any]) -> Look | None:
    return np.shape(values[0]), np.dtype(params["dtype"]), is_number(values[0])


def _reduction(block: Block, values: list[Any], params: dict[str, Any]) -> Look | None:
    (x,) = values
    if not x.size:
        return None
    axis, ndim = params.get("axis"), x.ndim
    given = range(ndim) if axis is None else axis if isinstance(axis, tuple) else (axis,)
    axes = {range(ndim)[a] for a in given}
    keep = params.get("keepdims")
    shape = tuple([1 if a in axes else n for a, n in enumerate(x.shape) if keep or a not in axes])
    with np.errstate(all="ignore"):
        return shape, np.asarray(block.value(np.ones((1,) * ndim, x.dtype), **params)).dtype, not shape


def _view(block: Block, values: list[Any], params: dict[str, Any]) -> Look | None:
    # A view of an outline is an outline; of an array, it costs nothing.
    if not isinstance(values[0], Outline):
        return None
    out = block.value(*values, **params)
    # What is spread is an array.
    return out.shape, out.dtype, is_number(out) and block is not BLOCKS[np.broadcast_to] and not out.shape


def _scatter(block: Block, values: list[Any], params: dict[str, Any]) -> Look | None:
    return tuple(params["shape"]), values[0].dtype, False


def _matmul(block: Block, values: list[Any], params: dict[str, Any]) -> Look | None:
    x, y = values
    lead = broadcast_shapes(x.shape[:-2], y.shape[:-2])
    inner = y.shape[-2] if y.ndim > 1 else y.shape[0]
    if params or x.shape[-1] != inner:
        return None
    shape = (*lead, *x.shape[-2:-1], *(y.shape[-1:] if y.ndim > 1 else ()))
    return shape, np.result_type(x, y), not shape


def _stack(block: Block, values: list[Any], params: dict[str, Any]) -> Look | None:
    first = np.shape(values[0])
    if set(params) - {"axis"} or any(np.shape(v) != first for v in values):
        return None
    axis = range(len(first) + 1)[params.get("axis") or 0]
    return (*first[:axis], len(values), *first[axis:]), np.result_type(*values), False


def _concatenate(block: Block, values: list[Any], params: dict[str, Any]) -> Look | None:
    first = np.shape(values[0])
    axis = params.get("axis", 0)
    if set(params) - {"axis"} or axis is None:
        return None
    axis = range(len(first))[axis]
    rest = {(*np.shape(v)[:axis], *np.shape(v)[axis + 1 :]) for v in values}
    if len(rest) != 1 or any(np.ndim(v) != len(first) for v in values):
        return None
    shape = (*first[:axis], sum(np.shape(v)[axis] for v in values), *first[axis + 1 :])
    return shape, np.result_type(*values), False


def _conv(block: Block, values: list[Any], params: dict[str, Any]) -> Look | None:
    (x, y), windows = values, params["windows"]
    return (x.shape[0], *windows.out, y.shape[-1]), np.result_type(x, y), False


def _conv_transpose(block: Block, values: list[Any], params: dict[str, Any]) -> Look | None:
    (x, y), windows = values, params["windows"]
    return (x.shape[0], *windows.spatial, y.shape[-2] * windows.groups), np.result_type(x, y), False


def _conv_kernel(block: Block, values: list[Any], params: dict[str, Any]) -> Look | None:
    (x, y), windows = values, params["windows"]
    return (*windows.kernel, x.shape[-1] // windows.groups, y.shape[-1]), np.result_type(x, y), False


_RULES: dict[Block, Callable[[Block, list[Any], dict[str, Any]], Look | None]] = {
    **{BLOCKS[fn]: _reduction for fn in (np.sum, np.max, np.min, np.any, np.all)},
    **{BLOCKS[fn]: _view for fn in (np.reshape, np.transpose, np.broadcast_to, "getitem", "stop_gradient")},
    BLOCKS["astype"]: _astype,
    BLOCKS["scatter"]: _scatter,
    BLOCKS[np.where]: _where,
    BLOCKS[np.matmul]: _matmul,
    BLOCKS["conv"]: _conv,
    BLOCKS["conv_transpose"]: _conv_transpose,
    BLOCKS["conv_kernel"]: _conv_kernel,
    BLOCKS[np.stack]: _stack,
    BLOCKS[np.concatenate]: _concatenate,
}
# What looks at the shape of its argument alone.
OF_SHAPES = frozenset({b for b in BLOCKS.values() if b.name == "_ones_like"})
