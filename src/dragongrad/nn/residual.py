"""Residual connections: what a layer adds to its input."""

from __future__ import annotations

from typing import Any

import numpy as np

from . import layers
from .layers import Params, Shape, layer, misfit


@layer
class Residual:
    """`x + inner(x)`, or `shortcut(x) + inner(x)` where the shapes differ.

    He, Zhang, Ren and Sun, *Deep residual learning for image recognition* (CVPR 2016).

    Parameters
    ----------
    inner : layer
        A layer, most often a `Chain`.
    shortcut : layer, optional
        What brings x to the shape of the inner output, such as `Conv(32, size=1, stride=2)`.

    Raises
    ------
    ShapeError
        The two do not have the same shape.

    Examples
    --------
    >>> import numpy as np
    >>> from dragongrad import nn
    >>> block = nn.Residual(nn.Chain(conv=nn.Conv(4), relu=nn.relu))
    >>> params = block.init(np.random.default_rng(0), (8, 8, 4))
    >>> block(params, np.ones((1, 8, 8, 4), np.float32)).shape
    (1, 8, 8, 4)

    """

    inner: Any
    shortcut: Any = None

    def __post_init__(self) -> None:
        """Check both."""
        for one in self._parts().values():
            layers.check(one)

    def _parts(self) -> dict[str, Any]:
        return {"inner": self.inner} if self.shortcut is None else {"inner": self.inner, "shortcut": self.shortcut}

    def init(self, rng: np.random.Generator, shape: Shape, dtype: Any = np.float32) -> Params:
        """Fresh parameters of both."""
        return {name: layers.init(one, rng, shape, dtype) for name, one in self._parts().items()}

    def start(self, shape: Shape, dtype: Any = np.float32) -> Any:
        """The states of both before training."""
        return {name: layers.start(one, shape, dtype) for name, one in self._parts().items()}

    def draw(self, rng: np.random.Generator, shape: Shape) -> Any:
        """The noise of both for a batch of this shape."""
        return {name: layers.draw(one, rng, shape) for name, one in self._parts().items()}

    def __call__(self, params: Params, x: Any, state: Any = None) -> Any:
        """The sum."""
        made = {
            name: layers.apply(one, params[name], x, (state or {}).get(name)) for name, one in self._parts().items()
        }
        return self._sum(x, made)

    def train(self, params: Params, x: Any, state: Any, noise: Any) -> tuple[Any, Any]:
        """The sum in training, and the states after it."""
        made, new = {}, {}
        for name, one in self._parts().items():
            given = (state or {}).get(name, {}), (noise or {}).get(name, {})
            made[name], new[name] = layers.train(one, params[name], x, *given)
        return self._sum(x, made), new

    def _sum(self, x: Any, made: dict[str, Any]) -> Any:
        around = made.get("shortcut", x)
        if np.shape(around) != np.shape(made["inner"]):
            raise misfit(
                "nn.Residual", x, f"comes out as {np.shape(made['inner'])} inside and {np.shape(around)} around",
                "give a shortcut that makes it fit: shortcut=nn.Conv(channels, size=1, stride=2)",
            )  # fmt: skip
        return around + made["inner"]

    def out(self, shape: Shape) -> Shape:
        """The shape of one example's output."""
        return layers.out(self.inner, shape)

    def multiplications(self, shape: Shape) -> int:
        """How many one example costs."""
        return sum(layers.multiplications(one, shape) for one in self._parts().values())
