"""Writes `src/dragongrad/table.pyi`, by which type checkers know the functions of the table as `ad.sin` and so on.

`python tests/typing/declarations.py` makes it anew where the table has other functions or arguments.
"""

import inspect
import pathlib

import numpy as np

import dragongrad as ad
from dragongrad.core.block import TABLE
from dragongrad.functions import names

FILE = pathlib.Path(ad.__file__).with_name("table.pyi")
# Others may have other arguments.
NUMPY = "2.4."
HEAD = '''"""The functions of the table by name, as `tests/typing/declarations.py` finds them."""

# fmt: off
from typing import Any

'''
# The results that are not arrays, or not one.
RESULTS = ("None", "bool", "int", "str", "list[Any]", "tuple[Any, Any]", "tuple[int, ...]", "tuple[Any, ...]")


def declared() -> list[str]:
    """The names that are declared: those of the table that are no names of the package's own."""
    return [name for name in names() if name not in ad.__all__]


def declaration(name: str) -> str:
    """One function, with its own arguments, or NumPy's where it sorts them when it is called."""
    call, numpys = TABLE[getattr(np, name)], getattr(np, name)
    signature = inspect.signature(call)
    result = signature.return_annotation if signature.return_annotation in RESULTS else "Any"
    if inspect.ismethod(call):
        signature = inspect.signature(numpys)
    kept = [p.replace(annotation=inspect.Parameter.empty) for p in signature.parameters.values()]
    shown = inspect.Signature([p if p.default is p.empty else p.replace(default=...) for p in kept])
    arguments = str(shown)[1:-1].replace("=Ellipsis", "=...").split(", ")
    return f"def {name}({', '.join(map(_typed, arguments))}) -> {result}: ..."


def _typed(argument: str) -> str:
    if argument in ("", "/", "*"):
        return argument
    name, _, default = argument.partition("=")
    return f"{name}: Any = ..." if default else f"{name}: Any"


def text() -> str:
    """The whole file."""
    listed = "__all__ = [\n" + "".join(f'    "{name}",\n' for name in declared()) + "]\n\n"
    return HEAD + listed + "\n".join(map(declaration, declared())) + "\n"


if __name__ == "__main__":
    FILE.write_text(text(), encoding="utf-8")
