"""Functions that move elements about."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..core.block import composite, linear
from ..core.variable import plain
from .axes import front, normal, shift


def _bind_reshape(a: Any, /, shape: Any, order: str = "C", *, copy: Any = None) -> Any:
    return (a,), {"shape": shape, "order": order}


def _batch_reshape(size: int, values: list[Any], batched: Any, shape: Any, order: str = "C") -> Any:
    (x,) = values
    shape = (shape,) if isinstance(shape, (int, np.integer)) else tuple(shape)
    if order != "C":
        return np.stack([np.reshape(row, shape, order=order) for row in x])
    if -1 in shape and 0 not in x.shape:
        rest = -int(np.prod(shape))
        inner = int(np.prod(x.shape[1:]))
        shape = tuple(inner // rest if n == -1 else n for n in shape)
    return np.reshape(x, (x.shape[0], *shape))


def _reshape_transpose(out_bar: Any, x: Any, shape: Any, order: str = "C") -> Any:
    return np.reshape(out_bar, x.shape, order=order)


linear(np.reshape, _reshape_transpose, bind=_bind_reshape, batch=_batch_reshape, parameters=("shape", "order"))


@composite(np.ravel)
def ravel(a: Any, order: str = "C") -> Any:
    """The elements in one axis."""
    return np.reshape(plain(a), (-1,), order=order)


def _transpose_back(out_bar: Any, x: Any, axes: Any = None) -> Any:
    return np.transpose(out_bar, None if axes is None else tuple(np.argsort(normal(axes, x.ndim))))


def _batch_transpose(size: int, values: list[Any], batched: Any, axes: Any = None) -> Any:
    ndim = values[0].ndim - 1
    order = tuple(range(ndim))[::-1] if axes is None else normal(axes, ndim)
    return np.transpose(values[0], (0, *[a + 1 for a in order]))


linear(np.transpose, _transpose_back, batch=_batch_transpose, symbol="T")


@composite(np.moveaxis)
def moveaxis(a: Any, source: Any, destination: Any) -> Any:
    """Axes moved to other places."""
    return np.transpose(a, _moved(a.ndim, source, destination))


def _moved(ndim: int, source: Any, destination: Any) -> tuple[int, ...]:
    sources, places = normal(source, ndim), normal(destination, ndim)
    order = [n for n in range(ndim) if n not in sources]
    for place, axis in sorted(zip(places, sources, strict=True)):
        order.insert(place, axis)
    return tuple(order)


@composite(np.swapaxes)
def swapaxes(a: Any, axis1: int, axis2: int) -> Any:
    """Two axes exchanged."""
    order = list(range(a.ndim))
    order[axis1], order[axis2] = order[axis2], order[axis1]
    return np.transpose(a, order)


@composite(np.expand_dims)
def expand_dims(a: Any, axis: Any) -> Any:
    """New axes of length one."""
    axes = (axis,) if isinstance(axis, (int, np.integer)) else tuple(axis)
    ndim = a.ndim + len(axes)
    places = normal(axes, ndim)
    lengths = iter(a.shape)
    return np.reshape(a, tuple(1 if i in places else next(lengths) for i in range(ndim)))


@composite(np.squeeze)
def squeeze(a: Any, axis: Any = None) -> Any:
    """Axes of length one removed."""
    shape = a.shape
    axes = tuple(i for i, n in enumerate(shape) if n == 1) if axis is None else normal(axis, a.ndim)
    if any(shape[i] != 1 for i in axes):
        raise ValueError(f"cannot squeeze axes {axes} of shape {shape}: they are not of length one")
    return np.reshape(a, tuple(n for i, n in enumerate(shape) if i not in axes))


def _batch_broadcast(size: int, values: list[Any], batched: Any, shape: Any) -> Any:
    (x,) = values
    shape = (shape,) if isinstance(shape, (int, np.integer)) else tuple(shape)
    x = np.reshape(x, (x.shape[0], *(1,) * (len(shape) + 1 - x.ndim), *x.shape[1:]))
    return np.broadcast_to(x, (x.shape[0], *shape))


# The sweep sums a cotangent over the axes that its argument does not have.
linear(np.broadcast_to, lambda out_bar, shape=(): out_bar, names=("x",), batch=_batch_broadcast)


def _bind_concatenate(arrays: Any, axis: int | None = 0, **rest: Any) -> Any:
    arrays = [plain(a) for a in arrays]
    if axis is None:
        arrays, axis = [np.ravel(a) for a in arrays], 0
    return tuple(arrays), {"axis": axis, **rest}


def _concatenate_transpose(out_bar: Any, xs: Any, axis: int = 0) -> list[Any]:
    ends = np.cumsum([x.shape[axis] for x in xs])
    before = (slice(None),) * (axis % len(xs[0].shape))
    return [out_bar[(*before, slice(e - x.shape[axis], e))] for e, x in zip(ends, xs, strict=True)]


def _batch_concatenate(size: int, values: list[Any], batched: Any, axis: int = 0) -> Any:
    rows = [front(size, v, b) for v, b in zip(values, batched, strict=True)]
    return np.concatenate(rows, axis=shift(axis, 0))


linear(np.concatenate, _concatenate_transpose, names=("xs",), bind=_bind_concatenate, batch=_batch_concatenate,
       value=lambda *xs, axis=0: np.concatenate(xs, axis=axis))  # fmt: skip


def _bind_stack(arrays: Any, axis: int = 0, **rest: Any) -> Any:
    return tuple([plain(a) for a in arrays]), {"axis": axis, **rest}


def _stack_transpose(out_bar: Any, xs: Any, axis: int = 0) -> list[Any]:
    if axis == 0:
        return [out_bar[i] for i in range(len(xs))]
    before = (slice(None),) * (axis % (len(xs[0].shape) + 1))
    return [out_bar[(*before, i)] for i in range(len(xs))]


def _batch_stack(size: int, values: list[Any], batched: Any, axis: int = 0) -> Any:
    return np.stack([front(size, v, b) for v, b in zip(values, batched, strict=True)], axis=shift(axis, 0))


linear(np.stack, _stack_transpose, names=("xs",), bind=_bind_stack, batch=_batch_stack,
       value=lambda *xs, axis=0: np.stack(xs, axis=axis))  # fmt: skip


@composite(np.flip)
def flip(m: Any, axis: Any = None) -> Any:
    """The elements in reverse order along axes."""
    axes = normal(axis, m.ndim)
    return m[tuple(slice(None, None, -1) if i in axes else slice(None) for i in range(m.ndim))]


def _where_x(out_bar: Any, x: Any) -> Any:
    return np.where(x, out_bar, 0.0)


def _where_y(out_bar: Any, x: Any) -> Any:
    return np.where(x, 0.0, out_bar)


def _batch_where(size: int, values: list[Any], batched: Any) -> Any:
    ndim = max(np.ndim(v) - b for v, b in zip(values, batched, strict=True))
    return np.where(*[
        np.reshape(v, (v.shape[0], *(1,) * (ndim + 1 - v.ndim), *v.shape[1:])) if b else v
        for v, b in zip(values, batched, strict=True)
    ])  # fmt: skip


linear(np.where, None, _where_x, _where_y, batch=_batch_where)


def _astype(x: Any, dtype: Any) -> Any:
    return x.astype(dtype)


# The sweep brings the cotangent back to the dtype of the argument.
linear("astype", lambda out_bar, dtype: out_bar, names=("x",), value=_astype, parameters=("dtype",),
       bind=lambda x, dtype, **rest: ((x,), {"dtype": np.dtype(dtype), **rest}),
       batch=lambda size, values, batched, dtype: values[0].astype(dtype))  # fmt: skip


@composite(np.copy)
def copy(a: Any, order: str = "K", subok: bool = False) -> Any:
    """A Variable is never changed in place, so it is its own copy."""
    return +a


@composite(np.zeros_like)
def zeros_like(a: Any, dtype: Any = None, order: str = "K", subok: bool = False, shape: Any = None) -> Any:
    """Zeros that Variables can be written into."""
    return a.level.constant(np.zeros(a.shape if shape is None else shape, dtype or a.dtype))


@composite(np.ones_like)
def ones_like(a: Any, dtype: Any = None, order: str = "K", subok: bool = False, shape: Any = None) -> Any:
    """Ones that Variables can be written into."""
    return a.level.constant(np.ones(a.shape if shape is None else shape, dtype or a.dtype))


@composite(np.zeros)
def zeros(shape: Any, dtype: Any = None, order: str = "C", *, like: Any) -> Any:
    """Zeros that Variables can be written into: `np.zeros(n, like=x)`."""
    return like.level.constant(np.zeros(shape, dtype or like.dtype))


@composite(np.ones)
def ones(shape: Any, dtype: Any = None, order: str = "C", *, like: Any) -> Any:
    """Ones that Variables can be written into: `np.ones(n, like=x)`."""
    return like.level.constant(np.ones(shape, dtype or like.dtype))
