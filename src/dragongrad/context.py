"""What is switched on for a stretch of code, in one thread or task: context variables, and nothing global."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from typing import Any

# Whether `debug_nans` is active: levels then look at every value, and compiled functions run eagerly.
WATCH: ContextVar[bool] = ContextVar("dragongrad.debug_nans", default=False)
# The state of a derivative that came out NaN and is computed again, by careful rules; `ALWAYS` where every
# derivative is computed by them at once; `Derivatives` while a function is traced; None otherwise.
CAREFUL: ContextVar[Any] = ContextVar("dragongrad.careful", default=None)
ALWAYS = object()
# The level that writes the program of a compiled function, or of the body of a loop in it.
STAGE: ContextVar[Any] = ContextVar("dragongrad.stage", default=None)
# How many steps of loops (`scan`, `while_loop` ...) Python has run so far: a hint at what a call costs.
STEPS = [0]
_SEVERAL = 4


@dataclass(slots=True)
class Derivatives:
    """What a trace does about derivatives that may be NaN.

    Attributes
    ----------
    foretold : bool
        Whether it goes on as if none were, and guards that; if not, each that is NaN now is computed again.
    count : int
        How many were taken so far, those inside another one not counted.
    depth : int
        How many of them are being taken, one inside the other.
    asked : bool
        Whether they are looked at; if not, whoever runs the program looks for a NaN.

    """

    foretold: bool = True
    count: int = 0
    depth: int = 0
    asked: bool = True

    def again(self) -> Any:
        """How to trace anew what met a NaN: all by the careful rules, or of several derivatives those that are NaN.

        Many might be NaN in too many ways, each of which is a program.
        """
        return Derivatives(foretold=False) if 1 < self.count <= _SEVERAL else ALWAYS


def is_careful() -> bool:
    """Whether a careful computation is running."""
    mode = CAREFUL.get()
    return mode is not None and mode is not ALWAYS and mode.__class__ is not Derivatives


def foretells() -> bool:
    """Whether a trace goes on as if no derivative were NaN."""
    mode = CAREFUL.get()
    return mode.__class__ is not Derivatives or mode.foretold


def unasked() -> Derivatives | None:
    """What is switched on where a trace does not look at its derivatives."""
    mode = CAREFUL.get()
    return mode if mode.__class__ is Derivatives and not mode.asked else None


def is_plain() -> bool:
    """Whether derivatives are computed by the plain rules first."""
    mode = CAREFUL.get()
    return mode is None or mode.__class__ is Derivatives


@contextmanager
def careful(state: Any) -> Iterator[None]:
    """Compute by the careful rules."""
    token = CAREFUL.set(state)
    try:
        yield
    finally:
        CAREFUL.reset(token)
