"""The classic library's module of this name: `from dragongrad.variable import Variable`."""

from .classic.block import Block, SimpleBlock
from .classic.variable import Constant, Variable

__all__ = ["Block", "Constant", "SimpleBlock", "Variable"]
