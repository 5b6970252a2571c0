"""Axis arithmetic that the rules share."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

Axis = int | tuple[int, ...] | None

# Below this size a sum with zeros is quicker than `np.broadcast_to`.
_SMALL = 4096


def spread(value: Any, shape: tuple[int, ...]) -> Any:
    """Broadcast to a shape."""
    if np.shape(value) == shape:
        return value
    size = 1
    for n in shape:
        size *= n
    return np.zeros(shape, value.dtype) + value if size < _SMALL else np.broadcast_to(value, shape)


def normal(axis: Axis, ndim: int) -> tuple[int, ...]:
    """The axes that an `axis` argument means, as non-negative numbers."""
    if axis is None:
        return tuple(range(ndim))
    if isinstance(axis, int) and -ndim <= axis < ndim:
        return (axis % ndim,)
    if not ndim and axis in (0, -1):
        # NumPy reduces a number along an axis 0 that it does not have.
        return ()
    axes: tuple[int, ...] = np.lib.array_utils.normalize_axis_tuple(axis, ndim)
    return axes


def restore(value: Any, x: Any, axis: Axis, keepdims: bool) -> Any:
    """Give a reduced array its axes back, with length one."""
    if keepdims or not x.ndim:
        return value
    axes = normal(axis, x.ndim)
    return np.reshape(value, tuple(1 if i in axes else n for i, n in enumerate(x.shape)))


def shift(axis: Axis, ndim: int) -> Any:
    """The same axes of an array that has the batch before them; `ndim` counts the axes of one row."""
    if axis is None:
        return tuple(range(1, ndim + 1))
    if isinstance(axis, (int, np.integer)):
        return int(axis) + 1 if axis >= 0 else int(axis)
    return tuple(a + 1 if a >= 0 else a for a in axis)


def along_axes(fn: Any) -> Callable[..., Any]:
    """The batch rule of a reduction over `axis` (None: over all)."""

    def batch(size: int, values: list[Any], batched: Any, axis: Axis = None, **params: Any) -> Any:
        # Rows that are numbers have no axis: the -1 that NumPy allows there must not become the batch's.
        at = shift(axis, values[0].ndim - 1) if values[0].ndim > 1 else ()
        return fn(values[0], axis=at, **params)

    return batch


def along_axis(fn: Any, default: int | None) -> Callable[..., Any]:
    """The batch rule of a function along one `axis` (None: of the flattened array)."""

    def batch(size: int, values: list[Any], batched: Any, axis: int | None = default, **params: Any) -> Any:
        (x,) = values
        if axis is None or x.ndim == 1:
            return fn(np.reshape(x, (size, -1)), axis=1, **params)
        return fn(x, axis=shift(axis, x.ndim - 1), **params)

    return batch


def front(size: int, value: Any, batched: bool) -> Any:
    """A value with the batch along axis 0, whether it had one or not."""
    return value if batched else np.broadcast_to(value, (size, *np.shape(value)))
