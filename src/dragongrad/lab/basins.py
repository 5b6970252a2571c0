"""Basins of attraction: which minimum is reached from every start of a grid, and how soon."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np

from ..core.errors import ArgumentError
from ..hints import guided
from ..interrupts import interrupts_kept, raise_lost
from ..optimize.limits import Iteration
from ..optimize.minimize import minimize
from ..optimize.objective import Array
from ..optimize.progress import Live, live
from ..optimize.progress import Watch as Watching
from ..optimize.result import Result, Status
from ..transforms.gradients import grad
from ..transforms.jacobians import hessian
from .convergence import refine
from .lineup import Case, Entry, cases, optimizers
from .stepping import Tell
from .together import Together, may_be_batched
from .watch import Watch

UNDER_WAY, DIVERGED = -1, -2

# The arrays of this many starts fit the second-level cache.
_CHUNK = 16384
# The most places where runs ended that are looked at for minima nobody has told of.
_PLACES = 200


@dataclass(frozen=True)
class Basins:
    """What became of every start of a grid.

    Attributes
    ----------
    function, optimizer : str
        Labels.
    x, y : array of shape (columns,), (rows,)
        The coordinates of the starts.
    label : int array of shape (rows, columns)
        The position in `minima` of the minimum reached; -1: still under way (or on a saddle), -2: diverged.
    arrival : int array of shape (rows, columns)
        The step after which the start stayed within `radius`; `steps` where it did not arrive.
    ends : array of shape (rows, columns, 2)
        Where each run ended.
    minima : array of shape (k, 2)
        The minima reached or known, the best first.
    values : array of shape (k,)
        The function there.
    known : bool array of shape (k,)
        Whether it is one of the global minima that the problem lists.
    steps : int
    radius : float
    batched : bool
        Whether all starts ran at once; otherwise one by one.
    seconds : float
    interrupted : bool
        Whether Ctrl-C ended it: starts not yet run are under way.

    """

    function: str
    optimizer: str
    x: Array
    y: Array
    label: Array
    arrival: Array
    ends: Array
    minima: Array
    values: Array
    known: Array
    steps: int
    radius: float
    batched: bool
    seconds: float
    interrupted: bool = False

    def shares(self) -> dict[str, float]:
        """The fraction of starts that reached each minimum, were under way, or diverged."""
        fractions = {name: float(np.mean(self.label == k)) for k, name in enumerate(self.names())}
        fractions["under way"] = float(np.mean(self.label == UNDER_WAY))
        fractions["diverged"] = float(np.mean(self.label == DIVERGED))
        return fractions

    def names(self) -> list[str]:
        """Each minimum in words: `(3, 2)`."""
        size = float(max(np.ptp(self.x), np.ptp(self.y)))
        # What Newton's method leaves of a zero is no news.
        shown = np.where(np.abs(self.minima) < 1e-9 * size, 0.0, self.minima)
        return [f"({a:.4g}, {b:.4g})" for a, b in shown]


@guided(
    'lab.basins(f, ("gd", {"lr": 0.1}), region=[(-2, 2), (-2, 2)], grid=100)',
    {
        "method": "optimizer=",
        "lr": 'optimizer=("gd", {"lr": 0.1})',
        "bounds": "region=",
        "n": "grid=",
        "resolution": "grid=",
        "xlim": "region=",
        "ylim": "region=",
        "max_iter": "steps=",
    },
)
def basins(
    problem: Any, optimizer: Any, region: Any = None, grid: int | tuple[int, int] | None = None, steps: int = 500,
    *, radius: float | None = None, gtol: float = 1e-9, progress: bool = False, watch: Watching = False,
) -> Basins:  # fmt: skip
    """Run an optimizer from every start of a grid over the plane, all starts at once where the method lets them.

    First-order methods treat every number alike, so that the starts are one array of parameters, whose gradient is
    `ad.vmap(ad.value_and_grad(f))`. That this holds for the method at hand is tried out first on a few starts;
    otherwise, and for functions that cannot be batched, each start is a run of its own.

    Parameters
    ----------
    problem : name, Problem or callable
        A function of two numbers.
    optimizer : name, Optimizer class, or pair of one and its options
    region : array of shape (2, 2), optional
        `[[x_low, x_high], [y_low, y_high]]`; the domain of the problem if not given.
    grid : int or (columns, rows), optional
        How many starts: 300 by 300 if not given, or 40 by 40 where they run one by one.
    steps : int
        Of each run; Ctrl-C ends them all, and what was found so far is returned.
    radius : float, optional
        How close to a minimum counts as there; a hundredth of the region's diagonal if not given.
    gtol : float
        A start rests once no element of its gradient is greater.
    progress : bool
        Show a progress bar, where the output is a terminal.
    watch : bool or callable
        Of the steps (or, one by one, the starts) that are done, with the share of starts under way: as
        `ad.minimize` has it.

    Raises
    ------
    ArgumentError
        The function is not one of two numbers, the region is not (2, 2), or `steps` or `grid` is not positive.

    Examples
    --------
    >>> from dragongrad.lab.basins import basins
    >>> def double_well(x):
    ...     return (x[0] ** 2 - 1) ** 2 + x[1] ** 2
    >>> found = basins(double_well, ("adam", {"lr": 0.05}), [[-2, 2], [-1, 1]], grid=(4, 3))
    >>> found.minima.round(6) + 0.0
    array([[-1.,  0.],
           [ 1.,  0.]])
    >>> found.label
    array([[0, 0, 1, 1],
           [0, 0, 1, 1],
           [0, 0, 1, 1]])

    """
    (case,), (entry,) = cases(problem), optimizers(optimizer)
    box = _region(case, region)
    began = time.perf_counter()
    if steps < 1:
        raise ArgumentError(f"steps must be positive, got {steps}")
    radius = 0.01 * float(np.linalg.norm(box[:, 1] - box[:, 0])) if radius is None else radius
    batched = may_be_batched(case, entry, box, steps)
    columns, rows = _sizes(grid, 300 if batched else 40)
    x, y = np.linspace(*box[0], columns), np.linspace(*box[1], rows)
    starts = np.stack(np.meshgrid(x, y), axis=-1).reshape(-1, 2)
    with np.errstate(all="ignore"):
        watches = [Watch(part, radius) for part in _chunks(starts)]
        total = len(watches) * steps if batched else len(starts)
        show = live(progress, watch, f"basins of {case.label}", total, measure="under way")
        travel: Callable[..., None] = (
            Together(case, entry, len(starts), steps, gtol)
            if batched
            else partial(_one_by_one, case, entry, steps=steps, gtol=gtol)
        )
        try:
            interrupted = _travel(travel, watches, show)
            ends, since, lost, begun = (
                np.concatenate([getattr(w, k) for w in watches]) for k in ("ends", "since", "lost", "begun")
            )
            minima, known = _minima(case, ends[~lost & begun], radius, show)
        finally:
            if show is not None:
                show.end()
        label = _nearest(ends, minima, 2 * radius)
    label[lost] = DIVERGED
    label[~begun] = UNDER_WAY
    since[label < 0] = steps
    shape = (rows, columns)
    return Basins(
        case.label, entry.label, x, y, label.reshape(shape), since.reshape(shape), ends.reshape(*shape, 2), minima,
        np.array([float(case.problem.f(m)) for m in minima]), known, steps, radius, batched,
        time.perf_counter() - began, interrupted,
    )  # fmt: skip


def _travel(travel: Callable[..., None], watches: list[Watch], show: Live | None) -> bool:
    """Run all starts, and say whether Ctrl-C came in between."""
    try:
        with interrupts_kept():
            for k, watch in enumerate(watches):
                travel(watch, tell=None if show is None else partial(_tell, show, k, len(watches)))
    except KeyboardInterrupt:
        return True
    return False


def _tell(show: Live, part: int, parts: int, done: float, moving: float) -> None:
    """Say how much of one of several parts is done, and what share of its starts is under way."""
    show.note(round(show.total * (part + done) / parts), moving)


def _region(case: Case, region: Any) -> Array:
    if case.n != 2 and case.problem.n != 2 and not case.problem.any_n:
        raise ArgumentError(
            f"basins are drawn in the plane; {case.label} is a function of {case.problem.n} numbers"
        )
    box = case.problem.domain(2) if region is None else np.array(region, float)
    if box.shape != (2, 2) or not (box[:, 1] > box[:, 0]).all():
        raise ArgumentError(f"region must be [[x_low, x_high], [y_low, y_high]], got {region!r}")
    return box


def _sizes(grid: int | tuple[int, int] | None, usual: int) -> tuple[int, int]:
    columns, rows = (grid, grid) if isinstance(grid, int) else grid or (usual, usual)
    if min(columns, rows) < 1:
        raise ArgumentError(f"grid must be a positive number of starts, or (columns, rows), got {grid!r}")
    return columns, rows


def _chunks(starts: Array) -> Iterator[Array]:
    # Of one size, but for the last: what is compiled is compiled for one.
    size = -(-len(starts) // -(-len(starts) // _CHUNK))
    return (starts[i : i + size] for i in range(0, len(starts), size))


def _one_by_one(case: Case, entry: Entry, watch: Watch, steps: int, gtol: float, tell: Tell = None) -> None:
    """A run for each start, its path looked at afterwards."""
    for i, start in enumerate(watch.ends.copy()):
        raise_lost()
        options = {**entry.options, "gtol": gtol, "max_iter": steps}
        try:
            path = _run(case.problem.f, start, method=entry.method, path=True, **options).path
        except (ArithmeticError, np.linalg.LinAlgError):
            path = None
        watch.begun[i] = True
        moving = np.array([path is not None and bool(np.isfinite(case.problem.f(start)))])
        watch.lost[i] = not moving[0]
        mine = Watch(start[None], watch.radius)
        for step, point in enumerate(path[1:] if path is not None else [], 1):
            mine.look(step, point[None], moving)
        if moving[0] and path is not None:
            mine.ends[0] = path[-1]
        watch.ends[i], watch.since[i] = mine.ends[0], mine.since[0]
        watch.lost[i] |= mine.lost[0]
        if tell is not None:
            tell((i + 1) / len(watch.ends), 1 - (i + 1) / len(watch.ends))


def _run(f: Callable[[Any], Any], start: Array, **options: Any) -> Result:
    """One run of many: Ctrl-C means them all."""
    result = minimize(f, start, **options)
    if result.status is Status.INTERRUPTED:
        raise KeyboardInterrupt
    return result


def _nearest(points: Array, minima: Array, within: float) -> Array:
    """The position of the minimum nearest to each point, or -1 where none is within a distance."""
    label = np.full(len(points), UNDER_WAY)
    least = np.full(len(points), within)
    for k, m in enumerate(minima):
        distance = np.linalg.norm(points - m, axis=1)
        closer = distance <= least
        label[closer] = k
        least[closer] = distance[closer]
    return label


def _minima(case: Case, ends: Array, radius: float, show: Live | None) -> tuple[Array, Array]:
    """The minima that the problem lists, and those found where many runs ended; the best first."""
    f = case.problem.f
    found = [refine(f, m) for m in case.problem.minima(2)]
    listed = len(found)
    lost = ends[_nearest(ends, np.array(found).reshape(-1, 2), 2 * radius) < 0]
    _, first, counts = np.unique(np.round(lost / radius).astype(int), axis=0, return_index=True, return_counts=True)
    for i in first[np.argsort(-counts, kind="stable")][:_PLACES]:
        if show is not None:
            show.note(show.total, 0.0)
        if _nearest(lost[i : i + 1], np.array(found).reshape(-1, 2), 2 * radius)[0] < 0:
            place = _settle(f, lost[i], radius)
            if place is not None and _nearest(place[None], np.array(found).reshape(-1, 2), radius)[0] < 0:
                found.append(place)
    values = [float(f(m)) for m in found]
    order = sorted(range(len(found)), key=lambda k: (k >= listed, round(values[k], 9), tuple(found[k])))
    return np.array([found[k] for k in order]).reshape(-1, 2), np.array([k < listed for k in order], bool)


def _settle(f: Callable[[Any], Any], end: Array, radius: float) -> Array | None:
    """The minimum close to the end of a run; None where the run had farther to go, or sat on a saddle."""

    def leaves(iteration: Iteration) -> bool:
        return not np.linalg.norm(iteration.x - end) <= 4 * radius

    place = np.asarray(_run(f, end, method="bfgs", max_iter=100, gtol=1e-8, callback=leaves).x)
    if not np.linalg.norm(place - end) <= 2 * radius:
        return None
    place = refine(f, place)
    curvature = hessian(f)(place)
    if not np.isfinite(curvature).all():
        return place
    values, vectors = np.linalg.eigh(curvature)
    size = max(1.0, float(values[-1]))
    slope = np.abs(vectors.T @ grad(f)(place))
    # Where a valley runs off to infinity the gradient is tiny too, but Newton's step is long.
    under_way = (slope > 1e-12 * size) & (slope > radius * np.abs(values))
    return None if values[0] < -1e-7 * size or under_way.any() else place
