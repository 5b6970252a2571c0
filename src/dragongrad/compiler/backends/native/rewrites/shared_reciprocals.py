"""Derivatives of quotients: one division where there were two.

`x / y` has the derivatives `1 / y` and `-(x / y) / y`. A division takes as long as ten multiplications; the
second one becomes a product with the first. `1 / y` overflows for subnormal numbers, where the second quotient may
be finite: a small divisor is multiplied by a power of two first, and the product by the same one at last.
"""

from __future__ import annotations

import numpy as np

from .....core.block import BLOCKS
from ....graph import Graph, Op, Value, op_of
from ....passes.simplify import number
from ....rewrite import Writer, meets, rewrite

_DIVIDE, _NEGATIVE, _MULTIPLY, _WHERE = (BLOCKS[fn] for fn in (np.divide, np.negative, np.multiply, np.where))
_ABS, _LESS = BLOCKS[np.abs], BLOCKS[np.less]
# Divisors below the first number are multiplied by the second, in each width.
_SMALL = {8: (2.0**-1000, 2.0**100), 4: (2.0**-100, 2.0**40), 2: (2.0**-10, 2.0**8)}


def share_reciprocals(graph: Graph) -> Graph:
    """The Graph in which quotients are multiplied by a reciprocal that is there, not divided once more."""
    if not meets(graph, {_DIVIDE}):
        return graph
    known = {node.operands[1] for node in graph.nodes if _is_reciprocal(node)}
    wanted = {node.operands[1] for node in graph.nodes if _divides_twice(node)} & known
    if not wanted:
        return graph
    made: dict[Op, tuple[Op, Op]] = {}

    def visit(writer: Writer, node: Op, values: tuple[Value, ...]) -> Value:
        if not (_is_reciprocal(node) or _divides_twice(node)):
            return None
        y = op_of(node.operands[1])
        if y not in wanted:
            return None
        if y not in made:
            made[y] = _scaled_reciprocal(writer, values[1])
        inverse, scale = made[y]
        if not _is_reciprocal(node):
            inverse = writer.apply(_MULTIPLY, (values[0], inverse), {}, node.shape, node.dtype)
        return writer.apply(_MULTIPLY, (inverse, scale), {}, node.shape, node.dtype)

    return rewrite(graph, visit, {_DIVIDE})


def _is_reciprocal(node: Op) -> bool:
    if node.block is not _DIVIDE or node.dtype.kind != "f" or node.dtype.itemsize not in _SMALL:
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


def _scaled_reciprocal(writer: Writer, y: Value) -> tuple[Op, Op]:
    """`1 / (y * scale)`, which does not overflow, and the scale, a power of two that is 1 unless `y` is small."""
    y = op_of(y)
    limit, factor = (y.dtype.type(number) for number in _SMALL[y.dtype.itemsize])
    size = writer.apply(_ABS, (y,), {}, y.shape, y.dtype)
    small = writer.apply(_LESS, (size, limit), {}, y.shape, np.dtype(bool))
    scale = writer.apply(_WHERE, (small, factor, y.dtype.type(1)), {}, y.shape, y.dtype)
    scaled = writer.apply(_MULTIPLY, (y, scale), {}, y.shape, y.dtype)
    return writer.apply(_DIVIDE, (y.dtype.type(1), scaled), {}, y.shape, y.dtype), scale
