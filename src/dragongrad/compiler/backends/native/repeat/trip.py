"""Loops whose number of steps their values tell, in native code, and their further ways.

What a later way reads of where an earlier one began its steps stays on a tape, which grows to the double where it
is full. What nobody reads goes to and fro between two buffers.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from ....graph import WAYS, Value, bytes_of, form_of, states_of
from ....passes.uses import users_of
from ..ir.code import Code
from ..ir.functions import COPY, GREATER, LESSER, External
from ..ir.registers import I8, I64, PTR, VOID, Register
from ..places import Pointers
from ..tuning import NS_PER_STEP
from .interrupt import leave_if_interrupted, period_of
from .part import Part, Room
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


class _Way:
    """One way through all steps: its program, and where what it takes along lies.

    A way forth begins step t in row t of the tape, and writes to row t + 1; a way back begins it in row t + 1, and
    writes to row t.

    Attributes
    ----------
    part : Part
        The program of a step.
    first : sequence of Value
        What it begins with.
    results : int
        The number of the first of its values.
    back : bool
        Whether it begins with the last step.
    offsets : list of int or None
        Where on a row of the tape each lies, of what is there.
    buffers : list of pairs of int
        Of the others two places in the room of the loop; of an array of which each step writes a row, one, and that
        of the row.
    rows : dict of int
        Of each such array the place of where its row lies.
    """

    def __init__(self, part: Part, first: Sequence[Value], results: int, back: bool) -> None:
        self.part, self.first, self.results, self.back = part, first, results, back
        self.offsets: list[int | None] = []
        self.buffers: list[tuple[int, int]] = []
        ends = part.graph.outputs
        self.rows = {i: 0 for i, v in enumerate(first) if form_of(ends[i]).shape != form_of(v).shape}

    def row(self, t: Register | int) -> Register | int:
        """In which row of the tape step t begins."""
        return t + 1 if self.back else t


class TripWriter(RepeatWriter):
    """Writes a loop that goes on as long as a condition holds, and its further ways."""

    def __init__(self, step: Repeat, around: Assembler, number: int) -> None:
        super().__init__(step, around, number)
        self.cond = self._part("cond", f"while{number}_cond")
        keys = [key for key in WAYS if key in step.plans]
        parts = [self._part(key, f"while{number}_{key}") for key in keys]
        self.fixed, states = states_of(step.node.params, step.node.operands)
        self.ways = [
            _Way(part, first, sum(map(len, states[:k])), k % 2 == 1)
            for k, (part, first) in enumerate(zip(parts, states, strict=True))
        ]
        self.truth = self.room.more(1)
        tape = Room()
        for k, way in enumerate(self.ways):
            read = self._read_later(k)
            for value, is_read in zip(way.first, read, strict=True):
                way.offsets.append(tape.more(bytes_of(value)) if is_read else None)
                way.buffers.append((0, 0) if is_read else self._two(value))
            for i, place in zip(way.rows, way.part.graph.outputs[len(way.first) :], strict=True):
                way.rows[i] = self.room.more(bytes_of(place))
        self.chunk = max(1, tape.size)
        self.parts = [self.cond, *parts]
        each = sum(part.work + NS_PER_STEP for part in self.parts)
        self.work, self.period, self.fails = _STEPS * each, period_of(each), True

    def _read_later(self, number: int) -> list[bool]:
        """Of what a way begins a step with, what later ways read."""
        first = self.ways[number].first
        found = [False] * len(first)
        for later in self.ways[number + 1 :]:
            used = users_of(later.part.graph)
            start = len(self.fixed) + len(later.first) + self.ways[number].results
            inputs = later.part.graph.inputs[start : start + len(first)]
            found = [was or v in used for was, v in zip(found, inputs, strict=True)]
        return found

    def write(self, code: Code, outside: Pointers) -> None:
        """The whole loop, from the pointers of the program around it."""
        room, failed = outside[self.place], outside[self.around.failed]
        known = [part.known(outside, room, self.fixed) for part in self.parts]
        writing = _Writing(self, code, outside, known)
        if len(self.ways) == 1:
            writing.out(None)
            return
        tape = code.local(PTR)
        tape.store(code.call(_ALLOCATE, _FIRST * self.chunk))
        with code.either(tape.load(PTR).equals(None)) as (none, some):
            with none:
                failed.store(1, I64)
            with some:
                count = writing.out(tape)
                for number in range(1, len(self.ways)):
                    writing.again(number, count, tape)
                code.call(_FREE, tape.load(PTR))


class _Writing:
    """The ways of a loop, written one after the other."""

    def __init__(self, loop: TripWriter, code: Code, outside: Pointers, known: list[dict[int, Register]]) -> None:
        self.loop, self.code, self.known = loop, code, known
        self.room, self.failed = outside[loop.place], outside[loop.around.failed]
        # Before anything that is done in some cases only.
        self.results = loop._read(outside)
        self.firsts = [loop._pointers(outside, way.first) for way in loop.ways]

    def out(self, tape: Register | None) -> Register:
        """The first way: the number of steps."""
        code, loop = self.code, self.loop
        way = loop.ways[0]
        count, most = code.local(I64), code.local(I64)
        count.store(0, I64)
        most.store(_FIRST, I64)
        at = self._begin(way, 0, tape)
        with code.forever():
            t = count.load(I64)
            begun = self._here(way, at, t, tape)
            truth = self.room.element(I8, loop.truth)
            loop.cond.write(code, self.known[0], begun, [truth])
            code.break_if(truth.load(I8).equals(0))
            if tape is not None:
                self._grow(t, tape, most)
                code.break_if(self.failed.load(I64).differs(0))
                begun = self._here(way, at, t, tape)
            self._step(way, self.known[1], at, begun, self._next(way, t, t + 1, tape))
            count.store(t + 1)
            leave_if_interrupted(code, t, loop.period, self.failed)
            # A step that failed may leave what it carries as it was, for ever.
            code.break_if(self.failed.load(I64).differs(0))
        self._deliver(way, at, count.load(I64), tape)
        return count.load(I64)

    def again(self, number: int, count: Register, tape: Register) -> None:
        """A later way."""
        code, way = self.code, self.loop.ways[number]
        at = self._begin(way, count if way.back else 0, tape)
        with code.loop(count) as t:
            step = count - 1 - t if way.back else t
            begun = self._here(way, at, way.row(step), tape)
            for earlier in self.loop.ways[:number]:
                # What this way does not read has no place on the tape.
                begun += [
                    self.room if offset is None else self._on_tape(tape, earlier.row(step), offset)
                    for offset in earlier.offsets
                ]
            following = self._next(way, t, step if way.back else step + 1, tape)
            self._step(way, self.known[number + 1], at, begun, following)
        self._deliver(way, at, 0 if way.back else count, tape)

    def _step(
        self, way: _Way, known: dict[int, Register], at: list[Register], begun: list[Register],
        following: list[Register],
    ) -> None:  # fmt: skip
        places = [self.room.element(I8, place) for place in way.rows.values()]
        way.part.write(self.code, known, begun, [*following, *places])
        for i, place in zip(way.rows, places, strict=True):
            array = self.room.element(I8, way.buffers[i][0])
            row = form_of(way.part.graph.outputs[i])
            shape = form_of(way.first[i]).shape
            lead = shape[: len(shape) - len(row.shape)]
            number: Register | int = 0
            for axis, length in enumerate(lead):
                # A place outside ends the loop, and what it has computed is thrown away.
                one = place.element(I64, axis).load(I64)
                one = (one < 0).choose(one + length, one)
                one = self.code.call(GREATER, self.code.call(LESSER, one, length - 1), 0)
                number = number * length + one
            size = bytes_of(row)
            self.code.call(COPY, array.element(I8, number * size), following[i], size, False)
            following[i] = array
        move(at, following)

    def _on_tape(self, tape: Register, row: Register | int, offset: int) -> Register:
        return tape.load(PTR).element(I8, row * self.loop.chunk).element(I8, offset)

    def _begin(self, way: _Way, row: Register | int, tape: Register | None) -> list[Register]:
        """Put what a way begins with into a row of the tape; the pointers to it all."""
        first = list(self.firsts[self.loop.ways.index(way)])
        for pointer, value, offset in zip(first, way.first, way.offsets, strict=True):
            if offset is not None:
                assert tape is not None
                self.code.call(COPY, self._on_tape(tape, row, offset), pointer, bytes_of(value), False)
        for i in way.rows:
            array = self.room.element(I8, way.buffers[i][0])
            self.code.call(COPY, array, first[i], bytes_of(way.first[i]), False)
            first[i] = array
        return moving(self.code, first)

    def _here(self, way: _Way, at: list[Register], row: Register | int, tape: Register | None) -> list[Register]:
        """Where what a way takes along lies before a step."""
        return [
            pointer.load(PTR) if offset is None or tape is None else self._on_tape(tape, row, offset)
            for pointer, offset in zip(at, way.offsets, strict=True)
        ]

    def _next(self, way: _Way, t: Register, row: Register | int, tape: Register | None) -> list[Register]:
        """Where a step writes it: in a row of the tape, or in one of two buffers."""
        even = (t & 1).equals(0)
        return [
            self.room.element(I8, pair[1])
            if i in way.rows
            else even.choose(*[self.room.element(I8, place) for place in pair])
            if offset is None or tape is None
            else self._on_tape(tape, row, offset)
            for i, (pair, offset) in enumerate(zip(way.buffers, way.offsets, strict=True))
        ]

    def _deliver(self, way: _Way, at: list[Register], row: Register | int, tape: Register | None) -> None:
        deliver(self.code, self.results, way.results, way.first, self._here(way, at, row, tape))

    def _grow(self, t: Register, tape: Register, most: Register) -> None:
        """Make room for the carry of the next step."""
        code = self.code
        with code.when((t + 1).equals(most.load(I64))):
            double = most.load(I64) * 2
            larger = code.call(_MORE, tape.load(PTR), double * self.loop.chunk)
            with code.either(larger.equals(None)) as (none, some):
                with none:
                    self.failed.store(1, I64)
                with some:
                    tape.store(larger)
                    most.store(double)
