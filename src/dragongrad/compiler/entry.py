"""The short way into a compiled path: straight to its door, before anything is looked up in Python."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from ..core.nests import Structure, unflatten
from .backends.native.backend import Native
from .backends.native.door import MISSING
from .backends.native.door_words import PUSH

Entry = Callable[..., Any]


def closed(*args: Any, **kwargs: Any) -> Any:
    """The entry of a function that has none: every call takes the long way."""
    return MISSING


def entry(
    engine: Native | None, leaves: list[Any], dynamic: list[int], structure: Structure, out: Structure
) -> Entry:
    """What answers calls with arguments like these, and `MISSING` to any other.

    Parameters
    ----------
    engine : Native or None
        What runs the path, where that is machine code.
    leaves, structure
        The arguments `(args, kwargs)` that were traced, taken apart.
    dynamic : list of int
        The leaves that the path computes with; the others must be the very same objects.
    out : Structure
        Of the path's result.
    """
    args, kwargs = unflatten(structure, leaves)
    fixed = [leaf for i, leaf in enumerate(leaves) if i not in set(dynamic)]
    if engine is None or any(isinstance(leaf, np.ndarray) for leaf in fixed):
        return closed
    flat = not kwargs and len(args) == len(leaves) and all(a is b for a, b in zip(args, leaves, strict=True))
    steps = _steps(out)
    door = engine.open(leaves, dynamic, steps)
    if door is None:
        return closed
    if flat and steps is not None:
        return door
    return _nested(door, None if flat else structure, out if steps is None else _WHOLE)


def first_of(one: Entry, other: Entry) -> Entry:
    """What answers calls by one entry, and by another where the first does not."""

    def through(*args: Any, **kwargs: Any) -> Any:
        out = one(*args, **kwargs)
        return other(*args, **kwargs) if out is MISSING else out

    return through


_WHOLE = object()


def _steps(out: Structure) -> list[int] | None:
    """How a door puts a result of tuples together; None where other nests are in it."""
    if out is None or out.is_leaf():
        return [PUSH]
    parts = [_steps(child) for child in out.children()]
    if out.type is not tuple or any(part is None or part == [1] for part in parts):
        return None
    return [*[step for part in parts if part is not None for step in part], len(parts) + 1]


def _nested(door: Any, structure: Structure, out: Any) -> Entry:
    """An entry that takes the arguments apart, or puts the result together."""

    def through(*args: Any, **kwargs: Any) -> Any:
        leaves: Any = args
        if structure is not None:
            nest: Any = (args, kwargs)
            try:
                leaves = structure.flatten_up_to(nest)
            except (ValueError, TypeError):
                # Another nest: the long way knows what to do with it.
                return MISSING
        values = door(*leaves)
        return values if values is MISSING or out is _WHOLE else unflatten(out, values)

    return through
