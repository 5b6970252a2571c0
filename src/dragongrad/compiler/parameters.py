"""The parameters of a function that is compiled: which are static, and whether the order of keywords matters."""

from __future__ import annotations

import inspect
from collections.abc import Sequence
from typing import Any

from ..core.errors import ArgumentError
from ..core.nests import flatten
from .signature import ORDERED


class Parameters:
    """What is known of a function's parameters.

    Parameters
    ----------
    f : callable
        The function; of some functions in C nothing is known.
    static : sequence of int or str
        The arguments that are compiled in by value, by position or name.
    owners : int
        How many of the first arguments the caller does not pass: positions do not count them.

    Attributes
    ----------
    takes_any : bool
        Whether it may take keywords that it does not name, and so see in which order they come.
    """

    def __init__(self, f: Any, static: Sequence[int | str], owners: int = 0) -> None:
        try:
            known = list(inspect.signature(f).parameters.values())
        except (TypeError, ValueError):
            known = None
        kinds = {p.kind for p in known or ()}
        self.takes_any = known is None or inspect.Parameter.VAR_KEYWORD in kinds
        self._names: list[str] = [
            p.name for p in known or () if p.kind in (p.POSITIONAL_ONLY, p.POSITIONAL_OR_KEYWORD)
        ]
        self._ends = known is not None and inspect.Parameter.VAR_POSITIONAL not in kinds
        self._keywords = {p.name for p in known or () if p.kind is p.KEYWORD_ONLY}
        self._static: set[int | str] = set()
        self._owners = owners
        for one in static:
            self._add(f, one)

    def _add(self, f: Any, one: Any) -> None:
        if isinstance(one, bool) or not isinstance(one, (int, str)):
            raise ArgumentError(f"static takes positions and names of arguments, got {one!r}")
        names = self._names
        count = len(names) - self._owners
        missing = (
            one not in (*names, *self._keywords) and not self.takes_any
            if isinstance(one, str)
            else self._ends and not -count <= one < count
        )
        if missing:
            raise ArgumentError(
                f"{getattr(f, '__name__', f)} has no argument {one!r} that could be static; it takes "
                f"{', '.join([*names, *sorted(self._keywords)]) or 'none'}"
            )
        # A parameter is the same by position and by name.
        if isinstance(one, str):
            self._static |= {one, *([names.index(one)] if one in names else [])}
        else:
            one = one + (self._owners if one >= 0 else len(names) if self._ends else 0)
            self._static |= {one, *([names[one]] if 0 <= one < len(names) else [])}

    def ordered(self, kwargs: dict[str, Any]) -> dict[str, Any]:
        """Keyword arguments in an order of their own, where the function cannot tell the difference."""
        return kwargs if self.takes_any or len(kwargs) < 2 else dict(sorted(kwargs.items()))

    def static(self, args: tuple[Any, ...], kwargs: dict[str, Any]) -> frozenset[int]:
        """The leaves of the arguments that are static."""
        found: set[int] = set()
        at = 0
        given = [(value, {i, i - len(args)}) for i, value in enumerate(args)]
        for value, names in given + [(value, {name}) for name, value in kwargs.items()]:
            count = len(flatten(value, ORDERED)[0])
            if names & self._static:
                found.update(range(at, at + count))
            at += count
        return frozenset(found)

    def __bool__(self) -> bool:
        """Whether any argument is static by name or position."""
        return bool(self._static)
