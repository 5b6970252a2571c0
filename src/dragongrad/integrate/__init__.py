"""Ordinary differential equations, compiled and differentiated."""

from .accuracy import Accuracy, check
from .solution import Solution
from .solve import solve_ivp

__all__ = ["Accuracy", "Solution", "check", "solve_ivp"]
