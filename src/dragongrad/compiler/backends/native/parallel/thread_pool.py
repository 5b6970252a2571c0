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
from ..ir.code import Code
from ..ir.functions import External, Variable, defined, module_text
from ..ir.records import Field, Record
from ..ir.registers import I1, I8, I32, I64, PTR, VOID, Register
from ..jit.engine import Library, provide
from ..linalg.external_calls import thread_controls
from ..tuning import MOST_PARTS, MOST_THREADS, PART_NS

# How often a thread looks for what is to come before it sleeps.
_LOOKS = 20_000

_ACQUIRE = External("PyThread_acquire_lock", I32, (PTR, I32))
_RELEASE = External("PyThread_release_lock", VOID, (PTR,))
_FROM_PYTHON = (_ACQUIRE.name, _RELEASE.name)
# One part of a loop: of the table of pointers and its number.
_PART = External("part", VOID, (PTR, I64))


class Slot(Record):
    """A worker: the lock that it sleeps on, and whether it sleeps."""

    lock = Field(PTR)
    sleeps = Field(I64)


_SLOTS = Variable("dragongrad.slots", f"[{MOST_THREADS * Slot.length // 8} x ptr]", "zeroinitializer")
_ACTIVE = Variable("dragongrad.active", I64)  # how many workers there are
_LOCK = Variable("dragongrad.lock", PTR, "null")  # of the one job that workers do at a time
_FINISHED = Variable("dragongrad.finished", PTR, "null")  # the lock that is released when its last part is done
# The job. `remaining` counts down, and a ticket is valid while it was above zero: one drawn late, from a job that
# is over, is never taken for one of the next.
_REMAINING = Variable("dragongrad.remaining", I64)
_DONE = Variable("done", I64, linkage="internal")
_FUNCTION, _TABLE = (Variable(name, PTR, "null", "internal") for name in ("function", "table"))
_PARTS = Variable("parts", I64, linkage="internal")


@defined("work", VOID)
def _work(code: Code) -> None:
    """Do parts, as long as there are any."""
    with code.forever():
        ticket = code.pointer_to(_REMAINING).update("sub", 1)
        code.return_unless(ticket > 0)
        parts = code.pointer_to(_PARTS).load(I64)
        function, table = (code.pointer_to(which).load(PTR) for which in (_FUNCTION, _TABLE))
        code.call_pointer(function.name, _PART, table, parts - ticket)
        done = code.pointer_to(_DONE).update("add", 1) + 1
        with code.when(done.equals(parts)):
            code.call(_RELEASE, code.pointer_to(_FINISHED).load(PTR))


@defined("comes", I1)
def _comes(code: Code) -> None:
    """Whether work comes soon."""
    with code.loop(_LOOKS):
        code.return_if(code.pointer_to(_REMAINING).load(I64, "acquire") > 0, True)
    code.ret(False)


@defined("sleep", VOID, PTR)
def _sleep(code: Code, slot: Register) -> None:
    """Sleep until there is work: whoever begins a job releases the locks of those that sleep."""
    sleeps = slot.at(Slot.sleeps)
    sleeps.store(1, I64, "seq_cst")
    with code.when(code.pointer_to(_REMAINING).load(I64, "seq_cst") > 0):
        # Work came before anybody saw this one sleep; unless somebody did, no lock is released.
        code.return_if(sleeps.update("xchg", 0).equals(1))
    code.call(_ACQUIRE, slot[Slot.lock], 1)


@defined("dragongrad.worker", VOID, PTR, linkage="")
def _worker(code: Code, slot: Register) -> None:
    """What a thread does all its life."""
    with code.forever():
        with code.when(~code.call(_comes)):
            code.call(_sleep, slot)
        code.call(_work)


@defined("wake", VOID, I64)
def _wake(code: Code, workers: Register) -> None:
    """Wake the workers that sleep."""
    with code.loop(workers) as i:
        slot = code.pointer_to(_SLOTS).element(I8, i * Slot.length)
        with code.when(slot.at(Slot.sleeps).update("xchg", 0).equals(1)):
            code.call(_RELEASE, slot[Slot.lock])


@defined("dragongrad.parallel", VOID, PTR, PTR, I64, linkage="")
def parallel(code: Code, function: Register, table: Register, parts: Register) -> None:
    """Do all parts of a loop, and return when they are done."""
    workers = code.pointer_to(_ACTIVE).load(I64, "seq_cst")
    with code.when(workers.differs(0)):
        # One job at a time: whoever finds the workers taken does the work itself.
        lock = code.pointer_to(_LOCK).load(PTR)
        with code.when(code.call(_ACQUIRE, lock, 0).equals(1)):
            for variable, value in ((_FUNCTION, function), (_TABLE, table), (_PARTS, parts)):
                code.pointer_to(variable).store(value)
            code.pointer_to(_DONE).store(0, I64, "seq_cst")
            code.pointer_to(_REMAINING).store(parts, order="seq_cst")
            code.call(_wake, workers)
            code.call(_work)
            with code.loop(_LOOKS):
                code.break_if(code.pointer_to(_DONE).load(I64, "acquire").equals(parts))
            code.call(_ACQUIRE, code.pointer_to(_FINISHED).load(PTR), 1)
            code.call(_RELEASE, lock)
            code.ret()
    with code.loop(parts) as number:
        code.call_pointer(function.name, _PART, table, number)


_BLAS_THREADS = External("blas.threads.get", I32, ())
_SET_BLAS_THREADS = External("blas.threads.set", VOID, (I32,))


@defined("dragongrad.parallel.blas", VOID, PTR, PTR, I64, linkage="")
def parallel_of_blas(code: Code, function: Register, table: Register, parts: Register) -> None:
    """Do all parts of a loop that call BLAS.

    They have a thread each: more of BLAS's own would stand in each other's way, and wait for long. Only who found
    several sets them back, so that two programs at once leave what was there.
    """
    count = code.call(_BLAS_THREADS)
    several = count > 1
    with code.when(several):
        code.call(_SET_BLAS_THREADS, 1)
    code.call(parallel.elsewhere(), function, table, parts)
    with code.when(several):
        code.call(_SET_BLAS_THREADS, count)


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

    def _word(self, name: str, offset: int = 0) -> ctypes.c_int64:
        return ctypes.c_int64.from_address(_addresses()[name] + offset)

    def _locks(self) -> None:
        for name, taken in (("lock", False), ("finished", True)):
            self._word(name).value = _new_lock(taken)

    def _wake(self) -> None:
        count = min(self.wanted, MOST_THREADS) - 1
        worker = _addresses()["worker"]
        start = python_function("PyThread_start_new_thread", ctypes.c_ulong, ctypes.c_void_p, ctypes.c_void_p)
        while self._started < count:
            first = self._started * Slot.length
            slot = self._word("slots", first + Slot.lock.offset)
            slot.value = _new_lock(True)
            self._word("slots", first + Slot.sleeps.offset).value = 0
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
    library = keep_forever(Library(module_text(parallel, _worker), 0))
    provide(parallel.name, library.address(parallel.name))
    names = ("worker", "slots", "active", "lock", "finished", "remaining")
    return {name: library.address(f"dragongrad.{name}") for name in names}


@once
def parallel_beside_blas() -> External:
    """What runs parts that call BLAS."""
    controls = thread_controls()
    if controls is None:
        return parallel.elsewhere()
    for function, address in zip((_BLAS_THREADS, _SET_BLAS_THREADS), controls, strict=True):
        provide(function.name, address)
    _addresses()
    name = parallel_of_blas.name
    provide(name, keep_forever(Library(module_text(parallel_of_blas), 0)).address(name))
    return parallel_of_blas.elsewhere()


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
