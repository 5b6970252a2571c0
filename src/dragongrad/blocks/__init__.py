"""The table of primitives, a file per chapter of NumPy; importing it fills the table."""

from . import (
    axes,
    choosing,
    constants,
    contractions,
    creation,
    differences,
    elementwise,
    fourier,
    indexing,
    joining,
    padding,
    queries,
    reductions,
    shaping,
)
from . import complex as complex_parts

__all__ = [
    "axes",
    "choosing",
    "complex_parts",
    "constants",
    "contractions",
    "creation",
    "differences",
    "elementwise",
    "fourier",
    "indexing",
    "joining",
    "padding",
    "queries",
    "reductions",
    "shaping",
]
