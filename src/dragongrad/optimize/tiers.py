"""From eager to compiled: a derivative runs as it is until its running time says that compiling pays.

A function that takes 20 microseconds and is asked 30 times is done before anything could be compiled; one that has
already run for as long as compiling takes is likely to run for longer. What is compiled no longer runs the user's
Python code, so it is checked against it when it takes over, and once more at the result.
"""

from __future__ import annotations

import time
import warnings
from collections.abc import Callable
from typing import Any

import numpy as np

from ..compiler.runtime import compile as compile_function
from ..core.errors import CompileWarning, DragongradError
from ..core.nests import flatten

# About what compiling a small function takes, in seconds.
WORTH = 0.1
# Compiled sums add in another order.
_TOLERANCE = 1e-6


class Tiered:
    """A function of nests that is compiled once it has run for long enough.

    Parameters
    ----------
    function : callable
        What runs, and is compiled.
    allowed : bool
        Whether it may be compiled at all.

    Attributes
    ----------
    compiled : bool
        Whether it has been.

    """

    def __init__(self, function: Callable[..., Any], allowed: bool) -> None:
        self.function = function
        self.allowed = allowed
        self.seconds = 0.0
        self._quick: Any = None

    @property
    def compiled(self) -> bool:
        """Whether calls are answered by compiled code."""
        return self._quick is not None

    def __call__(self, *args: Any) -> Any:
        """The value of the function."""
        if self._quick is not None:
            return self._quick(*args)
        if not self.allowed:
            return self.function(*args)
        start = time.perf_counter()
        out = self.function(*args)
        self.seconds += time.perf_counter() - start
        if self.seconds > WORTH:
            self._take_over(args, out)
        return out

    def _take_over(self, args: tuple[Any, ...], out: Any) -> None:
        self.allowed = False
        quick = compile_function(self.function)
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore", CompileWarning)
                quick(*args)
                again = quick(*args)
        except DragongradError:
            # What cannot be compiled went well eagerly a moment ago: it goes on so.
            return
        if not agree(again, out):
            warn_impure()
            return
        self._quick = quick

    def check(self, *args: Any) -> None:
        """Warn where the function no longer gives what was compiled of it."""
        if self._quick is not None and not agree(self._quick(*args), self.function(*args)):
            warn_impure()
            self._quick = None


def agree(one: Any, other: Any) -> bool:
    """Whether two nests of numbers are the same but for rounding."""
    pairs = zip(flatten(one)[0], flatten(other)[0], strict=True)
    return all(
        np.allclose(a, b, rtol=_TOLERANCE, atol=_TOLERANCE * float(np.max(np.abs(b), initial=0.0)), equal_nan=True)
        for a, b in pairs
    )


def warn_impure() -> None:
    """Say that a function is not one of its arguments alone."""
    warnings.warn(
        "the function gives another value when it is called again (it is random, or reads something that changes): "
        "it runs eagerly; pass compile=False to say so from the start",
        CompileWarning,
        stacklevel=5,
    )
