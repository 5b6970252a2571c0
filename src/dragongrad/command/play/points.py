"""Points of the plane in two classes, for a network to tell apart."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from ...optimize.objective import Array


def moons(rng: np.random.Generator, count: int) -> Array:
    """Two half circles that reach into each other; the first half of the points is one class."""
    angle = np.pi * rng.random(count)
    upper = np.arange(count) < count // 2
    x = np.where(upper, np.cos(angle), 1 - np.cos(angle)) - 0.5
    y = np.where(upper, np.sin(angle), 0.5 - np.sin(angle)) - 0.25
    return np.stack([x, y], axis=1) * 0.75


def circles(rng: np.random.Generator, count: int) -> Array:
    """A disc in a ring."""
    angle = 2 * np.pi * rng.random(count)
    outer = np.arange(count) < count // 2
    radius = np.where(outer, 0.75 + 0.25 * rng.random(count), 0.45 * np.sqrt(rng.random(count)))
    return np.stack([radius * np.cos(angle), radius * np.sin(angle)], axis=1)


def spirals(rng: np.random.Generator, count: int) -> Array:
    """Two spirals around each other."""
    radius = 0.05 + 0.95 * np.sqrt(rng.random(count))
    angle = 1.75 * 2 * np.pi * radius + np.pi * (np.arange(count) < count // 2)
    return np.stack([radius * np.cos(angle), radius * np.sin(angle)], axis=1)


def xor(rng: np.random.Generator, count: int) -> Array:
    """Opposite quarters of a square are of one class."""
    x = 0.08 + 0.92 * rng.random((count, 2))
    signs = rng.choice([-1.0, 1.0], count)
    first = np.arange(count) < count // 2
    return x * np.stack([signs, np.where(first, signs, -signs)], axis=1)


SETS: dict[str, Callable[[np.random.Generator, int], Array]] = {
    "moons": moons, "circles": circles, "spirals": spirals, "xor": xor,
}  # fmt: skip


def points(name: str, count: int, noise: float, seed: int) -> tuple[Array, Array]:
    """A set of points by its name.

    Parameters
    ----------
    name : {"moons", "circles", "spirals", "xor"}
    count : int
    noise : float
        The standard deviation of what is added to each coordinate; the points lie within about 1 of the origin.
    seed : int

    Returns
    -------
    x : array of shape (count, 2), float32
    y : array of shape (count,), float32
        1 for the first half of the points, 0 for the others.

    Examples
    --------
    >>> from dragongrad.command.play.points import points
    >>> x, y = points("xor", 100, 0.0, seed=0)
    >>> x.shape, bool(((x[:, 0] * x[:, 1] > 0) == y).all())
    ((100, 2), True)

    """
    rng = np.random.default_rng(seed)
    x = SETS[name](rng, count)
    x = x + noise * rng.normal(size=x.shape)
    return x.astype(np.float32), (np.arange(count) < count // 2).astype(np.float32)
