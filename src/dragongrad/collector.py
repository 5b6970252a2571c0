"""Python's garbage collector, paused where much is made that stays: a Graph, or the modules of a room."""

from __future__ import annotations

import gc
import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager

# The threads that paused Python's garbage collector, which others found paused.
_PAUSED: set[int] = set()


@contextmanager
def collector_paused() -> Iterator[None]:
    """Keep Python's garbage collector from walking again and again over what is being made and stays."""
    running = gc.isenabled()
    if running:
        _PAUSED.add(threading.get_ident())
        gc.disable()
    try:
        yield
    finally:
        if running:
            gc.enable()
            _PAUSED.discard(threading.get_ident())


def _resume_collector() -> None:
    """In a process that was forked: the other threads that paused it are not there."""
    if _PAUSED - {threading.get_ident()}:
        _PAUSED.clear()
        gc.enable()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_resume_collector)
