"""Sharing: the same Block on the same values is applied once."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np

from ..graph import Graph, Op, Value
from ..rewrite import Writer, first, rewrite

# An array of no more elements is known by all of them.
_FEW = 64


def share(graph: Graph) -> Graph:
    """Let equal operations be one."""
    known: dict[Any, Op] = {}

    def visit(writer: Writer, node: Op, values: tuple[Value, ...]) -> Value:
        key = application(node, values)
        found = known.get(key)
        if found is None:
            found = known[key] = writer.again(node, values)
        return found

    return rewrite(graph, visit)


def application(node: Op, values: Iterable[Value]) -> Any:
    """What tells an application of a Block to some values from others."""
    return node.block, tuple([name_of(v) for v in values]), key_of(node.params) if node.params else ()


def name_of(value: Value) -> Any:
    """A hashable stand-in for a value: an operation is itself."""
    return value if value.__class__ is Op else ("constant", key_of(value))


class _Contents:
    """A large array as a key: the very same array is known at once, others by a few elements, then by all."""

    __slots__ = ("array", "sample")

    def __init__(self, array: np.ndarray[Any, Any]) -> None:
        self.array = array
        self.sample = array.shape, array.dtype.str, array.reshape(-1)[:: array.size // _FEW].tobytes()

    def __hash__(self) -> int:
        return hash(self.sample)

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, _Contents) or self.sample != other.sample:
            return False
        return self.array is other.array or self.array.tobytes() == other.array.tobytes()


def key_of(value: Any) -> Any:
    """A hashable stand-in for a constant or a keyword parameter."""
    if isinstance(value, np.ndarray):
        if value.dtype.hasobject:
            # Such as 2**70, which no integers of NumPy's hold.
            return "objects", id(value)
        if value.size > _FEW and any(value.strides):
            return _Contents(value)
        # A view of one number is known by that number.
        content = value.tobytes() if any(value.strides) or not value.size else first(value).tobytes()
        return value.shape, value.dtype.str, content
    if isinstance(value, dict):
        return tuple([(k, key_of(v)) for k, v in sorted(value.items())])
    if isinstance(value, (tuple, list)):
        return type(value).__name__, tuple([key_of(v) for v in value])
    if isinstance(value, slice):
        return "slice", value.start, value.stop, value.step
    if isinstance(value, (float, np.floating)):
        # 0.0 and -0.0 are equal, and so are 1 and 1.0: neither pair is the same constant; no NaN equals itself.
        return type(value).__name__, value if value and value == value else float(value).hex()
    if isinstance(value, (complex, np.complexfloating)):
        return type(value).__name__, key_of(value.real), key_of(value.imag)
    try:
        hash(value)
    except TypeError:
        return "object", id(value)
    return type(value).__name__, value
