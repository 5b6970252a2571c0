"""Functions of the user's and the Variables in them: taken out, so that they can be put back as plain values."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from types import CellType, FunctionType, MethodType
from typing import Any

import numpy as np

from ..core.nests import flatten, unflatten
from ..core.variable import Variable, plain
from .chapters import holds_variable

# A function is searched so many functions deep.
_DEEPEST = 8


class Opened:
    """A function, with the Variables that it holds beside it: in its closure, its defaults, or among its arguments.

    They may be parts of a spline or of a distribution there.

    Attributes
    ----------
    leaves : list of Variable
        The Variables.

    """

    def __init__(self, f: Callable[..., Any], args: tuple[Any, ...]) -> None:
        self.leaves: list[Any] = []
        self._f, self._args = self._open(f, 0), self._open(args, 0)

    def call(self, x: tuple[Any, ...], leaves: tuple[Any, ...]) -> Any:
        """The value at some first arguments, with other values in place of the Variables."""
        return self._f(leaves)(*x, *self._args(leaves))

    def _open(self, value: Any, depth: int) -> Callable[[Any], Any]:
        """What makes the value anew, of values for the Variables in it."""
        before = len(self.leaves)
        if isinstance(value, Variable) or (isinstance(value, np.ndarray) and value.dtype.hasobject):
            made = self._leaf(value)
        elif depth == _DEEPEST:
            return lambda leaves: value
        elif isinstance(value, FunctionType):
            made = self._function(value, depth)
        elif isinstance(value, MethodType):
            inner, owner = self._open(value.__func__, depth + 1), self._open(value.__self__, depth + 1)
            made = lambda leaves: MethodType(inner(leaves), owner(leaves))
        elif isinstance(value, partial):
            parts = self._open((value.func, value.args, value.keywords), depth + 1)
            made = lambda leaves: _partial(*parts(leaves))
        elif getattr(type(value), "holds_parts", False):
            parts = self._open(dict(vars(value)), depth + 1)
            made = lambda leaves: _alike(value, parts(leaves))
        else:
            made = self._nest(value, depth)
        return made if len(self.leaves) > before else lambda leaves: value

    def _leaf(self, value: Any) -> Callable[[Any], Any]:
        if not holds_variable(value):
            return lambda leaves: value
        at = len(self.leaves)
        self.leaves.append(plain(value))
        return lambda leaves: leaves[at]

    def _function(self, f: FunctionType, depth: int) -> Callable[[Any], Any]:
        held = [_contents(cell) for cell in f.__closure__ or ()]
        cells = [self._open(v, depth + 1) if v is not f else _same(v) for v in held]
        defaults = self._open((f.__defaults__, f.__kwdefaults__), depth + 1)

        def made(leaves: Any) -> Any:
            ordinary, named = defaults(leaves)
            closure = tuple(CellType(cell(leaves)) for cell in cells)
            again = FunctionType(f.__code__, f.__globals__, f.__name__, ordinary, closure)
            again.__kwdefaults__ = named
            return again

        return made

    def _nest(self, value: Any, depth: int) -> Callable[[Any], Any]:
        parts, structure = flatten(value)
        if structure is None:
            return lambda leaves: value
        made = [self._open(part, depth + 1) for part in parts]
        return lambda leaves: unflatten(structure, [one(leaves) for one in made])


def _contents(cell: Any) -> Any:
    try:
        return cell.cell_contents
    except ValueError:
        # A name that has no value yet.
        return None


def _same(value: Any) -> Callable[[Any], Any]:
    return lambda leaves: value


def _alike(value: Any, parts: dict[str, Any]) -> Any:
    """A spline or a distribution with other parts."""
    again = object.__new__(type(value))
    vars(again).update(parts)
    return again


def _partial(func: Any, args: Any, keywords: Any) -> Any:
    return partial(func, *args, **keywords)
