"""Pictures of networks: how a training went."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ..core.errors import MissingExtraError

if TYPE_CHECKING:
    from .training import Training


def axes(count: int) -> Any:
    """So many axes of matplotlib below each other."""
    try:
        from matplotlib import pyplot
    except ImportError:
        raise MissingExtraError("pictures need matplotlib: pip install 'dragongrad[plot]'") from None
    figure, found = pyplot.subplots(count, 1, sharex=True, squeeze=False, layout="constrained")
    figure.set_size_inches(6.4, 2.2 + 1.8 * count)
    return found[:, 0]


def draw_history(training: Training) -> Any:
    """Losses, and below them each metric, over the epochs; a line where the best epoch is."""
    history = training.history
    names = list(history[0].metrics) if history else []
    drawn = axes(1 + len(names))
    epochs = [e.epoch for e in history]
    drawn[0].plot(epochs, [e.loss for e in history], label="training")
    if history and history[0].validation is not None:
        drawn[0].plot(epochs, [e.validation for e in history], label="validation")
    drawn[0].set_ylabel("loss")
    for k, name in enumerate(names, 1):
        drawn[k].plot(epochs, [e.metrics[name] for e in history], color="tab:orange", label="validation")
        drawn[k].set_ylabel(name)
    for one in drawn:
        if training.best and names:
            one.axvline(training.best, color="grey", linestyle=":", label=f"best epoch, {training.best}")
        one.legend()
    drawn[-1].set_xlabel("epoch")
    return drawn
