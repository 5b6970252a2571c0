"""Published test functions, as plain NumPy: a file per family."""

import difflib
import re

from ...core.errors import ArgumentError
from . import bowls, classics, fits, hills, plane, systems, tables, valleys, waves
from .problem import Problem

_FAMILIES = (classics, plane, waves, bowls, hills, tables, valleys, fits, systems)

ZOO: dict[str, Problem] = {problem.name: problem for family in _FAMILIES for problem in family.PROBLEMS}

# The collection of More, Garbow and Hillstrom (ACM TOMS 7:17, 1981), in its order.
MORE_GARBOW_HILLSTROM = (
    "rosenbrock", "freudenstein-roth", "powell-badly-scaled", "brown-badly-scaled", "beale", "jennrich-sampson",
    "helical-valley", "bard", "gaussian", "meyer", "gulf", "box", "powell-singular", "wood", "kowalik-osborne",
    "brown-dennis", "osborne-1", "biggs-exp6", "osborne-2", "watson", "extended-rosenbrock",
    "extended-powell-singular", "penalty-1", "penalty-2", "variably-dimensioned", "trigonometric",
    "brown-almost-linear", "discrete-boundary-value", "discrete-integral-equation", "broyden-tridiagonal",
    "broyden-banded", "linear-full-rank", "linear-rank-1", "linear-rank-1-zeros", "chebyquad",
)  # fmt: skip


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


__all__ = ["MORE_GARBOW_HILLSTROM", "ZOO", "Problem", "get"]
