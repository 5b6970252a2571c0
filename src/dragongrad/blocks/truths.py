"""Numbers of Python's in a batch, one a row: what `np.array_equal` and its kin give under `vmap`.

To NumPy's functions they are arrays. Python's operators count with truth values, and raise them to negative powers.
"""

from __future__ import annotations

import operator
from collections.abc import Callable
from typing import Any

import numpy as np

from ..core.variable import Variable, bottom

_PYTHON = frozenset({bool, int, float, complex})
_COMPARISONS = ("lt", "le", "gt", "ge", "eq", "ne")
_BITWISE = ("and_", "or_", "xor")
_DIVISIONS = ("truediv", "floordiv", "mod")
_SHIFTS = ("lshift", "rshift")


class PythonNumber(Variable):
    """A number of Python's for each row of a batch."""

    __slots__ = ()


def python_number(value: Variable) -> PythonNumber:
    """A Variable of no axes whose rows stand for Python's numbers."""
    return PythonNumber(value.data, value.level, value.link)


def is_batched(value: Any) -> bool:
    """Whether a value differs from row to row."""
    while isinstance(value, Variable):
        if value.level.batch_axes:
            return True
        value = value.data
    return False


def _numpys(x: Any) -> Any:
    """The same as a number of NumPy's."""
    return Variable(x.data, x.level, x.link) if x.__class__ is PythonNumber else x


def _beside(x: Any, other: Any) -> Any:
    """A number of Python's in the dtype that it takes beside an array or a number of NumPy's."""
    if x.__class__ is not PythonNumber:
        return x
    x, dtype = _numpys(x), getattr(other, "dtype", None)
    if dtype is None or dtype.kind not in "bif" or x.dtype.kind not in "if":
        return x
    return x.astype(np.result_type(dtype, 0 if x.dtype.kind == "i" else 0.0))


def _counted(x: Any) -> Any:
    """A number as Python computes with it: truth values are 0 and 1."""
    if x.__class__ is not PythonNumber:
        return int(x) if x.__class__ is bool else x
    return _numpys(x).astype(np.int64) if x.dtype.kind == "b" else _numpys(x)


def _is_truth(x: Any) -> bool:
    return x.__class__ is bool or (x.__class__ is PythonNumber and x.dtype.kind == "b")


def _anywhere(condition: Any) -> bool:
    return bool(np.any(bottom(condition)))


def _raised(x: Any, y: Any) -> Any:
    """A power of whole numbers, which is a float where the exponent is negative: that of all rows must be so."""
    if any(getattr(v, "dtype", np.dtype(v.__class__)).kind not in "iu" for v in (x, y)) or not _anywhere(y < 0):
        return x**y
    if _anywhere(x == 0):
        raise ZeroDivisionError("0.0 cannot be raised to a negative power")
    return (1.0 * x) ** (1.0 * y)


def _computed(name: str, x: Any, y: Any) -> Any:
    """What Python's operator gives of two of its numbers."""
    fn = getattr(operator, name)
    if name in _COMPARISONS or (name in _BITWISE and _is_truth(x) and _is_truth(y)):
        return fn(_numpys(x), _numpys(y))
    x, y = _counted(x), _counted(y)
    if name in _DIVISIONS and _anywhere(y == 0):
        raise ZeroDivisionError("division by zero")
    if name in _SHIFTS and _anywhere(y < 0):
        raise ValueError("negative shift count")
    return _raised(x, y) if name == "pow" else fn(x, y)


def _binary(name: str, reflected: bool) -> Callable[[Any, Any], Any]:
    def operate(self: Any, other: Any) -> Any:
        x, y = (other, self) if reflected else (self, other)
        if other.__class__ is PythonNumber or other.__class__ in _PYTHON:
            return python_number(_computed(name, x, y))
        return getattr(operator, name)(_beside(x, y), _beside(y, x))

    return operate


def _unary(name: str) -> Callable[[Any], Any]:
    return lambda self: python_number(getattr(operator, name)(_counted(self)))


def _asked(self: PythonNumber, ufunc: Any, method: str, *inputs: Any, **kwargs: Any) -> Any:
    """What a ufunc gives, which NumPy's numbers ask for their operators, too."""
    if len(inputs) == 2:
        inputs = _beside(*inputs), _beside(*inputs[::-1])
    return getattr(ufunc, method)(*[_numpys(v) for v in inputs], **kwargs)


def _install() -> None:
    for name in ("add", "sub", "mul", "matmul", "pow", *_DIVISIONS, *_SHIFTS, *_BITWISE):
        word = name.strip("_")
        setattr(PythonNumber, f"__{word}__", _binary(name, reflected=False))
        setattr(PythonNumber, f"__i{word}__", _binary(name, reflected=False))
        setattr(PythonNumber, f"__r{word}__", _binary(name, reflected=True))
    for name in _COMPARISONS:
        setattr(PythonNumber, f"__{name}__", _binary(name, reflected=False))
    for name in ("neg", "pos", "invert", "abs"):
        setattr(PythonNumber, f"__{name}__", _unary(name))
    setattr(PythonNumber, "__array_ufunc__", _asked)  # noqa: B010


_install()
