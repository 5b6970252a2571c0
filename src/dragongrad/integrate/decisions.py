"""What an integration may decide by values: everything in an eager run, and nothing in a body or a batch."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..context import STAGE
from ..core.nests import flatten
from ..core.variable import Variable, bottom
from ..transforms.loops.carry import differs, has_rows


def is_open(value: Any) -> bool:
    """Whether a value is one for all rows and steps, so that Python may decide by it."""
    return not differs(value)


def holds(condition: Any) -> bool:
    """Whether a condition holds everywhere; in a compiled function, a guard."""
    return bool(np.all(bottom(condition)))


def number(value: Any) -> Any:
    """A whole number of Python's, where it is one for all rows; in a compiled function, a guard."""
    return int(bottom(value)) if is_open(value) else value


def is_recorded(*values: Any) -> bool:
    """Whether steps may be kept one by one: in an eager run without rows."""
    return STAGE.get() is None and not any(has_rows(v) or differs(v) for v in values)


def levels(*nests: Any) -> set[Any]:
    """The levels that differentiate what is in some nests."""
    found = set()
    for leaf in flatten(nests)[0]:
        inner = leaf
        while isinstance(inner, Variable) and not inner.level.stages:
            if not inner.level.batch_axes:
                found.add(inner.level)
            inner = inner.data
    return found
