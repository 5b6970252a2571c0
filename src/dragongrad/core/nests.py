"""Nests: tuples, lists, dicts, namedtuples and dataclasses of arrays, taken apart and rebuilt (optree)."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from typing import Any

import numpy as np
import optree

from .errors import ArgumentError

NAMESPACE = "dragongrad"
Structure = optree.PyTreeSpec | None
_LEAF_TYPES = (np.ndarray, np.generic, float, int, complex)


def _is_unregistered(value: Any) -> bool:
    return dataclasses.is_dataclass(value) and not isinstance(value, type)


def _register(cls: type, namespace: str) -> None:
    names = [f.name for f in dataclasses.fields(cls) if f.init]

    def flatten(value: Any) -> tuple[list[Any], tuple[str, ...], list[str]]:
        return [getattr(value, name) for name in names], tuple(names), names

    def unflatten(keys: Any, children: Any) -> Any:
        return cls(**dict(zip(keys, children, strict=True)))

    try:
        optree.register_pytree_node(cls, flatten, unflatten, namespace=namespace)
    except ValueError:
        # Another thread registered the same class between our look and our call.
        return


def flatten(nest: Any, namespace: str = NAMESPACE) -> tuple[list[Any], Structure]:
    """Take a nest apart: its leaves in order and its structure (None for a single leaf)."""
    if isinstance(nest, _LEAF_TYPES):
        return [nest], None
    leaves, structure = optree.tree_flatten(nest, namespace=namespace)
    fresh = {type(leaf) for leaf in leaves if _is_unregistered(leaf)}
    if fresh:
        for cls in fresh:
            _register(cls, namespace)
        return flatten(nest, namespace)
    return leaves, None if structure.is_leaf() else structure


def unflatten(structure: Structure, leaves: list[Any]) -> Any:
    """Rebuild the nest that `flatten` took apart, around other leaves."""
    if structure is None:
        return leaves[0]
    return optree.tree_unflatten(structure, leaves)


def map_nest(function: Callable[[Any], Any], nest: Any) -> Any:
    """Apply a function to every leaf."""
    leaves, structure = flatten(nest)
    return unflatten(structure, [function(leaf) for leaf in leaves])


def broadcast_prefix(prefix: Any, nest: Any, what: str) -> list[Any]:
    """Spread a prefix of a nest (an axis, or a nest of axes and Nones) over its leaves."""
    leaves, _ = flatten(nest)
    if prefix is None or isinstance(prefix, int):
        return [prefix] * len(leaves)
    try:
        spread = optree.broadcast_prefix(prefix, nest, none_is_leaf=True, namespace=NAMESPACE)
    except ValueError as error:
        raise ArgumentError(f"{what} = {prefix!r} does not match the structure of the value: {error}") from None
    everything = optree.tree_leaves(nest, none_is_leaf=True, namespace=NAMESPACE)
    return [axis for axis, leaf in zip(spread, everything, strict=True) if leaf is not None]
