"""What is used of optree that takes its locks: a fork waits for it.

From 0.20 on, optree asks a table of its own what class of tuples a value is of, under a lock in C++ and while other
threads run Python. In a child that was forked in that moment the lock is taken for ever.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import optree

from .forks import waited_for

PyTreeSpec = optree.PyTreeSpec
tree_unflatten = optree.tree_unflatten

# How a structure is written.
written = waited_for(repr)


@waited_for
def tree_flatten(nest: Any, namespace: str) -> tuple[list[Any], PyTreeSpec]:
    """The leaves of a nest in order, and its structure."""
    return optree.tree_flatten(nest, namespace=namespace)


@waited_for
def tree_leaves(nest: Any, namespace: str) -> list[Any]:
    """The leaves of a nest in order, of which None is one."""
    return optree.tree_leaves(nest, none_is_leaf=True, namespace=namespace)


@waited_for
def tree_is_leaf(value: Any, namespace: str) -> bool:
    """Whether a value is no nest; None is none."""
    return optree.tree_is_leaf(value, none_is_leaf=True, namespace=namespace)


@waited_for
def tree_accessors(nest: Any, namespace: str) -> list[Any]:
    """How each leaf is read from a nest."""
    return optree.tree_accessors(nest, namespace=namespace)


@waited_for
def broadcast_prefix(prefix: Any, nest: Any, namespace: str) -> list[Any]:
    """A prefix of a nest spread over its leaves, of which None is one."""
    return optree.broadcast_prefix(prefix, nest, none_is_leaf=True, namespace=namespace)


@waited_for
def flatten_up_to(structure: PyTreeSpec, nest: Any) -> list[Any]:
    """The parts of a nest where a structure has leaves."""
    return structure.flatten_up_to(nest)


@waited_for
def register_pytree_node(cls: Any, flatten: Callable[..., Any], whole: Callable[..., Any], namespace: str) -> None:
    """Make nests of the instances of a class."""
    optree.register_pytree_node(cls, flatten, whole, namespace=namespace)
