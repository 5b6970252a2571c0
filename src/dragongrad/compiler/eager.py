"""The first run of a function that could not be traced: its own value or error, and the reason in words."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from .. import elsewhere
from .python_numbers import UnstageableError
from .randomness import DrawingError, drawn_at


def run_instead(error: Exception, run: Callable[[], Any]) -> tuple[Any, str]:
    """What a function returns, and why it could not be traced.

    Parameters
    ----------
    error : Exception
        What was raised while it was traced.
    run : callable
        Runs it on plain arrays. An error that it raises then is its own, and the other is not mentioned.
    """
    cause = error.__cause__ if isinstance(error.__cause__, UnstageableError) else error
    with _without_context(error):
        if isinstance(cause, DrawingError):
            out, cause = drawn_at(cause, run)
        else:
            out = run()
    return out, str(cause)


@contextmanager
def _without_context(error: Exception) -> Iterator[None]:
    """Let an error of the function's own show without the one that it raised on Variables before, with its cure."""
    try:
        yield
    except BaseException as own:
        if own.__context__ is error:
            own.__context__ = None
        if cure := elsewhere.of_error(own):
            own.add_note(cure)
        raise
