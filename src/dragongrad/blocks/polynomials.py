"""NumPy's polynomials by their coefficients, the highest power first."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..core.block import composite
from ..core.errors import BatchError, user_line
from ..core.variable import Variable, bottom, plain
from ..imports import HasAxes
from .axes import as_array

# Then NumPy's own functions reshape coefficients for points that are Variables, as for points that are arrays.
HasAxes.register(Variable)


@composite(np.polyval)
def polyval(p: Any, x: Any) -> Any:
    """The value of a polynomial, by Horner's rule."""
    p, x = as_array(p), plain(x)
    if np.ndim(p) == 0:
        raise TypeError("the coefficients of a polynomial are a list or an array, not a number")
    out = np.zeros_like(x)
    for i in range(p.shape[0]):
        out = out * x + p[i]
    return out


def _aligned(a1: Any, a2: Any) -> tuple[Any, Any]:
    a, b = np.atleast_1d(plain(a1)), np.atleast_1d(plain(a2))
    n = max(a.shape[0], b.shape[0])
    return np.pad(a, (n - a.shape[0], 0)), np.pad(b, (n - b.shape[0], 0))


@composite(np.polyadd)
def polyadd(a1: Any, a2: Any) -> Any:
    """The sum of two polynomials."""
    a, b = _aligned(a1, a2)
    return a + b


@composite(np.polysub)
def polysub(a1: Any, a2: Any) -> Any:
    """The difference of two polynomials."""
    a, b = _aligned(a1, a2)
    return a - b


@composite(np.polymul)
def polymul(a1: Any, a2: Any) -> Any:
    """The product of two polynomials, without the zeros before the highest power."""
    return np.convolve(_trimmed(a1), _trimmed(a2))


def _trimmed(p: Any) -> Any:
    p = np.atleast_1d(as_array(p))
    if p.ndim > 1:
        raise ValueError(f"a polynomial has a vector of coefficients, got shape {p.shape}")
    while p.shape[0] > 1 and _holds(bottom(p[0]) == 0):
        p = p[1:]
    return p if p.shape[0] else np.zeros_like(p, shape=(1,))


def _holds(condition: Any) -> bool:
    """Whether a condition on a coefficient holds; in every row, or in none."""
    if not np.any(condition):
        return False
    if not np.all(condition):
        raise BatchError(f"the degree of a polynomial differs from row to row\n  at {user_line()}")
    return True


@composite(np.polyder)
def polyder(p: Any, m: int = 1) -> Any:
    """The coefficients of the m-th derivative."""
    p, m = as_array(p), int(m)
    if m < 0:
        raise ValueError("polyder: m cannot be negative (see polyint)")
    for _ in range(m):
        p = p[:-1] * np.arange(p.shape[0] - 1, 0, -1)
    if p.ndim > 1:
        # NumPy looks one derivative further.
        np.broadcast_shapes((max(p.shape[0] - 1, 0), *p.shape[1:]), (max(p.shape[0] - 1, 0),))
    return p


@composite(np.polyint)
def polyint(p: Any, m: int = 1, k: Any = None) -> Any:
    """The coefficients of the m-th integral."""
    p, m = as_array(p), int(m)
    if m < 0:
        raise ValueError("polyint: the order of an integral cannot be negative; polyder has derivatives")
    if m and p.ndim != 1:
        raise ValueError(f"polyint: the coefficients of a polynomial are a vector, they had shape {p.shape}")
    given = np.atleast_1d(as_array(0.0 if k is None else k))
    if m > given.shape[0] != 1:
        raise ValueError(f"polyint: {given.shape[0]} constants for {m} integrals")
    for i in range(m):
        p = np.append(p / np.arange(p.shape[0], 0, -1), given[i % given.shape[0]])
    return p


@composite(np.poly)
def poly(seq_of_zeros: Any) -> Any:
    """The polynomial with given roots, or the characteristic one of a matrix."""
    roots = as_array(seq_of_zeros)
    roots = np.linalg.eigvals(roots) if roots.ndim == 2 else roots
    if roots.ndim != 1:
        raise ValueError(f"the roots are a vector or a square matrix, they have shape {roots.shape}")
    if not roots.size:
        return 1.0
    roots = roots if roots.dtype.char in "fdgFDG" else roots.astype(np.float64)
    out = np.ones(1, dtype=roots.dtype)
    for i in range(roots.shape[0]):
        # No zeros are joined on: they would be NaN times a root that is not finite.
        moved = roots[i] * out
        out = np.concatenate([out[:1], out[1:] - moved[:-1], -moved[-1:]])
    # NumPy's sums of products begin with zero: none of them is a zero with a sign.
    out = out + out.dtype.type(0)
    if out.dtype.kind == "c":
        # Roots in conjugate pairs make real coefficients.
        values = bottom(roots)
        paired = np.all(np.sort(values) == np.sort(np.conj(values)), axis=-1)
        if np.all(paired):
            return np.real(out)
        if np.any(paired):
            raise BatchError(
                "np.poly gives real coefficients where the roots are conjugate pairs, complex ones elsewhere: here "
                f"that differs from row to row\n  at {user_line()}\nMultiply complex factors: "
                "p = np.ones(1, complex); for r in roots: p = np.convolve(p, np.array([1, -r]))"
            )
    return out


@composite(np.polyfit)
def polyfit(
    x: Any, y: Any, deg: int, rcond: Any = None, full: bool = False, w: Any = None, cov: Any = False
) -> Any:
    """The polynomial of least squares, with scaled columns."""
    x, right = as_array(x), as_array(y)
    x = x if x.dtype.kind in "fc" else x.astype(np.float64)
    left = np.vander(x, deg + 1)
    if w is not None:
        weights = as_array(w)
        # As NumPy does it in place, in the dtypes of the points.
        left = (left * weights[:, None]).astype(left.dtype)
        right = (right * (weights[:, None] if right.ndim == 2 else weights)).astype(
            np.result_type(right.dtype, 0.0)
        )
    scale = np.sqrt(np.sum(left * left, axis=0))
    limit = x.shape[0] * float(np.finfo(x.dtype).eps) if rcond is None else rcond
    solved, residuals, rank, values = np.linalg.lstsq(left / scale, right, rcond=limit)
    found = solved / (scale[:, None] if right.ndim == 2 else scale)
    if full:
        return found, residuals, rank, values, limit
    return (found, _covariance(left / scale, scale, residuals, right.ndim, cov)) if cov else found


def _covariance(left: Any, scale: Any, residuals: Any, ndim: int, kind: Any) -> Any:
    """The covariance of fitted coefficients: of unit weights, or scaled by the sum of squares that is left."""
    count, order = left.shape
    spread = np.linalg.inv(left.T @ left) / np.multiply.outer(scale, scale)
    if kind != "unscaled" and count <= order:
        raise ValueError(f"polyfit: {count} points leave nothing to scale the covariance of {order} coefficients")
    factor = 1.0 if kind == "unscaled" else residuals / (count - order)
    return spread * factor if ndim == 1 else spread[:, :, None] * factor


@composite(np.roots)
def roots(p: Any) -> Any:
    """The roots of a polynomial: the eigenvalues of its companion matrix, those that are zero last."""
    p = _trimmed(p)
    p = p if p.dtype.kind in "fc" else p.astype(np.float64)
    if p.shape[0] < 2:
        return np.zeros(0)
    first = -p[1:] / p[0]
    found = np.linalg.eigvals(np.concatenate([first[None], np.eye(p.shape[0] - 2, p.shape[0] - 1, dtype=p.dtype)]))
    zeros = 0
    while zeros < p.shape[0] - 1 and np.all(bottom(p[-1 - zeros]) == 0):
        zeros += 1
    if not zeros:
        return found
    # NumPy leaves them out, and with them their derivatives; here its order alone is taken from there.
    others = np.absolute(roots(p[: p.shape[0] - zeros])[:, None] - found)
    last = np.argsort(np.absolute(found), kind="stable")[:zeros]
    return np.take(found, np.concatenate([np.argmin(others, axis=1), last]))


@composite(np.polydiv)
def polydiv(u: Any, v: Any) -> Any:
    """The quotient and the remainder of two polynomials; the latter without about zero before the highest power."""
    u, v = np.atleast_1d(plain(u)) + 0.0, np.atleast_1d(plain(v)) + 0.0
    if not u.shape[0]:
        raise IndexError("a polynomial has at least one coefficient")
    rest, length, scale, quotient = u.astype(np.result_type(u.dtype, v.dtype)), v.shape[0], 1.0 / v[0], []
    for k in range(u.shape[0] - length + 1):
        quotient.append(scale * rest[k])
        change = rest[k : k + length] - quotient[k] * v
        rest = np.concatenate([rest[:k], change, rest[k + length :]])
    while rest.shape[0] > 1 and _holds(np.absolute(bottom(rest[0])) <= 1e-8):
        rest = rest[1:]
    return np.stack(quotient) if quotient else np.zeros(1, rest.dtype), rest


# Functions of NumPy's polynomials, the lowest power first. Their module is imported late: they are known by name.


def _value_at(x: Any, c: Any, spread: bool) -> Any:
    x, c = as_array(x), as_array(c)
    c = c + 0.0 if c.dtype.kind in "biu" else c
    c = np.reshape(c, c.shape + (1,) * x.ndim) if spread else c
    value = c[-1] + x * 0
    for i in range(2, c.shape[0] + 1):
        value = c[-i] + value * x
    return value


@composite("numpy.polynomial.polynomial.polyval2d")
def polyval2d(x: Any, y: Any, c: Any) -> Any:
    """The values of a polynomial of two variables at points."""
    if np.shape(x) != np.shape(y):
        raise ValueError(f"x and y must have one shape, got {np.shape(x)} and {np.shape(y)}")
    return _value_at(y, _value_at(x, c, True), False)


@composite("numpy.polynomial.polynomial.polygrid2d")
def polygrid2d(x: Any, y: Any, c: Any) -> Any:
    """The values of a polynomial of two variables on a grid."""
    return _value_at(y, _value_at(x, c, True), True)
