"""Ctrl-C where Python would lose it."""

from __future__ import annotations

import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

# What came and was lost within `interrupts_kept`, until it is raised.
_lost: list[BaseException] = []


class _Hook:
    """A `sys.unraisablehook` that keeps Ctrl-C, and hands everything else to the one before it."""

    def __init__(self, before: Callable[[Any], Any]) -> None:
        self.before = before
        # A user's hook may call it for ever.
        self.over = False

    def __call__(self, unraisable: Any) -> None:
        # What another thread raises is no Ctrl-C.
        is_main = threading.current_thread() is threading.main_thread()
        if is_main and not self.over and isinstance(unraisable.exc_value, KeyboardInterrupt):
            _lost.append(unraisable.exc_value)
        else:
            self.before(unraisable)


@contextmanager
def interrupts_kept() -> Iterator[None]:
    """Let Ctrl-C end what it comes amid, wherever it comes.

    Python drops what a finalizer raises, or a function that C calls: it goes to `sys.unraisablehook`, and the
    program goes on. Here such an interrupt is raised at the end, or by `raise_lost` before.
    """
    if threading.current_thread() is not threading.main_thread():
        # Ctrl-C does not come here.
        yield
        return
    before = sys.unraisablehook
    sys.unraisablehook = hook = _Hook(before)
    try:
        yield
        raise_lost()
    finally:
        hook.over = True
        if sys.unraisablehook is hook:
            sys.unraisablehook = before
        if not isinstance(before, _Hook) or before.over:
            # What has been raised meanwhile ends the program's work as well.
            _lost.clear()


def raise_lost() -> None:
    """Raise an interrupt that came within `interrupts_kept` and was lost there."""
    if _lost and threading.current_thread() is threading.main_thread():
        _lost.clear()
        raise KeyboardInterrupt
