"""Writing the body of a loop from its first step."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from ...graph import INPUT, Graph, Op, Value, form_of
from ...rewrite import is_place
from ..share import key_of
from .gathered import buffer_of, chains_of, survivors
from .operands import GETITEM, SCATTER, SETITEM, Operand
from .places import joined_index
from .write import Loop, Rolling


def write_loop(rolling: Rolling, loop: Loop) -> None:
    """Write the body of a loop, its application, and what it gathers."""
    _BodyWriter(rolling, loop).write()


class _BodyWriter:
    """What writes the body of a loop, and what it is applied to."""

    def __init__(self, rolling: Rolling, loop: Loop) -> None:
        self.rolling, self.loop, self.steps = rolling, loop, loop.steps
        self.fixed: dict[Any, tuple[Op, Value]] = {}
        self.columns: dict[Any, tuple[Op, Value]] = {}
        self.carried: dict[Any, tuple[Op, Value]] = {}
        self.chains: list[tuple[Operand, list[Op]]] = []
        self.known: dict[Any, list[Op]] = {}
        self.nodes: list[Op] = []

    def write(self) -> None:
        """Write it."""
        loop, steps = self.loop, self.steps
        loop.reverse = self._descends()
        laid = {source: whole for whole, source in steps.gathered.items()}
        collected: dict[int, Value] = {}
        for at, row in enumerate(steps.operands):
            node = self._first(at)
            if at in steps.places and at not in laid:
                loop.made[at] = self._row(self._nodes(at), ("part", at))
            elif at in laid:
                operand = row[1 if node.block is SETITEM else 0]
                collected[at] = self._operand(operand)
            elif at not in steps.gathered:
                values = tuple([self._operand(operand) for operand in row])
                made = Op(node.block, values, node.params, node.shape, node.dtype, node.outputs)
                self.nodes.append(made)
                loop.made[at] = made
        self._close()
        self.rolling.writer.kept(loop.op)
        for chain in chains_of(steps):
            loop.finals[chain[-1]] = self._gathered(chain, collected)

    def _close(self) -> None:
        loop = self.loop
        for operand, chain in self.chains:
            for k in range(len(chain)):
                loop.ends.append(chain[k - 1] if k else loop.made[operand.at])
            if len(chain) == 1:
                loop.last.setdefault(operand.at, len(loop.ends) - 1)
                loop.first.setdefault(operand.at, (operand.values[0], chain[0]))
        groups = [list(group.values()) for group in (self.fixed, self.carried, self.columns)]
        inputs = [op for group in groups for op, _ in group]
        loop.op.operands = tuple([value for group in groups for _, value in group])
        loop.body = Graph("body", inputs, self.nodes, [], [f"c{k}" for k in range(len(inputs))])
        loop.op.params = {
            "body": loop.body, "consts": len(self.fixed), "carry": len(self.carried),
            "length": self.steps.repeat.count, "reverse": loop.reverse,
        }  # fmt: skip

    def _first(self, at: int) -> Op:
        return self.rolling.graph.nodes[self.steps.repeat.start + at]

    def _nodes(self, at: int) -> list[Op]:
        repeat = self.steps.repeat
        return self.rolling.graph.nodes[repeat.start + at : repeat.stop : repeat.period]

    def _operand(self, operand: Operand) -> Value:
        if operand.kind == "own":
            return self.loop.made[operand.at]
        if operand.kind == "fixed":
            return self._constant(operand.values[0])
        if operand.kind == "rows":
            return self._row(operand.values, tuple(map(id, operand.values)))
        key = operand.at, *[v if isinstance(v, Op) else key_of(v) for v in operand.values]
        if key not in self.known:
            chain = []
            for back, first in enumerate(reversed(operand.values), 1):
                value = self.rolling.value(first)
                value = value if isinstance(value, Op) else np.asarray(value)[()]
                chain.append(_input_for(self.carried, (key, back), value))
            self.known[key] = chain
            self.chains.append((operand, chain))
        return self.known[key][-1]

    def _constant(self, value: Value) -> Value:
        value = self.rolling.value(value)
        return _input_for(self.fixed, value, value) if isinstance(value, Op) else value

    def _row(self, values: Sequence[Value], key: Any) -> Op:
        """What a row of several values is in the body."""
        if key not in self.columns:
            order = values[::-1] if self.loop.reverse else values
            column = self.rolling.rows(order)
            form = form_of(values[0])
            self.columns[key] = Op(INPUT, (), {}, form.shape, form.dtype), column
        return self.columns[key][0]

    def _gathered(self, chain: list[int], collected: dict[int, Value]) -> Value:
        """A buffer with all that the steps lay and write into it, at once."""
        steps, rolling = self.steps, self.rolling
        made = rolling.value(buffer_of(steps, chain[0]).values[0])
        for link in survivors(rolling.numbers, steps, chain):
            node, source = self._first(link.whole), steps.gathered[link.whole]
            laying = self._first(source)
            order = link.steps[::-1] if self.loop.reverse else link.steps
            index, axis = joined_index([steps.places[source][k] for k in order], node.shape)
            rows = rolling.moved(self._laid(source, collected[source], laying, node.shape, order), 0, axis)
            if link.writes:
                made = rolling.writer.apply(SETITEM, (made, rows), {"index": index}, node.shape, node.dtype)
                continue
            laid = rolling.writer.apply(
                SCATTER, (rows,), {**laying.params, "index": index}, node.shape, laying.dtype
            )
            made = rolling.writer.apply(node.block, (made, laid), node.params, node.shape, node.dtype)
        return made

    def _laid(self, source: int, value: Value, laying: Op, shape: tuple[int, ...], order: list[int]) -> Value:
        """What is laid or written in some steps, as rows."""
        rolling = self.rolling
        column = self.loop.collect(source, value)
        rows = [(self.loop.row_of(k),) for k in order]
        if rows != [(k,) for k in range(self.steps.repeat.count)]:
            index, _ = joined_index(rows, column.shape)
            column = rolling.writer.apply(
                GETITEM, (column,), {"index": index}, (len(rows), *column.shape[1:]), column.dtype
            )
        missing = len(shape_at(laying, shape)) - (column.ndim - 1)
        if missing > 0:
            spread = column.shape[0], *(1,) * missing, *column.shape[1:]
            parts = slice(None), *(None,) * missing
            column = rolling.writer.apply(GETITEM, (column,), {"index": parts}, spread, column.dtype)
        return column

    def _descends(self) -> bool:
        """Whether most of what moves from step to step moves backwards."""
        votes = 0
        for row in self.steps.operands:
            for operand in row:
                if operand.kind == "rows":
                    votes += self._direction(*operand.values[:2])
        for indices in self.steps.places.values():
            votes += _compared(*indices[:2])
        return votes < 0

    def _direction(self, first: Value, second: Value) -> int:
        found = [self.rolling.where(v) for v in (first, second)]
        if found[0] is not None and found[1] is not None and found[0][::2] == found[1][::2]:
            loop = found[0][0]
            return int(np.sign(loop.row_of(found[1][1]) - loop.row_of(found[0][1])))
        if all(isinstance(v, Op) and v.block is GETITEM for v in (first, second)):
            assert isinstance(first, Op)
            assert isinstance(second, Op)
            return _compared(first.params["index"], second.params["index"])
        return 0


def _input_for(inputs: dict[Any, tuple[Op, Value]], key: Any, value: Value) -> Op:
    if key not in inputs:
        form = form_of(value)
        inputs[key] = Op(INPUT, (), {}, form.shape, form.dtype), value
    return inputs[key][0]


def _compared(first: tuple[Any, ...], second: tuple[Any, ...]) -> int:
    steps = [b - a for a, b in zip(first, second, strict=False) if is_place(a) and is_place(b) and a != b]
    return int(np.sign(steps[0])) if steps else 0


def shape_at(node: Op, shape: tuple[int, ...]) -> tuple[int, ...]:
    """The shape of what an index names."""
    return np.broadcast_to(0.0, shape)[node.params["index"]].shape
