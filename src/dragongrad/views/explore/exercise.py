"""Exercises: which cells of the trace are left blank."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from ..latex.table import BLANK
from ..table import TraceTable

# A cell with more numbers than this is not filled in by hand.
_MOST = 4


def blanks(data: dict[str, Any]) -> list[list[Any]]:
    """The blank cells, as pairs of a kind of column (`value`, `dot`, `bar`) and a Node.

    Row by row a value and a derivative in turn, so that each can be worked out from what is given before; the
    derivatives of the output and of the inputs, the results of the two modes, always.
    """
    found: list[list[Any]] = []
    first = data["inputs"]
    last = set(data["outputs"])
    for i, node in enumerate(data["nodes"]):
        size = 1
        for n in node["s"]:
            size *= n if isinstance(n, int) else _MOST + 1
        if not 0 < size <= _MOST or not node["t"].startswith("float"):
            continue
        if i < first:
            found.append(["bar", i])
            continue
        if (i - first) % 2 == 0 or i in last:
            found.append(["value", i])
        if (i - first) % 2 == 1 or i in last:
            found.append(["dot", i])
        if (i - first) % 2 == 1 and i not in last:
            found.append(["bar", i])
    return found


def with_blanks(table: TraceTable, data: dict[str, Any]) -> TraceTable:
    """The table of a sheet on paper: its blank cells are lines to write on."""
    rows = [list(row) for row in table.rows]
    adjoint = table.columns.index("adjoint") if "adjoint" in table.columns else None
    columns: dict[str, Iterable[int]] = {
        "value": (table.columns.index("value"),),
        "bar": () if adjoint is None else (adjoint,),
        # The tangents stand after the formula of the derivative.
        "dot": () if adjoint is not None else range(table.columns.index("derivative") + 1, len(table.columns)),
    }
    for kind, i in data["blanks"]:
        for k in columns[kind]:
            rows[i][k] = BLANK if not data["nodes"][i]["s"] else 2 * BLANK
    return TraceTable(table.title, table.columns, rows, table.values)
