"""How exact a derivative through an integration is: measured, by a second one with tighter tolerances."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from ..core.errors import ArgumentError, user_line
from ..core.nests import flatten
from ..transforms.gradients import value_and_grad
from .problem import TIGHTER


@dataclass(frozen=True)
class Accuracy:
    """What `check` found.

    Attributes
    ----------
    value, gradient
        By the function as it is.
    value_error : float
        The relative difference from the value with tighter tolerances.
    gradient_error : float
        That of the gradient, in the norm of all of it.
    """

    value: Any
    gradient: Any
    value_error: float
    gradient_error: float

    def __str__(self) -> str:
        return f"value to {self.value_error:.1e}, gradient to {self.gradient_error:.1e}"


def check(f: Callable[..., Any], *args: Any, factor: float = 0.01) -> Accuracy:
    """Estimate the errors of a value and its gradient by a second run with tighter tolerances.

    Parameters
    ----------
    f : callable
        A function of nests of arrays that returns one number and calls `solve_ivp`, however deep inside. It is run
        eagerly: give the function itself, not a compiled one.
    *args : nests of arrays
        Where.
    factor : float
        The tolerances of the second run, as multiples of those of the first.

    Returns
    -------
    Accuracy
        Value and gradient by all arguments, and their errors relative to their sizes.

    Raises
    ------
    ArgumentError
        The factor is not between 0 and 1.

    Examples
    --------
    >>> import numpy as np, dragongrad as ad
    >>> def left(rate):
    ...     found = ad.integrate.solve_ivp(lambda t, y: -rate * y, (0, 2), 1.0, t_eval=[2.0], rtol=1e-6, atol=1e-9)
    ...     return found.y[-1]
    >>> ad.integrate.check(left, 0.5).gradient_error < 1e-5
    True

    """
    if not 0 < factor < 1:
        raise ArgumentError(f"factor must lie between 0 and 1, got {factor!r}\n  at {user_line()}")
    run = value_and_grad(f, tuple(range(len(args))))
    value, gradient = run(*args)
    token = TIGHTER.set(TIGHTER.get() * factor)
    try:
        better, steeper = run(*args)
    finally:
        TIGHTER.reset(token)
    rough, fine = [
        np.concatenate([np.zeros(0), *[np.ravel(leaf) for leaf in flatten(g)[0]]]) for g in (gradient, steeper)
    ]
    return Accuracy(value, gradient, _relative(np.ravel(value), np.ravel(better)), _relative(rough, fine))


def _relative(rough: Any, fine: Any) -> float:
    size = float(np.linalg.norm(fine))
    distance = float(np.linalg.norm(rough - fine))
    return distance / size if size else distance
