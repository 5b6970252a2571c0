"""Which values go to memory, and in which loops each is computed."""

from __future__ import annotations

import math
from collections.abc import Collection, Mapping
from types import MappingProxyType
from typing import Any

import numpy as np

from .... import lowering
from ....graph import RESULT, Graph, Op, Value
from ....lowering import Role, has_element, is_a, is_elementwise, terms_of
from ....rewrite import shape_of
from ....scans import in_memory, is_loop
from ..elements.indexing import adds_up
from ..elements.joining import axis_of
from ..ir.builder import readable, supported
from ..linalg.gemm import factors, fits, lead_of, stacked
from ..linalg.lapack import is_factorisation, operands
from ..rewrites.gather_layout import gathered_from
from ..rewrites.legalize_convolution import is_convolution, is_kernel, places_of
from ..tuning import (
    HELD_COST,
    LOOPED_TERM_COST,
    QUICK_ELEMENTS,
    READ_AGAIN,
    RECOMPUTED_COST,
    ROW_BYTES,
    SMALL_MATRIX_ELEMENTS,
    STORED_DEPTH,
    STORES_PER_LOOP,
    STRAIGHT_ELEMENTS,
    TILE_BYTES,
    UNROLLED_STACK,
    UNROLLED_SUM,
    VALUES_PER_FUNCTION,
)
from .addressing import computes, is_delicate, nests, unaddressable
from .cost_model import price
from .materialize import computed_again
from .matmul_strategy import is_product, reads_often, small_products
from .steps import Callback, Factorisation, Loops, Product, Repeat, Step, described, makes
from .stores import Store, in_lanes, is_long_list, mode_of, row_bytes

# Before anything is made, and by nobody.
_NOTHING: tuple[int, frozenset[Op]] = (-1, frozenset())
_NOBODY: frozenset[tuple[int, int]] = frozenset()
NO_BODIES: Mapping[int, Any] = MappingProxyType({})


def is_native(node: Op) -> bool:
    """Whether an operation can be computed inside loops."""
    if not has_element(node) or not lowering.fits(node):
        return False
    if not (supported(node.dtype) or (readable(node.dtype) and is_a(node, Role.VIEW, Role.JOIN))):
        return False
    for value in node.operands:
        if not readable(value.dtype if hasattr(value, "dtype") else np.asarray(value).dtype):
            return False
    return True


def _is_made(node: Op) -> bool:
    return is_native(node) or is_factorisation(node) or is_convolution(node)


def why_not(node: Op) -> str:
    """Why an operation is a call back."""
    name = node.block.name
    if not has_element(node):
        return f"{name} is not computed natively"
    if is_a(node, Role.VIEW, Role.WRITE):
        return f"{name} at such an index is not computed natively"
    return f"{name} of dtype {node.dtype} is not computed natively"


class Schedule:
    """The plan of a Graph: `memory`, the operations that go to memory in order, and `steps`.

    What is `stored` goes to memory whatever it costs. The loops of the user's have programs of their own, `bodies`,
    by the identity of their Graphs.
    """

    def __init__(self, graph: Graph, stored: Collection[Op] = (), bodies: Mapping[int, Any] = NO_BODIES) -> None:
        self.graph, self.stored, self.bodies = graph, stored, bodies
        self.outside = {n for n in graph.nodes if not _is_made(n)}
        ends = self.ends = {o for o in graph.outputs if isinstance(o, Op)}
        wanted = ends.union(stored)
        for node in graph.nodes:
            if node in self.outside:
                wanted.add(node)
                native = is_loop(node) and not self._left(node)
                wanted.update([v for v in in_memory(node) if isinstance(v, Op)] if native else node.sources)
            elif _is_long(node, ends) or adds_up(node) or is_long_list(node):
                wanted.add(node)
            elif is_factorisation(node):
                wanted.add(node)
                wanted.update(f.value for f in operands(node) if isinstance(f.value, Op))
            elif is_convolution(node):
                wanted.update([node, *[v for v in node.operands if isinstance(v, Op)]])
            elif is_product(node):
                wanted.add(node)
                # BLAS reads its factors where they lie; NumPy is given what the product is of.
                read = [f.value for f in factors(node)] if fits(node) else node.operands
                wanted.update(v for v in read if isinstance(v, Op))
            elif reads_often(node):
                wanted.update(f.value for f in factors(node) if isinstance(f.value, Op) and is_native(f.value))
        self.rolled = small_products(graph) - self.outside
        for node in self.rolled:
            wanted.add(node)
            wanted.update(f.value for f in factors(node) if isinstance(f.value, Op))
        inputs, self.delicate = set(graph.inputs), is_delicate(graph)
        wanted |= unaddressable(graph, wanted | inputs, self.outside, self._store)
        wanted |= gathered_from(graph) - self.outside
        wanted |= computed_again(graph, wanted | inputs, self.outside, price)
        wanted |= self._pieces() | self._deep(wanted)
        wanted |= unaddressable(graph, wanted | inputs, self.outside, self._store)
        self.wanted = {n for n in wanted if n not in inputs}
        self.memory = self.wanted | inputs
        self.steps: list[Step] = []
        self.quick = self._straight_elements() > QUICK_ELEMENTS
        self._place()
        while self._keep_what_is_dear():
            self._place()
        self._hold_rows()

    def __str__(self) -> str:
        """A line for each step."""
        names = self.graph.names
        return "\n".join(f"{k}: {described(step, names)}" for k, step in enumerate(self.steps))

    def _is_rolled(self, node: Op) -> bool:
        """Whether few elements are looped over: of small products, and of what is computed from them."""
        small = (
            bool(self.rolled) and SMALL_MATRIX_ELEMENTS <= node.size <= STRAIGHT_ELEMENTS and is_elementwise(node)
        )
        return small or node in self.rolled

    def _store(self, node: Op) -> Store:
        """How a value goes to memory, and in which loops."""
        return Store(node, self._kind(node), self._is_rolled(node))

    def _is_stack(self, node: Op) -> bool:
        """Whether a product is a loop over a stack; the rows of small ones are not put together into tall ones."""
        return (
            is_convolution(node)
            or stacked(node)
            or (node in self.rolled and math.prod(lead_of(node)) > UNROLLED_STACK)
        )

    def _kind(self, node: Op) -> str:
        """How a value goes to memory."""
        if is_convolution(node):
            return "total" if is_kernel(node) else "product"
        if is_product(node) or node in self.rolled:
            return "product"
        if places_of(node) is not None:
            return "frame"
        if adds_up(node):
            return "scatter"
        return "reduce" if _is_long(node, self.ends) else "map"

    def _straight_elements(self) -> int:
        """About how many elements are written out one by one."""
        straight: set[Op] = set()
        count = 0
        for node in reversed(self.graph.nodes):
            if node in self.wanted and node not in self.outside:
                kind = self._kind(node)
                if kind != "product" and not self._is_rolled(node) and mode_of(Store(node, kind))[0] == "straight":
                    straight.add(node)
            if node in straight:
                count += min(node.size, STRAIGHT_ELEMENTS)
                straight.update(p for p in node.sources if p not in self.memory)
        return count

    def _deep(self, wanted: set[Op]) -> set[Op]:
        """Small values at the end of long ways: no expression is deeper than the stack."""
        depth: dict[Op, int] = {}
        found = set()
        for node in self.graph.nodes:
            deepest = 0
            if node not in wanted:
                for v in node.sources:
                    if v in depth and depth[v] >= deepest:
                        deepest = depth[v] + 1
                deepest = max(deepest, 1)
            if deepest >= STORED_DEPTH and node.size <= STRAIGHT_ELEMENTS:
                found.add(node)
                deepest = 0
            depth[node] = deepest
        return found

    def _pieces(self) -> set[Op]:
        """What is joined along a loop, one after the other, is computed before: inside, each would start anew."""
        cost: dict[Op, float] = {}
        found: set[Op] = set()
        if not any(is_a(node, Role.JOIN) for node in self.graph.nodes):
            return found
        for node in self.graph.nodes:
            cost[node] = price(node) + sum(cost.get(v, 0) for v in node.sources)
            if not is_a(node, Role.JOIN) or node.size <= STRAIGHT_ELEMENTS:
                continue
            if len(node.operands) > 2 and (axis_of(node) == 0 or mode_of(Store(node, "map"))[0] == "nest"):
                dear = [v for v in node.sources if cost.get(v, 0) > RECOMPUTED_COST]
                found.update(dear)
                cost.update(dict.fromkeys(dear, 0.0))
        return found

    def _keep_what_is_dear(self) -> bool:
        """Send to memory what several steps would compute again at a high price; whether steps change by that."""
        self._readers = self._find_readers()
        cost: dict[Op, float] = {}
        read: dict[Op, int] = {}  # how many values in memory
        anew = False
        for node in self.graph.nodes:
            if node in self.wanted or node in self.outside:
                continue
            total, reads = 0.0, 0
            for v in node.sources:
                if v in cost:
                    total += cost[v]
                    reads += read[v]
                else:
                    reads += 1
            if (terms := terms_of(node)) > 1:
                total = terms * (1 + total)
            total += price(node)
            used = self._readers.get(node, _NOBODY)
            if len(used) > 1:
                several = len({k for k, _ in used}) > 1
                most = RECOMPUTED_COST if several else self._hold(node, used)
                if total > most or (several and reads > READ_AGAIN):
                    self.wanted.add(node)
                    total, reads = 0.0, 1
                    anew = not self._written_first(node, used) or anew
            # Of what is used many times the number grows without bound, and means nothing.
            cost[node], read[node] = total, min(reads, READ_AGAIN + 1)
        self.memory |= self.wanted
        missing = unaddressable(self.graph, self.memory, self.outside, self._store)
        self.wanted |= missing
        self.memory |= missing
        return anew or bool(missing)

    def _written_first(self, node: Op, used: frozenset[tuple[int, int]]) -> bool:
        """Let the first step that needs a small value write it, where that is straight code."""
        first, store = self.steps[min(used)[0]], Store(node, self._kind(node))
        if not isinstance(first, Loops) or first.mode != "straight" or mode_of(store)[0] != "straight":
            return False
        first.stores.append(store)
        return True

    def _find_readers(self) -> dict[Op, frozenset[tuple[int, int]]]:
        """For each operation: the steps for which its elements are computed or read, and in a nest the store."""
        readers: dict[Op, frozenset[tuple[int, int]]] = {}
        at: dict[Op, frozenset[tuple[int, int]]] = {}
        for k, step in enumerate(self.steps):
            nest = isinstance(step, Loops) and step.mode == "nest"
            straight = frozenset({(k, -1)})
            for j, made in enumerate(makes(step)):
                at[made] = frozenset({(k, j)}) if nest else straight
        for node in reversed(self.graph.nodes):
            own = at[node] if node in at else readers.get(node, _NOBODY)
            for v in node.sources:
                have = readers.get(v)
                # Most operations are read where their reader is: the same set serves both.
                readers[v] = own if have is None or have is own else have | own
        return readers

    def _hold(self, node: Op, used: frozenset[tuple[int, int]]) -> float:
        """The price above which a value that several parts of one nest use is held, a row at a time."""
        step = self.steps[next(iter(used))[0]]
        assert isinstance(step, Loops)
        row = row_bytes(node)
        together = len(node.shape) > 1 and node.shape[0] == step.length and row <= ROW_BYTES
        if not together:
            return RECOMPUTED_COST
        for _, j in used:
            if step.stores[j].reads(0, {node, *self.memory}).get(node) != 0:
                return RECOMPUTED_COST
        return HELD_COST

    def _hold_rows(self) -> None:
        """Find the values of which a row is enough: made and used in one nest, and no output."""
        outside = {o for o in self.graph.outputs if isinstance(o, Op)}
        for k, step in enumerate(self.steps):
            if isinstance(step, Loops) and step.mode == "nest":
                most = TILE_BYTES if step.multiplies else ROW_BYTES
                for store in step.stores:
                    node = store.node
                    users = {at for at, _ in self._readers.get(node, _NOBODY)}
                    if store.first > 0 and row_bytes(node) <= most and node not in outside and users == {k}:
                        step.local.add(node)

    def _place(self) -> None:
        """Give every value that goes to memory its step."""
        self.steps = []
        self._open: dict[tuple[bool, int], list[int]] = {}
        # For each: the latest step that makes what its elements are computed from, and what it makes of that.
        latest: dict[Op, tuple[int, frozenset[Op]]] = {}
        for node in self.graph.nodes:
            found = _NOTHING
            for v in node.sources:
                if v in latest:
                    one = latest[v]
                    if one[0] > found[0]:
                        found = one
                    elif one[0] == found[0] and one[1] is not found[1]:
                        found = one[0], one[1] | found[1]
            latest[node] = found
            # One of several values is there once the call that makes them all is done.
            if node in self.wanted and node.block is not RESULT:
                latest[node] = self._put(node, *found), frozenset({node})

    def _left(self, node: Op) -> str:
        """What of a loop is left to NumPy."""
        plans = self.bodies[id(node.params["body"])]
        return next((why for plan in plans.values() if (why := plan.why_not())), "")

    def _put(self, node: Op, after: int, needs: frozenset[Op]) -> int:
        """The step that computes a value, which reads nothing of a later one than `after`, and there `needs`."""
        if is_loop(node):
            plans, left = self.bodies[id(node.params["body"])], self._left(node)
            results = [n for n in self.graph.nodes if n.block is RESULT and n.operands[0] is node]
            step = Callback(node, f"in its body {left}") if left else Repeat(node, results, plans)
            self.steps.append(step)
        elif node in self.outside:
            self.steps.append(Callback(node, why_not(node)))
        elif is_factorisation(node):
            self.steps.append(Factorisation(node))
        elif self._kind(node) == "product" and not self._is_stack(node):
            self.steps.append(Product(node))
        else:
            return self._into_loops(self._store(node), after, needs)
        return len(self.steps) - 1

    def _into_loops(self, store: Store, after: int, needs: frozenset[Op]) -> int:
        mode, length = mode_of(store)
        straight = mode == "straight"
        alike = self._open.setdefault((straight, length), [])
        # Back from the end, past steps that make nothing that this store reads, to loops of the same kind.
        for k in reversed(alike):
            step = self.steps[k]
            assert isinstance(step, Loops)
            if k < after:
                break
            if straight or self._fits(step, store, mode, needs if k == after else _NOTHING[1]):
                step.stores.append(store)
                if self._is_full(step):
                    alike.remove(k)
                return k
        step = Loops(mode, length, [store], quick=straight and self.quick)
        self.steps.append(step)
        if not self._is_full(step):
            alike.append(len(self.steps) - 1)
        return len(self.steps) - 1

    def _is_full(self, step: Loops) -> bool:
        """Whether a function is long enough."""
        if step.mode != "straight":
            return len(step.stores) >= STORES_PER_LOOP
        most = VALUES_PER_FUNCTION // 4 if self.quick else VALUES_PER_FUNCTION
        return len(step.stores) >= most or (self.quick and step.stores[-1].node.size > VALUES_PER_FUNCTION)

    def _fits(self, step: Loops, store: Store, mode: str, needs: frozenset[Op]) -> bool:
        """Whether a store can be computed in the loops of a step of the same length."""
        made = [r for r in step.stores if r.node in needs] if needs else []
        if step.mode == "lanes":
            # A map in the same loops is known at the same row; a reduction only after them.
            if mode != "lanes" or any(r.kind == "reduce" for r in made):
                return False
            found = store.reads(0, self.memory) if made else {}
            if not all(found.get(r.node) == 0 for r in made):
                return False
            # What the same loops make is known at the indices that they write out; anywhere else it is computed.
            return not made or not self.delicate or computes(store, self.memory - {r.node for r in step.stores})
        if mode == "lanes" and not (made and nests(store, self.memory)):
            return False
        if any(r.first == 0 for r in made):
            return False
        found = store.reads(0, self.memory) if made else {}
        return all(found.get(r.node) == 0 for r in made)


def _is_long(node: Op, ends: Collection[Value]) -> bool:
    """Whether a reduction is of more elements than are written out one by one, or of none.

    A few short sums are, where their terms are dear: a loop computes them in vectors. What is in memory already,
    as the `ends` of a Graph are, is not.
    """
    if not is_a(node, Role.REDUCTION):
        return False
    terms = terms_of(node)
    if not 0 < terms <= UNROLLED_SUM:
        return True
    few = node.size <= STRAIGHT_ELEMENTS and terms * node.size >= 2 * STRAIGHT_ELEMENTS
    if not few or in_lanes(shape_of(node.operands[0])):
        return False
    seen, left, total = set(ends), [*node.sources], 0.0
    while left and total <= LOOPED_TERM_COST:
        one = left.pop()
        if one not in seen and one.size == terms * node.size:
            seen.add(one)
            total += price(one)
            left += one.sources
    return total > LOOPED_TERM_COST
