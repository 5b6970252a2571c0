"""Performance profiles: what share of the problems each optimizer solves within a factor of the best."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ..core.errors import ArgumentError
from ..optimize.objective import Array
from .study import Record, Study

#: The measures of a run, each with what it is called on an axis.
MEASURES = {"evaluations": "evaluations", "iterations": "iterations", "seconds": "time"}


def measure_of(record: Record, measure: str) -> float:
    """What a run cost.

    Raises
    ------
    ArgumentError
        The measure is unknown.

    """
    if measure not in MEASURES:
        raise ArgumentError(f"measure must be one of {', '.join(MEASURES)}, got {measure!r}")
    return float(getattr(record, measure))


@dataclass(frozen=True)
class Profiles:
    """Performance profiles of several optimizers.

    Attributes
    ----------
    measure : str
    ratios : dict of str to array of shape (problems,)
        For each optimizer its cost on each problem over the least cost of any, sorted; infinite where it did not
        solve the problem.
    problems : int

    """

    measure: str
    ratios: dict[str, Array]
    problems: int

    def share(self, optimizer: str, factor: float) -> float:
        """The share of problems that an optimizer solves at no more than a factor times the least cost."""
        return float(np.mean(self.ratios[optimizer] <= factor))


def profiles(study: Study, measure: str = "evaluations") -> Profiles:
    """The performance profiles of a study; a problem is a function, start and mode.

    Dolan and Moré, "Benchmarking optimization software with performance profiles", Mathematical Programming 91
    (2002): the share of problems whose ratio `r = cost / least cost` is at most a factor. At 1 it says how often an
    optimizer is the best, far to the right how often it succeeds at all.

    Parameters
    ----------
    study : Study
    measure : "evaluations", "iterations" or "seconds"

    Returns
    -------
    Profiles

    Raises
    ------
    ArgumentError
        The measure is unknown, or no optimizer solved any problem.

    Examples
    --------
    >>> import numpy as np
    >>> from dragongrad.lab.study import study
    >>> from dragongrad.lab.profiles import profiles
    >>> rates = {"slow": ("gd", {"lr": 0.05}), "quick": ("gd", {"lr": 0.4})}
    >>> found = profiles(study({"bowl": lambda x: np.sum(x**2)}, rates, [1.0, 2.0]))
    >>> found.share("quick", 1), found.share("slow", 2), found.share("slow", 100)
    (1.0, 0.0, 1.0)

    """
    names = list(dict.fromkeys(r.optimizer for r in study.records))
    costs: dict[tuple[str, int, int, str], dict[str, float]] = {}
    for r in study.records:
        cost = max(measure_of(r, measure), 1e-9) if r.solved else np.inf
        costs.setdefault((r.function, r.n, r.start, r.mode), {})[r.optimizer] = cost
    least = {key: min(found.values()) for key, found in costs.items()}
    # A problem that nobody solves tells nothing about who is better.
    solved = [key for key in costs if np.isfinite(least[key])]
    if not solved:
        raise ArgumentError("no optimizer solved any problem: raise max_iter, or accuracy, of the study")
    ratios = {name: np.sort([costs[key].get(name, np.inf) / least[key] for key in solved]) for name in names}
    return Profiles(measure, ratios, len(solved))
