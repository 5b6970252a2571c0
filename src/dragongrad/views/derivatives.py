"""Tangents and adjoints of every Node of a Graph, one Node after the other."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np

from ..core.errors import ArgumentError, ShapeError
from ..core.graph import Graph
from ..core.node import Node
from ..core.variable import as_input
from ..transforms.forward import jvp
from ..transforms.gradients import vjp

# More elements than this share one column, the tangent along one direction.
_COLUMNS = 6


@dataclass
class Pulled:
    """What a sweep backwards leaves.

    Attributes
    ----------
    bars : dict of Node to array
        The adjoint of each Node that the outputs depend on.
    given : dict of Node to list
        What each Node has passed back: pairs of a Node and the contribution to its adjoint.
    start : dict of Node to array
        What the adjoints of the outputs begin with.

    """

    bars: dict[Node, Any] = field(default_factory=dict)
    given: dict[Node, list[tuple[Node, Any]]] = field(default_factory=dict)
    start: dict[Node, Any] = field(default_factory=dict)


def pulled(graph: Graph, cotangent: Any = None) -> Pulled:
    """The adjoint of every Node, and what each passes back to those that it was made from.

    Raises
    ------
    ArgumentError
        A cotangent was given for several outputs.
    ShapeError
        The cotangent does not have the shape of the output.

    """
    done = Pulled()
    bars = done.bars
    _seed(graph, cotangent, bars)
    done.start.update(bars)
    for node in reversed(graph.nodes):
        bar = bars.get(node)
        if bar is None or node.block is None or not has_derivative(node):
            continue
        if node.pick is not None:
            maker: Any = node.parents[0]
            bars.setdefault(maker, [np.zeros(s.shape, s.dtype) for s in maker.dtype])[node.pick] = bar
            done.given[node] = [(maker, [bar if k == node.pick else np.zeros(s.shape, s.dtype)
                                         for k, s in enumerate(maker.dtype)])]  # fmt: skip
            continue
        active, apply = _local(node)
        out, pull = vjp(apply, *[node.saved[1 + i] for i in active])
        passed = [(node.parents[i], g) for i, g in zip(active, pull(_like(out, bar)), strict=True)]
        done.given[node] = passed  # type: ignore[assignment]
        for parent, g in done.given[node]:
            bars[parent] = g if parent not in bars else bars[parent] + g
    return done


def directions(graph: Graph, tangent: Any) -> tuple[list[str], list[list[Any]]]:
    """The names of the columns, and for each the tangents of all inputs."""
    values = [n.saved[0] for n in graph.inputs]
    if tangent is not None:
        given = tangent if isinstance(tangent, (list, tuple)) else [tangent]
        dots = [as_input(t, "the tangent") for t in given]
        if [np.shape(t) for t in dots] != [np.shape(v) for v in values]:
            raise ShapeError(
                f"tangent has shapes {[np.shape(t) for t in dots]}, the inputs have {[np.shape(v) for v in values]}"
            )
        return ["tangent"], [dots]
    if sum(np.size(v) for v in values) > _COLUMNS:
        return ["tangent along ones"], [[np.ones_like(v) for v in values]]
    names, along = [], []
    for i, node in enumerate(graph.inputs):
        for index in np.ndindex(node.shape):
            dots = [np.zeros_like(v) for v in values]
            dots[i] = np.array(dots[i])
            dots[i][index] = 1
            where = f"[{', '.join(map(str, index))}]" if index else ""
            names.append(f"d/d{graph.names[node]}{where}")
            along.append([d[()] for d in dots])
    return names, along


def _local(node: Node) -> tuple[list[int], Any]:
    """The positions of the arguments under differentiation, and the Block as a function of those alone."""
    block: Any = node.block
    values = list(node.saved[1:])
    active = [i for i, p in enumerate(node.parents) if p is not None and p.dtype.kind in "fc"]

    def apply(*given: Any) -> Any:
        full = list(values)
        for i, value in zip(active, given, strict=True):
            full[i] = value
        return block(*full, **node.params)

    return active, apply


def has_derivative(node: Node) -> bool:
    """Whether anything flows through a Node: it is neither an input nor constant, nor without floats."""
    dtypes = [s.dtype for s in node.dtype] if isinstance(node.dtype, tuple) else [node.dtype]
    return node.block is not None and node.block.kind != "constant" and any(d.kind in "fc" for d in dtypes)


def push(graph: Graph, dots: list[Any]) -> dict[Node, Any]:
    """The tangent of every Node along one direction: `dots` has that of each input."""
    found: dict[Node, Any] = dict(zip(graph.inputs, dots, strict=True))
    for node in graph.nodes:
        if node.pick is not None:
            found[node] = found[node.parents[0]][node.pick]  # type: ignore[index]
            continue
        active, apply = _local(node)
        parents = [node.parents[i] for i in active]
        if not has_derivative(node) or not active:
            found[node] = _nothing(node)
            continue
        primals = tuple([node.saved[1 + i] for i in active])
        found[node] = jvp(apply, primals, tuple([found[p] for p in parents]))[1]  # type: ignore[index]
    return found


def _nothing(node: Node) -> Any:
    if isinstance(node.dtype, tuple):
        return [np.zeros(s.shape) for s in node.dtype]
    return np.zeros(node.shape)


def _like(out: Any, bar: Any) -> Any:
    """The cotangents of several outputs as the tuple that the function returned."""
    if not isinstance(bar, list):
        return bar
    return type(out)(*bar) if hasattr(out, "_fields") else type(out)(bar)


def _seed(graph: Graph, cotangent: Any, bars: dict[Node, Any]) -> None:
    outputs = [o for o in graph.outputs if isinstance(o, Node) and o.dtype.kind in "fc"]
    if cotangent is not None and len(outputs) != 1:
        raise ArgumentError("a cotangent belongs to one output; this function has several: leave it out")
    for node in outputs:
        bar = np.ones(node.shape, node.dtype)[()] if cotangent is None else as_input(cotangent, "the cotangent")
        if np.shape(bar) != node.shape:
            raise ShapeError(f"the cotangent has shape {np.shape(bar)}, the output {node.shape}")
        bars[node] = bar if node not in bars else bars[node] + bar
