"""A Graph for LaTeX, as a picture of the package TikZ that fits the text of a page.

In this order: as it is; smaller, down to letters that are still read; in parts, each with what it reads of others.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from itertools import pairwise

from ...core.node import Node
from ..layout import Layout, Placed, place
from ..text import shortened
from .letters import latex_text, letters

# One pixel of the layout is so many points. As it is drawn up to this width and height in points, those of the text
# of `article` with a little room; made smaller at most by the last, where its letters have 6 points.
_POINT, _WIDTH, _HEIGHT, _LEAST = 0.75, 325.0, 480.0, 0.65
_MOST_LETTERS = 26
# An operation that reads more from other parts has one box for all that.
_MOST_SOURCES = 4
# Of more operations than this only the first and the last are drawn.
_MOST, _LAST = 600, 100
_FILLS = {"input": "blue!8", "node": "white", "output": "green!10", "elsewhere": "white, dashed"}
_STYLE = r"every node/.style={draw, rounded corners=4pt, align=center, font=\ttfamily\small}"


@dataclass
class _Drawing:
    """Boxes with two lines of text and a kind each, and for each the boxes that it reads."""

    texts: list[tuple[str, str]] = field(default_factory=list)
    kinds: list[str] = field(default_factory=list)
    parents: list[list[int]] = field(default_factory=list)

    def add(self, text: tuple[str, str], kind: str, parents: list[int]) -> int:
        self.texts.append((shortened(text[0], _MOST_LETTERS), shortened(text[1], _MOST_LETTERS)))
        self.kinds.append(kind)
        self.parents.append(parents)
        return len(self.kinds) - 1

    def layout(self) -> Layout:
        return place(self.parents, [
            max(60.0, 8.8 * len(letters(label)) + 22, 7 * len(letters(shape)) + 20) for label, shape in self.texts
        ])  # fmt: skip


@dataclass(frozen=True)
class Names:
    """What a Graph calls its Nodes: the two lines in a box, the kind of box, and the name by itself."""

    label: Callable[[Node], str]
    shape: Callable[[Node], str]
    kind: Callable[[Node], str]
    name: Callable[[Node], str]


def tikz(title: str, inputs: list[Node], nodes: list[Node], names: Names) -> str:
    """The picture or the pictures, as LaTeX.

    Parameters
    ----------
    title : str
        It is written as a comment.
    inputs, nodes : list of Node
    names : Names

    Returns
    -------
    str

    """
    comment = f"% {' '.join(title.split())}\n"
    if len(nodes) <= _MOST:
        whole = _part(nodes, names, inputs)
        layout = whole.layout()
        if _is_within(layout, 1.0):
            return comment + _picture(whole, layout, "")
        if _is_within(layout, _LEAST):
            return comment + _picture(whole, layout, _scale(layout, 1.0))
    return comment + _in_parts(nodes, names)


def _is_within(layout: Layout, scale: float) -> bool:
    return layout.width * _POINT * scale <= _WIDTH and layout.height * _POINT * scale <= _HEIGHT


def _scale(layout: Layout, most: float) -> str:
    # LaTeX knows the length of its lines and the height of its text.
    width, height = layout.width * _POINT, layout.height * _POINT
    return rf"scale={{min({most:g},\linewidth/{width:.0f}pt,0.9*\textheight/{height:.0f}pt)}}, transform shape, "


def _picture(drawing: _Drawing, layout: Layout, options: str) -> str:
    lines = [rf"\begin{{tikzpicture}}[{options}x=0.75pt, y=-0.75pt, {_STYLE}]"]
    for i, (box, (label, shape), kind) in enumerate(zip(layout.boxes, drawing.texts, drawing.kinds, strict=True)):
        text = rf"{latex_text(label)}\\[-2pt]\scriptsize {latex_text(shape)}"
        lines.append(rf"  \node[fill={_FILLS[kind]}] (n{i}) at ({box.x:.0f},{box.y:.0f}) {{{text}}};")
    for i, above in enumerate(drawing.parents):
        lines += [_edge(p, i, layout.boxes, layout.routes[p, i]) for p in dict.fromkeys(above)]
    return "\n".join([*lines, r"\end{tikzpicture}"])


def _edge(start: int, end: int, boxes: list[Placed], route: list[tuple[float, float]]) -> str:
    if not route:
        return rf"  \draw[->] (n{start}) -- (n{end});"
    above, below = boxes[start], boxes[end]
    points = [
        (above.x, above.y + above.height / 2), *route, (below.x, below.y - below.height / 2)
    ]  # fmt: skip
    path = rf"  \draw[->] (n{start})"
    for k, ((x1, y1), (x2, y2)) in enumerate(pairwise(points)):
        name = f"(n{end})" if k == len(points) - 2 else f"({x2:.0f},{y2:.0f})"
        bend = (y2 - y1) / 2
        straight = abs(x1 - x2) < 0.5 and 0 < k < len(points) - 2
        path += (
            f" -- {name}" if straight
            else f" .. controls ({x1:.0f},{y1 + bend:.0f}) and ({x2:.0f},{y2 - bend:.0f}) .. {name}"
        )  # fmt: skip
    return path + ";"


# Parts


def _part(nodes: list[Node], names: Names, inputs: list[Node], most: int = _MOST_SOURCES) -> _Drawing:
    """Some operations, below boxes for what they read that is not among them; `inputs` are drawn in any case."""
    drawing, at = _Drawing(), {}
    for node in inputs:
        at[node] = drawing.add((names.label(node), names.shape(node)), "input", [])
    among = set(nodes) | set(inputs)
    for node in nodes:
        read = list(dict.fromkeys(p for p in node.parents if p is not None))
        outside = [p for p in read if p not in among]
        parents = []
        if len(outside) > most:
            text = f"{names.name(outside[0])}, …, {names.name(outside[-1])}", f"{len(outside)} values"
            parents.append(drawing.add(text, "elsewhere", []))
            read = [p for p in read if p not in outside]
        for p in read:
            if p not in at:
                own = names.kind(p) == "input"
                text = (names.label(p) if own else names.name(p)), names.shape(p) if own else "earlier"
                at[p] = drawing.add(text, "input" if own else "elsewhere", [])
            parents.append(at[p])
        at[node] = drawing.add((names.label(node), names.shape(node)), names.kind(node), parents)
    return drawing


def _in_parts(nodes: list[Node], names: Names) -> str:
    """Pictures of operations that follow one another, as many in a line as it has room for."""
    kept = len(nodes) if len(nodes) <= _MOST else _MOST - _LAST
    lines = [r"\par\begingroup\raggedright\parindent=0pt\lineskip=14pt"]
    lines += _row(nodes[:kept], names)
    if kept < len(nodes):
        left = nodes[kept:-_LAST]
        told = f"{len(left)} operations, {names.name(left[0])} to {names.name(left[-1])}, are left out."
        lines += [rf"\par\medskip\emph{{{latex_text(told)}}}\par\medskip", *_row(nodes[-_LAST:], names)]
    return "\n".join([*lines, r"\par\endgroup"])


def _row(nodes: list[Node], names: Names) -> list[str]:
    found, start = [], 0
    while start < len(nodes):
        end, drawing, layout = _fitting(nodes, start, names)
        options = _scale(layout, _LEAST) + "baseline=(current bounding box.north), "
        found.append(_picture(drawing, layout, options) + r"\hspace{1.5em}\allowbreak")
        start = end
    return found


def _fitting(nodes: list[Node], start: int, names: Names) -> tuple[int, _Drawing, Layout]:
    """As many operations as one picture has room for, and at least one."""
    drawing = _part(nodes[start : start + 1], names, [])
    layout = drawing.layout()
    if not _is_within(layout, _LEAST):
        drawing = _part(nodes[start : start + 1], names, [], most=1)
        layout = drawing.layout()
    best = start + 1, drawing, layout
    # Doubled while it fits, then halved: each layout is made of a few dozen boxes.
    step = 8
    while step and best[0] < len(nodes):
        end = min(best[0] + step, len(nodes))
        drawing = _part(nodes[start:end], names, [])
        layout = drawing.layout()
        if _is_within(layout, _LEAST):
            best = end, drawing, layout
        else:
            step //= 2
    return best
