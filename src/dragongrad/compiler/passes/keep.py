"""What a loop back computes again though the loop out has computed it: kept, where that is cheaper.

A derivative in reverse is a loop the other way, whose body computes the step once more from what it began with.
Both bodies are compared operation by operation. A value that costs much is collected by the first loop, and is a
row that the second one reads.
"""

from __future__ import annotations

from typing import Any

from ..graph import INPUT, LOOPS, SCAN, Graph, Op, Value, bytes_of
from ..lowering import Role, cost_of_element, fits, is_a, terms_of
from ..rewrite import Writer, meets, rewrite
from ..scans import Scan, is_result, result_of, scan_op
from .dead import drop_dead
from .share import application, name_of

# An element is kept where it costs more than so many additions: written and read, it costs about as much.
DEAR = 5
# So many bytes are kept in the caches. As many as a loop keeps anyway may be kept where an element costs this many
# times more; inside another loop, whose checkpoints perhaps save memory, half as many.
FREE_BYTES = 4_000_000
_DEAR_IN_MEMORY = 4


def keep_values(graph: Graph, inside: bool = False) -> Graph:
    """Let loops keep what later ones would compute again at a high price; `inside`: within the body of another."""
    if not meets(graph, {SCAN}):
        return graph
    graph = drop_dead(graph)
    for node in [node for node in graph.nodes if node.block is SCAN]:
        for maker in _read_by(node):
            changed = _Keeping(graph, Scan(maker), Scan(node), inside).run()
            if changed is not None:
                # One pair at a time: the loops are other ones now.
                return keep_values(changed, inside)
    return graph


def _read_by(node: Op) -> list[Op]:
    """The loops whose collected values a loop has as rows, step by step."""
    scan, found = Scan(node), dict[Op, None]()
    for column in scan.columns:
        if is_result(column):
            maker = column.operands[0]
            params = maker.params
            if (
                maker.block is SCAN
                and params["length"] == scan.length
                and column.params["index"] >= params["carry"]
            ):
                found[maker] = None
    return list(found)


class _Keeping:
    """One loop, and a later one that computes some of its values again."""

    def __init__(self, graph: Graph, maker: Scan, reader: Scan, inside: bool) -> None:
        self.graph, self.maker, self.reader, self.inside = graph, maker, reader, inside

    def run(self) -> Graph | None:
        """The Graph where something is worth being kept."""
        same = self._same()
        kept = self._worth(same)
        return self._written(kept, same) if kept else None

    def _same(self) -> dict[Op, Op]:
        """The values in the body of the reader that are values in that of the maker, at the same row."""
        maker, reader = self.maker, self.reader
        ours: dict[Any, Op] = {}
        for value, node in zip(maker.fixed, maker.fixed_inputs, strict=True):
            ours[name_of(value)] = node
        for value, node in zip(maker.columns, maker.rows, strict=True):
            ours["row", name_of(value)] = node
        same: dict[Op, Op] = {}
        for value, node in zip(reader.fixed, reader.fixed_inputs, strict=True):
            if name_of(value) in ours:
                same[node] = ours[name_of(value)]
        for value, node in zip(reader.columns, reader.rows, strict=True):
            if is_result(value) and value.operands[0] is maker.node and value.params["index"] >= maker.carry:
                end = maker.body.outputs[value.params["index"]]
                if isinstance(end, Op):
                    same[node] = end
            elif ("row", name_of(value)) in ours:
                same[node] = ours["row", name_of(value)]
        known: dict[Any, Op] = {}
        for node in maker.body.nodes:
            known.setdefault(application(node, node.operands), node)
        for node in reader.body.nodes:
            if node.block in LOOPS or not all(v in same for v in node.sources):
                continue
            found = known.get(
                application(node, [same.get(v, v) if isinstance(v, Op) else v for v in node.operands])
            )
            if found is not None:
                same[node] = found
        return same

    def _worth(self, same: dict[Op, Op]) -> list[Op]:
        """The values of the reader's body that are better kept: those dear ones that its other values need."""
        length = self.reader.length
        anyway = length * sum(map(bytes_of, self.maker.begun))
        for dear, most in ((DEAR, anyway / 2 if self.inside else FREE_BYTES), (_DEAR_IN_MEMORY * DEAR, anyway)):
            kept = self._dearer(same, dear)
            if length * sum(map(bytes_of, kept)) <= most:
                return kept
            if self.inside:
                break
        return []

    def _dearer(self, same: dict[Op, Op], dear: float) -> list[Op]:
        """Those of which an element costs more than so many additions."""
        body = self.reader.body
        needed = {v for node in body.nodes if node not in same for v in node.sources}
        needed |= {end for end in body.outputs if isinstance(end, Op)}
        cost: dict[Op, float] = {}
        kept = []
        for node in body.nodes:
            if node not in same or node.block is INPUT:
                continue
            cost[node] = cost_of(node) + sum([cost.get(v, 0.0) for v in dict.fromkeys(node.sources)])
            if node in needed and not node.outputs and cost[node] > dear * node.size > 0:
                kept.append(node)
                cost[node] = 0.0
        return kept

    def _written(self, kept: list[Op], same: dict[Op, Op]) -> Graph:
        """The Graph in which the maker collects these values, and the reader has them as rows."""
        maker, reader = self.maker, self.reader
        ends = [same[node] for node in kept]
        outputs = [*maker.body.outputs, *ends]
        whole = maker.body.rewritten(maker.body.nodes, outputs)
        made = scan_op(whole, maker.fixed, maker.first, maker.columns, maker.length, maker.reverse)
        columns = [result_of(made, len(maker.body.outputs) + k) for k in range(len(kept))]
        fresh = {node: Op(INPUT, (), {}, node.shape, node.dtype) for node in kept}
        body = _with_inputs(reader, fresh)

        def visit(writer: Writer, node: Op, values: tuple[Value, ...]) -> Value:
            if node is maker.node:
                for one in (made, *columns):
                    writer.kept(one)
                return made
            if node is not reader.node:
                return None
            fixed, first, rows = reader.groups(values)
            return writer.kept(scan_op(body, fixed, first, [*rows, *columns], reader.length, reader.reverse))

        return drop_dead(rewrite(self.graph, visit, {SCAN}))


def _with_inputs(reader: Scan, fresh: dict[Op, Op]) -> Graph:
    """The body of a loop that is given some of its values."""
    body = rewrite(reader.body, lambda writer, node, values: fresh.get(node))
    inputs = [*reader.body.inputs, *fresh.values()]
    return drop_dead(Graph(body.title, inputs, body.nodes, body.outputs, [f"c{k}" for k in range(len(inputs))]))


def cost_of(node: Op) -> float:
    """What a value costs, its operands given; an addition of two numbers is 1."""
    if is_a(node, Role.VIEW):
        return 0.0
    known = cost_of_element(node) if fits(node) else None
    each = 20.0 if known is None else known
    return float(node.size * max(each, terms_of(node)))
