"""The continuous adjoint: derivatives in reverse by an equation that is integrated backwards.

With `a` the derivative of the result by the state, `a' = -a J` runs from the last time to the first, beside the
state, which is integrated backwards too, and the integrals of `a df/dp` for the parameters (Pontryagin 1962; Serban
and Hindmarsh 2005; Chen et al. 2018). Nothing of the steps is kept. Where the equation damps, its state is unstable
backwards: so the way out keeps states at checkpoints, and the way back begins with them anew. How far it has
drifted from the next one is measured, and is an error where that is more than the tolerance explains.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from ..core.errors import DerivativeError, user_line
from ..core.nests import flatten, unflatten
from ..transforms.flat_rules import apply_flat
from ..transforms.forward import jvp
from ..transforms.gradients import vjp
from ..transforms.loops.scan import scan
from .decisions import holds, is_open
from .march import March
from .solution import GOES_ON

# So many tolerances may the state be off that was integrated backwards to a checkpoint.
_DRIFT = 1000.0
Made = Callable[[Any, Any, Any], March]


@dataclass(frozen=True)
class Adjoint:
    """An integration to given times whose derivative in reverse is that of the adjoint equation.

    Attributes
    ----------
    made : callable
        From the ends of the span and the arguments of the equation to its march.
    first_step : float or None
        The length of the first step.
    """

    made: Made
    first_step: Any

    def __call__(self, begin: Any, end: Any, y: Any, grid: Any, args: Any) -> Any:
        """States at times along axis 0, the code at the end, and the counts."""
        return apply_flat(
            "solve_ivp", self._value, (begin, end, y, grid, args), self._pull, self._push, staged=True
        )

    def _value(self, begin: Any, end: Any, y: Any, grid: Any, args: Any) -> Any:
        march = self.made(begin, end, args)
        last, found = march.through(march.first(y, self.first_step), grid)
        return found, last.code, last.evaluations, last.jacobians

    def _push(self, dots: Any, out: Any, given: Any) -> Any:
        leaves, structure = flatten(given)
        active = _floats(leaves)
        flat = flatten(dots)[0]

        def alone(*moving: Any) -> Any:
            return self._value(*unflatten(structure, _filled(leaves, active, moving)))

        return jvp(alone, tuple([leaves[i] for i in active]), tuple([flat[i] for i in active]))[1]

    def _pull(self, out_bar: Any, out: Any, given: Any) -> Any:
        begin, end, y, grid, args = given
        march = self.made(begin, end, args)
        leaves, structure = flatten(args)
        active = _floats(leaves)

        def right(t: Any, y: Any, *moving: Any) -> Any:
            return self.made(begin, end, unflatten(structure, _filled(leaves, active, moving))).right(t, y)

        found, bars = out[0], out_bar[0]
        failed = out[1] != GOES_ON
        way = _Back(march, right, [leaves[i] for i in active], np.max(np.abs(bars)), failed)
        before = np.concatenate([np.reshape(begin, (1,)), grid[:-1]])
        states = np.concatenate([np.reshape(y, (1, -1)), found[:-1]])
        y_bar, sums = way.run(grid, before, found, states, bars)
        speeds = scan(lambda _, row: (None, march.right(*row)), None, (grid, found))[1]
        begin_bar = -np.sum(y_bar * march.right(begin, y))
        to_args = _filled([np.zeros(np.shape(x)) for x in leaves], active, way.parts(sums))
        return begin_bar, np.zeros(()), y_bar, np.sum(speeds * bars, axis=1), unflatten(structure, to_args)


class _Back:
    """The way back from the last time to the beginning."""

    def __init__(self, march: March, right: Any, moving: list[Any], scale: Any, failed: Any) -> None:
        self.march, self.right, self.moving, self.failed = march, right, moving, failed
        self.scale = np.where(scale > 0, scale, 1.0)
        self.shapes = [np.shape(x) for x in moving]
        self.sizes = [int(np.prod(s)) for s in self.shapes]

    def parts(self, vector: Any) -> list[Any]:
        """The integrals of each parameter."""
        ends = np.cumsum([0, *self.sizes])
        return [
            np.reshape(vector[a:b], shape) for a, b, shape in zip(ends[:-1], ends[1:], self.shapes, strict=True)
        ]

    def run(self, times: Any, before: Any, states: Any, earlier: Any, bars: Any) -> tuple[Any, Any]:
        """The derivatives by the first state and by the parameters."""
        size = np.shape(states)[1]
        march = self.march
        atol = np.broadcast_to(march.atol, (size,)) + 0.0
        others = np.ones(size + sum(self.sizes)) * np.min(atol) * self.scale
        tolerance = np.concatenate([atol, others])

        def both(t: Any, z: Any) -> Any:
            y, a = z[:size], z[size : 2 * size]
            speed, pull = vjp(lambda y, *moving: self.right(t, y, *moving), y, *self.moving)
            found = pull(a)
            return np.concatenate([speed, *[-np.reshape(g, (-1,)) for g in found]])

        def step(carry: Any, row: Any) -> Any:
            a, sums, drift, code = carry
            t, earlier_t, y, earlier_y, bar = row
            back = replace(
                march, right=both, begin=t, end=earlier_t, sense=np.where(earlier_t >= t, 1.0, -1.0), atol=tolerance
            )
            first = back.first(np.concatenate([y, a + bar, sums]), None)
            z = back.until(first, earlier_t)
            off = np.abs(z.y[:size] - earlier_y) / (atol + march.rtol * np.abs(earlier_y) + 1e-300)
            worst = np.maximum(drift, np.max(off)) if size else drift
            return (z.y[size : 2 * size], z.y[2 * size :], worst, np.maximum(code, z.code)), None

        start = (np.zeros(size), np.zeros(sum(self.sizes)), np.float64(0.0), np.int64(GOES_ON))
        rows = (times, before, states, earlier, bars)
        (a, sums, drift, code), _ = scan(step, start, rows, reverse=True)
        return self._checked(a, drift, code), self._checked(sums, drift, code)

    def _checked(self, found: Any, drift: Any, code: Any) -> Any:
        good = np.logical_and(code == GOES_ON, drift <= _DRIFT)
        if not is_open(good):
            return np.where(np.logical_and(good, np.logical_not(self.failed)), found, np.nan)
        if not holds(np.logical_or(good, self.failed)):
            raise DerivativeError(
                "the adjoint equation is unstable: integrated backwards, the state is off by more than "
                f"{_DRIFT:g} tolerances\n  at {user_line()}\n"
                'Give more checkpoints=, or sensitivity="steps"'
            )
        return found * np.where(self.failed, np.nan, 1.0)


def _floats(leaves: list[Any]) -> list[int]:
    return [i for i, x in enumerate(leaves) if getattr(x, "dtype", np.dtype(type(x))).kind in "fc"]


def _filled(leaves: list[Any], places: list[int], values: Any) -> list[Any]:
    full = list(leaves)
    for i, value in zip(places, values, strict=True):
        full[i] = value
    return full
