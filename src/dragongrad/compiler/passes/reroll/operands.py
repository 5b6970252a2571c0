"""What each operation of a step is applied to: what steps share, what one of them makes, or a row of its own."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Literal

import numpy as np

from ....core.block import BLOCKS
from ....records import mutable, record
from ...graph import Graph, Op, Value, bytes_of, form_of
from ...rewrite import dtype_of, is_place
from ..share import key_of
from .errors import NoLoopError
from .repeats import LEAST_STEPS, Numbered, Repeat

Kind = Literal["own", "carried", "fixed", "rows"]

ADD, SCATTER, GETITEM, SETITEM = BLOCKS[np.add], BLOCKS["scatter"], BLOCKS["getitem"], BLOCKS["setitem"]
# The value of an operation is written down by these; of a power it depends on what the exponent is known to be.
_EXACT = frozenset({BLOCKS[np.power]})
# Arrays of so many bytes may be put together to be the rows of one.
_COPIED = 1_000_000


@record
class Operand:
    """One operand of one operation, in all steps.

    Attributes
    ----------
    kind : str
        "own": made in the same step. "carried": made in a step before. "fixed": the same in all steps. "rows":
        another in each.
    at : int
        The number of the operation in its step that makes it.
    back : int
        Of what is carried, how many steps before it is made.
    values : list of Value
        Of what is carried, what the first `back` steps are given; what is fixed; or each row.
    """

    kind: Kind
    at: int = -1
    back: int = 0
    values: Sequence[Value] = ()


@mutable
class Steps:
    """A stretch that is a loop.

    Attributes
    ----------
    repeat : Repeat
        Where it is.
    operands : list of list of Operand
        Of each operation of a step.
    places : dict
        Of operations whose index moves from step to step, by their numbers: the index in each step.
    gathered : dict
        Of sums of what is laid into zeros, and of writes, that nobody reads before the end: the number of the
        operation that lays, or that writes.
    """

    repeat: Repeat
    operands: list[list[Operand]]
    places: dict[int, list[tuple[Any, ...]]]
    gathered: dict[int, int]

    def rows(self) -> list[int]:
        """The operations that read a row of what is the same in all steps."""
        return [at for at, one in self.places.items() if at not in self.gathered.values()]


def steps_of(graph: Numbered, repeat: Repeat) -> Steps:
    """The stretch as a loop, without steps at its ends that differ from the others; nothing in it is gathered yet.

    Raises
    ------
    NoLoopError
        It is none.
    """
    repeat, kinds = _trimmed(graph, repeat)
    operands = _operands(graph, repeat, kinds)
    rows = [one.values for row in operands for one in row if one.kind == "rows"]
    if sum([_copied_bytes(graph, values) for values in rows]) > _COPIED:
        raise NoLoopError("its steps read large arrays of their own, which would be copied")
    return Steps(repeat, operands, _places(graph, repeat), {})


# What kind of operand each is, and in which steps


def _columns(graph: Numbered, repeat: Repeat) -> Any:
    """The operands of all steps: a row for each step."""
    begin, end = graph.begins[repeat.start], graph.begins[repeat.stop]
    return graph.operands[begin:end].reshape(repeat.count, -1)


def _trimmed(graph: Numbered, repeat: Repeat) -> tuple[Repeat, list[tuple[Kind, int, int]]]:
    """The steps around the middle in which each operand is of one kind; of each its kind, maker and distance."""
    table, period = _columns(graph, repeat), repeat.period
    begun = repeat.start + period * np.arange(repeat.count)
    middle, kinds = repeat.count // 2, list[tuple[Kind, int, int]]()
    first, last = 0, repeat.count
    for column in table.T:
        kind, fits = _kind(column, begun, repeat)
        back = kind[2]
        wrong = np.flatnonzero(~fits)
        before, after = wrong[wrong < middle], wrong[wrong > middle]
        if not fits[middle]:
            raise NoLoopError("an operand is made in another step each time")
        first = max(first, int(before[-1]) + 1 - back if len(before) else 0)
        last = min(last, int(after[0]) if len(after) else last)
        kinds.append(kind)
    for column, (what, _, back) in zip(table.T, kinds, strict=True):
        if what != "own":
            # What comes from outside and an earlier step made: that step is no part of the loop.
            outer = column[first : first + back] if what == "carried" else column[first:last]
            inner = outer[(outer >= repeat.start) & (outer < repeat.stop)]
            first = max(first, (int(inner.max(initial=repeat.start - 1)) - repeat.start) // period + 1)
    if last - first < LEAST_STEPS:
        raise NoLoopError("its steps differ")
    return Repeat(repeat.start + first * period, period, last - first), kinds


def _kind(column: Any, begun: Any, repeat: Repeat) -> tuple[tuple[Kind, int, int], Any]:
    """The kind of an operand, its maker and how many steps before it is made; and which steps have it so."""
    middle = len(column) // 2
    one = int(column[middle])
    if one == -1:
        return ("rows", -1, 0), column == -1
    if column[middle - 1] == one == column[middle + 1]:
        return ("fixed", -1, 0), column == one
    if repeat.start <= one < repeat.stop:
        distance = one - int(begun[middle])
        kind: Kind = "own" if distance >= 0 else "carried"
        back = -(distance // repeat.period)
        return (kind, distance + back * repeat.period, back), column - begun == distance
    return ("rows", -1, 0), ((column < repeat.start) | (column >= repeat.stop)) & (column >= 0)


def _operands(graph: Numbered, repeat: Repeat, kinds: list[tuple[Kind, int, int]]) -> list[list[Operand]]:
    """The operands with the values that they have outside of the loop."""
    found, number = [], 0
    for at in range(repeat.period):
        first = graph.nodes[repeat.start + at]
        row = []
        for k in range(len(first.operands)):
            kind, maker, back = kinds[number]
            number += 1
            if kind == "own":
                row.append(Operand("own", maker))
                continue
            count = {"carried": back, "fixed": 1}.get(kind, repeat.count)
            nodes = graph.nodes[repeat.start + at : repeat.stop : repeat.period]
            values = [node.operands[k] for node in nodes[:count]]
            if kind == "carried":
                made = graph.nodes[repeat.start + maker]
                if any(not _is_alike(v, made) for v in values):
                    raise NoLoopError(f"{made.block.name} has another shape or dtype in its first step")
                row.append(Operand("carried", maker, back, values))
            elif kind == "fixed" or _are_equal(values):
                row.append(Operand("fixed", values=values[:1]))
            else:
                row.append(Operand("rows", values=_as_rows(nodes, values)))
        found.append(row)
    return found


def _is_alike(value: Value, made: Op) -> bool:
    form = form_of(value)
    return (form.shape, form.dtype) == (made.shape, made.dtype)


def _are_equal(values: Sequence[Value]) -> bool:
    first = values[0]
    if all(v is first for v in values):
        return True
    if any(isinstance(v, Op) for v in values):
        return False
    key = key_of(first)
    return all(key_of(v) == key for v in values)


def _as_rows(nodes: list[Op], values: list[Value]) -> list[Value]:
    """Values that can be the rows of one array."""
    forms = {(form_of(v).shape, form_of(v).dtype) for v in values}
    if len(forms) != 1:
        raise NoLoopError("an operand has another shape or dtype in each step")
    node = nodes[0]
    if isinstance(values[0], Op):
        return values
    arrays = all(np.ndim(v) for v in values)
    if node.block in _EXACT or not (arrays or isinstance(node.block.fn, np.ufunc)):
        raise NoLoopError(f"{node.block.name} has another constant in each step")
    if values[0].__class__ in (int, float, complex):
        # Beside arrays a number of Python's takes their dtype, which the row of an array does not.
        others = [dtype_of(v) for v in node.operands if dtype_of(v) is not None]
        dtype = np.result_type(*others, values[0].__class__(0))
        return [np.asarray(v).astype(dtype)[()] for v in values]
    return values


def _copied_bytes(graph: Numbered, values: Sequence[Value]) -> int:
    """The bytes of rows that are put together: no parts of one array, and not made step by step elsewhere."""
    ops = [v for v in values if isinstance(v, Op)]
    if not ops:
        return 0
    parts = {id(v.operands[0]) if v.block is GETITEM else None for v in ops}
    if len(parts) == 1 and None not in parts:
        return 0
    places = np.array([graph.places[v] for v in ops])
    made = places[places < len(graph.kinds)]
    strides, often = np.unique(np.diff(made), return_counts=True)
    # At its ends a loop may read what was made before, or given.
    alone = len(ops) - (int(often.max()) + 1 if len(strides) else 0)
    return sum(map(bytes_of, ops)) // len(ops) * alone


# Indices that move, and what is gathered by them


def _places(graph: Numbered, repeat: Repeat) -> dict[int, list[tuple[Any, ...]]]:
    """The index in each step, of each operation in which it moves."""
    found = {}
    for at in range(repeat.period):
        nodes = graph.nodes[repeat.start + at : repeat.stop : repeat.period]
        first = nodes[0].params
        index = first.get("index")
        if not isinstance(index, tuple) or not any(map(is_place, index)):
            continue
        if all(node.params is first for node in nodes):
            continue
        key = key_of(index)
        if any(key_of(node.params["index"]) != key for node in nodes):
            found[at] = [node.params["index"] for node in nodes]
    return found


def read_outside(graph: Graph, numbers: Numbered, loops: Sequence[Repeat], singly: bool = False) -> set[int]:
    """The places of operations that are read outside of the stretch that they are in; `singly`: outside of all."""
    owner = np.full(len(numbers.nodes), -1)
    for k, one in enumerate(loops):
        owner[one.start : one.stop] = k
    users = np.repeat(np.arange(len(numbers.kinds)), np.diff(numbers.begins))
    used = numbers.operands
    if singly:
        apart = (used >= 0) & (owner[used] >= 0) & (owner[users] < 0)
    else:
        apart = (used >= 0) & ((owner[used] < 0) | (owner[used] != owner[users]))
    return {*used[apart].tolist(), *[numbers.places[o] for o in graph.outputs if isinstance(o, Op)]}
