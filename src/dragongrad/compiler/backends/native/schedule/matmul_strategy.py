"""Which matrix products are left to BLAS, which are written out, and which call functions of our own."""

from __future__ import annotations

import math

import numpy as np

from .....core.block import BLOCKS
from .....core.graph import Graph
from .....core.node import Node
from ....rewrite import arguments, shape_of
from ..elements.lowering import UNROLL
from ..linalg.gemm import factors, fits
from ..linalg.small_matmul import LARGEST

# Products of so few terms are not worth a call of BLAS; one that reads its operands so often wants them in memory.
_FEW, _OFTEN = 4, 8
# Matrices of so many elements are multiplied by functions, where more terms than this would be written out.
SMALL, _TERMS = 8, 1024
_MATMUL = BLOCKS[np.matmul]


def is_product(node: Node) -> bool:
    """Whether a Node is a matrix product that is left to BLAS."""
    if node.block is not _MATMUL:
        return False
    x, y = (shape_of(v) for v in arguments(node))
    if x[-1] > UNROLL or node.dtype.kind != "f":
        return True
    # Of very few terms, the product is as quickly computed as read.
    return x[-1] > _FEW and len(y) < 3 and node.size * x[-1] > 4096


def reads_often(node: Node) -> bool:
    """Whether a Node is a matrix product that reads each element of its operands again and again, written out."""
    return node.block is _MATMUL and node.size >= _OFTEN * sum(math.prod(f.shape) for f in factors(node))


def small_products(graph: Graph) -> set[Node]:
    """Products of small matrices, where there are so many that writing them out makes too much code."""
    found, terms = set(), 0
    for node in graph.nodes:
        if node.block is _MATMUL and node.shape and not is_product(node) and fits(node):
            x, y = (shape_of(v) for v in arguments(node))
            own = node.shape[-1 if 1 in (len(x), len(y)) else -2 :]
            each = math.prod(own)
            if SMALL <= each <= LARGEST and x[-1] > 0:
                found.add(node)
                terms += each * x[-1]
    return found if terms > _TERMS else set()
