"""The functions of a schedule: one for each set of loops, in LLVM's language."""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable
from typing import Any

import numpy as np

from ....core.node import Node
from ...rewrite import Value, arguments, shape_of
from .elementwise import OPERATIONS
from .expressions import Expressions, reduced_axes
from .index import Index, Loop, Split, variable
from .schedule import STRAIGHT, Loops, Root
from .text import STORED, Buffer, Function, Text, literal, type_of

# Chains of so many values are not left to recursion.
LONG = 48
# Loops of at most so many steps, of more lines, or of more roots are not interleaved.
SHORT, MUCH, MANY = 256, 150, 8


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
        self.own = {root.node for root in loops.roots}
        self.values: list[Value] = []
        self.places: dict[int, Buffer] = {}
        self.to = Expressions(self.text, self._memory, STRAIGHT if loops.mode == "straight" else 16)
        self.entry: list[str] = []
        self.totals: dict[Node, str] = {}
        self.known: dict[tuple[Node, int], dict[Node, int | None]] = {}

    def _memory(self, value: Value) -> Buffer | None:
        if isinstance(value, Node) and (value in self.own or not self.in_memory(value)):
            return None
        return self._buffer(value)

    def _buffer(self, value: Value) -> Buffer:
        found = self.places.get(id(value))
        if found is None:
            dtype = value.dtype if isinstance(value, Node) else np.asarray(value).dtype
            found = self.places[id(value)] = Buffer(f"%b{len(self.values)}", shape_of(value), dtype)
            self.values.append(value)
        return found

    def write(self) -> Function:
        """The function."""
        length = 0
        if self.loops.mode == "straight":
            for root in self.loops.roots:
                self._straight(root)
        elif self.loops.mode == "lanes":
            length = self.loops.length
            self._lanes(length)
        else:
            length = self._nest()
        parameters = [f"ptr noalias %b{k}" for k in range(len(self.values))]
        head = f"define void @{self.name}({', '.join([*parameters, 'i64 %low', 'i64 %high'])}) #0 {{"
        lines = [head, "entry:", *self.entry, *self.text.lines, "  ret void", "}"]
        return Function(self.name, lines, self.values, self.text.declared, length)

    def _element(self, node: Node, index: tuple[Index, ...]) -> str:
        """An element of a root: long chains of values of its shape are written from their beginning."""
        for one in _chain(node, self.in_memory):
            self.to.element(one, index)
        return self.to.element(node, index)

    # Few elements: no loop

    def _straight(self, root: Root) -> None:
        buffer = self._buffer(root.node)
        for index in itertools.product(*map(range, root.node.shape)):
            value = self._element(root.node, index)
            self.text.store(buffer, list(zip(index, buffer.strides, strict=True)), value)

    # Loops

    def _loop(
        self, name: str, low: int, high: int, body: Callable[[Loop], None], bounded: bool, inner: bool
    ) -> None:
        """A loop, cut wherever its body must know more about where it is."""
        text = self.text
        lines, entry, depth = len(text.lines), len(self.entry), len(text.scopes)
        loop = Loop(text.fresh(name), low, high)
        try:
            self._whole_loop(loop, body, bounded, inner)
        except Split as cut:
            if cut.loop != loop:
                raise
            del text.lines[lines:]
            del self.entry[entry:]
            del text.scopes[depth:]
            self._loop(name, low, cut.at, body, bounded, inner)
            self._loop(name, cut.at, high, body, bounded, inner)

    def _whole_loop(self, loop: Loop, body: Callable[[Loop], None], bounded: bool, inner: bool) -> None:
        text = self.text
        counter = text.fresh("p")
        self.entry.append(f"  {counter} = alloca i64")
        head, inside, done = text.label("head"), text.label("body"), text.label("done")
        low, high = str(loop.low), str(loop.high)
        if bounded:
            low, high = self._clip("smax", "%low", low), self._clip("smin", "%high", high)
        elif loop.high - loop.low == 1:
            # A loop of one step is no loop: its variable is a known number.
            text.begin_scope()
            body(loop)
            text.end_scope()
            return
        text.write(f"  store i64 {low}, ptr {counter}")
        text.write(f"  br label %{head}")
        text.write(f"{head}:")
        text.write(f"  {loop.name} = load i64, ptr {counter}")
        test, after = text.fresh(), text.fresh()
        text.write(f"  {test} = icmp slt i64 {loop.name}, {high}")
        text.write(f"  br i1 {test}, label %{inside}, label %{done}")
        text.write(f"{inside}:")
        text.begin_scope()
        begun = len(text.lines)
        body(loop)
        text.end_scope()
        text.write(f"  {after} = add nuw nsw i64 {loop.name}, 1")
        text.write(f"  store i64 {after}, ptr {counter}")
        hint = ""
        if inner:
            # Short loops, and those that carry much, are one vector wide; others are several, to hide latencies.
            narrow = loop.high - loop.low <= SHORT or len(text.lines) - begun > MUCH or len(self.loops.roots) > MANY
            hint = f", !llvm.loop !{2 if narrow else 0}"
        text.write(f"  br label %{head}{hint}")
        text.write(f"{done}:")

    def _clip(self, which: str, given: str, known: str) -> str:
        name = f"@llvm.{which}.i64"
        self.text.declare(name, f"declare i64 {name}(i64, i64)")
        return self.text.effect(f"call i64 {name}(i64 {given}, i64 {known})")

    def _lanes(self, length: int) -> None:
        sums = [r for r in self.loops.roots if r.kind == "reduce"]
        totals = {id(r): self._accumulators(r) for r in sums}

        def body(loop: Loop) -> None:
            i = variable(loop)
            for root in self.loops.roots:
                for rest in itertools.product(*map(range, root.domain[1:])):
                    if root.kind == "map":
                        buffer = self._buffer(root.node)
                        index: tuple[Index, ...] = (i, *rest)
                        value = self._element(root.node, index)
                        self.text.store(buffer, list(zip(index, buffer.strides, strict=True)), value)
                    else:
                        place = totals[id(root)][self._kept(root, (i, *rest))]
                        self._add(root, place, self._term(root, (i, *rest)))

        self._loop("i", 0, length, body, bounded=True, inner=True)
        for root in sums:
            self._deliver(root, totals[id(root)])

    # Reductions

    def _kept(self, root: Root, index: tuple[Any, ...]) -> tuple[Any, ...]:
        axes = reduced_axes(root.node, len(root.domain))
        return tuple([i for a, i in enumerate(index) if a not in axes])

    def _accumulators(self, root: Root) -> dict[tuple[int, ...], str]:
        """A place for each element of the result, with the neutral element in it."""
        kind, places = self._kind(root), {}
        for index in itertools.product(*map(range, self._kept(root, root.domain))):
            name = self.text.fresh("acc")
            self.entry.append(f"  {name} = alloca {kind}")
            self.text.write(f"  store {kind} {self._start(root)}, ptr {name}")
            places[index] = name
        return places

    def _kind(self, root: Root) -> str:
        # Truth is gathered in whole words: LLVM knows the vector form of that.
        return "i64" if root.node.dtype.kind == "b" else type_of(root.node.dtype)

    def _start(self, root: Root) -> str:
        dtype, name = root.node.dtype, _name(root)
        if dtype.kind == "b":
            return "1" if name == "all" else "0"
        if name == "sum":
            return literal(-0.0 if dtype.kind == "f" else 0, dtype)
        if dtype.kind == "f":
            return literal(-np.inf if name == "max" else np.inf, dtype)
        return literal(np.iinfo(dtype).min if name == "max" else np.iinfo(dtype).max, dtype)

    def _term(self, root: Root, index: tuple[Index, ...]) -> str:
        (x,) = arguments(root.node)
        if isinstance(x, Node):
            self._element(x, index)
        term = self.to.element(x, index, root.node.dtype)
        return self.text.op(f"zext i1 {term} to i64") if root.node.dtype.kind == "b" else term

    def _fold(self, root: Root, total: str, term: str) -> str:
        """One step of a reduction, in the forms that LLVM recognises."""
        kind, name = self._kind(root), _name(root)
        if root.node.dtype.kind == "b":
            return self.text.effect(f"{'and' if name == 'all' else 'or'} i64 {total}, {term}")
        if name == "sum":
            # The order of a long sum is ours to choose, as it is NumPy's: that is what lanes need.
            add = "fadd reassoc" if root.node.dtype.kind == "f" else "add"
            return self.text.effect(f"{add} {kind} {total}, {term}")
        prefix = "s" if root.node.dtype.kind != "f" else ""
        suffix = {"max": "max", "min": "min"}[name] + ("imum" if not prefix else "")
        return self.text.intrinsic(prefix + suffix, kind, total, term)

    def _result(self, root: Root, total: str) -> str:
        return self.text.effect(f"icmp ne i64 {total}, 0") if root.node.dtype.kind == "b" else total

    def _add(self, root: Root, place: str, term: str) -> None:
        kind = self._kind(root)
        total = self.text.effect(f"load {kind}, ptr {place}")
        self.text.write(f"  store {kind} {self._fold(root, total, term)}, ptr {place}")

    def _deliver(self, root: Root, places: dict[tuple[int, ...], str]) -> None:
        buffer, kind = self._buffer(root.node), self._kind(root)
        kept_shape = self._kept(root, root.domain)
        strides = Buffer("", kept_shape, buffer.dtype).strides
        for index, place in places.items():
            total = self.text.effect(f"load {kind}, ptr {place}")
            self.text.store(buffer, list(zip(index, strides, strict=True)), self._result(root, total))

    # Nests

    def _nest(self) -> int:
        """All roots in the same outermost loop, and as far inwards as their domains and dependencies allow."""
        roots = self.loops.roots
        for node in self.loops.local:
            name = self.text.fresh("row")
            count = node.size // node.shape[0]
            self.entry.append(f"  {name} = alloca [{count} x {STORED[node.dtype.name]}], align 64")
            self.places[id(node)] = Buffer(name, node.shape, node.dtype, held=True)
        self._run(roots, ())
        return self.loops.length

    def _run(self, roots: list[Root], at: tuple[Index, ...]) -> None:
        """The next loop of roots that share it, and what is to be done before and after it."""
        depth = len(at)
        begun = [root for root in roots if root.kind == "reduce" and root.first == depth]
        for root in begun:
            self._begin(root, at)
        inner = all(math.prod(root.domain[depth + 1 :]) == 1 for root in roots)
        length = roots[0].domain[depth]
        self._loop(
            "i", 0, length, lambda loop: self._inside(roots, (*at, variable(loop))), bounded=depth == 0, inner=inner
        )
        for root in begun:
            self._end(root, at)

    def _inside(self, roots: list[Root], at: tuple[Index, ...]) -> None:
        for batch in self._batches(roots, len(at)):
            if len(batch[0].domain) == len(at):
                for root in batch:
                    self._statement(root, at)
            else:
                self._run(batch, at)

    def _statement(self, root: Root, index: tuple[Index, ...]) -> None:
        self.own = {root.node}
        if root.kind == "reduce":
            self._accumulate(root, index)
            return
        buffer = self._buffer(root.node)
        value = self._element(root.node, index)
        self.text.store(buffer, list(zip(index, buffer.strides, strict=True)), value)

    def _batches(self, roots: list[Root], depth: int) -> list[list[Root]]:
        """Roots that share the loop over one more axis, in an order that makes everything before it is read."""
        batches: list[list[Root]] = []
        for root in roots:
            place = None
            for k in range(len(batches) - 1, -1, -1):
                if self._shares(batches[k], root, depth):
                    place = k
                    break
                if any(self._needs(root, other, depth) for other in batches[k]):
                    break
            if place is None:
                batches.append([root])
            else:
                batches[place].append(root)
        return batches

    def _needs(self, root: Root, other: Root, depth: int) -> bool:
        return other.node in self._reads(root, min(depth, len(root.domain) - 1))

    def _shares(self, batch: list[Root], root: Root, depth: int) -> bool:
        if len(root.domain) == depth or len(batch[0].domain) == depth:
            return len(root.domain) == len(batch[0].domain)
        if batch[0].domain[depth] != root.domain[depth]:
            return False
        found = self._reads(root, depth)
        return all(
            other.first > depth and found[other.node] == depth for other in batch if other.node in found
        )  # fmt: skip

    def _reads(self, root: Root, axis: int) -> dict[Node, int | None]:
        key = (root.node, axis)
        if key not in self.known:
            self.known[key] = root.reads(axis, self)
        return self.known[key]

    def __contains__(self, value: Any) -> bool:
        return self.in_memory(value)

    def _axes(self, root: Root) -> tuple[list[int], bool]:
        """The axes that a reduction keeps, and whether they all come before those that it takes away."""
        reduced = reduced_axes(root.node, len(root.domain))
        kept = [a for a in range(len(root.domain)) if a not in reduced]
        return kept, max(kept, default=-1) < root.first

    def _parts(self, root: Root, index: tuple[Index, ...]) -> list[tuple[Index, int]]:
        """The strided index of a reduction's result, from that of its domain."""
        buffer = self._buffer(root.node)
        kept, _ = self._axes(root)
        shape = tuple([root.domain[a] for a in kept])
        strides = Buffer("", shape, buffer.dtype, buffer.held).strides if shape else ()
        return [(index[a], step) for a, step in zip(kept, strides, strict=True)]

    def _begin(self, root: Root, at: tuple[Index, ...]) -> None:
        """Make ready for a reduction: one accumulator, or the elements of the result that are still to come."""
        kind = self._kind(root)
        kept, last = self._axes(root)
        if last:
            name = self.totals[root.node] = self.text.fresh("acc")
            self.entry.append(f"  {name} = alloca {kind}")
            self.text.write(f"  store {kind} {self._start(root)}, ptr {name}")
            return
        start = self._start(root)
        if root.node.dtype.kind == "b":
            start = "true" if start == "1" else "false"

        def clear(index: tuple[Index, ...]) -> None:
            full: list[Index] = [*at, *[0] * (len(root.domain) - len(at))]
            for a, i in zip([a for a in kept if a >= len(at)], index, strict=True):
                full[a] = i
            self.text.store(self._buffer(root.node), self._parts(root, tuple(full)), start)

        self._loops([root.domain[a] for a in kept if a >= len(at)], clear)

    def _loops(self, shape: list[int], body: Callable[[tuple[Index, ...]], None]) -> None:
        """Nested loops over a shape, the last axis innermost."""

        def descend(at: tuple[Index, ...], rest: list[int]) -> None:
            if not rest:
                body(at)
                return
            self._loop(
                "i", 0, rest[0], lambda loop: descend((*at, variable(loop)), rest[1:]), bounded=False,
                inner=len(rest) == 1,
            )  # fmt: skip

        descend((), shape)

    def _accumulate(self, root: Root, index: tuple[Index, ...]) -> None:
        kind = self._kind(root)
        term = self._term(root, index)
        if self._axes(root)[1]:
            self._add(root, self.totals[root.node], term)
            return
        buffer, parts = self._buffer(root.node), self._parts(root, index)
        stored = STORED[buffer.dtype.name]
        total = self.text.effect(f"load {stored}, ptr {self.text.address(buffer, parts)}")
        if stored == "i8":
            total = self.text.effect(f"zext i8 {total} to {kind}")
        self.text.store(buffer, parts, self._result(root, self._fold(root, total, term)))

    def _end(self, root: Root, at: tuple[Index, ...]) -> None:
        if self._axes(root)[1]:
            total = self.text.effect(f"load {self._kind(root)}, ptr {self.totals[root.node]}")
            full = (*at, *[0] * (len(root.domain) - len(at)))
            self.text.store(self._buffer(root.node), self._parts(root, full), self._result(root, total))


def _chain(node: Node, in_memory: Callable[[Value], bool]) -> list[Node]:
    """The elementwise values of the same shape that an element needs, in order; empty unless they are many."""
    order: list[Node] = []
    stack, seen = [(node, False)], set()
    while stack:
        one, ready = stack.pop()
        if ready:
            order.append(one)
            continue
        if one in seen:
            continue
        seen.add(one)
        stack.append((one, True))
        if one.block in OPERATIONS:
            for v in arguments(one):
                if isinstance(v, Node) and v.shape == node.shape and not in_memory(v) and v.block in OPERATIONS:
                    stack.append((v, False))
    return order if len(order) > LONG else []


def _name(root: Root) -> str:
    assert root.node.block is not None
    return root.node.block.name
