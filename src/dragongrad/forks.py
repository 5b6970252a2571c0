"""The lock that a fork waits for.

A forked process has one thread, and finds the locks of its parent's other threads taken for ever. What must be
whole there is done under the one lock here, which a thread that forks takes first: whatever is made once in a
process, the use of LLVM, and the import of those rooms that are imported late.

No code of the user's and no warning is run under it: those may wait for a thread that is forking.

What takes locks that nobody else can take is `waited_for`: a fork comes when no other thread is in it.

Python drops what is raised in a function that a fork calls, as by Ctrl-C. So these are called twice: the second
call does what the first one was kept from.
"""

from __future__ import annotations

import os
import sys
import threading
import time
from collections.abc import Callable
from functools import wraps
from typing import Any, TypeVar, TypeVarTuple

Ts = TypeVarTuple("Ts")
T = TypeVar("T")

# So many seconds a fork waits for each lock.
PATIENCE = 60.0
# And for the threads in what it waits for: one that takes longer is in a user's code, which may wait for the fork.
LONGEST = 3.0
# It looks for those so often, in seconds, and after so many looks lets them have the lock for a moment.
_LOOK = 5e-4
_LOOKS = 40


class _Fork(threading.local):
    """What the thread that is forking has done."""

    def __init__(self) -> None:
        self.begun = False
        # The locks that it is to take, and whether it has them all.
        self.locks: list[Any] | None = None
        self.all = False
        # How often the thread is itself in what a fork waits for.
        self.inside = 0


class State:
    """The lock, how often this process and its parents were forked, and whether a lock was lost on the way."""

    def __init__(self) -> None:
        # Of the same thread again: the garbage collector may free what the lock guards while it is taken.
        self.lock: Any = threading.RLock()
        self.count = 0
        self.lost = False
        self.fork = _Fork()
        # The threads in what a fork waits for, as often as they are, and whether one waits: then no other begins.
        self.inside: list[int] = []
        self.closed = False


STATE = State()


def locked() -> Any:
    """What holds the lock in a `with`; Ctrl-C at any moment gives it back."""
    return STATE.lock


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


def waited_for(call: Callable[[*Ts], T]) -> Callable[[*Ts], T]:
    """A function that no fork of another thread comes amid; it may call what a user wrote.

    It is for code in C++ that takes locks of its own while other threads run Python: a child that was forked in
    that moment would wait for them for ever.
    """
    inside, ident = STATE.inside, threading.get_ident

    @wraps(call)
    def waiting(*args: *Ts) -> T:
        thread = ident()
        try:
            # In this order: a fork says that it waits, and then looks.
            inside.append(thread)
            if STATE.closed:
                _wait_for_fork(thread)
            return call(*args)
        finally:
            # Ctrl-C may have come before it was there.
            if thread in inside:
                inside.remove(thread)

    return waiting


def _wait_for_fork(thread: int) -> None:
    if STATE.closed and STATE.inside.count(thread) == 1:
        STATE.inside.remove(thread)
        # A thread that forks has the lock already, and so have those that a fork waits for anyway.
        with STATE.lock:
            STATE.inside.append(thread)


def llvmlite_lock() -> Any:
    """The lock that llvmlite takes around each of its calls, which its other users take too."""
    ffi = sys.modules.get("llvmlite.binding.ffi")
    return getattr(getattr(getattr(ffi, "lib", None), "_lock", None), "_lock", None)


def _alone() -> bool:
    """Whether soon no thread is in what a fork waits for."""
    for _ in range(_LOOKS):
        if not STATE.inside:
            return True
        time.sleep(_LOOK)
    return False


def _before() -> None:
    fork = STATE.fork
    if fork.begun:
        return
    if fork.locks is None:
        fork.locks = [lock for lock in (STATE.lock, llvmlite_lock()) if lock is not None and not lock._is_owned()]
    # Where the thread itself forks in there no lock is taken, and others that fork need not wait for it.
    own = threading.get_ident()
    while own in STATE.inside:
        fork.inside += 1
        STATE.inside.remove(own)
    end = time.monotonic() + LONGEST
    while STATE.lock._is_owned() or STATE.lock.acquire(timeout=PATIENCE):
        STATE.closed = True
        if _alone() or time.monotonic() > end:
            break
        if STATE.lock in fork.locks:
            # What they call may want it.
            STATE.lock.release()
            time.sleep(_LOOK)
    # Asked of the locks themselves: Ctrl-C may have come when one was taken, before that could be noted.
    fork.all = all(lock._is_owned() or lock.acquire(timeout=PATIENCE) for lock in fork.locks)
    fork.begun = True


def _after() -> None:
    fork = STATE.fork
    count, fork.inside = fork.inside, 0
    STATE.inside.extend([threading.get_ident()] * count)
    STATE.closed = False
    for lock in reversed(fork.locks or ()):
        if lock._is_owned():
            lock.release()
    fork.begun, fork.locks = False, None


def _in_child() -> None:
    # Once: no signal of the parent's comes here.
    STATE.inside.clear()
    lost = not STATE.fork.all
    _after()
    STATE.count += 1
    if lost:
        STATE.lock, STATE.lost = threading.RLock(), True


if hasattr(os, "register_at_fork"):
    os.register_at_fork(before=_before, after_in_parent=_after, after_in_child=_in_child)
    os.register_at_fork(before=_before, after_in_parent=_after)
