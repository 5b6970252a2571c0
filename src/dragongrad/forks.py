"""The lock that a fork waits for.

A forked process has one thread, and finds the locks of its parent's other threads taken for ever. What must be
whole there is done under the one lock here, which a thread that forks takes first: whatever is made once in a
process, the use of LLVM, and the import of those rooms that are imported late.

No code of the user's and no warning is run under it: those may wait for a thread that is forking.
"""

from __future__ import annotations

import os
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

# So many seconds a fork waits for each lock.
PATIENCE = 60.0


class State:
    """The lock, how often this process and its parents were forked, and whether a lock was lost on the way."""

    def __init__(self) -> None:
        # Of the same thread again: the garbage collector may free what the lock guards while it is taken.
        self.lock = threading.RLock()
        self.count = 0
        self.lost = False
        # What the thread that is forking has taken, and whether that is all.
        self.taken = threading.local()


STATE = State()


@contextmanager
def locked() -> Iterator[None]:
    """Hold the lock."""
    with STATE.lock:
        yield


class Lock:
    """A lock between the threads of one process: in a process that was forked it is free, whoever held it.

    `with lock():` takes it.
    """

    def __init__(self) -> None:
        self._made = STATE.count, threading.RLock()

    def __call__(self) -> Any:
        """The lock of this process."""
        if self._made[0] != STATE.count:
            with STATE.lock:
                if self._made[0] != STATE.count:
                    self._made = STATE.count, threading.RLock()
        return self._made[1]


def llvmlite_lock() -> Any:
    """The lock that llvmlite takes around each of its calls, which its other users take too."""
    ffi = sys.modules.get("llvmlite.binding.ffi")
    return getattr(getattr(getattr(ffi, "lib", None), "_lock", None), "_lock", None)


def _before() -> None:
    taken = STATE.taken
    taken.locks, taken.all = [], False
    wanted = [lock for lock in (STATE.lock, llvmlite_lock()) if lock is not None]
    for lock in wanted:
        if lock.acquire(timeout=PATIENCE):
            taken.locks.append(lock)
    taken.all = len(taken.locks) == len(wanted)


def _after() -> None:
    for lock in reversed(STATE.taken.locks):
        lock.release()


def _in_child() -> None:
    _after()
    STATE.count += 1
    if not STATE.taken.all:
        STATE.lock, STATE.lost = threading.RLock(), True


if hasattr(os, "register_at_fork"):
    os.register_at_fork(before=_before, after_in_parent=_after, after_in_child=_in_child)
