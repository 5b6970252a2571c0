"""The functions of a schedule: one for each set of loops, in LLVM's language; here those of one loop, or none."""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable
from typing import Any

import numpy as np

from .....core.errors import CompileError
from ....graph import Op, Value, operands_first
from ....lowering import is_elementwise
from ....rewrite import shape_of
from ..elements.contractions import product
from ..elements.expressions import Expressions, spread
from ..ir.affine import Index, Loop, Split, variable
from ..ir.builder import Buffer, Function, Text
from ..ir.functions import GREATER, LESSER
from ..ir.registers import I64, Register
from ..schedule.steps import Loops
from ..schedule.stores import Store
from ..tuning import (
    ALIAS_CHECKED_STEPS,
    CUT_MULTIPLE,
    INTERLEAVED_LINES,
    INTERLEAVED_STEPS,
    INTERLEAVED_STORES,
    LOOPS_FOR_ONE,
    RECURSION_DEPTH,
    STRAIGHT_ELEMENTS,
    VECTOR_ROW,
    WRITTEN_OUT_ROW,
)
from .accumulators import combine, gathered, kind_of, name_of, result, start_of
from .batched_calls import batched
from .stages import Rows, as_step_of, stages

# The registers between whose values the steps of a loop are; of a function's first loop, its parameters.
Bounds = tuple[str, str]
PART: Bounds = "%low", "%high"
# What LLVM is told of a loop, by the numbers in the closing of a module: nothing; to make vectors of its steps,
# several at a time or one; to leave it as it is; to make vectors of it before it thinks of writing it out, since
# vectors of a loop around it would be of elements that lie apart.
OUTER, INNER, NARROW, PLAIN, ROW = "", *[f", !llvm.loop !{k}" for k in (0, 2, 4, 7)]


def is_row(steps: int) -> bool:
    """Whether the steps of an inner loop are few, and fill whole vectors."""
    return 0 < steps <= VECTOR_ROW and steps % 8 == 0


class LoopWriter:
    """Writes the function of one set of loops.

    Parameters
    ----------
    name : str
        Of the function.
    in_memory : callable
        Whether a value lies in memory before these loops run.
    """

    def __init__(self, name: str, loops: Loops, in_memory: Callable[[Value], bool]) -> None:
        self.name = name
        self.loops = loops
        self.in_memory = in_memory
        self.text = Text()
        self.text.borrows = loops.quick
        self.own = {store.node for store in loops.stores}
        self.values: list[Value] = []
        self.places: dict[int, Buffer] = {}
        self.to = Expressions(self.text, self._memory)
        self.totals: dict[Op, str] = {}
        self.neutral: dict[str, str] = {}  # by what loads them, the neutral elements that LLVM is not to know
        self.known: dict[tuple[Op, int], dict[Op, int | None]] = {}

    def _memory(self, value: Value) -> Buffer | None:
        if isinstance(value, Op) and (value in self.own or not self.in_memory(value)):
            return None
        return self._buffer(value)

    def _buffer(self, value: Value) -> Buffer:
        found = self.places.get(id(value))
        if found is None:
            dtype = value.dtype if isinstance(value, Op) else np.asarray(value).dtype
            found = self.places[id(value)] = Buffer(f"%b{len(self.values)}", shape_of(value), dtype)
            self.values.append(value)
        return found

    def write(self) -> Function:
        """The function."""
        length = self._body()
        loads = [f"  {register} = {load}" for load, register in self.neutral.items()]
        entry, body = self.text.entry, self.text.lines
        if self.loops.mode == "straight":
            more, body = batched(body, self.text.declared, self.text.borrows)
            entry = [*entry, *more]
        lines = [*loads, *entry, *body, "  ret void"]
        return Function(self.name, lines, self.values, self.text.declared, length, self.text.accesses)

    def _body(self) -> int:
        """The loops, and how long the first is."""
        if self.loops.mode == "straight":
            for store in self.loops.stores:
                self._straight(store)
                # From here on what loops need of it is read.
                self.own.discard(store.node)
            return 0
        self._lanes(self.loops.length)
        return self.loops.length

    def _element(self, node: Op, index: tuple[Index, ...]) -> str:
        """An element of a store: long chains of values of its shape are written from their beginning."""

        def known(value: Op) -> bool:
            return self.text.recall((value, index)) is not None

        # Chains of small values have been cut before.
        if node.size > STRAIGHT_ELEMENTS:
            for one in _chain(node, self.in_memory, known):
                self.to.element(one, index)
        return self.to.element(node, index)

    # Few elements: no loop

    def _straight(self, store: Store) -> None:
        if store.rolled:
            self._loops(list(store.node.shape), lambda index: self._write(store.node, index), PLAIN)
            return
        for index in itertools.product(*map(range, store.node.shape)):
            self._write(store.node, index)

    def _write(self, node: Op, index: tuple[Index, ...]) -> None:
        """An element of a value, to its place."""
        buffer, value = self._buffer(node), self._element(node, index)
        self.text.store(buffer, list(zip(index, buffer.strides, strict=True)), value)

    def _loops(self, shape: list[int], body: Callable[[tuple[Index, ...]], None], hint: str) -> None:
        """Nested loops over a shape, the last axis innermost."""

        def descend(at: tuple[Index, ...], rest: list[int]) -> None:
            if not rest:
                body(at)
                return
            kind = hint if hint == PLAIN or len(rest) == 1 else OUTER
            self._loop("i", 0, rest[0], lambda loop: descend((*at, variable(loop)), rest[1:]), None, kind)

        descend((), shape)

    # Loops

    def _loop(
        self, name: str, low: int, high: int, body: Callable[[Loop], None], bounds: Bounds | None, hint: str
    ) -> None:
        """A loop, cut wherever its body must know more about where it is.

        Of the steps from `low` to `high`, those between two `bounds` are made.
        """
        # What is left, the next part last. An index that falls is cut from the end of the loop, part after part.
        parts, cuts = [(low, high)], 0
        while parts:
            low, high = parts.pop()
            loop = Loop(self.text.fresh(name), low, high)
            try:
                with self.text.piece():
                    self._whole_loop(loop, body, bounds, hint)
            except Split as cut:
                if cut.loop != loop:
                    raise
                cuts += 1
                if cuts > LOOPS_FOR_ONE:
                    raise CompileError(
                        f"it joins more than {LOOPS_FOR_ONE} arrays, each of which would be a loop\n"
                        'Write one operation on all of them, stacked, or backend="numpy"'
                    ) from None
                parts += [(cut.at, high), (low, cut.at)]

    def _whole_loop(
        self, loop: Loop, body: Callable[[Loop], None], bounds: Bounds | None, hint: str, step: int = 1
    ) -> None:
        text = self.text
        if bounds is None and loop.high - loop.low == 1:
            # A loop of one step is no loop: its variable is a known number.
            with text.inside(loop):
                body(loop)
            return
        low, high = self._clipped(loop, bounds) if bounds is not None else (loop.low, loop.high)

        def note(lines: int) -> str:
            return self._width(loop, lines) if hint == INNER else hint

        with text.loop(high, low, step, name=loop.name, note=note), text.inside(loop):
            body(loop)

    def _width(self, loop: Loop, lines: int) -> str:
        """How many vectors wide an innermost loop of so many lines is to be."""
        steps = loop.high - loop.low
        if steps < ALIAS_CHECKED_STEPS and lines > INTERLEAVED_LINES:
            # Where LLVM makes no vectors of a loop that it was told a width of, it says so on stderr.
            return OUTER
        if self.loops.mode == "nest" and is_row(steps) and steps <= WRITTEN_OUT_ROW:
            return ROW
        # Short loops, and those that carry much, are one vector wide; others are several, to hide latencies. Lines
        # count little of functions that LLVM has yet to write into the loop.
        narrow = steps <= INTERLEAVED_STEPS or lines > INTERLEAVED_LINES or self.text.woven > 0
        return NARROW if narrow or len(self.loops.stores) > INTERLEAVED_STORES else INNER

    def _clipped(self, loop: Loop, bounds: Bounds) -> tuple[Register, Register]:
        """The part of a loop between two bounds."""
        first, end = (self.text.register(I64, bound) for bound in bounds)
        low, high = self.text.call(GREATER, first, loop.low), self.text.call(LESSER, end, loop.high)
        # Only loops over lanes are cut at whole vectors.
        if self.loops.mode == "lanes" and bounds == PART and loop.low == 0 and loop.high % CUT_MULTIPLE == 0:
            # It is so already: told of it, LLVM writes no loop for the steps that would be left over.
            return low & -CUT_MULTIPLE, high & -CUT_MULTIPLE
        return low, high

    def _lanes(self, length: int) -> None:
        sums = [r for r in self.loops.stores if r.kind == "reduce"]
        totals = {id(r): self._accumulators(r) for r in sums}

        def body(loop: Loop) -> None:
            i = variable(loop)
            for store in self.loops.stores:
                for rest in itertools.product(*map(range, store.domain[1:])):
                    if store.kind == "map":
                        self._write(store.node, (i, *rest))
                    else:
                        place = totals[id(store)][self._kept(store, (i, *rest))]
                        self._add(store, place, self._term(store, (i, *rest)))

        held = stages(self.loops.stores, length, lambda v: v not in self.own and self.in_memory(v))
        if not held or not self._staged(length, held, body):
            self._loop("i", 0, length, body, PART, INNER)
        for store in sums:
            self._deliver(store, totals[id(store)])

    def _staged(self, length: int, held: list[list[Op]], body: Callable[[Loop], None]) -> bool:
        """The loop in strips and stages; not, where some steps are of another kind than others."""
        try:
            with self.text.piece():
                self._strips(length, held, body)
        except Split:
            return False
        return True

    def _strips(self, length: int, held: list[list[Op]], body: Callable[[Loop], None]) -> None:
        text, rows = self.text, Rows(self.text, sum(map(len, held)))
        strip = Loop(text.fresh("strip"), 0, length)
        low, high = self._clipped(strip, PART)
        with text.loop(high, low, rows.steps, name=strip.name) as start, text.inside(strip):
            # That it is whole vectors, and not none, where it is, LLVM would not see by itself.
            whole = math.gcd(length, CUT_MULTIPLE)
            count = text.call(GREATER, text.call(LESSER, high - start, rows.steps) & -whole, whole)
            for values in (*held, ()):
                loop, known = Loop(text.fresh("i"), 0, length), len(text.accesses)
                with text.loop(count, note=lambda _: NARROW) as step, text.inside(loop):
                    text.write(f"  {loop.name} = add nsw i64 {start.name}, {step.name}")
                    rows.recall(step, variable(loop))
                    for value in values:
                        rows.keep(value, step, self._element(value, (variable(loop),)))
                    if not values:
                        body(loop)
                # No stage reads what another writes: it is as if each step went through all of them.
                text.accesses[known:] = [as_step_of(strip, loop, one) for one in text.accesses[known:]]

    # Reductions

    def _kept(self, store: Store, index: tuple[Any, ...]) -> tuple[Any, ...]:
        return tuple([index[a] for a in store.kept])

    def _accumulators(self, store: Store) -> dict[tuple[int, ...], str]:
        """A place for each element of the result, with the neutral element in it."""
        kind, places = kind_of(store), {}
        for index in itertools.product(*map(range, self._kept(store, store.domain))):
            name = self.text.fresh("acc")
            self.text.entry.append(f"  {name} = alloca {kind}")
            self.text.write(f"  store {kind} {start_of(store)}, ptr {name}")
            places[index] = name
        return places

    def _term(self, store: Store, index: tuple[Index, ...]) -> str:
        x = store.node.operands[0]
        if store.kind == "scatter":
            index = spread(index, shape_of(x))
        if store.kind != "scatter" and self._memory(x) is None and product(x, store.node.dtype) is not None:
            return self._product_term(store, x, index)
        if isinstance(x, Op):
            self._element(x, index)
        term = self._hidden(store, self.to.element(x, index, store.node.dtype))
        return gathered(self.text, store, term) if store.node.dtype.kind == "b" else term

    def _hidden(self, store: Store, term: str) -> str:
        """A term without its neutral element for LLVM to see.

        It writes the maximum of an accumulator and of a number or minus infinity as a choice, of which it makes no
        vectors.
        """
        neutral = start_of(store)
        if store.node.dtype.kind != "f" or name_of(store) not in ("max", "min"):
            return term
        choice = self.text.instruction(term)
        if not choice.startswith("select") or neutral not in choice:
            return term
        kind, name = kind_of(store), f"@dragongrad.{name_of(store)}.{kind_of(store)}"
        self.text.declare(name, f"{name} = internal global {kind} {neutral}")
        hidden = self.neutral.setdefault(f"load volatile {kind}, ptr {name}", f"%neutral.{name_of(store)}.{kind}")
        return self.text.op(choice.replace(neutral, hidden))

    def _product_term(self, store: Store, x: Value, index: tuple[Index, ...]) -> str:
        """A product that goes into a sum: it may be added unrounded."""
        dtype, kind = store.node.dtype, kind_of(store)
        found = product(x, dtype)
        assert found is not None
        *pair, minus = found
        places = [(v, spread(index, shape_of(v))) for v in pair]
        for v, at in places:
            if isinstance(v, Op):
                self._element(v, at)
        left, right = (self.to.element(v, at, dtype) for v, at in places)
        term = self.text.op(f"fmul contract {kind} {left}, {right}")
        return self.text.op(f"fneg contract {kind} {term}") if minus else term

    def _add(self, store: Store, place: str, term: str) -> None:
        kind = kind_of(store)
        total = self.text.effect(f"load {kind}, ptr {place}")
        self.text.write(f"  store {kind} {combine(self.text, store, total, term)}, ptr {place}")

    def _deliver(self, store: Store, places: dict[tuple[int, ...], str]) -> None:
        buffer, kind = self._buffer(store.node), kind_of(store)
        kept_shape = self._kept(store, store.domain)
        strides = Buffer("", kept_shape, buffer.dtype).strides
        for index, place in places.items():
            total = self.text.effect(f"load {kind}, ptr {place}")
            self.text.store(buffer, list(zip(index, strides, strict=True)), result(self.text, store, total))


def _chain(node: Op, in_memory: Callable[[Value], bool], known: Callable[[Op], bool]) -> list[Op]:
    """The elementwise values of the same shape that an element needs, in order; empty unless they are many."""

    def behind(one: Op) -> list[Op]:
        operands = reversed(one.operands) if is_elementwise(one) else ()
        return [
            v for v in operands if isinstance(v, Op) and v.shape == node.shape and is_open(v) and is_elementwise(v)
        ]

    def is_open(one: Op) -> bool:
        return not in_memory(one) and not known(one)

    order = [] if known(node) else operands_first([node], behind)
    return order if len(order) > RECURSION_DEPTH else []
