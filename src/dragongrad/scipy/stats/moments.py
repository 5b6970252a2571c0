"""What describes a member of a family as a whole: its moments, its entropy, its support, expectations."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from ...blocks.special import stop_gradient
from ...core.errors import ArgumentError, NoRuleError, user_line
from ..integrate import quad
from .chapter import parameter

Formula = Callable[..., Any]


def of_shapes(formula: Any, shapes: list[Any]) -> Any:
    """The value of a formula of the shapes, or a number as it is."""
    return formula(*shapes) if callable(formula) else formula


def _moment(name: str, finish: Formula) -> Formula:
    def method(family: Any, *args: Any, **kwargs: Any) -> Any:
        shapes, loc, scale = family.parameters(args, kwargs)
        formula = getattr(family.formulas, name)
        if formula is None:
            raise NoRuleError(
                f"scipy.stats.{family.name}.{name} has no derivative rule\n  at {user_line()}\n"
                f"Integrate with dragongrad.scipy.integrate.quad, or pass plain shapes"
            )
        out = finish(of_shapes(formula, shapes), loc, scale)
        valid = np.logical_and(family.is_valid(shapes, scale), loc == loc)
        return np.where(valid, out, np.nan)[()]

    return method


def _beside(x: Any, *others: Any) -> Any:
    """A value in the shape that it has beside others, of which it is no function."""
    return np.broadcast_to(x, np.broadcast_shapes(np.shape(x), *map(np.shape, others)))


def placed(end: Any, loc: Any, scale: Any) -> Any:
    """An end of the support in place; one at infinity does not move."""
    if isinstance(end, float):
        # It takes the precision of the place.
        return stop_gradient(loc) + stop_gradient(scale) * end if np.isinf(end) else loc + scale * end
    far = np.isinf(end)
    at = stop_gradient(loc) + stop_gradient(scale) * np.where(far, stop_gradient(end), 0)
    return np.where(far, at, loc + scale * np.where(far, 0, end))


_mean = _moment("mean", lambda m, loc, scale: loc + scale * m)
_var = _moment("var", lambda v, loc, scale: _beside(scale * scale * v, loc))


def _about_zero(family: Any, order: Any, *args: Any, **kwargs: Any) -> Any:
    """The moment about zero, of order 0, 1 or 2."""
    if order not in (0, 1, 2):
        raise NoRuleError(
            f"scipy.stats.{family.name}.moment({order!r}) has no derivative rule\n  at {user_line()}\n"
            "Orders are 0, 1 and 2; for others write expect(lambda x: x**order, ...)"
        )
    mean = _mean(family, *args, **kwargs)
    if order == 0:
        return np.where(np.isnan(mean), np.nan, 1.0)[()]
    return mean if order == 1 else _var(family, *args, **kwargs) + mean * mean


def _stats(family: Any, *args: Any, moments: str = "mv", **kwargs: Any) -> Any:
    """The mean and the variance; for skewness and kurtosis there is no rule."""
    known = {"m": _mean, "v": _var}
    if not set(moments) <= set(known):
        raise NoRuleError(
            f"scipy.stats.{family.name}.stats has no derivative rule for moments={moments!r}\n  at {user_line()}\n"
            "Write moments='mv', or pass plain shapes, location and scale"
        )
    found = tuple(known[m](family, *args, **kwargs) for m in "mv" if m in moments)
    return found[0] if len(found) == 1 else found


def _median(family: Any, *args: Any, **kwargs: Any) -> Any:
    return family.ppf(0.5, *args, **kwargs)


def _interval(family: Any, confidence: Any, *args: Any, **kwargs: Any) -> Any:
    confidence = np.asarray(confidence) if isinstance(confidence, (list, tuple)) else confidence
    if np.any(np.logical_or(confidence > 1, confidence < 0)):
        raise ArgumentError(f"interval: confidence={confidence!r} lies between 0 and 1\n  at {user_line()}")
    half = (1.0 - confidence) / 2
    return family.ppf(half, *args, **kwargs), family.ppf(1.0 - half, *args, **kwargs)


def _support(family: Any, *args: Any, **kwargs: Any) -> Any:
    """The ends of the support; one at infinity stays there, with a derivative of zero."""
    shapes, loc, scale = family.parameters(args, kwargs, parameter)
    valid = _beside(family.is_valid(shapes, scale), loc)
    return tuple(np.where(valid, placed(end, loc, scale), np.nan)[()] for end in family.ends(shapes))


def _expect(
    family: Any, func: Any = None, args: Any = (), loc: Any = 0, scale: Any = 1, lb: Any = None, ub: Any = None,
    conditional: bool = False, **options: Any,
) -> Any:  # fmt: skip
    """The integral of a function over the density, with derivatives by all that moves, the function's own too."""
    if family.discrete or family.name == "vonmises":
        raise NoRuleError(
            f"scipy.stats.{family.name}.expect has no derivative rule\n  at {user_line()}\n"
            "Write the sum or the integral of the function times pmf or pdf"
        )
    f = (lambda x: x) if func is None else func
    low, high = _support(family, *args, loc=loc, scale=scale)
    low, high = low if lb is None else lb, high if ub is None else ub
    weighted = lambda x, *given: f(x) * family.pdf(x, *given[:-2], loc=given[-2], scale=given[-1])
    out = quad(weighted, low, high, (*args, loc, scale), **options)[0]
    if not conditional:
        return out
    above = family.sf(low, *args, loc=loc, scale=scale) - family.sf(high, *args, loc=loc, scale=scale)
    return out / above


MOMENTS: dict[str, Formula] = {
    "mean": _mean, "var": _var, "std": _moment("var", lambda v, loc, scale: _beside(scale * np.sqrt(v), loc)),
    "entropy": _moment("entropy", lambda h, loc, scale: _beside(h + np.log(scale), loc)),
    "moment": _about_zero, "stats": _stats, "median": _median, "interval": _interval, "support": _support,
    "expect": _expect,
}  # fmt: skip
