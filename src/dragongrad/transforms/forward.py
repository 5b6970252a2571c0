"""Forward mode: value and tangent together, nothing kept."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from ..context import WATCH, is_careful
from ..core.block import Block
from ..core.errors import ArgumentError, ShapeError, describe
from ..core.level import Level
from ..core.nests import flatten, unflatten
from ..core.node import KEEP, NEGATE, TIMES, Spec
from ..core.variable import Variable, as_input
from .careful import attempt, infinite
from .evaluate import call, drop, evaluate, rewrap
from .restate import remember
from .rules import call_pushforward, call_rule
from .sweep import has_nan, own, transpose
from .watch import check_forward
from .zeros import Dot, Mask, as_numbers, cut, decide, either, indicator, seed_mask, settled, spread_out, through


class Forward(Level):
    """The level of one forward-mode transform; the link of its Variables is the tangent."""

    __slots__ = ()

    def constant(self, value: Any) -> Variable:
        """A Variable of this level with tangent zero."""
        return Variable(value, self, None)

    def differentiates(self, x: Variable) -> bool:
        return x.link is not None

    def apply(self, block: Block, args: tuple[Any, ...], params: dict[str, Any]) -> Any:
        values, tangents = [], []
        for a in args:
            if isinstance(a, Variable) and a.level is self:
                values.append(a.data)
                tangents.append(a.link)
            else:
                values.append(a)
                tangents.append(None)
        out = evaluate(self, block, values, params)
        if block.kind == "constant":
            return out
        return self.pushed(block, out, values, tangents, params)

    def pushed(self, block: Block, out: Any, values: list[Any], links: list[Any], params: dict[str, Any]) -> Any:
        """The output or outputs of a Block as Variables of this level."""
        out_dot = pushforward(block, out, values, links, params)
        if block.outputs == 1:
            return Variable(out, self, out_dot)
        dots = out_dot if out_dot is not None else [None] * len(out)
        return rewrap(
            out,
            [Variable(o, self, d) if o.dtype.kind in "fc" else o for o, d in zip(out, dots, strict=True)],
        )


class CarefulForward(Forward):
    """The same with structural zeros; the link is a `Dot`. It knows roots of zero and the origin of each value."""

    __slots__ = ()

    def apply(self, block: Block, args: tuple[Any, ...], params: dict[str, Any]) -> Any:
        return remember(self, block, args, params, super().apply(block, args, params))

    def pushed(self, block: Block, out: Any, values: list[Any], links: list[Any], params: dict[str, Any]) -> Any:
        """The output or outputs of a Block as Variables of this level."""
        if block.fn is np.sqrt and links[0] is not None and decide(values[0] == 0):
            return Variable(out, self, _push_root(out, values[0], links[0]))
        found = push_masked(block, out, values, links, params)
        if block.outputs == 1:
            return Variable(out, self, found)
        dots = found.dot if found is not None else [None] * len(out)
        return rewrap(
            out,
            [
                Variable(o, self, None if d is None else Dot(d, None)) if o.dtype.kind in "fc" else o
                for o, d in zip(out, dots, strict=True)
            ],
        )


class WatchedForward(CarefulForward):
    """The same under `debug_nans`."""

    __slots__ = ()

    def apply(self, block: Block, args: tuple[Any, ...], params: dict[str, Any]) -> Any:
        out = super().apply(block, args, params)
        check_forward(block, args, out, dots=(lambda o: _tangent(getattr(o, "link", None)),))
        return out


def pushforward(block: Block, out: Any, values: list[Any], tangents: list[Any], params: dict[str, Any]) -> Any:
    """The tangent of a Block's output (a tuple for several), None where it is zero."""
    tangents = _that_matter(block, tangents)
    if all(t is None for t in tangents):
        return None
    if block.partials:
        return _push_elementwise(block, out, values, tangents)
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
        return _as_output(dots, out) if block.outputs == 1 else dots
    return _transposed_pullback(block, out, values, tangents, params)


def _that_matter(block: Block, links: list[Any]) -> list[Any]:
    """What the arguments carry, without that of arguments that have no derivative."""
    if not block.pulls or block.variadic:
        return links
    return [link if pull is not None else None for link, pull in zip(links, block.pulls, strict=True)]


def _is_parameter(block: Block, i: int) -> bool:
    return not block.variadic and block.pulls[i] is None


def _dtype_of(value: Any, out: Any) -> Any:
    dtype = getattr(value, "dtype", None)
    return dtype if dtype is not None and dtype.kind in "fc" else out.dtype


def _push_elementwise(block: Block, out: Any, values: list[Any], tangents: list[Any]) -> Any:
    total: Any = None
    full = (out, *values)
    for x_dot, (partial, pick) in zip(tangents, block.partials, strict=True):
        if x_dot is None:
            continue
        if partial is KEEP:
            term = x_dot
        elif partial is NEGATE:
            term = -x_dot
        else:
            term = _term(block, x_dot, partial, pick(full))
        total = term if total is None else total + term
    return _of_shape(total, out)


def _of_shape(total: Any, out: Any) -> Any:
    if total.shape != np.shape(out):
        total = np.broadcast_to(total, np.shape(out))
    return _as_output(total, out)


def _as_output(dot: Any, out: Any) -> Any:
    # The absolute value of a complex number is real, and so is its tangent; float32 stays float32.
    if dot.dtype == out.dtype:
        return dot
    return (np.real(dot) if out.dtype.kind != "c" else dot).astype(out.dtype)


def _term(block: Block, x_dot: Any, partial: Any, saved: Any) -> Any:
    if not block.singular:
        return x_dot * (saved if partial is TIMES else partial(saved))
    with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
        return x_dot * (saved if partial is TIMES else partial(saved))


# The same with structural zeros


def push_masked(block: Block, out: Any, values: list[Any], links: list[Any], params: dict[str, Any]) -> Dot | None:
    """The tangent of a Block's output and its mask, from those of the arguments; None where it is zero."""
    links = _that_matter(block, links)
    if all(link is None for link in links):
        return None
    if block.partials:
        return _push_masked_elementwise(block, out, values, links)
    if block.kind == "multilinear":
        dot = _push_factors(block, values, links, params)
    else:
        dot = pushforward(block, out, values, [None if link is None else link.dot for link in links], params)
    return Dot(dot, _pushed_mask(block, out, values, links, params))


def _push_root(out: Any, s: Any, link: Dot) -> Dot:
    """The tangent of a square root: where both `s` and its tangent are zero, it is a distance that has a kink."""
    zero = s == 0
    slope = 0.5 / np.where(zero, 1.0, out)
    dot = np.where(zero, infinite(link.dot), link.dot * slope)
    return Dot(dot if link.mask is None else np.where(link.mask, dot, 0.0), link.mask)


def _push_masked_elementwise(block: Block, out: Any, values: list[Any], links: list[Any]) -> Dot:
    total: Any = None
    mask: Any = None
    full = (out, *values)
    alone = sum(link is not None for link in links) == 1
    for link, (partial, pick) in zip(links, block.partials, strict=True):
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
                reached = through(block, factor, reached, alone)
                term = cut(link.dot * factor, reached)
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

        constant = [other is None for other in links[:i] + links[i + 1 :]]
        term = spread_out(link.dot, values[:i] + values[i + 1 :], constant, rule)
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
        constant = [link is None for link in links]
        factors = [indicator(v, c) for v, c in zip(values, constant, strict=True)]
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


def run_jvp(f: Any, primals: tuple[Any, ...], tangents: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    """Run a function over forward Variables: its output as Variables, and their level.

    Where a NaN came out, which may come from `0 * inf`, the function is run again with structural zeros, so that
    only those that meet one pay for them.
    """
    if WATCH.get():
        return _run_once(f, primals, tangents, kwargs, WatchedForward)

    def run() -> tuple[Any, bool]:
        if is_careful():
            return _run_once(f, primals, tangents, kwargs, CarefulForward), False
        out, level = _run_once(f, primals, tangents, kwargs, Forward)
        return (out, level), any(has_nan(dot) for dot in _dots(out, level))

    return attempt(run)


def _run_once(f: Any, primals: Any, tangents: Any, kwargs: dict[str, Any], kind: type[Forward]) -> Any:
    level = kind()
    args = []
    for position, (primal, tangent) in enumerate(zip(primals, tangents, strict=True)):
        leaves, structure = flatten(primal)
        dots, dot_structure = flatten(tangent)
        if len(dots) != len(leaves) or (structure is not None and dot_structure != structure):
            raise ArgumentError(f"tangent {position} must have the structure of primal {position}")
        args.append(unflatten(structure, [_dual(x, t, level) for x, t in zip(leaves, dots, strict=True)]))
    try:
        return call(f, args, kwargs), level
    finally:
        level.ended = True


def _dots(out: Any, level: Level) -> list[Any]:
    leaves = [_tangent(drop(leaf, level)[1]) for leaf in flatten(out)[0]]
    return [dot for dot in leaves if dot is not None]


def _tangent(link: Any) -> Any:
    return link.dot if link.__class__ is Dot else link


def _dual(primal: Any, tangent: Any, level: Forward) -> Variable:
    x = as_input(primal, "a primal")
    x_dot = as_input(tangent, "a tangent")
    if np.shape(x) != np.shape(x_dot):
        raise ShapeError(f"the tangent is {describe(x_dot)}, its primal is {describe(x)}: they must agree")
    if x_dot.dtype != x.dtype:
        if x_dot.dtype.kind == "c" and x.dtype.kind != "c":
            raise ShapeError(f"a complex tangent for a real primal: {describe(x_dot)} for {describe(x)}")
        x_dot = x_dot.astype(x.dtype)
    return Variable(x, level, Dot(x_dot, seed_mask(x_dot)) if isinstance(level, CarefulForward) else x_dot)


def split(out: Any, level: Level, taken: Any = ()) -> tuple[Any, Any]:
    """Split a nest of forward Variables into values and tangents."""
    leaves, structure = flatten(out)
    pairs = [drop(leaf, level) for leaf in leaves]
    values: list[Any] = [v for v, _ in pairs]
    dots = [np.zeros(np.shape(v), _tangent_dtype(v))[()] if d is None else _tangent(d) for v, d in pairs]
    return unflatten(structure, values), unflatten(structure, own(dots, taken))


def _tangent_dtype(value: Any) -> Any:
    dtype = getattr(value, "dtype", np.dtype(np.float64))
    return dtype if dtype.kind in "fc" else np.float64


def jvp(
    f: Callable[..., Any], primals: tuple[Any, ...], tangents: tuple[Any, ...], *,
    has_aux: bool = False, **kwargs: Any,
) -> Any:  # fmt: skip
    """The value of a function and its pushforward (Jacobian-vector product), by forward mode.

    Memory does not grow with the length of the computation.

    Parameters
    ----------
    f : callable
        A function of nests of arrays, returning a nest of arrays.
    primals, tangents : tuple
        The arguments, and a tangent of the same nest and shapes for each.
    has_aux : bool
        Whether `f` returns `(out, aux)`.

    Returns
    -------
    out, out_dot : or `out, out_dot, aux`

    Raises
    ------
    ArgumentError, ShapeError
        The tangents do not match the primals.

    Examples
    --------
    >>> import numpy as np, dragongrad as ad
    >>> ad.jvp(lambda x: x**2, (np.array([1.0, 3.0]),), (np.array([1.0, 0.5]),))
    (array([1., 9.]), array([2., 3.]))

    """
    if not isinstance(primals, (tuple, list)) or not isinstance(tangents, (tuple, list)):
        raise ArgumentError("jvp takes tuples: ad.jvp(f, (x,), (x_dot,))")
    if len(primals) != len(tangents):
        raise ArgumentError(f"jvp got {len(primals)} primals and {len(tangents)} tangents")
    out, level = run_jvp(f, tuple(primals), tuple(tangents), kwargs)
    given = flatten(tangents)[0]
    if has_aux:
        if not isinstance(out, tuple) or len(out) != 2:
            raise ArgumentError("has_aux=True: the function must return (output, aux)")
        value, dot = split(out[0], level, given)
        return value, dot, split(out[1], level)[0]
    return split(out, level, given)
