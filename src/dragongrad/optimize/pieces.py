"""Long arrays a piece at a time, so that a step made of many operations stays in the processor's cache."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np

Array = np.ndarray[Any, Any]

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
