"""The table of pointers through which a program knows its values, and the texts of its module."""

from __future__ import annotations

from typing import Protocol

from ....records import field, mutable
from ...graph import Value
from .ir.functions import Written
from .ir.registers import PTR, Register


@mutable
class Module:
    """A text for LLVM."""

    texts: dict[str, str] = field(default_factory=dict)  # of functions and variables, by their symbols
    equal: dict[tuple[str, int], Written] = field(default_factory=dict)  # functions, by their texts without a name

    @property
    def text(self) -> str:
        """The text."""
        return "\n".join(self.texts.values())


@mutable
class Places:
    """The table of pointers: a place for each value in memory."""

    values: list[Value] = field(default_factory=list)
    numbers: dict[int, int] = field(default_factory=dict)

    def of(self, value: Value) -> int:
        """The place of a value."""
        found = self.numbers.get(id(value))
        if found is None:
            found = self.numbers[id(value)] = self.more(value)
        return found

    def more(self, value: Value = None) -> int:
        """A new place, of nothing that has a name."""
        self.values.append(value)
        return len(self.values) - 1


class Pointers(Protocol):
    """Pointers to the values of a program, by their places."""

    def __getitem__(self, place: int) -> Register:
        """The pointer to one."""


class Table:
    """The table of pointers in a function, which reads each of them once."""

    def __init__(self, table: Register) -> None:
        self._slots = table.array(PTR)
        self._read: dict[int, Register] = {}

    def __getitem__(self, place: int) -> Register:
        if place not in self._read:
            self._read[place] = self._slots[place]
        return self._read[place]
