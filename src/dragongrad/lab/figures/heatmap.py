"""Functions by optimizers as a map of one number of their runs."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import numpy as np

from ...core.errors import ArgumentError
from ...views.palette import drawing, save
from ...views.text import shortened
from ..profiles import measure_of
from ..study import Study

_UNITS = {"evaluations": "evaluations", "iterations": "iterations", "seconds": "time in ms"}
_READ = "hatched: not solved, k/n: of so many starts"
_HATCHED: dict[str, Any] = {"fill": False, "hatch": "///", "edgecolor": "#8a8a8a", "linewidth": 0}


def draw_heatmap(
    study: Study, measure: str = "evaluations", mode: str | None = None, path: str | Path | None = None
) -> Any:
    """Draw a map of functions by optimizers, coloured by the median of a measure over the starts that were solved.

    A cell that no start solved is hatched; where only some were, their number is written under the measure.

    Parameters
    ----------
    study : Study
    measure : "evaluations", "iterations" or "seconds"
    mode : "forward" or "reverse", optional
        The first of the study if not given.
    path : path, optional
        Where to write the picture; its ending says in what format.

    Returns
    -------
    matplotlib.figure.Figure

    Raises
    ------
    ArgumentError
        The measure is unknown or the study has no such mode.
    MissingExtraError
        Matplotlib is not installed.

    Examples
    --------
    >>> import numpy as np, dragongrad as ad
    >>> done = ad.lab.study({"bowl": lambda x: np.sum(x**2)}, {"steps of 0.1": ("gd", {"lr": 0.1})}, [1.0, 2.0])
    >>> [t.get_text() for t in ad.lab.draw_heatmap(done).axes[0].get_xticklabels()]
    ['steps of 0.1']

    """
    mode = mode or study.records[0].mode
    functions = list(dict.fromkeys(r.function for r in study.records))
    names = list(dict.fromkeys(r.optimizer for r in study.records))
    cells = [[_cell(study, f, o, mode, measure) for o in names] for f in functions]
    with drawing() as matplotlib:
        rows, columns = _told_apart(functions), _told_apart(names)
        # Slanted, a letter of the longest name takes so much of the height.
        longest = max(map(len, columns))
        size = (2.5 + 0.11 * max(map(len, rows)) + 0.95 * len(names), 2.4 + 0.52 * len(functions) + 0.065 * longest)
        figure = matplotlib.figure.Figure(figsize=(max(size[0], 5.0), max(size[1], 3.2)))
        axes = figure.add_subplot()
        values = np.ma.masked_invalid([[cell[0] for cell in row] for row in cells])
        axes.set_facecolor("#e2e2e2")
        shown = np.ma.log10(np.ma.maximum(values, 1e-12))
        picture = axes.imshow(shown, cmap="cividis", aspect="auto")
        _write_cells(axes, cells, float(shown.min() + shown.max()) / 2 if shown.count() else 0.0, matplotlib)
        axes.set_xticks(range(len(names)), columns, rotation=35, ha="right", rotation_mode="anchor")
        axes.set_yticks(range(len(functions)), rows)
        axes.set(xlabel="optimizer", ylabel="function",
                 title=f"{_UNITS[measure].capitalize()} in {mode} mode\n{_READ}")  # fmt: skip
        axes.spines[:].set_visible(False)
        bar = figure.colorbar(picture, ax=axes, label=_UNITS[measure], pad=0.02)
        ticks = _ticks(*picture.get_clim()) if shown.count() else []
        bar.set_ticks(ticks, labels=[_short(10.0**tick) for tick in ticks])
        save(figure, path)
    return figure


def _told_apart(names: list[str]) -> list[str]:
    """Names short enough for an axis, where that leaves each its own."""
    short = [shortened(name, 32) for name in names]
    return short if len(set(short)) == len(names) else names


def _ticks(low: float, high: float) -> list[float]:
    """The logarithms of 1, 2, 5, 10, ... between two others, or of powers of ten where these are enough."""
    powers = range(math.floor(low), math.ceil(high) + 1)
    steps = (0.0, math.log10(2), math.log10(5)) if len(powers) < 5 else (0.0,)
    return [k + step for k in powers for step in steps if low <= k + step <= high]


def _write_cells(axes: Any, cells: list[list[tuple[float, int, int]]], middle: float, matplotlib: Any) -> None:
    """Write the measure into every cell that was solved, light on dark and dark on light, and hatch the others."""
    for i, row in enumerate(cells):
        for j, (value, solved, total) in enumerate(row):
            if not solved:
                axes.add_patch(matplotlib.patches.Rectangle((j - 0.5, i - 0.5), 1, 1, **_HATCHED))
                continue
            text = _short(value) + (f"\n{solved}/{total}" if solved < total else "")
            color = "white" if np.log10(max(value, 1e-12)) < middle else "black"
            axes.text(j, i, text, ha="center", va="center", fontsize=11, linespacing=0.95, color=color)


def _cell(study: Study, function: str, optimizer: str, mode: str, measure: str) -> tuple[float, int, int]:
    """The median of the solved starts, how many they are, and how many starts there are."""
    mine = [r for r, _ in study.select(function=function, optimizer=optimizer, mode=mode)]
    if not mine:
        raise ArgumentError(f"the study has no run of {optimizer} on {function} in mode {mode!r}")
    solved = [measure_of(r, measure) for r in mine if r.solved]
    scale = 1e3 if measure == "seconds" else 1.0
    return (scale * float(np.median(solved)) if solved else np.nan), len(solved), len(mine)


def _short(value: float) -> str:
    if value >= 1e4:
        return f"{value / 1e3:.0f}k"
    return f"{value:.0f}" if value >= 10 else f"{value:.2g}"
