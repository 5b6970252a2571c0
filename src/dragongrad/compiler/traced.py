"""What a trace finds: a Graph, and the decisions that lead to it."""

from __future__ import annotations

from typing import Any

from ..core.graph import Graph
from ..core.node import Node
from ..records import field, mutable, record
from .abstract_evaluation import form_of


@record
class Guard:
    """A decision of the user's Python code: the Node of the value, how it went, and the line that decided."""

    node: Node
    taken: bool
    line: str


@mutable
class Traced:
    """What a trace found."""

    graph: Graph
    guards: list[Guard]
    structure: Any  # of the output
    leaves: list[Any]  # of the output, as the traced run computed them
    complete: bool  # whether the run computed all leaves, and foretold nothing
    layout: tuple[Any, ...] | None = None  # how the memory of the arguments lay, where that decides something
    unrolled: dict[str, str] = field(default_factory=dict)  # loops that are written out, and why

    def decisions(self) -> tuple[Any, ...]:
        """What tells the way of a run through the function from that of another."""
        places = {node: place for place, node in enumerate(self.graph.nodes)}
        return (len(places), self.layout, *[(places.get(guard.node), guard.taken) for guard in self.guards])

    @property
    def forms(self) -> list[type]:
        """The class of each leaf of the output, as the function itself returns it."""
        return [form_of(leaf) for leaf in self.leaves]
