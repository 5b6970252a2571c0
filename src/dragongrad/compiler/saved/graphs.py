"""Graphs as JSON has them: a row for each operation, in order."""

from __future__ import annotations

from typing import Any

import numpy as np

from ... import late
from ..graph import INPUT, Graph, Op, Value
from .names import block_name, blocks_by_name
from .values import Packer, Unpacker, UnsavableError, plain_dtype, told

_NUMBERS = "biufcmMSU"
_BODY = "body of a loop"


def pack(graph: Graph, packer: Packer) -> dict[str, Any]:
    """A Graph as JSON has it.

    Raises
    ------
    UnsavableError
        It calls a function that another process would not find.
    """
    places = {node: place for place, node in enumerate([*graph.inputs, *graph.nodes])}
    blocks: dict[str, int] = {}

    def value(v: Value) -> Any:
        return places[v] if isinstance(v, Op) else {"is": told("holds", packer.pack, v)}

    rows = []
    for node in graph.nodes:
        name = _name(node)
        # Most are of one value, and take no parameters.
        rest: list[Any] = [_params(node, packer)] if node.params or node.outputs else []
        rest += [node.outputs] if node.outputs else []
        dtype = "O" if node.outputs else node.dtype.str
        operands = [value(v) for v in node.operands]
        rows.append([blocks.setdefault(name, len(blocks)), operands, list(node.shape), dtype, *rest])
    names = graph.names
    return {
        "title": graph.title,
        "inputs": [[names[node], list(node.shape), node.dtype.str] for node in graph.inputs],
        "blocks": [*blocks],
        "rows": rows,
        "outputs": [value(v) for v in graph.outputs],
    }


def _params(node: Op, packer: Packer) -> dict[str, Any]:
    given = f"gives {node.block.name}"
    return {
        # The bodies of loops are Graphs.
        name: {_BODY: pack(value, packer)} if isinstance(value, Graph) else told(given, packer.pack, value)
        for name, value in node.params.items()
    }


def _name(node: Op) -> str:
    name = block_name(node.block)
    if name:
        return name
    rule = node.params.get("rule")
    what = f"{rule}, a function with a rule of its own" if rule is not None else f"the Block {node.block.name}"
    raise UnsavableError(f"calls {what}, which is Python code that no other process has")


def unpack(packed: dict[str, Any], unpacker: Unpacker) -> Graph:
    """The Graph, whose operations come after their operands.

    Raises
    ------
    UnsavableError
        This process knows no Block of a name.
    """
    late.declared(*map(str, packed["blocks"]))
    known = blocks_by_name()
    missing = [name for name in packed["blocks"] if name not in known]
    if missing:
        raise UnsavableError(", ".join(map(str, missing)))
    blocks = [known[name] for name in packed["blocks"]]
    nodes: list[Op] = []
    for _, shape, dtype in packed["inputs"]:
        nodes.append(Op(INPUT, (), {}, checked(shape), _dtype(dtype)))
    inputs, names = nodes[:], [str(name) for name, *_ in packed["inputs"]]

    def value(v: Any) -> Value:
        if v.__class__ is dict:
            made: Value = unpacker.unpack(v["is"])
            return made
        if not 0 <= v < len(nodes):
            raise IndexError(v)
        return nodes[v]

    def parameter(v: Any) -> Any:
        is_body = v.__class__ is dict and set(v) == {_BODY}
        return unpack(v[_BODY], unpacker) if is_body else unpacker.unpack(v)

    for block, operands, shape, dtype, *rest in packed["rows"]:
        params = {str(k): parameter(v) for k, v in rest[0].items()} if rest else {}
        outputs = int(rest[1]) if len(rest) > 1 else 0
        given = tuple(map(value, operands))
        made = np.dtype(object) if outputs else _dtype(dtype)
        nodes.append(Op(blocks[block], given, params, checked(shape), made, outputs))
    ends = list(map(value, packed["outputs"]))
    return Graph(str(packed["title"]), inputs, nodes[len(inputs) :], ends, names)


def checked(shape: Any) -> tuple[int, ...]:
    """A shape, of whole numbers that are none too large."""
    if any(n.__class__ is not int or n < 0 for n in shape) or np.prod([float(n) for n in shape]) > 2.0**62:
        raise ValueError(f"the shape {shape}")
    return tuple(shape)


def _dtype(text: Any) -> Any:
    dtype = plain_dtype(text)
    if dtype.kind not in _NUMBERS:
        raise TypeError(f"the dtype {text}")
    return dtype
