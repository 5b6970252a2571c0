"""The steps of many runs as one compiled loop: gradients, the method's formula, and what becomes of each run."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeAlias

import numpy as np

from ..compiler.tiers import REORDERED, agree
from ..core.errors import CompileError
from ..optimize.compiled_loop import CompiledLoop
from ..optimize.methods.first_order import FirstOrder
from ..optimize.methods.rprop import Rprop
from ..optimize.objective import Array
from ..optimize.optimizer import Optimizer
from ..optimize.stepping import table_of
from .watch import Watch

# So many steps are made as they always are: where all runs end soon, compiling them does not pay.
_FIRST = 20
# Nor does it with fewer steps of runs left: from about here on compiling takes less time than it saves.
_MANY = 2_000_000
# Steps to a call: what Ctrl-C may lose.
_CALL = 128
# A run whose gradient is NaN, though its place is finite, is looked at by itself, so many times.
_LOOKS = 16

Tell: TypeAlias = "Callable[[float, float], None] | None"


def within(gradient: Array, gtol: float) -> Array:
    """For each row, whether no element is greater than a tolerance."""
    small: Array = (np.abs(gradient[:, 0]) <= gtol) & (np.abs(gradient[:, 1]) <= gtol)
    return small


class Stepping:
    """Steps of all runs at once, as far as they are worth compiling.

    Parameters
    ----------
    gradients : callable
        From rows of parameters to the values and the gradients of each.
    count : int
        How many runs there are, of all calls.
    steps : int
        How many steps each makes at most.
    gtol : float
        A run rests once no element of its gradient is greater.

    """

    def __init__(self, gradients: Callable[[Any], Any], count: int, steps: int, gtol: float) -> None:
        self.gradients, self.steps, self.gtol = gradients, steps, gtol
        self.left = count * steps
        self.works = True
        self.loop: CompiledLoop | None = None
        self.rows = 0

    def is_due(self, optimizer: Optimizer, step: int) -> bool:
        """Whether the steps that are left are better made here."""
        if not self.works or not isinstance(optimizer, FirstOrder) or not _is_formula(optimizer):
            return False
        if self.loop is not None:
            return len(optimizer.params) <= self.rows
        return step == _FIRST and self.left - step * len(optimizer.params) >= _MANY

    def go_on(self, optimizer: Optimizer, watch: Watch, moving: Array, step: int, tell: Tell = None) -> int:
        """Make steps until all are made or all runs have ended; how many have been made then.

        `tell` is given the share of the steps that are done, and that of the runs that are under way.
        """
        assert isinstance(optimizer, FirstOrder)
        looks = 0
        while step < self.steps and moving.any() and looks < _LOOKS:
            upcoming = optimizer.upcoming(min(_CALL, self.steps - step))
            if not upcoming:
                break
            consts, carry = self._given(optimizer, watch, moving, step, upcoming)
            first = self.loop is None
            found = self._found(optimizer, consts, carry)
            if found is None or (first and not self._agrees(found)):
                self.works = False
                break
            count = int(found[-2])
            self._note(optimizer, watch, moving, found)
            optimizer.made(upcoming[:count])
            step += count
            if tell is not None:
                tell(step / self.steps, float(moving.mean()))
            if found[-1]:
                looks += 1
                optimizer.evaluate()
        return step

    def _found(self, optimizer: FirstOrder, consts: list[Any], carry: list[Any]) -> list[Any] | None:
        if self.loop is None:
            self.rows = len(optimizer.params)
            try:
                self.loop = CompiledLoop(_goes_on, self._step_of(optimizer), consts, carry)
            except CompileError:
                # Whatever runs as it is goes on so.
                return None
        return self.loop(consts, carry)

    def _given(
        self, optimizer: FirstOrder, watch: Watch, moving: Array, step: int, upcoming: list[Any]
    ) -> tuple[list[Any], list[Any]]:
        """Constants and what is carried; a smaller part of the runs is filled up with runs that do not move."""
        numbers = [np.int64(len(upcoming)), np.int64(step), self.gtol, watch.near, watch.far]
        consts = [*numbers, *table_of(upcoming, _CALL)]
        rows = [
            optimizer.params, optimizer.gradient, watch.ends, watch.anchor, watch.since, watch.lost, moving,
            *optimizer.memory.values(),
        ]  # fmt: skip
        more = max(self.rows, len(moving)) - len(moving)
        if more:
            rows = [np.concatenate([a, np.repeat(a[-1:], more, axis=0)]) for a in rows]
            rows[_MOVING][-more:] = False
        return consts, [*rows, np.int64(0), np.False_]

    def _step_of(self, optimizer: FirstOrder) -> Callable[[list[Any], list[Any]], list[Any]]:
        names, (upcoming,) = list(optimizer.memory), optimizer.upcoming(1)
        formula, options, clip = optimizer.formula, optimizer.given, optimizer.clip

        def step(consts: list[Any], carry: list[Any]) -> list[Any]:
            _, begun, gtol, near, far, *table = consts
            x, g, ends, anchor, since, lost, moving, *own, at, _ = carry
            rests = moving & within(g, gtol)
            ends = np.where(rests[:, None], x, ends)
            moving = moving & ~rests
            rates = {name: column[at] for name, column in zip(upcoming.rates, table, strict=True)}
            x, memory = formula.move(x, g, dict(zip(names, own, strict=True)), rates, options)
            dx, dy = x[:, 0] - anchor[:, 0], x[:, 1] - anchor[:, 1]
            away = dx * dx + dy * dy
            gone = moving & ~(away < far)
            ends = np.where(gone[:, None], anchor, ends)
            moving = moving & ~gone
            left = moving & (away > near)
            since = np.where(left, begun + at + 1, since)
            anchor = np.where(left[:, None], x, anchor)
            # Before the gradient, unlike in NumPy: what is lost is nowhere that a derivative could be had.
            x = np.where(moving[:, None], x, ends)
            g = self.gradients(x)[1]
            g = g if clip is None else clip(g)
            doubtful = np.any(moving & (np.isnan(g[:, 0]) | np.isnan(g[:, 1])))
            remembered = [memory[name] for name in names]
            return [x, g, ends, anchor, since, lost | gone, moving, *remembered, at + 1, doubtful]

        return step

    def _agrees(self, found: list[Any]) -> bool:
        """Whether the gradients that the first call ended with are those of the function itself."""
        x, g, moving = found[0], found[1], found[_MOVING]
        return bool(found[-1]) or agree(self.gradients(x)[1][moving], g[moving], REORDERED)

    def _note(self, optimizer: FirstOrder, watch: Watch, moving: Array, found: list[Any]) -> None:
        """What became of the runs; a call that Ctrl-C ends has changed nothing."""
        count = len(moving)
        x, g, ends, anchor, since, lost, still, *memory = [a[:count] for a in found[:-2]]
        optimizer.arrive(np.ascontiguousarray(x), optimizer.loss, g)
        optimizer.memory = dict(zip(optimizer.memory, memory, strict=True))
        watch.ends, watch.anchor, watch.since, watch.lost = ends, anchor, since, lost
        moving[:] = still


_MOVING = 6


def _goes_on(consts: list[Any], carry: list[Any]) -> Any:
    moving, at, doubtful = carry[_MOVING], carry[-2], carry[-1]
    return np.any(moving) & (at < consts[0]) & ~doubtful


def _is_formula(optimizer: FirstOrder) -> bool:
    """Whether a step is the formula and an evaluation, and nothing of a subclass's own."""
    kind = type(optimizer)
    # Where nothing moves, Rprop evaluates nothing: that comes to the same.
    return kind.step in (FirstOrder.step, Rprop.step) and (kind.advance, kind.evaluate) == (
        Optimizer.advance,
        Optimizer.evaluate,
    )
