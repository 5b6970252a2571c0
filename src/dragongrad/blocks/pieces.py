"""`np.piecewise`, which calls a function for the elements that a condition names."""

from __future__ import annotations

from collections.abc import Callable
from functools import reduce
from typing import Any

import numpy as np

from ..core.block import BLOCKS, composite
from ..core.errors import describe
from ..core.variable import Variable, bottom
from .axes import as_array
from .kinks import kink
from .special import stop_gradient


@composite(np.piecewise)
def piecewise(x: Any, condlist: Any, funclist: Any, *args: Any, **kw: Any) -> Any:
    """A function given by pieces; each piece is called with the elements that its condition names.

    Where the conditions differ from row to row of a `vmap`, and in compiled code, every piece is called with all
    elements: one that mixes them is refused.
    """
    x = as_array(x)
    conditions = _conditions(condlist, x.ndim)
    if len(funclist) == len(conditions) + 1:
        conditions.append(np.logical_not(reduce(np.logical_or, conditions)))
    if len(funclist) != len(conditions):
        raise ValueError(f"piecewise: {len(conditions)} conditions for {len(funclist)} functions")
    out = np.zeros_like(x)
    for condition, piece in zip(conditions, funclist, strict=True):
        if np.shape(condition) != x.shape[: np.ndim(condition)]:
            raise IndexError(f"piecewise: a condition of shape {np.shape(condition)} for {describe(x)}")
        if not callable(piece):
            out[condition] = piece
        elif isinstance(condition, Variable):
            out = _chosen(lambda v, piece=piece: piece(v, *args, **kw), x, condition, out)
        elif np.any(condition):
            out[condition] = piece(x[condition], *args, **kw)
    return out if out.dtype == x.dtype else out.astype(x.dtype)


def _conditions(condlist: Any, ndim: int) -> list[Any]:
    """The conditions on an array of so many axes: the rows of an array, or the parts of a list."""
    alone = _is_number(condlist) and not isinstance(condlist, tuple)
    if alone or (ndim and _is_number(condlist[0])):
        condlist = [condlist]
    found = [as_array(c).astype(bool) for c in condlist]
    if len({c.shape for c in found}) > 1:
        raise ValueError(f"piecewise: conditions of different shapes {[c.shape for c in found]}")
    return found


def _is_number(value: Any) -> bool:
    return value.ndim == 0 if isinstance(value, Variable) else not isinstance(value, (list, np.ndarray))


def _chosen(piece: Callable[..., Any], x: Any, condition: Any, out: Any) -> Any:
    """What a piece says of all elements where a condition holds that is not known now, and `out` elsewhere."""
    mask = np.reshape(condition, (*condition.shape, *(1,) * (x.ndim - condition.ndim)))
    low = bottom(condition)
    trace: Any = low.level if isinstance(low, Variable) else None
    start = len(trace.nodes) if trace else 0
    found = _one_number(piece(x))
    alone = np.shape(found) in (x.shape, ())
    if alone and trace:
        alone = all(map(_is_of_elements, trace.nodes[start:]))
    elif alone:
        # The elements elsewhere are others: where that changes anything here, the piece mixes elements.
        other = _one_number(piece(stop_gradient(np.where(mask, x, x + 1))))
        both = [bottom(np.where(mask, v, stop_gradient(out))) for v in (found, other)]
        alone = np.array_equal(*both, equal_nan=True)
    if not alone:
        # It needs exactly those that are chosen, whose number is not known.
        out[condition] = piece(x[condition])
        return out
    return np.where(mask, found, out)


def _one_number(found: Any) -> Any:
    return np.reshape(found, ()) if np.shape(found) == (1,) else found


def _is_of_elements(node: Any) -> bool:
    """Whether each element of what a Node gives is of the elements at its own place alone."""
    block = node.block
    if block is _RESHAPE:
        # Axes of length 1, with which what stands beside it is spread.
        shape = node.parents[0].shape if node.parents[0] is not None else np.shape(node.saved[1])
        return [n for n in node.shape if n != 1] == [n for n in shape if n != 1]
    of_ufunc = isinstance(block.fn, np.ufunc) and block.fn.signature is None
    return block.kind == "elementwise" or block in _OF_ELEMENTS or of_ufunc


_RESHAPE = BLOCKS[np.reshape]
_OF_ELEMENTS = frozenset({BLOCKS["astype"], BLOCKS["stop_gradient"], BLOCKS[np.where]})

kink(np.piecewise, "where a condition changes", "of what is chosen", [0.0], 3,
     lambda x: np.piecewise(x, [x < 0], [lambda y: y, lambda y: 3 * y]))  # fmt: skip
