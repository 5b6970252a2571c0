"""What a function captures: the arrays and numbers of its closure and globals, which a program has as constants.

Where a name is bound to another object, the programs are out of date. That is seen at every call, by the identity
of the objects; whether an array was written to is looked at where the user asks for it.
"""

from __future__ import annotations

import dis
import functools
import types
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from ..records import mutable
from .backends.native.call.fastcall import MISSING
from .instances import is_of_a_library
from .signature import static_key

# What is looked at: so many places, found in so many functions, nests and objects, so deep.
_MOST_PLACES = 64
_MOST = 500
_DEEPEST = 4
# Longer lists and dicts are not looked into.
_LONGEST = 32
# What code calls that keeps a record in a list, and how `_read` says that it writes to elements.
_GROWING = frozenset({"append", "extend", "insert"})
_WRITTEN = "[]"
_NUMBERS = (float, int, complex, str, bytes, np.generic, type(None))


@mutable
class Place:
    """Where a function finds a value: `holder[key]`, or the contents of a cell where there is no key."""

    text: str
    holder: Any
    key: Any
    value: Any
    content: bytes | None = None

    def now(self) -> Any:
        """What is there now; nothing is MISSING."""
        try:
            return self.holder.cell_contents if self.key is None else self.holder[self.key]
        except (ValueError, LookupError):
            return MISSING

    def has_changed(self) -> bool:
        """Whether it is another value; a number that is equal is not."""
        now = self.now()
        if now is not self.value:
            if isinstance(self.value, np.ndarray) or static_key(now, True) != static_key(self.value, True):
                return True
            self.value = now
        return self.content is not None and now.tobytes() != self.content


class Captured:
    """The places that a function reads, as they were when it was traced last.

    Parameters
    ----------
    f : callable
        The function.
    contents : bool
        Whether the contents of arrays are compared at each call, and not only which arrays they are.
    """

    def __init__(self, f: Any, contents: bool) -> None:
        self.f, self.contents = f, contents
        self.places: list[Place] = []
        self.changes = 0

    def look(self) -> None:
        """Remember what is captured now."""
        self.places = list(_places(self.f, self.contents))

    def changed(self) -> str:
        """The name of what has changed since; "" where nothing has."""
        return next((place.text for place in self.places if place.has_changed()), "")

    def guarded(self, way: Callable[..., Any], by_name: bool) -> Callable[..., Any]:
        """A way into a program that is open while nothing changes; it may take arguments by name."""
        if not self.places:
            return way
        known: dict[str, Any] = {"way": way, "MISSING": MISSING}
        tests = []
        for i, place in enumerate(self.places):
            known |= {f"h{i}": place.holder, f"k{i}": place.key, f"v{i}": place.value, f"c{i}": place.content}
            found = f"h{i}.cell_contents" if place.key is None else f"h{i}[k{i}]"
            tests.append(f"{found} is v{i}" + (f" and v{i}.tobytes() == c{i}" if place.content is not None else ""))
        given = "*args, **kwargs" if by_name else "*args"
        made: Callable[..., Any] = eval(
            f"lambda {given}: way({given}) if {' and '.join(tests)} else MISSING", known
        )
        return made


def _places(f: Any, contents: bool) -> Iterator[Place]:
    seen: set[Any] = set()
    todo: list[tuple[Place, int, frozenset[str]]] = [(Place("", None, None, f), 0, frozenset())]
    count = 0
    while todo and count < _MOST_PLACES and len(seen) < _MOST:
        place, depth, named = todo.pop()
        value = place.value
        if isinstance(value, np.ndarray) and not value.dtype.hasobject:
            place.content = value.tobytes() if contents else None
        elif not isinstance(value, _NUMBERS):
            if id(value) not in seen and depth <= _DEEPEST:
                seen.add(id(value))
                todo += [(part, depth + 1, names) for part, names in _parts(place, named)]
            continue
        one = id(place.holder), repr(place.key)
        if place.holder is not None and one not in seen:
            seen.add(one)
            count += 1
            yield place


def _parts(place: Place, named: frozenset[str]) -> Iterator[tuple[Place, frozenset[str]]]:
    """What a function finds in what it has found; of objects and modules, the attributes that it names."""
    value: Any = place.value
    while isinstance(value, (types.MethodType, functools.partial)) or _is_around(value):
        value = (
            value.__func__ if isinstance(value, types.MethodType)
            else value.func if isinstance(value, functools.partial) else value._f
        )  # fmt: skip
    if isinstance(value, types.FunctionType):
        if not is_of_a_library(value.__module__):
            yield from _of_function(value)
    elif isinstance(value, (dict, list)) and len(value) <= _LONGEST:
        yield from _of_nest(place, value, named)
    elif not is_of_a_library(_module(value)):
        yield from _of_object(place, value, named)


def _of_nest(place: Place, value: Any, named: frozenset[str]) -> Iterator[tuple[Place, frozenset[str]]]:
    """The elements of a dict or list; what may count or record the calls themselves is left out."""
    if isinstance(value, list) and named & _GROWING:
        return
    counts = isinstance(value, list) or _WRITTEN in named
    for key, part in list(value.items() if isinstance(value, dict) else enumerate(value)):
        if isinstance(key, (str, int)) and not (counts and isinstance(part, _NUMBERS)):
            yield Place(f"{place.text}[{key!r}]", value, key, part), named


def _of_object(place: Place, value: Any, named: frozenset[str]) -> Iterator[tuple[Place, frozenset[str]]]:
    """The attributes of an object or a module that are named, there or in the methods that are."""
    if not isinstance(value, types.ModuleType):
        cls = value if isinstance(value, type) else type(value)
        for name in {*named, "__call__"}:
            method = getattr(cls, name, None)
            if isinstance(method, types.FunctionType):
                yield Place("", None, None, method), named
                named |= _read(method.__code__)[1]
    # What the function itself is bound to is among its arguments.
    held = {} if isinstance(value, type) or not place.text else getattr(value, "__dict__", {})
    for name in named.intersection(held):
        yield Place(f"{place.text}.{name}", held, name, held[name]), named


def _is_around(value: Any) -> bool:
    """Whether it is a transform of a function, or a compiled one."""
    return type(value).__module__.startswith("dragongrad.") and callable(getattr(value, "_f", None))


def _module(value: Any) -> Any:
    return value.__name__ if isinstance(value, types.ModuleType) else type(value).__module__


def _of_function(f: types.FunctionType) -> Iterator[tuple[Place, frozenset[str]]]:
    names, attributes, written = _read(f.__code__)
    for name, cell in zip(f.__code__.co_freevars, f.__closure__ or (), strict=True):
        if name in written:
            continue
        place = Place(name, cell, None, None)
        place.value = place.now()
        if place.value is not MISSING:
            yield place, attributes
    known = f.__globals__
    for name in names:
        if name in known:
            yield Place(name, known, name, known[name]), attributes
    # No other object can be put in these places, but arrays can be written to.
    given: Any
    for given in (f.__defaults__ or (), f.__kwdefaults__ or {}):
        for key in given if isinstance(given, dict) else range(len(given)):
            if isinstance(given[key], np.ndarray):
                yield Place(f"a default of {f.__name__}", given, key, given[key]), attributes


@functools.lru_cache(maxsize=1024)
def _read(code: types.CodeType) -> tuple[frozenset[str], frozenset[str], frozenset[str]]:
    """The global names and the attributes that code reads and does not write, and what it writes."""
    names, attributes, written = set[str](), set[str](), set[str]()
    for step in dis.get_instructions(code):
        if step.opname in ("LOAD_GLOBAL", "LOAD_NAME"):
            names.add(step.argval)
        elif step.opname in ("LOAD_ATTR", "LOAD_METHOD"):
            attributes.add(step.argval)
        elif step.opname in ("STORE_GLOBAL", "STORE_DEREF", "STORE_ATTR"):
            written.add(step.argval)
        elif step.opname == "STORE_SUBSCR":
            attributes.add(_WRITTEN)
    for constant in code.co_consts:
        if isinstance(constant, types.CodeType):
            more, further, also = _read(constant)
            names |= more
            attributes |= further
            written |= also
    # What a call writes itself, as a counter, is no constant of its.
    return frozenset(names - written), frozenset(attributes - written), frozenset(written)
