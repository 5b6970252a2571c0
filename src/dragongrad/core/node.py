"""A Node: one application of a Block, as the tape and the Graph keep it."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .block import Block

# What an edge does with a cotangent, where no function needs to be called.
TIMES, KEEP, NEGATE = object(), object(), object()


class Spec:
    """The shape and dtype of an array, without the array."""

    __slots__ = ("dtype", "shape")

    def __init__(self, shape: tuple[int, ...], dtype: Any) -> None:
        self.shape = shape
        self.dtype = dtype

    @property
    def ndim(self) -> int:
        """The number of axes."""
        return len(self.shape)

    @property
    def size(self) -> int:
        """The number of elements."""
        size = 1
        for n in self.shape:
            size *= n
        return size


class Node(Spec):
    """One application of a Block: what made a value, from which Nodes, and what its pullback needs.

    Attributes
    ----------
    block : Block or None
        The Block applied; None for an input.
    parents : tuple of Node or None
        The Node of each array argument, None where the argument does not depend on an input.
    edges : tuple
        For elementwise Blocks: `(parent, partial, saved)` for each argument that matters.
    saved : tuple
        For other Blocks: the output and the arguments, each reduced to its shape where that suffices.
    params : dict
        The keyword arguments of the application.
    pick : int or None
        Which output this is, where the parent Node has several.
    bar : array or None
        The cotangent while a sweep runs.

    """

    __slots__ = ("__weakref__", "bar", "block", "edges", "extra", "params", "parents", "pick", "saved")

    # An eager run makes one Node per operation: only what an elementwise Block needs is set here.
    def __init__(self, block: Block | None, edges: tuple[Any, ...], shape: tuple[int, ...], dtype: Any) -> None:
        self.block = block
        self.edges = edges
        self.shape = shape
        self.dtype = dtype
        self.bar: Any = None

    if TYPE_CHECKING:
        extra: str  # the line of the user's code, where somebody watches

    def keep(
        self, parents: tuple[Node | None, ...], saved: tuple[Any, ...], params: Any, pick: int | None = None
    ) -> Node:
        """Set what the pullback of a Block that is not elementwise needs."""
        self.parents = parents
        self.saved = saved
        self.params = params
        self.pick = pick
        return self

    def inputs(self) -> Iterable[Node]:
        """The Nodes that this one depends on directly."""
        if self.edges:
            return [edge[0] for edge in self.edges]
        return [] if self.block is None else [p for p in self.parents if p is not None]

    def __repr__(self) -> str:
        name = self.block.name if self.block is not None else "input"
        return f"<Node {name} {self.shape}>"
