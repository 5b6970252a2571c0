"""Constant folding: what depends on no input is computed while compiling."""

from __future__ import annotations

import numpy as np

from ..graph import Graph, Op, Value
from ..rewrite import Writer, first, is_constant, rewrite

# A larger array is not kept as a constant: to compute it again is as quick as to read it.
_LARGE = 1 << 16


def fold_constants(graph: Graph) -> Graph:
    """Evaluate every operation whose arguments are all known."""
    return rewrite(graph, _visit)


def _visit(writer: Writer, node: Op, values: tuple[Value, ...]) -> Value:
    block = node.block
    if not any(map(is_constant, values)):
        return None
    values = tuple([v if isinstance(v, Op) else uniform(v) for v in values])
    if node.outputs or not all(map(is_constant, values)):
        return writer.again(node, values)
    size = int(np.prod(node.shape))
    if size > _LARGE and size > max((np.size(v) for v in values), default=0):
        return writer.again(node, values)
    with np.errstate(all="ignore"):
        found = block.value(*values, **node.params)
        # The square of truths is int8 as an operator, and int64 as NumPy's function.
        known = not isinstance(found, (np.ndarray, np.generic)) or found.dtype == node.dtype
        return uniform(found if known else found.astype(node.dtype))


def uniform(value: Value) -> Value:
    """An array as it is, but a read-only view of one number where all its elements are equal."""
    if not isinstance(value, np.ndarray) or value.dtype.hasobject or value.size < 2 or not any(value.strides):
        return value
    one = first(value)
    if one.tobytes() != value[(-1,) * value.ndim].tobytes():
        return value
    same = value.tobytes() == np.full(value.size, one, value.dtype).tobytes()
    return np.broadcast_to(one, value.shape) if same else value
