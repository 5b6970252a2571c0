"""What no Variable can stand beside: masked arrays, matrices, dates and times of NumPy's, Python's fractions."""

from __future__ import annotations

from datetime import date, timedelta
from numbers import Number
from typing import Any

import numpy as np

from .core import variable as _variable
from .core.block import TABLE
from .core.errors import DtypeError, describe, user_line
from .core.variable import Variable, top_level

MATRIX = np.matrix
_NUMBERS = (float, int, complex, np.generic, bool)
_TIMES = (np.timedelta64, np.datetime64, timedelta, date)


def unmasked(array: Any) -> Any:
    """An array of a subclass; one whose elements are masked means what no Variable can."""
    if isinstance(array, MATRIX) and array.dtype.hasobject:
        refuse_matrix()
    mask = getattr(array, "mask", None) if array.dtype.kind != "V" else None
    if mask is None:
        return array
    if np.any(mask):
        raise DtypeError(
            "a masked array meets a Variable, or would be one: NumPy leaves out what is masked, and a Variable has "
            f"no mask\n  at {user_line()}\nLeave it out by the mask, x[~m.mask] - m.compressed(), or write numbers "
            "in its place: m.filled(0.0), np.where(m.mask, 0.0, x - m.data)"
        )
    return array.data


def refuse_matrix() -> None:
    """Refuse a matrix of NumPy's beside a Variable, with which `*` would not mean what it means in NumPy."""
    raise DtypeError(
        "a np.matrix meets a Variable: NumPy would make a matrix of them, whose * is the product of matrices\n"
        f"  at {user_line()}\nWrite np.asarray(M), and @ for the product of matrices"
    )


def refuse_matrices(values: Any) -> None:
    """Refuse matrices among several values."""
    if any([v.__class__ is MATRIX for v in values]):
        refuse_matrix()


def refuse_foreign(value: Any) -> None:
    """Refuse what NumPy would make arrays of another kind of, beside a Variable."""
    if value.__class__ is MATRIX:
        refuse_matrix()
    if isinstance(value, _TIMES) or getattr(value, "dtype", _NUMERIC).kind in "mM":
        _refuse_times(value)
    if isinstance(value, Number) and not isinstance(value, _NUMBERS):
        raise DtypeError(
            f"a {type(value).__name__} meets a Variable: NumPy would make an array of objects\n  at {user_line()}\n"
            f"Write float({value!r})"
        )


_NUMERIC = np.dtype(float)


def _refuse_times(value: Any) -> None:
    """Refuse dates and times: what NumPy makes of them is whole numbers of a unit, and has no derivative."""
    span = isinstance(value, timedelta) or getattr(value, "dtype", _NUMERIC).kind == "m"
    pythons = isinstance(value, (timedelta, date))
    unit = "timedelta(seconds=1)" if pythons else "np.timedelta64(1, 's')"
    name = "span" if span else "(date - first)"
    raise DtypeError(
        f"a {type(value).__name__ if pythons else value.dtype} meets a Variable: dates and times are whole numbers "
        f"of a unit, which have no derivative\n  at {user_line()}\nWrite {name} / {unit}, a number of seconds"
    )


def gather(array: np.ndarray[Any, Any]) -> Any:
    """Stack an object array of Variables and numbers, as `np.array([f1, f2])` makes it, into one Variable."""
    if array.dtype.names is not None:
        raise DtypeError(
            f"a structured array of Variables is none that has derivatives\n  at {user_line()}\n"
            "Write a dict or a NamedTuple of arrays: {'x': x, 'y': y}"
        )
    elements: list[Any] = array.ravel().tolist()
    if top_level(elements) is None:
        try:
            if any(e is None for e in elements):
                raise TypeError
            return array.astype(np.result_type(*elements) if elements else np.float64)
        except (TypeError, ValueError):
            kinds = sorted({type(e).__name__ for e in elements})
            instead = "Write array.astype(float) where its elements are numbers"
            if any(hasattr(e, "toarray") for e in elements):
                instead = "Write A.toarray() of a sparse matrix"
            raise DtypeError(
                f"an object array holding {', '.join(kinds)} is not numeric\n  at {user_line()}\n{instead}"
            ) from None
    for e in elements:
        if isinstance(e, Variable) and e.shape:
            raise DtypeError(
                f"an object array holds a Variable of {describe(e)}\n  at {user_line()}\nJoin them with np.stack"
            )
    return TABLE[np.stack](elements).reshape(array.shape)


_variable.GATHER = gather
_variable.UNMASKED = unmasked
_variable.FOREIGN = refuse_foreign
