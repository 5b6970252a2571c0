"""Rules that enter the table late: those of another library's ufuncs, when the first of them meets a Variable.

The module that declares them imports that library, which may take longer than to import all of this one.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from importlib import import_module
from typing import Any

from .collector import collector_paused
from .forks import locked

# A module of another library, and that of ours which declares the rules of its functions. Filled by the package.
RULES: dict[str, str] = {}
_done: set[str] = set()
# What is done after any of them, again and again.
_followers: list[Callable[[], None]] = []
_OWN = f"{__name__.partition('.')[0]}."
_NEEDED = f"{_OWN}scipy."


def declared(*names: str) -> bool:
    """Import the rules that were not imported before, of libraries that the process has; whether there were any.

    Those of a function that is named (`"scipy.special.erf"`, or `"dragongrad.scipy.special.erf"`) are imported
    also where its library was not.
    """
    left = [theirs for theirs in RULES if theirs not in _done]
    wanted = [theirs for theirs in left if theirs in sys.modules or _is_of(theirs, names)]
    # Who meets such a function in another thread waits until all of its library have their rules.
    for theirs in wanted:
        with locked(), collector_paused():
            import_module(RULES[theirs])
    return bool(wanted)


def finish(rules: str) -> None:
    """Say that a module has declared all its rules; it does so at its end, however it came to be imported."""
    with locked():
        _done.update(theirs for theirs, ours in RULES.items() if ours == rules)
        for do in _followers:
            do()


def follow(do: Callable[[], None]) -> None:
    """Do something now, and again whenever more rules are declared."""
    with locked():
        _followers.append(do)
        do()


def library_of(fn: Any) -> str:
    """The module of another library that has a function; "" where it is of none that rules are known for."""
    name = getattr(fn, "__name__", "")
    return next((theirs for theirs in RULES if name and getattr(sys.modules.get(theirs), name, None) is fn), "")


def is_late(fn: Any) -> bool:
    """Whether a function is one that `library_of` knows, or one that rules for these need: no name of NumPy's."""
    return bool(library_of(fn)) or str(getattr(fn, "__module__", "")).startswith(_NEEDED)


def _is_of(theirs: str, names: tuple[str, ...]) -> bool:
    return any(name.removeprefix(_OWN).startswith(f"{theirs}.") for name in names)
