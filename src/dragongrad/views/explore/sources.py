"""The source text of the functions that a recording went through."""

from __future__ import annotations

import inspect
import os
from typing import Any

from .recording import Place

# A function longer than this is shown around the lines that ran.
_MOST_LINES = 400


class Sources:
    """Pieces of source, each once, in the order in which they were met."""

    def __init__(self, title: str) -> None:
        self.title = title
        self.blocks: list[dict[str, Any]] = []
        self._known: dict[Any, tuple[int, int]] = {}

    def at(self, place: Place | None) -> list[int] | None:
        """Where a place is: the block, the first line and column, the last line and column, counted from 0."""
        if place is None:
            return None
        if place.code not in self._known:
            self._known[place.code] = self._add(place)
        block, margin = self._known[place.code]
        first = self.blocks[block]["first"]
        lines = self.blocks[block]["lines"]
        if not first <= place.line < first + len(lines):
            return None
        end = place.last_column if place.last_column >= 0 else len(lines[place.line - first]) + margin
        return [
            block, place.line - first, max(0, place.column - margin),
            min(place.last_line - first, len(lines) - 1), max(0, end - margin),
        ]  # fmt: skip

    def _add(self, place: Place) -> tuple[int, int]:
        file = place.code.co_filename
        try:
            lines, first = inspect.getsourcelines(place.code)
        except (OSError, TypeError, IndexError):
            # Typed into an interpreter, or made by `exec`: no text to show.
            lines, first = [f"{self.title}  # no source"], place.line
        first, lines = max(first, 1), [line.rstrip("\n").expandtabs() for line in lines[:_MOST_LINES]]
        for number, block in enumerate(self.blocks):
            inside = block["first"] <= first and first + len(lines) <= block["first"] + len(block["lines"])
            if block["path"] == file and inside:
                return number, block["margin"]
        margin = min([len(line) - len(line.lstrip()) for line in lines if line.strip()], default=0)
        self.blocks.append({
            "path": file, "file": os.path.basename(file), "name": place.code.co_name, "first": first,
            "lines": [line[margin:] for line in lines], "margin": margin,
        })  # fmt: skip
        return len(self.blocks) - 1, margin

    def data(self) -> list[dict[str, Any]]:
        """What the page reads: without the folders of this machine."""
        if not self.blocks:
            # A formula of the command line, or a function of the library: its name is its source.
            return [{"file": "", "name": "", "first": 1, "lines": [self.title]}]
        return [{key: block[key] for key in ("file", "name", "first", "lines")} for block in self.blocks]
