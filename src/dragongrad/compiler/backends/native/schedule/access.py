"""Where a loop over one axis of a value reads other values: along the same index, or elsewhere."""

from __future__ import annotations

from collections.abc import Container

from ....graph import INPUT, Op, Value
from ....lowering import Access, Along, accesses
from ....rewrite import shape_of

# The axis of a value that runs with the loop; None: it does not, or not in step with it.
Axis = int | None


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
    """Of each operand the axis that is read at the index of the result's."""
    found = accesses(node) if axis is not None else None
    if found is None or axis is None:
        return [None] * len(node.operands)
    return [
        _in_step(access, shape_of(v), axis, node.shape[axis])
        for access, v in zip(found, node.operands, strict=True)
    ]


def _in_step(access: Access, shape: tuple[int, ...], axis: int, length: int) -> Axis:
    for a, part in enumerate(access.parts):
        if part.__class__ is Along and part == (axis, 0, 1) and shape[a] == length:
            return a
    return None
