"""Blocks and Graphs in pickles: a Block goes by the function that is its key, a Graph as a flat list of its Nodes.

A Block holds functions that cannot be pickled, and Nodes hold each other, deeper than Python may recurse.
"""

from __future__ import annotations

import copyreg
from importlib import import_module
from typing import Any

from .. import late
from ..core.block import BLOCKS, Block
from ..core.errors import ArgumentError
from ..core.graph import Graph
from ..core.node import Node


def _reduced_block(block: Block) -> Any:
    # A Block that is part of other rules alone is in no table.
    if BLOCKS.get(block.fn) is not block:
        return object.__reduce_ex__(block, 2)
    # Of a ufunc pickle would look for its module in all that there are.
    library = late.library_of(block.fn)
    return (_of_library, (library, block.fn.__name__)) if library else (_declared, (block.fn,))


def _of_library(library: str, name: str) -> Block:
    late.declared(f"{library}.{name}")
    return _declared(getattr(import_module(library), name))


def _declared(fn: Any) -> Block:
    found = BLOCKS.get(fn)
    if found is None and late.declared():
        found = BLOCKS.get(fn)
    if found is None:
        raise ArgumentError(
            f"there is no Block for {getattr(fn, '__name__', fn)}, of which this pickle speaks\n"
            "Import the module that declares it first"
        )
    return found


def reduced_graph(graph: Graph) -> Any:
    """What a Graph of any class is made of again."""
    places = {node: place for place, node in enumerate([*graph.inputs, *graph.nodes])}
    rows = [
        (node.block, node.shape, node.dtype, _places(node, places), node.saved, node.params, node.pick)
        for node in places
    ]
    outputs = [(places[o], None) if isinstance(o, Node) else (None, o) for o in graph.outputs]
    given = {place: graph.names[node] for place, node in enumerate(graph.inputs)}
    return _graph, (type(graph), graph.title, len(graph.inputs), rows, outputs, given)


def _places(node: Node, places: dict[Node, int]) -> tuple[int | None, ...]:
    return tuple([None if parent is None else places[parent] for parent in node.parents])


def _graph(
    kind: type[Graph], title: str, inputs: int, rows: list[Any], outputs: list[Any], given: dict[int, str]
) -> Graph:
    nodes: list[Node] = []
    for block, shape, dtype, parents, saved, params, pick in rows:
        above = tuple([None if place is None else nodes[place] for place in parents])
        nodes.append(Node(block, (), shape, dtype).keep(above, saved, params, pick))
    ends = [value if place is None else nodes[place] for place, value in outputs]
    names = {nodes[place]: name for place, name in given.items()}
    return kind(title, nodes[:inputs], nodes[inputs:], ends, names)


copyreg.pickle(Block, _reduced_block)
copyreg.pickle(Graph, reduced_graph)
