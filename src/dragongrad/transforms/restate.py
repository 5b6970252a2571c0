"""Pairs of Blocks differentiated as one, where the product of their derivatives is `0 * inf`.

The value stays what the user's code computes. Where it sits on a removable singularity, its derivative is taken
from another expression of the same function: that of `log(exp(x))` from `x`, that of `sqrt(s) ** 2` from `s`.
"""

from __future__ import annotations

from collections.abc import Callable
from contextvars import ContextVar
from typing import Any, NamedTuple

import numpy as np

from ..context import CAREFUL
from ..core.block import Block
from ..core.level import Level
from ..core.node import Node
from ..core.variable import Variable
from .poles import instead
from .zeros import decide

# How many applications back a pair may reach, and how many other expressions may be made within one another: that
# of `log(sum(exp(x)))` is such an expression itself, and no better one where all of `x` is infinite.
_DEEPEST = 16
_MOST = 3
_JUMPS = (np.sign, np.heaviside)
_WITHIN: ContextVar[int] = ContextVar("dragongrad.restated", default=0)


class Origin(NamedTuple):
    """The application that made a value."""

    fn: Any
    args: tuple[Any, ...]
    params: dict[str, Any]
    depth: int
    # The value by another expression, where the user's has lost it: `log(exp(800))` is infinite, this is 800.
    better: Any
    # Whether the value may leave zero in another way than a sum of squares does.
    rough: bool
    # Whether it is the square of its first argument.
    square: bool


def is_rough(x: Any) -> bool:
    """Whether a value may leave zero in another way than a sum of squares does."""
    origin = getattr(x, "origin", None)
    return origin is not None and origin.rough


def is_unclear(s: Any) -> bool:
    """Whether nothing is known of how the argument of a root, which is zero, leaves it.

    Only second derivatives depend on the curvature of what is squared.
    """
    return is_rough(s) or (is_differentiated(s.data) and _has_flat_square(s))


def is_differentiated(value: Any) -> bool:
    """Whether another transform differentiates a value."""
    while isinstance(value, Variable):
        if value.level.differentiates(value) and not value.level.assists:
            return True
        value = value.data
    return False


def _has_flat_square(x: Any) -> bool:
    """Whether a sum of squares of zeros has a term that leaves zero no faster than a parabola, and is squared."""
    origin = getattr(x, "origin", None)
    if origin is None:
        return False
    if origin.better is not None:
        return _has_flat_square(origin.better)
    if origin.square and not _is_linear(origin.args[0].link) and CAREFUL.get().is_flat(origin.args[0]):
        return True
    return any(_has_flat_square(a) for a in origin.args if isinstance(a, Variable))


def _is_input(node: Node) -> bool:
    return not node.edges and getattr(node, "pick", None) is None


def _is_linear(node: Any, deepest: int = 4) -> bool:
    """Whether a value is known to be a linear function of the inputs, which has no curvature."""
    if node.__class__ is not Node:
        return False
    if node.block is None:
        return _is_input(node)
    linear = node.block.kind == "linear" or node.block.fn in (np.add, np.subtract, np.negative)
    parents = [edge[0] for edge in node.edges] or [p for p in node.parents if p is not None]
    return linear and deepest > 0 and all(_is_linear(parent, deepest - 1) for parent in parents)


def remember(level: Level, block: Block, args: tuple[Any, ...], params: dict[str, Any], out: Any) -> Any:
    """The output of an application, restated where that is known to be better, with its origin.

    Only what comes from a singularity has an origin.
    """
    if isinstance(out, tuple) and block.source is not None:
        singular = decide(block.source(out, *args, **params))
        for k, part in enumerate(out):
            if part.__class__ is Variable and part.level is level:
                part.origin = Origin((block.fn, k), args, params, 1, None, True, False) if singular else None
        return out
    if out.__class__ is not Variable or out.level is not level:
        return out
    origins = [getattr(a, "origin", None) for a in args]
    depth = max([origin.depth for origin in origins if origin is not None], default=0)
    options = {} if block.partials else params
    singular = block.source is not None and decide(block.source(out, *args, **options))
    if not depth and not singular:
        out.origin = None
        return out
    found = None
    if block.restated is not None and _WITHIN.get() < _MOST:
        found = block.restated(out, *args, **params)
    if found is None and any(origin is not None and origin.better is not None for origin in origins):
        found = _computed_on(block, args, origins, params, out)
    square = _is_square(block, args)
    better = None
    if found is not None:
        where, other = found
        if decide(where):
            better = np.where(where, _within(other), out)[()]
            if better.dtype != out.dtype:
                # Made of numbers in double precision.
                better = better.astype(out.dtype)
            # Where the value jumps, what is computed with it needs that of the side.
            out = np.where(where, better if block.fn in _JUMPS else instead(out, better), out)[()]
    rough = (singular and not square) or any(map(is_rough, args)) if better is None else is_rough(better)
    out.origin = Origin(block.fn, args, params, depth + 1, better, rough, square) if depth < _DEEPEST else None
    return out


def _within(make: Callable[[], Any]) -> Any:
    token = _WITHIN.set(_WITHIN.get() + 1)
    try:
        return make()
    finally:
        _WITHIN.reset(token)


def _is_square(block: Block, args: tuple[Any, ...]) -> bool:
    if block.fn is np.square or (block.fn is np.multiply and args[0] is args[1]):
        return True
    return (
        block.fn in (np.power, np.float_power) and not isinstance(args[1], Variable) and bool(np.all(args[1] == 2))
    )


def _computed_on(block: Block, args: tuple[Any, ...], origins: list[Any], params: dict[str, Any], out: Any) -> Any:
    """Where a lost value made another value of what the better one makes, and that."""
    if block.outputs > 1 or block.kind == "constant":
        return None
    known = [a if o is None or o.better is None else o.better for a, o in zip(args, origins, strict=True)]
    other = block(*known, **params)
    return np.logical_and(other != out, np.isfinite(other)), lambda: other
