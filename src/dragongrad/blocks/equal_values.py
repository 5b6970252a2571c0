"""Eigenvalues and singular values that are equal, or zero: what their derivatives and those of their vectors are.

The vectors of equal values may be any basis of their space, so they have no derivative, which is NaN unless nothing
moves them. The values have a kink there, and each has the mean of the derivatives of all that are equal.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from ..core.block import general
from ..core.variable import bottom
from .special import stop_gradient


def are_close(w: Any) -> Any:
    """Which values are equal to rounding: a symmetric matrix of truths."""
    scale = np.max(np.absolute(w), axis=-1, initial=0.0)[..., None, None]
    return np.absolute(w[..., None, :] - w[..., :, None]) <= 8 * float(np.finfo(w.dtype).eps) * scale


def are_zero(s: Any) -> Any:
    """Which singular values are zero to rounding."""
    return s <= 8 * float(np.finfo(s.dtype).eps) * np.max(s, axis=-1, initial=0.0, keepdims=True)


def alone(w: Any) -> Any:
    """Which values are equal to no other: a row, beside vectors as columns."""
    return (np.sum(are_close(w), axis=-1) == 1)[..., None, :]


def shared(w: Any, slope: Any) -> Any:
    """The derivatives of values, each the mean of those of all that are equal."""
    close = are_close(w)
    count = np.sum(close, axis=-1).astype(slope.dtype)
    return np.sum(np.where(close, slope[..., None, :], 0.0), axis=-1) / count


def turned(w: Any, inner: Any) -> Any:
    """How fast each vector turns towards each other one: `inner` / (w_j - w_i), and zero for equal values."""
    close = are_close(w)
    return np.where(close, 0.0, inner / np.where(close, 1.0, w[..., None, :] - w[..., :, None]))


def settled(v_dot: Any, known: Any, x_dot: Any) -> Any:
    """The tangents of vectors, NaN for those that are not known if the matrix moves at all."""
    if np.all(bottom(known)):
        return v_dot
    lost = np.sum(over(x_dot, np.zeros(())), axis=(-2, -1), keepdims=True)
    return over(np.where(known, v_dot, lost), known.astype(np.finfo(v_dot.dtype).dtype))


def unknown(x: Any) -> Any:
    """Zero, with a derivative that is NaN if the matrix moves at all: one a matrix."""
    x = np.where(np.isfinite(x), x, 0.0)
    return np.sum(over(x - stop_gradient(x), np.zeros(())), axis=(-2, -1))


def _quotient(x: Any, y: Any) -> Any:
    """`x` / `y`; where `y` is zero, NaN, and zero for an `x` that is zero to rounding."""
    size, zero = np.absolute(x), y == 0
    largest = np.max(size, axis=(-2, -1), keepdims=True, initial=0.0, where=np.isfinite(size))
    lost = zero & ~(size <= 32 * np.finfo(x.dtype).eps * largest)
    return np.where(lost, np.nan, np.where(zero, 0.0, x / np.where(zero, 1.0, y)))


# Linear in x, and its own transpose: forward and reverse mode find NaN alike.
over: Any = general(
    "over", value=_quotient, names=("x", "y"), parameters=(), dispatches=False, symbol="/",
    pushforward=lambda x_dot, y_dot, out, y: over(x_dot - out * y_dot, y),
    pullback=lambda out_bar, out, y: (over(out_bar, y), -over(out_bar * out, y)),
    batch=lambda size, values, batched: over(*values),
)  # fmt: skip
