"""Forward mode along every coordinate direction at once, each tangent by itself.

A batch of directions carries all columns of a Jacobian through every operation. Here a value has the tangents of
those directions in which it moves, and no other: of `a * np.exp(-b * t) + c` each parameter meets the operations
behind it alone, and a partial derivative is computed once for all of them.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, cast

import numpy as np

from ..context import CAREFUL, STAGE, WATCH
from ..core.block import Block
from ..core.nests import flatten, map_nest, unflatten
from ..core.node import KEEP, NEGATE, TIMES
from ..core.variable import Variable
from .batch import MOST_AXES, one_axis_too_many, vmap
from .evaluate import call, drop, evaluate
from .forward import tangent_dtype, with_aux
from .problem import Problem
from .pushforward import Forward, as_output, pushforward, that_matter
from .sweep import has_nan

# With more directions than this, whole-array operations over all of them take less time than one by one.
MOST = 8
# Blocks that put elements elsewhere and leave them as they are.
_REARRANGE = frozenset({"getitem", np.reshape, np.transpose})

_DOUBLE, _ONE = np.dtype(np.float64), np.float64(1.0)

# The tangent of a value by the number of the direction; it may have fewer elements than the value, and be spread.
Tangents = dict[int, Any]


class Inputs:
    """The link of elements of the inputs themselves.

    Attributes
    ----------
    places : ndarray of int
        In the shape of the value, the number of the direction that moves each element.
    dtype : dtype
        Of the value.

    """

    __slots__ = ("dtype", "places")

    def __init__(self, places: Any, dtype: Any) -> None:
        self.places, self.dtype = places, dtype

    def tangents(self) -> Tangents:
        """The same as tangents."""
        if self.places.ndim == 0:
            return {int(self.places): _ONE if self.dtype == _DOUBLE else self.dtype.type(1)}
        return {int(d): (self.places == d).astype(self.dtype) for d in np.unique(self.places)}


class Columns(Forward):
    """The level of one Jacobian; the link of its Variables is `Tangents`, `Inputs`, or None for constants."""

    __slots__ = ()

    # These are the commonest cases, written out: they are most of a run.

    def unary(self, block: Block, x: Variable) -> Any:
        """Apply an elementwise Block of one argument."""
        value, link = x.data, x.link
        out = evaluate(self, block, (value,), {})
        if not block.partials:
            return out if block.kind == "constant" else self.follow(block, out, [value], [link], {})
        return Variable(out, self, None if link is None else _elementwise(block, out, (value,), (link,)))

    def binary(self, block: Block, x: Any, y: Any) -> Any:
        """Apply an elementwise Block of two arguments."""
        one = other = None
        if x.__class__ is Variable and x.level is self:
            x, one = x.data, x.link
        if y.__class__ is Variable and y.level is self:
            y, other = y.data, y.link
        out = evaluate(self, block, (x, y), {})
        if not block.partials:
            return out if block.kind == "constant" else self.follow(block, out, [x, y], [one, other], {})
        constant = one is None and other is None
        return Variable(out, self, None if constant else _elementwise(block, out, (x, y), (one, other)))

    def apply(self, block: Block, args: tuple[Any, ...], params: dict[str, Any]) -> Any:
        """Apply a Block; elements of an input are looked up."""
        x = args[0] if args else None
        if x.__class__ is Variable and x.level is self and x.link.__class__ is Inputs and block.fn == "getitem":
            out = evaluate(self, block, (x.data,), params)
            return Variable(out, self, Inputs(x.link.places[params["index"]], x.link.dtype))
        return super().apply(block, args, params)

    def pushed(self, block: Block, out: Any, values: list[Any], links: list[Any], params: dict[str, Any]) -> Any:
        """The link of the output (a list or tuple for several), None where it is constant."""
        links = that_matter(block, links)
        if all(link is None for link in links):
            return None
        if block.partials:
            return _elementwise(block, out, values, links)
        if links[0].__class__ is Inputs and block.fn in _REARRANGE:
            return Inputs(block.forward(links[0].places, *values[1:], **params), links[0].dtype)
        links = [link.tangents() if link.__class__ is Inputs else link for link in links]
        directions = sorted(set().union(*[link for link in links if link is not None]))
        if not directions:
            return None
        dots = {d: [_of(link, d, v) for link, v in zip(links, values, strict=True)] for d in directions}

        def push(tangents: list[Any]) -> Any:
            return pushforward(block, out, values, tangents, params)

        if block.kind in ("linear", "multilinear") or (block.outputs == 1 and len(dots) == 1):
            return {d: push(tangents) for d, tangents in dots.items()}
        return _together(push, dots, block.outputs)


def _elementwise(block: Block, out: Any, values: Sequence[Any], links: Sequence[Any]) -> Tangents:
    if not block.singular:
        return _by_partials(block, out, values, links)
    with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
        return _by_partials(block, out, values, links)


def _by_partials(block: Block, out: Any, values: Sequence[Any], links: Sequence[Any]) -> Tangents:
    """The tangents of an elementwise Block: each partial derivative is computed once."""
    total: Tangents | None = None
    dtype = out.dtype
    for link, (partial, pick) in zip(links, block.partials, strict=True):
        if link is None:
            continue
        terms: Tangents = link.tangents() if link.__class__ is Inputs else link
        if partial is NEGATE:
            terms = {d: -dot for d, dot in terms.items()}
        elif partial is not KEEP:
            saved = pick((out, *values))
            factor = saved if partial is TIMES else partial(saved)
            # Of an input itself the tangent is the partial derivative: nothing is to be multiplied.
            whole = factor.__class__ is np.ndarray
            terms = {d: factor if dot is _ONE and whole else dot * factor for d, dot in terms.items()}
        if total is None:
            total = terms
            continue
        total = total.copy()
        for d, dot in terms.items():
            total[d] = total[d] + dot if d in total else dot
    assert total is not None
    for d, dot in total.items():
        if dot.dtype is not dtype and dot.dtype != dtype:
            return {d: as_output(dot, out) for d, dot in total.items()}
    return total


def _of(link: Tangents | None, direction: int, value: Any) -> Any:
    """The tangent of a value in a direction, in its shape; None where it does not move."""
    dot = None if link is None else link.get(direction)
    return dot if dot is None or dot.shape == np.shape(value) else np.broadcast_to(dot, np.shape(value))


def _together(push: Callable[..., Any], dots: dict[int, list[Any]], outputs: int) -> Any:
    """What a rule that may be dear gives of all directions, in one batch."""
    arguments = [*zip(*dots.values(), strict=True)]
    rows = {i: _stacked(row) for i, row in enumerate(arguments) if any(dot is not None for dot in row)}
    silent: list[bool] = []

    def one(*given: Any) -> Any:
        tangents: list[Any] = [None] * len(arguments)
        for i, dot in zip(rows, given, strict=True):
            tangents[i] = dot
        found = push(tangents)
        if outputs == 1:
            return found
        silent[:] = [dot is None for dot in found]
        return tuple([dot for dot in found if dot is not None])

    found = vmap(one)(*rows.values())
    if outputs == 1:
        return dict(zip(dots, found, strict=True))
    parts = iter(found)
    return [None if still else dict(zip(dots, next(parts), strict=True)) for still in silent]


def _stacked(dots: Sequence[Any]) -> Any:
    """The tangents of one argument in all directions, zeros where it does not move."""
    known = next(dot for dot in dots if dot is not None)
    return np.stack([np.zeros(known.shape, known.dtype) if dot is None else dot for dot in dots])


def columns_apart(problem: Problem, check: Callable[[Any], Any]) -> tuple[Any, Any] | None:
    """The Jacobians of a function, in the nest that it returns, and aux; the directions are along a last axis.

    None where they are not taken so: of many inputs or others than plain real numbers, in compiled programs, and
    where one is NaN, of which careful rules may know better. `check` is called with each output.
    """
    if not _may_be(problem):
        return None
    level, begin, given = Columns(), 0, []
    for leaf in problem.leaves:
        places = np.arange(begin, begin + leaf.size).reshape(leaf.shape)
        given.append(Variable(leaf, level, Inputs(places, leaf.dtype)))
        begin += leaf.size
    try:
        out = call(problem, given, {})
    finally:
        level.ended = True
    out, aux = with_aux(out) if problem.has_aux else (out, None)
    parts, structure = flatten(out)
    found = []
    for part in parts:
        value, columns = _columns(part, level, problem.n_in)
        check(value)
        found.append(columns)
    if any(columns is None for columns in found):
        return None
    return unflatten(structure, found), map_nest(lambda leaf: drop(leaf, level)[0], aux)


def _may_be(problem: Problem) -> bool:
    if not 0 < problem.n_in <= MOST or WATCH.get() or CAREFUL.get() is not None or STAGE.get() is not None:
        return False
    return all(leaf.__class__ is not Variable and leaf.dtype.kind == "f" for leaf in problem.leaves)


def _columns(leaf: Any, level: Columns, count: int) -> tuple[Any, Any]:
    """An output and its derivatives; None in place of these if one is NaN."""
    value, link = cast(tuple[Any, Any], drop(leaf, level))
    shape, dtype = np.shape(value), np.dtype(tangent_dtype(value))
    tangents = link.tangents() if link.__class__ is Inputs else link or {}
    if any(has_nan(dot) for dot in tangents.values()):
        return value, None
    if len(shape) == MOST_AXES:
        raise one_axis_too_many(value)
    if any(dot.__class__ is Variable for dot in tangents.values()):
        none = np.zeros(shape, dtype)
        return value, np.stack([np.broadcast_to(tangents.get(d, none), shape) for d in range(count)], -1)
    rows = np.empty((count, *shape), dtype)
    for d in range(count):
        rows[d] = tangents.get(d, 0)
    return value, rows.transpose(*range(1, rows.ndim), 0)
