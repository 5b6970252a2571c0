"""Turned copies of small arrays, so that neighbouring lanes read neighbouring elements.

In `np.sum((x[:, None, :] - c) ** 2, 2)` the short last axis is written out, and the lanes of a vector run over the
rows of `c`: they read one element of each, far apart. So a copy of `c` turned round is made before the loops, for
every row of `x` to read.
"""

from __future__ import annotations

import numpy as np

from .....core.block import BLOCKS
from ....graph import INPUT, Graph, Op, Value
from ....lowering import is_elementwise
from ....rewrite import Writer, meets, reduced_axes, shape_of
from ..schedule.access import Axis, reads
from ..tuning import UNROLLED_SUM

# Only where the lanes are at least so many, and the copy is read by at least so many rows.
_LANES, _ROWS = 8, 16
_SUM, _TRANSPOSE = BLOCKS[np.sum], BLOCKS[np.transpose]
_BETWEEN = frozenset(BLOCKS[fn] for fn in (np.broadcast_to, np.reshape, "getitem"))


def turn(graph: Graph) -> tuple[Graph, set[Op]]:
    """The Graph with turned copies where they help, and the copies, which must be in memory."""
    if not meets(graph, {_SUM}):
        return graph, set()
    writer = Writer()
    inputs = set(graph.inputs)
    copies: dict[Op, Op] = {}
    now: dict[Op, Op] = {}
    for node in graph.nodes:
        leaves = _leaves(node, inputs)
        if leaves:
            for leaf in leaves:
                if leaf not in copies:
                    copies[leaf] = _transposed(writer, leaf)
            views = {leaf: _transposed(writer, copies[leaf]) for leaf in leaves}
            now[node] = _again(writer, node, views, dict(views))
            continue
        if any(map(now.__contains__, node.sources)):
            values = tuple([now.get(v, v) if isinstance(v, Op) else v for v in node.operands])
            now[node] = writer.again(node, values)
        else:
            writer.nodes.append(node)
    if not copies:
        return graph, set()
    outputs = [now.get(o, o) if isinstance(o, Op) else o for o in graph.outputs]
    return graph.rewritten(writer.nodes, outputs), set(copies.values())


def _transposed(writer: Writer, x: Op) -> Op:
    return writer.apply(_TRANSPOSE, (x,), {}, x.shape[::-1], x.dtype)


def _leaves(node: Op, inputs: set[Op]) -> list[Op]:
    """The matrices that a short sum reads the wrong way round."""
    if node.block is not _SUM:
        return []
    (x,) = node.operands
    shape = shape_of(x)
    last = len(shape) - 1
    short = last >= 2 and reduced_axes(node, last + 1) == (last,) and 1 < shape[last] <= UNROLLED_SUM
    if not short or shape[last - 1] < _LANES or shape[0] < _ROWS or not _simple(x, inputs):
        return []
    rows, lanes, inner = (reads(node, [(x, axis)], inputs) for axis in (0, last - 1, last))
    found = []
    for leaf in rows:
        axes: tuple[Axis, ...] = rows[leaf], lanes.get(leaf), inner.get(leaf)
        if axes == (None, 0, 1) and len(leaf.shape) == 2 and leaf.shape == shape[last - 1 :]:
            found.append(leaf)
    return found


def _simple(value: Value, inputs: set[Op]) -> bool:
    """Whether a value is made of inputs by a few elementwise steps."""
    stack, count = [value], 0
    while stack:
        v = stack.pop()
        if not isinstance(v, Op) or v in inputs:
            continue
        count += 1
        if (not is_elementwise(v) and v.block not in _BETWEEN) or count > 2 * _LANES:
            return False
        stack += v.operands
    return True


def _again(writer: Writer, node: Op, views: dict[Op, Op], made: dict[Op, Op]) -> Op:
    """An operation and what it is made of, once more, with other leaves."""
    values = []
    for v in node.operands:
        if isinstance(v, Op) and v.block is not INPUT and v not in made:
            made[v] = _again(writer, v, views, made)
        values.append(made.get(v, v) if isinstance(v, Op) else v)
    return writer.again(node, tuple(values))
