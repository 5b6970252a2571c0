"""Elements of what is joined."""

from __future__ import annotations

import itertools

import numpy as np

from .... import forms
from ....graph import Op
from ....lowering import Access, Along, Role, lowered
from ....rewrite import shape_of
from ..ir.affine import Index, Loaded, place, shift
from .expressions import Expressions, NotInMemoryError


def axis_of(join: Op) -> int:
    """The axis along which arrays are joined."""
    return int(join.params.get("axis") or 0) % len(join.shape)


def _known_axis(node: Op, index: tuple[Index, ...]) -> int:
    """The axis along which arrays are joined, where it is known which of them an index is in."""
    axis = axis_of(node)
    if isinstance(index[axis], Loaded):
        raise NotInMemoryError(node)
    return axis


def _stacked(node: Op) -> tuple[Access, ...]:
    axis = axis_of(node)
    part = Access(tuple([Along(a) for a in range(len(node.shape)) if a != axis]), frozenset({axis}))
    return (part,) * len(node.operands)


def _one_after_another(node: Op) -> tuple[Access, ...]:
    axis, ndim = axis_of(node), len(node.shape)
    starts = itertools.accumulate([shape_of(x)[axis] for x in node.operands], initial=0)
    once = frozenset({axis})
    return tuple([
        Access(tuple([Along(a, -start if a == axis else 0) for a in range(ndim)]), once)
        for start, _ in zip(starts, node.operands, strict=False)
    ])  # fmt: skip


@lowered(np.stack, role=Role.JOIN, access=_stacked, form=forms.stack)
def _stack(to: Expressions, node: Op, index: tuple[Index, ...]) -> str:
    xs, axis = node.operands, _known_axis(node, index)
    which = place(index[axis], range(len(xs) + 1))
    return to.element(xs[which], index[:axis] + index[axis + 1 :], node.dtype)


@lowered(np.concatenate, role=Role.JOIN, access=_one_after_another, form=forms.concatenate)
def _concatenate(to: Expressions, node: Op, index: tuple[Index, ...]) -> str:
    xs, axis = node.operands, _known_axis(node, index)
    bounds = to.bounds.get(node)
    if bounds is None:
        bounds = to.bounds[node] = list(itertools.accumulate([shape_of(x)[axis] for x in xs], initial=0))
    which = place(index[axis], bounds)
    inner = (*index[:axis], shift(index[axis], -bounds[which]), *index[axis + 1 :])
    return to.element(xs[which], inner, node.dtype)
