"""The three views for paper: as a picture, and for LaTeX."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

from ...core.errors import ArgumentError
from ...core.graph import Graph
from ...core.node import Node
from ..drawing import DrawnGraph
from ..latex.letters import latex_text
from ..layout import Placed, place
from ..table import TraceTable, number
from .picture import MONO, Curve, Picture, Rect, Shape, Text, width_of

_FAINT, _RULE, _ACCENT, _BACK, _NOW = "#55606c", "#d5dbe1", "#0072B2", "#B34700", "#ffe9a8"
_FILL = {"input": "#dcecf6", "node": "#ffffff", "output": "#d9ece5"}
_LINE, _ROW, _GAP, _MARGIN, _TOP = 20.0, 28.0, 30.0, 20.0, 44.0
# A picture on paper of more rows than this is not read.
_MOST = 200


def three_views(
    graph: DrawnGraph, table: TraceTable, sources: list[dict[str, Any]], places: list[list[int] | None],
    now: Node, given: list[tuple[Node, Any]],
) -> Picture:  # fmt: skip
    """Source, trace table and graph side by side, with one step marked in all three.

    Parameters
    ----------
    graph : DrawnGraph
    table : TraceTable
    sources : list of dict
        The functions, as the page has them.
    places : list of list of int or None
        Where in them each of the Graph's Nodes was made.
    now : Node
        The step to mark.
    given : list of (Node, array)
        What it passes back, to be written on its edges.

    Raises
    ------
    ArgumentError
        The recording has more operations than a picture can show.

    """
    if len(table.rows) > _MOST:
        raise ArgumentError(
            f"a picture shows at most {_MOST} rows, the recording has {len(table.rows)}: save it as .html"
        )
    at = places[graph.nodes.index(now)] if now in graph.nodes else None
    parts = [_source(sources, at), _rows(table, graph.names[now]), _boxes(graph, now, given)]
    widths = [part[1] for part in parts]
    height = _TOP + max(part[2] for part in parts) + _MARGIN
    picture = Picture(sum(widths) + _GAP * 2 + 2 * _MARGIN, height, f"{graph.title}: source, trace table and graph")
    left = _MARGIN
    for title, (shapes, width, _) in zip(("Source", "Trace table", "Graph"), parts, strict=True):
        picture.shapes.append(Text(left, 28, title, 15, bold=True))
        picture.shapes += [_shifted(shape, left, _TOP) for shape in shapes]
        left += width + _GAP
    return picture


def _shifted(shape: Shape, x: float, y: float) -> Shape:
    if isinstance(shape, Rect):
        return Rect(
            shape.x + x, shape.y + y, shape.width, shape.height, shape.fill, shape.line, shape.radius, shape.thick
        )
    if isinstance(shape, Text):
        return Text(
            shape.x + x, shape.y + y, shape.text, shape.size, shape.color, shape.family, shape.bold, shape.anchor
        )
    moved = [tuple([(a + x, b + y) for a, b in piece]) for piece in shape.pieces]
    start = shape.start[0] + x, shape.start[1] + y
    return Curve(start, tuple(moved), shape.color, shape.thick, shape.dashed)  # type: ignore[arg-type]


def _source(sources: list[dict[str, Any]], at: list[int] | None) -> tuple[list[Shape], float, float]:
    shapes: list[Shape] = []
    letter, y, width = width_of("x", 13, MONO), 0.0, 0.0
    for number_of, source in enumerate(sources):
        for k, text in enumerate(source["lines"]):
            if at is not None and at[:2] == [number_of, k]:
                end = at[4] if at[3] == at[1] else len(text)
                shapes.append(
                    Rect(34 + letter * at[2] - 2, y + 1, letter * (end - at[2]) + 4, _LINE - 2, _NOW, radius=3)
                )
            shapes.append(Text(24, y + 15, str(source["first"] + k), 11, _FAINT, anchor="end"))
            shapes.append(Text(34, y + 15, text, 13, family=MONO))
            width = max(width, 34 + letter * len(text))
            y += _LINE
        y += _LINE / 2
    return shapes, width, y


def _rows(table: TraceTable, now: str) -> tuple[list[Shape], float, float]:
    columns = list(zip(table.columns, *table.rows, strict=True))
    widths = [max(width_of(text, 13, MONO) for text in column) + 18 for column in columns]
    total = sum(widths)
    shapes: list[Shape] = []
    for r, row in enumerate([table.columns, *table.rows]):
        if r and row[0] == now:
            shapes.append(Rect(0, r * _ROW, total, _ROW, _NOW, radius=3))
        x = 6.0
        for text, width in zip(row, widths, strict=True):
            shapes.append(Text(x, r * _ROW + 19, text, 13, "#14181d" if r else _FAINT, MONO))
            x += width
        shapes.append(Rect(0, (r + 1) * _ROW, total, 0.8, _RULE))
    return shapes, total, (len(table.rows) + 1) * _ROW


def _boxes(graph: DrawnGraph, now: Node, given: list[tuple[Node, Any]]) -> tuple[list[Shape], float, float]:
    everything = [*graph.inputs, *graph.nodes]
    index = {node: i for i, node in enumerate(everything)}
    texts = [(graph.label(n), graph.shape(n)) for n in everything]
    widths = [max(56.0, 8.4 * len(a) + 22, 6.6 * len(b) + 20) for a, b in texts]
    parents = [[index[p] for p in n.parents if p is not None] for n in everything]
    layout = place(parents, widths)
    shapes: list[Shape] = []
    passed = {index[p]: g for p, g in given}
    for i, made_from in enumerate(parents):
        for p in dict.fromkeys(made_from):
            backward = everything[i] is now and p in passed
            shapes.append(_edge(layout.boxes[p], layout.routes[p, i], layout.boxes[i], backward))
    for node, box, (label, shape) in zip(everything, layout.boxes, texts, strict=True):
        fill = _NOW if node is now else _FILL[graph.kind(node)]
        left, top = box.x - box.width / 2, box.y - box.height / 2
        shapes.append(Rect(left, top, box.width, box.height, fill, _FAINT, 7))
        shapes.append(Text(box.x, box.y - 2, label, 14, anchor="middle"))
        shapes.append(Text(box.x, box.y + 13, shape, 11, _FAINT, anchor="middle"))
    for i, g in passed.items():
        box, text = layout.boxes[i], f"+ {number(g)}"
        width = width_of(text, 12) + 12
        shapes.append(Rect(box.x - width / 2, box.y + box.height / 2 + 5, width, 19, "#ffffff", _BACK, 5))
        shapes.append(Text(box.x, box.y + box.height / 2 + 19, text, 12, _BACK, anchor="middle"))
    return shapes, layout.width, layout.height


def _edge(start: Placed, route: list[tuple[float, float]], end: Placed, backward: bool) -> Curve:
    points = [(start.x, start.y + start.height / 2), *route, (end.x, end.y - end.height / 2 - 7)]
    if backward:
        points = [(end.x, end.y - end.height / 2), *route[::-1], (start.x, start.y + start.height / 2 + 7)]
    pieces = []
    for (x1, y1), (x2, y2) in pairwise(points):
        bend = (y2 - y1) / 2
        pieces.append(((x1, y1 + bend), (x2, y2 - bend), (x2, y2)))
    return Curve(points[0], tuple(pieces), _BACK if backward else "#94a3b8", 2.2 if backward else 1.4, backward)


def latex(graph: Graph, table: TraceTable, picture: str) -> str:
    """The trace table and the graph as a LaTeX document."""
    title = latex_text(graph.title)
    head, rows = rf"\section*{{Trace of {title}}}", table.to_latex()
    # A heading turns with its table.
    turn = r"\begin{landscape}"
    first = rows.replace(turn, f"{turn}\n{head}", 1) if rows.split("\n")[2] == turn else f"{head}\n{rows}"
    return "\n".join([
        r"\documentclass{article}", r"\usepackage{array,booktabs,longtable,pdflscape,tikz}", r"\begin{document}",
        first, "",
        rf"\section*{{Graph of {title}}}", picture, r"\end{document}", "",
    ])  # fmt: skip
