"""Errors of newcomers: what is named otherwise here, and a return that is missing."""

from __future__ import annotations

import functools
import re
from collections.abc import Callable, Mapping
from typing import Any, TypeVar, cast

from .core.errors import AbsentError, ArgumentError, DragongradError, NotScalarError, user_line

_Function = TypeVar("_Function", bound=Callable[..., Any])


def absent(found: tuple[str, str], error: BaseException | None = None) -> AbsentError:
    """The error for a name that another library has, from what is not there and what to write instead."""
    return AbsentError(f"{found[0]}\n  at {user_line(error)}\nWrite {found[1]}")


def no_return(f: Any, needed: str, kind: type[DragongradError] = NotScalarError) -> DragongradError:
    """The error for a function that returned None where something was needed, most often for want of a return."""
    code = getattr(f, "__code__", None)
    where = f"{code.co_filename}:{code.co_firstlineno}" if code else user_line()
    name = getattr(f, "__name__", "the function")
    return kind(f"{needed}, {name} returned nothing\n  at {where}\nIs its return missing?")


def guided(line: str, cures: Mapping[str, str]) -> Callable[[_Function], _Function]:
    """A decorator of public functions: a call that does not fit gets our error, with the line to write.

    Parameters
    ----------
    line : str
        The usual call.
    cures : mapping
        What to write instead of keywords that other libraries have.

    """

    def decorated(f: _Function) -> _Function:
        @functools.wraps(f)
        def call(*args: Any, **kwargs: Any) -> Any:
            try:
                return f(*args, **kwargs)
            except TypeError as error:
                # Raised by the call itself: no line of the function has run.
                if error.__traceback__ is None or error.__traceback__.tb_next is not None:
                    raise
                unknown = re.search(r"unexpected keyword argument '(\w+)'", str(error))
                cure = cures.get(unknown[1]) if unknown else None
                told = f"{cure}, as in {line}" if cure else line
                raise ArgumentError(f"{error}\n  at {user_line()}\nWrite {told}") from None

        return cast(_Function, call)

    return decorated


def check_callable(f: Any, name: str) -> None:
    """Refuse what is no function where one is to be looked at, most often its value."""
    if not callable(f):
        raise ArgumentError(
            f"{name} takes a function and its arguments, got {f!r} first\n  at {user_line()}\n"
            f"Write ad.{name}(f, x), not ad.{name}(f(x))"
        )


class Elsewhere:
    """A name that a class has in another library: asking for it says what to write here."""

    def __init__(self, library: str, cure: str) -> None:
        self.library, self.cure = library, cure

    def __set_name__(self, owner: type, name: str) -> None:
        self.owner, self.name = owner.__name__, name

    def __get__(self, instance: Any, owner: Any = None) -> Any:
        raise absent((f"{self.owner} has no {self.name!r}, which is a name of {self.library}", self.cure))
