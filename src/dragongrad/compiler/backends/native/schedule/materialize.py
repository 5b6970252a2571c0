"""Values whose elements a loop would compute again and again: they go to memory first.

Inside a loop a value is known at one index. Read at another, as a stencil reads its neighbours, or along an axis
that an outer loop repeats, as `sin(x)[None, :]` is in an outer product, its elements are computed anew; and so are
all those that they are computed from, once for each way up to the loop.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable
from functools import cache
from typing import Any

import numpy as np

from .....core.block import BLOCKS
from ....graph import Graph, Op, op_of
from ....passes.simplify import permutation
from ....passes.uses import users_of
from ....rewrite import shape_of
from ..elements.basic_indexing import basic
from ..elements.contractions import REDUCTIONS, terms_of
from ..elements.ufuncs import OPERATIONS
from ..tuning import DISTINCT_WAYS, STRAIGHT_ELEMENTS
from .stores import JOINS, in_lanes

# From where a value is read, as the moves up to the loop, and how often from there.
Ways = dict[tuple[Any, ...], float]
# The numbers of the operands that a value is, and where each begins.
Operands = dict[Op, list[tuple[int, int]]]
# A value goes to memory where it costs more than so much, and repeating it more than so much, counted in additions.
_CHEAP, _WASTE = 2, 16
_SPREAD = frozenset(BLOCKS[fn] for fn in (np.where, np.broadcast_to, "astype", "stop_gradient"))
_MATMUL, _TRANSPOSE, _GETITEM = BLOCKS[np.matmul], BLOCKS[np.transpose], BLOCKS["getitem"]
_RESHAPE, _STACK = BLOCKS[np.reshape], BLOCKS[np.stack]
_VIEWS = frozenset({_RESHAPE, _TRANSPOSE})
_LAID = frozenset(BLOCKS[name] for name in ("scatter", "scatter_at", "setitem"))


def computed_again(graph: Graph, memory: set[Op], outside: set[Op], price: Callable[[Op], float]) -> set[Op]:
    """The values that would be computed several times at a high price.

    Parameters
    ----------
    graph : Graph
        A program.
    memory : set of Op
        What goes to memory anyway.
    outside : set of Op
        What is not computed in loops.
    price : callable
        What an element of an operation costs, its arguments given; an addition is 1.
    """
    found = set(memory)
    cost = _costs(graph, found, price)
    if max(cost.values(), default=0) <= _CHEAP:
        return set()
    users = users_of(graph)
    known: dict[Op, Ways] = {}
    operands = cache(_operands)
    for node in reversed(graph.nodes):
        if node in found:
            continue
        ways = known[node] = _ways(node, users.get(node, ()), known, found, operands)
        often = sum(ways.values())
        dear = cost.get(node, 0.0) > _CHEAP and cost[node] * (often - 1) > _WASTE
        # Of what is only seen in another shape, the source is what goes to memory.
        view = node.block in _VIEWS and isinstance(node.operands[0], Op)
        if dear and not view and node.size > 1 and node not in outside:
            found.add(node)
    return found - memory


def _operands(user: Op) -> Operands:
    """Which operands each value is, and where it begins in what is joined."""
    found: Operands = {}
    start = 0
    for k, value in enumerate(user.operands):
        if isinstance(value, Op):
            found.setdefault(value, []).append((k, start))
        if user.block in JOINS:
            start += 1 if user.block is _STACK else shape_of(value)[_axis_of(user)]
    return found


def _axis_of(join: Op) -> int:
    return int(join.params.get("axis") or 0) % len(join.shape)


def _ways(
    node: Op, users: Iterable[Op | None], known: dict[Op, Ways], memory: set[Op],
    operands: Callable[[Op], Operands],
) -> Ways:  # fmt: skip
    """From where a value is read, and how often from there."""
    ways: Ways = {}
    for user in dict.fromkeys(users):
        if user is None:
            continue
        above = {(): 1.0} if user in memory else known.get(user, {(): 1.0})
        for k, start in operands(user)[node]:
            factor, move = _reads(user, k, start)
            for way, often in above.items():
                step = way if move is None else (*way, move)
                # Read twice at one index, it is computed once.
                ways[step] = max(ways.get(step, 0.0), often * factor)
    if len(ways) > DISTINCT_WAYS:
        return {(): sum(ways.values())}
    return ways or {(): 1.0}


def _costs(graph: Graph, memory: set[Op], price: Callable[[Op], float]) -> dict[Op, float]:
    """What an element of each value costs, with all that it is computed from."""
    cost: dict[Op, float] = {}
    for node in graph.nodes:
        if node in memory:
            cost[node] = 0.0
            continue
        below = 0.0
        for v in node.operands:
            if isinstance(v, Op):
                # An element of what is joined is one of the parts.
                part = v.size / max(1, node.size) if node.block in JOINS else 1.0
                below += part * cost.get(v, 0.0)
        cost[node] = price(node) + below * terms_of(node)
    return cost


def _reads(user: Op, k: int, start: int) -> tuple[float, Any]:
    """How often a user reads each element of its operand number k, and from where, None from where it is itself."""
    x = op_of(user.operands[k])
    if user.size <= STRAIGHT_ELEMENTS:
        return 1.0, None
    row = in_lanes(user.shape)
    if user.block in OPERATIONS or user.block in _SPREAD:
        factor = _repeats(user.shape, x.shape, row)
        return factor, ("spread", user.shape) if factor > 1 else None
    if user.block is _RESHAPE or user.block in REDUCTIONS:
        return 1.0, None
    if user.block is _TRANSPOSE:
        order = permutation(user)
        moved = order[0] != 0 if row else order != tuple(range(len(order)))
        return 1.0, ("turn", order) if moved else None
    if user.block in JOINS:
        axis = _axis_of(user)
        return 1.0, ("join", axis, start) if not row or axis == 0 else None
    if user.block is _MATMUL:
        lead = math.prod(user.shape[:-1]) * shape_of(x)[-1] / max(1, x.size) if k == 1 and len(x.shape) > 1 else 1.0
        return (1.0, None) if row or lead <= 1 else (lead, ("product", user.shape))
    if user.block is _GETITEM:
        return _indexed(user, x, row)
    if user.block in _LAID:
        # Each element lies in one place; a row of it in the row at the same place, where the first axis is whole.
        parts = basic(user.params["index"], user.shape)
        aligned = row and parts is not None and parts[0][0] == "slice" and parts[0][2:] == (0, 1)
        return 1.0, None if aligned else id(user)
    return max(1.0, user.size / max(1, x.size)), id(user)


def _repeats(shape: tuple[int, ...], inner: tuple[int, ...], row: bool) -> float:
    """How often the loops over a shape come to each element of an operand that is spread over it.

    What an inner loop does not change, LLVM computes before it.
    """
    lead = len(shape) - len(inner)
    own = [a for a in range(len(shape)) if a >= lead and inner[a - lead] == shape[a] and shape[a] > 1]
    looped = own[:1] if row and own[:1] == [0] else [] if row else own
    if not looped:
        return 1.0
    return float(math.prod(n for a, n in enumerate(shape[: looped[-1]]) if a not in own))


def _indexed(user: Op, x: Op, row: bool) -> tuple[float, Any]:
    parts = basic(user.params["index"], x.shape)
    share = user.size / max(1, x.size)
    if parts is None:
        return share, id(user)
    # With the axes after the first written out, only the first says whether it is read in step.
    looped = parts[:1] if row and parts[0][0] != "take" else parts
    moved = any(kind == "take" or (kind == "slice" and (start, step) != (0, 1)) for kind, _, start, step in looped)
    return share, ("index", tuple([p[2:] for p in looped])) if moved else None
