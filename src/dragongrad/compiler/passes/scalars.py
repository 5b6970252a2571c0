"""Scalars: a constant array whose elements are all one number is that number, where others give the shape."""

from __future__ import annotations

import numpy as np

from ..graph import Graph, Op, Value
from ..rewrite import Writer, broadcast_shapes, first, rewrite, shape_of
from .lift import SPREADING


def keep_scalars(graph: Graph) -> Graph:
    """Write numbers in place of arrays of one number."""
    return rewrite(graph, _visit, SPREADING)


def _visit(writer: Writer, node: Op, values: tuple[Value, ...]) -> Value:
    if len(values) < 2 or not any(map(_is_uniform, values)):
        return None
    kept = list(values)
    for k, v in enumerate(values):
        if _is_uniform(v):
            kept[k] = first(v)
            if broadcast_shapes(*map(shape_of, kept)) != node.shape:
                kept[k] = v
    return writer.again(node, tuple(kept))


def _is_uniform(value: Value) -> bool:
    return isinstance(value, np.ndarray) and value.ndim > 0 and value.size > 0 and not any(value.strides)
