"""Chains: layers one after the other, each with a name."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np

from ..core.errors import ArgumentError, user_line
from ..hints import Elsewhere
from . import layers, summary
from .layers import Params, Shape


class Chain:
    """Layers one after the other; the parameters are a dict by their names.

    Parameters
    ----------
    *unnamed : layer or function
        Layers that get names of their own: `dense1`, `relu1`, `dense2` ...
    **named : layer or function
        Layers by name. A function of an array (`nn.relu`, `np.tanh`) is a layer without parameters.

    Raises
    ------
    ArgumentError
        Something is not a layer, or there is none of a name.

    Notes
    -----
    `model["conv1"]` is a layer and `model[:"pool2"]` the chain of those before one, for the same parameters: what a
    part of the network makes of an image is `model[:"pool2"](params, x)`. `print(model)` shows the layers, and
    `model.table((28, 28, 1))` shapes, parameters and multiplications.

    Examples
    --------
    >>> import numpy as np
    >>> from dragongrad import nn
    >>> model = nn.Chain(
    ...     conv1=nn.Conv(8), relu1=nn.relu, pool1=nn.max_pool, flat=nn.flatten, head=nn.Dense(10)
    ... )
    >>> params = model.init(np.random.default_rng(0), (8, 8, 1))
    >>> sorted(params), params["head"]["w"].shape
    (['conv1', 'head'], (128, 10))
    >>> model(params, np.ones((2, 8, 8, 1), np.float32)).shape
    (2, 10)
    >>> model[:"pool1"](params, np.ones((2, 8, 8, 1), np.float32)).shape
    (2, 8, 8, 8)

    """

    def __init__(self, *unnamed: Any, **named: Any) -> None:
        found: dict[str, Any] = {}
        for one in unnamed:
            layers.check(one)
            name = layers.name_of(one)
            number = 1 + sum(known.rstrip("0123456789") == name for known in found)
            found[f"{name}{number}"] = one
        for name, one in named.items():
            layers.check(one)
            if name in found:
                raise ArgumentError(f"nn.Chain: {name!r} is also the name that a layer without one got: name all")
            found[name] = one
        self.layers: Mapping[str, Any] = found

    # What other libraries call what is here

    parameters = Elsewhere("PyTorch", "params = model.init(rng, shape): parameters are kept beside the model")
    forward = Elsewhere("PyTorch", "model(params, x)")
    state_dict = Elsewhere("PyTorch", "nn.save(path, params)")
    apply = Elsewhere("Flax", "model(params, x)")
    fit = Elsewhere("Keras", "nn.train(model, params, data, loss=..., update=..., epochs=...)")

    # As a sequence

    def __getitem__(self, key: Any) -> Any:
        """A layer by name or number; of a slice of them, the chain."""
        names = list(self.layers)
        if isinstance(key, slice):
            start, stop = (self._place(k) if isinstance(k, str) else k for k in (key.start, key.stop))
            chosen = names[start : stop : key.step]
            return Chain(**{name: self.layers[name] for name in chosen})
        return self.layers[names[self._place(key) if isinstance(key, str) else key]]

    def _place(self, name: str) -> int:
        names = list(self.layers)
        if name not in names:
            raise ArgumentError(
                f"the chain has no layer {name!r}; its layers: {', '.join(names)}\n  at {user_line()}"
            )
        return names.index(name)

    def __len__(self) -> int:
        return len(self.layers)

    def __iter__(self) -> Iterator[str]:
        return iter(self.layers)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Chain) and list(self.layers.items()) == list(other.layers.items())

    def __hash__(self) -> int:
        return hash(tuple(self.layers.items()))

    def __repr__(self) -> str:
        inside = ", ".join(f"{name}={_shown(one)}" for name, one in self.layers.items())
        return f"Chain({inside})"

    # As a layer

    def init(self, rng: np.random.Generator, shape: Shape, dtype: Any = np.float32) -> Params:
        """Fresh parameters for examples of this shape, by the names of the layers that have any."""
        params, shape = {}, layers.one_example(shape)
        for name, one in self.layers.items():
            with _named(name):
                made = layers.init(one, rng, shape, dtype)
                shape = layers.out(one, shape)
            if made != {}:
                params[name] = made
        return params

    def start(self, shape: Shape, dtype: Any = np.float32) -> Any:
        """The states before training, by the names of the layers that have any."""
        states, shape = {}, layers.one_example(shape)
        for name, one in self.layers.items():
            made = layers.start(one, shape, dtype)
            shape = layers.out(one, shape)
            if made != {}:
                states[name] = made
        return states

    def draw(self, rng: np.random.Generator, shape: Shape) -> Any:
        """The noise for a batch of this shape (its own axis included), by the names of the layers that need any."""
        noise = {}
        for name, one in self.layers.items():
            made = layers.draw(one, rng, shape)
            shape = (shape[0], *layers.out(one, shape[1:]))
            if not (isinstance(made, dict) and not made):
                noise[name] = made
        return noise

    def __call__(self, params: Params, x: Any, state: Any = None) -> Any:
        """The output as it is used after training."""
        for name, one in self.layers.items():
            with _named(name):
                x = layers.apply(one, self._of(params, name, one), x, (state or {}).get(name))
        return x

    def train(self, params: Params, x: Any, state: Any = None, noise: Any = None) -> tuple[Any, Any]:
        """The output in training, and the states after it."""
        new = {}
        for name, one in self.layers.items():
            with _named(name):
                given = (state or {}).get(name, {}), (noise or {}).get(name, {})
                x, after = layers.train(one, self._of(params, name, one), x, *given)
            if state and name in state:
                new[name] = after
        return x, new

    def _of(self, params: Params, name: str, one: Any) -> Params:
        if not isinstance(params, Mapping):
            raise ArgumentError(
                f"the parameters of a chain are a dict by the names of its layers, got {type(params).__name__}: "
                f"params = model.init(rng, x.shape[1:])\n  at {user_line()}"
            )
        found = params.get(name, {})
        if not found and hasattr(one, "init") and not isinstance(one, Chain):
            raise ArgumentError(
                f"the parameters have no {name!r}, only {', '.join(params) or 'none at all'}: "
                f"params = model.init(rng, x.shape[1:])\n  at {user_line()}"
            )
        return found

    def out(self, shape: Shape) -> Shape:
        """The shape of one example's output."""
        for one in self.layers.values():
            shape = layers.out(one, shape)
        return shape

    def multiplications(self, shape: Shape) -> int:
        """How many one example costs."""
        return sum(row.multiplications for row in self.rows(shape))

    # To look at

    def rows(self, shape: Shape) -> list[summary.Row]:
        """Of each layer: name, description, output shape, parameters and multiplications, for one example."""
        return summary.rows(self.layers, layers.one_example(shape))

    def table(self, shape: Shape) -> str:
        """The same as a table of text.

        Examples
        --------
        >>> from dragongrad import nn
        >>> print(nn.Chain(hidden=nn.Dense(16), relu=nn.relu, head=nn.Dense(3)).table((4,)))
        layer   what       output  parameters  multiplications
        ──────────────────────────────────────────────────────
        hidden  Dense(16)  16              80               64
        relu    relu       16               0                0
        head    Dense(3)   3               51               48
        ──────────────────────────────────────────────────────
        all                               131              112

        """
        return summary.table(self.rows(shape))


layers.static(Chain)


class _named:  # noqa: N801 - a word in a with statement
    """Tells in an error's message which layer it was in."""

    def __init__(self, name: str) -> None:
        self.name = name

    def __enter__(self) -> None:
        return None

    def __exit__(self, kind: Any, error: Any, trace: Any) -> None:
        if error is not None and not any("in the layer" in note for note in getattr(error, "__notes__", ())):
            error.add_note(f"in the layer {self.name!r}")


def _shown(one: Any) -> str:
    return repr(one) if layers.is_layer(one) else str(getattr(one, "__name__", one))
