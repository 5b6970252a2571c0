"""Many runs as one: the starts are one array, of which a first-order method moves every number alike."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from ..compiler.tiers import Tiered
from ..core.errors import DragongradError
from ..interrupts import raise_lost
from ..optimize.minimize import method_class
from ..optimize.objective import Array, Objective
from ..optimize.optimizer import Optimizer
from ..optimize.stalled import Stalled
from ..transforms.batch import vmap
from ..transforms.gradients import value_and_grad
from .lineup import Case, Entry
from .stepping import Stepping, Tell, within
from .watch import Watch


class Gradients:
    """The sum of a function over rows, whose gradient is that of each row; keeps the values of the rows."""

    def __init__(self, f: Callable[[Any], Any]) -> None:
        self.both = Tiered(vmap(value_and_grad(f)), True)
        self.values: Array = np.empty(0)

    def __call__(self, rows: Array) -> tuple[float, Array]:
        """The sum of the values, and the gradients."""
        self.values, gradient = self.both(rows)
        return float(np.sum(self.values)), gradient


class Together:
    """All starts of a map at once.

    Parameters
    ----------
    case, entry
        The function and the optimizer.
    count : int
        How many starts there are in all.
    steps : int
        Of each run.
    gtol : float
        A start rests once no element of its gradient is greater.
    """

    def __init__(self, case: Case, entry: Entry, count: int, steps: int, gtol: float) -> None:
        self.entry, self.steps, self.gtol = entry, steps, gtol
        self.gradients = Gradients(case.problem.f)
        self.stepping = Stepping(self.gradients.both.function, count, steps, gtol)

    def __call__(self, watch: Watch, tell: Tell = None) -> None:
        """Travel from some of the starts; those that rest or are lost are put back after every step.

        `tell` is given the share of the steps that are done, and that of the starts that are under way.
        """
        optimizer = _batched(self.gradients, self.entry, watch.ends.copy())
        watch.begun[:] = True
        optimizer.evaluate()
        moving = np.isfinite(self.gradients.values)
        watch.lost |= ~moving
        step = 0
        try:
            while step < self.steps:
                raise_lost()
                if self.stepping.is_due(optimizer, step):
                    step = self.stepping.go_on(optimizer, watch, moving, step, tell)
                rests = moving & within(optimizer.gradient, self.gtol)
                if rests.any():
                    watch.ends[rests] = optimizer.params[rests]
                    moving &= ~rests
                if step == self.steps or not moving.any():
                    break
                optimizer.advance()
                step += 1
                watch.look(step, optimizer.params, moving)
                if tell is not None:
                    tell(step / self.steps, float(moving.mean()))
                if not moving.all():
                    np.copyto(optimizer.params, watch.ends, where=~moving[:, None])
        finally:  # also where Ctrl-C ends it
            watch.ends[moving] = optimizer.params[moving]


def _batched(gradients: Gradients, entry: Entry, starts: Array) -> Optimizer:
    return method_class(entry.method)(Objective(gradients, starts, form="pair"), **_own(entry))


def _own(entry: Entry) -> dict[str, Any]:
    return {k: v for k, v in entry.options.items() if k not in ("gtol", "xtol", "ftol", "max_time", "mode")}


def may_be_batched(case: Case, entry: Entry, box: Array, steps: int) -> bool:
    """Whether a method makes the same steps on a batch as on each start alone: tried on three starts."""
    if isinstance(entry.method, str) and ":" in entry.method:
        return False
    tries = box[:, 0] + (box[:, 1] - box[:, 0]) * np.array([[0.31, 0.42], [0.77, 0.18], [0.55, 0.83]])
    steps = min(steps, 20)
    try:
        with np.errstate(all="ignore"):
            batch = _batched(Gradients(case.problem.f), entry, tries)
            batch.evaluate()
            for _ in range(steps):
                batch.advance()
            alone = [_alone(case, entry, start, steps) for start in tries]
    except (DragongradError, Stalled, np.linalg.LinAlgError):
        return False
    return np.allclose(batch.params, alone, rtol=1e-6, atol=1e-9, equal_nan=True)


def _alone(case: Case, entry: Entry, start: Array, steps: int) -> Array:
    optimizer = method_class(entry.method)(Objective(case.problem.f, start, mode="reverse"), **_own(entry))
    optimizer.evaluate()
    for _ in range(steps):
        optimizer.advance()
    return optimizer.params
