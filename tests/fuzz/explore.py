"""Draws cases, runs each in a process of its own, makes failing ones smaller, tells each kind of failure once."""

from __future__ import annotations

import os
import time
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from random import Random
from typing import Any, Protocol

from .sandbox import SCRIPT, Ending, run

# Seconds for making a case smaller.
_SHRINKING = 60.0


class Case(Protocol):
    """What a fuzzer draws."""

    @property
    def script(self) -> str:
        """The source that defines what is tried."""

    @property
    def steps(self) -> tuple[str, ...]:
        """The calls that try it, as source, each by itself."""

    @property
    def words(self) -> frozenset[str]:
        """What a failure may be due to: a failure with the same ending and no fewer words is not told again."""

    def smaller(self, step: str) -> Iterator[Case]:
        """Cases with one change towards the simple, which try one step only."""


@dataclass(frozen=True)
class Failure:
    """A case that ended in something else than success, as small as it could be made."""

    seed: int
    case: Case
    step: str
    ending: Ending

    @property
    def text(self) -> str:
        """What happened, and a script to see it."""
        where = f" in {self.ending.place}" if self.ending.place else ""
        return "\n".join([
            "=" * 100, f"{self.ending.kind} at {self.step}{where}, seed {self.seed}", self.ending.text, "-" * 100,
            self.case.script, self.step, "",
        ])  # fmt: skip


@dataclass
class Report:
    """What an exploration found."""

    failures: list[Failure] = field(default_factory=list)
    endings: Counter[str] = field(default_factory=Counter)
    refused: Counter[str] = field(default_factory=Counter)
    repeated: int = 0


def tried(case: Case, refusals: tuple[str, ...], tell: Callable[[Any], None]) -> None:
    """Run a case, here and now; what has no rule is not a failure."""
    space: dict[str, Any] = {"__name__": SCRIPT}
    exec(compile(case.script, SCRIPT, "exec"), space)
    refused = []
    for step in case.steps:
        tell((case, step, refused))
        try:
            exec(compile(step, SCRIPT, "exec"), space)
        except Exception as error:
            if type(error).__name__ not in refusals and not any(text in str(error) for text in refusals):
                raise
            refused.append(str(error).splitlines()[0][:100])
    tell((case, "", refused))


def explore(
    draw: Callable[[Random], Case], seeds: Iterator[int] | range, until: float = float("inf"),
    refusals: tuple[str, ...] = (), tell: Callable[[str], None] = print, seconds: float = 30,
) -> Report:  # fmt: skip
    """Try the cases of some seeds, until a time.

    Parameters
    ----------
    draw : callable
        Draws a case.
    seeds : iterable of int
        What it draws with: the same seed is the same case.
    until : float
        When to end, by `time.monotonic`.
    refusals : tuple of str
        The names or parts of the messages of errors that are counted and not told.
    tell : callable
        Takes the text of each failure.
    seconds : float
        The limit of time of a case.

    """
    report = Report()
    for seed in seeds:
        if time.monotonic() > until:
            break
        said, ending = run(lambda told, seed=seed: tried(draw(Random(seed)), refusals, told), seconds)
        case, step, refused = said or (None, "", [])
        report.refused.update(set(refused))
        report.endings[ending.kind or "right"] += 1
        if not ending.kind:
            continue
        if case is None:
            if ending.kind not in ("Hang", "NotUsedError"):  # NumPy itself may hang where programs are drawn
                tell(f"seed {seed} could not be drawn: {ending}")
            continue
        if _known(report, case, step, ending):
            report.repeated += 1
            continue
        failure = Failure(seed, *_smallest(case, step, ending, refusals, seconds))
        if _known(report, failure.case, failure.step, failure.ending):
            report.repeated += 1
            continue
        report.failures.append(failure)
        tell(failure.text)
    return report


def _known(report: Report, case: Case, step: str, ending: Ending) -> bool:
    """Whether this was told: an error of the same place, or a wrong result of no fewer words."""
    same = [f for f in report.failures if f.ending.kind == ending.kind and f.ending.place == ending.place]
    return any(ending.place or (f.case.words <= case.words and f.step == step) for f in same)


def _smallest(
    case: Case, step: str, ending: Ending, refusals: tuple[str, ...], seconds: float
) -> tuple[Case, str, Ending]:
    """The least case that ends in the same way, trying one change at a time."""
    limit, better = time.monotonic() + _SHRINKING, True
    while better:
        better = False
        for smaller in case.smaller(step):
            if time.monotonic() > limit:
                break
            said, found = run(lambda told, smaller=smaller: tried(smaller, refusals, told), seconds)
            if (found.kind, found.place) == (ending.kind, ending.place):
                # The same step may be spelled otherwise in a smaller case.
                step = said[1] if said else step
                case, ending, better = smaller, found, True
                break
    return case, step, ending


def single_threaded() -> None:
    """Let no library start threads: a process that has some cannot be forked without care."""
    for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
        os.environ.setdefault(name, "1")
