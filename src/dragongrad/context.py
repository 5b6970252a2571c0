"""What is switched on for a stretch of code, in one thread or task: context variables, and nothing global."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any

# Whether `debug_nans` is active: levels then look at every value, and compiled functions run eagerly.
WATCH: ContextVar[bool] = ContextVar("dragongrad.debug_nans", default=False)
# The state of a derivative that came out NaN and is computed again, by careful rules; `ALWAYS` where every
# derivative is computed by them at once; None otherwise.
CAREFUL: ContextVar[Any] = ContextVar("dragongrad.careful", default=None)
ALWAYS = object()


def is_careful() -> bool:
    """Whether a careful computation is running."""
    return CAREFUL.get() is not None and CAREFUL.get() is not ALWAYS


@contextmanager
def careful(state: Any) -> Iterator[None]:
    """Compute by the careful rules."""
    token = CAREFUL.set(state)
    try:
        yield
    finally:
        CAREFUL.reset(token)
