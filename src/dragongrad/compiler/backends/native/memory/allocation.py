"""Memory: where each value of a program lies, and for how long."""

from __future__ import annotations

from bisect import bisect_left, insort
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
            self.uses[place] = Use(place, lines(size), step, step)
        else:
            use.first, use.last = min(use.first, step), max(use.last, step)

    def plan(self) -> None:
        """Give every value its offset: the lowest gap among the tightest of those that live at the same time."""
        gaps = _Gaps()
        ends: dict[int, list[Use]] = {}
        for use in sorted(self.uses.values(), key=lambda u: (u.first, -u.size)):
            for step in sorted(s for s in ends if s < use.first):
                for gone in ends.pop(step):
                    gaps.free(gone.offset, gone.size)
            use.offset = gaps.take(use.size)
            ends.setdefault(use.last, []).append(use)
        self.size = gaps.end

    def offsets(self) -> Iterable[tuple[int, int]]:
        """Each place with its offset."""
        places = [*self.uses, *[place for place, old in self.over.items() if old in self.uses]]
        return [(place, self.uses[self.over.get(place, place)].offset) for place in places]


def lines(size: int) -> int:
    """So many bytes, in whole lines of the cache."""
    return -(-max(size, 1) // LINE_BYTES) * LINE_BYTES


class _Gaps:
    """What is free of a workspace, which ends at `end`: no two gaps are neighbours."""

    def __init__(self) -> None:
        self.end = 0
        self._sizes: dict[int, int] = {}  # by offset
        self._offsets: dict[int, int] = {}  # by where they end
        self._alike: dict[int, list[int]] = {}  # the offsets in order, by size

    def free(self, offset: int, size: int) -> None:
        """Bytes are free again."""
        if offset + size in self._sizes:
            size += self._remove(offset + size)
        if offset in self._offsets:
            before = self._offsets[offset]
            offset, size = before, size + self._remove(before)
        self._sizes[offset], self._offsets[offset + size] = size, offset
        insort(self._alike.setdefault(size, []), offset)

    def _remove(self, offset: int) -> int:
        """A gap is none any more: how many bytes it had."""
        size = self._sizes.pop(offset)
        del self._offsets[offset + size]
        alike = self._alike[size]
        del alike[bisect_left(alike, offset)]
        if not alike:
            del self._alike[size]
        return size

    def take(self, size: int) -> int:
        """The offset of so many bytes."""
        # The tightest gap: the others stay large.
        tightest = min([n for n in self._alike if n >= size], default=0)
        if tightest:
            offset = self._alike[tightest][0]
            self._remove(offset)
            if tightest > size:
                self.free(offset + size, tightest - size)
            return offset
        # The last gap grows.
        offset = self._offsets.get(self.end, self.end)
        if offset < self.end:
            self._remove(offset)
        self.end = offset + size
        return offset
