"""Rewriting a Graph: the walk that every pass shares.

A value is an operation, or a plain constant (a number or array). A pass gives `visit(node, values)`, which returns
what stands for the operation from now on: the operation itself, another value, or None for "the same Block on
these values".
"""

from __future__ import annotations

from collections.abc import Callable, Collection
from math import prod
from operator import is_
from typing import Any

import numpy as np

from ..core.block import Block
from .graph import INPUT, LOOPS, RESULT, Graph, Op, Value, op_of

Visit = Callable[["Writer", Op, tuple[Value, ...]], Value]


def is_constant(value: Value) -> bool:
    """Whether a value is known while compiling."""
    return not isinstance(value, Op)


def shape_of(value: Value) -> tuple[int, ...]:
    """The shape of a value."""
    if isinstance(value, (Op, np.ndarray)):
        return value.shape
    return () if isinstance(value, (float, int)) else np.shape(value)


def size_of(value: Value) -> int:
    """The number of elements of a value."""
    return prod(shape_of(value))


def first(array: Any) -> Any:
    """The first element; `array.flat` takes no array of more than 32 axes."""
    return array[(0,) * array.ndim]


def broadcast_shapes(*shapes: tuple[int, ...]) -> tuple[int, ...]:
    """As `numpy.broadcast_shapes`, which takes no shape of more than 32 axes."""
    out = [1] * max(map(len, shapes), default=0)
    for shape in shapes:
        for a, n in enumerate(shape, len(out) - len(shape)):
            if n != 1:
                if out[a] not in (1, n):
                    raise ValueError(f"shapes {', '.join(map(str, shapes))} cannot be broadcast together")
                out[a] = n
    return tuple(out)


def reduced_axes(node: Op, ndim: int) -> tuple[int, ...]:
    """The axes that a reduction takes away, in order; of a number there are none, whichever NumPy was asked for."""
    axis = node.params.get("axis")
    if axis is None or not ndim:
        return tuple(range(ndim))
    return tuple(sorted(int(a) % ndim for a in (axis if isinstance(axis, tuple) else (axis,))))


def dtype_of(value: Value) -> Any:
    """The dtype of a value; a Python number has none."""
    return getattr(value, "dtype", None)


def is_place(part: Any) -> bool:
    """Whether a part of an index is one place."""
    return isinstance(part, (int, np.integer)) and not isinstance(part, (bool, np.bool_))


class Writer:
    """The operations of the Graph that a pass writes, in order."""

    def __init__(self) -> None:
        self.nodes: list[Op] = []

    def apply(self, block: Block, values: tuple[Value, ...], params: dict[str, Any], shape: Any, dtype: Any) -> Op:
        """Write one application of a Block."""
        return self.kept(Op(block, values, params, shape, dtype))

    def kept(self, node: Op) -> Op:
        """Write an operation as it is."""
        self.nodes.append(node)
        return node

    def again(self, node: Op, values: tuple[Value, ...]) -> Op:
        """Write an operation again, applied to other values; the operation itself where they are its own."""
        if all(map(is_, values, node.operands)):
            return self.kept(node)
        return self.kept(Op(node.block, values, node.params, node.shape, node.dtype, node.outputs))


def meets(graph: Graph, blocks: Collection[Block]) -> bool:
    """Whether one of some Blocks is applied anywhere."""
    return any(map(blocks.__contains__, {node.block for node in graph.nodes}))


def rewrite(
    graph: Graph, visit: Visit, blocks: Collection[Block] | None = None, now: dict[Op, Value] | None = None
) -> Graph:
    """The Graph after one pass over its operations in order; the very same Graph where nothing changes.

    A pass that names its `blocks` visits no others; one that gives a dict finds there what stands for what changed.
    """
    if blocks is not None and not meets(graph, blocks):
        return graph
    writer = Writer()
    now = {} if now is None else now
    changed = now.keys()
    for node in graph.nodes:
        values = node.operands
        moved = not changed.isdisjoint(node.sources)
        visited = blocks is None or node.block in blocks
        if not moved and not visited:
            writer.kept(node)
            continue
        if moved:
            values = tuple([now.get(v, v) if v.__class__ is Op else v for v in values])
        new = visit(writer, node, values) if visited else None
        if new is None:
            new = writer.again(node, values)
        if new is not node:
            now[node] = new
    if not now and len(writer.nodes) == len(graph.nodes):
        return graph
    return graph.rewritten(writer.nodes, [now.get(o, o) if isinstance(o, Op) else o for o in graph.outputs])


def verify(graph: Graph) -> None:
    """Check that a Graph is one: every value is made before it is used, and has the shape and dtype of its Block.

    Raises
    ------
    AssertionError
        It is not.
    """
    known = set(graph.inputs)
    for node in graph.nodes:
        for source in node.sources:
            if source not in known:
                raise AssertionError(f"{node!r} uses {source!r} before it is made")
        known.add(node)
        _verify_node(node)
    for output in graph.outputs:
        if isinstance(output, Op) and output not in known:
            raise AssertionError(f"the output {output!r} is not made")
    if any(node.block is not INPUT for node in graph.inputs):
        raise AssertionError("an input is the value of a Block")


def _verify_node(node: Op) -> None:
    """Compare what a Block makes of examples of its arguments with what is noted."""
    made = made_of_examples(node)
    if made is not None and (made.shape, made.dtype) != (node.shape, node.dtype):
        raise AssertionError(
            f"{node!r} is noted as {node.dtype} {node.shape}, its Block makes {made.dtype} {made.shape}"
        )


def made_of_examples(node: Op) -> np.ndarray[Any, Any] | None:
    """What a Block makes of examples of its arguments; None where it need not take them."""
    source = op_of(node.operands[0]) if node.block is RESULT else node
    if node.outputs or source.block.name == "custom" or source.block is RESULT or source.block in LOOPS:
        # A function of the user's need not take examples, and a loop may never end.
        return None
    with np.errstate(all="ignore"):
        out = source.block.value(*[_example(v) for v in source.operands], **source.params)
    return np.asarray(out if source is node else node.block.value(out, **node.params))


def _example(value: Value) -> Any:
    return example(value.shape, value.dtype) if isinstance(value, Op) else value


def example(shape: tuple[int, ...], dtype: Any) -> Any:
    """Numbers that every Block takes: matrices have full rank, whole numbers are places in any axis."""
    if dtype.kind not in "fc":
        return np.zeros(shape, dtype)[()]
    if len(shape) > 1:
        return np.broadcast_to(np.eye(*shape[-2:]) * np.arange(1.0, shape[-1] + 1), shape).astype(dtype)
    return np.ones(shape, dtype)[()]
