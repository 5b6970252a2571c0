"""The outputs of a network for any number of examples, in batches of one size."""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from typing import Any

import numpy as np

from ..compiler.decorator import compile as compile_
from ..compiler.runtime import Compiled
from . import layers
from .batches import examples, in_order, taken
from .layers import Params


def repeatable(step: Compiled[..., Any]) -> Callable[..., Any]:
    """A compiled function whose calls all run machine code.

    The first call of a program may return what the run gave that was traced, in which long sums are added in
    another order: a run that is resumed would differ in its last bits.
    """

    def call(*args: Any) -> Any:
        before = step.compiled
        out = step(*args)
        return out if step.compiled == before else step(*args)

    return call


def predictor(model: Any, compiled: bool = True) -> Callable[..., Any]:
    """A function (params, inputs, state, batch) that applies a network to any number of examples."""

    def apply(params: Params, x: Any, state: Any) -> Any:
        return layers.apply(model, params, x, state)

    one = repeatable(compile_(apply)) if compiled else apply

    def predict(params: Params, inputs: Any, state: Any = None, batch: int = 256) -> Any:
        count = examples(inputs)
        if not count:
            return apply(params, inputs, state)
        parts = [
            one(params, taken(inputs, rows), state)[:kept] for rows, kept in in_order(count, min(batch, count))
        ]
        return np.concatenate(parts)

    return predict


def predict(model: Any, params: Params, inputs: Any, state: Any = None, batch: int = 256) -> Any:
    """The outputs of a network for any number of examples, in compiled batches.

    Parameters
    ----------
    model : layer
        The network.
    params : nest of arrays
        Its parameters.
    inputs : array, or nest of arrays, with one example a row
        What it is applied to.
    state : nest of arrays, optional
        The states of layers that have any.
    batch : int
        How many examples at a time.

    Returns
    -------
    array of shape (examples, ...)

    Examples
    --------
    >>> import numpy as np
    >>> from dragongrad import nn
    >>> model = nn.Dense(2)
    >>> params = model.init(np.random.default_rng(0), (3,))
    >>> nn.predict(model, params, np.ones((1000, 3), np.float32)).shape
    (1000, 2)

    """
    return _kept(model)(params, inputs, state, batch)


@lru_cache(maxsize=16)
def _kept(model: Any) -> Callable[..., Any]:
    """The predictor of a network, which is compiled once for all calls."""
    return predictor(model)
