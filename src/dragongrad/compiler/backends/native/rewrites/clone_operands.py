"""Operands of matrix products that are quickly computed: each stack of products has its own.

BLAS reads its operands from memory. One that several use would be kept there as a whole; one of its own lasts for
one matrix of the stack.
"""

from __future__ import annotations

import numpy as np

from .....core.block import BLOCKS
from ....graph import Graph, Op, Value, op_of
from ....rewrite import Writer, rewrite, shape_of
from ..linalg.gemm import is_matmul, stacked
from ..tuning import CLONED_READS

VIEWS = frozenset(BLOCKS[fn] for fn in (np.reshape, np.transpose))
# Operations as cheap as reading their result from memory.
CHEAP = frozenset(BLOCKS[fn] for fn in (np.add, np.subtract, np.multiply, np.negative))


def part_operands(graph: Graph) -> Graph:
    """The Graph in which stacks of products share no operand that is cheaper to compute than to keep."""
    if not any(is_stack(node) for node in graph.nodes):
        return graph

    def visit(writer: Writer, node: Op, values: tuple[Value, ...]) -> Value:
        if not is_stack(node):
            return None
        return writer.again(node, tuple([copied(writer, op_of(v)) if is_cheap(v) else v for v in values]))

    return rewrite(graph, visit)


def is_stack(node: Op) -> bool:
    """Whether an operation is a stack of products that a loop is made of."""
    return is_matmul(node) and stacked(node)


def is_cheap(value: Value) -> bool:
    """Whether an operand is one operation on small values, perhaps looked at in another shape."""
    if not isinstance(value, Op):
        return False
    values = value.operands
    if value.block in VIEWS:
        return is_cheap(values[0])
    if value.block not in CHEAP:
        return False
    return all(CLONED_READS * int(np.prod(shape_of(v))) <= value.size for v in values)


def copied(writer: Writer, node: Op) -> Op:
    """A cheap operand, written again."""
    values = node.operands
    if node.block in VIEWS:
        values = (copied(writer, op_of(values[0])),)
    return writer.apply(node.block, values, node.params, node.shape, node.dtype)
