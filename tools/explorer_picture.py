"""Draw docs/explorer.svg, the film on top of the README: the three views of a small function, step by step.

python tools/explorer_picture.py
"""

from pathlib import Path

import numpy as np

import dragongrad as ad
from dragongrad.views.explore.export import three_views
from dragongrad.views.explore.picture import Picture, Text, film
from dragongrad.views.table import TraceTable, number

PICTURE = Path(__file__).parent.parent / "docs" / "explorer.svg"
_SECONDS = 1.8


def drawn() -> str:
    """The film: the values from top to bottom, then the adjoints from bottom to top."""

    def f(x, y):
        a = np.sin(x)
        return a * y + x

    page = ad.explore(f, 0.5, 2.0)
    # Where the function stands in this file does not matter to who reads the picture.
    page.data["sources"][0]["first"] = 1
    graph, given = page.recording.graph, page._found.swept.given
    values = {node: False for node in graph.nodes} | {node: True for node in graph.inputs}
    adjoints: dict[object, float] = {}
    pictures = []
    for node in graph.nodes:
        values[node] = True
        told = f"{graph.names[node]} = {graph.operation(node)} = {number(node.saved[0])}"
        pictures.append(_step(page, values, adjoints, node, [], told))
    adjoints[graph.nodes[-1]] = 1.0
    for node in reversed(graph.nodes):
        for parent, part in given[node]:
            adjoints[parent] = adjoints.get(parent, 0.0) + float(part)
        told = f"Backward: {graph.names[node]} = {graph.operation(node)} passes its adjoint back"
        pictures.append(_step(page, values, adjoints, node, given[node], told))
    return film(pictures, _SECONDS)


def _step(page, values, adjoints, now, given, told) -> Picture:
    """One picture: what is not known yet is left blank, in as much room."""
    graph, table = page.recording.graph, page.table()
    rows = []
    for node, (name, operation, value, adjoint, back) in zip(
        [*graph.inputs, *graph.nodes], table.rows, strict=True
    ):
        shown = number(adjoints[node]) if node in adjoints else ""
        rows.append([name, operation, value if values[node] else " " * len(value), shown.ljust(len(adjoint)), back])
    places = [node.get("at") for node in page.data["nodes"][len(graph.inputs) :]]
    shown_table = TraceTable(table.title, table.columns, rows, table.values)
    picture = three_views(graph, shown_table, page.data["sources"], places, now, given)
    picture.title = f"{graph.title}, step by step: source, trace table and graph"
    picture.shapes.append(Text(20, picture.height - 16, told, 15, bold=True))
    return picture


if __name__ == "__main__":
    PICTURE.write_text(drawn(), encoding="utf-8")
