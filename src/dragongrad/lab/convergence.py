"""How fast a run converged: the order and constant of its tail, against a minimum known to full precision."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np

from ..optimize.objective import Array
from ..transforms.gradients import grad
from ..transforms.jacobians import hessian

# More pairs than this say nothing new; Theil and Sen's slopes are as many as their square.
_PAIRS = 60
# A Hessian of more variables costs more than knowing the minimum better is worth.
_DENSE = 200


def fit_order(errors: Any, floor: float = 0.0) -> tuple[float, float]:
    """The order p and constant C of convergence, from errors that shrink as `e[k+1] = C * e[k]**p`.

    The line `log e[k+1] = log C + p log e[k]` is laid through the tail by the median of the slopes between pairs
    (Theil 1950, Sen 1968), so that a few odd steps do not turn it. Where errors go up and down, as those of methods
    with momentum do, the largest error still to come takes their place. The tail is what lies below a tenth
    of the first error, or the last three steps where that is less.

    Parameters
    ----------
    errors : array of shape (k,)
        The distance to the minimum at the start and after every step.
    floor : float
        Errors up to this are rounding and do not count.

    Returns
    -------
    order, constant : float
        NaN where fewer than four errors count, where they do not shrink, or lie on no line.

    Examples
    --------
    >>> import numpy as np
    >>> from dragongrad.lab.convergence import fit_order
    >>> order, constant = fit_order(0.5 ** np.arange(20))
    >>> print(f"{order:.2f} {constant:.2f}")
    1.00 0.50
    >>> order, constant = fit_order([0.2 ** (2**k) for k in range(6)])
    >>> print(f"{order:.2f} {constant:.2f}")
    2.00 1.00

    """
    e = np.asarray(errors, float)
    if not np.isfinite(e).all():
        return math.nan, math.nan
    # The largest error still to come: it never rises.
    e = np.maximum.accumulate(e[::-1])[::-1]
    e = e[e > max(floor, 0.0)]
    if e.size < 4 or e[-1] > 0.5 * e[0]:
        return math.nan, math.nan
    begin = min(int(np.argmax(e <= 0.1 * e[0])) if (e <= 0.1 * e[0]).any() else e.size, e.size - 4)
    log = np.log(e[begin:])
    x, y = log[:-1], log[1:]
    chosen = np.unique(np.linspace(0, x.size - 1, min(x.size, _PAIRS)).round().astype(int))
    i, j = np.triu_indices(chosen.size, 1)
    dx, dy = (v[chosen][i] - v[chosen][j] for v in (x, y))
    apart = np.abs(dx) > 1e-9
    if not apart.any():
        return math.nan, math.nan
    order = float(np.median(dy[apart] / dx[apart]))
    # The mean, not the median: the steps on which the largest error rests are part of the rate.
    level = float(np.mean(y - order * x))
    if np.median(np.abs(y - order * x - level)) > 0.1 * np.ptp(y):
        return math.nan, math.nan
    return order, math.exp(level)


def refine(f: Callable[[Any], Any], x: Array, steps: int = 4) -> Array:
    """A minimizer printed with a few digits, brought to full precision by Newton's method.

    Parameters
    ----------
    f : callable
        A function of a vector.
    x : array of shape (n,)
        Close to a minimizer.
    steps : int
        At most so many.

    Returns
    -------
    ndarray
        The better point; `x` itself where the function has no Hessian there, or Newton's method leaves.

    Examples
    --------
    >>> import numpy as np
    >>> from dragongrad.lab.convergence import refine
    >>> print(refine(lambda x: np.sum(np.cosh(x - 1 / 3)), np.array([0.333]))[0])
    0.3333333333333333

    """
    if x.size > _DENSE:
        return x
    slope, curvature = grad(f), hessian(f)
    best, g = x, slope(x)
    with np.errstate(all="ignore"):
        for _ in range(steps):
            if not (np.isfinite(g).all() and g.any()):
                break
            h = curvature(best)
            if not np.isfinite(h).all():
                break
            # The least-squares step stays put along directions in which the minimum is flat.
            new = best - np.linalg.lstsq(h, g, rcond=1e-12)[0]
            slope_there = slope(new)
            near = np.linalg.norm(new - x) <= 1e-2 * (1 + np.linalg.norm(x))
            if not (near and np.abs(slope_there).max() < np.abs(g).max()):
                break
            best, g = new, slope_there
    return best


def distances(path: Array, minima: list[Array]) -> Array:
    """How far each point of a path is from the minimum that is nearest to its end.

    Parameters
    ----------
    path : array of shape (k, n)
    minima : list of arrays of shape (n,)
        At least one.

    """
    near = min(minima, key=lambda m: float(np.linalg.norm(path[-1] - m)))
    return np.asarray(np.linalg.norm(path - near, axis=1))
