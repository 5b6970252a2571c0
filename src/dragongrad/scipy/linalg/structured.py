"""Matrices that are built of vectors or of other matrices: their elements are read, and nothing is computed."""

from __future__ import annotations

from typing import Any

import numpy as np
import scipy

from ...blocks.axes import as_array
from ...core.errors import ArgumentError, ShapeError, describe, user_line
from ..stacks import over_stacks
from .chapter import smooth


def _vector(value: Any) -> Any:
    return np.ravel(as_array(value))


def _rows(value: Any) -> Any:
    """An argument of which the last axis is a vector; a number is a vector of one."""
    a = as_array(value)
    return np.reshape(a, (1,)) if a.ndim == 0 else a


@smooth
def toeplitz(c: Any, r: Any = None) -> Any:
    """The matrix with constant diagonals, of its first column `c` and first row `r` (without it, conj(c)).

    `c` has shape (m,), `r` (n,), of which the first element is not read; the result has shape (m, n).

    Examples
    --------
    >>> import numpy as np, dragongrad as ad
    >>> import dragongrad.scipy.linalg as la
    >>> ad.jvp(la.toeplitz, (np.array([1.0, 2.0]),), (np.array([1.0, 0.0]),))[1]
    array([[1., 0.],
           [0., 1.]])

    """
    c = _rows(c)
    r = np.conj(c) if r is None else _rows(r)
    m, n = c.shape[-1], r.shape[-1]
    if c.ndim > 1 or r.ndim > 1:
        c, r = np.broadcast_to(c, (*_lead(c, r), m)), np.broadcast_to(r, (*_lead(c, r), n))
    both = np.concatenate([np.flip(c, -1), r[..., 1:]], axis=-1)
    return both[..., np.subtract.outer(m - 1 - np.arange(m), -np.arange(n))]


def _lead(*arrays: Any) -> tuple[int, ...]:
    return np.broadcast_shapes(*[a.shape[:-1] for a in arrays])


# SciPy takes stacks from 1.19 on, and any array as one vector before.
_HANKEL_RAVELS = tuple(int(n) for n in scipy.__version__.split(".")[:2]) < (1, 19)


@smooth
def hankel(c: Any, r: Any = None) -> Any:
    """The matrix with constant antidiagonals, of its first column `c` (m,) and last row `r` (n,), or zeros.

    Examples
    --------
    >>> import numpy as np, dragongrad as ad
    >>> import dragongrad.scipy.linalg as la
    >>> ad.jvp(la.hankel, (np.array([1.0, 2.0]),), (np.array([0.0, 1.0]),))[1]
    array([[0., 1.],
           [1., 0.]])

    """
    c = _rows(c)
    r = np.zeros_like(c) if r is None else _rows(r)
    if _HANKEL_RAVELS:
        c, r = np.reshape(c, (-1,)), np.reshape(r, (-1,))
    m, n = c.shape[-1], r.shape[-1]
    if c.ndim > 1 or r.ndim > 1:
        c, r = np.broadcast_to(c, (*_lead(c, r), m)), np.broadcast_to(r, (*_lead(c, r), n))
    both = np.concatenate([c, r[..., 1:]], axis=-1)
    return both[..., np.add.outer(np.arange(m), np.arange(n))]


@smooth
def circulant(c: Any) -> Any:
    """The matrix whose columns are `c`, each shifted by one more: of shape (..., n, n).

    Examples
    --------
    >>> import numpy as np, dragongrad as ad
    >>> import dragongrad.scipy.linalg as la
    >>> ad.jvp(la.circulant, (np.array([1.0, 2.0]),), (np.array([0.0, 1.0]),))[1]
    array([[0., 1.],
           [1., 0.]])

    """
    c = _rows(c)
    n = c.shape[-1]
    return c[..., np.subtract.outer(np.arange(n), np.arange(n)) % max(n, 1)]


@smooth
def companion(a: Any) -> Any:
    """The companion matrix, (..., n - 1, n - 1), of a polynomial with n coefficients `a`, the highest first.

    Examples
    --------
    >>> import numpy as np, dragongrad as ad
    >>> import dragongrad.scipy.linalg as la
    >>> ad.jacobian(lambda a: la.companion(a)[0])(np.array([2.0, 3.0, 4.0]))
    array([[ 0.75, -0.5 ,  0.  ],
           [ 1.  ,  0.  , -0.5 ]])

    """
    a = as_array(a)
    n = a.shape[-1]
    if n < 2:
        raise ShapeError(f"companion({describe(a)}) needs two coefficients or more\n  at {user_line()}")
    first = -a[..., 1:] / a[..., :1]
    below = np.broadcast_to(np.eye(n - 2, n - 1, dtype=first.dtype), (*first.shape[:-1], n - 2, n - 1))
    return np.concatenate([first[..., None, :], below], axis=-2)


@smooth
def block_diag(*arrs: Any) -> Any:
    """Matrices along the diagonal of one, with zeros elsewhere; a vector counts as a row.

    Examples
    --------
    >>> import numpy as np, dragongrad as ad
    >>> import dragongrad.scipy.linalg as la
    >>> ad.jvp(lambda a: la.block_diag(a, 2.0), (np.array([[1.0, 3.0]]),), (np.ones((1, 2)),))[1]
    array([[1., 1., 0.],
           [0., 0., 0.]])

    """
    blocks = [np.atleast_2d(as_array(a)) for a in arrs]
    lead = np.broadcast_shapes(*[b.shape[:-2] for b in blocks])
    width, dtype = sum(b.shape[-1] for b in blocks), np.result_type(*[b.dtype for b in blocks])
    rows, before = [], 0
    for block in blocks:
        m, n = block.shape[-2:]
        parts = [np.zeros((*lead, m, before), dtype), np.broadcast_to(block, (*lead, m, n)),
                 np.zeros((*lead, m, width - before - n), dtype)]  # fmt: skip
        rows.append(np.concatenate(parts, axis=-1))
        before += n
    return np.concatenate(rows, axis=-2)


@smooth
def kron(a: Any, b: Any) -> Any:
    """The Kronecker product of two matrices, of shape (m p, n q).

    Examples
    --------
    >>> import numpy as np, dragongrad as ad
    >>> import dragongrad.scipy.linalg as la
    >>> ad.vjp(lambda a: np.kron(a, np.array([[1.0, 2.0]])), np.array([[3.0]]))[1](np.ones((1, 2)))[0]
    array([[3.]])

    """
    return np.kron(np.atleast_2d(as_array(a)), np.atleast_2d(as_array(b)))


@smooth
def khatri_rao(a: Any, b: Any) -> Any:
    """The Kronecker products of the columns of two matrices: (n, k) and (m, k) give (n m, k).

    Examples
    --------
    >>> import numpy as np, dragongrad as ad
    >>> import dragongrad.scipy.linalg as la
    >>> ad.jacobian(lambda a: la.khatri_rao(a, np.array([[1.0], [2.0]]))[:, 0])(np.array([[3.0]]))[..., 0, 0]
    array([1., 2.])

    """
    a, b = as_array(a), as_array(b)
    if a.ndim < 2 or b.ndim < 2 or a.shape[-1] != b.shape[-1]:
        raise ShapeError(
            f"khatri_rao({describe(a)}, {describe(b)}): matrices of equally many columns\n  at {user_line()}"
        )
    both = a[..., :, None, :] * b[..., None, :, :]
    return np.reshape(both, (*both.shape[:-3], a.shape[-2] * b.shape[-2], a.shape[-1]))


@smooth
@over_stacks(f=1, s=1)
def leslie(f: Any, s: Any) -> Any:
    """The matrix of a population by ages: fecundities `f` (n,) in the first row, survivals `s` (n - 1,) below.

    Examples
    --------
    >>> import numpy as np, dragongrad as ad
    >>> import dragongrad.scipy.linalg as la
    >>> ad.jvp(lambda s: la.leslie(np.ones(2), s), (np.array([0.5]),), (np.ones(1),))[1]
    array([[0., 0.],
           [1., 0.]])

    """
    f, s = _rows(f), _rows(s)
    n = f.shape[-1]
    if n < 2 or s.shape[-1] != n - 1:
        raise ShapeError(f"leslie({describe(f)}, {describe(s)}): f has one element more than s\n  at {user_line()}")
    below = s[..., :, None] * np.eye(n - 1, n, dtype=s.dtype)
    return np.concatenate([np.broadcast_to(f[..., None, :], (*below.shape[:-2], 1, n)), below], axis=-2)


@smooth
def fiedler(a: Any) -> Any:
    """The matrix of distances abs(a_i - a_j), of shape (..., n, n); equal elements have the derivative zero.

    Examples
    --------
    >>> import numpy as np, dragongrad as ad
    >>> import dragongrad.scipy.linalg as la
    >>> ad.grad(lambda a: la.fiedler(a)[0, 1])(np.array([1.0, 4.0]))
    array([-1.,  1.])

    """
    a = _rows(a)
    # Of nothing SciPy gives a vector of nothing.
    return np.absolute(a[..., :, None] - a[..., None, :]) if a.size else a.reshape(0)


@smooth
def convolution_matrix(a: Any, n: int, mode: str = "full") -> Any:
    """The matrix whose product with a vector of `n` elements is `numpy.convolve(a, v, mode)`.

    Examples
    --------
    >>> import numpy as np, dragongrad as ad
    >>> import dragongrad.scipy.linalg as la
    >>> ad.jvp(lambda a: la.convolution_matrix(a, 2), (np.array([3.0]),), (np.ones(1),))[1]
    array([[1., 0.],
           [0., 1.]])

    """
    a = as_array(a)
    if n <= 0 or not a.shape[-1]:
        raise ArgumentError(f"convolution_matrix needs n > 0 and an a that is not empty\n  at {user_line()}")
    if mode not in ("full", "valid", "same"):
        raise ArgumentError(f"mode is 'full', 'valid' or 'same', not {mode!r}\n  at {user_line()}")
    m = a.shape[-1]
    place = np.subtract.outer(np.arange(m + n - 1), np.arange(n))
    full = np.where((place >= 0) & (place < m), a[..., np.clip(place, 0, m - 1)], 0)
    if mode == "full":
        return full
    first = (min(m, n) - 1) if mode == "valid" else (min(m, n) - 1) // 2
    last = full.shape[-2] - (min(m, n) - 1 if mode == "valid" else (min(m, n) - 1) - first)
    return full[..., first:last, :]
