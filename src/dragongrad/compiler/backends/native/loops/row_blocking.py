"""Nests that take several rows at a time, for sums over the rows that are too wide for registers.

Such a sum is read and written for every row: `np.sum(w[:, :, None] * x[:, None, :], 0)` moves more numbers than it
adds up. Here everything else is computed for a few rows first, and then each element of the sum takes the terms of
all of them, in order, while it is in a register.
"""

from __future__ import annotations

import math
from collections.abc import Callable

from ....graph import Op, Value
from ..ir.affine import Index, Loop, Split, shift, variable
from ..ir.builder import STORED, Buffer, Function
from ..ir.functions import LESSER
from ..ir.registers import I64
from ..schedule.steps import Loops
from ..schedule.stores import Store, row_bytes
from ..tuning import HELD_ROW_BYTES, ROW_BLOCKS, ROW_SUM_ELEMENTS, ROWS_AT_ONCE
from .loop import OUTER, PART
from .loop_nest import NestWriter

# What is held of a row, and where.
Row = list[tuple[Op, Buffer]]


def wide_sums(loops: Loops) -> list[Store]:
    """The stores of a nest that are sums over its rows and too wide for registers; none where blocks do not pay."""
    if loops.mode != "nest" or loops.length < ROWS_AT_ONCE * ROW_BLOCKS:
        return []
    if sum(map(row_bytes, loops.local)) > HELD_ROW_BYTES or loops.multiplies:
        return []
    return [
        store for store in loops.stores
        if store.kind == "reduce"
        and 0 in store.axes
        and math.prod(store.domain[a] for a in store.kept) >= ROW_SUM_ELEMENTS
    ]  # fmt: skip


class BlockedNestWriter(NestWriter):
    """Writes the function of a nest that takes several rows at a time."""

    def __init__(self, name: str, loops: Loops, in_memory: Callable[[Value], bool]) -> None:
        super().__init__(name, loops, in_memory)
        self.held = [store.node for store in loops.stores if store.node in loops.local]
        self.rooms: dict[Op, str] = {}
        # What is held of each row of a block, while sums take the terms of all of them.
        self.several: list[Row] = []

    def write(self) -> Function:
        """The function; one row at a time where rows differ too much."""
        try:
            return super().write()
        except Split:
            return NestWriter(self.name, self.loops, self.in_memory).write()

    def _body(self) -> int:
        text, length = self.text, self.loops.length
        late = wide_sums(self.loops)
        others = [store for store in self.loops.stores if store not in late]
        self._hold()
        begun = [store for store in self.loops.stores if store.axes and store.first == 0]
        for store in begun:
            self._begin(store, ())
        # The first row of a block; as an index of rows it is read in whole blocks only.
        first = Loop(text.fresh("block"), 0, length - ROWS_AT_ONCE + 1)
        end = text.call(LESSER, text.register(I64, PART[1]), length)

        def rows(loop: Loop) -> None:
            after = text.register(I64, loop.name) + ROWS_AT_ONCE
            top = text.call(LESSER, after, end)
            within = loop.name, top.name
            if others:
                self._each_row(others, within)
            with text.either(top.equals(after)) as (many, few):
                with many:
                    self._several_rows(late, first)
                with few:
                    self._each_row(late, within)

        self._stepping(first, rows, end.name)
        for store in begun:
            self._end(store, ())
        return length

    def _stepping(self, first: Loop, body: Callable[[Loop], None], end: str) -> None:
        """The loop over blocks, the last of them perhaps not whole."""
        whole = Loop(first.name, 0, self.loops.length)
        self._whole_loop(whole, body, (PART[0], end), OUTER, step=ROWS_AT_ONCE)

    def _hold(self) -> None:
        """Room for what is held of the rows of a block."""
        for node in self.held:
            self.rooms[node] = name = self.text.fresh("rows")
            count = node.size // node.shape[0] * ROWS_AT_ONCE
            self.text.entry.append(f"  {name} = alloca [{count} x {STORED[node.dtype.name]}], align 64")

    def _row(self, number: str) -> Row:
        """What is held of the row of a block that has this number."""
        found = []
        for node in self.held:
            kind, size = STORED[node.dtype.name], node.size // node.shape[0]
            start = self.text.effect(f"mul nsw i64 {number}, {size}")
            at = self.text.effect(f"getelementptr inbounds {kind}, ptr {self.rooms[node]}, i64 {start}")
            found.append((node, Buffer(at, node.shape, node.dtype, held=True)))
        return found

    def _use(self, row: Row) -> None:
        self.places.update({id(node): buffer for node, buffer in row})

    def _each_row(self, stores: list[Store], within: tuple[str, str]) -> None:
        """Roots at one row after the other."""

        def body(loop: Loop) -> None:
            self._use(self._row(self.text.effect(f"sub nsw i64 {loop.name}, {within[0]}")))
            self._inside(stores, (variable(loop),))

        self._loop("i", 0, self.loops.length, body, within, OUTER)

    def _several_rows(self, stores: list[Store], first: Loop) -> None:
        """Sums that take the terms of all rows of a block."""
        with self.text.inside(first):
            self.several = [self._row(str(r)) for r in range(ROWS_AT_ONCE)]
            self._inside(stores, (variable(first),))
            self.several = []

    def _terms(self, store: Store, index: tuple[Index, ...]) -> list[str]:
        """Of a sum over rows the terms of all rows of a block, in order."""
        if not self.several:
            return super()._terms(store, index)
        terms = []
        for number, row in enumerate(self.several):
            self._use(row)
            terms.append(self._term(store, (shift(index[0], number), *index[1:])))
        return terms
