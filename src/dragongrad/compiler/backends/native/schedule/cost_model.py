"""Prices: what an element of a value costs to compute, which decides what is kept and what is computed again."""

from __future__ import annotations

from .....core.block import BLOCKS, Block
from .....core.node import Node
from ..elements.lowering import RULES

_COSTS = {
    "add": 1, "subtract": 1, "multiply": 1, "negative": 1, "positive": 0, "square": 1, "maximum": 2, "minimum": 2,
    "where": 1, "divide": 5, "sqrt": 6, "reciprocal": 5, "absolute": 1, "power": 40, "float_power": 40,
    "arctan2": 40,
}  # fmt: skip
_PRICES: dict[Block | None, float] = {
    **{block: 1 if block.name in ("where", "getitem", "gather") else 0 for block in RULES},
    **{block: _COSTS[block.name] for block in BLOCKS.values() if block not in RULES and block.name in _COSTS},
    None: 0,
}


def price(node: Node) -> float:
    """What an element of a Node costs, its arguments given; an addition is 1."""
    known = _PRICES.get(node.block)
    if known is None:
        known = 12 if node.block is not None and node.block.kind == "elementwise" else 1
    return known
