"""Long lists of what is computed one by one: what is computed from an element later reads it in the list.

A list of more values than one function holds is a function of its own, behind which all of it is in memory. Its
elements would be computed anew in every function that uses them.
"""

from __future__ import annotations

import numpy as np

from .....core.block import BLOCKS
from ....graph import Graph, Op, Value
from ....lowering import Role, is_a
from ....passes.uses import users_of
from ....rewrite import Writer, rewrite
from ..schedule.stores import Store, is_long_list, mode_of
from ..tuning import VALUES_PER_FUNCTION

_STACK, _GETITEM = BLOCKS[np.stack], BLOCKS["getitem"]


def read_lists(graph: Graph) -> Graph:
    """Read elements of long lists where they are used after the list is there."""
    lists = [node for node in graph.nodes if node.block is _STACK and is_split_off(node)]
    if not lists:
        return graph
    uses = users_of(graph)
    now: dict[Op, Value] = {}

    def visit(writer: Writer, node: Op, values: tuple[Value, ...]) -> Value:
        made = writer.again(node, values)
        if not is_split_off(node):
            return made
        axis = int(node.params.get("axis") or 0) % len(node.shape)
        for k, part in enumerate(node.operands):
            if isinstance(part, Op) and part not in now and len(uses[part]) > 1 and not is_a(part, Role.VIEW):
                index = (*[slice(None)] * axis, k)
                if part.dtype == node.dtype and part.sources:
                    now[part] = writer.apply(_GETITEM, (made,), {"index": index}, part.shape, part.dtype)
        return made

    return rewrite(graph, visit, {_STACK}, now)


def is_split_off(node: Op) -> bool:
    """Whether a value is a list that ends its function."""
    return is_long_list(node) and node.size > VALUES_PER_FUNCTION and mode_of(Store(node, "map"))[0] == "straight"
