"""The first NaN or infinity of a recording, with what made it and why."""

from __future__ import annotations

from typing import Any

import numpy as np

from ...core.graph import Graph
from ...core.node import Node
from ..derivatives import Pulled
from ..drawing import DrawnGraph
from ..explain import limits
from ..table import number
from ..text import application


def trouble(graph: DrawnGraph, tangents: list[dict[Node, Any]], swept: Pulled) -> dict[str, Any] | None:
    """The first Node whose value, else whose tangent, else whose adjoint is not finite; None where all are."""
    found = _in_values(graph)
    for seed, dots in enumerate(tangents):
        found = found or _in_tangents(graph, dots, seed)
    return found or _in_adjoints(graph, swept)


def _is_bad(value: Any) -> bool:
    if isinstance(value, (list, tuple)):
        return any(map(_is_bad, value))
    array = np.asarray(value)
    return array.dtype.kind in "fc" and not bool(np.all(np.isfinite(array)))


def _word(value: Any) -> str:
    parts = value if isinstance(value, (list, tuple)) else [value]
    return "a NaN" if any(bool(np.any(np.isnan(v))) for v in parts) else "an infinity"


def _in_values(graph: DrawnGraph) -> dict[str, Any] | None:
    everything = [*graph.inputs, *graph.nodes]
    for i, node in enumerate(everything):
        if not _is_bad(node.saved[0]):
            continue
        word = _word(node.saved[0])
        if node.block is None:
            return {"node": i, "in": "value", "why": f"{graph.names[node]} came in with {word}"}
        return {
            "node": i,
            "in": "value",
            "why": f"{graph.operation(node)} made {word}{_example(node)}{_range(node)}",
        }
    return None


def _example(node: Node) -> str:
    """The first element that is not finite, as the Block makes it from numbers."""
    block: Any = node.block
    if not block.partials:
        return ""
    bad = np.argwhere(~np.isfinite(np.asarray(node.saved[0])))[0]
    where = f" at [{', '.join(map(str, bad))}]" if len(bad) else ""
    operands = [np.broadcast_to(np.asarray(v), node.shape)[tuple(bad)] for v in node.saved[1:]]
    made = number(np.asarray(node.saved[0])[tuple(bad)])
    return f"{where}: {application(block, [number(v) for v in operands], node.params)} is {made}"


def _range(node: Node) -> str:
    block: Any = node.block
    found = [limits(block, i) for i in range(len(block.domain))] if block.partials else []
    shown = ", ".join([text for text in found if text])
    return f" (its derivative is finite for {shown})" if shown else ""


def _in_tangents(graph: DrawnGraph, dots: dict[Node, Any], seed: int) -> dict[str, Any] | None:
    for i, node in enumerate([*graph.inputs, *graph.nodes]):
        if _is_bad(dots[node]):
            why = f"the tangent of {graph.operation(node)} is {_word(dots[node])}{_range(node)}"
            return {"node": i, "in": "tangent", "seed": seed, "why": why}
    return None


def _in_adjoints(graph: DrawnGraph, swept: Pulled) -> dict[str, Any] | None:
    place = _places(graph)
    for node in reversed(graph.nodes):
        for parent, contribution in swept.given.get(node, []):
            if _is_bad(contribution):
                why = (
                    f"{graph.operation(node)} passed {_word(contribution)} back to {graph.names[parent]}"
                    f"{_range(node)}"
                )
                return {"node": place[node], "in": "adjoint", "why": why}
    return None


def _places(graph: Graph) -> dict[Node, int]:
    return {node: i for i, node in enumerate([*graph.inputs, *graph.nodes])}
