"""Constraints in SciPy's forms, as the equalities and inequalities of a minimizer."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from .vectors import pack


def listed(constraints: Any) -> list[Any]:
    """None, a constraint or a sequence of them, as a list."""
    if constraints is None:
        return []
    return list(constraints) if isinstance(constraints, (list, tuple)) else [constraints]


def own_arguments(constraints: Any) -> tuple[tuple[Any, ...], ...]:
    """The `args` of each constraint that is a dict."""
    found = [c.get("args", ()) if isinstance(c, dict) else () for c in listed(constraints)]
    return tuple([own if isinstance(own, tuple) else (own,) for own in found])


def without_arguments(constraints: Any) -> list[Any]:
    """The constraints, without what may be differentiated."""
    return [{**c, "args": ()} if isinstance(c, dict) else c for c in listed(constraints)]


def with_arguments(constraints: list[Any], own: tuple[tuple[Any, ...], ...]) -> list[Any]:
    """The constraints with other arguments of their own."""
    return [{**c, "args": a} if isinstance(c, dict) else c for c, a in zip(constraints, own, strict=True)]


def one_function(constraints: list[Any], equal: bool) -> Callable[..., Any] | None:
    """The equalities `= 0`, or the inequalities `>= 0`, of all: a function of x and of the arguments of each."""

    def values(x: Any, own: tuple[tuple[Any, ...], ...]) -> Any:
        parts = [_values(c, x, args, equal) for c, args in zip(constraints, own, strict=True)]
        return np.concatenate([part for group in parts for part in group])

    return values if constraints else None


def _values(constraint: Any, x: Any, own: tuple[Any, ...], equal: bool) -> list[Any]:
    if isinstance(constraint, dict):
        matches = (constraint["type"].lower() == "eq") == equal
        return [pack(constraint["fun"](x, *own), "a constraint")] if matches else [np.zeros(0)]
    if hasattr(constraint, "A"):
        matrix = constraint.A.toarray() if hasattr(constraint.A, "toarray") else np.atleast_2d(constraint.A)
        values = matrix @ pack(x, "x")
    else:
        values = pack(constraint.fun(x), "a constraint")
    shape = np.shape(values)
    low, high = [np.broadcast_to(np.asarray(side, float), shape) for side in (constraint.lb, constraint.ub)]
    same = low == high
    if equal:
        return [(values - low)[same]]
    return [(values - low)[np.isfinite(low) & ~same], (high - values)[np.isfinite(high) & ~same]]
