"""Applications of Blocks and labels as text, written as the user would write them."""

from __future__ import annotations

from typing import Any

import numpy as np

INFIX = frozenset({"+", "-", "*", "/", "**", "@", "%", "<", "<=", ">", ">=", "==", "!="})
_COMPARISONS = {"less": "<", "less_equal": "<=", "greater": ">", "greater_equal": ">=", "equal": "==",
                "not_equal": "!="}  # fmt: skip


def brief(value: Any) -> str:
    """A plain argument in few characters."""
    if isinstance(value, (list, tuple)) or np.ndim(value):
        return f"<array {np.shape(value)}>"
    if isinstance(value, (complex, np.complexfloating)):
        return f"({complex(value):g})"
    return f"{value:g}" if isinstance(value, (float, np.floating)) else str(value)


def shortened(label: str, most: int = 36) -> str:
    """A label that fits above a picture or beside its axis."""
    return label if len(label) <= most else f"{label[: most - 1]}…"


def application(block: Any, arguments: list[str], params: dict[str, Any]) -> str:
    """The text of a Block applied to named arguments."""
    symbol = _COMPARISONS.get(block.name, block.symbol)
    if symbol in INFIX and len(arguments) == 2:
        return f"{arguments[0]} {symbol} {arguments[1]}"
    if symbol in ("neg", "pos"):
        return f"{'-' if symbol == 'neg' else '+'}{arguments[0]}"
    if symbol == "[]" and "index" in params:
        return f"{arguments[0]}[{index_text(params['index'], arguments[1:])}]"
    if set(params) == {"rule"}:
        # A function with a rule of its own: the rule has its name.
        return f"{params['rule']}({', '.join(arguments)})"
    options = [
        f"index=[{index_text(v)}]" if k == "index" else f"{k}={brief(v) if isinstance(v, np.ndarray) else v}"
        for k, v in params.items()
        if v is not None and k[0] != "_" and (isinstance(v, np.ndarray) or v != block.defaults.get(k))
    ]
    if symbol == "T" and options:
        # The axes in another order than reversed: the name says it better.
        symbol = block.name
    name = symbol if symbol.isidentifier() else block.name
    return f"{name}({', '.join([*arguments, *options])})"


def index_text(index: Any, arrays: list[str] | None = None) -> str:
    """An index as it is written between brackets; `arrays` names the array that holds its index arrays."""
    if isinstance(index, tuple):
        return ", ".join(index_text(i, arrays) for i in index)
    if isinstance(index, slice):
        parts = ["" if p is None else str(p) for p in (index.start, index.stop)]
        return ":".join(parts if index.step is None else [*parts, str(index.step)])
    if arrays and hasattr(index, "position"):
        return f"{arrays[0]}[{index.position}]"
    return {type(None): "None", type(Ellipsis): "..."}.get(type(index)) or brief(index)
