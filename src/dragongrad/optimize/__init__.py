"""Optimizers, a file per method."""

from .adam import Adam
from .descent import GD
from .optimizer import Optimizer

__all__ = ["GD", "Adam", "Optimizer"]
