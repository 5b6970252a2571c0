"""Linear systems, inverses and powers of matrices, over any leading axes.

Cotangents are transposed without conjugation, so the rules have plain transposes (Giles 2008, "Collected matrix
derivative results"); conjugates stand only where the function itself conjugates.
"""

from __future__ import annotations

import operator
from typing import Any

import numpy as np

from ..core.block import composite, constant, general
from ..core.errors import FactorizationError
from ..core.variable import bottom, plain
from .axes import as_array, refuse_truths
from .equal_values import unknown
from .kinks import kink
from .matrices import adjoint, from_triangle, inexact, square, transposed


def _inv_pullback(out_bar: Any, out: Any) -> Any:
    return -transposed(out) @ out_bar @ transposed(out)


general(
    np.linalg.inv, pullback=_inv_pullback, pushforward=lambda x_dot, out: -out @ x_dot @ out,
    signature="(n,n)->(n,n)",
)  # fmt: skip


def _solve_pullback(out_bar: Any, out: Any, x: Any) -> Any:
    y_bar = np.linalg.solve(transposed(x), out_bar)
    return -y_bar @ transposed(out), y_bar


def _solve_pushforward(x_dot: Any, y_dot: Any, out: Any, x: Any) -> Any:
    return np.linalg.solve(x, y_dot - x_dot @ out)


_solve = general(
    np.linalg.solve, pullback=_solve_pullback, pushforward=_solve_pushforward, names=("x", "y"),
    signature="(n,n),(n,k)->(n,k)",
)  # fmt: skip


@composite(np.linalg.solve)
def solve(a: Any, b: Any) -> Any:
    """The solution of a x = b; a vector b is one right-hand side."""
    a, b = plain(a), plain(b)
    return _solve(a, b[:, None])[..., 0] if np.ndim(b) == 1 else _solve(a, b)


# Pseudo-inverse and least squares. Singular values below a limit count as zero: that is what NumPy computes, so the
# derivative is that among matrices of the same rank.


def _pinv_pushforward(x_dot: Any, out: Any, x: Any, rcond: Any = None, rtol: Any = None) -> Any:
    """Golub and Pereyra (1973), for a constant rank."""
    m, n = x.shape[-2:]
    left = np.eye(m, dtype=x.dtype) - x @ out
    right = np.eye(n, dtype=x.dtype) - out @ x
    turned = adjoint(x_dot)
    return -out @ x_dot @ out + out @ adjoint(out) @ turned @ left + right @ turned @ adjoint(out) @ out


_pinv = general(np.linalg.pinv, pushforward=_pinv_pushforward, signature="(m,n)->(n,m)",
                parameters=("rcond", "rtol"))  # fmt: skip


def _cut_pinv_pushforward(x_dot: Any, x: Any, limit: Any = None) -> Any:
    """As a function of the singular values: 1/s for those that are kept, zero for those that are not.

    With the change M of the matrix in the bases of its singular vectors, the change of V g(s) U^H is that of
    Noferini, "A formula for the Frechet derivative of a generalized matrix function" (2017), theorem 5.2.
    """
    u, s, vh = np.linalg.svd(x, full_matrices=False)
    v, kept = adjoint(vh), s > np.asarray(limit)[..., None] * np.max(s, axis=-1, keepdims=True)
    g = np.where(kept, 1 / np.where(kept, s, 1.0), 0.0)
    inner = adjoint(u) @ x_dot @ v
    g_i, g_j, s_i, s_j = g[..., :, None], g[..., None, :], s[..., :, None], s[..., None, :]
    both = np.logical_and(kept[..., :, None], kept[..., None, :])
    # (g_j - g_i) / (s_j - s_i), which is -g_i g_j for two that are kept
    apart = np.where(both, 1.0, np.where(kept[..., :, None] == kept[..., None, :], 1.0, s_j - s_i))
    slope = np.where(both, -g_i * g_j, (g_j - g_i) / apart)
    total = np.where(s_i + s_j == 0, 1.0, s_i + s_j)
    turned = slope * (inner + adjoint(inner)) / 2 - (g_i + g_j) / total * (inner - adjoint(inner)) / 2
    out = v @ turned @ adjoint(u)
    ratio = (g * g)[..., None, :]
    if x.shape[-2] > x.shape[-1]:
        out = out + (v * ratio) @ adjoint(x_dot @ v - u @ inner)
    if x.shape[-2] < x.shape[-1]:
        out = out + (adjoint(x_dot) @ u - v @ adjoint(inner)) * ratio @ adjoint(u)
    return out


_cut_pinv = general("pinv", pushforward=_cut_pinv_pushforward, value=lambda x, limit: np.linalg.pinv(x, limit),
                    names=("x",), parameters=("limit",), signature="(m,n)->(n,m)", dispatches=False)  # fmt: skip


@composite(np.linalg.pinv)
def pinv(a: Any, rcond: Any = None, hermitian: bool = False, *, rtol: Any = np._NoValue) -> Any:
    """The pseudo-inverse; small singular values count as zero."""
    a = as_array(a)
    if 0 in a.shape:
        return np.zeros_like(a, shape=(*a.shape[:-2], a.shape[-1], a.shape[-2]))
    if a.ndim < 2:
        raise np.linalg.LinAlgError(f"pinv takes matrices, got shape {a.shape}")
    if hermitian and a.shape[-1] != a.shape[-2]:
        raise np.linalg.LinAlgError(f"pinv(hermitian=True) takes square matrices, got shape {a.shape}")
    a = from_triangle(inexact(a)) if hermitian else a
    if rcond is not None and rtol is not np._NoValue:
        raise ValueError("pinv takes rcond= or rtol=, not both")
    cut = {"rtol": rtol} if rcond is None and rtol is not np._NoValue else {"rcond": rcond}
    limit = rcond if rcond is not None else rtol if rtol is not np._NoValue else 1e-15
    if np.ndim(limit) > a.ndim - 2:
        raise ValueError(f"pinv: limits of shape {np.shape(limit)} for matrices of shape {a.shape}")
    return _pinv(a, **cut) if limit is None or _cuts_nothing(a, limit) else _cut_pinv(a, limit=limit)


def _cuts_nothing(a: Any, limit: Any) -> bool:
    """Whether all singular values below a limit are zero to rounding."""
    x = bottom(a)
    return bool(np.all(np.linalg.matrix_rank(x, rtol=limit) == np.linalg.matrix_rank(x, rtol=1e-15)))


def _lstsq_value(x: Any, y: Any, rcond: Any = None) -> Any:
    return np.linalg.lstsq(x, y, rcond)[:3]


def _lstsq_pushforward(x_dot: Any, y_dot: Any, out: Any, x: Any, y: Any, rcond: Any = None) -> Any:
    """Golub and Pereyra (1973); the residual is at right angles to what changes with the solution."""
    solution, residuals, _ = out
    if solution.dtype.itemsize < np.result_type(solution.dtype, np.float64).itemsize:
        # NumPy works in double precision, and cuts singular values off by that.
        wide = np.result_type(solution.dtype, np.float64)
        x, x_dot = x.astype(wide), x_dot.astype(wide)
    limit = _lstsq_limit(x, rcond)
    inverse = np.linalg.pinv(x, rtol=limit)
    rest, change = y - x @ solution, y_dot - x_dot @ solution
    if _cuts_nothing(x, limit):
        turned = adjoint(x_dot)
        other = turned @ (adjoint(inverse) @ solution)
        dot = inverse @ change + inverse @ (adjoint(inverse) @ (turned @ rest)) + other - inverse @ (x @ other)
    else:
        dot = inverse @ y_dot + _cut_pinv_pushforward(x_dot, x, limit) @ y
    slope = 2 * np.sum(np.real(np.conj(rest) * change), axis=0) if residuals.size else np.zeros(0)
    return dot.astype(solution.dtype), slope.astype(residuals.dtype), None


def _lstsq_limit(x: Any, rcond: Any) -> Any:
    eps = float(np.finfo(np.float64).eps)
    return eps * max(x.shape) if rcond is None else eps if rcond == -1 else rcond


_lstsq = general("lstsq", pushforward=_lstsq_pushforward, value=_lstsq_value, names=("x", "y"), outputs=3,
                 parameters=("rcond",), dispatches=False)  # fmt: skip


@composite(np.linalg.lstsq)
def lstsq(a: Any, b: Any, rcond: Any = None) -> Any:
    """The solution of least squares, its residuals, the rank and the singular values."""
    a, b = inexact(as_array(a)), inexact(as_array(b))
    vector = b.ndim == 1
    x, residuals, rank = _lstsq(a, b[:, None] if vector else b, rcond=rcond)
    return x[:, 0] if vector else x, residuals, rank, np.linalg.svdvals(a.astype(x.dtype))


_matrix_rank = constant(np.linalg.matrix_rank, signature="(m,n)->()", parameters=("tol", "hermitian", "rtol"),
                        names=("x",))  # fmt: skip


@composite(np.linalg.matrix_rank)
def matrix_rank(A: Any, tol: Any = None, hermitian: bool = False, *, rtol: Any = None) -> Any:  # noqa: N803
    """The number of singular values that count as more than zero; of a vector, whether it has one."""
    a = as_array(A)
    if a.ndim < 2:
        return 1 - np.array_equiv(a, 0)
    return _matrix_rank.apply(a, tol, hermitian, rtol=rtol)


# Products


@composite(np.linalg.matrix_power)
def matrix_power(a: Any, n: int) -> Any:
    """An integer power, by squaring."""
    a, n = plain(a), operator.index(n)
    square(a, "matrix_power")
    if n < 0:
        a, n = np.linalg.inv(a), -n
    if n == 0:
        return np.zeros_like(a) + np.eye(a.shape[-1], dtype=a.dtype)
    out = None
    while n:
        if n % 2:
            out = a if out is None else out @ a
        n //= 2
        a = a @ a if n else a
    return out


@composite(np.linalg.multi_dot)
def multi_dot(arrays: Any, *, out: Any = None) -> Any:
    """The product of a chain of matrices, in the cheapest order."""
    chain = [as_array(x) for x in arrays]
    if len(chain) < 2:
        raise ValueError("multi_dot needs at least two arrays")
    if len(chain) == 2:
        return np.dot(*chain)
    if any(x.ndim != 2 for x in chain[1:-1]) or any(chain[i].ndim not in (1, 2) for i in (0, -1)):
        raise np.linalg.LinAlgError(f"multi_dot takes matrices, got shapes {[x.shape for x in chain]}")
    first, last = np.ndim(chain[0]) == 1, np.ndim(chain[-1]) == 1
    chain[0] = chain[0][None, :] if first else chain[0]
    chain[-1] = chain[-1][:, None] if last else chain[-1]
    sizes = [chain[0].shape[0], *[x.shape[1] for x in chain]]
    product = _chained(chain, _best_splits(sizes), 0, len(chain) - 1)
    product = product[0] if first else product
    if not last:
        return product
    return product[0] if first else product[:, 0]


def _best_splits(sizes: list[int]) -> dict[tuple[int, int], int]:
    """Where to split each part of a chain (Cormen et al., Introduction to Algorithms, 15.2)."""
    n = len(sizes) - 1
    cost, split = {(i, i): 0 for i in range(n)}, {}
    for length in range(1, n):
        for i in range(n - length):
            j = i + length
            costs = {k: cost[i, k] + cost[k + 1, j] + sizes[i] * sizes[k + 1] * sizes[j + 1] for k in range(i, j)}
            split[i, j] = min(costs, key=lambda k: costs[k])
            cost[i, j] = costs[split[i, j]]
    return split


def _chained(chain: list[Any], split: dict[tuple[int, int], int], i: int, j: int) -> Any:
    if i == j:
        return chain[i]
    k = split[i, j]
    return _chained(chain, split, i, k) @ _chained(chain, split, k + 1, j)


@composite(np.linalg.tensorsolve)
def tensorsolve(a: Any, b: Any, axes: Any = None) -> Any:
    """The solution x of tensordot(a, x, x.ndim) = b."""
    a, b = as_array(a), as_array(b)
    if axes is not None:
        order = list(range(a.ndim))
        for axis in axes:
            # An axis that is not there, or a negative one, NumPy does not find either.
            refuse_truths(axis)
            order.remove(axis)
            order.append(axis)
        a = np.transpose(a, order)
    shape = a.shape[-(a.ndim - np.ndim(b)) :]
    size = int(np.prod(shape))
    return np.reshape(np.linalg.solve(np.reshape(a, (size, size)), np.ravel(b)), shape)


@composite(np.linalg.tensorinv)
def tensorinv(a: Any, ind: int = 2) -> Any:
    """The inverse of the map tensordot(a, x, ind)."""
    a = as_array(a)
    if ind <= 0:
        raise ValueError(f"tensorinv: ind must be positive, it was {ind}")
    shape, size = a.shape[ind:] + a.shape[:ind], int(np.prod(a.shape[ind:]))
    return np.reshape(np.linalg.inv(np.reshape(a, (size, size))), shape)


@composite(np.linalg.cond)
def cond(x: Any, p: Any = None) -> Any:
    """The condition number; infinite for a singular matrix, where it has no derivative."""
    x = inexact(as_array(x))
    if 0 in x.shape[-2:]:
        raise np.linalg.LinAlgError("cond is not defined on empty arrays")
    if p in (None, 2, -2):
        s = np.linalg.svdvals(x)
        with np.errstate(all="ignore"):
            ratio = s[..., -1] / s[..., 0] if p == -2 else s[..., 0] / s[..., -1]
    else:
        ratio = _condition(x, p)
    lost = np.logical_and(~np.isfinite(ratio), ~np.any(np.isnan(x), axis=(-2, -1)))
    if not np.any(bottom(lost)):
        return ratio
    infinite = np.inf + np.real(unknown(x)).astype(ratio.dtype)
    return np.where(lost, infinite, ratio)[()]


def _condition(x: Any, p: Any) -> Any:
    size = np.linalg.norm(x, p, (-2, -1))
    try:
        return size * np.linalg.norm(np.linalg.inv(x), p, (-2, -1))
    except np.linalg.LinAlgError:
        # Some of the matrices have no inverse: for those the number is infinite.
        square(x, "cond")
        singular = _is_singular(x)
        safe = np.where(singular[..., None, None], np.eye(x.shape[-1], dtype=x.dtype), x)
        ratio = size * np.linalg.norm(np.linalg.inv(safe), p, (-2, -1))
        return np.where(singular, np.inf, ratio)[()]


_is_singular = constant(
    "singular", value=lambda x: ~np.isfinite(np.linalg.cond(x, 1)), names=("x",), parameters=(),
    dispatches=False, signature="(n,n)->()",
)  # fmt: skip


# As `np.linalg` spells what `np` has

composite(np.linalg.matmul)(lambda x1, x2, /: np.matmul(x1, x2))
composite(np.linalg.tensordot)(lambda x1, x2, /, *, axes=2: np.tensordot(x1, x2, axes=axes))
composite(np.linalg.matrix_transpose)(lambda x, /: np.swapaxes(x, -1, -2))


@composite(np.linalg.outer)
def outer(x1: Any, x2: Any, /) -> Any:
    """All products of an element of one vector and one of another."""
    x1, x2 = as_array(x1), as_array(x2)
    if x1.ndim != 1 or x2.ndim != 1:
        raise ValueError(f"linalg.outer takes vectors, got shapes {x1.shape} and {x2.shape}")
    return np.outer(x1, x2)


@composite(np.linalg.cross)
def cross(x1: Any, x2: Any, /, *, axis: int = -1) -> Any:
    """The cross product of vectors of three elements."""
    x1, x2 = plain(x1), plain(x2)
    if x1.shape[axis] != 3 or x2.shape[axis] != 3:
        raise ValueError(f"linalg.cross takes vectors of three elements, got shapes {x1.shape} and {x2.shape}")
    return np.cross(x1, x2, axis=axis)


composite(np.linalg.vecdot)(lambda x1, x2, /, *, axis=-1: np.vecdot(x1, x2, axis=axis))
composite(np.linalg.diagonal)(lambda x, /, *, offset=0: np.diagonal(x, offset, -2, -1))
composite(np.linalg.trace)(lambda x, /, *, offset=0, dtype=None: np.trace(x, offset, -2, -1, dtype))


# Promises at kinks and singularities

_SINGULAR, _ERROR = np.diag([1.0, 0.0]), "an error, as for the value"
for _fn, _of in (
    (np.linalg.inv, np.linalg.inv),
    (np.linalg.solve, lambda a: np.linalg.solve(a, np.ones(2))),
    (np.linalg.matrix_power, lambda a: np.linalg.matrix_power(a, -1)),
    (np.linalg.tensorinv, lambda a: np.linalg.tensorinv(a, 1)),
    (np.linalg.tensorsolve, lambda a: np.linalg.tensorsolve(a, np.ones(2))),
):
    kink(_fn, "a singular matrix", _ERROR, _SINGULAR, FactorizationError, _of)
kink(np.linalg.pinv, "a singular matrix", "that among the matrices of its rank", 2 * _SINGULAR,
     [[-0.25, 0], [0, 0]], lambda a: np.linalg.pinv(a)[0, 0])  # fmt: skip
kink(np.linalg.lstsq, "a singular matrix", "that among the matrices of its rank", 2 * _SINGULAR,
     [[[-0.25, 0], [0.25, 0]], [[0, 0.25], [0, 0]]], lambda a: np.linalg.lstsq(a, np.ones(2))[0])  # fmt: skip
kink(np.linalg.matrix_rank, "where the rank changes", "0, though the value jumps", _SINGULAR, 0,
     lambda a: 1.0 * np.linalg.matrix_rank(a))  # fmt: skip
kink(np.linalg.cond, "a singular matrix", "NaN: the value is infinite", _SINGULAR, np.nan)
kink(np.linalg.cond, "equal singular values", "the mean of those of all that are equal", np.eye(2), 0)
