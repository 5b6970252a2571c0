"""The leaves of a call's arguments: which are computed with, what a path is found by, and what they are called."""

from __future__ import annotations

import inspect
from typing import Any

import numpy as np

from ..core.errors import ArgumentError
from ..core.nests import Structure, flatten, unflatten


def key_of(leaves: list[Any], structure: Structure, fixed: frozenset[int]) -> tuple[Any, list[int]]:
    """What a version is found by, and the leaves that it computes with."""
    parts: list[Any] = [structure]
    dynamic = []
    for i, leaf in enumerate(leaves):
        if leaf.__class__ is np.ndarray and i not in fixed and leaf.dtype.kind not in "SUMmV":
            if leaf.dtype.hasobject:
                raise ArgumentError("a compiled function takes arrays of numbers, one has dtype object")
            parts.append((leaf.dtype, leaf.shape))
            dynamic.append(i)
        elif isinstance(leaf, (float, complex, np.number, np.bool_)) and i not in fixed:
            parts.append(leaf.__class__)
            dynamic.append(i)
        else:
            parts.append(_static_key(leaf))
    return tuple(parts), dynamic


def _static_key(leaf: Any) -> Any:
    if isinstance(leaf, np.ndarray):
        return leaf.dtype, leaf.shape, leaf.tobytes()
    try:
        hash(leaf)
    except TypeError:
        raise ArgumentError(
            f"a static argument must be hashable, got {type(leaf).__name__}: pass an array, a number, a string "
            "or a nest of them"
        ) from None
    return leaf.__class__, leaf


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


def names_of(f: Any, dynamic: list[int], leaves: list[Any], structure: Structure) -> list[str]:
    """Names for the inputs, from the parameters of the function."""
    try:
        parameters = list(inspect.signature(f).parameters)
    except (TypeError, ValueError):
        parameters = []
    args, kwargs = unflatten(structure, list(range(len(leaves))))
    names = {}
    for k, value in enumerate(args):
        inner = flatten(value)[0]
        base = parameters[k] if k < len(parameters) else f"x{k}"
        names.update({i: base if len(inner) == 1 else f"{base}{j}" for j, i in enumerate(inner)})
    for key, value in kwargs.items():
        inner = flatten(value)[0]
        names.update({i: key if len(inner) == 1 else f"{key}{j}" for j, i in enumerate(inner)})
    return [names[i] for i in dynamic]
