"""Quaternions `(x, y, z, w)` along the last axis, and the other forms of rotations; smooth at the zero rotation.

What is a function of the length of a vector alone is written as one of its square, which has no kink at zero: by a
series below a bound, in closed form beyond. Each side is differentiated as it stands, so that all orders are right.
"""

from __future__ import annotations

from collections.abc import Callable
from math import factorial
from typing import Any

import numpy as np

from ....core.errors import ArgumentError, NoRuleError, user_line
from ...checks import checked
from ...linalg import polar

# Below these squares, series of so many terms are exact to the third derivative.
_SMALL, _TERMS = 1 / 4, 11
_SMALL_TANGENT, _TANGENT_TERMS = 1 / 16, 18


def _smooth(square: Any, small: float, series: list[float], closed: Callable[[Any], Any]) -> Any:
    """A function of a square: a polynomial where it is small, in closed form of what is not."""
    near = square < small
    inside, beyond = np.where(near, square, 0.0), np.where(near, 1.0, square)
    return np.where(near, _polynomial(inside, series), closed(beyond))


def _polynomial(x: Any, series: list[float]) -> Any:
    total = np.zeros_like(x) + series[-1]
    for c in reversed(series[:-1]):
        total = total * x + c
    return total


def _sine_over(square: Any) -> Any:
    """`sin(r/2) / r` of `r**2`."""
    series = [(-1) ** k * 0.5 ** (2 * k + 1) / factorial(2 * k + 1) for k in range(_TERMS)]
    return _smooth(square, _SMALL, series, lambda t: np.sin(0.5 * np.sqrt(t)) / np.sqrt(t))


def _cosine(square: Any) -> Any:
    """`cos(r/2)` of `r**2`."""
    series = [(-1) ** k * 0.25**k / factorial(2 * k) for k in range(_TERMS)]
    return _smooth(square, _SMALL, series, lambda t: np.cos(0.5 * np.sqrt(t)))


def _square(v: Any) -> Any:
    return np.sum(v * v, axis=-1, keepdims=True)


def _check_length(x: Any) -> None:
    # As SciPy's, it holds for NaN too.
    if not np.all(x > 0):
        raise ArgumentError(f"a quaternion of norm zero, or of NaN, is no rotation\n  at {user_line()}")


_no_zero = checked("length of a quaternion", _check_length)


def normalized(q: Any) -> Any:
    """The quaternion of length 1 in the same direction."""
    return q / np.sqrt(_square(q))


def directed(q: Any) -> Any:
    """The same of what may be zero, which is refused."""
    return q / np.sqrt(_no_zero(_square(q)))


def canonical(q: Any) -> Any:
    """The one of two quaternions of a rotation whose scalar, or first number where that is zero, is positive."""
    turned = q[..., 2] < 0
    for i in (1, 0, 3):
        turned = (q[..., i] < 0) | ((q[..., i] == 0) & turned)
    return np.where(turned[..., None], -q, q)


def from_rotvec(r: Any) -> Any:
    """Of the axis times the angle."""
    square = _square(r)
    return np.concatenate([r * _sine_over(square), _cosine(square)], axis=-1)


def to_rotvec(q: Any) -> Any:
    """The axis times the angle, from 0 to pi."""
    q = canonical(q)
    v, w = q[..., :3], q[..., 3:]
    square = _square(v)
    near = square < _SMALL_TANGENT * w * w
    # 2 atan(|v| / w) / |v|
    series = [2 * (-1) ** k / (2 * k + 1) for k in range(_TANGENT_TERMS)]
    tangent = np.where(near, square, 0.0) / np.where(near, w * w, 1.0)
    total = _polynomial(tangent, series)
    length = np.sqrt(np.where(near, 1.0, square))
    return v * np.where(near, total / np.where(near, w, 1.0), 2 * np.arctan2(length, w) / length)


def angle(q: Any) -> Any:
    """The angle, from 0 to pi; at the zero rotation it has a kink, as the length of a vector has."""
    return 2 * np.arctan2(np.linalg.norm(q[..., :3], axis=-1), np.abs(q[..., 3]))


def product(p: Any, q: Any) -> Any:
    """The rotation `q`, and then `p`."""
    (a, s), (b, t) = (p[..., :3], p[..., 3:]), (q[..., :3], q[..., 3:])
    v = s * b + t * a + np.cross(a, b)
    return np.concatenate([v, s * t - np.sum(a * b, axis=-1, keepdims=True)], axis=-1)


def inverse(q: Any) -> Any:
    """The rotation back."""
    return np.concatenate([-q[..., :3], q[..., 3:]], axis=-1)


def to_matrix(q: Any) -> Any:
    """The matrix that rotates columns."""
    x, y, z, w = [q[..., i] for i in range(4)]
    rows = [
        [x * x - y * y - z * z + w * w, 2 * (x * y - z * w), 2 * (x * z + y * w)],
        [2 * (x * y + z * w), -x * x + y * y - z * z + w * w, 2 * (y * z - x * w)],
        [2 * (x * z - y * w), 2 * (y * z + x * w), -x * x - y * y + z * z + w * w],
    ]
    return np.stack([np.stack(row, axis=-1) for row in rows], axis=-2)


def _check_handed(x: Any) -> None:
    if np.any(np.linalg.det(x) <= 0):
        raise ArgumentError(
            "a matrix of determinant zero or below is no rotation: it is singular, or mirrors as well\n"
            f"  at {user_line()}\nTurn the sign of one of its columns"
        )


_right_handed = checked("right-handed matrix", _check_handed)


def nearest(m: Any) -> Any:
    """The orthogonal matrix nearest to one, which is right-handed."""
    return _right_handed(polar(m)[0])


def from_matrix(m: Any) -> Any:
    """Of an orthogonal matrix, by the greatest of four divisors (Markley 2008)."""

    def at(i: int, j: int) -> Any:
        return m[..., i, j]

    trace = at(0, 0) + at(1, 1) + at(2, 2)
    each = np.stack([at(0, 0), at(1, 1), at(2, 2), trace], axis=-1)
    choice = np.argmax(each, axis=-1)[..., None]
    out = np.stack([at(2, 1) - at(1, 2), at(0, 2) - at(2, 0), at(1, 0) - at(0, 1), 1 + trace], axis=-1)
    for i in range(3):
        j, k = (i + 1) % 3, (i + 2) % 3
        parts: list[Any] = [None] * 3 + [at(k, j) - at(j, k)]
        parts[i], parts[j], parts[k] = 1 - trace + 2 * at(i, i), at(j, i) + at(i, j), at(k, i) + at(i, k)
        out = np.where(choice == i, np.stack(parts, axis=-1), out)
    return normalized(out)


def from_mrp(p: Any) -> Any:
    """Of modified Rodrigues parameters."""
    square = _square(p)
    return np.concatenate([2 * p, 1 - square], axis=-1) / (1 + square)


def to_mrp(q: Any) -> Any:
    """Modified Rodrigues parameters, of length 1 at most."""
    q = np.where(q[..., 3:] < 0, -q, q)
    return q[..., :3] / (1 + q[..., 3:])


def from_euler(seq: str, angles: Any) -> Any:
    """Of angles about axes, along the last axis; capital letters name axes that turn with the body."""
    out = None
    for place, letter in enumerate(seq):
        half = 0.5 * angles[..., place, None]
        axis = np.zeros(3)
        axis["xyz".index(letter.lower())] = 1.0
        turn = np.concatenate([np.sin(half) * axis, np.cos(half)], axis=-1)
        out = turn if out is None else product(out, turn) if seq.isupper() else product(turn, out)
    return out


def _check_unlocked(x: Any) -> None:
    if np.any(np.minimum(np.abs(x), np.abs(x - np.pi)) < 1e-7):
        raise NoRuleError(
            "the Euler angles of a rotation have no derivative in gimbal lock, where one is not determined\n"
            f"  at {user_line()}\nTake as_quat, as_matrix or as_rotvec, or another sequence of axes"
        )


_unlocked = checked("unlocked angle", _check_unlocked)


def to_euler(seq: str, q: Any) -> Any:
    """Angles about axes (Bernardes and Viollet 2022)."""
    extrinsic = seq.islower()
    i, j, k = ["xyz".index(letter) for letter in (seq if extrinsic else seq[::-1]).lower()]
    symmetric = i == k
    k = 3 - i - j if symmetric else k
    sign = (i - j) * (j - k) * (k - i) // 2
    x, y, z, w = q[..., i], q[..., j], q[..., k] * sign, q[..., 3]
    a, b, c, d = (w, x, y, z) if symmetric else (w - y, x + z, y + w, z - x)
    middle = _unlocked(2 * np.arctan2(np.hypot(c, d), np.hypot(a, b)))
    total, rest = np.arctan2(b, a), np.arctan2(d, c)
    first, third = total - rest, total + rest
    if not symmetric:
        third, middle = third * sign, middle - np.pi / 2
    turns = [np.where(v < -np.pi, v + 2 * np.pi, np.where(v > np.pi, v - 2 * np.pi, v)) for v in (first, third)]
    return np.stack([turns[0], middle, turns[1]] if extrinsic else [turns[1], middle, turns[0]], axis=-1)
