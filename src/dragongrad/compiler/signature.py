"""The leaves of a call's arguments: which are computed with, what a path is found by, and what they are called."""

from __future__ import annotations

import inspect
import struct
from collections import OrderedDict, defaultdict
from collections.abc import Collection
from datetime import datetime, time
from decimal import Decimal
from functools import lru_cache
from typing import Any

import numpy as np
import optree

from ..core.errors import ArgumentError
from ..core.nests import Structure, flatten, unflatten
from ..pytrees import written

# A namespace of optree's in which dicts keep the order of their keys, which functions may see. It is never left.
ORDERED = "dragongrad.ordered"
_ENTERED = optree.dict_insertion_ordered(True, namespace=ORDERED)
_ENTERED.__enter__()

# The kinds of dtypes that are computed with; arrays and numbers of others are static.
_NUMBERS = "biufc"
# Numbers that are Python's own.
_PYTHON = (float, complex, bool, int)
# The nodes of a nest that have keys.
DICTS = (dict, OrderedDict, defaultdict)
# Objects that may be equal and differ: these are known by how Python writes them.
_WRITTEN = (Decimal, datetime, time, range)


class Same:
    """An object, equal to itself alone."""

    __slots__ = ("value",)

    def __init__(self, value: Any) -> None:
        self.value = value

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Same) and self.value is other.value

    def __hash__(self) -> int:
        return id(self.value)


def key_of(
    leaves: list[Any], structure: Structure, fixed: Collection[int], lenient: bool = False,
    integers: Collection[int] = (),
) -> tuple[Any, list[int]]:  # fmt: skip
    """What a version is found by, and the leaves that it computes with.

    The `integers` are those of Python's that it computes with. With `lenient`, a leaf of which nothing is known is
    static as the object that it is, and not refused.
    """
    parts: list[Any] = [structure]
    if has_odd_keys(structure):
        parts.append(written(structure))
    dynamic = []
    for i, leaf in enumerate(leaves):
        if leaf.__class__ is np.ndarray and i not in fixed and leaf.dtype.kind in _NUMBERS:
            parts.append((leaf.dtype, leaf.shape))
            dynamic.append(i)
        elif (is_number(leaf) and i not in fixed) or i in integers:
            parts.append(leaf.__class__)
            dynamic.append(i)
        else:
            parts.append(static_key(leaf, lenient))
    return tuple(parts), dynamic


def is_number(leaf: Any) -> bool:
    """Whether a leaf is a number that is computed with: NumPy's times are of its number classes too."""
    return isinstance(leaf, (float, complex, np.number, np.bool_)) and not isinstance(leaf, np.timedelta64)


def static_key(leaf: Any, lenient: bool = False) -> Any:
    """What a static argument is known by: two that a function can tell apart have two."""
    kind = leaf.__class__
    if isinstance(leaf, np.ndarray):
        if leaf.dtype.hasobject:
            if lenient:
                return kind, Same(leaf)
            raise ArgumentError(f"a compiled function takes arrays of numbers, one has dtype {leaf.dtype}")
        return kind, leaf.dtype, leaf.shape, leaf.strides, leaf.tobytes()
    if isinstance(leaf, (np.longdouble, np.clongdouble, *_WRITTEN)):
        # A long double has bytes that mean nothing.
        return kind, repr(leaf)
    if isinstance(leaf, np.generic):
        return kind, leaf.dtype, leaf.tobytes()
    if isinstance(leaf, float):
        # 0.0 and -0.0 are equal, and no NaN equals itself.
        return kind, struct.pack("d", leaf)
    if isinstance(leaf, complex):
        return kind, struct.pack("dd", leaf.real, leaf.imag)
    if kind is slice:
        return kind, static_key(leaf.start), static_key(leaf.stop), static_key(leaf.step)
    if kind in (tuple, frozenset):
        return kind, kind(map(static_key, leaf))
    try:
        hash(leaf)
    except TypeError:
        if lenient:
            return kind, frozenset(map(static_key, leaf)) if kind is set else Same(leaf)
        cure = "a frozenset" if kind is set else "an array, a number, a string or a nest of them"
        raise ArgumentError(
            f"a {kind.__name__} cannot be an argument of a compiled function: it can change, and is not made of "
            f"arrays: pass {cure}"
        ) from None
    return kind, leaf


# Structures are few, and met in many calls.
@lru_cache(maxsize=1024)
def has_odd_keys(structure: Structure) -> bool:
    """Whether a dict has keys that are no strings: these may be equal and differ, as 1, 1.0 and True do."""
    if structure is None:
        return False
    odd = structure.type in DICTS and any(key.__class__ is not str for key in structure.entries())
    return odd or any(map(has_odd_keys, structure.children()))


def is_special(leaf: Any) -> bool:
    """Whether a leaf is an array with a mind of its own: what it means by its operators is not ours to compile."""
    return isinstance(leaf, np.ndarray) and leaf.__class__ not in (np.ndarray, np.memmap)


def native(array: Any) -> Any:
    """An array as others are, in this machine's byte order."""
    plain = np.asarray(array)
    return plain if plain.dtype.isnative or plain.dtype.kind not in "iufc" else plain.astype(plain.dtype.type)


def ready(value: Any) -> Any:
    """A number as an array."""
    return value if value.__class__ is np.ndarray else np.asarray(value)


def fresh(value: Any) -> Any:
    """A value that is the caller's own."""
    return value.copy() if isinstance(value, np.ndarray) else value


def all_fresh(out: Any) -> Any:
    """A result whose arrays are the caller's own: none is an argument, a view of one, or twice the same."""
    leaves, structure = flatten(out)
    return unflatten(structure, list(map(fresh, leaves))) if any(isinstance(v, np.ndarray) for v in leaves) else out


def delivered(value: Any, form: type) -> Any:
    """A value as the function itself returns it, which is the caller's own."""
    if isinstance(value, np.ndarray):
        if value.ndim or form is np.ndarray:
            return value.copy()
        value = value[()]
    if not isinstance(value, (np.generic, *_PYTHON)) or value.__class__ is form:
        return value
    number = np.asarray(value)
    return number if form is np.ndarray else number.item() if form in _PYTHON else number[()]


def names_of(f: Any, dynamic: list[int], leaves: list[Any], structure: Structure) -> list[str]:
    """Names for the inputs, from the parameters of the function."""
    try:
        parameters = list(inspect.signature(f).parameters)
    except (TypeError, ValueError):
        parameters = []
    args, kwargs = unflatten(structure, list(range(len(leaves))))
    names = {}
    for k, value in enumerate(args):
        inner = flatten(value, ORDERED)[0]
        base = parameters[k] if k < len(parameters) else f"x{k}"
        names.update({i: base if len(inner) == 1 else f"{base}{j}" for j, i in enumerate(inner)})
    for key, value in kwargs.items():
        inner = flatten(value, ORDERED)[0]
        names.update({i: key if len(inner) == 1 else f"{key}{j}" for j, i in enumerate(inner)})
    return [names[i] for i in dynamic]
