"""The names by which Blocks, and functions that are arguments, stand in files."""

from __future__ import annotations

import sys
from typing import Any

from ... import late
from ...core.block import BLOCKS, TABLE, Block
from ..abstract_evaluation import IS_COMPLEX
from ..graph import RESULT, SCAN, WHILE

# Blocks of the compiler's own, which are in no table.
_OWN = {"result": RESULT, "is_complex": IS_COMPLEX, "loop of steps": SCAN, "loop of a condition": WHILE}
_PACKAGE = __name__.partition(".")[0]


def name_of(fn: Any) -> str:
    """The name of a function that another process finds by it; "" where there is none."""
    if isinstance(fn, str):
        return fn
    module, name = getattr(fn, "__module__", None) or "", getattr(fn, "__qualname__", getattr(fn, "__name__", ""))
    if module.partition(".")[0] == _PACKAGE:
        # Which of our files it is in may change.
        return f"{_PACKAGE}.{name}" if fn in BLOCKS else ""
    # Some of NumPy's own do not say where they are, nor does any other ufunc.
    module = module or late.library_of(fn) or "numpy._core.umath"
    found: Any = sys.modules.get(module)
    for part in name.split("."):
        found = getattr(found, part, None)
    return f"{module}.{name}" if found is fn and module != "__main__" else ""


def block_name(block: Block) -> str:
    """The name of a Block; "" where another process would not find it."""
    own = next((name for name, one in _OWN.items() if one is block), "")
    return own or (name_of(block.fn) if BLOCKS.get(block.fn) is block and block.name != "custom" else "")


def blocks_by_name() -> dict[str, Block]:
    """All Blocks that this process knows, by their names."""
    return _OWN | {name: block for block in list(BLOCKS.values()) if (name := block_name(block))}


def functions_by_name() -> dict[str, Any]:
    """The functions with a derivative that this process knows, by their names."""
    return {name: fn for fn in list(TABLE) if callable(fn) and (name := name_of(fn))}
