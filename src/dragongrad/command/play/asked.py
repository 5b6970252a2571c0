"""What a page asks for: the words of its address as values, within limits that one machine can bear."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np

from ...core.errors import ArgumentError
from ...optimize.limits import Limits
from ...optimize.minimize import METHODS, method_class
from ...optimize.objective import Array
from ...optimize.zoo import Problem
from ..optimizers import Entries, has_rate, read_optimizers, tame
from ..reading import read_function, read_numbers, read_region, read_start

# So many of each at most: of these a view is computed in seconds.
_MOST = {"steps": 5000, "grid": 300, "points": 121}
_OPTIMIZERS = 8
_LIMITS = Limits.__dataclass_fields__


class Asked:
    """The parameters of one request.

    Parameters
    ----------
    given : iterable of (str, str)
        As the address has them.
    known : sequence of str
        The names that this request may have.

    Raises
    ------
    ArgumentError
        A name is unknown or stands there twice.

    Examples
    --------
    >>> from dragongrad.command.play.asked import Asked
    >>> asked = Asked([("f", "x**2 + y**2"), ("steps", "30")], ["f", "steps"])
    >>> asked.whole("steps", 100), asked.text("f")
    (30, 'x**2 + y**2')

    """

    def __init__(self, given: Iterable[tuple[str, str]], known: Sequence[str]) -> None:
        self._given: dict[str, str] = {}
        for name, value in given:
            if name not in known:
                raise ArgumentError(f"nothing here is called {name!r}: there are {', '.join(known)}")
            if name in self._given:
                raise ArgumentError(f"{name} is given twice: leave one out")
            self._given[name] = value

    def text(self, name: str, usual: str = "") -> str:
        """A word, or the usual one."""
        return self._given.get(name, usual)

    def choice(self, name: str, among: Iterable[str]) -> str:
        """One of several words; the first of them if none is given."""
        among = list(among)
        word = self._given.get(name, among[0])
        if word not in among:
            raise ArgumentError(f"{name} is one of {', '.join(among)}, not {word!r}")
        return word

    def whole(self, name: str, usual: int, low: int = 1, high: int | None = None) -> int:
        """A whole number within limits."""
        high = _MOST[name] if high is None else high
        text = self._given.get(name, str(usual))
        if not (text.isascii() and text.isdigit() and len(text) <= 9 and low <= int(text) <= high):
            raise ArgumentError(f"{name} is a whole number from {low} to {high}, not {text[:20]!r}")
        return int(text)

    def number(self, name: str, usual: float, low: float, high: float) -> float:
        """A number within limits."""
        text = self._given.get(name, str(usual))
        try:
            found = float(text)
        except ValueError:
            found = math.nan
        if not low <= found <= high:
            raise ArgumentError(f"{name} is a number from {low:g} to {high:g}, not {text[:20]!r}")
        return found

    def numbers(self, name: str, usual: str, count: int) -> Array:
        """So many numbers of moderate size, separated by commas."""
        found = read_numbers(self.text(name, usual), name)
        if found.size != count or not (np.abs(found) <= 1e6).all():
            raise ArgumentError(f"{name} is {count} numbers up to a million in size, separated by commas")
        return found

    # What a function of two numbers is asked for

    def problem(self) -> Problem:
        """The function of two numbers: a name of the zoo, or a formula."""
        return read_function(self.text("f", "rosenbrock").strip(), plane=True)

    def region(self, problem: Problem) -> Array:
        """The region of the plane, or the usual domain of a function."""
        text = self.text("region")
        found = read_region(text) if text else problem.domain(2)
        assert found is not None
        return found

    def start(self, problem: Problem) -> Array:
        """Where the optimizers start: two numbers, or the first standard start of a function."""
        return read_start(self.text("start") or None, problem)

    def optimizers(self, usual: str) -> Entries:
        """Optimizers with the numbers that belong to them.

        Raises
        ------
        ArgumentError
            There are too many, one is not of this library, or has an option that could make a step endless.

        """
        entries = read_optimizers(self.text("o", usual))
        if len(entries) > _OPTIMIZERS:
            raise ArgumentError(f"at most {_OPTIMIZERS} optimizers run at once, and {len(entries)} are asked for")
        for label, (method, options) in entries.items():
            if ":" in method:
                raise ArgumentError(f"{label}: here only the methods of dragongrad run, not SciPy's")
            wrong = [name for name in options if not _is_own(method, name)]
            if wrong:
                raise ArgumentError(f"{label}: {wrong[0]} cannot be set here; steps are set for all methods")
        return entries

    def tamed(self, problem: Problem, start: Array, usual: str) -> tuple[Entries, list[str]]:
        """The optimizers, the learning rates that nobody chose made small enough, and a note of each."""
        return tame(problem, start, self.optimizers(usual))


def _is_own(method: str, name: str) -> bool:
    """Whether an option is a number of the method itself, and no count of anything."""
    default = {"lr": 1.0, **method_class(method).options}.get(name)
    return name not in _LIMITS and isinstance(default, (bool, float))


def methods() -> list[dict[str, Any]]:
    """The optimizers that a page offers, with their usual learning rates; None where there is none to choose."""
    first_order = [name for name in METHODS if has_rate(name)]
    others = [name for name in METHODS if name not in first_order]
    return [
        {"name": name, "lr": float(METHODS[name].lr) if name in first_order else None}
        for name in [*first_order, *others]
    ]
