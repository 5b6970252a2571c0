"""Looking inside what was compiled."""

from __future__ import annotations

from typing import Any

from ..core.errors import ArgumentError
from .graph import Graph
from .report import report
from .specialization import Path, Version


class Inside:
    """What a compiled function and a loaded program tell of the path that was made last."""

    _versions: dict[Any, Version]
    # For what no further version is compiled.
    _limits: dict[str, Version]
    _latest: Path | None

    def _path(self) -> Path:
        if self._latest is None:
            raise ArgumentError(f"{self!r} has not compiled anything yet: call it once")
        return self._latest

    @property
    def graph(self) -> Graph:
        """The Graph of the latest path, after the passes."""
        return self._path().graph

    @property
    def source(self) -> str:
        """The latest path as NumPy source."""
        return self._path().source().text

    @property
    def llvm(self) -> str:
        """What LLVM was given for the latest path."""
        return str(self._native().text)

    @property
    def asm(self) -> str:
        """The machine code of the latest path."""
        return str(self._native().library.assembly())

    def report(self) -> str:
        """What the passes did, what is computed where, each call back with its reason, time and memory."""
        limits = [version.eager for version in self._limits.values()]
        return report(repr(self), self._versions.values(), self._latest, limits)

    def _native(self) -> Any:
        engine = self._path().engine
        if engine is None:
            raise ArgumentError(f"{self!r} runs on the numpy backend: there is no machine code; see .source")
        return engine
