"""What a reduction gathers: its accumulator, where that starts, one step, and the result.

`all` gathers whether any term is false: LLVM makes vectors of loops that gather by "or" several terms a step.
"""

from __future__ import annotations

import numpy as np

from ..ir.builder import Text, literal, type_of
from ..schedule.stores import Root


def kind_of(root: Root) -> str:
    """The type of an accumulator."""
    # Truth is gathered in whole words: LLVM knows the vector form of that.
    return "i64" if root.node.dtype.kind == "b" else type_of(root.node.dtype)


def start_of(root: Root) -> str:
    """The neutral element."""
    dtype, name = root.node.dtype, name_of(root)
    if dtype.kind == "b":
        return "0"
    if name == "sum":
        return literal(-0.0 if dtype.kind == "f" else 0, dtype)
    if dtype.kind == "f":
        return literal(-np.inf if name == "max" else np.inf, dtype)
    return literal(np.iinfo(dtype).min if name == "max" else np.iinfo(dtype).max, dtype)


def fold(text: Text, root: Root, total: str, term: str) -> str:
    """One step of a reduction, in the forms that LLVM recognises."""
    kind, name = kind_of(root), name_of(root)
    if root.node.dtype.kind == "b":
        return text.effect(f"or i64 {total}, {term}")
    if name in ("sum", "scatter", "scatter_at"):
        # The order of a long sum is ours to choose, as it is NumPy's: that is what lanes need.
        add = "fadd reassoc contract" if root.node.dtype.kind == "f" else "add"
        return text.effect(f"{add} {kind} {total}, {term}")
    prefix = "s" if root.node.dtype.kind != "f" else ""
    suffix = {"max": "max", "min": "min"}[name] + ("imum" if not prefix else "")
    return text.intrinsic(prefix + suffix, kind, total, term)


def result(text: Text, root: Root, total: str) -> str:
    """The element that an accumulator stands for."""
    if root.node.dtype.kind != "b":
        return total
    return text.effect(f"icmp {'eq' if name_of(root) == 'all' else 'ne'} i64 {total}, 0")


def gathered(text: Text, root: Root, truth: str) -> str:
    """What an accumulator gathers of a truth value."""
    if name_of(root) == "all":
        truth = text.op(f"xor i1 {truth}, true")
    return text.op(f"zext i1 {truth} to {kind_of(root)}")


def name_of(root: Root) -> str:
    """The name of the reduction."""
    assert root.node.block is not None
    return root.node.block.name
