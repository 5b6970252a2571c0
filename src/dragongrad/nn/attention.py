"""Attention: each place of a sequence as a mean of others, weighted by how well they fit."""

from __future__ import annotations

import math
from dataclasses import KW_ONLY
from typing import Any

import numpy as np

from ..blocks.special import softmax
from ..core.errors import ArgumentError
from .initializers import glorot_uniform, zeros
from .layers import Initializer, Params, Shape, layer, misfit, whole


def attention(queries: Any, keys: Any, values: Any, mask: Any = None) -> Any:
    """Means of the values, weighted by the softmax of `queries @ keys.T / sqrt(size)`.

    Vaswani et al., *Attention is all you need* (NeurIPS 2017), equation 1.

    Parameters
    ----------
    queries : array of shape (..., T, size)
        What is asked.
    keys : array of shape (..., S, size)
        What answers are known by.
    values : array of shape (..., S, n)
        The answers.
    mask : array of bool that broadcasts to (..., T, S), optional
        True where a place may be seen. A query that may see none gets zeros.

    Returns
    -------
    array of shape (..., T, n)

    Examples
    --------
    >>> import numpy as np
    >>> from dragongrad import nn
    >>> x = np.eye(3)[None]
    >>> nn.attention(x, x, x, mask=np.tril(np.ones((3, 3), bool)))[0, 0]
    array([1., 0., 0.])

    """
    scores = queries @ np.swapaxes(keys, -1, -2) * (1.0 / math.sqrt(np.shape(queries)[-1]))
    if mask is None:
        return softmax(scores) @ values
    with np.errstate(invalid="ignore"):  # of a query that may see none, which gets zeros below
        weights = softmax(np.where(mask, scores, -np.inf))
    return np.where(np.any(mask, axis=-1, keepdims=True), np.where(mask, weights, 0.0), 0.0) @ values


@layer
class MultiHeadAttention:
    """Attention of a sequence to itself, or to another, by several heads.

    Parameters
    ----------
    heads : int
        How many; they divide the channels.
    causal : bool
        Whether a place sees only itself and those before it.
    bias : bool
        Whether something is added after each product.
    weights : callable
        What initialises the four matrices, of shape (channels, channels).

    Raises
    ------
    ArgumentError
        The heads do not divide the channels.

    Examples
    --------
    >>> import numpy as np
    >>> from dragongrad import nn
    >>> layer = nn.MultiHeadAttention(heads=2)
    >>> params = layer.init(np.random.default_rng(0), (5, 8))
    >>> layer(params, np.ones((3, 5, 8), np.float32)).shape
    (3, 5, 8)

    """

    heads: int
    _: KW_ONLY
    causal: bool = False
    bias: bool = True
    weights: Initializer = glorot_uniform

    def __post_init__(self) -> None:
        """Check the number of heads."""
        whole(self, heads=self.heads)

    def init(self, rng: np.random.Generator, shape: Shape, dtype: Any = np.float32) -> Params:
        """Fresh parameters for sequences of shape (places, channels)."""
        if len(shape) != 2:
            raise misfit(
                "nn.MultiHeadAttention", np.empty((1, *shape)), "is not of places and channels",
                "give the shape of one sequence: model.init(rng, (places, channels))",
            )  # fmt: skip
        size = shape[1]
        if size % self.heads:
            raise ArgumentError(f"nn.MultiHeadAttention: {self.heads} heads do not divide {size} channels")
        made = {}
        for name in ("query", "key", "value", "out"):
            made[name] = {"w": self.weights(rng, (size, size), dtype)}
            if self.bias:
                made[name]["b"] = zeros(rng, (size,), dtype)
        return made

    def __call__(self, params: Params, x: Any, context: Any = None, mask: Any = None) -> Any:
        """The output for sequences of shape (N, places, channels).

        Parameters
        ----------
        params, x
            As any layer.
        context : array of shape (N, others, channels), optional
            Another sequence to attend to.
        mask : array of bool that broadcasts to (N, heads, places, others), optional
            True where a place may be seen.
        """
        if np.ndim(x) != 3:
            raise misfit(
                "nn.MultiHeadAttention", x, "is not of (N, places, channels)", "a single sequence: x[None]"
            )
        context = x if context is None else context
        size = params["query"]["w"].shape[0]
        if np.shape(x)[-1] != size or np.shape(context)[-1] != size:
            raise misfit(
                "nn.MultiHeadAttention", x,
                f"and a context of shape {np.shape(context)} do not both have the {size} channels that its "
                "parameters were made for",
                "make parameters for this shape: model.init(rng, x.shape[1:])",
            )  # fmt: skip
        queries = self._heads(params["query"], x)
        keys, values = (self._heads(params[name], context) for name in ("key", "value"))
        if self.causal:
            earlier = np.tril(np.ones((np.shape(x)[1], np.shape(context)[1]), bool))
            mask = earlier if mask is None else np.logical_and(earlier, mask)
        found = np.swapaxes(attention(queries, keys, values, mask), 1, 2)
        return self._product(params["out"], np.reshape(found, np.shape(x)))

    def _product(self, params: Params, x: Any) -> Any:
        return x @ params["w"] + params["b"] if self.bias else x @ params["w"]

    def _heads(self, params: Params, x: Any) -> Any:
        n, places, size = np.shape(x)
        made = self._product(params, x)
        return np.swapaxes(np.reshape(made, (n, places, self.heads, size // self.heads)), 1, 2)

    def out(self, shape: Shape) -> Shape:
        """The shape of one example's output."""
        return shape

    def multiplications(self, shape: Shape) -> int:
        """How many one example costs."""
        places, size = shape
        return places * size * (4 * size + 2 * places)
