"""Mathematical functions inside loops."""

from __future__ import annotations

from typing import Any

from .text import Text, type_of


class UnsupportedError(Exception):
    """An operation that is left to NumPy."""


_LIBM = {
    "exp": "exp", "exp2": "exp2", "expm1": "expm1", "log": "log", "log2": "log2", "log10": "log10", "log1p": "log1p",
    "sin": "sin", "cos": "cos", "tan": "tan", "sinh": "sinh", "cosh": "cosh", "tanh": "tanh", "arcsin": "asin",
    "arccos": "acos", "arctan": "atan", "arctan2": "atan2", "arcsinh": "asinh", "arccosh": "acosh",
    "arctanh": "atanh", "cbrt": "cbrt", "pow": "pow", "hypot": "hypot",
}  # fmt: skip


def call(text: Text, name: str, dtype: Any, registers: list[str]) -> str:
    """Call a function of the mathematical library."""
    if dtype.kind != "f" or name not in _LIBM:
        raise UnsupportedError(f"{name} of {dtype}")
    kind = type_of(dtype)
    symbol = "@" + _LIBM[name] + ("" if kind == "double" else "f")
    text.declare(
        symbol, f"declare {kind} {symbol}({', '.join([kind] * len(registers))}) nounwind willreturn memory(none)"
    )
    return text.op(f"call {kind} {symbol}({', '.join(f'{kind} {r}' for r in registers)})")
