"""When a run ends, and what is told of each of its steps."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

from .objective import Array
from .options import count, not_negative


@dataclass(frozen=True)
class Limits:
    """When a run ends; a tolerance of zero switches its test off.

    Attributes
    ----------
    gtol : float
        The largest element of the gradient.
    xtol : float
        The length of a step relative to the parameters: `|dx| <= xtol * (xtol + |x|)`.
    ftol : float
        The change of the value relative to it: `|df| <= ftol * max(|f|, 1)`.
    change : float
        The change of the value, absolutely (the test of the classic `solve`).
    max_iter : int
        Steps.
    max_time : float
        Seconds.

    """

    gtol: float = 1e-6
    xtol: float = 0.0
    ftol: float = 0.0
    change: float = 0.0
    max_iter: int = 100000
    max_time: float = math.inf

    def __post_init__(self) -> None:
        for name in ("gtol", "xtol", "ftol", "change", "max_time"):
            value = not_negative(name, getattr(self, name), infinite=name == "max_time")
            object.__setattr__(self, name, value)
        object.__setattr__(self, "max_iter", count("max_iter", self.max_iter))


@dataclass(frozen=True)
class Iteration:
    """What a callback is given after every step: copies, to keep or change.

    Attributes
    ----------
    x : nest
        The parameters.
    fun : float
        The value.
    jac : ndarray
        The gradient.
    nit : int
        Steps made.
    seconds : float
        Wall time so far.

    """

    x: Any
    fun: float
    jac: Array
    nit: int
    seconds: float
