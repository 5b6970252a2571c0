"""Norms of vectors and matrices; at zero their derivative is zero, the mean over all directions."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..core.block import composite
from .axes import Axis, as_array, keeps, normal, refuse_truths
from .elementwise import root_of_sum, root_of_sum_of_powers
from .kinks import kink


def _square(x: Any) -> Any:
    """The squares of absolute values."""
    return np.real(x) ** 2 + np.imag(x) ** 2 if x.dtype.kind == "c" else x * x


def _vector(x: Any, order: Any, axis: Axis, keepdims: bool) -> Any:
    if order is None or order == 2:
        return root_of_sum(np.sum(_square(x), axis=axis, keepdims=keepdims))
    size = np.absolute(x)
    if order == np.inf:
        return np.max(size, axis=axis, keepdims=keepdims)
    if order == -np.inf:
        return np.min(size, axis=axis, keepdims=keepdims)
    if order == 0:
        return np.sum(np.where(x != 0, np.ones_like(size), 0.0), axis=axis, keepdims=keepdims)
    if order == 1:
        return np.sum(size, axis=axis, keepdims=keepdims)
    if isinstance(order, str):
        raise ValueError(f"norm: no order {order!r} for vectors")
    if order > 0:
        return root_of_sum_of_powers(np.sum(size**order, axis=axis, keepdims=keepdims), 1.0 / order)
    return np.sum(size**order, axis=axis, keepdims=keepdims) ** (1.0 / order)


def _matrix(x: Any, order: Any, axes: tuple[int, int], keepdims: bool) -> Any:
    rows, columns = axes
    if order in (None, "fro", "f"):
        return _vector(x, 2, axes, keepdims)
    if order in (1, -1, np.inf, -np.inf):
        over, among = (rows, columns) if abs(order) == 1 else (columns, rows)
        sums = np.sum(np.absolute(x), axis=over, keepdims=True)
        out = (np.max if order > 0 else np.min)(sums, axis=among, keepdims=True)
    elif order in (2, -2, "nuc"):
        s = np.linalg.svdvals(np.moveaxis(x, (rows, columns), (-2, -1)))
        out = +s[..., 0] if order == 2 else +s[..., -1] if order == -2 else np.sum(s, axis=-1)
        shape = tuple(1 if i in axes else n for i, n in enumerate(x.shape))
        return np.reshape(out, shape) if keepdims else out
    else:
        raise ValueError(f"norm: no order {order!r} for matrices")
    return out if keepdims else np.squeeze(out, axes)[()]


def _of_nothing(fn: Any, x: Any, over: Axis, *, keepdims: bool, **options: Any) -> Any:
    """The norm of an array without elements, which depends on nothing: NumPy's own value, or its error."""
    value = fn(np.zeros(x.shape, x.dtype), keepdims=keepdims, **options)
    return np.sum(np.absolute(x), axis=over, keepdims=keepdims) + value


def _one_or_several(axis: Any, ndim: int, *, keepdims: bool, matrices: bool) -> Any:
    """The axes that a norm is told: None, a number, or several in a tuple, and in no other sequence."""
    if axis is None or isinstance(axis, tuple):
        # Several axes of a matrix are numbered otherwise than those of vectors, by truths too.
        if axis is not None and (len(axis) == 1 or not matrices):
            refuse_truths(axis)
        return axis
    if keepdims and not matrices:
        normal(axis, ndim)
    try:
        return int(axis)
    except (TypeError, ValueError, OverflowError):
        raise TypeError(f"axis must be None, an integer or a tuple of integers, it was {axis!r}") from None


def _inexact(x: Any) -> Any:
    x = as_array(x)
    return x if x.dtype.kind in "fc" else x.astype(float)


@composite(np.linalg.norm)
def norm(x: Any, ord: Any = None, axis: Axis = None, keepdims: Any = False) -> Any:
    """The norm of a vector or a matrix, or of each along axes."""
    x, keepdims = _inexact(x), bool(keepdims) if axis is None else keeps(keepdims)
    axis = _one_or_several(axis, x.ndim, keepdims=keepdims, matrices=True)
    if 0 in x.shape:
        return _of_nothing(np.linalg.norm, x, axis, ord=ord, axis=axis, keepdims=keepdims)
    if axis is None:
        if ord is None or (np.ndim(x) == 1 and ord == 2) or (np.ndim(x) == 2 and ord in ("f", "fro")):
            return _vector(x, 2, None, keepdims)
        axis = tuple(range(np.ndim(x)))
    axes = normal(axis, np.ndim(x))
    if len(axes) == 1:
        return _vector(x, ord, axes[0], keepdims)
    if len(axes) == 2:
        return _matrix(x, ord, (axes[0], axes[1]), keepdims)
    raise ValueError("norm: an order of more than two axes has no meaning")


kink(np.linalg.norm, "the zero vector", "0, the mean over all directions; the second is infinite", [0.0, 0.0], 0)


@composite(np.linalg.vector_norm)
def vector_norm(x: Any, /, *, axis: Axis = None, keepdims: Any = False, ord: Any = 2) -> Any:
    """The norm of vectors; over several axes, of their elements together."""
    x, keepdims = _inexact(x), bool(keepdims)
    axis = _one_or_several(axis, x.ndim, keepdims=keepdims, matrices=False)
    if 0 in x.shape:
        return _of_nothing(np.linalg.vector_norm, x, axis, axis=axis, keepdims=keepdims, ord=ord)
    # A number has no axis 0, which sums would take.
    return _vector(x, ord, None if axis is None else normal(axis, x.ndim), keepdims)


@composite(np.linalg.matrix_norm)
def matrix_norm(x: Any, /, *, keepdims: Any = False, ord: Any = "fro") -> Any:
    """The norm of matrices in the last two axes."""
    x, keepdims = _inexact(x), bool(keepdims)
    if 0 in x.shape:
        return _of_nothing(np.linalg.matrix_norm, x, (-2, -1), keepdims=keepdims, ord=ord)
    return _matrix(x, ord, (x.ndim - 2, x.ndim - 1), keepdims)
