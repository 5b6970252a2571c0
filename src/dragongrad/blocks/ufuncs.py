"""The methods of NumPy's ufuncs: reduce, accumulate, reduceat, outer and at."""

from __future__ import annotations

from functools import partial
from typing import Any

import numpy as np

from ..core.block import composite
from ..core.errors import NoRuleError, user_line
from ..core.level import PLAIN
from ..core.variable import Variable, plain
from .axes import as_array, in_native_order, joined, keeps, lone, reduced, single
from .indexing import add_at, read
from .indices import places
from .kinks import kink
from .reductions import running, stored
from .storing import refused_as_numpy_refuses, storable
from .views import is_array, own
from .writing import refuse_plain

_NONE = np._NoValue

# Reductions that are functions of their own.
_FUNCTIONS = {np.add: np.sum, np.multiply: np.prod, np.maximum: np.max, np.minimum: np.min, np.fmax: np.nanmax,
              np.fmin: np.nanmin, np.logical_and: np.all, np.logical_or: np.any}  # fmt: skip
# For these any order of the elements' pairs will do; all others go from the first element to the last.
_ASSOCIATIVE = frozenset({
    *_FUNCTIONS, np.logaddexp, np.logaddexp2, np.hypot, np.logical_xor, np.bitwise_and, np.bitwise_or,
    np.bitwise_xor, np.gcd, np.lcm,
})  # fmt: skip
# NumPy begins with the identity, 0, which makes also a single element positive.
_POSITIVE = frozenset({np.hypot, np.gcd})


def _ones(x: Any, longest: int, axis: int | None = None) -> Any:
    """A small array of ones, which NumPy is asked about dtypes and refusals; one axis may keep its length."""
    return np.ones([n if i == axis else min(n, longest) for i, n in enumerate(x.shape)], x.dtype)


def _cast(x: Any, dtype: Any) -> Any:
    return x if x.dtype == dtype else x.astype(dtype)


def _check_binary(ufunc: Any, method: str) -> None:
    if ufunc.nin != 2 or ufunc.nout != 1 or ufunc.signature is not None:
        raise TypeError(f"only ufuncs of two numbers with one result have the method {method}")


@composite(np.ufunc.reduce)
def reduce(
    ufunc: Any, array: Any, axis: Any = 0, dtype: Any = None, out: Any = None, keepdims: Any = False,
    initial: Any = _NONE, where: Any = True,
) -> Any:  # fmt: skip
    """The elements along axes combined into one: `((x[0] op x[1]) op x[2]) op ...`."""
    function = _FUNCTIONS.get(ufunc)
    if function is not None and dtype is None and initial is _NONE and where is True:
        return function(array, axis=axis, keepdims=keeps(keepdims))
    _check_binary(ufunc, "reduce")
    x, keepdims = as_array(array), keeps(keepdims)
    options = {k: v for k, v in (("initial", initial), ("where", where)) if v is not _NONE and v is not True}
    if function in (np.sum, np.prod):
        return function(x, axis=axis, dtype=dtype, keepdims=keepdims, **options)
    if function is not None and function not in (np.all, np.any):
        in_native_order(dtype)
        return function(x if dtype is None else _cast(x, dtype), axis=axis, keepdims=keepdims, **options)
    asked = {} if where is True else {"where": np.True_}
    if initial is not _NONE:
        asked["initial"] = np.ones((), initial.dtype)[()] if isinstance(initial, Variable) else initial
    dtype = ufunc.reduce(_ones(x, 1), axis=axis, dtype=dtype, keepdims=keepdims, **asked).dtype
    axes = reduced(axis, x.ndim)
    mask = None if where is True else joined(np.broadcast_to(plain(where), x.shape), axes)
    if initial is _NONE and ufunc in _POSITIVE:
        initial = 0
    start = None if initial is _NONE or initial is None else _started(initial, dtype)
    value = _reduced(ufunc, joined(_cast(x, dtype), axes), start, mask)
    if not keepdims or not x.ndim:
        return value
    return np.reshape(value, tuple(1 if i in axes else n for i, n in enumerate(x.shape)))


def _started(initial: Any, dtype: Any) -> Any:
    return _cast(initial, dtype) if isinstance(initial, Variable) else stored(initial, dtype)


def _reduced(ufunc: Any, x: Any, start: Any, mask: Any) -> Any:
    """What reduces the first axis."""
    if ufunc in _ASSOCIATIVE and x.shape[0] and (mask is None or ufunc.identity is not None):
        if mask is not None:
            x = np.where(mask, x, stored(ufunc.identity, x.dtype))
        value = _by_halves(ufunc, x)
        return value if start is None else ufunc(start, value)
    first = 0
    if start is None and x.shape[0]:
        start, first = x[0], 1
    value = ufunc.identity if start is None else start
    if value.__class__ is not Variable:
        value = np.full(x.shape[1:], value, x.dtype)[()]
    elif value.shape != x.shape[1:]:
        value = np.broadcast_to(value, x.shape[1:])
    for i in range(first, x.shape[0]):
        after = ufunc(value, x[i])
        value = after if mask is None else np.where(mask[i], after, value)
    return value


def _by_halves(ufunc: Any, x: Any) -> Any:
    """The first axis reduced in as many steps as it can be halved."""
    while x.shape[0] > 1:
        even = x.shape[0] // 2 * 2
        pairs = ufunc(x[0:even:2], x[1:even:2])
        x = pairs if even == x.shape[0] else np.concatenate([pairs, x[even:]])
    return x[0]


@composite(np.ufunc.accumulate)
def accumulate(ufunc: Any, array: Any, axis: Any = 0, dtype: Any = None, out: Any = None) -> Any:
    """All elements up to each along an axis, combined."""
    _check_binary(ufunc, "accumulate")
    x = as_array(array)
    dtype = ufunc.accumulate(_ones(x, 2), axis=axis, dtype=dtype).dtype
    axis = single(0 if axis is None else lone(axis), x.ndim)
    if ufunc in (np.add, np.multiply):
        return (np.cumsum if ufunc is np.add else np.cumprod)(x, axis=axis, dtype=dtype)
    x = _cast(x, dtype)
    if ufunc in _ASSOCIATIVE:
        return running(ufunc, x, axis)
    lines = np.moveaxis(x, axis, 0)
    values = [lines[i] for i in range(min(lines.shape[0], 1))]
    for i in range(1, lines.shape[0]):
        values.append(ufunc(values[-1], lines[i]))
    return np.stack(values, axis) if values else x


@composite(np.ufunc.reduceat)
def reduceat(ufunc: Any, array: Any, indices: Any, axis: Any = 0, dtype: Any = None, out: Any = None) -> Any:
    """The elements from each index to the next one combined; the one at the index where the next is no greater."""
    _check_binary(ufunc, "reduceat")
    x, starts = as_array(array), places(indices)
    if isinstance(starts, Variable):
        raise NoRuleError(
            f"np.{ufunc.__name__}.reduceat needs plain indices\n  at {user_line()}\n"
            "Pass them as a static argument, or write np.add.at(buffer, segment_of_each_element, x)"
        )
    at = single(0 if axis is None else lone(axis), x.ndim) if x.ndim else 0
    probe = ufunc.reduceat(_ones(x, 1, at), starts, axis=axis, dtype=dtype)
    lines = np.moveaxis(_cast(x, probe.dtype), at, 0)
    starts = np.asarray(starts).astype(np.intp)
    stops = np.maximum(np.append(starts[1:], lines.shape[0]), starts + 1)
    if not starts.size:
        return np.zeros_like(x, probe.dtype, shape=tuple(0 if i == at else n for i, n in enumerate(x.shape)))
    if ufunc is np.add and probe.dtype.kind != "b":
        counts = stops - starts
        elements = np.repeat(starts - np.cumsum(counts) + counts, counts) + np.arange(np.sum(counts))
        segments = np.repeat(np.arange(starts.size), counts)
        sums = add_at(np.take(lines, elements, axis=0), (segments,), (starts.size, *lines.shape[1:]))
        return np.moveaxis(sums, 0, at)
    options = {"dtype": probe.dtype, **({"initial": None} if ufunc in _POSITIVE else {})}
    parts = [ufunc.reduce(lines[i:j], **options) for i, j in zip(starts, stops, strict=True)]
    return np.stack(parts, at)


@composite(np.ufunc.outer)
def outer(ufunc: Any, x: Any, y: Any, /, **options: Any) -> Any:
    """The function of every pair of elements."""
    x, y = as_array(x), as_array(y)
    if ufunc.nin != 2 or ufunc.signature is not None:
        raise TypeError("only ufuncs of two numbers have the method outer")
    return ufunc(np.reshape(x, np.shape(x) + (1,) * np.ndim(y)), y, **options)


@composite(np.ufunc.at)
def at(ufunc: Any, a: Any, indices: Any, /, *operands: Any) -> None:
    """`a[indices] = ufunc(a[indices], b)`, where a place that is named more than once is changed as often."""
    refused_as_numpy_refuses(ufunc.at)(partial(_at, ufunc))(a, indices, *operands)


def _at(ufunc: Any, a: Any, indices: Any, /, *operands: Any) -> None:
    name = f"np.{ufunc.__name__}.at"
    refuse_plain(name, a)
    if ufunc.nout != 1 or ufunc.signature is not None or len(operands) != ufunc.nin - 1:
        raise TypeError(f"it takes a ufunc with one result, and its {ufunc.nin - 1} further arguments")
    x, given = plain(a), [as_array(b) for b in operands]
    index = indices if isinstance(indices, tuple) else (indices,)
    if not x.ndim and not is_array(a):
        raise TypeError("the first argument must be an array")
    parts = [places(part) for part in index]
    if not any(isinstance(part, Variable) for part in parts):
        a.rebind(_changed(ufunc, x, np.arange(x.size).reshape(x.shape)[tuple(parts)], given))
        return
    found = read(x, index)
    if ufunc in (np.add, np.subtract) and x.dtype.kind != "b":
        added = add_at(np.broadcast_to(_wide(x, given[0]), found.shape), index, x.shape)
        a.rebind(_stored(x, ufunc(x, added)))
    elif not found.shape:
        a[index] = ufunc(found, *given)
    else:
        raise NoRuleError(
            f"{name}: which of the places are the same is not known before the function runs\n  at {user_line()}\n"
            "Write a[i] = f(a[i], b) where they all differ, or a loop over them"
        )


def _wide(x: Any, b: Any) -> Any:
    """What is added to an array several times, in the dtype of their sum: truths and bytes do not hold that."""
    return _cast(b, np.result_type(x.dtype, b.dtype))


def _stored(x: Any, value: Any) -> Any:
    return _cast(storable(x, value), x.dtype)


def _changed(ufunc: Any, x: Any, named: Any, given: list[Any]) -> Any:
    """An array changed at flat places, of which some may be the same."""
    flat = own(np.ravel(x)) if isinstance(x, Variable) else Variable(np.array(x).ravel(), PLAIN)
    shape = named.shape
    given = [np.ravel(np.broadcast_to(b, shape)) for b in given]
    named = named.ravel()
    order = np.argsort(named, kind="stable")
    known, first, counts = np.unique(named[order], return_index=True, return_counts=True)
    if ufunc in (np.add, np.subtract) and x.dtype.kind != "b" and np.any(counts > 1):
        segments = np.searchsorted(known, named)
        given, named = [add_at(_wide(x, given[0]), (segments,), known.shape)], known
        order, first, counts = np.arange(known.size), np.arange(known.size), np.ones(known.size, int)
    for turn in range(int(np.max(counts, initial=1))):
        chosen = order[first[counts > turn] + turn]
        flat[named[chosen]] = _stored(x, ufunc(flat[named[chosen]], *[b[chosen] for b in given]))
    return np.reshape(flat, x.shape)


# Promises at kinks

kink(np.ufunc.accumulate, "equal extrema", "each step of the last equal ones halves what the others share",
     [2.0, 2.0], [[1, 0], [0.5, 0.5]], lambda x: np.maximum.accumulate(x))  # fmt: skip
