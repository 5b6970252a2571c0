"""What derivatives of a recording cost: passes, and the memory that reverse mode keeps."""

from __future__ import annotations

from typing import Any

import numpy as np

from ...core.graph import Graph
from ...core.node import Node


def cost(graph: Graph) -> dict[str, Any]:
    """Passes of either mode for the whole Jacobian, the bytes that each Node puts on the tape, and those alive.

    The tape of reverse mode keeps what pullbacks ask for, each array once, beside the inputs. Forward mode
    keeps a value and its tangent until they are used for the last time; `alive` is the most that is, without what
    rules need while they run.
    """
    kept: list[int] = []
    # What is there without the tape: the inputs, and plain arrays of the user's.
    known = {id(n.saved[0]) for n in graph.inputs}
    for node in graph.nodes:
        known |= {id(v) for v, p in zip(node.saved[1:], node.parents, strict=False) if p is None}
        fresh = {id(v): v for v in _saved(node) if id(v) not in known}
        known |= set(fresh)
        kept.append(sum(map(_size, fresh.values())))
    outputs = [o for o in graph.outputs if isinstance(o, Node) and o.dtype.kind in "fc"]
    inputs = [n for n in graph.inputs if n.dtype.kind in "fc"]
    return {
        "forward": sum(n.size for n in inputs), "reverse": sum(o.size for o in outputs), "kept": kept,
        "alive": 2 * _alive(graph),
    }  # fmt: skip


def _saved(node: Node) -> list[Any]:
    """The arrays that the pullback of a Node needs."""
    block: Any = node.block
    if node.pick is not None or block.kind == "constant":
        return []
    active = tuple([p is not None and p.dtype.kind in "fc" for p in node.parents])
    if block.partials:
        saved: list[Any] = []
        for (_, pick), needed in zip(block.partials, active, strict=True):
            if needed and pick is not None:
                picked = pick(node.saved)
                saved += picked if isinstance(picked, tuple) else [picked]
        return saved
    return [v for v, keep in zip(node.saved, block.keeps(active), strict=True) if keep]


def _bytes(node: Node) -> int:
    return _size(node.saved[0])


def _size(value: Any) -> int:
    """The bytes of a value, of several outputs or of a list of arrays all together."""
    if isinstance(value, (list, tuple)):
        return sum(map(_size, value))
    return int(np.asarray(value).nbytes)


def _alive(graph: Graph) -> int:
    last: dict[Node, int] = {}
    for at, node in enumerate(graph.nodes):
        last.update((parent, at) for parent in node.parents if parent is not None)
    last.update((o, len(graph.nodes)) for o in graph.outputs if isinstance(o, Node))
    ending: dict[int, int] = {}
    for node, at in last.items():
        ending[at] = ending.get(at, 0) + _bytes(node)
    now = most = sum(_bytes(n) for n in graph.inputs if n in last)
    for at, node in enumerate(graph.nodes):
        now += _bytes(node) if node in last else 0
        most = max(most, now)
        now -= ending.get(at, 0)
    return most
