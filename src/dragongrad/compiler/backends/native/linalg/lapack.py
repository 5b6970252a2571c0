"""Linear systems inside native code: LAPACK, by its addresses.

LAPACK counts along columns: a matrix in C order is its transpose. A routine that finds no answer, because a matrix
is singular or not positive definite, sets a flag: the call is then made eagerly, and the function itself raises.
Of a matrix and of its transpose elimination spreads infinities and NaN to other places: with them it is done as
NumPy does it, on a matrix laid along columns.
"""

from __future__ import annotations

import functools
import math
import operator
from collections.abc import Callable

import numpy as np

from .....core.block import BLOCKS
from ....graph import Op, Value
from ....process import once
from ....rewrite import shape_of
from ..ir.code import Code
from ..ir.functions import COPY, FILL, Defined
from ..ir.registers import DOUBLE, FLOAT, I1, I8, I32, I64, PTR, VOID, Register
from ..tuning import INVERSE_COLUMNS
from . import external_calls
from .external_calls import INTEGER, LETTERS, RoutineWriter
from .gemm import Factor, factor, lead_strides
from .triangular import is_solved_here, solver

_CHOLESKY, _SOLVE, _INV = (BLOCKS[fn] for fn in (np.linalg.cholesky, np.linalg.solve, np.linalg.inv))


def _transposed(kind: str) -> Defined:
    def write(code: Code, out: Register, x: Register, rows: Register, columns: Register) -> None:
        source, target = x.array(kind), out.array(kind)
        with code.loop(rows) as i, code.loop(columns) as j:
            target[j * rows + i] = source[i * columns + j]

    return Defined(f"transposed.{kind}", VOID, (PTR, PTR, I64, I64), write, attributes="noinline optnone")


def _all_finite(kind: str) -> Defined:
    whole = I64 if kind == DOUBLE else I32

    def write(code: Code, x: Register, count: Register) -> None:
        seen, numbers = code.local(whole), x.array(kind)
        seen.store(0, whole)
        with code.loop(count) as i:
            # A zero has no bit but its sign.
            seen.store(seen.load(whole) | ((numbers[i] * 0.0).to("bitcast", whole) << 1))
        code.ret(seen.load(whole).equals(0))

    return Defined(f"finite.{kind}", I1, (PTR, I64), write, attributes="noinline")


_FINITE = {kind: _all_finite(kind) for kind in (DOUBLE, FLOAT)}
_TRANSPOSED = {kind: _transposed(kind) for kind in (DOUBLE, FLOAT)}


def is_factorisation(node: Op) -> bool:
    """Whether LAPACK computes an operation: a Cholesky factor, a solution or an inverse, of real matrices."""
    if node.block not in (_CHOLESKY, _SOLVE, _INV) or not node.size:
        return False
    dtypes = {v.dtype if isinstance(v, Op) else np.asarray(v).dtype for v in node.operands}
    return dtypes == {node.dtype} and node.dtype.name in LETTERS and max(node.shape[-2:]) < 1 << 24


def operands(node: Op) -> tuple[Factor, ...]:
    """What is read: a triangular matrix may be seen from the other side, anything else is what it is."""
    x, *rest = node.operands
    seen = factor(x)
    first = seen if node.block is _SOLVE and is_triangular(seen.value) else Factor(x, shape_of(x), False)
    return first, *[Factor(v, shape_of(v), False) for v in rest]


def is_triangular(value: Value) -> bool:
    """Whether a matrix is known to be lower triangular, with a diagonal that has no zero."""
    return isinstance(value, Op) and value.block is _CHOLESKY


def method(node: Op) -> str:
    """How it is computed, in words."""
    if node.block is not _SOLVE or not is_triangular(operands(node)[0].value):
        return "LAPACK"
    return "triangular system" if is_solved_here(*node.shape[-2:]) else "triangular system by BLAS"


def room(node: Op) -> int:
    """The bytes that it needs beside its result."""
    n, item = node.shape[-1] if node.block is not _SOLVE else node.shape[-2], node.dtype.itemsize
    pivots = -(-8 * n // 64) * 64
    if node.block is _CHOLESKY:
        return 0
    if node.block is _INV:
        return pivots + n * max(INVERSE_COLUMNS, 2 * n) * item
    return pivots + n * n * item + n * node.shape[-1] * item


def terms(node: Op) -> float:
    """About how many products of two numbers it takes."""
    n = node.shape[-2]
    each = n**3 / 6 if node.block is _CHOLESKY else n**3 if node.block is _INV else n * n * (n / 3 + node.shape[-1])
    return float(each * math.prod(node.shape[:-2]))


@once
def symbols() -> dict[str, int]:
    """The addresses of the routines, by the names that native code knows them by."""
    return external_calls.symbols("lapack")


class FactorisationWriter(RoutineWriter):
    """Writes the instructions of one of them, for every matrix of a stack, into the code of a function."""

    def write(self, out: Register, pointers: list[Register], extra: Register, failed: Register) -> None:
        """All of it, from pointers to the result, the operands, the room beside, and the flag."""
        lead = self.node.shape[:-2]
        strides = [lead_strides(lead, f) for f in operands(self.node)]
        own = lead_strides(lead, Factor(self.node, self.node.shape, False))
        info = self.code.local(INTEGER)
        info.store(0, INTEGER)

        def one(at: list[Register]) -> None:
            places = [self._along(p, s, at) for p, s in zip((out, *pointers), (own, *strides), strict=True)]
            self._one(places, extra, info)
            found = info.load(INTEGER)
            failed.store(failed.load(I64) | (found if INTEGER == I64 else found.to("sext", I64)))

        self._nested(list(lead), one, [])

    def _finite(self, *arrays: tuple[Register, int]) -> Register:
        """Whether no number of arrays of so many is infinite or NaN."""
        found = [self.code.call(_FINITE[self.kind], x, count) for x, count in arrays]
        return functools.reduce(operator.and_, found)

    def _nested(self, lead: list[int], body: Callable[[list[Register]], None], at: list[Register]) -> None:
        if not lead:
            body(at)
            return
        with self.code.loop(lead[0]) as i:
            self._nested(lead[1:], body, [*at, i])

    def _along(self, pointer: Register, strides: list[int], at: list[Register]) -> Register:
        for stride, i in zip(strides, at, strict=True):
            if stride:
                pointer = pointer.element(self.kind, i * stride)
        return pointer

    def _one(self, places: list[Register], extra: Register, info: Register) -> None:
        n = self._int(self.node.shape[-2])
        if self.node.block is _CHOLESKY:
            self._cholesky(places[0], places[1], n, info)
        elif self.node.block is _INV:
            finite = self._finite((places[1], self.node.shape[-1] ** 2))
            with self.code.when(finite):
                self._inverse(places[0], places[1], n, extra, info)
            with self.code.when(~finite):
                self._as_numpy(places[0], places[1], None, extra, info)
        elif is_triangular(operands(self.node)[0].value):
            self._triangular(places[0], places[1], places[2], extra, info)
        else:
            rows, columns = self.node.shape[-2:]
            finite = self._finite((places[1], rows * rows), (places[2], rows * columns))
            with self.code.when(finite):
                self._solve(places[0], places[1], places[2], extra, info)
            with self.code.when(~finite):
                self._as_numpy(places[0], places[1], places[2], extra, info)

    def _cholesky(self, out: Register, x: Register, n: Register, info: Register) -> None:
        rows, size = self.node.shape[-1], self.node.dtype.itemsize
        self._copy(out, x, rows * rows)
        self._call("potrf", self._letter("U"), n, out, n, info, library="lapack")
        with self.code.loop(rows) as row:
            # Zeros behind the diagonal.
            self.code.call(FILL, out.element(self.kind, row * (rows + 1) + 1), 0, (rows - 1 - row) * size, False)

    def _inverse(self, out: Register, x: Register, n: Register, extra: Register, info: Register) -> None:
        self._copy(out, x, self.node.shape[-2] ** 2)
        pivots, work, _ = self._rooms(extra)
        self._call("getrf", n, n, out, n, pivots, info, library="lapack")
        with self.code.when(info.load(INTEGER).equals(0)):
            count = self._int(self.node.shape[-2] * INVERSE_COLUMNS)
            self._call("getri", n, out, n, pivots, work, count, info, library="lapack")

    def _triangular(self, out: Register, x: Register, y: Register, extra: Register, info: Register) -> None:
        rows, columns = self.node.shape[-2:]
        turned = operands(self.node)[0].transposed
        if is_solved_here(rows, columns):
            solve = solver(self.letter, rows, columns, self.away)
            self.code.call(solve, out, x, y, rows, columns, int(turned))
        else:
            # L X = Y is X' L' = Y': in memory the rows of X and Y are columns of their transposes, and L is L'.
            self._copy(out, y, rows * columns)
            self._call(
                "trsm", self._letter("R"), self._letter("U"), self._letter("T" if turned else "N"),
                self._letter("N"), self._int(columns), self._int(rows), self._real(1.0), x, self._int(rows), out,
                self._int(columns),
            )  # fmt: skip
        # What is infinite or NaN reaches the row that is solved last.
        last = out.element(self.kind, 0 if turned else (rows - 1) * columns)
        with self.code.when(~self._finite((last, columns))):
            self._as_numpy(out, x, y, extra, info, turned)

    def _solve(self, out: Register, x: Register, y: Register, extra: Register, info: Register) -> None:
        rows, columns = self.node.shape[-2:]
        n, k = self._int(rows), self._int(columns)
        pivots, matrix, sides = self._rooms(extra)
        self._copy(matrix, x, rows * rows)
        self._call("getrf", n, n, matrix, n, pivots, info, library="lapack")
        with self.code.when(info.load(INTEGER).equals(0)):
            # The right-hand sides one after the other; one alone lies so already.
            into = out if columns == 1 else sides
            self._turn(into, y, rows, columns)
            self._call("getrs", self._letter("T"), n, k, matrix, n, pivots, into, n, info, library="lapack")
            if columns > 1:
                self._turn(out, into, columns, rows)

    def _as_numpy(
        self, out: Register, x: Register, y: Register | None, extra: Register, info: Register, turned: bool = False
    ) -> None:
        """The same, of a matrix laid along columns (a transposed one is); without a right side, the inverse."""
        rows, columns = self.node.shape[-2:]
        n, k = self._int(rows), self._int(columns)
        pivots, matrix, sides = self._rooms(extra)
        if turned:
            self._copy(matrix, x, rows * rows)
        else:
            self._turn_seldom(matrix, x, rows, rows)
        if y is None:
            self.code.call(FILL, sides, 0, rows * rows * self.node.dtype.itemsize, False)
            with self.code.loop(rows) as i:
                sides.array(self.kind)[i * (rows + 1)] = 1.0
        else:
            self._turn_seldom(sides, y, rows, columns)
        self._call("getrf", n, n, matrix, n, pivots, info, library="lapack")
        with self.code.when(info.load(INTEGER).equals(0)):
            self._call("getrs", self._letter("N"), n, k, matrix, n, pivots, sides, n, info, library="lapack")
            self._turn_seldom(out, sides, columns, rows)

    def _rooms(self, extra: Register) -> tuple[Register, Register, Register]:
        """The order of rows, the matrix (or the room that an inverse needs), and the right-hand sides."""
        n = self.node.shape[-2]
        matrix = extra.element(I8, -(-8 * n // 64) * 64)
        return extra, matrix, matrix.element(self.kind, n * n)

    # Copies

    def _turn(self, out: Register, x: Register, rows: int, columns: int) -> None:
        """A transposed copy of a matrix of so many rows and columns."""
        if columns == 1:
            self._copy(out, x, rows)
            return
        source, target = x.array(self.kind), out.array(self.kind)
        with self.code.loop(rows) as i, self.code.loop(columns) as j:
            target[j * rows + i] = source[i * columns + j]

    def _turn_seldom(self, out: Register, x: Register, rows: int, columns: int) -> None:
        """The same by a function that no pass makes faster, which would take longer than all calls of it."""
        self.code.call(_TRANSPOSED[self.kind], out, x, rows, columns)

    def _copy(self, out: Register, x: Register, count: int) -> None:
        self.code.call(COPY, out, x, count * self.node.dtype.itemsize, False)
