"""Whether a function draws random numbers: those of the traced run would come again at every call."""

from __future__ import annotations

import functools
import random
import types
from collections.abc import Callable, Iterable, Iterator
from typing import Any

import numpy as np

# NumPy imports it when it is first asked for: here, and not while another thread may fork.
from numpy import random as chances

from .instances import attributes, is_of_a_library
from .trace import Traced, UnstageableError, trace_call

# A function's surroundings are searched so far.
_DEEPEST = 8
_MOST = 2000
State = tuple[Callable[[], Any], Any]


def trace_repeatable(
    f: Any, leaves: list[Any], structure: Any, dynamic: list[int], title: str, reached: Iterable[Any]
) -> Traced:
    """Trace a function as `trace_call` does, where `reached` is what it can reach: itself and its arguments.

    Raises
    ------
    UnstageableError
        It draws random numbers.
    """
    own, shared = reachable_states(reached), shared_states()
    traced = trace_call(f, leaves, structure, dynamic, title, lazy=True)
    if moved(shared):
        # Another thread may have drawn from what all share, though hardly twice.
        own += shared_states()
        traced = trace_call(f, leaves, structure, dynamic, title, lazy=True)
    if moved(own):
        raise UnstageableError(
            "it draws random numbers, which would be the same at every call\nPass them as an argument"
        )
    return traced


def shared_states() -> list[State]:
    """How the states of NumPy's and Python's own generators are asked for, and what they are."""
    asked: list[Callable[[], Any]] = [functools.partial(chances.get_state, legacy=False), random.getstate]
    return [(ask, ask()) for ask in asked]


def reachable_states(values: Iterable[Any]) -> list[State]:
    """The same of the generators that can be reached from a function and its arguments.

    Those are found in nests, closures and globals, in attributes of instances, classes and modules, and in those of
    the functions that are named.
    """
    found: dict[int, Callable[[], Any]] = {}
    seen: set[int] = set()
    for value in values:
        _search(value, 0, seen, found)
    return [(ask, ask()) for ask in found.values()]


def _search(value: Any, depth: int, seen: set[int], found: dict[int, Callable[[], Any]]) -> None:
    if id(value) in seen or depth > _DEEPEST or len(seen) > _MOST:
        return
    seen.add(id(value))
    if isinstance(value, (chances.Generator, chances.RandomState)):
        bits = value.bit_generator if isinstance(value, chances.Generator) else value._bit_generator
        found[id(bits)] = lambda: bits.state
    elif isinstance(value, random.Random):
        found[id(value)] = value.getstate
    else:
        for part in _parts(value):
            _search(part, depth + 1, seen, found)


def _parts(value: Any) -> Iterator[Any]:
    """What a function can reach from a value."""
    if isinstance(value, types.FunctionType):
        if not is_of_a_library(value.__module__):
            yield from _reached(value)
    elif isinstance(value, types.MethodType):
        yield from (value.__func__, value.__self__)
    elif isinstance(value, functools.partial):
        yield from (value.func, *value.args, *value.keywords.values())
    elif isinstance(value, dict):
        yield from value.values()
    elif isinstance(value, (list, tuple)):
        yield from value
    elif isinstance(value, (staticmethod, classmethod)):
        yield value.__func__
    elif isinstance(value, property):
        yield value.fget
    elif isinstance(value, type):
        yield from _of_class(value)
    elif not isinstance(value, types.ModuleType):
        # Transforms are among these, with the functions that they were made of.
        yield from [part for _, part in attributes(value)]
        yield from _of_class(type(value))


def _of_class(cls: type) -> Iterator[Any]:
    for one in cls.__mro__:
        if not is_of_a_library(one.__module__):
            yield from one.__dict__.values()


def _reached(f: types.FunctionType) -> Iterator[Any]:
    for cell in f.__closure__ or ():
        try:
            yield cell.cell_contents
        except ValueError:
            # A name that has no value yet.
            continue
    yield from f.__defaults__ or ()
    yield from (f.__kwdefaults__ or {}).values()
    names = set(_names(f.__code__))
    for value in [f.__globals__[name] for name in names if name in f.__globals__]:
        if isinstance(value, types.ModuleType):
            if not is_of_a_library(value.__name__):
                yield from [vars(value)[name] for name in names if name in vars(value)]
        else:
            yield value


def _names(code: types.CodeType) -> Iterator[str]:
    yield from code.co_names
    for constant in code.co_consts:
        if isinstance(constant, types.CodeType):
            yield from _names(constant)


def moved(before: Iterable[State]) -> bool:
    """Whether a generator has drawn since."""
    return any(not _same(ask(), state) for ask, state in before)


def _same(a: Any, b: Any) -> bool:
    if isinstance(a, dict):
        return all(_same(a[k], b[k]) for k in a)
    return bool(np.array_equal(a, b)) if isinstance(a, np.ndarray) else bool(a == b)
