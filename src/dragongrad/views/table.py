"""The evaluation trace table that is drawn by hand on blackboards."""

from __future__ import annotations

from collections.abc import Callable
from html import escape
from typing import Any

import numpy as np

from ..core.errors import ArgumentError, ShapeError
from ..core.node import KEEP, Node
from ..core.variable import as_input
from ..transforms.forward import jvp
from ..transforms.gradients import vjp
from .drawing import DrawnGraph
from .drawing import graph as draw
from .explain import partial_formulas, pulled_formulas, pushed_formulas
from .symbols import Symbol, product
from .text import application, brief, index_text

# More elements than this share one column, the tangent along one direction.
_COLUMNS = 6


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
        head = "".join(f"<th style='text-align:left'>{escape(c)}</th>" for c in self.columns)
        body = "".join(
            "<tr>" + "".join(f"<td style='text-align:left'><code>{escape(c)}</code></td>" for c in row) + "</tr>"
            for row in self.rows
        )
        caption = f"<caption style='text-align:left'><b>{escape(self.title)}</b></caption>"
        return f"<table>{caption}<thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>"


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
    graph = draw(f, *args, **kwargs)
    if mode == "forward":
        return _forward(graph, tangent)
    return _reverse(graph, cotangent)


def _directions(graph: DrawnGraph, tangent: Any) -> tuple[list[str], list[list[Any]]]:
    """The names of the columns, and for each the tangents of all inputs."""
    values = [n.saved[0] for n in graph.inputs]
    if tangent is not None:
        given = tangent if isinstance(tangent, (list, tuple)) else [tangent]
        dots = [as_input(t, "the tangent") for t in given]
        if [np.shape(t) for t in dots] != [np.shape(v) for v in values]:
            raise ShapeError(
                f"tangent has shapes {[np.shape(t) for t in dots]}, the inputs have {[np.shape(v) for v in values]}"
            )
        return ["tangent"], [dots]
    if sum(np.size(v) for v in values) > _COLUMNS:
        return ["tangent along ones"], [[np.ones_like(v) for v in values]]
    names, directions = [], []
    for i, node in enumerate(graph.inputs):
        for index in np.ndindex(node.shape):
            dots = [np.zeros_like(v) for v in values]
            dots[i] = np.array(dots[i])
            dots[i][index] = 1
            where = f"[{', '.join(map(str, index))}]" if index else ""
            names.append(f"d/d{graph.names[node]}{where}")
            directions.append([d[()] for d in dots])
    return names, directions


def _local(node: Node) -> tuple[list[int], Any]:
    """The positions of the arguments under differentiation, and the Block as a function of those alone."""
    block: Any = node.block
    values = list(node.saved[1:])
    active = [i for i, p in enumerate(node.parents) if p is not None and p.dtype.kind in "fc"]

    def apply(*given: Any) -> Any:
        full = list(values)
        for i, value in zip(active, given, strict=True):
            full[i] = value
        return block(*full, **node.params)

    return active, apply


def _has_derivative(node: Node) -> bool:
    dtypes = [s.dtype for s in node.dtype] if isinstance(node.dtype, tuple) else [node.dtype]
    return node.block is not None and node.block.kind != "constant" and any(d.kind in "fc" for d in dtypes)


def _push(graph: DrawnGraph, dots: list[Any]) -> dict[Node, Any]:
    found: dict[Node, Any] = dict(zip(graph.inputs, dots, strict=True))
    for node in graph.nodes:
        if node.pick is not None:
            found[node] = found[node.parents[0]][node.pick]  # type: ignore[index]
            continue
        active, apply = _local(node)
        parents = [node.parents[i] for i in active]
        if not _has_derivative(node) or not active:
            found[node] = _nothing(node)
            continue
        primals = tuple([node.saved[1 + i] for i in active])
        found[node] = jvp(apply, primals, tuple([found[p] for p in parents]))[1]  # type: ignore[index]
    return found


def _nothing(node: Node) -> Any:
    if isinstance(node.dtype, tuple):
        return [np.zeros(s.shape) for s in node.dtype]
    return np.zeros(node.shape)


def _forward(graph: DrawnGraph, tangent: Any) -> TraceTable:
    names, directions = _directions(graph, tangent)
    pushed = [_push(graph, dots) for dots in directions]
    rows, values = [], {}
    for node in [*graph.inputs, *graph.nodes]:
        if isinstance(node.dtype, tuple):
            rows.append([*_several(graph, node), _pushed(graph, node), *[""] * len(names)])
            continue
        dots = [found[node] for found in pushed]
        value = node.saved[0]
        values[graph.names[node]] = (value, *dots)
        shown = [number(d) if node.dtype.kind in "fc" else "" for d in dots]
        rows.append([graph.names[node], _operation(graph, node), number(value), _pushed(graph, node), *shown])
    rows += _constants(graph, ["", *["0"] * len(names)])
    columns = ["name", "operation", "value", "derivative", *names]
    return TraceTable(f"trace of {graph.title}, forward", columns, rows, values)


def _reverse(graph: DrawnGraph, cotangent: Any) -> TraceTable:
    bars: dict[Node, Any] = {}
    _seed(graph, cotangent, bars)
    for node in reversed(graph.nodes):
        bar = bars.get(node)
        if bar is None or node.block is None or not _has_derivative(node):
            continue
        if node.pick is not None:
            maker: Any = node.parents[0]
            bars.setdefault(maker, [np.zeros(s.shape, s.dtype) for s in maker.dtype])[node.pick] = bar
            continue
        active, apply = _local(node)
        pulled = vjp(apply, *[node.saved[1 + i] for i in active])
        for i, g in zip(active, pulled[1](_like(pulled[0], bar)), strict=True):
            parent: Any = node.parents[i]
            bars[parent] = g if parent not in bars else bars[parent] + g
    rows, values = [], {}
    for node in [*graph.inputs, *graph.nodes]:
        if isinstance(node.dtype, tuple):
            rows.append([*_several(graph, node), "", _pulled(graph, node)])
            continue
        bar = bars.get(node, np.zeros(node.shape))
        values[graph.names[node]] = (node.saved[0], bar)
        shown = number(bar) if node.dtype.kind in "fc" else ""
        rows.append(
            [graph.names[node], _operation(graph, node), number(node.saved[0]), shown, _pulled(graph, node)]
        )
    rows += _constants(graph, ["1", ""])
    return TraceTable(
        f"trace of {graph.title}, reverse", ["name", "operation", "value", "adjoint", "passes back"], rows, values
    )


def _like(out: Any, bar: Any) -> Any:
    """The cotangents of several outputs as the tuple that the function returned."""
    if not isinstance(bar, list):
        return bar
    return type(out)(*bar) if hasattr(out, "_fields") else type(out)(bar)


def _seed(graph: DrawnGraph, cotangent: Any, bars: dict[Node, Any]) -> None:
    outputs = [o for o in graph.outputs if isinstance(o, Node) and o.dtype.kind in "fc"]
    if cotangent is not None and len(outputs) != 1:
        raise ArgumentError("a cotangent belongs to one output; this function has several: leave it out")
    for node in outputs:
        bar = np.ones(node.shape, node.dtype)[()] if cotangent is None else as_input(cotangent, "the cotangent")
        if np.shape(bar) != node.shape:
            raise ShapeError(f"the cotangent has shape {np.shape(bar)}, the output {node.shape}")
        bars[node] = bar if node not in bars else bars[node] + bar


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


def _pushed(graph: DrawnGraph, node: Node) -> str:
    """The derivative of one operation: `cos(x) * x_dot`."""
    block: Any = node.block
    if block is None or not _has_derivative(node):
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


def _pulled(graph: DrawnGraph, node: Node) -> str:
    """What an operation passes back: `x_bar += cos(x) * v1_bar`."""
    block: Any = node.block
    if block is None or not _has_derivative(node):
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
