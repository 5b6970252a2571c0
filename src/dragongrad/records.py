"""Classes of which parameters of Blocks are, beside numbers, texts, arrays and nests of them."""

from __future__ import annotations

from typing import TypeVar

_T = TypeVar("_T")
# Dataclasses by their names: what a file holds of a parameter is the name and the fields.
RECORDS: dict[str, type] = {}


def record(cls: type[_T]) -> type[_T]:
    """Declare a dataclass whose instances are parameters of Blocks (a decorator)."""
    RECORDS[cls.__name__] = cls
    return cls
