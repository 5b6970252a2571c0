"""Where a loop over one axis of a value reads other values: along the same index, or elsewhere."""

from __future__ import annotations

import math
from collections.abc import Callable, Container

import numpy as np

from .....core.block import BLOCKS
from ....graph import INPUT, Op, Value
from ....passes.simplify import permutation
from ....rewrite import reduced_axes, shape_of
from ..elements.basic_indexing import advanced, basic
from ..elements.ufuncs import OPERATIONS

# The axis of a value that runs with the loop; None: it does not, or not in step with it.
Axis = int | None
Down = Callable[[Op, int], list[Axis]]


def reads(node: Op, starts: list[tuple[Value, Axis]], memory: Container[Value]) -> dict[Op, Axis]:
    """For each value in memory that an element is computed from: the axis read at the index of the loop.

    `starts` are the values from which the walk goes down, each with the axis that runs with the loop.
    """
    found: dict[Op, Axis] = {}
    seen: set[tuple[int, Axis]] = set()
    stack = list(starts)
    while stack:
        value, axis = stack.pop()
        if not isinstance(value, Op) or (id(value), axis) in seen:
            continue
        seen.add((id(value), axis))
        if value is not node and value in memory:
            found[value] = axis if found.get(value, axis) == axis else None
            continue
        if value.block is INPUT:
            continue
        stack += zip(value.operands, _down(value, axis), strict=True)
    return found


def _down(node: Op, axis: Axis) -> list[Axis]:
    values = node.operands
    if axis is None:
        return [None] * len(values)
    if node.block in OPERATIONS or node.block in _SPREAD:
        return [_operand_axis(node, v, axis) for v in values]
    rule = _RULES.get(node.block)
    return [None] * len(values) if rule is None else rule(node, axis)


def _operand_axis(node: Op, value: Value, axis: int) -> Axis:
    shape = shape_of(value)
    at = axis - (len(node.shape) - len(shape))
    return at if at >= 0 and shape[at] == node.shape[axis] else None


def _transpose(node: Op, axis: int) -> list[Axis]:
    return [permutation(node)[axis]]


def _reshape(node: Op, axis: int) -> list[Axis]:
    shape = shape_of(node.operands[0])
    before = math.prod(node.shape[:axis])
    for a, n in enumerate(shape):
        if n == node.shape[axis] and math.prod(shape[:a]) == before:
            return [a]
    return [None]


def _getitem(node: Op, axis: int) -> list[Axis]:
    shape = shape_of(node.operands[0])
    parts = basic(node.params["index"], shape)
    if parts is None:
        found = advanced(node.params["index"], shape)
        if found is None or found[0] <= axis < found[0] + found[1].ndim:
            return [None]
        return [axis if axis < found[0] else axis - found[1].ndim + 1]
    inner = outer = 0
    for kind, _, start, step in parts:
        if kind != "take" and outer == axis:
            return [inner if kind == "slice" and (start, step) == (0, 1) else None]
        outer += kind != "take"
        inner += kind != "new"
    return [None]


def _scatter(node: Op, axis: int) -> list[Axis]:
    """Of `scatter` the source, of `setitem` the array and what is written, at a basic index."""
    parts = basic(node.params["index"], node.shape)
    inner = outer = 0
    source: Axis = None
    for kind, _, start, step in parts or []:
        if kind == "slice" and inner == axis and (start, step) == (0, 1):
            source = outer
        outer += kind != "take"
        inner += kind != "new"
    values = node.operands
    if len(values) == 1:
        return [source]
    y = shape_of(values[1])
    at = None if source is None else source - (outer - len(y))
    return [axis, at if at is not None and at >= 0 and y[at] == node.shape[axis] else None]


def _joined(node: Op, axis: int) -> list[Axis]:
    at = int(node.params.get("axis") or 0) % len(node.shape)
    count = len(node.operands)
    if axis == at:
        return [None] * count
    stacked = node.block is BLOCKS[np.stack]
    return [axis - (stacked and axis > at)] * count


def _reduction(node: Op, axis: int) -> list[Axis]:
    ndim = len(shape_of(node.operands[0]))
    axes = reduced_axes(node, ndim)
    if node.params.get("keepdims"):
        return [None if axis in axes else axis]
    return [[a for a in range(ndim) if a not in axes][axis]]


def _matmul(node: Op, axis: int) -> list[Axis]:
    x, y = (shape_of(v) for v in node.operands)
    column = len(node.shape) - 1 if len(y) > 1 else -1
    row = len(node.shape) - 1 - (len(y) > 1) if len(x) > 1 else -1
    if axis == column:
        return [None, len(y) - 1]
    if axis == row:
        return [len(x) - 2, None]
    # The leading axes are broadcast.
    lead = len(node.shape) - (len(x) > 1) - (len(y) > 1)
    found: list[Axis] = []
    for shape in (x, y):
        at = axis - (lead - (len(shape) - 2))
        found.append(at if 0 <= at < len(shape) - 2 and shape[at] == node.shape[axis] else None)
    return found


def _conv(node: Op, axis: int) -> list[Axis]:
    return [0 if axis == 0 else None, None]


_SPREAD = frozenset(BLOCKS[fn] for fn in (np.where, np.broadcast_to, "astype", "stop_gradient"))
_RULES: dict[object, Down] = {
    BLOCKS[np.transpose]: _transpose,
    BLOCKS[np.reshape]: _reshape,
    BLOCKS["getitem"]: _getitem,
    BLOCKS["scatter"]: _scatter,
    BLOCKS["setitem"]: _scatter,
    BLOCKS[np.stack]: _joined,
    BLOCKS[np.concatenate]: _joined,
    BLOCKS[np.matmul]: _matmul,
    BLOCKS["conv"]: _conv,
    **{BLOCKS[fn]: _reduction for fn in (np.sum, np.max, np.min, np.all, np.any)},
}
