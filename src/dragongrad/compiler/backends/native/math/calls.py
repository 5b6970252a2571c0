"""Mathematical functions inside loops."""

from __future__ import annotations

from functools import cache
from typing import Any

from ....process import once
from ..ir.builder import Text, type_of
from ..ir.functions import Written, module_text
from ..jit.engine import Library, processor, provide
from . import FUNCTIONS, definition, is_woven
from . import of_array as definition_of_array

# So many uses in one function are written where they are used; more would take long to compile, and are calls.
_IN_LINE = 24


class UnsupportedError(Exception):
    """An operation that is left to NumPy."""


@cache
def _for_host(name: str, kind: str, called: bool, linkage: str = "hidden") -> Written:
    host = processor()
    return definition(name, kind, host.lanes, host.fused, called, linkage)


def of_array(name: str, kind: str, borrows: bool) -> Written:
    """A function of all numbers of an array, a multiple of `lanes()`."""
    host = processor()
    return definition_of_array(name, kind, host.lanes, host.fused, "" if borrows else "hidden")


def lanes() -> int:
    """How many numbers the functions of arrays compute at once."""
    return processor().lanes


def provide_function(symbol: str) -> Library:
    """Make a function that code borrows, of a number or of an array."""
    _, name, kind, *_ = symbol.split(".")
    return _provided(name, kind)


@once
def _provided(name: str, kind: str) -> Library:
    functions = _for_host(name, kind, called=True, linkage=""), of_array(name, kind, borrows=True)
    library = Library(module_text(*functions))
    for function in functions:
        provide(function.name, library.address(function.name))
    return library


def call(text: Text, name: str, dtype: Any, registers: list[str]) -> str:
    """Call a function of the mathematical library."""
    if dtype.kind != "f" or name not in FUNCTIONS:
        raise UnsupportedError(f"{name} of {dtype}")
    kind = type_of(dtype)
    text.functions += 1
    text.woven += is_woven(name, lanes())
    made = _for_host(name, kind, called=text.functions > _IN_LINE or text.borrows)
    if made.symbol not in text.declared:
        text.declared.update(made.elsewhere("#2").needs() if text.borrows else made.needs())
    return text.op(f"call {kind} {made.symbol}({', '.join(f'{kind} {r}' for r in registers)})")
