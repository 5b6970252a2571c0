"""The program of one step of a loop: its functions, and where its values lie."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from ....graph import Op, Value
from ....rewrite import is_constant
from ..ir.code import Code
from ..ir.registers import I8, Register
from ..memory.allocation import lines
from ..memory.buffer_reuse import write_over
from ..memory.lifetimes import as_run, holds, made_natively, touches
from ..places import Places, Pointers

if TYPE_CHECKING:
    from ..module import Assembler


class Room:
    """Bytes of the workspace that a loop lays out itself."""

    def __init__(self) -> None:
        self.size = 0

    def more(self, size: int) -> int:
        """The offset of some more bytes."""
        offset = self.size
        self.size += lines(size)
        return offset


class Part:
    """The program of a Graph that is written into another program.

    Parameters
    ----------
    plan : Plan
        Of the Graph.
    around : Assembler
        That of the other program.
    prefix : str
        What the names of its functions begin with.
    room : Room
        Where its workspace lies.
    """

    def __init__(self, plan: Any, around: Assembler, prefix: str, room: Room) -> None:
        self.around = around
        schedule, functions = plan.schedule, plan.functions
        self.graph = schedule.graph
        steps = [as_run(one) for one in schedule.steps]
        self.places = Places()
        for k, function in functions.items():
            function.name = f"{prefix}loops{k}"
        ends = {o for o in self.graph.outputs if isinstance(o, Op)}
        made = {node for one in steps for node in made_natively(one) if not holds(one, node)}
        touched = [touches(one, functions.get(k)) for k, one in enumerate(steps)]
        write_over(steps, functions, touched, made - ends, set())
        memory = set(self.graph.inputs) | schedule.wanted

        def in_memory(value: Value) -> bool:
            return is_constant(value) or value in memory

        self.assembler = type(around)(steps, functions, self.places, in_memory, around, prefix)
        self.workspace = self.assembler.workspace(touched, made - ends)
        self.workspace.plan()
        # Whatever is known everywhere has its place in the programs around before one of them is written.
        for values in touched:
            for value in values:
                self.places.of(value)
        for value in filter(_is_known, self.places.values):
            around.places.of(value)
        self.start = room.more(self.workspace.size)
        self.work = sum(self.assembler.works)

    def known(self, outside: Pointers, room: Register, fixed: Sequence[Value]) -> dict[int, Register]:
        """The pointers that are the same in all steps: to constants, and to its workspace."""
        known: dict[int, Register] = {}
        for node, value in zip(self.graph.inputs, fixed, strict=False):
            known[self.places.of(node)] = outside[self.around.places.of(value)]
        for place, offset in self.workspace.offsets():
            known[place] = room.element(I8, self.start + offset)
        for place, value in enumerate(self.places.values):
            if _is_known(value):
                known[place] = outside[self.around.places.of(value)]
        if self.assembler.failed >= 0:
            known[self.assembler.failed] = outside[self.around.failed]
        return known

    def write(
        self, code: Code, known: dict[int, Register], inputs: Sequence[Register], outputs: Sequence[Register | None]
    ) -> None:
        """One step, from the pointers to what is not the same in all steps; None for what has no place."""
        pointers = dict(known)
        behind = self.graph.inputs[len(self.graph.inputs) - len(inputs) :]
        for node, pointer in zip(behind, inputs, strict=True):
            pointers[self.places.of(node)] = pointer
        for end, place in zip(self.graph.outputs, outputs, strict=True):
            if place is not None:
                pointers[self.places.of(end)] = place
        self.assembler.steps_of(range(len(self.assembler.steps)), code, None, pointers)


def _is_known(value: Value) -> bool:
    return value is not None and is_constant(value)
