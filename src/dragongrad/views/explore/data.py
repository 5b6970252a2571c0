"""Everything that the page reads, as one dict of plain values."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from ...core.node import Node
from ..derivatives import Pulled, directions, pulled, push
from ..table import pulled_text, pushed_text
from ..text import brief
from .cost import cost
from .encode import encode, number
from .exercise import blanks
from .forms import form
from .recording import Recording
from .sources import Sources
from .trouble import trouble

# Tangents of more Nodes and directions than this take too long: one direction, that of ones, stands for them.
_MOST_TANGENTS = 20_000
# Formulas say less than the names of Blocks in a recording that nobody reads from end to end.
_MOST_FORMULAS = 2_000


@dataclass(frozen=True)
class Derivatives:
    """The numbers of both modes: for each seed the tangents of all Nodes, and what a sweep backwards leaves."""

    seeds: list[str]
    tangents: list[dict[Node, Any]]
    swept: Pulled


def differentiate(recording: Recording, tangent: Any, cotangent: Any) -> Derivatives:
    """The derivatives of a recording in both modes."""
    graph = recording.graph
    with np.errstate(all="ignore"):
        names, along = directions(graph, tangent)
        if len(along) * len(graph.nodes) > _MOST_TANGENTS:
            names, along = ["tangent along ones"], [[np.ones_like(n.saved[0]) for n in graph.inputs]]
        return Derivatives(names, [push(graph, dots) for dots in along], pulled(graph, cotangent))


def page_data(recording: Recording, found: Derivatives, mode: str, exercise: bool) -> dict[str, Any]:
    """What the page's script reads."""
    graph = recording.graph
    everything = [*graph.inputs, *graph.nodes]
    place = {node: i for i, node in enumerate(everything)}
    sources = Sources(graph.title)
    first = len(graph.inputs)
    nodes = [_input(recording, node) for node in graph.inputs]
    nodes += [_node(recording, place, sources, i) for i in range(len(graph.nodes))]
    swept = found.swept
    data = {
        "title": graph.title, "mode": mode, "exercise": exercise, "inputs": first, "nodes": nodes,
        "groups": [[g.parent, g.kind, g.name] for g in recording.groups],
        "outputs": [place[o] for o in graph.outputs if isinstance(o, Node)],
        "constants": [brief(o) for o in graph.outputs if not isinstance(o, Node)],
        "seeds": [
            {"name": name, "dots": [encode(dots[node]) for node in everything]}
            for name, dots in zip(found.seeds, found.tangents, strict=True)
        ],
        "bars": [encode(swept.bars[node]) if node in swept.bars else None for node in everything],
        "given": [[[place[p], encode(g)] for p, g in swept.given.get(node, [])] for node in everything],
        "start": [[place[node], encode(bar)] for node, bar in swept.start.items()],
        "cost": cost(graph), "trouble": trouble(graph, found.tangents, swept),
        "decisions": [[place[d.node], int(d.taken), sources.at(d.place)] for d in recording.decisions],
    }  # fmt: skip
    data["sources"] = sources.data()
    if exercise:
        data["blanks"] = blanks(data)
    return data


def _input(recording: Recording, node: Node) -> dict[str, Any]:
    value = node.saved[0]
    made = {"n": recording.graph.names[node], "o": "input", "l": recording.graph.names[node], "g": -1,
            "s": list(node.shape), "t": str(node.dtype), "p": [], "v": encode(value)}  # fmt: skip
    if node.size and node.dtype.kind in "fiuc":
        finite = np.abs(np.asarray(value)).astype(np.float64)
        largest = float(np.max(finite[np.isfinite(finite)], initial=0.0))
        made["reach"] = number(max(1.0, 2 * largest))
    return made


def _node(recording: Recording, place: dict[Node, int], sources: Sources, i: int) -> dict[str, Any]:
    graph = recording.graph
    node = graph.nodes[i]
    several = isinstance(node.dtype, tuple)
    arguments = [
        {"c": encode(v)} if p is None else place[p]
        for p, v in zip(node.parents, node.saved[1:] if node.pick is None else [None], strict=True)
    ]
    js = form(node)
    if "no" in js:
        # What JavaScript does not compute needs no plain operands.
        arguments = [a for a in arguments if not isinstance(a, dict)]
    made: dict[str, Any] = {
        "n": graph.names[node], "o": graph.operation(node), "l": graph.label(node), "g": recording.group_of[i],
        "s": [list(s.shape) for s in node.dtype] if isinstance(node.dtype, tuple) else list(node.shape),
        "t": ", ".join(str(s.dtype) for s in node.dtype) if isinstance(node.dtype, tuple) else str(node.dtype),
        "p": arguments, "v": encode(node.saved[0]), "j": js,
    }  # fmt: skip
    where = sources.at(recording.places[i])
    if where is not None:
        made["at"] = where
    if several:
        made["several"] = True
    if node.pick is not None:
        made["k"] = node.pick
    if len(graph.nodes) <= _MOST_FORMULAS:
        made["d"], made["b"] = pushed_text(graph, node), pulled_text(graph, node)
    return made
