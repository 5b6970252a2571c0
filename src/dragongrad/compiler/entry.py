"""The short way into a compiled path: straight to its door, before anything is looked up in Python."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from ..core.nests import Structure, flatten, unflatten
from .backends.native.backend import Native
from .backends.native.door import MISSING

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
    tuple_of_leaves = flatten(tuple([0.0] * out.num_leaves))[1] if out is not None else None
    bare = out is None or out == tuple_of_leaves
    door = engine.open(leaves, dynamic, single=out is None and flat)
    if door is None:
        return closed
    return door if flat and bare else _nested(door, None if flat else structure, out)


def _nested(door: Any, structure: Structure, out: Structure) -> Entry:
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
        return values if values is MISSING else unflatten(out, values)

    return through
