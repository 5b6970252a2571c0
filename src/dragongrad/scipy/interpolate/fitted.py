"""Splines that are fitted: by least squares at given knots, and smoothing ones of a given stiffness."""

from __future__ import annotations

from typing import Any

import numpy as np
import scipy.interpolate as scipys

from ...core.errors import ArgumentError, NoRuleError, OutOfBoundsError, ShapeError, user_line
from ...core.variable import bottom
from ..chapters import SMOOTH, answered, double, holds_variable, one_of, settled
from ..standing import Kept
from .chapter import CHAPTER, data, made_by_scipy, smooth
from .splines import BSpline, as_ours, make_interp_spline


def _fitted(x: Any, y: Any, t: Any, k: int, w: Any) -> BSpline:
    """The least-squares spline with all its knots, of values along axis 0."""
    count = t.shape[0] - k - 1
    rows = BSpline(t, np.eye(count), k)(x)
    right = np.reshape(y, (y.shape[0], -1))
    if w is not None:
        w = double(w)[:, None]
        rows, right = rows * w, right * w
    found = np.linalg.lstsq(rows, right, rcond=None)[0]
    return BSpline(t, np.reshape(found, (count, *y.shape[1:])), k)


@made_by_scipy(as_ours)
def make_lsq_spline(
    x: Any, y: Any, t: Any, k: int = 3, w: Any = None, axis: int = 0, check_finite: bool = True, *,
    method: str = "qr",
) -> BSpline:  # fmt: skip
    """The spline with given knots that is nearest to values, as a `BSpline`.

    Parameters
    ----------
    x : array of shape (n,)
        The places, which rise.
    y : array
        The values, n along the axis.
    t : array of shape (m + k + 1,)
        All knots, those at the ends k + 1 times.
    k : int
    w : array of shape (n,), optional
        Weights, by which residuals are multiplied.
    axis, check_finite, method
        As SciPy's; the last two change nothing here.

    Examples
    --------
    >>> import numpy as np, dragongrad as ad
    >>> from dragongrad.scipy import interpolate
    >>> x, t = np.arange(3.0), np.array([0.0, 0.0, 2.0, 2.0])
    >>> ad.grad(lambda y: interpolate.make_lsq_spline(x, y, t, k=1)(1.0))(np.ones(3)).round(6)
    array([0.333333, 0.333333, 0.333333])

    """
    one_of("make_lsq_spline", "method", method, "qr", "norm-eq")
    x, y, at = data("make_lsq_spline", x, y, axis)
    made = _fitted(x, y, double(t), k, w)
    made.axis = at
    return made


@made_by_scipy(as_ours)
def make_smoothing_spline(x: Any, y: Any, w: Any = None, lam: Any = None, *, axis: int = 0) -> BSpline:
    """The natural cubic spline that weighs residuals against its curvature, `lam` times, as a `BSpline`.

    Parameters
    ----------
    x : array of shape (n,)
        The places, which rise.
    y : array
        The values, n along the axis.
    w : array of shape (n,), optional
        Weights of squared residuals.
    lam : float
        The weight of the integral of the squared second derivative; it has derivatives too. Without it SciPy
        searches for one, and is refused.
    axis : int

    Raises
    ------
    NoRuleError
        `lam` is not given.

    Examples
    --------
    >>> import numpy as np, dragongrad as ad
    >>> from dragongrad.scipy import interpolate
    >>> x = np.arange(5.0)
    >>> middle = lambda y: interpolate.make_smoothing_spline(x, y, lam=1.0)(2.0)
    >>> ad.grad(middle)(x**2).round(4)
    array([0.046 , 0.2609, 0.3862, 0.2609, 0.046 ])

    """
    if lam is None:
        raise NoRuleError(
            f"make_smoothing_spline has no derivative rule for lam=None: a search chooses it\n  at {user_line()}\n"
            "Write lam=, the value that it was chosen for, or one that you fit"
        )
    if np.any(bottom(lam) < 0):
        raise ArgumentError(f"make_smoothing_spline: lam={lam} is less than zero\n  at {user_line()}")
    x, y, at = data("make_smoothing_spline", x, y, axis)
    n, step = x.shape[0], np.diff(x)
    if n < 5:
        raise ShapeError(f"make_smoothing_spline takes 5 places or more, not {n}\n  at {user_line()}")
    # Reinsch (1967): second differences of the values are a band times second derivatives.
    place = np.arange(n - 2)
    each = np.eye(n)
    differences = (
        each[place] / step[:-1, None] - each[place + 1] * (1 / step[:-1] + 1 / step[1:])[:, None]
        + each[place + 2] / step[1:, None]
    )  # fmt: skip
    inner = np.eye(n - 2)
    side = inner[:, 1:] * (step[1:-1] / 6)
    side = np.concatenate([np.zeros((n - 2, 1)), side], axis=1)
    band = inner * ((step[:-1] + step[1:]) / 3) + np.roll(side, -1, axis=0) * (place < n - 3)[:, None]
    band = band + (np.roll(side, -1, axis=0) * (place < n - 3)[:, None]).T
    stiffness = differences.T @ np.linalg.solve(band, differences)
    weights = np.ones(n) if w is None else double(w)
    right = np.reshape(y, (n, -1)) * weights[:, None]
    level = np.linalg.solve(np.eye(n) * weights + lam * stiffness, right)
    made = make_interp_spline(x, np.reshape(level, y.shape), bc_type="natural")
    made.axis = at
    return made


def _outside(ext: Any) -> int:
    """The number of what a spline does outside."""
    known = {"extrapolate": 0, "zeros": 1, "raise": 2, "const": 3}
    number: int = known.get(ext, ext)
    one_of("a spline of one variable", "ext", number, *known.values())
    return number


def _of_parts(spline: BSpline, ends: Any, ext: Any, theirs: Any = None, kind: Any = None) -> UnivariateSpline:
    """A spline of one variable by its B-spline and its ends, and SciPy's own, if it is one of plain numbers."""
    kind = UnivariateSpline if kind is None else kind
    made: UnivariateSpline = kind.__new__(kind)
    made.spline, made._ends, made._scipys = spline, ends, theirs
    if theirs is None:
        made.ext = _outside(ext)
    return made


def _checked(name: str, x: Any, y: Any, bbox: Any, k: int) -> tuple[Any, Any]:
    x, y, _ = data(name, x, y, 0)
    if np.ndim(y) != 1 or any(b is not None for b in bbox) or not 1 <= k <= 5:
        raise ArgumentError(
            f"{name} with Variables takes a vector of values, no bbox, and degrees from 1 to 5\n  at {user_line()}"
        )
    return x, y


def _through(
    x: Any, y: Any, w: Any = None, bbox: Any = (None, None), k: int = 3, ext: Any = 0, check_finite: bool = False
) -> UnivariateSpline:
    x, y = _checked("InterpolatedUnivariateSpline", x, y, bbox, k)
    if k % 2 == 0:
        raise NoRuleError(
            f"InterpolatedUnivariateSpline has derivatives of odd degrees\n  at {user_line()}\nWrite k=3"
        )
    return _of_parts(make_interp_spline(x, y, k), (x[0], x[-1]), ext, kind=InterpolatedUnivariateSpline)


def _nearest(
    x: Any, y: Any, t: Any, w: Any = None, bbox: Any = (None, None), k: int = 3, ext: Any = 0,
    check_finite: bool = False,
) -> UnivariateSpline:  # fmt: skip
    x, y = _checked("LSQUnivariateSpline", x, y, bbox, k)
    t = np.concatenate([x[:1]] * (k + 1) + [double(t)] + [x[-1:]] * (k + 1))
    return _of_parts(_fitted(x, y, t, k, w), (x[0], x[-1]), ext, kind=LSQUnivariateSpline)


def _smoothed(
    x: Any, y: Any, w: Any = None, bbox: Any = (None, None), k: int = 3, s: Any = None, ext: Any = 0,
    check_finite: bool = False,
) -> UnivariateSpline:  # fmt: skip
    if s is None or s != 0:
        raise NoRuleError(
            "UnivariateSpline that smooths chooses its knots and its stiffness by a tolerance of a thousandth\n"
            f"  at {user_line()}\nWrite make_smoothing_spline(x, y, w, lam), or LSQUnivariateSpline(x, y, knots) "
            "with knots = scipy.interpolate.UnivariateSpline(x, plain_y).get_knots()[1:-1]"
        )
    return _through(x, y, w, bbox, k, ext, check_finite)


class UnivariateSpline(Kept):
    """With `s=0` as `InterpolatedUnivariateSpline`; else the knots are SciPy's choice, within a tolerance.

    Raises
    ------
    NoRuleError
        `s` is not 0.

    Examples
    --------
    >>> import numpy as np, dragongrad as ad
    >>> from dragongrad.scipy import interpolate
    >>> x = np.arange(4.0)
    >>> ad.grad(lambda at: interpolate.UnivariateSpline(x, x**2, s=0)(at))(1.5).round(6)
    np.float64(3.0)

    """

    theirs: Any = scipys.UnivariateSpline
    _rule: Any = staticmethod(_smoothed)

    def __init__(
        self, x: Any, y: Any, w: Any = None, bbox: Any = (None, None), k: int = 3, s: Any = None, ext: Any = 0,
        check_finite: bool = False,
    ) -> None:  # fmt: skip
        self._be(x, y, w, bbox, k, s, ext, check_finite)

    def _be(self, *given: Any) -> None:
        if holds_variable(given):
            made = answered(f"scipy.interpolate.{self.theirs.__name__}", self._rule, given, {})
            self.spline, self._ends, self.ext = made.spline, made._ends, made.ext
            kind = type(made)
        else:
            self._take(self.theirs(*map(settled, given)))
            kind = _KINDS[type(self._scipys)]
        if type(self) is UnivariateSpline:
            # As SciPy has it, one is of the class that would have made it.
            object.__dict__["__class__"].__set__(self, kind)

    def _take(self, made: Any) -> None:
        """Be what SciPy has made of plain numbers; it may be asked at Variables all the same."""
        knots, c = made.get_knots(), made.get_coeffs()
        k = len(c) - len(knots) + 1
        t = np.concatenate([knots[:1]] * k + [knots] + [knots[-1:]] * k)
        self.spline, self._ends, self._scipys = BSpline.construct_fast(t, c, k), (knots[0], knots[-1]), made

    @classmethod
    def _ours(cls, made: Any) -> Any:
        if not isinstance(made, scipys.UnivariateSpline):
            return made
        again = cls.__new__(cls)
        again._take(made)
        return again

    def set_smoothing_factor(self, s: float) -> None:
        """Fit again to the same values, in place, with another smoothing."""
        if self._scipys is None or holds_variable(s):
            raise NoRuleError(f"a spline of Variables keeps its knots\n  at {user_line()}\nMake another one")
        self._scipys.set_smoothing_factor(settled(s))
        self._take(self._scipys)

    def antiderivative(self, n: int = 1) -> UnivariateSpline:
        """An antiderivative of order `n`, which is zero at the first place."""
        theirs = None if self._scipys is None else self._scipys.antiderivative(n)
        return _of_parts(self.spline.antiderivative(n), self._ends, self.ext, theirs)

    def __call__(self, x: Any, nu: int = 0, ext: Any = None) -> Any:
        """The values at places, or derivatives of order `nu`."""
        if self._scipys is not None and not holds_variable(x):
            return self._scipys(settled(x), nu, ext)
        x, ext = double(x), _outside(self.ext if ext is None else ext)
        low, high = self._ends
        inside = (x >= low) & (x <= high)
        if ext == 2 and not np.all(bottom(inside)):
            raise OutOfBoundsError(
                f"a spline with ext=2 was asked outside\n  at {user_line()}\nWrite ext=0, 1 or 3"
            )
        out = self.spline(np.where(inside, x, np.where(x < low, low, high)) if ext == 3 else x, nu)
        return np.where(inside, out, 0.0) if ext == 1 else out

    def derivative(self, n: int = 1) -> UnivariateSpline:
        """The derivative of order `n`."""
        theirs = None if self._scipys is None else self._scipys.derivative(n)
        # What stays outside has the derivative zero there.
        return _of_parts(self.spline.derivative(n), self._ends, 1 if self.ext == 3 else self.ext, theirs)

    def derivatives(self, x: Any) -> Any:
        """The value and all derivatives at a place."""
        if self._scipys is not None and not holds_variable(x):
            return self._scipys.derivatives(settled(x))
        return np.stack([self(x, nu) for nu in range(self.spline.k + 1)])

    def integral(self, a: Any, b: Any) -> Any:
        """The integral between two places inside, exactly: by Gauss's rule on each piece."""
        if self._scipys is not None and not holds_variable((a, b)):
            return self._scipys.integral(settled(a), settled(b))
        low, high = self._ends
        sign = np.where(b < a, -1.0, 1.0)
        first, last = np.clip(np.minimum(a, b), low, high), np.clip(np.maximum(a, b), low, high)
        nodes, weights = np.polynomial.legendre.leggauss(self.spline.k // 2 + 1)
        knots = np.clip(self.spline.t, first, last)
        half, middle = np.diff(knots) / 2, (knots[1:] + knots[:-1]) / 2
        return sign * np.sum(half * (self.spline(middle + np.multiply.outer(nodes, half)).T @ weights))

    def get_knots(self) -> Any:
        """The knots, each end once."""
        k = self.spline.k
        return self.spline.t[k : self.spline.t.shape[0] - k]

    def get_coeffs(self) -> Any:
        """The coefficients."""
        return self.spline.c


class InterpolatedUnivariateSpline(UnivariateSpline):
    """The spline of odd degree through values, called as a function, with `derivative`, `integral`, `get_knots`.

    Examples
    --------
    >>> import numpy as np, dragongrad as ad
    >>> from dragongrad.scipy import interpolate
    >>> x = np.arange(4.0)
    >>> ad.grad(lambda y: interpolate.InterpolatedUnivariateSpline(x, y).integral(0.0, 3.0))(x).round(6)
    array([0.375, 1.125, 1.125, 0.375])

    """

    theirs = scipys.InterpolatedUnivariateSpline
    _rule = staticmethod(_through)

    def __init__(
        self, x: Any, y: Any, w: Any = None, bbox: Any = (None, None), k: int = 3, ext: Any = 0,
        check_finite: bool = False,
    ) -> None:  # fmt: skip
        self._be(x, y, w, bbox, k, ext, check_finite)


class LSQUnivariateSpline(UnivariateSpline):
    """The spline with given inner knots that is nearest to values; called as `InterpolatedUnivariateSpline`.

    Examples
    --------
    >>> import numpy as np, dragongrad as ad
    >>> from dragongrad.scipy import interpolate
    >>> x = np.arange(6.0)
    >>> ad.grad(lambda y: interpolate.LSQUnivariateSpline(x, y, [2.5], k=1)(0.0))(x).round(4)[:3]
    array([ 0.7738,  0.381 , -0.0119])

    """

    theirs = scipys.LSQUnivariateSpline
    _rule = staticmethod(_nearest)

    def __init__(
        self, x: Any, y: Any, t: Any, w: Any = None, bbox: Any = (None, None), k: int = 3, ext: Any = 0,
        check_finite: bool = False,
    ) -> None:  # fmt: skip
        self._be(x, y, t, w, bbox, k, ext, check_finite)


_KINDS = {k.theirs: k for k in (UnivariateSpline, InterpolatedUnivariateSpline, LSQUnivariateSpline)}
CHAPTER.states |= dict.fromkeys(("InterpolatedUnivariateSpline", "LSQUnivariateSpline"), SMOOTH)


@smooth
def splrep(
    x: Any, y: Any, w: Any = None, xb: Any = None, xe: Any = None, k: int = 3, task: int = 0, s: Any = None,
    t: Any = None, full_output: int = 0, per: int = 0, quiet: int = 1,
) -> tuple[Any, Any, int]:  # fmt: skip
    """Knots, coefficients and degree of the spline through values (`s=0`), or at given inner knots (`t=`).

    Examples
    --------
    >>> import numpy as np, dragongrad as ad
    >>> from dragongrad.scipy import interpolate
    >>> x = np.arange(4.0)
    >>> ad.grad(lambda y: interpolate.splev(1.5, interpolate.splrep(x, y)))(x).round(4)
    array([-0.0625,  0.5625,  0.5625, -0.0625])

    """
    plainly = xb is None and xe is None and not full_output and not per and task in (0, -1 if t is not None else 0)
    if not plainly or (t is None and (s or (s is None and w is not None))):
        raise NoRuleError(
            f"splrep has derivatives with s=0, or at inner knots t=\n  at {user_line()}\n"
            "Write splrep(x, y, s=0), splrep(x, y, w, t=knots), or make_smoothing_spline(x, y, w, lam)"
        )
    made = UnivariateSpline(x, y, k=k, s=0) if t is None else LSQUnivariateSpline(x, y, t, w, k=k)
    spline = made.spline
    # SciPy fills the coefficients with zeros up to the number of knots.
    return spline.t, np.concatenate([spline.c, np.zeros(k + 1)]), k


CHAPTER.states["UnivariateSpline"] = CHAPTER.states["splrep"] = "exact derivatives: s=0, or splrep at given knots"
