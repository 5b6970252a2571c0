"""What the loops of both kinds have in common: where they stand in the program around them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from ....graph import Value, bytes_of
from ....scans import in_memory
from ..ir.code import Code
from ..ir.functions import COPY
from ..ir.registers import PTR, Register
from ..places import Pointers
from .part import Part, Room

if TYPE_CHECKING:
    from ..module import Assembler
    from ..schedule.steps import Repeat


class RepeatWriter:
    """Writes one loop into the program around it.

    Parameters
    ----------
    step : Repeat
        The loop.
    around : Assembler
        That of the program around it.
    number : int
        Which step of that program it is.

    Attributes
    ----------
    room, place : Room, int
        The bytes that it lays out itself, and their place in the program around it.
    results : dict of Op
        Those of its values that are read, by their numbers.
    work : float
        About how many nanoseconds it takes.
    fails : bool
        Whether it may find that the program must be run otherwise.
    """

    parts: list[Part]
    work: float
    fails: bool

    def __init__(self, step: Repeat, around: Assembler, number: int) -> None:
        self.step, self.around, self.number = step, around, number
        self.room, self.place = Room(), around.places.more()
        self.results = {node.params["index"]: node for node in step.results}
        for value in (*in_memory(step.node), *step.results):
            around.places.of(value)

    def write(self, code: Code, outside: Pointers) -> None:
        """The whole loop, from the pointers of the program around it."""
        raise NotImplementedError

    def _part(self, key: str, name: str) -> Part:
        """The program of one of its Graphs."""
        return Part(self.step.plans[key], self.around, f"{self.around.prefix}{name}_", self.room)

    def _two(self, value: Value) -> tuple[int, int]:
        """Two buffers for a value that goes to and fro."""
        return self.room.more(bytes_of(value)), self.room.more(bytes_of(value))

    def _pointers(self, outside: Pointers, values: Sequence[Value]) -> list[Register]:
        return [outside[self.around.places.of(v)] for v in values]

    def _read(self, outside: Pointers) -> dict[int, Register]:
        """Where the values lie that are read."""
        return {k: outside[self.around.places.of(node)] for k, node in self.results.items()}


def moving(code: Code, pointers: Sequence[Register]) -> list[Register]:
    """Pointers that each step moves."""
    at = [code.local(PTR) for _ in pointers]
    move(at, pointers)
    return at


def move(at: Sequence[Register], pointers: Sequence[Register]) -> None:
    """Let pointers that move point elsewhere."""
    for place, pointer in zip(at, pointers, strict=True):
        place.store(pointer)


def deliver(
    code: Code, results: dict[int, Register], begin: int, values: Sequence[Value], pointers: Sequence[Register]
) -> None:
    """Copy values to where they are read; the first has the number `begin`."""
    for k, (value, pointer) in enumerate(zip(values, pointers, strict=True), begin):
        if k in results:
            code.call(COPY, results[k], pointer, bytes_of(value), False)
