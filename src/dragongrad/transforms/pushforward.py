"""The tangent of one application, from the record of its Block; and the level that keeps nothing else."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from ..core.block import Block
from ..core.node import KEEP, NEGATE, TIMES, Spec
from ..core.variable import Variable
from .evaluate import Differentiating, rewrap
from .poles import infinite, unknown
from .rules import call_pushforward, call_rule, computed
from .steep import rough, vanishing
from .sweep import transpose
from .zeros import Dot, Mask, as_numbers, cut, decide, either, indicator, settled, spread_out, through


class Together(list[Any]):
    """The tangents of several outputs, by a rule that has computed the outputs with them: these are `values`."""

    def __init__(self, values: Sequence[Any], dots: Sequence[Any]) -> None:
        super().__init__(dots)
        self.values = values


class Forward(Differentiating):
    """The level of one forward-mode transform; the link of its Variables is the tangent."""

    __slots__ = ()

    def follow(self, block: Block, out: Any, values: list[Any], links: list[Any], params: dict[str, Any]) -> Any:
        """Push the tangents along, and give the output or outputs as Variables."""
        pushed = self.pushed(block, out, values, links, params)
        if block.outputs == 1:
            return Variable(out, self, pushed)
        if pushed.__class__ is Together:
            # A loop that computes both goes round once.
            out = tuple(pushed.values)
        parts = zip(out, [None] * len(out) if pushed is None else pushed, strict=True)
        return rewrap(out, [Variable(o, self, link) if o.dtype.kind in "fc" else o for o, link in parts])

    def pushed(self, block: Block, out: Any, values: list[Any], links: list[Any], params: dict[str, Any]) -> Any:
        """The link of the output (a list or tuple for several), None where it is constant."""
        return pushforward(block, out, values, links, params)


class Slopes(Forward):
    """The level of slopes that a careful computation follows besides the derivative that is asked for."""

    __slots__ = ()
    assists = True

    def pushed(self, block: Block, out: Any, values: list[Any], links: list[Any], params: dict[str, Any]) -> Any:
        """The same; what a rule differentiates here carries no slopes, and is to get none."""
        return computed(pushforward, [block, out, values, links, params], {})


def pushforward(block: Block, out: Any, values: list[Any], tangents: list[Any], params: dict[str, Any]) -> Any:
    """The tangent of a Block's output (a tuple for several), None where it is zero."""
    tangents = that_matter(block, tangents)
    if all(t is None for t in tangents):
        return None
    if block.partials:
        if not block.singular:
            return _push_elementwise(out, values, tangents, block.partials)
        with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
            return _push_elementwise(out, values, tangents, block.partials)
    if block.kind == "linear":
        full = [
            v if _is_parameter(block, i) else (np.zeros(np.shape(v), _dtype_of(v, out)) if t is None else t)
            for i, (v, t) in enumerate(zip(values, tangents, strict=True))
        ]
        return block.forward(*full, **params)
    if block.kind == "multilinear":
        total = None
        for i, t in enumerate(tangents):
            if t is not None:
                term = block.forward(*values[:i], t, *values[i + 1 :], **params)
                total = term if total is None else total + term
        return total
    if block.pushforward is not None:
        dots = call_pushforward(block, out, values, tangents, params)
        return as_output(dots, out) if block.outputs == 1 else dots
    return _transposed_pullback(block, out, values, tangents, params)


def that_matter(block: Block, links: list[Any]) -> list[Any]:
    """What the arguments carry, without that of arguments that have no derivative."""
    if not block.pulls or block.variadic:
        return links
    return [link if pull is not None else None for link, pull in zip(links, block.pulls, strict=True)]


def _is_parameter(block: Block, i: int) -> bool:
    return not block.variadic and block.pulls[i] is None


def _dtype_of(value: Any, out: Any) -> Any:
    dtype = getattr(value, "dtype", None)
    return dtype if dtype is not None and dtype.kind in "fc" else out.dtype


def _push_elementwise(out: Any, values: list[Any], tangents: list[Any], partials: tuple[Any, ...]) -> Any:
    total: Any = None
    full = (out, *values)
    for x_dot, (partial, pick) in zip(tangents, partials, strict=True):
        if x_dot is None:
            continue
        if partial is KEEP:
            term = x_dot
        elif partial is NEGATE:
            term = -x_dot
        else:
            saved = pick(full)
            term = x_dot * (saved if partial is TIMES else partial(saved))
        total = term if total is None else total + term
    return _of_shape(total, out)


def _of_shape(total: Any, out: Any) -> Any:
    if total.shape != np.shape(out):
        total = np.broadcast_to(total, np.shape(out))
    return as_output(total, out)


def as_output(dot: Any, out: Any) -> Any:
    """A tangent in the dtype of the value that it belongs to."""
    # The absolute value of a complex number is real, and so is its tangent; float32 stays float32.
    if dot.dtype == out.dtype:
        return dot
    return (np.real(dot) if out.dtype.kind != "c" else dot).astype(out.dtype)


# The same with structural zeros


def push_masked(block: Block, out: Any, values: list[Any], links: list[Any], params: dict[str, Any]) -> Dot | None:
    """The tangent of a Block's output and its mask, from those of the arguments; None where it is zero."""
    links = that_matter(block, links)
    if all(link is None for link in links):
        return None
    if block.partials:
        return _push_masked_elementwise(block, out, values, links)
    if block.kind == "multilinear":
        dot = _push_factors(block, values, links, params)
    else:
        dot = pushforward(block, out, values, [None if link is None else link.dot for link in links], params)
    return Dot(dot, _pushed_mask(block, out, values, links, params))


def push_root(out: Any, s: Any, link: Dot, rough: bool) -> Dot:
    """The tangent of a square root: where both `s` and its tangent are zero, it is a distance that has a kink.

    `rough` says that `s` itself may have one.
    """
    zero = s == 0
    slope = 0.5 / np.where(zero, 1.0, out)
    still = link.dot == 0
    # Where `s` moves, the slope is infinite, and what comes after it is unknown.
    at_zero = infinite(link.dot) + np.where(still, np.nan * link.dot if rough else 0.0, unknown(s))
    dot = np.where(zero, at_zero, link.dot * slope)
    return Dot(dot if link.mask is None else np.where(link.mask, dot, 0.0), link.mask)


def _push_masked_elementwise(block: Block, out: Any, values: list[Any], links: list[Any]) -> Dot:
    total: Any = None
    mask: Any = None
    full = (out, *values)
    for i, (link, (partial, pick)) in enumerate(zip(links, block.partials, strict=True)):
        if link is None:
            continue
        reached = link.mask
        if partial is KEEP:
            term = link.dot
        elif partial is NEGATE:
            term = -link.dot
        else:
            with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
                factor = pick(full) if partial is TIMES else partial(pick(full))
                other = links[1 - i] if len(links) == 2 else link
                reached = through(block, factor, reached, _moved(other))
                term = cut(link.dot * factor, reached)
                if block.fn is np.multiply and other is not None and decide(np.isnan(term)):
                    term = np.where(vanishing(values[i], link, factor, other), 0.0, term)
        total, mask = (term, reached) if total is None else (total + term, either(mask, reached))
    return Dot(_of_shape(total, out), mask)


def _push_factors(block: Block, values: list[Any], links: list[Any], params: dict[str, Any]) -> Any:
    """The tangent of a multilinear Block."""
    total = None
    for i, link in enumerate(links):
        if link is None:
            continue

        def rule(dot: Any, factors: list[Any], i: int = i) -> Any:
            return block.forward(*factors[:i], dot, *factors[i:], **params)

        others = [*zip(values, links, map(_moved, links), strict=True)]
        del others[i]
        found = rough(values[i], link.dot, others)
        term = spread_out(link.dot, [v for v, _, _ in others], [m for _, _, m in others], rule, found)
        total = term if total is None else total + term
    return total


def _pushed_mask(block: Block, out: Any, values: list[Any], links: list[Any], params: dict[str, Any]) -> Mask:
    """The mask behind a Block that is not elementwise."""
    if block.kind == "linear" and not block.mixes:
        full = [
            v if _is_parameter(block, i) else _reach(v, link)
            for i, (v, link) in enumerate(zip(values, links, strict=True))
        ]
        return settled(block.forward(*full, **params) != 0)
    if block.kind == "multilinear":
        factors = [indicator(v, _moved(link)) for v, link in zip(values, links, strict=True)]
        mask: Any = False
        for i, link in enumerate(links):
            if link is not None:
                found = block.forward(*factors[:i], _reach(values[i], link), *factors[i + 1 :], **params)
                mask = np.logical_or(mask, found != 0)
        return settled(mask)
    if block.selects:
        reached = [_reach(v, link) for v, link in zip(values, links, strict=True)]
        return settled(call_pushforward(block, out, values, reached, params) != 0)
    return None


def _moved(link: Dot | None) -> Mask:
    """Where an argument is not constant."""
    return False if link is None else link.mask


def _reach(value: Any, link: Dot | None) -> Any:
    """Ones where the tangent of an argument is reached, zeros elsewhere."""
    return np.zeros(np.shape(value)) if link is None else as_numbers(link.mask, np.shape(value), link.dot.dtype)


def _transposed_pullback(
    block: Block, out: Any, values: list[Any], tangents: list[Any], params: dict[str, Any]
) -> Any:
    """Derive the pushforward of a Block that gave only its pullback: transpose it."""
    active = [i for i, t in enumerate(tangents) if t is not None]
    saved = (out, *values)
    outs = out if block.outputs > 1 else [out]

    def pull(*bars: Any) -> Any:
        got = call_rule(block, block.pullback, bars if block.outputs > 1 else bars[0], saved, params)
        cotangents = got if isinstance(got, (tuple, list)) else (got,)
        return [cotangents[i] for i in active]

    dots = transpose(pull, [Spec(np.shape(o), o.dtype) for o in outs], [tangents[i] for i in active])
    return tuple(dots) if block.outputs > 1 else dots[0]
