"""What a command writes on the terminal: tables and lines, and how it ends."""

from __future__ import annotations

import os
import re
import signal
import sys
import threading
import traceback
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from rich.console import Console

from ..core.errors import DragongradError, MissingExtraError

# Exit statuses: what was asked for failed, was asked for wrongly, was ended by Ctrl-C.
_FAILED, _MISUSED, _INTERRUPTED = 1, 2, 130
# A file or a pipe gets every row on one line; on a terminal narrower than this, columns break into letters.
_UNBOUNDED, _NARROWEST = 4000, 60
# The line of the user's program that an error speaks of.
_PLACE = re.compile(r"\n  at .*")


def show(*things: Any) -> None:
    """Print tables and lines, as wide as the terminal."""
    console = Console(markup=False, highlight=False)
    console.width = max(console.width, _NARROWEST) if console.is_terminal else _UNBOUNDED
    for thing in things:
        console.print(thing, soft_wrap=isinstance(thing, str))


class Interrupted(BaseException):
    """Ctrl-C, by a name that the library does not know: a run would end with its best point, and the next begin."""


@contextmanager
def terminal() -> Iterator[None]:
    """Make warnings lines, the streams fit to be written to, whatever the locale, and let Ctrl-C end everything."""
    usual = signal.getsignal(signal.SIGINT)
    mine = usual is signal.default_int_handler and threading.current_thread() is threading.main_thread()
    with warnings.catch_warnings():
        warnings.showwarning = _warn
        # SciPy goes on without an option that it does not know.
        warnings.filterwarnings("error", message="Unknown solver options")
        _mend_streams()
        if mine:
            signal.signal(signal.SIGINT, _interrupt)
        try:
            yield
        finally:
            if mine:
                signal.signal(signal.SIGINT, usual)


def _interrupt(*_: Any) -> None:
    raise Interrupted


def _mend_streams() -> None:
    for name in ("stdout", "stderr"):
        stream: Any = getattr(sys, name)
        if stream is None:  # closed by the shell
            setattr(sys, name, open(os.devnull, "w", encoding="utf-8"))  # noqa: SIM115 - for as long as we run
        elif hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="backslashreplace")


def _warn(message: Warning | str, *_: Any, **__: Any) -> None:
    _report("Warning:", "yellow", str(message).strip())


def _report(head: str, colour: str, text: str) -> None:
    console = Console(stderr=True, markup=False, highlight=False)
    console.print(head, style=f"bold {colour}", end=" ")
    console.print(text, soft_wrap=True)


def end(error: BaseException) -> int:
    """Say what ended a command, in a line that names the cure; the exit status."""
    try:
        sys.stdout.flush()
    except OSError as unwritten:
        error = unwritten
        # What is left in the buffer is not to be tried again when Python ends.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    if isinstance(error, SystemExit):
        return error.code if isinstance(error.code, int) else _FAILED
    if isinstance(error, BrokenPipeError):  # as with `| head`: nobody reads on
        return _FAILED
    if os.environ.get("DRAGONGRAD_TRACEBACK"):
        traceback.print_exception(error)
    if isinstance(error, (Interrupted, KeyboardInterrupt)):
        _report("Interrupted", "red", "")
        return _INTERRUPTED
    text, status = _told(error)
    _report("Error:", "red", text)
    return status


def without_place(error: BaseException) -> str:
    """The message of an error of ours, without the line of the user's program: it would be one of this package."""
    return _PLACE.sub("", str(error))


def _told(error: BaseException) -> tuple[str, int]:
    """What to say of an error, and the exit status."""
    if hasattr(error, "format_message"):  # Typer's, of a word that it does not know
        context = getattr(error, "ctx", None)
        see = "" if context is None else f" (see {context.command_path} --help)"
        return f"{error.format_message().rstrip('.')}{see}", _MISUSED
    if isinstance(error, DragongradError):
        return without_place(error), _FAILED if isinstance(error, MissingExtraError) else _MISUSED
    if isinstance(error, Warning):
        return str(error).strip(), _MISUSED
    if isinstance(error, MemoryError):
        return "there is not enough memory: ask for fewer starts or steps", _FAILED
    if isinstance(error, OSError):
        return f"cannot read or write {error.filename or 'the output'}: {error.strerror or error}", _FAILED
    return f"{type(error).__name__}: {error} (a mistake in dragongrad; DRAGONGRAD_TRACEBACK=1 shows where)", _FAILED
