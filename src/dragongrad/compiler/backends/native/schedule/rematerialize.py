"""Stacks of products that a later nest uses too, computed again there where that costs about what keeping does.

A stack that only one nest uses is there one matrix at a time. One that two nests use, because the second needs what
the first has added up over all matrices, would go to memory as a whole, and come back.
"""

from __future__ import annotations

from collections.abc import Container

from .....records import mutable
from ....graph import Op, Value, op_of
from ....rewrite import Writer, rewrite, shape_of
from ..rewrites.clone_operands import CHEAP, VIEWS, copied, is_cheap, is_stack
from ..tuning import CACHED_STACK_BYTES, REMATERIALIZED_BYTES, TILE_BYTES
from .scheduler import Schedule
from .steps import Loops
from .stores import row_bytes


@mutable
class _Repeat:
    """A stack, the operations of a later step that use it, and all that are computed in that step only."""

    node: Op
    users: set[Op]
    inside: set[Op]


def rematerialized(schedule: Schedule) -> Schedule:
    """The schedule in which large stacks of products, quickly computed, are made in each nest that uses them."""
    graph = schedule.graph
    outputs = {o for o in graph.outputs if isinstance(o, Op)}
    for node in [node for node in graph.nodes if is_stack(node) and _is_quick(node) and node not in outputs]:
        repeat = _repeat(node, schedule)
        if repeat is not None:
            schedule = _written(schedule, repeat) or schedule
    return schedule


def _is_quick(node: Op) -> bool:
    terms = shape_of(node.operands[0])[-1]
    size = node.dtype.itemsize
    return (
        node.size * size > CACHED_STACK_BYTES
        and terms * size <= REMATERIALIZED_BYTES
        and row_bytes(node) <= TILE_BYTES
    )


def _evaluated(schedule: Schedule) -> dict[Op, set[int]]:
    """For each operation the positions of the steps in which it is computed."""
    found: dict[Op, set[int]] = {}
    for k, step in enumerate(schedule.steps):
        for node in [store.node for store in step.stores] if isinstance(step, Loops) else [step.node]:
            found[node] = {k}
    for node in reversed(schedule.graph.nodes):
        own = found.setdefault(node, set())
        for v in node.operands:
            if isinstance(v, Op) and v not in schedule.memory:
                found.setdefault(v, set()).update(own)
    return found


def _repeat(node: Op, schedule: Schedule) -> _Repeat | None:
    """What uses a stack in one later nest, and in no other but its own."""
    evaluated = _evaluated(schedule)
    own = evaluated[node]
    later: dict[int, set[Op]] = {}
    for user in schedule.graph.nodes:
        if not any(v is node for v in user.operands):
            continue
        at = evaluated[user]
        if len(at) != 1:
            return None
        if at != own:
            later.setdefault(next(iter(at)), set()).add(user)
    if len(later) != 1:
        return None
    ((k, users),) = later.items()
    step = schedule.steps[k]
    if not isinstance(step, Loops) or step.mode != "nest" or step.length != node.shape[0]:
        return None
    return _Repeat(node, users, {n for n, at in evaluated.items() if at == {k}})


class _Writing:
    """The pass that writes a stack again before its first later user, of whose step it shares what it can."""

    def __init__(self, repeat: _Repeat, whole: Container[Value]) -> None:
        self.repeat = repeat
        self.whole = whole
        self.copy: Op | None = None
        self.operands: list[Value] = []

    def __call__(self, writer: Writer, node: Op, values: tuple[Value, ...]) -> Value:
        for operand in self.operands:
            if node in self.repeat.inside and _equal(node, values, operand):
                return operand
        if node not in self.repeat.users:
            return None
        copy = self.copy = self.copy or self._again(writer)
        given = zip(node.operands, values, strict=True)
        return writer.again(node, tuple([copy if v is self.repeat.node else now for v, now in given]))

    def _again(self, writer: Writer) -> Op:
        node = self.repeat.node
        values = tuple([v if _seen(v) in self.whole else copied(writer, op_of(v)) for v in node.operands])
        self.operands = [_seen(v) for v in values]
        return writer.apply(node.block, values, node.params, node.shape, node.dtype)


def _written(schedule: Schedule, repeat: _Repeat) -> Schedule | None:
    """The plan with the stack made twice, if both are then there one matrix at a time."""
    whole = schedule.memory - _held(schedule)
    if not all(not isinstance(v, Op) or _seen(v) in whole or is_cheap(v) for v in repeat.node.operands):
        return None
    writing, now = _Writing(repeat, whole), dict[Op, Value]()
    graph = rewrite(schedule.graph, writing, now=now)
    again = Schedule(graph, {op_of(now.get(node, node)) for node in schedule.stored}, schedule.bodies)
    return again if {repeat.node, writing.copy} <= _held(again) else None


def _held(schedule: Schedule) -> set[Op]:
    return {node for step in schedule.steps if isinstance(step, Loops) for node in step.local}


def _seen(value: Value) -> Value:
    """What lies in memory, where a value is looked at in another shape."""
    while isinstance(value, Op) and value.block in VIEWS:
        (value,) = value.operands
    return value


def _equal(node: Op, values: tuple[Value, ...], other: Value) -> bool:
    """Whether an operation is the same operation on the same values as another."""
    if not isinstance(other, Op) or node.block is not other.block:
        return False
    if other.block not in CHEAP:
        return False
    return all(v is w for v, w in zip(values, other.operands, strict=True))
