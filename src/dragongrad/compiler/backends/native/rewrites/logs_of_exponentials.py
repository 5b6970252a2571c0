"""Logarithms of exponentials: what the exponential is of, as far as that is a number of its own.

A likelihood takes the logarithm of a scale that is an exponential, so that it is positive. What that is of is
nearer to the exact value than the logarithm of a rounded exponential.
"""

from __future__ import annotations

import numpy as np

from .....core.block import BLOCKS
from ....graph import Graph, Op, Value
from ....rewrite import Writer, dtype_of, rewrite

_LOG, _EXP, _ADD, _WHERE = (BLOCKS[fn] for fn in (np.log, np.exp, np.add, np.where))
# The numbers beyond which the exponential is infinite, and zero, by the bytes of each.
_ENDS = {8: (709.782712893384, -745.1332191019412), 4: (88.72283172607422, -103.97207641601562)}


def undo_exponentials(graph: Graph) -> Graph:
    """The Graph without logarithms of what is an exponential."""

    def visit(writer: Writer, node: Op, values: tuple[Value, ...]) -> Value:
        (power,) = values
        if not isinstance(power, Op) or power.block is not _EXP or node.dtype.itemsize not in _ENDS:
            return None
        (x,) = power.operands
        if node.dtype.kind != "f" or not dtype_of(x) == power.dtype == node.dtype:
            return None
        # The logarithm of one is zero without a sign.
        found = writer.apply(_ADD, (x, node.dtype.type(0)), {}, node.shape, node.dtype)
        largest, least = _ENDS[node.dtype.itemsize]
        for test, end, value in ((np.greater, largest, np.inf), (np.less, least, -np.inf)):
            beyond = writer.apply(BLOCKS[test], (x, node.dtype.type(end)), {}, node.shape, np.dtype(bool))
            found = writer.apply(_WHERE, (beyond, node.dtype.type(value), found), {}, node.shape, node.dtype)
        return found

    return rewrite(graph, visit, {_LOG})
