"""Parameters as float64 vectors, in which the linear algebra of a step is done."""

from __future__ import annotations

from typing import Any

import numpy as np

from .objective import Array


def vector(x: Any) -> Array:
    """An array as a float64 vector."""
    return np.ravel(x).astype(np.float64, copy=False)


def dot(a: Any, b: Any) -> float:
    """The inner product of two arrays, in float64."""
    return float(vector(a) @ vector(b))
