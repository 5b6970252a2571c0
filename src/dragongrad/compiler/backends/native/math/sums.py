"""Numbers of double length in formulas: their products, and polynomials that give such."""

from __future__ import annotations

from collections.abc import Sequence

from ..ir.registers import Operand, Register
from .formula import Formula

Sum = tuple[Register, Register]


def times_sum(m: Formula, x: Sum, y: Sum) -> Sum:
    """The product of two sums, as a sum."""
    product, lost = m.two_product(x[0], y[0])
    return product, m.fma(x[0], y[1], m.fma(x[1], y[0], lost))


def affine(m: Formula, x: Sum, factor: tuple[float, float], plus: float) -> Sum:
    """`factor * x + plus`, the factor in two parts."""
    product, lost = times_sum(m, x, (m.real(factor[0]), m.real(factor[1])))
    total, low = m.two_sum(product, plus)
    return m.fast_two_sum(total, low + lost)


def stepped(m: Formula, x: Register, coefficients: Sequence[Operand], steps: int) -> tuple[Register, Register]:
    """A polynomial as a sum: the last steps of Horner's rule keep what they round."""
    total, rest = m.polynomial(x, coefficients[steps:]), m.real(0.0)
    for c in reversed(coefficients[:steps]):
        product, lost = m.two_product(total, x)
        total, low = m.two_sum(product, c)
        rest = m.fma(rest, x, lost + low)
    return total, rest
