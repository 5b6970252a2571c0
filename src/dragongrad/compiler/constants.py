"""The constants of a Graph: arrays of its own, which nobody writes to."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np


class Constants:
    """What a traced function closes over, as it is now: what is one object, or in the same memory, stays so."""

    def __init__(self) -> None:
        # With the array that was copied, so that no other gets its identity meanwhile.
        self._made: dict[int, tuple[Any, Any]] = {}
        # What lies in the same memory is copied once, and what is seen of it alike is one array.
        self._memory: dict[Any, Any] = {}

    def kept(self, value: Any) -> Any:
        """A value, or one in which arrays are copies."""
        if value.__class__ in (tuple, list):
            parts = [self.kept(v) for v in value]
            same = all(a is b for a, b in zip(parts, value, strict=True))
            return value if same else value.__class__(parts)
        if not isinstance(value, np.ndarray):
            return value
        known = self._made.get(id(value))
        if known is None:
            known = self._made[id(value)] = value, self._copied(value)
        return known[1]

    def params(self, params: dict[str, Any]) -> dict[str, Any]:
        """The keyword arguments of an application."""
        made = {name: self.kept(value) for name, value in params.items()}
        return params if all(made[name] is value for name, value in params.items()) else made

    def _copied(self, array: Any) -> Any:
        """A copy that lies as the array does: along an axis on which it repeats, it still does."""
        if array.__class__ is not np.ndarray:
            return np.array(array, order="K", subok=True)
        memory, order = memory_of(array)
        key = place_of(memory)
        if key not in self._memory:
            made = np.array(memory, order="C")
            made.flags.writeable = False
            self._memory[key] = made
        view = key, tuple(order), array.shape
        if view not in self._memory:
            self._memory[view] = seen_as(self._memory[key], order, array.shape)
        return self._memory[view]


def memory_of(array: Any) -> tuple[Any, list[int]]:
    """The elements of an array that do not repeat, along its axes by their steps, and which axes these are."""
    pairs = [*zip(array.strides, array.shape, strict=True)]
    kept = [a for a, (step, n) in enumerate(pairs) if n == 0 or (n > 1 and step)]
    order = sorted(kept, key=lambda a: -abs(pairs[a][0]))
    one = array[(*[slice(None) if a in kept else 0 for a in range(array.ndim)], ...)]
    return one.transpose([kept.index(a) for a in order]), order


def place_of(memory: Any) -> Any:
    """What tells the memory of an array from that of others, while it lives."""
    return memory.__array_interface__["data"][0], memory.dtype, memory.shape, memory.strides


def seen_as(memory: Any, order: Sequence[int], shape: Sequence[int]) -> Any:
    """The array of which `memory_of` gave the elements and their axes."""
    made = memory.transpose(np.argsort(order)) if order else memory
    made = made[(*[slice(None) if a in order else None for a in range(len(shape))], ...)]
    return made if made.shape == tuple(shape) else np.broadcast_to(made, tuple(shape))


def lying_as(array: Any, strides: Sequence[int]) -> Any:
    """A copy of an array, in no more memory, that has these strides: a ValueError where that is impossible."""
    made: Any = np.ndarray(array.shape, array.dtype, bytearray(max(1, array.nbytes)), strides=tuple(strides))
    made[...] = array
    return made
