"""The short way into a compiled path: straight to its door, before anything is looked up in Python."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from ..core.nests import Structure, flatten, unflatten
from .backends.native.backend import Native
from .backends.native.door import MISSING
from .backends.native.door_words import PUSH
from .leaves import DICTS, ORDERED

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
    if engine is None or any(isinstance(leaf, (np.ndarray, np.void)) for leaf in fixed):
        return closed
    flat = not kwargs and len(args) == len(leaves) and all(a is b for a, b in zip(args, leaves, strict=True))
    steps = _steps(out)
    door = engine.open(leaves, dynamic, steps)
    if door is None:
        return closed
    if flat and steps is not None:
        return door
    whole = out if steps is None else _WHOLE
    return _nested(door, None, whole) if flat else _nested(door, structure, whole, _order(structure, in_order))


def first_of(one: Entry, other: Entry) -> Entry:
    """What answers calls by one entry, and by another where the first does not."""

    def through(*args: Any, **kwargs: Any) -> Any:
        out = one(*args, **kwargs)
        return other(*args, **kwargs) if out is MISSING else out

    return through


_WHOLE = object()


def _steps(out: Structure) -> list[int] | None:
    """How a door puts a result of tuples together; None where other nests are in it."""
    if out is None or out.is_leaf():
        return [PUSH]
    parts = [_steps(child) for child in out.children()]
    if out.type is not tuple or any(part is None or part == [1] for part in parts):
        return None
    return [*[step for part in parts if part is not None for step in part], len(parts) + 1]


def _order(structure: Any, in_order: bool) -> Callable[[Any, Any], bool] | None:
    """Whether the dicts among some arguments are those that were traced, keys in order; None without dicts."""
    args, kwargs = structure.children()
    known: dict[str, Any] = {"again": lambda nest: flatten(nest, ORDERED)[1]}
    tests: list[str] = []

    def constant(value: Any) -> str:
        known[f"k{len(known)}"] = value
        return f"k{len(known) - 1}"

    def visit(node: Any, place: str, own: bool = True) -> None:
        if node.type in DICTS:
            keys, odd = node.entries(), any(key.__class__ is not str for key in node.entries())
            name = constant(repr(keys) if odd else keys)
            if own:
                # Dicts of every class are taken apart alike.
                tests.append(f"({name}_ := {place}).__class__ is {constant(node.type)}")
                tests.append(f"repr([*{name}_]) == {name}" if odd else f"[*{name}_] == {name}")
                place = f"{name}_"
            places = [f"{place}[{constant(key)}]" for key in keys]
        elif node.type is not None and issubclass(node.type, (tuple, list)):
            places = [f"{place}[{i}]" for i in range(node.num_children)]
        else:
            # Of other nodes it is not known where they keep what they hold.
            if _holds_dicts(node):
                tests.append(f"again({place}) == {constant(node)}")
            return
        for child, inner in zip(node.children(), places, strict=True):
            visit(child, inner)

    visit(args, "args")
    visit(kwargs, "kwargs", own=in_order)
    return eval(f"lambda args, kwargs: {' and '.join(tests)}", known) if tests else None


def _holds_dicts(node: Any) -> bool:
    return node.type in DICTS or any(map(_holds_dicts, node.children()))


def _nested(
    door: Any, structure: Structure, out: Any, is_same_order: Callable[[Any, Any], bool] | None = None
) -> Entry:
    """An entry that takes the arguments apart, or puts the result together."""

    def through(*args: Any, **kwargs: Any) -> Any:
        leaves: Any = args
        if structure is not None:
            nest: Any = (args, kwargs)
            try:
                leaves = structure.flatten_up_to(nest)
            except (ValueError, TypeError):
                # Another nest: the long way knows what to do with it.
                return MISSING
            if is_same_order is not None and not is_same_order(args, kwargs):
                return MISSING
        values = door(*leaves)
        return values if values is MISSING or out is _WHOLE else unflatten(out, values)

    return through
