"""What other libraries ask an array for before they work on it: its namespace, its device, who answers first."""

from __future__ import annotations

from importlib import import_module
from typing import Any

from ..core.errors import ArgumentError, NoRuleError, user_line
from ..core.variable import Variable
from ..forks import locked

# The room above that holds the names of the array API standard, imported when somebody asks.
_NAMESPACE = "dragongrad.array_api"
_VERSIONS = ("2021.12", "2022.12", "2023.12", "2024.12")


def array_namespace(self: Variable, /, *, api_version: str | None = None) -> Any:
    """The namespace of the array API standard for this Variable."""
    if api_version is not None and api_version not in _VERSIONS:
        raise ArgumentError(
            f"the array API of {api_version} is not known: {', '.join(_VERSIONS)} are\n  at {user_line()}"
        )
    with locked():
        return import_module(_NAMESPACE)


def _to_device(self: Variable, device: Any, /, *, stream: Any = None) -> Any:
    if device != "cpu" or stream is not None:
        raise NoRuleError(f"a Variable is on the CPU, and cannot be moved to {device!r}\n  at {user_line()}")
    return self


def install() -> None:
    """Give Variables the attributes."""
    names: dict[str, Any] = {
        "__array_namespace__": array_namespace, "device": property(lambda self: "cpu"), "to_device": _to_device,
        # Above pandas' own, so that `series * x` asks x, which keeps its derivative.
        "__pandas_priority__": 10_000,
    }  # fmt: skip
    for name, value in names.items():
        setattr(Variable, name, value)
