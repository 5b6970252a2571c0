"""The table of fuzzers."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from random import Random
from typing import Any

from . import of_formulas, of_optimizers, of_processes, of_programs, of_writes


@dataclass(frozen=True)
class Fuzzer:
    """What is drawn, and its part of the time.

    Attributes
    ----------
    draw : callable
        Draws a case.
    share : float
        Its part of the time, beside the others'.
    refusals : tuple of str
        The names or parts of the messages of errors that are no failures.
    prepare : callable
        What is done once, before processes are forked.

    """

    draw: Callable[[Random], Any]
    share: float = 1.0
    refusals: tuple[str, ...] = ()
    prepare: Callable[[], None] = lambda: None


FUZZERS = {
    "programs": Fuzzer(of_programs.tame, 4.0, of_programs.REFUSALS),
    "special": Fuzzer(of_programs.wild, 1.0, of_programs.REFUSALS),
    # NumPy's `ufunc.at` writes into vectors for reading alone, and what is written over itself is not looked at.
    "writes": Fuzzer(of_writes.writing, 3.0, (*of_programs.REFUSALS, "is a view for reading")),
    "wrong": Fuzzer(of_programs.wrong, 2.0),
    "formulas": Fuzzer(of_formulas.typed, 0.5, prepare=of_formulas.prepare),
    "optimizers": Fuzzer(of_optimizers.solved, 1.5),
    "processes": Fuzzer(of_processes.crowd, 1.0, of_programs.REFUSALS),
}
