"""About how long each step of a program takes."""

from __future__ import annotations

from collections.abc import Callable

from ....graph import Op, Value, bytes_of
from ....rewrite import shape_of, size_of
from ..linalg.gemm import is_matmul
from ..linalg.lapack import terms
from ..rewrites import legalize_convolution
from ..tuning import NS_PER_BYTE, NS_PER_CONVOLVED_TERM, NS_PER_COST, NS_PER_TERM
from .cost_model import price
from .steps import Factorisation, Loops, Product, Step


def work(step: Step, in_memory: Callable[[Value], bool]) -> float:
    """About how many nanoseconds a step takes on one thread."""
    if isinstance(step, Factorisation):
        return NS_PER_TERM * terms(step.node)
    if isinstance(step, Product):
        x, _ = step.node.operands
        return NS_PER_TERM * step.node.size * shape_of(x)[-1]
    if not isinstance(step, Loops):
        return 0.0
    total, moved = 0.0, 0.0
    seen: set[Op] = set()
    stack = [store.node for store in step.stores]
    own = set(stack)
    while stack:
        node = stack.pop()
        if node in seen:
            continue
        seen.add(node)
        if node not in own and in_memory(node):
            moved += bytes_of(node)
            continue
        values = node.operands
        if legalize_convolution.is_convolution(node):
            total += NS_PER_CONVOLVED_TERM / NS_PER_COST * legalize_convolution.terms(node)
        if is_matmul(node):
            total += NS_PER_TERM / NS_PER_COST * node.size * shape_of(values[0])[-1]
        size = node.size
        for v in values:
            size = max(size, size_of(v))
            if isinstance(v, Op):
                stack.append(v)
        total += price(node) * size
    return NS_PER_COST * total + NS_PER_BYTE * moved
