"""The exponential of a sparse matrix times vectors, without the exponential.

Its derivative by the matrix is that of a matrix of twice the size (Van Loan 1978): of `[[A, E], [0, A]]` the
exponential has the derivative along E in its upper right block. The adjoint of that, at stored entries alone, is a
Block of its own.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import scipy.sparse.linalg as scipys

from ....blocks.axes import as_array
from ....core.block import general
from ....core.errors import ArgumentError, ShapeError, describe, user_line
from ....core.variable import plain
from ...chapters import double
from ..arrays import SparseArray
from ..pattern import Pattern, placed
from .chapter import smooth
from .systems import square

# The terms of the exponential's series, of a matrix whose norm is at most 1: 25! is 1.6e25.
_TERMS = 25


def _value(x: Any, y: Any, pattern: Any, trans: bool = False) -> Any:
    dtype = np.result_type(x, y)
    matrix, y = pattern.filled(x.astype(dtype, copy=False), trans), np.asarray(y, dtype)
    if not (np.isfinite(x).all() and np.isfinite(y).all()):
        return np.full(y.shape, np.nan, dtype)
    if not pattern.is_canonical:
        # SciPy adds up entries at one place where they stand, in arrays that are the pattern's.
        matrix = matrix.copy()
        matrix.sum_duplicates()
    # Without columns SciPy divides by zero.
    found = scipys.expm_multiply(matrix, y, traceA=matrix.trace()) if y.size else y
    return found.astype(dtype, copy=False)


def _doubled(pattern: Pattern) -> tuple[Pattern, Any]:
    """The pattern of [[A, E], [0, A]], and the order of the entries of A, of A again and of E in it."""
    n, rows, cols = pattern.shape[0], pattern.rows, pattern.indices
    return placed(
        np.concatenate([rows, n + rows, rows]), np.concatenate([cols, n + cols, n + cols]), (2 * n, 2 * n)
    )


def _beside(x: Any, x_dot: Any, pattern: Pattern) -> tuple[Any, Pattern]:
    """The entries of [[A, E], [0, A]], and their pattern."""
    both, order = _doubled(pattern)
    return np.concatenate([x, x, x_dot])[order], both


def _pushforward(
    x_dot: Any, y_dot: Any, out: Any, x: Any, y: Any, pattern: Any = None, trans: bool = False
) -> Any:  # fmt: skip
    entries, both = _beside(x, x_dot, pattern)
    n, zero = pattern.shape[0], np.zeros_like(y)
    # The transpose is [[A^T, 0], [E^T, A^T]].
    if trans:
        moved = times(entries, np.concatenate([y, zero]), pattern=both, trans=True)[n:]
    else:
        moved = times(entries, np.concatenate([zero, y]), pattern=both, trans=False)[:n]
    return moved + times(x, y_dot, pattern=pattern, trans=trans)


def _pullback(out_bar: Any, x: Any, y: Any, pattern: Any = None, trans: bool = False) -> Any:
    y_bar = times(x, out_bar, pattern=pattern, trans=not trans)
    left, right = (y, out_bar) if trans else (out_bar, y)
    return along(x, left, right, pattern=pattern), y_bar


times: Any = general(
    "sparse exponential", value=_value, pullback=_pullback, pushforward=_pushforward, names=("x", "y"),
    parameters=("pattern", "trans"), dispatches=False,
)  # fmt: skip


# For each entry of A the derivative by it of <y, exp(A) z>


def _along_value(x: Any, y: Any, z: Any, pattern: Any) -> Any:
    dtype = np.result_type(x, y, z)
    forward, backward = (pattern.filled(x.astype(dtype, copy=False), trans) for trans in (False, True))
    norm = float(np.max(np.bincount(pattern.indices, weights=np.abs(x)), initial=0.0))
    if not np.isfinite(norm):
        return np.full(x.shape, np.nan, dtype)
    steps = max(1, int(np.ceil(norm)))
    starts = [np.asarray(z, dtype)]
    for _ in range(steps - 1):
        starts.append(_stepped(forward, starts[-1], steps)[0])
    total, y = np.zeros(x.shape, dtype), np.asarray(y, dtype)
    for start in reversed(starts):
        _, terms = _stepped(forward, start, steps)
        # From the last term of the series back to the first, as a polynomial is evaluated.
        weight, back = 1.0, np.zeros_like(y)
        weights = [weight := weight / (k * steps) for k in range(1, _TERMS + 1)]
        for k in range(_TERMS - 1, -1, -1):
            back = weights[k] * y + backward @ back
            total = total + np.einsum("ek,ek->e", back[pattern.rows], terms[k][pattern.indices])
        y = _stepped(backward, y, steps)[0]
    return total


def _stepped(matrix: Any, z: Any, steps: int) -> tuple[Any, list[Any]]:
    """exp(A / steps) z by its series, and the products of z with the powers of A."""
    terms, total, weight = [z], z, 1.0
    for k in range(1, _TERMS + 1):
        terms.append(matrix @ terms[-1])
        weight /= k * steps
        total = total + weight * terms[-1]
    return total, terms


def _along_pushforward(
    x_dot: Any, y_dot: Any, z_dot: Any, out: Any, x: Any, y: Any, z: Any, pattern: Any = None
) -> Any:  # fmt: skip
    moved = along(x, y_dot, z, pattern=pattern) + along(x, y, z_dot, pattern=pattern)
    return _along_twice(x, x_dot, y, z, pattern) + moved


def _along_twice(x: Any, x_dot: Any, y: Any, z: Any, pattern: Any) -> Any:
    """The derivative along E of the derivative by each entry: of both places that it has in the doubled matrix."""
    entries, both = _beside(x, x_dot, pattern)
    _, order = _doubled(pattern)
    found = along(
        entries, np.concatenate([y, np.zeros_like(y)]), np.concatenate([np.zeros_like(z), z]), pattern=both
    )
    by_part = found[np.argsort(order)]
    return by_part[: pattern.nnz] + by_part[pattern.nnz : 2 * pattern.nnz]


def _along_pullback(out_bar: Any, x: Any, y: Any, z: Any, pattern: Any = None) -> Any:
    entries, both = _beside(x, out_bar, pattern)
    n = pattern.shape[0]
    y_bar = times(entries, np.concatenate([np.zeros_like(z), z]), pattern=both, trans=False)[:n]
    z_bar = times(entries, np.concatenate([y, np.zeros_like(y)]), pattern=both, trans=True)[n:]
    return _along_twice(x, out_bar, y, z, pattern), y_bar, z_bar


along: Any = general(
    "derivative of the sparse exponential", value=_along_value, pullback=_along_pullback,
    pushforward=_along_pushforward, names=("x", "y", "z"), parameters=("pattern",), dispatches=False,
)  # fmt: skip


@smooth
def expm_multiply(
    A: Any, B: Any, start: Any = None, stop: Any = None, num: Any = None, endpoint: Any = None,  # noqa: N803
    traceA: Any = None,  # noqa: N803
) -> Any:  # fmt: skip
    """`exp(A) @ B`, or `exp(t A) @ B` at times t from `start` to `stop`, without the exponential of A.

    Parameters
    ----------
    A : sparse matrix of shape (n, n)
        Its stored entries may be Variables.
    B : array of shape (n,) or (n, k)
    start, stop : number, optional
        The first and the last of the times, which may be Variables too. Times may fall, for which SciPy's own
        values are wrong.
    num : int
        How many there are, 50 without it.
    endpoint : bool
        Whether `stop` is one of them, which it is without a word.
    traceA
        Of SciPy's; it changes nothing here.

    Returns
    -------
    array of the shape of `B`, with times along a new axis 0

    Raises
    ------
    ShapeError
        Shapes do not fit.

    Examples
    --------
    >>> import numpy as np, dragongrad as ad
    >>> from dragongrad.scipy import sparse
    >>> def turned(w):
    ...     A = sparse.csr_array((np.stack([w, -w]), ([0, 1], [1, 0])))
    ...     return sparse.linalg.expm_multiply(A, np.array([1.0, 0.0]))
    >>> ad.jacobian(turned)(np.pi).round(6) + 0.0
    array([0., 1.])

    """
    a, b = square("expm_multiply", A), as_array(B)
    b = b if b.dtype.kind in "fc" else b.astype(np.float64)
    if b.ndim not in (1, 2) or b.shape[0] != a.shape[0]:
        raise ShapeError(f"expm_multiply of a matrix of shape {a.shape} and {describe(b)}\n  at {user_line()}")
    column = b[:, None] if b.ndim == 1 else b
    if start is None and stop is None and num is None and endpoint is None:
        return _shaped(_times(a, 1.0, column), b)
    if start is None or stop is None:
        raise ArgumentError(f"expm_multiply: start and stop are given both, or none\n  at {user_line()}")
    a, column = a.astype(np.result_type(a.dtype, np.float64)), double(column)
    # Whole numbers are times as well.
    first, last = plain(start) * 1.0, plain(stop) * 1.0
    count = 50 if num is None else int(num)
    if count < 2:
        raise ArgumentError(f"expm_multiply: num={num} is less than two times\n  at {user_line()}")
    parts = count - 1 if endpoint is None or endpoint else count
    found = [_times(a, first, column)]
    for _ in range(count - 1):
        found.append(_times(a, (last - first) / parts, found[-1]))
    return np.stack([_shaped(y, b) for y in found])


def _times(a: SparseArray, t: Any, column: Any) -> Any:
    return times(a.entries * t, column, pattern=a.pattern, trans=False)


def _shaped(found: Any, b: Any) -> Any:
    return found[:, 0] if b.ndim == 1 else found
