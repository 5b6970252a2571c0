"""One module of a whole program: its functions, their calls in order, and loops cut into parts for threads."""

from __future__ import annotations

from collections.abc import Callable, Container, Iterable, Sequence
from typing import Any

from ....records import record, replace
from ...graph import WHILE, Op, Value, bytes_of
from .ir.builder import STORED, Function
from .ir.code import Code
from .ir.functions import LESSER, Defined, External, Written
from .ir.registers import I1, I8, I64, PTR, VOID, Register
from .linalg.gemm import ProductWriter, factors
from .linalg.lapack import FactorisationWriter, operands, room
from .memory.allocation import Workspace
from .parallel.combine_partials import combiner
from .parallel.scratch_slots import WORD, claim, release, tiles_of
from .parallel.thread_pool import parallel, parallel_beside_blas, parts_of
from .places import Module, Places, Pointers, Table
from .repeat.scan import ScanWriter
from .repeat.trip import TripWriter
from .repeat.writer import RepeatWriter
from .schedule.steps import Callback, Factorisation, Loops, Product, Repeat, Step
from .schedule.stores import Store, row_bytes
from .schedule.work import work
from .tuning import (
    CUT_MULTIPLE,
    PARTIAL_BYTES,
    PARTIAL_SHARE,
    UNOPTIMISED_CODE,
    UNOPTIMISED_LOOP,
    UNOPTIMISED_NS,
    UNOPTIMISED_SHARE,
)

_SEGMENT = External("segment", VOID, (PTR,))
_JOINED = frozenset({"sum", "max", "min", "all", "any"})


@record
class Cut:
    """How a step is cut: `parts` of `length` iterations each, and where partial results go (place, bytes apart)."""

    parts: int
    length: int
    partial: dict[int, tuple[int, int]]  # by the position of the value among those of the function
    tiles: int = 0  # of the rows that a part holds, where they are fewer than parts
    taken: int = -1  # the place of the word that tells which of these are taken


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
    around : Assembler, optional
        That of the program around a loop, for its body: it is written into the same module.
    prefix : str
        What the names of functions begin with.
    apart : bool
        Whether runs of steps are called by themselves, with call backs between them.
    """

    def __init__(
        self, steps: list[Step], functions: dict[int, Function], places: Places,
        in_memory: Callable[[Value], bool], around: Assembler | None = None, prefix: str = "", apart: bool = False,
    ) -> None:  # fmt: skip
        self.steps = steps
        self.functions = functions
        self.places = places
        self.around = around
        self.prefix = prefix
        self.apart = apart
        self.cuts: dict[int, Cut] = {}
        self.segments: list[tuple[str, list[int]]] = []
        long = any(map(_is_quick, steps))
        self.module: Module = Module() if around is None else around.module
        self.calls: Module = around.calls if around is not None else Module() if long else self.module
        # The attributes of what lies in another module.
        self._away: str = around._away if around is not None else " #2" if long else ""
        # The places and bytes that LAPACK works in, and the place of the flag that tells where it found no answer.
        self.rooms: dict[int, tuple[int, int]] = {}
        self.failed: int = -1
        self.loops: dict[int, RepeatWriter] = {
            k: (TripWriter if step.node.block is WHILE else ScanWriter)(step, self, k)
            for k, step in enumerate(steps)
            if isinstance(step, Repeat)
        }
        self.works: list[float] = [self._work(k, step, in_memory) for k, step in enumerate(steps)]
        self.cold = self._cold() if around is None else set()
        for k, step in enumerate(steps):
            if isinstance(step, Factorisation) or (k in self.loops and self.loops[k].fails):
                self.failed = self.places.more() if self.failed < 0 else self.failed
            if isinstance(step, Factorisation) and room(step.node):
                self.rooms[k] = self.places.more(), room(step.node)
        self.combiners: set[str] = set()  # the names of those that are called
        for k, step in enumerate(steps):
            # The steps of a loop are not cut: those of the loop follow each other.
            cut = self._cut(k, step) if around is None and k in self.functions else None
            if cut is not None:
                self.cuts[k] = cut
        self._made: dict[int, Written] = {}  # the functions of steps
        self._parts: dict[int, Defined] = {}
        for k in self.functions:
            self._function(k)
        if around is None:
            self._write()

    def _work(self, k: int, step: Step, in_memory: Callable[[Value], bool]) -> float:
        return self.loops[k].work if k in self.loops else work(step, in_memory)

    @property
    def may_last(self) -> bool:
        """Whether there is a loop of which nobody knows how long it takes."""
        parts = [part for loop in self.loops.values() for part in loop.parts]
        own = any(isinstance(loop, TripWriter) for loop in self.loops.values())
        return own or any(part.assembler.may_last for part in parts)

    @property
    def multiplies(self) -> bool:
        """Whether BLAS is called."""
        own = any(isinstance(s, Product) or (isinstance(s, Loops) and s.calls_blas) for s in self.steps)
        return own or any(part.assembler.multiplies for loop in self.loops.values() for part in loop.parts)

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
        apart = {node: -(-bytes_of(node) // 64) * 64 for node in split}
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
        if k in self.loops:
            return [(self.loops[k].place, self.loops[k].room.size)]
        cut, rows = self.cuts.get(k), self._rows(k).values()
        if cut is None:
            return list(rows)
        found = [(place, (cut.tiles or cut.parts) * size) for place, size in rows]
        found += [(place, cut.parts * size) for place, size in cut.partial.values()]
        return [*found, (cut.taken, WORD)] if cut.tiles else found

    def workspace(self, touched: Sequence[Sequence[Value]], temporary: Container[Value]) -> Workspace:
        """What the steps need of the workspace, and when: whole values that lie there, and what they work in."""
        workspace = Workspace()
        for k, values in enumerate(touched):
            function = self.functions.get(k)
            for new, old in function.over.items() if function is not None else ():
                workspace.share(self.places.of(values[new]), self.places.of(values[old]))
            for value in values:
                if isinstance(value, Op) and value in temporary:
                    workspace.need(self.places.of(value), bytes_of(value), k)
            for place, size in self.scratch(k):
                workspace.need(place, size, k)
        return workspace

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
            if not isinstance(step, Callback):
                run.append(k)
            elif run:
                self._segment(run)
                run = []
        if run:
            self._segment(run)

    def _function(self, k: int) -> None:
        step = self.steps[k]
        quick = isinstance(step, Loops) and step.quick
        module = self.calls if quick else self.module
        # Where it is called from its own module only, LLVM may put it into its caller.
        linkage = "internal" if module is self.calls else ""
        function = self.functions[k]
        made = function.written(linkage, "#1" if k in self.cold and not quick else "#0")
        # Equal layers have equal loops: LLVM is given one of them, and makes it for the length of all its calls.
        alike = made.text.replace(made.symbol, "@", 1), function.length
        made = self._made[k] = module.equal.setdefault(alike, made)
        module.texts.update(made.needs())
        if k in self.cuts:
            self._part(k, self.cuts[k])

    def _part(self, k: int, cut: Cut) -> None:
        """One part of a loop, by its number."""
        function, rows = self.functions[k], self._rows(k)
        own = {**cut.partial, **rows}

        def write(code: Code, table: Register, part: Register) -> None:
            pointers = Table(table)
            low = part * cut.length
            high = code.call(LESSER, low + cut.length, function.length)
            tile = code.call(claim, pointers[cut.taken], cut.tiles) if cut.tiles else part
            given = []
            for position, value in enumerate(function.values):
                place, size = own.get(position, (self.places.of(value), 0))
                number = tile if position in rows else part
                given.append(pointers[place].element(I8, number * size) if size else pointers[place])
            code.call(self._made[k], *given, low, high)
            if cut.tiles:
                code.call(release, pointers[cut.taken], tile)

        linkage = "internal" if self.calls is self.module else ""
        self._parts[k] = Defined(f"part{k}", VOID, (PTR, I64), write, linkage, "#0")
        self.module.texts.update(self._parts[k].needs())

    def _segment(self, run: list[int]) -> None:
        """A function that calls the steps of a run without call backs."""
        name, first = f"segment{len(self.segments)}", not self.segments

        def write(code: Code, table: Register) -> None:
            pointers = Table(table)
            if self.failed >= 0 and first:
                pointers[self.failed].store(0, I64)
            self.steps_of(run, code, table, pointers)

        self.segments.append((name, list(run)))
        # What only the program calls becomes a part of it first of all: LLVM would optimise it twice, or make its
        # machine code twice.
        linkage, attributes = ("", "#0") if self.apart else ("internal", "alwaysinline #0")
        self.calls.texts.update(Defined(name, VOID, (PTR,), write, linkage, attributes).needs())

    def steps_of(self, run: Iterable[int], code: Code, table: Register | None, pointers: Pointers) -> None:
        """Some steps, from the pointers to the values."""
        for k in run:
            step = self.steps[k]
            if k in self.loops:
                self.loops[k].write(code, pointers)
            elif isinstance(step, Product) and k not in self.functions:
                self._routine(code, k, step, pointers)
            else:
                self._call(code, k, table, pointers)

    def _routine(self, code: Code, k: int, step: Product, pointers: Pointers) -> None:
        """A product, or a factorisation."""
        node = step.node
        if not isinstance(step, Factorisation):
            given = [pointers[self.places.of(v)] for v in (node, *[f.value for f in factors(node)])]
            ProductWriter(node, code, self._away).write(*given)
            return
        given = [pointers[self.places.of(f.value)] for f in operands(node)]
        extra = pointers[self.rooms[k][0]] if k in self.rooms else code.register(PTR, "null")
        writer = FactorisationWriter(node, code, self._away)
        writer.write(pointers[self.places.of(node)], given, extra, pointers[self.failed])

    def _called(self, function: External | Written | Defined) -> External | Written | Defined:
        """A function as the module of calls sees it."""
        if isinstance(function, External):
            return replace(function, attributes=self._away)
        return function if function.symbol in self.calls.texts else function.elsewhere(self._away)

    def _call(self, code: Code, k: int, table: Register | None, pointers: Pointers) -> None:
        """A set of loops, whole or in parts."""
        function, step, cut = self.functions[k], self.steps[k], self.cuts.get(k)
        if cut is None:
            given = [pointers[self.places.of(v)] for v in function.values]
            code.call(self._called(self._made[k]), *given, 0, function.length)
            return
        assert table is not None
        if cut.tiles:
            pointers[cut.taken].store(0, I64)
        run = parallel_beside_blas() if isinstance(step, Loops) and step.calls_blas else parallel.elsewhere()
        code.call(self._called(run), code.pointer_to(self._called(self._parts[k])), table, cut.parts)
        for position, (place, apart) in cut.partial.items():
            node = function.values[position]
            combine, out = combiner(node), pointers[self.places.of(node)]
            self.combiners.add(combine.name)
            code.call(self._called(combine), out, pointers[place], node.size, cut.parts, apart)

    def program(self, guards: Sequence[tuple[int, Any, bool]]) -> None:
        """The function of the whole program: run it, and tell whether its decisions went as they did."""

        def write(code: Code, table: Register) -> None:
            pointers = Table(table)
            for name, _ in self.segments:
                code.call_pointer(f"@{name}", _SEGMENT, table)
            holds = code.register(I1, "true")
            for place, dtype, taken in guards:
                truth = pointers[place].load(STORED[dtype.name]).differs(0)
                holds = holds & truth.equals(taken)
            code.ret(holds)

        self.calls.texts.update(Defined("program", I1, (PTR,), write, "", "#0").needs())


def _is_quick(step: Step) -> bool:
    """Whether there is straight code that is to be compiled quickly."""
    if isinstance(step, Repeat):
        return any(_is_quick(one) for plan in step.plans.values() for one in plan.schedule.steps)
    return isinstance(step, Loops) and step.quick


def _joins(store: Store) -> bool:
    """Whether partial results of a reduction can be combined, where its loop is cut."""
    return (
        0 not in store.axes
        or store.kind == "total"
        or (store.kind == "reduce" and store.node.block.name in _JOINED)
    )


def _position(function: Function, node: Op) -> int:
    return next(k for k, value in enumerate(function.values) if value is node)
