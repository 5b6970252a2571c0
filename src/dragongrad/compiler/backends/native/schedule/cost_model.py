"""The cost model: what an element of a value costs, which decides what is kept and what is computed again."""

from __future__ import annotations

from ....graph import INPUT, Op
from ....lowering import cost_of_element
from ..tuning import FUNCTION_COST


def price(node: Op) -> float:
    """What an element of an operation costs, its operands given; an addition is 1."""
    known = cost_of_element(node)
    if known is not None:
        return known
    if node.block is INPUT:
        return 0
    return FUNCTION_COST if node.block.kind == "elementwise" else 1
