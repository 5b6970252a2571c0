"""Loops that may run for long look from time to time whether they are interrupted."""

from __future__ import annotations

from ..ir.code import Code
from ..ir.functions import Defined, External
from ..ir.registers import I32, I64, VOID, Register

_ENSURE = External("PyGILState_Ensure", I32, ())
_RELEASE = External("PyGILState_Release", VOID, (I32,))
_CHECK = External("PyErr_CheckSignals", I32, ())
#: What the functions above are called by, in Python's own library.
NAMES = ("PyGILState_Ensure", "PyGILState_Release", "PyErr_CheckSignals")
# Nanoseconds between two looks.
_BETWEEN = 2e7


def _interrupted(code: Code) -> None:
    state = code.call(_ENSURE)
    found = code.call(_CHECK)
    code.call(_RELEASE, state)
    code.ret(found)


_INTERRUPTED = Defined("interrupted", I32, (), _interrupted, "internal", "noinline")


def period_of(step: float) -> int:
    """After how many steps a loop looks whose step takes so many nanoseconds: a power of two."""
    return 1 << max(0, int(_BETWEEN / max(step, 1.0)).bit_length() - 1)


def leave_if_interrupted(code: Code, t: Register, period: int, failed: Register) -> None:
    """Leave the innermost loop, and say that it failed, where Python has an exception to raise."""
    found = code.local(I64)
    found.store(0, I64)
    with code.when((t & (period - 1)).equals(period - 1)):
        asked = code.call(_INTERRUPTED)
        found.store(asked.to("sext", I64))
        failed.store(failed.load(I64) | found.load(I64))
    code.break_if(found.load(I64).differs(0))
