"""The paths of optimizers, over contours and over the surface."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from ...optimize.objective import Array
from ...views.palette import drawing, save, styles
from ...views.text import shortened
from .landscape import Landscape, landscape, paths_of, planar, region_of

CONTOURS = 22


def draw_paths(problem: Any, runs: Any, region: Any = None, path: str | Path | None = None) -> Any:
    """Draw the paths of optimizers over the contours of a function of two numbers.

    Parameters
    ----------
    problem : name, Problem or callable
    runs : dict of str to Result or array of shape (steps + 1, 2)
        The path of each label: `study.runs()`, or results of `ad.minimize(..., path=True)`.
    region : array of shape (2, 2), optional
        `[[x_low, x_high], [y_low, y_high]]`; what holds the paths if not given.
    path : path, optional
        Where to write the picture; its ending says in what format.

    Returns
    -------
    matplotlib.figure.Figure

    Raises
    ------
    ArgumentError
        The function or a path is not one in the plane.
    MissingExtraError
        Matplotlib is not installed.

    Examples
    --------
    >>> import dragongrad as ad
    >>> from dragongrad.optimize import minimize
    >>> def bowl(x):
    ...     return x[0] ** 2 + 3 * x[1] ** 2
    >>> run = minimize(bowl, [1.0, 1.0], method="gd", lr=0.1, path=True)
    >>> figure = ad.lab.draw_paths(bowl, {"gd": run})
    >>> figure.axes[0].get_title()
    'Paths on bowl'

    """
    case, paths = planar(problem), paths_of(runs)
    box = region_of(case, paths.values(), region)
    ground = landscape(case, box)
    with drawing() as matplotlib:
        figure = matplotlib.figure.Figure(figsize=(10.4, 5.6))
        axes = figure.add_subplot()
        draw_contours(figure, axes, ground)
        look = styles(list(paths))
        for label, way in paths.items():
            style = look[label]
            way = way[np.isfinite(way).all(axis=1)]
            # The marks lie sparsely along the line, so that it stays a line; the last one is large.
            axes.plot(*way.T, color="white", linewidth=4.2, alpha=0.75, zorder=3)
            axes.plot(*way.T, **style, markevery=_sparse(way, box), markersize=6, zorder=4,
                      label=f"{label} ({len(way) - 1} steps)")  # fmt: skip
            axes.plot(*way[-1], marker=style["marker"], color=style["color"], markersize=11,
                      markeredgecolor="white", zorder=6)  # fmt: skip
        _mark(axes, [way[0] for way in paths.values()], case.problem.minima(2), box)
        axes.set(xlim=box[0], ylim=box[1], title=f"Paths on {shortened(case.label)}")
        figure.legend(loc="outside right upper")
        save(figure, path)
    return figure


def _sparse(way: Array, box: Array) -> list[int]:
    """The points of a path that lie apart on the picture, however far it leaves it."""
    seen = np.clip((way - box[:, 0]) / (box[:, 1] - box[:, 0]), -1, 2)
    travelled = np.cumsum(np.hypot(*np.diff(seen, axis=0, prepend=seen[:1]).T))
    return [0, *(1 + np.flatnonzero(np.diff(np.floor(travelled / 0.1)))).tolist()]


def draw_contours(figure: Any, axes: Any, ground: Landscape) -> None:
    """Grey contours of a landscape on a logarithmic scale, with its bar."""
    heights = np.ma.masked_invalid(ground.height)
    shades = axes.contourf(ground.x, ground.y, heights, levels=CONTOURS, cmap="Greys", alpha=0.45, zorder=0)
    axes.contour(
        ground.x, ground.y, heights, levels=CONTOURS, colors="#555555", linewidths=0.5, alpha=0.6, zorder=1
    )
    bar = figure.colorbar(shades, ax=axes, pad=0.02)
    bar.set_label(f"log₁₀(f - f* + {ground.offset:.1g})")
    axes.set(xlabel="x[0]", ylabel="x[1]")


def _mark(axes: Any, starts: list[Array], minima: list[Array], box: Array) -> None:
    for i, start in enumerate({tuple(s) for s in starts}):
        axes.plot(*start, marker="o", markersize=10, color="white", markeredgecolor="black", markeredgewidth=2,
                  linestyle="none", zorder=7, label="start" if i == 0 else None)  # fmt: skip
    inside = [m for m in minima if (box[:, 0] <= m).all() and (m <= box[:, 1]).all()]
    for i, m in enumerate(inside):
        axes.plot(*m, marker="*", markersize=17, color="#F0E442", markeredgecolor="black", linestyle="none",
                  zorder=5, label="minimum" if i == 0 else None)  # fmt: skip


def draw_surface(problem: Any, runs: Any, region: Any = None, path: str | Path | None = None) -> Any:
    """Draw the paths of optimizers over the surface of a function of two numbers.

    Heights are logarithmic, as those of the contours in `draw_paths`, whose parameters and errors are the same.

    Returns
    -------
    matplotlib.figure.Figure

    Examples
    --------
    >>> import dragongrad as ad
    >>> figure = ad.lab.draw_surface(lambda x: x[0] ** 2 + x[1] ** 2, {"by hand": [[1.0, 1.0], [0.5, 0.4]]})
    >>> figure.axes[0].get_zlabel().startswith("log₁₀(f - f*")
    True

    """
    case, paths = planar(problem), paths_of(runs)
    box = region_of(case, paths.values(), region)
    ground = landscape(case, box, 120)
    with drawing() as matplotlib:
        figure = matplotlib.figure.Figure(figsize=(9.6, 6.2))
        axes = figure.add_subplot(projection="3d", computed_zorder=False)
        heights = np.ma.masked_invalid(ground.height)
        x, y = np.meshgrid(ground.x, ground.y)
        axes.plot_surface(x, y, heights, cmap="Greys", alpha=0.6, rcount=120, ccount=120, linewidth=0, zorder=0)
        look = styles(list(paths))
        for label, way in paths.items():
            inside = ((way >= box[:, 0]) & (way <= box[:, 1])).all(axis=1)
            way = way[inside]
            with np.errstate(all="ignore"):
                z = ground.at([float(case.problem.f(p)) for p in way])
            style = look[label]
            axes.plot(*way.T, z, **style, markevery=max(1, len(way) // 12), markersize=5, zorder=4, label=label)
            axes.plot(*way[-1:].T, z[-1:], marker=style["marker"], color=style["color"], markersize=11,
                      markeredgecolor="white", zorder=6)  # fmt: skip
        axes.set(title=f"Paths on the surface of {shortened(case.label)}")
        axes.set_xlabel("x[0]", labelpad=9)
        axes.set_ylabel("x[1]", labelpad=14)
        axes.set_zlabel(f"log₁₀(f - f* + {ground.offset:.1g})", labelpad=22)
        # Ticks of four digits and a sign would run into the axis and its label.
        axes.tick_params(axis="z", pad=9)
        axes.locator_params(axis="z", nbins=6)
        axes.set_box_aspect(None, zoom=0.84)
        axes.view_init(elev=38, azim=-62)
        figure.legend(loc="outside right upper")
        save(figure, path)
    return figure
