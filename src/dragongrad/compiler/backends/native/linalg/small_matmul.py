"""Products of small matrices: a function for each shape, in vectors of a row, which all products of it call."""

from __future__ import annotations

from ..jit.engine import processor
from ..tuning import SMALL_MATMUL_ELEMENTS, UNROLLED_SUM


def is_small(rows: int, inner: int, columns: int) -> bool:
    """Whether a product of these lengths has a function here."""
    return 0 < rows * columns <= SMALL_MATMUL_ELEMENTS and 0 < inner <= UNROLLED_SUM


def small_product(
    kind: str, rows: int, inner: int, columns: int, turned: tuple[bool, bool]
) -> tuple[str, dict[str, str]]:
    """The name of the function of a shape, and what its module needs, by symbol.

    It takes pointers to the result and the operands, in C order; those that are `turned` are in memory as their
    transposes.
    """
    name = f"@product.{kind}.{rows}x{inner}x{columns}.{''.join('t' if t else 'n' for t in turned)}"
    writer = _Writer(kind, rows, inner, columns, *turned)
    writer.write()
    lines = [f"define internal void {name}(ptr noalias %out, ptr %x, ptr %y) noinline #0 {{", *writer.lines]
    return name, {**writer.declared, name: "\n".join([*lines, "  ret void", "}"])}


class _Writer:
    def __init__(self, kind: str, rows: int, inner: int, columns: int, left: bool, right: bool) -> None:
        self.kind, self.rows, self.inner, self.columns = kind, rows, inner, columns
        self.left, self.right = left, right
        self.lines: list[str] = []
        self.declared: dict[str, str] = {}
        self.known: dict[str, str] = {}
        self.suffix = "f64" if kind == "double" else "f32"

    def write(self) -> None:
        """Whichever way reads rows of memory: rows of the result, or its columns, or its elements one by one."""
        if not self.right and self.columns > 1:
            for i in range(self.rows):
                terms = [(self._x(i, k), self._row("y", k, self.columns)) for k in range(self.inner)]
                self._store(self._sum(terms, self.columns), i * self.columns, self.columns)
        elif self.left:
            for j in range(self.columns):
                terms = [(self._y(k, j), self._row("x", k, self.rows)) for k in range(self.inner)]
                self._columns(self._sum(terms, self.rows), j)
        else:
            for i in range(self.rows):
                for j in range(self.columns):
                    pair = self._row("x", i, self.inner), self._row("y", j, self.inner)
                    self._store(self._dot(*pair), i * self.columns + j, 1)

    def _columns(self, total: str, j: int) -> None:
        if self.columns == 1:
            self._store(total, 0, self.rows)
            return
        for i in range(self.rows):
            one = total
            if self.rows > 1:
                one = self._put(f"extractelement {self._vector(self.rows)} {total}, i32 {i}")
            self._store(one, i * self.columns + j, 1)

    def _sum(self, terms: list[tuple[str, str]], count: int) -> str:
        """A sum of numbers times vectors, in order."""
        vector, total = self._vector(count), ""
        for number, row in terms:
            spread = self._spread(number, count)
            if not total:
                total = self._put(f"fmul {vector} {spread}, {row}")
            elif processor().fused:
                name = f"@llvm.fma.{f'v{count}' if count > 1 else ''}{self.suffix}"
                self.declared[name] = f"declare {vector} {name}({vector}, {vector}, {vector})"
                total = self._put(f"call {vector} {name}({vector} {spread}, {vector} {row}, {vector} {total})")
            else:
                total = self._put(f"fadd {vector} {total}, {self._put(f'fmul {vector} {spread}, {row}')}")
        return total

    def _dot(self, left: str, right: str) -> str:
        if self.inner == 1:
            return self._put(f"fmul {self.kind} {left}, {right}")
        vector = self._vector(self.inner)
        products = self._put(f"fmul {vector} {left}, {right}")
        name = f"@llvm.vector.reduce.fadd.v{self.inner}{self.suffix}"
        self.declared[name] = f"declare {self.kind} {name}({self.kind}, {vector})"
        return self._put(f"call reassoc {self.kind} {name}({self.kind} -0.0, {vector} {products})")

    # Elements and rows

    def _x(self, i: int, k: int) -> str:
        return self._load("x", k * self.rows + i if self.left else i * self.inner + k, 1)

    def _y(self, k: int, j: int) -> str:
        return self._load("y", j * self.inner + k if self.right else k * self.columns + j, 1)

    def _row(self, which: str, number: int, count: int) -> str:
        return self._load(which, number * count, count)

    def _load(self, which: str, at: int, count: int) -> str:
        return self._put(f"load {self._vector(count)}, ptr {self._at(which, at)}, align {self._align()}")

    def _store(self, value: str, at: int, count: int) -> None:
        where = self._at("out", at)
        self.lines.append(f"  store {self._vector(count)} {value}, ptr {where}, align {self._align()}")

    def _spread(self, number: str, count: int) -> str:
        if count == 1:
            return number
        vector = self._vector(count)
        one = self._put(f"insertelement {vector} poison, {self.kind} {number}, i32 0")
        return self._put(f"shufflevector {vector} {one}, {vector} poison, <{count} x i32> zeroinitializer")

    def _at(self, which: str, at: int) -> str:
        return self._put(f"getelementptr {self.kind}, ptr %{which}, i64 {at}")

    def _vector(self, count: int) -> str:
        return f"<{count} x {self.kind}>" if count > 1 else self.kind

    def _align(self) -> int:
        return 8 if self.kind == "double" else 4

    def _put(self, instruction: str) -> str:
        """The register of an instruction; the operands do not change, so what is read once is known."""
        found = self.known.get(instruction)
        if found is None:
            found = self.known[instruction] = f"%r{len(self.known)}"
            self.lines.append(f"  {found} = {instruction}")
        return found
