"""Memory: where each value of a program lies, and for how long."""

from __future__ import annotations

from collections.abc import Iterable

from .....records import field, mutable
from ..tuning import LINE_BYTES


@mutable
class Use:
    """A value in the workspace: its bytes, and the first and last step at which it is needed."""

    place: int
    size: int
    first: int
    last: int
    offset: int = -1


@mutable
class Workspace:
    """Where the temporaries of a program lie in one stretch of memory; those that never meet share bytes."""

    uses: dict[int, Use] = field(default_factory=dict)
    size: int = 0
    over: dict[int, int] = field(default_factory=dict)

    def share(self, place: int, old: int) -> None:
        """A value is written over another, before it is first needed."""
        self.over[place] = self.over.get(old, old)

    def need(self, place: int, size: int, step: int) -> None:
        """A value is needed at a step."""
        place = self.over.get(place, place)
        use = self.uses.get(place)
        if use is None:
            self.uses[place] = Use(place, _lines(size), step, step)
        else:
            use.first, use.last = min(use.first, step), max(use.last, step)

    def plan(self) -> None:
        """Give every value its offset: the lowest gap among those that live at the same time."""
        free: list[tuple[int, int]] = []  # gaps below `size`, by offset
        ends: dict[int, list[Use]] = {}
        for use in sorted(self.uses.values(), key=lambda u: (u.first, -u.size)):
            for step in sorted(s for s in ends if s < use.first):
                for gone in ends.pop(step):
                    free = _merged([*free, (gone.offset, gone.size)])
            use.offset, free, self.size = _take(use.size, free, self.size)
            ends.setdefault(use.last, []).append(use)

    def offsets(self) -> Iterable[tuple[int, int]]:
        """Each place with its offset."""
        places = [*self.uses, *[place for place, old in self.over.items() if old in self.uses]]
        return [(place, self.uses[self.over.get(place, place)].offset) for place in places]


def _lines(size: int) -> int:
    return -(-max(size, 1) // LINE_BYTES) * LINE_BYTES


def _merged(gaps: list[tuple[int, int]]) -> list[tuple[int, int]]:
    """The same gaps in order, neighbours joined."""
    joined: list[tuple[int, int]] = []
    for offset, size in sorted(gaps):
        if joined and sum(joined[-1]) == offset:
            joined[-1] = (joined[-1][0], joined[-1][1] + size)
        else:
            joined.append((offset, size))
    return joined


def _take(size: int, free: list[tuple[int, int]], end: int) -> tuple[int, list[tuple[int, int]], int]:
    """The offset of `size` bytes, what is free after that, and where the workspace ends."""
    fits = [gap for gap in free if gap[1] >= size]
    if fits:
        # The tightest gap: the others stay large.
        best = min(fits, key=lambda gap: gap[1])
        rest = [gap for gap in free if gap != best]
        left = best[1] - size
        return best[0], sorted([*rest, (best[0] + size, left)]) if left else rest, end
    if free and sum(free[-1]) == end:
        # The last gap grows.
        return free[-1][0], free[:-1], free[-1][0] + size
    return end, free, end + size
