"""The code of one function in LLVM's language while it is written: values with types, branches and loops.

It is used as C is: values are added and compared with Python's operators, `record[Field]` reads a field of a record
in memory and `array[i]` an element, and what a `with` of a branch or a loop encloses is written inside it. It makes
text, for the reasons in `docs/decisions/ir-builder.md`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from typing import Protocol

from .registers import I1, I64, PTR, VOID, Operand, Register, constant


class Symbol(Protocol):
    """A function or variable of a module, and the texts that a module needs for it, by their symbols."""

    @property
    def symbol(self) -> str:
        """Its name, as LLVM writes it."""

    def needs(self) -> dict[str, str]:
        """The declaration or definition, and those of whatever it refers to."""


class Signature(Symbol, Protocol):
    """A function that code can call."""

    @property
    def result(self) -> str:
        """The type of what it returns."""

    @property
    def parameters(self) -> tuple[str, ...]:
        """The types of its parameters."""


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

    Blocks are made by branches and loops. Behind a `ret` or a jump `block` is empty: nothing runs what is written
    there.
    """

    def __init__(self, result: str = VOID) -> None:
        self.result = result
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
        return f"%{hint}{self._count}"

    def label(self, hint: str) -> str:
        """A new label."""
        self._count += 1
        return f"{hint}{self._count}"

    def write(self, line: str) -> None:
        """Append a line."""
        self.lines.append(line)

    def effect(self, instruction: str) -> str:
        """The register of an instruction that must be made here."""
        name = self.fresh()
        self.lines.append(f"  {name} = {instruction}")
        return name

    def emit(self, kind: str, instruction: str) -> Register:
        """The value of an instruction."""
        return Register(self, kind, self.effect(instruction))

    def register(self, kind: str, name: str) -> Register:
        """The value in a register."""
        return Register(self, kind, name)

    def declare(self, name: str, signature: str) -> None:
        """Declare a function that the module does not define."""
        self.declared[name] = signature

    def local(self, kind: str) -> Register:
        """Memory for one value, as long as the function runs."""
        name = self.fresh("local")
        self.entry.append(f"  {name} = alloca {kind}")
        return Register(self, PTR, name)

    def pointer_to(self, symbol: Symbol) -> Register:
        """The address of a function or variable of the module."""
        self.declared.update(symbol.needs())
        return Register(self, PTR, symbol.symbol)

    # Calls

    def call(self, function: Signature, *operands: Operand, flags: str = "") -> Register:
        """Call a function of the module; `flags` are what LLVM may do with its numbers."""
        if function.symbol not in self.declared:
            self.declared.update(function.needs())
        return self.call_pointer(function.symbol, function, *operands, flags=flags)

    def call_pointer(self, pointer: str, like: Signature, *operands: Operand, flags: str = "") -> Register:
        """Call the function in a register, which takes and returns what another does."""
        pairs = zip(like.parameters, operands, strict=True)
        given = ", ".join([f"{kind} {constant(v, kind)}" for kind, v in pairs])
        instruction = f"call {flags}{like.result} {pointer}({given})"
        if like.result != VOID:
            return self.emit(like.result, instruction)
        self.lines.append(f"  {instruction}")
        return Register(self, VOID, "")

    def ret(self, value: Operand = None) -> None:
        """Return from the function."""
        given = "" if self.result == VOID else f" {constant(value, self.result)}"
        self.lines.append(f"  ret {self.result}{given}")
        self.block = ""

    def ret_record(self, *values: Register) -> None:
        """Return several values at once."""
        made = "undef"
        for k, v in enumerate(values):
            made = self.effect(f"insertvalue {self.result} {made}, {v.type} {v.name}, {k}")
        self.ret(self.register(self.result, made))

    def return_if(self, test: Register, value: Operand = None) -> None:
        """Return where a test holds; the value is computed before."""
        with self.when(test):
            self.ret(value)

    def return_unless(self, test: Register, value: Operand = None) -> None:
        """Return where a test does not hold; the value is computed before."""
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

    def branch(self, test: Register, yes: str, no: str, note: str = "") -> None:
        """Go on at one of two blocks."""
        self.lines.append(f"  br i1 {test.name}, label %{yes}, label %{no}{note}")
        self.block = ""

    # Branches

    @contextmanager
    def when(self, test: Register) -> Iterator[None]:
        """What is done where a test holds."""
        inside, done = self.label("then"), self.label("done")
        self.branch(test, inside, done)
        self.begin(inside)
        yield
        self.jump(done)
        self.begin(done)

    @contextmanager
    def either(self, test: Register) -> Iterator[tuple[Arm, Arm]]:
        """What is done where a test holds, and where it does not: two arms, to be written in this order."""
        done = self.label("done")
        arms = Arm(self, self.label("then"), done), Arm(self, self.label("else"), done)
        self.branch(test, arms[0].label, arms[1].label)
        yield arms
        self._join(arms, done)

    @contextmanager
    def switch(self, value: Register, *cases: int | tuple[int, ...]) -> Iterator[tuple[Arm, ...]]:
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

    def join(self, *found: tuple[Arm, Register]) -> Register:
        """What the arms of a branch that has ended have found, each its own."""
        kind = found[0][1].type
        return self.emit(kind, f"phi {kind} " + ", ".join(f"[ {v.name}, %{arm.exit} ]" for arm, v in found))

    # Loops

    @contextmanager
    def loop(
        self,
        count: Operand,
        start: Operand = 0,
        step: int = 1,
        *,
        name: str = "",
        note: Callable[[int], str] = lambda lines: "",
    ) -> Iterator[Register]:
        """`for (i = start; i < count; i += step)`; `note` is what LLVM is told of a loop of so many lines.

        A loop whose number of steps is a constant above zero tests behind its body only.
        """
        low, high, i = constant(start, I64), constant(count, I64), name or self.fresh("i")
        head, latch, done = self.label("loop"), self.label("next"), self.label("done")
        after, before = self.fresh("i"), self.block
        sure = not isinstance(count, Register) and not isinstance(start, Register) and int(low) < int(high)
        self.jump(head)
        self.begin(head)
        self.lines.append(f"  {i} = phi i64 [ {low}, %{before} ], [ {after}, %{latch} ]")
        if not sure:
            inside = self.label("body")
            self.branch(self.emit(I1, f"icmp slt i64 {i}, {high}"), inside, done)
            self.begin(inside)
        begun = len(self.lines)
        with self._before(done):
            yield Register(self, I64, i)
        hint = note(len(self.lines) - begun)
        self.jump(latch)
        self.begin(latch)
        self.lines.append(f"  {after} = add nuw nsw i64 {i}, {step}")
        if sure:
            self.branch(self.emit(I1, f"icmp slt i64 {after}, {high}"), head, done, hint)
        else:
            self.jump(head, hint)
        self.begin(done)

    @contextmanager
    def forever(self) -> Iterator[None]:
        """Again and again, until a return or `break_if`."""
        head, done = self.label("again"), self.label("done")
        self.jump(head)
        self.begin(head)
        with self._before(done):
            yield
        self.jump(head)
        if done in self._left:
            self.begin(done)

    @contextmanager
    def _before(self, done: str) -> Iterator[None]:
        self._behind.append(done)
        try:
            yield
        finally:
            self._behind.pop()

    def break_if(self, test: Register) -> None:
        """Leave the innermost loop where a test holds."""
        on = self.label("on")
        self._left.add(self._behind[-1])
        self.branch(test, self._behind[-1], on)
        self.begin(on)
