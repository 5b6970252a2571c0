"""The second, careful computation of a derivative that came out NaN: the same function, run again.

Levels of this computation know which elements are structurally zero (`zeros`) and remember the application that
made each value, so that a pair of Blocks whose derivatives multiply to `0 * inf` can be differentiated as one
(`restate`). Where absolute values meet zero, derivatives are taken on either side of the kink and averaged.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from ..context import ALWAYS, CAREFUL, WATCH, careful
from ..core.errors import BatchError
from ..core.nests import flatten, map_nest
from ..core.node import Node
from ..core.variable import Variable, bottom
from .batch import Batch
from .pushforward import Forward
from .zeros import Dot


class Again:
    """The state of one careful computation.

    Where absolute values meet zero it follows four choices of sides at once, in the rows of a batch: those of a
    step away from the point in some direction and in the opposite one, and the same for another direction. The
    derivative is the mean of opposites, where both means agree; it is NaN where they do not.

    Parameters
    ----------
    directed : bool
        Whether inputs carry their slopes along the two directions. A computation that turns out to need them is
        begun anew.

    """

    def __init__(self, directed: bool = False) -> None:
        self._sides = Batch(4)
        self._directions = Batch(2)
        self._along = Forward()
        self._directed = directed
        self._random = np.random.default_rng(0)

    def lift(self, x: Any) -> Any:
        """An input that carries its slopes, unless it is made of one."""
        if not self._directed or self._slope(x) is not None:
            return x
        rows = self._random.normal(size=(2, *np.shape(x))).astype(x.dtype)
        return Variable(x, self._along, Variable(rows, self._directions))

    def _slope(self, value: Any) -> Any:
        while isinstance(value, Variable) and value.level.serial >= self._along.serial:
            if value.level is self._along:
                return value.link
            value = value.data
        return None

    def sides(self, x: Any) -> Variable:
        """The sign that the elements of `x`, which are zero, have close by: one choice a row."""
        if not self._directed:
            raise UndirectedError
        slope = self._slope(x)
        if not isinstance(slope, Variable) or slope.level is not self._directions:
            return Variable(np.full((4, *np.shape(x)), np.nan), self._sides)
        along = slope.data
        chosen = isinstance(along, Variable) and along.level is self._sides
        # The slopes of the value along the first direction, twice, and along the second.
        pairs = [along.data[i, i // 2] if chosen else along[i // 2] for i in range(4)]
        rows = [np.where(np.logical_and(row != 0, np.isfinite(row)), np.sign(row), np.nan) for row in pairs]
        return Variable(np.stack([rows[0], -rows[1], rows[2], -rows[3]]), self._sides)

    def mean(self, value: Any) -> Any:
        """A value or derivative over all choices of sides."""
        if value.__class__ is Dot:
            return Dot(self.mean(value.dot), value.mask)
        if not isinstance(value, Variable) or value.level.serial < self._sides.serial:
            return value
        if value.level is self._along:
            return self.mean(value.data)
        if value.level is not self._sides:
            link = value.link if isinstance(value.link, Node) else self.mean(value.link)
            return Variable(self.mean(value.data), value.level, link)
        rows = value.data
        mean, other = (rows[0] + rows[1]) / 2, (rows[2] + rows[3]) / 2
        close = np.square(mean - other) <= 1e-24 * np.max(np.square(np.real(rows) + np.imag(rows)), axis=0)
        return np.where(np.logical_or(close, mean == other), mean, np.nan * mean)

    def settle(self, result: Any) -> Any:
        """The result of the careful computation."""
        return map_nest(self.mean, result) if self._directed else result


class UndirectedError(Exception):
    """A careful computation needs slopes along directions that its inputs do not carry."""


def attempt(run: Callable[..., tuple[Any, bool]], *args: Any) -> Any:
    """The result of a run, which says whether there is a NaN in a derivative; if so, that of a careful run."""
    mode = CAREFUL.get()
    if mode is ALWAYS:
        found = _carefully(run, args)
        _confirm(found)
        return found
    found, doubtful = run(*args)
    if not doubtful or mode is not None or WATCH.get():
        return found
    try:
        return _carefully(run, args)
    except BatchError:
        # The run asked what differs from side to side, which no plain run does: there is no one derivative.
        return found


def _carefully(run: Callable[..., tuple[Any, bool]], args: tuple[Any, ...]) -> Any:
    # What there is to warn of, the first run has said.
    with np.errstate(all="ignore"):
        try:
            return _once(Again(), run, args)
        except UndirectedError:
            return _once(Again(directed=True), run, args)


def _once(state: Again, run: Callable[..., tuple[Any, bool]], args: tuple[Any, ...]) -> Any:
    with careful(state):
        return state.settle(run(*args)[0])


def _confirm(found: Any) -> None:
    """Let the level that writes a Graph guard what a careful computation decided."""
    leaves = [bottom(leaf) for leaf in flatten(found)[0]]
    staged = [leaf for leaf in leaves if isinstance(leaf, Variable) and leaf.dtype.kind in "fc"]
    if staged:
        any_nan: Any = False
        for leaf in staged:
            any_nan = np.logical_or(any_nan, np.any(np.isnan(leaf)))
        any_nan.level.confirm(any_nan)
