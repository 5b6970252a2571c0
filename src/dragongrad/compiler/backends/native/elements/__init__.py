"""Elements of values, in LLVM's language: the lowering of each Block that is computed inside loops."""

from ....lowering import LOWERINGS
from . import contractions, convolutions, indexing, joining, shapes, special, ufuncs

__all__ = ["LOWERINGS", "contractions", "convolutions", "indexing", "joining", "shapes", "special", "ufuncs"]
