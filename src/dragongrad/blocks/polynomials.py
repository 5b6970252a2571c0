"""NumPy's polynomials by their coefficients, the highest power first."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..core.block import composite, unsupported
from ..core.errors import BatchError, NoRuleError, user_line
from ..core.variable import bottom, plain
from .axes import as_array


@composite(np.polyval)
def polyval(p: Any, x: Any) -> Any:
    """The value of a polynomial, by Horner's rule."""
    p, x = plain(p), plain(x)
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
    while p.shape[0] > 1:
        zero = bottom(p[0]) == 0
        if not np.any(zero):
            break
        if not np.all(zero):
            raise BatchError(f"the degree of a polynomial differs from row to row\n  at {user_line()}")
        p = p[1:]
    return p if p.shape[0] else np.zeros_like(p, shape=(1,))


@composite(np.polyder)
def polyder(p: Any, m: int = 1) -> Any:
    """The coefficients of the m-th derivative."""
    p = plain(p)
    if m < 0:
        raise ValueError("polyder: m cannot be negative (see polyint)")
    for _ in range(m):
        p = p[:-1] * np.arange(p.shape[0] - 1, 0, -1)
    return p


@composite(np.polyint)
def polyint(p: Any, m: int = 1, k: Any = None) -> Any:
    """The coefficients of the m-th integral."""
    p = plain(p)
    constants = [0.0] * m if k is None else list(np.broadcast_to(k, (m,)))
    for c in constants:
        p = np.append(p / np.arange(p.shape[0], 0, -1), c)
    return p


@composite(np.poly)
def poly(seq_of_zeros: Any) -> Any:
    """The polynomial with given roots, or the characteristic one of a matrix."""
    roots = as_array(seq_of_zeros)
    roots = np.linalg.eigvals(roots) if roots.ndim == 2 else roots
    roots = roots if roots.dtype.char in "fdgFDG" else roots.astype(np.float64)
    out = np.ones(1, dtype=roots.dtype)
    for i in range(roots.shape[0]):
        zero = np.zeros_like(out[:1])
        out = np.append(out, zero) - roots[i] * np.append(zero, out)
    if out.dtype.kind == "c":
        # Roots in conjugate pairs make real coefficients.
        values = bottom(roots)
        if np.all(np.sort(values) == np.sort(np.conj(values))):
            return np.real(out)
    return out


@composite(np.polyfit)
def polyfit(
    x: Any, y: Any, deg: int, rcond: Any = None, full: bool = False, w: Any = None, cov: Any = False
) -> Any:
    """The polynomial of least squares, with scaled columns."""
    if full or cov:
        raise NoRuleError("np.polyfit has no derivative rule for full= or cov=: ask for the coefficients alone")
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
    solved = np.linalg.lstsq(left / scale, right, rcond=limit)[0]
    return solved / (scale[:, None] if right.ndim == 2 else scale)


unsupported("write it with np.linalg.eigvals of the companion matrix", np.roots)
unsupported("a remainder's length depends on the values; divide with np.linalg.solve", np.polydiv)
