"""Forward against reverse mode, timed as the dimension grows."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from ..optimize.objective import Objective
from .lineup import cases
from .records import html_table, rich_table, write_csv


@dataclass(frozen=True)
class ModeRecord:
    """The time of one value with gradient in one dimension and mode, beside that of the value alone.

    Attributes
    ----------
    function, n, mode
        What was timed.
    seconds, value_seconds : float
        Of the value with its gradient; of the value alone.
    ratio : float
        The one over the other.

    """

    function: str
    n: int
    mode: str
    seconds: float
    value_seconds: float
    ratio: float


_TITLE = "Modes by dimension"
_COLUMNS = {
    "function": "function", "n": "n", "mode": "mode", "seconds": "gradient (s)", "value_seconds": "value (s)",
    "ratio": "ratio",
}  # fmt: skip


@dataclass(frozen=True)
class Modes:
    """The records of `modes_by_dimension`."""

    records: list[ModeRecord]

    def to_csv(self, path: str | Path) -> None:
        """Write the records to a CSV file, a line each under a line of names."""
        write_csv(self.records, path)

    def table(self) -> Any:
        """The records as a `rich.table.Table`."""
        return rich_table(self.records, _TITLE, _COLUMNS)

    def _repr_html_(self) -> str:
        """The table for a notebook."""
        return html_table(self.records, _TITLE, _COLUMNS)


def modes_by_dimension(
    problem: Any, dimensions: Sequence[int] = (2, 10, 100, 1000), modes: Sequence[str] = ("forward", "reverse"),
    start: Callable[[int], Any] | None = None, budget: float = 0.2,
) -> Modes:  # fmt: skip
    """Time the gradient in both modes as the dimension grows: forward costs a pass a variable, reverse one in all.

    Parameters
    ----------
    problem : name, Problem, or callable of a vector of any length
    dimensions : sequence of int
    modes : sequence of "forward" and "reverse"
    start : callable, optional
        `start(n)` is where the gradient is taken; if not given, the first standard start, or 0.5 everywhere
        where there is none.
    budget : float
        About how many seconds each measurement may take; the best of its repetitions counts.

    Returns
    -------
    Modes

    Raises
    ------
    ArgumentError
        The problem is not defined in one of the dimensions.

    Examples
    --------
    >>> import numpy as np
    >>> from dragongrad.lab.modes import modes_by_dimension
    >>> timed = modes_by_dimension({"bowl": lambda x: np.sum(x**2)}, [2, 500], budget=0.1)
    >>> [(r.n, r.mode) for r in timed.records]
    [(2, 'forward'), (2, 'reverse'), (500, 'forward'), (500, 'reverse')]
    >>> timed.records[2].seconds > timed.records[3].seconds
    True

    """
    (case,) = cases(problem)
    records = []
    for n in dimensions:
        standard = case.problem.starts(n)
        x = np.asarray(start(n), float) if start is not None else standard[0] if standard else np.full(n, 0.5)
        value = _best(lambda x=x: case.problem.f(x), budget)  # type: ignore[misc]
        for mode in modes:
            objective = Objective(case.problem.f, x, mode=mode, form="value")
            seconds = _best(lambda o=objective, x=x: o.value_and_gradient(x), budget)  # type: ignore[misc]
            records.append(ModeRecord(case.label, n, mode, seconds, value, seconds / value))
    return Modes(records)


def _best(call: Callable[[], Any], budget: float) -> float:
    """The least time of one call, over as many as the budget allows; the first one only warms up."""
    begun = time.perf_counter()
    call()
    best = time.perf_counter() - begun
    while time.perf_counter() - begun < budget:
        start = time.perf_counter()
        call()
        best = min(best, time.perf_counter() - start)
    return best
