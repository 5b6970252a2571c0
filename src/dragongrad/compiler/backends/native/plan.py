"""From a Graph to the steps of a program and the text of its loops."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import partial

from ...graph import Graph, Op, Value
from ...rewrite import collector_paused, is_constant
from .ir.builder import Function
from .loops.loop import LoopWriter
from .loops.loop_nest import NestWriter
from .loops.row_blocking import BlockedNestWriter, wide_sums
from .rewrites.clone_operands import part_operands
from .rewrites.gather_layout import turn_gathered
from .rewrites.legalize_convolution import frame_convolutions
from .rewrites.rematerialize_matmul import repeat_products
from .rewrites.transpose_operands import turn
from .schedule.scheduler import Schedule
from .schedule.steps import Loops


@dataclass
class Plan:
    """Everything that is known of a Graph before machine code is made."""

    schedule: Schedule
    functions: dict[int, Function] = field(default_factory=dict)  # by the position of their step


def plan(graph: Graph) -> Plan:
    """Choose what goes to memory and what shares a loop, and write the loops."""
    with collector_paused():
        schedule = Schedule(*turn(turn_gathered(repeat_products(part_operands(frame_convolutions(graph))))))
        made, in_memory = Plan(schedule), partial(lies_in_memory, schedule.memory)
        for k, step in enumerate(schedule.steps):
            if isinstance(step, Loops):
                made.functions[k] = _writer(step)(f"loops{k}", step, in_memory).write()
        return made


def _writer(step: Loops) -> type[LoopWriter]:
    if wide_sums(step):
        return BlockedNestWriter
    return NestWriter if step.mode == "nest" else LoopWriter


def lies_in_memory(nodes: set[Op], value: Value) -> bool:
    """Whether a value lies in memory, where these operations do."""
    return is_constant(value) or value in nodes
