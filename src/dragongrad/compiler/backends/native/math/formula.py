"""Formulas on numbers of one lane or of several: the arithmetic that mathematical functions are written in.

A formula is Python code on registers; running it writes LLVM's instructions. It is straight-line code: both
sides of a choice are computed and one is taken, so that LLVM inlines the scalar text into a loop and widens it by
itself. Only `rarely` and `if_anywhere` make branches; a formula that uses them is called, and has a text of several
lanes as well.
"""

from __future__ import annotations

import struct
from collections.abc import Callable, Sequence

from ..ir.code import Code
from ..ir.functions import Defined, External, Variable
from ..ir.registers import DOUBLE, I1, I64, Operand, Register, constant, vector
from ..ir.vectors import intrinsic

# Added to a number below 2**51, this leaves its nearest integer in the lowest bits.
ROUND = 1.5 * 2.0**52
SIGN = -(1 << 63)
MANTISSA = (1 << 52) - 1

# Above so many coefficients the time from one step of Horner's rule to the next is felt.
_LONG = 10

_SPLIT = 2.0**27 + 1  # Veltkamp's: it cuts 53 bits into 26 and 26


def bits_of(number: float) -> int:
    """The bits of a double as a signed integer."""
    return int(struct.unpack("<q", struct.pack("<d", number))[0])


def _literal(row: Sequence[float]) -> str:
    return "<" + ", ".join(f"{DOUBLE} {constant(number, DOUBLE)}" for number in row) + ">"


class Formula(Code):
    """The code of one function while its formula runs; equal instructions are written once.

    Parameters
    ----------
    lanes : int
        How many numbers a register holds; 1 for scalar text.
    narrow : bool
        Whether the result is rounded to float32: about 30 correct bits are enough then.
    fused : bool
        Whether the processor multiplies and adds in one instruction. Without it `fma` rounds twice, and exact
        products are made by splitting.
    """

    def __init__(self, result: str, lanes: int = 1, narrow: bool = False, fused: bool = True) -> None:
        super().__init__(result)
        self.lanes, self.narrow, self.fused = lanes, narrow, fused
        self.reals, self.wholes = vector(DOUBLE, lanes), vector(I64, lanes)
        self._known: dict[str, Register] = {}

    # Writing

    def emit(self, kind: str, instruction: str) -> Register:
        """The register of an instruction."""
        found = self._known.get(instruction)
        if found is None:
            found = self._known[instruction] = super().emit(kind, instruction)
        return found

    def real(self, value: Operand) -> Register:
        """A number as the value of a register."""
        return value if isinstance(value, Register) else Register(self, self.reals, constant(value, self.reals))

    def whole(self, value: int) -> Register:
        """An integer as the value of a register."""
        return Register(self, self.wholes, constant(value, self.wholes))

    def nonzero(self, x: Register) -> Register:
        """Whether an integer is not zero."""
        return x.differs(0)

    def _intrinsic(self, name: str, *operands: Register) -> Register:
        return self.call(intrinsic(name, DOUBLE, self.lanes, len(operands)), *operands)

    # Choices

    def select(self, test: Register, x: Operand, y: Operand) -> Register:
        """`x` where the test holds, else `y`."""
        kind = next((v.type for v in (x, y) if isinstance(v, Register)), self.reals)
        a, b = (Register(self, kind, constant(v, kind)) for v in (x, y))
        return test.choose(a, b)

    def at_most(self, x: Register, bound: float) -> Register:
        """The lesser of a number and a constant; NaN stays."""
        return self.select(x > bound, bound, x)

    def at_least(self, x: Register, bound: float) -> Register:
        """The greater of a number and a constant; NaN stays."""
        return self.select(x < bound, bound, x)

    def rarely(
        self, test: Register, slow: Callable[[], Sequence[Register]], usual: Sequence[Register]
    ) -> list[Register]:
        """`slow()` where the test holds, else `usual`: a branch that is taken if any lane needs it."""

        def chosen() -> list[Register]:
            return [self.select(test, s, u) for s, u in zip(slow(), usual, strict=True)]

        return self.if_anywhere(test, chosen, lambda: usual)

    def if_anywhere(
        self, test: Register, slow: Callable[[], Sequence[Register]], usual: Callable[[], Sequence[Register]]
    ) -> list[Register]:
        """`slow()`, for every lane, if the test holds in any of them; else `usual()`."""
        known = dict(self._known)
        with self.either(self._in_any_lane(test)) as (rare, rest):
            with rare:
                found = slow()
            self._known = dict(known)
            with rest:
                others = usual()
            # What is known in one of them only is of no use behind.
            self._known = known
        return [self.join((rare, x), (rest, y)) for x, y in zip(found, others, strict=True)]

    def _in_any_lane(self, test: Register) -> Register:
        if self.lanes == 1:
            return test
        return self.call(External(f"llvm.vector.reduce.or.v{self.lanes}i1", I1, (test.type,)), test)

    def looked_up(self, name: str, rows: Sequence[Sequence[float]], index: Register) -> list[Register]:
        """A number of each row of eight numbers: that whose place is in the three lowest bits of `index`.

        `name` is that of the table, which is a constant of the module.
        """
        eight = vector(DOUBLE, 8)
        numbers = ", ".join(f"{eight} {_literal(row)}" for row in rows)
        table = self.pointer_to(
            Variable(name, f"[{len(rows)} x {eight}]", f"[{numbers}]", "private unnamed_addr", constant=True)
        )
        starts = [table.element(eight, k) for k in range(len(rows))]
        if self.lanes == 8:
            function = External("llvm.x86.avx512.permvar.df.512", eight, (eight, vector(I64, 8)))
            return [self.call(function, start.load(eight), index) for start in starts]
        places = index & 7
        if self.lanes == 4:
            return self._permuted(starts, places)
        return [self._gathered(start, places) for start in starts]

    def _permuted(self, starts: Sequence[Register], places: Register) -> list[Register]:
        """The same by registers of four: the halves of a row are permuted by pairs of its single words."""
        words, singles, half = vector("i32", 8), vector("float", 8), vector(DOUBLE, 4)
        function = External("llvm.x86.avx2.permps", singles, (singles, words))
        twice = places << 1
        pairs = (twice | (twice << 32) | 1 << 32).to("bitcast", words)
        second = places > 3

        def of(start: Register) -> Register:
            return self.call(function, start.load(singles), pairs).to("bitcast", half)

        return [self.select(second, of(start.element(half, 1)), of(start)) for start in starts]

    def _gathered(self, start: Register, places: Register) -> Register:
        """The same number by number."""
        if self.lanes == 1:
            return start.element(DOUBLE, places).load(DOUBLE)
        made = Register(self, self.reals, "undef")
        for lane in range(self.lanes):
            place = self.emit(I64, f"extractelement {places.type} {places.name}, i32 {lane}")
            number = start.element(DOUBLE, place).load(DOUBLE)
            made = self.emit(
                self.reals, f"insertelement {self.reals} {made.name}, double {number.name}, i32 {lane}"
            )
        return made

    def each(self, function: Defined, results: int, x: Register) -> list[Register]:
        """Call a scalar function of one number, which gives several, lane by lane."""
        made = [Register(self, self.reals, "undef")] * results
        for lane in range(self.lanes):
            number = x
            if self.lanes > 1:
                number = self.emit(DOUBLE, f"extractelement {x.type} {x.name}, i32 {lane}")
            out = self.call(function, number)
            for k in range(results):
                part = self.emit(DOUBLE, f"extractvalue {out.type} {out.name}, {k}")
                if self.lanes > 1:
                    into = f"{self.reals} {made[k].name}, double {part.name}, i32 {lane}"
                    part = self.emit(self.reals, f"insertelement {into}")
                made[k] = part
        return made

    # Arithmetic

    def fma(self, x: Register, y: Operand, z: Operand) -> Register:
        """`x*y + z`, rounded once where the processor can."""
        if not self.fused:
            return x * y + z
        return self._intrinsic("fma", x, self.real(y), self.real(z))

    def polynomial(self, x: Register, coefficients: Sequence[Operand]) -> Register:
        """`c[0] + c[1] x + c[2] x**2 + ...` by Horner's rule; a long one by two of even and odd powers at once."""
        if len(coefficients) <= _LONG:
            return self._horner(x, coefficients)
        square, others = x * x, coefficients[2:]
        rest = self.fma(self._horner(square, others[1::2]), x, self._horner(square, others[::2]))
        return self.fma(self.fma(rest, x, coefficients[1]), x, coefficients[0])

    def _horner(self, x: Register, coefficients: Sequence[Operand]) -> Register:
        total = self.real(coefficients[-1])
        for c in reversed(coefficients[:-1]):
            total = self.fma(total, x, c)
        return total

    def absolute(self, x: Register) -> Register:
        """A number without its sign."""
        return self._intrinsic("fabs", x)

    def copysign(self, x: Register, sign: Register) -> Register:
        """A number with another's sign."""
        return self._intrinsic("copysign", x, sign)

    def sqrt(self, x: Register) -> Register:
        """The square root, correctly rounded."""
        return self._intrinsic("sqrt", x)

    def is_whole(self, x: Register) -> Register:
        """Whether a number, not negative, is an integer; infinity is."""
        return (x >= 2.0**52) | ((x + 2.0**52) - 2.0**52).equals(x)

    # Numbers of double length: an unevaluated sum of a rounded number and what was rounded away

    def fast_two_sum(self, x: Operand, y: Operand) -> tuple[Register, Register]:
        """`x + y` exactly, if `x` is the greater in size or zero (Dekker)."""
        x = self.real(x)
        total = x + y
        return total, y - (total - x) if isinstance(y, Register) else self.real(y) - (total - x)

    def two_sum(self, x: Register, y: Operand) -> tuple[Register, Register]:
        """`x + y` exactly (Knuth)."""
        y = self.real(y)
        total = x + y
        of_y = total - x
        return total, (x - (total - of_y)) + (y - of_y)

    def two_product(self, x: Register, y: Operand) -> tuple[Register, Register]:
        """`x * y` exactly (Veltkamp and Dekker without fma, for numbers below 2**990)."""
        y = self.real(y)
        product = x * y
        if self.fused:
            return product, self.fma(x, y, -product)
        (a, b), (c, d) = self._halves(x), self._halves(y)
        return product, ((a * c - product) + a * d + b * c) + b * d

    def _halves(self, x: Register) -> tuple[Register, Register]:
        wide = x * _SPLIT
        high = wide - (wide - x)
        return high, x - high

    def residual(self, z: Register, x: Register, y: Register) -> Register:
        """`z - x*y`, where the product is close to `z`."""
        if self.fused:
            return self.fma(-x, y, z)
        high, low = self.two_product(x, y)
        return (z - high) - low

    def quotient(self, n: Register, n_low: Operand, d: Register, d_low: Operand) -> tuple[Register, Register]:
        """`(n + n_low) / (d + d_low)` as a number of double length, with one division."""
        if self.narrow:
            return n / d, self.real(0.0)
        q, rest, inverse = self._long_division(n, n_low, d, d_low)
        return self.fast_two_sum(q, rest * inverse)

    def divide(self, n: Register, n_low: Operand, d: Register, d_low: Operand) -> Register:
        """`(n + n_low) / (d + d_low)`, rounded."""
        if self.narrow:
            return n / d
        q, rest, inverse = self._long_division(n, n_low, d, d_low)
        return self.fma(rest, inverse, q)

    def _long_division(
        self, n: Register, n_low: Operand, d: Register, d_low: Operand
    ) -> tuple[Register, Register, Register]:
        inverse = 1.0 / d
        q = n * inverse
        rest = self.residual(n, q, d)
        # A part that is the constant zero costs nothing.
        if isinstance(d_low, Register):
            rest = self.fma(-q, d_low, rest)
        return q, rest + n_low if isinstance(n_low, Register) else rest, inverse
