"""Products of small matrices: a function for each shape, in vectors of a row, which all products of it call."""

from __future__ import annotations

from ..ir.code import Code
from ..ir.functions import Defined, External
from ..ir.registers import DOUBLE, NOALIAS, PTR, VOID, Register, vector
from ..ir.vectors import intrinsic, multiply_add, spread
from ..jit.engine import processor
from ..tuning import SMALL_MATMUL_ELEMENTS, UNROLLED_SUM


def is_small(rows: int, inner: int, columns: int) -> bool:
    """Whether a product of these lengths has a function here."""
    return 0 < rows * columns <= SMALL_MATMUL_ELEMENTS and 0 < inner <= UNROLLED_SUM


def small_product(kind: str, rows: int, inner: int, columns: int, turned: tuple[bool, bool]) -> Defined:
    """The function of a shape: it takes pointers to the result and the operands, in C order.

    Those that are `turned` are in memory as their transposes.
    """

    def write(code: Code, out: Register, x: Register, y: Register) -> None:
        _Writer(kind, rows, inner, columns, turned, out, x, y).write()

    name = f"product.{kind}.{rows}x{inner}x{columns}.{''.join('t' if t else 'n' for t in turned)}"
    return Defined(name, VOID, (NOALIAS, PTR, PTR), write, attributes="noinline #0")


class _Writer:
    def __init__(
        self,
        kind: str,
        rows: int,
        inner: int,
        columns: int,
        turned: tuple[bool, bool],
        out: Register,
        x: Register,
        y: Register,
    ) -> None:
        self.kind, self.rows, self.inner, self.columns = kind, rows, inner, columns
        self.left, self.right = turned
        self.out, self.x, self.y = out, x, y
        self.align = 8 if kind == DOUBLE else 4
        self.known: dict[tuple[str, int, int], Register] = {}

    def write(self) -> None:
        """Whichever way reads rows of memory: rows of the result, or its columns, or its elements one by one."""
        if not self.right and self.columns > 1:
            for i in range(self.rows):
                terms = [(self._x(i, k), self._row(self.y, k, self.columns)) for k in range(self.inner)]
                self._store(self._sum(terms, self.columns), i * self.columns)
        elif self.left:
            for j in range(self.columns):
                terms = [(self._y(k, j), self._row(self.x, k, self.rows)) for k in range(self.inner)]
                self._columns(self._sum(terms, self.rows), j)
        else:
            for i in range(self.rows):
                for j in range(self.columns):
                    pair = self._row(self.x, i, self.inner), self._row(self.y, j, self.inner)
                    self._store(self._dot(*pair), i * self.columns + j)

    def _columns(self, total: Register, j: int) -> None:
        if self.columns == 1:
            self._store(total, 0)
            return
        for i in range(self.rows):
            one = total
            if self.rows > 1:
                one = total.code.emit(self.kind, f"extractelement {total.type} {total.name}, i32 {i}")
            self._store(one, i * self.columns + j)

    def _sum(self, terms: list[tuple[Register, Register]], count: int) -> Register:
        """A sum of numbers times vectors, in order."""
        (number, row), *others = terms
        total = spread(number, count).binary("fmul", row)
        for number, row in others:
            total = multiply_add(spread(number, count), row, total, self.kind, count, processor().fused)
        return total

    def _dot(self, left: Register, right: Register) -> Register:
        products = left.binary("fmul", right)
        if self.inner == 1:
            return products
        name = intrinsic("vector.reduce.fadd", self.kind, self.inner, 1).name
        add = External(name, self.kind, (self.kind, products.type))
        return products.code.call(add, -0.0, products, flags="reassoc ")

    # Elements and rows

    def _x(self, i: int, k: int) -> Register:
        return self._load(self.x, k * self.rows + i if self.left else i * self.inner + k, 1)

    def _y(self, k: int, j: int) -> Register:
        return self._load(self.y, j * self.inner + k if self.right else k * self.columns + j, 1)

    def _row(self, which: Register, number: int, count: int) -> Register:
        return self._load(which, number * count, count)

    def _load(self, which: Register, at: int, count: int) -> Register:
        """Numbers side by side; the operands do not change, so what is read once is known."""
        key = which.name, at, count
        if key not in self.known:
            start = which.element(self.kind, at)
            self.known[key] = start.load(vector(self.kind, count), align=self.align)
        return self.known[key]

    def _store(self, value: Register, at: int) -> None:
        self.out.element(self.kind, at).store(value, align=self.align)
