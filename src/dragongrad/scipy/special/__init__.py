"""`scipy.special`, differentiable, by SciPy's names.

SciPy's ufuncs are themselves here: they ask Variables, and need no wrapper. Its functions in Python have others for
Variables, which answer to SciPy's own names too; of plain arrays they are SciPy's own.
"""

from importlib import import_module
from typing import Any

from ...core.errors import NoRuleError, user_line
from ..chapters import Chapter
from ..names import PYTHON, REFUSED


def __getattr__(name: str) -> Any:
    theirs = import_module("scipy.special")
    if name in PYTHON:
        found = Chapter(theirs).smooth(getattr(import_module(f"{__name__}.functions"), name))
    elif name in REFUSED:
        raise AttributeError(f"dragongrad.scipy.special has no {name}: {REFUSED[name]}")
    elif name in theirs.__all__:
        found = getattr(theirs, name)
    else:
        raise AttributeError(f"neither dragongrad.scipy.special nor scipy.special has a function {name!r}")
    globals()[name] = found
    return found


def refuse(name: str) -> None:
    """Refuse Variables as arguments of a function of SciPy's that is Python and has no rule."""
    raise NoRuleError(f"scipy.special.{name} has no derivative rule: {REFUSED[name]}\n  at {user_line()}")


def __dir__() -> list[str]:
    return sorted({*import_module("scipy.special").__all__, *PYTHON} - set(REFUSED))
