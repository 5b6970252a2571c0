"""Published test functions, as plain NumPy: a file per family."""

from .problem import Problem

ZOO: dict[str, Problem] = {}

__all__ = ["ZOO", "Problem"]
