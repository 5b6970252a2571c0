"""Loops of a known number of steps as one operation: the Block `scan` and its rules.

The arrays of an application are constants, the first carry, and arrays of which each step is given a row. Its
values are the last carry, what the steps collected, and the carry that each step began with: these are what
derivatives are computed from, and a program drops what nobody reads.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np

from ...core.block import general
from ...core.graph import Graph
from ...core.node import Node, Spec
from ..forward import jvp
from ..gradients import vjp
from ..pushforward import Together
from .body import (
    UnrolledError,
    dtype_of,
    filled,
    in_rows,
    is_float,
    is_zero,
    or_zeros,
    replay,
    row_of,
    split,
    wide,
    with_tangents,
    without_dead,
    written,
)


@dataclass(frozen=True)
class Loop:
    """The parameters of an application of `scan`.

    Attributes
    ----------
    body : Graph
        Of one step: from constants, carry and rows to the next carry and what is collected.
    consts, carry : int
        How many of the arrays are constants, and how many are carried.
    length : int
        The number of steps.
    reverse : bool
        Whether they begin with the last row.
    """

    body: Graph
    consts: int
    carry: int
    length: int
    reverse: bool

    @property
    def params(self) -> dict[str, Any]:
        """As the Block takes them."""
        return dict(vars(self))

    def parts(self, arrays: Sequence[Any]) -> tuple[list[Any], list[Any], list[Any]]:
        """The constants, the first carry, and what has rows."""
        end = self.consts + self.carry
        return list(arrays[: self.consts]), list(arrays[self.consts : end]), list(arrays[end:])

    def outs(self, values: Sequence[Any]) -> tuple[list[Any], list[Any], list[Any]]:
        """The last carry, what was collected, and what each step began with."""
        end = len(self.body.outputs)
        return list(values[: self.carry]), list(values[self.carry : end]), list(values[end:])

    def specs(self) -> list[Spec]:
        """The shapes and dtypes of all values."""
        ends = [end if isinstance(end, Node) else Spec(np.shape(end), np.asarray(end).dtype)
                for end in self.body.outputs]  # fmt: skip
        begun = self.body.inputs[self.consts : self.consts + self.carry]
        rows = [Spec((self.length, *s.shape), s.dtype) for s in (*ends[self.carry :], *begun)]
        return [*ends[: self.carry], *rows]

    def run(self, arrays: Sequence[Any]) -> tuple[Any, ...]:
        """The values, a step after the other, of arrays of any level."""
        fixed, state, columns = self.parts(arrays)
        rows: list[Any] = []
        order = range(self.length)
        for i in reversed(order) if self.reverse else order:
            found = replay(self.body, [*fixed, *state, *[column[i] for column in columns]])
            rows.append([*found[self.carry :], *state])
            state = list(found[: self.carry])
        if not rows:
            empty = [np.zeros(spec.shape, spec.dtype) for spec in self.specs()[self.carry :]]
            return (*state, *empty)
        rows = rows[::-1] if self.reverse else rows
        return (*state, *[np.stack(column) for column in zip(*rows, strict=True)])

    def __call__(self, *arrays: Any) -> tuple[Any, ...]:
        """The values of arrays of any level, as one operation."""
        found: tuple[Any, ...] = scan(*arrays, **self.params)
        return found


def _value(*xs: Any, **params: Any) -> tuple[Any, ...]:
    with np.errstate(all="ignore"):
        return Loop(**params).run(xs)


# Reverse: a scan that goes the other way, from what each step began with


def _pullback(out_bar: Any, out: Any, xs: Any, **params: Any) -> Any:
    loop = Loop(**params)
    try:
        return _pulled(loop, out_bar, out, xs)
    except UnrolledError:
        floats = [i for i, x in enumerate(xs) if is_float(x)]
        ends = [k for k, o in enumerate(out) if is_float(o)]

        def alone(*moving: Any) -> Any:
            given = filled(xs, floats, moving)
            found = loop.run(given)
            return [found[k] for k in ends]

        _, pull = vjp(alone, *[xs[i] for i in floats])
        bars = [np.zeros(np.shape(out[k]), dtype_of(out[k])) if out_bar[k] is None else out_bar[k] for k in ends]
        return filled([None] * len(xs), floats, pull(bars))


def _pulled(loop: Loop, out_bar: Any, out: Any, xs: Any) -> list[Any]:
    fixed, first, columns = loop.parts(xs)
    _, _, begun = loop.outs(out)
    last_bar, found_bar, begun_bar = loop.outs(out_bar)
    kept = [i for i in without_dead(loop.body, loop.consts)[1] if is_float(fixed[i])]
    moved = [i for i, x in enumerate(first) if is_float(x)]
    rows = [i for i, x in enumerate(columns) if is_float(x)]
    given = [i for i, bar in enumerate(found_bar) if bar is not None]
    starts = [i for i in moved if begun_bar[i] is not None]
    ends = [*moved, *[loop.carry + i for i in given]]
    floats = [*kept, *[loop.consts + i for i in moved], *[loop.consts + loop.carry + i for i in rows]]
    sizes = [len(fixed), len(moved), len(kept), loop.carry, len(columns), len(given), len(starts)]

    def step(*arrays: Any) -> list[Any]:
        consts, bars, sums, state, x, y_bars, s_bars = split(arrays, sizes)
        known = [*consts, *state, *x]

        def values(*moving: Any) -> list[Any]:
            found = replay(loop.body, filled(known, floats, moving))
            return [found[k] for k in ends]

        _, pull = vjp(values, *[known[i] for i in floats])
        got = pull([*bars, *y_bars])
        to_consts, to_carry, to_rows = split(got, [len(kept), len(moved), len(rows)])
        for i, bar in zip(starts, s_bars, strict=True):
            to_carry[moved.index(i)] = to_carry[moved.index(i)] + bar
        return [*to_carry, *[s + g for s, g in zip(sums, to_consts, strict=True)], *to_rows]

    carried = [or_zeros(last_bar[i], first[i]) for i in moved]
    carried += [np.zeros(np.shape(fixed[i]), dtype_of(fixed[i])) for i in kept]
    given_rows = [*begun, *columns, *[found_bar[i] for i in given], *[begun_bar[i] for i in starts]]
    back = [*fixed, *carried, *[row_of(v) for v in given_rows]]
    body = written(step, back)
    other = Loop(body, len(fixed), len(carried), loop.length, not loop.reverse)
    last, found, _ = other.outs(other(*fixed, *carried, *given_rows))
    places = [*[loop.consts + i for i in moved], *kept, *[loop.consts + loop.carry + i for i in rows]]
    return filled([None] * len(xs), places, [*last, *found])


# Forward: a scan that carries tangents too


def _pushforward(xs_dot: Any, out: Any, xs: Any, **params: Any) -> Any:
    loop = Loop(**params)
    try:
        return _pushed(loop, xs_dot, xs)
    except UnrolledError:
        moving = [i for i, x in enumerate(xs) if is_float(x)]

        def alone(*given: Any) -> Any:
            return list(loop.run(filled(xs, moving, given)))

        values, dots = jvp(alone, tuple([xs[i] for i in moving]), tuple([xs_dot[i] for i in moving]))
        return Together(values, dots)


def _pushed(loop: Loop, xs_dot: Any, xs: Any) -> Together:
    fixed, first, columns = loop.parts(xs)
    dots = loop.parts(xs_dot)
    kept, moved, rows = [[i for i, dot in enumerate(part) if not is_zero(dot)] for part in dots]
    consts = [*fixed, *[dots[0][i] for i in kept]]
    given = [*columns, *[dots[2][i] for i in rows]]
    sizes = [len(fixed), len(first), len(columns)]
    while True:
        new: list[int] = []
        carried = [*first, *[dots[1][i] for i in moved]]
        step = with_tangents(loop.body, sizes, [kept, moved, rows], first, new)
        body = written(step, [*consts, *carried, *[row_of(v) for v in given]])
        if not new:
            break
        moved = sorted([*moved, *new])
    both = Loop(body, len(consts), len(carried), loop.length, loop.reverse)
    last, found, begun = both.outs(both(*consts, *carried, *given))
    half = len(found) // 2
    values = [*last[: loop.carry], *found[:half], *begun[: loop.carry]]
    none: list[Any] = [None] * loop.carry
    ends = body.outputs[len(carried) + half :]
    found_dot = [
        dot if isinstance(end, Node) or np.any(end) else None for dot, end in zip(found[half:], ends, strict=True)
    ]
    last_dot, begun_dot = [filled(none, moved, part[loop.carry :]) for part in (last, begun)]
    return Together(values, [*last_dot, *found_dot, *begun_dot])


# A batch: one scan of all rows


def _batch(size: int, arrays: list[Any], batched: tuple[bool, ...], **params: Any) -> Any:
    loop = Loop(**params)
    try:
        found, rows = _batched(size, loop, arrays, batched)
    except UnrolledError:
        found, rows = in_rows(size, loop.run, batched, arrays)
    return tuple([wide(o, size, not row) for o, row in zip(found, rows, strict=True)])


def _batched(size: int, loop: Loop, arrays: list[Any], batched: tuple[bool, ...]) -> tuple[list[Any], list[bool]]:
    fixed, first, columns = loop.parts(arrays)
    in_fixed, in_first, in_columns = loop.parts(batched)
    columns = [np.moveaxis(c, 0, 1) if b else c for c, b in zip(columns, in_columns, strict=True)]
    begun, mine = list(in_first), list[bool]()
    while True:
        start = [wide(x, size, b and not was) for x, b, was in zip(first, in_first, begun, strict=True)]
        step = _rows(size, loop, [in_fixed, in_first, in_columns], mine)
        body = written(step, [*fixed, *start, *[row_of(c) for c in columns]])
        after = [a or b for a, b in zip(in_first, mine, strict=False)]
        if after == in_first:
            break
        in_first = after
    whole = Loop(body, loop.consts, loop.carry, loop.length, loop.reverse)
    last, found, starts = whole.outs(whole(*fixed, *start, *columns))
    in_found = mine[loop.carry :]
    found = [np.moveaxis(y, 1, 0) if b else y for y, b in zip(found, in_found, strict=True)]
    starts = [np.moveaxis(s, 1, 0) if b else s for s, b in zip(starts, in_first, strict=True)]
    return [*last, *found, *starts], [*in_first, *in_found, *in_first]


def _rows(size: int, loop: Loop, batched: list[list[bool]], mine: list[bool]) -> Callable[..., list[Any]]:
    """A step for a batch; `mine` is given which of its outputs differ from row to row."""
    flags = [flag for group in batched for flag in group]

    def step(*given: Any) -> list[Any]:
        found, mine[:] = in_rows(size, partial(replay, loop.body), flags, given)
        spread = [b and not m for b, m in zip(batched[1], mine, strict=False)] + [False] * len(mine)
        return [wide(o, size, s) for o, s in zip(found, spread, strict=False)]

    return step


scan = general(
    "scan", pullback=_pullback, pushforward=_pushforward, value=_value, names=("xs",), outputs=2, batch=_batch,
    parameters=("body", "consts", "carry", "length", "reverse"), dispatches=False,
)  # fmt: skip
