"""Passes over a Graph, one rewriting each, and the order in which they run."""

from __future__ import annotations

import time
from typing import Any

from ...collector import collector_paused
from ..graph import LOOPS, Graph, Op, Value, parts_in
from ..rewrite import Writer, rewrite
from .again import compute_again
from .contract import clean_contractions
from .dead import drop_dead
from .fold import fold_constants
from .indices import tidy_indices
from .join import join_rows
from .keep import keep_values
from .lift import lift_broadcasts
from .relaxed import relax
from .reroll import reroll
from .scalars import keep_scalars
from .scans import tidy_scans
from .share import share
from .simplify import simplify

#: Simplifying and sharing open the way for each other: twice is enough in practice. What lifting wrote anew is
#: shared before it is simplified, which looks for equal operands.
PIPELINE = (
    tidy_scans, fold_constants, tidy_indices, simplify, share, join_rows, lift_broadcasts, clean_contractions,
    drop_dead, fold_constants, share, simplify, share, keep_scalars, tidy_scans, drop_dead,
)  # fmt: skip


#: With `fast_math`: what holds for real numbers, before and after the others have opened the way.
RELAXED = (fold_constants, relax, drop_dead, *PIPELINE[:10], relax, *PIPELINE[9:])


def optimise(
    graph: Graph, check: Any = None, fast_math: bool = False, inside: bool = False
) -> tuple[Graph, list[tuple[str, int, float]]]:
    """Run every pass; also a record of each: its name, the number of operations after it, its seconds.

    `inside` says whether it is the body of a loop.
    """
    record = []
    settled: set[Any] = set()  # the passes that would change nothing
    start = time.perf_counter()
    with collector_paused():
        graph = reroll(graph)
    record.append((reroll.__name__, len(graph.nodes), time.perf_counter() - start))
    if check is not None:
        check(graph)
    graph = _optimise_bodies(keep_values(compute_again(tidy_scans(graph)), inside), fast_math)
    for one in RELAXED if fast_math else PIPELINE:
        start = time.perf_counter()
        if one not in settled:
            with collector_paused():
                before, graph = graph, one(graph)
            if graph is before:
                settled.add(one)
            elif one is not drop_dead:
                # Where operations are only gone, no pass that runs twice finds more to do.
                settled.clear()
        record.append((one.__name__, len(graph.nodes), time.perf_counter() - start))
        if check is not None:
            check(graph)
    return graph, record


def _optimise_bodies(graph: Graph, fast_math: bool) -> Graph:
    """Run every pass over the bodies of loops."""

    def visit(writer: Writer, node: Op, values: tuple[Value, ...]) -> Value:
        parts = parts_in(node.params)
        bodies = {key: optimise(node.params[key], fast_math=fast_math, inside=True)[0] for key in parts}
        return writer.kept(Op(node.block, values, node.params | bodies, node.shape, node.dtype, node.outputs))

    return rewrite(graph, visit, LOOPS)
