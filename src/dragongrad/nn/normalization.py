"""Layers that bring their inputs to mean 0 and variance 1, over the axes that give each its name."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..core.errors import ArgumentError
from .layers import Params, Shape, last, layer, misfit, whole


def normalized(x: Any, axes: tuple[int, ...], eps: float) -> Any:
    """The input less its mean over axes, divided by its standard deviation there."""
    centred = x - np.mean(x, axis=axes, keepdims=True)
    return centred / np.sqrt(np.mean(centred * centred, axis=axes, keepdims=True) + eps)


def _affine(channels: int, dtype: Any) -> Params:
    return {"scale": np.ones(channels, dtype), "bias": np.zeros(channels, dtype)}


def _check(name: str, params: Params, x: Any) -> None:
    if np.shape(x)[-1:] != params["scale"].shape:
        raise misfit(
            name, x, f"does not end in the {params['scale'].shape[0]} channels that its parameters were made for",
            "make parameters for this shape: model.init(rng, x.shape[1:])",
        )  # fmt: skip


@layer
class LayerNorm:
    """Each example, or each place of it, to mean 0 and variance 1 over its channels; then scaled and shifted.

    Ba, Kiros and Hinton, *Layer normalization* (2016).

    Parameters
    ----------
    eps : float
        Added to the variance.

    Examples
    --------
    >>> import numpy as np
    >>> from dragongrad import nn
    >>> layer = nn.LayerNorm()
    >>> params = layer.init(np.random.default_rng(0), (2,))
    >>> layer(params, np.array([[1.0, 3.0]])).round(3)
    array([[-1.,  1.]])

    """

    eps: float = 1e-5

    def init(self, rng: np.random.Generator, shape: Shape, dtype: Any = np.float32) -> Params:
        """Fresh parameters: scale 1, bias 0."""
        return _affine(last(self, shape), dtype)

    def __call__(self, params: Params, x: Any) -> Any:
        """The output for a batch of shape (..., channels)."""
        _check("nn.LayerNorm", params, x)
        return normalized(x, (-1,), self.eps) * params["scale"] + params["bias"]

    def out(self, shape: Shape) -> Shape:
        """The shape of one example's output."""
        return shape


@layer
class RMSNorm:
    """Each place to a mean square of 1 over its channels, then scaled.

    Zhang and Sennrich, *Root mean square layer normalization* (NeurIPS 2019).

    Parameters
    ----------
    eps : float
        Added to the mean square.

    """

    eps: float = 1e-6

    def init(self, rng: np.random.Generator, shape: Shape, dtype: Any = np.float32) -> Params:
        """Fresh parameters: scale 1."""
        return {"scale": np.ones(last(self, shape), dtype)}

    def __call__(self, params: Params, x: Any) -> Any:
        """The output for a batch of shape (..., channels)."""
        _check("nn.RMSNorm", params, x)
        return x / np.sqrt(np.mean(x * x, axis=-1, keepdims=True) + self.eps) * params["scale"]

    def out(self, shape: Shape) -> Shape:
        """The shape of one example's output."""
        return shape


@layer
class GroupNorm:
    """Each image to mean 0 and variance 1 over all places and a group of channels; then scaled and shifted.

    It does the same in training and after it, whatever the size of the batch. Wu and He, *Group normalization*
    (ECCV 2018).

    Parameters
    ----------
    groups : int
        Into how many equal parts the channels are cut.
    eps : float
        Added to the variance.

    Raises
    ------
    ArgumentError
        The groups do not divide the channels.

    Examples
    --------
    >>> import numpy as np
    >>> from dragongrad import nn
    >>> layer = nn.GroupNorm(2)
    >>> params = layer.init(np.random.default_rng(0), (4, 4, 6))
    >>> x = np.random.default_rng(1).normal(3.0, 2.0, (1, 4, 4, 6))
    >>> y = layer(params, x)
    >>> bool(abs(y[..., :3].mean()) < 1e-12), round(float(y[..., :3].std()), 3)
    (True, 1.0)

    """

    groups: int = 8
    eps: float = 1e-5

    def __post_init__(self) -> None:
        """Check the number of groups."""
        whole(self, groups=self.groups)

    def init(self, rng: np.random.Generator, shape: Shape, dtype: Any = np.float32) -> Params:
        """Fresh parameters: scale 1, bias 0."""
        if last(self, shape) % self.groups:
            raise ArgumentError(f"nn.GroupNorm: {self.groups} groups do not divide {shape[-1]} channels")
        return _affine(last(self, shape), dtype)

    def __call__(self, params: Params, x: Any) -> Any:
        """The output for images of shape (N, ..., channels)."""
        _check("nn.GroupNorm", params, x)
        centred = x - self._mean(x)
        deviation = np.sqrt(self._mean(centred * centred) + self.eps)
        return centred / deviation * params["scale"] + params["bias"]

    def _mean(self, x: Any) -> Any:
        """The mean of each group, for each of its channels: that of the channels first, whose rows lie in order."""
        count, channels = np.shape(x)[0], np.shape(x)[-1]
        each = np.mean(x, axis=tuple(range(1, np.ndim(x) - 1)))
        parts = np.reshape(each, (count, self.groups, channels // self.groups))
        mean = np.broadcast_to(np.mean(parts, axis=2, keepdims=True), parts.shape)
        return np.reshape(mean, (count, *(1,) * (np.ndim(x) - 2), channels))

    def out(self, shape: Shape) -> Shape:
        """The shape of one example's output."""
        return shape


@layer
class BatchNorm:
    """Each channel to mean 0 and variance 1 over the batch and all places; then scaled and shifted.

    In training by the batch's own mean and variance, of which running means are the state; afterwards by those.
    Ioffe and Szegedy, *Batch normalization* (ICML 2015).

    Parameters
    ----------
    momentum : float
        How much of the running means is kept at each step, in [0, 1).
    eps : float
        Added to the variance.

    Raises
    ------
    ArgumentError
        `momentum` is outside [0, 1), or the layer is applied without its state.

    Examples
    --------
    >>> import numpy as np
    >>> from dragongrad import nn
    >>> layer = nn.BatchNorm(momentum=0.0)
    >>> params, state = layer.init(np.random.default_rng(0), (1,)), layer.start((1,))
    >>> x = np.array([[1.0], [3.0]])
    >>> y, state = layer.train(params, x, state)
    >>> y.round(3).ravel(), state["mean"]
    (array([-1.,  1.]), array([2.], dtype=float32))
    >>> layer(params, np.array([[2.0]]), state=state)
    array([[0.]])

    """

    momentum: float = 0.9
    eps: float = 1e-5

    def __post_init__(self) -> None:
        """Check the options."""
        if not 0 <= self.momentum < 1:
            raise ArgumentError(f"nn.BatchNorm: momentum must lie in [0, 1), got {self.momentum!r}")

    def init(self, rng: np.random.Generator, shape: Shape, dtype: Any = np.float32) -> Params:
        """Fresh parameters: scale 1, bias 0."""
        return _affine(last(self, shape), dtype)

    def start(self, shape: Shape, dtype: Any = np.float32) -> Any:
        """The state before training: mean 0, variance 1."""
        return {"mean": np.zeros(shape[-1], dtype), "variance": np.ones(shape[-1], dtype)}

    def __call__(self, params: Params, x: Any, state: Any = None) -> Any:
        """The output by the running means."""
        _check("nn.BatchNorm", params, x)
        if not state:
            raise ArgumentError(
                "nn.BatchNorm normalises by its running means, which are its state: model(params, x, state=state), "
                "with state = model.start(shape) at first and what model.train(...) returns afterwards"
            )
        scale = params["scale"] / np.sqrt(state["variance"] + self.eps)
        return (x - state["mean"]) * scale + params["bias"]

    def train(self, params: Params, x: Any, state: Any, noise: Any = None) -> tuple[Any, Any]:
        """The output by the batch's own mean and variance, and the running means after it."""
        if not state:
            raise ArgumentError(
                "nn.BatchNorm keeps running means, which are its state: model.train(params, x, state), with "
                "state = model.start(shape) at first"
            )
        _check("nn.BatchNorm", params, x)
        axes = tuple(range(np.ndim(x) - 1))
        mean = np.mean(x, axis=axes)
        centred = x - mean
        variance = np.mean(centred * centred, axis=axes)
        out = centred / np.sqrt(variance + self.eps) * params["scale"] + params["bias"]
        count = int(np.prod(np.shape(x)[:-1]))
        # The running variance is that of the population, of which the batch is a sample.
        found = {"mean": mean, "variance": variance * (count / max(count - 1, 1))}
        kept = self.momentum
        new = {k: (kept * state[k] + (1.0 - kept) * found[k]).astype(state[k].dtype) for k in found}
        return out, new

    def out(self, shape: Shape) -> Shape:
        """The shape of one example's output."""
        return shape
