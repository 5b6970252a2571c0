"""B-splines: de Boor's algorithm, in the places, the knots and the coefficients."""

from __future__ import annotations

import operator
from typing import Any

import numpy as np
import scipy.interpolate as scipys

from ...blocks.axes import single
from ...blocks.indexing import read
from ...core.errors import ArgumentError, NoRuleError, ShapeError, describe, user_line
from ...core.variable import bottom
from ..chapters import double, holds_variable, one_of, settled
from ..standing import Seen
from .chapter import CHAPTER, data, made_by_scipy, outside_is_nan, over_periods, own, periodic, placed


class BSpline(Seen):
    """A spline of degree k, by its knots and coefficients.

    Attributes
    ----------
    t : array of shape (n + k + 1,)
        The knots, in rising order.
    c : array of shape (n, ...)
        The coefficients, along axis 0.
    k : int
        The degree.
    extrapolate : bool or "periodic"
        Whether the first and the last polynomial go on outside; False: NaN.
    axis : int
        Where the axis of places stands among those of a value.

    Examples
    --------
    >>> import numpy as np, dragongrad as ad
    >>> from dragongrad.scipy import interpolate
    >>> t = np.array([0.0, 0.0, 1.0, 2.0, 2.0])
    >>> ad.grad(lambda c: interpolate.BSpline(t, c, 1)(0.25))(np.ones(3))
    array([0.75, 0.25, 0.  ])

    """

    theirs = scipys.BSpline

    def __init__(self, t: Any, c: Any, k: int, extrapolate: Any = True, axis: int = 0) -> None:
        if not holds_variable((t, c)):
            # SciPy checks more than shapes.
            self._take(scipys.BSpline(settled(t), settled(c), k, extrapolate, axis))
            return
        self.t, c, self.k = double(t), double(c), operator.index(k)
        self.extrapolate, self.axis = extrapolate, single(axis, c.ndim)
        self.c = np.moveaxis(c, self.axis, 0)
        n = self.t.shape[0] - self.k - 1
        if self.k < 0 or n < self.k + 1 or self.c.shape[0] < n:
            raise ShapeError(
                f"BSpline({describe(t)}, {describe(c)}, {k}): n + k + 1 knots of n > k coefficients\n"
                f"  at {user_line()}"
            )

    def _take(self, made: Any) -> None:
        self.t, self.k, self.extrapolate, self.axis = made.t, made.k, made.extrapolate, made.axis
        self.c = made.c

    @classmethod
    def construct_fast(cls, t: Any, c: Any, k: int, extrapolate: Any = True, axis: int = 0) -> BSpline:
        """Make one of arrays as they are, the coefficients along axis 0, without checks."""
        made = cls.__new__(cls)
        made.t, made.k, made.extrapolate, made.axis, made.c = double(t), k, extrapolate, axis, double(c)
        return made

    @property
    def tck(self) -> tuple[Any, Any, int]:
        """Knots, coefficients and degree."""
        return self.t, self.c, self.k

    def __call__(self, x: Any, nu: int = 0, extrapolate: Any = None) -> Any:
        """The values at places, or those of the derivative of order `nu`."""
        how = self.extrapolate if extrapolate is None else extrapolate
        if (own := self._own(x)) is not None:
            return own(settled(x), nu, how)
        x = double(x)
        low, high = self._ends()
        at = periodic(x, low, high) if how == "periodic" else x
        spline = self if not nu else self.derivative(nu)
        out = _de_boor(spline.t, spline.c, spline.k, at)
        out = outside_is_nan(out, at, low, high) if not how else out
        return placed(out, self.axis, x.ndim)[()]

    def _ends(self) -> tuple[Any, Any]:
        return self.t[self.k], self.t[self.t.shape[0] - self.k - 1]

    def _own(self, *others: Any) -> Any:
        # One that is not whole yet has none.
        if "c" not in vars(self) or holds_variable((self.t, self.c, *others)):
            return None
        return scipys.BSpline.construct_fast(self.t, self.c, self.k, self.extrapolate, self.axis)

    @classmethod
    def _ours(cls, made: Any) -> Any:
        return as_ours(made, cls) if isinstance(made, scipys.BSpline) else made

    @classmethod
    def basis_element(cls, t: Any, extrapolate: Any = True) -> BSpline:
        """The one spline of degree k that is not zero between k + 2 knots."""
        if not holds_variable(t):
            return as_ours(scipys.BSpline.basis_element(settled(t), extrapolate), cls)
        t = double(t)
        k = t.shape[0] - 2
        t = np.concatenate([np.stack([t[0] - 1] * k), t, np.stack([t[-1] + 1] * k)]) if k > 0 else t
        c = np.zeros(t.shape[0])
        c[max(k, 0)] = 1.0
        return cls(t, c, k, extrapolate)

    def derivative(self, nu: int = 1) -> BSpline:
        """The derivative of order `nu`, as a spline of a lower degree."""
        if (own := self._own()) is not None:
            return as_ours(own.derivative(nu), type(self))
        if nu < 0:
            return self.antiderivative(-nu)
        t, c, k = self.t, self.c, self.k
        c = c[: t.shape[0] - k - 1]
        for _ in range(nu):
            if k == 0:
                return self._like(t, np.zeros_like(c), 0)
            step = t[k + 1 : -1] - t[1 : -k - 1]
            step = np.reshape(step, (-1,) + (1,) * (c.ndim - 1))
            c = np.where(step == 0, 0.0, k * np.diff(c, axis=0) / np.where(step == 0, 1.0, step))
            t, k = t[1:-1], k - 1
        return self._like(t, c, k)

    def antiderivative(self, nu: int = 1) -> BSpline:
        """The integral from the first knot, `nu` times, as a spline of a higher degree; a period has none."""
        if (own := self._own()) is not None:
            return as_ours(own.antiderivative(nu), type(self))
        if nu < 0:
            return self.derivative(-nu)
        t, k = self.t, self.k
        c = self.c[: t.shape[0] - k - 1]
        for _ in range(nu):
            step = np.reshape(t[k + 1 :] - t[: -k - 1], (-1,) + (1,) * (c.ndim - 1))
            c = np.concatenate([np.zeros_like(c[:1]), np.cumsum(c * step, axis=0) / (k + 1)])
            t, k = np.concatenate([t[:1], t, t[-1:]]), k + 1
        made = self._like(t, c, k)
        made.extrapolate = False if nu and self.extrapolate == "periodic" else self.extrapolate
        return made

    def integrate(self, a: Any, b: Any, extrapolate: Any = None) -> Any:
        """The integral between two numbers, both of which may move."""
        how = self.extrapolate if extrapolate is None else extrapolate
        if (own := self._own(a, b)) is not None:
            return own.integrate(settled(a), settled(b), how)
        ends = (double(a), double(b))
        whole, (low, high) = self.antiderivative(), self._ends()
        value: Any = lambda x: _de_boor(whole.t, whole.c, whole.k, x)
        if how == "periodic":
            return over_periods(value, low, high, *ends)
        if not how:
            ends = (np.clip(ends[0], low, high), np.clip(ends[1], low, high))
        return value(ends[1]) - value(ends[0])

    def _like(self, t: Any, c: Any, k: int) -> BSpline:
        return self.construct_fast(t, c, k, self.extrapolate, self.axis)


CHAPTER.states["BSpline"] = "exact derivatives"


def _de_boor(t: Any, c: Any, k: int, x: Any) -> Any:
    """The values at places of any shape, in front of the axes of a coefficient."""
    n = t.shape[0] - k - 1
    flat = np.reshape(x, (-1,))
    piece = np.clip(np.searchsorted(t, flat, side="right") - 1, k, n - 1)
    tail = (1,) * (c.ndim - 1)
    values = [read(c, piece - k + j) for j in range(k + 1)]
    # More than k + 1 knots at one end: beyond it there is no piece, and SciPy's value is zero.
    empty = read(t, piece) == read(t, piece + 1) if np.any(bottom(t[[k, n - 1]] == t[[k + 1, n]])) else None
    for r in range(1, k + 1):
        for j in range(k, r - 1, -1):
            low, high = read(t, piece + j - k), read(t, piece + j + 1 - r)
            span = high - low if empty is None else np.where(empty, 1.0, high - low)
            alpha = np.reshape((flat - low) / span, flat.shape + tail)
            values[j] = (1 - alpha) * values[j - 1] + alpha * values[j]
    out = values[k] + np.reshape(0 * flat, flat.shape + tail)
    if empty is not None:
        out = np.where(np.reshape(empty, flat.shape + tail), 0.0, out)
    return np.reshape(out, (*x.shape, *c.shape[1:]))


def _knots(x: Any, k: int, augmented: bool) -> Any:
    """Knots at the places, but for those next to the ends, or all of them; at even degrees in the middle."""
    inner = x if k % 2 or augmented else (x[1:] + x[:-1]) / 2
    cut = 1 if augmented else (k + 1) // 2 if k % 2 else k // 2
    inner = inner[cut : inner.shape[0] - cut]
    return np.concatenate([x[:1]] * (k + 1) + [inner] + [x[-1:]] * (k + 1))


_ALIASES = {"clamped": (1,), "natural": (2,), None: (), "not-a-knot": ()}


def _conditions(end: Any, shape: tuple[int, ...]) -> list[tuple[int, Any]]:
    if end is None or isinstance(end, str):
        if end not in _ALIASES:
            raise NoRuleError(
                f"scipy.interpolate.make_interp_spline has no derivative rule for bc_type={end!r}\n"
                f"  at {user_line()}\nTake CubicSpline(x, y, bc_type='periodic')"
            )
        return [(order, np.zeros(shape)) for order in _ALIASES[end]]
    return [(order, double(value)) for order, value in end]


def as_ours(made: Any, kind: type[BSpline] = BSpline) -> BSpline:
    """A spline that SciPy has made, as one that may be asked at Variables."""
    again = kind.__new__(kind)
    again._take(made)
    return again


@made_by_scipy(as_ours)
def make_interp_spline(
    x: Any, y: Any, k: int = 3, t: Any = None, bc_type: Any = None, axis: int = 0, check_finite: bool = True
) -> BSpline:
    """The spline of degree k through values at places, as a `BSpline`.

    Parameters
    ----------
    x : array of shape (n,)
        The places, which rise.
    y : array
        The values, n along the axis.
    k : int
        The degree.
    t : array of shape (m + k + 1,), optional
        The knots; they follow from the places if they are left out.
    bc_type : str or tuple of two, optional
        What holds at the ends: "not-a-knot", "clamped", "natural", or for each a list of orders and values.
    axis : int
        The axis of places.
    check_finite : bool
        Of SciPy's; it changes nothing here.

    Returns
    -------
    BSpline

    Raises
    ------
    ShapeError
        There are not as many values as places, or not as many conditions as coefficients.
    NoRuleError
        The spline is to be periodic.

    Examples
    --------
    >>> import numpy as np, dragongrad as ad
    >>> from dragongrad.scipy import interpolate
    >>> x = np.arange(4.0)
    >>> ad.grad(lambda y: interpolate.make_interp_spline(x, y)(1.5))(x**2).round(4)
    array([-0.0625,  0.5625,  0.5625, -0.0625])

    """
    x, y, at = data("make_interp_spline", x, y, axis)
    both = (bc_type, bc_type) if bc_type is None or isinstance(bc_type, str) else tuple(bc_type)
    low, high = (_conditions(end, y.shape[1:]) for end in both)
    if t is None:
        ends = [x[:1]] * k, [x[-1:]]
        t = _knots(x, k, augmented=bool(low or high)) if k > 1 else np.concatenate([*ends[0], x, *ends[1]])
    t = double(t)
    count = t.shape[0] - k - 1
    if count != x.shape[0] + len(low) + len(high):
        raise ShapeError(
            f"make_interp_spline: {count} coefficients for {x.shape[0]} values and {len(low)} + {len(high)} "
            f"conditions at the ends\n  at {user_line()}"
        )
    basis = BSpline(t, np.eye(count), k)
    rows = [basis(x[0], order)[None] for order, _ in low] + [basis(x)] + [basis(x[-1], o)[None] for o, _ in high]
    right = [value[None] for _, value in low] + [y] + [value[None] for _, value in high]
    right = np.concatenate(right)
    solved = np.linalg.solve(np.concatenate(rows), np.reshape(right, (count, -1)))
    made = BSpline(t, np.reshape(solved, right.shape), k)
    made.axis = at
    return made


@own
def splev(x: Any, tck: Any, der: int = 0, ext: int = 0) -> Any:
    """The values at places of a spline that is given by knots, coefficients and degree.

    Beyond the knots it goes on for `ext` 0, is zero for 1, and stays what it is at the end for 3. Of a curve, whose
    coefficients are several vectors, the values are a list.

    Examples
    --------
    >>> import numpy as np, dragongrad as ad
    >>> from dragongrad.scipy import interpolate
    >>> tck = np.array([0.0, 0.0, 1.0, 1.0]), np.array([1.0, 3.0]), 1
    >>> ad.grad(lambda x: interpolate.splev(x, tck))(0.5)
    np.float64(2.0)

    """
    plain = tck._own() if BSpline.is_ours(tck) else None if holds_variable(tck) else settled(tck)
    if plain is not None and not holds_variable(x):
        return scipys.splev(settled(x), plain, der, ext)
    one_of("splev", "ext", ext, 0, 1, 3)
    t, c, k = (tck.t, tck.c, tck.k) if BSpline.is_ours(tck) else tck
    if not 0 <= der <= k:
        raise ArgumentError(f"splev: der={der} is from 0 to the degree, {k}\n  at {user_line()}")
    if not BSpline.is_ours(tck) and np.ndim(c[0]) == 1:
        return [splev(x, (t, one, k), der, ext) for one in c]
    spline, x = BSpline(t, double(c)[: np.shape(t)[0] - k - 1], k), double(x)
    low, high = spline.t[k], spline.t[spline.t.shape[0] - k - 1]
    out = spline(np.clip(x, low, high) if ext == 3 else x, der)
    return np.where(np.logical_or(x < low, x > high), 0.0, out)[()] if ext == 1 else out
