"""Dense layers: every output is a sum over all inputs."""

from __future__ import annotations

from dataclasses import KW_ONLY
from typing import Any

import numpy as np

from .initializers import glorot_uniform, zeros
from .layers import Initializer, Params, Shape, last, layer, misfit, whole


@layer
class Dense:
    """`x @ w + b` along the last axis.

    Parameters
    ----------
    outputs : int
        How many there are.
    bias : bool
        Whether something is added.
    weights : callable
        What initialises `w`, of shape (inputs, outputs).

    Examples
    --------
    >>> import numpy as np
    >>> from dragongrad import nn
    >>> layer = nn.Dense(3)
    >>> params = layer.init(np.random.default_rng(0), (5,))
    >>> params["w"].shape, params["b"].shape, layer(params, np.ones((2, 5), np.float32)).shape
    ((5, 3), (3,), (2, 3))

    """

    outputs: int
    _: KW_ONLY
    bias: bool = True
    weights: Initializer = glorot_uniform

    def __post_init__(self) -> None:
        """Check the number of outputs."""
        whole(self, outputs=self.outputs)

    def init(self, rng: np.random.Generator, shape: Shape, dtype: Any = np.float32) -> Params:
        """Fresh parameters for examples of this shape."""
        params = {"w": self.weights(rng, (last(self, shape), self.outputs), dtype)}
        return {**params, "b": zeros(rng, (self.outputs,), dtype)} if self.bias else params

    def __call__(self, params: Params, x: Any) -> Any:
        """The output for a batch of shape (..., inputs)."""
        if np.shape(x)[-1:] != params["w"].shape[:1]:
            raise misfit(
                "nn.Dense", x,
                f"does not end in the {params['w'].shape[0]} inputs that its parameters were made for",
                "flatten images first (nn.flatten), or make parameters for this shape: init(rng, x.shape[1:])",
            )  # fmt: skip
        out = x @ params["w"]
        return out + params["b"] if self.bias else out

    def out(self, shape: Shape) -> Shape:
        """The shape of one example's output."""
        return (*shape[:-1], self.outputs)

    def multiplications(self, shape: Shape) -> int:
        """How many one example costs."""
        return int(np.prod(shape)) * self.outputs
