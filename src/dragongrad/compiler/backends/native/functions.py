"""Mathematical functions inside loops."""

from __future__ import annotations

from typing import Any

from .machine import processor
from .mathematics import FUNCTIONS, definitions
from .text import Text, type_of

# So many uses in one function are written where they are used; more would take long to compile, and are calls.
_IN_LINE = 24


class UnsupportedError(Exception):
    """An operation that is left to NumPy."""


def call(text: Text, name: str, dtype: Any, registers: list[str]) -> str:
    """Call a function of the mathematical library."""
    if dtype.kind != "f" or name not in FUNCTIONS:
        raise UnsupportedError(f"{name} of {dtype}")
    kind, host = type_of(dtype), processor()
    text.functions += 1
    made = definitions(name, kind, host.lanes, host.fused, called=text.functions > _IN_LINE)
    for symbol, definition in made.texts.items():
        text.declare(symbol, definition)
    return text.op(f"call {kind} {made.symbol}({', '.join(f'{kind} {r}' for r in registers)})")
