"""What is made once in a process, and what comes from CPython's library."""

from __future__ import annotations

import ctypes
import functools
from collections.abc import Callable
from typing import Any, Generic, ParamSpec, TypeVar, cast

from ..core.errors import CompileError
from ..forks import STATE

P = ParamSpec("P")
T = TypeVar("T")


def exclusive() -> Any:
    """The lock under which one thread of this process uses LLVM, or makes what is made once.

    A `with` holds it; Ctrl-C at any moment gives it back.

    Raises
    ------
    CompileError
        This process was forked while another thread compiled, and did not finish.
    """
    if STATE.lost:
        raise CompileError(
            "this process was forked while another thread of its parent was compiling, so it cannot make machine "
            'code: start it with multiprocessing\'s "spawn", or compile before the fork'
        )
    return STATE.lock


def try_exclusive() -> bool:
    """Take the lock if that needs no waiting; `leave` gives it back."""
    return not STATE.lost and STATE.lock.acquire(blocking=False)


def leave() -> None:
    """Give the lock back."""
    STATE.lock.release()


def once(make: Callable[P, T]) -> Callable[P, T]:
    """Make a value on the first call with given arguments, and keep it as long as the process lives.

    Unlike `functools.cache`, threads that come together make it once: all have the same one.
    """
    made: dict[Any, T] = {}

    @functools.wraps(make)
    def get(*args: P.args, **kwargs: P.kwargs) -> T:
        key = (args, tuple(kwargs.items()))
        with exclusive():
            if key not in made:
                made[key] = keep_forever(make(*args, **kwargs))
            return made[key]

    # Where it is made already, no lock is taken.
    return cast("Callable[P, T]", functools.cache(get))


def keep_forever(value: T) -> T:
    """A value that outlives the interpreter: threads may stand in its code while the process ends."""
    python_function("Py_IncRef", None, ctypes.py_object)(value)
    return value


def python_function(name: str, result: Any, *arguments: Any) -> Any:
    """A function of CPython's, called with the interpreter's lock held.

    Functions taken from `ctypes.pythonapi` by attribute are shared with every other user of ctypes, who may
    declare them in another way; this one is our own.
    """
    function = ctypes.pythonapi[name]
    function.restype, function.argtypes = result, arguments
    return function


def address_of(function: Any) -> int:
    """The address of a C function that ctypes knows."""
    return int(ctypes.cast(function, ctypes.c_void_p).value or 0)


class computed_once(Generic[T]):  # noqa: N801 - it is used as `property` is
    """A property that is computed when it is first asked for.

    That of `functools` takes a lock in Python 3.11, which a fork may leave taken.
    """

    def __init__(self, compute: Callable[[Any], T]) -> None:
        self._compute = compute

    def __set_name__(self, owner: type, name: str) -> None:
        self._name = name

    def __get__(self, instance: Any, owner: type) -> T:
        value = self._compute(instance)
        instance.__dict__[self._name] = value
        return value
