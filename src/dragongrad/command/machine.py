"""What commands print with `--json`: one object, for programs to read."""

from __future__ import annotations

import json
import math
from dataclasses import asdict, is_dataclass
from typing import Any

import numpy as np

from .. import lab
from ..core.node import Node
from ..optimize.zoo import Problem
from ..views.explore.page import Exploration
from ..views.table import TraceTable


def write(**found: Any) -> None:
    """Print an object as JSON; what is not finite is null, as JSON has no other word."""
    print(json.dumps(_plain(found), indent=2, allow_nan=False))


def _plain(value: Any) -> Any:
    if is_dataclass(value) and not isinstance(value, type):
        value = asdict(value)
    if isinstance(value, dict):
        return {str(key): _plain(part) for key, part in value.items()}
    if isinstance(value, (list, tuple)):
        return [_plain(part) for part in value]
    if isinstance(value, (np.ndarray, np.generic)):
        return _plain(value.tolist())
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    return value if isinstance(value, (str, int, bool, type(None))) else str(value)


def silent(*_: Any) -> None:
    """Show nothing: standard output is for the object alone."""


def of_page(page: Exploration) -> dict[str, Any]:
    """What an explorer's page holds, and the first number in it that is not finite."""
    graph, data = page.recording.graph, page.data
    trouble = data["trouble"]
    return {
        "title": page.title, "mode": page.mode, "exercise": page.exercise, "inputs": len(graph.inputs),
        "operations": len(graph.nodes), "outputs": [o.saved[0] for o in graph.outputs if isinstance(o, Node)],
        "trouble": trouble and trouble["why"],
    }  # fmt: skip


def of_race(done: lab.Race) -> list[dict[str, Any]]:
    """How each optimizer of a race ended."""
    return [
        {"optimizer": label, "steps": run.nit, "value": run.fun, "x": run.x, "success": run.success,
         "status": run.status.name, "message": run.message, "losses": run.losses}
        for label, run in done.runs.items()
    ]  # fmt: skip


def of_study(done: lab.Study) -> list[dict[str, Any]]:
    """The records of a study."""
    return [{**asdict(record), "evaluations": record.evaluations} for record in done.records]


def of_basins(found: lab.Basins) -> dict[str, Any]:
    """The minima that were reached, and from what share of the starts."""
    shares = found.shares()
    rest = list(shares)[len(found.minima) :]
    minima = [
        {"x": x, "value": value, "listed": known, "share": shares[name]}
        for x, value, known, name in zip(found.minima, found.values, found.known, found.names(), strict=True)
    ]
    return {"minima": minima, **{name: shares[name] for name in rest}, "starts": found.label.size,
            "steps": found.steps, "seconds": found.seconds}  # fmt: skip


def of_problem(name: str, problem: Problem) -> dict[str, Any]:
    """A test function."""
    return {"name": name, "numbers": problem.n, "others": problem.any_n, "minimum": problem.minimum(),
            "minimizers": problem.minima(), "source": problem.source}  # fmt: skip


def of_trace(table: TraceTable) -> dict[str, Any]:
    """The rows of a trace table, with the numbers behind them to full precision."""
    rows = [dict(zip(table.columns, row, strict=True)) for row in table.rows]
    return {"title": table.title, "rows": rows, "values": {name: list(v) for name, v in table.values.items()}}
