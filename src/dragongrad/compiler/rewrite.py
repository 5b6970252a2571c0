"""Rewriting a Graph: the walk that every pass shares.

A value is a Node, or a plain constant (a number or array). A pass gives `visit(node, values)`, which returns what
stands for the Node from now on: the Node itself, another value, or None for "the same Block on these values".
"""

from __future__ import annotations

import gc
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np

from ..core.block import Block
from ..core.graph import Graph
from ..core.node import Node

Value = Any
Visit = Callable[["Writer", Node, tuple[Value, ...]], Value]


@contextmanager
def collector_paused() -> Iterator[None]:
    """Keep Python's garbage collector from walking again and again over a Graph that is being made."""
    running = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if running:
            gc.enable()


def arguments(node: Node) -> tuple[Value, ...]:
    """The values that a Node was applied to."""
    return tuple([p if p is not None else v for p, v in zip(node.parents, node.saved[1:], strict=True)])


def is_constant(value: Value) -> bool:
    """Whether a value is known while compiling."""
    return not isinstance(value, Node)


def shape_of(value: Value) -> tuple[int, ...]:
    """The shape of a value."""
    return value.shape if isinstance(value, Node) else np.shape(value)


def dtype_of(value: Value) -> Any:
    """The dtype of a value; a Python number has none."""
    return getattr(value, "dtype", None)


class Writer:
    """The Nodes of the Graph that a pass writes, in order."""

    def __init__(self) -> None:
        self.nodes: list[Node] = []

    def apply(
        self, block: Block, values: tuple[Value, ...], params: dict[str, Any], shape: Any, dtype: Any
    ) -> Node:
        """Write one application of a Block."""
        parents = tuple([v if isinstance(v, Node) else None for v in values])
        saved = (None, *[None if isinstance(v, Node) else v for v in values])
        node = Node(block, (), shape, dtype).keep(parents, saved, params)
        self.nodes.append(node)
        return node

    def again(self, node: Node, values: tuple[Value, ...]) -> Node:
        """Write a Node again, applied to other values; the Node itself where they are its own."""
        if node.pick is None and all([
            v is (s if p is None else p) for v, p, s in zip(values, node.parents, node.saved[1:], strict=True)
        ]):  # fmt: skip
            self.nodes.append(node)
            return node
        if node.pick is not None:
            pick = Node(node.block, (), node.shape, node.dtype).keep((values[0],), (None,), None, node.pick)
            self.nodes.append(pick)
            return pick
        return self.apply(node.block, values, node.params, node.shape, node.dtype)  # type: ignore[arg-type]


def rewrite(graph: Graph, visit: Visit) -> Graph:
    """The Graph after one pass over its Nodes in order."""
    writer = Writer()
    now: dict[Node, Value] = {node: node for node in graph.inputs}
    for node in graph.nodes:
        if node.pick is not None:
            parent: Any = node.parents[0]
            now[node] = writer.again(node, (now[parent],))
            continue
        values = tuple([now[v] if isinstance(v, Node) else v for v in arguments(node)])
        new = visit(writer, node, values)
        now[node] = writer.again(node, values) if new is None else new
    outputs = [now[o] if isinstance(o, Node) else o for o in graph.outputs]
    names = {node: graph.names[node] for node in graph.inputs}
    return Graph(graph.title, graph.inputs, writer.nodes, outputs, names)


def verify(graph: Graph) -> None:
    """Check that a Graph is one: every value is made before it is used, and has the shape and dtype of its Block.

    Raises
    ------
    AssertionError
        It is not.
    """
    known = set(graph.inputs)
    for node in graph.nodes:
        for parent in node.parents:
            if parent is not None and parent not in known:
                raise AssertionError(f"{node!r} uses {parent!r} before it is made")
        known.add(node)
        _verify_node(node)
    for output in graph.outputs:
        if isinstance(output, Node) and output not in known:
            raise AssertionError(f"the output {output!r} is not made")
    if any(node.block is not None for node in graph.inputs):
        raise AssertionError("an input is the value of a Block")


def _verify_node(node: Node) -> None:
    """Apply a Block to examples of its arguments, and compare what comes out."""
    assert node.block is not None
    source = node if node.pick is None else node.parents[0]
    assert source is not None
    if node.block.name == "custom" or source.pick is not None:
        # A function of the user's need not take examples.
        return
    with np.errstate(all="ignore"):
        out = node.block.value(*[_example(v) for v in arguments(source)], **source.params)
    several = isinstance(out, (tuple, list))
    if node.pick is None and several:
        return
    made = np.asarray(out[node.pick] if node.pick is not None else out)
    if (made.shape, made.dtype) != (node.shape, node.dtype):
        raise AssertionError(
            f"{node!r} is noted as {node.dtype} {node.shape}, its Block makes {made.dtype} {made.shape}"
        )


def _example(value: Value) -> Any:
    """Numbers that every Block takes: matrices are regular, whole numbers are places in any axis."""
    if not isinstance(value, Node):
        return value
    shape = value.shape
    if value.dtype.kind not in "fc":
        return np.zeros(shape, value.dtype)[()]
    if len(shape) > 1 and shape[-1] == shape[-2]:
        return np.broadcast_to(np.diag(np.arange(1.0, shape[-1] + 1)), shape).astype(value.dtype)
    return np.ones(shape, value.dtype)[()]
