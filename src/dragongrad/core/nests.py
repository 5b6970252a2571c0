"""Nests: tuples, lists, dicts, namedtuples and dataclasses of arrays, taken apart and rebuilt (optree)."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from dataclasses import fields, is_dataclass
from enum import Enum
from types import BuiltinFunctionType, FunctionType
from typing import Any

import numpy as np

from .. import pytrees
from .errors import ArgumentError

NAMESPACE = "dragongrad"
Structure = pytrees.PyTreeSpec | None
# What is part of the structure in a field of a dataclass: a stride is no parameter.
_NEVER = (str, bytes, type, np.dtype, np.ufunc, FunctionType, BuiltinFunctionType, Enum)
_STATIC = (int, np.integer, np.bool_, *_NEVER)
_LEAF_TYPES = (np.ndarray, np.generic, float, int, complex)
# What optree makes at its first call is made here: a process that was forked meanwhile would wait for it for ever.
pytrees.tree_unflatten(pytrees.tree_flatten({"a": [1.0, (2.0, None)]}, NAMESPACE)[1], [1.0, 2.0])


def _register(cls: type, namespace: str) -> None:
    # Whether a whole number in a field is a parameter all the same, by how the field is declared.
    real = {f.name: any(map(str(f.type).count, ("float", "complex", "rray"))) for f in fields(cls) if f.init}

    def flatten(value: Any) -> tuple[list[Any], Any, list[str]]:
        # A field may have no value yet.
        held = {name: getattr(value, name) for name in real if hasattr(value, name)}
        # The class too, for equal values of different classes are different.
        static = {n: (v.__class__, v) for n, v in held.items() if isinstance(v, _NEVER if real[n] else _STATIC)}
        moving = [name for name in held if name not in static]
        return [held[name] for name in moving], (tuple(moving), tuple(static.items())), moving

    def unflatten(known: Any, children: Any) -> Any:
        return cls(**dict(zip(known[0], children, strict=True)), **{name: v for name, (_, v) in known[1]})

    # Another thread may have registered the same class between our look and our call.
    with suppress(ValueError):
        pytrees.register_pytree_node(cls, flatten, unflatten, namespace)


def flatten(nest: Any, namespace: str = NAMESPACE) -> tuple[list[Any], Structure]:
    """Take a nest apart: its leaves in order and its structure (None for a single leaf)."""
    if isinstance(nest, _LEAF_TYPES):
        return [nest], None
    leaves, structure = pytrees.tree_flatten(nest, namespace)
    fresh = {type(leaf) for leaf in leaves if is_dataclass(leaf) and not isinstance(leaf, type)}
    if fresh:
        for cls in fresh:
            _register(cls, namespace)
        return flatten(nest, namespace)
    return leaves, None if structure.is_leaf() else structure


def unflatten(structure: Structure, leaves: list[Any]) -> Any:
    """Rebuild the nest that `flatten` took apart, around other leaves."""
    if structure is None:
        return leaves[0]
    return pytrees.tree_unflatten(structure, leaves)


def map_nest(function: Callable[[Any], Any], nest: Any) -> Any:
    """Apply a function to every leaf."""
    leaves, structure = flatten(nest)
    return unflatten(structure, [function(leaf) for leaf in leaves])


def broadcast_prefix(prefix: Any, nest: Any, what: str) -> list[Any]:
    """Spread a prefix of a nest (an axis, or a nest of axes and Nones) over its leaves."""
    leaves, _ = flatten(nest)
    if pytrees.tree_is_leaf(prefix, NAMESPACE):
        return [prefix] * len(leaves)
    try:
        spread = pytrees.broadcast_prefix(prefix, nest, NAMESPACE)
    except ValueError as error:
        raise ArgumentError(f"{what} = {prefix!r} does not match the structure of the value: {error}") from None
    everything = pytrees.tree_leaves(nest, NAMESPACE)
    return [axis for axis, leaf in zip(spread, everything, strict=True) if leaf is not None]
