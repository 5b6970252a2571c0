"""Dead code: Nodes that no output needs."""

from __future__ import annotations

from ...core.graph import Graph
from ...core.node import Node


def drop_dead(graph: Graph) -> Graph:
    """Keep only the Nodes on a way to an output."""
    wanted = {o for o in graph.outputs if isinstance(o, Node)}
    kept = []
    for node in reversed(graph.nodes):
        if node in wanted:
            kept.append(node)
            wanted.update(p for p in node.parents if p is not None)
    return graph if len(kept) == len(graph.nodes) else graph.rewritten(kept[::-1], graph.outputs)
