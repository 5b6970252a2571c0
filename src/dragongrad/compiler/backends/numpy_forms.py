"""What a person would write for some Blocks in place of a call of their functions."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np

from ...core.block import BLOCKS
from ..graph import Op, Value
from ..passes.simplify import permutation
from ..rewrite import shape_of
from .numpy_text import shape_text

if TYPE_CHECKING:
    from .numpy_source import Source

# Stronger than every operator: a call, and a name.
ATOM = 10


def _getitem(source: Source, node: Op, values: tuple[Value, ...]) -> str:
    return f"{source.value(values[0], ATOM - 1)}[{source.index(node.params['index'], *values[1:])}]"


def _transpose(source: Source, node: Op, values: tuple[Value, ...]) -> str:
    axes = permutation(node)
    if axes == tuple(range(len(axes)))[::-1]:
        return f"{source.value(values[0], ATOM - 1)}.T"
    return f"np.transpose({source.value(values[0], 0)}, {axes})"


def _reshape(source: Source, node: Op, values: tuple[Value, ...]) -> str:
    order = node.params.get("order")
    extra = "" if order in (None, "C") else f", order={order!r}"
    shape = "-1" if len(node.shape) == 1 and 0 not in shape_of(values[0]) else shape_text(node.shape)
    return f"np.reshape({source.value(values[0], 0)}, {shape}{extra})"


def _broadcast_to(source: Source, node: Op, values: tuple[Value, ...]) -> str:
    return f"np.broadcast_to({source.value(values[0], 0)}, {shape_text(node.shape)})"


def _astype(source: Source, node: Op, values: tuple[Value, ...]) -> str:
    return f"{source.value(values[0], ATOM - 1)}.astype(np.{np.dtype(node.params['dtype']).name})"


def _ones(source: Source, node: Op, values: tuple[Value, ...]) -> str:
    return f"np.ones_like({source.value(values[0], 0)})"


def options_of(node: Op) -> list[tuple[str, Any]]:
    """The parameters of an operation, without those that are None where NumPy takes None by itself."""
    defaults = node.block.defaults
    return [(k, v) for k, v in node.params.items() if v is not None or defaults.get(k) is not None]


STOP = BLOCKS["stop_gradient"]
SEQUENCES = frozenset({BLOCKS[np.concatenate], BLOCKS[np.stack]})
SPECIAL: dict[Any, Callable[[Source, Op, tuple[Value, ...]], str]] = {
    BLOCKS["getitem"]: _getitem,
    BLOCKS["gather"]: _getitem,
    BLOCKS[np.transpose]: _transpose,
    BLOCKS[np.reshape]: _reshape,
    BLOCKS[np.broadcast_to]: _broadcast_to,
    BLOCKS["astype"]: _astype,
    BLOCKS["truncation"]: _astype,
    **{b: _ones for b in BLOCKS.values() if b.name == "_ones_like"},
}
