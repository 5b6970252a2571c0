"""Linear systems inside native code: LAPACK by the pointers that SciPy exports.

LAPACK counts along columns: a matrix in C order is its transpose. A routine that finds no answer, because a matrix
is singular or not positive definite, sets a flag: the call is then made eagerly, and the function itself raises.
"""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np

from .....core.block import BLOCKS
from ....graph import Op, Value
from ....process import once
from ....rewrite import shape_of
from ..tuning import INVERSE_COLUMNS
from .external_calls import LETTERS, RoutineWriter, exported
from .gemm import Factor, factor, lead_strides

_CHOLESKY, _SOLVE, _INV = (BLOCKS[fn] for fn in (np.linalg.cholesky, np.linalg.solve, np.linalg.inv))


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


def room(node: Op) -> int:
    """The bytes that it needs beside its result."""
    n, item = node.shape[-1] if node.block is not _SOLVE else node.shape[-2], node.dtype.itemsize
    pivots = -(-4 * n // 64) * 64
    if node.block is _CHOLESKY or (node.block is _SOLVE and is_triangular(operands(node)[0].value)):
        return 0
    if node.block is _INV:
        return pivots + n * INVERSE_COLUMNS * item
    return pivots + n * n * item + n * node.shape[-1] * item


def terms(node: Op) -> float:
    """About how many products of two numbers it takes."""
    n = node.shape[-2]
    each = n**3 / 6 if node.block is _CHOLESKY else n**3 if node.block is _INV else n * n * (n / 3 + node.shape[-1])
    return float(each * math.prod(node.shape[:-2]))


@once
def symbols() -> dict[str, int]:
    """The addresses of the routines, by the names that native code knows them by."""
    return exported("scipy.linalg.cython_lapack", "lapack", ("potrf", "getrf", "getrs", "getri"))


class FactorisationWriter(RoutineWriter):
    """Writes the instructions of one of them into the lines of a function.

    Parameters
    ----------
    node : Op
        What is computed, for every matrix of a stack.
    prefix : str
        What its registers and labels begin with.
    """

    def write(self, out: str, pointers: list[str], extra: str, failed: str) -> list[str]:
        """The lines that compute it: pointers to the result, the operands, the room beside, and the flag."""
        lead = self.node.shape[:-2]
        strides = [lead_strides(lead, f) for f in operands(self.node)]
        own = lead_strides(lead, Factor(self.node, self.node.shape, False))
        info = self._put("alloca i32")
        self.lines.append(f"  store i32 0, ptr {info}")

        def one(at: list[str]) -> None:
            places = [self._along(p, s, at) for p, s in zip((out, *pointers), (own, *strides), strict=True)]
            self._one(places, extra, info)
            found = self._put(f"load i32, ptr {info}")
            wide = self._put(f"sext i32 {found} to i64")
            before = self._put(f"load i64, ptr {failed}")
            both = self._put(f"or i64 {before}, {wide}")
            self.lines.append(f"  store i64 {both}, ptr {failed}")

        self._nested(list(lead), one, [])
        return self.lines

    def _one(self, places: list[str], extra: str, info: str) -> None:
        n = self._int(self.node.shape[-2])
        if self.node.block is _CHOLESKY:
            self._cholesky(places[0], places[1], n, info)
        elif self.node.block is _INV:
            self._copy(places[0], places[1], self.node.shape[-2] ** 2)
            pivots, work = self._rooms(extra)[:2]
            self._call("getrf", n, n, places[0], n, pivots, info, library="lapack")
            count = self._int(self.node.shape[-2] * INVERSE_COLUMNS)
            self._unless_failed(
                info, lambda: self._call("getri", n, places[0], n, pivots, work, count, info, library="lapack")
            )
        elif is_triangular(operands(self.node)[0].value):
            self._triangular(places[0], places[1], places[2])
        else:
            self._solve(places[0], places[1], places[2], extra, info)

    def _cholesky(self, out: str, x: str, n: str, info: str) -> None:
        rows = self.node.shape[-1]
        self._copy(out, x, rows * rows)
        self._call("potrf", self._letter("U"), n, out, n, info, library="lapack")

        def clear(row: str) -> None:
            start = self._put(f"mul i64 {row}, {rows + 1}")
            after = self._put(f"add i64 {start}, 1")
            left = self._put(f"sub i64 {rows - 1}, {row}")
            size = self._put(f"mul i64 {left}, {self.node.dtype.itemsize}")
            self._zero(self._at(out, after), size)

        self._loop(rows, clear)

    def _triangular(self, out: str, x: str, y: str) -> None:
        # L X = Y is X' L' = Y': in memory the rows of X and Y are columns of their transposes, and L is L'.
        rows, columns = self.node.shape[-2:]
        self._copy(out, y, rows * columns)
        turned = operands(self.node)[0].transposed
        self._call(
            "trsm", self._letter("R"), self._letter("U"), self._letter("T" if turned else "N"),
            self._letter("N"), self._int(columns), self._int(rows), self._real(1.0), x, self._int(rows), out,
            self._int(columns),
        )  # fmt: skip

    def _solve(self, out: str, x: str, y: str, extra: str, info: str) -> None:
        rows, columns = self.node.shape[-2:]
        n, k = self._int(rows), self._int(columns)
        pivots, matrix, sides = self._rooms(extra)
        self._copy(matrix, x, rows * rows)
        self._call("getrf", n, n, matrix, n, pivots, info, library="lapack")

        def finish() -> None:
            # The right-hand sides one after the other; one alone lies so already.
            into = out if columns == 1 else sides
            self._turn(into, y, rows, columns)
            self._call("getrs", self._letter("T"), n, k, matrix, n, pivots, into, n, info, library="lapack")
            if columns > 1:
                self._turn(out, into, columns, rows)

        self._unless_failed(info, finish)

    def _unless_failed(self, info: str, body: Callable[..., None]) -> None:
        found = self._put(f"load i32, ptr {info}")
        fine = self._put(f"icmp eq i32 {found}, 0")
        go, done = self._label("go"), self._label("done")
        self.lines += [f"  br i1 {fine}, label %{go}, label %{done}", f"{go}:"]
        body()
        self.lines += [f"  br label %{done}", f"{done}:"]

    def _rooms(self, extra: str) -> tuple[str, str, str]:
        """The order of rows, the matrix (or the room that an inverse needs), and the right-hand sides."""
        n = self.node.shape[-2]
        first = -(-4 * n // 64) * 64
        matrix = self._put(f"getelementptr i8, ptr {extra}, i64 {first}")
        return extra, matrix, self._at(matrix, str(n * n))

    # Loops, copies and calls

    def _nested(self, lead: list[int], body: Callable[..., None], at: list[str]) -> None:
        if not lead:
            body(at)
            return
        self._loop(lead[0], lambda i: self._nested(lead[1:], body, [*at, i]))

    def _loop(self, count: int, body: Callable[[str], None]) -> None:
        before, head, inside, latch, done = map(self._label, ("before", "head", "body", "latch", "end"))
        i, after = self._fresh(), self._fresh()
        self.lines += [
            f"  br label %{before}", f"{before}:", f"  br label %{head}", f"{head}:",
            f"  {i} = phi i64 [ 0, %{before} ], [ {after}, %{latch} ]",
        ]  # fmt: skip
        more = self._put(f"icmp slt i64 {i}, {count}")
        self.lines += [f"  br i1 {more}, label %{inside}, label %{done}", f"{inside}:"]
        body(i)
        self.lines += [
            f"  br label %{latch}", f"{latch}:", f"  {after} = add i64 {i}, 1", f"  br label %{head}", f"{done}:",
        ]  # fmt: skip

    def _turn(self, out: str, x: str, rows: int, columns: int) -> None:
        """A transposed copy of a matrix of so many rows and columns."""
        if columns == 1:
            self._copy(out, x, rows)
            return

        def row(i: str) -> None:
            def element(j: str) -> None:
                source = self._put(f"mul i64 {i}, {columns}")
                target = self._put(f"mul i64 {j}, {rows}")
                value = self._put(f"load {self.kind}, ptr {self._at(x, self._put(f'add i64 {source}, {j}'))}")
                to = self._at(out, self._put(f"add i64 {target}, {i}"))
                self.lines.append(f"  store {self.kind} {value}, ptr {to}")

            self._loop(columns, element)

        self._loop(rows, row)

    def _copy(self, out: str, x: str, count: int) -> None:
        self.declared["@llvm.memcpy.p0.p0.i64"] = "declare void @llvm.memcpy.p0.p0.i64(ptr, ptr, i64, i1)"
        size = count * self.node.dtype.itemsize
        self.lines.append(f"  call void @llvm.memcpy.p0.p0.i64(ptr {out}, ptr {x}, i64 {size}, i1 false)")

    def _zero(self, out: str, size: str) -> None:
        self.declared["@llvm.memset.p0.i64"] = "declare void @llvm.memset.p0.i64(ptr, i8, i64, i1)"
        self.lines.append(f"  call void @llvm.memset.p0.i64(ptr {out}, i8 0, i64 {size}, i1 false)")

    def _along(self, pointer: str, strides: list[int], at: list[str]) -> str:
        for stride, i in zip(strides, at, strict=True):
            if stride:
                pointer = self._at(pointer, self._put(f"mul i64 {i}, {stride}"))
        return pointer

    def _at(self, pointer: str, elements: str) -> str:
        return self._put(f"getelementptr {self.kind}, ptr {pointer}, i64 {elements}")

    def _label(self, hint: str) -> str:
        self._count += 1
        return f"{self.prefix}{hint}{self._count}"
