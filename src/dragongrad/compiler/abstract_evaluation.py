"""What a value looks like before anybody asks for its elements: large values are not computed while tracing."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from ..core.block import BLOCKS, Block
from ..core.graph import Graph
from ..core.node import Node
from . import forms
from .backends.native.elements import LOWERINGS
from .graph import ways_of

# Arrays of fewer elements are computed at once: that is quicker than to think about them.
LARGE = 4096


class Outline(np.ndarray[Any, Any]):
    """A shape and a dtype; every element is one and the same zero in memory, and means nothing."""

    def __repr__(self) -> str:
        return f"<array of shape {self.shape} and dtype {self.dtype}, not computed while tracing>"

    __str__ = __repr__

    def __getitem__(self, index: Any) -> Any:
        """The outline of an element, or of a part."""
        found = super().__getitem__(index)
        return found.view(Outline) if isinstance(found, np.ndarray) else outline((), self.dtype, number=True)

    def as_truth(self) -> Any:
        """The outline of a truth value of Python's."""
        return self.view(OutlinedTruth)


class OutlinedNumber(Outline):
    """The outline of one of NumPy's numbers."""

    is_number = True
    form: type = np.generic


class OutlinedTruth(OutlinedNumber):
    """The outline of True or False."""

    form = bool


def outline(shape: tuple[int, ...], dtype: Any, number: bool = False) -> Outline:
    """The outline of an array, or of a number."""
    return np.broadcast_to(np.zeros((), dtype), shape).view(OutlinedNumber if number else Outline)


def form_of(value: Any) -> type:
    """The class of a value, outlined or not, of which every array is an ndarray."""
    if isinstance(value, OutlinedNumber):
        return value.form
    return np.ndarray if isinstance(value, np.ndarray) else value.__class__


def outlined(block: Block, values: list[Any], params: dict[str, Any]) -> Outline | None:
    """The outline of a Block's value where that is worth it; None: compute it.

    A mistake in shapes or axes is left to the computation, which raises NumPy's own error.
    """
    # Of numbers alone no array is large.
    for v in values:
        if isinstance(v, np.ndarray):
            break
    else:
        return None
    large = any(isinstance(v, Outline) or np.size(v) > LARGE for v in values)
    known = LOWERINGS.get(block)
    form = known.form if known is not None else None
    if form is None and isinstance(block.fn, np.ufunc) and block.fn.signature is None:
        form = forms.elementwise
    if form is None or not (large or (form is forms.elementwise and len(values) > 1)):
        return None
    if form in (forms.view, forms.broadcast) and not isinstance(values[0], Outline):
        # A view of an outline is an outline; of an array, it costs nothing.
        return None
    try:
        found = form(block, values, params)
    except (ValueError, TypeError, IndexError, RuntimeError):
        # NumPy raises a RuntimeError where it cannot broadcast shapes of more than 32 axes.
        return None
    if found is None:
        return None
    shape, dtype, number = found
    size = 1
    for n in shape:
        size *= n
    return outline(shape, dtype, number) if size > LARGE or large else None


def outlined_loop(params: dict[str, Any]) -> tuple[Outline, ...]:
    """The outlines of the values of a loop, whose parameters are these: it is not run while tracing."""
    body, carry = params["body"], params["carry"]
    if "cond" in params:
        start = params["consts"]
        ends = [spec for way in ways_of(params) for spec in way.inputs[start : start + len(way.outputs)]]
        return tuple([outline(s.shape, s.dtype, number=not s.shape) for s in ends])
    begun = body.inputs[params["consts"] : params["consts"] + carry]
    found = []
    for k, end in enumerate([*body.outputs, *begun]):
        shape, dtype = (end.shape, end.dtype) if hasattr(end, "dtype") else (np.shape(end), np.asarray(end).dtype)
        shape = shape if k < carry else (params["length"], *shape)
        found.append(outline(shape, dtype, number=not shape))
    return tuple(found)


def computed(node: Node, nodes: list[Node], known: dict[Node, Any], run_loop: Callable[..., Any]) -> Any:
    """The value of one Node of a trace, from those that are known.

    Parameters
    ----------
    node, nodes : Node, list of Node
        Which, of all that were written down.
    known : dict
        Values of some of them, which suffice. Those of loops are added.
    run_loop : callable
        `run_loop(node, arrays)`: the values of a loop, which takes long in Python.
    """
    wanted, order = {node}, []
    for one in reversed(nodes):
        if one in wanted and one not in known:
            order.append(one)
            wanted.update(p for p in one.parents if p is not None)
    values = dict(known)
    for one in reversed(order):
        if one.pick is not None:
            (several,) = one.parents
            assert several is not None
            values[one] = values[several][one.pick]
            continue
        assert one.block is not None
        given = [v if p is None else values[p] for p, v in zip(one.parents, one.saved[1:], strict=True)]
        loops = isinstance(one.params.get("body"), Graph)
        if loops:
            # It takes long, and another of its values may be asked for later.
            values[one] = known[one] = run_loop(one, given)
        else:
            values[one] = one.block.forward(*given, **one.params)
    return values[node]


# What looks at the shape of its argument alone.
OF_SHAPES = frozenset({b for b in BLOCKS.values() if b.name == "_ones_like"})


def _is_complex(x: Any) -> Any:
    return np.bool_(np.iscomplexobj(x))


# What tells whether eigenvalues have come out complex.
IS_COMPLEX = Block(_is_complex, "constant", dispatches=False)
