"""Polynomials in each of the intervals between places."""

from __future__ import annotations

from collections.abc import Callable
from math import factorial
from typing import Any

import numpy as np
import scipy.interpolate as scipys

from ...blocks.indexing import read
from ...core.errors import NoRuleError, ShapeError, describe, user_line
from ...core.variable import bottom
from ..chapters import SMOOTH, answered, double, holds_variable, settled
from ..standing import Seen
from .chapter import CHAPTER, outside_is_nan, over_periods, periodic, placed
from .splines import BSpline


class PPoly(Seen):
    """A polynomial in each of the intervals between places: sums of `c[i] * (x - x[j])**(k - i)`.

    Attributes
    ----------
    c : array of shape (k + 1, m, ...)
        The coefficients, of the highest power first.
    x : array of shape (m + 1,)
        The places, which rise.
    extrapolate : bool or "periodic"
        Whether the first and the last polynomial go on outside; False: NaN.
    axis : int
        Where the axis of places stands among those of a value.

    Examples
    --------
    >>> import numpy as np, dragongrad as ad
    >>> from dragongrad.scipy import interpolate
    >>> f = lambda c: interpolate.PPoly(c, np.array([0.0, 1.0]))(0.5)
    >>> ad.grad(f)(np.array([[1.0], [2.0], [3.0]])).ravel()
    array([0.25, 0.5 , 1.  ])

    """

    theirs: Any = scipys.PPoly
    _kind = scipys.PPoly

    def __init__(self, c: Any, x: Any, extrapolate: Any = None, axis: int = 0) -> None:
        if not holds_variable((c, x)):
            # SciPy checks more than shapes.
            self._take(scipys.PPoly(settled(c), settled(x), extrapolate, axis))
            return
        c, self.x, self.axis = double(c), double(x), axis
        if c.ndim < 2 or not 0 <= axis < c.ndim - 1:
            raise ShapeError(f"PPoly({describe(c)}, axis={axis}): coefficients (k + 1, m, ...)\n  at {user_line()}")
        if axis:
            c = np.moveaxis(np.moveaxis(c, axis + 1, 0), axis + 1, 0)
        self.extrapolate: Any = True if extrapolate is None else extrapolate
        self.c = c
        if self.x.ndim != 1 or c.shape[1] != self.x.shape[0] - 1 or not c.shape[0]:
            raise ShapeError(
                f"PPoly({describe(c)}, {describe(x)}): coefficients (k + 1, m, ...) of m + 1 places\n"
                f"  at {user_line()}"
            )

    def _take(self, made: Any) -> None:
        self.x, self.extrapolate, self.axis, self.c = made.x, made.extrapolate, made.axis, made.c
        # Which of its subclasses it is: some of SciPy's functions ask.
        self._kind = self.theirs if PPoly.is_ours(made) else type(made)

    def _be(self, rule: Callable[..., PPoly], *given: Any, **options: Any) -> None:
        """Be what SciPy's class makes of plain arrays, and what a rule makes of Variables."""
        if holds_variable((given, options)):
            self._take(answered(f"scipy.interpolate.{self.theirs.__name__}", rule, given, options))
        else:
            self._take(self.theirs(*map(settled, given), **{k: settled(v) for k, v in options.items()}))

    def _own(self, *others: Any) -> Any:
        # One that is not whole yet has none.
        if "c" not in vars(self) or holds_variable((self.c, self.x, *others)):
            return None
        return self._kind.construct_fast(self.c, self.x, self.extrapolate, self.axis)

    @classmethod
    def _ours(cls, made: Any) -> Any:
        return pieces(made, cls) if isinstance(made, scipys.PPoly) else made

    @classmethod
    def from_spline(cls, tck: Any, extrapolate: Any = None) -> PPoly:
        """The polynomials of a spline that is given by knots, coefficients and degree, or of a `BSpline`."""
        own = tck._own() if BSpline.is_ours(tck) else None if holds_variable(tck) else settled(tck)
        if own is not None:
            return pieces(cls.theirs.from_spline(own, extrapolate), cls)
        spline = tck if BSpline.is_ours(tck) else BSpline(*tck)
        c = [spline(spline.t[:-1], order, True) / factorial(order) for order in range(spline.k, -1, -1)]
        return cls.construct_fast(np.stack(c), spline.t, spline.extrapolate if extrapolate is None else extrapolate)

    @classmethod
    def construct_fast(cls, c: Any, x: Any, extrapolate: Any = None, axis: int = 0) -> PPoly:
        """Make one of coefficients whose axis of intervals stands second already."""
        made = cls.__new__(cls)
        made.x, made.axis = double(x), axis
        made.extrapolate = True if extrapolate is None else extrapolate
        made.c = double(c)
        return made

    def extend(self, c: Any, x: Any) -> None:
        """Add intervals at an end, in place."""
        if (own := self._own(c, x)) is None:
            raise NoRuleError(
                f"PPoly.extend has no derivative rule\n  at {user_line()}\nMake a PPoly of all coefficients"
            )
        own.extend(settled(c), settled(x))
        self._take(own)

    def __call__(self, x: Any, nu: int = 0, extrapolate: Any = None) -> Any:
        """The values at places, or those of the derivative of order `nu`."""
        how = self.extrapolate if extrapolate is None else extrapolate
        if (own := self._own(x)) is not None:
            return own(settled(x), nu, how)
        x = double(x)
        at = periodic(x, self.x[0], self.x[-1]) if how == "periodic" else x
        # The places may fall, too.
        places, asked = _rising(self.x, at)
        piece = np.clip(np.searchsorted(places, np.reshape(asked, (-1,)), side="right") - 1, 0, self.c.shape[1] - 1)
        piece = np.reshape(piece, at.shape)
        step, out = at - read(self.x, piece), None
        step = np.reshape(step, step.shape + (1,) * (self.c.ndim - 2))
        coefficients = _derived(self.c, nu) if nu >= 0 else self.antiderivative(-nu).c
        for i in range(coefficients.shape[0]):
            c = read(coefficients[i], piece)
            out = c + 0 * step if out is None else out * step + c
        out = outside_is_nan(out, asked, places[0], places[-1]) if not how else out
        return placed(out, self.axis, x.ndim)[()]

    def derivative(self, nu: int = 1) -> PPoly:
        """The derivative of order `nu`, as another one."""
        if (own := self._own()) is not None:
            return pieces(own.derivative(nu), type(self))
        if nu < 0:
            return self.antiderivative(-nu)
        return self.construct_fast(_derived(self.c, nu), self.x, self.extrapolate, self.axis)

    def antiderivative(self, nu: int = 1) -> PPoly:
        """An antiderivative of order `nu`, which is zero at the first place; a period has none."""
        if (own := self._own()) is not None:
            return pieces(own.antiderivative(nu), type(self))
        if nu <= 0:
            return self.derivative(-nu)
        c = self.c
        for _ in range(nu):
            k = c.shape[0]
            powers = np.reshape(np.arange(k, 0, -1.0), (k,) + (1,) * (c.ndim - 1))
            higher = c / powers
            h = np.reshape(np.diff(self.x), (-1,) + (1,) * (c.ndim - 2))
            ends: Any = 0.0
            for i in range(k):
                ends = (ends + higher[i]) * h
            begins = np.concatenate([np.zeros_like(ends[:1]), np.cumsum(ends, axis=0)[:-1]])
            c = np.concatenate([higher, begins[None]])
        how = False if self.extrapolate == "periodic" else self.extrapolate
        return self.construct_fast(c, self.x, how, self.axis)

    def integrate(self, a: Any, b: Any, extrapolate: Any = None) -> Any:
        """The integral between two numbers, both of which may move."""
        how = self.extrapolate if extrapolate is None else extrapolate
        if (own := self._own(a, b)) is not None:
            return own.integrate(settled(a), settled(b), how)
        whole = self.antiderivative()
        whole.axis = 0
        if how == "periodic":
            value: Any = lambda x: whole(x, extrapolate=True)
            return over_periods(value, self.x[0], self.x[-1], double(a), double(b))
        return whole(b, extrapolate=how) - whole(a, extrapolate=how)


def _rising(places: Any, at: Any) -> tuple[Any, Any]:
    """Places of which each is larger than the one before, and what is looked up among them, turned if need be."""
    falls = bottom(places[0]) > bottom(places[-1])
    if np.all(falls):
        return -places, -at
    if np.ndim(falls) and np.any(falls):
        # Rows of a batch may differ.
        sign = np.where(places[0] > places[-1], -1.0, 1.0)
        return sign * places, sign * at
    return places, at


def _derived(c: Any, nu: int) -> Any:
    """The coefficients of a derivative."""
    k = c.shape[0]
    if nu >= k:
        return np.zeros_like(c[:1])
    factors = [factorial(p) / factorial(p - nu) for p in range(k - 1, nu - 1, -1)]
    return c[: k - nu] * np.reshape(np.array(factors), (-1,) + (1,) * (c.ndim - 1))


CHAPTER.states["PPoly"] = SMOOTH


def pieces(made: Any, kind: type[PPoly] = PPoly) -> PPoly:
    """Polynomials that SciPy has made, as some that may be asked at Variables."""
    again = kind.__new__(kind)
    again._take(made)
    return again
