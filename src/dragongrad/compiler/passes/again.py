"""What a loop back reads though it could compute it again at a low price: computed again, where memory is dear.

A trace keeps whatever a derivative needs of each step. Of large arrays, sums and products that are written to
memory and read again take longer than making them anew from what each step began with.
"""

from __future__ import annotations

import math
from collections.abc import Iterable

import numpy as np

from ...core.block import BLOCKS
from ..graph import INPUT, SCAN, Graph, Op, Value, bytes_of, form_of, op_of
from ..lowering import fits
from ..rewrite import Writer, meets, rewrite
from ..scans import Scan, is_result, result_of, rows_in, scan_op
from .dead import drop_dead
from .keep import DEAR, FREE_BYTES, cost_of
from .share import name_of

_GETITEM = BLOCKS["getitem"]


def compute_again(graph: Graph) -> Graph:
    """Let loops compute what earlier ones have computed, where that costs less than reading it."""
    if not meets(graph, {SCAN}):
        return graph
    for node in [node for node in graph.nodes if node.block is SCAN]:
        for (maker, first), numbers in _read_by(node).items():
            changed = _Again(graph, Scan(maker), Scan(node), first, numbers).run()
            if changed is not None:
                # One pair at a time: the loops are other ones now.
                return compute_again(drop_dead(changed))
    return graph


def _read_by(node: Op) -> dict[tuple[Op, int], dict[int, int]]:
    """Of each loop whose collected values a loop reads from some row on, which of its rows are which of them."""
    scan, found = Scan(node), dict[tuple[Op, int], dict[int, int]]()
    for k, column in enumerate(scan.columns):
        array, first = rows_in(column)
        if isinstance(array, Op) and is_result(array) and op_of(array.operands[0]).block is SCAN:
            maker, index = op_of(array.operands[0]), array.params["index"]
            if index >= maker.params["carry"]:
                found.setdefault((maker, first), {})[k] = index
    return found


class _Again:
    """One loop, and a later one that reads values of it from some row on."""

    def __init__(self, graph: Graph, maker: Scan, reader: Scan, first: int, numbers: dict[int, int]) -> None:
        self.graph, self.maker, self.reader, self.first = graph, maker, reader, first
        made = set(maker.body.nodes)
        ends = {k: maker.body.outputs[index] for k, index in numbers.items()}
        self.targets = {k: end for k, end in ends.items() if isinstance(end, Op) and end in made}
        self.outputs = list(maker.body.outputs)

    def run(self) -> Graph | None:
        """The Graph where something is better computed again."""
        if self.reader.length * sum(map(bytes_of, self.targets.values())) <= FREE_BYTES:
            return None
        kept = self._kept()
        chosen = {k: end for k, end in self.targets.items() if end not in kept}
        cone = self._cone(chosen.values(), kept)
        needed = {v for node in cone for v in node.sources if v.block is INPUT}
        begun = [v for v in self.maker.begun if v in needed and v not in self.outputs[self.maker.carry :]]
        if not chosen or sum(map(bytes_of, begun)) >= sum(map(bytes_of, chosen.values())):
            return None
        return self._written(chosen, cone, kept, begun)

    def _kept(self) -> set[Op]:
        """The values that are read as before: they cost too much, what is computed again anyway being free."""
        kept, computed = set[Op](), set[Op]()
        places = {node: at for at, node in enumerate(self.maker.body.nodes)}
        for end in sorted(set(self.targets.values()), key=places.__getitem__):
            more = [node for node in self._cone([end], kept) if node not in computed]
            cost = sum([cost_of(node) if fits(node) and not node.outputs else math.inf for node in more])
            if cost > DEAR * end.size:
                kept.add(end)
            else:
                computed.update(more)
        return kept

    def _cone(self, ends: Iterable[Op], kept: set[Op]) -> list[Op]:
        """What some values are computed from, in order."""
        reached = set(ends)
        for node in reversed(self.maker.body.nodes):
            if node in reached:
                reached.update([v for v in node.sources if v not in kept])
        return [node for node in self.maker.body.nodes if node in reached]

    def _written(self, chosen: dict[int, Op], cone: list[Op], kept: set[Op], begun: list[Op]) -> Graph:
        maker, reader = self.maker, self.reader
        self.outputs += begun
        made = maker.node
        if begun:
            whole = maker.body.rewritten(maker.body.nodes, self.outputs)
            made = scan_op(whole, maker.fixed, maker.first, maker.columns, maker.length, maker.reverse)
        views: list[Op] = []
        known, fixed, columns = self._inputs(made, cone, kept, chosen, views)
        nodes = []
        for node in cone:
            values = tuple([known[v] if isinstance(v, Op) else v for v in node.operands])
            known[node] = Op(node.block, values, node.params, node.shape, node.dtype)
            nodes.append(known[node])
        now: dict[Op, Value] = {reader.rows[k]: known[end] for k, end in chosen.items()}
        rest = rewrite(reader.body, lambda writer, node, values: None, now=now)
        inputs = [*[op for op, _ in fixed], *reader.begun, *[op for op, _ in columns]]
        names = [f"c{k}" for k in range(len(inputs))]
        body = Graph(rest.title, inputs, [*nodes, *rest.nodes], rest.outputs, names)
        return self._around(made, body, [v for _, v in fixed], [v for _, v in columns], views)

    def _inputs(
        self, made: Op, cone: list[Op], kept: set[Op], chosen: dict[int, Op], views: list[Op]
    ) -> tuple[dict[Op, Op], list[tuple[Op, Value]], list[tuple[Op, Value]]]:
        """What the values are computed from in the reader, and all that it is given then."""
        maker, reader = self.maker, self.reader
        known: dict[Op, Op] = {}
        fixed = list(zip(reader.fixed_inputs, reader.fixed, strict=True))
        columns = [
            (op, v) for k, (op, v) in enumerate(zip(reader.rows, reader.columns, strict=True)) if k not in chosen
        ]
        mine = {name_of(v): op for op, v in fixed}
        there = {(name_of(a), first): op for op, v in columns for a, first in [rows_in(v)]}
        needed = dict.fromkeys([v for node in cone for v in node.sources])
        for value, node in zip(maker.fixed, maker.fixed_inputs, strict=True):
            if node in needed:
                if name_of(value) not in mine:
                    mine[name_of(value)] = Op(INPUT, (), {}, node.shape, node.dtype)
                    fixed.append((mine[name_of(value)], value))
                known[node] = mine[name_of(value)]
        sources: dict[Op, Value] = dict(zip(maker.rows, maker.columns, strict=True))
        for node in needed:
            if node in known or (node in cone and node not in kept):
                continue
            if node in sources:
                array, first = rows_in(sources[node])
            else:
                index = self.outputs.index(node, maker.carry)
                array, first = self._result(made, index, views), 0
            at = name_of(array), first + self.first
            if at not in there:
                there[at] = Op(INPUT, (), {}, node.shape, node.dtype)
                columns.append((there[at], self._slice(array, first + self.first, views)))
            known[node] = there[at]
        return known, fixed, columns

    def _result(self, made: Op, index: int, views: list[Op]) -> Op:
        """A value of the maker: that of the Graph where it has it."""
        for node in self.graph.nodes:
            if is_result(node) and node.operands[0] is self.maker.node and node.params["index"] == index:
                return node
        found = result_of(made, index)
        views.append(found)
        return found

    def _slice(self, array: Value, first: int, views: list[Op]) -> Value:
        """Some rows of an array."""
        form, length = form_of(array), self.reader.length
        if form.shape[0] == length:
            return array
        if not isinstance(array, Op):
            return np.asarray(array)[first : first + length]
        rows = slice(first, first + length)
        found = Op(_GETITEM, (array,), {"index": (rows,)}, (length, *form.shape[1:]), form.dtype)
        views.append(found)
        return found

    def _around(self, made: Op, body: Graph, fixed: list[Value], columns: list[Value], views: list[Op]) -> Graph:
        """The Graph with the two loops as they are now."""
        maker, reader = self.maker, self.reader
        now: dict[Op, Value] = {}

        def moved(values: Iterable[Value]) -> list[Value]:
            return [now.get(v, v) if isinstance(v, Op) else v for v in values]

        def visit(writer: Writer, node: Op, values: tuple[Value, ...]) -> Value:
            if node is maker.node:
                return writer.kept(made)
            if node is not reader.node:
                return None
            for view in views:
                now[view] = writer.again(view, tuple(moved(view.operands)))
            first = reader.groups(values)[1]
            return writer.kept(scan_op(body, moved(fixed), first, moved(columns), reader.length, reader.reverse))

        return rewrite(self.graph, visit, {SCAN}, now)
