"""What the compiler compiles: a Graph of operations, made of what a trace wrote down.

The tape's Nodes keep what a derivative needs. An operation keeps what a compiler needs: the values that it is
applied to, in order, each an operation or a constant.
"""

from __future__ import annotations

import copyreg
from collections.abc import Callable, Iterable, Sequence
from typing import Any, TypeAlias

import numpy as np

from ..core import graph as tape
from ..core.block import Block
from ..core.node import Node, Spec
from ..ways import walk
from .constants import Constants


def _input() -> Any:
    raise TypeError("the value of an input is an argument of the call")


def _result(values: Any, index: int) -> Any:
    return values[index]


def _scan(*arrays: Any, body: Graph, consts: int, carry: int, length: int, reverse: bool) -> tuple[Any, ...]:
    """The values of a loop of plain arrays, a step after the other."""
    fixed, state, columns = arrays[:consts], arrays[consts : consts + carry], arrays[consts + carry :]
    rows = [np.empty((length, *s.shape), s.dtype) for s in map(form_of, body.outputs[carry:])]
    order = range(length)
    with np.errstate(all="ignore"):
        for i in reversed(order) if reverse else order:
            found = body.run([*fixed, *state, *[column[i] for column in columns]])
            state = tuple(found[:carry])
            for row, value in zip(rows, found[carry:], strict=True):
                row[i] = value
    return (*[np.array(value)[()] for value in state], *rows)


def _while(*arrays: Any, cond: Graph, **params: Any) -> tuple[Any, ...]:
    """The values of a loop of plain arrays that goes on as long as a condition holds, and of its further ways."""
    fixed, states = states_of(params, arrays)
    with np.errstate(all="ignore"):
        found = walk(lambda given: bool(cond.run(given)[0]), [way.run for way in ways_of(params)], fixed, states)
    return tuple([np.array(value)[()] for value in found])


# What an input is the value of, and one of several values that another operation makes.
INPUT = Block(_input, "constant", names=(), dispatches=False, name="input")
RESULT = Block(_result, "constant", parameters=("index",), dispatches=False, name="result")
# A loop: its body is a Graph of one step, from constants, what is carried and a row of each further array to the
# next carry and what is collected.
SCAN = Block(
    _scan, "constant", names=("xs",), parameters=("body", "consts", "carry", "length", "reverse"), outputs=2,
    dispatches=False, name="scan",
)  # fmt: skip
# A loop that goes on as long as a condition holds, and then, where there are further ways, from its last step to
# its first, forth, and back again: from constants, what a way takes along, and what each earlier way began the step
# with, to what is taken further.
WHILE = Block(
    _while, "constant", names=("xs",), outputs=2, dispatches=False, name="while_loop",
    parameters=("cond", "body", "back", "consts", "carry", "forth", "home"),
)  # fmt: skip
LOOPS = frozenset({SCAN, WHILE})
#: The parameters of a loop that are the Graphs of its ways, and all that are Graphs.
WAYS = ("body", "back", "forth", "home")
PARTS = ("cond", *WAYS)


def parts_in(params: dict[str, Any]) -> list[str]:
    """Which parameters of a loop are Graphs."""
    return [key for key in PARTS if params.get(key) is not None]


def ways_of(params: dict[str, Any]) -> list[Any]:
    """The ways of a loop with these parameters."""
    return [params[key] for key in parts_in(params) if key in WAYS]


def states_of(params: dict[str, Any], values: Sequence[Any]) -> tuple[list[Any], list[list[Any]]]:
    """The constants of a loop until a condition fails, and what each of its ways begins with."""
    start, states = params["consts"], list[list[Any]]()
    for way in ways_of(params):
        states.append(list(values[start : start + len(way.outputs)]))
        start += len(way.outputs)
    return list(values[: params["consts"]]), states


class Op(Spec):
    """One application of a Block, and its value, of which the shape and dtype are known.

    Attributes
    ----------
    block : Block
        What is applied; `INPUT` for an argument of the call.
    operands : tuple of Op or constant
        What it is applied to.
    params : dict
        The keyword arguments of the application.
    outputs : int
        How many values its Block gives as a tuple: the operations of `RESULT` are one each, and this one has the
        dtype of objects. 0 where it gives a value by itself.
    """

    __slots__ = ("__weakref__", "accesses", "block", "index", "operands", "outputs", "params")

    def __init__(
        self, block: Block, operands: tuple[Value, ...], params: dict[str, Any], shape: tuple[int, ...], dtype: Any,
        outputs: int = 0,
    ) -> None:  # fmt: skip
        self.block = block
        self.operands = operands
        self.params = params
        self.shape = shape
        self.dtype = dtype
        self.outputs = outputs
        # What `lowering.accesses` and `indexing.index_of` found, each in a tuple.
        self.accesses: tuple[Any] | None = None
        self.index: tuple[Any] | None = None

    @property
    def sources(self) -> list[Op]:
        """The operations among the operands."""
        return [v for v in self.operands if v.__class__ is Op]

    def __repr__(self) -> str:
        return f"<Op {self.block.name} {self.shape}>"


#: What is known while compiling.
Constant: TypeAlias = "np.ndarray[Any, Any] | np.generic | complex"
#: What an operation is applied to.
Value: TypeAlias = "Op | Constant"


def form_of(value: Value) -> Spec:
    """The shape and dtype of a value."""
    return value if isinstance(value, Op) else Spec(np.shape(value), np.asarray(value).dtype)


def bytes_of(value: Value) -> int:
    """The bytes of a value."""
    form = form_of(value)
    return int(form.size * form.dtype.itemsize)


def op_of(value: Value) -> Op:
    """A value that is no constant."""
    assert isinstance(value, Op)
    return value


def operands_first(roots: Iterable[Op], behind: Callable[[Op], Iterable[Op]]) -> list[Op]:
    """Operations and all that stands behind them, each once and after those that `behind` gives for it."""
    order: list[Op] = []
    seen: set[Op] = set()
    stack = [(root, False) for root in reversed([*roots])]
    while stack:
        one, ready = stack.pop()
        if ready:
            order.append(one)
        elif one not in seen:
            seen.add(one)
            stack.append((one, True))
            stack += [(v, False) for v in reversed([*behind(one)])]
    return order


class Graph:
    """Operations in an order in which each comes after its operands, with inputs and outputs.

    Attributes
    ----------
    title : str
        The name of the function.
    inputs : list of Op
        One for each array that a call brings.
    nodes : list of Op
        What is computed.
    outputs : list
        The operation of each output, or a constant.
    names : dict
        What reports and source text call each operation.
    """

    def __init__(
        self, title: str, inputs: list[Op], nodes: list[Op], outputs: list[Value], names: list[str]
    ) -> None:
        self.title, self.inputs, self.nodes, self.outputs = title, inputs, nodes, outputs
        self._given = names

    @property
    def names(self) -> dict[Op, str]:
        """What reports and source text call each operation."""
        names = dict(zip(self.inputs, self._given, strict=True))
        return names | {node: f"v{number}" for number, node in enumerate(self.nodes, 1)}

    def __str__(self) -> str:
        """A line for each operation."""
        names = self.names

        def named(value: Value) -> str:
            if isinstance(value, Op):
                return names[value]
            return f"<array {np.shape(value)}>" if np.ndim(value) else repr(value)

        def line(node: Op) -> str:
            given = ", ".join(map(named, node.operands))
            if node.block is SCAN:
                body = str(node.params["body"]).replace("\n", "\n    ")
                way = " backwards" if node.params["reverse"] else ""
                return f"    {names[node]} = scan({given}), {node.params['length']} steps{way} of\n    {body}"
            if node.block is WHILE:
                parts = [str(node.params[k]).replace("\n", "\n    ") for k in parts_in(node.params)]
                return f"    {names[node]} = while_loop({given}) of\n    " + "\n    ".join(parts)
            return f"    {names[node]} = {node.block.name}({given}): {node.dtype} {node.shape}"

        given = ", ".join(f"{names[node]}: {node.dtype} {node.shape}" for node in self.inputs)
        end = f"    return {', '.join(map(named, self.outputs))}"
        return "\n".join([f"{self.title}({given})", *map(line, self.nodes), end])

    def run(self, given: Sequence[Any]) -> list[Any]:
        """The outputs for plain arrays, by the values of the Blocks."""
        known: dict[Op, Any] = dict(zip(self.inputs, given, strict=True))
        for node in self.nodes:
            values = [known[v] if isinstance(v, Op) else v for v in node.operands]
            known[node] = node.block.value(*values, **node.params)
        return [known[end] if isinstance(end, Op) else end for end in self.outputs]

    def rewritten(self, nodes: list[Op], outputs: list[Value]) -> Graph:
        """The Graph of the same function of the same inputs, by other operations."""
        return Graph(self.title, self.inputs, nodes, outputs, self._given)

    def __len__(self) -> int:
        return len(self.nodes)


def from_tape(traced: tape.Graph, decisions: Iterable[Node] = ()) -> Graph:
    """The operations of what was traced; their constants are copies, which nobody else writes to.

    Parameters
    ----------
    traced : dragongrad.core.graph.Graph
        What a trace wrote down.
    decisions : iterable of Node
        The values that decisions were taken on: they are the last outputs.
    """
    made: dict[Node | None, Op] = {}
    constants = Constants()
    for node in traced.inputs:
        made[node] = Op(INPUT, (), {}, node.shape, node.dtype)
    inputs = list(made.values())
    for node in traced.nodes:
        made[node] = _operation(node, made, constants)
    ends = [*traced.outputs, *decisions]
    outputs = [made[end] if isinstance(end, Node) else constants.kept(end) for end in ends]
    names = [traced.names[node] for node in traced.inputs]
    return Graph(traced.title, inputs, list(made.values())[len(inputs) :], outputs, names)


def _operation(node: Node, made: dict[Node | None, Op], constants: Constants) -> Op:
    if node.pick is not None:
        return Op(RESULT, (made[node.parents[0]],), {"index": node.pick}, node.shape, node.dtype)
    assert node.block is not None
    operands = tuple([
        constants.kept(v) if p is None else made[p] for p, v in zip(node.parents, node.saved[1:], strict=True)
    ])  # fmt: skip
    params = constants.params(node.params) if node.params else node.params
    if isinstance(node.dtype, tuple):
        if isinstance(node.params.get("body"), tape.Graph):
            return loop_of(node, operands)
        return Op(node.block, operands, params, (), np.dtype(object), len(node.dtype))
    return Op(node.block, operands, params, node.shape, node.dtype)


def loop_of(node: Node, operands: tuple[Value, ...]) -> Op:
    """The operation of a loop that a trace wrote down."""
    params = dict(node.params)
    if "cond" in params:
        params |= {key: from_tape(params[key]) for key in parts_in(params)}
        return Op(WHILE, operands, params, (), np.dtype(object), len(operands) - params["consts"])
    params["body"] = body = from_tape(params["body"])
    # What each step begins with is collected too.
    body.outputs += body.inputs[params["consts"] : params["consts"] + params["carry"]]
    return Op(SCAN, operands, params, (), np.dtype(object), len(body.outputs))


# Operations hold each other, deeper than Python may recurse: a Graph is pickled as a flat list of them.


def _reduced(graph: Graph) -> Any:
    places = {node: place for place, node in enumerate([*graph.inputs, *graph.nodes])}
    rows = [
        (_block_key(node.block), _places(node.operands, places), node.params, node.shape, node.dtype, node.outputs)
        for node in places
    ]
    known = graph.names
    names = [known[node] for node in graph.inputs]
    return _graph, (graph.title, len(graph.inputs), rows, _places(graph.outputs, places), names)


def _block_key(block: Block) -> Any:
    return block.name if block in (INPUT, RESULT, SCAN, WHILE) else block


def _places(values: Iterable[Value], places: dict[Op, int]) -> list[tuple[int | None, Any]]:
    return [(places[v], None) if isinstance(v, Op) else (None, v) for v in values]


def _graph(title: str, inputs: int, rows: list[Any], outputs: list[Any], names: list[str]) -> Graph:
    nodes: list[Op] = []
    own = {block.name: block for block in (INPUT, RESULT, SCAN, WHILE)}
    for block, operands, params, shape, dtype, count in rows:
        given = tuple([value if place is None else nodes[place] for place, value in operands])
        block = own[block] if isinstance(block, str) else block
        nodes.append(Op(block, given, params, shape, dtype, count))
    ends = [value if place is None else nodes[place] for place, value in outputs]
    return Graph(title, nodes[:inputs], nodes[inputs:], ends, names)


copyreg.pickle(Graph, _reduced)
