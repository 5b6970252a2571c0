"""Convolutions of one image: a function for each shape, which all convolutions of that shape call.

The input has its zeros around it already. A tile of the output is held in registers: some neighbouring places along
the last axis times a few vectors of channels, to which the products of all taps are added, as BLIS holds a tile of
a matrix product (Georganas et al., *Anatomy of high-performance deep learning convolutions*, 2018).
For the kernel's own gradient the tile is of the kernel, and the sum runs over places.
"""

from __future__ import annotations

import math
import platform
from collections.abc import Callable, Iterator

from .....records import record
from ..ir.code import Code
from ..ir.functions import Defined
from ..ir.registers import NOALIAS, VOID, Operand, Register, vector
from ..ir.vectors import multiply_add, spread
from ..jit.engine import processor
from ..tuning import CONVOLUTION_BAND_BYTES, CONVOLUTION_KERNEL_BYTES

# These have sixteen registers of vectors, with AVX-512 and elsewhere there are twice as many.
_X86 = ("x86_64", "amd64")


# Places in memory for the sums of a tile, a row for each of its places.
Tile = list[list[Register]]


@record
class Shape:
    """One image's convolution without padding.

    Attributes
    ----------
    spatial, kernel, stride, dilation : tuple of int
        Of each spatial axis: the length of the input, and what `blocks.windows.Windows` has.
    channels, outputs : int
        Those of the input and the output, all groups together.
    groups : int
        How many parts of them do not meet.
    kind : str
        "float" or "double".

    """

    spatial: tuple[int, ...]
    kernel: tuple[int, ...]
    stride: tuple[int, ...]
    dilation: tuple[int, ...]
    channels: int
    outputs: int
    groups: int
    kind: str

    @property
    def out(self) -> tuple[int, ...]:
        """The lengths of the output."""
        return tuple([
            (n - d * (k - 1) - 1) // s + 1
            for n, k, s, d in zip(self.spatial, self.kernel, self.stride, self.dilation, strict=True)
        ])  # fmt: skip

    @property
    def name(self) -> str:
        """What tells it from others in the name of a function."""
        parts = (self.spatial, self.kernel, self.stride, self.dilation)
        return ".".join(
            ["x".join(map(str, p)) for p in parts] + [f"{self.channels}to{self.outputs}by{self.groups}"]
        )


def forward(shape: Shape) -> Defined:
    """The function `(out, x, w)` of a shape."""
    return _made("conv", shape, _Forward)


def of_kernel(shape: Shape) -> Defined:
    """The function `(total, x, y)` of a shape that adds to the gradient of a kernel."""
    return _made("convkernel", shape, _OfKernel)


def _made(verb: str, shape: Shape, writer: type[_Writer]) -> Defined:
    def write(code: Code, out: Register, x: Register, y: Register) -> None:
        writer(shape, out, x, y).write()

    name = f"{verb}.{shape.kind}.{shape.name}"
    return Defined(name, VOID, (NOALIAS, NOALIAS, NOALIAS), write, attributes="noinline #0")


def _cut(length: int, most: int) -> list[tuple[int, int, int]]:
    """Equal parts of an axis of at most so many: (start, size, how many of that size)."""
    count = -(-length // most)
    small, larger = divmod(length, count)
    found = [(0, small + 1, larger)] if larger else []
    return [*found, (larger * (small + 1), small, count - larger)]


class _Writer:
    """What both share: registers, loops, and tiles of vectors of channels."""

    def __init__(self, shape: Shape, out: Register, x: Register, y: Register) -> None:
        self.shape = shape
        self.code = out.code
        self.result, self.x, self.y = out, x, y
        self.kind = shape.kind
        self.size = 8 if shape.kind == "double" else 4
        self.lanes = processor().lanes * 8 // self.size
        own, made = shape.channels // shape.groups, shape.outputs // shape.groups
        # Where every channel is convolved alone, vectors are of channels on both sides.
        self.apart = own == made == 1 and shape.groups > 1
        self.own, self.made = (0, shape.outputs) if self.apart else (own, made)
        self.groups = 1 if self.apart else shape.groups
        # The elements of a window that lie equally far apart, one loop over them, and the loops around it.
        merged = self.apart or (shape.groups == 1 and shape.dilation[-1] == 1)
        self.taps = list(shape.kernel[:-1] if merged else shape.kernel)
        self.run = own * (shape.kernel[-1] if merged else 1)
        self.hop = shape.dilation[-1] * shape.channels if self.apart else 1
        # The elements between neighbours along each axis: of the input its places, windows and taps, of the kernel
        # and of the output.
        self.places = _strides(shape.spatial, shape.channels)
        self.across = [p * s for p, s in zip(self.places, shape.stride, strict=True)]
        self.within = [p * d for p, d in zip(self.places, shape.dilation, strict=True)]
        self.jumps = _strides(shape.kernel, own * shape.outputs)
        self.out = _strides(shape.out, shape.outputs)

    def write(self) -> None:
        """Write the code of the function."""
        raise NotImplementedError

    # Addresses and loops

    def at(self, pointer: Register, fixed: int, *terms: tuple[Operand, int]) -> Register:
        """A pointer so many elements further: a number, and numbers times steps."""
        for number, step in terms:
            if isinstance(number, Register):
                if step:
                    pointer = pointer.element(self.kind, number if step == 1 else number * step)
            else:
                fixed += int(number or 0) * step
        return pointer.element(self.kind, fixed)

    def loop(self, count: int, body: Callable[[Operand], None]) -> None:
        if count == 1:
            body(0)
            return
        with self.code.loop(count) as i:
            body(i)

    def nested(self, counts: list[int], body: Callable[[list[Operand]], None]) -> None:
        def descend(at: list[Operand], rest: list[int]) -> None:
            if rest:
                self.loop(rest[0], lambda i: descend([*at, i], rest[1:]))
            else:
                body(at)

        descend([], counts)

    # Tiles

    def columns(self) -> Iterator[tuple[int, list[int], int]]:
        """The vectors of one group's outputs: where the first begins, their lanes, and how many such there are."""
        start = 0
        for lanes in ([self.lanes] * 2, [self.lanes]):
            count = (self.made - start) // sum(lanes)
            if count:
                yield start, lanes, count
            start += count * sum(lanes)
        if self.made > start:
            yield start, [self.made - start], 1

    def most(self, lanes: list[int]) -> int:
        """How many places a tile has beside so many vectors, by the number of registers."""
        registers = 16 if self.lanes * self.size <= 32 and platform.machine().lower() in _X86 else 32
        return min(14, (registers - 2 - len(lanes)) // len(lanes))

    def begin(self, places: int, lanes: list[int], before: Register | None = None) -> Tile:
        """The sums of a tile, as LLVM finds them: memory that nothing else sees; from zero, or what is there."""
        tile = []
        for p in range(places):
            row = []
            for j, n in enumerate(lanes):
                place, kind = self.code.local(vector(self.kind, n)), vector(self.kind, n)
                start = Register(self.code, kind, "zeroinitializer")
                if before is not None:
                    start = self.load(self.at(before, p * self.shape.outputs + j * self.lanes), n)
                place.store(start)
                row.append(place)
            tile.append(row)
        return tile

    def add(self, tile: Tile, lanes: list[int], x: Register, step: int, y: Register) -> None:
        """Add products: of the numbers that lie `step` apart from `x` on, one a place, and the vectors at `y`."""
        vectors = [self.load(self.at(y, j * self.lanes), n) for j, n in enumerate(lanes)]
        for p, row in enumerate(tile):
            number = None if self.apart else self.load(self.at(x, p * step), 1)
            for j, (place, n, right) in enumerate(zip(row, lanes, vectors, strict=True)):
                left = self.load(self.at(x, p * step + j * self.lanes), n) if number is None else spread(number, n)
                total = place.load(vector(self.kind, n))
                place.store(multiply_add(left, right, total, self.kind, n, processor().fused))

    def end(self, tile: Tile, lanes: list[int], out: Register) -> None:
        """Write the sums of a tile."""
        for p, row in enumerate(tile):
            for j, (place, n) in enumerate(zip(row, lanes, strict=True)):
                to = self.at(out, p * self.shape.outputs + j * self.lanes)
                to.store(place.load(vector(self.kind, n)), align=self.size)

    def load(self, pointer: Register, lanes: int) -> Register:
        return pointer.load(vector(self.kind, lanes), align=self.size)


class _Forward(_Writer):
    """The output of one image, tile by tile."""

    def write(self) -> None:
        rows = list(self.shape.out[:-1])
        large = (
            math.prod(self.shape.kernel) * max(self.own, 1) * self.shape.outputs * self.size
            > CONVOLUTION_KERNEL_BYTES
        )
        if not large:
            self.nested(rows, lambda at: self._columns(lambda *column: self._row(at, *column)))
            return
        self._columns(lambda *column: self.nested(rows, lambda at: self._row(at, *column)))

    def _columns(self, body: Callable[[int, list[int], Operand, Operand], None]) -> None:
        for column in self.columns():
            self._column(*column, body)

    def _column(
        self, start: int, lanes: list[int], count: int, body: Callable[[int, list[int], Operand, Operand], None]
    ) -> None:
        self.nested([count, self.groups], lambda at: body(start, lanes, *at))

    def _row(self, at: list[Operand], start: int, lanes: list[int], block: Operand, group: Operand) -> None:
        """One row of the output, of the channels of one block."""
        own = (block, sum(lanes)), (group, self.made)
        x = self.at(self.x, 0, (group, self.own), *zip(at, self.across, strict=False))
        if self.apart:
            x = self.at(x, start, *own)
        w = self.at(self.y, start, *own)
        out = self.at(self.result, start, *own, *zip(at, self.out, strict=False))
        for part in _cut(self.shape.out[-1], self.most(lanes)):
            self._tiles(out, x, w, lanes, *part)

    def _tiles(
        self, out: Register, x: Register, w: Register, lanes: list[int], first: int, places: int, count: int
    ) -> None:
        step = self.across[-1]

        def tile(t: Operand) -> None:
            there = self.at(out, first * self.shape.outputs, (t, places * self.shape.outputs))
            self._tile(there, self.at(x, first * step, (t, places * step)), w, places, lanes)

        self.loop(count, tile)

    def _tile(self, out: Register, x: Register, w: Register, places: int, lanes: list[int]) -> None:
        tile = self.begin(places, lanes)

        def taps(at: list[Operand]) -> None:
            source = self.at(x, 0, *zip(at, self.within, strict=False))
            kernel = self.at(w, 0, *zip(at, self.jumps, strict=False))
            self.loop(
                self.run,
                lambda k: self.add(
                    tile, lanes, self.at(source, 0, (k, self.hop)), self.across[-1],
                    self.at(kernel, 0, (k, self.shape.outputs)),
                ),
            )  # fmt: skip

        self.nested(self.taps, taps)
        self.end(tile, lanes, out)


class _OfKernel(_Writer):
    """What one image adds to the gradient of the kernel, for a band of rows of the output at a time."""

    def write(self) -> None:
        *lead, length = self.shape.out
        if not lead:
            self._band(self.x, self.y, 1)
            return
        row = length * self.shape.outputs * self.size
        # As many rows of the output as stay in the first cache, beside those of the input.
        for first, rows, count in _cut(lead[-1], max(1, min(lead[-1], CONVOLUTION_BAND_BYTES // row))):
            self._bands(lead[:-1], first, rows, count)

    def _bands(self, outer: list[int], first: int, rows: int, count: int) -> None:
        last = len(outer)

        def band(at: list[Operand]) -> None:
            *lead, number = at
            x, y = (
                self.at(p, first * steps[last], (number, rows * steps[last]), *zip(lead, steps, strict=False))
                for p, steps in ((self.x, self.across), (self.y, self.out))
            )
            self._band(x, y, rows)

        self.nested([*outer, count], band)

    def _band(self, x: Register, y: Register, rows: int) -> None:
        def taps(at: list[Operand]) -> None:
            source = self.at(x, 0, *zip(at, self.within, strict=False))
            total = self.at(self.result, 0, *zip(at, self.jumps, strict=False))
            for column in self.columns():
                for part in _cut(self.run, self.most(column[1])):
                    self._tiles(total, source, y, column, part, rows)

        self.nested(self.taps, taps)

    def _tiles(
        self,
        total: Register,
        x: Register,
        y: Register,
        column: tuple[int, list[int], int],
        part: tuple[int, int, int],
        rows: int,
    ) -> None:
        start, lanes, blocks = column
        first, places, count = part

        def tile(at: list[Operand]) -> None:
            t, block, group = at
            own = (block, sum(lanes)), (group, self.made)
            outputs = self.shape.outputs
            source = self.at(x, first * self.hop, (t, places * self.hop), (group, self.own))
            self._tile(
                self.at(total, first * outputs + start, (t, places * outputs), *own),
                self.at(source, start, *own) if self.apart else source,
                self.at(y, start, *own), places, lanes, rows,
            )  # fmt: skip

        self.nested([count, blocks, self.groups], tile)

    def _tile(self, total: Register, x: Register, y: Register, places: int, lanes: list[int], rows: int) -> None:
        tile = self.begin(places, lanes, before=total)
        down = (self.across[-2], self.out[-2]) if rows > 1 else (0, 0)

        def place(at: list[Operand]) -> None:
            r, i = at
            here = self.at(x, 0, (r, down[0]), (i, self.across[-1]))
            self.add(tile, lanes, here, self.hop, self.at(y, 0, (r, down[1]), (i, self.out[-1])))

        self.nested([rows, self.shape.out[-1]], place)
        self.end(tile, lanes, total)


def _strides(lengths: tuple[int, ...], inner: int) -> list[int]:
    """The elements between neighbours along each axis, with so many at each place."""
    steps = []
    for n in reversed(lengths):
        steps.append(inner)
        inner *= n
    return steps[::-1]
