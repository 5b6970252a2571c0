"""What answers to the names of NumPy's ufuncs while a transform runs: they take lists of Variables.

A ufunc asks nobody what is in a list: it makes an array of objects, and does to it what Python's operators do to
them, which know nothing of the dtype that the list has as an array (`np.add.reduce([x > 0, x > 1])`).
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np

from ..core.block import TABLE
from ..core.errors import NUMPY_ERRORS, operation_error
from ..core.variable import Variable, holds_variable
from ..namespace import is_answering, replace
from .creation import assembled

_NOTHING = object()
_ndarray = np.ndarray


def _answered(original: Any, answer: Any, args: tuple[Any, ...], options: dict[str, Any]) -> Any:
    """The call of a ufunc by what the user's code called; given a Variable it goes to the rule at once.

    NumPy would search for who answers.
    """
    for a in args:
        kind = type(a)
        if kind is Variable and not options and len(args) == original.nin:
            try:
                return _staged(a.level, answer, args) if a.level.stages else answer(*args)
            except NUMPY_ERRORS as error:
                raise operation_error(original.__name__, args, error) from None
        if (kind is list or kind is tuple) and holds_variable(a) and is_answering(3):
            arrays = tuple([assembled(a) if _holds(a) else a for a in args])
            return _answered(original, answer, arrays, options)
    return original(*args, **options)


def _staged(level: Any, answer: Any, args: tuple[Any, ...]) -> Any:
    """An answer in a trace, which is told that NumPy was asked, and no operator of Python's."""
    return level.from_numpy(answer(*map(level.to_numpy, args)))


def _call(original: Any, answer: Any) -> Callable[..., Any]:
    return lambda *args, **options: _answered(original, answer, args, options)


# The same for the two commonest counts: a loop over the arguments takes as long as a small array's sum. What is
# neither a Variable nor a list is NumPy's.


def _call_of_one(original: Any, answer: Any) -> Callable[..., Any]:
    def call(x: Any = _NOTHING, *rest: Any, **options: Any) -> Any:
        if type(x) is _ndarray and not rest and not options:
            return original(x)
        if type(x) is Variable and not rest and not options:
            try:
                return _staged(x.level, answer, (x,)) if x.level.stages else answer(x)
            except NUMPY_ERRORS as error:
                raise operation_error(original.__name__, (x,), error) from None
        return _answered(original, answer, () if x is _NOTHING else (x, *rest), options)

    return call


def _call_of_two(original: Any, answer: Any) -> Callable[..., Any]:
    def call(x: Any = _NOTHING, y: Any = _NOTHING, *rest: Any, **options: Any) -> Any:
        if type(x) is _ndarray and not rest and not options:
            kind = type(y)
            if kind is _ndarray or kind is float or kind is int:
                return original(x, y)
        given = tuple([a for a in (x, y) if a is not _NOTHING])
        return _answered(original, answer, (*given, *rest), options)

    return call


# How many arrays the methods take.
_METHODS = {"reduce": 1, "accumulate": 1, "reduceat": 1, "outer": 2}
_CALLS = {1: _call_of_one, 2: _call_of_two}


class Ufunc(partial[Any]):
    """As a ufunc, of lists of Variables too; it is equal to it, and an instance of its class to those who ask.

    A `partial`, whose call is C: a method `__call__` of Python's is looked up each time.
    """

    _original: np.ufunc

    def __new__(cls, original: np.ufunc) -> Ufunc:
        """What answers for a ufunc."""
        answer = _power if original is np.power else TABLE[original]
        self = super().__new__(cls, _CALLS.get(original.nin, _call)(original, answer))
        self._original = original
        self.__doc__ = original.__doc__
        return self

    def __getattr__(self, name: str) -> Any:
        if name not in _METHODS:
            return getattr(self._original, name)
        made = _method(self._original, name, _METHODS[name])
        setattr(self, name, made)
        return made

    # What `isinstance` asks, after the type itself.
    @property  # type: ignore[misc]
    def __class__(self) -> Any:
        return np.ufunc

    def __get__(self, owner: Any, kind: Any = None) -> Any:
        """Itself: no method of the class in which it stands."""
        return self

    def __eq__(self, other: object) -> bool:
        return self._original is getattr(other, "_original", other)

    def __hash__(self) -> int:
        return hash(self._original)

    def __reduce__(self) -> Any:
        return self.__name__

    def __repr__(self) -> str:
        return repr(self._original)


def _power(x: Any, y: Any) -> Any:
    """Of truth values whole numbers, where the operator squares them in int8."""
    if y.__class__ is int and x.__class__ is Variable and x.dtype.kind == "b":
        x = x.astype(np.dtype(int))
    return TABLE[np.power](x, y)


def _holds(value: Any) -> bool:
    return value.__class__ in (list, tuple) and holds_variable(value)


def _method(original: Any, name: str, count: int) -> Callable[..., Any]:
    """A method of a ufunc, whose first arguments, as many as `count`, are arrays or lists of Variables."""
    method = getattr(original, name)

    def call(*args: Any, **options: Any) -> Any:
        if count == 1 and args and type(args[0]) is _ndarray:
            return method(*args, **options)
        if any(map(_holds, args[:count])) and is_answering():
            args = (*[assembled(a) if _holds(a) else a for a in args[:count]], *args[count:])
        return method(*args, **options)

    call.__name__ = name
    return call


def install() -> None:
    """Let them answer for NumPy's, once the table is complete."""
    made: dict[Any, Ufunc] = {}
    for name, value in list(vars(np).items()):
        if isinstance(value, np.ufunc) and value in TABLE and value.signature is None:
            replace(name, made.setdefault(value, Ufunc(value)))
