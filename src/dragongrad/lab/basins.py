"""Basins of attraction: which minimum is reached from every start of a grid, and how soon."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np

from ..compiler.tiers import Tiered
from ..core.errors import ArgumentError, DragongradError
from ..optimize.limits import Iteration
from ..optimize.minimize import method_class, minimize
from ..optimize.objective import Array, Objective
from ..optimize.optimizer import Optimizer
from ..optimize.result import Result, Status
from ..optimize.stalled import Stalled
from ..transforms.batch import vmap
from ..transforms.gradients import grad, value_and_grad
from ..transforms.jacobians import hessian
from .convergence import refine
from .lineup import Case, Entry, cases, optimizers

UNDER_WAY, DIVERGED = -1, -2

# The arrays of this many starts fit the second-level cache.
_CHUNK = 16384
# A start that makes a step of this many times the size of the region is given up.
_FAR = 1e3
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


def basins(
    problem: Any, optimizer: Any, region: Any = None, grid: int | tuple[int, int] | None = None, steps: int = 500,
    *, radius: float | None = None, gtol: float = 1e-9, report: Callable[[float], Any] | None = None,
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
    report : callable, optional
        Called after every step with the share of the work that is done; what it raises ends the work.

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
    report = report or (lambda share: None)
    if steps < 1:
        raise ArgumentError(f"steps must be positive, got {steps}")
    radius = 0.01 * float(np.linalg.norm(box[:, 1] - box[:, 0])) if radius is None else radius
    batched = _may_be_batched(case, entry, box, steps)
    columns, rows = _sizes(grid, 300 if batched else 40)
    x, y = np.linspace(*box[0], columns), np.linspace(*box[1], rows)
    starts = np.stack(np.meshgrid(x, y), axis=-1).reshape(-1, 2)
    travel = _together if batched else _one_by_one
    with np.errstate(all="ignore"):
        watches = [_Watch(part, radius) for part in _chunks(starts)]
        interrupted = _travel(partial(travel, case, entry, steps=steps, gtol=gtol), watches, report)
        ends, since, lost, begun = (
            np.concatenate([getattr(w, k) for w in watches]) for k in ("ends", "since", "lost", "begun")
        )
        minima, known = _minima(case, ends[~lost & begun], radius, report)
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


def _travel(travel: Callable[..., None], watches: list[_Watch], report: Callable[[float], Any]) -> bool:
    """Run all starts, and say whether Ctrl-C came in between."""

    def tell(position: int, share: float) -> None:
        report((position + share) / len(watches))

    try:
        for k, watch in enumerate(watches):
            travel(watch, tell=partial(tell, k))
    except KeyboardInterrupt:
        return True
    return False


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
    return (starts[i : i + _CHUNK] for i in range(0, len(starts), _CHUNK))


class _Watch:
    """Follows many runs: since when each stays within a radius, where it ends, whether it is lost."""

    def __init__(self, starts: Array, radius: float) -> None:
        self.ends = starts.copy()
        self.since = np.zeros(len(starts), int)
        self.lost = np.zeros(len(starts), bool)
        self.begun = np.zeros(len(starts), bool)
        self._anchor = starts.copy()
        self.radius, self._near = radius, radius**2
        self._far = (_FAR * (1 + float(np.abs(starts).max()))) ** 2

    def look(self, step: int, params: Array, moving: Array) -> None:
        """Note where the runs that still move stand after a step; what is lost moves no longer."""
        # By columns: NumPy is slow along an axis of two.
        dx, dy = params[:, 0] - self._anchor[:, 0], params[:, 1] - self._anchor[:, 1]
        away = dx * dx + dy * dy
        # A comparison with NaN is false, so that what is not finite is lost.
        gone = moving & ~(away < self._far)
        if gone.any():
            self.lost |= gone
            self.ends[gone] = self._anchor[gone]
            moving &= ~gone
        left = moving & (away > self._near)
        if left.any():
            self.since[left] = step
            self._anchor[left] = params[left]


def _together(
    case: Case, entry: Entry, watch: _Watch, steps: int, gtol: float, tell: Callable[[float], None]
) -> None:
    """All starts as one array of parameters; those that rest or are lost are put back after every step."""
    optimizer, gradients = _batch(case, entry, watch.ends.copy())
    watch.begun[:] = True
    optimizer.evaluate()
    moving = np.isfinite(gradients.values)
    watch.lost |= ~moving
    try:
        for step in range(1, steps + 1):
            rests = moving & _within(optimizer.gradient, gtol)
            if rests.any():
                watch.ends[rests] = optimizer.params[rests]
                moving &= ~rests
            if not moving.any():
                break
            tell(step / steps)
            optimizer.advance()
            watch.look(step, optimizer.params, moving)
            if not moving.all():
                np.copyto(optimizer.params, watch.ends, where=~moving[:, None])
    finally:  # also where Ctrl-C ends it
        watch.ends[moving] = optimizer.params[moving]


def _within(gradient: Array, gtol: float) -> Array:
    """For each row, whether no element is greater than a tolerance."""
    small: Array = (np.abs(gradient[:, 0]) <= gtol) & (np.abs(gradient[:, 1]) <= gtol)
    return small


class _Gradients:
    """The sum of a function over rows, whose gradient is that of each row; keeps the values of the rows."""

    def __init__(self, f: Callable[[Any], Any]) -> None:
        self.both = Tiered(vmap(value_and_grad(f)), True)
        self.values: Array = np.empty(0)

    def __call__(self, rows: Array) -> tuple[float, Array]:
        self.values, gradient = self.both(rows)
        return float(np.sum(self.values)), gradient


def _batch(case: Case, entry: Entry, starts: Array) -> tuple[Optimizer, _Gradients]:
    gradients = _Gradients(case.problem.f)
    optimizer = method_class(entry.method)(Objective(gradients, starts, form="pair"), **_own(entry))
    return optimizer, gradients


def _own(entry: Entry) -> dict[str, Any]:
    return {k: v for k, v in entry.options.items() if k not in ("gtol", "xtol", "ftol", "max_time", "mode")}


def _may_be_batched(case: Case, entry: Entry, box: Array, steps: int) -> bool:
    """Whether a method makes the same steps on a batch as on each start alone: tried on three starts."""
    if isinstance(entry.method, str) and ":" in entry.method:
        return False
    tries = box[:, 0] + (box[:, 1] - box[:, 0]) * np.array([[0.31, 0.42], [0.77, 0.18], [0.55, 0.83]])
    steps = min(steps, 20)
    try:
        with np.errstate(all="ignore"):
            batch = _batch(case, entry, tries)[0]
            batch.evaluate()
            for _ in range(steps):
                batch.advance()
            alone = [_alone(case, entry, start, steps) for start in tries]
    except (DragongradError, Stalled, np.linalg.LinAlgError):
        return False
    return np.allclose(batch.params, alone, rtol=1e-6, atol=1e-9, equal_nan=True)


def _alone(case: Case, entry: Entry, start: Array, steps: int) -> Array:
    optimizer = method_class(entry.method)(Objective(case.problem.f, start, mode="reverse"), **_own(entry))
    optimizer.evaluate()
    for _ in range(steps):
        optimizer.advance()
    return optimizer.params


def _one_by_one(
    case: Case, entry: Entry, watch: _Watch, steps: int, gtol: float, tell: Callable[[float], None]
) -> None:
    """A run for each start, its path looked at afterwards."""
    for i, start in enumerate(watch.ends.copy()):
        tell(i / len(watch.ends))
        options = {**entry.options, "gtol": gtol, "max_iter": steps}
        try:
            path = _run(case.problem.f, start, method=entry.method, path=True, **options).path
        except (ArithmeticError, np.linalg.LinAlgError):
            path = None
        watch.begun[i] = True
        moving = np.array([path is not None and bool(np.isfinite(case.problem.f(start)))])
        watch.lost[i] = not moving[0]
        mine = _Watch(start[None], watch.radius)
        for step, point in enumerate(path[1:] if path is not None else [], 1):
            mine.look(step, point[None], moving)
        if moving[0] and path is not None:
            mine.ends[0] = path[-1]
        watch.ends[i], watch.since[i] = mine.ends[0], mine.since[0]
        watch.lost[i] |= mine.lost[0]


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


def _minima(case: Case, ends: Array, radius: float, report: Callable[[float], Any]) -> tuple[Array, Array]:
    """The minima that the problem lists, and those found where many runs ended; the best first."""
    f = case.problem.f
    found = [refine(f, m) for m in case.problem.minima(2)]
    listed = len(found)
    lost = ends[_nearest(ends, np.array(found).reshape(-1, 2), 2 * radius) < 0]
    _, first, counts = np.unique(np.round(lost / radius).astype(int), axis=0, return_index=True, return_counts=True)
    for i in first[np.argsort(-counts, kind="stable")][:_PLACES]:
        report(1.0)
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
