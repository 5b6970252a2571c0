"""Determinants: gradients that are right for singular matrices too."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..core.block import composite, general
from ..core.errors import FactorizationError, user_line
from ..core.variable import Variable, bottom
from .axes import as_array, copied
from .kinks import kink
from .matrices import adjoint, inexact, square, transposed


def _minors(x: Any) -> list[Any]:
    """The cofactors of the first row of a 2 x 2 or 3 x 3 matrix."""
    if x.shape[-1] == 2:
        return [x[..., 1, 1], -x[..., 1, 0]]
    return [
        x[..., 1, (k + 1) % 3] * x[..., 2, (k + 2) % 3] - x[..., 1, (k + 2) % 3] * x[..., 2, (k + 1) % 3]
        for k in range(3)
    ]


def _cofactors_value(x: Any) -> Any:
    """The cofactor matrix by singular values, which is right for singular matrices too; a small one by products."""
    if x.shape[-1] <= 3:
        return np.where(_is_finite(x, keepdims=True), _small_cofactors(x), np.nan).astype(x.dtype)
    known, u, s, vh = _svd(x)
    n = s.shape[-1]
    others = np.stack([np.prod(np.delete(s, i, axis=-1), axis=-1) for i in range(n)], axis=-1)
    phase = np.linalg.det(u) * np.linalg.det(vh)
    return np.where(known, phase[..., None, None] * np.conj(u * others[..., None, :] @ vh), np.nan).astype(x.dtype)


def _small_cofactors(x: Any) -> Any:
    """Those of a 2 x 2 or 3 x 3 matrix, each as exact as its products, however far apart the elements are."""
    if x.shape[-1] == 3:
        return np.cross(x[..., [1, 2, 0], :], x[..., [2, 0, 1], :])
    return x[..., ::-1, ::-1] * np.array([[1, -1], [-1, 1]], x.dtype)


def _svd(x: Any) -> Any:
    """Which matrices are finite, and the singular vectors and values of those."""
    known = _is_finite(x, keepdims=True)
    return known, *np.linalg.svd(np.where(known, x, 0.0).astype(x.dtype))


def _slope_value(x: Any, y: Any) -> Any:
    """The derivative of the cofactor matrix of `x` along `y`, by singular values.

    The cofactor matrix of a product is the product of the cofactor matrices; that of a diagonal matrix, and its
    derivative, are products of all elements but one, and of all but two.
    """
    known, u, s, vh = _svd(x)
    inner = adjoint(u) @ y @ adjoint(vh)
    others = _all_but_two(s)
    along = np.sum(others * np.diagonal(inner, 0, -2, -1)[..., None, :], axis=-1)
    core = np.eye(s.shape[-1], dtype=s.dtype) * along[..., :, None] - others * transposed(inner)
    phase = np.linalg.det(u) * np.linalg.det(vh)
    return np.where(known, phase[..., None, None] * (np.conj(u) @ core @ np.conj(vh)), np.nan).astype(x.dtype)


def _all_but_two(s: Any) -> Any:
    """The products of all elements but two: a symmetric matrix, with zeros on the diagonal."""
    n = s.shape[-1]
    ones = np.ones((*s.shape[:-1], 1), s.dtype)
    before = np.concatenate([ones, np.cumprod(s, axis=-1)[..., :-1]], axis=-1)
    after = np.concatenate([np.cumprod(s[..., ::-1], axis=-1)[..., -2::-1], ones], axis=-1)
    beyond = np.where(np.triu(np.ones((n, n), dtype=bool), 1), s[..., None, :], 1.0)
    between = np.concatenate([ones[..., None] * np.ones((n, 1)), np.cumprod(beyond, axis=-1)[..., :-1]], axis=-1)
    upper = np.triu(before[..., :, None] * between * after[..., None, :], 1)
    return upper + transposed(upper)


def _third(x: Any, y: Any, z: Any) -> Any:
    """The derivative of `_slope(x, y)` along `z`, from the cofactor matrix as `det(x) * inv(x).T`."""
    inverse = _inverse(x, "the third derivative of det")
    found, found_dot, turned = _cofactors(x), _slope(x, z), inverse @ z @ inverse
    moved, again = inverse @ y, turned @ y
    return (
        _trace(moved) * found_dot
        - found_dot @ transposed(moved)
        - _trace(again) * found
        + found @ transposed(again)
    )


def _trace(x: Any) -> Any:
    return np.trace(x, 0, -2, -1)[..., None, None]


# Derivatives of a polynomial along several directions do not depend on their order: each is its own transpose.
_slope: Any = general(
    "cofactors'", value=_slope_value, names=("x", "y"), signature="(n,n),(n,n)->(n,n)", parameters=(),
    pushforward=lambda x_dot, y_dot, x, y: _slope(x, y_dot) + _third(x, x_dot, y),
    pullback=lambda out_bar, x, y: (_third(x, y, out_bar), _slope(x, out_bar)), dispatches=False,
)  # fmt: skip
_cofactors: Any = general(
    "cofactors", value=_cofactors_value, names=("x",), signature="(n,n)->(n,n)", parameters=(),
    pushforward=lambda x_dot, x: _slope(x, x_dot), pullback=lambda out_bar, x: _slope(x, out_bar),
    dispatches=False,
)  # fmt: skip
_det = general(
    np.linalg.det, pullback=lambda out_bar, x: out_bar[..., None, None] * _cofactors(x),
    pushforward=lambda x_dot, x: np.sum(_cofactors(x) * x_dot, axis=(-2, -1)), signature="(n,n)->()",
)  # fmt: skip


@composite(np.linalg.det)
def det(a: Any) -> Any:
    """The determinant; small ones by their polynomial, whose every derivative exists at singular matrices."""
    a = inexact(as_array(a))
    n = square(a, "det")
    if n == 0:
        return np.prod(np.sum(a, axis=-1), axis=-1)
    if n == 1:
        return copied(a[..., 0, 0])
    if n <= 3:
        minors = _minors(a)
        out = sum(a[..., 0, k] * minors[k] for k in range(n))[()]
        # Where products overflow or meet infinities they say nothing: there NumPy's elimination does.
        known = np.isfinite(out)
        return np.where(known, out, _det(a))[()] if _any(np.logical_not(bottom(known))) else out
    return _det(a)


def _any(condition: Any) -> bool:
    """Whether something holds of any matrix; a trace foretells that it does not, and guards that."""
    found: Any = np.any(condition)
    if not isinstance(found, Variable):
        return bool(found)
    stage: Any = found.level
    return bool(stage.doubts(found))


def _is_finite(x: Any, keepdims: bool = False) -> Any:
    """Which matrices are finite."""
    return np.all(np.isfinite(x), axis=(-2, -1), keepdims=keepdims)


def _slogdet_pullback(out_bar: Any, out: Any, x: Any) -> Any:
    phase_bar, log_bar = out_bar
    slope = 0.0 if log_bar is None else log_bar
    if x.dtype.kind == "c" and phase_bar is not None:
        # d sign = i sign Im(tr(x^-1 dx))
        slope = slope - 1j * np.real(1j * phase_bar * out[0])
    return np.reshape(slope, (*np.shape(slope), 1, 1)) * transposed(_known_inverse(x))


def _known_inverse(x: Any) -> Any:
    """The inverse, NaN of a matrix with infinities."""
    known = _is_finite(x, keepdims=True)
    inverse = _inverse(np.where(known, x, np.eye(x.shape[-1], dtype=x.dtype)), "the derivative of slogdet")
    return np.where(known, inverse, np.nan).astype(x.dtype)


def _inverse(x: Any, name: str) -> Any:
    try:
        return np.linalg.inv(x)
    except np.linalg.LinAlgError as error:
        message = f"{name} inverts the matrix, which failed: {error}\n  at {user_line()}"
        raise FactorizationError(message) from None


def _slogdet_pushforward(x_dot: Any, out: Any, x: Any) -> Any:
    slope = np.sum(transposed(_known_inverse(x)) * x_dot, axis=(-2, -1))
    turn = out[0] * 1j * np.imag(slope) if x.dtype.kind == "c" else np.where(_is_finite(x), 0.0, np.nan)
    turn = turn.astype(out[0].dtype)
    return turn, np.real(slope)


general(np.linalg.slogdet, pullback=_slogdet_pullback, pushforward=_slogdet_pushforward, outputs=2,
        signature="(n,n)->(),()")  # fmt: skip


# Promises at singularities

kink(np.linalg.det, "a singular matrix", "the cofactors, as everywhere", np.diag([1.0, 2.0, 3.0, 0.0]),
     np.diag([0.0, 0.0, 0.0, 6.0]))  # fmt: skip
kink(np.linalg.slogdet, "a singular matrix", "an error", np.diag([1.0, 0.0]), FactorizationError,
     lambda a: np.linalg.slogdet(a)[1])  # fmt: skip
