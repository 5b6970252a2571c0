"""Errors of newcomers: what is named otherwise here, and a return that is missing."""

from __future__ import annotations

from typing import Any

from .core.errors import AbsentError, DragongradError, NotScalarError, user_line


def absent(found: tuple[str, str], error: BaseException | None = None) -> AbsentError:
    """The error for a name that another library has, from what is not there and what to write instead."""
    return AbsentError(f"{found[0]}\n  at {user_line(error)}\nWrite {found[1]}")


def no_return(f: Any, needed: str, kind: type[DragongradError] = NotScalarError) -> DragongradError:
    """The error for a function that returned None where something was needed, most often for want of a return."""
    code = getattr(f, "__code__", None)
    where = f"{code.co_filename}:{code.co_firstlineno}" if code else user_line()
    name = getattr(f, "__name__", "the function")
    return kind(f"{needed}, {name} returned nothing\n  at {where}\nIs its return missing?")


class Elsewhere:
    """A name that a class has in another library: asking for it says what to write here."""

    def __init__(self, library: str, cure: str) -> None:
        self.library, self.cure = library, cure

    def __set_name__(self, owner: type, name: str) -> None:
        self.owner, self.name = owner.__name__, name

    def __get__(self, instance: Any, owner: Any = None) -> Any:
        raise absent((f"{self.owner} has no {self.name!r}, which is a name of {self.library}", self.cure))
