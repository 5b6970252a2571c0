"""Elements of arrays that a step chooses by numbers which are known for all steps: `x[i]`, `y[i] = v`, `y[i - 1]`.

What is read of an array that stays the same becomes an array of rows, and a buffer that is filled becomes what the
steps collect: neither is looked at as a whole in each step, forwards or backwards. What a step reads of what others
have written some steps before is carried.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np

from ...core.block import BLOCKS
from ...core.errors import NoRuleError
from ...core.graph import Graph
from ...core.node import Node
from ...core.variable import Variable
from ..batch import Batch
from .body import applied

# Elements of the tables of what is known for all steps.
_MOST = 1 << 22
# Steps between a write and the read of it that are carried.
_MOST_LAG = 16


@dataclass
class Buffer:
    """A carry that is filled, an element a step.

    Attributes
    ----------
    carry : int
        Which.
    write : Node
        The write.
    places : ndarray of int
        Of each step the place that is written, from the front.
    reads : dict
        Of each read how many steps lie between it and the write, 0 where it is of what was there before; and its
        index.
    """

    carry: int
    write: Node
    places: Any
    reads: dict[Node, tuple[int, Any]] = field(default_factory=dict)


@dataclass
class Known:
    """What is known of the steps of a loop.

    Attributes
    ----------
    tables : dict
        The values of whole numbers and truth values, by Nodes; the steps are along the first axis.
    rows : dict
        Of each read of what stays the same: the array, and an index that gives the rows.
    buffers : list of Buffer
        What is filled.
    """

    tables: dict[Node, Any]
    rows: dict[Node, tuple[Any, Any]] = field(default_factory=dict)
    buffers: list[Buffer] = field(default_factory=list)


def tables_of(graph: Graph, given: dict[Node, Any], length: int) -> dict[Node, Any]:
    """The whole numbers and truth values of all steps, as far as they are computed from those of some inputs."""
    known, level = dict(given), Batch(length)
    for node in graph.nodes:
        parents = [p for p in node.parents if p is not None]
        if node.pick is not None or isinstance(node.dtype, tuple) or node.dtype.kind not in "iub":
            continue
        if not parents or not all(p in known for p in parents) or length * max(1, node.size) > _MOST:
            continue
        assert node.block is not None
        values = [
            v if p is None else Variable(known[p], level) for p, v in zip(node.parents, node.saved[1:], strict=True)
        ]
        found = node.block(*values, **node.params)
        known[node] = found.data if isinstance(found, Variable) else np.broadcast_to(found, (length, *node.shape))
    level.ended = True
    return known


def look(graph: Graph, consts: int, carry: int, given: dict[Node, Any], length: int, reverse: bool) -> Known | None:
    """What is known of the steps; None where that changes nothing."""
    known = Known(tables_of(graph, given, length))
    users: dict[Node, list[Node | None]] = {}
    for node in graph.nodes:
        for p in node.parents:
            if p is not None:
                users.setdefault(p, []).append(node)
    for end in graph.outputs:
        if isinstance(end, Node):
            users.setdefault(end, []).append(None)
    same = set(graph.inputs[:consts])
    for node in graph.nodes:
        index = _index(node, known)
        if node.block is _GATHER and index is not None:
            parent = node.parents[0]
            if parent is None or parent in same:
                known.rows[node] = (node.saved[1] if parent is None else parent), index
    for i in range(carry):
        buffer = _buffer(graph, consts, i, known, users, reverse)
        if buffer is not None:
            known.buffers.append(buffer)
    held = [t for n, t in known.tables.items() if n.dtype.kind == "b"]
    return known if known.rows or known.buffers or held else None


def _index(node: Node, known: Known) -> Any:
    """The index of an element for all steps, `(axis, places)`; None where it is not known."""
    if node.block not in _PLACED:
        return None
    stack = node.parents[-1]
    if stack not in known.tables or stack is None or stack.shape != (1,):
        return None
    index = node.params["index"]
    computed = [k for k, p in enumerate(index) if hasattr(p, "position")]
    before = index[: computed[0]]
    if len(computed) != 1 or not all(p == slice(None) if isinstance(p, slice) else False for p in before):
        return None
    if any(isinstance(p, np.ndarray) or p is Ellipsis for p in index[computed[0] + 1 :]):
        return None
    axis = computed[0]
    shape = node.parents[0].shape if node.parents[0] is not None else np.shape(node.saved[1])
    places, n = known.tables[stack][:, 0], shape[axis]
    if not np.all((places >= -n) & (places < n)):
        raise NoRuleError("an index is out of bounds")
    return axis, np.where(places < 0, places + n, places), index[axis + 1 :]


def _buffer(
    graph: Graph, consts: int, i: int, known: Known, users: dict[Node, list[Node | None]], reverse: bool
) -> Buffer | None:
    begun, write = graph.inputs[consts + i], graph.outputs[i]
    if not isinstance(write, Node) or write.block is not _SETITEM_AT or write.parents[0] is not begun:
        return None
    index = _index(write, known)
    if index is None or index[0] != 0 or index[2] or len(np.unique(index[1])) < len(index[1]):
        return None
    if users.get(write) != [None]:
        return None
    buffer = Buffer(i, write, index[1])
    # The steps by the places that they write, in the order in which they run.
    order = np.arange(len(index[1]))[:: -1 if reverse else 1]
    time = np.full(begun.shape[0], len(order))
    time[index[1][order]] = np.arange(len(order))
    for user in users.get(begun, []):
        if user is write:
            continue
        read = None if user is None else _index(user, known)
        if (
            user is None
            or user.block is not _GATHER
            or read is None
            or read[0] != 0
            or user.parents[0] is not begun
        ):
            return None
        lags = np.arange(len(order)) - time[read[1][order]]
        before = lags > 0
        if not np.any(before):
            # Never of what was written.
            buffer.reads[user] = 0, read
            continue
        lag = int(lags[before][0])
        if (
            lag > _MOST_LAG
            or not np.array_equal(before, np.arange(len(order)) >= lag)
            or np.any(lags[before] != lag)
        ):
            return None
        buffer.reads[user] = lag, read
    return buffer


def rows_of(array: Any, index: tuple[int, Any, Any]) -> Any:
    """The rows of an array at the places of all steps."""
    axis, places, _ = index
    moved = np.moveaxis(array, axis, 0) if axis else array
    step = int(places[1] - places[0]) if len(places) > 1 else 1
    if step > 0 and np.all(np.diff(places) == step):
        return moved[slice(int(places[0]), int(places[-1]) + 1, step)]
    return moved[places]


def part_of(row: Any, index: tuple[int, Any, Any]) -> Any:
    """What is read of a row."""
    axis, _, rest = index
    return BLOCKS["getitem"](row, index=(*[slice(None)] * axis, *rest)) if rest else row


def written_at(array: Any, places: Any, values: Any) -> Any:
    """An array with other rows at some places."""
    return BLOCKS["setitem"](array, values, index=(np.asarray(places),))


def is_true(node: Node | None, known: Known) -> bool:
    """Whether something holds in all steps."""
    return node is not None and node.dtype == np.bool_ and node in known.tables and bool(known.tables[node].all())


def replayed(graph: Graph, env: dict[Node, Any], known: Known) -> dict[Node, Any]:
    """The values of the Nodes of a body, from those of some: all that are computed from these."""
    for node in graph.nodes:
        if node in env:
            continue
        parents = [p for p in node.parents if p is not None]
        held = [p for p in parents if is_true(p, known)]
        if node.block is _AND and held and len(parents) == 2:
            other = parents[1] if parents[0] is held[0] else parents[0]
            env[node] = env[other]
        elif all(p in env for p in parents):
            env[node] = applied(node, env)
    return env


_GATHER, _SETITEM_AT, _AND = BLOCKS["gather"], BLOCKS["setitem_at"], BLOCKS[np.logical_and]
_PLACED = frozenset({_GATHER, _SETITEM_AT})
