"""The ambient mode of the classic interface: whether a new Variable runs forward or in reverse."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

from ..core.errors import ArgumentError

MODES = ("forward", "reverse")
_MODE: ContextVar[str | None] = ContextVar("dragongrad_mode", default=None)


def set_mode(name: str) -> None:
    """Choose how Variables made from now on carry their derivative; each thread and task has its own choice.

    Parameters
    ----------
    name : {"forward", "reverse"}

    Raises
    ------
    ArgumentError
        A ValueError: the mode is unknown.

    Examples
    --------
    >>> import dragongrad as ad
    >>> ad.set_mode("reverse")
    >>> ad.set_mode("forward")

    """
    _MODE.set(_checked(name))


@contextmanager
def mode(name: str) -> Iterator[None]:
    """Choose the mode inside a `with` block; names and errors as `set_mode`.

    Examples
    --------
    >>> import dragongrad as ad
    >>> with ad.mode("reverse"):
    ...     x = ad.Variable(3.0)
    >>> (x * x).gradient
    array([[6.]])

    """
    token = _MODE.set(_checked(name))
    try:
        yield
    finally:
        _MODE.reset(token)


def current_mode() -> str:
    """The mode that a Variable made now would have."""
    return _MODE.get() or "forward"


def chosen_mode() -> str | None:
    """The mode that `set_mode` or `mode` chose; None where nobody has."""
    return _MODE.get()


def _checked(name: str) -> str:
    if name not in MODES:
        raise ArgumentError(f"unknown mode {name!r}: choose one of {', '.join(map(repr, MODES))}")
    return name
