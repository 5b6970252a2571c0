"""What answers to the names of NumPy's ufuncs while a transform runs: they take lists of Variables.

A ufunc asks nobody what is in a list: it makes an array of objects, and does to it what Python's operators do to
them, which know nothing of the dtype that the list has as an array (`np.add.reduce([x > 0, x > 1])`).
"""

from __future__ import annotations

from typing import Any

import numpy as np

from ..core.block import TABLE
from ..core.errors import NUMPY_ERRORS, operation_error
from ..core.variable import Variable
from ..namespace import is_answering, replace
from .creation import assembled, holds_variable


class Ufunc:
    """As a ufunc, of lists of Variables too; it is equal to it, and an instance of its class to those who ask."""

    def __init__(self, original: np.ufunc) -> None:
        self._original, self._count = original, original.nin
        self._answer = _power if original is np.power else TABLE[original]

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """As the ufunc itself; given a Variable it goes to the rule at once, without NumPy's search."""
        for a in args:
            kind = a.__class__
            if kind is Variable and not kwargs and len(args) == self._count:
                try:
                    out = self._answer(*args)
                except NUMPY_ERRORS as error:
                    raise operation_error(self.__name__, args, error) from None
                return a.level.from_numpy(out) if a.level.stages else out
            if (kind is list or kind is tuple) and holds_variable(a) and is_answering():
                return self(*[assembled(a) if _holds(a) else a for a in args], **kwargs)
        return self._original(*args, **kwargs)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._original, name)

    # What `isinstance` asks, after the type itself.
    @property  # type: ignore[misc]
    def __class__(self) -> Any:
        return np.ufunc

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


def _method(name: str) -> Any:
    def method(self: Any, *args: Any, **kwargs: Any) -> Any:
        if any([_holds(a) for a in args[:2]]) and is_answering():
            args = (*[assembled(a) if _holds(a) else a for a in args[:2]], *args[2:])
        return getattr(self._original, name)(*args, **kwargs)

    method.__name__ = name
    return method


for _name in ("reduce", "accumulate", "outer"):
    setattr(Ufunc, _name, _method(_name))


def _reduceat(self: Any, array: Any, *args: Any, **kwargs: Any) -> Any:
    if _holds(array) and is_answering():
        array = assembled(array)
    return self._original.reduceat(array, *args, **kwargs)


setattr(Ufunc, "reduceat", _reduceat)  # noqa: B010


def install() -> None:
    """Let them answer for NumPy's, once the table is complete."""
    made: dict[Any, Ufunc] = {}
    for name, value in list(vars(np).items()):
        if isinstance(value, np.ufunc) and value in TABLE and value.signature is None:
            replace(name, made.setdefault(value, Ufunc(value)))
