"""What the shell offers at the Tab key: the names of functions, optimizers and rules."""

from __future__ import annotations

import numpy as np

from ..core.block import TABLE
from ..optimize.minimize import METHODS, SCIPYS
from ..optimize.zoo import ZOO


def zoo_names(incomplete: str) -> list[str]:
    """Test functions that begin so; of a list of them the last."""
    return _last_of_list(incomplete, list(ZOO))


def optimizer_names(incomplete: str) -> list[str]:
    """Optimizers that begin so; of a list of them the last."""
    return _last_of_list(incomplete, [*METHODS, *(f"scipy:{name.lower()}" for name in SCIPYS)])


def rule_names(incomplete: str) -> list[str]:
    """Functions of the table of Blocks that begin so, by the names that `explain` takes."""
    names = []
    for fn in TABLE:
        module, name = getattr(fn, "__module__", None) or "", getattr(fn, "__name__", "")
        place = module.removeprefix("numpy").removeprefix(".")
        full = f"{place}.{name}" if place else name
        if (isinstance(fn, np.ufunc) or module.startswith("numpy")) and not name.startswith("_"):
            names.append(name if isinstance(fn, np.ufunc) else full)
    return sorted({name for name in names if name.startswith(incomplete)})


def _last_of_list(incomplete: str, names: list[str]) -> list[str]:
    done, comma, last = incomplete.rpartition(",")
    return [f"{done}{comma}{name}" for name in sorted(names) if name.startswith(last)]
