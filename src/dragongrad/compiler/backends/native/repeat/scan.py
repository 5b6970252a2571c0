"""Loops of a known number of steps in native code: pointers that move from row to row.

The pointers to rows, and to what is collected, go from row to row. A carry that is collected lies in the array of
what is collected; any other goes to and fro between two buffers. The last step writes where the results lie.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from ....graph import bytes_of, form_of
from ....scans import Scan, collected_carry, rows_in
from ..ir.code import Code
from ..ir.functions import COPY
from ..ir.registers import I8, PTR, Register
from ..places import Pointers
from ..tuning import NS_PER_STEP
from .interrupt import leave_if_interrupted, period_of
from .writer import RepeatWriter, deliver, move, moving

if TYPE_CHECKING:
    from ..module import Assembler
    from ..schedule.steps import Repeat


class ScanWriter(RepeatWriter):
    """Writes a loop of a known number of steps."""

    def __init__(self, step: Repeat, around: Assembler, number: int) -> None:
        super().__init__(step, around, number)
        self.scan = Scan(step.node)
        self.body = self._part("body", f"scan{number}")
        self.ends = self.body.graph.outputs
        self.stacks = {
            carry: k
            for k in range(self.scan.carry, len(self.ends))
            if (carry := self._carry_at(k)) is not None and k in self.results
        }
        self.buffers = {i: self._two(v) for i, v in enumerate(self.scan.first) if i not in self.stacks}
        self.unread = {k: self.room.more(bytes_of(end)) for k, end in enumerate(self.ends) if k not in self.results}
        each = self.body.work + NS_PER_STEP
        self.work = self.scan.length * each
        self.period = period_of(each)
        self.fails = self.body.assembler.failed >= 0 or self.period < self.scan.length
        self.parts = [self.body]

    def _carry_at(self, k: int) -> int | None:
        return collected_carry(self.body.graph, self.scan.consts, self.scan.carry, k)

    def write(self, code: Code, outside: Pointers) -> None:
        """The whole loop, from the pointers of the program around it."""
        scan, n, room = self.scan, self.scan.length, outside[self.place]
        results = self._read(outside)
        first, columns = self._pointers(outside, scan.first), self._rows(outside)
        known = self.body.known(outside, room, scan.fixed)
        failed = outside[self.around.failed] if self.fails else room
        if not n:
            deliver(code, results, 0, scan.first, first)
            return
        for i, k in self.stacks.items():
            size = bytes_of(scan.first[i])
            begun = results[k].element(I8, (n - 1 if scan.reverse else 0) * size)
            code.call(COPY, begun, first[i], size, False)
            first[i] = begun
        at = moving(code, first)
        with code.loop(n) as t:
            row = n - 1 - t if scan.reverse else t
            begun_at = [p.load(PTR) for p in at]
            following = [self._next(i, t, row, room, results) for i in range(scan.carry)]
            rows = zip(columns, self.body.graph.inputs[scan.consts + scan.carry :], strict=True)
            inputs = [*begun_at, *[column.element(I8, row * bytes_of(node)) for column, node in rows]]
            collected = [self._collected(k, row, room, results) for k in range(scan.carry, len(self.ends))]
            self.body.write(code, known, inputs, [*following, *collected])
            move(at, following)
            if self.period < n:
                leave_if_interrupted(code, t, self.period, failed)

    def _rows(self, outside: Pointers) -> list[Register]:
        """Where the rows of each array lie."""
        found = []
        for array, first in map(rows_in, self.scan.columns):
            pointer = outside[self.around.places.of(array)]
            form = form_of(array)
            row = bytes_of(array) // max(1, form.shape[0])
            found.append(pointer.element(I8, first * row) if first else pointer)
        return found

    def _collected(self, k: int, row: Register, room: Register, results: dict[int, Register]) -> Register | None:
        """Where a step writes what is collected; None for a carry."""
        if self._carry_at(k) is not None:
            return None
        if k not in results:
            return room.element(I8, self.unread[k])
        return results[k].element(I8, row * bytes_of(self.ends[k]))

    def _next(self, i: int, t: Register, row: Register, room: Register, results: dict[int, Register]) -> Register:
        """Where a step writes a carry."""
        size = bytes_of(self.scan.first[i])
        if i in self.stacks:
            to = results[self.stacks[i]].element(I8, (row + (-1 if self.scan.reverse else 1)) * size)
        else:
            one, other = [room.element(I8, offset) for offset in self.buffers[i]]
            to = (t & 1).equals(0).choose(one, other)
        last = results[i] if i in results else room.element(I8, self.unread[i])
        return t.equals(self.scan.length - 1).choose(last, to)
