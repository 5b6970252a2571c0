"""Eigenvalues and singular values that are equal, or zero: what their derivatives and those of their vectors are.

The vectors of equal values may be any basis of their space, so they have no derivative, which is NaN unless nothing
moves them. The values have a kink there, and each has the mean of the derivatives of all that are equal.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from ..core.block import elementwise, general
from ..core.variable import bottom
from .axes import front
from .special import stop_gradient


def rounding(x: Any, n: int) -> float:
    """How far apart, of their size, n values that are equal may be found: measured up to 33 eps for n = 200."""
    return 16 * float(np.finfo(x.dtype).eps) * n**0.5


def are_close(w: Any) -> Any:
    """Which values in rising or falling order are equal to rounding: a symmetric matrix of truths.

    Values are equal if no gap lies between them, so that what is equal to the same is equal.
    """
    # Equal or not is no question of slopes: no kink is to be followed here.
    w = stop_gradient(w)
    step = np.absolute(np.diff(w, axis=-1, prepend=w[..., :1]))
    group = np.cumsum(step > _limit(w), axis=-1)
    return group[..., None, :] == group[..., :, None]


def are_close_in_any_order(w: Any) -> Any:
    """As `are_close`, for values in no order, such as complex ones."""
    w = stop_gradient(w)
    close = np.absolute(w[..., None, :] - w[..., :, None]) <= _limit(w)[..., None]
    for _ in range(max(w.shape[-1] - 2, 0).bit_length()):
        near = close.astype(np.float32)
        close = near @ near > 0
    return close


def _limit(w: Any) -> Any:
    return rounding(w, w.shape[-1]) * np.max(np.absolute(w), axis=-1, keepdims=True, initial=0.0)


def are_zero(s: Any) -> Any:
    """Which singular values are zero to rounding."""
    s = stop_gradient(s)
    return s <= _limit(s)


def alone(close: Any) -> Any:
    """Which values are equal to no other: a row, beside vectors as columns."""
    return (np.sum(close, axis=-1) == 1)[..., None, :]


def shared(close: Any, slope: Any, x: Any) -> Any:
    """The derivatives of values, each the mean of those of all that are equal; `x` is the matrix."""
    count = np.sum(close, axis=-1)
    mean = np.sum(np.where(close, slope[..., None, :], 0.0), axis=-1) / count.astype(slope.dtype)
    return kinked(mean, slope, count > 1, x)


def kinked(mean: Any, slope: Any, equal: Any, x: Any) -> Any:
    """A mean in place of a slope, with no second derivative where values are equal."""
    if not np.any(bottom(equal)):
        return mean
    moved = x - stop_gradient(x)
    flat = _open(np.sum(np.real(moved) + np.imag(moved), axis=(-2, -1)))
    return mean + np.where(equal, flat[..., None] * slope, 0.0)


# Zero, with a derivative that is NaN, as is the derivative of that: also by a zero that may be none close by.
_open = elementwise(
    lambda x: np.zeros_like(x), lambda x: np.nan * x, name="open", singular=True, inlined=True
).call  # fmt: skip


def turned(w: Any, close: Any, inner: Any) -> Any:
    """How fast each vector turns towards each other one: `inner` / (w_j - w_i), and zero for equal values."""
    return np.where(close, 0.0, inner / np.where(close, 1.0, w[..., None, :] - w[..., :, None]))


def settled(v_dot: Any, known: Any, x_dot: Any, w: Any = 1.0) -> Any:
    """The tangents of vectors, NaN for those that are not known if the matrix moves at all.

    Backwards, a cotangent that is zero to rounding is not zero: it may be the product with a value that is zero, as
    where the matrix is put together again. Beside values `w` that are zero to the last bit no cotangent is.
    """
    if np.all(bottom(known)):
        return v_dot
    lost = np.sum(over(x_dot, np.zeros(())), axis=(-2, -1), keepdims=True)
    found = _exactly_over(np.where(known, v_dot, lost), known.astype(np.finfo(v_dot.dtype).dtype))
    return _held(found, np.logical_or(known, w != 0))


def doubted(v_bar: Any, known: Any, w: Any) -> Any:
    """The cotangents of vectors, NaN for those that are not known; see `settled`."""
    if np.all(bottom(known)):
        return v_bar
    return _exactly_over(v_bar, known.astype(w.dtype)) * np.where(np.logical_or(known, w != 0), 1.0, np.nan)


# What it is, with a derivative that is NaN where it is not known, so that only a structural zero stops it.
_held = elementwise(
    lambda x, known: np.where(known, x, x), lambda y: np.where(y, 1.0, np.nan), lambda y: 0.0 * y, name="held",
    singular=True, inlined=True,
).call  # fmt: skip


def signs(w: Any) -> Any:
    """The signs of eigenvalues, never zero; where one is zero to rounding its sign jumps: NaN is the derivative."""
    still, zero = stop_gradient(w), are_zero(np.absolute(w))
    sign = np.copysign(1.0, still)
    if not np.any(bottom(zero)):
        return sign
    return np.where(zero, _held(sign + (w - still), np.logical_not(zero)), sign)


def unknown(x: Any) -> Any:
    """Zero, with a derivative that is NaN if the matrix moves at all: one a matrix."""
    x = np.where(np.isfinite(x), x, 0.0)
    return np.sum(over(x - stop_gradient(x), np.zeros(())), axis=(-2, -1))


def _quotient(x: Any, y: Any) -> Any:
    """`x` / `y`; where `y` is zero, NaN, and zero for an `x` that is zero to rounding."""
    size = np.absolute(x)
    largest = np.max(size, axis=(-2, -1), keepdims=True, initial=0.0, where=np.isfinite(size))
    return _divided(x, y, size <= 32 * np.finfo(x.dtype).eps * largest)


def _exact_quotient(x: Any, y: Any) -> Any:
    """`x` / `y`; where `y` is zero, NaN, and zero for an `x` that is zero."""
    return _divided(x, y, x == 0)


def _divided(x: Any, y: Any, nothing: Any) -> Any:
    zero = y == 0
    # Neither part of a complex number is known.
    nan = complex(np.nan, np.nan) if x.dtype.kind == "c" else np.nan
    return np.where(zero & ~nothing, nan, np.where(zero, 0.0, x / np.where(zero, 1.0, y)))


def _block(name: str, value: Any) -> Any:
    """Linear in x, and its own transpose: forward and reverse mode find NaN alike."""

    def batch(size: int, values: list[Any], batched: Any) -> Any:
        """The rows of both broadcast as the examples do."""
        x, y = (front(size, value, b) for value, b in zip(values, batched, strict=True))
        ndim = max(x.ndim, y.ndim)
        return call(*[np.reshape(v, (size, *[1] * (ndim - v.ndim), *v.shape[1:])) for v in (x, y)])

    def pushforward(x_dot: Any, y_dot: Any, out: Any, y: Any) -> Any:
        return call(x_dot - out * y_dot, y)

    def pullback(out_bar: Any, out: Any, y: Any) -> Any:
        return call(out_bar, y), -call(out_bar * out, y)

    call: Any = general(name, value=value, pushforward=pushforward, pullback=pullback, names=("x", "y"),
                        parameters=(), dispatches=False, symbol="/", batch=batch)  # fmt: skip
    return call


over, _exactly_over = _block("over", _quotient), _block("exactly over", _exact_quotient)
