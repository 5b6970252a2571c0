"""The sweep: cotangents passed backwards through a tape, and the transposition of linear functions."""

from __future__ import annotations

from collections.abc import Callable
from math import prod
from sys import getrefcount
from typing import Any

import numpy as np

from ..core.block import Block, rule_names
from ..core.level import WATCH
from ..core.node import KEEP, NEGATE, TIMES, Node, Spec
from ..core.variable import Variable, bottom
from .reverse import open_reverse
from .watch import check_backward, is_finite

_ndarray = np.ndarray


def pull_edge(bar: Any, partial: Any, saved: Any) -> Any:
    """The cotangent along an elementwise edge."""
    if partial is TIMES:
        return bar * saved
    if partial is KEEP:
        return bar
    if partial is NEGATE:
        return -bar
    return bar * partial(saved)


# Arrays of this many elements are worth a look at whether their memory can be used again.
_LARGE = 4096


def _references(value: Any) -> int:
    return getrefcount(value)


# What `_references` says of an array that only one local name holds; CPython releases differ.
_UNSHARED = _references(np.empty(0)) + 1


def pull_large_edge(bar: Any, partial: Any, saved: Any) -> Any:
    """As `pull_edge` for a large array, making the product in the partial's own memory where it is free."""
    if partial is KEEP or partial is TIMES or partial is NEGATE:
        return pull_edge(bar, partial, saved)
    factor = partial(saved)
    if (
        factor.__class__ is _ndarray
        and bar.__class__ is _ndarray
        and _references(factor) <= _UNSHARED
        and factor.base is None
        and factor.shape == bar.shape
        and factor.dtype == bar.dtype
    ):
        factor *= bar
        return factor
    return bar * factor


def careful_pull_edge(bar: Any, partial: Any, saved: Any) -> Any:
    """As `pull_edge`, with strong zeros."""
    if partial is KEEP or partial is NEGATE:
        return pull_edge(bar, partial, saved)
    factor = saved if partial is TIMES else partial(saved)
    return strong_product(bar, factor)


def strong_product(direction: Any, factor: Any) -> Any:
    """A product in which a zero beats an infinity, on either side, and a partial that is NaN.

    What is not finite is masked, not the product, so that the derivative of the product stays right where
    the other side merely happens to be zero.
    """
    reached = np.where((factor == 0) & np.isinf(direction), 0.0, direction)
    return reached * np.where((direction == 0) & ~np.isfinite(factor), 0.0, factor)


def spread(g: Any, shape: tuple[int, ...]) -> Any:
    """A cotangent copied along the axes that it lacks."""
    if g.__class__ is Variable or prod(shape) > _LARGE:
        return np.broadcast_to(g, shape)
    # A small array is filled in less time than a view of it takes to make.
    full = np.empty(shape, g.dtype)
    full[...] = g
    return full


def fit(g: Any, node: Spec) -> Any:
    """Undo broadcasting and promotion: bring a cotangent to its Node's shape and dtype."""
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


def watched_sweep(tape: list[Node]) -> None:
    """As `sweep` with strong zeros, looking at every cotangent."""
    for node in reversed(tape):
        bar = node.bar
        if bar is None:
            continue
        node.bar = None
        if node.edges:
            for edge in node.edges:
                # A NaN among the values makes a NaN of the derivative: it was in the input, or found forward.
                if edge[2] is None or all(map(is_finite, edge[2] if isinstance(edge[2], tuple) else (edge[2],))):
                    check_backward(node, bar, careful_pull_edge(bar, edge[1], edge[2]))
            _pull_edges(node.edges, bar, careful_pull_edge)
        elif node.pick is not None:
            pull_node(node, bar)
        else:
            bars = [b for b in bar if b is not None] if isinstance(bar, list) else [bar]
            for g in cotangents(node.block, bar, node):  # type: ignore[arg-type]
                for b in bars:
                    check_backward(node, b, g)
            pull_node(node, bar)


def sweep(tape: list[Node], careful: bool = False) -> None:
    """Pass the cotangents backwards through a tape; each is freed as the sweep passes."""
    for node in reversed(tape):
        bar = node.bar
        if bar is None:
            continue
        node.bar = None
        edges = node.edges
        if not edges:
            pull_node(node, bar)
            continue
        if careful or bar.size > _LARGE:
            _pull_edges(edges, bar, careful_pull_edge if careful else pull_large_edge)
            continue
        # The loop for small arrays: here every tenth of a microsecond counts.
        for parent, partial, saved in edges:
            if partial is TIMES:
                g = bar * saved
            elif partial is KEEP:
                g = bar
            elif partial is NEGATE:
                g = -bar
            else:
                g = bar * partial(saved)
            if g.shape != parent.shape or g.dtype is not parent.dtype:
                g = fit(g, parent)
            before = parent.bar
            parent.bar = g if before is None else before + g


def _pull_edges(edges: tuple[Any, ...], bar: Any, rule: Callable[..., Any]) -> None:
    for parent, partial, saved in edges:
        g = rule(bar, partial, saved)
        if g.shape != parent.shape or g.dtype is not parent.dtype:
            g = fit(g, parent)
        before = parent.bar
        if before is None:
            parent.bar = g
        elif partial is not KEEP and g.__class__ is _ndarray and g.base is None and before.__class__ is _ndarray:
            # A product made above: nobody else holds it, so the sum is made in place.
            g += before
            parent.bar = g
        else:
            parent.bar = before + g


def pull_node(node: Node, bar: Any) -> None:
    """Pass the cotangent of a Node that is not elementwise to its parents."""
    if node.pick is not None:
        parent: Any = node.parents[0]
        if parent.bar is None:
            parent.bar = [None] * len(parent.dtype)
        parent.bar[node.pick] = bar
        return
    block: Any = node.block
    for parent, g in zip(node.parents, cotangents(block, bar, node), strict=True):
        if parent is None or g is None:
            continue
        if g.__class__ is complex:
            g = np.complex128(g)
        if g.shape != parent.shape or g.dtype is not parent.dtype:
            g = fit(g, parent)
        parent.bar = g if parent.bar is None else parent.bar + g


def cotangents(block: Block, bar: Any, node: Node) -> tuple[Any, ...]:
    """The cotangents that a Block's rule gives its arguments."""
    saved, params = node.saved, node.params
    if block.pulls:
        if block.variadic:
            return tuple(call_rule(block, block.pulls[0], bar, saved, params))
        return tuple(
            [
                call_rule(block, pull, bar, _own_shape(saved, i, parent), params) if parent is not None else None
                for i, (pull, parent) in enumerate(zip(block.pulls, node.parents, strict=True))
            ]
        )
    if block.pullback is not None:
        got = call_rule(block, block.pullback, bar, saved, params)
        return tuple(got) if isinstance(got, (tuple, list)) else (got,)
    return transposed_pushforward(block, bar, node)


def _own_shape(saved: tuple[Any, ...], i: int, parent: Node) -> tuple[Any, ...]:
    # The transpose of an argument knows that argument by its shape alone.
    return (*saved[: i + 1], parent, *saved[i + 2 :])


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
    return rule(*values, **params)


def transposed_pushforward(block: Block, bar: Any, node: Node) -> tuple[Any, ...]:
    """Derive the pullback of a Block that gave only its pushforward: transpose it."""
    out, *values = node.saved
    specs = [Spec(np.shape(v), getattr(v, "dtype", None)) for v in values]
    active = [i for i, p in enumerate(node.parents) if p is not None]

    def push(*dots: Any) -> Any:
        tangents: list[Any] = [None] * len(values)
        for i, dot in zip(active, dots, strict=True):
            tangents[i] = dot
        return call_pushforward(block, out, values, tangents, node.params)

    got = transpose(push, [specs[i] for i in active], bar)
    full: list[Any] = [None] * len(values)
    for i, g in zip(active, got, strict=True):
        full[i] = g
    return tuple(full)


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
    return rule(*[known[name] for name in rule_names(rule)], **params)


def transpose(function: Any, specs: list[Spec], bar: Any) -> list[Any]:
    """Apply the transpose of a linear function to a cotangent (or list of them, for several outputs)."""
    level, nodes = open_reverse([(s.shape, s.dtype) for s in specs])
    out = function(*[Variable(np.zeros(s.shape, s.dtype), level, n) for s, n in zip(specs, nodes, strict=True)])
    tape = level.close()
    outs, bars = (out, bar) if isinstance(out, (tuple, list)) else ([out], [bar])
    seeds = [
        (o.link, b)
        for o, b in zip(outs, bars, strict=True)
        if b is not None and isinstance(o, Variable) and o.level is level and o.link is not None
    ]
    return run_sweep(tape, seeds, nodes)


def run_sweep(tape: list[Node], seeds: list[tuple[Node, Any]], inputs: list[Node]) -> list[Any]:
    """Seed the outputs, sweep, and collect the cotangents of the inputs (zeros where none arrived).

    A NaN among the results may come from `0 * inf`: then the sweep is run again with strong zeros, so that
    only functions that meet one pay for it.
    """
    if WATCH.get():
        return _sweep_once(tape, seeds, inputs, careful=None)
    results = _sweep_once(tape, seeds, inputs, careful=False)
    if any(has_nan(g) for g in results):
        results = _sweep_once(tape, seeds, inputs, careful=True)
    return results


def _sweep_once(
    tape: list[Node], seeds: list[tuple[Node, Any]], inputs: list[Node], careful: bool | None
) -> list[Any]:
    try:
        for node, bar in seeds:
            node.bar = bar if node.bar is None else node.bar + bar
        # A partial may divide by zero where strong zeros then discard it: no warning for that.
        with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
            if careful is None:
                watched_sweep(tape)
            else:
                sweep(tape, careful)
        return [np.zeros(n.shape, n.dtype)[()] if n.bar is None else n.bar for n in inputs]
    except BaseException:
        for node in tape:
            node.bar = None
        raise
    finally:
        for node in inputs:
            node.bar = None


def own(values: list[Any], others: Any = ()) -> list[Any]:
    """Give the caller arrays of their own, that they may write into: no views, none twice, none of `others`."""
    taken = {id(o) for o in others}
    for i, g in enumerate(values):
        if g.__class__ is _ndarray:
            if g.ndim == 0:
                values[i] = g[()]
            elif g.base is not None or not g.flags.writeable or id(g) in taken:
                g = values[i] = g.copy()
            taken.add(id(g))
    return values


def has_nan(value: Any) -> bool:
    """Whether there is a NaN at the bottom of a value; a dot product is the cheapest way to see.

    From 10,000 elements on BLAS would give it to threads, which on a busy machine wait for one another a hundred
    times longer than they work: the minimum is as quick and stays on one.
    """
    value = bottom(value)
    if isinstance(value, Variable):
        return bool(np.any(np.isnan(value)))
    if value.__class__ is _ndarray:
        flat = value.ravel()
        total = flat.dot(flat) if flat.size < 10_000 or flat.dtype.kind == "O" else flat.min()
        return bool(total != total)
    return bool(value != value)
