"""Sums, products and extrema over axes, and along them."""

from __future__ import annotations

from collections.abc import Callable
from math import isfinite
from typing import Any

import numpy as np

from ..context import is_plain
from ..core.block import BLOCKS, TABLE, composite, constant, general, linear
from ..core.node import KEEP
from ..core.variable import Variable, bottom, is_constant, plain
from .axes import (
    Axis,
    along_axes,
    along_axis,
    as_array,
    copied,
    in_native_order,
    joined,
    keeps,
    lone,
    masked,
    normal,
    number_of,
    reduced,
    refuse_truths,
    restore,
    single,
    spread,
    turned,
)
from .elementwise import jumping
from .kinks import kink
from .views import own

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


def _by_axis(reduce: Any) -> Callable[..., Any]:
    """An extremum over several axes of an array: of one after the other, which NumPy does in half the time."""

    def extremum(x: Any, axis: Axis = None, keepdims: bool = False) -> Any:
        if x.__class__ is not np.ndarray or axis.__class__ is not tuple or len(axis) < 2 or not x.size:
            return reduce(x, axis=axis, keepdims=keepdims)
        for a in sorted(normal(axis, x.ndim), reverse=not keepdims):
            x = reduce(x, axis=a, keepdims=keepdims)
        return x

    return extremum


def _counted(wins: Any, axis: Any) -> Any:
    """How many there are along axes, which stay."""
    if wins.__class__ is not np.ndarray or axis is None or len(axis) < 2:
        return np.sum(wins, axis=axis, keepdims=True)
    for a in axis:
        wins = np.add.reduce(wins, axis=a, keepdims=True)
    return wins


def _tied(share: Any, x: Any, wins: Any, count: Any) -> Any:
    """Shares of elements, which jump where one of two equal extrema is differentiated once more.

    A careful computation goes another way there (`pairs.py`).
    """
    if not is_plain() or is_constant(x):
        return share
    two: Any = np.any(bottom(count) == 2)
    if isinstance(two, Variable):
        # A trace foretells that there is none, and guards it.
        stage: Any = two.level
        two = stage.doubts(two)
    return share * jumping(x, np.logical_and(wins, count == 2)) if two else share


def _extremum_pullback(out_bar: Any, out: Any, x: Any, axis: Axis = None, keepdims: bool = False) -> Any:
    """Equal extrema share the cotangent evenly."""
    if axis is None and x.__class__ is np.ndarray and out_bar.__class__ is out.__class__ is np.float64:
        # The commonest case, in a third of the time.
        wins = x == out
        count = np.count_nonzero(wins)
        if count and isfinite(out_bar):
            return wins * (out_bar / count) + 0.0
    wins = x == restore(out, x, axis, keepdims)
    count = _counted(wins, reduced(axis, x.ndim) if axis is not None else None)
    # No element is equal to NaN: then the extremum has no derivative.
    share = restore(out_bar, x, axis, keepdims) / np.where(count == 0, 1, count)
    if share.__class__ is wins.__class__ is np.ndarray and np.all(count) and np.all(np.isfinite(share)):
        # Several times as quick as a choice between arrays that are spread over others; no zero keeps a sign.
        return wins * share + 0.0
    x_bar = np.where(wins, share, np.where(count == 0, np.nan, 0.0).astype(out_bar.dtype))
    return x_bar if x.__class__ is not Variable else _tied(x_bar, x, wins, count)


def _extremum_pushforward(x_dot: Any, out: Any, x: Any, axis: Axis = None, keepdims: bool = False) -> Any:
    wins = x == restore(out, x, axis, keepdims)
    count = np.sum(wins, axis=axis, keepdims=keepdims)
    if x.__class__ is Variable:
        x_dot = _tied(x_dot, x, wins, restore(count, x, axis, keepdims))
    return np.sum(np.where(wins, x_dot, 0.0), axis=axis, keepdims=keepdims) / np.where(count == 0, np.nan, count)


EXTREMA = {
    fn: general(
        fn,
        value=_by_axis(fn),
        pullback=_extremum_pullback,
        pushforward=_extremum_pushforward,
        selects=True,
        batch=along_axes(fn),
        parameters=("axis", "keepdims"),
    )
    for fn in (np.max, np.min)
}


def _product(a: Any, axis: Axis = None, keepdims: bool = False) -> Any:
    """The product over axes, by halves: no division, so it has every derivative at zeros too."""
    a = _widened(a)
    axes = reduced(axis, a.ndim)
    x = joined(a, axes)
    shape = x.shape[1:]
    if not x.shape[0]:
        x = np.ones_like(x, shape=(1, *shape))
    while x.shape[0] > 1:
        half = x.shape[0] // 2
        pairs = x[:half] * x[half : 2 * half]
        x = pairs if x.shape[0] == 2 * half else np.concatenate([pairs, x[2 * half :]])
    if keepdims and a.ndim:
        return own(np.reshape(x, tuple(1 if i in axes else n for i, n in enumerate(a.shape))))
    return own(x[0])


def _widened(x: Any) -> Any:
    """Whole numbers and truths in the dtype in which NumPy adds and multiplies them up."""
    return x.astype(np.add.reduce(np.empty(0, x.dtype)).dtype) if x.dtype.kind in "biu" else x


def _least(dtype: Any) -> Any:
    """What is not greater than any number of a dtype."""
    return False if dtype.kind == "b" else np.iinfo(dtype).min if dtype.kind in "iu" else -np.inf


def _greatest(dtype: Any) -> Any:
    return True if dtype.kind == "b" else np.iinfo(dtype).max if dtype.kind in "iu" else np.inf


def _reduction(reduce: Callable[..., Any], name: str, combine: Any, identity: Callable[[Any], Any]) -> Any:
    """A reduction with NumPy's options `dtype`, `initial` and `where` around the Block.

    `identity` gives the number of a dtype that changes nothing. As NumPy does, `initial` is cast to the dtype of
    the result.
    """
    has_identity = combine in (np.add, np.multiply)

    def reduction(a: Any, axis: Axis = None, dtype: Any = None, *, keepdims: Any = False,
                  initial: Any = _NONE, where: Any = True, out: Any = None) -> Any:  # fmt: skip
        if a.__class__ is Variable and dtype is None and initial is _NONE and where is True:
            return reduce(a, axis, keepdims if keepdims.__class__ is bool else keeps(keepdims))
        a, initial, none = as_array(a), _NONE if initial is None else plain(initial), initial is None
        a = a if in_native_order(dtype) is None or a.dtype == dtype else a.astype(dtype)
        if where is not True:
            if initial is _NONE and (none or not has_identity):
                raise ValueError(f"{name} with where= needs initial=, the value of an empty set")
            a = masked(a, where, identity(a.dtype), name)
        # No elements leave the initial value; their sum has the right shape, and no derivative.
        empty = initial is not _NONE and 0 in a.shape and not has_identity
        value = _sum_call(a, axis, keeps(keepdims)).astype(a.dtype) if empty else reduce(a, axis, keeps(keepdims))
        value = value if dtype is None or value.dtype == dtype else value.astype(dtype)
        if none and 0 in a.shape and value.size:
            raise ValueError(f"{name} with initial=None has no value for an empty set")
        if initial is _NONE:
            return value
        start = initial.astype(value.dtype) if isinstance(initial, Variable) else stored(initial, value.dtype)
        return value + start if empty else combine(value, start)

    # Python's own errors of a call name the second.
    reduction.__name__ = reduction.__qualname__ = name
    return reduction


def stored(number: Any, dtype: Any) -> Any:
    """A number as it is when stored in an array of a dtype."""
    place = np.empty((), dtype)
    place[()] = number
    return place[()]


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
    block = EXTREMA[fn]
    call = _reduction(lambda a, axis, keepdims: block(a, axis=axis, keepdims=keepdims), block.name,
                      {np.max: np.maximum, np.min: np.minimum}[fn],
                      {np.max: _least, np.min: _greatest}[fn])  # fmt: skip

    def extremum(a: Any, axis: Axis = None, out: Any = None, **options: Any) -> Any:
        return call(a, axis, **options)

    return extremum


composite(np.sum)(_reduction(_sum_call, "sum", np.add, lambda dtype: 0))
composite(np.prod)(_reduction(_product, "prod", np.multiply, lambda dtype: 1))
for _fn in (np.max, np.min):
    composite(_fn)(_extremum_call(_fn))
for _fn, _other in ((np.amax, np.max), (np.amin, np.min)):
    composite(_fn)(TABLE[_other])


@composite(np.ptp)
def ptp(a: Any, axis: Axis = None, out: Any = None, keepdims: Any = False) -> Any:
    """The greatest element less the smallest."""
    keepdims = keeps(keepdims)
    return np.max(a, axis=axis, keepdims=keepdims) - np.min(a, axis=axis, keepdims=keepdims)


def _cumsum_transpose(out_bar: Any, x: Any, axis: int | None = None) -> Any:
    if axis is None:
        return np.reshape(np.flip(np.cumsum(np.flip(out_bar))), x.shape)
    return np.flip(np.cumsum(np.flip(out_bar, axis), axis=axis), axis)


_cumsum = linear(np.cumsum, _cumsum_transpose, batch=along_axis(np.cumsum, None))


@composite(np.cumsum)
def cumsum(a: Any, axis: int | None = None, dtype: Any = None, out: Any = None) -> Any:
    """The sums of all elements up to each."""
    a, dtype = as_array(a), turned(dtype)
    a = a if dtype is None else a.astype(dtype)
    out = _cumsum(np.atleast_1d(a), axis=axis)
    return out if dtype is None or out.dtype == dtype else out.astype(dtype)


def running(combine: Callable[[Any, Any], Any], a: Any, axis: int) -> Any:
    """All elements up to each combined, by doubling; `combine` must be associative.

    The step of length 2**k combines each element with the one 2**k before it (Hillis and Steele 1986).
    """
    before = (slice(None),) * axis
    length, step = a.shape[axis], 1
    while step < length:
        head, tail = a[(*before, slice(step))], a[(*before, slice(step, None))]
        a = np.concatenate([head, combine(a[(*before, slice(length - step))], tail)], axis)
        step *= 2
    return copied(a)


@composite(np.cumprod)
def cumprod(a: Any, axis: int | None = None, dtype: Any = None, out: Any = None) -> Any:
    """The products of all elements up to each; no division, so zeros have their derivatives."""
    refuse_truths(axis)
    a = np.atleast_1d(as_array(a))
    a = _widened(a) if dtype is None else a.astype(turned(dtype))
    if axis is None:
        a, axis = np.ravel(a), 0
    return running(lambda before, after: after * before, a, single(axis, a.ndim))


def _with_start(cumulative: Any, start: float) -> Callable[..., Any]:
    def call(
        x: Any, /, *, axis: Any = None, dtype: Any = None, out: Any = None, include_initial: bool = False
    ) -> Any:
        x = np.atleast_1d(as_array(x))
        if axis is None and x.ndim != 1:
            raise ValueError("an array of several axes needs axis=")
        axis = single(0 if axis is None else number_of(lone(axis)), x.ndim)
        value = cumulative(x, axis=axis, dtype=dtype)
        if not include_initial:
            return value
        shape = tuple(1 if i == axis else n for i, n in enumerate(x.shape))
        return np.concatenate([np.full(shape, start, value.dtype), value], axis)

    return call


if hasattr(np, "cumulative_sum"):
    composite(np.cumulative_sum)(_with_start(np.cumsum, 0.0))
    composite(np.cumulative_prod)(_with_start(np.cumprod, 1.0))

for _fn in (np.argmax, np.argmin, np.nanargmax, np.nanargmin):
    constant(_fn, batch=along_axis(_fn, None), parameters=("axis", "keepdims"))
for _fn in (np.all, np.any, np.count_nonzero):
    constant(_fn, batch=along_axes(_fn), parameters=("axis", "keepdims"))


def _with_where(call: Callable[..., Any], absent: int) -> Callable[..., Any]:
    """With `where=`: what it leaves out counts as one or zero, which changes nothing."""

    def asked(a: Any, axis: Axis = None, out: Any = None, keepdims: Any = False, *, where: Any = True) -> Any:
        a = a if where is True else masked(as_array(a), where, absent)
        return call(a, axis=axis, keepdims=True) if keeps(keepdims) else call(a, axis=axis)

    return asked


for _fn, _absent in ((np.all, 1), (np.any, 0)):
    BLOCKS[_fn].call = composite(_fn)(_with_where(TABLE[_fn], _absent))

# Promises at kinks and singularities

for _fn in (np.max, np.amax):
    kink(_fn, "equal extrema", "they share it equally", [2.0, 1.0, 2.0], [0.5, 0.0, 0.5])
    kink(_fn, "NaN among the elements", "NaN", [2.0, np.nan], np.nan)
for _fn in (np.min, np.amin):
    kink(_fn, "equal extrema", "they share it equally", [[1.0, 1.0], [3.0, 1.0]], [[1 / 3, 1 / 3], [0, 1 / 3]])
    kink(_fn, "NaN among the elements", "NaN", [2.0, np.nan], np.nan)
kink(np.ptp, "equal extrema", "those of `np.max` less those of `np.min`", [2.0, 2.0, 1.0], [0.5, 0.5, -1])
kink(np.prod, "factors of 0", "the product of the others, to every order", [0.0, 3.0, 2.0], [6, 0, 0])
kink(np.cumprod, "factors of 0", "the product of the others, to every order", [0.0, 3.0], [[1, 0], [3, 0]])
