"""The classes of classes that stand for SciPy's, by which `isinstance` takes SciPy's too."""

from __future__ import annotations

from collections.abc import Callable
from types import GenericAlias, new_class
from typing import Any


class Kind(type):
    """The class of a class that stands for one of SciPy's, which is its `theirs`.

    `isinstance` and `issubclass` know SciPy's by it as well; of a class that a user derives from it they do not.
    """

    theirs: Any

    def __instancecheck__(cls, value: Any) -> bool:
        return cls.is_ours(value) or ("theirs" in vars(cls) and isinstance(value, cls.theirs))

    def __subclasscheck__(cls, other: Any) -> bool:
        if type.__subclasscheck__(cls, other):
            return True
        # One of ours is below another one as SciPy's are.
        other = vars(other).get("theirs", other) if isinstance(other, Kind) else other
        return "theirs" in vars(cls) and issubclass(other, cls.theirs)

    def is_ours(cls, value: Any) -> bool:
        """Whether a value is of this class itself, and not of SciPy's."""
        return type.__instancecheck__(cls, value)


class Maker(Kind):
    """The class of a function that makes what a class of SciPy's does.

    A class that is derived of one is derived of SciPy's.
    """

    make: Callable[..., Any]
    has: Callable[[Any], bool]

    def __new__(mcs, name: str, bases: tuple[Any, ...], parts: dict[str, Any], **options: Any) -> Any:
        """Make the class of a function; below one, a class of SciPy's."""
        if not bases:
            return super().__new__(mcs, name, bases, parts)
        theirs = tuple(base.theirs if type(base) is mcs else base for base in bases)
        return new_class(name, theirs, options, lambda space: space.update(parts))

    def __call__(cls, *args: Any, **kwargs: Any) -> Any:
        """Make what the class of SciPy's does."""
        return cls.make(*args, **kwargs)

    def is_ours(cls, value: Any) -> bool:
        """Whether a value is what stands for an object of SciPy's class."""
        return cls.has(value)

    def __getitem__(cls, item: Any) -> GenericAlias:
        return GenericAlias(cls, item)

    def __getattr__(cls, name: str) -> Any:
        # What the class of SciPy's has, such as its other ways to make one, takes plain arrays.
        return getattr(vars(cls)["theirs"], name)


def as_class(make: Any, theirs: Any, has: Callable[[Any], bool]) -> Any:
    """A function that makes what a class of SciPy's does, as a class; what it makes of Variables it `has`."""
    about = {key: getattr(make, key) for key in ("__doc__", "__module__")}
    parts = {"make": staticmethod(make), "has": staticmethod(has), "theirs": theirs, "__wrapped__": theirs}
    return Maker(theirs.__name__, (), {**about, **parts})


def seen_as(own: Callable[[Any], Any]) -> Any:
    """The `__class__` of what holds an object of SciPy's: `isinstance`, by which SciPy asks, takes it for one."""

    def find(self: Any) -> Any:
        try:
            held = own(self)
        except AttributeError:
            # It is not whole yet.
            held = None
        return type(self) if held is None else type(held)

    return property(find)


def _made_again(cls: Any) -> Any:
    return cls.__new__(cls)


def pickled(self: Any) -> Any:
    """The `__reduce__` of what says such a `__class__`, by which a copy would be SciPy's."""
    return _made_again, (type(self),), self.__getstate__()
