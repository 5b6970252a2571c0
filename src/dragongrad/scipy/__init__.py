"""SciPy's functions under their own names, with exact derivatives.

On plain arrays each is SciPy's own. On Variables it has exact derivatives, forward and reverse, of any order, in
batches and in compiled code. The parts are imported when they are first asked for, and SciPy with them.
"""

from __future__ import annotations

from importlib import import_module
from typing import Any

from ..core.errors import AbsentError
from ..forks import locked

PARTS = (
    "fft",
    "integrate",
    "interpolate",
    "linalg",
    "ndimage",
    "optimize",
    "signal",
    "sparse",
    "spatial",
    "special",
    "stats",
)
__all__ = list(PARTS)


def __getattr__(name: str) -> Any:
    if name.startswith("__"):
        # Python itself asks for such names, and takes no for an answer.
        raise AttributeError(name)
    if name not in PARTS:
        solvers = "\nFor optimisation write ad.minimize, ad.least_squares, ad.root, or dragongrad.interop.scipy"
        where = solvers if name == "optimize" else ""
        raise AbsentError(f"dragongrad.scipy has no {name!r}; it has {', '.join(PARTS)}{where}")
    with locked():
        return import_module(f"{__name__}.{name}")


def __dir__() -> list[str]:
    return sorted({*globals(), *PARTS})
