"""Loops whose number of steps their values tell, as one operation: the Block `while_loop` and its rules.

Such a loop goes on from its first carry as long as a condition holds. Its derivative in reverse goes the same way
once more, keeps what each step began with, and comes back: so an application may have a way back too, which takes
further values along from the last step to the first.
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


@dataclass(frozen=True)
class Trip:
    """The parameters of an application of `while_loop`.

    Attributes
    ----------
    cond, body : Graph
        From constants and carry to whether it goes on, and to the next carry.
    back : Graph or None
        From constants, what is taken back, and the carry that a step began with, to what is taken further back.
    consts, carry : int
        How many of the arrays are constants, and how many are carried; the others are taken back.
    """

    cond: Graph
    body: Graph
    back: Graph | None
    consts: int
    carry: int

    def parts(self, arrays: Sequence[Any]) -> tuple[list[Any], list[Any], list[Any]]:
        """The constants, the first carry, and what is taken back."""
        end = self.consts + self.carry
        return list(arrays[: self.consts]), list(arrays[self.consts : end]), list(arrays[end:])

    def __call__(self, *arrays: Any) -> tuple[Any, ...]:
        """The last carry, and what has come back."""
        found: tuple[Any, ...] = while_block(*arrays, **vars(self))
        return found


def _value(*xs: Any, **params: Any) -> tuple[Any, ...]:
    trip = Trip(**params)
    fixed, state, back = trip.parts(xs)
    begun: list[list[Any]] = []
    with np.errstate(all="ignore"):
        while bool(replay(trip.cond, [*fixed, *state])[0]):
            if trip.back is not None:
                begun.append(state)
            state = replay(trip.body, [*fixed, *state])
        for one in reversed(begun):
            assert trip.back is not None
            back = replay(trip.back, [*fixed, *back, *one])
    return (*state, *back)


def _pullback(out_bar: Any, out: Any, xs: Any, **params: Any) -> Any:
    trip = Trip(**params)
    if trip.back is not None:
        raise NoRuleError(
            "the derivative in reverse of a while_loop's derivative in reverse is not compiled\n"
            f"  at {user_line()}\nWrite ad.jacfwd(ad.grad(f)), or ad.hessian(f), which differentiates forwards"
        )
    fixed, first, _ = trip.parts(xs)
    kept = [i for i in without_dead(trip.body, trip.consts)[1] if is_float(fixed[i])]
    moved = [i for i, x in enumerate(first) if is_float(x)]
    floats = [*kept, *[trip.consts + i for i in moved]]
    sizes = [len(fixed), len(moved), len(kept), trip.carry]

    def step(*arrays: Any) -> list[Any]:
        consts, bars, sums, state = split(arrays, sizes)
        known = [*consts, *state]

        def values(*moving: Any) -> list[Any]:
            found = replay(trip.body, filled(known, floats, moving))
            return [found[i] for i in moved]

        _, pull = vjp(values, *[known[i] for i in floats])
        to_consts, to_carry = split(pull(bars), [len(kept), len(moved)])
        return [*to_carry, *[s + g for s, g in zip(sums, to_consts, strict=True)]]

    taken = [or_zeros(out_bar[i], first[i]) for i in moved]
    taken += [np.zeros(np.shape(fixed[i]), dtype_of(fixed[i])) for i in kept]
    back = written(step, [*fixed, *taken, *first])
    found = Trip(trip.cond, trip.body, back, trip.consts, trip.carry)(*fixed, *first, *taken)[trip.carry :]
    return filled([None] * len(xs), [*[trip.consts + i for i in moved], *kept], found)


def _pushforward(xs_dot: Any, out: Any, xs: Any, **params: Any) -> Any:
    """The loop with tangents: those of what is carried, and of what is taken back."""
    trip = Trip(**params)
    fixed, first, back = trip.parts(xs)
    dots = trip.parts(xs_dot)
    kept, moved, taken = [[i for i, dot in enumerate(part) if not is_zero(dot)] for part in dots]
    consts = [*fixed, *[dots[0][i] for i in kept]]
    new: list[int] = [-1]
    while new:
        carried = [*first, *[dots[1][i] for i in moved]]
        body = written(
            with_tangents(trip.body, [len(fixed), len(first)], [kept, moved], first, new), [*consts, *carried]
        )
        moved = sorted([*moved, *new])
    cond = written(
        lambda *a: replay(trip.cond, [*a[: trip.consts], *a[len(consts) : len(consts) + trip.carry]]),
        [*consts, *carried],
    )
    home, way = list(back), None
    while trip.back is not None:
        home = [*back, *[dots[2][i] for i in taken]]
        step = with_tangents(trip.back, [len(fixed), len(back), len(first)], [kept, taken, moved], back, new)
        way = written(step, [*consts, *home, *carried])
        if not new:
            break
        taken = sorted([*taken, *new])
    both = Trip(cond, body, way, len(consts), len(carried))
    found, end = both(*consts, *carried, *home), len(carried)
    values = [*found[: trip.carry], *found[end : end + len(back)]]
    none: list[Any] = [None]
    last_dot = filled(none * trip.carry, moved, found[trip.carry : end])
    return Together(values, [*last_dot, *filled(none * len(back), taken, found[end + len(back) :])])


def _batch(size: int, arrays: list[Any], batched: tuple[bool, ...], **params: Any) -> Any:
    trip = _Rows(size, Trip(**params), arrays, batched)
    found = trip.run()
    rows = [*trip.in_first, *[True] * len(trip.back)]
    return tuple([wide(o, size, not b) for o, b in zip(found, rows, strict=True)])


class _Rows:
    """A loop for a batch: it goes on until no row does, and each row keeps what it had when its own ended."""

    def __init__(self, size: int, trip: Trip, arrays: list[Any], batched: tuple[bool, ...]) -> None:
        self.size, self.trip = size, trip
        self.fixed, first, back = trip.parts(arrays)
        self.in_fixed, begun, in_back = trip.parts(batched)
        self.in_first, self.several = list(begun), False
        self.back = [wide(x, size, not b) for x, b in zip(back, in_back, strict=True)]
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

    def _home(self, *given: Any) -> list[Any]:
        trip = self.trip
        assert trip.back is not None
        consts, state, begun = split(given, [trip.consts, len(self.back), trip.carry])
        flags = [*self.in_fixed, *[True] * len(state), *self.in_first]
        found, mine = in_rows(self.size, partial(replay, trip.back), flags, given)
        found = [wide(o, self.size, not m) for o, m in zip(found, mine, strict=True)]
        return self._kept([*consts, *begun], found, state)

    def run(self) -> tuple[Any, ...]:
        """The values of the loop."""
        given = [*self.fixed, *self.first]
        way = None
        if self.trip.back is not None:
            way = written(self._home, [*self.fixed, *self.back, *self.first])
        both = Trip(written(self._cond, given), written(self._body, given), way, self.trip.consts, self.trip.carry)
        return both(*given, *self.back)


while_block = general(
    "while_loop", pullback=_pullback, pushforward=_pushforward, value=_value, names=("xs",), outputs=2,
    batch=_batch, parameters=("cond", "body", "back", "consts", "carry"), dispatches=False,
)  # fmt: skip
