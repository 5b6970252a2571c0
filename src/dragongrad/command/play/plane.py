"""Functions of two numbers: heights over a region, runs of optimizers, and how they converge."""

from __future__ import annotations

from typing import Any

import numpy as np

from ... import lab
from ...core.errors import ArgumentError
from ...lab.convergence import distances
from ...lab.figures.landscape import landscape, planar
from ...optimize.objective import Array
from ...optimize.result import Result
from ...optimize.zoo import ZOO, Problem
from ..formula import Formula
from .asked import Asked, methods

LANDSCAPE = ("f", "region", "points")
RUNS = ("f", "start", "o", "steps")
USUAL = "gd,momentum,adam,l-bfgs"
# More positions than this cannot be told apart.
_FRAMES = 600
# Seconds that all runs together may take.
_PATIENCE = 8.0


def names_of(problem: Problem) -> list[str]:
    """The names of the two variables, as a page writes them beside its axes."""
    return sorted(Formula(problem.name).names) if problem.source == "typed in" else ["x[0]", "x[1]"]


def catalog() -> dict[str, Any]:
    """What can be chosen: the functions of two numbers of the zoo, and the optimizers."""
    functions = [name for name, p in sorted(ZOO.items()) if p.n == 2 or (p.any_n and 2 in p.dimensions)]
    return {"functions": functions, "methods": methods()}


def heights(asked: Asked) -> dict[str, Any]:
    """A function over a region as a grid of numbers; None where it is not finite."""
    problem = asked.problem()
    box = asked.region(problem)
    ground = landscape(planar(problem), box, asked.whole("points", 81, low=10))
    # Of what spans the range of floats no differences can be taken.
    if not np.isfinite(np.ptp(ground.z[np.isfinite(ground.z)])):
        raise ArgumentError(f"the values of {problem.name} are too large to be drawn")
    minima = [m for m in problem.minima(2) if (m >= box[:, 0]).all() and (m <= box[:, 1]).all()]
    return {
        "title": problem.name, "names": names_of(problem), "formula": problem.formula, "region": box.tolist(),
        "z": [[_rounded(v) for v in row] for row in ground.z.tolist()], "least": ground.least,
        "offset": ground.offset, "minima": np.reshape(minima, (-1, 2)).tolist(),
        "start": problem.starts(2)[0].tolist(),
    }  # fmt: skip


def runs(asked: Asked) -> dict[str, Any]:
    """The runs of several optimizers from one start: paths, losses, distances, and how they converge."""
    problem = asked.problem()
    start = asked.start(problem)
    steps = asked.whole("steps", 300)
    entries, notes = asked.tamed(problem, start, USUAL)
    study = lab.study(
        problem, entries, starts=[start], modes=["reverse"], max_iter=steps, max_time=_PATIENCE / len(entries)
    )  # fmt: skip
    least, minima = study.truths[problem.name, 2]
    told = []
    for record, run in zip(study.records, study.results, strict=True):
        rate = entries[record.optimizer][1].get("lr")
        told.append({"name": record.optimizer, "lr": rate, "message": _brief(record.message)})
        if run is not None:
            told[-1] |= _told(run, least, minima)
            told[-1] |= {"order": finite(record.order), "constant": finite(record.constant)}
    return {
        "title": problem.name, "start": start.tolist(), "least": finite(least), "runs": told,
        "minima": np.reshape(minima, (-1, 2)).tolist(), "notes": notes,
        "steps": max((run.nit for run in study.results if run is not None), default=0),
    }  # fmt: skip


def _told(run: Result, least: float, minima: list[Array]) -> dict[str, Any]:
    assert run.path is not None
    assert run.losses is not None
    chosen = np.unique(np.linspace(0, len(run.path) - 1, min(len(run.path), _FRAMES)).round().astype(int))
    with np.errstate(all="ignore"):
        # Of an unknown minimum the end of the run stands for it, as in the fit of the order.
        far = distances(run.path, minima) if minima else np.linalg.norm(run.path - run.path[-1], axis=1)
        gaps = run.losses - least
    return {
        "at": chosen.tolist(), "total": run.nit, "value": finite(float(run.fun)),
        "path": [[finite(v) for v in point] for point in run.path[chosen].tolist()],
        "losses": [_rounded(v) for v in run.losses[chosen].tolist()],
        "gaps": [_rounded(v) for v in gaps[chosen].tolist()],
        "distances": [_rounded(v) for v in far[chosen].tolist()],
    }  # fmt: skip


def _brief(message: str) -> str:
    """Why a run ended, in a line."""
    return message.partition("\n")[0]


def _rounded(value: float) -> float | None:
    """A number with the digits that can be seen."""
    return float(f"{value:.6g}") if np.isfinite(value) else None


def finite(value: float) -> float | None:
    """A number as JSON has it, or None."""
    return float(value) if np.isfinite(value) else None


def check_names(asked: Asked) -> dict[str, Any]:
    """The variables of a formula, in the order in which the explorer takes them."""
    formula = Formula(_formula(asked))
    return {"names": list(formula.names), "python": formula.python()}


def _formula(asked: Asked) -> str:
    text = asked.text("f").strip()
    if not text:
        raise ArgumentError("there is no formula: write one, such as sin(x)*y + x")
    return text
