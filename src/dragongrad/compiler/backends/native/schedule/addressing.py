"""Values that must lie in memory because an element of them could not be computed where it is read.

While loops are written each index is a number, linear in the loop variables, or read from an array. Arrays in
memory take any of them. A value that is computed where it is read takes what its access map can follow: no slice
with steps at an index that is read from an array, and no other shape whose index is not linear.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable, Container
from enum import Enum
from typing import TypeAlias

from ....graph import Graph, Op, Value
from ....indexing import index_of
from ....lowering import Access, Along, Read, Role, accesses, has_element, is_a
from ....rewrite import shape_of
from ..elements.joining import axis_of
from ..elements.shapes import in_groups, regrouped
from ..ir.affine import Index, Loop, variable
from .stores import Store, mode_of


class Known(Enum):
    """What is known of an index along one axis while code is written."""

    NUMBER = 0
    LINEAR = 1
    LOADED = 2


At: TypeAlias = tuple[Known, ...]
_NUMBER, _LINEAR, _LOADED = Known
# With so few values each number is tried.
_FEW = 64


def unaddressable(graph: Graph, memory: set[Op], outside: set[Op], store: Callable[[Op], Store]) -> set[Op]:
    """The values that must go to memory besides those that do anyway.

    Parameters
    ----------
    graph : Graph
        A program.
    memory : set of Op
        What lies in memory.
    outside : set of Op
        What is not computed in loops.
    store : callable
        How an operation goes to memory.
    """
    if not is_delicate(graph):
        return set()
    found: set[Op] = set()
    read: dict[Op, set[At]] = {}

    def note(value: Value, at: At) -> None:
        if isinstance(value, Op) and value not in memory:
            read.setdefault(value, set()).add(at)

    for node in reversed(graph.nodes):
        if node in outside:
            continue
        places = read.get(node, set())
        if any(_stops(node, at) for at in places):
            found.add(node)
        if node in memory or node in found:
            one = store(node)
            # What BLAS and LAPACK read lies in memory itself.
            if has_element(node) and one.kind not in ("product", "total"):
                found |= _note_store(one, _domain(one), note)
            continue
        for at in places:
            found |= _note_operands(node, at, note)
    return found - memory


def nests(store: Store, memory: Container[Value]) -> bool:
    """Whether what is written with a loop over its first axis alone may be written with a loop over each."""
    return _follows(store, memory, tuple([_LINEAR if n > 1 else _NUMBER for n in store.domain]))


def computes(store: Store, memory: Container[Value]) -> bool:
    """Whether a store's elements can be computed in the loops of its domain where only this lies in memory."""
    return _follows(store, memory, _domain(store))


def is_delicate(graph: Graph) -> bool:
    """Whether any value of a program has indices that others could not follow."""
    return any(map(_is_delicate, graph.nodes))


def _follows(store: Store, memory: Container[Value], domain: At) -> bool:
    seen: set[tuple[Op, At]] = set()
    read: list[tuple[Op, At]] = []

    def note(value: Value, at: At) -> None:
        if isinstance(value, Op) and value not in memory and (value, at) not in seen:
            seen.add((value, at))
            read.append((value, at))

    missing = _note_store(store, domain, note)
    while read:
        node, at = read.pop()
        if _stops(node, at):
            return False
        missing |= _note_operands(node, at, note)
    return all(node in memory for node in missing)


def _is_delicate(node: Op) -> bool:
    """Whether there are indices that a view, a write or a join could not follow."""
    parts = [part for access in accesses(node) or () for part in access.parts]
    return (
        Read.IN_ORDER in parts
        or (Read.SOMEWHERE in parts and is_a(node, Role.VIEW, Role.WRITE))
        or any(isinstance(part, Along) and not isinstance(part.step, int) for part in parts)
    )


def _note_store(store: Store, at: At, note: Callable[[Value, At], None]) -> set[Op]:
    """Where the operands of what is written to memory are read, as its domain is looped over."""
    node = store.node
    if store.kind == "map":
        return _note_operands(node, at, note)
    source, *stack = node.operands
    shape = shape_of(source)
    note(source, tuple([_NUMBER if n == 1 else k for n, k in zip(shape, at[len(at) - len(shape) :], strict=True)]))
    for value in stack:
        own = shape_of(value)
        places = at[store.index.before : store.index.before + len(own) - 1]
        note(value, (_NUMBER, *places))
    return set()


def _domain(store: Store) -> At:
    """What is known of the indices that run over a store's domain."""
    mode, _ = mode_of(store)
    looped = 1 if mode == "lanes" else 0 if mode == "straight" and not store.rolled else len(store.domain)
    return tuple([_LINEAR if a < looped and n > 1 else _NUMBER for a, n in enumerate(store.domain)])


def _stops(node: Op, at: At) -> bool:
    """Whether an element at such an index cannot be computed where it is read."""
    if is_a(node, Role.WRITE):
        return _LOADED in at
    if is_a(node, Role.JOIN):
        return at[axis_of(node)] is _LOADED
    if is_a(node, Role.VIEW):
        parts = [part for access in (accesses(node) or ())[:1] for part in access.parts]
        return any(
            isinstance(part, Along) and at[part.axis] is _LOADED and (part.start, part.step) != (0, 1)
            for part in parts
        )
    return False


def _note_operands(node: Op, at: At, note: Callable[[Value, At], None]) -> set[Op]:
    """Where the operands of an element are read; those that then must lie in memory."""
    found: set[Op] = set()
    for value, access in zip(node.operands, accesses(node) or (), strict=True):
        if not isinstance(value, Op):
            continue
        if Read.IN_ORDER in access.parts:
            inner = _reshaped(at, node.shape, value.shape)
            if inner is None:
                found.add(value)
                continue
        else:
            inner = tuple([_inner(node, access, a, at) for a in range(len(access.parts))])
        note(value, inner)
    return found


def _inner(node: Op, access: Access, axis: int, at: At) -> Known:
    """What is known of an operand's index along one axis."""
    part = access.parts[axis]
    if isinstance(part, Along):
        exact = isinstance(part.step, int) or at[part.axis] is _NUMBER
        return at[part.axis] if exact else _LOADED
    if part is not Read.SOMEWHERE:
        return _NUMBER
    places = index_of(node)
    if places is None:
        return _LOADED
    own = at[places.before : places.before + len(places.shape)]
    here = [p for p in places.parts if p.kind != "new"]
    known = axis < len(here) and here[axis].kind == "array" and not here[axis].is_computed
    return _NUMBER if known and all(k is _NUMBER for k in own) else _LOADED


def _reshaped(at: At, shape: tuple[int, ...], inner: tuple[int, ...]) -> At | None:
    """What is known of the index into an array in another shape; None where it is not linear."""
    return (_NUMBER,) * len(inner) if 0 in shape else in_groups(at, shape, inner, _regrouped)


def _regrouped(at: At, shape: tuple[int, ...], inner: tuple[int, ...]) -> list[Known] | None:
    if shape == inner:
        return list(at)
    long = [k for k, n in zip(at, shape, strict=True) if n > 1]
    if _LOADED in long:
        whole = [n for n in shape if n > 1] == [n for n in inner if n > 1] and len(long) == 1
        return [_LOADED if n > 1 else _NUMBER for n in inner] if whole else None
    if _LINEAR not in long:
        return [_NUMBER] * len(inner)
    if sum(n > 1 for n in inner) > 1 and not all(
        regrouped(index, shape, inner) is not None for index in _examples(at, shape)
    ):
        return None
    return [_LINEAR if n > 1 else _NUMBER for n in inner]


def _examples(at: At, shape: tuple[int, ...]) -> list[tuple[Index, ...]]:
    """Indices of this kind: each number, where these are few, beside loops over whole axes."""
    numbers = [range(n) if k is _NUMBER else range(1) for k, n in zip(at, shape, strict=True)]
    if math.prod(map(len, numbers)) > _FEW:
        numbers, at = [range(1)] * len(shape), (_LINEAR,) * len(shape)
    loops = [variable(Loop(f"%{a}", 0, n)) for a, n in enumerate(shape)]
    return [
        tuple([loop if k is _LINEAR else i for loop, k, i in zip(loops, at, index, strict=True)])
        for index in itertools.product(*numbers)
    ]
