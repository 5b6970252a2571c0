"""Records: classes of named fields, and those of them that are parameters of Blocks.

As dataclasses, for classes of the library: where Python compiles six methods for one of those, it compiles
one here, when the first is made. Modules full of them are imported in a fraction of the time.
"""

from __future__ import annotations

from collections.abc import Callable
from inspect import get_annotations
from operator import attrgetter
from typing import Any, TypeVar, dataclass_transform

_T = TypeVar("_T")
_MISSING: Any = object()
# Records by their names: what a file holds of a parameter of a Block is the name and the fields.
RECORDS: dict[str, Any] = {}


class _Factory:
    def __init__(self, make: Callable[[], Any]) -> None:
        self.make = make


def field(*, default_factory: Callable[[], Any]) -> Any:
    """A field whose default is made anew for each record."""
    return _Factory(default_factory)


@dataclass_transform(frozen_default=True, field_specifiers=(field,))
def record(cls: type[_T]) -> type[_T]:
    """Make a class whose annotations are its fields: given in order or by name, compared, hashed, and never set."""
    _make(cls, frozen=True)
    return cls


@dataclass_transform(field_specifiers=(field,))
def mutable(cls: type[_T]) -> type[_T]:
    """Make a class whose annotations are its fields, which may be set: it is compared, and has no hash."""
    _make(cls, frozen=False)
    return cls


def parameter(cls: type[_T]) -> type[_T]:
    """Declare a record whose instances are parameters of Blocks."""
    RECORDS[cls.__name__] = cls
    return cls


def replace(one: _T, **changes: Any) -> _T:
    """A record with some fields changed."""
    return one.__class__(**{name: getattr(one, name) for name in names_of(one)} | changes)


def names_of(one: Any) -> tuple[str, ...]:
    """The names of the fields of a record."""
    names: tuple[str, ...] = one.__match_args__
    return names


def values_of(one: Any) -> tuple[Any, ...]:
    """The fields of a record."""
    return tuple([getattr(one, name) for name in names_of(one)])


def _make(cls: Any, frozen: bool) -> None:
    own = get_annotations(cls)
    names = tuple(dict.fromkeys([*getattr(cls, "__match_args__", ()), *own]))
    defaults = {**getattr(cls, "_defaults", {}), **{n: cls.__dict__[n] for n in own if n in cls.__dict__}}
    for name, value in defaults.items():
        if isinstance(value, _Factory) and name in cls.__dict__:
            delattr(cls, name)
    cls._defaults = defaults
    given: dict[str, Any] = {
        "__match_args__": names, "__init__": _waiting(cls, names, defaults, frozen), "__repr__": _repr,
        "__eq__": _comparison(names), "__hash__": _hash(names) if frozen else None,
    }  # fmt: skip
    if frozen:
        given |= {"__setattr__": _refuse, "__delattr__": _refuse}
    for name, method in given.items():
        # A class that is compared in its own way has no hash of its own but None.
        if cls.__dict__.get(name) is None:
            setattr(cls, name, method)


def _waiting(cls: Any, names: tuple[str, ...], defaults: dict[str, Any], frozen: bool) -> Any:
    """The method that sets the fields, compiled when the first record is made."""

    def initialize(self: Any, *args: Any, **kwargs: Any) -> None:
        made = _initializer(names, defaults, frozen)
        # Another thread may have come here too: both have made the same.
        cls.__init__ = made
        made(self, *args, **kwargs)

    return initialize


def _initializer(names: tuple[str, ...], defaults: dict[str, Any], frozen: bool) -> Any:
    known: dict[str, Any] = {"_missing": _MISSING, "_set": object.__setattr__}
    given, lines = ["self"], ["pass"]
    for name in names:
        value = name
        if name in defaults:
            default = defaults[name]
            makes = isinstance(default, _Factory)
            known[f"_{name}"] = default.make if makes else default
            value = f"_{name}() if {name} is _missing else {name}" if makes else name
            given.append(f"{name}={'_missing' if makes else f'_{name}'}")
        else:
            given.append(name)
        lines.append(f"_set(self, {name!r}, {value})" if frozen else f"self.{name} = {value}")
    body = "\n ".join(lines)
    exec(f"def __init__({', '.join(given)}):\n {body}", known)
    return known["__init__"]


def _getter(names: tuple[str, ...]) -> Callable[[Any], Any]:
    if len(names) > 1:
        return attrgetter(*names)
    return lambda one: tuple([getattr(one, name) for name in names])


def _comparison(names: tuple[str, ...]) -> Any:
    get = _getter(names)

    def equal(self: Any, other: Any) -> Any:
        return get(self) == get(other) if other.__class__ is self.__class__ else NotImplemented

    return equal


def _hash(names: tuple[str, ...]) -> Any:
    get = _getter(names)

    def hashed(self: Any) -> int:
        return hash(get(self))

    return hashed


def _repr(self: Any) -> str:
    fields = ", ".join(f"{name}={getattr(self, name)!r}" for name in names_of(self))
    return f"{self.__class__.__qualname__}({fields})"


def _refuse(self: Any, name: str, *value: Any) -> None:
    raise AttributeError(f"a {self.__class__.__name__} is a record, whose fields are not set: {name}")
