"""The constants of a Graph: arrays of its own, which nobody writes to."""

from __future__ import annotations

from typing import Any

import numpy as np


class Constants:
    """What a traced function closes over, as it is now: equal objects stay one object."""

    def __init__(self) -> None:
        # With the array that was copied, so that no other gets its identity meanwhile.
        self._made: dict[int, tuple[Any, Any]] = {}

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
            known = self._made[id(value)] = value, _copied(value)
        return known[1]

    def params(self, params: dict[str, Any]) -> dict[str, Any]:
        """The keyword arguments of an application."""
        made = {name: self.kept(value) for name, value in params.items()}
        return params if all(made[name] is value for name, value in params.items()) else made


def _copied(array: Any) -> Any:
    """A copy that lies as the array does: along an axis on which it repeats, it still does."""
    repeats = [a for a, (step, n) in enumerate(zip(array.strides, array.shape, strict=True)) if not step and n > 1]
    one = array[tuple([slice(1) if a in repeats else slice(None) for a in range(array.ndim)])]
    made = np.array(one, order="K", subok=True)
    made.flags.writeable = False
    return np.broadcast_to(made, array.shape, subok=True) if repeats else made
