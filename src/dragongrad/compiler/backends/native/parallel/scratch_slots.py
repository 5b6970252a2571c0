"""Tiles: the rows that the parts of a loop hold, as many as threads compute at once and not as many as parts.

A part takes the first tile that is free and gives it back at its end: where one thread computes all parts, it finds
the same bytes in its cache each time. What a tile holds is written before it is read, so which one a part has got
changes no result.
"""

from __future__ import annotations

from .thread_pool import at_once

CLAIM, RELEASE = "@claim.tile", "@release.tile"
# The bytes of the word whose bits tell which tiles are taken.
WORD = 64

DECLARED = {"@llvm.cttz.i64": "declare i64 @llvm.cttz.i64(i64, i1)"}

_TEXT = f"""
define internal i64 {CLAIM}(ptr %taken, i64 %count) noinline #0 {{
  br label %look
look:
  %seen = load atomic i64, ptr %taken monotonic, align 8
  %free = xor i64 %seen, -1
  %first = call i64 @llvm.cttz.i64(i64 %free, i1 false)
  %some = icmp ult i64 %first, %count
  br i1 %some, label %try, label %look
try:
  %bit = shl i64 1, %first
  %now = or i64 %seen, %bit
  %pair = cmpxchg ptr %taken, i64 %seen, i64 %now acquire monotonic
  %got = extractvalue {{ i64, i1 }} %pair, 1
  br i1 %got, label %own, label %look
own:
  ret i64 %first
}}

define internal void {RELEASE}(ptr %taken, i64 %tile) noinline #0 {{
  %bit = shl i64 1, %tile
  %others = xor i64 %bit, -1
  %before = atomicrmw and ptr %taken, i64 %others release
  ret void
}}
"""


def definitions() -> list[str]:
    """The lines that take a tile and give it back."""
    return _TEXT.splitlines()


def tiles_of(parts: int) -> int:
    """How many tiles so many parts need; fewer than parts must be claimed."""
    return min(parts, at_once())
