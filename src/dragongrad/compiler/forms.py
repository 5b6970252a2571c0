"""The shape and dtype of a value, from those of what a Block is applied to."""

from __future__ import annotations

from functools import cache
from typing import Any

import numpy as np

from ..core.block import BLOCKS, Block
from ..core.variable import is_number
from .lowering import Form
from .rewrite import broadcast_shapes


@cache
def _dtype(block: Block, kinds: tuple[Any, ...]) -> Any:
    """The dtype of a value, from its dtypes and the classes of Python numbers; values never decide it."""
    ones = [kind(1) if isinstance(kind, type) else np.ones((), kind)[()] for kind in kinds]
    with np.errstate(all="ignore"):
        return np.asarray(block.value(*ones)).dtype


def _kind(value: Any) -> Any:
    return value.dtype if isinstance(value, (np.ndarray, np.generic)) else value.__class__


def elementwise(block: Block, values: list[Any], params: dict[str, Any]) -> Form | None:
    """The form of what is computed of the elements at the same place."""
    if params or block.outputs > 1:
        return None
    shape = broadcast_shapes(*map(np.shape, values))
    return shape, _dtype(block, tuple(map(_kind, values))), not shape


def choice(block: Block, values: list[Any], params: dict[str, Any]) -> Form | None:
    """The form of one of several elements at the same place."""
    return broadcast_shapes(*map(np.shape, values)), _dtype(block, tuple(map(_kind, values))), False


def conversion(block: Block, values: list[Any], params: dict[str, Any]) -> Form | None:
    """The form of a value in another dtype."""
    return np.shape(values[0]), np.dtype(params["dtype"]), is_number(values[0])


def reduction(block: Block, values: list[Any], params: dict[str, Any]) -> Form | None:
    """The form of what combines elements along axes."""
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


def view(block: Block, values: list[Any], params: dict[str, Any]) -> Form | None:
    """The form of a view of an array that costs nothing to look at, such as an outline."""
    out = block.value(*values, **params)
    return out.shape, out.dtype, is_number(out) and not out.shape


def broadcast(block: Block, values: list[Any], params: dict[str, Any]) -> Form | None:
    """The form of what is spread over a shape, which is an array."""
    out = block.value(*values, **params)
    return out.shape, out.dtype, False


def zeros(block: Block, values: list[Any], params: dict[str, Any]) -> Form | None:
    """The form of what is laid into zeros."""
    return tuple(params["shape"]), values[0].dtype, False


def written(block: Block, values: list[Any], params: dict[str, Any]) -> Form | None:
    """The form of an array into which something is written that fits."""
    x, y, *stack = values
    like = np.broadcast_to(np.zeros((), x.dtype), x.shape)
    places = [np.zeros(v.shape, v.dtype) for v in stack]
    region = BLOCKS["gather" if stack else "getitem"].value(like, *places, **params)
    if np.asarray(y).dtype.kind == "c" and x.dtype.kind != "c":
        return None
    if broadcast_shapes(np.shape(y), np.shape(region)) != np.shape(region):
        return None
    return x.shape, x.dtype, False


def gathered(block: Block, values: list[Any], params: dict[str, Any]) -> Form | None:
    """The form of elements at places that are computed: any places tell."""
    x, places = values
    out = block.value(x, np.zeros(places.shape, places.dtype), **params)
    return out.shape, out.dtype, is_number(out) and not out.shape


def matmul(block: Block, values: list[Any], params: dict[str, Any]) -> Form | None:
    """The form of a matrix product."""
    x, y = values
    lead = broadcast_shapes(x.shape[:-2], y.shape[:-2])
    inner = y.shape[-2] if y.ndim > 1 else y.shape[0]
    if params or x.shape[-1] != inner:
        return None
    shape = (*lead, *x.shape[-2:-1], *(y.shape[-1:] if y.ndim > 1 else ()))
    return shape, np.result_type(x, y), not shape


def stack(block: Block, values: list[Any], params: dict[str, Any]) -> Form | None:
    """The form of what is put side by side along a new axis."""
    first = np.shape(values[0])
    if set(params) - {"axis"} or any(np.shape(v) != first for v in values):
        return None
    axis = range(len(first) + 1)[params.get("axis") or 0]
    # Python's numbers are arrays of their own dtype here.
    dtypes = [v.dtype if hasattr(v, "dtype") else np.asarray(v).dtype for v in values]
    return (*first[:axis], len(values), *first[axis:]), np.result_type(*dtypes), False


def concatenate(block: Block, values: list[Any], params: dict[str, Any]) -> Form | None:
    """The form of what is put side by side along an axis."""
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


def convolution(block: Block, values: list[Any], params: dict[str, Any]) -> Form | None:
    """The form of a convolution: images, places, channels."""
    (x, y), windows = values, params["windows"]
    return (x.shape[0], *windows.out, y.shape[-1]), np.result_type(x, y), False


def transposed_convolution(block: Block, values: list[Any], params: dict[str, Any]) -> Form | None:
    """The form of the transpose of a convolution."""
    (x, y), windows = values, params["windows"]
    return (x.shape[0], *windows.spatial, y.shape[-2] * windows.groups), np.result_type(x, y), False


def kernel(block: Block, values: list[Any], params: dict[str, Any]) -> Form | None:
    """The form of the gradient of a convolution's kernel."""
    (x, y), windows = values, params["windows"]
    return (*windows.kernel, x.shape[-1] // windows.groups, y.shape[-1]), np.result_type(x, y), False
