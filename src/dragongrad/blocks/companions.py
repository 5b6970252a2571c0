"""Companions of a value, each built back from the applications that made it.

The logarithm of what comes from exponentials (and may be zero or infinite by under- or overflow), the exponential
of what comes from logarithms (and may be minus infinity), and the square of a multiple of a square root (which may
be zero): with them a pair of Blocks whose derivatives multiply to `0 * inf` is differentiated as one (`pairs`).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np

from ..core.block import BLOCKS, elementwise
from ..core.variable import Variable, bottom
from .elementwise import distance
from .special import _logistic, logsumexp

LN2, LN10 = float(np.log(2.0)), float(np.log(10.0))

# What makes an expression, where there is one.
Made = Callable[[], Any] | None
# Functions that only move elements: a companion of what they return is the same movement of the companion.
_MOVES = frozenset({np.reshape, np.transpose, "getitem", np.broadcast_to, np.positive})


def _companion(value: Any, rules: dict[Any, Callable[..., Made]], of: Callable[[Any], Made]) -> Made:
    """The companion of a value by the rule of the application that made it."""
    origin = getattr(value, "origin", None)
    if origin is None:
        return None
    if origin.fn in _MOVES:
        return _then(of(origin.args[0]), lambda made: BLOCKS[origin.fn](made, **origin.params))
    rule = rules.get(origin.fn)
    return None if rule is None else rule(*origin.args, **origin.params)


def _then(made: Made, change: Callable[[Any], Any]) -> Made:
    return None if made is None else lambda: change(made())


# Logarithms of what comes from exponentials


def _log(value: Any) -> Any:
    with np.errstate(divide="ignore"):
        return np.log(value)


def _is_real(value: Any) -> bool:
    return (value if isinstance(value, Variable) else np.asarray(value)).dtype.kind in "biuf"


def _is_positive(value: Any) -> bool:
    """Whether a value holds real numbers, none of them negative."""
    return _is_real(value) and bool(np.all(bottom(value) >= 0))


def _log_beside(value: Any) -> Made:
    """The logarithm of the absolute value of another factor or term."""
    known = log_of(value)
    if known is not None:
        return known
    return (lambda: _log(value * np.where(value < 0, -1.0, 1.0))) if _is_real(value) else None


def _logs(x: Any, y: Any, combine: Callable[[Any, Any], Any]) -> Made:
    if log_of(x) is None and log_of(y) is None:
        return None
    one, other = _log_beside(x), _log_beside(y)
    return None if one is None or other is None else lambda: combine(one(), other())


def _logs_of_terms(x: Any, y: Any, combine: Callable[[Any, Any], Any]) -> Made:
    return _logs(x, y, combine) if _is_positive(x) and _is_positive(y) else None


def _log_of_sinh(x: Any) -> Any:
    size = x * np.where(x < 0, -1.0, 1.0)
    return size + _log(-np.expm1(-2 * size)) - LN2


def _log_of_expm1(x: Any) -> Any:
    return np.where(x < 0, 0.0, x) + _log(-np.expm1(x * np.where(x < 0, 1.0, -1.0)))


_LOGS: dict[Any, Callable[..., Made]] = {
    np.exp: lambda x: lambda: x,
    np.exp2: lambda x: lambda: LN2 * x,
    np.cosh: lambda x: lambda: np.logaddexp(x, -x) - LN2,
    np.sinh: lambda x: lambda: _log_of_sinh(x),
    np.expm1: lambda x: lambda: _log_of_expm1(x),
    _logistic: lambda x: lambda: -np.logaddexp(0.0, -x),
    np.multiply: lambda x, y: _logs(x, y, lambda a, b: a + b),
    np.divide: lambda x, y: _logs(x, y, lambda a, b: a - b),
    np.add: lambda x, y: _logs_of_terms(x, y, np.logaddexp),
    np.maximum: lambda x, y: _logs_of_terms(x, y, np.maximum),
    np.where: lambda c, x, y: _logs(x, y, lambda a, b: np.where(c, a, b)),
    np.absolute: lambda x: log_of(x),
    np.fabs: lambda x: log_of(x),
    np.negative: lambda x: log_of(x),
    np.reciprocal: lambda x: _then(log_of(x), lambda a: -a),
    np.square: lambda x: _then(log_of(x), lambda a: 2 * a),
    np.sqrt: lambda x: _then(log_of(x), lambda a: 0.5 * a),
    np.cbrt: lambda x: _then(log_of(x), lambda a: a / 3),
    np.power: lambda x, y: _then(log_of(x), lambda a: y * a),
    np.float_power: lambda x, y: _then(log_of(x), lambda a: y * a),
    np.sum: lambda x, **over: _then(log_of(x) if _is_positive(x) else None, lambda a: logsumexp(a, **over)),
}


def log_of(y: Any) -> Made:
    """What makes the logarithm of the absolute value of `y`, where that comes from exponentials."""
    return _companion(y, _LOGS, log_of)


# Under- and overflow: ends are zero and the infinities, pure where only exponentials led there

_Mask = Callable[[], Any]
_FROM_EXPONENTS = {np.exp: True, np.exp2: True, _logistic: True, np.cosh: False, np.sinh: False, np.expm1: False}
_PASS_ENDS = frozenset({np.negative, np.multiply, np.divide, np.reciprocal, np.add, np.subtract, np.square, np.sqrt,
                        np.power, np.float_power, np.sum, np.maximum})  # fmt: skip


def is_end(z: Any) -> Any:
    """The elements that are zero or infinite."""
    return np.logical_or(z == 0, np.isinf(z))


def pure_end(z: Any) -> _Mask | None:
    """What makes the mask of elements that are zero or infinite by under- or overflow alone; None: there are none.

    The exponents are finite there, so any change of them leaves such an element where it is.
    """
    origin = getattr(z, "origin", None)
    if origin is None:
        return None
    if origin.fn in _FROM_EXPONENTS:
        ends = is_end if _FROM_EXPONENTS[origin.fn] else np.isinf
        return lambda: np.logical_and(ends(z), np.isfinite(origin.args[0]))
    if origin.fn in _MOVES:
        inner = pure_end(origin.args[0])
        if inner is None or origin.fn is np.positive:
            return inner
        return lambda: BLOCKS[origin.fn](inner(), **origin.params)
    if origin.fn not in _PASS_ENDS:
        return None
    found = [(a, pure_end(a)) for a in origin.args if isinstance(a, Variable)]
    if all(pure is None for _, pure in found):
        return None
    return lambda: _ends_of(z, found, origin)


def _ends_of(z: Any, found: list[tuple[Any, _Mask | None]], origin: Any) -> Any:
    """The ends of a value that come from pure ends among its arguments, and from no others.

    A sum is zero by its terms if all of them are; otherwise they have canceled, and changes move it.
    """
    mask, some, every = is_end(z), False, True
    for a, pure in found:
        ends: Any = is_end(a)
        mine = np.logical_and(ends, pure()) if pure is not None else np.zeros(np.shape(a), bool)
        others = np.logical_and(ends, np.logical_not(mine))
        reduced = origin.params if origin.fn is np.sum else None
        mask = np.logical_and(mask, np.logical_not(others if reduced is None else np.any(others, **reduced)))
        some = np.logical_or(some, mine if reduced is None else np.any(mine, **reduced))
        every = np.logical_and(every, mine if reduced is None else np.all(mine, **reduced))
    if origin.fn in (np.add, np.subtract, np.sum):
        some = np.where(z == 0, every, some)
    return np.logical_and(mask, some)


def _zeros(x: Any) -> Any:
    return np.zeros(np.shape(x), getattr(x, "dtype", None))


# Zero, all of whose derivatives are zero by their values and not by structure: times an infinity they are NaN.
_still = elementwise(_zeros, lambda out: out, name="still", inlined=True).call


def still(z: Any) -> Any:
    """Zero, as a function of the exponents behind a value that has pure ends."""
    origin = getattr(z, "origin", None)
    if origin is None:
        return 0.0
    if origin.fn in _FROM_EXPONENTS:
        return _still(origin.args[0])
    if origin.fn in _MOVES or origin.fn is np.sum:
        inner = still(origin.args[0])
        if not isinstance(inner, Variable):
            return 0.0
        return BLOCKS[origin.fn](np.broadcast_to(inner, origin.args[0].shape), **origin.params)
    return sum((still(a) for a in origin.args if isinstance(a, Variable)), 0.0)


# Exponentials of what comes from logarithms


def _exps(x: Any, y: Any, combine: Callable[[Any, Any], Any]) -> Made:
    one, other = exp_of(x), exp_of(y)
    if one is None and other is None:
        return None
    return lambda: combine(np.exp(x) if one is None else one(), np.exp(y) if other is None else other())


def _exp_of_product(x: Any, y: Any) -> Made:
    one = exp_of(x)
    return _then(exp_of(y), lambda a: a**x) if one is None else _then(one, lambda a: a**y)


_EXPS: dict[Any, Callable[..., Made]] = {
    np.log: lambda x: lambda: x,
    np.log2: lambda x: lambda: x ** (1 / LN2),
    np.log10: lambda x: lambda: x ** (1 / LN10),
    np.log1p: lambda x: lambda: 1 + x,
    np.add: lambda x, y: _exps(x, y, lambda a, b: a * b),
    np.subtract: lambda x, y: _exps(x, y, lambda a, b: a / b),
    np.logaddexp: lambda x, y: _exps(x, y, lambda a, b: a + b),
    np.where: lambda c, x, y: _exps(x, y, lambda a, b: np.where(c, a, b)),
    np.negative: lambda x: _then(exp_of(x), lambda a: 1 / a),
    np.multiply: _exp_of_product,
    np.divide: lambda x, y: _then(exp_of(x), lambda a: a ** (1 / y)),
    np.sum: lambda x, axis=None, keepdims=False: _then(
        exp_of(x), lambda a: np.prod(a, axis=axis, keepdims=keepdims)
    ),
}


def exp_of(z: Any) -> Made:
    """What makes the exponential of `z`, where that comes from logarithms."""
    return _companion(z, _EXPS, exp_of)


# Multiples of square roots


class Root(NamedTuple):
    """A value that is `factor * sqrt(square)`."""

    key: Any  # the same for roots of the same square
    square: Callable[[], Any]
    factor: Callable[[], Any]
    sided: bool = False  # an absolute value, which is smooth on either side

    def times(self, factor: Callable[[], Any]) -> Root:
        """A multiple of this root."""
        return self._replace(factor=lambda: self.factor() * factor())


def _one() -> float:
    return 1.0


def _root_of_sum(x: Any, y: Any) -> Root:
    return Root((_key(x), _key(y)), lambda: x * x + y * y, _one)


def _root_of_square(x: Any) -> Root:
    if x.dtype.kind == "c":
        return Root(("abs", _key(x)), lambda: np.real(x) ** 2 + np.imag(x) ** 2, _one)
    return Root(("abs", _key(x)), lambda: x * x, _one, True)


def _key(x: Any) -> Any:
    """The same for values that were made in the same way of the same values."""
    origin = getattr(x, "origin", None)
    if origin is None:
        return id(x)
    return (origin.fn, *[_key(a) if isinstance(a, Variable) else repr(a) for a in origin.args], repr(origin.params))


def _root_of_product(x: Any, y: Any) -> Root | None:
    one, other = root_of(x), root_of(y)
    if one is not None and other is not None:
        return None
    if one is not None:
        return one.times(lambda: y)
    return None if other is None else other.times(lambda: x)


def _root_of_quotient(x: Any, y: Any) -> Root | None:
    one = root_of(x)
    return None if one is None else one.times(lambda: 1 / y)


def _root_of_power(x: Any, y: Any) -> Root | None:
    return Root(_key(x), lambda: x, _one) if isinstance(y, float) and y == 0.5 else None


def _opposite(x: Any) -> Root | None:
    one = root_of(x)
    return None if one is None else one.times(lambda: -1.0)


_ROOTS: dict[Any, Callable[..., Root | None]] = {
    np.sqrt: lambda x: Root(_key(x), lambda: x, _one),
    distance: lambda x: Root(_key(x), lambda: x, _one),
    np.power: _root_of_power,
    np.absolute: _root_of_square,
    np.fabs: _root_of_square,
    np.hypot: _root_of_sum,
    np.multiply: _root_of_product,
    np.divide: _root_of_quotient,
    np.negative: _opposite,
}


def root_of(r: Any) -> Root | None:
    """How `r` is a multiple of a square root, if it is."""
    origin = getattr(r, "origin", None)
    if origin is None:
        return None
    if origin.fn in _MOVES:
        found = root_of(origin.args[0])
        return found and _moved_root(origin, found)
    rule = _ROOTS.get(origin.fn)
    return None if rule is None else rule(*origin.args, **origin.params)


def _moved_root(origin: Any, found: Root) -> Root:
    def move(made: Callable[[], Any]) -> Callable[[], Any]:
        shape = origin.args[0].shape
        return lambda: BLOCKS[origin.fn](np.broadcast_to(made(), shape), **origin.params)

    key = (origin.fn, found.key, repr(origin.params))
    return Root(key, move(found.square), move(found.factor))


def raised(x: Any, power: int) -> Any:
    """A power, which is `x` itself where it can be."""
    return x if power == 1 else x**power


def size_of(x: Any) -> Any:
    """The absolute value of `x`: that of a multiple of a root has no kink of its own."""
    root = None if x.dtype.kind == "c" else root_of(x)
    if root is None:
        return np.absolute(x)
    factor = root.factor()
    return x if factor.__class__ is float and factor == 1 else np.absolute(factor) * np.sqrt(root.square())


def is_square(fn: Any, args: tuple[Any, ...]) -> bool:
    """Whether an application makes the square of its first argument."""
    if fn in (np.power, np.float_power):
        return not isinstance(args[1], Variable) and bool(np.all(args[1] == 2))
    return fn is np.square or (fn is np.multiply and args[0] is args[1])


def even_power(x: Any) -> tuple[Any, int]:
    """The base and the exponent of a real even power; the base is None if `x` is no such power."""
    origin = getattr(x, "origin", None)
    if origin is None or x.dtype.kind == "c":
        return None, 0
    base = origin.args[0]
    if is_square(origin.fn, origin.args):
        return base, 2
    if origin.fn in (np.power, np.float_power):
        power = origin.args[1]
        if isinstance(power, (int, float)) and power > 0 and power % 2 == 0:
            return base, int(power)
    alone = origin.fn is np.sum and base.size == x.size
    if alone or origin.fn in _MOVES:
        inner, power = even_power(base)
        if inner is not None:
            moved = np.reshape(inner, x.shape) if alone else BLOCKS[origin.fn](inner, **origin.params)
            return moved, power
    return None, 0
