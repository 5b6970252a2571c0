"""Optimizers, a file per method, and what drives them."""

from . import zoo
from .adam import Adam
from .descent import GD
from .loop import Iteration, Limits
from .minimize import METHODS, minimize
from .objective import Objective
from .optimizer import Optimizer
from .result import Result, Status

__all__ = [
    "GD",
    "METHODS",
    "Adam",
    "Iteration",
    "Limits",
    "Objective",
    "Optimizer",
    "Result",
    "Status",
    "minimize",
    "zoo",
]
