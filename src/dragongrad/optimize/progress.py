"""Runs that are watched: a bar at a terminal, a plot that grows in a notebook, a function of the user's."""

from __future__ import annotations

import math
import sys
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from importlib import import_module
from typing import Any, TypeAlias

import numpy as np

Watch: TypeAlias = "bool | Callable[[Glimpse], Any] | None"
View: TypeAlias = "Callable[[Glimpse], Any]"

# Seconds between two looks: an eye sees no more, and a look may take as long as thousands of steps.
_EVERY = 0.1
# Of a longer run every second, fourth, ... step is kept for the curve.
_POINTS = 2000
# Draws the plot; it stands in a room above, and is only named here.
_PLOT = "dragongrad.views.live"
_SPARKS = "▁▂▃▄▅▆▇█"


@dataclass(frozen=True)
class Glimpse:
    """What is seen of a run while it goes on.

    Attributes
    ----------
    title : str
        What runs: an optimizer, a training.
    step, total : int
        How many steps (or runs, or starts) are done, and the most that there may be.
    loss : float
        The value; NaN where there is none.
    slope : float
        The norm of the gradient, NaN where it is not known.
    rate : float
        Steps a second of late.
    seconds, left : float
        Since the first step, and to the last one at this rate; NaN where that cannot be told.
    steps, losses : list of int, list of float
        The curve so far, of at most some thousand points.
    also : dict of str to (list of int, list of float)
        Other curves, such as the loss of validation.
    measure : str
        What `loss` is: "loss", "value".
    sure : bool
        Whether all steps will be made; a run that converges makes fewer.
    ended : bool
        Whether it is the last look.

    """

    title: str
    step: int
    total: int
    loss: float
    slope: float
    rate: float
    seconds: float
    left: float
    steps: list[int]
    losses: list[float]
    also: Mapping[str, tuple[list[int], list[float]]] = field(default_factory=dict)
    measure: str = "loss"
    sure: bool = False
    ended: bool = False

    def __str__(self) -> str:
        """In a line: `adam step 120 of 1000, loss 0.0123, |gradient| 0.4, 950 steps/s, 0:00:01 left`."""
        parts = [f"{self.title} step {self.step:,} of {self.total:,}"]
        parts += [f"{self.measure} {self.loss:.4g}"] if not math.isnan(self.loss) else []
        parts += [f"{name} {ys[-1]:.4g}" for name, (_, ys) in self.also.items() if ys]
        parts += [f"|gradient| {self.slope:.2g}"] if not math.isnan(self.slope) else []
        parts += [f"{speed(self.rate)} steps/s"] if self.rate > 0 else []
        if not (math.isnan(self.left) or self.ended):
            parts.append(f"{'' if self.sure else 'at most '}{clock(self.left)} left")
        return ", ".join(parts)


class Live:
    """A run that somebody watches; where nobody does there is none, and a run costs what it did.

    Parameters
    ----------
    title : str
    total : int
    views : list of callables
        Each is called with a `Glimpse` from time to time, and once at the end.
    sure : bool
        Whether all steps will be made.
    measure : str
        What the value is called.

    """

    def __init__(
        self, title: str, total: int, views: list[View], sure: bool = False, measure: str = "loss"
    ) -> None:
        self.title, self.total, self.views = title, total, views
        self.sure, self.measure = sure, measure
        self._every = max(getattr(view, "every", _EVERY) for view in views)
        self._steps: list[int] = []
        self._losses: list[float] = []
        self._also: dict[str, tuple[list[int], list[float]]] = {}
        self._stride, self._due = 1, 0.0
        self._last: tuple[int, float, Any] = (0, math.nan, None)
        self._begun: tuple[float, int] | None = None
        self._looked: tuple[float, int] = (0.0, 0)
        self._rate = 0.0

    def note(self, step: int, loss: float, gradient: Any = None) -> None:
        """Tell of a step; `gradient` is an array, or the norm of one."""
        self._last = step, loss, gradient
        if step % self._stride == 0:
            self._steps.append(step)
            self._losses.append(loss)
            if len(self._steps) > _POINTS:
                self._stride *= 2
                kept = [k for k, s in enumerate(self._steps) if s % self._stride == 0]
                self._steps = [self._steps[k] for k in kept]
                self._losses = [self._losses[k] for k in kept]
        now = time.perf_counter()
        if self._begun is None:
            self._begun = self._looked = now, step
        if now >= self._due:
            self._look(now, False)
            self._due = time.perf_counter() + self._every

    def also(self, name: str, step: int, value: float) -> None:
        """Tell of another number, such as the loss of validation."""
        steps, values = self._also.setdefault(name, ([], []))
        steps.append(step)
        values.append(value)

    def end(self) -> None:
        """The last look; what a view holds of the terminal is given back, whatever happens."""
        try:
            if self._begun is not None:
                self._look(time.perf_counter(), True)
        finally:
            for view in self.views:
                getattr(view, "close", lambda: None)()

    def _look(self, now: float, ended: bool) -> None:
        step, loss, gradient = self._last
        assert self._begun is not None
        then, before = self._looked
        if now > then and step > before:
            late = (step - before) / (now - then)
            # The first look is of a step that may have compiled, and says little.
            self._rate = late if self._rate == 0 else 0.6 * self._rate + 0.4 * late
        self._looked = now, step
        glimpse = Glimpse(
            self.title, step, self.total, float(loss), _norm(gradient), self._rate, now - self._begun[0],
            max(0, self.total - step) / self._rate if self._rate > 0 else math.nan, list(self._steps),
            list(self._losses), {name: (list(xs), list(ys)) for name, (xs, ys) in self._also.items()},
            self.measure, self.sure, ended,
        )  # fmt: skip
        for view in self.views:
            view(glimpse)


def _norm(gradient: Any) -> float:
    if gradient is None:
        return math.nan
    return float(np.linalg.norm(np.ravel(gradient)))


def live(
    progress: bool, watch: Watch, title: str, total: int, sure: bool = False, measure: str = "loss"
) -> Live | None:
    """What shows a run, or None where nobody looks: the output is neither a terminal nor a notebook.

    Parameters
    ----------
    progress : bool
        Whether a bar is wanted, at a terminal.
    watch : bool or callable
        True: the bar with a curve at a terminal, a plot that grows in a notebook. A function is called with a
        `Glimpse` at most ten times a second.
    title, total, sure, measure
        As in `Live`.

    """
    views: list[View] = [watch] if callable(watch) else []
    if watch is True and in_notebook():
        views.append(import_module(_PLOT).Plot())
    elif (progress or watch is True) and _at_terminal():
        views.append(Bar(curve=watch is True))
    return Live(title, total, views, sure, measure) if views else None


def in_notebook() -> bool:
    """Whether this process is the kernel of a notebook."""
    ipython = sys.modules.get("IPython")
    return hasattr(ipython.get_ipython(), "kernel") if ipython is not None else False


def _at_terminal() -> bool:
    return sys.stderr is not None and sys.stderr.isatty()


def _console() -> Any:
    from rich.console import Console

    class Terminal(Console):
        def on_broken_pipe(self) -> None:
            # Rich would end the process here, which is more than a bar may do.
            raise

    return Terminal(stderr=True)


class Bar:
    """A bar at the terminal, which is gone when the run is over.

    It takes hold of the terminal at the first look, inside what will end it: Ctrl-C leaves nothing behind.
    Where the terminal goes away, the run goes on without a bar.
    """

    def __init__(self, curve: bool = False) -> None:
        self.curve = curve
        self._lost = False
        self._bar: Any = None
        self._task: Any = None

    def __call__(self, glimpse: Glimpse) -> None:
        """Show where a run is."""
        if self._lost:
            return
        try:
            self._show(glimpse)
        except OSError:
            self._lost = True

    def _show(self, glimpse: Glimpse) -> None:
        begins = self._bar is None
        if begins:
            self._make()
        words = [
            sparks(glimpse.losses) if self.curve else "",
            "" if math.isnan(glimpse.loss) else f"{glimpse.measure} {glimpse.loss:.5g}",
            "" if math.isnan(glimpse.slope) else f"|g| {glimpse.slope:.0e}",
            f"{speed(glimpse.rate)}/s" if glimpse.rate > 0 else "",
            "" if math.isnan(glimpse.left) else f"{'' if glimpse.sure else '< '}{clock(glimpse.left)}",
        ]
        self._bar.update(
            self._task, description=glimpse.title, completed=glimpse.step, total=glimpse.total,
            told=" ".join(filter(None, words)),
        )  # fmt: skip
        if begins:
            self._bar.start()
        self._bar.refresh()

    def _make(self) -> None:
        from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn
        from rich.table import Column

        # What a narrow terminal has no room for is cut: a bar of two lines is hard to watch.
        narrow = [Column(no_wrap=True, overflow="crop") for _ in range(2)]
        self._bar = Progress(
            TextColumn("{task.description}", markup=False, table_column=narrow[0]),
            # The curve stands in the place of the bar.
            *([] if self.curve else [BarColumn(bar_width=10)]),
            MofNCompleteColumn(table_column=Column(no_wrap=True)),
            TextColumn("{task.fields[told]}", markup=False, table_column=narrow[1]),
            console=_console(), transient=True, auto_refresh=False,
        )  # fmt: skip
        self._task = self._bar.add_task("", total=1, told="")

    def close(self) -> None:
        """Give the terminal back."""
        if self._bar is not None:
            bar, self._bar = self._bar, None
            with suppress(OSError):  # the terminal is gone
                try:
                    bar.stop()
                finally:
                    bar.console.show_cursor(True)


def sparks(values: list[float], width: int = 14) -> str:
    """A curve in a line of letters, on a logarithmic scale where all values are positive: `█▅▃▂▁`."""
    y = np.array([v for v in values if math.isfinite(v)])
    if not y.size:
        return ""
    y = y[np.linspace(0, y.size - 1, min(width, y.size)).round().astype(int)]
    y = np.log(y) if (y > 0).all() else y
    span = float(np.ptp(y)) or 1.0
    return "".join(_SPARKS[round(7 * float(v - y.min()) / span)] for v in y)


def speed(rate: float) -> str:
    """A number a second: `1,240`, `3.2`."""
    return f"{rate:,.0f}" if rate >= 10 else f"{rate:.2g}"


def clock(seconds: float) -> str:
    """A time in words that are short: `0:00:12`, `3 days`."""
    if seconds >= 2 * 86400:
        return f"{seconds / 86400:,.0f} days"
    whole = math.ceil(seconds)
    return f"{whole // 3600}:{whole // 60 % 60:02}:{whole % 60:02}"
