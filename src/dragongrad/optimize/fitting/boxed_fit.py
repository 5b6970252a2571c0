"""A step of a fit that stays within bounds."""

from __future__ import annotations

import numpy as np

from ..objective import Array
from .damping import LinearModel, norm

# Steps along the projected gradient that are tried, each half as long as the last.
_HALVINGS = 12


def boxed_step(
    triangle: tuple[Array, Array], scale: Array, ends: tuple[Array, Array], free: Array, radius: float
) -> Array:
    """The best step found for `|c + R p|` within a radius and bounds.

    As `BoxedQuadratic` does it with a Hessian: parameters that the damped step takes beyond their bounds are put
    there and the step of the others is worked out again, until none leaves; the step along the projected gradient
    serves where it is better.

    Parameters
    ----------
    triangle : tuple of ndarray
        R of shape (k, n) and c of shape (k,).
    scale : ndarray
        The radius is measured in `scale * p`.
    ends : tuple of ndarray
        The least and the greatest step of each parameter.
    free : ndarray
        Which parameters may move.
    radius : float

    """
    r, c = triangle
    steps = [_active(r, c, scale, ends, free, radius), _projected(r, c, scale, ends, free, radius)]
    return min(steps, key=lambda p: norm(c + r @ p))


def _active(r: Array, c: Array, scale: Array, ends: tuple[Array, Array], free: Array, radius: float) -> Array:
    p, free = np.zeros_like(scale), free.copy()
    while free.any():
        left = radius**2 - norm((scale * p)[~free]) ** 2
        if left <= 0:
            break
        model = LinearModel(r[:, free], c + r @ p, scale[free], len(c))
        trial = p.copy()
        trial[free] = model.step(model.damped(left**0.5, 0.0)[1]) / scale[free]
        beyond = free & ((trial < ends[0]) | (trial > ends[1]))
        if not beyond.any():
            return trial
        p[beyond] = np.clip(trial, *ends)[beyond]
        free &= ~beyond
    return p


def _projected(r: Array, c: Array, scale: Array, ends: tuple[Array, Array], free: Array, radius: float) -> Array:
    way = -(r.T @ c) / scale**2 * free
    size = norm(scale * way) or 1.0
    steps = [np.clip(radius / size * 0.5**k * way, *ends) for k in range(_HALVINGS)]
    return min(steps, key=lambda p: norm(c + r @ p))
