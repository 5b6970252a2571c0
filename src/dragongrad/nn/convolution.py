"""Layers that slide windows over images, signals or volumes, channels last."""

from __future__ import annotations

from dataclasses import KW_ONLY
from typing import Any

import numpy as np

from ..blocks.convolution import Lengths, Padding, conv, conv_transpose, lengths_of
from ..core.errors import ArgumentError
from .initializers import he_normal, zeros
from .layers import Initializer, Params, Shape, last, layer, misfit, whole


def _kernel(layer: Any, rng: np.random.Generator, shape: Shape, dtype: Any, ends: Shape, outputs: int) -> Params:
    """Fresh parameters of one of these layers."""
    if len(shape) < 2:
        raise misfit(
            f"nn.{type(layer).__name__}", np.empty((1, *shape)), "has no spatial axis and channels",
            "give the shape of one image with its channels last: model.init(rng, (28, 28, 1))",
        )  # fmt: skip
    params = {"w": layer.weights(rng, (*lengths_of("size", layer.size, len(shape) - 1), *ends), dtype)}
    return {**params, "b": zeros(rng, (outputs,), dtype)} if layer.bias else params


def _check_groups(layer: Any) -> None:
    whole(layer, channels=layer.channels, groups=layer.groups)
    if layer.channels % layer.groups:
        raise ArgumentError(
            f"nn.{type(layer).__name__}: {layer.channels} channels cannot be cut into {layer.groups} groups"
        )


def _shape(layer: Any, shape: Shape) -> Shape:
    """The shape of one example's output, from one of zeros with a single channel."""
    image = np.zeros((1, *shape[:-1], 1), np.float32)
    kernel = np.zeros((*lengths_of("size", layer.size, len(shape) - 1), 1, 1), np.float32)
    return np.shape(conv(
        image, kernel,
        stride=layer.stride, padding=layer.padding, dilation=layer.dilation,
    ))[1:-1]  # fmt: skip


@layer
class Conv:
    """A convolution: every output sees a window of the image; see `ad.conv`.

    Parameters
    ----------
    channels : int
        How many outputs each place has.
    size : int or sequence of int
        The lengths of the window, one for all spatial axes or one each.
    stride, padding, dilation, groups
        As `ad.conv` has them; by default as many windows as places ("same").
    bias : bool
        Whether something is added to each channel.
    weights : callable
        What initialises `w`, of shape `(*size, inputs / groups, channels)`.

    Examples
    --------
    >>> import numpy as np
    >>> from dragongrad import nn
    >>> layer = nn.Conv(16)
    >>> params = layer.init(np.random.default_rng(0), (28, 28, 1))
    >>> params["w"].shape, layer(params, np.ones((2, 28, 28, 1), np.float32)).shape
    ((3, 3, 1, 16), (2, 28, 28, 16))

    """

    channels: int
    size: Lengths = 3
    _: KW_ONLY
    stride: Lengths = 1
    padding: Padding = "same"
    dilation: Lengths = 1
    groups: int = 1
    bias: bool = True
    weights: Initializer = he_normal

    def __post_init__(self) -> None:
        """Check the numbers of channels and groups."""
        _check_groups(self)

    def init(self, rng: np.random.Generator, shape: Shape, dtype: Any = np.float32) -> Params:
        """Fresh parameters for images of this shape."""
        if last(self, shape) % self.groups:
            raise misfit(
                "nn.Conv", np.empty((1, *shape)), f"has channels that {self.groups} groups do not divide",
                "change groups=",
            )  # fmt: skip
        return _kernel(self, rng, shape, dtype, (shape[-1] // self.groups, self.channels), self.channels)

    def __call__(self, params: Params, x: Any) -> Any:
        """The output for images of shape (N, ..., inputs)."""
        out = conv(
            x, params["w"], stride=self.stride, padding=self.padding, dilation=self.dilation, groups=self.groups
        )
        return out + params["b"] if self.bias else out

    def out(self, shape: Shape) -> Shape:
        """The shape of one example's output."""
        return (*_shape(self, shape), self.channels)

    def multiplications(self, shape: Shape) -> int:
        """How many one example costs."""
        taps = int(np.prod(lengths_of("size", self.size, len(shape) - 1)))
        return int(np.prod(self.out(shape))) * taps * shape[-1] // self.groups


@layer
class DepthwiseConv:
    """A convolution of every channel alone, with `multiplier` outputs each.

    Chollet, *Xception: deep learning with depthwise separable convolutions* (CVPR 2017). Followed by `Conv(n,
    size=1)` it is a separable one.

    Parameters
    ----------
    size, stride, padding, dilation, bias, weights
        As `Conv`.
    multiplier : int
        How many outputs each channel has.

    Examples
    --------
    >>> import numpy as np
    >>> from dragongrad import nn
    >>> nn.DepthwiseConv().init(np.random.default_rng(0), (8, 8, 5))["w"].shape
    (3, 3, 1, 5)

    """

    size: Lengths = 3
    _: KW_ONLY
    multiplier: int = 1
    stride: Lengths = 1
    padding: Padding = "same"
    dilation: Lengths = 1
    bias: bool = True
    weights: Initializer = he_normal

    def __post_init__(self) -> None:
        """Check the number of outputs."""
        whole(self, multiplier=self.multiplier)

    def init(self, rng: np.random.Generator, shape: Shape, dtype: Any = np.float32) -> Params:
        """Fresh parameters for images of this shape."""
        outputs = last(self, shape) * self.multiplier
        return _kernel(self, rng, shape, dtype, (1, outputs), outputs)

    def __call__(self, params: Params, x: Any) -> Any:
        """The output for images of shape (N, ..., channels)."""
        groups = params["w"].shape[-1] // self.multiplier
        out = conv(x, params["w"], stride=self.stride, padding=self.padding, dilation=self.dilation, groups=groups)
        return out + params["b"] if self.bias else out

    def out(self, shape: Shape) -> Shape:
        """The shape of one example's output."""
        return (*_shape(self, shape), shape[-1] * self.multiplier)

    def multiplications(self, shape: Shape) -> int:
        """How many one example costs."""
        return int(np.prod(self.out(shape))) * int(np.prod(lengths_of("size", self.size, len(shape) - 1)))


@layer
class ConvTranspose:
    """The transpose of a convolution, which makes images larger; see `ad.conv_transpose`.

    Parameters
    ----------
    channels : int
        How many outputs each place has.
    size, stride, padding, dilation, groups, bias
        As `Conv`; with padding "same" axes become `stride` times as long.
    weights : callable
        What initialises `w`, of shape `(*size, channels / groups, inputs)`.

    Examples
    --------
    >>> import numpy as np
    >>> from dragongrad import nn
    >>> layer = nn.ConvTranspose(4, size=2, stride=2)
    >>> layer.out((7, 7, 16))
    (14, 14, 4)

    """

    channels: int
    size: Lengths = 3
    _: KW_ONLY
    stride: Lengths = 1
    padding: Padding = "same"
    dilation: Lengths = 1
    groups: int = 1
    bias: bool = True
    weights: Initializer = he_normal

    def __post_init__(self) -> None:
        """Check the numbers of channels and groups."""
        _check_groups(self)

    def init(self, rng: np.random.Generator, shape: Shape, dtype: Any = np.float32) -> Params:
        """Fresh parameters for images of this shape."""
        inputs = last(self, shape)
        params = _kernel(self, rng, shape, dtype, (inputs, self.channels // self.groups), self.channels)
        # Initialised as a layer from its inputs to its outputs, stored as `conv` has it.
        return {**params, "w": np.ascontiguousarray(np.swapaxes(params["w"], -1, -2))}

    def __call__(self, params: Params, x: Any) -> Any:
        """The output for images of shape (N, ..., inputs)."""
        out = conv_transpose(
            x, params["w"], stride=self.stride, padding=self.padding, dilation=self.dilation, groups=self.groups
        )
        return out + params["b"] if self.bias else out

    def out(self, shape: Shape) -> Shape:
        """The shape of one example's output."""
        one = np.zeros((*lengths_of("size", self.size, len(shape) - 1), 1, 1), np.float32)
        small = np.zeros((1, *shape[:-1], 1), np.float32)
        large = conv_transpose(small, one, stride=self.stride, padding=self.padding, dilation=self.dilation)
        return (*np.shape(large)[1:-1], self.channels)

    def multiplications(self, shape: Shape) -> int:
        """How many one example costs."""
        taps = int(np.prod(lengths_of("size", self.size, len(shape) - 1)))
        return int(np.prod(shape)) * taps * self.channels // self.groups
