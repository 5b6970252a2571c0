"""What a compiled function may return, and which functions compute nothing when they are called."""

from __future__ import annotations

import datetime
import decimal
import enum
import fractions
import functools
import inspect
import types
from collections.abc import AsyncIterator, Awaitable, Collection, Iterator
from typing import Any

import numpy as np

from ..core.nests import flatten

# Classes whose objects hold no array that a call computes.
_PLAIN = (
    np.ndarray, np.generic, np.dtype, np.ufunc, int, float, complex, str, bytes, bytearray, type, enum.Enum, slice,
    range, frozenset, type(Ellipsis), type(None), datetime.date, datetime.time, datetime.timedelta, datetime.tzinfo,
    decimal.Decimal, fractions.Fraction, types.ModuleType, types.BuiltinFunctionType, types.GenericAlias,
)  # fmt: skip
_LATER = (Iterator, AsyncIterator, Awaitable)


def computes_later(f: Any) -> tuple[str, str] | None:
    """Why a function is not compiled whose code does not run when it is called, and the cure; or None."""
    while isinstance(f, functools.partial):
        f = f.func
    if not inspect.isroutine(f):
        f = getattr(type(f), "__call__", f)  # noqa: B004 - the class has it, whatever the object says
    kinds = {
        "an async generator function": inspect.isasyncgenfunction,
        "a coroutine function": inspect.iscoroutinefunction,
        "a generator function": inspect.isgeneratorfunction,
    }
    kind = next((kind for kind, is_one in kinds.items() if is_one(f)), None)
    if kind is None:
        return None
    return f"it is {kind}, whose code does not run when it is called", "\nCompile the functions that it calls"


def opaque(leaf: Any, given: Collection[int]) -> str:
    """Why a part of a result cannot be repeated by a program; "" where it can.

    Parameters
    ----------
    leaf : object
        A leaf of the nest that the function returned.
    given : collection of int
        The identities of the leaves of its arguments.
    """
    if isinstance(leaf, _PLAIN) or id(leaf) in given:
        return ""
    name = type(leaf).__name__
    if isinstance(leaf, _LATER):
        if inspect.iscoroutine(leaf):
            leaf.close()
        return f"it returns a {name}, which computes only when it is asked\nCompile the function that asks it"
    if isinstance(leaf, types.FunctionType) and not leaf.__closure__ and not leaf.__defaults__:
        return ""
    return (
        f"it returns an object of class {name}, and what that holds is not seen\n"
        "Return arrays in tuples, lists, dicts, namedtuples or dataclasses"
    )


def agree(a: Any, b: Any) -> bool:
    """Whether two results are the same up to rounding: their nests, classes, shapes, dtypes and numbers."""
    one, structure = flatten(a)
    other, same = flatten(b)
    return structure == same and all(map(_alike, one, other))


def _alike(a: Any, b: Any) -> bool:
    if a.__class__ is not b.__class__ or np.shape(a) != np.shape(b):
        return False
    a, b = np.asarray(a), np.asarray(b)
    if a.dtype != b.dtype or a.dtype.kind not in "fc":
        return a.dtype == b.dtype and bool(np.array_equal(a, b))
    # The largest number says how far rounding may have gone.
    finite = np.isfinite(b)
    with np.errstate(all="ignore"):
        size = float(np.max(np.abs(b), where=finite, initial=0.0))
    return bool(np.allclose(a, b, rtol=0.0, atol=size * np.sqrt(np.finfo(a.dtype).eps), equal_nan=True))
