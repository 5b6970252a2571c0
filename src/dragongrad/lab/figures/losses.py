"""The loss of optimizers against steps and against time."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import numpy as np

from ...core.errors import ArgumentError
from ...views.palette import drawing, save, styles

AGAINST = {"iteration": "iteration", "time": "time (ms)"}
# Beyond this, and below its inverse, matplotlib's ticks are infinite or zero.
_TALLEST = 1e290


def draw_losses(
    runs: Any, against: str = "iteration", least: float | None = None, title: str = "Loss of each optimizer",
    path: str | Path | None = None,
) -> Any:  # fmt: skip
    """Draw how far the loss is above the minimum, on a logarithmic axis, against steps or time.

    Parameters
    ----------
    runs : dict of str to Result
        Made with `path=True`: `study.runs()`.
    against : "iteration" or "time"
    least : float, optional
        The minimum; the least loss that any run reached if not given.
    title : str
    path : path, optional
        Where to write the picture; its ending says in what format.

    Returns
    -------
    matplotlib.figure.Figure

    Raises
    ------
    ArgumentError
        `against` is something else, or a run kept no path.
    MissingExtraError
        Matplotlib is not installed.

    Examples
    --------
    >>> import dragongrad as ad
    >>> from dragongrad.optimize import minimize
    >>> run = minimize(lambda x: x**2, 1.0, method="gd", lr=0.1, path=True)
    >>> ad.lab.draw_losses({"gd": run}, "time", least=0.0).axes[0].get_xlabel()
    'time (ms)'

    """
    if against not in AGAINST:
        raise ArgumentError(f"against must be 'iteration' or 'time', got {against!r}")
    runs = dict(runs)
    for label, run in runs.items():
        if run.losses is None:
            raise ArgumentError(f"the run {label!r} kept no losses: run it with path=True")
    if least is None or math.isnan(least):
        least = min(
            (float(loss) for run in runs.values() for loss in run.losses if math.isfinite(loss)), default=0.0
        )
    highest = min(_TALLEST, 1e4 * max(float(run.losses[0]) - least for run in runs.values()))
    with drawing() as matplotlib:
        figure = matplotlib.figure.Figure(figsize=(9.0, 5.0))
        axes = figure.add_subplot()
        for (label, run), style in zip(runs.items(), styles(list(runs)).values(), strict=True):
            across = np.arange(len(run.losses)) if against == "iteration" else 1e3 * run.times
            with np.errstate(invalid="ignore", over="ignore"):
                above = np.asarray(run.losses, float) - least
            # A loss below the printed minimum, or at it, has no logarithm.
            # One that shoots off is followed only as far as the others can still be seen.
            seen = (above >= 1 / _TALLEST) & (above <= highest)
            axes.plot(across[seen], above[seen], **style, markevery=0.09, markersize=6.5, label=label)
        drawn = any(line.get_xdata().size for line in axes.lines)
        if not drawn:  # a constant, or no number at all
            axes.text(0.5, 0.5, "no loss above f*", transform=axes.transAxes, ha="center")
        axes.set_yscale("log" if drawn else "linear")
        longest = max(len(run.losses) for run in runs.values())
        shortest = min(len(run.losses) for run in runs.values())
        if drawn and (against == "time" or longest > 30 * shortest):
            axes.set_xscale("log" if against == "time" else "symlog")
        if against == "iteration":
            axes.set_xlim(left=0)
        axes.set(xlabel=AGAINST[against], ylabel=f"f - f*   (f* = {least:.6g})", title=title)
        axes.grid(alpha=0.3)
        figure.legend(loc="outside right upper")
        save(figure, path)
    return figure
