"""Which matrix products are left to BLAS, which are written out, and which call functions of our own."""

from __future__ import annotations

import math

from ....graph import Graph, Op
from ....rewrite import shape_of
from ..linalg.gemm import factors, fits, is_matmul
from ..tuning import (
    BLAS_MULTIPLICATIONS,
    BLAS_TERMS,
    OPERAND_READS,
    SMALL_MATMUL_ELEMENTS,
    SMALL_MATRIX_ELEMENTS,
    UNROLLED_SUM,
    WRITTEN_OUT_TERMS,
)


def is_product(node: Op) -> bool:
    """Whether an operation is a matrix product that is left to BLAS."""
    if not is_matmul(node):
        return False
    x, y = (shape_of(v) for v in node.operands)
    if x[-1] > UNROLLED_SUM or node.dtype.kind != "f":
        return True
    # Of very few terms, the product is as quickly computed as read.
    return x[-1] > BLAS_TERMS and len(y) < 3 and node.size * x[-1] > BLAS_MULTIPLICATIONS


def reads_often(node: Op) -> bool:
    """Whether a matrix product that is written out reads each element of its operands again and again."""
    return is_matmul(node) and node.size >= OPERAND_READS * sum(math.prod(f.shape) for f in factors(node))


def small_products(graph: Graph) -> set[Op]:
    """Products of small matrices, where there are so many that writing them out makes too much code."""
    found, terms = set(), 0
    for node in graph.nodes:
        if is_matmul(node) and node.shape and not is_product(node) and fits(node):
            x, y = (shape_of(v) for v in node.operands)
            own = node.shape[-1 if 1 in (len(x), len(y)) else -2 :]
            each = math.prod(own)
            if SMALL_MATRIX_ELEMENTS <= each <= SMALL_MATMUL_ELEMENTS and x[-1] > 0:
                found.add(node)
                terms += each * x[-1]
    return found if terms > WRITTEN_OUT_TERMS else set()
