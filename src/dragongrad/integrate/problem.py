"""An initial-value problem with its options, checked."""

from __future__ import annotations

import math
from collections.abc import Callable
from contextvars import ContextVar
from dataclasses import dataclass
from typing import Any

import numpy as np

from ..core.errors import ArgumentError, ShapeError, describe, user_line
from ..core.nests import flatten
from ..core.variable import bottom, plain
from .decisions import holds, is_open
from .march import March
from .packing import Packing

METHODS = ("auto", "Tsit5", "Rodas5P")
SENSITIVITIES = ("steps", "adjoint")
# All tolerances are multiplied by it: `check` compares two.
TIGHTER: ContextVar[float] = ContextVar("dragongrad.integrate.tighter", default=1.0)
_FINEST = 100 * float(np.finfo(float).eps)


@dataclass(frozen=True)
class Problem:
    """An equation, its start, and how it is to be solved.

    Attributes
    ----------
    f : callable
    begin, end : float
    packing : Packing
        How the state lies in a vector.
    y : array
        The first state as a vector.
    args : tuple
        Further arguments of `f`.
    method : str
    rtol, atol
    max_step, first_step
    max_steps : int
    """

    f: Callable[..., Any]
    begin: Any
    end: Any
    packing: Packing
    y: Any
    args: Any
    method: str
    rtol: Any
    atol: Any
    max_step: Any
    first_step: Any
    max_steps: int

    def made(self, begin: Any, end: Any, args: Any) -> March:
        """The march through a span, with other arguments."""
        return March(
            right=self.packing.right(self.f, args), begin=begin, end=end, sense=np.where(end >= begin, 1.0, -1.0),
            method=self.method, rtol=self.rtol, atol=self.atol, max_step=self.max_step, max_steps=self.max_steps,
        )  # fmt: skip

    @property
    def march(self) -> March:
        """The march through the span."""
        return self.made(self.begin, self.end, self.args)


def problem(
    f: Callable[..., Any], t_span: Any, y0: Any, method: str, args: Any, rtol: Any, atol: Any, max_step: Any,
    first_step: Any, max_steps: Any,
) -> Problem:  # fmt: skip
    """A problem whose options are what they must be.

    Raises
    ------
    ArgumentError, ShapeError, DtypeError
        One of them is not.
    """
    if not callable(f):
        raise ArgumentError(f"f must be a function of time and state, got {describe(f)}\n  at {user_line()}")
    if not method.startswith("scipy:") and method not in METHODS:
        raise ArgumentError(
            f"there is no method {method!r}\n  at {user_line()}\n"
            f'Give one of {", ".join(METHODS)}, or one of SciPy\'s, such as "scipy:DOP853"'
        )
    begin, end = _span(t_span)
    packing = Packing(y0)
    y = packing.pack(y0)
    args = () if args is None else args if isinstance(args, (tuple, list)) else (args,)
    scale = TIGHTER.get()
    rtol = _checked("rtol", rtol, lambda x: x >= _FINEST, f"a number of at least {_FINEST:.1e}") * scale
    atol = _checked("atol", _of_state(atol, packing), lambda x: x >= 0, "not negative") * scale
    max_step = _checked("max_step", max_step, lambda x: x > 0, "positive")
    if first_step is not None:
        first_step = _checked("first_step", first_step, lambda x: x > 0, "positive")
        if is_open(end) and not holds(first_step <= np.abs(end - begin)):
            raise ArgumentError(f"first_step is longer than the span\n  at {user_line()}")
    if not isinstance(max_steps, int) or max_steps < 1:
        raise ArgumentError(f"max_steps must be a positive whole number, got {max_steps!r}\n  at {user_line()}")
    return Problem(f, begin, end, packing, y, tuple(args), method, rtol, atol, max_step, first_step, max_steps)


def _span(t_span: Any) -> tuple[Any, Any]:
    try:
        begin, end = t_span
    except (TypeError, ValueError):
        raise ArgumentError(
            f"t_span must be a pair (begin, end), got {describe(t_span)}\n  at {user_line()}"
        ) from None
    begin, end = [as_float(t) for t in (begin, end)]
    for t in (begin, end):
        if np.shape(t) != ():
            raise ShapeError(f"the ends of t_span must be numbers, got {describe(t)}\n  at {user_line()}")
        if is_open(t) and not holds(np.isfinite(t)):
            raise ArgumentError(f"the ends of t_span must be finite\n  at {user_line()}")
    return begin, end


def as_float(value: Any) -> Any:
    """A number or array as float64."""
    value = plain(value)
    return value.astype(np.float64) if hasattr(value, "level") else np.asarray(value, np.float64)[()]


def _of_state(atol: Any, packing: Packing) -> Any:
    """A tolerance for all of a state, or for each of its numbers."""
    leaves = flatten(atol)[0]
    if len(leaves) == 1 and np.ndim(leaves[0]) == 0:
        return leaves[0]
    if any(packing.complex):
        raise ArgumentError(f"atol of a complex state must be one number\n  at {user_line()}")
    found = Packing(atol)
    if (found.structure, found.shapes) != (packing.structure, packing.shapes):
        raise ShapeError(f"atol must be a number or like y0\n  at {user_line()}")
    return found.pack(atol)


def _checked(name: str, value: Any, good: Callable[[Any], Any], told: str) -> Any:
    found = as_float(value)
    if is_open(found) and not holds(good(found)):
        raise ArgumentError(f"{name} must be {told}, got {_shown(value)}\n  at {user_line()}")
    return found


def _shown(value: Any) -> str:
    return f"{value:g}" if isinstance(value, (int, float)) and not math.isnan(value) else describe(value)


def times_of(t_eval: Any, begin: Any, end: Any) -> Any:
    """The times at which the solution is asked for: inside of the span, in their order.

    Raises
    ------
    ArgumentError, ShapeError
        They are not.
    """
    times = as_float(t_eval)
    if np.ndim(times) != 1:
        raise ShapeError(f"t_eval must be a vector of times, got {describe(times)}\n  at {user_line()}")
    if not is_open(times) or not is_open(begin) or not is_open(end):
        return times
    low, high = np.minimum(begin, end), np.maximum(begin, end)
    if not holds(np.logical_and(times >= low, times <= high)):
        raise ArgumentError(f"t_eval has a time outside of t_span\n  at {user_line()}")
    if len(times) > 1:
        ahead = np.where(bottom(end) >= bottom(begin), 1.0, -1.0) * bottom(times[1:] - times[:-1])
        if not holds(ahead >= 0):
            raise ArgumentError(f"t_eval is not in the order of t_span\n  at {user_line()}\nWrite np.sort(t_eval)")
    return times
