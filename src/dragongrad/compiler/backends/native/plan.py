"""From a Graph to the steps of a program and the text of its loops, in one direction.

`legalize` writes what the backend has no form for, `fuse` chooses what goes to memory and what shares a loop,
`emit` writes the loops. Each takes what the one before it gives.
"""

from __future__ import annotations

from functools import partial

from ....collector import collector_paused
from ....records import field, mutable
from ...graph import Graph, Op, Value
from ...rewrite import is_constant
from .ir.builder import Function
from .loops.loop import LoopWriter
from .loops.loop_nest import NestWriter
from .loops.row_blocking import BlockedNestWriter, wide_sums
from .rewrites.clone_operands import part_operands
from .rewrites.gather_layout import turn_gathered
from .rewrites.legalize_convolution import frame_convolutions
from .rewrites.read_lists import read_lists
from .rewrites.transpose_operands import turn
from .schedule.rematerialize import rematerialized
from .schedule.scheduler import Schedule
from .schedule.steps import Loops


@mutable
class Legal:
    """A Graph of what the backend has a form for, and the operations that must go to memory."""

    graph: Graph
    stored: set[Op]


@mutable
class Plan:
    """Everything that is known of a Graph before memory is planned and machine code is made."""

    schedule: Schedule
    functions: dict[int, Function] = field(default_factory=dict)  # by the position of their step


def plan(graph: Graph) -> Plan:
    """Everything up to the text of the loops."""
    with collector_paused():
        return emit(fuse(legalize(graph)))


def legalize(graph: Graph) -> Legal:
    """Convolutions as framed images, and operands laid out as they are read."""
    return Legal(*turn(turn_gathered(part_operands(read_lists(frame_convolutions(graph))))))


def fuse(legal: Legal) -> Schedule:
    """What goes to memory, what shares a loop, and which stacks of products are computed twice."""
    return rematerialized(Schedule(legal.graph, legal.stored))


def emit(schedule: Schedule) -> Plan:
    """The text of the loops."""
    in_memory = partial(lies_in_memory, schedule.memory)
    steps = [(k, step) for k, step in enumerate(schedule.steps) if isinstance(step, Loops)]
    return Plan(schedule, {k: _writer(step)(f"loops{k}", step, in_memory).write() for k, step in steps})


def _writer(step: Loops) -> type[LoopWriter]:
    if wide_sums(step):
        return BlockedNestWriter
    return NestWriter if step.mode == "nest" else LoopWriter


def lies_in_memory(nodes: set[Op], value: Value) -> bool:
    """Whether a value lies in memory, where these operations do."""
    return is_constant(value) or value in nodes
