"""The second, careful computation of a derivative that came out NaN: the same function, run again.

Levels of this computation know which elements are structurally zero (`zeros`) and remember the application that
made each value, so that a pair of Blocks whose derivatives multiply to `0 * inf` can be differentiated as one
(`restate`). At kinks and jumps derivatives are taken on either side and averaged.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np

from ..context import ALWAYS, CAREFUL, WATCH, Derivatives, careful, is_careful
from ..core.errors import BatchError
from ..core.level import Level
from ..core.nests import flatten, map_nest
from ..core.node import Node
from ..core.variable import Variable
from .batch import Batch
from .poles import unknown
from .pushforward import Slopes
from .zeros import Dot, decide


class Again:
    """The state of one careful computation.

    Where a function has a kink or jumps, four choices of sides are followed at once, in the rows of a batch: those
    of a step away from the point in some direction and in the opposite one, and the same for another direction.
    The derivative is the mean of opposites, where both means agree; it is NaN where they do not. Another row, the
    first, has the values at the point itself.

    Parameters
    ----------
    directed : bool
        Whether inputs carry their slopes and curvatures along the two directions. A computation that turns out to
        need them is begun anew.

    """

    def __init__(self, directed: bool = False) -> None:
        self._sides = Batch(5)
        self._directions = Batch(2)
        self._along = Slopes()
        self._twice = Slopes()
        self._directed = directed
        self._random = np.random.default_rng(0)
        # The outermost transform: its derivatives are what is asked for.
        self._outermost: Level | None = None
        # Whether there is no other, by whose rules values may jump where their slope is infinite.
        self.is_single = True
        # How many rules of Blocks are being computed. A transform in a rule is part of it: it begins nothing.
        self._rules = 0

    def begin(self, level: Level) -> None:
        """Tell of the level of a transform that begins."""
        if self._rules:
            return
        self.is_single = self._outermost is None
        self._outermost = self._outermost or level

    @contextmanager
    def in_a_rule(self) -> Iterator[None]:
        """Compute a rule of a Block."""
        self._rules += 1
        try:
            yield
        finally:
            self._rules -= 1

    def lift(self, x: Any) -> Any:
        """An input that carries its slopes, unless it is made of one."""
        if not self._directed or self._rules or self._slopes(x) is not None:
            return x
        rows = self._random.normal(size=(2, *np.shape(x))).astype(x.dtype)
        slope = Variable(rows, self._directions)
        return Variable(Variable(x, self._along, slope), self._twice, Variable(slope, self._along, None))

    def _slopes(self, value: Any) -> tuple[Any, Any] | None:
        """The slope of a value along both directions, and the slope of the slope."""
        while isinstance(value, Variable) and value.level.serial >= self._along.serial:
            if value.level is self._twice:
                return _link(value.data, self._along), _link(value.link, self._along)
            if value.level is self._along:
                return value.link, None
            value = value.data
        return None

    def _rows(self, slope: Any, shape: tuple[int, ...]) -> list[Any]:
        """A slope along each of four ways: twice that of the first direction and twice that of the second."""
        if slope is None:
            return [np.zeros(shape)] * 4
        batch = isinstance(slope, Variable) and slope.level is self._directions
        along = slope.data if batch else [slope, slope]
        if isinstance(along, Variable) and along.level is self._sides:
            return [along.data[1 + i, i // 2] for i in range(4)]
        rows = [along[i // 2] for i in range(4)]
        return [
            row.data[1 + i] if isinstance(row, Variable) and row.level is self._sides else row
            for i, row in enumerate(rows)
        ]

    def sides(self, x: Any, centre: Any = 0.0) -> Any:
        """The sign that the elements of `x`, which are zero, have close by: one choice a row, `centre` the first.

        What is flat has the sign of its curvature, on both sides. Without that, it has none that matters.
        """
        if not self._directed:
            raise UndirectedError
        shape = np.shape(x)
        first, second = self._slopes(x) or (None, None)
        rows, flat = [], []
        for way, slope, curvature in zip(
            (1, -1, 1, -1), self._rows(first, shape), self._rows(second, shape), strict=True
        ):
            sign = np.where(slope == 0, np.sign(curvature), way * np.sign(slope))
            known = np.logical_and(np.isfinite(slope), np.logical_or(slope != 0, np.isfinite(curvature)))
            rows.append(np.where(known, sign, np.nan))
            flat.append(np.logical_and(known, sign == 0))
        while isinstance(centre, Variable) and centre.level.serial >= self._sides.serial:
            centre = centre.data[0] if centre.level is self._sides else centre.data
        found: Any = Variable(np.stack([np.broadcast_to(centre, shape), *rows]), self._sides)
        if not decide(flat[0]):
            return found
        return np.where(np.logical_and(found == 0, flat[0]), unknown(x), found)

    def is_flat(self, x: Any) -> bool:
        """Whether an element that is zero leaves it no faster than a parabola does."""
        if not self._directed:
            raise UndirectedError
        first, second = self._slopes(x) or (None, None)
        slope, curvature = self._rows(first, np.shape(x))[0], self._rows(second, np.shape(x))[0]
        return decide(np.logical_and(np.logical_and(x == 0, slope == 0), curvature != 0))

    def mean(self, derivative: Any) -> Any:
        """A derivative over all choices of sides."""
        return self._reduced(derivative, _mean_of_sides) if self._directed else derivative

    def derivatives(self, level: Level, found: list[Any]) -> list[Any]:
        """The derivatives that a level has found, over all choices of sides if they are what is asked for."""
        return [self.mean(g) for g in found] if level is self._outermost else found

    def settle(self, result: Any) -> Any:
        """The result of the careful computation, with the values at the point itself."""
        return map_nest(self._at_the_point, result) if self._directed else result

    def _at_the_point(self, value: Any) -> Any:
        value = self._reduced(value, _centre)
        return value[()] if value.__class__ is np.ndarray else value

    def _reduced(self, value: Any, reduce: Callable[[Any], Any]) -> Any:
        if not isinstance(value, Variable) or value.level.serial < self._sides.serial:
            return value
        if value.level is self._along or value.level is self._twice:
            return self._reduced(value.data, reduce)
        if value.level is self._sides:
            return reduce(value.data)
        link = value.link
        if link.__class__ is Dot:
            link = Dot(self._reduced(link.dot, _mean_of_sides), link.mask)
        elif not isinstance(link, Node):
            link = self._reduced(link, reduce)
        return Variable(self._reduced(value.data, reduce), value.level, link)


def _link(value: Any, level: Level) -> Any:
    return value.link if isinstance(value, Variable) and value.level is level else None


def _centre(rows: Any) -> Any:
    return rows[0]


def _mean_of_sides(rows: Any) -> Any:
    rows = rows[1:]
    mean, other = (rows[0] + rows[1]) / 2, (rows[2] + rows[3]) / 2
    close = np.square(mean - other) <= 1e-24 * np.max(np.square(np.real(rows) + np.imag(rows)), axis=0)
    return np.where(np.logical_or(close, mean == other), mean, np.nan * mean)


class UndirectedError(Exception):
    """A careful computation needs slopes along directions that its inputs do not carry."""


def attempt(run: Callable[..., tuple[Any, bool]], *args: Any) -> Any:
    """The result of a run, which says whether there is a NaN in a derivative; if so, that of a careful run."""
    mode = CAREFUL.get()
    if mode is ALWAYS:
        return _confirmed(_carefully(run, args))
    if mode.__class__ is not Derivatives:
        found, doubtful = run(*args)
    else:
        mode.count += mode.depth == 0
        mode.depth += 1
        try:
            found, doubtful = run(*args)
        finally:
            mode.depth -= 1
    if not doubtful or is_careful() or WATCH.get():
        return found
    try:
        return _confirmed(_carefully(run, args))
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


def _staged(value: Any) -> Iterator[Variable]:
    """The Variables of the level that writes a Graph, at the bottom of a value and of its tangents."""
    while isinstance(value, Variable) and not value.level.stages:
        link = value.link.dot if value.link.__class__ is Dot else value.link
        yield from _staged(link)
        value = value.data
    if isinstance(value, Variable):
        yield value


def _confirmed(found: Any) -> Any:
    """What was found; the level that writes a Graph guards what a careful computation decided."""
    staged = [part for leaf in flatten(found)[0] for part in _staged(leaf) if part.dtype.kind in "fc"]
    if staged:
        any_nan: Any = False
        for leaf in staged:
            any_nan = np.logical_or(any_nan, np.any(np.isnan(leaf)))
        any_nan.level.confirm(any_nan)
    return found
