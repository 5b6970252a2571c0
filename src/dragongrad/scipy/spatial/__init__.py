"""`scipy.spatial` with exact derivatives: distances and rotations."""

from __future__ import annotations

from importlib import import_module
from typing import Any

from ...core.errors import AbsentError
from ...forks import locked

__all__ = ["distance", "transform"]


def __getattr__(name: str) -> Any:
    if name.startswith("__"):
        # Python itself asks for such names, and takes no for an answer.
        raise AttributeError(name)
    if name not in __all__:
        raise AbsentError(f"dragongrad.scipy.spatial has no {name!r}: of plain arrays write scipy.spatial.{name}")
    with locked():
        return import_module(f"{__name__}.{name}")
