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
from ..core.block import general
from ..core.errors import BatchError
from ..core.nests import flatten, map_nest
from ..core.node import Node
from ..core.variable import Variable, bottom
from .batch import Batch
from .zeros import Dot


class Again:
    """The state of one careful computation.

    Where absolute values meet zero it follows four choices of sides at once, in the rows of a batch: all on the
    one, all on the other, and a mixture of both with its opposite. The derivative is the mean of opposites, where
    both means agree; it is NaN where they do not.
    """

    def __init__(self) -> None:
        self._level = Batch(4)
        self._mixtures = np.random.default_rng(0)
        # By argument, which is kept: another value must not be found under its name.
        self._known: dict[Any, tuple[Any, Variable]] = {}

    def sides(self, x: Any) -> Variable:
        """The sign that the elements of `x`, which are zero, have close by: one choice a row."""
        key = _key(x)
        found = self._known.get(key)
        if found is None:
            one = np.ones(np.shape(x))
            mixed = self._mixtures.choice((-1.0, 1.0), size=np.shape(x))
            found = self._known[key] = x, Variable(np.stack([one, -one, mixed, -mixed]), self._level)
        return found[1]

    def mean(self, value: Any) -> Any:
        """A value or derivative over all choices of sides."""
        if value.__class__ is Dot:
            return Dot(self.mean(value.dot), value.mask)
        if not isinstance(value, Variable) or value.level.serial < self._level.serial:
            return value
        if value.level is not self._level:
            link = value.link if isinstance(value.link, Node) else self.mean(value.link)
            return Variable(self.mean(value.data), value.level, link)
        rows = value.data
        mean, other = (rows[0] + rows[1]) / 2, (rows[2] + rows[3]) / 2
        close = np.square(mean - other) <= 1e-24 * np.max(np.square(np.real(rows) + np.imag(rows)), axis=0)
        return np.where(np.logical_or(close, mean == other), mean, np.nan)

    def settle(self, result: Any) -> Any:
        """The result of the careful computation."""
        return map_nest(self.mean, result) if self._known else result


def _key(x: Any) -> Any:
    """The same for two values that are computed alike."""
    origin = getattr(x, "origin", None)
    if origin is None:
        return id(x) if isinstance(x, Variable) else repr(x)
    return (origin.fn, *map(_key, origin.args), repr(origin.params))


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
    state = Again()
    # What there is to warn of, the first run has said.
    with careful(state), np.errstate(all="ignore"):
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


# Blocks whose derivative is not that of their value


def _batch_instead(size: int, values: list[Any], batched: Any) -> Any:
    x, y = (v if b else np.broadcast_to(v, (size, *np.shape(v))) for v, b in zip(values, batched, strict=True))
    return instead(x, y)


# The value of `x` with the derivative of `y`.
instead: Any = general(
    "instead", value=lambda x, y: x, names=("x", "y"), parameters=(), inlined=True, batch=_batch_instead,
    pullback=lambda out_bar: (None, out_bar), pushforward=lambda y_dot: y_dot, selects=True,
).call  # fmt: skip


def _infinite(x: Any) -> Any:
    return np.where(x == 0, 0.0, np.where(x == 0, 1.0, x) * np.inf)


# Infinite where `x` is not zero; and so is its derivative.
INFINITE: Any = general(
    "infinite", value=_infinite, names=("x",), parameters=(), inlined=True,
    batch=lambda size, values, batched: infinite(values[0]),
    pullback=lambda out_bar: infinite(out_bar), pushforward=lambda x_dot: infinite(x_dot),
)  # fmt: skip
infinite: Any = INFINITE.call


def _unless_zero(dot: Any) -> Any:
    return np.where(dot == 0, 0.0, np.nan)


# Zero, as a function of `x` that nobody knows: where `x` moves, the derivative is NaN.
unknown: Any = general(
    "unknown", value=lambda x: np.zeros(np.shape(x)), names=("x",), parameters=(), inlined=True,
    batch=lambda size, values, batched: unknown(values[0]),
    pullback=lambda out_bar: _unless_zero(out_bar), pushforward=lambda x_dot: _unless_zero(x_dot),
).call  # fmt: skip


# Roots of zero, on the tape of a level that knows them (`roots`)

# On the edge of such a root, in place of a partial.
ROOT = object()


def pull_root(bar: Any, pole: Any, saved: Any) -> tuple[Any, Any]:
    """What a root passes back: the cotangent of `s`, and its pole."""
    level, zero, root, s, lengths = saved
    value, limit = level.limit(bar, lengths)
    slope = 0.5 / np.where(zero, 1.0, root)
    if pole is None:
        return np.where(zero, 0.5 * limit + unknown(s), bar * slope), np.where(zero, 0.5 * value, 0.0)
    beyond = 0.5 * limit + unknown(s) + lost(pole)
    return np.where(zero, beyond, bar * slope), np.where(zero, 0.5 * value, pole * slope)


def lost(pole: Any) -> Any:
    """NaN where a pole meets what it cannot pass."""
    return np.where(pole == 0, 0.0, np.nan)


def with_pole(bar: Any, pole: Any) -> Any:
    """A cotangent that is infinite where a pole is left."""
    return bar if pole is None else bar + infinite(pole)
