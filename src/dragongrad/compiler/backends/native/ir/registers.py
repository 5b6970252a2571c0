"""Registers: what instructions take and make, with types and Python's operators."""

from __future__ import annotations

import struct
from functools import cache
from typing import TYPE_CHECKING, TypeAlias

from .records import Field

if TYPE_CHECKING:
    from .code import Code

VOID, PTR, FLOAT, DOUBLE = "void", "ptr", "float", "double"
I1, I8, I32, I64, I128 = "i1", "i8", "i32", "i64", "i128"
# A pointer to memory that the function sees through no other.
NOALIAS = "ptr noalias"
# What an instruction can take: numbers become constants of the type that is wanted, None the null pointer.
Operand: TypeAlias = "Register | float | None"

# Instructions and comparisons of whole numbers, and those of others. Of NaN none but "ne" and "uno" hold.
_FLOATING = {
    "add": "fadd", "sub": "fsub", "mul": "fmul",
    "eq": "oeq", "ne": "une", "slt": "olt", "sle": "ole", "sgt": "ogt", "sge": "oge",
}  # fmt: skip


def own_type(parameter: str) -> str:
    """The type of a parameter without its attributes."""
    return parameter.removesuffix(NOALIAS.removeprefix(PTR))


def vector(kind: str, lanes: int) -> str:
    """The type of so many numbers; of one, their own."""
    return f"<{lanes} x {kind}>" if lanes > 1 else kind


@cache
def is_floating(kind: str) -> bool:
    """Whether a type is of floating numbers, or vectors of them."""
    return kind in (DOUBLE, FLOAT) or kind.endswith(("double>", "float>"))


@cache
def with_element(kind: str, element: str) -> str:
    """A type of so many numbers of another type."""
    head, between, _ = kind.rpartition(" x ")
    return f"{head}{between}{element}>" if between else element


def constant(value: Operand, kind: str) -> str:
    """A value as an operand of this type; of vectors, a number in each place."""
    if isinstance(value, Register):
        assert value.type == kind, f"{value.name} is {value.type}, where {kind} is wanted"
        return value.name
    if value is None:
        return "null"
    if kind[0] == "<":
        lanes, element = kind[1:-1].split(" x ")
        return f"<{', '.join([f'{element} {constant(value, element)}'] * int(lanes))}>"
    if kind == I1:
        return "true" if value else "false"
    if is_floating(kind):
        # In hexadecimal, which is exact; a float as the double of the same value.
        return f"0x{struct.unpack('<Q', struct.pack('<d', value))[0]:016X}"
    return str(int(value))


class Register:
    """A register: of whole numbers, of floating numbers, of truths, of vectors of these, or a pointer.

    Whole numbers are compared with their signs, unless it says otherwise.
    """

    __slots__ = ("code", "name", "type")

    def __init__(self, code: Code, kind: str, name: str) -> None:
        self.code, self.type, self.name = code, kind, name

    def binary(self, instruction: str, other: Operand) -> Register:
        """An instruction of two operands of one type: "or", "fdiv" ..."""
        return self.code.emit(self.type, f"{instruction} {self.type} {self.name}, {constant(other, self.type)}")

    def _arithmetic(self, instruction: str, other: Operand) -> Register:
        return self.binary(_FLOATING[instruction] if is_floating(self.type) else instruction, other)

    def _lifted(self, value: Operand) -> Register:
        return Register(self.code, self.type, constant(value, self.type))

    def _compare(self, order: str, other: Operand) -> Register:
        test = f"fcmp {_FLOATING.get(order, order)}" if is_floating(self.type) else f"icmp {order}"
        operands = f"{self.type} {self.name}, {constant(other, self.type)}"
        return self.code.emit(with_element(self.type, I1), f"{test} {operands}")

    def __add__(self, other: Operand) -> Register:
        return self._arithmetic("add", other)

    def __radd__(self, other: float) -> Register:
        return self._lifted(other) + self

    def __sub__(self, other: Operand) -> Register:
        return self._arithmetic("sub", other)

    def __rsub__(self, other: float) -> Register:
        return self._lifted(other) - self

    def __mul__(self, other: Operand) -> Register:
        return self._arithmetic("mul", other)

    def __rmul__(self, other: float) -> Register:
        return self * other

    def __truediv__(self, other: Operand) -> Register:
        return self.binary("fdiv", other)

    def __rtruediv__(self, other: float) -> Register:
        return self._lifted(other) / self

    def __neg__(self) -> Register:
        return self.code.emit(self.type, f"fneg {self.type} {self.name}") if is_floating(self.type) else 0 - self

    def __and__(self, other: Operand) -> Register:
        return self.binary("and", other)

    def __or__(self, other: Operand) -> Register:
        return self.binary("or", other)

    def __xor__(self, other: Operand) -> Register:
        return self.binary("xor", other)

    def __lshift__(self, other: Operand) -> Register:
        return self.binary("shl", other)

    def __rlshift__(self, other: int) -> Register:
        return self._lifted(other) << self

    def __rshift__(self, other: Operand) -> Register:
        """The bits moved downwards, zeros after them."""
        return self.binary("lshr", other)

    def __invert__(self) -> Register:
        return self ^ (1 if self.type == with_element(self.type, I1) else -1)

    def __lt__(self, other: Operand) -> Register:
        return self._compare("slt", other)

    def __le__(self, other: Operand) -> Register:
        return self._compare("sle", other)

    def __gt__(self, other: Operand) -> Register:
        return self._compare("sgt", other)

    def __ge__(self, other: Operand) -> Register:
        return self._compare("sge", other)

    def __eq__(self, other: object) -> bool:
        raise TypeError("registers are compared when the code runs: write x.equals(y) or x.differs(y)")

    __hash__ = object.__hash__

    def __bool__(self) -> bool:
        raise TypeError("what a register holds is known when the code runs: write `with code.when(test):`")

    def below(self, other: Operand) -> Register:
        """Whether it is less, both without signs."""
        return self._compare("ult", other)

    def above(self, other: Operand) -> Register:
        """Whether it is greater, both without signs."""
        return self._compare("ugt", other)

    def equals(self, other: Operand) -> Register:
        """Whether both are the same; false for NaN."""
        return self._compare("eq", other)

    def differs(self, other: Operand) -> Register:
        """Whether they are not; true for NaN."""
        return self._compare("ne", other)

    def is_nan(self) -> Register:
        """Whether a floating number is NaN."""
        return self._compare("uno", self)

    def bits(self) -> Register:
        """The bits of a double."""
        return self.to("bitcast", with_element(self.type, I64))

    def number(self) -> Register:
        """The double with these bits."""
        return self.to("bitcast", with_element(self.type, DOUBLE))

    def choose(self, x: Register, y: Register) -> Register:
        """`x` where it holds, else `y`."""
        return self.code.emit(x.type, f"select {self.type} {self.name}, {x.type} {x.name}, {y.type} {y.name}")

    def to(self, instruction: str, kind: str) -> Register:
        """The value in another type, by one of LLVM's instructions: "zext", "sext", "trunc", "bitcast" ..."""
        return self.code.emit(kind, f"{instruction} {self.type} {self.name} to {kind}")

    # Pointers

    def element(self, kind: str, number: Operand) -> Register:
        """The address of an element, if it points to the first."""
        if isinstance(number, int) and number == 0:
            return self
        return self.code.emit(PTR, f"getelementptr {kind}, ptr {self.name}, i64 {constant(number, I64)}")

    def at(self, field: Field) -> Register:
        """The address of a field of the record that it points to."""
        return self.element(I8, field.offset)

    def array(self, kind: str, align: int = 0) -> Array:
        """The array that it points to."""
        return Array(self, kind, align)

    def load(self, kind: str, order: str = "", align: int = 0) -> Register:
        """What it points to; with an order of memory ("acquire", "seq_cst" ...), read as a whole."""
        atomic, align = ("atomic ", align or 8) if order else ("", align)
        return self.code.emit(kind, f"load {atomic}{kind}, ptr {self.name}{_ordered(order, align)}")

    def store(self, value: Operand, kind: str = "", order: str = "", align: int = 0) -> None:
        """Write where it points; a constant needs its type."""
        kind = value.type if isinstance(value, Register) else kind
        atomic, align = ("atomic ", align or 8) if order else ("", align)
        self.code.write(f"  store {atomic}{kind} {constant(value, kind)}, ptr {self.name}{_ordered(order, align)}")

    def update(self, operation: str, value: Operand, order: str = "seq_cst") -> Register:
        """Change an i64 in one step ("add", "and", "xchg" ...): what was there."""
        return self.code.emit(I64, f"atomicrmw {operation} ptr {self.name}, i64 {constant(value, I64)} {order}")

    def replace(self, old: Operand, new: Operand) -> Register:
        """Change an i64 in one step from one value to another, with "acquire": whether it was the old one."""
        values = f"i64 {constant(old, I64)}, i64 {constant(new, I64)}"
        pair = self.code.effect(f"cmpxchg ptr {self.name}, {values} acquire monotonic")
        return self.code.emit(I1, f"extractvalue {{ i64, i1 }} {pair}, 1")

    def __getitem__(self, field: Field) -> Register:
        return self.at(field).load(field.type)

    def __setitem__(self, field: Field, value: Operand) -> None:
        self.at(field).store(value, field.type)


def _ordered(order: str, align: int) -> str:
    return (f" {order}" if order else "") + (f", align {align}" if align else "")


class Array:
    """Elements of one type in memory, side by side; `align` where they may lie at any address of so many bytes."""

    def __init__(self, start: Register, kind: str, align: int = 0) -> None:
        self.start, self.type, self.align = start, kind, align

    def __getitem__(self, number: Operand) -> Register:
        return self.start.element(self.type, number).load(self.type, align=self.align)

    def __setitem__(self, number: Operand, value: Operand) -> None:
        self.start.element(self.type, number).store(value, self.type, align=self.align)
