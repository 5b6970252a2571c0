"""Derivatives of Tricomi's function, `hyperu`, by its parameters.

They are integrals (DLMF 13.4.4) of what falls doubly exponentially once `t` is an exponential, so that the
trapezoidal rule is precise to the last digits, and where the first parameter is less than 1 a recurrence (DLMF
13.3.7) leads down to it.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import product
from math import comb
from typing import Any

import numpy as np
from scipy import special as sp

from .near import in_pieces, trapezoidal
from .series import declare, evaluate, written

# What lies so far below the greatest value, in exponents, is left out.
_DEPTH = 42.0
_SCAN = np.linspace(0.0, 1.0, 400)
_POINTS, _WEIGHTS = trapezoidal(257)
# So far down the recurrence is followed.
_MOST = 200

# What rounding does to a sum, and the part of a result that it may be.
_ROUNDING, _WORST = 4 * float(np.finfo(float).eps), 1e-8

Table = dict[tuple[int, int], Any]
Pair = tuple[Table, Table]


def _exponent(a: Any, b: Any, x: Any, s: Any) -> Any:
    t = np.exp(s)
    return a * s - x * t + (b - a - 1) * np.log1p(t)


def _window(a: Any, b: Any, x: Any) -> tuple[Any, Any, Any]:
    """Where the integrand is not negligible, and its greatest exponent there."""
    high = np.log(2 * (a + np.absolute(b) + _DEPTH + 20) / x + 2)
    low = -np.log1p(x) - (_DEPTH + 20) / a
    step = (high - low) / (len(_SCAN) - 1)
    exponents = _exponent(
        a[..., None], b[..., None], x[..., None], low[..., None] + (high - low)[..., None] * _SCAN
    )
    top = exponents.max(-1)
    inside = exponents > top[..., None] - _DEPTH
    begin, end = np.argmax(inside, -1) - 1, len(_SCAN) - np.argmax(inside[..., ::-1], -1)
    return low + step * np.maximum(begin, 0), low + step * np.minimum(end, len(_SCAN) - 1), top


def _reciprocal_gammas(a: Any, count: int) -> list[Any]:
    """`1 / gamma` and its derivatives, times `gamma`."""
    found = [1.0 + 0 * a]
    for n in range(count):
        found.append(-sum(comb(n, r) * sp.polygamma(r, a) * found[n - r] for r in range(n + 1)))
    return found


def _by_integral(a: Any, b: Any, x: Any, orders: tuple[int, int]) -> Pair:
    """All derivatives up to these orders, of `a` from 1, and what rounding may have done to them."""
    low, high, top = _window(a, b, x)
    s = low[..., None] + (high - low)[..., None] * _POINTS
    power = np.exp(_exponent(a[..., None], b[..., None], x[..., None], s) - top[..., None])
    power = power * ((high - low)[..., None] * _WEIGHTS)
    more = np.log1p(np.exp(s))
    moments = {
        (i, j): np.sum(power * (s - more) ** i * more**j, axis=-1)
        for i, j in product(range(orders[0] + 1), range(orders[1] + 1))
    }
    gammas, size = _reciprocal_gammas(a, orders[0]), np.exp(top - sp.gammaln(a))
    found, bounds = {}, {}
    for i, j in moments:
        parts = [comb(i, q) * gammas[q] * moments[i - q, j] for q in range(i + 1)]
        found[i, j] = size * sum(parts)
        bounds[i, j] = _ROUNDING * size * sum(np.absolute(part) for part in parts)
    return found, bounds


def _chosen(where: Any, one: Table, other: Table) -> Table:
    return {o: np.where(where, one[o], other[o]) for o in one}


def _of_tricomi(a: Any, b: Any, x: Any, orders: tuple[int, int]) -> Any:
    known = (x > 0) & np.isfinite(x) & (a > -_MOST) & np.isfinite(a) & np.isfinite(b)
    a, b, x = np.where(known, a, 1.0), np.where(known, b, 1.0), np.where(known, x, 1.0)
    down = np.maximum(np.ceil(1 - a), 0.0)
    here, above = _by_integral(a + down, b, x, orders), _by_integral(a + down + 1, b, x, orders)
    for k in range(int(down.max(initial=0.0)), 0, -1):
        p = a + k
        moved = {o: _lower(p, b, x, here, above, o) for o in here[0]}
        # That of 0 is 1, whatever the others are.
        for j in range(orders[1] + 1):
            value, bound = moved[0, j]
            moved[0, j] = np.where(p == 1, float(j == 0), value), np.where(p == 1, 0.0, bound)
        values, bounds = ({o: pair[n] for o, pair in moved.items()} for n in (0, 1))
        open_still = down >= k
        above = _chosen(open_still, here[0], above[0]), _chosen(open_still, here[1], above[1])
        here = _chosen(open_still, values, here[0]), _chosen(open_still, bounds, here[1])
    found, bounds = here
    # The recurrence may leave less than it went through.
    lost = bounds[orders] > _WORST * (np.absolute(found[orders]) + 0.01 * np.absolute(found[0, 0]))
    return np.where(known & ~lost, found[orders], np.nan)


def _of_many(a: Any, b: Any, x: Any, orders: tuple[int, int]) -> Any:
    return in_pieces(lambda a, b, x: _of_tricomi(a, b, x, orders), a, b, x)


def _lower(p: Any, b: Any, x: Any, here: Pair, above: Pair, orders: tuple[int, int]) -> tuple[Any, Any]:
    """The function of `p - 1` from those of `p` and `p + 1`, and what rounding may have done to it."""
    i, j = orders
    terms = [(2 * p + x - b, here, (i, j)), (-p * (p - b + 1), above, (i, j))]
    if i:
        terms += [(2.0 * i, here, (i - 1, j)), (-i * (2 * p - b + 1), above, (i - 1, j))]
    if i > 1:
        terms.append((-1.0 * i * (i - 1), above, (i - 2, j)))
    if j:
        terms += [(-1.0 * j, here, (i, j - 1)), (j * p, above, (i, j - 1))]
    if i and j:
        terms.append((1.0 * i * j, above, (i - 1, j - 1)))
    found = sum(factor * table[0][o] for factor, table, o in terms)
    bound = sum(np.absolute(f) * (t[1][o] + _ROUNDING * np.absolute(t[0][o])) for f, t, o in terms)
    return found, bound


def hyperu_by_parameters(code: Any, a: Any, b: Any, x: Any) -> Any:
    """A derivative of `hyperu` by its parameters; NaN where its argument is not positive."""
    return evaluate(_of_many, code, (a, b), x)


def _by_argument(call: Callable[..., Any], orders: tuple[int, int], params: Sequence[Any], x: Any) -> Any:
    """Minus the first parameter, times the function of parameters one greater."""
    (a, b), (i, j) = params, orders
    found = -a * call(written((i, j)), a + 1.0, b + 1.0, x)
    return found - i * call(written((i - 1, j)), a + 1.0, b + 1.0, x) if i else found


OF_U = declare(hyperu_by_parameters, 2, _by_argument)
