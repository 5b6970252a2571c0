"""Recurrent layers: the same step at each time, which hands something on to the next."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import KW_ONLY
from typing import Any

import numpy as np

from ..blocks.special import logistic
from ..core.variable import plain
from .initializers import glorot_uniform, orthogonal, zeros
from .layers import Initializer, Params, Shape, layer, misfit, whole


def _weights(one: Any, gates: int, rng: np.random.Generator, shape: Shape, dtype: Any) -> Params:
    """`w` from the input and `u` from the step before, the gates beside each other."""
    if len(shape) != 2:
        raise misfit(
            f"nn.{type(one).__name__}", np.empty((1, *shape)), "is not of times and channels",
            "give the shape of one sequence: model.init(rng, (times, channels))",
        )  # fmt: skip
    units, inputs = one.units, shape[1]
    w = [one.weights(rng, (inputs, units), dtype) for _ in range(gates)]
    u = [one.inner(rng, (units, units), dtype) for _ in range(gates)]
    return {
        "w": np.concatenate(w, axis=1),
        "u": np.concatenate(u, axis=1),
        "b": zeros(rng, (gates * units,), dtype),
    }


def _run(one: Any, params: Params, x: Any, begin: Callable[[Any], Any]) -> Any:
    """All steps in order; the outputs of all, or of the last."""
    x = plain(x)
    if np.ndim(x) != 3:
        raise misfit(f"nn.{type(one).__name__}", x, "is not of (N, times, channels)", "a single sequence: x[None]")
    if np.shape(x)[2] != params["w"].shape[0]:
        raise misfit(
            f"nn.{type(one).__name__}", x,
            f"does not end in the {params['w'].shape[0]} channels that its parameters were made for",
            "make parameters for this shape: model.init(rng, x.shape[1:])",
        )  # fmt: skip
    carry, outputs = begin(x), []
    for t in range(np.shape(x)[1]):
        carry, out = one.step(params, carry, x[:, t])
        outputs.append(out)
    if not outputs:
        raise misfit(f"nn.{type(one).__name__}", x, "has no times", "give sequences of one step or more")
    return np.stack(outputs, axis=1) if one.sequences else outputs[-1]


def _zeros(x: Any, units: int) -> Any:
    return np.zeros((np.shape(x)[0], units), x.dtype)


@layer
class LSTM:
    """Long short-term memory, with a forget gate.

    Hochreiter and Schmidhuber, *Long short-term memory* (Neural Computation 9, 1997); Gers, Schmidhuber and
    Cummins, *Learning to forget* (2000). The forget gate's bias begins at 1 (Jozefowicz, Zaremba and Sutskever,
    ICML 2015).

    Parameters
    ----------
    units : int
        The length of the output.
    sequences : bool
        Whether the outputs of all times are returned, (N, times, units), or the last one, (N, units).
    weights, inner : callable
        What initialises the weights from the input, and those from the step before.

    Examples
    --------
    >>> import numpy as np
    >>> from dragongrad import nn
    >>> layer = nn.LSTM(4)
    >>> params = layer.init(np.random.default_rng(0), (7, 3))
    >>> layer(params, np.ones((2, 7, 3), np.float32)).shape
    (2, 7, 4)

    """

    units: int
    _: KW_ONLY
    sequences: bool = True
    weights: Initializer = glorot_uniform
    inner: Initializer = orthogonal

    def __post_init__(self) -> None:
        """Check the number of units."""
        whole(self, units=self.units)

    def init(self, rng: np.random.Generator, shape: Shape, dtype: Any = np.float32) -> Params:
        """Fresh parameters for sequences of shape (times, channels); gates: input, forget, cell, output."""
        params = _weights(self, 4, rng, shape, dtype)
        params["b"][self.units : 2 * self.units] = 1
        return params

    def step(self, params: Params, carry: tuple[Any, Any], x: Any) -> tuple[tuple[Any, Any], Any]:
        """One time: what is handed on (the output and the cell), and the output."""
        before, cell = carry
        gates = x @ params["w"] + before @ params["u"] + params["b"]
        n = self.units
        taken, kept, new, shown = (gates[:, k * n : (k + 1) * n] for k in range(4))
        cell = logistic(kept) * cell + logistic(taken) * np.tanh(new)
        out = logistic(shown) * np.tanh(cell)
        return (out, cell), out

    def __call__(self, params: Params, x: Any) -> Any:
        """The outputs for sequences of shape (N, times, channels), from zeros on."""
        return _run(self, params, x, lambda x: (_zeros(x, self.units), _zeros(x, self.units)))

    def out(self, shape: Shape) -> Shape:
        """The shape of one example's output."""
        return (shape[0], self.units) if self.sequences else (self.units,)

    def multiplications(self, shape: Shape) -> int:
        """How many one example costs."""
        return shape[0] * 4 * self.units * (shape[1] + self.units)


@layer
class GRU:
    """A gated recurrent unit.

    Cho et al., *Learning phrase representations using RNN encoder-decoder* (EMNLP 2014), in the form that
    multiplies by the reset gate after the product, as PyTorch and Keras have it.

    Parameters
    ----------
    units, sequences, weights, inner
        As `LSTM`.

    Examples
    --------
    >>> import numpy as np
    >>> from dragongrad import nn
    >>> layer = nn.GRU(4, sequences=False)
    >>> params = layer.init(np.random.default_rng(0), (7, 3))
    >>> layer(params, np.ones((2, 7, 3), np.float32)).shape
    (2, 4)

    """

    units: int
    _: KW_ONLY
    sequences: bool = True
    weights: Initializer = glorot_uniform
    inner: Initializer = orthogonal

    def __post_init__(self) -> None:
        """Check the number of units."""
        whole(self, units=self.units)

    def init(self, rng: np.random.Generator, shape: Shape, dtype: Any = np.float32) -> Params:
        """Fresh parameters for sequences of shape (times, channels); gates: reset, update, new."""
        return {**_weights(self, 3, rng, shape, dtype), "c": zeros(rng, (3 * self.units,), dtype)}

    def step(self, params: Params, carry: Any, x: Any) -> tuple[Any, Any]:
        """One time: what is handed on, which is the output, and the output."""
        n = self.units
        given = x @ params["w"] + params["b"]
        before = carry @ params["u"] + params["c"]
        reset = logistic(given[:, :n] + before[:, :n])
        update = logistic(given[:, n : 2 * n] + before[:, n : 2 * n])
        new = np.tanh(given[:, 2 * n :] + reset * before[:, 2 * n :])
        out = update * carry + (1.0 - update) * new
        return out, out

    def __call__(self, params: Params, x: Any) -> Any:
        """The outputs for sequences of shape (N, times, channels), from zeros on."""
        return _run(self, params, x, lambda x: _zeros(x, self.units))

    def out(self, shape: Shape) -> Shape:
        """The shape of one example's output."""
        return (shape[0], self.units) if self.sequences else (self.units,)

    def multiplications(self, shape: Shape) -> int:
        """How many one example costs."""
        return shape[0] * 3 * self.units * (shape[1] + self.units)
