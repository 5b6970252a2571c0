"""The progress bar at a terminal."""

from __future__ import annotations

import math
import sys
from collections.abc import Callable


def progress_bar(wanted: bool, title: str, total: int) -> Callable[[int | None, float], None] | None:
    """A function that shows the step and the loss (None ends it); None where no terminal looks."""
    if not (wanted and sys.stderr.isatty()):
        return None
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

    bar = Progress(
        TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(),
        TextColumn("loss {task.fields[loss]:.6g}"), TimeElapsedColumn(),
        console=Console(stderr=True), transient=True,
    )  # fmt: skip
    task = bar.add_task(title, total=total, loss=math.nan)
    bar.start()

    def show(nit: int | None, loss: float) -> None:
        if nit is None:
            bar.stop()
        else:
            bar.update(task, completed=nit, loss=loss)

    return show
