"""Basins of attraction as a map: the colour says which minimum, the brightness how soon."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from ...optimize.objective import Array
from ...views.palette import drawing, hues, save
from ...views.text import shortened
from ..basins import DIVERGED, UNDER_WAY, Basins
from .landscape import near_equal

# Black is kept for what diverged, grey for what is still under way.
_LOST = {UNDER_WAY: ("#b9b9b9", "still under way"), DIVERGED: ("#000000", "diverged")}
# More names than these would be longer than the map.
_NAMED = 12


def draw_basins(basins: Basins, path: str | Path | None = None) -> Any:
    """Draw a basin map: every start in the colour of the minimum that it reaches, lighter the sooner it arrives.

    Every minimum has a colour of its own; of more than twelve the legend names those with the largest basins.

    Parameters
    ----------
    basins : Basins
        From `ad.lab.basins`.
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
    >>> import dragongrad as ad
    >>> found = ad.lab.basins(lambda x: (x[0] ** 2 - 1) ** 2 + x[1] ** 2, ("gd", {"lr": 0.05}),
    ...                       [[-2, 2], [-1, 1]], grid=20)
    >>> [t.get_text() for t in ad.lab.draw_basins(found).axes[0].get_legend().get_texts()]
    ['(-1, 0)   50.0 %', '(1, 0)   50.0 %']

    """
    image, soonest, latest = basin_image(basins)
    extent = (basins.x[0], basins.x[-1], basins.y[0], basins.y[-1])
    with drawing() as matplotlib:
        rows = _legend(basins)
        equal = near_equal(np.array(extent).reshape(2, 2))
        figure = matplotlib.figure.Figure(figsize=(8.4, (6.2 if equal else 5.0) + 0.14 * len(rows)))
        axes = figure.add_subplot()
        aspect = "equal" if equal else "auto"
        axes.imshow(image, origin="lower", extent=extent, aspect=aspect, interpolation="nearest")
        for k, m in enumerate(basins.minima):
            if basins.x[0] <= m[0] <= basins.x[-1] and basins.y[0] <= m[1] <= basins.y[-1]:
                axes.plot(*m, marker="*" if basins.known[k] else "o", markersize=15 if basins.known[k] else 6,
                          color="white", markeredgecolor="black")  # fmt: skip
        axes.set(xlabel="x[0] of the start", ylabel="x[1] of the start",
                 title=f"Where {basins.optimizer} arrives on {shortened(basins.function)}\n"
                       f"{basins.label.size} starts, {basins.steps} steps")  # fmt: skip
        grey = shaded(np.array(0.55), np.linspace(0, 1, 64))
        shades = matplotlib.colors.ListedColormap([str(v) for v in grey], "soon")
        scale = matplotlib.cm.ScalarMappable(matplotlib.colors.Normalize(soonest, latest), shades)
        figure.colorbar(scale, ax=axes, label="arrives at step (light: soon)", pad=0.02)
        # What has no one colour has a line without a patch.
        patches = [matplotlib.patches.Patch(facecolor=color or "none", edgecolor="black" if color else "none",
                                            label=text) for color, text in rows]  # fmt: skip
        figure.legend(
            handles=patches, loc="outside lower center", ncols=2,
            title="minimum reached, share of starts",
        )  # fmt: skip
        axes.legend(handles=patches).set_visible(False)
        save(figure, path)
    return figure


def shaded(color: Array, late: Array) -> Array:
    """A colour between a light tint (late is 0) and a dark shade (late is 1) of it."""
    tint: Array = color + (1 - color) * 0.5 * (1 - late)
    return tint * (1 - 0.55 * late)


def basin_image(basins: Basins) -> tuple[Array, float, float]:
    """The map as red, green and blue of shape (rows, columns, 3), and the steps of full and least brightness."""
    colors = np.array([_rgb(color) for color in hues(max(len(basins.minima), 1))])
    image = colors[np.maximum(basins.label, 0)]
    arrived = basins.label >= 0
    soonest, latest = 0.0, float(basins.steps)
    if arrived.any():
        # A few stragglers would leave everything else equally bright.
        soonest, latest = (float(v) for v in np.quantile(basins.arrival[arrived], [0.0, 0.98]))
        latest = max(latest, soonest + 1)
    late = np.clip((basins.arrival - soonest) / (latest - soonest), 0, 1)
    image = shaded(image, late[..., None])
    for code, (color, _) in _LOST.items():
        image[basins.label == code] = _rgb(color)
    return image, soonest, latest


def _legend(basins: Basins) -> list[tuple[str, str]]:
    shares = basins.shares()
    names = basins.names()
    # Of basins of one size, those of the best minima come first.
    largest = sorted(range(len(names)), key=lambda k: (-round(shares[names[k]], 2), k))
    shown = sorted(k for k in largest[:_NAMED] if shares[names[k]] > 0)
    colors = hues(len(names))
    rows = [(colors[k], f"{names[k]}   {shares[names[k]]:.1%}".replace("%", " %")) for k in shown]
    others = [k for k in largest[_NAMED:] if shares[names[k]] > 0]
    if others:
        share = f"{sum(shares[names[k]] for k in others):.1%}".replace("%", " %")
        rows.append(("", f"{len(others)} others   {share}"))
    for color, text in _LOST.values():
        if shares[text.removeprefix("still ")] > 0:
            rows.append((color, f"{text}   {shares[text.removeprefix('still ')]:.1%}".replace("%", " %")))
    return rows


def _rgb(color: str) -> Array:
    return np.array([int(color[i : i + 2], 16) / 255 for i in (1, 3, 5)])
