"""What a reduction gathers: its accumulator, where that starts, one step, and the result."""

from __future__ import annotations

import numpy as np

from .roots import Root
from .text import Text, literal, type_of


def kind_of(root: Root) -> str:
    """The type of an accumulator."""
    # Truth is gathered in whole words: LLVM knows the vector form of that.
    return "i64" if root.node.dtype.kind == "b" else type_of(root.node.dtype)


def start_of(root: Root) -> str:
    """The neutral element."""
    dtype, name = root.node.dtype, name_of(root)
    if dtype.kind == "b":
        return "1" if name == "all" else "0"
    if name == "sum":
        return literal(-0.0 if dtype.kind == "f" else 0, dtype)
    if dtype.kind == "f":
        return literal(-np.inf if name == "max" else np.inf, dtype)
    return literal(np.iinfo(dtype).min if name == "max" else np.iinfo(dtype).max, dtype)


def fold(text: Text, root: Root, total: str, term: str) -> str:
    """One step of a reduction, in the forms that LLVM recognises."""
    kind, name = kind_of(root), name_of(root)
    if root.node.dtype.kind == "b":
        return text.effect(f"{'and' if name == 'all' else 'or'} i64 {total}, {term}")
    if name in ("sum", "scatter", "scatter_at"):
        # The order of a long sum is ours to choose, as it is NumPy's: that is what lanes need.
        add = "fadd reassoc contract" if root.node.dtype.kind == "f" else "add"
        return text.effect(f"{add} {kind} {total}, {term}")
    prefix = "s" if root.node.dtype.kind != "f" else ""
    suffix = {"max": "max", "min": "min"}[name] + ("imum" if not prefix else "")
    return text.intrinsic(prefix + suffix, kind, total, term)


def result(text: Text, root: Root, total: str) -> str:
    """The element that an accumulator stands for."""
    return text.effect(f"icmp ne i64 {total}, 0") if root.node.dtype.kind == "b" else total


def name_of(root: Root) -> str:
    """The name of the reduction."""
    assert root.node.block is not None
    return root.node.block.name
