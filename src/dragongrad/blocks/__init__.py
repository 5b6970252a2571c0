"""The table of primitives, a file per chapter of NumPy; importing it fills the table."""

from . import complex as complex_parts
from . import constants, contractions, elementwise, indexing, queries, reductions, shaping

__all__ = [
    "complex_parts",
    "constants",
    "contractions",
    "elementwise",
    "indexing",
    "queries",
    "reductions",
    "shaping",
]
