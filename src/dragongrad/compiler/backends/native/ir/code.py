"""The code of one function in LLVM's language while it is written: values with types, branches and loops.

It is used as C is: values are added and compared with Python's operators, `record[Field]` reads a field of a record
in memory and `array[i]` an element, and what a `with` of a branch or a loop encloses is written inside it. It makes
text, for the reasons in `docs/decisions/ir-builder.md`.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from typing import Protocol, TypeAlias

from .records import Field

VOID, PTR, FLOAT, DOUBLE = "void", "ptr", "float", "double"
I1, I8, I32, I64, I128 = "i1", "i8", "i32", "i64", "i128"
# A pointer to memory that the function sees through no other.
NOALIAS = "ptr noalias"
# What an instruction can take: numbers become constants of the type that is wanted, None the null pointer.
Operand: TypeAlias = "Value | int | float | None"


class Symbol(Protocol):
    """A function or variable of a module, and the texts that a module needs for it, by their symbols."""

    @property
    def symbol(self) -> str:
        """Its name, as LLVM writes it."""

    def needs(self) -> dict[str, str]:
        """The declaration or definition, and those of whatever it refers to."""


class Callable(Symbol, Protocol):
    """A function that code can call."""

    @property
    def result(self) -> str:
        """The type of what it returns."""

    @property
    def parameters(self) -> tuple[str, ...]:
        """The types of its parameters."""


def constant(value: Operand, kind: str) -> str:
    """A value as an operand of this type."""
    if isinstance(value, Value):
        assert value.type == kind, f"{value.name} is {value.type}, where {kind} is wanted"
        return value.name
    if value is None:
        return "null"
    if kind == I1:
        return "true" if value else "false"
    return repr(float(value)) if kind in (FLOAT, DOUBLE) else str(int(value))


class Value:
    """A register: of whole numbers, which have signs unless it says otherwise, of truths, or a pointer."""

    __slots__ = ("code", "name", "type")

    def __init__(self, code: Code, kind: str, name: str) -> None:
        self.code, self.type, self.name = code, kind, name

    def _binary(self, instruction: str, other: Operand) -> Value:
        return self.code.emit(self.type, f"{instruction} {self.type} {self.name}, {constant(other, self.type)}")

    def _compare(self, order: str, other: Operand) -> Value:
        return self.code.emit(I1, f"icmp {order} {self.type} {self.name}, {constant(other, self.type)}")

    def __add__(self, other: Operand) -> Value:
        return self._binary("add", other)

    def __sub__(self, other: Operand) -> Value:
        return self._binary("sub", other)

    def __rsub__(self, other: int) -> Value:
        return self.code.emit(self.type, f"sub {self.type} {constant(other, self.type)}, {self.name}")

    def __mul__(self, other: Operand) -> Value:
        return self._binary("mul", other)

    def __and__(self, other: Operand) -> Value:
        return self._binary("and", other)

    def __or__(self, other: Operand) -> Value:
        return self._binary("or", other)

    def __lshift__(self, other: Operand) -> Value:
        return self._binary("shl", other)

    def __rlshift__(self, other: int) -> Value:
        return self.code.emit(self.type, f"shl {self.type} {constant(other, self.type)}, {self.name}")

    def __rshift__(self, other: Operand) -> Value:
        """The bits moved downwards, zeros after them."""
        return self._binary("lshr", other)

    def __invert__(self) -> Value:
        return self._binary("xor", self.type == I1 or -1)

    def __lt__(self, other: Operand) -> Value:
        return self._compare("slt", other)

    def __le__(self, other: Operand) -> Value:
        return self._compare("sle", other)

    def __gt__(self, other: Operand) -> Value:
        return self._compare("sgt", other)

    def __ge__(self, other: Operand) -> Value:
        return self._compare("sge", other)

    def below(self, other: Operand) -> Value:
        """Whether it is less, both without signs."""
        return self._compare("ult", other)

    def above(self, other: Operand) -> Value:
        """Whether it is greater, both without signs."""
        return self._compare("ugt", other)

    def equals(self, other: Operand) -> Value:
        """Whether both are the same."""
        return self._compare("eq", other)

    def differs(self, other: Operand) -> Value:
        """Whether they are not."""
        return self._compare("ne", other)

    def choose(self, x: Value, y: Value) -> Value:
        """`x` where it holds, else `y`."""
        return self.code.emit(x.type, f"select i1 {self.name}, {x.type} {x.name}, {y.type} {y.name}")

    def to(self, instruction: str, kind: str) -> Value:
        """The value in another type, by one of LLVM's instructions: "zext", "sext", "trunc", "bitcast" ..."""
        return self.code.emit(kind, f"{instruction} {self.type} {self.name} to {kind}")

    # Pointers

    def element(self, kind: str, number: Operand) -> Value:
        """The address of an element, if it points to the first."""
        return self.code.emit(PTR, f"getelementptr {kind}, ptr {self.name}, i64 {constant(number, I64)}")

    def at(self, field: Field) -> Value:
        """The address of a field of the record that it points to."""
        return self.element(I8, field.offset) if field.offset else self

    def array(self, kind: str, align: int = 0) -> Array:
        """The array that it points to."""
        return Array(self, kind, align)

    def load(self, kind: str, order: str = "", align: int = 0) -> Value:
        """What it points to; with an order of memory ("acquire", "seq_cst" ...), read as a whole."""
        atomic, align = ("atomic ", align or 8) if order else ("", align)
        return self.code.emit(kind, f"load {atomic}{kind}, ptr {self.name}{_ordered(order, align)}")

    def store(self, value: Operand, kind: str = "", order: str = "", align: int = 0) -> None:
        """Write where it points; a constant needs its type."""
        kind = value.type if isinstance(value, Value) else kind
        atomic, align = ("atomic ", align or 8) if order else ("", align)
        self.code.write(f"  store {atomic}{kind} {constant(value, kind)}, ptr {self.name}{_ordered(order, align)}")

    def update(self, operation: str, value: Operand, order: str = "seq_cst") -> Value:
        """Change an i64 in one step ("add", "and", "xchg" ...): what was there."""
        return self.code.emit(I64, f"atomicrmw {operation} ptr {self.name}, i64 {constant(value, I64)} {order}")

    def __getitem__(self, field: Field) -> Value:
        return self.at(field).load(field.type)

    def __setitem__(self, field: Field, value: Operand) -> None:
        self.at(field).store(value, field.type)


def _ordered(order: str, align: int) -> str:
    return (f" {order}" if order else "") + (f", align {align}" if align else "")


class Array:
    """Elements of one type in memory, side by side; `align` where they may lie at any address of so many bytes."""

    def __init__(self, start: Value, kind: str, align: int = 0) -> None:
        self.start, self.type, self.align = start, kind, align

    def __getitem__(self, number: Operand) -> Value:
        return self.start.element(self.type, number).load(self.type, align=self.align)

    def __setitem__(self, number: Operand, value: Operand) -> None:
        self.start.element(self.type, number).store(value, self.type, align=self.align)


class Arm(AbstractContextManager["Arm"]):
    """One side of a branch: a `with` of it encloses what is done there."""

    def __init__(self, code: Code, label: str, done: str) -> None:
        self.code, self.label, self.done = code, label, done
        self.exit = ""  # the block in which it ends
        self.written = False

    def __enter__(self) -> Arm:
        self.written = True
        self.code.begin(self.label)
        return self

    def __exit__(self, *_: object) -> None:
        self.exit = self.code.block
        self.code.jump(self.done)


class Code:
    """The lines of a function, and the block that they have come to.

    Blocks are made by branches and loops; a line after the end of a block (a `ret`, a jump) is an error.
    """

    def __init__(self, result: str = VOID, prefix: str = "") -> None:
        self.result = result
        self.prefix = prefix  # of the names of registers and labels, where several write into one function
        self.entry: list[str] = []  # lines that the function begins with
        self.lines: list[str] = []
        self.declared: dict[str, str] = {}
        self.block = "entry"
        self._behind: list[str] = []  # the blocks behind the loops around this place
        self._left: set[str] = set()  # those of them that `break_if` goes to
        self._count = 0

    # Lines and registers

    def fresh(self, hint: str = "r") -> str:
        """A new register."""
        self._count += 1
        return f"%{self.prefix}{hint}{self._count}"

    def label(self, hint: str) -> str:
        """A new label."""
        self._count += 1
        return f"{self.prefix}{hint}{self._count}"

    def write(self, line: str) -> None:
        """Append a line."""
        self.lines.append(line)

    def effect(self, instruction: str) -> str:
        """The register of an instruction that must be made here."""
        name = self.fresh()
        self.lines.append(f"  {name} = {instruction}")
        return name

    def emit(self, kind: str, instruction: str) -> Value:
        """The value of an instruction."""
        return Value(self, kind, self.effect(instruction))

    def value(self, kind: str, name: str) -> Value:
        """The value in a register."""
        return Value(self, kind, name)

    def declare(self, name: str, signature: str) -> None:
        """Declare a function that the module does not define."""
        self.declared[name] = signature

    def local(self, kind: str) -> Value:
        """Memory for one value, as long as the function runs."""
        name = self.fresh("local")
        self.entry.append(f"  {name} = alloca {kind}")
        return Value(self, PTR, name)

    def address(self, symbol: Symbol) -> Value:
        """The address of a function or variable of the module."""
        self.declared.update(symbol.needs())
        return Value(self, PTR, symbol.symbol)

    # Calls

    def call(self, function: Callable, *operands: Operand) -> Value:
        """Call a function of the module."""
        self.declared.update(function.needs())
        return self.call_pointer(function.symbol, function, *operands)

    def call_pointer(self, pointer: str, like: Callable, *operands: Operand) -> Value:
        """Call the function in a register, which takes and returns what another does."""
        kinds = [kind.split(" ")[0] for kind in like.parameters]
        given = ", ".join([f"{kind} {constant(v, kind)}" for kind, v in zip(kinds, operands, strict=True)])
        instruction = f"call {like.result} {pointer}({given})"
        if like.result != VOID:
            return self.emit(like.result, instruction)
        self.lines.append(f"  {instruction}")
        return Value(self, VOID, "")

    def ret(self, value: Operand = None) -> None:
        """Return from the function."""
        given = "" if self.result == VOID else f" {constant(value, self.result)}"
        self.lines.append(f"  ret {self.result}{given}")
        self.block = ""

    def return_if(self, test: Value, value: Operand = None) -> None:
        """Return where a test holds."""
        with self.when(test):
            self.ret(value)

    def return_unless(self, test: Value, value: Operand = None) -> None:
        """Return where a test does not hold."""
        out, on = self.label("out"), self.label("on")
        self.branch(test, on, out)
        self.begin(out)
        self.ret(value)
        self.begin(on)

    # Blocks

    def begin(self, label: str) -> None:
        """Begin a block."""
        self.lines.append(f"{label}:")
        self.block = label

    def jump(self, label: str, note: str = "") -> None:
        """Go on at another block, unless this one has ended."""
        if self.block:
            self.lines.append(f"  br label %{label}{note}")
            self.block = ""

    def branch(self, test: Value, yes: str, no: str, note: str = "") -> None:
        """Go on at one of two blocks."""
        self.lines.append(f"  br i1 {test.name}, label %{yes}, label %{no}{note}")
        self.block = ""

    # Branches

    @contextmanager
    def when(self, test: Value) -> Iterator[None]:
        """What is done where a test holds."""
        inside, done = self.label("then"), self.label("done")
        self.branch(test, inside, done)
        self.begin(inside)
        yield
        self.jump(done)
        self.begin(done)

    @contextmanager
    def either(self, test: Value) -> Iterator[tuple[Arm, Arm]]:
        """What is done where a test holds, and where it does not: two arms, to be written in this order."""
        done = self.label("done")
        arms = Arm(self, self.label("then"), done), Arm(self, self.label("else"), done)
        self.branch(test, arms[0].label, arms[1].label)
        yield arms
        self._join(arms, done)

    @contextmanager
    def switch(self, value: Value, *cases: int | tuple[int, ...]) -> Iterator[tuple[Arm, ...]]:
        """What is done for each of some numbers, or of several; behind them an arm for any other, if it is used."""
        done = self.label("done")
        arms = tuple([Arm(self, self.label("case"), done) for _ in (*cases, None)])
        numbers = [
            f"{value.type} {number}, label %{arm.label}"
            for case, arm in zip(cases, arms, strict=False)
            for number in (case if isinstance(case, tuple) else (case,))
        ]
        self.lines.append(f"  switch {value.type} {value.name}, label %{arms[-1].label} [ {' '.join(numbers)} ]")
        self.block = ""
        yield arms
        if not arms[-1].written:
            with arms[-1]:
                pass
        self._join(arms, done)

    def _join(self, arms: Sequence[Arm], done: str) -> None:
        assert all(arm.written for arm in arms), "an arm is not written"
        if any(arm.exit for arm in arms):
            self.begin(done)

    def join(self, *found: tuple[Arm, Value]) -> Value:
        """What the arms of a branch that has ended have found, each its own."""
        kind = found[0][1].type
        return self.emit(kind, f"phi {kind} " + ", ".join(f"[ {v.name}, %{arm.exit} ]" for arm, v in found))

    # Loops

    @contextmanager
    def loop(
        self, count: Operand, start: Operand = 0, step: int = 1, *, name: str = "", note: str = ""
    ) -> Iterator[Value]:
        """`for (i = start; i < count; i += step)`; `note` is what LLVM is told of it.

        A loop whose number of steps is a constant above zero tests behind its body only.
        """
        low, high, i = constant(start, I64), constant(count, I64), name or self.fresh("i")
        head, latch, done = self.label("loop"), self.label("next"), self.label("done")
        after, before = self.fresh("i"), self.block
        sure = not isinstance(count, Value) and not isinstance(start, Value) and int(low) < int(high)
        self.jump(head)
        self.begin(head)
        self.lines.append(f"  {i} = phi i64 [ {low}, %{before} ], [ {after}, %{latch} ]")
        if not sure:
            inside = self.label("body")
            self.branch(self.emit(I1, f"icmp slt i64 {i}, {high}"), inside, done)
            self.begin(inside)
        self._behind.append(done)
        yield Value(self, I64, i)
        self._behind.pop()
        self.jump(latch)
        self.begin(latch)
        self.lines.append(f"  {after} = add nuw nsw i64 {i}, {step}")
        if sure:
            self.branch(self.emit(I1, f"icmp slt i64 {after}, {high}"), head, done, note)
        else:
            self.jump(head, note)
        self.begin(done)

    @contextmanager
    def forever(self) -> Iterator[None]:
        """Again and again, until a return or `break_if`."""
        head, done = self.label("again"), self.label("done")
        self.jump(head)
        self.begin(head)
        self._behind.append(done)
        yield
        self._behind.pop()
        self.jump(head)
        if done in self._left:
            self.begin(done)

    def break_if(self, test: Value) -> None:
        """Leave the innermost loop where a test holds."""
        on = self.label("on")
        self._left.add(self._behind[-1])
        self.branch(test, self._behind[-1], on)
        self.begin(on)
