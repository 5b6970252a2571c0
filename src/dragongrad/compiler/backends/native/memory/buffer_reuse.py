"""Values written over others: an array that is read for the last time gives its bytes to one that is made then.

`np.exp(x) * s` may be written where `x` lay, if the loops read no element of `x` after they have written the one in
its place. Whether they do is told from the text of their function: every access to the old value, against every
store of the new one. Where it cannot be told, the new value has a place of its own.
"""

from __future__ import annotations

from collections.abc import Container, Sequence

from .....records import mutable
from ....graph import Op, Value, bytes_of
from ..ir.affine import Index, Loop, combine
from ..ir.builder import Access, Function
from ..schedule.steps import Loops, Step
from ..tuning import REUSE_TRIES, REUSED_BYTES


def write_over(
    steps: Sequence[Step],
    functions: dict[int, Function],
    touched: Sequence[Sequence[Value]],
    whole: Container[Value],
    kept: Container[Value],
) -> None:
    """Give values the places of others, as the functions' notes then say.

    Parameters
    ----------
    steps, functions
        The steps of a program, and the function of each that is a set of loops, by its position.
    touched : sequence
        Of each step the values whose memory it reads or writes.
    whole : container
        The values that lie in the workspace as a whole.
    kept : container
        Those of them that are needed when the last step is done.
    """
    last: dict[Value, int] = {}
    for k, values in enumerate(touched):
        last.update(dict.fromkeys([v for v in values if isinstance(v, Op)], k))
    for k, step in enumerate(steps):
        if isinstance(step, Loops) and step.mode != "straight":
            function = functions[k]
            gone = {v for v in function.values if isinstance(v, Op) and v in whole and v not in kept}
            _Sharing(step, function, whole, {v for v in gone if last[v] == k}).run()
    for function in functions.values():
        function.accesses.clear()


class _Sharing:
    """Which values a set of loops writes over which."""

    def __init__(self, step: Loops, function: Function, whole: Container[Value], gone: set[Op]) -> None:
        self.function = function
        self.local = step.local
        self.kinds = {store.node: store.kind for store in step.stores}
        self.whole = whole
        self.gone = gone
        self.uses: dict[str, list[_Use]] = {}

    def run(self) -> None:
        """Find them, and note them in the function."""
        function, over = self.function, self.function.over
        places = {v: k for k, v in enumerate(function.values) if isinstance(v, Op) and bytes_of(v) >= REUSED_BYTES}
        new = [v for v in places if self.kinds.get(v) == "map" and (v in self.local or v in self.whole)]
        old = [v for v in places if v in self.local or (v in self.gone and self.kinds.get(v, "map") == "map")]
        if not new or not old:
            return
        for access in function.accesses:
            self.uses.setdefault(access.buffer, []).append(_Use.of(access))
        for y in new:
            fits = [x for x in old if x is not y and self._is_alike(x, y)]
            for x in fits[:REUSE_TRIES]:
                if self._follows(places[x], places[y], y in self.local):
                    over[places[y]] = places[x]
                    old.remove(x)
                    break

    def _is_alike(self, x: Op, y: Op) -> bool:
        same = x.size == y.size and x.dtype.itemsize == y.dtype.itemsize
        # Of values that are held there is one row, of the same bytes where both have as many rows.
        return same and (x in self.local) == (y in self.local) and (x not in self.local or x.shape[0] == y.shape[0])

    def _follows(self, x: int, y: int, held: bool) -> bool:
        """Whether each element of `y` is stored after the last access to the element of `x` in its place."""
        stores = [use for use in self.uses.get(f"%b{y}", []) if use.kind == "store"]
        return all(_precedes(use, store, held) for use in self.uses.get(f"%b{x}", []) for store in stores)


@mutable
class _Use:
    """An access, its index worked out: `offset + sum(factor * loop)`; without a number nothing is known of it."""

    kind: str
    order: int
    loops: tuple[Loop, ...]
    offset: int | None = None
    factors: dict[Loop, int] | None = None

    @classmethod
    def of(cls, access: Access) -> _Use:
        """From what was noted while the text was written."""
        found = cls(access.kind, access.order, access.loops)
        if access.kind != "other":
            parts: list[tuple[Index, int]] = access.parts
            offset, factors, loaded = combine(parts)
            if not loaded:
                found.offset, found.factors = offset, factors
        return found

    def bounds(self, without: Container[Loop]) -> tuple[int, int]:
        """The least and the greatest offset, where some loops stand still."""
        assert self.offset is not None
        assert self.factors is not None
        moves = [(f * v.low, f * (v.high - 1)) for v, f in self.factors.items() if v not in without]
        return self.offset + sum(map(min, moves)), self.offset + sum(map(max, moves))


def _precedes(use: _Use, store: _Use, held: bool) -> bool:
    """Whether an access comes before a store wherever both meet the same element."""
    common = []
    for a, b in zip(use.loops, store.loops, strict=False):
        if a != b:
            break
        common.append(a)
    if held:
        # Each step of the outermost loop makes its rows anew.
        if not use.loops or not store.loops:
            return False
        if not common:
            return True
        common = common[1:]
    if use.factors is None or store.factors is None:
        # Some element: the order in which they are written decides, where no loop goes round both.
        return held and not common and use.order < store.order
    (low, high), (first, last) = use.bounds(()), store.bounds(())
    if high < first or last < low:
        return True
    if not held and not common:
        # Parts of one loop may run beside parts of the other.
        return False
    if not _tells(common, use, store):
        return False
    # In one step of those loops the order in which they are written decides.
    (low, high), (first, last) = use.bounds(common), store.bounds(common)
    return use.order < store.order or high < first or last < low


def _tells(loops: list[Loop], use: _Use, store: _Use) -> bool:
    """Whether the same element means the same step of these loops."""
    assert use.factors is not None
    assert store.factors is not None
    (low, high), (first, last) = use.bounds(loops), store.bounds(loops)
    reach = max(high, last) - min(low, first)
    strides = []
    for loop in loops:
        if loop.high - loop.low > 1:
            stride = use.factors.get(loop, 0)
            if stride != store.factors.get(loop, 0):
                return False
            strides.append((abs(stride), loop.high - loop.low))
    for stride, count in sorted(strides):
        if stride <= reach:
            return False
        reach += stride * (count - 1)
    return True
