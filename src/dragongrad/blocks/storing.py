"""What may be stored into an array in place, and what that would lose."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from typing import Any

import numpy as np

from ..core.errors import DtypeError, describe, user_line
from ..core.variable import Variable, holds_variable
from ..lines import user_level


def elements(x: Any, y: Any) -> Any:
    """A number of Python's, or a list, as elements of `x`: NumPy makes each by itself, and of an array casts all.

    So integers take no NaN and nothing that is too large for them.
    """
    if y.__class__ in LISTS:
        return y if holds_variable(y) else np.array(y, x.dtype)
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


LISTS, _NUMBERS = (list, tuple), (int, float)


def storable(x: Any, y: Any) -> Any:
    """What item assignment stores into `x` in place of `y`; what would silently lose a derivative is refused."""
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
    if y.__class__ is complex and x.dtype.kind != "b":
        raise DtypeError(
            f"a complex number cannot be stored in an array of {x.dtype}\n  at {user_line()}\n"
            "Make the array complex: x.astype(complex), or store y.real"
        )
    if x.dtype.kind == "b":
        return y != 0
    message = "Casting complex values to real discards the imaginary part"
    warnings.warn(message, np.exceptions.ComplexWarning, stacklevel=user_level())
    return np.real(y)


def _refuse_no_numbers(x: Any, y: Any) -> None:
    """Let NumPy refuse texts and the like, which it does also where nothing is written."""
    if y.dtype.kind in "SUV" or (y.dtype.kind == "O" and not any(isinstance(v, Variable) for v in y.flat)):
        y.astype(x.dtype)
