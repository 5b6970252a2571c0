"""What the rules share: arguments as arrays, and the arithmetic of axes."""

from __future__ import annotations

import operator
from collections.abc import Callable
from typing import Any

import numpy as np

from ..core.variable import Variable, plain

Axis = int | tuple[int, ...] | None

# What a `keepdims` may be.
_GREATEST = 2**31 - 1
# NumPy's arrays have no more.
MOST_AXES = 64
# Below this size a sum with zeros is quicker than `np.broadcast_to`.
_SMALL = 4096


def as_array(value: Any) -> Any:
    """As `plain`, with an array without axes in place of a number."""
    value = plain(value)
    if isinstance(value, Variable):
        return value.level.from_numpy(value) if value.data.__class__ in _NUMBERS else value
    return value if isinstance(value, (np.ndarray, np.generic)) else np.asarray(value)


# Python's own numbers, which compiled functions are given too, take the dtype of what they stand beside.
_NUMBERS = frozenset({int, float, complex})


def promoted_as(value: Any) -> Any:
    """What `np.result_type` is told of a value: its dtype, or a number of Python's that stands for one."""
    number = value.data if isinstance(value, Variable) else value
    return number if number.__class__ in _NUMBERS else as_array(value).dtype


def spread(value: Any, shape: tuple[int, ...]) -> Any:
    """Broadcast to a shape."""
    if np.shape(value) == shape:
        return value
    size = 1
    for n in shape:
        size *= n
    return np.zeros(shape, value.dtype) + value if size < _SMALL else np.broadcast_to(value, shape)


def normal(axis: Any, ndim: int) -> tuple[int, ...]:
    """The axes that an `axis` argument means, as non-negative numbers; NumPy's error where there is none."""
    if axis is None:
        return tuple(range(ndim))
    if axis.__class__ is int and -ndim <= axis < ndim:
        return (axis % ndim,)
    if isinstance(axis, str):
        raise TypeError("'str' object cannot be interpreted as an integer")
    axes: tuple[int, ...] = np.lib.array_utils.normalize_axis_tuple(axis, ndim)
    return axes


def single(axis: Any, ndim: int) -> int:
    """The one axis that an `axis` argument means, as a non-negative number."""
    return int(np.lib.array_utils.normalize_axis_index(axis, ndim))


def number_of(axis: Any) -> int:
    """The number of one axis where NumPy takes no sequence of them, and no truth value."""
    refuse_truths(axis)
    return operator.index(axis)


def lone(axis: Any) -> Any:
    """One axis where NumPy takes a tuple of one as well."""
    return axis[0] if axis.__class__ is tuple and len(axis) == 1 else axis


def refuse_truths(axis: Any) -> None:
    """Refuse truth values as axes, as NumPy does."""
    if axis.__class__ is bool or (axis.__class__ is tuple and any(a.__class__ is bool for a in axis)):
        raise TypeError("an integer is required for the axis")


def reduced(axis: Any, ndim: int) -> tuple[int, ...]:
    """As `normal`, for what NumPy also reduces along an axis 0 that a number does not have.

    Several axes are then in a tuple, and in no other sequence.
    """
    refuse_truths(axis)
    if axis is None or isinstance(axis, tuple):
        return normal(axis, ndim)
    at = operator.index(axis)
    return normal(at, ndim) if ndim or at not in (0, -1) else ()


def keeps(keepdims: Any) -> bool:
    """Whether axes are kept: a whole number says so, as for NumPy's reductions; nothing else does."""
    if keepdims.__class__ is bool:
        return bool(keepdims)
    number = 0 if keepdims is np._NoValue else operator.index(keepdims)
    if abs(number) > _GREATEST:
        raise OverflowError("keepdims is a whole number that C's int does not hold")
    return number != 0


def in_native_order(dtype: Any) -> Any:
    """A dtype for sums, which NumPy computes in the machine's order of bytes alone."""
    if dtype is not None and not np.dtype(dtype).isnative:
        raise TypeError(f"no sum is computed in the dtype {np.dtype(dtype).str!r}: write .astype() behind it")
    return dtype


def turned(dtype: Any) -> Any:
    """The dtype in the machine's order of bytes."""
    return None if dtype is None else np.dtype(dtype).newbyteorder("=")


def mask_of(where: Any, name: str = "") -> Any:
    """What a `where=` says, as an array of truths: NumPy makes them of numbers and lists, and not of arrays."""
    mask = as_array(where)
    mask = mask if isinstance(where, (np.ndarray, Variable)) else mask.astype(bool)
    if mask.dtype.kind != "b":
        raise TypeError(f"{name}{name and ': '}where= must be boolean, it was {mask.dtype}")
    return mask


def masked(a: Any, where: Any, absent: Any, name: str = "") -> Any:
    """An array, with a number in place of what a `where=` leaves out."""
    return np.where(np.broadcast_to(mask_of(where, name), a.shape), a, a.dtype.type(absent))


def restore(value: Any, x: Any, axis: Axis, keepdims: bool) -> Any:
    """Give a reduced array its axes back, with length one."""
    if keepdims or not x.ndim:
        return value
    axes = reduced(axis, x.ndim)
    return np.reshape(value, tuple(1 if i in axes else n for i, n in enumerate(x.shape)))


def joined(x: Any, axes: tuple[int, ...]) -> Any:
    """An array with some axes joined into the first one."""
    rest = tuple(i for i in range(x.ndim) if i not in axes)
    shape = tuple(x.shape[i] for i in rest)
    count = 1
    for i in axes:
        count *= x.shape[i]
    return np.reshape(np.transpose(x, axes + rest), (count, *shape))


def weights_along(w: Any, a: Any, axes: tuple[int, ...] | None, name: str) -> Any:
    """Weights of the array's own shape, or one for each place along the axes, in a shape that broadcasts."""
    if np.shape(w) == np.shape(a):
        return w
    if axes is None:
        raise TypeError(f"{name}: weights of shape {np.shape(w)} for {np.shape(a)} need an axis")
    if np.shape(w) != tuple(a.shape[i] for i in axes):
        raise ValueError(f"{name}: weights of shape {np.shape(w)} do not fit the axes {axes} of {a.shape}")
    w = np.transpose(w, np.argsort(axes))
    return np.reshape(w, tuple(n if i in axes else 1 for i, n in enumerate(a.shape)))


def shift(axis: Any, ndim: int) -> Any:
    """The same axes of an array that has the batch before them; `ndim` counts the axes of one row."""
    refuse_truths(axis)
    if axis is None or isinstance(axis, tuple):
        return tuple([a + 1 for a in normal(axis, ndim)])
    return single(axis, ndim) + 1


def along_axes(fn: Any) -> Callable[..., Any]:
    """The batch rule of a reduction over `axis` (None: over all)."""

    def batch(size: int, values: list[Any], batched: Any, axis: Axis = None, **params: Any) -> Any:
        (x,) = values
        # Rows that are numbers have no axis: the -1 that NumPy allows there must not become the batch's.
        at = shift(axis, x.ndim - 1) if x.ndim > 1 else reduced(axis, 0)
        return fn(x, axis=at, **params)

    return batch


def along_axis(fn: Any, default: int | None) -> Callable[..., Any]:
    """The batch rule of a function along one `axis` (None: of the flattened array)."""

    def batch(size: int, values: list[Any], batched: Any, axis: int | None = default, **params: Any) -> Any:
        (x,) = values
        if axis is not None:
            axis = number_of(axis)
            if x.ndim > 1:
                return fn(x, axis=shift(axis, x.ndim - 1), **params)
            single(axis, 1)
        length = 1
        for n in x.shape[1:]:
            length *= n
        out = fn(np.reshape(x, (size, length)), axis=1, **params)
        return np.reshape(out, (size,) + (1,) * (x.ndim - 1)) if params.get("keepdims") else out

    return batch


def copied(x: Any) -> Any:
    """The same value as one of its own: writing into it changes nothing else."""
    # NumPy's own plus refuses truths.
    return np.logical_or(x, False) if x.dtype.kind == "b" else +x


def front(size: int, value: Any, batched: bool) -> Any:
    """A value with the batch along axis 0, whether it had one or not."""
    return value if batched else np.broadcast_to(value, (size, *np.shape(value)))
