"""Pairs of Blocks differentiated as one, where the product of their derivatives is `0 * inf`.

The value stays what the user's code computes. Where it sits on a removable singularity, its derivative is taken
from another expression of the same function: that of `log(exp(x))` from `x`, that of `sqrt(s) ** 2` from `s`.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from ..core.block import Block
from ..core.level import Level
from ..core.variable import Variable
from .careful import instead
from .zeros import decide

# How many applications back a pair may reach.
_DEEPEST = 16


class Origin(NamedTuple):
    """The application that made a value."""

    fn: Any
    args: tuple[Any, ...]
    params: dict[str, Any]
    depth: int


def remember(level: Level, block: Block, args: tuple[Any, ...], params: dict[str, Any], out: Any) -> Any:
    """The output of an application, restated where that is known to be better, with its origin.

    Only what comes from a singularity has an origin.
    """
    if out.__class__ is not Variable or out.level is not level:
        return out
    depth = max([a.origin.depth for a in args if getattr(a, "origin", None) is not None], default=0)
    singular = block.source is not None and decide(block.source(out))
    if not depth and not singular:
        out.origin = None
        return out
    found = block.restated(out, *args, **params) if block.restated is not None else None
    if found is not None:
        where, other = found
        if decide(where):
            out = np.where(where, instead(out, other()), out)
    out.origin = Origin(block.fn, args, params, depth + 1) if depth < _DEEPEST else None
    return out
