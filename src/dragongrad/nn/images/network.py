"""The network for films that the recipe trains: convolutions with group norms, then one mean a channel."""

from __future__ import annotations

from typing import Any

import numpy as np

from ...core.errors import ArgumentError
from ..activations import relu
from ..chain import Chain
from ..convolution import Conv
from ..dense import Dense
from ..dropout import Dropout
from ..normalization import GroupNorm
from ..pooling import GlobalPool, max_pool

# Each stage halves the sides; the last leaves about this many places.
_PLACES = 4


def film_network(shape: tuple[int, ...], width: int = 16, dropout: float = 0.2, classes: int = 2) -> Chain:
    """A small convolutional network for films of one size.

    Group norms do the same in training and after it (Wu and He 2018); the mean over all places makes the outcome
    depend little on where a shadow lies (Lin, Chen and Yan 2014).

    Parameters
    ----------
    shape : tuple of int
        Of one film: (H, W, 1).
    width : int
        The channels of the first stage, a multiple of 8; each has twice as many as the one before, up to 4 times.
    dropout : float
        The part of the channels left out before the last layer in training.
    classes : int
        How many outputs.

    Returns
    -------
    Chain
        Layers `conv1 norm1 relu1 pool1 conv2 ... mean drop head`.

    Examples
    --------
    >>> from dragongrad.nn import images
    >>> print(images.film_network((28, 28, 1)).table((28, 28, 1)))  # doctest: +ELLIPSIS
    layer  what               output        parameters  multiplications
    ───────────────────────────────────────────────────────────────────
    conv1  Conv(16)           28 x 28 x 16         160          112,896
    ...

    """
    if width < 8 or width % 8:
        raise ArgumentError(f"the width is a multiple of 8, got {width!r}")
    named: dict[str, Any] = {}
    for k in range(1, stages(shape) + 1):
        channels = width * min(2 ** (k - 1), 4)
        named |= {f"conv{k}": Conv(channels), f"norm{k}": GroupNorm(8), f"relu{k}": relu, f"pool{k}": max_pool}
    return Chain(**named, mean=GlobalPool(), drop=Dropout(dropout), head=Dense(classes))


def stages(shape: tuple[int, ...]) -> int:
    """How many times the sides are halved."""
    return max(2, int(np.log2(max(min(shape[:2]) / _PLACES, 1)) + 0.5))
