"""What a reduction gathers: its accumulator, where that starts, one step, and the result.

`all` gathers whether any term is false: LLVM makes vectors of loops that gather by "or" several terms a step.
"""

from __future__ import annotations

import numpy as np

from ..ir.builder import Text, literal, type_of
from ..schedule.stores import Store


def kind_of(store: Store) -> str:
    """The type of an accumulator."""
    # Truth is gathered in whole words: LLVM knows the vector form of that.
    return "i64" if store.node.dtype.kind == "b" else type_of(store.node.dtype)


def start_of(store: Store) -> str:
    """The neutral element."""
    dtype, name = store.node.dtype, name_of(store)
    if dtype.kind == "b":
        return "0"
    if name == "sum":
        return literal(-0.0 if dtype.kind == "f" else 0, dtype)
    if dtype.kind == "f":
        return literal(-np.inf if name == "max" else np.inf, dtype)
    return literal(np.iinfo(dtype).min if name == "max" else np.iinfo(dtype).max, dtype)


def combine(text: Text, store: Store, total: str, term: str) -> str:
    """One step of a reduction, in the forms that LLVM recognises."""
    kind, name = kind_of(store), name_of(store)
    if store.node.dtype.kind == "b":
        return text.effect(f"or i64 {total}, {term}")
    if name in ("sum", "scatter", "scatter_at"):
        # The order of a long sum is ours to choose, as it is NumPy's: that is what lanes need.
        add = "fadd reassoc contract" if store.node.dtype.kind == "f" else "add"
        return text.effect(f"{add} {kind} {total}, {term}")
    prefix = "s" if store.node.dtype.kind != "f" else ""
    suffix = {"max": "max", "min": "min"}[name] + ("imum" if not prefix else "")
    return text.intrinsic(prefix + suffix, kind, total, term)


def result(text: Text, store: Store, total: str) -> str:
    """The element that an accumulator stands for."""
    if store.node.dtype.kind != "b":
        return total
    return text.effect(f"icmp {'eq' if name_of(store) == 'all' else 'ne'} i64 {total}, 0")


def gathered(text: Text, store: Store, truth: str) -> str:
    """What an accumulator gathers of a truth value."""
    if name_of(store) == "all":
        truth = text.op(f"xor i1 {truth}, true")
    return text.op(f"zext i1 {truth} to {kind_of(store)}")


def name_of(store: Store) -> str:
    """The name of the reduction."""
    return store.node.block.name
