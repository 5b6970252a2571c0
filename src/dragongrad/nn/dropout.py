"""Dropout: a random part of the inputs set to zero while training."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..core.errors import ArgumentError
from .layers import Params, Shape, layer, misfit


def dropout(x: Any, rate: float, noise: Any) -> Any:
    """Zero where the noise is below the rate, the rest scaled up so that the expectation stays.

    Srivastava, Hinton, Krizhevsky, Sutskever and Salakhutdinov, *Dropout* (JMLR 15, 2014), in the form that scales
    while training.

    Parameters
    ----------
    x : array
        Of any shape.
    rate : float
        The part that is dropped, in [0, 1).
    noise : array
        Uniform numbers in [0, 1) of the shape of x, or of one that it broadcasts with. They are an argument so
        that a compiled step draws anew each time and a run can be repeated.

    Returns
    -------
    array
        Of the shape and dtype of x.

    Examples
    --------
    >>> import numpy as np
    >>> from dragongrad import nn
    >>> nn.dropout(np.ones(4), 0.5, np.array([0.1, 0.5, 0.9, 0.3]))
    array([0., 2., 2., 0.])

    """
    if not 0 <= rate < 1:
        raise ArgumentError(f"the rate of dropout must lie in [0, 1), got {rate!r}")
    return np.where(noise < rate, 0.0, x * (1.0 / (1.0 - rate)))


@layer
class Dropout:
    """`dropout` in training, nothing afterwards.

    Parameters
    ----------
    rate : float
        The part that is dropped, in [0, 1).
    places : bool
        Whether all of an image's places share what is dropped, so that whole channels are (Tompson et al.,
        *Efficient object localization using convolutional networks*, CVPR 2015).

    Raises
    ------
    ArgumentError
        `rate` is outside [0, 1), or the layer is trained without noise.

    Examples
    --------
    >>> import numpy as np
    >>> from dragongrad import nn
    >>> layer, rng = nn.Dropout(0.5), np.random.default_rng(0)
    >>> y, _ = layer.train({}, np.ones((2, 3)), None, layer.draw(rng, (2, 3)))
    >>> y
    array([[2., 2., 2.],
           [0., 0., 0.]])

    """

    rate: float = 0.5
    places: bool = False

    def __post_init__(self) -> None:
        """Check the rate."""
        if not 0 <= self.rate < 1:
            raise ArgumentError(f"nn.Dropout: the rate must lie in [0, 1), got {self.rate!r}")

    def draw(self, rng: np.random.Generator, shape: Shape) -> Any:
        """The noise for a batch of this shape, that of the batch included."""
        if self.places:
            shape = (shape[0], *(1,) * (len(shape) - 2), shape[-1])
        return rng.random(shape, np.float32)

    def __call__(self, params: Params, x: Any) -> Any:
        """The input itself."""
        return x

    def train(self, params: Params, x: Any, state: Any, noise: Any) -> tuple[Any, Any]:
        """The input with a part dropped."""
        if noise is None or (isinstance(noise, dict) and not noise):
            raise ArgumentError(
                "nn.Dropout drops by noise that it is given: noise = model.draw(rng, x.shape), "
                "then model.train(params, x, state, noise)"
            )
        sides = zip(np.shape(noise), np.shape(x), strict=False)
        if np.ndim(noise) != np.ndim(x) or any(n not in (1, m) for n, m in sides):
            raise misfit("nn.Dropout", x, f"got noise of shape {np.shape(noise)}", "model.draw(rng, x.shape)")
        return dropout(x, self.rate, noise), state

    def out(self, shape: Shape) -> Shape:
        """The shape of one example's output."""
        return shape
