"""What `nn.train` is asked for: the call to write, and options of another kind, which are refused."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from ..core.errors import ArgumentError
from .updates import Update

CALL = "nn.train(model, params, (x, y), loss=nn.cross_entropy, update=nn.adam(1e-3), epochs=10)"
# What other libraries call the keywords.
KEYWORDS = {
    "lr": "update=nn.adam(lr)", "learning_rate": "update=nn.adam(lr)", "optimizer": "update=", "optim": "update=",
    "batch_size": "batch=", "n_epochs": "epochs=", "num_epochs": "epochs=", "max_epochs": "epochs=",
    "steps": "epochs=", "loss_fn": "loss=", "criterion": "loss=", "validation_data": "validation=(x, y)",
    "validation_split": "validation=(x, y)", "callbacks": "watch=f", "verbose": "progress=False",
    "shuffle": "seed=, which draws the order of each epoch", "random_state": "seed=", "rng": "seed=",
    "x": "(x, y)", "y": "(x, y)", "X": "(x, y)", "targets": "(x, y)", "labels": "(x, y)",
    "device": "it without device: everything runs on the processor",
}  # fmt: skip


def check_options(model: Any, loss: Any, update: Any, metrics: Any, epochs: Any, patience: Any) -> None:
    """Refuse options of another kind."""
    if not callable(model):
        raise ArgumentError(f"the model comes first, and then its parameters: {CALL}; got {type(model).__name__}")
    if not callable(loss):
        raise ArgumentError(f"loss is a function of outputs and targets, such as nn.cross_entropy; got {loss!r}")
    if not isinstance(update, Update):
        name = getattr(update, "__name__", update)
        called = f"; write update=nn.{name.lower()}(1e-3)" if isinstance(name, str) and name.isidentifier() else ""
        raise ArgumentError(f"update is an optimizer such as nn.adam(1e-3), got {update!r}{called}")
    if metrics is not None and not (isinstance(metrics, Mapping) and all(map(callable, metrics.values()))):
        raise ArgumentError(
            'metrics are functions by name: {"accuracy": lambda out, y: np.mean(out.argmax(axis=1) == y)}; '
            f"got {metrics!r}"
        )
    if not isinstance(epochs, (int, np.integer)) or epochs < 0:
        raise ArgumentError(f"epochs is a whole number, got {epochs!r}")
    if patience is not None and (not isinstance(patience, (int, np.integer)) or patience < 1):
        raise ArgumentError(f"patience is a whole number from 1 on, got {patience!r}")
