"""The NumPy backend: the Graph as Python source that a person could have written, which also runs."""

from __future__ import annotations

import keyword
import linecache
import weakref
from collections.abc import Callable
from itertools import count
from typing import Any

import numpy as np

from ...core.block import BLOCKS
from ...core.graph import Graph
from ...core.node import Node
from ..rewrite import Value, arguments, is_constant

# Python's operators by strength; a call and a name are stronger than all of them.
_STRENGTHS = {
    "|": 2, "^": 3, "&": 4, "<": 1, "<=": 1, ">": 1, ">=": 1, "==": 1, "!=": 1, "+": 5, "-": 5, "*": 6, "/": 6,
    "@": 6, "%": 6, "neg": 7, "~": 7, "**": 8,
}  # fmt: skip
_ATOM = 10
_OPERATORS = {
    np.add: "+", np.subtract: "-", np.multiply: "*", np.divide: "/", np.matmul: "@", np.power: "**",
    np.remainder: "%", np.less: "<", np.less_equal: "<=", np.greater: ">", np.greater_equal: ">=", np.equal: "==",
    np.not_equal: "!=", np.bitwise_and: "&", np.bitwise_or: "|", np.bitwise_xor: "^",
}  # fmt: skip
# A value used once is written into the line that uses it, while that stays short.
_LINE = 72
_numbers = count(1)


class Source:
    """The source of a Graph, and the function that it defines.

    Attributes
    ----------
    text : str
        A Python function `name(inputs)`, which returns the tuple of outputs.
    function : callable
        That function.

    """

    def __init__(self, graph: Graph, names: list[str] | None = None) -> None:
        self.graph = graph
        self.space: dict[str, Any] = {"np": np}
        self.names: dict[Node, str] = {}
        self._taken = {"np"}
        self._uses = _count_uses(graph)
        self._outputs = {o for o in graph.outputs if isinstance(o, Node)}
        self._inline: dict[Node, tuple[str, int]] = {}
        for k, node in enumerate(graph.inputs):
            self.names[node] = self._free(names[k] if names else graph.names[node])
        self.lines: list[str] = []
        self._counter = count(1)
        for node in graph.nodes:
            self._write(node)
        outputs = ", ".join(self._value(o, 0) for o in graph.outputs)
        title = graph.title if graph.title.isidentifier() and not keyword.iskeyword(graph.title) else "compiled"
        head = f"def {title}({', '.join(self.names[n] for n in graph.inputs)}):"
        tail = f"    return ({outputs}{',' if len(graph.outputs) == 1 else ''})"
        self.text = "\n".join([head, *self.lines, tail]) + "\n"
        self.title = title

    @property
    def function(self) -> Callable[..., tuple[Any, ...]]:
        """The function that the source defines."""
        name = f"<dragongrad source {next(_numbers)}>"
        linecache.cache[name] = (len(self.text), None, self.text.splitlines(True), name)
        space = dict(self.space)
        exec(compile(self.text, name, "exec"), space)
        made: Callable[..., tuple[Any, ...]] = space.pop(self.title)
        weakref.finalize(made, linecache.cache.pop, name, None)
        return made

    def _free(self, name: str) -> str:
        name = "".join(c if c.isalnum() or c == "_" else "_" for c in name).strip("_") or "x"
        name = f"x{name}" if name[0].isdigit() or keyword.iskeyword(name) else name
        free, k = name, 1
        while free in self._taken:
            k += 1
            free = f"{name}{k}"
        self._taken.add(free)
        return free

    def _write(self, node: Node) -> None:
        text, strength = self._expression(node)
        if self._uses.get(node, 0) == 1 and len(text) <= _LINE and node not in self._outputs:
            self._inline[node] = (text, strength)
            return
        name = self.names[node] = self._free(f"v{next(self._counter)}")
        self.lines.append(f"    {name} = {text}")

    def _value(self, value: Value, strength: int) -> str:
        if is_constant(value):
            return self._constant(value)
        if value in self._inline:
            text, own = self._inline[value]
            return text if own > strength else f"({text})"
        return self.names[value]

    def _constant(self, value: Any) -> str:
        if isinstance(value, (bool, int, float)) and not (isinstance(value, float) and not np.isfinite(value)):
            return repr(value) if value >= 0 else f"({value!r})"
        if (
            isinstance(value, (np.floating, np.integer, float))
            and np.isfinite(value)
            and not isinstance(value, np.float32)
        ):
            plainer = value.item() if isinstance(value, np.generic) else value
            return repr(plainer) if plainer >= 0 else f"({plainer!r})"
        for name, known in self.space.items():
            if known is value:
                return name
        name = self._free("c1")
        self.space[name] = value
        return name

    def _expression(self, node: Node) -> tuple[str, int]:
        block = node.block
        assert block is not None
        if node.pick is not None:
            return f"{self._value(node.parents[0], _ATOM - 1)}[{node.pick}]", _ATOM
        values = arguments(node)
        operator = _OPERATORS.get(block.fn)
        if operator is not None and len(values) == 2:
            own = _STRENGTHS[operator]
            # Of a - (b - c) only the right side needs parentheses; ** is the other way round.
            left, right = (own, own - 1) if operator == "**" else (own - 1, own)
            return f"{self._value(values[0], left)} {operator} {self._value(values[1], right)}", own
        if block.fn is np.negative:
            return f"-{self._value(values[0], _STRENGTHS['neg'])}", _STRENGTHS["neg"]
        if block.fn is np.invert:
            return f"~{self._value(values[0], _STRENGTHS['~'])}", _STRENGTHS["~"]
        special = _SPECIAL.get(block)
        if special is not None:
            return special(self, node, values), _ATOM
        return self._call(node, values), _ATOM

    def _call(self, node: Node, values: tuple[Value, ...]) -> str:
        block = node.block
        assert block is not None
        name = _numpy_name(block.fn)
        if name is None or not block.dispatches or block.value is not block.fn:
            name = self._free(block.name) if self.space.get(block.name) is not block.value else block.name
            self.space[name] = block.value
            self._taken.add(name)
        options = [f"{k}={self._option(v)}" for k, v in node.params.items() if v is not None]
        given = [self._value(v, 0) for v in values]
        if block.fn in (np.concatenate, np.stack) and block.value is block.fn:
            given = [f"[{', '.join(given)}]"]
        return f"{name}({', '.join([*given, *options])})"

    def _option(self, value: Any) -> str:
        if isinstance(value, (bool, int, float, str, type(None))):
            return repr(value)
        if isinstance(value, tuple) and all(isinstance(v, (int, np.integer)) for v in value):
            return repr(tuple(int(v) for v in value))
        return self._constant(value)


def _count_uses(graph: Graph) -> dict[Node, int]:
    uses: dict[Node, int] = {}
    for node in graph.nodes:
        for v in node.parents:
            if v is not None:
                uses[v] = uses.get(v, 0) + 1
    for o in graph.outputs:
        if isinstance(o, Node):
            uses[o] = uses.get(o, 0) + 1
    return uses


def _numpy_name(fn: Any) -> str | None:
    name = getattr(fn, "__name__", "")
    for module, prefix in ((np, "np"), (np.linalg, "np.linalg"), (np.fft, "np.fft")):
        if name and getattr(module, name, None) is fn:
            return f"{prefix}.{name}"
    return None


def _index_text(part: Any, source: Source) -> str:
    if isinstance(part, slice):
        ends = ["" if p is None else str(p) for p in (part.start, part.stop)]
        return ":".join(ends if part.step is None else [*ends, str(part.step)])
    if part is None or part is Ellipsis:
        return "None" if part is None else "..."
    if isinstance(part, (int, np.integer)) and not isinstance(part, (bool, np.bool_)):
        return str(int(part))
    return source._constant(part)


def _getitem(source: Source, node: Node, values: tuple[Value, ...]) -> str:
    index = ", ".join(_index_text(p, source) for p in node.params["index"])
    return f"{source._value(values[0], _ATOM - 1)}[{index or '()'}]"


def _transpose(source: Source, node: Node, values: tuple[Value, ...]) -> str:
    axes = node.params.get("axes")
    ndim = len(node.shape)
    inner = source._value(values[0], _ATOM - 1)
    if axes is None or tuple(a % ndim for a in axes) == tuple(range(ndim))[::-1]:
        return f"{inner}.T"
    return f"np.transpose({source._value(values[0], 0)}, {tuple(int(a) for a in axes)})"


def _reshape(source: Source, node: Node, values: tuple[Value, ...]) -> str:
    order = node.params.get("order")
    extra = "" if order in (None, "C") else f", order={order!r}"
    return f"np.reshape({source._value(values[0], 0)}, {node.shape}{extra})"


def _broadcast_to(source: Source, node: Node, values: tuple[Value, ...]) -> str:
    return f"np.broadcast_to({source._value(values[0], 0)}, {node.shape})"


def _astype(source: Source, node: Node, values: tuple[Value, ...]) -> str:
    return f"{source._value(values[0], _ATOM - 1)}.astype(np.{np.dtype(node.params['dtype']).name})"


_SPECIAL: dict[Any, Callable[[Source, Node, tuple[Value, ...]], str]] = {
    BLOCKS["getitem"]: _getitem,
    BLOCKS[np.transpose]: _transpose,
    BLOCKS[np.reshape]: _reshape,
    BLOCKS[np.broadcast_to]: _broadcast_to,
    BLOCKS["astype"]: _astype,
}
