"""Small random changes of films in training: position, size and exposure. Left and right are never exchanged."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np


@dataclass(frozen=True)
class Shake:
    """Small shifts, turns, zooms and changes of exposure, drawn for each film; for `augment=` of `nn.train`.

    A mirrored chest has its heart on the other side: there is no option for that.

    Parameters
    ----------
    shift : float
        The greatest shift, as a share of the film's side.
    turn : float
        The greatest turn, in radians.
    zoom : float
        The greatest relative change of size.
    contrast, brightness : float
        How much grey values are spread around their mean, and moved: at most.
    gamma : float
        The greatest change of the logarithm of the exponent that grey values are raised to.

    Examples
    --------
    >>> import numpy as np
    >>> from dragongrad.nn import images
    >>> films = images.simulate(patients=2, size=32)
    >>> images.Shake()(np.random.default_rng(0), films.images).shape
    (4, 32, 32, 1)

    """

    shift: float = 0.08
    turn: float = 0.12
    zoom: float = 0.1
    contrast: float = 0.25
    brightness: float = 0.1
    gamma: float = 0.3

    def __call__(self, rng: np.random.Generator, x: Any) -> Any:
        """Changed films of the same shape, (N, H, W, 1), in [0, 1]."""
        x = np.asarray(x)
        count = len(x)

        def drawn(most: float) -> Any:
            return rng.uniform(-most, most, (count, 1, 1)).astype(np.float32)

        moved = moved_by(x[..., 0], drawn(self.turn), drawn(self.zoom), drawn(self.shift), drawn(self.shift))
        mean = moved.mean(axis=(1, 2), keepdims=True)
        shown = mean + (moved - mean) * (1 + drawn(self.contrast)) + drawn(self.brightness)
        return (np.clip(shown, 0, 1) ** np.exp(drawn(self.gamma)))[..., None]


def moved_by(films: Any, turn: Any, zoom: Any, right: Any, down: Any) -> Any:
    """Films (N, H, W) turned, zoomed and shifted around their centres, linear between pixels, edges repeated."""
    count, height, width = films.shape
    y, x = np.indices((height, width), dtype=np.float32)
    y, x = y - np.float32((height - 1) / 2), x - np.float32((width - 1) / 2)
    cos, sin = np.cos(turn) * (1 + zoom), np.sin(turn) * (1 + zoom)
    rows = np.clip(cos * y + sin * x + (height - 1) / 2 + down * height, 0, height - 1)
    columns = np.clip(cos * x - sin * y + (width - 1) / 2 + right * width, 0, width - 1)
    top, left = np.minimum(rows.astype(np.int32), height - 2), np.minimum(columns.astype(np.int32), width - 2)
    below, beside = (rows - top).astype(films.dtype), (columns - left).astype(films.dtype)
    flat = np.ascontiguousarray(films).reshape(-1)
    corner = np.arange(count, dtype=np.int32)[:, None, None] * (height * width) + top * width + left
    upper = flat[corner] * (1 - beside) + flat[corner + 1] * beside
    lower = flat[corner + width] * (1 - beside) + flat[corner + width + 1] * beside
    return upper * (1 - below) + lower * below
