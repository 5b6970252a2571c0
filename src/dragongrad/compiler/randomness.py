"""Whether a function draws random numbers: those of the traced run would come again at every call."""

from __future__ import annotations

import functools
import linecache
import random
import sys
import types
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any

import numpy as np

from ..core.errors import user_line
from ..namespace import generators, is_answering, replace, when_random
from .instances import attributes, is_of_a_library
from .python_numbers import UnstageableError
from .trace import trace_call
from .traced import Traced

# A function's surroundings are searched so far.
_DEEPEST = 8
_MOST = 2000
State = tuple[Callable[[], Any], Any]
# A run is watched for so many lines of the user's, to find the one that draws.
_MOST_LINES = 5000
_CURE = "Pass them as an argument, or draw them where the function is called"
# Whether a run is being traced, which a generator of an unknown seed would make a constant of.
_TRACING: ContextVar[bool] = ContextVar("dragongrad.tracing", default=False)


class DrawingError(UnstageableError):
    """A compiled function draws random numbers, from some of the generators whose `states` are known."""

    def __init__(self, states: list[State], line: str = "") -> None:
        self.states = states
        at = f"\n  at {line}" if line else ""
        super().__init__(f"it draws random numbers, which would be the same at every call{at}\n{_CURE}")


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
    with _tracing():
        traced = trace_call(f, leaves, structure, dynamic, title, lazy=True)
        if moved(shared) or len(shared_states()) > len(shared):
            # Another thread may have drawn from what all share, though hardly twice.
            own += shared_states()
            traced = trace_call(f, leaves, structure, dynamic, title, lazy=True)
    if moved(own):
        raise DrawingError([(ask, ask()) for ask, _ in own])
    return traced


@contextmanager
def _tracing() -> Iterator[None]:
    token = _TRACING.set(True)
    try:
        yield
    finally:
        _TRACING.reset(token)


def _default_rng(seed: Any = None) -> Any:
    """As NumPy's; what a generator gives that took its seed from the system cannot be compiled in."""
    if seed is None and _TRACING.get() and is_answering():
        raise DrawingError([], user_line())
    return generators().default_rng(seed)


when_random(lambda: replace("random.default_rng", _default_rng))


def drawn_at(error: DrawingError, run: Callable[[], Any]) -> tuple[Any, DrawingError]:
    """Run a function that draws random numbers; what it returns, and the error with the line that draws.

    The generators are looked at after each line of the user's code, unless a debugger watches it already.
    """
    if not error.states or sys.gettrace() is not None:
        return run(), error
    watch = _Watch(error.states)
    sys.settrace(watch.enter)
    try:
        out = run()
    finally:
        sys.settrace(None)
    return out, DrawingError(error.states, watch.line)


class _Watch:
    """What Python calls at each line: it finds the first after which a generator has drawn."""

    def __init__(self, states: list[State]) -> None:
        self.states, self.line, self.count = [(ask, ask()) for ask, _ in states], "", 0
        self.last: tuple[str, int] | None = None

    def enter(self, frame: types.FrameType, event: str, arg: Any) -> Any:
        """Whether the code of a frame is the user's, which is then watched."""
        del arg
        if self.line or self.count > _MOST_LINES or is_of_a_library(frame.f_globals.get("__name__")):
            return None
        self._look(frame)
        return self._step

    def _step(self, frame: types.FrameType, event: str, arg: Any) -> Any:
        del arg
        self._look(frame if event != "return" else frame.f_back)
        return self._step

    def _look(self, frame: types.FrameType | None) -> None:
        self.count += 1
        if self.line or self.count > _MOST_LINES:
            return
        if self.last is not None and moved(self.states):
            name, number = self.last
            self.line = f"{name}:{number}: {linecache.getline(name, number).strip()}".rstrip(": ")
        self.last = None if frame is None else (frame.f_code.co_filename, frame.f_lineno)


def shared_states() -> list[State]:
    """How the states of NumPy's and Python's own generators are asked for, and what they are."""
    chances = generators()
    asked: list[Callable[[], Any]] = [random.getstate]
    if chances is not None:
        asked.append(functools.partial(chances.get_state, legacy=False))
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
    chances = generators()
    if chances is None:
        _search_python(value, depth, seen, found)
    elif isinstance(value, chances.Generator):
        _search(value.bit_generator, depth, seen, found)
    elif isinstance(value, chances.BitGenerator):
        found[id(value)] = lambda: value.state
    elif isinstance(value, chances.RandomState):
        # It may keep a normal number that it has drawn already.
        found[id(value)] = functools.partial(value.get_state, legacy=False)
    else:
        _search_python(value, depth, seen, found)


def _search_python(value: Any, depth: int, seen: set[int], found: dict[int, Callable[[], Any]]) -> None:
    """The same of what is none of NumPy's generators."""
    if isinstance(value, random.SystemRandom):
        # It has no state.
        return
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
    elif isinstance(value, (list, tuple, set, frozenset, deque)):
        yield from value
    elif isinstance(value, types.GeneratorType):
        # What it draws when the next value is asked for.
        if value.gi_frame is not None:
            yield from value.gi_frame.f_locals.values()
            yield from _of_globals(value.gi_code, value.gi_frame.f_globals)
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
    yield from _of_globals(f.__code__, f.__globals__)


def _of_globals(code: types.CodeType, known: dict[str, Any]) -> Iterator[Any]:
    """What code reads from its module, and from modules that are found in it or imported by the code."""
    names, seen = set(_names(code)), set[int]()
    todo = [*[known[name] for name in names if name in known], *_imported(names)]
    while todo:
        value = todo.pop()
        if not isinstance(value, types.ModuleType):
            yield value
        elif id(value) not in seen and not is_of_a_library(value.__name__):
            seen.add(id(value))
            todo += [vars(value)[name] for name in names if name in vars(value)]


def _imported(names: set[str]) -> list[Any]:
    return [sys.modules[name] for name in names if name in sys.modules]


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
