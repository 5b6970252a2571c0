"""How the memory of arguments lies, for functions that write where it decides what shares memory with what.

`x.ravel()[0] = 1` changes x where x lies in C's order, and nothing where it lies in Fortran's. A path is traced
with arguments that lie in one way; where a write met a value whose memory was asked for, the path is theirs alone.
"""

from __future__ import annotations

from typing import Any
from weakref import ref

import numpy as np

from ..core.variable import Variable, value_of
from .abstract_evaluation import Outline


class Layouts:
    """What a traced run has asked about memory.

    Attributes
    ----------
    matter : bool
        Whether the way of the function depends on how the memory of its arguments lies.
    unknown : bool
        Whether it depends on that of a value that was only outlined, which nobody knows.
    """

    __slots__ = ("_asked", "_unknown", "matter", "unknown")

    def __init__(self) -> None:
        # By number, since a staged Variable has no hash; with whether it is known how they lie.
        self._asked: dict[int, tuple[Any, bool]] = {}
        # Those that lie as an outlined value would.
        self._unknown: dict[int, Any] = {}
        self.matter = self.unknown = False

    def ask(self, x: Variable, *alike: Variable) -> None:
        """Remember that it was asked how x lies, or decided of others by how x does."""
        known = self._is_known(x)
        for one in (x, *alike):
            self._asked[id(one)] = (ref(one), known)

    def remember(self, x: Variable, of: Variable) -> None:
        """Remember that x lies as another value does."""
        if not self._is_known(of):
            self._unknown[id(x)] = ref(x)

    def write(self, x: Variable) -> None:
        """A write: what was asked of this value now matters."""
        known = self._found(x)
        if known is not None:
            self.matter = True
            self.unknown = self.unknown or not known
        # What is written lies as what it replaces.
        self.remember(x, x)

    def decide(self, x: Variable) -> None:
        """How x lies decides something here and now."""
        self.ask(x)
        self.write(x)

    def _is_known(self, x: Variable) -> bool:
        found = self._unknown.get(id(x))
        return value_of(x).__class__ is not Outline and (found is None or found() is not x)

    def _found(self, x: Variable) -> bool | None:
        found = self._asked.get(id(x))
        return found[1] if found is not None and found[0]() is x else None


def layout(arrays: list[Any]) -> tuple[Any, ...]:
    """How some arrays lie in memory; what lies in C's order, as most do, is None."""
    return tuple(map(_lying, arrays))


def _lying(array: Any) -> Any:
    if not isinstance(array, np.ndarray) or array.flags.c_contiguous:
        return None
    return "F" if array.flags.f_contiguous else array.strides
