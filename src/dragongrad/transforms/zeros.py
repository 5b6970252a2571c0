"""Structural zeros: which elements of a cotangent or a tangent a path of the computation reaches.

Where a partial derivative is infinite, its product with zero is NaN. If that zero is *structural* (a branch that
`where` did not take, an element that nobody read, a factor that is a constant zero), the function does not depend
on what stands there, and the product is zero. If a live product merely happens to be zero, the product is unknown
and stays NaN. A *mask* tells the two apart: a boolean array, False where no path leads; None where all are reached.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any, NamedTuple

import numpy as np

from ..core.block import Block
from ..core.node import KEEP, NEGATE, TIMES, Node, Spec
from ..core.variable import Variable, bottom, is_constant
from .rules import call_rule, fit

Mask = Any


class Dot(NamedTuple):
    """A tangent and the mask of its elements."""

    dot: Any
    mask: Mask


def settled(mask: Any) -> Mask:
    """A mask, or None where it is known to be True everywhere."""
    value = mask
    while isinstance(value, Variable) and not value.level.stages:
        value = value.data
    return mask if isinstance(value, Variable) or not np.all(value) else None


def seed_mask(seed: Any) -> Mask:
    """The mask of a direction: nothing moves where a constant direction is zero."""
    return settled(seed != 0) if is_constant(seed) else None


def either(one: Mask, other: Mask) -> Mask:
    """The elements that one of two masks reaches."""
    return None if one is None or other is None else settled(np.logical_or(one, other))


def through(block: Block, factor: Any, mask: Mask, moved: Mask) -> Mask:
    """What is left of a mask behind a partial derivative that may be structurally zero.

    That is the partial of a choice (`maximum`), and a factor which is constant; `moved` says where it is not.
    """
    if not (block.selects or (moved is not None and block.fn is np.multiply and is_constant(factor))):
        return mask
    live = settled(factor != 0) if block.selects else settled(np.logical_or(factor != 0, moved))
    if live is None:
        return mask
    return live if mask is None else np.logical_and(mask, live)


def cut(product: Any, mask: Mask) -> Any:
    """A product with its structural zeros put in, where it is NaN for want of them.

    Where it will be differentiated again they are put in at once: its derivative may be NaN where it is not.
    """
    if mask is None or (is_constant(product) and not decide(np.isnan(product))):
        return product
    return np.where(mask, product, 0.0)


def decide(mask: Any) -> bool:
    """Whether a mask is True anywhere, in any row of a batch."""
    found: Any = np.any(bottom(mask))
    stage: Any = getattr(found, "level", None)
    return bool(found) if stage is None else bool(stage.occurs(found))


def as_numbers(mask: Mask, shape: tuple[int, ...], dtype: Any) -> Any:
    """Numbers where a mask reaches, zeros elsewhere: what a linear rule turns into the mask behind it."""
    reached = np.ones(shape) if mask is None else np.broadcast_to(mask, shape).astype(np.float64)
    # Both parts of a complex number are reached.
    return reached * (1 + 1j) if dtype.kind == "c" else reached


def indicator(value: Any, moved: Mask) -> Any:
    """The factors of a multilinear Block: where a constant is zero, no path leads; `moved` is where one is none."""
    if moved is None or not is_constant(value):
        return np.ones(np.shape(value))
    return np.broadcast_to(np.logical_or(value != 0, moved), np.shape(value)).astype(np.float64)


def _sign(value: Any) -> Any:
    """The sign of a value, as a constant."""
    return (value > 0) * 1.0 - (value < 0) * 1.0


def spread_out(
    bar: Any, factors: list[Any], moved: list[Mask], rule: Callable[..., Any], rough: list[Mask] | None = None
) -> Any:
    """What a multilinear Block makes of a cotangent or tangent that may be infinite: a constant zero stops it.

    `moved` says where factors move; `rough` the same, where a zero that moves smoothly stops an infinity, too.

    `rule(bar, factors)` is linear in `bar`. The infinities are carried apart, as the numbers 1 and -1: where they
    meet a zero that is live, or two of different signs meet, the result is NaN.
    """
    finite = np.isfinite(bar)
    if not decide(np.logical_not(finite)):
        return rule(bar, factors)
    reached = [indicator(v, m) for v, m in zip(factors, moved, strict=True)]
    if bar.dtype.kind == "c":
        # Infinities have no sign: of them nothing is known but where they go.
        unknown = rule(np.logical_not(finite) * 1.0, reached) != 0
        return np.where(unknown, rule(bar, factors), rule(np.where(finite, bar, 0.0), factors))
    nonzero = [(v != 0).astype(np.float64) for v in factors]
    infinities = np.where(np.isinf(bar), _sign(bar), 0.0)
    met = rule(np.absolute(infinities), nonzero)
    total = rule(infinities, [_sign(v) for v in factors])
    stopped = reached if rough is None else [indicator(v, m) for v, m in zip(factors, rough, strict=True)]
    unknown = np.logical_or(rule(np.absolute(infinities), stopped) != met, rule(np.isnan(bar) * 1.0, reached) != 0)
    unknown = np.logical_or(unknown, np.absolute(total) != met)
    known = rule(np.where(finite, bar, 0.0), factors)
    # By the rule itself, so that the derivative of what is unknown is unknown too.
    return np.where(unknown, rule(bar, factors), np.where(total == 0, known, total * np.inf))


# Backwards


def _moved(constant: bool) -> Mask:
    """Where a value that a Node has saved is not constant: nowhere, or it is not known where."""
    return False if constant else None


def pulled(node: Node, bar: Any, mask: Mask, cotangents: Callable[..., Any]) -> Iterable[tuple[Any, Any, Mask]]:
    """What an application passes back: `(parent, cotangent, mask)` for each argument that matters."""
    if node.edges:
        return [_pulled_edge(node, edge, bar, mask) for edge in node.edges]
    block: Any = node.block
    masks = _pulled_masks(block, node, mask)
    pulled_back = _pulled_factors(block, node, bar) if block.kind == "multilinear" else cotangents(block, bar, node)
    found = zip(node.parents, pulled_back, masks, strict=True)
    return [(parent, g, m) for parent, g, m in found if parent is not None and g is not None]


def _pulled_edge(node: Node, edge: Any, bar: Any, mask: Mask) -> tuple[Any, Any, Mask]:
    parent, partial, saved = edge
    if partial is KEEP:
        return parent, bar, mask
    if partial is NEGATE:
        return parent, -bar, mask
    factor = saved if partial is TIMES else partial(saved)
    block: Any = node.block
    mask = through(block, factor, mask, _moved(len(node.edges) == 1))
    return parent, cut(bar * factor, mask), mask


def _pulled_factors(block: Block, node: Node, bar: Any) -> list[Any]:
    """The cotangents of the factors of a multilinear Block."""
    found: list[Any] = []
    for i, (pull, parent) in enumerate(zip(block.pulls, node.parents, strict=True)):
        if parent is None or pull is None:
            found.append(None)
            continue
        others = [j for j in range(len(node.parents)) if j != i]

        def rule(bar: Any, factors: list[Any], i: int = i, pull: Any = pull, others: list[int] = others) -> Any:
            values: list[Any] = [node.parents[i]] * len(node.parents)
            for j, factor in zip(others, factors, strict=True):
                values[j] = factor
            return call_rule(block, pull, bar, (None, *values), node.params)

        factors = [node.saved[1 + j] for j in others]
        found.append(spread_out(bar, factors, [_moved(node.parents[j] is None) for j in others], rule))
    return found


def _pulled_masks(block: Block, node: Node, mask: Mask) -> Iterable[Mask]:
    """The masks of the arguments of an application that is not elementwise."""
    if block.mixes or not (block.pulls or block.selects):
        return [None] * len(node.parents)
    reached = as_numbers(mask, node.shape, node.dtype)
    if block.variadic:
        got = call_rule(block, block.pulls[0], reached, node.saved, node.params)
    elif block.pulls:
        got = [
            None if parent is None else call_rule(block, pull, reached, _factors(block, node, i), node.params)
            for i, (pull, parent) in enumerate(zip(block.pulls, node.parents, strict=True))
        ]
    else:
        found = call_rule(block, block.pullback, reached, node.saved, node.params)
        got = list(found) if isinstance(found, tuple) else [found]
    return [None if g is None else settled(g != 0) for g in got]


def _factors(block: Block, node: Node, i: int) -> tuple[Any, ...]:
    """What the transpose of argument `i` is given: its shape, and in place of factors where they are not zero."""
    out, *values = node.saved
    if block.kind == "multilinear":
        values = [
            v if isinstance(v, Spec) else indicator(v, _moved(parent is None))
            for v, parent in zip(values, node.parents, strict=True)
        ]
    values[i] = node.parents[i]
    return (out, *values)


def arrive(parent: Node, g: Any, mask: Mask, masks: dict[Node, Mask]) -> None:
    """Add a cotangent to a Node, and what it reaches to the Node's mask."""
    mask = _fit(mask, np.shape(g), parent)
    if parent.bar is None:
        parent.bar = fit(g, parent)
        if mask is not None:
            masks[parent] = mask
        return
    parent.bar = parent.bar + fit(g, parent)
    known = either(masks.pop(parent, None), mask)
    if known is not None:
        masks[parent] = known


def _fit(mask: Mask, shape: tuple[int, ...], node: Spec) -> Mask:
    """The mask of a cotangent after it was fitted to its Node."""
    if mask is None or shape == node.shape:
        return mask
    if len(shape) < len(node.shape):
        return mask
    mask = np.broadcast_to(mask, shape)
    extra = len(shape) - len(node.shape)
    axes = tuple(i for i in range(len(shape)) if i < extra or (node.shape[i - extra] == 1 and shape[i] != 1))
    return settled(np.reshape(np.any(mask, axis=axes, keepdims=True), node.shape))
