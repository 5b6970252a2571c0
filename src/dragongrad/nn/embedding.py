"""Embeddings: a vector for each of a number of things."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..core.errors import DtypeError, user_line
from ..core.variable import plain, value_of
from .initializers import normal
from .layers import Initializer, Params, Shape, counted_from_zero, layer, whole


@layer
class Embedding:
    """The vectors of whole numbers: row `i` of `w`.

    Parameters
    ----------
    count : int
        How many things there are, numbered from 0.
    size : int
        The length of a vector.
    weights : callable
        What initialises `w`, of shape (count, size).

    Raises
    ------
    DtypeError
        The input is not of whole numbers.
    OutOfBoundsError
        A number is below 0, or not below `count`.

    Examples
    --------
    >>> import numpy as np
    >>> from dragongrad import nn
    >>> layer = nn.Embedding(10, 4)
    >>> params = layer.init(np.random.default_rng(0), (7,))
    >>> layer(params, np.array([[1, 2, 3]])).shape
    (1, 3, 4)

    """

    count: int
    size: int
    weights: Initializer = normal(0.02)

    def __post_init__(self) -> None:
        """Check the numbers."""
        whole(self, count=self.count, size=self.size)

    def init(self, rng: np.random.Generator, shape: Shape, dtype: Any = np.float32) -> Params:
        """Fresh parameters, whatever the shape of the examples."""
        return {"w": self.weights(rng, (self.count, self.size), dtype)}

    def __call__(self, params: Params, x: Any) -> Any:
        """The vectors, along a new last axis."""
        seen = np.asarray(value_of(plain(x)))
        if seen.dtype.kind not in "iu":
            raise DtypeError(
                f"nn.Embedding takes whole numbers, got {seen.dtype}\n  at {user_line()}\nx.astype(np.int64)"
            )
        x = seen if seen is x or not hasattr(x, "dtype") else plain(x)
        return np.take(params["w"], counted_from_zero("nn.Embedding", x, np.shape(params["w"])[0]), axis=0)

    def out(self, shape: Shape) -> Shape:
        """The shape of one example's output."""
        return (*shape, self.size)
