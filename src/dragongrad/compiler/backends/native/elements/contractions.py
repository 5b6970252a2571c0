"""Elements of reductions and matrix products that are short enough to be written out."""

from __future__ import annotations

import itertools
import math
from typing import Any

import numpy as np

from .....core.block import BLOCKS
from .... import forms
from ....graph import Op, Value
from ....lowering import (
    LOWERINGS,
    Access,
    Along,
    Read,
    Role,
    accesses,
    broadcast_access,
    declare,
    lowered,
    terms_of,
)
from ....rewrite import reduced_axes, shape_of
from ..ir.affine import Index
from ..ir.builder import Text, literal, type_of
from ..jit.engine import processor
from ..tuning import STRAIGHT_ELEMENTS, UNROLLED_SUM
from .expressions import Expressions, NotInMemoryError, place_in, spread

_MULTIPLY, _NEGATIVE, _SUM = BLOCKS[np.multiply], BLOCKS[np.negative], BLOCKS[np.sum]


def _reduced(node: Op) -> tuple[Access, ...]:
    ndim = len(shape_of(node.operands[0]))
    axes = reduced_axes(node, ndim)
    kept = iter([a for a in range(len(node.shape)) if not node.params.get("keepdims") or a not in axes])
    return (Access(tuple([Read.WHOLE if a in axes else Along(next(kept)) for a in range(ndim)])),)


def _reduction(to: Expressions, node: Op, index: tuple[Index, ...]) -> str:
    (x,), (access,) = node.operands, accesses(node) or ()
    lengths = [n for n, part in zip(shape_of(x), access.parts, strict=True) if part is Read.WHOLE]
    if math.prod(lengths) > STRAIGHT_ELEMENTS or 0 in lengths:
        raise NotInMemoryError(node)
    known = LOWERINGS[BLOCKS[LOWERINGS[node.block].combine]].instructions
    assert known is not None
    total: str | None = None
    pair = product(x, node.dtype) if node.block is _SUM and to.memory(x) is None else None
    for at in itertools.product(*map(range, lengths)):
        inner = place_in(access, index, at)
        assert inner is not None
        if pair is not None:
            left, right = (to.element(v, spread(inner, shape_of(v)), node.dtype) for v in pair[:2])
            if pair[2]:
                left = to.text.op(f"fneg {type_of(node.dtype)} {left}")
            total = add_product(to.text, type_of(node.dtype), total, left, right)
            continue
        one = to.element(x, inner, node.dtype)
        total = one if total is None else known(to.text, np.dtype(node.dtype), [total, one], ())
    assert total is not None
    return total


for _fn, _combine in (
    (np.sum, np.add), (np.max, np.maximum), (np.min, np.minimum), (np.all, np.logical_and), (np.any, np.logical_or),
):  # fmt: skip
    declare(
        _fn, role=Role.REDUCTION, access=_reduced, form=forms.reduction, element=_reduction, combine=_combine,
        fits=lambda node: terms_of(node) > 0,
    )  # fmt: skip


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


def _rows_and_columns(node: Op) -> tuple[Access, ...]:
    x, y = (shape_of(v) for v in node.operands)
    lead = len(node.shape) - (len(x) > 1) - (len(y) > 1)
    row, column = [Along(lead)] * (len(x) > 1), [Along(len(node.shape) - 1)] * (len(y) > 1)
    outer = [broadcast_access(node.shape[:lead], shape[:-2]).parts for shape in (x, y)]
    return Access((*outer[0], *row, Read.WHOLE)), Access((*outer[1], Read.WHOLE, *column))


@lowered(np.matmul, role=Role.PRODUCT, access=_rows_and_columns, form=forms.matmul)
def _matmul(to: Expressions, node: Op, index: tuple[Index, ...]) -> str:
    x, y = node.operands
    count = shape_of(x)[-1]
    if count > UNROLLED_SUM or node.dtype.kind != "f":
        raise NotInMemoryError(node)
    if count == 0:
        return literal(0, node.dtype)
    total: str | None = None
    kind, read = type_of(node.dtype), accesses(node) or ()
    for k in range(count):
        places = [place_in(access, index, (k,)) for access in read]
        left, right = (to.element(v, at or (), node.dtype) for v, at in zip((x, y), places, strict=True))
        total = add_product(to.text, kind, total, left, right)
    assert total is not None
    return total
