"""Products of arrays that sum over shared axes: `matmul` is the Block, the others restate themselves through it."""

from __future__ import annotations

import operator
from typing import Any

import numpy as np

from ..core.block import composite, multilinear
from ..core.variable import plain
from .axes import as_array, front, normal, number_of, turned
from .complex import conjugated
from .indexing import read


def _matmul_x(out_bar: Any, x: Any, y: Any) -> Any:
    if x.ndim == 1:
        if np.ndim(y) == 1:
            return out_bar * y
        return np.matmul(y, out_bar[..., None])[..., 0]
    if np.ndim(y) == 1:
        return out_bar[..., None] * y
    return np.matmul(out_bar, np.swapaxes(y, -1, -2))


def _matmul_y(out_bar: Any, x: Any, y: Any) -> Any:
    if y.ndim == 1:
        if np.ndim(x) == 1:
            return out_bar * x
        return np.matmul(np.swapaxes(x, -1, -2), out_bar[..., None])[..., 0]
    if np.ndim(x) == 1:
        return x[:, None] * out_bar[..., None, :]
    return np.matmul(np.swapaxes(x, -1, -2), out_bar)


def _batch_matmul(size: int, values: list[Any], batched: Any) -> Any:
    x, y = values
    if 0 in (np.ndim(x) - batched[0], np.ndim(y) - batched[1]):
        raise ValueError("matmul takes arrays, and no numbers: write x * y")
    vector_x, vector_y = np.ndim(x) - batched[0] == 1, np.ndim(y) - batched[1] == 1
    x = x[..., None, :] if vector_x else x
    y = y[..., :, None] if vector_y else y
    ndim = max(np.ndim(x) - batched[0], np.ndim(y) - batched[1])
    x, y = (
        np.reshape(v, (v.shape[0], *(1,) * (ndim + 1 - v.ndim), *v.shape[1:])) if b else v
        for v, b in ((x, batched[0]), (y, batched[1]))
    )
    out = np.matmul(x, y)
    out = out[..., 0, :] if vector_x else out
    if vector_y:
        out = out[..., 0]
    return out


multilinear(np.matmul, _matmul_x, _matmul_y, symbol="@", batch=_batch_matmul)


@composite(np.dot)
def dot(a: Any, b: Any) -> Any:
    """The dot product: `a @ b`, a product where one is a scalar."""
    # Here a Python number has a dtype of its own, unlike in a product.
    a, b = as_array(a), as_array(b)
    if np.ndim(a) == 0 or np.ndim(b) == 0:
        return np.multiply(a, b)
    if np.ndim(b) <= 2:
        return a @ b
    return np.tensordot(a, b, axes=([np.ndim(a) - 1], [np.ndim(b) - 2]))


@composite(np.vdot)
def vdot(a: Any, b: Any) -> Any:
    """The dot product of the flattened arrays, the first conjugated."""
    return conjugated(np.ravel(as_array(a))) @ np.ravel(as_array(b))


@composite(np.inner)
def inner(a: Any, b: Any) -> Any:
    """The products summed over the last axes."""
    a, b = as_array(a), as_array(b)
    if np.ndim(a) == 0 or np.ndim(b) == 0:
        return np.multiply(a, b)
    if np.ndim(b) == 1:
        return a @ b
    return np.tensordot(a, b, axes=([np.ndim(a) - 1], [np.ndim(b) - 1]))


@composite(np.outer)
def outer(a: Any, b: Any) -> Any:
    """All products of an element of one array and one of the other."""
    return np.ravel(plain(a))[:, None] * np.ravel(plain(b))[None, :]


@composite(np.tensordot)
def tensordot(a: Any, b: Any, axes: Any = 2) -> Any:
    """The products summed over pairs of axes."""
    a, b = as_array(a), as_array(b)
    axes = axes[()] if isinstance(axes, np.ndarray) else axes
    if isinstance(axes, (int, np.integer)):
        over_a, over_b = normal(tuple(range(-int(axes), 0)), a.ndim), tuple(range(int(axes)))
    else:
        axes_a, axes_b = axes
        over_a, over_b = normal(_tuple(axes_a), a.ndim), normal(_tuple(axes_b), b.ndim)
    if [a.shape[i] for i in over_a] != [b.shape[i] for i in over_b]:
        raise ValueError(f"the axes {over_a} of shape {a.shape} do not match the axes {over_b} of {b.shape}")
    free_a = tuple(i for i in range(a.ndim) if i not in over_a)
    free_b = tuple(i for i in range(b.ndim) if i not in over_b)
    length = int(np.prod([a.shape[i] for i in over_a]))
    left = np.reshape(np.transpose(a, free_a + over_a), (_count(a, free_a), length))
    right = np.reshape(np.transpose(b, over_b + free_b), (length, _count(b, free_b)))
    return np.reshape(left @ right, tuple(a.shape[i] for i in free_a) + tuple(b.shape[i] for i in free_b))


def _tuple(axes: Any) -> tuple[int, ...]:
    return (int(axes),) if isinstance(axes, (int, np.integer)) else tuple(map(operator.index, axes))


def _count(x: Any, axes: Any) -> int:
    count = 1
    for i in axes:
        count *= x.shape[i]
    return count


@composite(np.kron)
def kron(a: Any, b: Any) -> Any:
    """The Kronecker product: every element of the first array times the second."""
    a, b = plain(a), plain(b)
    ndim = max(np.ndim(a), np.ndim(b))
    shape_a, shape_b = ((1,) * (ndim - np.ndim(v)) + np.shape(v) for v in (a, b))
    spread_a = np.reshape(a, tuple(m for n in shape_a for m in (n, 1)))
    spread_b = np.reshape(b, tuple(m for n in shape_b for m in (1, n)))
    return np.reshape(spread_a * spread_b, tuple(m * n for m, n in zip(shape_a, shape_b, strict=True)))


@composite(np.cross)
def cross(a: Any, b: Any, axisa: int = -1, axisb: int = -1, axisc: int = -1, axis: int | None = None) -> Any:
    """The cross product of vectors of three elements (of two: its third component)."""
    axisa, axisb, axisc = map(operator.index, (axisa, axisb, axisc) if axis is None else (axis,) * 3)
    a, b = np.moveaxis(as_array(a), axisa, -1), np.moveaxis(as_array(b), axisb, -1)
    if a.shape[-1] not in (2, 3) or b.shape[-1] not in (2, 3):
        raise ValueError(f"cross takes vectors of 2 or 3 elements, got shapes {a.shape} and {b.shape}")
    x, y = ([v[..., i] for i in range(v.shape[-1])] for v in (a, b))
    third = x[0] * y[1] - x[1] * y[0]
    if len(x) == len(y) == 2:
        return third
    x, y = ([*v, np.zeros_like(v[0])] if len(v) == 2 else v for v in (x, y))
    return np.stack([x[1] * y[2] - x[2] * y[1], x[2] * y[0] - x[0] * y[2], third], axis=axisc)


@composite(np.trace)
def trace(a: Any, offset: int = 0, axis1: int = 0, axis2: int = 1, dtype: Any = None) -> Any:
    """The sum of a diagonal."""
    return np.sum(np.diagonal(a, offset, axis1, axis2), axis=-1, dtype=turned(dtype))


if hasattr(np, "vecdot"):

    @composite(np.vecdot)
    def vecdot(x1: Any, x2: Any, /, *, axis: int = -1) -> Any:
        """The products of vectors along an axis, the first conjugated."""
        axis = number_of(axis)
        x, y = np.moveaxis(as_array(x1), axis, -1), np.moveaxis(as_array(x2), axis, -1)
        return np.matmul(conjugated(x)[..., None, :], y[..., :, None])[..., 0, 0][()]


if hasattr(np, "matvec"):

    @composite(np.matvec)
    def matvec(x1: Any, x2: Any, /) -> Any:
        """A matrix times a vector, over leading axes."""
        return np.matmul(plain(x1), plain(x2)[..., :, None])[..., 0]

    @composite(np.vecmat)
    def vecmat(x1: Any, x2: Any, /) -> Any:
        """A vector, conjugated, times a matrix, over leading axes."""
        return np.matmul(conjugated(as_array(x1))[..., None, :], plain(x2))[..., 0, :]


# Convolution: the Block is the full one, the other modes are parts of it


def _other(out_bar: Any, kernel: Any) -> Any:
    return np.correlate(out_bar, np.conj(kernel), "valid")


def _batch_convolve(size: int, values: list[Any], batched: Any) -> Any:
    x, y = (front(size, v, b) for v, b in zip(values, batched, strict=True))
    if x.shape[1] < y.shape[1]:
        x, y = y, x
    n, m = x.shape[1], y.shape[1]
    places = np.arange(n + m - 1)[:, None] - np.arange(m)
    inside = (places >= 0) & (places < n)
    # Not padded with zeros: these would be NaN times what is not finite.
    windows = read(x, (slice(None), np.where(inside, places, 0)))
    products = windows * y[:, None, :]
    return np.sum(np.where(inside, products, 0), axis=-1, dtype=products.dtype)


def _full(x: Any, y: Any) -> Any:
    return np.convolve(x, y)


_convolve = multilinear(
    np.convolve, lambda out_bar, x, y: _other(out_bar, y), lambda out_bar, x, y: _other(out_bar, x),
    value=_full, batch=_batch_convolve, symbol="conv", parameters=(),
)  # fmt: skip


@composite(np.convolve)
def convolve(a: Any, v: Any, mode: str = "full") -> Any:
    """The discrete convolution of two vectors."""
    a, v = np.atleast_1d(plain(a)), np.atleast_1d(plain(v))
    if np.ndim(a) != 1 or np.ndim(v) != 1 or not a.size or not v.size:
        raise ValueError(f"convolve takes vectors that are not empty, got shapes {np.shape(a)} and {np.shape(v)}")
    out = _convolve(a, v)
    short, long = sorted((a.shape[0], v.shape[0]))
    if mode == "valid":
        return out[short - 1 : long]
    if mode == "same":
        return out[(short - 1) // 2 : (short - 1) // 2 + long]
    if mode != "full":
        raise ValueError(f"mode is 'full', 'same' or 'valid', not {mode!r}")
    return out


@composite(np.correlate)
def correlate(a: Any, v: Any, mode: str = "valid") -> Any:
    """The cross-correlation of two vectors, the second conjugated."""
    a, v = as_array(a), as_array(v)
    if a.ndim != 1 or v.ndim != 1:
        raise ValueError(f"correlate takes vectors, got shapes {a.shape} and {v.shape}")
    if a.shape[0] < v.shape[0]:
        # As NumPy does it, so that "same" is centred as there.
        return np.flip(conjugated(correlate(v, a, mode)))
    return np.convolve(a, np.flip(conjugated(v)), mode)
