"""Products of vectors with a tall and narrow matrix of data, as sums that the loops around them take up.

The gradient of a regression reads its data twice: in `x @ w`, and in `x.T @ r` of what is computed from that. BLAS
would do so in two calls with a loop between them. One loop over the rows of `x` computes both, and reads it once;
it reads it turned, so that neighbouring lanes read neighbouring elements.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from .....core.block import BLOCKS
from ....constants import place_of
from ....graph import Graph, Op, Value
from ....rewrite import Writer, meets, rewrite, shape_of
from ..tuning import NARROW_COLUMNS, NARROW_ROWS

_MATMUL, _TRANSPOSE, _MULTIPLY = BLOCKS[np.matmul], BLOCKS[np.transpose], BLOCKS[np.multiply]
_RESHAPE, _SUM = BLOCKS[np.reshape], BLOCKS[np.sum]


def sum_narrow_products(graph: Graph) -> Graph:
    """The Graph in which sums stand for the products with a narrow matrix and with its transpose."""
    if not meets(graph, {_MATMUL}):
        return graph
    products = [node for node in graph.nodes if node.block is _MATMUL and _is_narrow(node)]
    tall = {place_of(_wide(node)) for node in products if _is_tall(node)}
    both = tall & {place_of(_wide(node)) for node in products if not _is_tall(node)}
    if not both:
        return graph
    turned: dict[Any, np.ndarray[Any, Any]] = {}

    def visit(writer: Writer, node: Op, values: tuple[Value, ...]) -> Value:
        if node.block is not _MATMUL or not _is_narrow(node):
            return None
        wide = _wide(node)
        place = place_of(wide)
        if place not in both:
            return None
        if place not in turned:
            turned[place] = np.ascontiguousarray(wide)
        rows = x = turned[place]
        if not _is_tall(node):
            x = writer.apply(_TRANSPOSE, (rows,), {"axes": (1, 0)}, rows.shape[::-1], rows.dtype)
        return _sum(writer, x, values[1], node)

    return rewrite(graph, visit, {_MATMUL})


def _is_narrow(node: Op) -> bool:
    """Whether a product is of a known matrix of many rows and few columns, or its transpose, and of a vector."""
    x, y = node.operands
    if not isinstance(x, np.ndarray) or not isinstance(y, Op) or len(y.shape) != 1 or x.ndim != 2:
        return False
    few, many = sorted(x.shape)
    return 1 < few <= NARROW_COLUMNS and many >= NARROW_ROWS and x.dtype == y.dtype and x.dtype.kind == "f"


def _is_tall(node: Op) -> bool:
    rows, columns = shape_of(node.operands[0])
    return rows > columns


def _wide(node: Op) -> np.ndarray[Any, Any]:
    """The matrix of a product, with its few columns as rows."""
    x = np.asarray(node.operands[0])
    return x.T if _is_tall(node) else x


def _sum(writer: Writer, x: Value, y: Value, node: Op) -> Op:
    """The sum over the rows of a matrix, each times its element of a vector."""
    shape = (*shape_of(y), 1)
    column = writer.apply(_RESHAPE, (y,), {"shape": shape, "order": "C"}, shape, node.dtype)
    terms = writer.apply(_MULTIPLY, (x, column), {}, shape_of(x), node.dtype)
    return writer.apply(_SUM, (terms,), {"axis": 0}, node.shape, node.dtype)
