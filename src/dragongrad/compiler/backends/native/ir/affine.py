"""Indices while loops are written: known numbers, or linear in the loop variables with known bounds.

An index whose place in a slice, a stack or a concatenation cannot be told over the whole range of a loop raises
`Split`: the loop is then cut in two at that place, and each half knows.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence
from typing import Any

from .....records import record


@record
class Loop:
    """A loop variable and the range over which the code being written holds."""

    name: str
    low: int
    high: int  # exclusive


class Split(Exception):  # noqa: N818 - it is a request, not an error
    """The loop must be cut: below `at`, and from `at` on."""

    def __init__(self, loop: Loop, at: int) -> None:
        super().__init__(f"{loop.name} at {at}")
        self.loop = loop
        self.at = at


@record
class Affine:
    """`offset + sum(factor * loop)`, never without a loop: a known index is a plain int."""

    offset: int
    terms: tuple[tuple[Loop, int], ...]

    @property
    def low(self) -> int:
        """The smallest value."""
        return self.offset + sum(min(f * v.low, f * (v.high - 1)) for v, f in self.terms)

    @property
    def high(self) -> int:
        """The largest value plus one."""
        return 1 + self.offset + sum(max(f * v.low, f * (v.high - 1)) for v, f in self.terms)


@record
class Loaded:
    """An index read from an array, by the name of its register; already checked against the axis."""

    name: str


Index = int | Affine | Loaded


def variable(loop: Loop) -> Index:
    """The index that runs with a loop."""
    return loop.low if loop.high - loop.low == 1 else Affine(0, ((loop, 1),))


def shift(index: Index, by: int) -> Index:
    """An index plus a number."""
    return linear(index, 1, by)


def linear(index: Index, factor: int, offset: int) -> Index:
    """`factor * index + offset`."""
    if isinstance(index, int):
        return factor * index + offset
    if isinstance(index, Affine):
        return Affine(factor * index.offset + offset, tuple([(v, factor * f) for v, f in index.terms]))
    raise TypeError("an index read from an array has no linear form")


def combine(parts: list[tuple[Index, int]]) -> tuple[int, dict[Loop, int], list[tuple[str, int]]]:
    """`sum(stride * index)` as a number, factors of loops, and factors of registers."""
    offset = 0
    factors: dict[Loop, int] = {}
    loaded: list[tuple[str, int]] = []
    for index, stride in parts:
        if isinstance(index, int):
            offset += stride * index
        elif isinstance(index, Affine):
            offset += stride * index.offset
            for v, f in index.terms:
                factors[v] = factors.get(v, 0) + stride * f
        else:
            loaded.append((index.name, stride))
    return offset, {v: f for v, f in factors.items() if f}, loaded


def place(index: Index, bounds: Sequence[int]) -> int:
    """In which of the stretches `[bounds[k], bounds[k + 1])` an index lies; raises `Split` where it is in two."""
    if isinstance(index, int):
        low, high = index, index + 1
    elif isinstance(index, Affine):
        low, high = index.low, index.high
    else:
        raise TypeError("an index read from an array has no known place")
    after = bisect_right(bounds, low)
    if not 0 < after < len(bounds) or high > bounds[-1]:
        raise IndexError(f"index in [{low}, {high}) outside [{bounds[0]}, {bounds[-1]})")
    inner: Any = index
    if bounds[after] < high:
        raise _cut(inner, bounds[after])
    return after - 1


def _cut(index: Affine, bound: int) -> Split:
    """Where a loop must be cut so that an index comes nearer to lying on one side of a bound."""
    v, f = max(index.terms, key=lambda t: abs(t[1]))
    rest = Affine(index.offset, tuple([t for t in index.terms if t[0] != v])) if len(index.terms) > 1 else None
    low = rest.low if rest is not None else index.offset
    # f * v + low = bound
    at = -(-(bound - low) // f) if f > 0 else (bound - low) // f + 1
    at = min(max(at, v.low + 1), v.high - 1)
    return Split(v, at)


def divide(index: Index, by: int) -> tuple[Index, Index] | None:
    """Quotient and remainder where both are linear again; None where they are not."""
    if isinstance(index, int):
        return divmod(index, by)
    if not isinstance(index, Affine):
        return None
    quotient = tuple([(v, f // by) for v, f in index.terms if f % by == 0])
    remainder = tuple([(v, f) for v, f in index.terms if f % by])
    rest = Affine(index.offset, remainder)
    # The least value says which multiple is taken off: an offset by itself may be of another.
    q_offset = rest.low // by
    r_offset = index.offset - q_offset * by
    if rest.high - q_offset * by > by:
        return None
    return (
        Affine(q_offset, quotient) if quotient else q_offset,
        Affine(r_offset, remainder) if remainder else r_offset,
    )
