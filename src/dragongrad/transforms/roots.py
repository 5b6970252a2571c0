"""The square root of zero, in a careful computation.

`r = sqrt(s)` has no derivative at `s = 0`. A function `F(r)` may have one with respect to `s` all the same: where
`F'(0) = 0` it is the limit of `F'(r) / (2 r)`, which is `F''(0) / 2`. So each root of zero is given a slope of its
own, as if it left zero in a direction that nothing else knows, and the slope of its cotangent tells `F''`. Two
choices of slopes at once tell whether roots act on one another: then no limit exists.

Where `F'(0)` is not zero, the cotangent of `s` has a *pole*. Distances are roots of sums of squares, whose partials
are zero there: a pole times zero is zero, the mean over all directions of the kink. What is left of a pole at an
input is an infinity.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from ..core.block import Block
from ..core.variable import Variable
from .batch import Batch
from .poles import ROOT
from .pushforward import Slopes
from .restate import is_differentiated, is_unclear, remember
from .reverse import Reverse
from .zeros import decide

_KINKED = (np.absolute, np.fabs, np.maximum, np.minimum, np.fmax, np.fmin)


class CarefulReverse(Reverse):
    """The level of a careful reverse mode: it knows roots of zero, and where each value came from."""

    __slots__ = ("_powers", "slopes", "trials")

    def __init__(self) -> None:
        # Both lie below this level, so that its cotangents carry the slopes.
        self.trials = Batch(2)
        self.slopes = Slopes()
        self._powers = np.random.default_rng(0)
        super().__init__()

    def unary(self, block: Block, x: Variable) -> Any:
        """Apply an elementwise Block of one argument."""
        return self.apply(block, (x,), {})

    def binary(self, block: Block, x: Any, y: Any) -> Any:
        """Apply an elementwise Block of two arguments."""
        return self.apply(block, (x, y), {})

    def apply(self, block: Block, args: tuple[Any, ...], params: dict[str, Any]) -> Any:
        """Apply a Block, and remember where its output came from."""
        out = super().apply(block, args, params)
        if block.fn is np.sqrt and out.link is not None:
            out = self._root(block, args[0], out)
        found = remember(self, block, args, params, out)
        return self._sided(block, args, found) if block.fn in _KINKED else found

    def _sided(self, block: Block, args: tuple[Any, ...], out: Variable) -> Variable:
        """The output of a Block with a kink: for second derivatives it leaves zero in its own way, too."""
        if out.link is None or not is_differentiated(out.data) or self._split(out.data)[1] is not None:
            return out
        source: Any = block.source
        zero = source(out.data, *[a.data if isinstance(a, Variable) and a.level is self else a for a in args])
        if not decide(zero):
            return out
        moving = Variable(
            out.data, self.slopes, np.where(zero, Variable(self._lengths(out.shape), self.trials), 0.0)
        )
        found = Variable(moving, self, out.link)
        found.origin = out.origin
        return found

    def _lengths(self, shape: tuple[int, ...]) -> Any:
        """Two choices of slopes; powers of two scale without rounding."""
        power = self._powers.integers(-8, 9, size=shape)
        return np.stack([np.ones(shape), np.exp2(power)])

    def _root(self, block: Block, x: Variable, out: Variable) -> Variable:
        s = x.data
        zero = s == 0
        if not decide(zero):
            return out
        root, slope = self._split(out.data)
        lengths = self._lengths(np.shape(root))
        free = Variable(lengths, self.trials)
        if slope is not None:
            moved = self._split(s)[1]
            slope = np.where(zero, np.where(moved == 0, free, np.nan), slope)
        else:
            slope = np.where(zero, free, 0.0)
        node = self.node(
            block, ((x.link, ROOT, (self, zero, root, s, lengths, is_unclear(x))),), np.shape(root), root.dtype
        )
        self.append(node)
        return Variable(Variable(root, self.slopes, slope), self, node)

    def _split(self, value: Any) -> tuple[Any, Any]:
        if isinstance(value, Variable) and value.level is self.slopes:
            return value.data, value.link
        return value, None

    def settle(self, value: Any) -> Any:
        """A value or cotangent without its slopes."""
        if not isinstance(value, Variable) or value.level.serial < self.slopes.serial:
            return value
        if value.level is self.slopes:
            return value.data
        return Variable(self.settle(value.data), value.level, value.link)

    def limit(self, bar: Any, lengths: Any) -> tuple[Any, Any, Any]:
        """The cotangent of a root without slope, its derivative by the length of the root, and where that is open.

        It is finite there, but another number for each way in which all roots leave zero.
        """
        if not isinstance(bar, Variable) or bar.level.serial < self.slopes.serial:
            return bar, 0.0, 0.0
        if bar.level is not self.slopes:
            if bar.level.differentiates(bar):
                return self.settle(bar), np.nan, 0.0
            value, limit, loose = self.limit(bar.data, lengths)
            limit, loose = [Variable(v, bar.level) if np.ndim(v) else v for v in (limit, loose)]
            return Variable(value, bar.level, bar.link), limit, loose
        if bar.link is None:
            return bar.data, 0.0, 0.0
        mine = isinstance(bar.link, Variable) and bar.link.level is self.trials
        rows = bar.link.data if mine else (bar.link, bar.link)
        first, second = rows[0] / lengths[0], rows[1] / lengths[1]
        close = np.square(first - second) <= 1e-24 * np.square(first)
        loose = np.logical_and(np.isfinite(first - second), np.logical_not(close))
        limit = np.where(loose, 0.0, np.where(close, first, np.nan * first))
        return bar.data, limit, np.where(loose, 1.0, 0.0)
