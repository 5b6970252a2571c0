"""The evaluation trace table that is drawn by hand on blackboards."""

from __future__ import annotations

from collections.abc import Callable
from html import escape
from pathlib import Path
from typing import Any

import numpy as np

from ..core.errors import ArgumentError
from ..core.node import KEEP, Node
from ..hints import check_callable
from .derivatives import Pulled, directions, has_derivative, pulled, push
from .drawing import DrawnGraph
from .drawing import graph as draw
from .explain import partial_formulas, pulled_formulas, pushed_formulas
from .latex.table import latex_table
from .saving import save
from .symbols import Symbol, product
from .text import application, brief, index_text

# In a notebook the table takes its colours from the page; its styles stand in the elements and meet no others.
_TABLE = "border-collapse: collapse; border: 0; color: inherit; margin: .4em 0; font-size: 13px; line-height: 1.5"
_CAPTION = "caption-side: top; text-align: left; font-weight: 600; padding: 0 0 .4em .7em; color: inherit"
_CELL = "text-align: left; padding: .22em .7em; white-space: nowrap; border: 0"
_HEAD = "font-weight: 600; border-bottom: 1.5px solid currentColor"
_CODE = "font-family: ui-monospace, SFMono-Regular, Menlo, Consolas, monospace; border-bottom: 1px solid #8883"
_SHADES = ("transparent", "#8881")


class TraceTable:
    """A table of text: `print` it, `str` it, or show it in a notebook.

    Attributes
    ----------
    title : str
    columns : list of str
    rows : list of list of str
    values : dict
        The numbers behind the text: for each name the value, and the tangents or the adjoint.

    """

    def __init__(self, title: str, columns: list[str], rows: list[list[str]], values: dict[str, tuple[Any, ...]]):
        self.title = title
        self.columns = columns
        self.rows = rows
        self.values = values

    def __str__(self) -> str:
        # rich takes longer to import than the rest of the library: only a table that is printed pays for it.
        from rich.box import SIMPLE_HEAD
        from rich.console import Console
        from rich.table import Table

        table = Table(title=self.title, box=SIMPLE_HEAD, title_justify="left")
        for column in self.columns:
            table.add_column(column, no_wrap=True)
        for row in self.rows:
            table.add_row(*[cell.replace("[", r"\[") for cell in row])
        console = Console(width=4000, color_system=None, force_terminal=False, force_jupyter=False)
        with console.capture() as captured:
            console.print(table)
        return "\n".join(line.rstrip() for line in captured.get().splitlines()).strip("\n")

    __repr__ = __str__

    def _repr_html_(self) -> str:
        """The table for a notebook."""
        head = "".join(f'<th style="{_CELL}; {_HEAD}">{escape(c)}</th>' for c in self.columns)
        body = "".join(
            f'<tr style="background: {_SHADES[k % 2]}">'
            + "".join(f'<td style="{_CELL}; {_CODE}">{escape(c)}</td>' for c in row)
            + "</tr>"
            for k, row in enumerate(self.rows)
        )
        caption = f'<caption style="{_CAPTION}">{escape(self.title)}</caption>'
        table = f'<table style="{_TABLE}">{caption}<thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>'
        return f'<div style="overflow-x: auto">{table}</div>'

    def to_latex(self) -> str:
        r"""The table for LaTeX; its second line names its packages, which every TeX Live has.

        It fits the text of a page. A wide table has small letters and cells that wrap, a wider one is turned
        (`landscape`) or comes in several tables; a long one goes on over the pages (`longtable`). Numbers of more
        than nine characters have six digits, and a cell of more than 16 lines its beginning and its end.

        Examples
        --------
        >>> import dragongrad as ad
        >>> print(ad.trace_table(lambda x: x * 2.0, 3.0, mode="reverse").to_latex())
        % trace of f, reverse
        % \usepackage{booktabs}
        \begin{tabular}{lllll}
          \toprule
          name & operation & value & adjoint & passes back \\
          \midrule
          \texttt{x} & \texttt{input} & \texttt{3} & \texttt{2} &  \\
          \texttt{v1} & \texttt{x * 2} & \texttt{6} & \texttt{1} & \texttt{x\_bar += 2 * v1\_bar} \\
          \bottomrule
        \end{tabular}

        """
        return latex_table(self.title, self.columns, self.rows)

    def save(self, path: str | Path) -> Path:
        """Write the table to a file: the ending of its name says in which form.

        Parameters
        ----------
        path : str or Path
            `.tex` is for LaTeX, `.html` for a page, `.txt` what is printed.

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
        >>> ad.trace_table(lambda x: x * 2.0, 3.0).save(f"{tempfile.mkdtemp()}/double.tex").name
        'double.tex'

        """
        page = '<!doctype html><meta charset="utf-8">\n'
        forms = {".tex": self.to_latex, ".html": lambda: page + self._repr_html_(), ".txt": self.__str__}
        return save(path, "a trace table", forms)


def trace_table(
    f: Callable[..., Any], *args: Any, mode: str = "forward", tangent: Any = None, cotangent: Any = None,
    **kwargs: Any,
) -> TraceTable:  # fmt: skip
    """The evaluation trace table of a function: every elementary operation with its value and derivative.

    Parameters
    ----------
    f : callable
        A function of nests of arrays.
    *args
        Its arguments; keyword arguments that are not listed here are passed through.
    mode : {"forward", "reverse"}
        Forward: each row shows its derivative and the tangents. Reverse: each row shows its adjoint, the
        derivative of the output with respect to it, and what it passes back.
    tangent : list of arrays, optional
        Forward mode: the direction, an array an input. Without it there is a column for each element of the
        inputs, or, where there are more than six, one along the direction of ones.
    cotangent : array, optional
        Reverse mode: the cotangent of the output; ones by default.

    Returns
    -------
    TraceTable

    Raises
    ------
    ArgumentError
        The mode is unknown, or a cotangent was given for several outputs.
    ShapeError
        A tangent or the cotangent does not have the shape of what it belongs to.

    Examples
    --------
    >>> import numpy as np, dragongrad as ad
    >>> print(ad.trace_table(lambda x, y: np.sin(x) * y, 0.0, 3.0))
    trace of f, forward
    <BLANKLINE>
      name   operation   value   derivative                d/dx   d/dy
     ──────────────────────────────────────────────────────────────────
      x      input       0                                 1      0
      y      input       3                                 0      1
      v1     sin(x)      0       cos(x) * x_dot            1      0
      v2     v1 * y      0       y * v1_dot + v1 * y_dot   3      0

    """
    if mode not in ("forward", "reverse"):
        raise ArgumentError(f"unknown mode {mode!r}: choose 'forward' or 'reverse'")
    check_callable(f, "trace_table")
    graph = draw(f, *args, **kwargs)
    if mode == "forward":
        names, along = directions(graph, tangent)
        return forward_table(graph, names, [push(graph, dots) for dots in along])
    return reverse_table(graph, pulled(graph, cotangent))


def forward_table(graph: DrawnGraph, names: list[str], pushed: list[dict[Node, Any]]) -> TraceTable:
    """The table of forward mode, with a column of tangents for each name."""
    rows, values = [], {}
    for node in [*graph.inputs, *graph.nodes]:
        if isinstance(node.dtype, tuple):
            rows.append([*_several(graph, node), pushed_text(graph, node), *[""] * len(names)])
            continue
        dots = [found[node] for found in pushed]
        value = node.saved[0]
        values[graph.names[node]] = (value, *dots)
        shown = [number(d) if node.dtype.kind in "fc" else "" for d in dots]
        rows.append([graph.names[node], _operation(graph, node), number(value), pushed_text(graph, node), *shown])
    rows += _constants(graph, ["", *["0"] * len(names)])
    columns = ["name", "operation", "value", "derivative", *names]
    return TraceTable(f"trace of {graph.title}, forward", columns, rows, values)


def reverse_table(graph: DrawnGraph, swept: Pulled) -> TraceTable:
    """The table of reverse mode."""
    bars = swept.bars
    rows, values = [], {}
    for node in [*graph.inputs, *graph.nodes]:
        if isinstance(node.dtype, tuple):
            rows.append([*_several(graph, node), "", pulled_text(graph, node)])
            continue
        bar = bars.get(node, np.zeros(node.shape))
        values[graph.names[node]] = (node.saved[0], bar)
        shown = number(bar) if node.dtype.kind in "fc" else ""
        rows.append(
            [graph.names[node], _operation(graph, node), number(node.saved[0]), shown, pulled_text(graph, node)]
        )
    rows += _constants(graph, ["1", ""])
    return TraceTable(
        f"trace of {graph.title}, reverse", ["name", "operation", "value", "adjoint", "passes back"], rows, values
    )


# Text


def _operation(graph: DrawnGraph, node: Node) -> str:
    return "input" if node.block is None else graph.operation(node)


def _constants(graph: DrawnGraph, shown: list[str]) -> list[list[str]]:
    """The rows of the outputs that depend on no input, with what is shown of the derivative of a float."""
    found = [np.asarray(o) for o in graph.outputs if not isinstance(o, Node)]
    return [
        ["output", "constant", number(o), *(shown if o.dtype.kind in "fc" else [""] * len(shown))] for o in found
    ]


def _several(graph: DrawnGraph, node: Node) -> list[str]:
    """The first cells of a Block with several outputs; each output has a row of its own."""
    shapes = ", ".join(str(s.shape) for s in node.dtype)  # type: ignore[union-attr]
    return [graph.names[node], graph.operation(node), shapes]


def _stand_ins(graph: DrawnGraph, node: Node) -> list[Any]:
    """What stands for each argument in a formula: its name, a number, or the shape of a plain array."""
    return [
        Symbol(graph.names[p], like=v) if p is not None else Symbol(brief(v), like=v) if np.ndim(v) else v
        for p, v in zip(node.parents, node.saved[1:], strict=True)
    ]


def _dots(graph: DrawnGraph, node: Node) -> list[Any]:
    return [None if p is None else Symbol(f"{graph.names[p]}_dot", like=p.saved[0]) for p in node.parents]


def pushed_text(graph: DrawnGraph, node: Node) -> str:
    """The derivative of one operation: `cos(x) * x_dot`."""
    block: Any = node.block
    if block is None or not has_derivative(node):
        return ""
    if node.pick is not None:
        return f"{graph.names[node.parents[0]]}_dot[{node.pick}]"  # type: ignore[index]
    values, dots = _stand_ins(graph, node), _dots(graph, node)
    if block.partials:
        pairs = zip(partial_formulas(block, values), dots, strict=True)
        terms = [product(partial, dot.text) for partial, dot in pairs if dot is not None]
    elif block.kind in ("linear", "multilinear"):
        terms = _by_linearity(node, values, dots)
    else:
        found = pushed_formulas(block, _out(graph, node), values, dots, node.params)
        named = ", ".join([d.text for d in dots if d is not None])
        terms = [found or f"pushforward of {block.name} along {named}"]
    return " + ".join([t for t in terms if t != "0"]).replace("+ -", "- ") or "0"


def _by_linearity(node: Node, values: list[Any], dots: list[Any]) -> list[str]:
    """A linear Block is its own derivative; a multilinear one is, in each argument while the others stay."""
    block: Any = node.block
    if block.kind == "linear":
        # An argument without a transpose (an index, a condition) stays as it is.
        fixed = [not block.variadic and block.pulls[i] is None for i in range(len(values))]
        moved = [
            v if still else 0 if dot is None else dot for v, dot, still in zip(values, dots, fixed, strict=True)
        ]
        return [application(block, _texts(moved), node.params)]
    return [
        application(block, _texts([*values[:i], dot, *values[i + 1 :]]), node.params)
        for i, dot in enumerate(dots)
        if dot is not None
    ]


def _texts(values: list[Any]) -> list[str]:
    return [v.text if isinstance(v, Symbol) else brief(v) for v in values]


def _out(graph: DrawnGraph, node: Node) -> Any:
    if isinstance(node.dtype, tuple):
        return None
    return Symbol(graph.names[node], like=node.saved[0])


def pulled_text(graph: DrawnGraph, node: Node) -> str:
    """What an operation passes back: `x_bar += cos(x) * v1_bar`."""
    block: Any = node.block
    if block is None or not has_derivative(node):
        return ""
    bar = f"{graph.names[node]}_bar"
    if node.pick is not None:
        return f"{graph.names[node.parents[0]]}_bar[{node.pick}] += {bar}"  # type: ignore[index]
    values = _stand_ins(graph, node)
    targets = [None if p is None or p.dtype.kind not in "fc" else f"{graph.names[p]}_bar" for p in node.parents]
    if block.symbol == "[]" and set(node.params) == {"index"} and targets[1:] == []:
        return f"{targets[0]}[{index_text(node.params['index'])}] += {bar}"
    if block.partials:
        found = [product(partial, bar) for partial in partial_formulas(block, values)]
    elif block.edges and not node.params:
        # The cotangent goes as it is to every element, as that of a sum does.
        found = [bar if partial is KEEP else "" for partial, _ in block.edges]
    else:
        one = None if isinstance(node.dtype, tuple) else Symbol(bar, like=node.saved[0])
        found = pulled_formulas(block, one, _out(graph, node), values, node.params)
    lines = [
        f"{target} += {text or f'transpose of {block.name} on {bar}'}"
        for target, text in zip(targets, found, strict=True)
        if target is not None
    ]
    return ", ".join(lines)


def number(value: Any) -> str:
    """A value in few characters."""
    value = np.asarray(value)
    if value.size > 6:
        return f"{value.dtype} {value.shape}"
    if value.ndim:
        return f"[{' '.join(number(v) for v in value)}]"
    if value.dtype.kind == "c":
        imaginary = _short(value.imag)
        return f"{_short(value.real)}{'' if imaginary.startswith('-') else '+'}{imaginary}j"
    return _short(value) if value.dtype.kind == "f" else str(value)


def _short(value: Any) -> str:
    """Six digits after the point, or six in all where that would show too little."""
    size = abs(value)
    text = f"{value:.6f}".rstrip("0").rstrip(".") if 1e-3 <= size < 1e9 else f"{value:.6g}"
    return "0" if size == 0 else text
