"""Prices: what an element of a value costs to compute, which decides what is kept and what is computed again."""

from __future__ import annotations

import numpy as np

from ....graph import INPUT, Op
from ..elements.lowering import RULES
from ..tuning import FUNCTION_COST

_COSTS = {
    np.add: 1, np.subtract: 1, np.multiply: 1, np.negative: 1, np.positive: 0, np.square: 1, np.maximum: 2,
    np.minimum: 2, np.divide: 5, np.sqrt: 6, np.reciprocal: 5, np.absolute: 1, np.power: 40, np.float_power: 40,
    np.arctan2: 40,
}  # fmt: skip
# What chooses an element; all else with a rule only says where one is read.
_CHOOSING = ("where", "getitem", "gather")


def price(node: Op) -> float:
    """What an element of an operation costs, its arguments given; an addition is 1."""
    block = node.block
    if block is INPUT:
        return 0
    # Asked now, when every module of rules has been imported.
    if block in RULES:
        return 1 if block.name in _CHOOSING else 0
    return _COSTS.get(block.fn, FUNCTION_COST if block.kind == "elementwise" else 1)
