"""What a pair of Blocks is together, where the product of their derivatives is `0 * inf`.

Only a careful computation (`CAREFUL`) asks; a plain one has found a NaN before.
"""

from __future__ import annotations

from collections.abc import Callable
from math import factorial
from typing import Any

import numpy as np

from ..context import CAREFUL
from ..core.block import BLOCKS
from ..core.variable import Variable
from .axes import joined, reduced, restore
from .companions import LN2, LN10, even_power, exp_of, is_end, log_of, pure_end, raised, root_of, size_of, still
from .elementwise import DISTANCE
from .reductions import EXTREMA
from .special import _logistic, stop_gradient

# Where singularities come from


def _zero(out: Any, *args: Any) -> Any:
    return out == 0


def _end(out: Any, *args: Any) -> Any:
    return is_end(out)


def _infinite(out: Any, *args: Any) -> Any:
    return np.isinf(out)


def _zero_square(out: Any, x: Any, y: Any) -> Any:
    return out == 0 if x is y else False


def _sources(where: Callable[..., Any], *fns: Any) -> None:
    for fn in fns:
        BLOCKS[fn].source = where


_sources(_end, np.exp, np.exp2, np.expm1, np.cosh, np.sinh, _logistic)
_sources(_infinite, np.log, np.log2, np.log10, np.log1p)
_sources(_zero, np.sqrt, np.absolute, np.fabs, np.hypot, np.copysign, np.square, np.power, np.float_power)
_sources(lambda out, x, *args: x == 0, np.sign, np.heaviside)
_sources(_zero_square, np.multiply)
DISTANCE.source = _zero


def restated(*fns: Any) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Declare how functions restate themselves at removable singularities."""

    def declare(rule: Callable[..., Any]) -> Callable[..., Any]:
        for fn in fns:
            BLOCKS[fn].restated = rule
        return rule

    return declare


# The pairs: where the plain rule meets `0 * inf`, and the other expression there


def _restate_log(fn: Any, scale: float) -> None:
    @restated(fn)
    def logarithm(out: Any, x: Any) -> Any:
        """Of exponentials that are zero or infinite."""
        made = log_of(x)
        return None if made is None else (np.logical_or(x == 0, np.isinf(x)), lambda: scale * made())


for _fn, _scale in ((np.log, 1.0), (np.log2, 1 / LN2), (np.log10, 1 / LN10)):
    _restate_log(_fn, _scale)


@restated(np.log1p)
def _log1p(out: Any, x: Any) -> Any:
    """Of exponentials that are infinite."""
    made = log_of(x)
    return None if made is None else (np.isinf(x), lambda: np.logaddexp(0.0, made()))


@restated(np.logaddexp)
def _logaddexp(out: Any, x: Any, y: Any) -> Any:
    """Of logarithms of zero."""
    if exp_of(x) is None and exp_of(y) is None:
        return None

    def made() -> Any:
        peak = stop_gradient(np.maximum(x, y))
        return np.log(np.exp(x - peak) + np.exp(y - peak)) + peak

    return np.logical_xor(x == -np.inf, y == -np.inf), made


def _saturated(fn: Any, out: Any, *args: Any) -> Any:
    """Where an argument is at a pure end and the value is finite: what moves the exponents moves it by nothing."""
    found = {i: pure_end(a) for i, a in enumerate(args) if isinstance(a, Variable)}
    finite = np.isfinite(out) if any(found.values()) else None
    stuck = {i: np.logical_and(pure(), finite) for i, pure in found.items() if pure is not None}
    if not stuck:
        return None

    def made() -> Any:
        held = list(args)
        for i, mask in stuck.items():
            held[i] = np.where(mask, stop_gradient(args[i]), args[i])
            held[i].origin = None
        value = BLOCKS[fn](*held)
        for i in stuck:
            value = value + still(args[i])
        return value

    anywhere: Any = False
    for mask in stuck.values():
        anywhere = np.logical_or(anywhere, mask)
    return anywhere, made


def _restate_saturated(fn: Any) -> None:
    first = BLOCKS[fn].restated

    @restated(fn)
    def saturated(out: Any, *args: Any) -> Any:
        return (first and first(out, *args)) or _saturated(fn, out, *args)


@restated(np.sqrt)
def _sqrt(out: Any, x: Any) -> Any:
    """Of an even power of zero: a power of the absolute value."""
    base, power = even_power(x)
    return None if base is None else (out == 0, lambda: raised(size_of(base), power // 2))


@restated(np.exp)
def _exp(out: Any, x: Any) -> Any:
    """Of logarithms of zero."""
    made = exp_of(x)
    return None if made is None else (x == -np.inf, made)


@restated(np.square)
def _square(out: Any, x: Any) -> Any:
    """Of a root of zero."""
    root = root_of(x)
    return None if root is None else (x == 0, lambda: root.factor() ** 2 * root.square())


@restated(np.multiply)
def _product(out: Any, x: Any, y: Any) -> Any:
    """Of two multiples of the same root of zero."""
    one, other = root_of(x), root_of(y)
    if one is None or other is None or one.key != other.key:
        return None
    return x == 0, lambda: one.factor() * other.factor() * one.square()


@restated(np.power, np.float_power)
def _power(out: Any, x: Any, y: Any) -> Any:
    """Of a root of zero."""
    root = root_of(x)
    if root is None or isinstance(y, Variable) or not np.all(np.greater_equal(y, 2)):
        return None
    if not isinstance(y, int):
        return x == 0, lambda: root.factor() ** y * root.square() ** (y / 2)
    if y % 2 == 0:
        return x == 0, lambda: root.factor() ** y * raised(root.square(), y // 2)
    return None if root.sided else (x == 0, lambda: root.factor() ** (y - 1) * raised(root.square(), y // 2) * x)


# Even functions, by their series in the square.
_SERIES = {
    np.cos: [(-1) ** k / factorial(2 * k) for k in range(9)],
    np.cosh: [1 / factorial(2 * k) for k in range(9)],
    np.sinc: [(-1) ** k * np.pi ** (2 * k) / factorial(2 * k + 1) for k in range(9)],
}


def _restate_even(fn: Any, series: list[float]) -> None:
    @restated(fn)
    def even(out: Any, x: Any) -> Any:
        """Of a root of zero."""
        root = root_of(x)
        if root is None:
            return None

        def made() -> Any:
            square = root.factor() ** 2 * root.square()
            total: Any = 0.0
            for c in reversed(series):
                total = total * square + c
            return total

        return x == 0, made


for _fn, _series in _SERIES.items():
    _restate_even(_fn, _series)


def _real_absolute(out: Any, x: Any) -> Any:
    """At zero: on either side of the kink; that of an even power has none."""
    if x.dtype.kind == "c":
        return out == 0, lambda: np.sqrt(np.real(x) ** 2 + np.imag(x) ** 2)
    if even_power(x)[0] is not None:
        return x == 0, lambda: x
    if root_of(x) is not None:
        return x == 0, lambda: size_of(x)
    return x == 0, lambda: x * CAREFUL.get().sides(x)


restated(np.absolute, np.fabs)(_real_absolute)
DISTANCE.restated = lambda out, x: (x == 0, lambda: np.sqrt(x))
restated(np.hypot)(lambda out, x, y: (out == 0, lambda: np.sqrt(x * x + y * y)))


@restated(np.copysign)
def _copysign(out: Any, x: Any, y: Any) -> Any:
    """At zero: a product of two kinks."""

    def sign() -> Any:
        given = np.copysign(1.0, y)
        if not isinstance(y, Variable) or not y.level.differentiates(y):
            return given
        return np.where(np.equal(y, 0), CAREFUL.get().sides(y, given), given)

    return x == 0, lambda: np.absolute(x) * sign()


@restated(np.sign)
def _sign(out: Any, x: Any) -> Any:
    """At zero: on either side of the jump."""
    return None if x.dtype.kind == "c" else (x == 0, lambda: CAREFUL.get().sides(x))


@restated(np.heaviside)
def _heaviside(out: Any, x: Any, y: Any) -> Any:
    """At zero: on either side of the jump."""
    moves = isinstance(y, Variable) and y.level.differentiates(y)
    if moves or not isinstance(x, Variable):
        return None
    return np.equal(x, 0), lambda: (1 + CAREFUL.get().sides(x, 2 * np.broadcast_to(y, out.shape) - 1)) / 2


def _equal(out: Any, x: Any, y: Any) -> Any:
    return np.logical_and(x == y, np.isfinite(x))


def _restate_extremum(fn: Any, sign: float) -> None:
    @restated(fn)
    def extremum(out: Any, x: Any, y: Any) -> Any:
        """Of equal numbers: the absolute value of their difference."""

        def made() -> Any:
            difference = x - y
            return (x + y + sign * difference * CAREFUL.get().sides(difference)) / 2

        return _equal(out, x, y), made

    BLOCKS[fn].source = _equal


for _fn, _of in ((np.maximum, 1.0), (np.fmax, 1.0), (np.minimum, -1.0), (np.fmin, -1.0)):
    _restate_extremum(_fn, _of)


def _tied(out: Any, x: Any, axis: Any = None, keepdims: bool = False) -> Any:
    """Where two finite elements are the extremum."""
    count = np.sum(x == restore(out, x, axis, keepdims), axis=axis, keepdims=keepdims)
    return np.logical_and(count == 2, np.isfinite(out))


def _restate_reduction(fn: Any, larger: Any) -> None:
    def extremum(out: Any, x: Any, axis: Any = None, keepdims: bool = False) -> Any:
        """Of two equal elements: the larger of them, as a pair of numbers."""

        def made() -> Any:
            axes = reduced(axis, x.ndim)
            wins = joined(x == restore(out, x, axis, keepdims), axes)
            first, last = np.argmax(wins, axis=0), wins.shape[0] - 1 - np.argmax(np.flip(wins, 0), axis=0)
            pair = [np.take_along_axis(joined(x, axes), place[None], 0)[0] for place in (first, last)]
            return np.reshape(larger(*pair), out.shape)

        return _tied(out, x, axis, keepdims), made

    EXTREMA[fn].source, EXTREMA[fn].restated = _tied, extremum


for _fn, _larger in ((np.max, np.maximum), (np.min, np.minimum)):
    _restate_reduction(_fn, _larger)

for _block in list(BLOCKS.values()):
    if _block.partials and _block.fn not in (np.log, np.log2, np.log10):
        _restate_saturated(_block.fn)
