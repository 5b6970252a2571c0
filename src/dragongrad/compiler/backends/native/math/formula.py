"""Formulas on numbers of one lane or of several: the arithmetic that mathematical functions are written in.

A formula is Python code on `Value` objects; running it writes LLVM's instructions. It is straight-line code: both
sides of a choice are computed and one is taken, so that LLVM inlines the scalar text into a loop and widens it by
itself. Only `rarely` makes a branch; a formula that uses it is called, and has a text of several lanes as well.
"""

from __future__ import annotations

import struct
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TypeAlias

Operand: TypeAlias = "Value | float"

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


@dataclass(frozen=True, eq=False)
class Value:
    """A register of a formula: of doubles ("real"), of 64-bit integers ("whole") or of truths ("truth")."""

    formula: Formula
    kind: str
    name: str

    def _with(self, real: str, whole: str, other: Operand) -> Value:
        return self.formula.binary(real if self.kind == "real" else whole, self, other)

    def __add__(self, other: Operand) -> Value:
        return self._with("fadd", "add", other)

    def __radd__(self, other: float) -> Value:
        return self.formula.lift(other, self.kind) + self

    def __sub__(self, other: Operand) -> Value:
        return self._with("fsub", "sub", other)

    def __rsub__(self, other: float) -> Value:
        return self.formula.lift(other, self.kind) - self

    def __mul__(self, other: Operand) -> Value:
        return self._with("fmul", "mul", other)

    def __rmul__(self, other: float) -> Value:
        return self * other

    def __truediv__(self, other: Operand) -> Value:
        return self.formula.binary("fdiv", self, other)

    def __rtruediv__(self, other: float) -> Value:
        return self.formula.lift(other, self.kind) / self

    def __neg__(self) -> Value:
        return self.formula.emit(self.kind, f"fneg {self.formula.types[self.kind]} {self.name}")

    def __and__(self, other: Operand) -> Value:
        return self.formula.binary("and", self, other)

    def __or__(self, other: Operand) -> Value:
        return self.formula.binary("or", self, other)

    def __xor__(self, other: Operand) -> Value:
        return self.formula.binary("xor", self, other)

    def __lshift__(self, other: int) -> Value:
        return self.formula.binary("shl", self, other)

    def __rshift__(self, other: int) -> Value:
        return self.formula.binary("lshr", self, other)

    def __invert__(self) -> Value:
        return self.formula.binary("xor", self, 1 if self.kind == "truth" else -1)

    def __lt__(self, other: Operand) -> Value:
        return self.formula.compare("olt", self, other)

    def __le__(self, other: Operand) -> Value:
        return self.formula.compare("ole", self, other)

    def __gt__(self, other: Operand) -> Value:
        return self.formula.compare("ogt", self, other)

    def __ge__(self, other: Operand) -> Value:
        return self.formula.compare("oge", self, other)

    def equals(self, other: Operand) -> Value:
        """Whether numbers are equal: false for NaN."""
        return self.formula.compare("oeq", self, other)

    def is_nan(self) -> Value:
        """Whether a number is NaN."""
        return self.formula.compare("uno", self, self)

    def bits(self) -> Value:
        """The bits of a double."""
        real, whole = self.formula.types["real"], self.formula.types["whole"]
        return self.formula.emit("whole", f"bitcast {real} {self.name} to {whole}")

    def number(self) -> Value:
        """The double with these bits."""
        real, whole = self.formula.types["real"], self.formula.types["whole"]
        return self.formula.emit("real", f"bitcast {whole} {self.name} to {real}")


class Formula:
    """The text of one function while its formula runs.

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

    def __init__(self, lanes: int = 1, narrow: bool = False, fused: bool = True) -> None:
        self.lanes, self.narrow, self.fused = lanes, narrow, fused
        self.types = {"real": "double", "whole": "i64", "truth": "i1"}
        if lanes > 1:
            self.types = {k: f"<{lanes} x {v}>" for k, v in self.types.items()}
        self.lines: list[str] = []
        self.needs: dict[str, str] = {}
        self.block = "entry"
        self._known: dict[str, Value] = {}
        self._count = 0

    # Writing

    def emit(self, kind: str, instruction: str) -> Value:
        """The register of an instruction; equal instructions are written once."""
        found = self._known.get(instruction)
        if found is None:
            found = self._known[instruction] = self.fresh(kind)
            self.lines.append(f"  {found.name} = {instruction}")
        return found

    def fresh(self, kind: str) -> Value:
        """A new register."""
        self._count += 1
        return Value(self, kind, f"%m{self._count}")

    def lift(self, value: Operand, kind: str) -> Value:
        """A number as a register's value."""
        if isinstance(value, Value):
            return value
        if kind == "real":
            text = f"0x{bits_of(float(value)) & (1 << 64) - 1:016X}"
        else:
            text = str(int(value)) if kind == "whole" else ("true" if value else "false")
        if self.lanes > 1:
            scalar = {"real": "double", "whole": "i64", "truth": "i1"}[kind]
            text = f"<{', '.join([f'{scalar} {text}'] * self.lanes)}>"
        return Value(self, kind, text)

    def real(self, value: float) -> Value:
        """A constant."""
        return self.lift(value, "real")

    def binary(self, name: str, x: Value, y: Operand) -> Value:
        """An instruction of two operands of one type."""
        return self.emit(x.kind, f"{name} {self.types[x.kind]} {x.name}, {self.lift(y, x.kind).name}")

    def compare(self, order: str, x: Value, y: Operand) -> Value:
        """A comparison of numbers."""
        return self.emit("truth", f"fcmp {order} {self.types['real']} {x.name}, {self.lift(y, 'real').name}")

    def nonzero(self, x: Value) -> Value:
        """Whether an integer is not zero."""
        return self.emit("truth", f"icmp ne {self.types['whole']} {x.name}, {self.lift(0, 'whole').name}")

    def intrinsic(self, name: str, *values: Value) -> Value:
        """One of LLVM's functions of numbers."""
        real = self.types["real"]
        symbol = f"@llvm.{name}.{'f64' if self.lanes == 1 else f'v{self.lanes}f64'}"
        self.needs[symbol] = f"declare {real} {symbol}({', '.join([real] * len(values))})"
        return self.emit("real", f"call {real} {symbol}({', '.join(f'{real} {v.name}' for v in values)})")

    # Choices

    def select(self, test: Value, x: Operand, y: Operand) -> Value:
        """`x` where the test holds, else `y`."""
        kind = next((v.kind for v in (x, y) if isinstance(v, Value)), "real")
        a, b, t = self.lift(x, kind), self.lift(y, kind), self.types[kind]
        return self.emit(kind, f"select {self.types['truth']} {test.name}, {t} {a.name}, {t} {b.name}")

    def at_most(self, x: Value, bound: float) -> Value:
        """The lesser of a number and a constant; NaN stays."""
        return self.select(x > bound, bound, x)

    def at_least(self, x: Value, bound: float) -> Value:
        """The greater of a number and a constant; NaN stays."""
        return self.select(x < bound, bound, x)

    def rarely(self, test: Value, slow: Callable[[], Sequence[Value]], usual: Sequence[Value]) -> list[Value]:
        """`slow()` where the test holds, else `usual`: a branch that is taken if any lane needs it."""
        anywhere = test.name
        if self.lanes > 1:
            symbol = f"@llvm.vector.reduce.or.v{self.lanes}i1"
            self.needs[symbol] = f"declare i1 {symbol}({self.types['truth']})"
            anywhere = self.emit("truth", f"call i1 {symbol}({self.types['truth']} {test.name})").name
        self._count += 1
        here, rare, rest = self.block, f"rare{self._count}", f"rest{self._count}"
        self.lines += [f"  br i1 {anywhere}, label %{rare}, label %{rest}", f"{rare}:"]
        known, self._known = self._known, dict(self._known)
        chosen = [self.select(test, s, u) for s, u in zip(slow(), usual, strict=True)]
        self._known = known
        self.lines += [f"  br label %{rest}", f"{rest}:"]
        self.block = rest
        joined = []
        for c, u in zip(chosen, usual, strict=True):
            out = self.fresh(c.kind)
            self.lines.append(
                f"  {out.name} = phi {self.types[c.kind]} [ {c.name}, %{rare} ], [ {u.name}, %{here} ]"
            )
            joined.append(out)
        return joined

    def each(self, symbol: str, definitions: dict[str, str], results: int, x: Value) -> list[Value]:
        """Call a scalar function of one number, which gives several, lane by lane."""
        self.needs.update(definitions)
        record = f"{{ {', '.join(['double'] * results)} }}"
        real = self.types["real"]
        made = ["undef"] * results
        for lane in range(self.lanes):
            number = x.name
            if self.lanes > 1:
                number = self.emit("real", f"extractelement {real} {x.name}, i32 {lane}").name
            out = self.emit("real", f"call {record} {symbol}(double {number})").name
            for k in range(results):
                part = self.emit("real", f"extractvalue {record} {out}, {k}").name
                if self.lanes > 1:
                    part = self.emit("real", f"insertelement {real} {made[k]}, double {part}, i32 {lane}").name
                made[k] = part
        return [Value(self, "real", name) for name in made]

    # Arithmetic

    def fma(self, x: Value, y: Operand, z: Operand) -> Value:
        """`x*y + z`, rounded once where the processor can."""
        if not self.fused:
            return x * y + z
        return self.intrinsic("fma", x, self.lift(y, "real"), self.lift(z, "real"))

    def polynomial(self, x: Value, coefficients: Sequence[float]) -> Value:
        """`c[0] + c[1] x + c[2] x**2 + ...` by Horner's rule; a long one by two of even and odd powers at once."""
        if len(coefficients) <= _LONG:
            return self._horner(x, coefficients)
        square, others = x * x, coefficients[2:]
        rest = self.fma(self._horner(square, others[1::2]), x, self._horner(square, others[::2]))
        return self.fma(self.fma(rest, x, coefficients[1]), x, coefficients[0])

    def _horner(self, x: Value, coefficients: Sequence[float]) -> Value:
        total = self.real(coefficients[-1])
        for c in reversed(coefficients[:-1]):
            total = self.fma(total, x, c)
        return total

    def absolute(self, x: Value) -> Value:
        """A number without its sign."""
        return self.intrinsic("fabs", x)

    def copysign(self, x: Value, sign: Value) -> Value:
        """A number with another's sign."""
        return self.intrinsic("copysign", x, sign)

    def sqrt(self, x: Value) -> Value:
        """The square root, correctly rounded."""
        return self.intrinsic("sqrt", x)

    def is_whole(self, x: Value) -> Value:
        """Whether a number, not negative, is an integer; infinity is."""
        return (x >= 2.0**52) | ((x + 2.0**52) - 2.0**52).equals(x)

    # Numbers of double length: an unevaluated sum of a rounded number and what was rounded away

    def fast_two_sum(self, x: Operand, y: Operand) -> tuple[Value, Value]:
        """`x + y` exactly, if `x` is the greater in size or zero (Dekker)."""
        x = self.lift(x, "real")
        total = x + y
        return total, y - (total - x) if isinstance(y, Value) else self.real(y) - (total - x)

    def two_sum(self, x: Value, y: Operand) -> tuple[Value, Value]:
        """`x + y` exactly (Knuth)."""
        y = self.lift(y, "real")
        total = x + y
        of_y = total - x
        return total, (x - (total - of_y)) + (y - of_y)

    def two_product(self, x: Value, y: Operand) -> tuple[Value, Value]:
        """`x * y` exactly (Veltkamp and Dekker without fma, for numbers below 2**990)."""
        y = self.lift(y, "real")
        product = x * y
        if self.fused:
            return product, self.fma(x, y, -product)
        (a, b), (c, d) = self._halves(x), self._halves(y)
        return product, ((a * c - product) + a * d + b * c) + b * d

    def _halves(self, x: Value) -> tuple[Value, Value]:
        wide = x * _SPLIT
        high = wide - (wide - x)
        return high, x - high

    def residual(self, z: Value, x: Value, y: Value) -> Value:
        """`z - x*y`, where the product is close to `z`."""
        if self.fused:
            return self.fma(-x, y, z)
        high, low = self.two_product(x, y)
        return (z - high) - low

    def quotient(self, n: Value, n_low: Operand, d: Value, d_low: Operand) -> tuple[Value, Value]:
        """`(n + n_low) / (d + d_low)` as a number of double length, with one division."""
        if self.narrow:
            return n / d, self.real(0.0)
        q, rest, inverse = self._long_division(n, n_low, d, d_low)
        return self.fast_two_sum(q, rest * inverse)

    def divide(self, n: Value, n_low: Operand, d: Value, d_low: Operand) -> Value:
        """`(n + n_low) / (d + d_low)`, rounded."""
        if self.narrow:
            return n / d
        q, rest, inverse = self._long_division(n, n_low, d, d_low)
        return self.fma(rest, inverse, q)

    def _long_division(self, n: Value, n_low: Operand, d: Value, d_low: Operand) -> tuple[Value, Value, Value]:
        inverse = 1.0 / d
        q = n * inverse
        rest = self.residual(n, q, d)
        # A part that is the constant zero costs nothing.
        if isinstance(d_low, Value):
            rest = self.fma(-q, d_low, rest)
        return q, rest + n_low if isinstance(n_low, Value) else rest, inverse
