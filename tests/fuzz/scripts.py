"""Scripts that run by themselves: a program and a property, with the functions that this one is made of."""

from __future__ import annotations

import ast
from pathlib import Path

_SOURCE = (Path(__file__).parent / "properties.py").read_text(encoding="utf-8")
_FUNCTIONS = {node.name: node for node in ast.parse(_SOURCE).body if isinstance(node, ast.FunctionDef)}

HEADER = """import warnings

import numpy as np
import numpy.fft, numpy.random, numpy.testing  # imported late otherwise, and a fork would leave that locked

import dragongrad as ad

np.seterr(all="ignore")
warnings.simplefilter("ignore")
"""


def needed(names: tuple[str, ...]) -> list[str]:
    """The functions that some of `properties.py` use, themselves included, in the order of that file."""
    found, open_ends = set(), list(names)
    while open_ends:
        name = open_ends.pop()
        if name not in found:
            found.add(name)
            used = {n.id for n in ast.walk(_FUNCTIONS[name]) if isinstance(n, ast.Name)}
            open_ends += used & _FUNCTIONS.keys()
    return [name for name in _FUNCTIONS if name in found]


def script(source: str, names: tuple[str, ...], tolerance: float) -> str:
    """A program and what its properties need."""
    parts = [ast.get_source_segment(_SOURCE, _FUNCTIONS[name]) or "" for name in needed(names)]
    return "\n\n".join([HEADER, source, f"TOLERANCE = {tolerance:g}\n", *parts])
