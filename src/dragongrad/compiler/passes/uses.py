"""Who uses each value."""

from __future__ import annotations

from ..graph import Graph, Op


def users_of(graph: Graph) -> dict[Op, list[Op | None]]:
    """The operations that use each value, once for each use; None stands for the caller."""
    users: dict[Op, list[Op | None]] = {}
    for node in graph.nodes:
        for v in node.sources:
            users.setdefault(v, []).append(node)
    for o in graph.outputs:
        if isinstance(o, Op):
            users.setdefault(o, []).append(None)
    return users
