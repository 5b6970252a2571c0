"""An element of a value, written as instructions."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from .....core.errors import CompileError
from ....graph import Op, Value
from ....lowering import LOWERINGS, Access, Along, Read
from ....rewrite import first
from ..ir.affine import Index, Loaded, linear
from ..ir.builder import Buffer, Text, literal, type_of, wide


class NotInMemoryError(CompileError):
    """An element cannot be computed at this index: the schedule should have put the value into memory."""

    def __init__(self, node: Op) -> None:
        super().__init__(f"{node!r} is read where it cannot be computed")


class Expressions:
    """Writes elements of values into a `Text`.

    Parameters
    ----------
    text : Text
        Where instructions go.
    memory : callable
        `memory(value)`: the `Buffer` of an operation or constant array that lies in memory, or None.
    """

    def __init__(self, text: Text, memory: Callable[[Value], Buffer | None]) -> None:
        self.text = text
        self.memory = memory
        # Where the parts begin of what is joined.
        self.bounds: dict[Op, list[int]] = {}

    def element(self, value: Value, index: tuple[Index, ...], dtype: Any = None) -> str:
        """The register of an element of a value, converted to `dtype`."""
        if not isinstance(value, Op):
            return self._constant(value, index, dtype)
        key = (value, index)
        found = self.text.recall(key)
        if found is None:
            buffer = self.memory(value)
            found = self.text.load(buffer, index) if buffer is not None else self._compute(value, index)
            self.text.scopes[-1][key] = found
        return convert(self.text, found, value.dtype, dtype) if dtype is not None else found

    def _compute(self, node: Op, index: tuple[Index, ...]) -> str:
        known = LOWERINGS.get(node.block)
        if known is None or known.element is None:
            raise NotInMemoryError(node)
        return known.element(self, node, index)

    def _constant(self, value: Any, index: tuple[Index, ...], dtype: Any) -> str:
        if value.__class__ is float and dtype is not None:
            return literal(value, dtype)
        array = np.asarray(value)
        dtype = array.dtype if dtype is None else np.dtype(dtype)
        if array.ndim == 0 or not any(array.strides):
            return literal(first(array), dtype)
        if all(isinstance(i, int) for i in index):
            return literal(array[index], dtype)
        buffer = self.memory(value)
        if buffer is None:
            raise TypeError(f"a constant of dtype {array.dtype} is not in memory")
        return convert(self.text, self.text.load(buffer, index), array.dtype, dtype)


def convert(text: Text, register: str, have: Any, want: Any) -> str:
    """A register in another dtype."""
    if have is want:
        return register
    have, want = wide(np.dtype(have)), wide(np.dtype(want))
    if have == want:
        return register
    a, b = type_of(have), type_of(want)
    if want.kind == "b":
        test = f"fcmp une {a} {register}, {literal(0, have)}" if have.kind == "f" else f"icmp ne {a} {register}, 0"
        return text.op(test)
    if have.kind == "b":
        kind = "uitofp" if want.kind == "f" else "zext"
    elif have.kind == "f":
        kind = "fptosi" if want.kind == "i" else ("fpext" if want.itemsize > have.itemsize else "fptrunc")
    elif want.kind == "f":
        kind = "sitofp"
    else:
        kind = "sext" if want.itemsize > have.itemsize else "trunc"
    return text.op(f"{kind} {a} {register} to {b}")


def place_in(access: Access, index: tuple[Index, ...], terms: tuple[Index, ...] = ()) -> tuple[Index, ...] | None:
    """The index of an operand where the result's is `index`; None where it cannot be told.

    Parameters
    ----------
    access : Access
        Which elements of the operand are read.
    index : tuple
        Of an element of the result.
    terms : tuple
        Of the term that is read, along the axes of which all are.
    """
    found: list[Index] = []
    each = iter(terms)
    for part in access.parts:
        if isinstance(part, Along):
            i, start, step = index[part.axis], part.start, part.step
            if start == 0 and step == 1:
                found.append(i)
            elif isinstance(i, Loaded) or not isinstance(start, int) or not isinstance(step, int):
                return None
            else:
                found.append(linear(i, step, start))
        elif part is Read.WHOLE:
            found.append(next(each))
        elif isinstance(part, int):
            found.append(part)
        else:
            return None
    return tuple(found)


def spread(index: tuple[Index, ...], shape: tuple[int, ...]) -> tuple[Index, ...]:
    """The index of an operand that NumPy broadcasts."""
    if not shape:
        return ()
    lead = len(index) - len(shape)
    return tuple([0 if n == 1 else i for i, n in zip(index[lead:], shape, strict=True)])
