"""Arrays that indices gather from many times: computed once, and laid out in the order in which they are read.

`f(x)[index]`, where the index is longer than `x`, would compute elements of `f(x)` again for every place of the
index. And forward mode carries directions as the leading axis and puts them last in the end: gathered from what has
them last already, neighbours are read side by side.
"""

from __future__ import annotations

import numpy as np

from .....core.block import BLOCKS
from ....graph import Graph, Op, Value, op_of
from ....indexing import Index, index_of
from ....lowering import Role, is_a, is_elementwise
from ....passes.simplify import permutation
from ....passes.uses import users_of
from ....rewrite import Writer, rewrite
from ..tuning import GATHERED_READS, LOOKED_AHEAD_NODES

_GETITEM, _GATHER, _TRANSPOSE = BLOCKS["getitem"], BLOCKS["gather"], BLOCKS[np.transpose]
_ANY = frozenset(BLOCKS[fn] for fn in (np.any, np.all))


def gathered_from(graph: Graph) -> set[Op]:
    """The values that are to be in memory because indices read their elements again and again."""
    counts: dict[Op, int] = {}
    for node in graph.nodes:
        if node.block is _GATHER or (node.block is _GETITEM and _has_array(node)):
            source = _viewed(node.operands[0])
            if isinstance(source, Op):
                counts[source] = counts.get(source, 0) + node.size
    inputs = set(graph.inputs)
    return {
        v
        for v, count in counts.items()
        if v not in inputs and count >= GATHERED_READS * v.size and _costs(v, inputs)
    }  # fmt: skip


def turn_gathered(graph: Graph) -> Graph:
    """The Graph in which what is gathered has that axis last which its users put last."""
    if not any(node.block is _TRANSPOSE for node in graph.nodes):
        return graph
    wanted = _turns(graph)
    first = _first_transposes(graph)
    if not wanted and not first:
        return graph
    made: dict[Value, Op] = {}

    def visit(writer: Writer, node: Op, values: tuple[Value, ...]) -> Value:
        if node in wanted:
            x, *rest = values
            if x not in made:
                made[x] = _with_last(writer, op_of(x), wanted[node])
            return writer.again(node, (made[x], *rest))
        if node in first:
            return _any_of_turned(writer, node, op_of(values[0]), first[node], made)
        if node.block is not _TRANSPOSE or not isinstance(values[0], Op):
            return None
        return made.get((values[0], permutation(node)))

    return rewrite(graph, visit)


def _has_array(node: Op) -> bool:
    return any(isinstance(p, np.ndarray) for p in node.params["index"])


def _is_of_one_array(index: Index) -> bool:
    """Whether an index has one array of places, and takes all other axes as they are."""
    arrays = [p for p in index.parts if p.kind == "array"]
    return len(arrays) == 1 and all(p.whole for p in index.parts if p.kind != "array")


def _viewed(value: Value) -> Value:
    """What lies in memory of an operand; of one that `turn_gathered` wrote, the turned copy."""
    return value.operands[0] if isinstance(value, Op) and value.block is _TRANSPOSE else value


def _costs(value: Op, inputs: set[Op]) -> bool:
    """Whether a value is more than its inputs looked at in another way."""
    stack, count = [value], 0
    while stack and count < LOOKED_AHEAD_NODES:
        v = stack.pop()
        count += 1
        if v in inputs:
            continue
        if is_a(v, Role.ELEMENTWISE, Role.REDUCTION, Role.PRODUCT):
            return True
        stack += v.sources
    return False


def _turns(graph: Graph) -> dict[Op, int]:
    """The gathers whose source is to be turned, and which of its axes is to be last."""
    users, inputs = users_of(graph), set(graph.inputs)
    found: dict[Op, tuple[Value, int]] = {}
    for node in graph.nodes:
        if node.block is not _GETITEM or not _has_array(node):
            continue
        (x,) = node.operands
        index = index_of(node)
        if (
            index is None
            or not _is_of_one_array(index)
            or not isinstance(x, Op)
            or not _costs(x, inputs)
            or node.size < GATHERED_READS * x.size
        ):
            continue
        last = _last_axis(node, users)
        k, count = index.before, len(index.shape)
        if last is None or k <= last < k + count or last == len(node.shape) - 1:
            continue
        found[node] = x, last if last < k else last - count + 1
    agreed: dict[Value, set[int]] = {}
    for x, axis in found.values():
        agreed.setdefault(x, set()).add(axis)
    return {node: axis for node, (x, axis) in found.items() if len(agreed[x]) == 1}


def _last_axis(node: Op, users: dict[Op, list[Op | None]]) -> int | None:
    """The axis that transpositions behind elementwise Blocks put last; None where they do not agree."""
    axes: set[int] = set()
    stack, seen = [node], {node}
    while stack and len(seen) < LOOKED_AHEAD_NODES:
        for user in users.get(stack.pop(), []):
            if user is None or user in seen:
                continue
            if user.block is _TRANSPOSE:
                axes.add(permutation(user)[-1])
            elif is_elementwise(user) and user.shape == node.shape:
                seen.add(user)
                stack.append(user)
    return axes.pop() if len(axes) == 1 else None


def _with_last(writer: Writer, x: Op, axis: int) -> Op:
    """A value as it is, read from a turned copy."""
    axes = (*[a for a in range(len(x.shape)) if a != axis], axis)
    copy = _transposed(writer, x, axes)
    return _transposed(writer, copy, tuple([int(a) for a in np.argsort(axes)]))


def _transposed(writer: Writer, x: Op, axes: tuple[int, ...]) -> Op:
    return writer.apply(_TRANSPOSE, (x,), {"axes": axes}, tuple([x.shape[a] for a in axes]), x.dtype)


# What is asked of all elements, in the order in which they are written


def _first_transposes(graph: Graph) -> dict[Op, tuple[int, ...]]:
    """The questions asked of all elements of a value that goes out turned, and how it is turned."""
    outputs = {o for o in graph.outputs if isinstance(o, Op)}
    turned = {
        node.operands[0]: permutation(node) for node in graph.nodes
        if node.block is _TRANSPOSE and node in outputs
    }  # fmt: skip
    found = {}
    for node in graph.nodes:
        if node.block not in _ANY or node.shape:
            continue
        (test,) = node.operands
        if isinstance(test, Op) and is_elementwise(test) and len(test.operands) == 1:
            (v,) = test.operands
            if isinstance(v, Op) and v in turned and v.shape == test.shape:
                found[node] = turned[v]
    return found


def _any_of_turned(writer: Writer, node: Op, test: Op, axes: tuple[int, ...], made: dict[Value, Op]) -> Op:
    (v,) = test.operands
    turned = made[v, axes] = _transposed(writer, op_of(v), axes)
    again = writer.apply(test.block, (turned,), test.params, turned.shape, test.dtype)
    return writer.apply(node.block, (again,), {"axis": tuple(range(len(axes)))}, (), node.dtype)
