"""A loop whose arrays are read and filled an element a step, as one over their rows."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from ...core.node import Node, Spec
from .body import filled, row_of, split, without_dead
from .counted import Loop
from .places import Buffer, Known, look, part_of, replayed, rows_of, written_at


def by_rows(
    stage: Any, loop: Loop, fixed: Sequence[Any], first: Sequence[Any], columns: Sequence[Any]
) -> tuple[list[Any], list[Any]]:
    """The last carry and what is collected, of a loop that takes and gives rows where its body has elements.

    Parameters
    ----------
    stage : Level
        What writes down its body.
    loop : Loop
        The loop.
    fixed, first, columns : sequence
        What it is applied to.
    """
    numbers = {
        node: column
        for node, column in zip(loop.body.inputs[loop.consts + loop.carry :], columns, strict=True)
        if isinstance(column, np.ndarray) and column.dtype.kind in "iub"
    }
    known = look(loop.body, loop.consts, loop.carry, numbers, loop.length, loop.reverse) if numbers else None
    if known is None:
        last, collected, _ = loop.outs(loop(*fixed, *first, *columns))
        return last, collected
    return _Rows(loop, known, fixed, first, columns).run(stage)


class _Rows:
    """The same loop, over rows."""

    def __init__(
        self, loop: Loop, known: Known, fixed: Sequence[Any], first: Sequence[Any], columns: Sequence[Any]
    ) -> None:
        self.loop, self.known, self.body = loop, known, loop.body
        self.fixed, self.first, self.columns = list(fixed), list(first), list(columns)
        self.consts, self.begun, self.rows = loop.parts(self.body.inputs)
        self.filled = {buffer.carry: buffer for buffer in known.buffers}
        self.kept = [i for i in range(loop.carry) if i not in self.filled]
        # Of each read: from which row that is given, or from how many steps ago.
        self.extra: list[Any] = []
        self.from_rows: dict[Node, tuple[int, Any]] = {}
        for node, (array, index) in known.rows.items():
            source = self.fixed[self.consts.index(array)] if isinstance(array, Node) else array
            self._give(node, source, index)
        self.delayed: list[tuple[Node, Buffer, int, Any]] = []
        for buffer in known.buffers:
            for node, (lag, index) in buffer.reads.items():
                if lag:
                    self.delayed.append((node, buffer, lag, index))
                else:
                    self._give(node, self.first[buffer.carry], index)

    def _give(self, node: Node, source: Any, index: Any) -> None:
        self.from_rows[node] = len(self.extra), index
        self.extra.append(rows_of(source, index))

    def _delays(self) -> list[Any]:
        """What is carried of each read of what was written some steps before: the latest write first."""
        carried = []
        for _, buffer, lag, (_, places, _) in self.delayed:
            order = places[::-1] if self.loop.reverse else places
            carried += [self.first[buffer.carry][int(order[lag - m])] for m in range(1, lag + 1)]
        return carried

    def run(self, stage: Any) -> tuple[list[Any], list[Any]]:
        """The last carry, and what is collected."""
        delays = self._delays()
        first = [*[self.first[i] for i in self.kept], *delays]
        columns = [*self.columns, *self.extra]
        kinds = [*self.consts, *[self.begun[i] for i in self.kept]]
        dtypes = [self.begun[buffer.carry].dtype for _, buffer, lag, _ in self.delayed for _ in range(lag)]
        kinds += [Spec(np.shape(d), dtype) for d, dtype in zip(delays, dtypes, strict=True)]
        found = stage.body(self._step, [*kinds, *[row_of(c) for c in columns]])
        body, still = without_dead(found.closed(), len(self.consts))
        loop = Loop(body, len(still), len(first), self.loop.length, self.loop.reverse)
        last, collected, _ = loop.outs(loop(*[self.fixed[k] for k in still], *first, *columns))
        own = len(self.body.outputs) - self.loop.carry
        ends = filled([None] * self.loop.carry, self.kept, last[: len(self.kept)])
        for buffer, values in zip(self.known.buffers, collected[own:], strict=True):
            ends[buffer.carry] = written_at(self.first[buffer.carry], buffer.places, values)
        return ends, collected[:own]

    def _step(self, *values: Any) -> list[Any]:
        """One step."""
        own = [len(self.consts), len(self.kept), sum(lag for _, _, lag, _ in self.delayed), len(self.rows)]
        consts, carry, delays, rows, extra = split(values, [*own, len(self.extra)])
        env: dict[Node, Any] = dict(zip(self.consts, consts, strict=True))
        env |= dict(zip([self.begun[i] for i in self.kept], carry, strict=True))
        env |= dict(zip(self.rows, rows, strict=True))
        env |= {node: part_of(extra[k], index) for node, (k, index) in self.from_rows.items()}
        lines = split(delays, [lag for _, _, lag, _ in self.delayed])
        for (node, _, _, index), line in zip(self.delayed, lines, strict=True):
            env[node] = part_of(line[-1], index)
        replayed(self.body, env, self.known)
        written = {buffer.carry: self._written(buffer, env) for buffer in self.known.buffers}
        moved = []
        for (_, buffer, _, _), line in zip(self.delayed, lines, strict=True):
            moved += [written[buffer.carry], *line[:-1]]
        outs = [env[end] if isinstance(end, Node) else end for end in self._ends()]
        kept = len(self.kept)
        return [*outs[:kept], *moved, *outs[kept:], *written.values()]

    def _ends(self) -> list[Any]:
        """The outputs of the body but the buffers."""
        return [end for k, end in enumerate(self.body.outputs) if k not in self.filled]

    def _written(self, buffer: Buffer, env: dict[Node, Any]) -> Any:
        """What a step writes into a buffer."""
        parent, begun = buffer.write.parents[1], self.begun[buffer.carry]
        value = buffer.write.saved[2] if parent is None else env[parent]
        row = begun.shape[1:]
        value = value.astype(begun.dtype) if value.dtype != begun.dtype else value
        return np.broadcast_to(value, row) if np.shape(value) != row else value
