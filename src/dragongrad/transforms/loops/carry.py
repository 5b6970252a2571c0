"""What a loop carries from step to step, and what decides how it goes on."""

from __future__ import annotations

from typing import Any

import numpy as np

from ...core.errors import ArgumentError, BatchError, DtypeError, ShapeError, describe, user_line
from ...core.nests import flatten, unflatten
from ...core.variable import Variable, bottom, value_of
from ...pytrees import written


def kept(name: str, before: Any, after: Any) -> Any:
    """What is carried on, which has the structure, shapes and dtypes of what was carried so far.

    A Python number takes the dtype of what it becomes.
    """
    old, structure = flatten(before)
    new, found = flatten(after)
    if structure != found:
        raise ArgumentError(
            f"the body of {name} was given {_told(structure)} to carry, and returned {_told(found)}\n"
            f"  at {user_line()}\nReturn what it was given in the same structure"
        )
    for a, b in zip(old, new, strict=True):
        if np.shape(a) != np.shape(b):
            raise ShapeError(
                f"the body of {name} was given {describe(a)} to carry, and returned {describe(b)}\n"
                f"  at {user_line()}\nStart with an array of the shape that it returns"
            )
        if _dtype(a) is not None and _dtype(b) is not None and _dtype(a) != _dtype(b):
            raise DtypeError(
                f"the body of {name} was given {describe(a)} to carry, and returned {describe(b)}\n"
                f"  at {user_line()}\nStart with x.astype(np.{_dtype(b)}), or convert what the body returns"
            )
    return after


def as_numpys(value: Any) -> Any:
    """What a loop returns: Python's numbers, and arrays of no axes, as numbers of NumPy's."""
    leaves, structure = flatten(value)
    return unflatten(structure, [_as_numpys(leaf) for leaf in leaves])


def _as_numpys(leaf: Any) -> Any:
    if isinstance(leaf, Variable):
        return leaf.level.from_numpy(leaf) if leaf.data.__class__ in _NUMBERS else leaf
    if leaf.__class__ in _NUMBERS or (leaf.__class__ is np.ndarray and not leaf.ndim and not leaf.dtype.hasobject):
        found = np.asarray(leaf)
        # An integer of Python's may be larger than any of NumPy's.
        return leaf if found.dtype.hasobject else found[()]
    return leaf


_NUMBERS = (bool, int, float, complex)


def _told(structure: Any) -> str:
    return (
        "one array" if structure is None else written(structure).removeprefix("PyTreeSpec(").split(", namespace")[0]
    )


def _dtype(value: Any) -> Any:
    """The dtype of an array; None of a number of Python's, which takes any."""
    return getattr(value_of(value), "dtype", None)


def has_rows(value: Any) -> bool:
    """Whether a value differs from row to row of a batch."""
    while isinstance(value, Variable):
        if value.level.batch_axes:
            return True
        value = value.data
    return False


def differs(value: Any) -> bool:
    """Whether a value differs from row to row of a batch, or from step to step of a body that is written down."""
    found = bottom(value)
    return has_rows(value) or (isinstance(found, Variable) and found.link is not None and not found.level.decides)


def decided(name: str, condition: Any) -> tuple[bool, bool]:
    """Whether a condition holds, in one row of a batch at least, and whether there are such rows.

    Raises
    ------
    ShapeError
        It is no single truth value.
    """
    if np.shape(condition) != ():
        raise ShapeError(
            f"{name} needs one truth value, got {describe(condition)}\n  at {user_line()}\n"
            "Write np.all(condition) or np.any(condition)"
        )
    rows, found = has_rows(condition), bottom(condition)
    return bool(np.any(found) if rows else found), rows


def chosen(name: str, condition: Any, yes: Any, no: Any) -> Any:
    """One of two nests in each row of a batch."""
    left, structure = flatten(yes)
    right, other = flatten(no)
    if structure != other:
        raise ArgumentError(
            f"the branches of {name} return {_told(structure)} and {_told(other)}\n  at {user_line()}\n"
            "Under vmap both are computed, and must return alike"
        )
    for a, b in zip(left, right, strict=True):
        if np.shape(a) != np.shape(b):
            raise ShapeError(
                f"the branches of {name} return {describe(a)} and {describe(b)}\n  at {user_line()}\n"
                "Under vmap both are computed, and must return alike"
            )
    return unflatten(structure, [_either(condition, a, b) for a, b in zip(left, right, strict=True)])


def _either(condition: Any, a: Any, b: Any) -> Any:
    found = np.where(condition, a, b)
    stage: Any = found.level if isinstance(found, Variable) else None
    if stage is not None and stage.stages and not stage.decides:
        # One of two numbers of Python's is one too, and takes the dtype of the arrays that it meets.
        return stage.of_python(found, a, b)
    return found


def whole(name: str, what: str, number: Any) -> int:
    """A whole number that says how a loop goes."""
    if has_rows(number):
        raise BatchError(f"{what} of {name} differs from row to row\n  at {user_line()}")
    inner = value_of(number)
    if isinstance(inner, (bool, np.bool_)) or np.shape(inner) != () or np.asarray(inner).dtype.kind not in "iu":
        raise ArgumentError(f"{what} of {name} must be a whole number, got {describe(number)}\n  at {user_line()}")
    return int(number)
