"""Loops whose number of steps their values tell, as one operation: the Block `while_loop` and its rules.

Such a loop goes on from its first carry as long as a condition holds. Its derivative in reverse goes the same way
once more, keeps what each step began with, and comes back: so an application may have several *ways*, each of which
passes all steps in the other direction than the one before, and reads what the earlier ways began each step with.
The derivative in reverse of a loop of some ways has a way more for each of them, in the opposite order and
direction.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np

from ...core.block import general
from ...core.errors import NoRuleError, user_line
from ...core.graph import Graph
from ...ways import walk
from ..gradients import vjp
from ..pushforward import Together
from .body import (
    dtype_of,
    filled,
    in_rows,
    is_float,
    is_zero,
    or_zeros,
    replay,
    split,
    wide,
    with_tangents,
    without_dead,
    written,
)

# The ways behind the first.
_WAYS = ("back", "forth", "home")


@dataclass(frozen=True)
class Trip:
    """The parameters of an application of `while_loop`.

    Attributes
    ----------
    cond, body : Graph
        From constants and carry to whether it goes on, and to the next carry.
    back, forth, home : Graph or None
        The further ways: from constants, what the way takes along, and for each earlier way what it began the step
        with, to what is taken further.
    consts, carry : int
        How many of the arrays are constants, and how many are carried; the others are taken along later ways.
    """

    cond: Graph
    body: Graph
    back: Graph | None
    consts: int
    carry: int
    forth: Graph | None = None
    home: Graph | None = None

    @classmethod
    def of(cls, cond: Graph, ways: Sequence[Graph], consts: int) -> Trip:
        """A loop of some ways."""
        further = dict(zip(_WAYS, ways[1:], strict=False))
        return cls(cond, ways[0], consts=consts, carry=len(ways[0].outputs), **{"back": None, **further})

    @property
    def ways(self) -> list[Graph]:
        """The Graphs of all ways."""
        return [way for way in (self.body, self.back, self.forth, self.home) if way is not None]

    def parts(self, arrays: Sequence[Any]) -> tuple[list[Any], list[list[Any]]]:
        """The constants, and what each way begins with."""
        fixed, *states = split(arrays, [self.consts, *[len(way.outputs) for way in self.ways]])
        return fixed, states

    def __call__(self, *arrays: Any) -> tuple[Any, ...]:
        """What each way ends with."""
        found: tuple[Any, ...] = while_block(*arrays, **vars(self))
        return found


def _value(*xs: Any, **params: Any) -> tuple[Any, ...]:
    trip = Trip(**params)
    fixed, states = trip.parts(xs)
    ways = [partial(replay, way) for way in trip.ways]
    with np.errstate(all="ignore"):
        return tuple(walk(lambda given: bool(replay(trip.cond, given)[0]), ways, fixed, states))


# Reverse: one more way for each


def _pullback(out_bar: Any, out: Any, xs: Any, **params: Any) -> Any:
    trip = Trip(**params)
    if len(trip.ways) > 2:
        raise NoRuleError(
            "the third derivative of a while_loop in reverse mode, each taken in reverse, is not compiled\n"
            f"  at {user_line()}\nWrite ad.jacfwd for one of them, which differentiates forwards"
        )
    fixed, firsts = trip.parts(xs)
    adjoints = [_Adjoint(trip, number, fixed, firsts) for number in range(len(firsts))]
    bars = split(out_bar, [len(first) for first in firsts])
    ways, states = trip.ways, [x for first in firsts for x in first]
    for one in reversed(adjoints):
        mine = [or_zeros(bars[one.number][i], one.first[i]) for i in one.moved]
        mine += [np.zeros(np.shape(fixed[i]), dtype_of(fixed[i])) for i in one.kept]
        later = [*reversed(adjoints[one.number + 1 :])]
        ways.append(written(partial(one.step, later), [*fixed, *mine, *states]))
        states += mine
    found = Trip.of(trip.cond, ways, trip.consts)(*fixed, *states)
    full: list[Any] = [None] * len(xs)
    sizes = [n for one in reversed(adjoints) for n in (len(one.moved), len(one.kept))]
    groups = split(found[len(states) - sum(sizes) :], sizes)
    for one, to_first, to_fixed in zip(reversed(adjoints), groups[::2], groups[1::2], strict=True):
        start = trip.consts + sum(map(len, firsts[: one.number]))
        for i, g in zip(one.moved, to_first, strict=True):
            full[start + i] = g
        for i, g in zip(one.kept, to_fixed, strict=True):
            full[i] = g if full[i] is None else full[i] + g
    return full


class _Adjoint:
    """The way that goes against one of the ways of a loop, with the cotangents of what that takes along.

    Attributes
    ----------
    number : int
        Of the way that it goes against.
    first : list
        What that begins with.
    moved, kept : list of int
        What of it, and which of the constants, have cotangents; those of constants add up.
    """

    def __init__(self, trip: Trip, number: int, fixed: list[Any], firsts: list[list[Any]]) -> None:
        self.trip, self.number, self.first = trip, number, firsts[number]
        self.sizes = [len(first) for first in firsts]
        self.moved = [i for i, x in enumerate(self.first) if is_float(x)]
        self.kept = [i for i in without_dead(trip.ways[number], trip.consts)[1] if is_float(fixed[i])]

    def step(self, later: list[_Adjoint], *arrays: Any) -> list[Any]:
        """A step; `later` are those of later ways, the last first, which went before it."""
        own = [len(self.moved), len(self.kept)]
        others = [n for one in later for n in (len(one.moved), len(one.kept))]
        consts, bars, sums, *states = split(arrays, [self.trip.consts, *own, *self.sizes, *others])
        begun, theirs = states[: len(self.sizes)], states[len(self.sizes) :: 2]
        to_fixed, found = self._pulled(self, consts, begun, bars, self.kept)
        for one, bar in zip(later, theirs, strict=True):
            # What a later way read of where this one began its step.
            _, more = self._pulled(one, consts, begun, bar, [])
            found = [a + b for a, b in zip(found, more, strict=True)]
        return [*found, *[s + g for s, g in zip(sums, to_fixed, strict=True)]]

    def _pulled(
        self, way: _Adjoint, consts: list[Any], begun: list[list[Any]], bars: list[Any], kept: list[int]
    ) -> tuple[list[Any], list[Any]]:
        """The cotangents of constants, and of what this way began a step with, through a step of a way."""
        earlier = [x for state in begun[: way.number] for x in state]
        known = [*consts, *begun[way.number], *earlier]
        place = len(consts)
        if way is not self:
            place += self.sizes[way.number] + sum(self.sizes[: self.number])
        floats = [*kept, *[place + i for i in self.moved]]

        def values(*moving: Any) -> list[Any]:
            found = replay(self.trip.ways[way.number], filled(known, floats, moving))
            return [found[i] for i in way.moved]

        if floats and way.moved:
            found = list(vjp(values, *[known[i] for i in floats])[1](bars))
        else:
            found = [np.zeros(np.shape(known[i]), dtype_of(known[i])) for i in floats]
        to_fixed, to_first = split(found, [len(kept), len(self.moved)])
        return to_fixed, to_first


# Forward: the same ways with tangents


def _pushforward(xs_dot: Any, out: Any, xs: Any, **params: Any) -> Any:
    """The loop with tangents: those of what is carried, and of what later ways take along."""
    trip = Trip(**params)
    fixed, firsts = trip.parts(xs)
    fixed_dot, dots = trip.parts(xs_dot)
    kept, *active = [[i for i, dot in enumerate(part) if not is_zero(dot)] for part in (fixed_dot, *dots)]
    consts = [*fixed, *[fixed_dot[i] for i in kept]]
    ways: list[Graph] = []
    states: list[list[Any]] = []
    for number, (way, first) in enumerate(zip(trip.ways, firsts, strict=True)):
        sizes = [len(fixed), len(first), *[len(one) for one in firsts[:number]]]
        new: list[int] = [-1]
        while new:
            mine = [*first, *[dots[number][i] for i in active[number]]]
            groups = [kept, active[number], *active[:number]]
            step = with_tangents(way, sizes, groups, first, new)
            graph = written(step, [*consts, *mine, *[x for state in states for x in state]])
            active[number] = sorted([*active[number], *new])
        ways.append(graph)
        states.append(mine)
    begun = states[0]
    cond = written(
        lambda *a: replay(trip.cond, [*a[: trip.consts], *a[len(consts) : len(consts) + trip.carry]]),
        [*consts, *begun],
    )
    found = split(
        Trip.of(cond, ways, len(consts))(*consts, *[x for state in states for x in state]),
        [len(state) for state in states],
    )
    values, ends = [], []
    for first, moved, group in zip(firsts, active, found, strict=True):
        none: list[Any] = [None] * len(first)
        values += group[: len(first)]
        ends += filled(none, moved, group[len(first) :])
    return Together(values, ends)


# A batch: one loop of all rows


def _batch(size: int, arrays: list[Any], batched: tuple[bool, ...], **params: Any) -> Any:
    trip = _Rows(size, Trip(**params), arrays, batched)
    rows = [*trip.in_first, *[True for state in trip.others for _ in state]]
    return tuple([wide(o, size, not b) for o, b in zip(trip.run(), rows, strict=True)])


class _Rows:
    """A loop for a batch: it goes on until no row does, and each row keeps what it had when its own ended."""

    def __init__(self, size: int, trip: Trip, arrays: list[Any], batched: tuple[bool, ...]) -> None:
        self.size, self.trip = size, trip
        self.fixed, (first, *others) = trip.parts(arrays)
        self.in_fixed, (begun, *in_others) = trip.parts(batched)
        self.in_first, self.several = list(begun), False
        self.others = [
            [wide(x, size, not b) for x, b in zip(state, flags, strict=True)]
            for state, flags in zip(others, in_others, strict=True)
        ]
        while True:
            self.first = [wide(x, size, b and not w) for x, b, w in zip(first, self.in_first, begun, strict=True)]
            after: list[bool] = []
            written(lambda *given, after=after: self._look(given, after), [*self.fixed, *self.first])
            # Where rows end each at its own step, all that they carry differs from row to row.
            moved = [a or b or self.several for a, b in zip(self.in_first, after, strict=True)]
            if moved == self.in_first:
                break
            self.in_first = moved

    def _look(self, given: Sequence[Any], after: list[bool]) -> list[Any]:
        asked, mine = self._in_rows(self.trip.cond, given)
        found, after[:] = self._in_rows(self.trip.body, given)
        self.several = mine[0]
        return [*asked, *found]

    def _in_rows(self, graph: Graph, given: Sequence[Any]) -> tuple[list[Any], list[bool]]:
        return in_rows(self.size, partial(replay, graph), [*self.in_fixed, *self.in_first], given)

    def _kept(self, given: Sequence[Any], new: Sequence[Any], old: Sequence[Any]) -> list[Any]:
        """What is new in rows that go on, and what was there in the others."""
        if not self.several:
            return list(new)
        (goes_on,), _ = self._in_rows(self.trip.cond, given)
        return [
            np.where(np.reshape(goes_on, (self.size, *(1,) * (np.ndim(a) - 1))), a, b)
            for a, b in zip(new, old, strict=True)
        ]

    def _cond(self, *given: Any) -> list[Any]:
        (found,), (mine,) = self._in_rows(self.trip.cond, given)
        return [np.any(found) if mine else found]

    def _body(self, *given: Any) -> list[Any]:
        found, mine = self._in_rows(self.trip.body, given)
        found = [wide(o, self.size, b and not m) for o, b, m in zip(found, self.in_first, mine, strict=True)]
        return self._kept(given, found, given[self.trip.consts :])

    def _way(self, number: int, *given: Any) -> list[Any]:
        sizes = [self.trip.consts, len(self.others[number - 1]), self.trip.carry]
        consts, state, begun = split(given[: sum(sizes)], sizes)
        flags = [*self.in_fixed, *[True] * len(state), *self.in_first, *[True] * (len(given) - sum(sizes))]
        found, mine = in_rows(self.size, partial(replay, self.trip.ways[number]), flags, given)
        found = [wide(o, self.size, not m) for o, m in zip(found, mine, strict=True)]
        return self._kept([*consts, *begun], found, state)

    def run(self) -> tuple[Any, ...]:
        """The values of the loop."""
        given = [*self.fixed, *self.first]
        ways = [written(self._body, given)]
        earlier = list(self.first)
        for number, state in enumerate(self.others, 1):
            ways.append(written(partial(self._way, number), [*self.fixed, *state, *earlier]))
            earlier += state
        return Trip.of(written(self._cond, given), ways, self.trip.consts)(*self.fixed, *earlier)


while_block = general(
    "while_loop", pullback=_pullback, pushforward=_pushforward, value=_value, names=("xs",), outputs=2,
    batch=_batch, parameters=("cond", "body", "back", "consts", "carry", "forth", "home"), dispatches=False,
)  # fmt: skip
