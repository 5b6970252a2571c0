"""What no Variable can stand beside: masked arrays and matrices of NumPy's, Python's fractions and decimals."""

from __future__ import annotations

from numbers import Number
from typing import Any

import numpy as np

from .core import variable as _variable
from .core.errors import DtypeError, user_line

_matrix = np.matrix
_NUMBERS = (float, int, complex, np.generic, bool)


def unmasked(array: Any) -> Any:
    """An array of a subclass; one whose elements are masked means what no Variable can."""
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


def refuse_foreign(value: Any) -> None:
    """Refuse what NumPy would make arrays of another kind of, beside a Variable."""
    if value.__class__ is _matrix:
        refuse_matrix()
    if isinstance(value, Number) and not isinstance(value, _NUMBERS):
        raise DtypeError(
            f"a {type(value).__name__} meets a Variable: NumPy would make an array of objects\n  at {user_line()}\n"
            f"Write float({value!r})"
        )


_variable.UNMASKED = unmasked
_variable.FOREIGN = refuse_foreign
