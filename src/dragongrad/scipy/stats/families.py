"""Families of distributions: SciPy's methods, of formulas for the standard member of a family.

A formula is a function of a place and the shapes. Location and scale, what lies outside of the support, and shapes
that a family does not have are seen to here, once for all.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np
import scipy.stats as scipys

from ...blocks.special import stop_gradient
from ...core.block import general
from ...core.errors import ArgumentError, NoRuleError, user_line
from ...records import record
from ...transforms.forward import jvp
from ..special.near import somewhere
from .chapter import CHAPTER, Standing, double, method_of
from .logarithms import exponential, far_out, log_of_part, remainder
from .members import Member
from .moments import MOMENTS, of_shapes, placed

Formula = Callable[..., Any]
_INF = np.inf


@record
class Formulas:
    """The standard member of a family, as functions of a place or a probability and the shapes.

    Attributes
    ----------
    logpdf : callable
        The logarithm of the density, or of the probability of a whole number.
    cdf, sf, logcdf, logsf, ppf, isf : callable or None
        As SciPy's; a missing one follows from the others.
    mean, var, entropy : callable, float or None
        Of the shapes; None: SciPy gives it for plain shapes only.
    low, high : callable or float
        The support.
    valid : callable or None
        Whether there is a member with such shapes; by default if all are positive.
    far_below, far_above : callable or None
        The logarithms of `cdf` and `sf` where those are too small for numbers, by which the derivatives of their
        logarithms go on there; up to a constant, as SciPy's value is -inf.
    vanishing : str
        Where the density is zero, and its formula is not asked: at "infinity", there and at the "low" end, at both
        "ends" of the support, or "nowhere".
    start : callable, float or None
        The power of the place as which the density begins at 0, where that is an end of the support.
    """

    logpdf: Formula
    cdf: Formula | None = None
    sf: Formula | None = None
    logcdf: Formula | None = None
    logsf: Formula | None = None
    ppf: Formula | None = None
    isf: Formula | None = None
    mean: Any = None
    var: Any = None
    entropy: Any = None
    low: Any = -_INF
    high: Any = _INF
    valid: Formula | None = None
    far_below: Formula | None = None
    far_above: Formula | None = None
    vanishing: str = "infinity"
    start: Any = None


class Family(Standing):
    """A family of distributions, with SciPy's methods; called with shapes, location and scale, it gives one member.

    Attributes
    ----------
    name : str
        SciPy's name for it.
    shapes : str or None
        The names of its shapes.
    discrete : bool
        Whether it is one of whole numbers, which have no scale and of which nothing is differentiated.
    """

    def __init__(self, name: str, shapes: str, formulas: Formulas, discrete: bool = False) -> None:
        self.formulas, self.discrete = formulas, discrete
        self.scipys: Any = getattr(scipys, name)
        self.name, self.shapes = name, shapes or None
        self._names = [s for s in shapes.replace(" ", "").split(",") if s]
        self.__module__ = "dragongrad.scipy.stats"
        by = "shapes" if discrete else "places, shapes, location and scale"
        self.__doc__ = f"The distribution `scipy.stats.{name}`, with derivatives by {by}."
        CHAPTER.states[name] = "exact derivatives of " + ", ".join(self._found())

    def _found(self) -> list[str]:
        """The methods that take Variables."""
        f = self.formulas
        found = ["logpmf", "pmf"] if self.discrete else ["logpdf", "pdf"]
        if f.cdf or f.logcdf or f.sf or f.logsf:
            found += ["cdf", "sf", "logcdf", "logsf"] + ([] if self.discrete else ["ppf", "isf"])
        return found + [
            n for n in ("mean", "var", "std", "entropy") if getattr(f, n.replace("std", "var")) is not None
        ]

    def __call__(self, *args: Any, **kwargs: Any) -> Member:
        """One member, of these shapes, location and scale."""
        return Member(self, args, kwargs)

    def __getattr__(self, name: str) -> Any:
        rule = _METHODS.get(name)
        first = _PLACES.get(name, "")
        first = "k" if self.discrete and first == "x" else first
        return method_of(self, name, rule and partial(rule, self), "shapes, location and scale", first)

    def parameters(
        self, args: tuple[Any, ...], kwargs: dict[str, Any], kind: Callable[[Any], Any] = double
    ) -> tuple[list[Any], Any, Any]:
        """The shapes, the location and the scale of a call."""
        names = [*self._names, "loc", *([] if self.discrete else ["scale"])]
        given = dict(zip(names, args, strict=False))
        wrong = set(kwargs) - set(names) or set(kwargs) & set(given)
        if wrong or len(args) > len(names) or any(n not in given and n not in kwargs for n in self._names):
            raise ArgumentError(
                f"{self.name} takes the parameters {', '.join(names)}; got {len(args)} and {sorted(kwargs)}\n"
                f"  at {user_line()}"
            )
        given = {"loc": 0, "scale": 1, **given, **kwargs}
        found = {n: kind(v) for n, v in given.items()}
        return [found[n] for n in self._names], found["loc"], found["scale"]

    def is_valid(self, shapes: list[Any], scale: Any) -> Any:
        """Whether there is such a member."""
        found = scale > 0
        known = self.formulas.valid
        for one in [known(*shapes)] if known is not None else [s > 0 for s in shapes]:
            found = np.logical_and(found, one)
        return found

    def ends(self, shapes: list[Any]) -> tuple[Any, Any]:
        """The ends of the support of the standard member."""
        return of_shapes(self.formulas.low, shapes), of_shapes(self.formulas.high, shapes)


# Methods at places


def _within(y: Any, outside: Any, low: Any, high: Any) -> Any:
    """Places, and for those outside of the support one that stands for them."""
    return np.where(outside, _inside(low, high), y) if somewhere(outside) else y


def _inside(low: Any, high: Any) -> Any:
    """A place of the support."""
    low, high = stop_gradient(low), stop_gradient(high)
    from_low = np.where(np.isfinite(low), low + 1.0, 0.0)
    alone = np.where(np.isfinite(high), high - 1.0, from_low)
    both = np.logical_and(np.isfinite(low), np.isfinite(high))
    middle = np.where(both, (np.where(both, low, 0.0) + np.where(both, high, 0.0)) / 2, 0.0)
    return np.where(both, middle, np.where(np.isfinite(low), from_low, alone))


def _settled(out: Any, valid: Any, *where: tuple[Any, float]) -> Any:
    """A value, with others where the place lies outside, and NaN where there is no such member."""
    for outside, value in (*where, (np.logical_not(valid), np.nan)):
        # Most often there is nothing of it.
        out = np.where(outside, value, out) if somewhere(outside) else out
    return out[()]


def _place(family: Family, x: Any, args: Any, kwargs: Any) -> Any:
    shapes, loc, scale = family.parameters(args, kwargs)
    x = double(x)
    if family.discrete:
        x, loc = stop_gradient(x), stop_gradient(loc)
    low, high = family.ends(shapes)
    y = (x - loc) / scale
    return y, shapes, scale, low, high, family.is_valid(shapes, scale)


def _outside(f: Formulas, y: Any, low: Any, high: Any) -> Any:
    """Where there is no density: beside the support, and where it vanishes."""
    if f.vanishing == "ends":
        return np.logical_or(y <= low, y >= high)
    beside = np.logical_or(y <= low if f.vanishing == "low" else y < low, y > high)
    return beside if f.vanishing == "nowhere" else np.logical_or(beside, np.isinf(y))


def _at_start(family: Family, y: Any, scale: Any, x: Any, args: Any, kwargs: Any) -> tuple[Any, Any]:
    """A place, and the logarithm of the scale by which the density falls, also where it is infinite at 0.

    There the place does not move with the scale, and a power of zero does by that of the scale.
    """
    start = family.formulas.start
    if start is None or not somewhere(at := y == 0):
        return y, np.log(scale)
    shapes, loc, _ = family.parameters(args, kwargs)
    power, log = of_shapes(start, shapes), np.log(scale)
    at = np.logical_and(at, power != 0)
    place, quiet = (double(x) - loc) / stop_gradient(scale), stop_gradient(log)
    return np.where(at, place, y), np.where(at, quiet + (power + 1) * (log - quiet), log)


def _logpdf(family: Family, x: Any, *args: Any, **kwargs: Any) -> Any:
    y, shapes, scale, low, high, valid = _place(family, x, args, kwargs)
    outside = _outside(family.formulas, y, low, high)
    if family.discrete:
        outside = np.logical_or(outside, np.floor(y) != y)
    y, log_scale = _at_start(family, y, scale, x, args, kwargs)
    out = family.formulas.logpdf(_within(y, outside, low, high), *shapes) - log_scale
    return _settled(out, valid, (outside, -_INF), (np.isnan(y), np.nan))


def _pdf(family: Family, x: Any, *args: Any, **kwargs: Any) -> Any:
    return exponential(_logpdf(family, x, *args, **kwargs))[()]


def _below(f: Formulas, y: Any, shapes: list[Any]) -> Any:
    """The probability of lying below."""
    if f.cdf is not None:
        return f.cdf(y, *shapes)
    if f.logcdf is not None:
        return exponential(f.logcdf(y, *shapes))
    if f.logsf is not None:
        return remainder(f.logsf(y, *shapes))
    if f.sf is not None:
        return 1.0 - f.sf(y, *shapes)
    raise NoRuleError(f"this distribution has no cdf of Variables\n  at {user_line()}\nIntegrate its pdf")


def _above(f: Formulas, y: Any, shapes: list[Any]) -> Any:
    if f.sf is not None:
        return f.sf(y, *shapes)
    if f.logsf is not None:
        return exponential(f.logsf(y, *shapes))
    if f.logcdf is not None:
        return remainder(f.logcdf(y, *shapes))
    return 1.0 - _below(f, y, shapes)


def _log_below(f: Formulas, y: Any, shapes: list[Any]) -> Any:
    if f.logcdf is not None:
        return f.logcdf(y, *shapes)
    known = f.sf is not None or f.logsf is not None
    part = _below(f, y, shapes)
    out = log_of_part(part, _above(f, y, shapes) if known else None, f.far_below is not None)
    return far_out(part, f.far_below, y, shapes, out)


def _log_above(f: Formulas, y: Any, shapes: list[Any]) -> Any:
    if f.logsf is not None:
        return f.logsf(y, *shapes)
    known = f.cdf is not None or f.logcdf is not None
    part = _above(f, y, shapes)
    out = log_of_part(part, _below(f, y, shapes) if known else None, f.far_above is not None)
    return far_out(part, f.far_above, y, shapes, out)


def _cumulative(formula: Any, at_low: float, at_high: float) -> Formula:
    def method(family: Family, x: Any, *args: Any, **kwargs: Any) -> Any:
        y, shapes, _, low, high, valid = _place(family, x, args, kwargs)
        if family.discrete:
            y = np.floor(y)
            under, over = np.logical_or(y < low, y == -_INF), y >= high
        else:
            under, over = y <= low, y >= high
        out = formula(family.formulas, _within(y, np.logical_or(under, over), low, high), shapes)
        out = _settled(out, valid, (under, at_low), (over, at_high), (np.isnan(y), np.nan))
        # Above whole numbers SciPy's logarithm is zero, whether there is such a member or not.
        return np.where(over, at_high, out)[()] if family.discrete and at_low == -_INF else out

    return method


# Quantiles: by a formula, or as the place at which the probability is the given one


def _polished(x: Any, q: Any, shapes: list[Any], f: Formulas, log: Any, far: Any) -> Any:
    """A quantile of SciPy's, by Newton's method where its probability is another one: its search may have ended."""
    (low, high), wanted = (of_shapes(end, shapes) for end in (f.low, f.high)), np.log(q)
    with np.errstate(all="ignore"):
        off, near = np.isfinite(x), 1e-6
        for _ in range(60):
            known, slope = jvp(lambda x: log(f, x, shapes), (x,), (np.ones(np.shape(x)),))
            none = np.isinf(known)
            if far is not None and np.any(none):
                known = np.where(none, far(x, *shapes), known)
            gap = wanted - known
            off, near = np.logical_and(off, np.absolute(gap) > near * (1 - wanted)), 1e-15
            if not np.any(off):
                break
            step = x + gap / slope
            # Inside of the support, of which a millionth of the way is left.
            step = np.maximum(step, np.where(np.isfinite(low), low + (x - low) * 1e-6, -_INF))
            step = np.minimum(step, np.where(np.isfinite(high), high + (x - high) * 1e-6, _INF))
            x = np.where(np.logical_and(off, np.isfinite(step)), step, x)
    return x


def _inverse(name: str, log: Any, sign: int) -> Any:
    """The Block of SciPy's method that inverts a probability, of which the logarithm is given."""

    def value(q: Any, *shapes: Any, family: Family) -> Any:
        x, f = np.asarray(getattr(family.scipys, name)(q, *shapes)), family.formulas
        return _polished(x, q, list(shapes), f, log, f.far_below if sign > 0 else f.far_above)[()]

    def pushforward(xs_dot: Any, out: Any, xs: Any, family: Any = None) -> Any:
        """From log F(x; shapes) = log q: the change of x is that of the right without that of F, over its slope."""
        (q, *shapes), (q_dot, *dots) = xs, xs_dot
        f = family.formulas
        change = q_dot / q
        if shapes:
            change = change - jvp(lambda *s: log(f, out, list(s)), tuple(shapes), tuple(dots))[1]
        return sign * change / np.exp(f.logpdf(out, *shapes) - np.log(q))

    return general(
        name, value=value, pushforward=pushforward, names=("xs",), parameters=("family",), dispatches=False
    )


_quantile = _inverse("ppf", _log_below, 1)
# By the probability of lying above, which near zero is precise.
_upper = _inverse("isf", _log_above, -1)


def place_of(family: Family, q: Any, shapes: list[Any]) -> Any:
    """The standard member's quantile, of probabilities between 0 and 1."""
    if family.formulas.ppf is not None:
        return family.formulas.ppf(q, *shapes)
    return _quantile(*_together(q, *shapes), family=family)


def _together(*values: Any) -> list[Any]:
    shape = np.broadcast_shapes(*map(np.shape, values))
    return [np.broadcast_to(v, shape) for v in values]


def _isf_inside(family: Family, q: Any, shapes: list[Any]) -> Any:
    if family.formulas.isf is not None:
        return family.formulas.isf(q, *shapes)
    return _upper(*_together(q, *shapes), family=family)


def _quantiles(inside: Any, from_below: bool) -> Formula:
    def method(family: Family, q: Any, *args: Any, **kwargs: Any) -> Any:
        if family.discrete:
            raise NoRuleError(
                f"scipy.stats.{family.name}.ppf has no derivative: it is a whole number\n  at {user_line()}\n"
                "Pass plain probabilities and shapes"
            )
        shapes, loc, scale = family.parameters(args, kwargs)
        q, (low, high) = double(q), family.ends(shapes)
        within = np.logical_and(q > 0, q < 1)
        out = loc + scale * inside(family, np.where(within, q, 0.5), shapes)
        first, last = (low, high) if from_below else (high, low)
        out = np.where(q == 0, placed(first, loc, scale), np.where(q == 1, placed(last, loc, scale), out))
        known = np.logical_and(family.is_valid(shapes, scale), np.logical_and(q >= 0, q <= 1))
        return np.where(known, out, np.nan)[()]

    return method


# The first argument of each method at places; "x" is "k" of whole numbers.
_PLACES = dict.fromkeys(("pdf", "logpdf", "pmf", "logpmf", "cdf", "sf", "logcdf", "logsf"), "x")
_PLACES |= {"ppf": "q", "isf": "q", "interval": "confidence", "moment": "order"}
_METHODS: dict[str, Formula] = {
    "logpdf": _logpdf, "logpmf": _logpdf, "pdf": _pdf, "pmf": _pdf,
    "cdf": _cumulative(_below, 0.0, 1.0), "sf": _cumulative(_above, 1.0, 0.0),
    "logcdf": _cumulative(_log_below, -_INF, 0.0), "logsf": _cumulative(_log_above, 0.0, -_INF),
    "ppf": _quantiles(place_of, True), "isf": _quantiles(_isf_inside, False),
    **MOMENTS,
}  # fmt: skip
