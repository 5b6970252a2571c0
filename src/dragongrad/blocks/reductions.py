"""Sums, products and extrema over axes, and along them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from ..core.block import TABLE, composite, constant, general, linear
from ..core.node import KEEP
from ..core.variable import Variable, plain
from .axes import Axis, along_axes, along_axis, normal, restore, spread
from .kinks import kink

_NONE = np._NoValue


def _sum(x: Any, axis: Axis = None, keepdims: bool = False) -> Any:
    if x.__class__ is np.ndarray:
        return np.add.reduce(x, axis=axis, keepdims=keepdims)
    return x.sum(axis=axis, keepdims=keepdims)


def _sum_transpose(out_bar: Any, x: Any, axis: Axis = None, keepdims: bool = False) -> Any:
    return spread(restore(out_bar, x, axis, keepdims), x.shape)


_sum_block = linear(np.sum, _sum_transpose, symbol="sum", batch=along_axes(np.sum))
_sum_block.forward = _sum
# The cotangent of the sum of all elements goes to each of them.
_sum_block.edges = ((KEEP, None),)


def _extremum_pullback(out_bar: Any, out: Any, x: Any, axis: Axis = None, keepdims: bool = False) -> Any:
    """Equal extrema share the cotangent evenly."""
    wins = x == restore(out, x, axis, keepdims)
    count = np.sum(wins, axis=normal(axis, x.ndim) if axis is not None else None, keepdims=True)
    return np.where(wins, restore(out_bar, x, axis, keepdims) / np.where(count == 0, 1, count), 0.0)


def _extremum_pushforward(x_dot: Any, out: Any, x: Any, axis: Axis = None, keepdims: bool = False) -> Any:
    wins = x == restore(out, x, axis, keepdims)
    count = np.sum(wins, axis=axis, keepdims=keepdims)
    return np.sum(np.where(wins, x_dot, 0.0), axis=axis, keepdims=keepdims) / np.where(count == 0, 1, count)


_extrema = {
    fn: general(fn, pullback=_extremum_pullback, pushforward=_extremum_pushforward, batch=along_axes(fn))
    for fn in (np.max, np.min)
}


def _product(a: Any, axis: Axis = None, keepdims: bool = False) -> Any:
    """The product over axes, by halves: no division, so it has every derivative at zeros too."""
    a = plain(a)
    axes = normal(axis, a.ndim)
    rest = tuple(i for i in range(a.ndim) if i not in axes)
    shape = tuple(a.shape[i] for i in rest)
    x = np.reshape(np.transpose(a, axes + rest), (int(np.prod([a.shape[i] for i in axes])), *shape))
    if not x.shape[0]:
        x = np.ones_like(x, shape=(1, *shape))
    while x.shape[0] > 1:
        half = x.shape[0] // 2
        pairs = x[:half] * x[half : 2 * half]
        x = pairs if x.shape[0] == 2 * half else np.concatenate([pairs, x[2 * half :]])
    return np.reshape(x, tuple(1 if i in axes else n for i, n in enumerate(a.shape))) if keepdims else x[0]


def _reduction(reduce: Callable[..., Any], name: str, combine: Any, identity: float | None) -> Any:
    """A reduction with NumPy's options `dtype`, `initial` and `where` around the Block."""

    def reduction(a: Any, axis: Axis = None, dtype: Any = None, *, keepdims: Any = False,
                  initial: Any = _NONE, where: Any = True, out: Any = None) -> Any:  # fmt: skip
        if a.__class__ is Variable and dtype is None and initial is _NONE and where is True:
            return reduce(a, axis, bool(keepdims))
        a = plain(a)
        a = a if dtype is None else a.astype(dtype)
        if where is not True:
            start = identity if identity is not None else initial
            if start is _NONE:
                raise ValueError(f"{name} with where= needs initial=, the value of an empty set")
            a = np.where(plain(where), a, start)
        # No elements leave the initial value.
        empty = initial is not _NONE and 0 in np.shape(a)
        value = (_sum_call if empty else reduce)(a, axis, bool(keepdims))
        if empty:
            return value + plain(initial)
        return value if initial is _NONE or initial is None else combine(value, plain(initial))

    reduction.__name__ = name
    return reduction


def _sum_call(a: Any, axis: Axis, keepdims: bool) -> Any:
    if a.__class__ is Variable and axis is None and not keepdims:
        return a.level.unary(_sum_block, a)
    params: dict[str, Any] = {}
    if axis is not None:
        params["axis"] = axis
    if keepdims:
        params["keepdims"] = True
    return a.level.apply(_sum_block, (a,), params) if a.__class__ is Variable else _sum_block(a, **params)


def _extremum_call(fn: Any) -> Callable[..., Any]:
    block = _extrema[fn]
    call = _reduction(lambda a, axis, keepdims: block(a, axis=axis, keepdims=keepdims), block.name,
                      {np.max: np.maximum, np.min: np.minimum}[fn], None)  # fmt: skip

    def extremum(a: Any, axis: Axis = None, out: Any = None, **options: Any) -> Any:
        return call(a, axis, **options)

    return extremum


composite(np.sum)(_reduction(_sum_call, "sum", np.add, 0.0))
composite(np.prod)(_reduction(_product, "prod", np.multiply, 1.0))
for _fn in (np.max, np.min):
    composite(_fn)(_extremum_call(_fn))
for _fn, _other in ((np.amax, np.max), (np.amin, np.min)):
    composite(_fn)(TABLE[_other])
kink(np.max, "equal extrema", "they share it equally", [2.0, 1.0, 2.0], [0.5, 0.0, 0.5])
kink(np.min, "equal extrema", "they share it equally", [[1.0, 1.0], [3.0, 1.0]], [[1 / 3, 1 / 3], [0.0, 1 / 3]])


@composite(np.ptp)
def ptp(a: Any, axis: Axis = None, out: Any = None, keepdims: Any = False) -> Any:
    """The greatest element less the smallest."""
    keepdims = bool(keepdims)
    return np.max(a, axis=axis, keepdims=keepdims) - np.min(a, axis=axis, keepdims=keepdims)


def _cumsum_transpose(out_bar: Any, x: Any, axis: int | None = None) -> Any:
    if axis is None:
        return np.reshape(np.flip(np.cumsum(np.flip(out_bar))), x.shape)
    return np.flip(np.cumsum(np.flip(out_bar, axis), axis=axis), axis)


_cumsum = linear(np.cumsum, _cumsum_transpose, batch=along_axis(np.cumsum, None))


@composite(np.cumsum)
def cumsum(a: Any, axis: int | None = None, dtype: Any = None, out: Any = None) -> Any:
    """The sums of all elements up to each."""
    a = plain(a)
    a = a if dtype is None else a.astype(dtype)
    return _cumsum(np.atleast_1d(a), axis=axis)


@composite(np.cumprod)
def cumprod(a: Any, axis: int | None = None, dtype: Any = None, out: Any = None) -> Any:
    """The products of all elements up to each, by doubling: no division, so zeros have their derivatives.

    The step of length 2**k multiplies each element by the one 2**k before it (Hillis and Steele 1986).
    """
    a = np.atleast_1d(plain(a))
    a = a if dtype is None else a.astype(dtype)
    if axis is None:
        a, axis = np.ravel(a), 0
    (axis,) = normal(axis, a.ndim)
    before = (slice(None),) * axis
    length, step = a.shape[axis], 1
    while step < length:
        head, tail = a[(*before, slice(step))], a[(*before, slice(step, None))]
        a = np.concatenate([head, tail * a[(*before, slice(length - step))]], axis)
        step *= 2
    return +a


def _with_start(cumulative: Any, start: float) -> Callable[..., Any]:
    def call(
        x: Any, /, *, axis: Any = None, dtype: Any = None, out: Any = None, include_initial: bool = False
    ) -> Any:
        x = plain(x)
        if axis is None:
            if x.ndim != 1:
                raise ValueError("an array of several axes needs axis=")
            axis = 0
        value = cumulative(x, axis=axis, dtype=dtype)
        if not include_initial:
            return value
        shape = tuple(1 if i == axis % x.ndim else n for i, n in enumerate(x.shape))
        return np.concatenate([np.full(shape, start, value.dtype), value], axis)

    return call


if hasattr(np, "cumulative_sum"):
    composite(np.cumulative_sum)(_with_start(np.cumsum, 0.0))
    composite(np.cumulative_prod)(_with_start(np.cumprod, 1.0))

for _fn in (np.argmax, np.argmin, np.nanargmax, np.nanargmin):
    constant(_fn, batch=along_axis(_fn, None), parameters=("axis", "keepdims"))
for _fn in (np.all, np.any, np.count_nonzero):
    constant(_fn, batch=along_axes(_fn), parameters=("axis", "keepdims"))
