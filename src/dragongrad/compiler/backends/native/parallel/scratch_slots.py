"""Tiles: the rows that the parts of a loop hold, as many as threads compute at once and not as many as parts.

A part takes the first tile that is free and gives it back at its end: where one thread computes all parts, it finds
the same bytes in its cache each time. What a tile holds is written before it is read, so which one a part has got
changes no result.
"""

from __future__ import annotations

from ..ir.code import Code
from ..ir.functions import External, defined
from ..ir.registers import I1, I64, PTR, VOID, Register
from .thread_pool import at_once

# The bytes of the word whose bits tell which tiles are taken.
WORD = 64

_TRAILING_ZEROS = External("llvm.cttz.i64", I64, (I64, I1))


@defined("claim.tile", I64, PTR, I64, attributes="noinline #0")
def claim(code: Code, taken: Register, count: Register) -> None:
    """The number of a tile that was free, one of `count`; where none is, wait."""
    with code.forever():
        seen = taken.load(I64, "monotonic")
        first = code.call(_TRAILING_ZEROS, ~seen, False)
        with code.when(first.below(count)):
            got = taken.replace(seen, seen | (1 << first))
            code.return_if(got, first)


@defined("release.tile", VOID, PTR, I64, attributes="noinline #0")
def release(code: Code, taken: Register, tile: Register) -> None:
    """Give a tile back."""
    taken.update("and", ~(1 << tile), "release")


def tiles_of(parts: int) -> int:
    """How many tiles so many parts need; fewer than parts must be claimed."""
    return min(parts, at_once())
