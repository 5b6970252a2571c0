"""Elements of reductions and matrix products that are short enough to be written out."""

from __future__ import annotations

import itertools
import math
from typing import Any

import numpy as np

from .....core.block import BLOCKS
from ....graph import Op, Value
from ....rewrite import reduced_axes, shape_of
from ..ir.affine import Index
from ..ir.builder import Text, literal, type_of
from ..jit.engine import processor
from ..tuning import UNROLLED_SUM
from .lowering import Expressions, NeedsBufferError, rule, spread
from .ufuncs import OPERATIONS

REDUCTIONS = frozenset(BLOCKS[fn] for fn in (np.sum, np.max, np.min, np.all, np.any))
_MATMUL = BLOCKS[np.matmul]
_MULTIPLY, _NEGATIVE = BLOCKS[np.multiply], BLOCKS[np.negative]


def terms_of(node: Op) -> int:
    """How many terms an element is the sum, or the greatest, of."""
    if node.block in REDUCTIONS:
        shape = shape_of(node.operands[0])
        return math.prod(shape[a] for a in reduced_axes(node, len(shape)))
    return int(shape_of(node.operands[0])[-1]) if node.block is _MATMUL else 1


def reduction_index(node: Op, x: Value, index: tuple[Index, ...], at: tuple[Index, ...]) -> tuple[Index, ...]:
    """The index of an element of the operand: the kept axes from `index`, the others from `at`."""
    axes = reduced_axes(node, len(shape_of(x)))
    kept = iter([i for a, i in enumerate(index) if a not in axes] if node.params.get("keepdims") else index)
    inside_axes = iter(at)
    return tuple([next(inside_axes) if a in axes else next(kept) for a in range(len(shape_of(x)))])


def combine(text: Text, name: str, dtype: Any, left: str, right: str) -> str:
    """One step of a reduction."""
    return OPERATIONS[BLOCKS[FOLDS[name]]].write(text, np.dtype(dtype), [left, right], ())


FOLDS: dict[str, Any] = {
    "sum": np.add,
    "max": np.maximum,
    "min": np.minimum,
    "all": np.logical_and,
    "any": np.logical_or,
}


@rule(np.sum, np.max, np.min, np.all, np.any)
def _reduction(to: Expressions, node: Op, index: tuple[Index, ...]) -> str:
    (x,) = node.operands
    axes = reduced_axes(node, len(shape_of(x)))
    lengths = [shape_of(x)[a] for a in axes]
    if int(np.prod(lengths)) > to.unroll or 0 in lengths:
        raise NeedsBufferError(node)
    total: str | None = None
    pair = product(x, node.dtype) if node.block.name == "sum" and to.memory(x) is None else None
    for at in itertools.product(*map(range, lengths)):
        inner = reduction_index(node, x, index, at)
        if pair is not None:
            left, right = (to.element(v, spread(inner, shape_of(v)), node.dtype) for v in pair[:2])
            if pair[2]:
                left = to.text.op(f"fneg {type_of(node.dtype)} {left}")
            total = add_product(to.text, type_of(node.dtype), total, left, right)
            continue
        one = to.element(x, inner, node.dtype)
        total = one if total is None else combine(to.text, node.block.name, node.dtype, total, one)
    assert total is not None
    return total


def product(value: Value, dtype: Any) -> tuple[Value, Value, bool] | None:
    """The factors of a value that is a product of real numbers of this dtype, and whether its sign is turned."""
    minus = isinstance(value, Op) and value.block is _NEGATIVE
    if minus and isinstance(value, Op):
        (value,) = value.operands
    if not isinstance(value, Op) or value.block is not _MULTIPLY or value.dtype != dtype or dtype.kind != "f":
        return None
    x, y = value.operands
    return x, y, minus


def add_product(text: Text, kind: str, total: str | None, left: str, right: str) -> str:
    """A sum and one more product, rounded once where the processor can: as BLAS adds, and the same everywhere."""
    if total is None:
        return text.op(f"fmul {kind} {left}, {right}")
    if processor().fused:
        return text.intrinsic("fma", kind, left, right, total)
    return text.op(f"fadd {kind} {total}, {text.op(f'fmul {kind} {left}, {right}')}")


@rule(np.matmul)
def _matmul(to: Expressions, node: Op, index: tuple[Index, ...]) -> str:
    x, y = node.operands
    if shape_of(x)[-1] > UNROLLED_SUM or node.dtype.kind != "f":
        raise NeedsBufferError(node)
    if shape_of(x)[-1] == 0:
        return literal(0, node.dtype)
    row, column, lead = matmul_index(x, y, index)
    total: str | None = None
    kind = type_of(node.dtype)
    for k in range(shape_of(x)[-1]):
        left = to.element(x, (*spread(lead, shape_of(x)[:-2]), *row, k), node.dtype)
        right = to.element(y, (*spread(lead, shape_of(y)[:-2]), k, *column), node.dtype)
        total = add_product(to.text, kind, total, left, right)
    assert total is not None
    return total


def matmul_index(x: Value, y: Value, index: tuple[Index, ...]) -> tuple[tuple[Index, ...], ...]:
    """The row, the column and the leading axes that an element of a matrix product comes from."""
    left, right = len(shape_of(x)) > 1, len(shape_of(y)) > 1
    column = index[-1:] if right else ()
    rest = index[: len(index) - right]
    row = rest[-1:] if left else ()
    return row, column, rest[: len(rest) - left]
