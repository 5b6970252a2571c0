"""Blocks of a careful computation whose derivative is not that of their value, and the poles of roots of zero."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..core.block import general


def _batch_instead(size: int, values: list[Any], batched: Any) -> Any:
    x, y = (v if b else np.broadcast_to(v, (size, *np.shape(v))) for v, b in zip(values, batched, strict=True))
    return instead(x, y)


# The value of `x` with the derivative of `y`.
instead: Any = general(
    "instead", value=lambda x, y: x, names=("x", "y"), parameters=(), inlined=True, batch=_batch_instead,
    pullback=lambda out_bar: (None, out_bar), pushforward=lambda y_dot: y_dot, selects=True,
).call  # fmt: skip


def _infinite(x: Any) -> Any:
    return np.where(x == 0, 0.0, np.where(x == 0, 1.0, x) * np.inf)


def _infinite_dot(x: Any, dot: Any) -> Any:
    return np.where(x == 0, infinite(dot), np.nan * dot)


# Infinite where `x` is not zero. Where `x` is zero and moves, so is its derivative; an infinity itself has none.
INFINITE: Any = general(
    "infinite", value=_infinite, names=("x",), parameters=(), inlined=True,
    batch=lambda size, values, batched: infinite(values[0]),
    pullback=lambda x, out_bar: _infinite_dot(x, out_bar), pushforward=lambda x, x_dot: _infinite_dot(x, x_dot),
)  # fmt: skip
infinite: Any = INFINITE.call


def _unless_zero(dot: Any) -> Any:
    return np.where(dot == 0, unknown(dot), np.nan * dot)


# Zero, as a function of `x` that nobody knows: where `x` moves, the derivative is NaN, and where its
# derivative moves, the second is.
unknown: Any = general(
    "unknown", value=lambda x: np.zeros(np.shape(x)), names=("x",), parameters=(), inlined=True,
    batch=lambda size, values, batched: unknown(values[0]),
    pullback=lambda out_bar: _unless_zero(out_bar), pushforward=lambda x_dot: _unless_zero(x_dot),
).call  # fmt: skip


# Roots of zero, on the tape of a level that knows them (`roots`)

# On the edge of such a root, in place of a partial.
ROOT = object()


def pull_root(bar: Any, pole: Any, saved: Any) -> tuple[Any, Any, Any]:
    """What a root passes back: the cotangent of `s`, its pole, and where it has another part that nobody knows.

    That part is finite: where `s` is a sum of squares, what it is multiplied by is zero.
    """
    level, zero, root, s, lengths, rough = saved
    value, limit, loose = level.limit(bar, lengths)
    if rough:
        # No distance: nothing is known of how `s` leaves zero.
        limit, loose = np.nan, 0.0
    slope = 0.5 / np.where(zero, 1.0, root)
    found = np.where(zero, 0.5 * value, 0.0), np.where(zero, loose, 0.0)
    if pole is None:
        return np.where(zero, 0.5 * limit + unknown(s), bar * slope), *found
    beyond = 0.5 * limit + unknown(s) + lost(pole)
    return np.where(zero, beyond, bar * slope), np.where(zero, found[0], pole * slope), found[1]


def lost(pole: Any) -> Any:
    """NaN where a pole meets what it cannot pass."""
    return np.where(pole == 0, 0.0, np.nan * pole)


def with_lost(bar: Any, *parts: Any) -> Any:
    """A cotangent that is NaN where other parts of it meet what they cannot pass."""
    for part in parts:
        bar = bar if part is None else bar + lost(part)
    return bar


def with_pole(bar: Any, pole: Any, loose: Any) -> Any:
    """A cotangent that is infinite where a pole is left, and NaN where a part that nobody knows is, and no pole."""
    if pole is not None:
        bar = bar + infinite(pole)
    if loose is None:
        return bar
    return bar + _missing(loose if pole is None else np.where(pole == 0, loose, 0.0))


# NaN where `x` is not zero; where `x` is zero and moves, so is its derivative.
_missing: Any = general(
    "missing", value=lambda x: np.where(x == 0, 0.0, np.nan), names=("x",), parameters=(), inlined=True,
    batch=lambda size, values, batched: _missing(values[0]),
    pullback=lambda out_bar, x: _missing_dot(x, out_bar), pushforward=lambda x, x_dot: _missing_dot(x, x_dot),
).call  # fmt: skip


def _missing_dot(x: Any, dot: Any) -> Any:
    return np.where(x == 0, _unless_zero(dot), np.nan * dot)
