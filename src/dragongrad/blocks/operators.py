"""What a Variable does with `x[i]`, `x[i] = y`, `x += y`, `x.real = y` and `x.copy()`."""

from __future__ import annotations

import operator
from collections.abc import Callable
from typing import Any

import numpy as np

from ..core.block import TABLE
from ..core.dispatch import BINARY, answer, as_method
from ..core.errors import (
    NUMPY_ERRORS,
    DragongradError,
    DtypeError,
    NoRuleError,
    ShapeError,
    describe,
    operation_error,
    user_line,
)
from ..core.level import PLAIN
from ..core.variable import Variable, plain, value_of
from ..subclasses import refuse_foreign
from .indexing import is_itself, part, read_by_row, setitem
from .indices import is_basic
from .memory import view_of
from .outputs import into
from .shaping import copied_in_order, memory_order
from .storing import as_numpy_refuses
from .views import is_array, rebind, tell, written_in_place
from .writing import assigned_in_turn


def _indexed(self: Variable, index: Any) -> Any:
    parts = index if index.__class__ is tuple else (index,)
    if is_basic(parts):
        try:
            return part(self, parts)
        except (DragongradError, *NUMPY_ERRORS):
            # The longer way knows slices that differ from row to row, and says what is wrong.
            return answer("__getitem__", read_by_row, (self, index), {})
    return answer("__getitem__", read_by_row, (self, index), {})


def _assigned(self: Variable, index: Any, value: Any) -> None:
    if self.level is PLAIN and view_of(self) is None:
        parts = index if index.__class__ is tuple else (index,)
        if is_basic(parts) and written_in_place(self, parts, value):
            tell(self)
            return
    # A number of each row of a batch may stand for an array of no axes, as the rows are.
    if not self.shape and not is_array(self) and not np.ndim(value_of(self)):
        raise DtypeError(
            f"{describe(self)} is a number, and no array that can be written into\n  at {user_line()}\n"
            "Give the name the new value, x = ..., or make an array of it: x = np.array(x)"
        )
    try:
        _assign(self, index, value)
    except (DragongradError, *NUMPY_ERRORS) as error:
        found = as_numpy_refuses(error, operator.setitem, self, (index, value), {})
        raise operation_error("setitem", (self, value, index), found) from None


def _assign(self: Variable, index: Any, value: Any) -> None:
    if value.__class__ is Variable and assigned_in_turn(self, index, value):
        return
    # The name now means a new value; what was computed from the old one keeps it, and views of it follow.
    if not is_itself(self, index, value):
        self.rebind(setitem.call(plain(self), value, index))


def in_place(name: str, call: Callable[..., Any]) -> Callable[..., Any]:
    """An operator as `x += y`: arrays are changed, numbers are replaced."""

    def changed(self: Variable, other: Any) -> Any:
        out = call(self, other)
        if out is NotImplemented or not is_array(self):
            return out
        if np.shape(out) != self.shape:
            raise ShapeError(
                f"{describe(self)} cannot hold the result of {name}= with {describe(other)}, which has shape "
                f"{np.shape(out)}\n  at {user_line()}\nWrite y = x {name} ..., which makes a new array"
            )
        return into(self, out, name)

    changed.__name__ = f"__i{name}__"
    return changed


_UNSET = object()


_REFLECTED = {fn: f"__r{name}__" for name, fn in BINARY.items()}


def defers(value: Any, fn: Any = None, left: Any = None) -> Any:
    """Whether a value on the right has the word, as ndarray's operators ask; with a function, what it says."""
    if fn is None:
        refuse_foreign(value)
        answers = getattr(value, "__array_ufunc__", _UNSET)
        if answers is _UNSET:
            return getattr(value, "__array_priority__", 0) > 0
        return answers is None or getattr(value, "answers_variables", False)
    method = getattr(value, _REFLECTED.get(fn, ""), None)
    out = NotImplemented if method is None else method(left)
    if out is NotImplemented:
        raise DtypeError(
            f"{fn.__name__}({describe(left)}, {type(value).__name__}) is not known\n  at {user_line()}\n"
            "Of a sparse matrix write A.toarray()"
        )
    return out


def _deferring(method: Callable[..., Any]) -> Callable[..., Any]:
    """The product of matrices, which sparse ones and their like on the right answer themselves."""

    def product(self: Variable, other: Any) -> Any:
        if other.__class__ is not Variable and other.__class__ is not np.ndarray and defers(other):
            return defers(other, np.matmul, self)
        return method(self, other)

    product.__name__, product.__doc__ = method.__name__, method.__doc__
    return product


def _settable(name: str) -> property:
    """A part of complex numbers, which can be written to."""
    part_of = getattr(Variable, name).fget

    def write(self: Variable, value: Any) -> None:
        if name == "imag" and self.dtype.kind != "c":
            raise DtypeError(f"{describe(self)} has no imaginary part to set\n  at {user_line()}")
        if value is self and self.dtype.kind != "c":
            # Real numbers are their own real part: NumPy then writes nothing, not even into a view for reading.
            return
        part_of(self)[...] = value

    return property(part_of, write)


def _shape_set(self: Variable, shape: Any) -> None:
    raise NoRuleError(
        f"the shape of {describe(self)} cannot be set in place\n  at {user_line()}\nWrite x = x.reshape({shape})"
    )


def _copy(self: Variable, order: str = "C") -> Any:
    """As `numpy.ndarray.copy`: in C order, where `np.copy` keeps the order; of a number a number, and no array."""
    if not self.shape and is_array(self):
        return TABLE[np.copy](self)
    return copied_in_order(self, memory_order(order))


def _choose(self: Variable, *choices: Any, **options: Any) -> Any:
    """As `numpy.ndarray.choose`, which takes the choices one by one too."""
    choices = choices[0] if len(choices) == 1 else choices
    return answer("choose", TABLE[np.choose], (self, choices), options)


def install() -> None:
    """Give Variables the writes above, and the operators that write, once the table is complete."""
    Variable.rebind = rebind  # type: ignore[method-assign]
    Variable.__getitem__ = _indexed  # type: ignore[method-assign]
    Variable.__setitem__ = _assigned  # type: ignore[method-assign]
    Variable.defers = staticmethod(defers)
    for name, fn in BINARY.items():
        setattr(Variable, f"__i{name}__", in_place(name, TABLE[fn]))
    setattr(Variable, "__matmul__", _deferring(getattr(Variable, "__matmul__")))  # noqa: B009, B010
    for name in ("real", "imag"):
        setattr(Variable, name, _settable(name))
    setattr(Variable, "shape", Variable.shape.setter(_shape_set))  # type: ignore[attr-defined]  # noqa: B010
    Variable.copy = as_method("copy", _copy)  # type: ignore[attr-defined]
    Variable.choose = _choose  # type: ignore[attr-defined]
