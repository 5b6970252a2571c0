"""LLVM's language as text: registers, constants, types, and the memory of arrays."""

from __future__ import annotations

import struct
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from typing import Any

import numpy as np

from .....records import field, mutable, record
from .affine import Index, Loop, combine
from .code import Code
from .functions import Written, framed
from .registers import I64, PTR, VOID
from .vectors import intrinsic

TYPES = {"float64": "double", "float32": "float", "int64": "i64", "int32": "i32", "bool": "i1"}
# Whole numbers that are read as wider ones: no arithmetic is done in their own width.
NARROW = {"uint8": "i8", "int8": "i8", "uint16": "i16", "int16": "i16", "uint32": "i32"}
STORED = {**TYPES, "bool": "i8", **NARROW}


# NumPy computes the name of a dtype anew each time it is asked for.
@cache
def type_of(dtype: Any) -> str:
    """The LLVM type of an element in a register."""
    return TYPES[wide(np.dtype(dtype)).name]


@cache
def stored_type_of(dtype: Any) -> str:
    """The LLVM type of an element in memory."""
    return STORED[np.dtype(dtype).name]


@cache
def is_narrow(dtype: Any) -> bool:
    """Whether numbers of a dtype are read as wider ones."""
    return dtype.name in NARROW


@cache
def wide(dtype: Any) -> Any:
    """The dtype in which numbers of a dtype are computed with."""
    return np.dtype(np.int64) if is_narrow(dtype) else dtype


@cache
def readable(dtype: Any) -> bool:
    """Whether elements of this dtype can be read natively, and written as they are."""
    return supported(dtype) or (isinstance(dtype, np.dtype) and is_narrow(dtype) and dtype.isnative)


@cache
def supported(dtype: Any) -> bool:
    """Whether elements of this dtype can be computed natively."""
    return isinstance(dtype, np.dtype) and dtype.name in TYPES


def literal(value: Any, dtype: Any) -> str:
    """A constant as LLVM writes it."""
    dtype = np.dtype(dtype)
    if dtype.kind == "b":
        return "true" if value else "false"
    if dtype.kind in "iu":
        return str(int(value))
    # Floating constants are written in hexadecimal; a float as the double of the same value.
    exact = value if value.__class__ is float and dtype.char == "d" else float(dtype.type(value))
    return f"0x{struct.unpack('<Q', struct.pack('<d', exact))[0]:016X}"


@record
class Buffer:
    """An array in memory, in C order: its register, shape and dtype; of one that is `held`, a row at a time."""

    name: str
    shape: tuple[int, ...]
    dtype: Any
    held: bool = False

    @property
    def stored(self) -> str:
        """The LLVM type of an element in memory."""
        return stored_type_of(self.dtype)

    @property
    def strides(self) -> tuple[int, ...]:
        """Steps between neighbours along each axis, in elements."""
        steps, step = [], 1
        for n in reversed(self.shape):
            steps.append(step)
            step *= n
        if self.held:
            steps[-1] = 0
        return tuple(reversed(steps))


@record
class Access:
    """Where a text reads or writes memory: "load" and "store" are of one element, "other" of anything."""

    buffer: str
    kind: str
    order: int  # among all accesses
    parts: list[tuple[Index, int]]  # the strided index of the element
    loops: tuple[Loop, ...]  # around it, the outermost first


@mutable
class Function:
    """One function: its name, its text, and the values whose memory it is given, in order of its parameters."""

    name: str
    lines: list[str]
    values: list[Any]
    declared: dict[str, str]
    length: int  # of its first loop, 0 without
    accesses: list[Access] = field(default_factory=list)
    # The values that are written over others: by position, where the other one stands.
    over: dict[int, int] = field(default_factory=dict)

    def written(self, linkage: str, attributes: str) -> Written:
        """It as LLVM has it: from pointers to the values, and between which steps its first loop is.

        The pointer to a value that is written over another is that of the other one.
        """
        given = [f"ptr noalias %{'unused' if k in self.over else 'b'}{k}" for k in range(len(self.values))]
        given += [f"{I64} %low", f"{I64} %high"]
        same = [f"  %b{k} = getelementptr i8, ptr %b{self._root(k)}, i64 0" for k in self.over]
        text = framed([*same, *self.lines], self.name, VOID, given, linkage, attributes)
        return Written(self.name, VOID, (PTR,) * len(self.values) + (I64, I64), text, self.declared)

    def _root(self, k: int) -> int:
        """Where a value lies that is written over another, which may be written over a third."""
        while k in self.over:
            k = self.over[k]
        return k


class Text(Code):
    """The code of one function of arrays; equal instructions of one scope are written once."""

    def __init__(self) -> None:
        super().__init__()
        self.scopes: list[dict[Any, str]] = [{}]
        self.loops: list[Loop] = []
        self.accesses: list[Access] = []
        self.functions = 0  # uses of mathematical functions
        self.woven = 0  # and of those that LLVM may write into a loop that is made of vectors
        self.borrows = False  # whether it calls the process's copy of each
        self._noted = 0

    def recall(self, key: Any) -> str | None:
        """A register that already holds what `key` stands for."""
        scopes = self.scopes
        if len(scopes) == 1:
            return scopes[0].get(key)
        for scope in reversed(scopes):
            found = scope.get(key)
            if found is not None:
                return found
        return None

    def op(self, instruction: str) -> str:
        """The register of an instruction without side effects."""
        known = self.recall(instruction)
        if known is None:
            known = self.scopes[-1][instruction] = self.fresh()
            self.write(f"  {known} = {instruction}")
        return known

    def instruction(self, register: str) -> str:
        """What is in a register, where it is known; otherwise nothing."""
        for scope in reversed(self.scopes):
            for key, value in scope.items():
                if value == register and isinstance(key, str):
                    return key
        return ""

    def intrinsic(self, name: str, kind: str, *values: str) -> str:
        """Call one of LLVM's intrinsics on values of one type."""
        function = intrinsic(name, kind, 1, len(values))
        self.declared.update(function.needs())
        return self.op(f"call {kind} {function.symbol}({', '.join(f'{kind} {v}' for v in values)})")

    # Memory

    def offset(self, parts: list[tuple[Index, int]]) -> str:
        """The register or number of a sum of strided indices."""
        number, factors, loaded = combine(parts)
        total: str | None = None
        terms = [(loop.name, f) for loop, f in factors.items()] + loaded
        for name, factor in terms:
            term = name if factor == 1 else self.op(f"mul nsw i64 {name}, {factor}")
            total = term if total is None else self.op(f"add nsw i64 {total}, {term}")
        if total is None:
            return str(number)
        return total if number == 0 else self.op(f"add nsw i64 {total}, {number}")

    def address(self, buffer: Buffer, parts: list[tuple[Index, int]]) -> str:
        """The address of an element, for whatever use."""
        self._note(buffer, "other", parts)
        return self._address(buffer, parts)

    def _note(self, buffer: Buffer, kind: str, parts: list[tuple[Index, int]]) -> None:
        self._noted += 1
        self.accesses.append(Access(buffer.name, kind, self._noted, parts, tuple(self.loops)))

    def _address(self, buffer: Buffer, parts: list[tuple[Index, int]]) -> str:
        offset = self.offset(parts) if parts else "0"
        if offset == "0":
            return buffer.name
        return self.op(f"getelementptr inbounds {buffer.stored}, ptr {buffer.name}, i64 {offset}")

    def load(self, buffer: Buffer, index: tuple[Index, ...]) -> str:
        """Read an element."""
        return self.load_at(buffer, list(zip(index, buffer.strides, strict=True)))

    def load_at(self, buffer: Buffer, parts: list[tuple[Index, int]]) -> str:
        """Read the element at a sum of strided indices."""
        stored = buffer.stored
        instruction = f"load {stored}, ptr {self._address(buffer, parts)}"
        if self.recall(instruction) is None:
            self._note(buffer, "load", parts)
        value = self.op(instruction)
        if is_narrow(buffer.dtype):
            extend = "zext" if buffer.dtype.kind == "u" else "sext"
            return self.op(f"{extend} {stored} {value} to i64")
        return self.op(f"trunc i8 {value} to i1") if stored == "i8" else value

    def store(self, buffer: Buffer, parts: list[tuple[Index, int]], value: str) -> None:
        """Write an element."""
        stored = buffer.stored
        if is_narrow(buffer.dtype):
            value = self.op(f"trunc i64 {value} to {stored}")
        elif stored == "i8":
            value = self.op(f"zext i1 {value} to i8")
        where = self._address(buffer, parts)
        self._note(buffer, "store", parts)
        self.write(f"  store {stored} {value}, ptr {where}")

    @contextmanager
    def inside(self, loop: Loop) -> Iterator[None]:
        """What is written here is known inside a loop only."""
        self.scopes.append({})
        self.loops.append(loop)
        try:
            yield
        finally:
            self.scopes.pop()
            self.loops.pop()

    @contextmanager
    def piece(self) -> Iterator[None]:
        """A piece by itself, which becomes part of the text at its end; none of it where an exception ends it."""
        lines, entry, accesses, block = self.lines, self.entry, self.accesses, self.block
        self.lines, self.entry, self.accesses = [], [], []
        try:
            yield
        except BaseException:
            self.lines, self.entry, self.accesses, self.block = [], [], [], block
            raise
        finally:
            lines += self.lines
            entry += self.entry
            accesses += self.accesses
            self.lines, self.entry, self.accesses = lines, entry, accesses
