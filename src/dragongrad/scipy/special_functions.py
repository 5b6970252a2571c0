"""Functions of `scipy.special` that the other parts need, of Variables by NumPy's own where these have a Block."""

from __future__ import annotations

from typing import Any

import numpy as np


def xlogy(x: Any, y: Any) -> Any:
    """`x * log(y)`, and zero where `x` is."""
    zero = x == 0
    return np.where(zero, 0.0, x * np.log(np.where(zero, 1.0, y)))


def rel_entr(x: Any, y: Any) -> Any:
    """`x * log(x / y)`, and zero where `x` is."""
    zero = x == 0
    return np.where(zero, 0.0, x * np.log(np.where(zero, 1.0, x / y)))
