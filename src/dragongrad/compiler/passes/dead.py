"""Dead code: operations that no output needs."""

from __future__ import annotations

from ..graph import Graph, Op


def drop_dead(graph: Graph) -> Graph:
    """Keep only the operations on a way to an output."""
    wanted = {o for o in graph.outputs if isinstance(o, Op)}
    kept = []
    for node in reversed(graph.nodes):
        if node in wanted:
            kept.append(node)
            wanted.update(node.sources)
    return graph if len(kept) == len(graph.nodes) else graph.rewritten(kept[::-1], graph.outputs)
