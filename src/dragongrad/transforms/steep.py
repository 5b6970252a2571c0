"""Products of what vanishes with a slope that is infinite, such as that of `np.cbrt(x) * x` at zero.

Let `z` vanish at a point and be differentiable there, and let `y` be continuous, with an infinite slope. Then
`y * z` has the derivative `y * dz`, whatever the slope: `dy * z` is less than the step. Backwards that is so
where what comes out is linear in `y`, and its coefficient, the cotangent, vanishes.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from ..context import CAREFUL, is_careful
from ..core.block import BLOCKS, Block
from ..core.node import KEEP, NEGATE, TIMES, Node
from .poles import INFINITE, ROOT, unknown
from .restate import is_differentiated
from .zeros import Dot, Mask, decide

# These stay finite where their slope is infinite.
_BOUNDED = frozenset(BLOCKS[fn] for fn in (np.sqrt, np.cbrt, np.arcsin, np.arccos, np.arccosh))
_POWERS = frozenset(BLOCKS[fn] for fn in (np.power, np.float_power))


def _steep(block: Block | None, saved: Any, factor: Any) -> Any:
    """Where a partial is infinite and the value is not."""
    if block in _BOUNDED:
        return np.isinf(factor)
    if block in _POWERS and saved.__class__ is tuple:
        return np.logical_and(np.isinf(factor), np.logical_and(saved[0] == 0, saved[1] > 0))
    return False


class Steep:
    """What a careful sweep knows of infinite slopes: of which Nodes the result is linear, with smooth coefficients.

    Parameters
    ----------
    tape : list of Node
        What was applied, in order.

    """

    def __init__(self, tape: list[Node]) -> None:
        self._tape = tape
        self._bent: set[Node] | None = None

    def settled(self, node: Node, bar: Any, found: list[Any]) -> list[Any]:
        """What a Node passes back, without the NaN of infinite slopes whose cotangent vanishes."""
        out = []
        for (parent, g, mask), (_, partial, saved) in zip(found, node.edges, strict=True):
            if callable(partial) and decide(np.isnan(g)):
                steep = _steep(node.block, saved, partial(saved))
                vanishes = np.logical_and(np.logical_and(steep, bar == 0), np.isnan(g))
                if decide(vanishes) and not self._is_bent(node):
                    # Of its own derivative nothing is known.
                    moved = unknown(bar) + unknown(saved[0] if saved.__class__ is tuple else saved)
                    g = np.where(vanishes, moved, g)
            out.append((parent, g, mask))
        return out

    def _is_bent(self, node: Node) -> bool:
        if self._bent is None:
            self._bent = self._find_bent(self._find_rough())
        return node in self._bent

    def _find_rough(self) -> set[Node]:
        """What depends on anything without a finite slope."""
        rough: set[Node] = set()
        for node in self._tape:
            if any(parent in rough for parent in node.inputs()) or _is_rough(node):
                rough.add(node)
        return rough

    def _find_bent(self, rough: set[Node]) -> set[Node]:
        """What the result is not linear in, or with a coefficient that is rough."""
        bent: set[Node] = set()
        for node in reversed(self._tape):
            parents = [*node.inputs()]
            for i, parent in enumerate(parents):
                others = parents[:i] + parents[i + 1 :]
                if node in bent or not _is_linear(node, i) or (_multiplies(node) and not rough.isdisjoint(others)):
                    bent.add(parent)
        return bent


def _is_rough(node: Node) -> bool:
    if node.block is INFINITE:
        return True
    if not node.edges:
        # Vectors of equal eigenvalues jump.
        return node.block is not None and node.block.kind == "general" and node.block.outputs > 1
    for _, partial, saved in node.edges:
        if partial is ROOT:
            return True
        factor = partial(saved) if callable(partial) else saved if partial is TIMES else 1.0
        if decide(np.logical_not(np.isfinite(factor))):
            return True
    return False


def _multiplies(node: Node) -> bool:
    block: Any = node.block
    return block.kind == "multilinear" or block.fn in (np.multiply, np.divide)


def _is_linear(node: Node, i: int) -> bool:
    """Whether what a Node makes is linear in its parent of some place."""
    block: Any = node.block
    if node.edges:
        _, partial, saved = node.edges[i]
        if partial is KEEP or partial is NEGATE or (saved.__class__ is tuple and not saved):
            return True
        return block.fn is np.multiply or (block.fn is np.divide and partial is block.edges[0][0])
    return block.kind in ("linear", "multilinear") or node.pick is not None


# Forwards, where a value with an infinite slope is known to be continuous if it is the user's


def _is_single() -> bool:
    return is_careful() and CAREFUL.get().is_single


def vanishing(value: Any, link: Dot, factor: Any, other: Dot) -> Any:
    """Where a product's term is zero although the slope is infinite: the tangent of `value` times `factor`."""
    if not _is_single() or any(map(is_differentiated, (value, link.dot, factor, other.dot))):
        return False
    steep = np.logical_and(np.isinf(link.dot), np.isfinite(value))
    return np.logical_and(np.logical_and(steep, factor == 0), np.isfinite(other.dot))


def rough(value: Any, dot: Any, others: list[tuple[Any, Dot | None, Mask]]) -> list[Mask]:
    """Where factors move roughly, so that their zeros count beside an infinite tangent, of where each moves."""
    known = [value, dot, *[v for v, _, _ in others], *[link.dot for _, link, _ in others if link is not None]]
    if (
        not _is_single()
        or any(map(is_differentiated, known))
        or decide(np.logical_and(np.isinf(dot), np.logical_not(np.isfinite(value))))
    ):
        return [moved for _, _, moved in others]
    return [
        moved
        if link is None
        else np.logical_and(True if moved is None else moved, np.logical_not(np.isfinite(link.dot)))
        for _, link, moved in others
    ]
