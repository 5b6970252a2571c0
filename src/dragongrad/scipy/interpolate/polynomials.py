"""Piecewise polynomials: cubic splines, and the interpolants of Hermite, Fritsch and Carlson, and Akima.

Each is made of its slopes at the places, which are smooth in the places and the values but for the kinks of the
method.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import scipy.interpolate as scipys

from ...core.errors import ArgumentError, DtypeError, ShapeError, describe, user_line
from ...core.variable import bottom
from ..chapters import SMOOTH, double
from ..linalg import solve_banded
from .chapter import CHAPTER, beside, data, own
from .pieces import PPoly


def _hermite(x: Any, y: Any, slopes: Any, extrapolate: Any, axis: int) -> PPoly:
    """The cubic polynomials with given values and slopes at the places."""
    h = beside(np.diff(x), y)
    mean = np.diff(y, axis=0) / h
    t = (slopes[:-1] + slopes[1:] - 2 * mean) / h
    c = np.stack([t / h, (mean - slopes[:-1]) / h - t, slopes[:-1], y[:-1]])
    return PPoly.construct_fast(c, x, extrapolate, axis)


def _by_slopes(x: Any, y: Any, dydx: Any, axis: int = 0, extrapolate: Any = None) -> PPoly:
    x, y, at = data("CubicHermiteSpline", x, y, axis)
    slopes = np.moveaxis(double(dydx), at, 0)
    if slopes.shape != y.shape:
        raise ShapeError(f"CubicHermiteSpline: slopes {describe(dydx)} of the shape of y\n  at {user_line()}")
    return _hermite(x, y, slopes, extrapolate, at)


class CubicHermiteSpline(PPoly):
    """The piecewise cubic with given values and slopes at places `x` (n,).

    Examples
    --------
    >>> import numpy as np, dragongrad as ad
    >>> from dragongrad.scipy import interpolate
    >>> x, y = np.array([0.0, 1.0]), np.array([0.0, 1.0])
    >>> ad.grad(lambda s: interpolate.CubicHermiteSpline(x, y, s)(0.5))(np.zeros(2))
    array([ 0.125, -0.125])

    """

    theirs = _kind = scipys.CubicHermiteSpline

    def __init__(self, x: Any, y: Any, dydx: Any, axis: int = 0, extrapolate: Any = None) -> None:
        self._be(_by_slopes, x, y, dydx, axis, extrapolate)


CHAPTER.states["CubicHermiteSpline"] = SMOOTH


def _ends(bc_type: Any, y: Any) -> list[Any]:
    """What holds at either end: "not-a-knot", "periodic", or an order and a value."""
    both = (bc_type, bc_type) if isinstance(bc_type, str) else tuple(bc_type)
    known: dict[Any, Any] = {"clamped": (1, np.zeros(y.shape[1:])), "natural": (2, np.zeros(y.shape[1:])),
             "not-a-knot": "not-a-knot", "periodic": "periodic"}  # fmt: skip
    found: list[Any] = [known.get(one) if isinstance(one, str) else (one[0], double(one[1])) for one in both]
    if len(found) != 2 or None in [f if isinstance(f, str) else f and f[0] for f in found]:
        raise ArgumentError(f"CubicSpline: bc_type={bc_type!r} is none that is known\n  at {user_line()}")
    if "periodic" in both and both != ("periodic", "periodic"):
        raise ArgumentError(f"CubicSpline: periodic is said of both ends: bc_type='periodic'\n  at {user_line()}")
    for one in found:
        if not isinstance(one, str) and (one[0] not in (1, 2) or np.shape(one[1]) != y.shape[1:]):
            raise ArgumentError(
                f"CubicSpline: an end has an order, 1 or 2, and a value {y.shape[1:]}\n  at {user_line()}"
            )
    return found


def _first_row(end: Any, y: Any, h: Any, mean: Any) -> tuple[Any, Any, Any]:
    """The diagonal, what stands beside it, and the right-hand side of the equation of an end, seen from there."""
    if end == "not-a-knot":
        d = h[0] + h[1]
        wide = [np.reshape(v, (1,) * (y.ndim - 1)) for v in (h[0], h[1], d)]
        right = ((wide[0] + 2 * wide[2]) * wide[1] * mean[0] + wide[0] ** 2 * mean[1]) / wide[2]
        return h[1], d, right
    order, value = end
    if order == 1:
        return np.ones(()), np.zeros(()), value + 0 * mean[0]
    return 2 * h[0], h[0], 3 * mean[0] * h[0] - 0.5 * value * h[0] ** 2


def _slopes(x: Any, y: Any, ends: list[Any]) -> Any:
    n, h = x.shape[0], np.diff(x)
    wide = beside(h, y)
    mean = np.diff(y, axis=0) / wide
    if n == 2:
        ends = [(1, mean[0]) if isinstance(end, str) else end for end in ends]
    if n > 2 and ends[0] == "periodic":
        return _periodic_slopes(h, wide, mean)
    if n == 3 and ends == ["not-a-knot", "not-a-knot"]:
        # A parabola: its slopes are linear.
        second = (mean[1] - mean[0]) / (h[0] + h[1])
        return np.stack([mean[0] - h[0] * second, mean[0] + h[0] * second, mean[1] + h[1] * second])
    first = _first_row(ends[0], y, h, mean)
    last = _first_row(_seen_from_behind(ends[1]), y, np.flip(h), np.flip(mean, 0))
    diagonal = np.concatenate([_one(first[0]), 2 * (h[:-1] + h[1:]), _one(last[0])])
    above = np.concatenate([np.zeros(1), _one(first[1]), h[:-1]])
    below = np.concatenate([h[1:], _one(last[1]), np.zeros(1)])
    inner = 3 * (wide[1:] * mean[:-1] + wide[:-1] * mean[1:])
    right = np.concatenate([first[2][None], inner, last[2][None]])
    band = np.stack([above, diagonal, below])
    return np.reshape(solve_banded((1, 1), band, np.reshape(right, (n, -1))), y.shape)


def _seen_from_behind(end: Any) -> Any:
    # Backwards the second derivative, which enters beside slopes with their sign, changes its own.
    return (2, -end[1]) if not isinstance(end, str) and end[0] == 2 else end


def _one(value: Any) -> Any:
    return np.reshape(value, (1,))


def _periodic_slopes(h: Any, wide: Any, mean: Any) -> Any:
    if h.shape[0] == 2:
        slope = np.sum(mean / wide, axis=0) / np.sum(1 / wide, axis=0)
        return np.stack([slope] * 3)
    n, before = h.shape[0], np.roll(h, 1)
    eye = np.eye(n)
    matrix = (
        eye * (2 * (h + before))[:, None]
        + np.roll(eye, 1, axis=1) * before[:, None]
        + np.roll(eye, -1, axis=1) * h[:, None]
    )
    right = 3 * (wide * np.roll(mean, 1, axis=0) + np.roll(wide, 1, axis=0) * mean)
    slopes = np.reshape(np.linalg.solve(matrix, np.reshape(right, (n, -1))), right.shape)
    return np.concatenate([slopes, slopes[:1]])


def _cubic(x: Any, y: Any, axis: int = 0, bc_type: Any = "not-a-knot", extrapolate: Any = None) -> PPoly:
    x, y, at = data("CubicSpline", x, y, axis)
    ends = _ends(bc_type, y)
    if ends[0] == "periodic" and not np.allclose(bottom(y[0]), bottom(y[-1]), rtol=1e-15, atol=1e-15):
        raise ArgumentError(f"CubicSpline: the first and the last value of a period are equal\n  at {user_line()}")
    how = ("periodic" if ends[0] == "periodic" else True) if extrapolate is None else extrapolate
    return _hermite(x, y, _slopes(x, y, ends), how, at)


class CubicSpline(CubicHermiteSpline):
    """The cubic spline through values at places, with two continuous derivatives.

    Parameters
    ----------
    x : array of shape (n,)
        The places, which rise.
    y : array
        The values, n along the axis.
    axis : int
        The axis of places.
    bc_type : str or tuple of two
        What holds at the ends: "not-a-knot", "periodic", "clamped", "natural", or for each an order and a value.
    extrapolate : bool or "periodic", optional
        Whether the spline goes on outside; else it is NaN.

    Raises
    ------
    ShapeError
        There are not as many values as places.
    ArgumentError
        The places do not rise, or an end that is not known.

    Examples
    --------
    >>> import numpy as np, dragongrad as ad
    >>> from dragongrad.scipy import interpolate
    >>> x = np.array([0.0, 1.0, 2.0])
    >>> ad.grad(lambda y: interpolate.CubicSpline(x, y)(0.5))(x**2)
    array([ 0.375,  0.75 , -0.125])

    """

    theirs = _kind = scipys.CubicSpline

    def __init__(self, x: Any, y: Any, axis: int = 0, bc_type: Any = "not-a-knot", extrapolate: Any = None) -> None:
        self._be(_cubic, x, y, axis, bc_type, extrapolate)


CHAPTER.states["CubicSpline"] = SMOOTH


def _end_slope(h0: Any, h1: Any, m0: Any, m1: Any) -> Any:
    """Moler, *Numerical Computing with MATLAB*, 3.6."""
    d = ((2 * h0 + h1) * m0 - h0 * m1) / (h0 + h1)
    too_far = np.logical_and(np.sign(m0) != np.sign(m1), np.absolute(d) > 3 * np.absolute(m0))
    return np.where(np.sign(d) != np.sign(m0), 0.0, np.where(too_far, 3 * m0, d))


def _refuse_complex(name: str, y: Any) -> None:
    """Refuse complex values where slopes are chosen by signs and sizes, as SciPy does."""
    if y.dtype.kind == "c":
        raise DtypeError(
            f"{name} takes real values, got {describe(y)}\n  at {user_line()}\n"
            "Interpolate np.real(y) and np.imag(y) by themselves"
        )


def _monotone(x: Any, y: Any, axis: int = 0, extrapolate: Any = None) -> PPoly:
    x, y, at = data("PchipInterpolator", x, y, axis)
    _refuse_complex("PchipInterpolator", y)
    h = beside(np.diff(x), y)
    mean = np.diff(y, axis=0) / h
    if x.shape[0] == 2:
        return _hermite(x, y, np.concatenate([mean, mean]), extrapolate, at)
    before, behind = mean[:-1], mean[1:]
    turns = np.logical_or(np.sign(before) != np.sign(behind), np.logical_or(before == 0, behind == 0))
    first, second = 2 * h[1:] + h[:-1], h[1:] + 2 * h[:-1]
    safe = [np.where(turns, 1.0, m) for m in (before, behind)]
    inner = np.where(turns, 0.0, (first + second) / (first / safe[0] + second / safe[1]))
    low = _end_slope(h[0], h[1], mean[0], mean[1])
    high = _end_slope(h[-1], h[-2], mean[-1], mean[-2])
    return _hermite(x, y, np.concatenate([low[None], inner, high[None]]), extrapolate, at)


class PchipInterpolator(CubicHermiteSpline):
    """The piecewise cubic that keeps the values' rising and falling (Fritsch and Carlson 1980).

    Where a step of the values is zero, the slope there has a kink.

    Examples
    --------
    >>> import numpy as np, dragongrad as ad
    >>> from dragongrad.scipy import interpolate
    >>> x = np.array([0.0, 1.0, 2.0])
    >>> ad.grad(lambda y: interpolate.PchipInterpolator(x, y)(0.5))(np.array([0.0, 1.0, 1.5])).round(3)
    array([ 0.34 ,  0.833, -0.174])

    """

    theirs = _kind = scipys.PchipInterpolator

    def __init__(self, x: Any, y: Any, axis: int = 0, extrapolate: Any = None) -> None:
        self._be(_monotone, x, y, axis, extrapolate)


CHAPTER.states["PchipInterpolator"] = SMOOTH


@own
def pchip_interpolate(xi: Any, yi: Any, x: Any, der: Any = 0, axis: int = 0) -> Any:
    """The values, or those of a derivative, of `PchipInterpolator` at places.

    Examples
    --------
    >>> import numpy as np, dragongrad as ad
    >>> from dragongrad.scipy import interpolate
    >>> t = np.array([0.0, 1.0, 2.0])
    >>> ad.grad(lambda x: interpolate.pchip_interpolate(t, t**2, x))(0.5)
    np.float64(1.125)

    """
    spline = PchipInterpolator(xi, yi, axis=axis)
    return [spline(x, nu) for nu in der] if isinstance(der, (list, tuple)) else spline(x, der)


def _akima(x: Any, y: Any, axis: int = 0, *, method: str = "akima", extrapolate: Any = None) -> PPoly:
    if method not in ("akima", "makima"):
        raise ArgumentError(f"Akima1DInterpolator: 'akima' or 'makima', not {method!r}\n  at {user_line()}")
    x, y, at = data("Akima1DInterpolator", x, y, axis)
    _refuse_complex("Akima1DInterpolator", y)
    how = False if extrapolate is None else extrapolate
    mean = np.diff(y, axis=0) / beside(np.diff(x), y)
    if x.shape[0] == 2:
        return _hermite(x, y, np.concatenate([mean, mean]), how, at)
    low, high = 2 * mean[0] - mean[1], 2 * mean[-1] - mean[-2]
    m = np.concatenate([(2 * low - mean[0])[None], low[None], mean, high[None], (2 * high - mean[-1])[None]])
    jump = np.absolute(np.diff(m, axis=0))
    if method == "makima":
        jump = jump + 0.5 * np.absolute(m[1:] + m[:-1])
    behind, before = jump[2:], jump[:-2]
    both = behind + before
    known = both > 1e-9 * np.max(both, initial=0.0)
    weighted = m[1:-2] + before / np.where(known, both, 1.0) * (m[2:-1] - m[1:-2])
    return _hermite(x, y, np.where(known, weighted, 0.5 * (m[3:] + m[:-3])), how, at)


class Akima1DInterpolator(CubicHermiteSpline):
    """Akima's piecewise cubic (1970), or with `method="makima"` the modified one; NaN outside.

    Where neighbouring slopes are equal it has a kink.

    Examples
    --------
    >>> import numpy as np, dragongrad as ad
    >>> from dragongrad.scipy import interpolate
    >>> x = np.arange(5.0)
    >>> ad.grad(lambda t: interpolate.Akima1DInterpolator(x, x**2)(t))(1.5).round(6)
    np.float64(3.0)

    """

    theirs = _kind = scipys.Akima1DInterpolator

    def __init__(self, x: Any, y: Any, axis: int = 0, *, method: str = "akima", extrapolate: Any = None) -> None:
        self._be(_akima, x, y, axis, method=method, extrapolate=extrapolate)


CHAPTER.states["Akima1DInterpolator"] = SMOOTH
