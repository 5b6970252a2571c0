"""The sweep: cotangents passed backwards through a tape, and the transposition of linear functions."""

from __future__ import annotations

from sys import getrefcount
from typing import Any, NamedTuple

import numpy as np

from ..context import CAREFUL, WATCH, is_careful, is_plain, unasked
from ..core.block import Block
from ..core.node import KEEP, NEGATE, TIMES, Node, Spec
from ..core.variable import Variable, bottom
from .poles import INFINITE, ROOT, pull_root, with_lost, with_pole
from .reverse import open_reverse
from .rules import LARGE, call_pushforward, call_rule, fit
from .steep import Steep
from .watch import check_backward, is_finite
from .zeros import Mask, arrive, cut, decide, pulled, seed_mask

_ndarray, _vdot = np.ndarray, np.vdot


def pull_edge(bar: Any, partial: Any, saved: Any) -> Any:
    """The cotangent along an elementwise edge."""
    if partial is TIMES:
        return bar * saved
    if partial is KEEP:
        return bar
    if partial is NEGATE:
        return -bar
    return bar * partial(saved)


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


class Marks(NamedTuple):
    """What a careful sweep knows of cotangents besides their values, by Node."""

    masks: dict[Node, Mask]  # the elements that are reached
    poles: dict[Node, Any]  # of roots of zero
    loose: dict[Node, Any]  # not zero where a part is finite that nobody knows


def careful_sweep(tape: list[Node], marks: Marks, watched: bool = False, steep: Steep | None = None) -> None:
    """As `sweep`, with structural zeros and poles; `watched` looks at each cotangent that arrives.

    `steep` knows of the whole tape what it is to know of infinite slopes.
    """
    multiples = np.random.default_rng(0)
    for node in reversed(tape):
        bar, (mask, pole, loose) = node.bar, [found.pop(node, None) for found in marks]
        if bar is None:
            continue
        node.bar = None
        if not node.edges and node.pick is not None:
            pull_node(node, with_lost(bar, pole, loose))
            if mask is not None:
                several: Any = node.parents[0]
                marks.masks.setdefault(several, {})[node.pick] = mask
            continue
        if node.edges and node.edges[0][1] is ROOT:
            _through_root(node, with_lost(bar, None, loose), mask, pole, marks)
            continue
        if node.block is INFINITE:
            made_infinite: Any = node.parents[0]
            # A zero may stand for what grows as the infinity does: nothing is known of their product.
            arrive(made_infinite, cut(np.where(bar == 0, np.nan, 0.0), mask), mask, marks.masks)
            _add(made_infinite, with_lost(bar, pole, loose), marks.poles)
            # Infinities that cancel leave what nobody knows: their multiples do not.
            _add(made_infinite, bar * multiples.uniform(1, 2, np.shape(bar)), marks.loose)
            continue
        together = mask.__class__ is dict
        found = _pulled_together(node, bar, mask) if together else list(pulled(node, bar, mask, cotangents))
        if steep is not None and node.edges and pole is None and loose is None:
            found = steep.settled(node, bar, found)
        if watched:
            _look(node, bar, found)
        for parent, g, reached in found:
            arrive(parent, np.complex128(g) if g.__class__ is complex else g, reached, marks.masks)
        for part, found_parts in ((pole, marks.poles), (loose, marks.loose)):
            if part is not None:
                for parent, g, _ in pulled(node, part, mask, cotangents):
                    _add(parent, g, found_parts)


def _pulled_together(node: Node, bars: list[Any], masks: dict[int, Mask]) -> list[tuple[Any, Any, Mask]]:
    """What an application of several outputs passes back, some of whose cotangents have structural zeros.

    The rule itself stops at these, so that they are so for whoever differentiates it.
    """
    block: Any = node.block
    bars = [b if b is None or i not in masks else np.where(masks[i], b, 0.0) for i, b in enumerate(bars)]
    if block.signature is None or block.pushforward is None:
        return list(pulled(node, bars, None, cotangents))
    got = transposed_pushforward(block, bars, node, [masks.get(i) for i in range(len(bars))])
    return [(parent, g, None) for parent, g in zip(node.parents, got, strict=True) if parent is not None]


def _through_root(node: Node, bar: Any, mask: Mask, pole: Any, marks: Marks) -> None:
    """Pass a cotangent and its pole on to the argument of a root of zero."""
    parent, _, saved = node.edges[0]
    found = pull_root(bar, pole, saved)
    if mask is not None:
        # Zero, and so is every derivative of it.
        found = tuple([np.where(mask, part, 0.0) for part in found])
    arrive(parent, found[0], mask, marks.masks)
    _add(parent, found[1], marks.poles)
    if decide(found[2] != 0):
        _add(parent, found[2], marks.loose)


def _add(parent: Node, part: Any, parts: dict[Node, Any]) -> None:
    part = fit(part, parent)
    before = parts.get(parent)
    parts[parent] = part if before is None else before + part


def _look(node: Node, bar: Any, found: list[Any]) -> None:
    """Raise at a NaN or infinity that this application passes back first."""
    if not node.edges:
        for one in [b for b in bar if b is not None] if isinstance(bar, list) else [bar]:
            for _, g, _ in found:
                check_backward(node, one, g)
        return
    for (_, _, saved), (_, g, _) in zip(node.edges, found, strict=True):
        # A NaN among the values makes a NaN of the derivative: it was in the input, or found forward.
        if saved is None or all(map(is_finite, saved if isinstance(saved, tuple) else (saved,))):
            check_backward(node, bar, g)


def sweep(tape: list[Node]) -> None:
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
        if bar.size > LARGE:
            _pull_large(edges, bar)
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


def _pull_large(edges: tuple[Any, ...], bar: Any) -> None:
    for parent, partial, saved in edges:
        g = pull_large_edge(bar, partial, saved)
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
    parents = node.parents
    if len(parents) == 1 and block.pulls and not block.variadic:
        # The commonest case, written out: parts, sums and reshapes.
        (only,) = parents
        found: tuple[Any, ...] = (call_rule(block, block.pulls[0], bar, (node.saved[0], only), node.params),)
    else:
        found = cotangents(block, bar, node)
    for parent, g in zip(parents, found, strict=True):
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


def transposed_pushforward(block: Block, bar: Any, node: Node, masks: list[Mask] | None = None) -> tuple[Any, ...]:
    """Derive the pullback of a Block that gave only its pushforward: transpose it."""
    out, *values = node.saved
    specs = [Spec(np.shape(v), getattr(v, "dtype", None)) for v in values]
    active = [i for i, p in enumerate(node.parents) if p is not None]

    def push(*dots: Any) -> Any:
        tangents: list[Any] = [None] * len(values)
        for i, dot in zip(active, dots, strict=True):
            tangents[i] = dot
        return call_pushforward(block, out, values, tangents, node.params)

    # A zero among the cotangents may be a live one: only masks tell which are structural.
    known = [True if mask is None else mask for mask in masks or [None] * _count(bar)]
    got = transpose(push, [specs[i] for i in active], bar, known)
    full: list[Any] = [None] * len(values)
    for i, g in zip(active, got, strict=True):
        full[i] = g
    return tuple(full)


def transpose(function: Any, specs: list[Spec], bar: Any, masks: list[Mask] | None = None) -> list[Any]:
    """Apply the transpose of a linear function to a cotangent (or list of them, for several outputs).

    `masks` says which elements of the cotangents are reached; a careful sweep asks.
    """
    level, nodes = open_reverse([(s.shape, s.dtype) for s in specs])
    out = function(*[Variable(np.zeros(s.shape, s.dtype), level, n) for s, n in zip(specs, nodes, strict=True)])
    tape = level.close()
    outs, bars = (out, bar) if isinstance(out, (tuple, list)) else ([out], [bar])
    seeds, known = [], []
    for o, b, mask in zip(outs, bars, masks or [None] * len(outs), strict=True):
        if b is not None and isinstance(o, Variable) and o.level is level and o.link is not None:
            seeds.append((o.link, b))
            known.append(mask)
    return run_sweep(tape, seeds, nodes, masks=known)[0]


def run_sweep(
    tape: list[Node], seeds: list[tuple[Node, Any]], inputs: list[Node], level: Any = None,
    masks: list[Mask] | None = None,
) -> tuple[list[Any], bool]:  # fmt: skip
    """Seed the outputs, sweep, and collect the cotangents of the inputs (zeros where none arrived).

    A NaN among the results may come from `0 * inf`: then the tape is swept again with structural zeros, so that
    only functions that meet one pay for them.

    Parameters
    ----------
    tape : list of Node
        What was applied, in order.
    seeds : list
        The outputs' Nodes and cotangents.
    inputs : list of Node
        Whose cotangents are asked for.
    level : Level, optional
        The level that has written the tape.
    masks : list, optional
        Of each seed the elements that are reached, True for all, where more is known than the seed tells.

    Returns
    -------
    results : list
        The cotangents.
    doubtful : bool
        Whether there is still a NaN among them.

    """
    if WATCH.get() or not is_plain():
        found = sweep_once(tape, seeds, inputs, Marks({}, {}, {}), masks)
        if level is not None:
            found = [level.settle(g) for g in found]
        return (CAREFUL.get().derivatives(level, found) if is_careful() else found), False
    found = sweep_once(tape, seeds, inputs)
    if not any([has_nan(g) for g in found]):
        return found, False
    found = sweep_once(tape, seeds, inputs, Marks({}, {}, {}), masks)
    return found, any(has_nan(g) for g in found)


def sweep_once(
    tape: list[Node], seeds: list[tuple[Node, Any]], inputs: list[Node], marks: Marks | None = None,
    masks: list[Mask] | None = None,
) -> list[Any]:  # fmt: skip
    """The cotangents of the inputs; with marks, by a careful sweep."""
    try:
        for (node, bar), mask in zip(seeds, masks or [None] * len(seeds), strict=True):
            if marks is None:
                node.bar = bar if node.bar is None else node.bar + bar
            else:
                arrive(node, bar, _known(mask, bar), marks.masks)
        # A partial may divide by zero where structural zeros then discard it: no warning for that.
        with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
            if marks is None:
                sweep(tape)
            else:
                careful_sweep(tape, marks, WATCH.get(), Steep(tape))
        bars = [np.zeros(n.shape, n.dtype)[()] if n.bar is None else n.bar for n in inputs]
        return (
            bars
            if marks is None
            else [with_pole(g, marks.poles.get(n), marks.loose.get(n)) for g, n in zip(bars, inputs, strict=True)]
        )
    except BaseException:
        for node in tape:
            node.bar = None
        raise
    finally:
        for node in inputs:
            node.bar = None


def _count(bars: Any) -> int:
    return len(bars) if isinstance(bars, (list, tuple)) else 1


def _known(mask: Mask, seed: Any) -> Mask:
    """The mask of a seed: what is given, `True` for all, or what a constant seed tells."""
    return seed_mask(seed) if mask is None else None if mask is True else mask


def own(values: list[Any], others: Any = ()) -> list[Any]:
    """Give the caller arrays of their own, that they may write into: no views, none twice, none of `others`."""
    taken = {id(o) for o in others} if others else set()
    for i, g in enumerate(values):
        if g.__class__ is _ndarray:
            if g.ndim == 0:
                values[i] = g[()]
            elif g.base is not None or not g.flags.writeable or id(g) in taken:
                g = values[i] = g.copy()
            taken.add(id(g))
        elif g.__class__ is Variable and g.level.stages and not g.shape:
            values[i] = g[()]
    return values


def has_nan(value: Any) -> bool:
    """Whether there is a NaN at the bottom of a value; a dot product is the cheapest way to see.

    From 10,000 elements on BLAS would give it to threads, which on a busy machine wait for one another a hundred
    times longer than they work: the minimum is as quick and stays on one.
    """
    value = bottom(value)
    if isinstance(value, Variable):
        if unasked() is not None:
            return False
        found: Any = np.any(np.isnan(value))
        stage: Any = getattr(found, "level", None)
        return bool(found) if stage is None else bool(stage.doubts(found))
    if value.__class__ is _ndarray:
        if value.dtype.kind in "US":
            return False
        if value.dtype.kind == "O":
            total = (flat := value.ravel()).dot(flat)
        else:
            # vdot takes it as one long vector and, unlike dot, warns of no overflow.
            total = _vdot(value, value) if value.size < 10_000 else value.min()
        return bool(total != total)
    apart = value != value
    return bool(np.any(apart) if isinstance(value, _ndarray) else apart)
