"""The basins of attraction of a function, told as they are computed."""

from __future__ import annotations

import base64
from collections.abc import Callable
from typing import Any

import numpy as np

from ... import lab
from ...core.errors import ArgumentError
from .asked import Asked
from .plane import finite, names_of

KNOWN = ("f", "region", "o", "grid", "steps")
USUAL = "gd"
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
        def watch(seen: Any) -> None:
            # What it raises where nobody listens any more ends the work.
            tell({"share": seen.step / seen.total})

        tell({"share": 0.0})
        found = lab.basins(problem, {label: (method, options)}, box, grid, steps, watch=watch)
        if len(found.minima) > _MINIMA:
            raise ArgumentError(
                f"{len(found.minima)} minima were found, and at most {_MINIMA} can be shown: zoom in"
            )
        # A grey level a start: 0 arrived at once, 255 at the last step.
        shade = np.round(255 * found.arrival / found.steps)
        tell({
            "title": problem.name, "names": names_of(problem), "region": box.tolist(), "grid": grid,
            "label": _packed(found.label + 2), "shade": _packed(shade), "minima": found.minima.tolist(),
            "values": [finite(v) for v in found.values], "shares": found.shares(),
            "lr": options.get("lr"), "notes": notes, "seconds": found.seconds, "batched": found.batched,
            "steps": steps,
        })  # fmt: skip

    return work


def _packed(values: Any) -> str:
    """Small whole numbers as a text, row by row from the lowest, a byte each."""
    return base64.b64encode(np.clip(values, 0, 255).astype(np.uint8).tobytes()).decode()
