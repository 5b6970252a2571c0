"""Integrals of samples: the rules of trapezoids, Simpson and Romberg."""

from __future__ import annotations

from typing import Any

import numpy as np

from ...blocks.axes import as_array, single
from ...core.errors import ArgumentError, ShapeError, describe, user_line
from ..chapters import double
from ..checks import checked
from .chapter import smooth


def _last(y: Any, x: Any, dx: Any, axis: int) -> tuple[Any, Any]:
    """The samples with their axis at the end, and the steps between them: one, or as many as fit."""
    y = as_array(y)
    y = y if y.dtype.kind in "fc" else y.astype(np.float64)
    at = single(axis, y.ndim)
    n = y.shape[at]
    samples = np.moveaxis(y, at, -1)
    if x is None:
        d = as_array(dx)
        if d.ndim == 0:
            # A number of Python's takes the dtype of the samples.
            return samples, dx
        d = np.moveaxis(np.broadcast_to(d, (*y.shape[:at], max(n - 1, 0), *y.shape[at + 1 :])), at, -1)
        return samples, d
    x = as_array(x)
    if x.shape not in ((n,), y.shape):
        raise ShapeError(
            f"places {describe(x)} of samples {describe(y)}: as many along axis {axis}\n  at {user_line()}"
        )
    return samples, np.diff(x if x.ndim == 1 else np.moveaxis(x, at, -1), axis=-1)


@smooth
def trapezoid(y: Any, x: Any = None, dx: Any = 1.0, axis: int = -1) -> Any:
    """The integral of samples along an axis, by trapezoids.

    Parameters
    ----------
    y : array
        The samples.
    x : array, optional
        Their places: a vector, or of the shape of `y`.
    dx : float
        The step between them, if `x` is left out.
    axis : int
        The axis.

    Returns
    -------
    array of the shape of `y` without the axis

    Raises
    ------
    ShapeError
        There are not as many places as samples.

    Examples
    --------
    >>> import numpy as np, dragongrad as ad
    >>> from dragongrad.scipy import integrate
    >>> ad.grad(lambda x: integrate.trapezoid(np.array([1.0, 2.0, 4.0]), x))(np.arange(3.0))
    array([-1.5, -1.5,  3. ])

    """
    y, d = _last(y, x, dx, axis)
    return np.sum(d * (y[..., 1:] + y[..., :-1]) / 2.0, axis=-1).astype(y.dtype)


@smooth
def cumulative_trapezoid(y: Any, x: Any = None, dx: Any = 1.0, axis: int = -1, initial: Any = None) -> Any:
    """The integrals of samples up to each, by trapezoids; with `initial=0` from the first one on.

    Examples
    --------
    >>> import numpy as np, dragongrad as ad
    >>> from dragongrad.scipy import integrate
    >>> ad.jacobian(integrate.cumulative_trapezoid)(np.arange(3.0))
    array([[0.5, 0.5, 0. ],
           [0.5, 1. , 0.5]])

    """
    at = axis
    y, d = _last(y, x, dx, axis)
    if not y.shape[-1]:
        raise ShapeError(f"cumulative_trapezoid needs one sample or more\n  at {user_line()}")
    out = np.cumsum(d * (y[..., 1:] + y[..., :-1]) / 2.0, axis=-1)
    if initial is not None:
        if initial != 0:
            raise ArgumentError(f"initial is None or 0, not {initial!r}\n  at {user_line()}")
        out = np.concatenate([np.zeros((*out.shape[:-1], 1), out.dtype), out], axis=-1)
    return np.moveaxis(out, -1, single(at, y.ndim))


def _parabolas(y: Any, d: Any) -> Any:
    """Simpson's rule for an odd number of samples."""
    first, middle, last = y[..., :-2:2], y[..., 1:-1:2], y[..., 2::2]
    if np.ndim(d) == 0:
        return np.sum(first + 4.0 * middle + last, axis=-1) * (d / 3.0)
    before, behind = d[..., ::2], d[..., 1::2]
    both, ratio = before + behind, _quotient(before, behind)
    weights = 2.0 - _quotient(1.0, ratio), both * _quotient(both, before * behind), 2.0 - ratio
    return np.sum(both / 6.0 * (first * weights[0] + middle * weights[1] + last * weights[2]), axis=-1)


def _quotient(x: Any, y: Any) -> Any:
    """Zero where the divisor is."""
    return np.where(y == 0, 0.0, x / np.where(y == 0, 1.0, y))


@smooth
def simpson(y: Any, x: Any = None, *, dx: Any = 1.0, axis: int = -1) -> Any:
    """The integral of samples along an axis, by parabolas; an even number of them with Cartwright's correction.

    Arguments, shapes and errors are those of `trapezoid`.

    Examples
    --------
    >>> import numpy as np, dragongrad as ad
    >>> from dragongrad.scipy import integrate
    >>> ad.grad(integrate.simpson)(np.array([1.0, 2.0, 4.0])).round(4)
    array([0.3333, 1.3333, 0.3333])

    """
    # Several steps are those of the results, each of them one for all samples.
    steps = as_array(dx) if x is None and np.ndim(dx) else None
    y, d = _last(y, x, dx if steps is None else 1.0, axis)
    n = y.shape[-1]
    # SciPy writes what it adds for an even number into the array of parabolas, if that is one.
    within = y.ndim > 1 and n != 2 and x is None
    if n > 2 and not within and (x is not None or n % 2 == 0):
        y = double(y)
    out = _simpson(y, d, n) if steps is None else _simpson(y, d, n) * steps
    return out.astype(y.dtype) if within else out


def _simpson(y: Any, d: Any, n: int) -> Any:
    if n % 2:
        return _parabolas(y, d)
    if n == 2:
        return 0.5 * (d if np.ndim(d) == 0 else d[..., -1]) * (y[..., -1] + y[..., -2])
    h0, h1 = (d, d) if np.ndim(d) == 0 else (d[..., -2], d[..., -1])
    alpha = _quotient(2 * h1**2 + 3 * h0 * h1, 6 * (h1 + h0))
    beta = _quotient(h1**2 + 3.0 * h0 * h1, 6 * h0)
    eta = _quotient(h1**3, 6 * h0 * (h0 + h1))
    rest = _parabolas(y[..., :-1], d if np.ndim(d) == 0 else d[..., :-1])
    return rest + alpha * y[..., -1] + beta * y[..., -2] - eta * y[..., -3]


def _thirds(y: Any, d: Any) -> Any:
    """The integrals over the first of each two neighbouring steps, of the parabola through the three samples."""
    first, middle, last = y[..., :-2], y[..., 1:-1], y[..., 2:]
    if np.ndim(d) == 0:
        return d / 3 * (5 * first / 4 + 2 * middle - last / 4)
    one, two = d[..., :-1], d[..., 1:]
    whole = one / (one + two)
    cross = whole * one / two
    return one / 6 * ((3 - whole) * first + (3 + cross + whole) * middle - cross * last)


def _check_steps(d: Any) -> None:
    if np.any(d <= 0):
        raise ArgumentError(f"cumulative_simpson: places x increase along the axis\n  at {user_line()}")


_increasing = checked("steps", _check_steps)


@smooth
def cumulative_simpson(y: Any, *, x: Any = None, dx: Any = 1.0, axis: int = -1, initial: Any = None) -> Any:
    """The integrals of samples up to each, by parabolas; `initial` is put before them and added to them.

    Examples
    --------
    >>> import numpy as np, dragongrad as ad
    >>> from dragongrad.scipy import integrate
    >>> ad.jacobian(integrate.cumulative_simpson)(np.arange(3.0)).round(4)
    array([[ 0.4167,  0.6667, -0.0833],
           [ 0.3333,  1.3333,  0.3333]])

    """
    original, at = as_array(y), axis
    y, d = _last(y, x, dx, axis)
    n = y.shape[-1]
    if not n:
        raise ShapeError(f"cumulative_simpson needs one sample or more\n  at {user_line()}")
    if x is None and np.ndim(dx) and n > 2:
        one = [1 if i == single(at, original.ndim) else s for i, s in enumerate(original.shape)]
        if list(np.shape(dx)) != one:
            raise ShapeError(
                f"cumulative_simpson: dx {describe(as_array(dx))} is a number, or of the shape {tuple(one)}\n"
                f"  at {user_line()}"
            )
    d = d if x is None or n < 3 else _increasing(d)
    if n >= 3 and x is None and not hasattr(dx, "dtype"):
        y = double(y)
    if n < 3:
        out = np.cumsum(d * (y[..., 1:] + y[..., :-1]) / 2.0, axis=-1)
    else:
        ahead = _thirds(y, d)
        back = np.flip(_thirds(np.flip(y, -1), d if np.ndim(d) == 0 else np.flip(d, -1)), -1)
        # Of each pair of steps the first by the one, the second by the other; the last step stands alone.
        even = np.arange(n - 2) % 2 == 0
        steps = np.where(even, ahead, np.concatenate([back[..., :1], back[..., :-1]], axis=-1))
        out = np.cumsum(np.concatenate([steps, back[..., -1:]], axis=-1), axis=-1)
    if initial is not None:
        begin = as_array(initial)
        shape = (*y.shape[:-1], 1)
        begin = np.moveaxis(begin, single(at, original.ndim), -1) if begin.ndim else begin
        begin = np.broadcast_to(begin, shape).astype(np.result_type(out.dtype, begin.dtype))
        out = np.concatenate([begin, out + begin], axis=-1)
    return np.moveaxis(out, -1, single(at, original.ndim))


@smooth
def romb(y: Any, dx: Any = 1.0, axis: int = -1, show: bool = False) -> Any:
    """The integral of 2**k + 1 samples at equal steps, by Romberg's extrapolation.

    Examples
    --------
    >>> import numpy as np, dragongrad as ad
    >>> from dragongrad.scipy import integrate
    >>> ad.grad(integrate.romb)(np.array([1.0, 2.0, 4.0])).round(4)
    array([0.3333, 1.3333, 0.3333])

    """
    if show:
        raise ArgumentError(f"romb of Variables shows no table\n  at {user_line()}\nWrite show=False")
    y, d = _last(double(y), None, 1.0, axis)
    count = y.shape[-1] - 1
    levels = count.bit_length() - 1
    if count < 1 or count != 1 << levels:
        raise ShapeError(f"romb needs 2**k + 1 samples, got {count + 1}\n  at {user_line()}")
    h = count * d
    row = [(y[..., 0] + y[..., -1]) / 2.0 * h]
    for i in range(1, levels + 1):
        step = count >> i
        now = [0.5 * (row[0] + h * np.sum(y[..., step :: 2 * step], axis=-1))]
        for j in range(1, i + 1):
            now.append(now[-1] + (now[-1] - row[j - 1]) / ((1 << (2 * j)) - 1))
        row, h = now, h / 2.0
    return row[-1] * dx
