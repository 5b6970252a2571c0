"""Functions that give an array another shape, or its axes another order."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..core.block import composite, linear
from ..core.errors import NoRuleError, user_line
from ..core.variable import Variable, plain
from .axes import copied, normal, reduced
from .memory import ask_memory, lying, relaid
from .views import is_shared, unwritable, viewed


def _bind_reshape(a: Any, /, shape: Any, order: str = "C", *, copy: Any = None) -> Any:
    return (a,), {"shape": shape, "order": order}


def _batch_reshape(size: int, values: list[Any], batched: Any, shape: Any, order: str = "C") -> Any:
    (x,) = values
    # A row without memory of its own tells how long an open axis is, also where there are no elements.
    shape = np.reshape(np.broadcast_to(False, x.shape[1:]), shape).shape
    if order == "F":
        # Fortran's order of the elements is that of the reversed axes.
        backwards = np.transpose(x, (0, *range(x.ndim - 1, 0, -1)))
        turned = np.reshape(backwards, (x.shape[0], *shape[::-1]))
        return np.transpose(turned, (0, *range(len(shape), 0, -1)))
    return np.reshape(x, (x.shape[0], *shape))


def _reshape_transpose(out_bar: Any, x: Any, shape: Any, order: str = "C") -> Any:
    return np.reshape(out_bar, x.shape, order=order)


def _reshape(x: Any, shape: Any, order: str = "C") -> Any:
    return np.reshape(x, shape, order=order)


def _reshape_call(a: Any, /, shape: Any, order: Any = "C", *, copy: Any = None) -> Any:
    seen, a = a, plain(a)
    order = memory_order(order)
    if order == "K":
        raise ValueError("order 'K' is not permitted for reshaping")
    if order == "A" and isinstance(a, Variable):
        order = _settled_order(a, order, "reshape")
    if shape.__class__ is tuple and isinstance(a, Variable):
        out = a.level.apply(_reshape_block, (a,), {"shape": shape, "order": order})
    else:
        out = _reshape_block.apply(a, shape, order=order)
    if not isinstance(seen, Variable):
        return out
    shared = is_shared(out, a, _reshape_again, (shape, order))
    if len(a.shape) > 1:
        # With one axis, it is a view however the memory lies.
        ask_memory(seen, out)
    if not shared:
        return out
    return viewed(out, seen, _reshape_again, (shape, order), _reshape_put)


def _reshape_again(x: Any, shape: Any, order: str) -> Any:
    return _reshape_block.apply(x, shape, order=order)


def _reshape_put(x: Any, y: Any, shape: Any, order: str) -> Any:
    return _reshape_block.apply(y, x.shape, order=order)


def memory_order(order: Any) -> str:
    """An `order` argument as one capital letter; NumPy's own error where it is none."""
    if order in ("C", "F", "A", "K"):
        return str(order)
    if order is None:
        return "C"
    np.empty(0).copy(order)
    return str(order).upper()


def in_order(x: Any, order: Any) -> Any:
    """An array whose memory lies in an order: itself where it does, else a copy, as NumPy makes one."""
    if order not in ("C", "F"):
        return x
    # A Variable has no memory: what it is a view of tells how NumPy's lies.
    out = x if lying(x).flags[f"{order}_CONTIGUOUS"] else copied_in_order(x, order)
    ask_memory(x, out)
    return out


def copied_in_order(x: Any, order: Any) -> Any:
    """A copy whose memory lies in an order, or as that of x does."""
    if x.ndim < 2 or order not in ("C", "F"):
        return copied(x)
    return relaid(copied(x), np.empty(x.shape, x.dtype, order))


def _settled_order(x: Variable, order: str, name: str) -> str:
    """C where an order that asks how the memory lies makes no difference; refused elsewhere."""
    if 0 in x.shape or sum(n > 1 for n in x.shape) < 2:
        return "C"
    raise NoRuleError(
        f"{name} with order={order!r} asks how the memory lies, and a Variable is a value without memory\n"
        f"  at {user_line()}\nWrite order='C' (the last axis runs fastest) or order='F' (the first one does)"
    )


_reshape_block = linear(np.reshape, _reshape_transpose, value=_reshape, bind=_bind_reshape,
                        batch=_batch_reshape, parameters=("shape", "order"))  # fmt: skip
composite(np.reshape)(_reshape_call)


@composite(np.ravel)
def ravel(a: Any, order: Any = "C") -> Any:
    """The elements in one axis."""
    order = memory_order(order)
    if not isinstance(a, Variable):
        a = plain(a)
    if not isinstance(a, Variable):
        return np.ravel(a, order)
    order = _settled_order(a, order, "ravel") if order in "AK" else order
    if lying(a).flags[f"{order}_CONTIGUOUS"]:
        ask_memory(a)
        return _reshape_call(a, (-1,), order=order)
    # Where `reshape` gives a view with steps, `ravel` gives a copy.
    out = _reshape_again(a, (-1,), order)
    out = copied(out) if is_shared(out, a, _reshape_again, ((-1,), order)) else out
    ask_memory(a, out)
    return out


def _transpose_back(out_bar: Any, x: Any, axes: Any = None) -> Any:
    return np.transpose(out_bar, None if axes is None else tuple(np.argsort(normal(axes, x.ndim))))


def _batch_transpose(size: int, values: list[Any], batched: Any, axes: Any = None) -> Any:
    ndim = values[0].ndim - 1
    order = tuple(range(ndim))[::-1] if axes is None else normal(axes, ndim)
    return np.transpose(values[0], (0, *[a + 1 for a in order]))


def _transpose_call(a: Any, axes: Any = None) -> Any:
    if isinstance(axes, (set, frozenset, dict)):
        raise TypeError(f"transpose takes a sequence of axes, it was {axes!r}")
    out = _transpose_block.apply(a, axes)
    return viewed(out, a, _transpose_block.apply, (axes,), _transpose_put)


def _transpose_put(x: Any, y: Any, axes: Any) -> Any:
    return _transpose_block.apply(y, None if axes is None else tuple(np.argsort(normal(axes, x.ndim))))


_transpose_block = linear(np.transpose, _transpose_back, batch=_batch_transpose, symbol="T")
_transpose_block.call = composite(np.transpose)(_transpose_call)


@composite(np.matrix_transpose)
def matrix_transpose(x: Any, /) -> Any:
    """The last two axes exchanged."""
    return np.swapaxes(x, -1, -2)


@composite(np.moveaxis)
def moveaxis(a: Any, source: Any, destination: Any) -> Any:
    """Axes moved to other places."""
    return np.transpose(a, _moved(a.ndim, source, destination))


def _moved(ndim: int, source: Any, destination: Any) -> tuple[int, ...]:
    sources, places = _axes(source, ndim), _axes(destination, ndim)
    order = [n for n in range(ndim) if n not in sources]
    for place, axis in sorted(zip(places, sources, strict=True)):
        order.insert(place, axis)
    return tuple(order)


def _axes(axis: Any, ndim: int) -> tuple[int, ...]:
    axes: tuple[int, ...] = np.lib.array_utils.normalize_axis_tuple(axis, ndim)
    return axes


@composite(np.rollaxis)
def rollaxis(a: Any, axis: int, start: int = 0) -> Any:
    """An axis moved before another one."""
    axis = np.lib.array_utils.normalize_axis_index(axis, a.ndim)
    start = start + a.ndim if start < 0 else start
    return np.moveaxis(a, axis, start - 1 if axis < start else start)


@composite(np.swapaxes)
def swapaxes(a: Any, axis1: int, axis2: int) -> Any:
    """Two axes exchanged."""
    first, second = (np.lib.array_utils.normalize_axis_index(axis, a.ndim) for axis in (axis1, axis2))
    order = list(range(a.ndim))
    order[first], order[second] = order[second], order[first]
    return np.transpose(a, order)


@composite(np.expand_dims)
def expand_dims(a: Any, axis: Any) -> Any:
    """New axes of length one."""
    axes = axis if isinstance(axis, (tuple, list)) else (axis,)
    ndim = a.ndim + len(axes)
    places = _axes(axes, ndim)
    lengths = iter(a.shape)
    return np.reshape(a, tuple(1 if i in places else next(lengths) for i in range(ndim)))


@composite(np.squeeze)
def squeeze(a: Any, axis: Any = None) -> Any:
    """Axes of length one removed."""
    shape = a.shape
    axes = tuple(i for i, n in enumerate(shape) if n == 1) if axis is None else reduced(axis, a.ndim)
    if any(shape[i] != 1 for i in axes):
        raise ValueError(f"cannot squeeze axes {axes} of shape {shape}: they are not of length one")
    return np.reshape(a, tuple(n for i, n in enumerate(shape) if i not in axes))


def _batch_broadcast(size: int, values: list[Any], batched: Any, shape: Any) -> Any:
    (x,) = values
    shape = (shape,) if isinstance(shape, (int, np.integer)) else tuple(shape)
    x = np.reshape(x, (x.shape[0], *(1,) * (len(shape) + 1 - x.ndim), *x.shape[1:]))
    return np.broadcast_to(x, (x.shape[0], *shape))


def _broadcast(x: Any, shape: Any) -> Any:
    return np.broadcast_to(x, shape)


# The sweep sums a cotangent over the axes that its argument does not have.
_broadcast_block = linear(np.broadcast_to, lambda out_bar, shape=(): out_bar, names=("x",), value=_broadcast,
       bind=lambda array, shape, subok=False: ((array,), {"shape": shape}), batch=_batch_broadcast,
       parameters=("shape",))  # fmt: skip


def _broadcast_call(array: Any, shape: Any, subok: bool = False) -> Any:
    out = _broadcast_block.apply(array, shape)
    return viewed(out, array, _broadcast_block.apply, (shape,), unwritable, "broadcast_to")


_broadcast_block.call = composite(np.broadcast_to)(_broadcast_call)


@composite(np.broadcast_arrays)
def broadcast_arrays(*args: Any, subok: bool = False) -> tuple[Any, ...]:
    """All arrays broadcast to one shape."""
    arrays = [a if isinstance(a, Variable) else plain(a) for a in args]
    shape = np.broadcast_shapes(*[np.shape(a) for a in arrays])
    return tuple([a if np.shape(a) == shape else np.broadcast_to(a, shape) for a in arrays])


def _at_least(ndim: int, a: Any) -> Any:
    a = a if isinstance(a, Variable) else plain(a)
    shape = np.shape(a)
    if len(shape) >= ndim:
        return a
    if ndim == 3:
        # NumPy puts a vector in the middle axis, a matrix in the first two.
        return np.reshape(a, {0: (1, 1, 1), 1: (1, *shape, 1), 2: (*shape, 1)}[len(shape)])
    return np.reshape(a, (1,) * (ndim - len(shape)) + shape)


def _every_at_least(ndim: int, arrays: tuple[Any, ...]) -> Any:
    results = tuple([_at_least(ndim, a) for a in arrays])
    return results[0] if len(results) == 1 else results


@composite(np.atleast_1d)
def atleast_1d(*arys: Any) -> Any:
    """Each array with at least one axis."""
    return _every_at_least(1, arys)


@composite(np.atleast_2d)
def atleast_2d(*arys: Any) -> Any:
    """Each array with at least two axes."""
    return _every_at_least(2, arys)


@composite(np.atleast_3d)
def atleast_3d(*arys: Any) -> Any:
    """Each array with at least three axes."""
    return _every_at_least(3, arys)


@composite(np.flip)
def flip(m: Any, axis: Any = None) -> Any:
    """The elements in reverse order along axes."""
    axes = tuple(range(m.ndim)) if axis is None else _axes(axis, m.ndim)
    return m[tuple(slice(None, None, -1) if i in axes else slice(None) for i in range(m.ndim))]


@composite(np.fliplr)
def fliplr(m: Any) -> Any:
    """The second axis reversed."""
    return np.flip(m, 1)


@composite(np.flipud)
def flipud(m: Any) -> Any:
    """The first axis reversed."""
    return np.flip(m, 0)


@composite(np.rot90)
def rot90(m: Any, k: int = 1, axes: Any = (0, 1)) -> Any:
    """A quarter turn, `k` times, in the plane of two axes."""
    (first,), (second,) = (_axes(axis, m.ndim) for axis in axes)
    if first == second:
        raise ValueError(f"rot90: two different axes make a plane, got {axes}")
    if k % 4 == 0:
        return m[:]
    if k % 4 == 2:
        return np.flip(np.flip(m, first), second)
    if k % 4 == 1:
        return np.swapaxes(np.flip(m, second), first, second)
    return np.flip(np.swapaxes(m, first, second), second)


@composite(np.roll)
def roll(a: Any, shift: Any, axis: Any = None) -> Any:
    """The elements shifted along axes; what leaves at one end enters at the other."""
    if axis is None:
        return np.reshape(np.roll(np.ravel(a), shift, 0), a.shape)
    axes = np.lib.array_utils.normalize_axis_tuple(axis, a.ndim, allow_duplicate=True)
    pairs = np.broadcast(shift, axes)
    if not a.ndim:
        raise ValueError("roll: a number has no axes")
    if pairs.ndim > 1:
        raise ValueError("roll: shifts and axes are numbers or sequences of them")
    for by, at in pairs:
        length = a.shape[at]
        cut = int(by) % length if length else 0
        if cut:
            before = (slice(None),) * at
            a = np.concatenate([a[(*before, slice(length - cut, None))], a[(*before, slice(length - cut))]], at)
    return copied(a)


@composite(np.resize)
def resize(a: Any, new_shape: Any) -> Any:
    """The elements, repeated as often as a new shape needs them."""
    flat = np.ravel(a)
    shape = (new_shape,) if isinstance(new_shape, (int, np.integer)) else tuple(new_shape)
    if any(n < 0 for n in shape):
        raise ValueError(f"resize: a shape cannot be negative, got {shape}")
    count = int(np.prod(shape))
    if not flat.size:
        return a.level.constant(np.zeros(shape, a.dtype)) if isinstance(a, Variable) else np.resize(a, shape)
    return np.reshape(flat[np.arange(count) % flat.size], shape)
