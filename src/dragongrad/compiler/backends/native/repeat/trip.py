"""Loops whose number of steps their values tell, in native code, and their way back.

Without a way back a carry goes to and fro between two buffers. With one, what each step began with stays on a tape,
which grows to the double where it is full, and is read from its end.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from ....graph import bytes_of
from ....scans import groups
from ..ir.code import Code
from ..ir.functions import COPY, External
from ..ir.registers import I8, I64, PTR, VOID, Register
from ..places import Pointers
from ..tuning import NS_PER_STEP
from .interrupt import leave_if_interrupted, period_of
from .part import Room
from .writer import RepeatWriter, deliver, move, moving

if TYPE_CHECKING:
    from ..module import Assembler
    from ..schedule.steps import Repeat

_ALLOCATE = External("PyMem_RawMalloc", PTR, (I64,))
_MORE = External("PyMem_RawRealloc", PTR, (PTR, I64))
_FREE = External("PyMem_RawFree", VOID, (PTR,))
#: What the functions above are called by, in Python's own library.
NAMES = ("PyMem_RawMalloc", "PyMem_RawRealloc", "PyMem_RawFree")
# Steps that a tape has room for at first.
_FIRST = 16
# Steps that a loop is thought to take.
_STEPS = 100


class TripWriter(RepeatWriter):
    """Writes a loop that goes on as long as a condition holds, and its way back."""

    def __init__(self, step: Repeat, around: Assembler, number: int) -> None:
        super().__init__(step, around, number)
        self.cond, self.body = (self._part(key, f"while{number}_{key}") for key in ("cond", "body"))
        self.back = self._part("back", f"while{number}_back") if "back" in step.plans else None
        self.fixed, self.first, self.home = groups(step.node, step.node.operands)
        self.truth = self.room.more(1)
        self.buffers = [self._two(v) for v in (self.home if self.back is not None else self.first)]
        # Of what a step began with, on the tape: the offsets, and the bytes of all of it.
        tape = Room()
        self.offsets = [tape.more(bytes_of(v)) for v in self.first]
        self.chunk = max(1, tape.size)
        self.parts = [part for part in (self.cond, self.body, self.back) if part is not None]
        each = sum(part.work + NS_PER_STEP for part in self.parts)
        self.work, self.period, self.fails = _STEPS * each, period_of(each), True

    def write(self, code: Code, outside: Pointers) -> None:
        """The whole loop, from the pointers of the program around it."""
        room, results = outside[self.place], self._read(outside)
        first, home = self._pointers(outside, self.first), self._pointers(outside, self.home)
        known = [part.known(outside, room, self.fixed) for part in self.parts]
        failed = outside[self.around.failed]
        if self.back is None:
            self._to_and_fro(code, room, known, first, results, failed)
            return
        tape = code.local(PTR)
        tape.store(code.call(_ALLOCATE, _FIRST * self.chunk))
        with code.either(tape.load(PTR).equals(None)) as (none, some):
            with none:
                failed.store(1, I64)
            with some:
                count = self._out(code, room, known, first, tape, failed)
                deliver(code, results, 0, self.first, self._begun(tape, count))
                self._home(code, room, known[2], home, (tape, count), results)
                code.call(_FREE, tape.load(PTR))

    def _goes_on(self, code: Code, room: Register, known: dict[int, Register], begun: list[Register]) -> None:
        """Leave the loop where the condition does not hold."""
        truth = room.element(I8, self.truth)
        self.cond.write(code, known, begun, [truth])
        code.break_if(truth.load(I8).equals(0))

    def _to_and_fro(
        self, code: Code, room: Register, known: list[dict[int, Register]], first: list[Register],
        results: dict[int, Register], failed: Register,
    ) -> None:  # fmt: skip
        at, count = moving(code, first), code.local(I64)
        count.store(0, I64)
        with code.forever():
            begun = [p.load(PTR) for p in at]
            self._goes_on(code, room, known[0], begun)
            t = count.load(I64)
            following = self._other(t, room)
            self.body.write(code, known[1], begun, following)
            move(at, following)
            count.store(t + 1)
            leave_if_interrupted(code, t, self.period, failed)
            # A step that failed may leave what it carries as it was, for ever.
            code.break_if(failed.load(I64).differs(0))
        deliver(code, results, 0, self.first, [p.load(PTR) for p in at])

    def _other(self, t: Register, room: Register) -> list[Register]:
        """Which of two buffers each step writes."""
        even = (t & 1).equals(0)
        return [even.choose(*[room.element(I8, offset) for offset in pair]) for pair in self.buffers]

    def _begun(self, tape: Register, t: Register | int) -> list[Register]:
        """Where on the tape the carry of a step lies."""
        start = tape.load(PTR).element(I8, t * self.chunk)
        return [start.element(I8, offset) for offset in self.offsets]

    def _out(
        self, code: Code, room: Register, known: list[dict[int, Register]], first: list[Register], tape: Register,
        failed: Register,
    ) -> Register:  # fmt: skip
        """The way out: the number of steps."""
        count, most = code.local(I64), code.local(I64)
        count.store(0, I64)
        most.store(_FIRST, I64)
        for pointer, start, value in zip(self._begun(tape, 0), first, self.first, strict=True):
            code.call(COPY, pointer, start, bytes_of(value), False)
        with code.forever():
            t = count.load(I64)
            self._goes_on(code, room, known[0], self._begun(tape, t))
            self._grow(code, t, tape, most, failed)
            code.break_if(failed.load(I64).differs(0))
            self.body.write(code, known[1], self._begun(tape, t), self._begun(tape, t + 1))
            count.store(t + 1)
            leave_if_interrupted(code, t, self.period, failed)
        return count.load(I64)

    def _grow(self, code: Code, t: Register, tape: Register, most: Register, failed: Register) -> None:
        """Make room for the carry of the next step."""
        with code.when((t + 1).equals(most.load(I64))):
            double = most.load(I64) * 2
            larger = code.call(_MORE, tape.load(PTR), double * self.chunk)
            with code.either(larger.equals(None)) as (none, some):
                with none:
                    failed.store(1, I64)
                with some:
                    tape.store(larger)
                    most.store(double)

    def _home(
        self, code: Code, room: Register, known: dict[int, Register], home: list[Register],
        trip: tuple[Register, Register], results: dict[int, Register],
    ) -> None:  # fmt: skip
        """The way back."""
        assert self.back is not None
        tape, count = trip
        at = moving(code, home)
        with code.loop(count) as t:
            begun = self._begun(tape, count - 1 - t)
            following = self._other(t, room)
            self.back.write(code, known, [*[p.load(PTR) for p in at], *begun], following)
            move(at, following)
        deliver(code, results, len(self.first), self.home, [p.load(PTR) for p in at])
