"""From a Graph to the steps of a program and the text of its loops, in one direction.

`legalize` writes what the backend has no form for, `fuse` chooses what goes to memory and what shares a loop,
`emit` writes the loops. Each takes what the one before it gives.
"""

from __future__ import annotations

from functools import partial

from ....collector import collector_paused
from ....records import field, mutable
from ...graph import LOOPS, Graph, Op, Value, form_of
from ...rewrite import is_constant
from ...scans import parts_of
from .ir.builder import Function, readable
from .loops.loop import LoopWriter
from .loops.loop_nest import NestWriter
from .loops.row_blocking import BlockedNestWriter, wide_sums
from .memory.lifetimes import as_run
from .repeat.added import with_rows
from .rewrites.clone_operands import part_operands
from .rewrites.gather_layout import turn_gathered
from .rewrites.legalize_convolution import frame_convolutions
from .rewrites.logs_of_exponentials import undo_exponentials
from .rewrites.narrow_products import sum_narrow_products
from .rewrites.read_lists import read_lists
from .rewrites.shared_reciprocals import share_reciprocals
from .rewrites.transpose_operands import turn
from .schedule.rematerialize import rematerialized
from .schedule.scheduler import Schedule
from .schedule.steps import Callback, Loops


@mutable
class Legal:
    """A Graph of what the backend has a form for, and the operations that must go to memory."""

    graph: Graph
    stored: set[Op]
    # Those of loops, by the identity of their bodies.
    bodies: dict[int, dict[str, Plan]] = field(default_factory=dict)


@mutable
class Plan:
    """Everything that is known of a Graph before memory is planned and machine code is made."""

    schedule: Schedule
    functions: dict[int, Function] = field(default_factory=dict)  # by the position of their step

    def why_not(self) -> str:
        """What in it is left to NumPy, if anything is."""
        graph = self.schedule.graph
        for form in (*graph.inputs, *[form_of(end) for end in graph.outputs]):
            if not readable(form.dtype):
                return f"{form.dtype} is not computed natively"
        left = [step for step in map(as_run, self.schedule.steps) if isinstance(step, Callback)]
        return left[0].why if left else ""


def plan(graph: Graph) -> Plan:
    """Everything up to the text of the loops."""
    with collector_paused():
        return emit(fuse(legalize(graph)))


def legalize(graph: Graph) -> Legal:
    """Convolutions as framed images, operands laid out as they are read, and no logarithms of exponentials."""
    bodies = {}
    for node in graph.nodes:
        if node.block in LOOPS:
            made = {key: emit(fuse(legalize(part))) for key, part in parts_of(node, with_rows(node)).items()}
            bodies[id(node.params["body"])] = made
    graph = sum_narrow_products(read_lists(frame_convolutions(share_reciprocals(undo_exponentials(graph)))))
    return Legal(*turn(turn_gathered(part_operands(graph))), bodies)


def fuse(legal: Legal) -> Schedule:
    """What goes to memory, what shares a loop, and which stacks of products are computed twice."""
    return rematerialized(Schedule(legal.graph, legal.stored, legal.bodies))


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
