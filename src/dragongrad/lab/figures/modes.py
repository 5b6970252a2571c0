"""Forward against reverse mode by dimension, as a picture."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from ...views.palette import drawing, save, styles
from ..modes import Modes


def draw_modes(modes: Modes, path: str | Path | None = None) -> Any:
    """Draw the time of a gradient against the dimension, a line for each mode and one for the value alone.

    Parameters
    ----------
    modes : Modes
        From `modes_by_dimension`.
    path : path, optional
        Where to write the picture; its ending says in what format.

    Returns
    -------
    matplotlib.figure.Figure

    Raises
    ------
    MissingExtraError
        Matplotlib is not installed.

    Examples
    --------
    >>> import numpy as np, dragongrad as ad
    >>> timed = ad.lab.modes_by_dimension({"bowl": lambda x: np.sum(x**2)}, [2, 50], budget=0.005)
    >>> ad.lab.draw_modes(timed).axes[0].get_title()
    'Time of one gradient of bowl'

    """
    names = list(dict.fromkeys(r.mode for r in modes.records))
    look = styles([*names, "value alone"])
    with drawing() as matplotlib:
        figure = matplotlib.figure.Figure(figsize=(9.0, 5.0))
        axes = figure.add_subplot()
        for name in names:
            mine = [r for r in modes.records if r.mode == name]
            axes.plot([r.n for r in mine], [1e6 * r.seconds for r in mine], **look[name], markersize=7,
                      label=f"{name} mode")  # fmt: skip
        mine = [r for r in modes.records if r.mode == names[0]]
        axes.plot([r.n for r in mine], [1e6 * r.value_seconds for r in mine], **look["value alone"], markersize=7,
                  label="value alone")  # fmt: skip
        axes.set_xscale("log")
        axes.set_yscale("log")
        axes.set(
            xlabel="dimension n", ylabel="time (µs)", title=f"Time of one gradient of {modes.records[0].function}"
        )
        axes.grid(alpha=0.3)
        figure.legend(loc="outside right upper")
        save(figure, path)
    return figure
