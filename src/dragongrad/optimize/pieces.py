"""Long arrays a piece at a time, so that a step made of many operations stays in the processor's cache.

Below it the few pieces of a step that many methods share; each works in place, on one piece, with one temporary.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, TypeAlias

import numpy as np

Array: TypeAlias = np.ndarray[Any, Any]

# Four arrays of this many float64 fit the second-level cache of any machine of today.
PIECE = 16384


def pieces(*arrays: Array) -> Iterable[tuple[Array, ...]]:
    """The same stretches of several arrays of one size, as vectors; a short array is one piece.

    What is written into a piece is written into the array, which must be contiguous for that.
    """
    vectors = [a.reshape(-1) for a in arrays]
    size = vectors[0].size
    if size <= PIECE:
        return (tuple(vectors),)
    return [tuple([v[i : i + PIECE] for v in vectors]) for i in range(0, size, PIECE)]


def scratch(like: Array) -> Array:
    """Memory for one temporary of a piece of an array."""
    return np.empty(min(like.size, PIECE), like.dtype)


def blend(mean: Array, new: Array, keep: float, work: Array) -> None:
    """Update a running mean in place: `mean = keep * mean + (1 - keep) * new`."""
    np.multiply(new, 1 - keep, out=work)
    mean *= keep
    mean += work


def blend_square(square: Array, new: Array, keep: float, work: Array) -> None:
    """Update a running mean of squares in place: `square = keep * square + (1 - keep) * new**2`."""
    np.multiply(new, new, out=work)
    work *= 1 - keep
    square *= keep
    square += work


def root(square: Array, correction: float, eps: float, out: Array) -> None:
    """The denominator of the adaptive methods: `out = sqrt(square) / correction + eps`."""
    np.sqrt(square, out=out)
    out /= correction
    out += eps


def descend(x: Array, direction: Array, denominator: Array, rate: float) -> None:
    """Move in place: `x -= rate * direction / denominator`; the denominator is overwritten."""
    np.divide(direction, denominator, out=denominator)
    denominator *= rate
    x -= denominator
