"""Worker threads: long loops are cut into parts, and the workers take part after part.

The workers are threads of the system that never touch Python. The parts of a loop depend on its length and work
alone, and what they add up is combined in order: results depend neither on timing nor on the number of threads.
"""

from __future__ import annotations

import ctypes
import os
import threading

from .....core.errors import ArgumentError
from ....process import address_of, keep_forever, once, python_function
from ..jit.engine import Library, provide
from ..linalg.external_calls import thread_controls
from ..tuning import MOST_PARTS, MOST_THREADS, PART_NS

_FROM_PYTHON = ("PyThread_acquire_lock", "PyThread_release_lock")

# `slots` are pairs: the lock that a worker sleeps on, and whether it sleeps. `remaining` counts down, and a ticket
# is valid while it was above zero: one drawn late, from a job that is over, is never taken for one of the next.
_TEXT = """
@dragongrad.slots = global [512 x ptr] zeroinitializer
@dragongrad.active = global i64 0
@dragongrad.lock = global ptr null
@dragongrad.finished = global ptr null
@function = internal global ptr null
@table = internal global ptr null
@parts = internal global i64 0
@dragongrad.remaining = global i64 0
@done = internal global i64 0
declare i32 @PyThread_acquire_lock(ptr, i32)
declare void @PyThread_release_lock(ptr)

define internal void @work() {
  br label %draw
draw:
  %ticket = atomicrmw sub ptr @dragongrad.remaining, i64 1 seq_cst
  %valid = icmp sgt i64 %ticket, 0
  br i1 %valid, label %part, label %out
part:
  %function = load ptr, ptr @function
  %table = load ptr, ptr @table
  %parts = load i64, ptr @parts
  %number = sub i64 %parts, %ticket
  call void %function(ptr %table, i64 %number)
  %before = atomicrmw add ptr @done, i64 1 seq_cst
  %after = add i64 %before, 1
  %last = icmp eq i64 %after, %parts
  br i1 %last, label %tell, label %draw
tell:
  %finished = load ptr, ptr @dragongrad.finished
  call void @PyThread_release_lock(ptr %finished)
  br label %draw
out:
  ret void
}

define void @dragongrad.worker(ptr %slot) {
  %sleeps = getelementptr ptr, ptr %slot, i64 1
  br label %start
start:
  br label %spin
spin:
  %i = phi i64 [ 0, %start ], [ %i1, %again ]
  %seen = load atomic i64, ptr @dragongrad.remaining acquire, align 8
  %some = icmp sgt i64 %seen, 0
  br i1 %some, label %busy, label %again
again:
  %i1 = add i64 %i, 1
  %enough = icmp eq i64 %i1, 20000
  br i1 %enough, label %sleep, label %spin
sleep:
  store atomic i64 1, ptr %sleeps seq_cst, align 8
  %late = load atomic i64, ptr @dragongrad.remaining seq_cst, align 8
  %missed = icmp sgt i64 %late, 0
  br i1 %missed, label %rise, label %wait
rise:
  %was = atomicrmw xchg ptr %sleeps, i64 0 seq_cst
  %own = icmp eq i64 %was, 1
  br i1 %own, label %busy, label %wait
wait:
  %lock = load ptr, ptr %slot
  %got = call i32 @PyThread_acquire_lock(ptr %lock, i32 1)
  br label %busy
busy:
  call void @work()
  br label %start
}

define void @dragongrad.parallel(ptr %function, ptr %table, i64 %parts) {
  %workers = load atomic i64, ptr @dragongrad.active seq_cst, align 8
  %none = icmp eq i64 %workers, 0
  br i1 %none, label %alone, label %try
try:
  ; One job at a time: whoever finds the workers taken does the work itself.
  %lock = load ptr, ptr @dragongrad.lock
  %got = call i32 @PyThread_acquire_lock(ptr %lock, i32 0)
  %free = icmp eq i32 %got, 1
  br i1 %free, label %begin, label %alone
begin:
  store ptr %function, ptr @function
  store ptr %table, ptr @table
  store i64 %parts, ptr @parts
  store atomic i64 0, ptr @done seq_cst, align 8
  store atomic i64 %parts, ptr @dragongrad.remaining seq_cst, align 8
  br label %wake
wake:
  %w = phi i64 [ 0, %begin ], [ %w1, %next ]
  %k = mul i64 %w, 2
  %slot = getelementptr ptr, ptr @dragongrad.slots, i64 %k
  %sleeps = getelementptr ptr, ptr %slot, i64 1
  %slept = atomicrmw xchg ptr %sleeps, i64 0 seq_cst
  %asleep = icmp eq i64 %slept, 1
  br i1 %asleep, label %call, label %next
call:
  %bed = load ptr, ptr %slot
  call void @PyThread_release_lock(ptr %bed)
  br label %next
next:
  %w1 = add i64 %w, 1
  %all = icmp eq i64 %w1, %workers
  br i1 %all, label %join, label %wake
join:
  call void @work()
  br label %spin
spin:
  %i = phi i64 [ 0, %join ], [ %i1, %still ]
  %count = load atomic i64, ptr @done acquire, align 8
  %over = icmp eq i64 %count, %parts
  br i1 %over, label %end, label %still
still:
  %i1 = add i64 %i, 1
  %enough = icmp eq i64 %i1, 20000
  br i1 %enough, label %end, label %spin
end:
  %finished = load ptr, ptr @dragongrad.finished
  %told = call i32 @PyThread_acquire_lock(ptr %finished, i32 1)
  call void @PyThread_release_lock(ptr %lock)
  ret void
alone:
  %p = phi i64 [ 0, %0 ], [ 0, %try ], [ %p1, %alone ]
  call void %function(ptr %table, i64 %p)
  %p1 = add i64 %p, 1
  %last = icmp eq i64 %p1, %parts
  br i1 %last, label %out, label %alone
out:
  ret void
}
"""

# Parts that call BLAS have a thread each: more of BLAS's own would stand in each other's way, and wait for long.
# Only who found several sets them back, so that two programs at once leave what was there.
_BESIDE_BLAS = """
declare i32 @blas.threads.get()
declare void @blas.threads.set(i32)
declare void @dragongrad.parallel(ptr, ptr, i64)
define void @dragongrad.parallel.blas(ptr %function, ptr %table, i64 %parts) {
  %count = call i32 @blas.threads.get()
  %several = icmp sgt i32 %count, 1
  br i1 %several, label %one, label %plain
one:
  call void @blas.threads.set(i32 1)
  call void @dragongrad.parallel(ptr %function, ptr %table, i64 %parts)
  call void @blas.threads.set(i32 %count)
  ret void
plain:
  call void @dragongrad.parallel(ptr %function, ptr %table, i64 %parts)
  ret void
}
"""


def _default() -> int:
    # OMP_NUM_THREADS may be a list, for nested regions.
    first = os.environ.get("OMP_NUM_THREADS", "").split(",")[0].strip()
    return int(first) if first.isdigit() and int(first) else _cores()


def _cores() -> int:
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


class Workers:
    """The worker threads of this process."""

    def __init__(self) -> None:
        self.wanted = _default()
        self._started = 0
        self._ready = False
        self._lock = threading.Lock()

    def set(self, count: int) -> None:
        """So many threads compute, the caller's among them."""
        with self._lock:
            self.wanted = count
            if self._ready:
                self._wake()

    def ready(self) -> None:
        """Make the workers, where none are yet."""
        _addresses()
        with self._lock:
            if not self._ready:
                self._locks()
                self._ready = True
            self._wake()

    def forget(self) -> None:
        """In a process that was forked: the threads are not there."""
        self._lock = threading.Lock()
        self._started = 0
        if self._ready:
            # A job that was under way goes on in the parent only.
            self._word("active").value = self._word("remaining").value = 0
            self._ready = False

    def _word(self, name: str, number: int = 0) -> ctypes.c_int64:
        return ctypes.c_int64.from_address(_addresses()[name] + 8 * number)

    def _locks(self) -> None:
        for name, taken in (("lock", False), ("finished", True)):
            self._word(name).value = _new_lock(taken)

    def _wake(self) -> None:
        count = min(self.wanted, MOST_THREADS) - 1
        worker = _addresses()["worker"]
        start = python_function("PyThread_start_new_thread", ctypes.c_ulong, ctypes.c_void_p, ctypes.c_void_p)
        while self._started < count:
            slot = self._word("slots", 2 * self._started)
            slot.value = _new_lock(True)
            self._word("slots", 2 * self._started + 1).value = 0
            if start(worker, ctypes.addressof(slot)) == ctypes.c_ulong(-1).value:
                # The system has no more threads: fewer do the work.
                break
            self._started += 1
        self._word("active").value = min(count, self._started)


def _new_lock(taken: bool) -> int:
    """A lock of CPython's, which needs no Python to be waited on."""
    lock = int(python_function("PyThread_allocate_lock", ctypes.c_void_p)())
    if taken:
        python_function("PyThread_acquire_lock", ctypes.c_int, ctypes.c_void_p, ctypes.c_int)(lock, 1)
    return lock


@once
def _addresses() -> dict[str, int]:
    """Where the code of the workers is, and the words that they share."""
    for name in _FROM_PYTHON:
        provide(name, address_of(ctypes.pythonapi[name]))
    library = keep_forever(Library(_TEXT, 0))
    provide("dragongrad.parallel", library.address("dragongrad.parallel"))
    names = ("worker", "slots", "active", "lock", "finished", "remaining")
    return {name: library.address(f"dragongrad.{name}") for name in names}


@once
def parallel_beside_blas() -> str:
    """The name of what runs parts that call BLAS."""
    controls = thread_controls()
    if controls is None:
        return "dragongrad.parallel"
    for verb, address in zip(("get", "set"), controls, strict=True):
        provide(f"blas.threads.{verb}", address)
    _addresses()
    name = "dragongrad.parallel.blas"
    provide(name, keep_forever(Library(_BESIDE_BLAS, 0)).address(name))
    return name


WORKERS = Workers()
if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=WORKERS.forget)


def parts_of(nanoseconds: float, length: int) -> int:
    """Into how many parts a loop is cut; 1 leaves it whole."""
    return max(1, min(MOST_PARTS, length, int(nanoseconds / PART_NS))) if nanoseconds >= 2 * PART_NS else 1


def at_once() -> int:
    """How many parts are computed at the same time at most, unless more threads are asked for later than cores."""
    return max(WORKERS.wanted, _cores())


def set_threads(count: int) -> None:
    """Choose how many threads long loops of compiled functions use.

    Results do not depend on it. Before the first call it is `OMP_NUM_THREADS`, or the number of cores.

    Parameters
    ----------
    count : int
        At least 1, which is the caller's own thread.

    Raises
    ------
    ArgumentError
        `count` is not a positive integer.

    Examples
    --------
    >>> import dragongrad as ad
    >>> ad.set_threads(2)

    """
    if isinstance(count, bool) or not isinstance(count, int) or count < 1:
        raise ArgumentError(f"set_threads takes a positive integer, got {count!r}")
    WORKERS.set(count)
