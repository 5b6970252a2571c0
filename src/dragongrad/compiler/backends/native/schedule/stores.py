"""Roots: values that loops write to memory."""

from __future__ import annotations

import math
from collections.abc import Container

from .....records import mutable
from ....graph import Op, Value
from ....indexing import Index
from ....lowering import Role, is_a
from ....process import computed_once
from ....rewrite import reduced_axes, shape_of
from ..elements.indexing import added_at
from ..linalg.gemm import lead_of
from ..rewrites.legalize_convolution import is_convolution
from ..tuning import FEW_BEHIND, LANE_ELEMENTS, LARGE_PARTS_READ, LIST_ELEMENTS, PARTS_READ, STRAIGHT_ELEMENTS
from .access import reads


@mutable
class Store:
    """A value that goes to memory, and how.

    A "map" writes every element once; a "reduce" gathers over some axes; a "scatter" adds what it reads to the
    elements that an array of indices names; a "product" is a stack of matrix products, each by BLAS, or of
    convolutions; a "frame" lays images among zeros; a "total" is the sum of what each image of a stack adds to
    the gradient of a kernel. What is `rolled` is not written out: short loops stay loops.
    """

    node: Op
    kind: str
    rolled: bool = False

    @computed_once
    def domain(self) -> tuple[int, ...]:
        """The shape that is looped over."""
        shape = self.node.shape
        if self.kind in ("reduce", "frame"):
            return shape_of(self.node.operands[0])
        if self.kind == "total":
            return shape_of(self.node.operands[0])[:1]
        if self.kind == "product":
            return self.node.shape[:1] if is_convolution(self.node) else lead_of(self.node)
        if self.kind == "scatter":
            index = self.index
            width = len(shape) - sum(p.kind == "slice" for p in index.parts)
            return (*shape[: index.before], *index.shape, *shape[index.before + width :])
        return shape

    @computed_once
    def index(self) -> Index:
        """Of a scatter: the index, whose arrays stand side by side between full slices."""
        found = added_at(self.node)
        assert found is not None
        return found

    @computed_once
    def axes(self) -> tuple[int, ...]:
        """The axes of the domain that the result does not have."""
        if self.kind == "reduce":
            return reduced_axes(self.node, len(self.domain))
        if self.kind == "total":
            return (0,)
        if self.kind == "scatter":
            return tuple(range(self.index.before, self.index.before + len(self.index.shape)))
        return ()

    @property
    def kept(self) -> list[int]:
        """The axes of the domain that the result has too."""
        return [a for a in range(len(self.domain)) if a not in self.axes]

    @property
    def first(self) -> int:
        """The first axis that is reduced: inside the loops before it the value is complete. A map: all axes."""
        return min(self.axes, default=len(self.domain))

    @property
    def behind(self) -> list[int]:
        """The axes that are kept behind the first that is reduced."""
        return [a for a in self.kept if a > self.first]

    @property
    def in_register(self) -> bool:
        """Whether accumulators are enough: behind the axes that are reduced few elements are kept, or none."""
        return (
            self.kind == "reduce"
            and all(a > max(self.axes) for a in self.behind)
            and math.prod([self.domain[a] for a in self.behind]) <= FEW_BEHIND
        )

    def reads(self, axis: int, memory: Container[Value]) -> dict[Op, int | None]:
        """For each value in memory below: the axis that is read in step with one of the domain's."""
        if self.kind in ("map", "product"):
            return reads(self.node, [(self.node, axis)], memory)
        if self.kind in ("total", "frame"):
            return reads(self.node, [(v, axis) for v in self.node.operands], memory)
        source, *stack = self.node.operands
        shape = shape_of(source)
        at = axis - (len(self.domain) - len(shape))
        step = at if at >= 0 and shape[at] == self.domain[axis] else None
        return reads(self.node, [(source, step), *[(s, None) for s in stack]], memory)


def in_lanes(shape: tuple[int, ...], few: int = 16) -> bool:
    """Whether an array is computed a row at a time, the rows side by side in the lanes of a vector."""
    rest = math.prod(shape[1:])
    if shape[0] >= 8 * rest:
        return rest <= LANE_ELEMENTS
    # Few rows of eight: elements that lie next to one another fill a vector as well, and nothing is turned for it.
    return rest <= few and not (rest == shape[-1] == 8 and shape[0] < 16)


def row_bytes(node: Op) -> int:
    """The bytes of what a value holds at one index of its first axis."""
    rows = node.shape[0] if node.shape else 1
    return int(node.size // max(1, rows) * node.dtype.itemsize)


def _is_list(node: Op, size: int) -> bool:
    """Whether an array is joined from small parts, of which each is computed in its own way."""
    return is_a(node, Role.JOIN) and size <= LIST_ELEMENTS and size <= STRAIGHT_ELEMENTS * len(node.operands)


def is_long_list(node: Op) -> bool:
    """Whether it is joined from so many that no loop should be cut at each."""
    if not is_a(node, Role.JOIN) or node.size <= STRAIGHT_ELEMENTS:
        return False
    small = node.size <= STRAIGHT_ELEMENTS * len(node.operands)
    return len(node.operands) > (PARTS_READ if small else LARGE_PARTS_READ)


def mode_of(store: Store) -> tuple[str, int]:
    """How a store is looped over, and how long its first loop is."""
    domain = store.domain
    size = math.prod(domain)
    if store.kind in ("product", "scatter", "total", "frame"):
        return "nest", domain[0]
    if size <= STRAIGHT_ELEMENTS or _is_list(store.node, size):
        return "straight", 0
    if store.rolled:
        return "nest", domain[0]
    if in_lanes(domain, 16 if store.kind == "map" else 4) and (
        store.kind == "map" or 0 in reduced_axes(store.node, len(domain))
    ):
        return "lanes", domain[0]
    return "nest", domain[0]
