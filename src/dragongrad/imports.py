"""Modules of this package that are imported while a transform runs: NumPy's names are NumPy's own meanwhile.

They look functions up by identity, and enter rules for them, as they do when nothing runs.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from importlib.machinery import ModuleSpec, PathFinder
from types import ModuleType
from typing import TYPE_CHECKING

from .namespace import is_running, not_answering

if TYPE_CHECKING:
    # Importing it takes an eighth of the time that importing this package takes.
    from importlib.abc import Loader

_OWN = f"{__name__.partition('.')[0]}."


class _Finder:
    """Finds our own modules while a transform runs; all others are found as ever."""

    def find_spec(
        self, fullname: str, path: Sequence[str] | None = None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        """Where a module is, and what runs it."""
        if not fullname.startswith(_OWN) or not is_running():
            return None
        spec = PathFinder.find_spec(fullname, path, target)
        if spec is not None and spec.loader is not None:
            spec.loader = _Apart(spec.loader)  # type: ignore[assignment]  # one by its methods
        return spec


class _Apart:
    """Runs a module with NumPy's names left to NumPy; afterwards the module has the usual loader."""

    def __init__(self, usual: Loader) -> None:
        self._usual = usual

    def create_module(self, spec: ModuleSpec) -> ModuleType | None:
        """Make the module as ever."""
        return self._usual.create_module(spec)

    def exec_module(self, module: ModuleType) -> None:
        """Run it."""
        module.__loader__ = self._usual
        if module.__spec__ is not None:
            module.__spec__.loader = self._usual
        with not_answering():
            self._usual.exec_module(module)


def install() -> None:
    """Let our own modules be imported so from now on."""
    sys.meta_path.insert(0, _Finder())
