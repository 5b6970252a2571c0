"""Arithmetic on floating numbers and vectors of them that LLVM has functions for."""

from __future__ import annotations

from functools import cache

from .functions import External
from .registers import DOUBLE, FLOAT, Register, vector

_SUFFIXES = {DOUBLE: "f64", FLOAT: "f32"}


@cache
def intrinsic(name: str, kind: str, lanes: int, operands: int) -> External:
    """One of LLVM's functions of numbers of one type, or of vectors of them."""
    many = vector(kind, lanes)
    suffix = (f"v{lanes}" if lanes > 1 else "") + _SUFFIXES.get(kind, kind)
    return External(f"llvm.{name}.{suffix}", many, (many,) * operands)


def spread(number: Register, lanes: int) -> Register:
    """A vector of a number."""
    if lanes == 1:
        return number
    many = vector(number.type, lanes)
    one = number.code.effect(f"insertelement {many} poison, {number.type} {number.name}, i32 0")
    return number.code.emit(many, f"shufflevector {many} {one}, {many} poison, <{lanes} x i32> zeroinitializer")


def multiply_add(x: Register, y: Register, total: Register, kind: str, lanes: int, fused: bool) -> Register:
    """`x * y + total`, rounded once where the processor has an instruction for it (`fused`)."""
    if fused:
        return x.code.call(intrinsic("fma", kind, lanes, 3), x, y, total)
    return total.binary("fadd", x.binary("fmul", y))
