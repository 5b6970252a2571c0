"""Gradient clipping: what `clip=` does to every gradient before the step."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

import numpy as np

from .objective import Array
from .options import positive, whole


def clip_by_norm(limit: float, axis: int | None = None) -> Callable[[Array], Array]:
    """Shorten gradients that are longer than a limit, keeping their direction.

    Pascanu, Mikolov and Bengio, "On the difficulty of training recurrent neural networks" (ICML 2013), algorithm 1.

    Parameters
    ----------
    limit : float
        The greatest Euclidean norm that is left alone.
    axis : int, optional
        Where many starts are optimized at once, the axis of their coordinates: each is clipped by its own norm.
        Without it the norm is that of the whole gradient, all arrays of a nest together.

    Returns
    -------
    clip : callable
        From a gradient to a clipped one of the same shape and dtype.

    Raises
    ------
    ArgumentError
        `limit` is not positive, or `axis` not a whole number.

    Examples
    --------
    >>> import numpy as np
    >>> from dragongrad.optimize import GD, clip_by_norm
    >>> clip_by_norm(1.0)(np.array([3.0, 4.0]))
    array([0.6, 0.8])
    >>> GD(lambda x: np.sum(np.cosh(x)), [30.0, 1.0], lr=0.1, clip=clip_by_norm(1.0)).solve().round(4)
    array([0., 0.])

    """
    if axis is not None:
        axis = whole("axis", axis)
    return partial(_shorten, limit=_checked(limit), axis=axis)


def clip_by_value(limit: float) -> Callable[[Array], Array]:
    """Cut every element of a gradient to lie between `-limit` and `limit`, which may turn its direction.

    Mikolov, "Statistical language models based on neural networks" (thesis, Brno 2012), section 3.2.2.

    Parameters
    ----------
    limit : float
        The greatest magnitude that is left alone.

    Returns
    -------
    clip : callable
        From a gradient to a clipped one of the same shape and dtype.

    Raises
    ------
    ArgumentError
        `limit` is not positive.

    Examples
    --------
    >>> import numpy as np
    >>> from dragongrad.optimize import clip_by_value
    >>> clip_by_value(1.0)(np.array([3.0, -0.5]))
    array([ 1. , -0.5])

    """
    return partial(_cut, limit=_checked(limit))


def _checked(limit: float) -> float:
    return positive("the limit of clipping", limit)


def _shorten(gradient: Array, limit: float, axis: int | None) -> Array:
    # Relative to the largest element: squares of large numbers overflow.
    largest = np.max(np.abs(gradient), axis=axis, keepdims=True, initial=0.0)
    unit = np.where(largest > 0, largest, 1)
    # A gradient with an infinity becomes NaN, which the run reports.
    with np.errstate(invalid="ignore"):
        norm = unit * np.sqrt(np.sum(np.square(gradient / unit), axis=axis, keepdims=True))
        return gradient * (limit / np.maximum(norm, limit))


def _cut(gradient: Array, limit: float) -> Array:
    return np.clip(gradient, -limit, limit)
