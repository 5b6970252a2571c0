"""Writing a Graph in which stretches that repeat are loops."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Sequence
from itertools import groupby
from typing import Any

import numpy as np

from ....core.block import BLOCKS
from ...graph import RESULT, SCAN, Graph, Op, Value, form_of
from ...rewrite import Writer, is_place, shape_of
from .errors import NoLoopError
from .operands import GETITEM, Steps
from .places import joined_index
from .repeats import LEAST_STEPS, Numbered, soft_key

_STACK, _CONCATENATE, _TRANSPOSE = BLOCKS[np.stack], BLOCKS[np.concatenate], BLOCKS[np.transpose]
# An array of rows is put together from no more pieces than one in so many rows.
_ROWS_A_PIECE = 8


class Loop:
    """A loop that is being written: what stands for the values of its steps outside of it.

    Attributes
    ----------
    steps : Steps
        What it does.
    reverse : bool
        Whether its first step has the last row.
    op : Op
        Its application, whose operands and parameters come last.
    """

    def __init__(self, steps: Steps) -> None:
        self.steps = steps
        self.reverse = False
        self.op = Op(SCAN, (), {}, (), np.dtype(object))
        self.last: dict[int, int] = {}  # the number of what is carried and is made by an operation of a step
        self.first: dict[int, tuple[Value, Op]] = {}  # of these, what the first step begins with, and the input
        self.ends: list[Value] = []  # of what is carried
        self.made: dict[int, Value] = {}  # the operations of a step, in the body
        self.body: Graph | None = None
        self.results: dict[tuple[str, int], Op] = {}
        self.collected: list[Value] = []
        self.finals: dict[int, Value] = {}

    def row_of(self, step: int) -> int:
        """The row that a step has."""
        return self.steps.repeat.count - 1 - step if self.reverse else step

    def end(self, at: int) -> Op | None:
        """What an operation makes in the last step, where it is carried."""
        number = self.last.get(at)
        return None if number is None else self._result(("last", number), self.ends[number], ())

    def column(self, at: int) -> Op:
        """What an operation makes in all steps; of what is carried, what each step begins with."""
        return self.collect(at, self.first[at][1] if at in self.last else self.made[at])

    def place_of(self, step: int, at: int) -> int | None:
        """The row of that column which an operation makes in a step, if it has one."""
        later = step + (at in self.last)
        return self.row_of(later) if later < self.steps.repeat.count else None

    def collect(self, key: int, value: Value) -> Op:
        """The rows of a value of the body."""
        if ("all", key) not in self.results:
            self.collected.append(value)
        return self._result(("all", key), value, (self.steps.repeat.count,))

    def _result(self, key: tuple[str, int], value: Value, lead: tuple[int, ...]) -> Op:
        if key not in self.results:
            form = form_of(value)
            index = key[1] if key[0] == "last" else len(self.ends) + len(self.collected) - 1
            self.results[key] = Op(RESULT, (self.op,), {"index": index}, (*lead, *form.shape), form.dtype)
        return self.results[key]

    def close(self) -> list[Op]:
        """Let the application give what is read of it, and no more: these values."""
        assert self.body is not None
        self.body.outputs = [*self.ends, *self.collected]
        self.op.outputs = len(self.body.outputs)
        return list(self.results.values())


class Rolling:
    """A Graph that is being written anew, with loops.

    Parameters
    ----------
    graph, numbers
        What is read.
    loops : sequence of Steps
        The stretches that become loops, in order.
    """

    def __init__(self, graph: Graph, numbers: Numbered, loops: Sequence[Steps]) -> None:
        self.graph, self.numbers = graph, numbers
        self.loops = [Loop(steps) for steps in loops]
        self.begun = [steps.repeat.start for steps in loops]
        self.writer = Writer()
        self.now: dict[Op, Value] = {}
        self._place = 0

    def copy_to(self, loop: Loop) -> None:
        """Write what stands before a loop, and go on behind it."""
        self._plain(range(self._place, loop.steps.repeat.start))
        self._place = loop.steps.repeat.stop

    def finish(self) -> Graph:
        """Write what stands behind the last loop: the Graph is complete."""
        self._plain(range(self._place, len(self.graph.nodes)))
        outputs = [self.value(o) for o in self.graph.outputs]
        results = {loop.op: loop.close() for loop in self.loops}
        nodes = [one for node in self.writer.nodes for one in (node, *results.get(node, ()))]
        return self.graph.rewritten(nodes, outputs)

    def _plain(self, places: Iterable[int]) -> None:
        for k in places:
            node = self.graph.nodes[k]
            stacked = self._stacked(node)
            if stacked is not None:
                self.now[node] = stacked
                continue
            values = tuple([self.value(v) for v in node.operands])
            self.now[node] = self.writer.again(node, values)

    def _stacked(self, node: Op) -> Value | None:
        """A stack of what the steps of a loop make, as its rows."""
        if node.block is not _STACK or len(node.operands) < LEAST_STEPS:
            return None
        if all(self.where(v) is None for v in node.operands):
            return None
        forms = {(form_of(v).shape, form_of(v).dtype) for v in node.operands}
        if len(forms) > 1 or form_of(node.operands[0]).dtype != node.dtype:
            return None
        axis = (node.params.get("axis") or 0) % node.ndim
        return self.moved(self.rows(node.operands), 0, axis)

    # Values of the Graph that is read

    def where(self, value: Value) -> tuple[Loop, int, int] | None:
        """The loop in which a value is made, the step and the operation; None for any other."""
        if not isinstance(value, Op):
            return None
        place = self.numbers.places[value]
        if place >= len(self.graph.nodes):
            return None
        k = bisect_right(self.begun, place) - 1
        if k < 0 or place >= self.loops[k].steps.repeat.stop:
            return None
        loop = self.loops[k]
        step, at = divmod(place - loop.steps.repeat.start, loop.steps.repeat.period)
        return loop, step, at

    def value(self, value: Value) -> Value:
        """What stands for a value."""
        if not isinstance(value, Op) or value in self.now:
            return self.now[value] if isinstance(value, Op) else value
        found = self.where(value)
        if found is None:
            return value
        self.now[value] = made = self._of_loop(value, *found)
        return made

    def _of_loop(self, node: Op, loop: Loop, step: int, at: int) -> Value:
        steps = loop.steps
        if at in steps.gathered:
            return loop.finals[at]
        if at in steps.places:
            return self.writer.again(node, tuple([self.value(v) for v in node.operands]))
        end = loop.end(at) if step == steps.repeat.count - 1 else None
        if end is not None:
            return end
        index = (loop.place_of(step, at),)
        return self.writer.apply(GETITEM, (loop.column(at),), {"index": index}, node.shape, node.dtype)

    # Arrays of rows

    def moved(self, value: Value, axis: int, to: int) -> Value:
        """An array with one axis moved to another place."""
        if axis == to:
            return value
        form = form_of(value)
        axes = [a for a in range(form.ndim) if a != axis]
        axes.insert(to, axis)
        shape = tuple([form.shape[a] for a in axes])
        return self.writer.apply(_TRANSPOSE, (value,), {"axes": tuple(axes)}, shape, form.dtype)

    def rows(self, values: Sequence[Value]) -> Value:
        """Values of one shape and dtype as the rows of an array."""
        form = form_of(values[0])
        pieces = self._pieces(values)
        if len(pieces) > max(1, len(values) // _ROWS_A_PIECE):
            pieces = [(None, list(values))]
        made = [self._piece(*piece) for piece in pieces]
        if len(made) == 1:
            return made[0]
        shape = len(values), *form.shape
        return self.writer.apply(_CONCATENATE, tuple(made), {"axis": 0}, shape, form.dtype)

    def _pieces(self, values: Sequence[Value]) -> list[tuple[Any, list[Value]]]:
        """Rows that are next to one another in one array, and between them single ones."""
        pieces = [(family, list(group)) for family, group in groupby(values, self._family)]
        for k, (family, piece) in enumerate(pieces):
            if family is None or family[0] != "loop" or family[2] not in family[1].first:
                continue
            # What the first step begins with is the row before the first that a step makes.
            begun = family[1].first[family[2]][0]
            for near in (k - 1, k + 1):
                row = piece[0 if near < k else -1]
                if not 0 <= near < len(pieces) or self._step(row) != 0:
                    continue
                single = pieces[near][1]
                if begun is single[-1 if near < k else 0]:
                    taken = single.pop(-1 if near < k else 0)
                    piece.insert(0 if near < k else len(piece), taken)
        return [(family, piece) for family, piece in pieces if piece]

    def _family(self, value: Value) -> Any:
        """What rows that are next to one another have in common, where they are part of one array."""
        if not isinstance(value, Op):
            return None
        found = self.where(value)
        if found is not None:
            loop, step, at = found
            if at not in loop.steps.places and at not in loop.steps.gathered:
                return None if loop.place_of(step, at) is None else ("loop", loop, at)
        if value.block is GETITEM and any(map(is_place, value.params["index"])):
            return "part", id(value.operands[0]), soft_key(value.params)
        return None

    def _piece(self, family: Any, values: list[Value]) -> Value:
        """Some rows as one array."""
        form = form_of(values[0])
        shape = len(values), *form.shape
        if family is not None and len(values) > 1:
            if family[0] == "loop":
                return self._rows_of_loop(family[1], family[2], values)
            first = values[0]
            assert isinstance(first, Op)
            try:
                parts = [v.params["index"] for v in values if isinstance(v, Op)]
                index, axis = joined_index(parts, shape_of(first.operands[0]))
            except NoLoopError:
                pass  # they are stacked
            else:
                base = self.value(first.operands[0])
                lies = *form.shape[:axis], len(values), *form.shape[axis:]
                return self.moved(self.writer.apply(GETITEM, (base,), {"index": index}, lies, form.dtype), axis, 0)
        if not any(isinstance(v, Op) for v in values):
            return np.stack([np.asarray(v) for v in values])
        given = [self.value(v) for v in values]
        given = [v if isinstance(v, Op) else np.asarray(v) for v in given]
        return self.writer.apply(_STACK, tuple(given), {"axis": 0}, shape, form.dtype)

    def _rows_of_loop(self, loop: Loop, at: int, values: list[Value]) -> Value:
        column = loop.column(at)
        rows = []
        for value in values:
            found = self.where(value)
            inside = found is not None and found[0] is loop and found[2] == at
            row = loop.place_of(found[1], at) if found is not None and inside else loop.row_of(0)
            assert row is not None
            rows.append(row)
        if rows == list(range(loop.steps.repeat.count)):
            return column
        index, _ = joined_index([(row,) for row in rows], column.shape)
        return self.writer.apply(GETITEM, (column,), {"index": index}, (len(rows), *column.shape[1:]), column.dtype)

    def _step(self, value: Value) -> int:
        found = self.where(value)
        assert found is not None
        return found[1]
