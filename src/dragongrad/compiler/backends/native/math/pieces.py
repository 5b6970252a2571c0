"""Functions that are polynomials in eight pieces, of which a table chooses one for each number.

A piece is `value + t p(t)`, with `t` the distance from its centre, which is the root where there is one.
"""

from __future__ import annotations

from .....records import record
from ..ir.registers import Register
from .formula import Formula
from .sums import stepped


@record
class Pieces:
    """Centres, values there and polynomials, precise ones and those for results of float32.

    `first` is what the three lowest bits of the first piece's number are.
    """

    name: str
    first: int
    centres: tuple[float, ...]
    values: tuple[float, ...]
    precise: tuple[tuple[float, ...], ...]
    narrow: tuple[tuple[float, ...], ...]

    def centre(self, m: Formula, number: Register) -> Register:
        """The centre of the piece of a number."""
        return m.looked_up(f"dragon.{self.name}.centres", [self._turned(self.centres)], number)[0]

    def at(self, m: Formula, number: Register, t: Register) -> Register:
        """The function in the piece of a number, at so far from its centre."""
        kind, tables = ("narrow", self.narrow) if m.narrow else ("precise", self.precise)
        rows = [self._turned(row) for row in (self.values, *zip(*tables, strict=True))]
        value, slope, *others = m.looked_up(f"dragon.{self.name}.{kind}", rows, number)
        if m.fused or m.narrow:
            return m.fma(t, slope, m.fma(t * t, m.polynomial(t, others), value))
        total, lost = stepped(m, t, [value, slope, *others], 2)
        return total + lost

    def _turned(self, row: tuple[float, ...]) -> tuple[float, ...]:
        return row[8 - self.first :] + row[: 8 - self.first]
