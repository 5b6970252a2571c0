"""Who uses each value."""

from __future__ import annotations

from ...core.graph import Graph
from ...core.node import Node


def users_of(graph: Graph) -> dict[Node, list[Node | None]]:
    """The Nodes that use each value, once for each use; None stands for the caller."""
    users: dict[Node, list[Node | None]] = {}
    for node in graph.nodes:
        for v in node.parents:
            if v is not None:
                users.setdefault(v, []).append(node)
    for o in graph.outputs:
        if isinstance(o, Node):
            users.setdefault(o, []).append(None)
    return users
