"""Loops as one operation of a Graph: what they are applied to, and what they give.

An application of `SCAN` has constants, a first carry and arrays of rows as operands. Its body is a Graph of one
step, whose outputs are the next carry and what is collected. A collected carry is the carry itself: an input of the
body.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Any

import numpy as np

from ..core.block import BLOCKS
from . import indexing
from .graph import LOOPS, RESULT, SCAN, WHILE, Graph, Op, Value, form_of, parts_in


class Scan:
    """The parts of an application of `SCAN`, by the names of their roles.

    Attributes
    ----------
    node : Op
        The application.
    body : Graph
        Of one step.
    fixed, first, columns : tuple of Value
        The constants, the first carry, and what has a row for each step.
    length : int
        The number of steps.
    reverse : bool
        Whether they begin with the last row.
    """

    def __init__(self, node: Op) -> None:
        self.node = node
        self.body: Graph = node.params["body"]
        self.consts, self.carry = node.params["consts"], node.params["carry"]
        self.length, self.reverse = node.params["length"], node.params["reverse"]
        self.fixed, self.first, self.columns = self.groups(node.operands)
        self.fixed_inputs, self.begun, self.rows = self.groups(self.body.inputs)
        self.ends = self.body.outputs[: self.carry]
        self.collected = self.body.outputs[self.carry :]

    def collected_carry(self, number: int) -> int | None:
        """As the function of this name."""
        return collected_carry(self.body, self.consts, self.carry, number)

    def groups(self, values: Sequence[Any]) -> tuple[Sequence[Any], Sequence[Any], Sequence[Any]]:
        """As the function of this name."""
        return groups(self.node, values)


def groups(node: Op, values: Sequence[Any]) -> tuple[Sequence[Any], Sequence[Any], Sequence[Any]]:
    """Constants, carry, and rows, of as many values as a scan has operands."""
    consts, end = node.params["consts"], node.params["consts"] + node.params["carry"]
    return values[:consts], values[consts:end], values[end:]


def scan_op(
    body: Graph, fixed: Iterable[Value], first: Iterable[Value], columns: Iterable[Value], length: int,
    reverse: bool,
) -> Op:  # fmt: skip
    """An application."""
    parts = [tuple(fixed), tuple(first), tuple(columns)]
    params = {
        "body": body, "consts": len(parts[0]), "carry": len(parts[1]), "length": length, "reverse": reverse,
    }  # fmt: skip
    operands: tuple[Value, ...] = sum(parts, ())
    return Op(SCAN, operands, params, (), np.dtype(object), len(body.outputs))


def result_of(node: Op, index: int) -> Op:
    """One of the values of a loop."""
    if node.block is WHILE:
        form = form_of(node.operands[node.params["consts"] + index])
        return Op(RESULT, (node,), {"index": index}, form.shape, form.dtype)
    end = form_of(node.params["body"].outputs[index])
    shape = end.shape if index < node.params["carry"] else (node.params["length"], *end.shape)
    return Op(RESULT, (node,), {"index": index}, shape, end.dtype)


def is_loop(value: Any) -> bool:
    """Whether a value is an application of `SCAN` or `WHILE`."""
    return value.__class__ is Op and value.block in LOOPS


def is_result(value: Any) -> bool:
    """Whether a value is one of those of a loop."""
    return value.__class__ is Op and value.block is RESULT and is_loop(value.operands[0])


def collected_carry(body: Graph, consts: int, carry: int, number: int) -> int | None:
    """Which carry an output of a body collects as each step begins with it; None where it collects no carry."""
    begun, end = body.inputs[consts : consts + carry], body.outputs[number]
    if number < carry or not isinstance(end, Op) or end not in begun:
        return None
    return begun.index(end)


def in_memory(node: Op) -> list[Value]:
    """What a loop reads in memory: its operands, and of rows that are next to one another all that they are of."""
    if node.block is WHILE:
        return list(node.operands)
    scan = Scan(node)
    return [*scan.fixed, *scan.first, *[rows_in(column)[0] for column in scan.columns]]


def rows_in(column: Value) -> tuple[Value, int]:
    """The array that holds the rows of a column one after the other, and which of its rows is the first."""
    if not isinstance(column, Op) or column.block is not _GETITEM or not column.ndim:
        return column, 0
    source = column.operands[0]
    parts = indexing.parts_of(column.params["index"], form_of(source).shape)
    if not parts or not all(p.kind == "slice" for p in parts) or not all(p.whole for p in parts[1:]):
        return column, 0
    if parts[0].step != 1 or form_of(source).dtype != column.dtype:
        return column, 0
    array, first = rows_in(source)
    return array, first + parts[0].start


def parts_of(node: Op, others: Mapping[str, Graph]) -> dict[str, Graph]:
    """The Graphs of a loop, each of whose outputs has a place of its own: no input, no constant, and none twice.

    A carry that a scan collects once lies where the carries do. In the place of some, `others` are taken.
    """
    if node.block is WHILE:
        return {key: _placed(others.get(key, node.params[key]), ()) for key in parts_in(node.params)}
    scan = Scan(node)
    stacks = [k for k in range(len(scan.body.outputs)) if scan.collected_carry(k) is not None]
    return {"body": _placed(scan.body, stacks)}


def _placed(graph: Graph, inputs: Collection[int]) -> Graph:
    """A Graph whose outputs have places of their own, but the first of each of these, which are inputs."""
    nodes, outputs = list(graph.nodes), list[Value]()
    for number, end in enumerate(graph.outputs):
        again = any(end is o for o in outputs)
        if again or not isinstance(end, Op) or (end in graph.inputs and number not in inputs):
            form = form_of(end)
            end = Op(_COPY, (end,), {}, form.shape, form.dtype)
            nodes.append(end)
        outputs.append(end)
    return graph.rewritten(nodes, outputs)


_COPY, _GETITEM = BLOCKS["stop_gradient"], BLOCKS["getitem"]
