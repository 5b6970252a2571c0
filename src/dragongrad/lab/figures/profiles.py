"""Performance profiles as a picture."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from ...views.palette import drawing, save, styles
from ..profiles import MEASURES, Profiles, profiles
from ..study import Study


def draw_profiles(study: Study | Profiles, measure: str = "evaluations", path: str | Path | None = None) -> Any:
    """Draw the performance profiles of a study (Dolan and Moré 2002): higher is better.

    Parameters
    ----------
    study : Study or Profiles
    measure : "evaluations", "iterations" or "seconds"
        Of a Study.
    path : path, optional
        Where to write the picture; its ending says in what format.

    Returns
    -------
    matplotlib.figure.Figure

    Raises
    ------
    ArgumentError
        The measure is unknown, or no optimizer solved any problem.
    MissingExtraError
        Matplotlib is not installed.

    Examples
    --------
    >>> import numpy as np, dragongrad as ad
    >>> rates = {"slow": ("gd", {"lr": 0.05}), "quick": ("gd", {"lr": 0.4})}
    >>> done = ad.lab.study({"bowl": lambda x: np.sum(x**2)}, rates, [1.0, 2.0])
    >>> ad.lab.draw_profiles(done).axes[0].get_ylabel()
    'share of problems solved'

    """
    found = study if isinstance(study, Profiles) else profiles(study, measure)
    finite = [r[np.isfinite(r)] for r in found.ratios.values()]
    right = 1.25 * max(float(r.max(initial=2.0)) for r in finite)
    with drawing() as matplotlib:
        figure = matplotlib.figure.Figure(figsize=(9.0, 5.0))
        axes = figure.add_subplot()
        for (name, ratios), style in zip(found.ratios.items(), styles(list(found.ratios)).values(), strict=True):
            reached = ratios[np.isfinite(ratios)]
            x = np.concatenate([[1.0], reached, [right]])
            y = np.concatenate([[0.0], np.arange(1, reached.size + 1), [reached.size]]) / found.problems
            axes.step(x, y, where="post", **style, markevery=max(1, len(x) // 8), markersize=6, label=name)
        axes.set_xscale("log", base=2 if right < 300 else 10)
        axes.set(
            xlim=(1, right), ylim=(-0.02, 1.04), ylabel="share of problems solved",
            xlabel=f"{MEASURES[found.measure]}, as a multiple of the best optimizer's",
            title=f"Performance profiles, {found.problems} problems",
        )  # fmt: skip
        axes.xaxis.set_major_formatter(matplotlib.ticker.FuncFormatter(lambda v, _: f"{v:g}"))
        axes.grid(alpha=0.3)
        figure.legend(loc="outside right upper")
        save(figure, path)
    return figure
