"""Whether the body of a loop does the same each time it is called, as it must where it is written down once.

Nothing of the sort can be proved of Python. A body is written down twice instead, and what it closes over is looked
at before and after: a counter, a random number, an iterator or a list that grows shows in one of them.
"""

from __future__ import annotations

import functools
import operator
import types
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import numpy as np

from ...core.errors import NoRuleError, user_line
from ...core.graph import Graph
from ...core.node import Node
from ...core.variable import Variable
from ..flat_rules import FlatRule
from ..options import Transform

# What is looked at: nests of so many elements, arrays of so many bytes, so deep.
_LONGEST = 32
_LARGEST = 1 << 24
_DEEPEST = 6
_NUMBERS = (bool, int, float, complex, str, bytes, type(None), np.generic)


class ImpureBodyError(NoRuleError):
    """The body of a loop does something else each time it is called."""


def refuse_impure() -> None:
    """Let the whole function run as it is: what the body has changed already cannot be undone."""
    raise ImpureBodyError(
        "the body of a loop does something else each time it is called: it counts, draws random numbers, reads "
        f"an iterator, or writes into what it closes over\n  at {user_line()}\n"
        "Carry what changes, and give random numbers to it as xs"
    )


# What is closed over


def closed_over(function: Callable[..., Any]) -> list[tuple[Any, Any]]:
    """What a function closes over, as it is now: objects, each with what of it may change."""
    return list(_seen(function, 0, set()))


def is_unchanged(before: list[tuple[Any, Any]], after: list[tuple[Any, Any]]) -> bool:
    """Whether `closed_over` found the same twice."""
    return len(before) == len(after) and all(
        (a is b or a.__class__ in _NUMBERS or a.__class__ in (tuple, types.FunctionType)) and _equal(was, now)
        for (a, was), (b, now) in zip(before, after, strict=True)
    )


def _seen(value: Any, depth: int, known: set[int]) -> Iterator[tuple[Any, Any]]:
    if value is None or isinstance(value, _NUMBERS):
        yield value, value
        return
    if depth > _DEEPEST or id(value) in known:
        return
    known.add(id(value))
    if isinstance(value, types.MethodType):
        yield from _seen(value.__func__, depth + 1, known)
        yield from _seen(getattr(value.__self__, "__dict__", {}), depth + 1, known)
    elif isinstance(value, types.FunctionType):
        yield from _of_cells(value, depth, known)
    elif value.__class__.__module__.startswith("dragongrad.") and callable(getattr(value, "_f", None)):
        yield from _seen(value._f, depth + 1, known)
    else:
        yield value, _state(value)
        if isinstance(value, (list, tuple, dict)) and len(value) <= _LONGEST:
            for part in value.values() if isinstance(value, dict) else value:
                yield from _seen(part, depth + 1, known)


def _of_cells(function: types.FunctionType, depth: int, known: set[int]) -> Iterator[tuple[Any, Any]]:
    own = (function.__module__ or "").startswith("dragongrad.")
    for cell in function.__closure__ or ():
        try:
            value = cell.cell_contents
        except ValueError:
            continue
        # What the library's own functions keep is the library's.
        if not own or callable(value):
            yield from _seen(value, depth + 1, known)


def _state(value: Any) -> Any:
    """What may change of an object that stays the same."""
    if isinstance(value, Variable):
        return (value.level, value.link, value.data, _content(value.data))
    if isinstance(value, np.ndarray):
        return _content(value)
    generator = getattr(value, "bit_generator", None) or getattr(value, "_bit_generator", None)
    if generator is not None and isinstance(getattr(generator, "state", None), dict):
        return repr(generator.state)
    try:
        return operator.length_hint(value, -1)
    except (TypeError, ValueError):
        return None


def _content(data: Any) -> Any:
    plain = data.__class__ is np.ndarray and not data.dtype.hasobject and data.nbytes <= _LARGEST
    return data.tobytes() if plain else None


# What is written down


def are_alike(first: Graph, second: Graph) -> bool:
    """Whether two Graphs compute the same by the same operations and constants."""
    places = [{node: k for k, node in enumerate([*graph.inputs, *graph.nodes])} for graph in (first, second)]
    if len(first.nodes) != len(second.nodes) or len(first.outputs) != len(second.outputs):
        return False
    pairs = zip([*first.inputs, *first.nodes], [*second.inputs, *second.nodes], strict=False)
    ends = zip(first.outputs, second.outputs, strict=True)
    return (
        len(first.inputs) == len(second.inputs)
        and all(_same_node(a, b, *places) for a, b in pairs)
        and all(places[0].get(a) == places[1].get(b) if isinstance(a, Node) else _equal(a, b) for a, b in ends)
    )


def _same_node(a: Node, b: Node, first: dict[Node, int], second: dict[Node, int]) -> bool:
    return (
        _same_block(a, b)
        and (a.shape, a.pick) == (b.shape, b.pick)
        and [first.get(p, -1) for p in a.parents if p] == [second.get(p, -1) for p in b.parents if p]
        and (a.pick is not None or _equal(_constants(a), _constants(b)))
        and _equal(a.params, b.params)
    )


def _same_block(a: Node, b: Node) -> bool:
    # Functions with rules of their own are Blocks that are made anew.
    return a.block is b.block or (a.block is not None and b.block is not None and a.block.name == b.block.name)


def _constants(node: Node) -> list[Any]:
    return [v for p, v in zip(node.parents, node.saved[1:], strict=False) if p is None]


def same_captured(a: Any, b: Any, depth: int = 0) -> bool:
    """Whether two values of levels around are the same, or were computed alike."""
    if a is b or depth > _LONGEST:
        return True
    if not isinstance(a, Variable) or not isinstance(b, Variable):
        return _equal(a, b)
    nodes = [x.link for x in (a, b)]
    if a.level is not b.level:
        return False
    if a.level.stages and all(isinstance(node, Node) for node in nodes):
        return _computed_alike(nodes[0], nodes[1], depth)
    return same_captured(a.data, b.data, depth + 1)


def _computed_alike(a: Node | None, b: Node | None, depth: int) -> bool:
    if a is b or depth > _LONGEST:
        return True
    return (
        a is not None
        and b is not None
        and _same_block(a, b)
        and len(a.parents) == len(b.parents)
        and (a.pick is not None or _equal(_constants(a), _constants(b)))
        and _equal(a.params, b.params)
        and all(_computed_alike(p, q, depth + 1) for p, q in zip(a.parents, b.parents, strict=True))
    )


def _equal(a: Any, b: Any) -> bool:
    if a is b:
        return True
    if isinstance(a, (np.ndarray, *_NUMBERS)):
        return _kind(a) == _kind(b) and np.shape(a) == np.shape(b) and _bytes(a) == _bytes(b)
    if a.__class__ is not b.__class__:
        return False
    if isinstance(a, Graph):
        return are_alike(a, b)
    if isinstance(a, dict):
        return a.keys() == b.keys() and all(_equal(a[key], b[key]) for key in a)
    if isinstance(a, (list, tuple)):
        return len(a) == len(b) and all(map(_equal, a, b))
    if isinstance(a, slice):
        return _equal((a.start, a.stop, a.step), (b.start, b.stop, b.step))
    if isinstance(a, FlatRule):
        # Made anew at each call, of functions and options.
        return a.told is not None and a.name == b.name and _made_alike(a.told, b.told)
    # Functions and descriptions that are made anew; of those that compare, what they say.
    return a.__class__.__eq__ is object.__eq__ or bool(a == b)


def _made_alike(a: Any, b: Any, depth: int = 0) -> bool:
    """Whether two functions, or nests of them, were made by the same code of the same parts."""
    if a is b:
        return True
    if depth > _DEEPEST or a.__class__ is not b.__class__:
        return False
    if isinstance(a, types.FunctionType):
        cells = [[_contents(cell) for cell in f.__closure__ or ()] for f in (a, b)]
        parts = ((a.__defaults__, a.__kwdefaults__, cells[0]), (b.__defaults__, b.__kwdefaults__, cells[1]))
        return a.__code__ is b.__code__ and _made_alike(*parts, depth + 1)
    if isinstance(a, (list, tuple)):
        return len(a) == len(b) and all(_made_alike(x, y, depth + 1) for x, y in zip(a, b, strict=True))
    if isinstance(a, dict):
        return a.keys() == b.keys() and all(_made_alike(a[key], b[key], depth + 1) for key in a)
    if isinstance(a, functools.partial):
        return _made_alike((a.func, a.args, a.keywords), (b.func, b.args, b.keywords), depth + 1)
    if isinstance(a, Transform):
        return _made_alike((a._maker, a._f, a._options), (b._maker, b._f, b._options), depth + 1)
    if isinstance(a, Variable):
        return same_captured(a, b)
    return a.__class__.__eq__ is not object.__eq__ and _equal(a, b)


def _contents(cell: Any) -> Any:
    try:
        return cell.cell_contents
    except ValueError:
        return None


def _kind(value: Any) -> Any:
    return value.dtype if hasattr(value, "dtype") else value.__class__


def _bytes(value: Any) -> Any:
    """What tells a constant from others: NaN is itself, and zero has a sign."""
    return value.tobytes() if hasattr(value, "tobytes") and not value.dtype.hasobject else repr(value)


Trial = tuple[Graph, Sequence[Any]]


def differ(first: Trial, second: Trial) -> bool:
    """Whether two Graphs of one body, each with what it captures, show that it does not do the same twice."""
    return not (are_alike(first[0], second[0]) and all(map(same_captured, first[1], second[1])))
