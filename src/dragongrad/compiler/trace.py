"""Tracing for the compiler: one run with the real arguments writes the Graph, and every decision a guard."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np

from ..core.block import Block
from ..core.errors import NoRuleError
from ..core.graph import Graph, Staging
from ..core.nests import flatten, unflatten
from ..core.node import Node
from ..core.variable import Variable, plain, settle


class UnstageableError(NoRuleError):
    """What a compiled function cannot repeat: it runs eagerly instead."""


@dataclass(frozen=True)
class Guard:
    """A decision of the user's Python code: the Node of the value, and how it went."""

    node: Node
    taken: bool
    line: str


class Stage(Staging):
    """A Staging level that remembers decisions, and keeps no value that a Node's parents give."""

    __slots__ = ("guards",)
    stages = True

    def __init__(self) -> None:
        super().__init__()
        self.guards: list[Guard] = []

    def truth(self, x: Variable) -> bool:
        """The truth value now; a later run that decides otherwise takes another path."""
        taken = bool(x.data)
        self.guards.append(Guard(x.link, taken, ""))
        return taken

    def apply(self, block: Block, args: tuple[Any, ...], params: dict[str, Any]) -> Any:
        """Evaluate a Block and write its Node."""
        if block.name in _SHAPED_BY_VALUES:
            raise UnstageableError(f"the shape of {block.name} depends on values")
        out = super().apply(block, args, params)
        for node in self._last(out):
            node.saved = (None, *[
                None if p is not None else v for p, v in zip(node.parents, node.saved[1:], strict=False)
            ])  # fmt: skip
        return out

    def _last(self, out: Any) -> list[Node]:
        parts = out if isinstance(out, (tuple, list)) else (out,)
        first = parts[0].link
        return [first] if first.pick is None else [first.parents[0]]


_SHAPED_BY_VALUES = frozenset({"nonzero"})


@dataclass
class Traced:
    """What a trace found."""

    graph: Graph
    guards: list[Guard]
    structure: Any  # of the output
    leaves: list[Any]  # of the output, as the traced run computed them
    constants: dict[int, Any] = field(default_factory=dict)


def trace_call(f: Any, leaves: list[Any], structure: Any, dynamic: list[int], title: str) -> Traced:
    """Run `f` once with Variables for the dynamic leaves of its arguments `(args, kwargs)`."""
    level = Stage()
    inputs, full, names = [], list(leaves), {}
    for number, i in enumerate(dynamic):
        value = leaves[i]
        node = Node(None, (), np.shape(value), np.asarray(value).dtype).keep((), (None,), {})
        names[node] = f"x{number}"
        inputs.append(node)
        full[i] = Variable(
            value if isinstance(value, np.ndarray) and value.ndim else np.asarray(value)[()], level, node
        )
    args, kwargs = unflatten(structure, full)
    out, out_structure = flatten(settle(f(*args, **kwargs)))
    outputs, values = [], []
    for leaf in out:
        leaf = plain(leaf)
        staged = isinstance(leaf, Variable) and leaf.level is level
        outputs.append(leaf.link if staged else leaf)
        values.append(leaf.data if staged else leaf)
    graph = Graph(title, inputs, level.nodes, outputs, names)
    return Traced(graph, level.guards, out_structure, values)
