"""The Graph as a picture: DOT for Graphviz, and SVG with a layout of our own."""

from __future__ import annotations

import copyreg
from collections.abc import Callable
from html import escape
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np

from ..blocks.pickles import reduced_graph
from ..core.errors import ArgumentError
from ..core.graph import Graph, Staging, trace
from ..core.node import Node
from ..hints import check_callable, no_return
from ..transforms.options import Transform
from .latex.graph import Names, tikz
from .layout import Placed, place
from .palette import DARK, LIGHT
from .saving import save
from .text import application, brief

_FILL = {"input": "#dbeafe", "node": "#f8fafc", "output": "#dcfce7"}
# In the picture, which has no ground of its own: tints that let through what is below, light or dark.
_TINT = {"input": "#3b82f6", "node": "#94a3b8", "output": "#22c55e"}
_HEADER = 22.0
_EDGE = "#8b98a9"
# Inline the picture takes the colour of the text around it; as a file it is the root, and asks the reader's system.
_STYLE = (
    f"<style>svg:root{{color:{LIGHT['ink']}}}"
    f"@media (prefers-color-scheme:dark){{svg:root{{color:{DARK['ink']}}}}}</style>"
)


class DrawnGraph(Graph):
    """A Graph that draws itself: `print(graph)`, `graph.to_dot()`, `graph.svg()`; notebooks show the picture."""

    def operation(self, node: Node) -> str:
        """The application as the user would write it: `sin(v1)`, `v1 * 2.0`."""
        if node.pick is not None:
            return f"{self.names[node.parents[0]]}[{node.pick}]"  # type: ignore[index]
        arguments = [
            brief(value) if parent is None else self.names[parent]
            for parent, value in zip(node.parents, node.saved[1:], strict=True)
        ]
        return application(node.block, arguments, node.params)

    def __str__(self) -> str:
        arguments = ", ".join(f"{self.names[n]}: {_spec(n)}" for n in self.inputs)
        rows = [(f"{self.names[n]} = {self.operation(n)}", _spec(n)) for n in self.nodes]
        width = max([len(text) for text, _ in rows], default=0)
        lines = [f"{self.title}({arguments})", *[f"    {text:<{width}}  {spec}" for text, spec in rows]]
        results = [self.names[o] if isinstance(o, Node) else brief(o) for o in self.outputs]
        return "\n".join([*lines, f"    return {', '.join(results)}"])

    __repr__ = __str__

    def label(self, node: Node) -> str:
        """What is written in a Node's box: the input's name, or the Block's symbol with its plain operands."""
        if node.block is None:
            return self.names[node]
        if node.pick is not None:
            return f"[{node.pick}]"
        if not any(p is None for p in node.parents) and not node.params:
            return node.block.symbol
        arguments = ["·" if p is not None else brief(v) for p, v in zip(node.parents, node.saved[1:], strict=True)]
        text = application(node.block, arguments, node.params)
        return text if len(text) <= 24 else node.block.name

    def shape(self, node: Node) -> str:
        """What is written under the label: the shape, after the name that `print` gives the Node."""
        shape = self._shape(node)
        return shape if node.block is None else f"{self.names[node]}  {shape}"

    def _shape(self, node: Node) -> str:
        return " ".join(str(s.shape) for s in node.dtype) if isinstance(node.dtype, tuple) else str(node.shape)

    def kind(self, node: Node) -> str:
        """Whether a Node is an input, an output or between them."""
        if node.block is None:
            return "input"
        return "output" if any(o is node for o in self.outputs) else "node"

    def to_dot(self) -> str:
        r"""The Graph in Graphviz's language.

        Examples
        --------
        >>> import dragongrad as ad
        >>> print(ad.graph(lambda x: x * 2.0, 3.0).to_dot())
        digraph "f" {
          rankdir=TB; node [shape=box, style="rounded,filled", fontname="Helvetica"];
          n0 [label="x\n()", fillcolor="#dbeafe"];
          n1 [label="· * 2\nv1  ()", fillcolor="#dcfce7"];
          n0 -> n1;
        }

        """
        everything = [*self.inputs, *self.nodes]
        number = {node: i for i, node in enumerate(everything)}
        lines = [f"digraph {_quoted(self.title)} {{"]
        lines.append('  rankdir=TB; node [shape=box, style="rounded,filled", fontname="Helvetica"];')
        for node, i in number.items():
            label = _quoted(f"{self.label(node)}\n{self.shape(node)}")
            lines.append(f'  n{i} [label={label}, fillcolor="{_FILL[self.kind(node)]}"];')
        lines += [f"  n{number[p]} -> n{i};" for node, i in number.items() for p in node.parents if p is not None]
        return "\n".join([*lines, "}"])

    def svg(self) -> str:
        """The Graph as a self-contained SVG picture: inputs on top, outputs at the bottom.

        Examples
        --------
        >>> import numpy as np, dragongrad as ad
        >>> ad.graph(lambda x: np.sin(x) * x, 1.0).svg().startswith("<svg")
        True

        """
        everything = [*self.inputs, *self.nodes]
        texts = {n: (self.label(n), self.shape(n)) for n in everything}
        widths = [max(44.0, 8.8 * len(texts[n][0]) + 22, 6.2 * len(texts[n][1]) + 20) for n in everything]
        index = {n: i for i, n in enumerate(everything)}
        parents = [[index[p] for p in n.parents if p is not None] for n in everything]
        layout = place(parents, widths)
        # Constant outputs have no Node; the title names them.
        constants = [brief(o) for o in self.outputs if not isinstance(o, Node)]
        title = self.title + (f" (constant: {', '.join(constants)})" if constants else "")
        boxes, width, height = layout.boxes, max(layout.width, 8.2 * len(title) + 32), layout.height + _HEADER
        parts = [
            f'<svg xmlns="http://www.w3.org/2000/svg" width="{width:.0f}" height="{height:.0f}" '
            f'viewBox="0 0 {width:.0f} {height:.0f}" font-family="Helvetica, Arial, sans-serif">',
            f"<title>{escape(title)}</title>{_STYLE}",
            f'<text x="16" y="22" font-size="14" font-weight="bold" fill="currentColor">{escape(title)}</text>',
        ]
        for box in boxes:
            box.x += (width - layout.width) / 2
            box.y += _HEADER
        offset = (width - layout.width) / 2
        routes = {edge: [(x + offset, y + _HEADER) for x, y in route] for edge, route in layout.routes.items()}
        for i, above in enumerate(parents):
            room = min(12.0, (boxes[i].width - 16) / max(len(above) - 1, 1))
            # Edges into one box arrive side by side (x * x shows two), in the order that crosses least.
            reached = {p: (routes[p, i] or [(boxes[p].x, 0.0)])[-1][0] for p in above}
            arriving = sorted(above, key=reached.__getitem__)
            parts += [
                _edge(boxes[p], routes[p, i], boxes[i], room * (slot - (len(above) - 1) / 2))
                for slot, p in enumerate(arriving)
            ]
        for node, box in zip(everything, boxes, strict=True):
            parts += _box(box, *texts[node], _TINT[self.kind(node)], self._tooltip(node))
        return "\n".join([*parts, "</svg>"])

    def to_tikz(self) -> str:
        r"""The Graph for LaTeX, with the package `tikz`.

        It fits the text of a page: a larger one is made smaller down to letters of six points, and then drawn in
        parts. A dashed box is a value from an earlier part. Of more than 600 operations the first 500 and the last
        100 are drawn, and what lies between is named.

        Examples
        --------
        >>> import dragongrad as ad
        >>> print(ad.graph(lambda x: x * 2.0, 3.0).to_tikz())  # doctest: +ELLIPSIS
        % f
        \begin{tikzpicture}[x=0.75pt, y=-0.75pt, every node/.style={draw, rounded corners=4pt, align=center,...
          \node[fill=blue!8] (n0) at (49,35) {x\\[-2pt]\scriptsize ()};
          \node[fill=green!10] (n1) at (49,107) {$\cdot$ * 2\\[-2pt]\scriptsize v1 ()};
          \draw[->] (n0) -- (n1);
        \end{tikzpicture}

        """
        return tikz(
            self.title, self.inputs, self.nodes, Names(self.label, self.shape, self.kind, self.names.__getitem__)
        )

    def save(self, path: str | Path) -> Path:
        """Write the Graph to a file: the ending of its name says in which form.

        Parameters
        ----------
        path : str or Path
            `.svg` is the picture, `.tex` is for LaTeX, `.dot` for Graphviz, `.txt` the listing.

        Returns
        -------
        Path

        Raises
        ------
        ArgumentError
            The name has another ending, or there is no such folder.

        Examples
        --------
        >>> import tempfile, dragongrad as ad
        >>> ad.graph(lambda x: x * 2.0, 3.0).save(f"{tempfile.mkdtemp()}/double.svg").name
        'double.svg'

        """
        forms = {".svg": self.svg, ".tex": self.to_tikz, ".dot": self.to_dot, ".txt": self.__str__}
        return save(path, "a graph", forms)

    def _tooltip(self, node: Node) -> str:
        return self.names[node] if node.block is None else f"{self.names[node]} = {self.operation(node)}"

    def _repr_svg_(self) -> str:
        return self.svg()


def _spec(node: Node) -> str:
    if isinstance(node.dtype, tuple):
        return ", ".join(f"{s.dtype} {s.shape}" for s in node.dtype)
    return f"{node.dtype} {node.shape}"


copyreg.pickle(DrawnGraph, reduced_graph)


def graph(f: Callable[..., Any], *args: Any, **kwargs: Any) -> DrawnGraph:
    """The Graph of a function, traced on real arguments.

    Parameters
    ----------
    f : callable
        A function of nests of arrays. A transformed one works too, `ad.graph(ad.grad(f), x)`: of such a Graph
        products with 1 and what nothing depends on are left out.
    *args
        Its arguments, all inputs of the Graph. Keyword arguments are passed through as plain values.

    Returns
    -------
    DrawnGraph
        `print` it, write it to a file with `.save("f.svg")`, draw it with `.svg()` or `.to_dot()`, show it in a
        notebook, or walk `.nodes`.

    Raises
    ------
    DtypeError
        An argument is not numeric.
    ArgumentError
        The function returned nothing.

    Examples
    --------
    >>> import numpy as np, dragongrad as ad
    >>> print(ad.graph(lambda x, y: np.sin(x) * y + 2, 1.0, np.ones(3)))
    f(x: float64 (), y: float64 (3,))
        v1 = sin(x)  float64 ()
        v2 = v1 * y  float64 (3,)
        v3 = v2 + 2  float64 (3,)
        return v3

    """
    check_callable(f, "graph")
    traced = shown(f, args, kwargs)
    # What a user writes is shown as it is; what a sweep writes begins with a 1, and leaves the value unused.
    return _without_seeds(traced) if isinstance(f, Transform) else traced


def shown(f: Any, args: Any, kwargs: dict[str, Any], level: Staging | None = None) -> DrawnGraph:
    """The Graph of a function as it is shown: it has a result, and its title says what was traced.

    Raises
    ------
    DtypeError
        An argument is not numeric.
    ArgumentError
        The function returned nothing.

    """
    traced = trace(f, args, kwargs, DrawnGraph, level)
    assert isinstance(traced, DrawnGraph)
    if not traced.outputs:
        raise no_return(f, "a graph needs a result", ArgumentError)
    traced.title = _titled(f, traced.title)
    return traced


def _titled(f: Any, title: str) -> str:
    """The title of a Graph: of a transformed function, which has the name of the original, the transform too."""
    return f"{f.of_what[0]}({_titled(f.of_what[1], title)})" if isinstance(f, Transform) else title


def _without_seeds(graph: DrawnGraph) -> DrawnGraph:
    """The Graph without products with one, and without what nothing depends on."""
    stands_for: dict[Node, Node] = {}
    for node in graph.nodes:
        node.parents = tuple([stands_for.get(p, p) if p is not None else None for p in node.parents])
        same = _factor(node)
        if same is not None:
            stands_for[node] = same
    outputs = [stands_for.get(o, o) if isinstance(o, Node) else o for o in graph.outputs]
    alive = {o for o in outputs if isinstance(o, Node)}
    for node in reversed(graph.nodes):
        if node in alive:
            alive.update(p for p in node.parents if p is not None)
    nodes = [node for node in graph.nodes if node in alive]
    return DrawnGraph(graph.title, graph.inputs, nodes, outputs, graph._given)


def _factor(node: Node) -> Node | None:
    """The other factor of a product with ones, where it is the product."""
    if node.block is None or node.block.fn is not np.multiply or len(node.parents) != 2:
        return None
    for one, other in ((0, 1), (1, 0)):
        value, factor = node.saved[1 + one], node.parents[other]
        if node.parents[one] is None and factor is not None and np.size(value) and np.all(np.equal(value, 1)):
            return factor if factor.shape == node.shape and factor.dtype == node.dtype else None
    return None


def _quoted(text: str) -> str:
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n") + '"'


def _edge(start: Placed, route: list[tuple[float, float]], end: Placed, shift: float) -> str:
    points = [
        (start.x, start.y + start.height / 2),
        *route,
        (end.x + shift, end.y - end.height / 2 - 5),
    ]
    path = f"M{points[0][0]:.1f},{points[0][1]:.1f}"
    for (x1, y1), (x2, y2) in pairwise(points):
        bend = (y2 - y1) * 0.5
        path += f" C{x1:.1f},{y1 + bend:.1f} {x2:.1f},{y2 - bend:.1f} {x2:.1f},{y2:.1f}"
    x, y = points[-1]
    return (
        f'<path d="{path}" fill="none" stroke="{_EDGE}" stroke-width="1.4"/>'
        f'<path d="M{x - 3.5:.1f},{y - 1:.1f} L{x + 3.5:.1f},{y - 1:.1f} L{x:.1f},{y + 5:.1f} Z" fill="{_EDGE}"/>'
    )


def _box(box: Placed, label: str, shape: str, tint: str, tooltip: str) -> list[str]:
    left, top = box.x - box.width / 2, box.y - box.height / 2
    return [
        f"<g><title>{escape(tooltip)}</title>",
        f'<rect x="{left:.1f}" y="{top:.1f}" width="{box.width:.1f}" height="{box.height:.1f}" rx="7" '
        f'fill="{tint}" fill-opacity="0.16" stroke="{tint}" stroke-width="1.2"/>',
        f'<text x="{box.x:.1f}" y="{box.y - 2:.1f}" text-anchor="middle" font-size="14" '
        f'fill="currentColor">{escape(label)}</text>',
        f'<text x="{box.x:.1f}" y="{box.y + 13:.1f}" text-anchor="middle" font-size="10" '
        f'fill="currentColor" fill-opacity="0.7">{escape(shape)}</text></g>',
    ]
