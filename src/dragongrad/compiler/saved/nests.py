"""The structures of arguments and results: tuples, lists and dicts around the numbers of leaves."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable
from typing import Any

from ...core.nests import Structure, unflatten
from .values import Packer, Unpacker, UnsavableError

_NODES = (tuple, list, dict, OrderedDict, type(None))


class _Place:
    __slots__ = ("leaf",)

    def __init__(self, leaf: int) -> None:
        self.leaf = leaf


def pack(structure: Structure, packer: Packer) -> Any:
    """A structure as JSON has it.

    Raises
    ------
    UnsavableError
        A class is among its nodes of which another process may not know what it is.
    """
    if structure is None:
        return 0
    _check(structure)
    return _packed(unflatten(structure, [_Place(i) for i in range(structure.num_leaves)]), packer)


def _check(node: Any) -> None:
    if not node.is_leaf() and node.type not in _NODES:
        raise UnsavableError(f"{node.type.__name__}")
    for child in node.children():
        _check(child)


def _packed(nest: Any, packer: Packer) -> Any:
    if nest.__class__ is _Place:
        return nest.leaf
    if nest is None:
        return None
    if nest.__class__ in (tuple, list):
        return {nest.__class__.__name__: [_packed(part, packer) for part in nest]}
    kind = "dict" if nest.__class__ is dict else "ordered"
    return {kind: [[packer.pack(key), _packed(part, packer)] for key, part in nest.items()]}


def unpack(packed: Any, unpacker: Unpacker, take_apart: Callable[[Any], tuple[list[Any], Structure]]) -> Structure:
    """The structure, as some function that takes nests apart has it."""
    leaves, structure = take_apart(_unpacked(packed, unpacker))
    if leaves != [*range(len(leaves))]:
        raise ValueError(f"the leaves {leaves}")
    return structure


def _unpacked(packed: Any, unpacker: Unpacker) -> Any:
    if packed.__class__ is int or packed is None:
        return packed
    ((kind, held),) = packed.items()
    if kind in ("tuple", "list"):
        made = [_unpacked(part, unpacker) for part in held]
        return tuple(made) if kind == "tuple" else made
    pairs = [(unpacker.unpack(key), _unpacked(part, unpacker)) for key, part in held]
    return {"dict": dict, "ordered": OrderedDict}[kind](pairs)
