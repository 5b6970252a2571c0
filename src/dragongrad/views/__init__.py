"""Pictures and tables of derivatives: evaluation traces, graphs, formulas."""

from importlib import import_module
from typing import Any

# Pictures of the laboratory, which has them now: the old names go on answering.
_OF_THE_LAB = frozenset({"basins", "heatmap", "landscape", "losses", "modes", "paths", "profiles", "race"})


def __getattr__(name: str) -> Any:
    if name not in _OF_THE_LAB:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return import_module(f"..lab.figures.{name}", __name__)
