"""Long runs of first-order methods: steps that end nothing are made many at a time, in a compiled loop.

Each step of the loop looks whether it may meet a test of convergence, or anything else that ends a run. Where it
may, it is not made: it is the business of `loop.py`, and so is every step that somebody watches.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np

from ..compiler.tiers import REORDERED, agree
from ..core.errors import CompileError
from . import schedules
from .compiled_loop import CompiledLoop
from .endings import BOTTOM
from .limits import Limits
from .objective import Array, Objective
from .unbounded import is_due

if TYPE_CHECKING:
    from .methods.first_order import FirstOrder, Upcoming

# A run that was so long is likely to go on for as long as compiling its steps takes.
_FIRST = 8000
# Steps to a call, and numbers of all of them: what Ctrl-C may lose, and what a limit of time waits for.
_CALL, _NUMBERS = 256, 5_000_000
# Where a call makes few steps, as near an end that is none, it is tried again after so many and then twice as many.
_FEW, _PAUSE = 8, 100


class Stepping:
    """Steps of one run that need not be looked at one by one.

    Parameters
    ----------
    optimizer, limits
        What is run, and until when.

    Attributes
    ----------
    losses : list of float
        The values of the steps of the latest call.
    best : tuple
        The least value met so far, with its parameters and gradient.

    """

    def __init__(self, optimizer: FirstOrder, limits: Limits) -> None:
        self.optimizer, self.limits = optimizer, limits
        self.works = _is_known(optimizer)
        self.due, self.pause = _FIRST, _PAUSE
        self.loop: CompiledLoop | None = None
        self.losses: list[float] = []
        self.best: tuple[float, Array, Array] = (np.inf, np.empty(0), np.empty(0))

    def go_on(self, nit: int, best: tuple[float, Array, Array | None]) -> bool:
        """Make some steps, if it is time to; whether any were made.

        Parameters
        ----------
        nit : int
            The steps of the run so far.
        best : tuple
            The least value met so far, with its parameters and gradient.

        """
        if not self.works or nit < self.due or is_due(nit):
            return False
        if self.loop is None and not self._pays(nit):
            self.due += _PAUSE
            return False
        # The last step is made where a run ends.
        most = min(_CALL, self.limits.max_iter - nit - 1, (1 << nit.bit_length()) - nit)
        upcoming = self.optimizer.upcoming(most)
        found = self._found(upcoming, best) if upcoming else None
        return found is not None and self._note(found, upcoming, nit)

    def _pays(self, nit: int) -> bool:
        """Whether enough steps are left of a function that is compiled as it is."""
        derived = self.optimizer.objective.derived
        few = self.optimizer.params.size * _CALL <= _NUMBERS
        return few and derived is not None and derived.compiled and self.limits.max_iter - nit > _FIRST

    def _found(self, upcoming: list[Upcoming], best: tuple[float, Array, Array | None]) -> list[Any] | None:
        optimizer = self.optimizer
        least, place, slope = best
        consts = [np.int64(len(upcoming)), *table_of(upcoming, _CALL)]
        carry = [
            optimizer.params, optimizer.gradient, np.float64(optimizer.loss), *optimizer.memory.values(),
            np.float64(least), place, optimizer.gradient if slope is None else slope, np.zeros(_CALL), np.int64(0),
            np.False_,
        ]  # fmt: skip
        first = self.loop is None
        found = self._run(consts, carry)
        if found is None or (first and not self._agrees(found)):
            self.works = False
            return None
        return found

    def _run(self, consts: list[Any], carry: list[Any]) -> list[Any] | None:
        if self.loop is None:
            try:
                self.loop = CompiledLoop(_goes_on, self._step(), consts, carry)
            except CompileError:
                # Whatever runs as it is goes on so.
                return None
        return self.loop(consts, carry)

    def _agrees(self, found: list[Any]) -> bool:
        """Whether value and gradient after the first call are those of the function itself."""
        x, gradient, loss, *_ = found
        return agree(self._pair(x), (loss, gradient), REORDERED)

    def _pair(self, x: Any) -> tuple[Any, Any]:
        """Value and gradient, as the optimizer sees them; also of Variables."""
        objective, clip = self.optimizer.objective, self.optimizer.clip
        assert objective.derived is not None
        value, gradient = objective.derived.function(objective.packing.unpack(x))
        gradient = gradient if objective.packing.structure is None else objective.packing.pack(gradient)
        return np.float64(1) * value, gradient if clip is None else clip(gradient)

    def _note(self, found: list[Any], upcoming: list[Upcoming], nit: int) -> bool:
        """Let the optimizer stand where the steps led; whether there were any."""
        optimizer = self.optimizer
        params, gradient, loss, *memory, least, place, slope, losses, count, _ = found
        made = int(count)
        if made < min(_FEW, len(upcoming)):
            self.due, self.pause = nit + made + self.pause, 2 * self.pause
        if not made:
            return False
        optimizer.memory = dict(zip(optimizer.memory, memory, strict=True))
        optimizer.made(upcoming[:made])
        optimizer.arrive(params, float(loss), gradient)
        optimizer.objective.nfev += made
        optimizer.objective.njev += made
        self.losses, self.best = losses[:made].tolist(), (float(least), place, slope)
        return True

    def _step(self) -> Callable[[list[Any], list[Any]], list[Any]]:
        optimizer = self.optimizer
        names, rates = list(optimizer.memory), list(optimizer.upcoming(1)[0].rates)
        formula, options = optimizer.formula, optimizer.given

        def step(consts: list[Any], carry: list[Any]) -> list[Any]:
            x, g, loss, *own, least, place, known, losses, at, _ = carry
            shared = {name: column[at] for name, column in zip(rates, consts[1:], strict=True)}
            there, memory = formula.move(x, g, dict(zip(names, own, strict=True)), shared, options)
            value, slope = self._pair(there)
            event = self._event(x, there, loss, value, slope)
            better = (value < least) & ~event
            losses = np.where((np.arange(_CALL) == at) & ~event, value, losses)
            pairs = [(x, there), (g, slope), (loss, value), *[(own[k], memory[n]) for k, n in enumerate(names)]]
            kept = [np.where(event, old, new) for old, new in pairs]
            best = [np.where(better, a, b) for a, b in ((value, least), (there, place), (slope, known))]
            return [*kept, *best, losses, at + np.where(event, 0, 1), event]

        return step

    def _event(self, x: Any, there: Any, loss: Any, value: Any, slope: Any) -> Any:
        """Whether a step may end the run."""
        limits, change = self.limits, np.abs(loss - value)
        found = ~np.isfinite(value) | (value < BOTTOM) | ~np.isfinite(np.sum(slope * slope))
        if limits.gtol:
            found = found | (np.max(np.abs(slope)) <= limits.gtol)
        if limits.change:
            found = found | (change < limits.change)
        if limits.ftol:
            found = found | (change <= limits.ftol * np.maximum(np.maximum(np.abs(value), np.abs(loss)), 1.0))
        if limits.xtol:
            # A little more, since sums are rounded.
            length, size = np.sqrt(np.sum((there - x) ** 2)), np.sqrt(np.sum(x**2))
            found = found | (length <= (1 + 1e-9) * limits.xtol * (limits.xtol + size))
        return found


def table_of(upcoming: list[Upcoming], width: int) -> Array:
    """The rates of the formula in each step, a row each, filled up with zeros."""
    table = np.zeros((len(upcoming[0].rates), width))
    table[:, : len(upcoming)] = np.array([list(one.rates.values()) for one in upcoming]).T
    return table


def _goes_on(consts: list[Any], carry: list[Any]) -> Any:
    return (carry[-2] < consts[0]) & ~carry[-1]


def _is_known(optimizer: FirstOrder) -> bool:
    """Whether all that decides a step is known in advance: a rate, and a function that is compiled."""
    schedule = optimizer.schedule
    ours = schedule is None or (
        type(schedule).__module__ == schedules.__name__ and not callable(getattr(schedule, "after", None))
    )
    return ours and type(optimizer.objective) is Objective and optimizer.objective.compile
