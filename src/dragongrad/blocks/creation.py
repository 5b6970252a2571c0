"""Functions that make arrays: buffers that Variables can be written into, and grids between Variables."""

from __future__ import annotations

import operator
from typing import Any

import numpy as np

from ..core.block import TABLE, composite, constant, linear
from ..core.errors import DtypeError, NoRuleError, ShapeError, user_line
from ..core.level import PLAIN
from ..core.variable import Variable, bottom, holds_variable, is_constant, plain, top_level
from ..namespace import is_running
from ..subclasses import MATRIX
from .axes import as_array, copied, promoted_as
from .memory import lying, relaid, remember_memory
from .shaping import memory_order
from .views import array_of_no_axes, is_array, own


def _astype(x: Any, dtype: Any) -> Any:
    return x.astype(dtype)


# The sweep brings the cotangent back to the dtype of the argument.
_cast = linear("astype", lambda out_bar, dtype: out_bar, names=("x",), value=_astype, parameters=("dtype",),
       batch=lambda size, values, batched, dtype: values[0].astype(dtype))  # fmt: skip
_truncate = constant("truncation", value=_astype, names=("x",), parameters=("dtype",),
                     batch=lambda size, values, batched, dtype: values[0].astype(dtype))  # fmt: skip


def _cast_or_truncate(
    x: Any, dtype: Any, order: str = "K", casting: str = "unsafe", subok: bool = True, copy: bool = True
) -> Any:
    """Another dtype; whole numbers and truths are constants, as `np.trunc` is. The order of memory is nobody's."""
    memory_order(order)
    if casting != "unsafe" and not np.can_cast(x.dtype, dtype, casting):
        raise TypeError(f"{x.dtype} cannot be cast to {np.dtype(dtype)} according to the rule {casting!r}")
    if np.dtype(dtype).kind not in "fciub" and x.dtype.kind in "fc":
        if np.dtype(dtype).kind == "O":
            # An array of objects that are Variables is one Variable.
            return np.copy(x)
        if not is_constant(x):
            _refuse_no_numbers(np.dtype(dtype))
    out = (_cast if np.dtype(dtype).kind in "fc" else _truncate)(x, dtype=np.dtype(dtype))
    return array_of_no_axes(out) if is_array(x) else out


def _refuse_no_numbers(dtype: Any) -> None:
    what = {"m": "spans of time", "M": "dates", "V": "records"}.get(dtype.kind, "texts")
    raise NoRuleError(
        f"astype({str(dtype)!r}) makes {what} of numbers, which have no derivative\n  at {user_line()}\n"
        "Where it is not wanted, write ad.stop_gradient(x).astype(...)"
    )


_cast.call = TABLE[_cast.fn] = _cast_or_truncate


@composite(np.astype)
def astype(x: Any, dtype: Any, /, *, copy: bool = True, device: Any = None) -> Any:
    """Another dtype."""
    return x.astype(dtype)


@composite(np.copy)
def copy(a: Any, order: str = "K", subok: bool = False) -> Any:
    """An array of its own, of a number too."""
    memory_order(order)
    a = as_array(a)
    return array_of_no_axes(copied(a)) if isinstance(a, Variable) else _made(np.array(a, order=order), None)


@composite(np.zeros_like)
def zeros_like(
    a: Any, dtype: Any = None, order: str = "K", subok: bool = False, shape: Any = None, *, device: Any = None
) -> Any:
    """Zeros that Variables can be written into."""
    return _alike(np.zeros_like, a, dtype, order, shape)


@composite(np.ones_like)
def ones_like(
    a: Any, dtype: Any = None, order: str = "K", subok: bool = False, shape: Any = None, *, device: Any = None
) -> Any:
    """Ones that Variables can be written into."""
    return _alike(np.ones_like, a, dtype, order, shape)


def _made(array: Any, like: Any = None) -> Any:
    """A new array beside a Variable; by itself one that Variables can be written into while a transform runs."""
    if isinstance(like, Variable):
        return array_of_no_axes(like.level.constant(array))
    return Variable(array, PLAIN) if is_running() and array.dtype.kind in "fc" else array


def _alike(make: Any, a: Any, dtype: Any, order: Any, shape: Any) -> Any:
    a = plain(a)
    if not isinstance(a, Variable):
        return _made(make(a, dtype, memory_order(order), False, shape), None)
    return _lying_as(make(lying(a), dtype, memory_order(order), False, shape), a)


def _lying_as(buffer: Any, a: Any) -> Any:
    """A buffer as a Variable beside another one, of which a level that stages knows that it lies as that does."""
    low = bottom(a)
    if isinstance(low, Variable) and low.level is not a.level:
        buffer = low.level.constant(buffer)
    out = array_of_no_axes(a.level.constant(buffer))
    remember_memory(out, a)
    return out


# Empty buffers hold zeros: what nobody wrote must not differ from run to run.
composite(np.empty_like)(zeros_like)


@composite(np.full_like)
def full_like(
    a: Any, fill_value: Any, dtype: Any = None, order: str = "K", subok: bool = False, shape: Any = None,
    *, device: Any = None,
) -> Any:  # fmt: skip
    """A buffer of the array's shape with every element the same, which may be a Variable."""
    a, value = plain(a), plain(fill_value)
    if not isinstance(a, Variable):
        a = np.asarray(a)
    form = np.empty_like(lying(a), dtype, memory_order(order), False, shape)
    if isinstance(value, Variable):
        out = relaid(full(form.shape, value, form.dtype, like=value), form)
        remember_memory(out, a)
        return out
    np.copyto(form, value, "unsafe")
    return _lying_as(form, a) if isinstance(a, Variable) else _made(form, None)


@composite(np.zeros)
def zeros(shape: Any, dtype: Any = None, order: str = "C", *, device: Any = None, like: Any = None) -> Any:
    """Zeros that Variables can be written into: `np.zeros(n, like=x)`."""
    return _made(np.zeros(shape, dtype or float, memory_order(order)), like)


composite(np.empty)(zeros)


@composite(np.ones)
def ones(shape: Any, dtype: Any = None, order: str = "C", *, device: Any = None, like: Any = None) -> Any:
    """Ones that Variables can be written into: `np.ones(n, like=x)`."""
    return _made(np.ones(shape, dtype or float, memory_order(order)), like)


@composite(np.full)
def full(
    shape: Any, fill_value: Any, dtype: Any = None, order: str = "C", *, device: Any = None, like: Any = None
) -> Any:
    """A buffer with every element the same, which may be a Variable."""
    value = plain(fill_value)
    if isinstance(value, Variable):
        value = value if dtype is None or value.dtype == dtype else value.astype(dtype)
        spread = own(np.broadcast_to(value, shape))
        return array_of_no_axes(relaid(spread, np.empty(spread.shape, spread.dtype, memory_order(order))))
    return _made(np.full(shape, value, dtype, memory_order(order)), like)


@composite(np.eye)
def eye(
    N: int, M: Any = None, k: int = 0, dtype: Any = None, order: str = "C", *, device: Any = None, like: Any = None
) -> Any:
    """Ones on a diagonal, that Variables can be written into."""
    return _made(np.eye(N, M, k, dtype or float, order), like)


@composite(np.identity)
def identity(n: int, dtype: Any = None, *, like: Any = None) -> Any:
    """The identity matrix, that Variables can be written into."""
    return eye(n, dtype=dtype, like=like)


@composite(np.tri)
def tri(N: int, M: Any = None, k: int = 0, dtype: Any = None, *, like: Any = None) -> Any:
    """Ones on and below a diagonal, that Variables can be written into."""
    return _made(np.tri(N, M, k, dtype or float), like)


@composite(np.arange)
def arange(*args: Any, dtype: Any = None, device: Any = None, like: Any = None, **limits: Any) -> Any:
    """Equal steps, that Variables can be written into."""
    return _made(np.arange(*args, dtype=dtype, **limits), like)


def assembled(values: Any) -> Any:
    """Nested lists of numbers, arrays and Variables, which are of one shape, as one array."""
    shape: list[int] = []
    parts = [values]
    while parts and all(isinstance(p, (list, tuple)) for p in parts):
        lengths = {len(p) for p in parts}
        if len(lengths) > 1:
            raise ShapeError(
                f"an array cannot be made of parts of different lengths: {sorted(lengths)}\n  at {user_line()}"
            )
        shape += lengths
        parts = [v for p in parts for v in p]
    # Lists beside arrays are arrays of their own.
    parts = [assembled(p) if isinstance(p, (list, tuple)) and holds_variable(p) else plain(p) for p in parts]
    shapes = {np.shape(p) for p in parts}
    if len(shapes) > 1:
        raise ShapeError(
            f"an array cannot be made of parts of different shapes: {sorted(shapes)}\n  at {user_line()}"
        )
    if not parts or top_level(parts) is None:
        return plain(values)
    for part in parts:
        if not isinstance(part, Variable) and np.asarray(part).dtype.kind not in "biufc":
            raise DtypeError(f"{part!r} is no number, and stands beside a Variable in a list\n  at {user_line()}")
    out = np.stack([np.asarray(p) if p.__class__ is MATRIX else p for p in parts])
    return np.reshape(out, (*shape, *out.shape[1:])) if len(shape) > 1 else out


@composite(np.array)
def array(
    object: Any, dtype: Any = None, *, copy: Any = True, order: str = "K", subok: bool = False,
    ndmin: int = 0, ndmax: int = 0, like: Any = None,
) -> Any:  # fmt: skip
    """Nested lists of numbers and Variables as one array: `np.array([a, b], like=x)`."""
    value = assembled(object) if isinstance(object, (list, tuple)) else plain(object)
    if not isinstance(value, Variable):
        value = _made(np.array(value, dtype, ndmin=ndmin, order=order), like)
    if not isinstance(value, Variable):
        return value
    if dtype is not None and value.dtype != dtype:
        value = value.astype(dtype)
    if ndmin > value.ndim:
        return np.reshape(value, (1,) * (ndmin - value.ndim) + value.shape)
    return array_of_no_axes(copied(value))


def _as(
    a: Any, dtype: Any = None, order: Any = None, *, device: Any = None, copy: Any = None, like: Any = None
) -> Any:
    value = assembled(a) if isinstance(a, (list, tuple)) else plain(a)
    if not isinstance(value, Variable):
        array = np.asarray(value, dtype, order=order)
        return _made(array, like) if isinstance(like, Variable) else array
    memory_order(order)
    value = value if dtype is None or value.dtype == dtype else value.astype(dtype)
    return value if is_array(value) else TABLE[np.copy](value)


for _fn in (np.asarray, np.asanyarray, np.ascontiguousarray, np.asfortranarray):
    composite(_fn)(_as)


@composite(np.require)
def require(a: Any, dtype: Any = None, requirements: Any = None, *, like: Any = None) -> Any:
    """A Variable meets every requirement on memory."""
    return plain(a) if dtype is None else plain(a).astype(dtype)


@composite(np.fromfunction)
def fromfunction(function: Any, shape: Any, *, dtype: Any = float, like: Any = None, **options: Any) -> Any:
    """A function of the places in an array of a shape, called once with all of them."""
    return function(*np.indices(shape, dtype=dtype), **options)


@composite(np.linspace)
def linspace(
    start: Any, stop: Any, num: int = 50, endpoint: bool = True, retstep: bool = False, dtype: Any = None,
    axis: int = 0, *, device: Any = None,
) -> Any:  # fmt: skip
    """Equal steps from start to stop, either of which may be a Variable."""
    num = operator.index(num)
    if num < 0:
        raise ValueError(f"linspace: the number of samples cannot be negative, it was {num}")
    parts = num - 1 if endpoint else num
    inexact = np.result_type(promoted_as(start), promoted_as(stop), 1.0)
    start, stop = as_array(start), as_array(stop)
    start, stop = (v if v.dtype == inexact else v.astype(inexact) for v in (start, stop))
    delta = stop - start
    out = np.reshape(np.arange(num, dtype=inexact), (num,) + (1,) * delta.ndim)
    step = delta / parts if parts > 0 else delta * np.nan
    # A step that underflows is one that was divided too early.
    small = parts > 0 and np.any(bottom(step) == 0)
    out = (out / parts * delta if small else out * step if parts > 0 else out * delta) + start
    if endpoint and num > 1:
        # Both ends are met exactly, and keep their derivatives there.
        out = np.concatenate([out[:-1], np.broadcast_to(stop, out.shape[1:])[None]])
    out = np.moveaxis(out, 0, axis) if axis != 0 else out
    # NumPy rounds down, where a cast alone would round to zero.
    out = np.floor(out) if dtype is not None and np.dtype(dtype).kind in "iu" else out
    out = out if dtype is None else out.astype(dtype)
    return (out, step if parts > 0 else np.nan) if retstep else out


@composite(np.logspace)
def logspace(
    start: Any, stop: Any, num: int = 50, endpoint: bool = True, base: Any = 10.0, dtype: Any = None, axis: int = 0
) -> Any:
    """Powers of a base with equal steps of the exponent."""
    base = plain(base)
    if np.ndim(base):
        ndim = max(np.ndim(start), np.ndim(stop), np.ndim(base))
        start, stop, base = (
            np.reshape(as_array(v), (1,) * (ndim - np.ndim(v)) + np.shape(v)) for v in (start, stop, base)
        )
        base = np.expand_dims(base, axis)
    out = np.power(base, np.linspace(start, stop, num, endpoint, axis=axis))
    return out if dtype is None else out.astype(dtype)


@composite(np.geomspace)
def geomspace(start: Any, stop: Any, num: int = 50, endpoint: bool = True, dtype: Any = None, axis: int = 0) -> Any:
    """Equal ratios from start to stop."""
    start, stop = as_array(start), as_array(stop)
    if np.any(bottom(start) == 0) or np.any(bottom(stop) == 0):
        raise ValueError("a geometric sequence cannot include zero")
    inexact = np.result_type(start.dtype, stop.dtype, float(num), np.zeros((), dtype))
    start, stop = start.astype(inexact), stop.astype(inexact)
    # As NumPy does it, by logarithms of numbers turned so that the first is positive.
    phase = start / np.absolute(start) if inexact.kind == "c" else np.sign(start)
    start, stop = start / phase, stop / phase
    out = np.logspace(np.log10(start), np.log10(stop), num, endpoint)
    first = [np.broadcast_to(start, out.shape[1:])[None]] if num > 0 else []
    last = [np.broadcast_to(stop, out.shape[1:])[None]] if num > 1 and endpoint else []
    out = np.concatenate([*first, out[len(first) : num - len(last)], *last]) if num > 0 else out
    out = out * phase
    out = np.moveaxis(out, 0, axis) if axis != 0 else out
    return out.astype(inexact if dtype is None else dtype)


@composite(np.vander)
def vander(x: Any, N: Any = None, increasing: bool = False) -> Any:
    """The powers of a vector's elements as columns."""
    x = plain(x)
    if np.ndim(x) != 1:
        raise ValueError(f"vander takes a vector, got shape {np.shape(x)}")
    x = x.astype(np.promote_types(x.dtype, int))
    count = x.shape[0] if N is None else operator.index(N)
    if count < 0:
        raise ValueError(f"vander: the number of columns cannot be negative, it was {N}")
    columns = [np.ones_like(x)] if count else []
    while len(columns) < count:
        columns.append(columns[-1] * x)
    if not columns:
        return np.reshape(x[:0], (x.shape[0], 0)) if not x.shape[0] else x[:, None][:, :0]
    return np.stack(columns if increasing else columns[::-1], axis=-1)
