"""One module of a whole program: its functions, their calls in order, and loops cut into parts for threads."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

from ...graph import Op, Value
from ...rewrite import shape_of, size_of
from .ir.builder import STORED, Function
from .linalg.external_calls import RoutineWriter
from .linalg.gemm import ProductWriter, factors, is_matmul
from .linalg.lapack import FactorisationWriter, operands, room, terms
from .parallel.combine_partials import combiner
from .parallel.scratch_slots import CLAIM, DECLARED, RELEASE, WORD, definitions, tiles_of
from .parallel.thread_pool import parallel_beside_blas, parts_of
from .rewrites import legalize_convolution
from .schedule.cost_model import price
from .schedule.steps import Factorisation, Loops, Product, Step
from .schedule.stores import Store, row_bytes
from .tuning import (
    CUT_MULTIPLE,
    NS_PER_BYTE,
    NS_PER_CONVOLVED_TERM,
    NS_PER_COST,
    NS_PER_TERM,
    PARTIAL_BYTES,
    PARTIAL_SHARE,
    UNOPTIMISED_CODE,
    UNOPTIMISED_LOOP,
    UNOPTIMISED_NS,
    UNOPTIMISED_SHARE,
)

_JOINED = frozenset({"sum", "max", "min", "all", "any"})


@dataclass(frozen=True)
class Cut:
    """How a step is cut: `parts` of `length` iterations each, and where partial results go (place, bytes apart)."""

    parts: int
    length: int
    partial: dict[int, tuple[int, int]]  # by the position of the value among those of the function
    tiles: int = 0  # of the rows that a part holds, where they are fewer than parts
    taken: int = -1  # the place of the word that tells which of these are taken


@dataclass
class Module:
    """A text for LLVM."""

    declared: dict[str, str] = field(default_factory=dict)
    lines: list[str] = field(default_factory=list)

    @property
    def text(self) -> str:
        """The text."""
        return "\n".join([*self.declared.values(), *self.lines])


@dataclass
class Places:
    """The table of pointers: a place for each value in memory."""

    values: list[Value] = field(default_factory=list)
    numbers: dict[int, int] = field(default_factory=dict)

    def of(self, value: Value) -> int:
        """The place of a value."""
        found = self.numbers.get(id(value))
        if found is None:
            found = self.numbers[id(value)] = self.more(value)
        return found

    def more(self, value: Value = None) -> int:
        """A new place, of nothing that has a name."""
        self.values.append(value)
        return len(self.values) - 1


def work(step: Step, in_memory: Callable[[Value], bool]) -> float:
    """About how many nanoseconds a step takes on one thread."""
    if isinstance(step, Factorisation):
        return NS_PER_TERM * terms(step.node)
    if isinstance(step, Product):
        x, _ = step.node.operands
        return NS_PER_TERM * step.node.size * shape_of(x)[-1]
    if not isinstance(step, Loops):
        return 0.0
    total, moved = 0.0, 0.0
    seen: set[Op] = set()
    stack = [store.node for store in step.stores]
    own = set(stack)
    while stack:
        node = stack.pop()
        if node in seen:
            continue
        seen.add(node)
        if node not in own and in_memory(node):
            moved += node.size * node.dtype.itemsize
            continue
        values = node.operands
        if legalize_convolution.is_convolution(node):
            total += NS_PER_CONVOLVED_TERM / NS_PER_COST * legalize_convolution.terms(node)
        if is_matmul(node):
            total += NS_PER_TERM / NS_PER_COST * node.size * shape_of(values[0])[-1]
        size = node.size
        for v in values:
            size = max(size, size_of(v))
            if isinstance(v, Op):
                stack.append(v)
        total += price(node) * size
    return NS_PER_COST * total + NS_PER_BYTE * moved


class Assembler:
    """Writes the module of a program; long straight code, and what calls it, becomes a module of its own.

    Parameters
    ----------
    steps : list of Step
        In order.
    functions : dict
        The function of each step that is a set of loops, by its position.
    places : Places
        The table of pointers.
    in_memory : callable
        Whether a value lies in memory.
    """

    def __init__(
        self, steps: list[Step], functions: dict[int, Function], places: Places, in_memory: Callable[[Value], bool]
    ) -> None:
        self.steps = steps
        self.functions = functions
        self.places = places
        self.works = [work(step, in_memory) for step in steps]
        self.cuts: dict[int, Cut] = {}
        self.segments: list[tuple[str, list[int]]] = []
        self.module = Module()
        long = any(isinstance(step, Loops) and step.quick for step in steps)
        self.calls = Module() if long else self.module
        self._away = " #2" if long else ""  # the attributes of what lies in another module
        self.cold = self._cold()
        # The places and bytes that LAPACK works in, and the place of the flag that tells where it found no answer.
        self.rooms: dict[int, tuple[int, int]] = {}
        self.failed = -1
        for k, step in enumerate(steps):
            if isinstance(step, Factorisation):
                self.failed = self.places.more() if self.failed < 0 else self.failed
                if room(step.node):
                    self.rooms[k] = self.places.more(), room(step.node)
        self.combiners: set[str] = set()  # the names of those that are called
        for k, step in enumerate(steps):
            cut = self._cut(k, step) if k in self.functions else None
            if cut is not None:
                self.cuts[k] = cut
        self._write()
        if any(cut.tiles for cut in self.cuts.values()):
            self.module.declared.update(DECLARED)
            self.module.lines += definitions()

    def _cold(self) -> set[int]:
        """The steps that take so little of the program's time that optimising them does not pay."""
        total = sum(self.works)
        if total < UNOPTIMISED_NS:
            return set()
        lost: dict[int, float] = {}
        for k in self.functions:
            step = self.steps[k]
            straight = isinstance(step, Loops) and step.mode == "straight"
            lost[k] = (UNOPTIMISED_CODE if straight else UNOPTIMISED_LOOP) * self.works[k]
        cold, left = set(), UNOPTIMISED_SHARE * total
        # First where the most is to be saved for what is lost.
        for k in sorted(lost, key=lambda k: lost[k] / len(self.functions[k].lines)):
            if lost[k] <= left:
                cold.add(k)
                left -= lost[k]
        return cold

    # Cutting

    def _cut(self, k: int, step: Step) -> Cut | None:
        function = self.functions[k]
        parts = parts_of(self.works[k], function.length)
        stores = step.stores if isinstance(step, Loops) else []
        if parts == 1 or not all(_joins(store) for store in stores):
            return None
        split = [store.node for store in stores if store.kind in ("reduce", "total") and 0 in store.axes]
        apart = {node: -(-node.size * node.dtype.itemsize // 64) * 64 for node in split}
        if split:
            most = max(function.length // PARTIAL_SHARE, PARTIAL_BYTES // max(1, sum(apart.values())))
            parts = max(1, min(parts, most))
        # Whole vectors in each part.
        whole = CUT_MULTIPLE if isinstance(step, Loops) and step.mode == "lanes" else 1
        length = -(-function.length // (whole * parts)) * whole
        parts = -(-function.length // length)
        if parts == 1:
            return None
        partial = {_position(function, node): (self.places.more(), apart[node]) for node in split}
        tiles = tiles_of(parts) if isinstance(step, Loops) and step.local else parts
        if tiles == parts or not self._rows(k):
            return Cut(parts, length, partial)
        return Cut(parts, length, partial, tiles, self.places.more())

    def scratch(self, k: int) -> list[tuple[int, int]]:
        """The places and bytes of a step's partial results."""
        if k in self.rooms:
            return [self.rooms[k]]
        cut, rows = self.cuts.get(k), self._rows(k).values()
        if cut is None:
            return list(rows)
        found = [(place, (cut.tiles or cut.parts) * size) for place, size in rows]
        found += [(place, cut.parts * size) for place, size in cut.partial.values()]
        return [*found, (cut.taken, WORD)] if cut.tiles else found

    def _rows(self, k: int) -> dict[int, tuple[int, int]]:
        """The values of which a step holds one row in the workspace: by position, their places and bytes."""
        step = self.steps[k]
        if not isinstance(step, Loops) or not step.local:
            return {}
        function = self.functions[k]
        return {
            position: (self.places.of(value), -(-row_bytes(value) // 64) * 64)
            for position, value in enumerate(function.values)
            if isinstance(value, Op) and value in step.local and position not in function.over
        }

    # Writing

    def _write(self) -> None:
        run: list[int] = []
        for k, step in enumerate(self.steps):
            if isinstance(step, (Loops, Product)):
                run.append(k)
                if k in self.functions:
                    self._function(k)
            elif run:
                self._segment(run)
                run = []
        if run:
            self._segment(run)

    def _function(self, k: int) -> None:
        function = self.functions[k]
        head, *body = function.lines
        step = self.steps[k]
        quick = isinstance(step, Loops) and step.quick
        module = self.calls if quick else self.module
        if module is self.calls:
            # It is called from here only: LLVM may put it into its caller.
            head = head.replace("define void", "define internal void", 1)
        else:
            kinds = ", ".join(["ptr"] * len(function.values) + ["i64", "i64"])
            self.calls.declared[f"@{function.name}"] = f"declare void @{function.name}({kinds}){self._away}"
        module.lines += [head.replace("#0", "#1") if k in self.cold and not quick else head, *body]
        module.declared.update(function.declared)
        cut = self.cuts.get(k)
        if cut is not None:
            self._part(k, cut)

    def _part(self, k: int, cut: Cut) -> None:
        """One part of a loop, by its number."""
        function = self.functions[k]
        parallel = self._parallel(k)
        self.calls.declared[f"@{parallel}"] = f"declare void @{parallel}(ptr, ptr, i64){self._away}"
        self.module.declared["@llvm.smin.i64"] = "declare i64 @llvm.smin.i64(i64, i64)"
        if self.calls is not self.module:
            self.calls.declared[f"@part{k}"] = f"declare void @part{k}(ptr, i64){self._away}"
        linkage = "internal " if self.calls is self.module else ""
        lines = [
            f"define {linkage}void @part{k}(ptr %table, i64 %part) #0 {{",
            f"  %low = mul i64 %part, {cut.length}", f"  %end = add i64 %low, {cut.length}",
            f"  %high = call i64 @llvm.smin.i64(i64 %end, i64 {function.length})",
        ]  # fmt: skip
        given, rows, tile = [], self._rows(k), "%part"
        if cut.tiles:
            tile = "%tile"
            lines += [*_load("%taken", cut.taken), f"  %tile = call i64 {CLAIM}(ptr %taken, i64 {cut.tiles})"]
        own = {**cut.partial, **rows}
        for position, value in enumerate(function.values):
            place, size = own.get(position, (self.places.of(value), 0))
            lines += _load(f"%v{position}", place)
            given.append(f"ptr %v{position}")
            if size:
                lines += [
                    f"  %o{position} = mul i64 {tile if position in rows else '%part'}, {size}",
                    f"  %w{position} = getelementptr i8, ptr %v{position}, i64 %o{position}",
                ]
                given[-1] = f"ptr %w{position}"
        lines.append(f"  call void @{function.name}({', '.join([*given, 'i64 %low', 'i64 %high'])})")
        if cut.tiles:
            lines.append(f"  call void {RELEASE}(ptr %taken, i64 %tile)")
        self.module.lines += [*lines, "  ret void", "}"]

    def _segment(self, run: list[int]) -> None:
        """A function that calls the steps of a run without call backs."""
        name = f"segment{len(self.segments)}"
        self.segments.append((name, list(run)))
        lines = [f"define void @{name}(ptr %table) #0 {{"]
        if self.failed >= 0 and len(self.segments) == 1:
            lines += [*_load("%failed", self.failed), "  store i64 0, ptr %failed"]
        loaded: set[int] = set()

        def register(place: int) -> str:
            if place not in loaded:
                loaded.add(place)
                lines.extend(_load(f"%v{place}", place))
            return f"%v{place}"

        for k in run:
            step = self.steps[k]
            if isinstance(step, Product) and k not in self.functions:
                lines_of, writer = self._routine(k, step, register)
                lines += lines_of
                for symbol, text in writer.declared.items():
                    away = self._away if text.startswith("declare") and not symbol.startswith("@llvm") else ""
                    self.calls.declared[symbol] = text + away
            else:
                lines += self._call(k, register)
        self.calls.lines += [*lines, "  ret void", "}"]

    def _routine(self, k: int, step: Product, register: Callable[[int], str]) -> tuple[list[str], RoutineWriter]:
        """The lines of a product, or of a factorisation, and what wrote them."""
        node = step.node
        if not isinstance(step, Factorisation):
            pointers = [register(self.places.of(v)) for v in (node, *[f.value for f in factors(node)])]
            product = ProductWriter(node, f"m{k}.")
            return product.write(*pointers), product
        given = [register(self.places.of(f.value)) for f in operands(node)]
        extra = register(self.rooms[k][0]) if k in self.rooms else "null"
        solver = FactorisationWriter(node, f"m{k}.")
        return solver.write(register(self.places.of(node)), given, extra, register(self.failed)), solver

    def _parallel(self, k: int) -> str:
        """The name of what runs the parts of a step."""
        step = self.steps[k]
        return parallel_beside_blas() if isinstance(step, Loops) and step.calls_blas else "dragongrad.parallel"

    def _call(self, k: int, register: Callable[[int], str]) -> list[str]:
        function, cut = self.functions[k], self.cuts.get(k)
        if cut is None:
            given = [f"ptr {register(self.places.of(v))}" for v in function.values]
            return [f"  call void @{function.name}({', '.join([*given, 'i64 0', f'i64 {function.length}'])})"]
        joins = []
        for position, (place, apart) in cut.partial.items():
            node = function.values[position]
            out, name = register(self.places.of(node)), combiner(node)
            self.combiners.add(name)
            self.calls.declared[f"@{name}"] = f"declare void @{name}(ptr, ptr, i64, i64, i64){self._away}"
            numbers = f"i64 {node.size}, i64 {cut.parts}, i64 {apart}"
            joins.append(f"  call void @{name}(ptr {out}, ptr {register(place)}, {numbers})")
        free = [f"  store i64 0, ptr {register(cut.taken)}"] if cut.tiles else []
        return [*free, f"  call void @{self._parallel(k)}(ptr @part{k}, ptr %table, i64 {cut.parts})", *joins]

    def program(self, guards: Sequence[tuple[int, Any, bool]]) -> None:
        """The function of the whole program: run it, and tell whether its decisions went as they did."""
        lines = ["define i1 @program(ptr %table) #0 {"]
        lines += [f"  call void @{name}(ptr %table)" for name, _ in self.segments]
        holds = "true"
        for g, (place, dtype, taken) in enumerate(guards):
            kind = STORED[dtype.name]
            test = f"fcmp une {kind} %x{g}, 0.0" if dtype.kind == "f" else f"icmp ne {kind} %x{g}, 0"
            lines += [
                *_load(f"%p{g}", place), f"  %x{g} = load {kind}, ptr %p{g}", f"  %is{g} = {test}",
                f"  %as{g} = icmp eq i1 %is{g}, {str(taken).lower()}", f"  %all{g} = and i1 {holds}, %as{g}",
            ]  # fmt: skip
            holds = f"%all{g}"
        self.calls.lines += [*lines, f"  ret i1 {holds}", "}"]


def _load(register: str, place: int) -> list[str]:
    slot = f"{register}.at"
    return [f"  {slot} = getelementptr ptr, ptr %table, i64 {place}", f"  {register} = load ptr, ptr {slot}"]


def _joins(store: Store) -> bool:
    """Whether partial results of a reduction can be combined, where its loop is cut."""
    return (
        0 not in store.axes
        or store.kind == "total"
        or (store.kind == "reduce" and store.node.block.name in _JOINED)
    )


def _position(function: Function, node: Op) -> int:
    return next(k for k, value in enumerate(function.values) if value is node)
