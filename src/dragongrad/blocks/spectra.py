"""Sums of a function of all eigenvalues or singular values, where some are equal or zero.

Each value has a kink there, and no second derivative; a sum of a smooth function of all of them has one. A careful
computation takes it from another expression, which is the sum up to the second order in what moves the matrix: in
the bases of its vectors the matrix is nearly diagonal, and perturbation theory gives the values. Let t_i be the
diagonal and what elements b to values that are not equal move it by, |b|^2 / (w_i - w_j). Elements b between equal
values w move them to w + b and w - b. (Kato, "Perturbation Theory for Linear Operators", II.2.)
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from ..core.block import BLOCKS, elementwise
from ..core.variable import Variable, bottom
from .axes import reduced
from .decompositions import _eigh, _svd
from .equal_values import _open, alone, are_close, are_zero
from .matrices import adjoint, from_triangle
from .pairs import restated
from .special import stop_gradient

# Where values are equal, or singular values zero


def _equal_values(out: Any, *args: Any, **params: Any) -> Any:
    return np.any(np.logical_not(alone(are_close(out[0]))))


def _equal_or_zero(out: Any, *args: Any) -> Any:
    s = out[1]
    return np.logical_or(np.any(np.logical_not(alone(are_close(s)))), np.any(are_zero(s)))


_eigh.source, _svd.source = _equal_values, _equal_or_zero
# The output that holds the values, by what `Origin.fn` says of it.
_VALUES = {(_eigh.fn, 0): "w", (_svd.fn, 1): "s"}

_Function = Callable[[Any], Any]


def _function(y: Any, roots: list[Any]) -> _Function | None:
    """The function of values, each by itself, that `y` is; `roots` collects what made the values."""
    if not isinstance(y, Variable):
        return (lambda t: y) if np.ndim(y) == 0 else None
    origin = getattr(y, "origin", None)
    if origin is None:
        return None
    if origin.fn in _VALUES:
        roots.append(origin)
        return lambda t: t
    block = BLOCKS.get(origin.fn)
    if block is None or not block.partials:
        return None
    found = [_function(a, roots) for a in origin.args]
    parts = [part for part in found if part is not None]
    if len(parts) < len(found):
        return None
    return lambda t: block(*[part(t) for part in parts])


def _summed(terms: list[Any], axes: Any) -> Any:
    """The sum of a function of all values, by another expression of the matrix; None where it is no such sum."""
    roots: list[Any] = []
    factors = [part for part in (_function(y, roots) for y in terms) if part is not None]
    if (
        len(factors) < len(terms)
        or not roots
        or any(r.args[0] is not roots[0].args[0] or r.fn != roots[0].fn for r in roots)
    ):
        return None
    first = roots[0]

    def f(t: Any) -> Any:
        return factors[0](t) if len(factors) == 1 else factors[0](t) * factors[1](t)

    if _VALUES[first.fn] == "s" and not _is_smooth(f, first.args[0]):
        return None

    def made() -> Any:
        if _VALUES[first.fn] == "w":
            x = from_triangle(first.args[0], first.params.get("UPLO", "L"))
            found = _of_eigenvalues(x, f)
        else:
            x = first.args[0]
            found = _of_singular_values(x, f)
        return np.sum(found + _third(x), axis=axes) if axes else found + _third(x)

    return made


@restated(np.sum)
def _sum(out: Any, x: Any, axis: Any = None, keepdims: bool = False) -> Any:
    """Of a function of all eigenvalues or singular values."""
    over = reduced(axis, x.ndim)
    if x.ndim == 0 or x.ndim - 1 not in over:
        return None
    made = _summed([x], over[:-1])
    return None if made is None else (np.ones(out.shape, bool), lambda: np.reshape(made(), out.shape))


@restated(np.matmul)
def _product(out: Any, x: Any, y: Any) -> Any:
    """Of two functions of the values."""
    made = _summed([x, y], ()) if x.ndim == y.ndim == 1 else None
    return None if made is None else (np.ones(out.shape, bool), made)


# The expressions


def _size(b: Any) -> Any:
    return np.real(b) ** 2 + np.imag(b) ** 2


def _beside(f: _Function, w: Any, b: Any) -> Any:
    """What elements `b` between equal values `w` add: the values move to w + b and w - b."""
    parts = (np.real(b), np.imag(b)) if b.dtype.kind == "c" else (b,)
    return sum(f(w + part) + f(w - part) - 2 * f(w) for part in parts)


def _over(b: Any, w: Any, among: Any) -> Any:
    """How far elements `b` of the rows move each value: |b|^2 / w, summed over those that are `among`."""
    return np.sum(np.where(among, _size(b) / np.where(among, w, 1.0), 0.0), axis=-1)


def _of_eigenvalues(x: Any, f: _Function) -> Any:
    w, v = (stop_gradient(part) for part in np.linalg.eigh(stop_gradient(x)))
    close = are_close(w)
    near = adjoint(v) @ x @ v
    moved = np.real(np.diagonal(near, 0, -2, -1))
    moved = moved + _over(near, w[..., :, None] - w[..., None, :], np.logical_not(close))
    pairs = np.logical_and(close, np.tri(w.shape[-1], k=-1, dtype=bool))
    return np.sum(f(moved), -1) + _between(f, w[..., :, None], near, pairs)


def _between(f: _Function, w: Any, near: Any, pairs: Any) -> Any:
    """What the elements between equal values add, each pair once."""
    added = _beside(f, np.broadcast_to(w, near.shape), np.where(pairs, near, 0.0))
    return np.sum(np.where(pairs, added, 0.0), axis=(-2, -1))


def _of_singular_values(x: Any, f: _Function) -> Any:
    """As those of [[0, x], [x^H, 0]], which are the values, their negatives and zeros."""
    u, s, vh = (stop_gradient(part) for part in _svd(stop_gradient(x)))
    v, zero, close = adjoint(vh), are_zero(s), are_close(s)
    s = np.where(zero, 0.0, s)
    live = np.logical_not(zero)
    inner = adjoint(u) @ x @ v
    together, apart = (inner + adjoint(inner)) / 2, (inner - adjoint(inner)) / 2
    rows = np.broadcast_to(live[..., :, None], close.shape)
    one, other = s[..., :, None], s[..., None, :]
    moved = np.real(np.diagonal(inner, 0, -2, -1))
    moved = moved + _over(together, one - other, np.logical_and(rows, np.logical_not(close)))
    moved = moved + _over(apart, one + other, rows)
    for beyond in (x @ v - u @ inner, adjoint(x) @ u - v @ adjoint(inner)):
        moved = moved + np.where(live, np.sum(_size(beyond), axis=-2) / np.where(live, 2 * s, 1.0), 0.0)
    pairs = np.logical_and(np.logical_and(close, rows), np.tri(s.shape[-1], k=-1, dtype=bool))
    found = np.sum(np.where(live, f(np.where(live, moved, 1.0)), 0.0), -1) + _between(f, one, together, pairs)
    if not np.any(bottom(zero)):
        return found
    # What is left without the vectors of the others has the values of zero: their function must be even.
    kept, keep = u * live[..., None, :], v * live[..., None, :]
    rest = x - kept @ (adjoint(kept) @ x)
    rest = rest - (rest @ keep) @ adjoint(keep)
    parts = (np.real(rest), np.imag(rest)) if rest.dtype.kind == "c" else (rest,)
    origin = f(np.zeros((), s.dtype))
    of_rest: Any = sum(np.sum(f(part) - origin, axis=(-2, -1)) for part in parts)
    return found + np.sum(zero, -1) * origin + of_rest


def _is_smooth(f: _Function, x: Any) -> bool:
    """Whether no singular value is zero, or the function is even."""
    s = bottom(_svd(stop_gradient(x))[1])
    if not np.any(bottom(are_zero(s))):
        return True
    some = np.array([0.25, 0.5, 1.0], s.dtype)
    return bool(np.all(bottom(f(some)) == bottom(f(-some))))


# Zero as its first and second derivatives are, while the third is NaN: the expressions go no further.
_second = elementwise(lambda x: np.zeros_like(x), lambda x: _open(x), name="second", inlined=True).call
_first = elementwise(lambda x: np.zeros_like(x), lambda x: _second(x), name="first", inlined=True).call


def _third(x: Any) -> Any:
    moved = x - stop_gradient(x)
    return np.sum(_first(np.real(moved)) + _first(np.imag(moved)), axis=(-2, -1))
