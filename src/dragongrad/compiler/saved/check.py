"""Whether a Graph that was read is one: what runs it believes the shapes and dtypes that stand in it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from ...core.block import BLOCKS
from ...core.node import Spec
from .. import forms
from ..abstract_evaluation import outline
from ..graph import LOOPS, RESULT, SCAN, Graph, Op, form_of, op_of, states_of, ways_of
from ..lowering import LOWERINGS
from ..rewrite import broadcast_shapes, made_of_examples, shape_of, size_of
from ..scans import groups, is_result, result_of

_EIG = BLOCKS[np.linalg.eig]
# Up to so many elements a Block is applied to examples where nothing else tells its shape.
_LARGE = 4096


def check(graph: Graph) -> None:
    """Compare each shape and dtype with what the Block makes of those of its operands.

    Raises
    ------
    ValueError
        One is another.
    """
    for node in graph.nodes:
        try:
            _check(node)
        except Exception as error:
            # A Block may raise anything where its arguments do not fit.
            raise ValueError(f"{node!r}: {error}") from None


def _check(node: Op) -> None:
    if node.block is RESULT:
        source = op_of(node.operands[0])
        if not 0 <= node.params["index"] < source.outputs:
            raise IndexError(f"value {node.params['index']} of {source.outputs}")
    if any(source.outputs for source in node.sources) != (node.block is RESULT):
        raise ValueError("several values as one")
    shape, dtype = _form(node)
    # Whether eigenvalues are complex depends on values: a decision is on that, and a call back looks.
    either = node.block is RESULT and node.sources[0].block is _EIG and node.dtype.kind in "fc"
    if shape != node.shape or (dtype != node.dtype and not either):
        raise ValueError(f"it is noted as {node.dtype} {node.shape}, and is {dtype} {shape}")


def _form(node: Op) -> tuple[tuple[int, ...], Any]:
    """The shape and dtype of a value, computed of examples only where they are not known otherwise."""
    if node.block in LOOPS:
        _check_loop(node)
    if node.outputs:
        return node.shape, node.dtype
    if is_result(node):
        own = result_of(node.sources[0], node.params["index"])
        return own.shape, own.dtype
    known = LOWERINGS.get(node.block)
    form = known.form if known is not None else None
    if form is None and isinstance(node.block.fn, np.ufunc) and node.block.fn.signature is None:
        form = forms.elementwise
    values = [outline(v.shape, v.dtype, number=not v.shape) if isinstance(v, Op) else v for v in node.operands]
    found = None if form is None else form(node.block, values, node.params)
    if found is not None:
        return tuple(found[0]), found[1]
    size = node.size + sum(map(size_of, node.operands))
    if size > _LARGE and node.block in _FACTORS:
        return _FACTORS[node.block](*map(shape_of, node.operands)), node.dtype
    # What is called back is looked at when it is called, and may take long.
    made = made_of_examples(node) if size <= _LARGE or node.block in _READ else None
    return (node.shape, node.dtype) if made is None else (made.shape, made.dtype)


def _check_loop(node: Op) -> None:
    """Whether the bodies of a loop take what it is applied to, and what they give."""
    params = node.params
    consts, carry = params["consts"], params["carry"]
    operands = list(map(form_of, node.operands))
    if not 0 <= consts <= consts + carry <= len(operands):
        raise ValueError(f"a loop of {consts} constants and {carry} carries for {len(operands)} arrays")
    if node.block is SCAN:
        fixed, first, rest = map(list, groups(node, operands))
        length = params["length"]
        if length.__class__ is not int or length < 0 or any(s.shape[:1] != (length,) for s in rest):
            raise ValueError(f"a loop of {length} steps over arrays of other lengths")
        rows = [Spec(s.shape[1:], s.dtype) for s in rest]
        ends = list(map(form_of, params["body"].outputs))
        _check_body(params["body"], [*fixed, *first, *rows], [*first, *ends[carry:]])
        outputs = len(ends)
    else:
        fixed, states = states_of(params, operands)
        _check_body(params["cond"], [*fixed, *states[0]], [Spec((), np.dtype(bool))])
        earlier: list[Any] = []
        for way, state in zip(ways_of(params), states, strict=True):
            _check_body(way, [*fixed, *state, *earlier], state)
            earlier += state
        outputs = len(earlier)
        if carry != len(states[0]) or consts + outputs != len(operands):
            raise ValueError(f"a loop of {outputs} values from {len(operands) - consts}")
    if node.outputs != outputs:
        raise ValueError(f"a loop of {node.outputs} values gives {outputs}")


def _check_body(graph: Graph, inputs: list[Spec], outputs: list[Spec]) -> None:
    given, made = list(graph.inputs), list(map(form_of, graph.outputs))
    for wanted, found in ((inputs, given), (outputs, made)):
        if [(s.shape, s.dtype) for s in wanted] != [(s.shape, s.dtype) for s in found]:
            raise ValueError("the body of a loop takes or gives other arrays")
    check(graph)


def _of_solution(x: tuple[int, ...], y: tuple[int, ...]) -> tuple[int, ...]:
    """The shape of the solution of linear systems."""
    *lead, n, also = x
    if n != also or y[-1 if len(y) == 1 else -2] != n:
        raise ValueError(f"systems of {x} and {y}")
    return (*lead, n) if len(y) == 1 else (*broadcast_shapes(tuple(lead), y[:-2]), *y[-2:])


def _of_factor(x: tuple[int, ...]) -> tuple[int, ...]:
    if x[-1] != x[-2]:
        raise ValueError(f"matrices of {x}")
    return x


# What LAPACK writes, and what reads and writes places that are computed.
_FACTORS: dict[Any, Callable[..., tuple[int, ...]]] = {
    BLOCKS[np.linalg.cholesky]: _of_factor,
    BLOCKS[np.linalg.inv]: _of_factor,
    BLOCKS[np.linalg.solve]: _of_solution,
}
_READ = frozenset({BLOCKS["gather"], BLOCKS["scatter_at"], BLOCKS["setitem"]})
