"""Systems with a triangular matrix: functions of our own, made once for a whole process.

BLAS copies both matrices into an order of its own before it computes, which takes longer than to solve a system of
some tens of rows. Here the columns of a strip lie side by side in vectors, and four rows of it stay in registers
while all rows that are known are subtracted from them.
"""

from __future__ import annotations

from collections.abc import Iterable

from ....process import once
from ..ir.code import Code
from ..ir.functions import GREATER, Defined, External, module_text
from ..ir.registers import DOUBLE, FLOAT, I64, NOALIAS, PTR, VOID, Register, vector
from ..ir.vectors import multiply_add, spread
from ..jit.engine import Library, processor, provide
from ..tuning import TRIANGULAR_ROWS, TRIANGULAR_TERMS

_NAME = "dragongrad.triangular."
_KINDS = {"d": DOUBLE, "s": FLOAT}
_ROWS = 4  # that are in registers
_VECTORS = 2  # of each


def is_solved_here(rows: int, columns: int) -> bool:
    """Whether there is a function for systems of so many rows, with so many right-hand sides."""
    return rows <= TRIANGULAR_ROWS and rows * rows * columns <= TRIANGULAR_TERMS


def solver(letter: str, rows: int, columns: int, away: str = "") -> External:
    """The function for systems of so many rows, with so many right-hand sides.

    Its parameters: where the solution goes, the matrix and the right-hand sides, in C order; how many rows and
    columns these have; and whether the matrix is the transpose of the lower triangle that is read.
    """
    lanes = processor().lanes * (1 if letter == "d" else 2)
    vectors = _VECTORS if columns >= lanes * _VECTORS else 1
    while lanes > columns:
        lanes //= 2
    name = f"{_NAME}{letter}.{min(rows, _ROWS)}x{vectors}x{lanes}"
    return External(name, VOID, (PTR, PTR, PTR, I64, I64, I64), away)


def provide_solvers(symbols: Iterable[str]) -> None:
    """Make those functions of `solver` that are among the symbols of a module."""
    for symbol in sorted(symbols):
        if symbol.startswith(f"@{_NAME}"):
            provided(symbol[1:])


@once
def provided(name: str) -> Library:
    """A function of `solver`, made under its name."""
    *_, letter, lengths = name.split(".")
    library = Library(module_text(_defined(name, _KINDS[letter], *map(int, lengths.split("x")))), 1, plain=True)
    provide(name, library.address(name))
    return library


def _defined(name: str, kind: str, block: int, vectors: int, lanes: int) -> Defined:
    def write(
        code: Code, out: Register, matrix: Register, right: Register, rows: Register, columns: Register,
        turned: Register,
    ) -> None:  # fmt: skip
        turns, none = turned.differs(0), code.register(I64, "0")
        # From the last row to the first, a matrix that is turned is a lower triangle too.
        last = rows - 1
        first = turns.choose(last * columns, none)
        matrix = matrix.element(kind, turns.choose(last * rows + last, none))
        steps = turns.choose(none - 1, rows), turns.choose(0 - rows, none + 1), turns.choose(0 - columns, columns)
        strip = _Strip(kind, block, vectors, lanes, matrix, steps)
        with code.loop(columns, 0, vectors * lanes) as column:
            # The last strip is as wide as the others, and computes some columns again.
            edge = columns - vectors * lanes
            at = (column < edge).choose(column, edge) + first
            places = out.element(kind, at), right.element(kind, at)
            if block < _ROWS:
                strip.solve(*places, none)
                return
            # So does the second block of rows.
            with code.loop(rows, 0 - (0 - rows & _ROWS - 1), _ROWS) as row:
                strip.solve(*places, code.call(GREATER, row, 0))

    return Defined(name, VOID, (NOALIAS, NOALIAS, NOALIAS, I64, I64, I64), write, "", "#0")


class _Strip:
    """Some columns of a system, as wide as some vectors, some rows of which are solved at a time."""

    def __init__(
        self, kind: str, block: int, vectors: int, lanes: int, matrix: Register,
        steps: tuple[Register, Register, Register],
    ) -> None:  # fmt: skip
        self.code, self.kind, self.block, self.vectors, self.lanes = matrix.code, kind, block, vectors, lanes
        self.matrix = matrix
        self.down, self.along, self.step = steps
        self.type = vector(kind, lanes)
        self.align = 8 if kind == DOUBLE else 4

    def solve(self, out: Register, right: Register, row: Register) -> None:
        """Some rows, if those before them are solved."""
        rows = [row + k for k in range(self.block)]
        starts = [self.matrix.element(self.kind, one * self.down) for one in rows]
        totals = [[self.code.local(self.type) for _ in range(self.vectors)] for _ in rows]
        for one, total in zip(rows, totals, strict=True):
            for place, value in zip(total, self._loaded(self._row(right, one)), strict=True):
                place.store(value)
        with self.code.loop(row) as known:
            x, at = self._loaded(self._row(out, known)), known * self.along
            for start, total in zip(starts, totals, strict=True):
                left = self._less([place.load(self.type) for place in total], self._number(start, at), x)
                for place, value in zip(total, left, strict=True):
                    place.store(value)
        solved: list[list[Register]] = []
        across = [one * self.along for one in rows]
        for k, (one, start, total) in enumerate(zip(rows, starts, totals, strict=True)):
            values = [place.load(self.type) for place in total]
            for at, x in zip(across, solved, strict=False):
                values = self._less(values, self._number(start, at), x)
            inverse = spread(1.0 / self._number(start, across[k]), self.lanes)
            solved.append([value * inverse for value in values])
            for place, value in zip(self._row(out, one), solved[-1], strict=True):
                place.store(value, align=self.align)

    def _less(self, totals: list[Register], number: Register, x: list[Register]) -> list[Register]:
        factor, fused = spread(-number, self.lanes), processor().fused
        return [
            multiply_add(factor, one, total, self.kind, self.lanes, fused)
            for total, one in zip(totals, x, strict=True)
        ]

    def _number(self, start: Register, at: Register) -> Register:
        return start.element(self.kind, at).load(self.kind, align=self.align)

    def _row(self, start: Register, row: Register) -> list[Register]:
        start = start.element(self.kind, row * self.step)
        return [start.element(self.kind, k * self.lanes) for k in range(self.vectors)]

    def _loaded(self, places: list[Register]) -> list[Register]:
        return [place.load(self.type, align=self.align) for place in places]
