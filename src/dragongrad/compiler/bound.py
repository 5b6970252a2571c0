"""Functions that are bound to objects: methods of an instance, callable instances, and what is made of them.

Those objects are arguments like any other, so that a program sees their attributes change.
"""

from __future__ import annotations

import functools
import inspect
import types
from collections.abc import Callable, Iterator
from typing import Any

from .instances import is_plain

# A name for an object, and the object.
Owner = tuple[str, Any]


def unbound(f: Callable[..., Any]) -> tuple[Callable[..., Any], tuple[Any, ...]]:
    """A function that takes the objects that `f` is bound to before its other arguments, and these objects."""
    found = list(_owners(f))
    if not found:
        return f, ()

    def run(*args: Any, **kwargs: Any) -> Any:
        owners = iter(args[: len(found)])
        return _rebound(f, owners)(*args[len(found) :], **kwargs)

    functools.update_wrapper(run, f, updated=())
    _set_signature(run, f, [name for name, _ in found])
    return run, tuple([owner for _, owner in found])


def _owners(f: Any) -> Iterator[Owner]:
    if isinstance(f, types.MethodType):
        yield from _owners(f.__func__)
        if not isinstance(f.__self__, type):
            yield _first_parameter(f.__func__), f.__self__
    elif isinstance(f, functools.partial):
        yield from _owners(f.func)
        yield from [(f"x{i}", value) for i, value in enumerate(f.args) if is_plain(type(value))]
        yield from [(name, value) for name, value in f.keywords.items() if is_plain(type(value))]
    elif _is_transform(f):
        yield from _owners(f._f)
    elif _is_callable_instance(f):
        yield _first_parameter(type(f).__call__), f


def _rebound(f: Any, owners: Iterator[Any]) -> Any:
    """The function bound to other objects."""
    if isinstance(f, types.MethodType):
        function = _rebound(f.__func__, owners)
        return types.MethodType(function, f.__self__ if isinstance(f.__self__, type) else next(owners))
    if isinstance(f, functools.partial):
        function = _rebound(f.func, owners)
        args = [next(owners) if is_plain(type(value)) else value for value in f.args]
        keywords = {k: next(owners) if is_plain(type(v)) else v for k, v in f.keywords.items()}
        return functools.partial(function, *args, **keywords)
    if _is_transform(f):
        return f.of(_rebound(f._f, owners))
    return next(owners) if _is_callable_instance(f) else f


def _is_transform(f: Any) -> bool:
    return type(f).__module__.startswith("dragongrad.") and hasattr(type(f), "of")


def _is_callable_instance(f: Any) -> bool:
    """Whether a callable is an instance of a user's class; one that may not be taken apart is closed over."""
    return is_plain(type(f)) and callable(f)


def _first_parameter(function: Any) -> str:
    try:
        return next(iter(inspect.signature(function).parameters))
    except (TypeError, ValueError, StopIteration):
        return "self"


def _set_signature(run: Any, f: Any, names: list[str]) -> None:
    try:
        signature = inspect.signature(f)
    except (TypeError, ValueError):
        return
    taken, first = set(signature.parameters), []
    for name in names:
        while name in taken:
            name += "_"
        taken.add(name)
        first.append(inspect.Parameter(name, inspect.Parameter.POSITIONAL_ONLY))
    run.__signature__ = signature.replace(parameters=[*first, *signature.parameters.values()])
