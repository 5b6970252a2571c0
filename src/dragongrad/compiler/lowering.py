"""What the compiler knows of a Block: one record, from which everything else that it asks is derived.

A record says which shape and dtype a value has, from which elements of its operands each element is computed, with
which instructions, and what that costs. The modules of `backends/native/elements` make one for each Block that is
computed inside loops.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from enum import Enum
from functools import lru_cache
from typing import TYPE_CHECKING, Any, NamedTuple, TypeAlias

from ..core.block import BLOCKS, Block
from ..records import record
from .graph import Op
from .rewrite import shape_of

if TYPE_CHECKING:
    from fractions import Fraction


class Along(NamedTuple):
    """The index of an operand along one axis: `start + step * i`, where `i` is that of the result along `axis`."""

    axis: int
    start: int | Fraction = 0
    step: int | Fraction = 1


class Read(Enum):
    """The index of an operand along one axis, where it does not follow one index of the result."""

    #: Each is read: the terms of a sum.
    WHOLE = "whole"
    #: Some are, as the program finds out when it runs.
    SOMEWHERE = "somewhere"
    #: All are, in the order in which they lie in memory.
    IN_ORDER = "in order"


class Access(NamedTuple):
    """Which elements of an operand an element of the result is computed from.

    Attributes
    ----------
    parts : tuple of Along, Read or int
        The index along each of the operand's axes; a whole number is that place.
    once : frozenset of int
        The axes of the result of which this operand is read at some places only, as one part of what is joined is.
    """

    parts: tuple[Along | Read | int, ...]
    once: frozenset[int] = frozenset()


# A shape, a dtype, and whether NumPy would give a number rather than an array of no axes.
Form: TypeAlias = tuple[tuple[int, ...], Any, bool]


class Role(Enum):
    """What kind of thing a Block does."""

    #: Computes each element from those at the same place.
    ELEMENTWISE = "elementwise"
    #: Passes elements on at the same place: one of several, or converted.
    SELECT = "select"
    #: Moves or repeats elements.
    VIEW = "view"
    #: Puts arrays side by side.
    JOIN = "join"
    #: Lays elements into zeros, or into an array.
    WRITE = "write"
    #: Combines elements along axes.
    REDUCTION = "reduction"
    #: Adds products of elements.
    PRODUCT = "product"


@record
class Lowering:
    """All that the compiler knows of a Block.

    Attributes
    ----------
    role : Role
        What kind of thing it does.
    access : callable
        `access(node)`: an `Access` for each operand.
    form : callable or None
        `form(block, values, params)`: the shape and dtype of the value of what is only outlined; None where this
        cannot be told, or is not worth it.
    element : callable or None
        `element(expressions, node, index)`: the register of one element, written as instructions; None where a
        whole value is computed at once.
    cost : float
        What an element costs, its operands given; an addition is 1.
    cost_of : callable or None
        `cost_of(node)`: what one of this application costs, where that differs.
    fits : callable or None
        `fits(node)`: whether this application can be computed so; None where every one can.
    instructions : callable or None
        Elementwise: `instructions(text, dtype, registers, values)`, for registers of that dtype.
    dtype : callable or None
        Elementwise: `dtype(node, values)`: in which dtype it is computed.
    combine : numpy.ufunc or None
        Of a reduction: what combines two elements.
    """

    role: Role
    access: Callable[[Op], tuple[Access, ...]]
    form: Callable[[Block, list[Any], dict[str, Any]], Form | None] | None = None
    element: Callable[[Any, Op, Any], str] | None = None
    cost: float = 0
    cost_of: Callable[[Op], float] | None = None
    fits: Callable[[Op], bool] | None = None
    instructions: Callable[..., str] | None = None
    dtype: Callable[..., Any] | None = None
    combine: Any = None


LOWERINGS: dict[Block, Lowering] = {}


def declare(*fns: Any, **record: Any) -> None:
    """Enter one record, for the Blocks of the functions that it is given."""
    for fn in fns:
        LOWERINGS[BLOCKS[fn]] = Lowering(**record)


def lowered(*fns: Any, **record: Any) -> Callable[[Any], Any]:
    """Enter one record as `declare` does, whose `element` is the decorated function."""

    def enter(element: Any) -> Any:
        declare(*fns, element=element, **record)
        return element

    return enter


# What is derived


def is_a(node: Op, *roles: Role) -> bool:
    """Whether what an operation does is of one of these kinds."""
    found = LOWERINGS.get(node.block)
    return found is not None and found.role in roles


def has_element(node: Op) -> bool:
    """Whether elements can be computed one by one, inside loops."""
    found = LOWERINGS.get(node.block)
    return found is not None and found.element is not None


def fits(node: Op) -> bool:
    """Whether the record of its Block can be used for an operation."""
    found = LOWERINGS.get(node.block)
    return found is not None and (found.fits is None or found.fits(node))


def cost_of_element(node: Op) -> float | None:
    """What an element costs, its operands given; an addition is 1. None of a Block without a record."""
    found = LOWERINGS.get(node.block)
    return None if found is None else found.cost if found.cost_of is None else found.cost_of(node)


def is_elementwise(node: Op) -> bool:
    """Whether each element is computed from those at the same place."""
    return is_a(node, Role.ELEMENTWISE)


def accesses(node: Op) -> tuple[Access, ...] | None:
    """Which elements of each operand an element is computed from; None of a Block without a record."""
    if node.accesses is None:
        found = LOWERINGS.get(node.block)
        node.accesses = (None if found is None else found.access(node),)
    known: tuple[Access, ...] | None = node.accesses[0]
    return known


def terms_of(node: Op) -> int:
    """From how many elements of its first operand an element is computed."""
    found = accesses(node)
    if not found:
        return 1
    shape = shape_of(node.operands[0])
    return math.prod([n for part, n in zip(found[0].parts, shape, strict=True) if part is Read.WHOLE])


@lru_cache(maxsize=4096)
def broadcast_access(shape: tuple[int, ...], inner: tuple[int, ...]) -> Access:
    """The access of an operand that is broadcast to a shape."""
    lead = len(shape) - len(inner)
    return Access(tuple([0 if n == 1 != shape[lead + a] else Along(lead + a) for a, n in enumerate(inner)]))


def same_place(node: Op) -> tuple[Access, ...]:
    """The access of what is computed from the elements at the same place."""
    return tuple([broadcast_access(node.shape, shape_of(v)) for v in node.operands])
