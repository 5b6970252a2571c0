"""Long arrays a piece at a time, so that a step made of many operations stays in the processor's cache."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, TypeAlias

import numpy as np

Array: TypeAlias = np.ndarray[Any, Any]

# A dozen arrays of this many float64, with what a formula computes in between, fit the second-level cache.
PIECE = 8192


def pieces(*arrays: Array) -> Iterable[tuple[Array, ...]]:
    """The same stretches of several arrays of one size, as vectors; a short array is one piece.

    What is written into a piece is written into the array, which must be contiguous for that.
    """
    vectors = [a.reshape(-1) for a in arrays]
    size = vectors[0].size
    if size <= PIECE:
        return (tuple(vectors),)
    return [tuple([v[i : i + PIECE] for v in vectors]) for i in range(0, size, PIECE)]
