"""Matrix products inside native code: BLAS, by its addresses."""

from __future__ import annotations

from typing import Any, TypeGuard

import numpy as np

from .....core.block import BLOCKS
from .....records import record
from ....graph import Op, Value
from ....passes.simplify import permutation
from ....process import once
from ....rewrite import shape_of
from ..ir.functions import FILL
from ..ir.registers import Register
from ..tuning import UNROLLED_STACK
from . import external_calls
from .external_calls import LETTERS, RoutineWriter
from .small_matmul import is_small, small_product

_MATMUL, _TRANSPOSE, _RESHAPE = BLOCKS[np.matmul], BLOCKS[np.transpose], BLOCKS[np.reshape]
_LARGEST = 2**31 - 1


@record
class Factor:
    """An operand: the value whose memory is read, the shape that it has there, and whether that is transposed."""

    value: Value
    shape: tuple[int, ...]
    transposed: bool


def is_matmul(node: Op) -> bool:
    """Whether an operation is a matrix product."""
    return node.block is _MATMUL


def factors(node: Op) -> tuple[Factor, Factor]:
    """The operands of a matrix product; a transposition, or another shape of the same memory, is looked through."""
    x, y = node.operands
    return factor(x), factor(y)


def factor(value: Value) -> Factor:
    """An operand as it lies in memory."""
    shape, transposed = shape_of(value), False
    if _is(value, _TRANSPOSE) and _swaps_last(value):
        (value,), transposed = value.operands, True
        shape = shape_of(value)
    while _is(value, _RESHAPE) and value.params.get("order") in (None, "C"):
        (value,) = value.operands
    return Factor(value, shape, transposed)


def _is(value: Value, block: Any) -> TypeGuard[Op]:
    if not isinstance(value, Op) or value.block is not block:
        return False
    (inner,) = value.operands
    return isinstance(inner, Op) and inner.dtype == value.dtype


def _swaps_last(node: Op) -> bool:
    order, n = tuple(permutation(node)), len(node.shape)
    return n > 1 and order == (*range(n - 2), n - 1, n - 2)


def fits(node: Op) -> bool:
    """Whether BLAS can compute a product: floating numbers of one width, and lengths that it can count."""
    dtypes = {np.asarray(v).dtype if not isinstance(v, Op) else v.dtype for v in node.operands}
    lengths = [n for v in (*node.operands, node) for n in shape_of(v)]
    return dtypes == {node.dtype} and node.dtype.name in LETTERS and max(lengths, default=0) <= _LARGEST // 64


@once
def symbols() -> dict[str, int]:
    """The addresses of the routines, by the names that native code knows them by."""
    return external_calls.symbols("blas")


def stacked(node: Op) -> bool:
    """Whether a product is a stack of so many that a loop is made of them."""
    left, right = factors(node)
    lead, _ = _tall(node, left, right)
    inner = left.shape[-2 if left.transposed else -1]
    return fits(node) and int(np.prod(lead)) > UNROLLED_STACK and node.size > 0 and inner > 0


def lead_of(node: Op) -> tuple[int, ...]:
    """The leading axes of a stack of products."""
    left, right = factors(node)
    return node.shape[: len(node.shape) - 2 + (len(left.shape) == 1) + (len(right.shape) == 1)]


def _tall(node: Op, left: Factor, right: Factor) -> tuple[tuple[int, ...], Factor]:
    """The leading axes and the left operand: the rows of a stack that all meet one matrix are one tall product."""
    if len(right.shape) <= 2 and len(left.shape) > 2 and not left.transposed:
        return (), Factor(left.value, (int(np.prod(left.shape[:-1])), left.shape[-1]), False)
    return lead_of(node), left


class ProductWriter(RoutineWriter):
    """Writes the instructions of a matrix product into the code of a function."""

    def write(self, out: Register, x: Register, y: Register) -> None:
        """All of it, from the pointers to the result and the operands."""
        left, right = factors(self.node)
        size = int(np.prod(self.node.shape))
        if size == 0:
            return
        if shape_of(self.node.operands[0])[-1] == 0:
            self.code.call(FILL, out, 0, size * self.node.dtype.itemsize, False)
        elif len(left.shape) == 1 and len(right.shape) == 1:
            one = self._int(1)
            found = self._call("dot", self._int(left.shape[0]), x, one, y, one, result=self.kind)
            out.store(found)
        else:
            self._stack(out, x, y, left, right)

    def _stack(self, out: Register, x: Register, y: Register, left: Factor, right: Factor) -> None:
        """A stack of products, each by one call."""
        lead, left = _tall(self.node, left, right)
        for number in range(int(np.prod(lead))):
            offsets = _offsets(lead, left, right, self._own(left, right), number)
            self._one(left, right, *[p.element(self.kind, o) for p, o in zip((out, x, y), offsets, strict=True)])

    def one(self, out: Register, x: Register, y: Register) -> None:
        """One product of a stack."""
        self._one(*factors(self.node), out, x, y)

    def _own(self, left: Factor, right: Factor) -> int:
        rows = 1 if len(left.shape) == 1 else left.shape[-1 if left.transposed else -2]
        columns = 1 if len(right.shape) == 1 else right.shape[-2 if right.transposed else -1]
        return rows * columns

    # One call

    def _one(self, left: Factor, right: Factor, out: Register, x: Register, y: Register) -> None:
        if len(right.shape) == 1:
            self._matrix_vector(out, x, y, left)
        elif len(left.shape) == 1:
            # A row times a matrix is the transposed matrix times that row.
            self._matrix_vector(out, y, x, Factor(right.value, right.shape, not right.transposed))
        else:
            self._matrix_matrix(out, x, y, left, right)

    def _matrix_vector(self, out: Register, a: Register, v: Register, matrix: Factor) -> None:
        rows, columns = matrix.shape[-2:]
        m, k = (columns, rows) if matrix.transposed else (rows, columns)
        if is_small(m, k, 1):
            self._small(out, a, v, (m, k, 1), (matrix.transposed, False))
            return
        # BLAS counts along columns: our matrix is its transpose.
        self._call(
            "gemv", self._letter("N" if matrix.transposed else "T"), self._int(columns), self._int(rows),
            self._real(1.0), a, self._int(columns), v, self._int(1), self._real(0.0), out, self._int(1),
        )  # fmt: skip

    def _matrix_matrix(self, out: Register, x: Register, y: Register, left: Factor, right: Factor) -> None:
        # (X Y)' = Y' X', and memory in C order is the transpose in BLAS's.
        m, k = left.shape[-2:][:: -1 if left.transposed else 1]
        n = right.shape[-2 if right.transposed else -1]
        if is_small(m, k, n):
            self._small(out, x, y, (m, k, n), (left.transposed, right.transposed))
            return
        self._call(
            "gemm", self._letter("T" if right.transposed else "N"), self._letter("T" if left.transposed else "N"),
            self._int(n), self._int(m), self._int(k), self._real(1.0), y, self._int(right.shape[-1]), x,
            self._int(left.shape[-1]), self._real(0.0), out, self._int(n),
        )  # fmt: skip

    def _small(
        self, out: Register, x: Register, y: Register, lengths: tuple[int, int, int], turned: tuple[bool, bool]
    ) -> None:
        self.code.call(small_product(self.kind, *lengths, turned), out, x, y)


def lead_strides(lead: tuple[int, ...], factor: Factor) -> list[int]:
    """The elements between neighbouring matrices of an operand, along each leading axis of the product."""
    if len(factor.shape) < 2:
        return [0] * len(lead)
    return _strides(lead, factor.shape[:-2], factor.shape[-1] * factor.shape[-2])


def _strides(lead: tuple[int, ...], own: tuple[int, ...], step: int) -> list[int]:
    """The elements from one matrix of a stack to the next along each leading axis; none where it is repeated."""
    steps = []
    for n in reversed(own):
        steps.append(0 if n == 1 else step)
        step *= n
    return [0] * (len(lead) - len(own)) + steps[::-1]


def _offsets(lead: tuple[int, ...], left: Factor, right: Factor, own: int, number: int) -> list[int]:
    """The offsets of the result and the two operands of one product of a stack."""
    index = np.unravel_index(number, lead) if lead else ()
    strides = (_strides(lead, lead, own), lead_strides(lead, left), lead_strides(lead, right))
    return [sum(int(i) * s for i, s in zip(index, steps, strict=True)) for steps in strides]
