"""Derivatives of what solvers find, by the implicit function theorem: the solver itself is not differentiated."""

__all__ = ["fixed_point", "minimizer", "root"]

from .minimizers import minimizer
from .roots import fixed_point, root
