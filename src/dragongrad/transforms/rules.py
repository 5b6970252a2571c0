"""Calling the rules of a Block with what they name, and fitting what they return to the argument it belongs to."""

from __future__ import annotations

from math import prod
from typing import Any

import numpy as np

from ..context import CAREFUL, is_careful
from ..core.block import Block, rule_names
from ..core.node import Spec
from ..core.variable import Variable

# Below this size a copy is made in less time than a view.
LARGE = 4096


def call_rule(block: Block, rule: Any, bar: Any, saved: tuple[Any, ...], params: dict[str, Any]) -> Any:
    """Call a rule with what its parameters name."""
    values = []
    for name in block.needs[id(rule)]:
        if name == "out_bar":
            values.append(bar)
        elif name == "out":
            values.append(saved[0])
        elif name == "xs":
            values.append(saved[1:])
        else:
            values.append(saved[1 + block.names.index(name)])
    return computed(rule, values, params)


def call_pushforward(block: Block, out: Any, values: list[Any], tangents: list[Any], params: Any) -> Any:
    """Call a pushforward with what it names; an absent tangent is made of zeros."""
    rule: Any = block.pushforward
    full = [
        np.zeros(np.shape(v), getattr(v, "dtype", np.float64)) if t is None else t
        for v, t in zip(values, tangents, strict=True)
    ]
    known: dict[str, Any] = {"out": out}
    if block.variadic:
        known |= {"xs": tuple(values), "xs_dot": tuple(full)}
    else:
        known |= dict(zip(block.names, values, strict=True))
        known |= {f"{n}_dot": t for n, t in zip(block.names, full, strict=True)}
    return computed(rule, [known[name] for name in rule_names(rule)], params)


def computed(rule: Any, given: list[Any], params: Any) -> Any:
    """The value of a rule; a careful computation does not take the transforms in it for its own."""
    if not is_careful():
        return rule(*given, **params)
    with CAREFUL.get().in_a_rule():
        return rule(*given, **params)


def spread(g: Any, shape: tuple[int, ...]) -> Any:
    """A cotangent copied along the axes that it lacks."""
    if g.__class__ is Variable or prod(shape) > LARGE:
        return np.broadcast_to(g, shape)
    full = np.empty(shape, g.dtype)
    full[...] = g
    return full


def fit(g: Any, node: Spec) -> Any:
    """Undo broadcasting and promotion: bring a cotangent to its Node's shape and dtype."""
    if g.__class__ is complex:
        # Python's own product of its complex number and NumPy's float64, which is a float to it.
        g = np.complex128(g)
    if g.shape != node.shape:
        extra = g.ndim - len(node.shape)
        if extra < 0:
            g = spread(g, node.shape)
        else:
            axes = tuple(range(extra)) + tuple(
                i + extra for i, n in enumerate(node.shape) if n == 1 and g.shape[i + extra] != 1
            )
            g = np.sum(g, axis=axes, keepdims=True) if axes else g
            g = np.reshape(g, node.shape)
    if g.dtype is not node.dtype and g.dtype != node.dtype:
        if g.dtype.kind == "c" and node.dtype.kind != "c":
            g = np.real(g)
        if g.dtype != node.dtype:
            g = g.astype(node.dtype)
    return g
