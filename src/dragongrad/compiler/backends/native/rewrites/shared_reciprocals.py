"""Derivatives of quotients: one division where there were two.

`x / y` has the derivatives `1 / y` and `-(x / y) / y`. A division takes as long as ten multiplications; the
second one becomes a product with the first. Where `1 / y` overflows, which it does for subnormal numbers below
`2**-1024`, it is not multiplied with a quotient of zero: that stays zero.
"""

from __future__ import annotations

import numpy as np

from .....core.block import BLOCKS
from ....graph import Graph, Op, Value, op_of
from ....passes.simplify import number
from ....rewrite import Writer, meets, rewrite

_DIVIDE, _NEGATIVE, _MULTIPLY, _WHERE = (BLOCKS[fn] for fn in (np.divide, np.negative, np.multiply, np.where))
_ISINF, _EQUAL, _AND = (BLOCKS[fn] for fn in (np.isinf, np.equal, np.logical_and))


def share_reciprocals(graph: Graph) -> Graph:
    """The Graph in which quotients are multiplied by a reciprocal that is there, not divided once more."""
    if not meets(graph, {_DIVIDE}):
        return graph
    known = {node.operands[1] for node in graph.nodes if _is_reciprocal(node)}
    wanted = {node.operands[1] for node in graph.nodes if _divides_twice(node)} & known
    if not wanted:
        return graph
    made: dict[Op, Op] = {}

    def visit(writer: Writer, node: Op, values: tuple[Value, ...]) -> Value:
        if not (_is_reciprocal(node) or _divides_twice(node)):
            return None
        y = op_of(node.operands[1])
        if y not in wanted:
            return None
        if y not in made:
            made[y] = writer.apply(_DIVIDE, (node.dtype.type(1), values[1]), {}, y.shape, node.dtype)
        if _is_reciprocal(node):
            return made[y]
        return _product(writer, node, values, made[y])

    return rewrite(graph, visit, {_DIVIDE})


def _is_reciprocal(node: Op) -> bool:
    if node.block is not _DIVIDE or node.dtype.kind != "f":
        return False
    x, y = node.operands
    return isinstance(y, Op) and number(x) == 1 and (y.shape, y.dtype) == (node.shape, node.dtype)


def _divides_twice(node: Op) -> bool:
    """Whether a quotient, perhaps with the other sign, is divided by its divisor."""
    if node.block is not _DIVIDE or node.dtype.kind != "f":
        return False
    x, y = node.operands
    if isinstance(x, Op) and x.block is _NEGATIVE:
        (x,) = x.operands
    if not isinstance(x, Op) or not isinstance(y, Op) or x.block is not _DIVIDE or x.operands[1] is not y:
        return False
    return bool(x.dtype == y.dtype == node.dtype)


def _product(writer: Writer, node: Op, values: tuple[Value, ...], inverse: Op) -> Op:
    x, y = values
    infinite = writer.apply(_ISINF, (inverse,), {}, inverse.shape, np.dtype(bool))
    zero = writer.apply(_EQUAL, (x, node.dtype.type(0)), {}, node.shape, np.dtype(bool))
    both = writer.apply(_AND, (infinite, zero), {}, node.shape, np.dtype(bool))
    factor = writer.apply(_WHERE, (both, y, inverse), {}, node.shape, node.dtype)
    return writer.apply(_MULTIPLY, (x, factor), {}, node.shape, node.dtype)
