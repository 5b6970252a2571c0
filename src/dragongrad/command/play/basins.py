"""The basins of attraction of a function, told as they are computed."""

from __future__ import annotations

import base64
import time
from collections.abc import Callable
from typing import Any

import numpy as np

from ... import lab
from ...core.errors import ArgumentError
from .asked import Asked
from .plane import names_of

KNOWN = ("f", "region", "o", "grid", "steps")
USUAL = "gd"
# Seconds between two words about how far it has come.
_PAUSE = 0.1
# A byte says which it is.
_MINIMA = 253


def basins(asked: Asked) -> Callable[[Callable[[Any], None]], None]:
    """The work of a basin map: a function that takes where to tell events, and tells how far it is, then the map.

    Raises
    ------
    ArgumentError
        What is asked for is wrong, or too large.

    """
    problem = asked.problem()
    box, grid, steps = asked.region(problem), asked.whole("grid", 100, low=2), asked.whole("steps", 300)
    entries, notes = asked.tamed(problem, asked.start(problem), USUAL)
    if len(entries) != 1:
        raise ArgumentError("a basin map is of one optimizer")
    ((label, (method, options)),) = entries.items()

    def work(tell: Callable[[Any], None]) -> None:
        told = 0.0

        def report(share: float) -> None:
            nonlocal told
            if time.monotonic() - told > _PAUSE:
                told = time.monotonic()
                tell({"share": share})

        report(0.0)
        found = lab.basins(problem, {label: (method, options)}, box, grid, steps, report=report)
        if len(found.minima) > _MINIMA:
            raise ArgumentError(
                f"{len(found.minima)} minima were found, and at most {_MINIMA} can be shown: zoom in"
            )
        # A grey level a start: 0 arrived at once, 255 at the last step.
        shade = np.round(255 * found.arrival / found.steps)
        tell({
            "title": problem.name, "names": names_of(problem), "region": box.tolist(), "grid": grid,
            "label": _packed(found.label + 2), "shade": _packed(shade), "minima": found.minima.tolist(),
            "values": [float(v) if np.isfinite(v) else None for v in found.values], "shares": found.shares(),
            "lr": options.get("lr"), "notes": notes, "seconds": found.seconds, "batched": found.batched,
            "steps": steps,
        })  # fmt: skip

    return work


def _packed(values: Any) -> str:
    """Small whole numbers as a text, row by row from the lowest, a byte each."""
    return base64.b64encode(np.clip(values, 0, 255).astype(np.uint8).tobytes()).decode()
