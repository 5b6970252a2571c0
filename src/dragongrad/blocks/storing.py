"""What may be stored into an array in place, and what that would lose."""

from __future__ import annotations

import functools
import warnings
from collections.abc import Callable
from typing import Any

import numpy as np

from ..core.errors import NUMPY_ERRORS, DragongradError, DtypeError, describe, user_line
from ..core.nests import flatten
from ..core.variable import Variable, holds_variable, value_of
from ..lines import user_level


def elements(x: Any, y: Any) -> Any:
    """A number of Python's, or a list, as elements of `x`: NumPy makes each by itself, and of an array casts all.

    So integers take no NaN and nothing that is too large for them.
    """
    if y.__class__ in LISTS:
        if not holds_variable(y):
            return np.array(y, x.dtype)
        for part in filter(is_complex_number, flatten(y)[0]):
            storable(x, part)
        return y
    if isinstance(y, (str, bytes)) or (isinstance(y, np.ndarray) and y.dtype.kind in "SU"):
        # A number that is spelled, or none, which is refused also where nothing is written.
        return np.asarray(y).astype(x.dtype)
    if y.__class__ not in _NUMBERS:
        return y
    place = np.empty(1, x.dtype)
    place[0] = y
    return place[0]


def as_written(x: Any, y: Any, shape: Callable[[], Any]) -> Any:
    """The same where slices and numbers name the place: no list has more axes than that.

    Parameters
    ----------
    x, y : array, object
        What is written into, and what is written.
    shape : callable
        Gives the shape of the place, and None where one element is meant.

    """
    if (y.__class__ in LISTS and not holds_variable(y)) or (isinstance(y, np.floating) and x.dtype.kind in "iu"):
        axes = shape() if y.__class__ in LISTS else None
        place = np.empty(1 if axes is None else axes, x.dtype)
        place[0 if axes is None else ...] = y
        return place[0] if axes is None else place
    return elements(x, y)


LISTS, _NUMBERS = (list, tuple), (int, float, type(None))


def storable(x: Any, y: Any) -> Any:
    """What item assignment stores into `x` in place of `y`; what would silently lose a derivative is refused."""
    if y is None:
        # NumPy makes NaN of it among floats.
        return elements(x, y)
    kind = getattr(y, "dtype", np.dtype(type(y))).kind
    if kind in "fc" and x.dtype.kind in "biu" and isinstance(y, Variable):
        raise DtypeError(
            f"storing {describe(y)} in a buffer of {x.dtype} would truncate it and lose its derivative\n"
            f"  at {user_line()}\nMake the buffer of floats: np.zeros(n, like=x)"
        )
    if kind not in "fciub" and not isinstance(y, (Variable, np.ndarray)):
        _refuse_no_numbers(x, np.asarray(y))
    if kind != "c" or x.dtype.kind == "c":
        return y
    if is_complex_number(y) and x.dtype.kind != "b":
        raise DtypeError(
            f"a complex number cannot be stored in an array of {x.dtype}\n  at {user_line()}\n"
            "Make the array complex: x.astype(complex), or store y.real"
        )
    if x.dtype.kind == "b":
        return y != 0
    message = "Casting complex values to real discards the imaginary part"
    warnings.warn(message, np.exceptions.ComplexWarning, stacklevel=user_level())
    return np.real(y)


def is_complex_number(y: Any) -> bool:
    """Whether a value is a complex number of Python's: in a traced run one of that class inside a Variable."""
    return y.__class__ is complex or (isinstance(y, Variable) and y.data.__class__ is complex)


def _refuse_no_numbers(x: Any, y: Any) -> None:
    """Let NumPy refuse texts and the like, which it does also where nothing is written."""
    if y.dtype.kind in "SUV" or (y.dtype.kind == "O" and not any(isinstance(v, Variable) for v in y.flat)):
        y.astype(x.dtype)


def refused_as_numpy_refuses(write: Callable[..., None]) -> Callable[[Callable[..., None]], Callable[..., None]]:
    """Let what writes into a Variable fail as NumPy's own `write` does, which of two bad arguments names one."""

    def decorate(ours: Callable[..., None]) -> Callable[..., None]:
        @functools.wraps(ours)
        def written(target: Any, *args: Any, **kwargs: Any) -> None:
            try:
                ours(target, *args, **kwargs)
            except (DragongradError, *NUMPY_ERRORS) as error:
                raise as_numpy_refuses(error, write, target, args, kwargs) from None

        return written

    return decorate


def as_numpy_refuses(
    error: Exception, write: Callable[..., None], target: Any, args: Any, kwargs: Any
) -> Exception:
    """The error of a write that failed, or NumPy's own: it is found by writing into an array that nobody has."""
    if not isinstance(target, Variable):
        return error
    stand_ins = [_stand_in(a) for a in args], {k: _stand_in(v) for k, v in kwargs.items()}
    try:
        write(np.zeros(target.shape, target.dtype), *stand_ins[0], **stand_ins[1])
    except NUMPY_ERRORS as found:
        # A masked array is refused by what it means, and not by its shape.
        ours = isinstance(found, DragongradError) or any(isinstance(a, np.ma.MaskedArray) for a in args)
        # Of the same kind, ours says what to write.
        return error if ours or _kinds(error) == _kinds(found) else found
    return error


def _kinds(error: Exception) -> list[type[Exception]]:
    return [kind for kind in NUMPY_ERRORS if isinstance(error, kind)]


def _stand_in(value: Any) -> Any:
    """A plain value in place of one that holds Variables, of the same shape and dtype."""
    if value.__class__ in LISTS:
        return type(value)(map(_stand_in, value))
    if value.__class__ is slice:
        return slice(*map(_stand_in, (value.start, value.stop, value.step)))
    if not isinstance(value, Variable):
        return value
    found = value_of(value)
    return found if np.shape(found) == value.shape else np.zeros(value.shape, value.dtype)
