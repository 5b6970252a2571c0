"""The short way into a compiled path: straight to its entry point, before anything is looked up in Python."""

from __future__ import annotations

from collections import defaultdict, deque
from collections.abc import Callable
from types import MethodType
from typing import Any, cast

import numpy as np

from ..core.nests import Structure, flatten, unflatten
from ..pytrees import flatten_up_to
from .backends.native.call.abi import PUSH
from .backends.native.call.fastcall import MISSING
from .backends.native.program import Native
from .instances import has_attributes, of_class
from .signature import DICTS, ORDERED

Entry = Callable[..., Any]


def closed(*args: Any, **kwargs: Any) -> Any:
    """The entry of a function that has none: every call takes the long way."""
    return MISSING


def entry(
    engine: Native | None,
    leaves: list[Any],
    dynamic: list[int],
    structure: Structure,
    out: Structure,
    in_order: bool,
) -> Entry:
    """What answers calls with arguments like these, and `MISSING` to any other.

    Parameters
    ----------
    engine : Native or None
        What runs the path, where that is machine code.
    leaves, structure
        The arguments `(args, kwargs)` that were traced, taken apart.
    dynamic : list of int
        The leaves that the path computes with; the others must be the very same objects.
    out : Structure
        Of the path's result.
    in_order : bool
        Whether the order of arguments by name matters.
    """
    args, kwargs = unflatten(structure, leaves)
    fixed = [leaf for i, leaf in enumerate(leaves) if i not in set(dynamic)]
    # What can be written to is not known by the object that it is.
    if engine is None or any(isinstance(leaf, (np.ndarray, np.void, set)) for leaf in fixed):
        return closed
    flat = not kwargs and len(args) == len(leaves) and all(a is b for a, b in zip(args, leaves, strict=True))
    steps = _steps(out)
    native = engine.open(leaves, dynamic, steps)
    if native is None:
        return closed
    if flat and steps is not None:
        return native
    whole = out if steps is None else _WHOLE
    return _whole(native, whole) if flat else _nested(native, structure, whole, in_order)


def first_of(one: Entry, other: Entry) -> Entry:
    """What answers calls by one entry, and by another where the first does not."""

    def through(*args: Any, **kwargs: Any) -> Any:
        out = one(*args, **kwargs)
        return other(*args, **kwargs) if out is MISSING else out

    return through


_WHOLE = object()


def _steps(out: Structure) -> list[int] | None:
    """How an entry point puts a result of tuples together; None where other nests are in it."""
    if out is None or out.is_leaf():
        return [PUSH]
    parts = [_steps(child) for child in out.children()]
    if out.type is not tuple or any(part is None or part == [1] for part in parts):
        return None
    return [*[step for part in parts if part is not None for step in part], len(parts) + 1]


# A nest of more leaves is taken apart by optree.
_MOST_LEAVES = 1000


class _Reader:
    """Python code that takes arguments apart as those that were traced, and says whether they are such.

    `leaves` are the places of the leaves, `tests` what must hold. Where it is not `complete`, there are nodes of
    which it is not known where they keep what they hold.
    """

    def __init__(self, structure: Any, in_order: bool) -> None:
        self.known: dict[str, Any] = {"again": lambda nest: flatten(nest, ORDERED)[1]}
        self.tests: list[str] = []
        self.leaves: list[str] = []
        self.complete = structure.num_leaves <= _MOST_LEAVES
        args, kwargs = structure.children()
        self._read(args, "args")
        self._read(kwargs, "kwargs", own=in_order)

    def _constant(self, value: Any) -> str:
        self.known[f"k{len(self.known)}"] = value
        return f"k{len(self.known) - 1}"

    def _read(self, node: Any, place: str, own: bool = True) -> None:
        if node.is_leaf():
            self.leaves.append(place)
            return
        cls = node.type
        name = f"{self._constant(cls)}_"
        is_class = f"({name} := {place}).__class__ is {name[:-1]}"
        if cls in DICTS:
            self._keys(node, name, is_class, own)
            if cls is defaultdict:
                self.tests.append(f"{name}.default_factory is {self._constant(_like(node).default_factory)}")
            places = [f"{name}[{self._constant(key)}]" for key in node.entries()]
        elif issubclass(cls, (tuple, list, deque)):
            self.tests.append(f"{is_class} and len({name}) == {node.num_children}")
            if cls is deque:
                self.tests.append(f"{name}.maxlen == {_like(node).maxlen}")
            places = [f"{name}[{i}]" for i in range(node.num_children)]
        elif cls is type(None):
            self.tests.append(is_class)
            return
        elif cls is MethodType:
            made = _like(node)
            self.tests.append(f"{is_class} and {name}.__func__ is {self._constant(made.__func__)}")
            places = [f"{name}.__self__"] if node.num_children else []
            if not places:
                self.tests.append(f"{name}.__self__ is {self._constant(made.__self__)}")
        elif has_attributes(cls):
            names = node.entries()
            self.tests.append(f"{is_class} and [*({name} := {name}.__dict__)] == {self._constant(names)}")
            places = [f"{name}[{key!r}]" for key in names]
            self._shared(cls, names, name[:-1])
        else:
            self.complete = False
            if _holds_dicts(node):
                self.tests.append(f"again({place}) == {self._constant(node)}")
            return
        for child, inner in zip(node.children(), places, strict=True):
            self._read(child, inner)

    def _shared(self, cls: type, own: list[str], name: str) -> None:
        """Test that the numbers and arrays of a class are those that were compiled in."""
        for key, value in of_class(cls, own).items():
            known = self._constant(value)
            self.tests.append(f"{name}.{key} is {known}")
            if isinstance(value, np.ndarray):
                self.tests.append(f"{known}.tobytes() == {self._constant(value.tobytes())}")

    def _keys(self, node: Any, name: str, is_class: str, own: bool) -> None:
        keys = node.entries()
        if not own:
            self.tests.append(f"({name} := kwargs).keys() == {self._constant(frozenset(keys))}")
        elif any(key.__class__ is not str for key in keys):
            self.tests.append(f"{is_class} and repr([*{name}]) == {self._constant(repr(keys))}")
        else:
            # Dicts of every class are taken apart alike.
            self.tests.append(f"{is_class} and [*{name}] == {self._constant(keys)}")


def _like(node: Any) -> Any:
    """A nest of such a structure, around any leaves."""
    return unflatten(node, list(range(node.num_leaves)))


def _holds_dicts(node: Any) -> bool:
    return node.type in DICTS or any(map(_holds_dicts, node.children()))


def _nested(native: Any, structure: Any, out: Any, in_order: bool) -> Entry:
    """An entry that takes the arguments apart, and puts the result together."""
    reader = _Reader(structure, in_order)
    known = {**reader.known, "native": _whole(native, out), "MISSING": MISSING}
    tests = " and ".join(reader.tests) or "True"
    if reader.complete:
        made: Entry = eval(
            f"lambda *args, **kwargs: native({', '.join(reader.leaves)}) if {tests} else MISSING", known
        )
        return made
    is_same_order = eval(f"lambda args, kwargs: {tests}", known)

    def through(*args: Any, **kwargs: Any) -> Any:
        try:
            leaves = flatten_up_to(structure, (args, kwargs))
        except (ValueError, TypeError):
            # Another nest: the long way knows what to do with it.
            return MISSING
        return known["native"](*leaves) if is_same_order(args, kwargs) else MISSING

    return through


def _whole(native: Any, out: Any) -> Entry:
    """An entry point with its result put together."""
    if out is _WHOLE:
        return cast("Entry", native)

    def through(*leaves: Any) -> Any:
        values = native(*leaves)
        return values if values is MISSING else unflatten(out, values)

    return through
