"""Nests: roots of several axes that share their outer loops, as far inwards as they go together."""

from __future__ import annotations

import math
from typing import Any

from .....core.node import Node
from ....rewrite import arguments
from ..elements.advanced_indexing import element_of
from ..ir.affine import Index, variable
from ..ir.builder import STORED, Buffer, literal
from ..linalg import convolution
from ..linalg.gemm import ProductWriter, factors, lead_strides
from ..rewrites.legalize_convolution import is_convolution, places_of, shape_of_image
from ..schedule.stores import Root, row_bytes
from ..tuning import ROW_BYTES, UNROLLED_SUM
from .accumulators import fold, gathered, kind_of, name_of, result, start_of
from .loop import INNER, OUTER, PART, PLAIN, LoopWriter

# What calls functions of its own inside; and of a convolution's result and operands, which have a part an image.
_CALLED = frozenset({"product", "total"})
_BY_IMAGE = {"product": (True, True, False), "total": (False, True, True)}


class NestWriter(LoopWriter):
    """Writes the function of a nest of loops."""

    def _body(self) -> int:
        """All roots in the same outermost loop, and as far inwards as their domains and dependencies allow."""
        roots = self.loops.roots
        # In the order of the roots: the text of a program is the same in every process.
        for node in [root.node for root in roots if root.node in self.loops.local]:
            if row_bytes(node) > ROW_BYTES:
                name = f"%b{len(self.values)}"
                self.values.append(node)
            else:
                name = self.text.fresh("row")
                count = node.size // node.shape[0]
                self.entry.append(f"  {name} = alloca [{count} x {STORED[node.dtype.name]}], align 64")
            self.places[id(node)] = Buffer(name, node.shape, node.dtype, held=True)
        self._run(roots, ())
        return self.loops.length

    def _run(self, roots: list[Root], at: tuple[Index, ...]) -> None:
        """The next loop of roots that share it, and what is to be done before and after it."""
        depth = len(at)
        begun = [root for root in roots if root.axes and root.first == depth]
        for root in begun:
            self._begin(root, at)
        for root in roots:
            if root.kind == "frame" and depth == 1:
                self._clear(root, at)
        inner = all(math.prod(root.domain[depth + 1 :]) == 1 and root.kind not in _CALLED for root in roots)
        length = roots[0].domain[depth]
        small = depth > 0 and length <= UNROLLED_SUM and any(root.rolled for root in self.loops.roots)
        self._loop(
            "i",
            0,
            length,
            lambda loop: self._inside(roots, (*at, variable(loop))),
            PART if depth == 0 else None,
            PLAIN if small else INNER if inner else OUTER,
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
        if root.kind in ("reduce", "scatter"):
            self._accumulate(root, index)
            return
        if root.kind == "frame":
            self._lay(root, index)
            return
        if is_convolution(root.node):
            self._convolution(root, index)
            return
        if root.kind == "product":
            self._product(root, index)
            return
        self._write(root.node, index)

    def _product(self, root: Root, index: tuple[Index, ...]) -> None:
        """One product of a stack."""
        node = root.node
        own = self._buffer(node)
        full = (*index, *[0] * (len(node.shape) - len(index)))
        pointers = [self.text.address(own, list(zip(full, own.strides, strict=True)))]
        for factor in factors(node):
            buffer = self._buffer(factor.value)
            strides = lead_strides(root.domain, factor)
            if buffer.held:
                strides[0] = 0
            pointers.append(self.text.address(buffer, list(zip(index, strides, strict=True))))
        writer = ProductWriter(node, self.text.fresh("m")[1:])
        self.text.lines += writer.one(*pointers)
        for name, declaration in writer.declared.items():
            self.text.declare(name, declaration)

    def _clear(self, root: Root, at: tuple[Index, ...]) -> None:
        """Zeros for one image's whole frame."""
        buffer, name = self._buffer(root.node), "@llvm.memset.p0.i64"
        where = self.text.address(buffer, [(at[0], buffer.strides[0])])
        self.text.declare(name, f"declare void {name}(ptr, i8, i64, i1)")
        self.text.write(f"  call void {name}(ptr {where}, i8 0, i64 {row_bytes(root.node)}, i1 false)")

    def _lay(self, root: Root, index: tuple[Index, ...]) -> None:
        """An element of an image, to its place in the frame."""
        (source,), places = arguments(root.node), places_of(root.node)
        assert places is not None
        if isinstance(source, Node):
            self._element(source, index)
        value = self.to.element(source, index, root.node.dtype)
        buffer = self._buffer(root.node)
        steps = [1, *[step for _, step in places], 1]
        parts = [(i, n * step) for i, n, step in zip(index, buffer.strides, steps, strict=True)]
        first = sum(start * n for (start, _), n in zip(places, buffer.strides[1:-1], strict=True))
        self.text.store(buffer, [*parts, (first, 1)], value)

    def _convolution(self, root: Root, index: tuple[Index, ...]) -> None:
        """That of one image: a product, or what is added to a total."""
        node = root.node
        make = convolution.of_kernel if root.kind == "total" else convolution.forward
        name, needed = make(shape_of_image(node))
        pointers = []
        for value, by_image in zip((node, *arguments(node)), _BY_IMAGE[root.kind], strict=True):
            buffer = self._buffer(value)
            parts = [(index[0], buffer.strides[0])] if by_image else []
            pointers.append(f"ptr {self.text.address(buffer, parts)}")
        self.text.write(f"  call void {name}({', '.join(pointers)})")
        for symbol, text in needed.items():
            self.text.declare(symbol, text)

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

    def _parts(self, root: Root, index: tuple[Index, ...]) -> list[tuple[Index, int]]:
        """The strided index of a reduction's result, from that of its domain."""
        buffer = self._buffer(root.node)
        if root.kind == "scatter":
            inner = element_of(self.to, root.index, index, *arguments(root.node)[1:])
            assert inner is not None
            return list(zip(inner, buffer.strides, strict=True))
        kept = root.kept
        shape = tuple([root.domain[a] for a in kept])
        strides = Buffer("", shape, buffer.dtype, buffer.held).strides if shape else ()
        return [(index[a], step) for a, step in zip(kept, strides, strict=True)]

    def _begin(self, root: Root, at: tuple[Index, ...]) -> None:
        """Make ready for a reduction: one accumulator, or the elements of the result that are still to come."""
        kind = kind_of(root)
        kept = root.kept
        if root.in_register:
            name = self.totals[root.node] = self.text.fresh("acc")
            self.entry.append(f"  {name} = alloca {kind}")
            self.text.write(f"  store {kind} {start_of(root)}, ptr {name}")
            return
        buffer, start = self._buffer(root.node), literal(0, root.node.dtype)
        if root.kind in ("scatter", "total"):
            parts = list(zip(at, buffer.strides, strict=False))
            count = math.prod(root.node.shape[len(at) :])
        else:
            start = start_of(root)
            if root.node.dtype.kind == "b":
                start = "true" if name_of(root) == "all" else "false"
            parts = self._parts(root, (*at, *[0] * (len(root.domain) - len(at))))
            count = math.prod(root.domain[a] for a in kept if a >= len(at))
        # The elements that are still to come lie side by side.
        self._loop(
            "i", 0, count, lambda loop: self.text.store(buffer, [*parts, (variable(loop), 1)], start), None, INNER
        )

    def _accumulate(self, root: Root, index: tuple[Index, ...]) -> None:
        if root.in_register:
            self._add(root, self.totals[root.node], self._term(root, index))
            return
        terms = self._terms(root, index)
        buffer, parts = self._buffer(root.node), self._parts(root, index)
        stored = STORED[buffer.dtype.name]
        total = self.text.effect(f"load {stored}, ptr {self.text.address(buffer, parts)}")
        if stored == "i8":
            total = gathered(self.text, root, self.text.effect(f"trunc i8 {total} to i1"))
        for term in terms:
            total = fold(self.text, root, total, term)
        self.text.store(buffer, parts, result(self.text, root, total))

    def _terms(self, root: Root, index: tuple[Index, ...]) -> list[str]:
        """What is added to an element of the result at once."""
        return [self._term(root, index)]

    def _end(self, root: Root, at: tuple[Index, ...]) -> None:
        if root.in_register:
            total = self.text.effect(f"load {kind_of(root)}, ptr {self.totals[root.node]}")
            full = (*at, *[0] * (len(root.domain) - len(at)))
            self.text.store(self._buffer(root.node), self._parts(root, full), result(self.text, root, total))
