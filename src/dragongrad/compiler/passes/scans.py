"""Loops: what nobody reads is not computed, what is the same in all steps is computed before them."""

from __future__ import annotations

from collections.abc import Collection
from itertools import pairwise

from ..graph import INPUT, LOOPS, PARTS, RESULT, WAYS, WHILE, Graph, Op, Value, ways_of
from ..lowering import Role, is_a
from ..rewrite import Writer, meets, rewrite
from ..scans import Scan, is_result, result_of, scan_op
from .dead import drop_dead
from .uses import users_of


def tidy_scans(graph: Graph) -> Graph:
    """Drop what no value of a loop is computed from, and hoist what its steps have in common."""
    if not meets(graph, LOOPS):
        return graph
    graph = drop_dead(graph)
    users = users_of(graph)
    now: dict[Op, Value] = {}

    def visit(writer: Writer, node: Op, values: tuple[Value, ...]) -> Value:
        if node.block in LOOPS:
            wanted = {user.params["index"] for user in users.get(node, []) if user is not None}
            return _tidied(writer, node, values, wanted)
        if is_result(node):
            given = known.get(node.operands[0])
            return None if given is None else given[node.params["index"]]
        return None

    known: dict[Value, dict[int, Value]] = {}

    def _tidied(writer: Writer, node: Op, values: tuple[Value, ...], wanted: Collection[int]) -> Value:
        results: dict[int, int | tuple[Value]]
        if node.block is WHILE:
            made, numbers = _trimmed_trip(node, values, wanted)
            results = {**numbers}
        else:
            operands = dict(zip(node.params["body"].inputs, values, strict=True))
            made, results = _trimmed(Scan(node), operands, wanted)
            # On the operands of now, which the writer puts in.
            same = Op(node.block, values, node.params, node.shape, node.dtype, node.outputs)
            trimmed = same if made is node else made
            hoisted = _hoisted(writer, trimmed)
            made = made if hoisted is trimmed else hoisted
        if made is node:
            return None
        writer.kept(made)
        known[node] = {
            old: result_of(made, new) if isinstance(new, int) else new[0] for old, new in results.items()
        }
        for value in known[node].values():
            if isinstance(value, Op) and value.block is RESULT and value.operands[0] is made:
                writer.kept(value)
        return made

    return rewrite(graph, visit, LOOPS | {RESULT}, now)


def _trimmed(
    scan: Scan, operands: dict[Op, Value], wanted: Collection[int]
) -> tuple[Op, dict[int, int | tuple[Value]]]:
    """The loop of what is wanted of it, and where its values are: their numbers, or values from elsewhere."""
    body, carry = scan.body, scan.carry
    still = {i for i in range(carry) if scan.ends[i] is scan.begun[i]}
    # A carry that never changes is a constant, unless it is collected.
    still -= {scan.collected_carry(k) for k in wanted}
    moved = {i for i in wanted if i < carry} - still
    columns = [k for k in range(carry, len(body.outputs)) if k in wanted]
    twice = {k: next(j for j in columns if body.outputs[j] is body.outputs[k]) for k in columns}
    columns = [k for k in columns if twice[k] == k]
    reached: set[Op] = set()
    while True:
        ends = [scan.ends[i] for i in sorted(moved)] + [body.outputs[k] for k in columns]
        reached = _reached(body, ends)
        more = {i for i, v in enumerate(scan.begun) if v in reached} - still
        if more <= moved:
            break
        moved |= more
    order = sorted(moved)
    fixed = [v for v in scan.fixed_inputs if v in reached] + [scan.begun[i] for i in sorted(still)
                                                             if scan.begun[i] in reached]  # fmt: skip
    begun = [scan.begun[i] for i in order]
    rows = [v for v in scan.rows if v in reached]
    inputs = [*fixed, *begun, *rows]
    outputs = [*[scan.ends[i] for i in order], *[body.outputs[k] for k in columns]]
    nodes = [node for node in body.nodes if node in reached]
    results: dict[int, int | tuple[Value]] = {i: (operands[scan.begun[i]],) for i in still if i in wanted}
    found = {old: new for new, old in enumerate([*order, *columns]) if old in wanted}
    results |= found | {old: found[first] for old, first in twice.items()}
    same = inputs == body.inputs and len(outputs) == len(body.outputs) and len(nodes) == len(body.nodes)
    if same:
        return scan.node, results
    small = Graph(body.title, inputs, nodes, outputs, [f"c{k}" for k in range(len(inputs))])
    made = scan_op(
        small, [operands[v] for v in fixed], [operands[v] for v in begun], [operands[v] for v in rows],
        scan.length, scan.reverse,
    )  # fmt: skip
    return made, results


def _trimmed_trip(node: Op, values: tuple[Value, ...], wanted: Collection[int]) -> tuple[Op, dict[int, int]]:
    """A loop that goes until a condition fails, of what is wanted of it, and the numbers of its values."""
    consts, cond, ways = node.params["consts"], node.params["cond"], ways_of(node.params)
    sizes = [len(way.outputs) for way in ways]
    starts = [sum(sizes[:k]) for k in range(len(sizes) + 1)]
    # Of the inputs of each way behind the constants, which value of the loop it is.
    own = [list(range(a, b)) for a, b in pairwise(starts)]
    read = [[*own[k], *[i for one in own[:k] for i in one]] for k in range(len(ways))]
    needed = set(wanted)
    while True:
        ends = [[way.outputs[i - start] for i in own[k] if i in needed] for k, (way, start) in
                enumerate(zip(ways, starts, strict=False))]  # fmt: skip
        reached = [_reached(part, end) for part, end in zip([cond, *ways], [cond.outputs, *ends], strict=True)]
        more = {
            i for part, numbers, seen in zip([cond, *ways], [own[0], *read], reached, strict=True)
            for i, v in zip(numbers, part.inputs[consts:], strict=True) if v in seen
        }  # fmt: skip
        if more <= needed:
            break
        needed |= more
    fixed = [
        k for k in range(consts)
        if any(part.inputs[k] in seen for part, seen in zip([cond, *ways], reached, strict=True))
    ]  # fmt: skip
    # The first way remains, since it counts; later ones do where something of them is needed.
    left = [k for k in range(len(ways)) if k == 0 or needed & {i for one in own[k:] for i in one}]
    order = [i for k in left for i in own[k] if i in needed]
    if len(fixed) == consts and len(order) == starts[-1] and len(left) == len(ways):
        return node, {}
    made = {"cond": _part(cond, [*fixed, *_places(own[0], needed, consts)], cond.outputs, reached[0])}
    for k in left:
        given = [*fixed, *_places(read[k], needed, consts)]
        made[WAYS[k]] = _part(ways[k], given, ends[k], reached[k + 1])
    params = dict.fromkeys(PARTS) | made | {"consts": len(fixed), "carry": len(ends[0])}
    operands = tuple([*[values[k] for k in fixed], *[values[consts + i] for i in order]])
    loop = Op(WHILE, operands, params, (), node.dtype, len(order))
    return loop, {old: new for new, old in enumerate(order) if old in wanted}


def _places(numbers: list[int], needed: Collection[int], consts: int) -> list[int]:
    """Which inputs of a part stand for what is needed."""
    return [consts + k for k, i in enumerate(numbers) if i in needed]


def _part(graph: Graph, inputs: list[int], outputs: list[Value], reached: Collection[Op]) -> Graph:
    """A Graph of some of the inputs and outputs of another."""
    nodes = [node for node in graph.nodes if node in reached]
    return Graph(
        graph.title, [graph.inputs[k] for k in inputs], nodes, outputs, [f"c{k}" for k in range(len(inputs))]
    )


def _reached(body: Graph, ends: list[Value]) -> set[Op]:
    """What some outputs of a body are computed from."""
    reached = {end for end in ends if isinstance(end, Op)}
    for node in reversed(body.nodes):
        if node in reached:
            reached.update(node.sources)
    return reached


def _hoisted(writer: Writer, node: Op) -> Op:
    """The loop without what is the same in all its steps."""
    scan = Scan(node)
    if not scan.length:
        return node
    same = set(scan.fixed_inputs)
    nodes = []
    for one in scan.body.nodes:
        if one.sources and all(v in same for v in one.sources):
            same.add(one)
            nodes.append(one)
    if not nodes:
        return node
    # Views cost nothing inside, and an array outside.
    users = users_of(scan.body)
    border = [
        one for one in nodes
        if not _is_seen(one) and any(user not in same or _is_view_inside(user, same) for user in users.get(one, []))
    ]  # fmt: skip
    if not border:
        return node
    outer: dict[Op, Value] = dict(zip(scan.fixed_inputs, scan.fixed, strict=True))
    for one in nodes:
        made = Op(
            one.block, tuple([outer[v] if isinstance(v, Op) else v for v in one.operands]), one.params, one.shape,
            one.dtype, one.outputs,
        )  # fmt: skip
        outer[one] = writer.kept(made)
    fresh = {one: Op(INPUT, (), {}, one.shape, one.dtype) for one in border}
    body = rewrite(scan.body, lambda writer, one, values: fresh.get(one))
    kept = Graph(
        body.title, [*scan.fixed_inputs, *fresh.values(), *scan.begun, *scan.rows],
        [one for one in body.nodes if one.block is not INPUT], body.outputs,
        [f"c{k}" for k in range(len(body.inputs) + len(fresh))],
    )  # fmt: skip
    kept = drop_dead(kept)
    made = scan_op(
        kept, [*scan.fixed, *[outer[one] for one in border]], scan.first, scan.columns, scan.length, scan.reverse
    )
    return made


def _is_seen(node: Op) -> bool:
    return is_a(node, Role.VIEW) or bool(node.outputs)


def _is_view_inside(user: Op | None, same: Collection[Op]) -> bool:
    return user is not None and user in same and _is_seen(user)
