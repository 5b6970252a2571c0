"""Nests: stores of several axes that share their outer loops, as far inwards as they go together."""

from __future__ import annotations

import itertools
import math
from typing import Any

from ....graph import Op
from ..elements.indexing import element_of
from ..ir.affine import Index, Loop, variable
from ..ir.builder import STORED, Buffer, literal
from ..ir.functions import FILL
from ..ir.registers import PTR, Register
from ..linalg import convolution
from ..linalg.gemm import ProductWriter, factors, lead_strides
from ..rewrites.legalize_convolution import is_convolution, places_of, shape_of_image
from ..schedule.stores import Store, row_bytes
from ..tuning import FEW_BEHIND, LONG_BEFORE_FEW, ROW_BYTES, UNROLLED_SUM
from .accumulators import combine, gathered, kind_of, name_of, result, start_of
from .loop import INNER, OUTER, PART, PLAIN, LoopWriter, is_row

# What calls functions of its own inside; and of a convolution's result and operands, which have a part an image.
_CALLED = frozenset({"product", "total"})
_BY_IMAGE = {"product": (True, True, False), "total": (False, True, True)}


def _side_by_side(store: Store) -> int:
    """How many accumulators a reduction has.

    One for each of a few elements of its result, or for each step of a short inner loop that a loop around it
    repeats: otherwise a vector of each of these loops would be gathered to a number before the next is added to it.
    """
    last = len(store.domain) - 1
    if store.behind:
        return math.prod([store.domain[a] for a in store.behind])
    return store.domain[last] if store.first < last and is_row(store.domain[last]) else 1


def _few_behind(stores: list[Store], depth: int) -> bool:
    """Whether what lies behind an axis is so little that it is written out in the loop over that axis."""
    return all(
        store.domain[depth] >= LONG_BEFORE_FEW
        and 1 < math.prod(store.domain[depth + 1 :]) <= FEW_BEHIND
        and store.kind in ("map", "reduce")
        for store in stores
    )


class NestWriter(LoopWriter):
    """Writes the function of a nest of loops."""

    def _body(self) -> int:
        """All stores in the same outermost loop, and as far inwards as their domains and dependencies allow."""
        stores = self.loops.stores
        # In the order of the stores: the text of a program is the same in every process.
        for node in [store.node for store in stores if store.node in self.loops.local]:
            if row_bytes(node) > ROW_BYTES:
                name = f"%b{len(self.values)}"
                self.values.append(node)
            else:
                name = self.text.fresh("row")
                count = node.size // node.shape[0]
                self.text.entry.append(f"  {name} = alloca [{count} x {STORED[node.dtype.name]}], align 64")
            self.places[id(node)] = Buffer(name, node.shape, node.dtype, held=True)
        self._run(stores, ())
        return self.loops.length

    def _run(self, stores: list[Store], at: tuple[Index, ...], written_out: bool = False) -> None:
        """The next loop of stores that share it, perhaps written out, and what is done before and after it."""
        depth = len(at)
        begun = [store for store in stores if store.axes and store.first == depth]
        for store in begun:
            self._begin(store, at)
        for store in stores:
            if store.kind == "frame" and depth == 1:
                self._clear(store, at)
        inner = all(math.prod(store.domain[depth + 1 :]) == 1 and store.kind not in _CALLED for store in stores)
        length = stores[0].domain[depth]
        small = depth > 0 and length <= UNROLLED_SUM and any(store.rolled for store in self.loops.stores)
        if written_out:
            for i in range(length):
                self._inside(stores, (*at, i), written_out)
        else:
            few = depth > 0 and not small and _few_behind(stores, depth)
            self._loop(
                "i",
                0,
                length,
                lambda loop: self._inside(stores, (*at, variable(loop)), few),
                PART if depth == 0 else None,
                PLAIN if small else INNER if inner else OUTER,
            )
        for store in begun:
            self._end(store, at)

    def _inside(self, stores: list[Store], at: tuple[Index, ...], written_out: bool = False) -> None:
        for batch in self._batches(stores, len(at)):
            if len(batch[0].domain) == len(at):
                for store in batch:
                    self._statement(store, at)
            else:
                self._run(batch, at, written_out)

    def _statement(self, store: Store, index: tuple[Index, ...]) -> None:
        self.own = {store.node}
        if store.kind in ("reduce", "scatter"):
            self._accumulate(store, index)
            return
        if store.kind == "frame":
            self._lay(store, index)
            return
        if is_convolution(store.node):
            self._convolution(store, index)
            return
        if store.kind == "product":
            self._product(store, index)
            return
        self._write(store.node, index)

    def _product(self, store: Store, index: tuple[Index, ...]) -> None:
        """One product of a stack."""
        node = store.node
        own = self._buffer(node)
        full = (*index, *[0] * (len(node.shape) - len(index)))
        pointers = [self.text.address(own, list(zip(full, own.strides, strict=True)))]
        for factor in factors(node):
            buffer = self._buffer(factor.value)
            strides = lead_strides(store.domain, factor)
            if buffer.held:
                strides[0] = 0
            pointers.append(self.text.address(buffer, list(zip(index, strides, strict=True))))
        ProductWriter(node, self.text).one(*map(self._pointer, pointers))

    def _pointer(self, register: str) -> Register:
        return self.text.register(PTR, register)

    def _clear(self, store: Store, at: tuple[Index, ...]) -> None:
        """Zeros for one image's whole frame."""
        buffer = self._buffer(store.node)
        where = self.text.address(buffer, [(at[0], buffer.strides[0])])
        self.text.call(FILL, self._pointer(where), 0, row_bytes(store.node), False)

    def _lay(self, store: Store, index: tuple[Index, ...]) -> None:
        """An element of an image, to its place in the frame."""
        (source,), places = store.node.operands, places_of(store.node)
        assert places is not None
        if isinstance(source, Op):
            self._element(source, index)
        value = self.to.element(source, index, store.node.dtype)
        buffer = self._buffer(store.node)
        steps = [1, *[step for _, step in places], 1]
        parts = [(i, n * step) for i, n, step in zip(index, buffer.strides, steps, strict=True)]
        first = sum(start * n for (start, _), n in zip(places, buffer.strides[1:-1], strict=True))
        self.text.store(buffer, [*parts, (first, 1)], value)

    def _convolution(self, store: Store, index: tuple[Index, ...]) -> None:
        """That of one image: a product, or what is added to a total."""
        node = store.node
        make = convolution.of_kernel if store.kind == "total" else convolution.forward
        pointers = []
        for value, by_image in zip((node, *node.operands), _BY_IMAGE[store.kind], strict=True):
            buffer = self._buffer(value)
            parts = [(index[0], buffer.strides[0])] if by_image else []
            pointers.append(self._pointer(self.text.address(buffer, parts)))
        self.text.call(make(shape_of_image(node)), *pointers)

    def _batches(self, stores: list[Store], depth: int) -> list[list[Store]]:
        """Roots that share the loop over one more axis, in an order that makes everything before it is read."""
        batches: list[list[Store]] = []
        for store in stores:
            place = None
            for k in range(len(batches) - 1, -1, -1):
                if self._shares(batches[k], store, depth):
                    place = k
                    break
                if any(self._needs(store, other, depth) for other in batches[k]):
                    break
            if place is None:
                batches.append([store])
            else:
                batches[place].append(store)
        return batches

    def _needs(self, store: Store, other: Store, depth: int) -> bool:
        return other.node in self._reads(store, min(depth, len(store.domain) - 1))

    def _shares(self, batch: list[Store], store: Store, depth: int) -> bool:
        if len(store.domain) == depth or len(batch[0].domain) == depth:
            return len(store.domain) == len(batch[0].domain)
        if batch[0].domain[depth] != store.domain[depth]:
            return False
        found = self._reads(store, depth)
        return all(
            other.first > depth and found[other.node] == depth for other in batch if other.node in found
        )  # fmt: skip

    def _reads(self, store: Store, axis: int) -> dict[Op, int | None]:
        key = (store.node, axis)
        if key not in self.known:
            self.known[key] = store.reads(axis, self)
        return self.known[key]

    def __contains__(self, value: Any) -> bool:
        return self.in_memory(value)

    def _parts(self, store: Store, index: tuple[Index, ...]) -> list[tuple[Index, int]]:
        """The strided index of a reduction's result, from that of its domain."""
        buffer = self._buffer(store.node)
        if store.kind == "scatter":
            inner = element_of(self.to, store.index, index, *store.node.operands[1:])
            assert inner is not None
            return list(zip(inner, buffer.strides, strict=True))
        kept = store.kept
        shape = tuple([store.domain[a] for a in kept])
        strides = Buffer("", shape, buffer.dtype, buffer.held).strides if shape else ()
        return [(index[a], step) for a, step in zip(kept, strides, strict=True)]

    def _begin(self, store: Store, at: tuple[Index, ...]) -> None:
        """Make ready for a reduction: one accumulator, or the elements of the result that are still to come."""
        kind = kind_of(store)
        kept = store.kept
        if store.in_register:
            name, count = self.text.fresh("acc"), _side_by_side(store)
            self.totals[store.node] = name
            self.text.entry.append(f"  {name} = alloca [{count} x {kind}], align 64")

            def begin(i: Index) -> None:
                self.text.write(f"  store {kind} {start_of(store)}, ptr {self._side(store, (i, 1))}")

            if store.behind:
                for i in range(count):
                    begin(i)
            else:
                self._loop("i", 0, count, lambda loop: begin(variable(loop)), None, INNER)
            return
        buffer, start = self._buffer(store.node), literal(0, store.node.dtype)
        if store.kind in ("scatter", "total"):
            parts = list(zip(at, buffer.strides, strict=False))
            count = math.prod(store.node.shape[len(at) :])
        else:
            start = start_of(store)
            if store.node.dtype.kind == "b":
                start = "true" if name_of(store) == "all" else "false"
            parts = self._parts(store, (*at, *[0] * (len(store.domain) - len(at))))
            count = math.prod(store.domain[a] for a in kept if a >= len(at))
        # The elements that are still to come lie side by side.
        self._loop(
            "i", 0, count, lambda loop: self.text.store(buffer, [*parts, (variable(loop), 1)], start), None, INNER
        )

    def _accumulate(self, store: Store, index: tuple[Index, ...]) -> None:
        if store.in_register:
            term = self._term(store, index)
            self._add(store, self._total(store, index), term)
            return
        terms = self._terms(store, index)
        buffer, parts = self._buffer(store.node), self._parts(store, index)
        stored = STORED[buffer.dtype.name]
        total = self.text.effect(f"load {stored}, ptr {self.text.address(buffer, parts)}")
        if stored == "i8":
            total = gathered(self.text, store, self.text.effect(f"trunc i8 {total} to i1"))
        for term in terms:
            total = combine(self.text, store, total, term)
        self.text.store(buffer, parts, result(self.text, store, total))

    def _total(self, store: Store, index: tuple[Index, ...]) -> str:
        """The address of an accumulator: of those that lie side by side, that of a step of the innermost loop."""
        shape = [store.domain[a] for a in store.behind]
        parts = [(index[a], math.prod(shape[k + 1 :])) for k, a in enumerate(store.behind)]
        return self._side(store, *(parts or [(index[-1], 1)]))

    def _side(self, store: Store, *parts: tuple[Index, int]) -> str:
        """The address of one of several accumulators."""
        name = self.totals[store.node]
        if _side_by_side(store) == 1:
            return name
        at = self.text.offset(list(parts))
        return self.text.op(f"getelementptr inbounds {kind_of(store)}, ptr {name}, i64 {at}")

    def _terms(self, store: Store, index: tuple[Index, ...]) -> list[str]:
        """What is added to an element of the result at once."""
        return [self._term(store, index)]

    def _gathered(self, store: Store) -> str:
        """What the accumulators of a reduction have gathered."""
        kind, count = kind_of(store), _side_by_side(store)
        if count == 1:
            return self.text.effect(f"load {kind}, ptr {self.totals[store.node]}")
        name = self.text.fresh("acc")
        self.text.entry.append(f"  {name} = alloca {kind}")
        self.text.write(f"  store {kind} {start_of(store)}, ptr {name}")

        def add(loop: Loop) -> None:
            one = self.text.effect(f"load {kind}, ptr {self._side(store, (variable(loop), 1))}")
            self._add(store, name, one)

        self._loop("i", 0, count, add, None, INNER)
        return self.text.effect(f"load {kind}, ptr {name}")

    def _end(self, store: Store, at: tuple[Index, ...]) -> None:
        if not store.in_register:
            return
        for place in itertools.product(*[range(store.domain[a]) for a in store.behind]):
            behind = dict(zip(store.behind, place, strict=True))
            full = (*at, *[behind.get(a, 0) for a in range(len(at), len(store.domain))])
            if behind:
                total = self.text.effect(f"load {kind_of(store)}, ptr {self._total(store, full)}")
            else:
                total = self._gathered(store)
            self.text.store(self._buffer(store.node), self._parts(store, full), result(self.text, store, total))
