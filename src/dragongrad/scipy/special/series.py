"""Derivatives of hypergeometric functions by their parameters: the series, and what continues it.

Term by term the power series is differentiated by its recurrence, with every lower derivative beside it. Where it
is slow or cancels, the function of Gauss is carried on by the Taylor series of its differential equation (DLMF
15.10.1), differentiated alike, and that of Kummer is transformed first (DLMF 13.2.39). Higher derivatives are
functions of the same kind; by the argument one gets to the function of parameters that are greater by one.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import product
from math import comb, factorial, prod
from typing import Any

import numpy as np
from scipy import special as sp

from ...core.block import elementwise

_EPS = float(np.finfo(float).eps)
# Terms of a series at most, and in how many steps it is asked whether it has come to its end.
_TERMS, _ASKED = 20_000, 8
# A sum of which rounding leaves less than this is none.
_WORST = 1e-9
# What is larger is made smaller by this factor.
_LARGE = 1e200
# Within this radius Gauss's series converges quickly; a step beyond is this part of the way to a singular point.
_RADIUS, _PART, _POWERS, _STEPS = 0.6, 0.5, 400, 200
# So far apart two values of one function may be, of which one goes with the derivative.
_APART = 1e-8

Orders = tuple[int, ...]
Table = dict[Orders, Any]


def _below(orders: Orders) -> list[Orders]:
    """All orders up to these, the lower ones first."""
    return list(product(*[range(n + 1) for n in orders]))


def _less(orders: Orders, *places: int) -> Orders:
    return tuple(n - places.count(k) for k, n in enumerate(orders))


def _times(factors: list[Any], table: Table, orders: Orders) -> Any:
    """A derivative of a product of `factors`, each a parameter and a constant, and what the table holds."""
    total = prod(factors) * table[orders]
    for k, n in enumerate(orders[: len(factors)]):
        if n:
            rest = prod(factors[:k] + factors[k + 1 :])
            total = total + n * rest * table[_less(orders, k)]
    if len(factors) == 2 and orders[0] and orders[1]:
        total = total + orders[0] * orders[1] * table[_less(orders, 0, 1)]
    return total


def power_series(up: list[Any], down: Any, z: Any, orders: Orders) -> tuple[Table, Table, Table, Any]:
    """The sums of a hypergeometric series and of its derivative times `z`, by their orders.

    Parameters
    ----------
    up : list of ndarray
        The parameters above, at most two.
    down : ndarray
        The one below.
    z : ndarray
        The argument.
    orders : tuple of int
        How often it is differentiated by each parameter at most, the one below last.

    Returns
    -------
    sums, slopes : dict
        Arrays by orders; NaN where too few digits are left, or the series has not come to its end.
    errors : dict
        What rounding may have done to the sums.
    scale : ndarray
        The logarithm of what all are to be multiplied by.

    """
    known = _below(orders)
    terms: Table = {o: (1.0 + 0 * z if not any(o) else 0 * z) for o in known}
    sums, slopes = dict(terms), {o: 0 * z for o in known}
    sizes = {o: np.absolute(t) for o, t in terms.items()}
    scale = np.zeros(np.shape(z))
    open_still = np.ones(np.shape(z), bool)
    last = len(orders) - 1
    for n in range(_TERMS):
        above, below, factor = [p + n for p in up], down + n, z / (n + 1.0)
        new: Table = {}
        for o in known:
            value = factor * _times(above, terms, o)
            if o[last]:
                value = value - o[last] * new[_less(o, last)]
            new[o] = value / below
        terms = new
        for o in known:
            sums[o] = sums[o] + terms[o]
            slopes[o] = slopes[o] + (n + 1.0) * terms[o]
            sizes[o] = sizes[o] + np.absolute(terms[o])
        if n % _ASKED == _ASKED - 1:
            ended = [(n + 1.0) * np.absolute(terms[o]) <= 0.1 * _EPS * sizes[o] for o in known]
            falls = np.absolute(factor) * prod(np.absolute(a) for a in above) < 0.9 * np.absolute(below)
            nothing = np.logical_and.reduce([terms[o] == 0 for o in known])
            open_still = ~(nothing | (falls & np.logical_and.reduce(ended)))
            if not (open_still & np.isfinite(sizes[known[-1]])).any():
                break
            large = sizes[known[-1]] > _LARGE
            if large.any():
                part = np.where(large, 1 / _LARGE, 1.0)
                scale = scale + np.where(large, np.log(_LARGE), 0.0)
                for one in (terms, sums, slopes, sizes):
                    for o in known:
                        one[o] = one[o] * part
    whole = sum(np.absolute(s) for s in sums.values())
    for o in known:
        lost = open_still | (_EPS * sizes[o] > _WORST * whole)
        sums[o], slopes[o] = np.where(lost, np.nan, sums[o]), np.where(lost, np.nan, slopes[o])
    return sums, slopes, {o: _EPS * s for o, s in sizes.items()}, scale


def _turned(orders: Orders, way: Sequence[Sequence[tuple[int, int]]]) -> dict[Orders, float]:
    """The derivative of a function of other parameters: by which orders of that it is, and how often.

    `way` has, for each parameter, those that move with it and the sign.
    """
    found: dict[Orders, float] = {(0,) * len(orders): 1.0}
    for parameter, n in zip(way, orders, strict=True):
        for _ in range(n):
            step: dict[Orders, float] = {}
            for o, weight in found.items():
                for place, sign in parameter:
                    more = tuple(m + (k == place) for k, m in enumerate(o))
                    step[more] = step.get(more, 0.0) + sign * weight
            found = step
    return found


def _of_kummer(a: Any, b: Any, z: Any, orders: Orders) -> Any:
    """Where the real part is negative, `exp(z)` times the function of `b - a`, `b` and `-z` (DLMF 13.2.39)."""
    # A polynomial is right as it is: where its argument is negative most terms have one sign.
    left = (np.real(z) < 0) & ~_ends(a, orders[0])
    straight, _, _, scale = power_series(
        [np.where(left, 0.0, a)], np.where(left, 1.0, b), np.where(left, 0.0, z), orders
    )
    weights = _turned(orders, [[(0, -1)], [(0, 1), (1, 1)]])
    most = (max(o[0] for o in weights), max(o[1] for o in weights))
    turned, _, errors, other = power_series(
        [np.where(left, b - a, 0.0)], np.where(left, b, 1.0), np.where(left, -z, 0.0), most
    )
    total = sum(w * turned[o] for o, w in weights.items())
    # The sums may cancel one another.
    size = np.absolute(total) + 0.01 * np.absolute(turned[0, 0])
    lost = sum(abs(w) * errors[o] for o, w in weights.items()) > _WORST * size
    here = np.where(left, np.where(lost, np.nan, total), straight[orders])
    return here * np.exp(np.where(left, z + other, scale))


def _ends(p: Any, order: int) -> Any:
    """Whether a parameter above, by which nothing is differentiated, makes a polynomial."""
    return (p <= 0) & (p == np.floor(p)) & (order == 0)


def _carried(up: list[Any], c: Any, z: Any, orders: Orders) -> Table:
    """Gauss's function away from zero: its series there, and Taylor series on the way to `z`."""
    size = np.absolute(z)
    straight = (size <= _RADIUS) | _ends(up[0], orders[0]) | _ends(up[1], orders[1])
    at = np.where(straight, z, z * (_RADIUS / np.where(straight, 1.0, size)))
    sums, slopes, _, _ = power_series(up, c, at, orders)
    slopes = {o: s / np.where(at == 0, 1.0, at) for o, s in slopes.items()}
    for _ in range(_STEPS):
        reach = np.absolute(z - at)
        moved = reach > 0
        if not moved.any():
            break
        step = _PART * np.minimum(np.absolute(at), np.absolute(1 - at))
        there = np.where(reach > step, at + (z - at) * (step / np.where(moved, reach, 1.0)), z)
        # The way that is gone, without rounding.
        h = there - at
        total, slope = _step(up, c, np.where(moved, at, 0.5), h, sums, slopes)
        for o in sums:
            sums[o] = np.where(moved, total[o], sums[o])
            slopes[o] = np.where(moved, slope[o] / np.where(moved, h, 1.0), slopes[o])
        at = there
    return {o: np.where(at == z, s, np.nan) for o, s in sums.items()}


def _step(up: list[Any], c: Any, at: Any, h: Any, sums: Table, slopes: Table) -> tuple[Table, Table]:
    """The function at `at + h` and its slope times `h`, from both at `at`."""
    a, b = up
    before, after = dict(sums), {o: h * s for o, s in slopes.items()}
    total, slope = {o: before[o] + after[o] for o in sums}, dict(after)
    ground = at * (1 - at)
    for m in range(_POWERS):
        front = c + m - (a + b + (1.0 + 2 * m)) * at
        new: Table = {}
        for o in sums:
            value = h * _times([a + m, b + m], before, o) / (m + 1.0) - front * after[o]
            for k in (0, 1):
                if o[k]:
                    value = value + o[k] * at * after[_less(o, k)]
            if o[2]:
                value = value - o[2] * after[_less(o, 2)]
            new[o] = value * h / (ground * (m + 2.0))
        before, after = after, new
        for o in sums:
            total[o] = total[o] + after[o]
            slope[o] = slope[o] + (m + 2.0) * after[o]
        if m % _ASKED == _ASKED - 1 and all(
            (m * np.absolute(after[o]) <= 0.1 * _EPS * np.absolute(total[o])).all()
            & (m * np.absolute(before[o]) <= 0.1 * _EPS * np.absolute(total[o])).all()
            for o in sums
        ):
            break
    return total, slope


def _of_gauss(a: Any, b: Any, c: Any, z: Any, orders: Orders) -> Any:
    """Where it is nearer to zero, `(1 - z)**-a` times the function of `a, c - b, c, z / (z - 1)` (DLMF 15.8.1)."""
    other = z / np.where(z == 1, 1.0, z - 1)
    turned = (np.absolute(other) < np.absolute(z)) & ~_ends(a, orders[0]) & ~_ends(b, orders[1])
    sums = _carried([a, b], c, np.where(turned, 0.0, z), orders)
    none = (0, 0, 0)
    value, found = sums[none], sums[orders]
    if turned.any():
        root = np.where(turned, -np.log1p(-np.where(turned, z, 0.0)), 0.0)
        power, total = np.exp(a * root), 0.0
        for n in range(orders[0] + 1):
            for o, weight in _turned((n, *orders[1:]), [[(0, 1)], [(1, -1)], [(1, 1), (2, 1)]]).items():
                part = _carried([a, c - b], c, np.where(turned, other, 0.0), o)
                total = total + comb(orders[0], n) * root ** (orders[0] - n) * weight * part[o]
        value, found = np.where(turned, power * part[none], value), np.where(turned, power * total, found)
    # On the way nothing says how many digits are left; SciPy's value was found in another way.
    exact = sp.hyp2f1(a, b, c, z)
    right = np.absolute(value - exact) <= _APART * np.absolute(exact)
    # The function is cut from 1 to infinity.
    cut = (np.imag(z) == 0) & (np.real(z) >= 1)
    return np.where(right & ~cut, found, np.nan)


def evaluate(function: Callable[..., Any], code: Any, params: Sequence[Any], z: Any) -> Any:
    """A function of parameters, an argument and orders, these written as the digits of a number.

    Single precision is kept; what is inside is computed in double.
    """
    given = np.result_type(*params, z)
    kind = np.result_type(given, np.float64)
    *parameters, z = np.broadcast_arrays(*[np.asarray(p, np.float64) for p in params], np.asarray(z, kind))
    with np.errstate(all="ignore"):
        found = function(*parameters, z, _digits(int(np.max(code, initial=0)), len(params)))
    return np.asarray(found, given if given.kind in "fc" else kind)[()]


def _digits(code: int, count: int) -> Orders:
    return tuple(code // BASE**k % BASE for k in range(count))


def _of_limit(v: Any, z: Any, orders: Orders) -> Any:
    sums, _, _, scale = power_series([], v, z, orders)
    return sums[orders] * np.exp(scale)


# How often a function is differentiated by each parameter is written in one number, as its digits to this base.
BASE = 16


def hyp0f1_by_parameter(code: Any, v: Any, z: Any) -> Any:
    """A derivative of `hyp0f1` by its parameter."""
    return evaluate(_of_limit, code, (v,), z)


def hyp1f1_by_parameters(code: Any, a: Any, b: Any, z: Any) -> Any:
    """A derivative of `hyp1f1` by its parameters."""
    return evaluate(_of_kummer, code, (a, b), z)


def hyp2f1_by_parameters(code: Any, a: Any, b: Any, c: Any, z: Any) -> Any:
    """A derivative of `hyp2f1` by its parameters."""
    return evaluate(_of_gauss, code, (a, b, c), z)


def _by_argument(call: Callable[..., Any], orders: Orders, params: Sequence[Any], z: Any) -> Any:
    """The product of the parameters above over the one below, times the function of parameters one greater."""
    above, below, last = list(params[:-1]), params[-1], len(params) - 1
    total: Any = 0.0
    for few in product(*[range(min(n, 1) + 1) for n in orders[:-1]], range(orders[-1] + 1)):
        factor: Any = prod(n if f else p for n, f, p in zip(orders, few, above, strict=False))
        factor = factor * (comb(orders[last], few[last]) * (-1) ** few[last] * factorial(few[last]))
        left = written(tuple(n - f for n, f in zip(orders, few, strict=True)))
        total = total + factor / below ** (few[last] + 1) * call(left, *[p + 1.0 for p in params], z)
    return total


def written(orders: Orders) -> float:
    """Orders in one number."""
    return float(sum(n * BASE**k for k, n in enumerate(orders)))


def declare(
    fn: Callable[..., Any], count: int, slope: Callable[..., Any] = _by_argument
) -> tuple[Callable[..., Any], ...]:
    """The first derivatives by each of `count` parameters, of these and the argument, as uses of one Block.

    Parameters
    ----------
    fn : callable
        `fn(code, *params, z)`, with the orders in `code`.
    count : int
        The number of parameters; by one of them the function is itself, with one order more.
    slope : callable
        `slope(call, orders, params, z)`, the derivative by the argument.

    """

    def by_parameter(place: int) -> Callable[..., Any]:
        rules: dict[int, Callable[..., Any]] = {
            1: lambda x, y, z: call(x + BASE**place, y, z),
            2: lambda x, y, z, u: call(x + BASE**place, y, z, u),
            3: lambda x, y, z, u, v: call(x + BASE**place, y, z, u, v),
        }
        return rules[count]

    def of_code(code: Any, *rest: Any) -> Any:
        return slope(call, _digits(int(np.max(code)), count), rest[:-1], rest[-1])

    by_argument: dict[int, Callable[..., Any]] = {
        1: lambda x, y, z: of_code(x, y, z),
        2: lambda x, y, z, u: of_code(x, y, z, u),
        3: lambda x, y, z, u, v: of_code(x, y, z, u, v),
    }
    call = elementwise(fn, 0.0, *map(by_parameter, range(count)), by_argument[count], dispatches=False).call

    def first(place: int) -> Callable[..., Any]:
        return lambda *args: call(float(BASE**place), *args)

    return tuple(map(first, range(count)))


OF_0F1 = declare(hyp0f1_by_parameter, 1)
OF_1F1 = declare(hyp1f1_by_parameters, 2)
OF_2F1 = declare(hyp2f1_by_parameters, 3)
