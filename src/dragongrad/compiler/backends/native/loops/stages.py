"""Long loops in stages: a strip of steps is gone over several times, once for each round of dear functions.

A processor looks some hundred instructions ahead. Where a step of a loop is longer, one function needs the result
of another, and nothing of the next step is in sight, it waits. Loops of shorter steps do not: the first computes
the functions that need no other, the next those that need these, and the last all that remains. What they hand on
stays in the first-level cache.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterable, Sequence

from ....graph import Op, Value, operands_first
from ....lowering import is_elementwise
from ....rewrite import size_of
from ..ir.affine import Affine, Index, Loop
from ..ir.builder import Access, Text, type_of
from ..ir.registers import PTR, Register
from ..schedule.cost_model import price
from ..schedule.stores import Store
from ..tuning import (
    CUT_MULTIPLE,
    FUNCTION_COST,
    HANDED_ON_COST,
    LINE_BYTES,
    STAGED_COST,
    STAGED_STEPS,
    STRIP_BYTES,
)

Test = Callable[[Value], bool]


class Rows:
    """What the loops over a strip hand on, each value a row of the strip's steps."""

    def __init__(self, text: Text, count: int) -> None:
        self.text = text
        self.steps = max(CUT_MULTIPLE, STRIP_BYTES // (8 * count) // CUT_MULTIPLE * CUT_MULTIPLE)
        self.rows: dict[Op, Register] = {}

    def keep(self, value: Op, step: Register, element: str) -> None:
        """Write an element."""
        kind, row = type_of(value.dtype), self.text.register(PTR, self.text.fresh("row"))
        self.text.entry.append(f"  {row.name} = alloca [{self.steps} x {kind}], align {LINE_BYTES}")
        self.rows[value] = row
        row.element(kind, step).store(self.text.register(kind, element))

    def recall(self, step: Register, i: Index) -> None:
        """Read the elements of a step, all that there are: what the loop does not need LLVM drops."""
        for value, row in self.rows.items():
            self.text.scopes[-1][value, (i,)] = (
                row.element(type_of(value.dtype), step).load(type_of(value.dtype)).name
            )


def as_step_of(strip: Loop, loop: Loop, access: Access) -> Access:
    """An access of a loop over a strip, as one of the loop over all strips."""
    parts: list[tuple[Index, int]] = []
    for index, stride in access.parts:
        if isinstance(index, Affine):
            terms = tuple([(strip if v == loop else v, factor) for v, factor in index.terms])
            parts.append((Affine(index.offset, terms), stride))
        else:
            parts.append((index, stride))
    loops = tuple([v for v in access.loops if v != loop])
    return Access(access.buffer, access.kind, access.order, parts, loops)


def stages(stores: Sequence[Store], length: int, in_memory: Test) -> list[list[Op]]:
    """What each loop over a strip but the last hands on: values of functions, and others that later ones need.

    It is empty where one loop is as good.
    """
    if length < STAGED_STEPS:
        return []
    roots: list[Value] = [store.node if store.kind == "map" else store.node.operands[0] for store in stores]
    order = _needed(roots, in_memory, set())
    rounds = _rounds(order, length)
    if len(rounds) < 2 or sum(map(price, order)) < STAGED_COST:
        return []
    found: list[list[Op]] = []
    held: set[Op] = set()
    for k, functions in enumerate(rounds):
        here = _needed(functions, in_memory, held)
        held.update(functions)
        rest = _needed([*itertools.chain(*rounds[k + 1 :]), *roots], in_memory, held)
        read = {*roots, *[v for one in set(rest).difference(here) for v in one.operands if isinstance(v, Op)]}
        more = [one for one in here if one in read and one not in held and _is_row(one, length)]
        more = [one for one in more if _step_cost(_needed([one], in_memory, held), length) >= HANDED_ON_COST]
        held.update(more)
        found.append([*more, *functions])
    return found


def _step_cost(order: Iterable[Op], length: int) -> float:
    """What a step takes to compute some values; of what is summed it computes several elements."""
    return sum(price(node) * max(1, node.size // length) for node in order)


def _rounds(order: Sequence[Op], length: int) -> list[list[Op]]:
    """The dear functions in rounds, each of which needs those before it only."""
    behind: dict[Op, int] = {}  # how many rounds
    varying: set[Op] = set()
    rounds: list[list[Op]] = []
    for node in order:
        # What is the same in every step LLVM computes before the loop.
        if any(v in varying if isinstance(v, Op) and v in behind else size_of(v) >= length for v in node.operands):
            varying.add(node)
        behind[node] = max([behind.get(v, 0) for v in node.operands if isinstance(v, Op)], default=0)
        if node in varying and _is_row(node, length) and is_elementwise(node) and price(node) >= FUNCTION_COST:
            if behind[node] == len(rounds):
                rounds.append([])
            rounds[behind[node]].append(node)
            behind[node] += 1
    return rounds


def _is_row(node: Op, length: int) -> bool:
    """Whether a step computes one number of it."""
    return node.shape == (length,) and node.dtype.kind == "f"


def _needed(roots: Sequence[Value], in_memory: Test, known: set[Op]) -> list[Op]:
    """What has to be computed for some values, operands first."""

    def wanted(values: Iterable[Value]) -> list[Op]:
        return [v for v in values if isinstance(v, Op) and v not in known and not in_memory(v)]

    return operands_first(wanted(roots), lambda one: wanted(one.operands))
