"""Reductions and cumulative sums and products."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..core.block import composite, constant, general, linear
from .axes import Axis, along_axes, along_axis, normal, restore, spread


def _sum(x: Any, axis: Axis = None, keepdims: bool = False) -> Any:
    return x.sum(axis=axis, keepdims=keepdims)


def _sum_transpose(out_bar: Any, x: Any, axis: Axis = None, keepdims: bool = False) -> Any:
    return spread(restore(out_bar, x, axis, keepdims), x.shape)


_sum_block = linear(np.sum, _sum_transpose, symbol="sum", batch=along_axes(np.sum))
_sum_block.forward = _sum


def _extremum_pullback(out_bar: Any, out: Any, x: Any, axis: Axis = None, keepdims: bool = False) -> Any:
    """Equal extrema share the cotangent evenly."""
    wins = x == restore(out, x, axis, keepdims)
    count = np.sum(wins, axis=normal(axis, x.ndim) if axis is not None else None, keepdims=True)
    return np.where(wins, restore(out_bar, x, axis, keepdims) / np.where(count == 0, 1, count), 0.0)


def _extremum_pushforward(x_dot: Any, out: Any, x: Any, axis: Axis = None, keepdims: bool = False) -> Any:
    wins = x == restore(out, x, axis, keepdims)
    count = np.sum(wins, axis=axis, keepdims=keepdims)
    return np.sum(np.where(wins, x_dot, 0.0), axis=axis, keepdims=keepdims) / np.where(count == 0, 1, count)


for _fn in (np.max, np.min):
    general(_fn, pullback=_extremum_pullback, pushforward=_extremum_pushforward, batch=along_axes(_fn))


def _count(x: Any, axis: Axis) -> int:
    size = 1
    for a in normal(axis, x.ndim):
        size *= x.shape[a]
    return size


@composite(np.mean)
def mean(a: Any, axis: Axis = None, dtype: Any = None, *, keepdims: bool = False) -> Any:
    """The mean over axes."""
    return np.sum(a if dtype is None else a.astype(dtype), axis=axis, keepdims=keepdims) / _count(a, axis)


@composite(np.var)
def var(a: Any, axis: Axis = None, dtype: Any = None, *, ddof: float = 0, keepdims: bool = False) -> Any:
    """The variance over axes."""
    centred = a - np.mean(a, axis=axis, dtype=dtype, keepdims=True)
    square = np.real(centred * np.conj(centred)) if centred.dtype.kind == "c" else centred * centred
    return np.sum(square, axis=axis, keepdims=keepdims) / (_count(a, axis) - ddof)


@composite(np.std)
def std(a: Any, axis: Axis = None, dtype: Any = None, *, ddof: float = 0, keepdims: bool = False) -> Any:
    """The standard deviation over axes."""
    return np.sqrt(np.var(a, axis=axis, dtype=dtype, ddof=ddof, keepdims=keepdims))


def _cumsum_transpose(out_bar: Any, x: Any, axis: int | None = None) -> Any:
    if axis is None:
        return np.reshape(np.flip(np.cumsum(np.flip(out_bar))), x.shape)
    return np.flip(np.cumsum(np.flip(out_bar, axis), axis=axis), axis)


linear(np.cumsum, _cumsum_transpose, batch=along_axis(np.cumsum, None))

for _fn in (np.argmax, np.argmin):
    constant(_fn, batch=along_axis(_fn, None), parameters=("axis", "keepdims"))
for _fn in (np.all, np.any):
    constant(_fn, batch=along_axes(_fn), parameters=("axis", "keepdims"))
