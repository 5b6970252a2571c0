"""A study of convergence: every function with every optimizer from every start in every mode."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from ..core.errors import ArgumentError, DragongradError
from ..hints import guided
from ..interrupts import interrupts_kept, raise_lost
from ..optimize.minimize import minimize
from ..optimize.objective import Array
from ..optimize.progress import Watch, live
from ..optimize.result import Result, Status
from ..optimize.zoo import Problem
from . import lineup
from .convergence import distances, fit_order, refine
from .lineup import Case, Entry
from .records import html_table, rich_table, write_csv


@dataclass(frozen=True)
class Record:
    """One run of a study.

    Attributes
    ----------
    function, n, optimizer, start, x0, mode
        What was run: labels, the dimension, the number of the start and its coordinates.
    iterations, nfev, njev, nhev : int
        Steps; evaluations of the value, of the gradient, of second derivatives.
    seconds : float
        Wall time.
    value, error, distance : float
        The value reached, `|f - f*|` and `|x - x*|` to the nearest minimizer. Of a function whose minimum is
        unknown, `f*` is the least value that any run of the study reached, and the distance is NaN.
    solved : bool
        Whether the error is within the accuracy of the study.
    success : bool
        Whether the run ended by one of its own tests of convergence.
    status, message : str
        How it ended.
    order, constant : float
        Of the convergence of its tail, `e[k+1] = constant * e[k]**order`; NaN where there are too few steps.

    """

    function: str
    n: int
    optimizer: str
    start: int
    x0: str
    mode: str
    iterations: int
    nfev: int
    njev: int
    nhev: int
    seconds: float
    value: float
    error: float
    distance: float
    solved: bool
    success: bool
    status: str
    message: str
    order: float
    constant: float

    @property
    def evaluations(self) -> int:
        """Of the value, the gradient and second derivatives together."""
        return self.nfev + self.njev + self.nhev


_COLUMNS = {
    "function": "function", "n": "n", "optimizer": "optimizer", "start": "start", "mode": "mode",
    "iterations": "steps", "evaluations": "evals", "nfev": "nfev", "njev": "njev", "nhev": "nhev",
    "seconds": "seconds", "error": "|f - f*|", "distance": "|x - x*|", "solved": "solved", "status": "status",
    "order": "order", "constant": "constant",
}  # fmt: skip


@dataclass(frozen=True)
class Study:
    """The records of a study, and the runs themselves.

    Attributes
    ----------
    records : list of Record
        One for each function, optimizer, start and mode.
    results : list of Result or None
        The run of each record with its path; None where an error ended it.
    cases : dict of str to Case
        The functions by label.
    truths : dict of (str, int) to (float, list of arrays)
        The least value and the known minimizers of each function in each dimension.
    interrupted : bool
        Whether Ctrl-C ended it: the runs made so far are there.

    """

    records: list[Record]
    results: list[Result | None]
    cases: dict[str, Case]
    truths: dict[tuple[str, int], tuple[float, list[Array]]]
    interrupted: bool = False

    def minimum(self, function: str, n: int) -> float:
        """The least value of a function in n dimensions, as the errors of the records have it."""
        return self.truths[function, n][0]

    def to_csv(self, path: str | Path) -> None:
        """Write the records to a CSV file, a line each under a line of names."""
        write_csv(self.records, path)

    def table(self) -> Any:
        """The records as a `rich.table.Table`, without the longest columns."""
        return rich_table(self.records, "Study", _COLUMNS)

    def select(self, **wanted: Any) -> list[tuple[Record, Result | None]]:
        """The records whose fields have the values named, each with its run: `select(mode="reverse", start=0)`."""
        pairs = zip(self.records, self.results, strict=True)
        return [(r, run) for r, run in pairs if all(getattr(r, k) == v for k, v in wanted.items())]

    def runs(self, function: str | None = None, start: int = 0, mode: str | None = None) -> dict[str, Result]:
        """The runs of every optimizer on one function from one start, by label.

        Raises
        ------
        ArgumentError
            There is no such run.

        """
        first = self.records[0]
        wanted = {"function": function or first.function, "start": start, "mode": mode or first.mode}
        found = {r.optimizer: run for r, run in self.select(**wanted) if run is not None}
        if not found:
            asked = ", ".join(f"{k}={v!r}" for k, v in wanted.items())
            raise ArgumentError(
                f"the study has no run with {asked}; its functions are {', '.join(self.cases)}, "
                f"its modes {', '.join(dict.fromkeys(r.mode for r in self.records))}"
            )
        return found

    def __repr__(self) -> str:
        modes = ", ".join(dict.fromkeys(r.mode for r in self.records))
        runs = f"{len(self.records)} runs{', interrupted' if self.interrupted else ''}"
        return f"<Study of {', '.join(self.cases)} in {modes} mode: {runs}>"

    def _repr_html_(self) -> str:
        """The table for a notebook."""
        return html_table(self.records, "Study", _COLUMNS)

    def __str__(self) -> str:
        from rich.console import Console

        console = Console(width=170, record=False, color_system=None, force_jupyter=False)
        with console.capture() as captured:
            console.print(self.table())
        return captured.get()


@guided('lab.study(f, ["adam", "bfgs"], starts=[[1.0, 2.0]])', {})
def study(
    functions: Any, optimizers: Any, starts: Any = None, modes: Sequence[str] = ("forward", "reverse"), *,
    max_iter: int = 10000, max_time: float = math.inf, accuracy: float = 1e-6, progress: bool = False,
    watch: Watch = False, **limits: Any,
) -> Study:  # fmt: skip
    """Run every optimizer on every function from every start in every mode, and measure each run.

    Parameters
    ----------
    functions : name, Problem, callable, pair of one and a dimension, list of these, or dict of label to one
        Names are those of `dragongrad.optimize.zoo.ZOO`.
    optimizers : name, Optimizer class, pair of one and its options, list of these, or dict of label to one
        Names are those of `ad.minimize`: `["l-bfgs", ("adam", {"lr": 0.1})]`.
    starts : array, list of arrays, dict of function label to either, or None
        None: the standard starts of each function.
    modes : sequence of "forward" and "reverse"
    max_iter, max_time : int, float
        Of each run.
    accuracy : float
        A run has solved its problem when `|f - f*| <= accuracy * max(1, |f*|)`.
    progress : bool
        Show a progress bar, where the output is a terminal.
    watch : bool or callable
        Of the runs that are done, with the value that the last one reached: as `ad.minimize` has it.
    **limits
        Further limits of `ad.minimize`: `gtol`, `xtol`, `ftol`.

    Returns
    -------
    Study
        Of the runs made before Ctrl-C, where that ended it.

    Raises
    ------
    ArgumentError
        A name or option is unknown, or a function without standard starts is given none.

    Examples
    --------
    >>> import numpy as np
    >>> from dragongrad.lab.study import study
    >>> def bowl(x):
    ...     return np.sum((x - 1) ** 2)
    >>> done = study(bowl, ("gd", {"lr": 0.25}), starts=[[0.0, 3.0]], modes=["reverse"])
    >>> record = done.records[0]
    >>> record.iterations, record.status, round(record.order, 2), round(record.constant, 2)
    (22, 'CONVERGED', 1.0, 0.5)

    """
    todo = lineup.cases(functions)
    entries = lineup.optimizers(optimizers)
    plan = [
        Step(case, entry, number, start, mode)
        for case in todo for number, start in enumerate(case.starts(starts)) for entry in entries for mode in modes
    ]  # fmt: skip
    if not plan:
        raise ArgumentError("there are no modes: pass modes=('forward', 'reverse') or one of them")
    limits = {"max_iter": max_iter, "max_time": max_time, **limits}
    show = live(progress, watch, "study", len(plan), sure=True, measure="value")
    ends: list[tuple[Result | None, str]] = []
    interrupted = False
    try:
        with interrupts_kept():
            for step in plan:
                raise_lost()
                ends.append(_attempt(step, limits))
                run = ends[-1][0]
                if run is not None and run.status is Status.INTERRUPTED:
                    raise KeyboardInterrupt
                if show is not None:
                    show.note(len(ends), math.nan if run is None else float(run.fun))
    except KeyboardInterrupt:
        if not ends:
            raise
        interrupted = True
    finally:
        if show is not None:
            show.end()
    runs = [run for run, _ in ends]
    plan = plan[: len(runs)]
    truths = _truths(plan, runs)
    # Of a run that went off to infinity, the distances overflow.
    with np.errstate(all="ignore"):
        records = [
            _record(step, run, trouble, truths[step.target], accuracy)
            for step, (run, trouble) in zip(plan, ends, strict=True)
        ]
    return Study(records, runs, {case.label: case for case in todo}, truths, interrupted)


@dataclass(frozen=True)
class Step:
    """One run that is to be made."""

    case: Case
    entry: Entry
    number: int
    start: Array
    mode: str

    @property
    def target(self) -> tuple[str, int]:
        """What is minimized: the label of the function and its dimension."""
        return self.case.label, self.start.size


def _attempt(step: Step, limits: dict[str, Any]) -> tuple[Result | None, str]:
    """One run; what the function raises is news about the run, and the study goes on."""
    options = {"method": step.entry.method, "mode": step.mode, "path": True, **limits, **step.entry.options}
    try:
        with np.errstate(all="ignore"):
            return minimize(step.case.problem.f, step.start, **options), ""
    except ArgumentError:
        raise
    except (DragongradError, ArithmeticError, np.linalg.LinAlgError) as error:
        return None, f"{type(error).__name__}: {error}"


def _truths(plan: list[Step], runs: list[Result | None]) -> dict[tuple[str, int], tuple[float, list[Array]]]:
    """The least value and the minimizers of each function in each dimension that it was run in."""
    reached: dict[tuple[str, int], float] = {}
    for step, run in zip(plan, runs, strict=True):
        value = math.inf if run is None or not np.isfinite(run.fun) else float(run.fun)
        reached[step.target] = min(value, reached.get(step.target, math.inf))
    return {step.target: _truth(step.case.problem, step.start.size, reached[step.target]) for step in plan}


def _truth(problem: Problem, n: int, reached: float) -> tuple[float, list[Array]]:
    minima = [refine(problem.f, m) for m in problem.minima(n)]
    published = problem.minimum(n)
    if math.isnan(published):
        return reached, minima
    best = min((float(problem.f(m)) for m in minima), default=published)
    # What is printed has a few digits; the value at the refined minimizer has all of them.
    return best if abs(best - published) <= 1e-3 * (1 + abs(published)) else published, minima


def _record(
    step: Step, run: Result | None, trouble: str, truth: tuple[float, list[Array]], accuracy: float
) -> Record:
    least, minima = truth
    start = step.start
    x0 = ", ".join(f"{v:.6g}" for v in start[:4]) + (", …" if start.size > 4 else "")
    named: dict[str, Any] = {
        "function": step.case.label, "n": start.size, "optimizer": step.entry.label, "start": step.number, "x0": x0,
        "mode": step.mode,
    }  # fmt: skip
    if run is None:
        named |= dict.fromkeys(("seconds", "value", "error", "distance", "order", "constant"), math.nan)
        named |= dict.fromkeys(("iterations", "nfev", "njev", "nhev"), 0)
        return Record(**named, solved=False, success=False, status="ERROR", message=trouble)
    value = float(run.fun)
    error = abs(value - least)
    order, constant = _rate(run, minima)
    return Record(
        **named, iterations=run.nit, nfev=run.nfev, njev=run.njev, nhev=run.nhev, seconds=run.seconds,
        value=value, error=error, solved=bool(error <= accuracy * max(1.0, abs(least))),
        distance=min((float(np.linalg.norm(run.x - m)) for m in minima), default=math.nan),
        success=bool(run.success), status=getattr(run.status, "name", str(run.status)), message=run.message,
        order=order, constant=constant,
    )  # fmt: skip


def _rate(run: Result, minima: list[Array]) -> tuple[float, float]:
    """Order and constant of the distances to the minimizer that a run came to."""
    path = run.path
    if path is None or len(path) < 2 or not np.isfinite(path).all():
        return math.nan, math.nan
    size = 1 + float(np.linalg.norm(path[-1]))
    if minima:
        errors = distances(path, minima)
        if errors[-1] <= 0.1 * size:
            return fit_order(errors, floor=1e-14 * size)
    if not run.success:
        return math.nan, math.nan
    # A minimum of which nothing is known: the end stands for it, seen from far enough away.
    errors = np.linalg.norm(path - path[-1], axis=1)
    return fit_order(errors, floor=10 * float(errors[-2]))
