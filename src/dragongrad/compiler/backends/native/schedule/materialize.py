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

from ....graph import Graph, Op, op_of
from ....lowering import Access, Along, Read, Role, accesses, is_a, terms_of
from ....passes.uses import users_of
from ....rewrite import size_of
from ..tuning import DISTINCT_WAYS, STRAIGHT_ELEMENTS
from .stores import in_lanes

# From where a value is read, as the moves up to the loop, and how often from there.
Ways = dict[tuple[Any, ...], float]
# The numbers of the operands that a value is.
Operands = dict[Op, list[int]]
# A value goes to memory where it costs more than so much, and repeating it more than so much, counted in additions.
_CHEAP, _WASTE = 2, 16


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
        view = is_a(node, Role.VIEW) and bool(node.sources) and size_of(node.operands[0]) == node.size
        if dear and not view and node.size > 1 and node not in outside:
            found.add(node)
    return found - memory


def _operands(user: Op) -> Operands:
    """Which operands each value is."""
    found: Operands = {}
    for k, value in enumerate(user.operands):
        if isinstance(value, Op):
            found.setdefault(value, []).append(k)
    return found


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
        for k in operands(user)[node]:
            factor, move = _reads(user, k)
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
        below, joined = 0.0, is_a(node, Role.JOIN)
        for v in node.operands:
            if isinstance(v, Op):
                # An element of what is joined is one of the parts.
                part = v.size / max(1, node.size) if joined else 1.0
                below += part * cost.get(v, 0.0)
        cost[node] = price(node) + below * terms_of(node)
    return cost


def _reads(user: Op, k: int) -> tuple[float, Any]:
    """How often a user reads each element of its operand number k, and from where, None from where it is itself."""
    x, found = op_of(user.operands[k]), accesses(user)
    if user.size <= STRAIGHT_ELEMENTS:
        return 1.0, None
    if found is None or Read.SOMEWHERE in found[k].parts:
        return user.size / max(1, x.size), id(user)
    if Read.IN_ORDER in found[k].parts:
        return 1.0, None
    row = in_lanes(user.shape)
    often = _repeats(found[k], user.shape, x.shape, row)
    moved = _moves(found[k], user.shape, x.shape, row) or often > 1
    return often, (found[k], user.shape) if moved else None


def _repeats(access: Access, shape: tuple[int, ...], inner: tuple[int, ...], row: bool) -> float:
    """How often the loops over a shape come to each element of an operand.

    What an inner loop does not change, LLVM computes before it. With the axes after the first written out, a row is
    computed at once.
    """
    share = 1.0
    own = set(access.once)
    for part, n in zip(access.parts, inner, strict=True):
        if isinstance(part, Along):
            own.add(part.axis)
            share *= min(1.0, shape[part.axis] / max(1, n))
        elif isinstance(part, int):
            share /= max(1, n)
    looped = [a for a in sorted(own) if shape[a] > 1]
    if row:
        looped = [a for a in looped[:1] if a == 0]
    if not looped:
        return share
    return share * math.prod(n for a, n in enumerate(shape[: looped[-1]]) if a not in own)


def _moves(access: Access, shape: tuple[int, ...], inner: tuple[int, ...], row: bool) -> bool:
    """Whether an operand is read elsewhere than at the place where the result is."""
    before = -1
    for part, n in zip(access.parts, inner, strict=True):
        if isinstance(part, Along):
            if row and part.axis != 0:
                # Only the first axis is looped over: another one before it is another place.
                before = max(before, part.axis)
                continue
            if part.axis < before or (part.start, part.step) != (0, 1):
                return True
            if row:
                return 0 in access.once
            before = part.axis
        elif isinstance(part, int) and n > 1:
            return True
    return 0 in access.once if row else bool(access.once)
