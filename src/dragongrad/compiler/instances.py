"""Instances of a user's classes: taken apart into their attributes, so that one program serves all alike."""

from __future__ import annotations

import functools
import sys
from collections.abc import Callable, Collection, Iterator
from dataclasses import is_dataclass
from functools import lru_cache
from keyword import iskeyword
from types import MethodType
from typing import Any

import numpy as np

from ..core.nests import Structure, flatten
from ..core.variable import Variable
from ..forks import locked
from ..pytrees import register_pytree_node, tree_flatten
from .python_numbers import UnstageableError
from .signature import ORDERED, Same, static_key

# An instance that holds more leaves or deeper nests is known as the object that it is.
_MOST = 4096
_DEEPEST = 64
# So are instances of classes of these packages, and of classes made from theirs; beside those that hold nothing.
_KNOWN = frozenset({*sys.stdlib_module_names, "numpy", "scipy", "optree", "dragongrad"}) - {"__main__"}
_EMPTY = frozenset({"abc", "collections.abc", "typing", "typing_extensions"})
_HEAP_TYPE = 1 << 9
# What a class shares with its instances is compiled in, and seen to change, where it is of these classes.
_SHARED = (int, float, complex, str, np.generic, np.ndarray)
# For each class met, whether its instances are nests.
_CLASSES: dict[type, bool] = {MethodType: True}
# Classes of which an instance holds a method of its own: such methods are known as the objects that they are.
_HOLD_METHODS: set[type] = set()


def take_apart(nest: Any) -> tuple[list[Any], Structure]:
    """The leaves of arguments in order, and their structure; instances are nests of their attributes.

    Raises
    ------
    RecursionError
        An instance holds itself.
    """
    leaves, structure = tree_flatten(nest, ORDERED)
    # Also those that another thread has made nests of since.
    met = [leaf for leaf in leaves if _CLASSES.get(type(leaf), True)]
    if not met:
        return leaves, structure
    with locked():
        for leaf in met:
            _visit(leaf, (), [0])
    return take_apart(nest)


def _visit(value: Any, above: tuple[int, ...], count: list[int]) -> bool:
    """Decide on the classes in a nest, and say whether it ends."""
    count[0] += 1
    if id(value) in above or count[0] > _MOST or len(above) > _DEEPEST:
        return False
    inside, cls = (*above, id(value)), type(value)
    if cls is MethodType and id(value.__self__) in above:
        _HOLD_METHODS.add(type(value.__self__))
    if cls not in _CLASSES and isinstance(value, (dict, list, tuple)):
        parts = value.values() if isinstance(value, dict) else value
        return all([_visit(part, inside, count) for part in parts])
    if _CLASSES.get(cls, True):
        ends = is_plain(cls) and all([_visit(part, inside, count) for _, part in attributes(value)])
        if ends and cls not in _CLASSES:
            _register(cls)
        _CLASSES.setdefault(cls, ends)
    # What does not end is known as an object, so that the nest around it ends here.
    return True


def is_of_a_library(module: str | None) -> bool:
    """Whether a module is of the standard library, of NumPy or another library that arrays pass through."""
    return module is not None and module.partition(".")[0] in _KNOWN


def is_plain(cls: type) -> bool:
    """Whether instances are what their attributes are: written in Python, and compared by no way of their own."""
    if not cls.__dictoffset__ and not any(_slots(cls)):
        return False
    for one in cls.__mro__[:-1]:
        known = is_of_a_library(one.__module__) and one.__module__ not in _EMPTY
        if known or not one.__flags__ & _HEAP_TYPE:
            return False
    try:
        object.__new__(cls)
    except TypeError:
        return False
    compares: Any = cls.__eq__
    return compares is object.__eq__ or cls.__hash__ is None or is_dataclass(cls)


def _slots(cls: type) -> Iterator[str]:
    for one in cls.__mro__:
        names = one.__dict__.get("__slots__", ())
        for name in (names,) if isinstance(names, str) else names:
            if name not in ("__dict__", "__weakref__"):
                private = name.startswith("__") and not name.endswith("__")
                yield f"_{one.__name__.lstrip('_')}{name}" if private else name


def attributes(instance: Any) -> list[tuple[str, Any]]:
    """The names and values of what is set on an instance, and what a method is bound to."""
    if isinstance(instance, MethodType):
        owner = instance.__self__
        return [] if type(owner) in _HOLD_METHODS else [("__self__", owner)]
    found = list(getattr(instance, "__dict__", {}).items())
    return found + [(name, getattr(instance, name)) for name in _slots(type(instance)) if hasattr(instance, name)]


def of_class(cls: type, own: Collection[str]) -> dict[str, Any]:
    """The numbers and arrays of a class that its instances have beside attributes of their own."""
    found: dict[str, Any] = {}
    for one in cls.__mro__[:-1]:
        found = {**one.__dict__, **found}
    shared = {name: value for name, value in found.items() if isinstance(value, _SHARED) and name not in own}
    return {k: v for k, v in shared.items() if k.isidentifier() and not iskeyword(k) and not k.startswith("__")}


def _register(cls: type) -> None:
    slots = frozenset(_slots(cls))

    def flat(instance: Any) -> tuple[list[Any], Any, tuple[str, ...]]:
        pairs = dict(attributes(instance)) if slots else instance.__dict__
        names = tuple(pairs)
        shared = [(name, static_key(value, lenient=True)) for name, value in of_class(cls, names).items()]
        return [pairs[name] for name in names], (names, tuple(shared)), names

    def whole(known: Any, values: Any) -> Any:
        instance: Any = object.__new__(cls)
        for name, value in zip(known[0], values, strict=True):
            if name in slots:
                object.__setattr__(instance, name, value)
            else:
                instance.__dict__[name] = value
        return instance

    register_pytree_node(cls, flat, whole, ORDERED)


def _flat_method(method: Any) -> tuple[list[Any], Any, tuple[str, ...]]:
    pairs = attributes(method)
    known = Same(method.__func__), None if pairs else Same(method.__self__)
    return [value for _, value in pairs], known, tuple([name for name, _ in pairs])


def _whole_method(known: Any, values: Any) -> Any:
    function, owner = known
    return MethodType(function.value, values[0] if owner is None else owner.value)


_METHOD: Any = MethodType
register_pytree_node(_METHOD, _flat_method, _whole_method, ORDERED)


def has_attributes(cls: type) -> bool:
    """Whether instances of a class are nests of what their `__dict__` holds, and nothing else."""
    return _CLASSES.get(cls, False) and cls is not MethodType and not any(_slots(cls))


# Structures are few, and met in many calls.
@lru_cache(maxsize=1024)
def holds_instances(structure: Structure) -> bool:
    """Whether instances are among the nodes of a nest."""
    if structure is None or structure.type is None:
        return False
    return _CLASSES.get(structure.type, False) or any(map(holds_instances, structure.children()))


def unchanging(f: Callable[..., Any], given: Any) -> Callable[..., Any]:
    """A function that may not write to the instances among its arguments, which are copies for the trace.

    Parameters
    ----------
    f : callable
        The function.
    given : tuple
        The arguments `(args, kwargs)` with the instances themselves.
    """
    originals = list(_instances(given))

    def run(*args: Any, **kwargs: Any) -> Any:
        parts = list(_instances((args, kwargs)))
        copies = {id(one): part for one, part in zip(originals, parts, strict=True)}
        for part in parts:
            if isinstance(part, MethodType):
                _check_bound(part, copies)
                continue
            for name, value in attributes(part):
                rebound = _rebound(value, copies)
                if rebound is not value:
                    object.__setattr__(part, name, rebound)
        before = [{name: _seen(value) for name, value in attributes(part)} for part in parts]
        out = f(*args, **kwargs)
        for part, known in reversed([*zip(parts, before, strict=True)]):
            now = {name: _seen(value) for name, value in attributes(part) if not _is_cached(part, name, known)}
            changed = [name for name in {**known, **now} if known.get(name) != now.get(name)]
            if changed:
                raise UnstageableError(
                    f"it sets {changed[0]} of a {type(part).__name__}, which no later call would do again\n"
                    "Return the new value, and set it where the function is called"
                )
        return out

    return run


def _instances(value: Any) -> Iterator[Any]:
    if _CLASSES.get(type(value), False):
        yield value
        parts = [part for _, part in attributes(value)]
    else:
        nested = value.values() if isinstance(value, dict) else value
        parts = list(nested) if isinstance(value, (dict, list, tuple)) else []
    for part in parts:
        yield from _instances(part)


def _check_bound(method: MethodType, copies: dict[int, Any]) -> None:
    owner = method.__self__
    if type(owner) in _HOLD_METHODS and not any(owner is one or id(owner) == k for k, one in copies.items()):
        name = type(owner).__name__
        raise UnstageableError(
            f"it takes a method of a {name}, which keeps methods of its own and would not be seen to change\n"
            f"Pass the {name} itself"
        )


def _rebound(value: Any, copies: dict[int, Any]) -> Any:
    """An attribute whose methods are bound to the copies of the instances that they were bound to."""
    if isinstance(value, MethodType):
        owner = copies.get(id(value.__self__))
        return value if owner is None else MethodType(value.__func__, owner)
    if value.__class__ in (list, tuple, dict):
        parts = list(value.values() if isinstance(value, dict) else value)
        rebound = [_rebound(part, copies) for part in parts]
        if any(a is not b for a, b in zip(parts, rebound, strict=True)):
            return dict(zip(value, rebound, strict=True)) if isinstance(value, dict) else type(value)(rebound)
    return value


def _seen(value: Any) -> Any:
    """What tells an attribute that was set, or written to, from the one before: objects, held so that they stay."""
    leaves, structure = flatten(value, ORDERED)
    return structure, [(Same(leaf), Same(leaf.link if isinstance(leaf, Variable) else None)) for leaf in leaves]


def _is_cached(instance: Any, name: str, known: Any) -> bool:
    """Whether an attribute was computed by a property that keeps it, and is computed in the program now."""
    return name not in known and isinstance(getattr(type(instance), name, None), functools.cached_property)
