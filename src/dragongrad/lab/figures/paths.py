"""The paths of optimizers, over contours and over the surface."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from ...optimize.objective import Array
from ...views.palette import drawing, ground, save, styles
from ...views.text import shortened
from ..lineup import Case
from .landscape import Landscape, landscape, levels, near_equal, paths_of, planar, point_text, region_of

# Along each side of the surface: a valley narrower than a face would be a comb.
_FACES = 180


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
    'Paths on bowl from (1, 1)'

    """
    case, paths = planar(problem), paths_of(runs)
    box = region_of(case, paths.values(), region)
    land = landscape(case, box)
    with drawing() as matplotlib:
        figure = matplotlib.figure.Figure(figsize=(10.4, 5.6))
        axes = figure.add_subplot()
        draw_contours(figure, axes, land, case)
        look = styles(list(paths))
        ends: list[Array] = []
        for label, way in paths.items():
            style = look[label]
            way = way[np.isfinite(way).all(axis=1)]
            # The marks lie sparsely along the line, so that it stays a line; the last one is large.
            axes.plot(*way.T, color="white", linewidth=4.2, alpha=0.75, zorder=3)
            axes.plot(*way.T, **style, markevery=_sparse(way, box), markersize=6, zorder=4,
                      label=f"{label} ({len(way) - 1} steps)")  # fmt: skip
            draw_end(axes, way[-1], style, ends, box)
        _mark(axes, [way[0] for way in paths.values()], case.problem.minima(2), box)
        axes.set(xlim=box[0], ylim=box[1], title=_title("Paths on", case.label, paths))
        if near_equal(box):
            axes.set_aspect("equal")
        figure.legend(loc="outside right upper")
        save(figure, path)
    return figure


def _sparse(way: Array, box: Array) -> list[int]:
    """The points of a path that lie apart on the picture, however far it leaves it."""
    seen = np.clip((way - box[:, 0]) / (box[:, 1] - box[:, 0]), -1, 2)
    travelled = np.cumsum(np.hypot(*np.diff(seen, axis=0, prepend=seen[:1]).T))
    return [0, *(1 + np.flatnonzero(np.diff(np.floor(travelled / 0.1)))).tolist()]


def _title(what: str, label: str, paths: dict[str, Array]) -> str:
    """What is seen, and from where the paths begin where that is one point."""
    starts = {tuple(way[0]) for way in paths.values()}
    return f"{what} {shortened(label)}" + (f" from {point_text(*starts)}" if len(starts) == 1 else "")


def draw_end(axes: Any, end: Array, style: dict[str, Any], ends: list[Array], box: Array) -> None:
    """The marker of a path's end; of ends at one place each is smaller than those below, so that all are seen."""
    size = box[:, 1] - box[:, 0]
    below = sum(bool(np.max(np.abs(end - other) / size) < 0.015) for other in ends)
    ends.append(end)
    axes.plot(
        *end, marker=style["marker"], color=style["color"], markersize=max(4.0, 14.0 - 3.5 * below),
        markeredgecolor="white", markeredgewidth=1.2, linestyle="none", zorder=6 + 0.01 * len(ends),
    )  # fmt: skip


def fill_contours(axes: Any, land: Landscape) -> Any:
    """The contours of a landscape, in colour: at values that are evenly spread over the logarithm."""
    heights, at = np.ma.masked_invalid(land.height), levels(land).heights
    shades = axes.contourf(land.x, land.y, heights, levels=at, cmap=ground(), zorder=0)
    axes.contour(land.x, land.y, heights, levels=at, colors="#ffffff", linewidths=0.6, alpha=0.7, zorder=1)
    return shades


def draw_contours(figure: Any, axes: Any, land: Landscape, case: Case) -> None:
    """The same with its bar and the names of the axes."""
    bar = figure.colorbar(fill_contours(axes, land), ax=axes, pad=0.02)
    ticks = levels(land).ticks
    bar.set_ticks(list(ticks), labels=list(ticks.values()))
    bar.set_label(_above(case))
    axes.set(xlabel="x[0]", ylabel="x[1]")


def _above(case: Case) -> str:
    return "f - f*" if case.problem.minima(2) else "f above its least value here"


def _mark(axes: Any, starts: list[Array], minima: list[Array], box: Array) -> None:
    for i, start in enumerate({tuple(s) for s in starts}):
        axes.plot(*start, marker="o", markersize=10, color="white", markeredgecolor="black", markeredgewidth=2,
                  linestyle="none", zorder=7, label="start" if i == 0 else None)  # fmt: skip
    inside = [m for m in minima if (box[:, 0] <= m).all() and (m <= box[:, 1]).all()]
    for i, m in enumerate(inside):
        axes.plot(*m, marker="*", markersize=24, color="#F0E442", markeredgecolor="black", linestyle="none",
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
    >>> figure.axes[0].get_zlabel()
    'f above its least value here'

    """
    case, paths = planar(problem), paths_of(runs)
    box = region_of(case, paths.values(), region)
    land = landscape(case, box, _FACES, floor=0.03)
    with drawing() as matplotlib:
        figure = matplotlib.figure.Figure(figsize=(8.4, 6.4))
        axes = figure.add_subplot(projection="3d", computed_zorder=False)
        heights = np.ma.masked_invalid(land.height)
        x, y = np.meshgrid(land.x, land.y)
        # Seams between faces that let light through would make a pattern of their own.
        axes.plot_surface(
            x, y, heights, cmap=ground(), rcount=_FACES, ccount=_FACES, linewidth=0, antialiased=False, zorder=0
        )
        look = styles(list(paths))
        ends: list[Array] = []
        for label, way in paths.items():
            inside = ((way >= box[:, 0]) & (way <= box[:, 1])).all(axis=1)
            way = way[inside]
            with np.errstate(all="ignore"):
                z = land.at([float(case.problem.f(p)) for p in way])
            style = look[label]
            axes.plot(*way.T, z, **style, markevery=max(1, len(way) // 12), markersize=5, zorder=4, label=label)
            if len(way):
                draw_end(axes, np.array([*way[-1], z[-1]]), style, ends, np.vstack([box, axes.get_zlim()]))
        axes.set(title=_title("Paths on the surface of", case.label, paths))
        axes.set_xlabel("x[0]", labelpad=9)
        axes.set_ylabel("x[1]", labelpad=14)
        axes.set_zlabel(_above(case), labelpad=22)
        ticks = levels(land).ticks
        axes.set_zticks(list(ticks), labels=list(ticks.values()))
        # Long numbers would run into the axis and its label, the last ones of both axes into each other.
        axes.tick_params(axis="z", pad=9)
        for axis in ("x", "y"):
            axes.locator_params(axis=axis, nbins=5, prune="both")
        axes.set_box_aspect(None, zoom=0.84)
        axes.view_init(elev=38, azim=-62)
        axes.legend(loc="upper left", bbox_to_anchor=(0.0, 1.0))
        if matplotlib.__version_info__ < (3, 11):
            # These make room for ticks where they were last drawn, and before that where they are in no picture.
            figure.set_layout_engine("none")
            figure.draw_without_rendering()
            figure.set_layout_engine("constrained")
        save(figure, path)
    return figure
