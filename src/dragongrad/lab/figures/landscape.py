"""A function of two numbers over a region, as a grid of heights that pictures can draw."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np

from ...core.errors import ArgumentError, BatchError, NoRuleError
from ...optimize.objective import Array
from ...optimize.result import Result
from ...transforms.batch import vmap
from ...views.live import power
from ..lineup import Case, cases


@dataclass(frozen=True)
class Landscape:
    """Heights over a grid, on the scale that shows valleys.

    Attributes
    ----------
    x, y : array of shape (columns,), (rows,)
    z : array of shape (rows, columns)
        The values of the function.
    height : array of shape (rows, columns)
        `log10(f - least + offset)`, in which a valley of a large function has contours too.
    least, offset : float
        Of that formula.

    """

    x: Array
    y: Array
    z: Array
    height: Array
    least: float
    offset: float

    def at(self, values: Any) -> Array:
        """The heights of values of the function."""
        return np.log10(np.maximum(np.asarray(values, float) - self.least, 0) + self.offset)


@dataclass(frozen=True)
class Levels:
    """Where contours lie.

    Attributes
    ----------
    heights : list of float
        Of a `Landscape`, rising.
    ticks : dict of float to str
        Heights that are written beside the bar, as values above the least: `0.01`, `10³`.

    """

    heights: list[float]
    ticks: dict[float, str]


# Contours and ticks, at most about so many.
_CONTOURS, _TICKS = 24, 7


def levels(ground: Landscape) -> Levels:
    """Contours at values above the least of 1, 2, 5, 10 ... times a power of ten, or at fewer of them."""
    seen = ground.height[np.isfinite(ground.height)]
    top = float(seen.max())
    low, high = math.log10(ground.offset), max(top, math.log10(ground.offset) + 0.1)
    decades = high - low
    steps = [0.0, math.log10(2), math.log10(5)] if decades * 3 <= _CONTOURS else [0.0]
    apart = max(1, math.ceil(decades / _CONTOURS))
    powers = range(math.floor(low / apart) * apart, math.ceil(high) + 1, apart)
    # The heights are those of the value and the offset together.
    values = [k + step for k in powers for step in steps]
    heights = [low, *(_height(v, low) for v in values if low - 0.5 <= v < high), high]
    heights = [h for h, before in zip(heights[1:], heights, strict=False) if h > before + 1e-9 * decades]
    every = max(1, math.ceil((high - low) / _TICKS / apart)) * apart
    ticks = {_height(float(k), low): _power(k) for k in powers if k % every == 0 and low - 0.5 <= k < high}
    written = {low: "0"}
    for height, text in ticks.items():
        # Two numbers closer than their letters are high would run into each other.
        if height - max(written) > 0.07 * decades:
            written[height] = text
    return Levels([low - 1e-9 * abs(low) - 1e-12, *heights], written)


def _height(exponent: float, low: float) -> float:
    """The logarithm of a power of ten and the offset together, both as exponents, where neither overflows."""
    return max(exponent, low) + math.log10(1 + 10.0 ** -abs(exponent - low))


def _power(exponent: int) -> str:
    if -2 <= exponent <= 3:
        return f"{10.0**exponent:g}"
    return power(exponent)


def near_equal(box: Array) -> bool:
    """Whether the sides of a region are so alike that one scale for both leaves a picture: both are parameters."""
    width, height = box[:, 1] - box[:, 0]
    return bool(1 / 3 <= width / height <= 3)


def shaped_as(box: Array, sides: float) -> Array:
    """A region around another, whose width is so many heights, where one scale for both leaves a picture."""
    if not near_equal(box):
        return box
    size, middle = box[:, 1] - box[:, 0], box.mean(axis=1)
    size = np.array([max(size[0], sides * size[1]), max(size[1], size[0] / sides)])
    return np.stack([middle - size / 2, middle + size / 2], axis=1)


def point_text(point: Any) -> str:
    """A point as titles have it: `(-1.5, 2)`."""
    return f"({', '.join(f'{float(v):.4g}' for v in point)})"


def landscape(case: Case, region: Array, points: int = 240, floor: float = 0.01) -> Landscape:
    """The function of a case over a region of shape (2, 2); the lowest part of it, `floor`, is nearly flat."""
    x, y = np.linspace(*region[0], points), np.linspace(*region[1], points)
    grid = np.stack(np.meshgrid(x, y), axis=-1).reshape(-1, 2)
    with np.errstate(all="ignore"):
        z = np.asarray(_values(case.problem.f, grid), float).reshape(points, points)
    finite = z[np.isfinite(z)]
    if not finite.size:
        raise ArgumentError(f"{case.label} has no finite value in the region {region.tolist()}")
    least = float(finite.min())
    known = [float(case.problem.f(m)) for m in case.problem.minima(2)]
    least = min([least, *known])
    # Without a floor the logarithm would dig without end.
    offset = max(float(np.quantile(finite - least, floor)), 1e-12 * (1 + abs(least)))
    heights = np.log10(np.maximum(z - least, 0) + offset)
    return Landscape(x, y, z, np.where(np.isfinite(heights), heights, np.nan), least, offset)


def _values(f: Callable[[Any], Any], grid: Array) -> Any:
    try:
        return vmap(f)(grid)
    except (BatchError, NoRuleError):
        # It asks for the truth of a value, which differs from point to point.
        return np.array([float(f(point)) for point in grid])


def planar(problem: Any) -> Case:
    """The case of a function of two numbers.

    Raises
    ------
    ArgumentError
        It has another dimension.

    """
    (case,) = cases(problem)
    if case.problem.n != 2 and not case.problem.any_n:
        raise ArgumentError(
            f"this picture shows a function of two numbers; {case.label} is one of {case.problem.n}: "
            "draw_losses shows its runs"
        )
    return case


def paths_of(runs: Any) -> dict[str, Array]:
    """The paths of runs by label, each of shape (steps + 1, 2).

    Raises
    ------
    ArgumentError
        A run was made without `path=True`, or in another dimension.

    """
    found = {}
    for label, result in dict(runs).items():
        path = result.path if isinstance(result, Result) else np.asarray(result)
        if path is None:
            raise ArgumentError(f"the run {label!r} kept no path: run it with path=True")
        if path.ndim != 2 or path.shape[1] != 2:
            raise ArgumentError(f"the path {label!r} has shape {path.shape}: pictures need (steps, 2)")
        found[str(label)] = path
    return found


def region_of(case: Case, paths: Iterable[Array], region: Any = None) -> Array:
    """The region asked for, or one that holds the starts, the minima and nearly all of the paths."""
    if region is not None:
        box = np.array(region, float)
        with np.errstate(all="ignore"):
            sides = np.diff(box)
        if box.shape != (2, 2) or not ((sides > 0) & (sides < np.inf)).all():
            raise ArgumentError(f"region must be [[x_low, x_high], [y_low, y_high]], got {region!r}")
        return box
    domain, paths = case.problem.domain(2), list(paths)
    starts = [path[0] for path in paths if np.isfinite(path[0]).all()]
    near = np.stack([np.min([domain[:, 0], *starts], axis=0), np.max([domain[:, 1], *starts], axis=0)], axis=1)
    points = [*case.problem.minima(2)]
    for path in paths:
        # A run that flies off would make everything else a dot.
        inside = path[np.isfinite(path).all(axis=1)]
        width = near[:, 1] - near[:, 0]
        inside = inside[((inside >= near[:, 0] - width) & (inside <= near[:, 1] + width)).all(axis=1)]
        points += [*inside]
    if not points:
        return domain
    low, high = np.min(points, axis=0), np.max(points, axis=0)
    # Rather square than a slit.
    size = np.maximum(high - low, 0.5 * np.max(high - low))
    middle = (low + high) / 2
    # Never as narrow as the spacing of floats.
    size = np.maximum(np.where(size > 0, size, 1.0), 1e-6 * np.abs(middle))
    return np.stack([middle - 0.62 * size, middle + 0.62 * size], axis=1)
