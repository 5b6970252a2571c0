"""Published test functions, as plain NumPy: a file per family."""

import difflib
import re

from ...core.errors import ArgumentError
from . import bowls, classics, hills, plane, tables, waves
from .problem import Problem

ZOO: dict[str, Problem] = {
    p.name: p for family in (classics, plane, waves, bowls, hills, tables) for p in family.PROBLEMS
}


def _plain(name: str) -> str:
    return re.sub(r"[^a-z0-9]", "", name.lower())


_PLAIN = {_plain(name): name for name in ZOO}


def get(name: str) -> Problem:
    """The test function of a name; capitals, spaces, hyphens and underscores are all one.

    Raises
    ------
    ArgumentError
        There is none of this name: the message names the nearest.

    Examples
    --------
    >>> from dragongrad.optimize import zoo
    >>> problem = zoo.get("Goldstein_Price")
    >>> problem.minimum(), problem.minima()
    (3.0, [array([ 0., -1.])])

    """
    plain = _plain(str(name))
    if plain in _PLAIN:
        return ZOO[_PLAIN[plain]]
    near = [_PLAIN[p] for p in difflib.get_close_matches(plain, _PLAIN, n=3)]
    hint = f"did you mean {' or '.join(map(repr, near))}?" if near else f"choose among {', '.join(ZOO)}"
    raise ArgumentError(f"no test function is called {name!r}: {hint}")


__all__ = ["ZOO", "Problem", "get"]
