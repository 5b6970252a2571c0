"""Some eigenvalues and singular values of sparse matrices, with their vectors.

The derivative of a vector is the solution of a bordered system, which is sparse too: for A v = w v the matrix
[[A - w, v], [v^H, 0]], which is regular where the eigenvalue is simple.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import scipy.sparse.linalg as scipys

from ....blocks.matrices import adjoint
from ....core.block import general
from ....core.errors import FactorizationError, NoRuleError, user_line
from ...chapters import one_of
from ...checks import checked
from ..arrays import SparseArray, as_sparse
from ..blocks import product, solved
from ..pattern import Pattern, placed
from .chapter import smooth
from .systems import square

# Eigenvalues closer than this part of the greatest count as equal.
_SAME = 1e-10


class Search:
    """Which eigenvalues or singular values are searched for, and how, which a program holds as one thing."""

    def __init__(self, pattern: Pattern, options: dict[str, Any], values_only: bool = False) -> None:
        self.pattern, self.options, self.values_only = pattern, options, values_only

    def eigen(self, x: Any) -> Any:
        """SciPy's eigenvalues and their vectors."""
        w, v = scipys.eigsh(self.pattern.filled(x), **self.options)
        if self.values_only:
            # Without vectors SciPy gives the values in another order.
            bare = scipys.eigsh(self.pattern.filled(x), return_eigenvectors=False, **self.options)
            order = np.empty(w.size, int)
            order[np.argsort(bare)] = np.argsort(w)
            w, v = w[order], v[:, order]
        return w, v

    def general(self, x: Any) -> Any:
        """SciPy's eigenvalues of a matrix that is not symmetric, and their vectors."""
        w, v = scipys.eigs(self.pattern.filled(x), **self.options)
        if self.values_only:
            # As above.
            bare = scipys.eigs(self.pattern.filled(x), return_eigenvectors=False, **self.options)
            left = list(range(w.size))
            order = [left.pop(int(np.argmin(np.abs(w[left] - one)))) for one in bare]
            w, v = w[order], v[:, order]
            # Of a pair of which one is taken, the other may have been.
            other = np.abs(w - bare) > np.abs(np.conj(w) - bare)
            w, v = np.where(other, np.conj(w), w), np.where(other, np.conj(v), v)
        return w, v

    def singular(self, x: Any) -> Any:
        """SciPy's vectors and singular values."""
        return scipys.svds(self.pattern.filled(x), **self.options)


def _check_simple(x: Any) -> None:
    """Refuse numbers of which two are equal: there the derivative is no function of the matrix."""
    for row in np.reshape(x, (-1, x.shape[-1])):
        gaps = np.abs(row[:, None] - row) + np.where(np.eye(row.size), np.inf, 0.0)
        if gaps.size and np.min(gaps) <= _SAME * np.max(np.abs(row)):
            raise FactorizationError(
                f"eigenvalues or singular values coincide, {np.sort(row)}: they have no derivative each\n  at "
                f"{user_line()}\nA function that does not tell them apart has one: write it with the matrix"
            )


_simple = checked("simple eigenvalues", _check_simple)


def _bordered(pattern: Pattern) -> tuple[Pattern, Any]:
    """The pattern of [[A - w, v], [v^H, 0]], and the order of the entries of A, of -w, v and v^H in it."""
    n = pattern.shape[0]
    each, last = np.arange(n), np.full(n, n)
    rows = np.concatenate([pattern.rows, each, each, last])
    cols = np.concatenate([pattern.indices, each, last, each])
    return placed(rows, cols, (n + 1, n + 1))


def eigen_moved(a: SparseArray, a_dot: SparseArray, w: Any, v: Any) -> tuple[Any, Any]:
    """How eigenvalues and unit eigenvectors of a symmetric (Hermitian) matrix move with it.

    Of a tangent that is not symmetric it is the symmetric part that counts.
    """
    w = _simple(w)
    turned = (a_dot @ v + product(np.conj(a_dot.entries), v, pattern=a_dot.pattern, trans=True)) / 2
    w_dot = np.real(np.sum(np.conj(v) * turned, axis=0))
    return w_dot, _bordered_solved(a.entries, a.pattern, w, v, v * w_dot - turned)[:-1]


def _bordered_solved(x: Any, pattern: Pattern, w: Any, v: Any, right: Any) -> Any:
    """The solution of the bordered system of each eigenvector, for a column of a matrix with a zero below it."""
    places, order = _bordered(pattern)
    ones, zero = np.ones(pattern.shape[0], v.dtype), np.zeros(1, v.dtype)
    found = []
    for j in range(v.shape[1]):
        border = v[:, j]
        entries = np.concatenate([x, -w[j] * ones, border, np.conj(border)])[order]
        # Each system its own pattern, which keeps its factors.
        own = Pattern(places.indices, places.indptr, places.shape)
        column = np.concatenate([right[:, j], zero])[:, None]
        found.append(solved(entries, column, pattern=own, alone=True)[:, 0])
    return np.stack(found, axis=1)


def _eigsh_value(x: Any, search: Any) -> Any:
    return search.eigen(x)


def _eigsh_pushforward(x_dot: Any, out: Any, x: Any, search: Any = None) -> Any:
    return eigen_moved(SparseArray(x, search.pattern), SparseArray(x_dot, search.pattern), *out)


_eigsh: Any = general("eigsh", value=_eigsh_value, pushforward=_eigsh_pushforward, outputs=2, names=("x",),
                      parameters=("search",), dispatches=False)  # fmt: skip


@smooth
def eigsh(
    A: Any, k: int = 6, M: Any = None, sigma: Any = None, which: str = "LM", v0: Any = None,  # noqa: N803
    ncv: Any = None, maxiter: Any = None, tol: float = 0, return_eigenvectors: bool = True,
    Minv: Any = None, OPinv: Any = None, mode: str = "normal", rng: Any = None,  # noqa: N803
) -> Any:  # fmt: skip
    """Some eigenvalues of a symmetric (Hermitian) sparse matrix and their vectors.

    Parameters
    ----------
    A : sparse matrix of shape (n, n)
        Both triangles are stored; the derivative is that of the symmetric part.
    k, sigma, which, v0, ncv, maxiter, tol, mode, rng
        As SciPy's: how many, which, and how they are found.
    return_eigenvectors : bool

    Returns
    -------
    w : array of shape (k,)
    v : array of shape (n, k)
        The vectors, whose signs (phases) are those that ARPACK found and follow smoothly.

    Raises
    ------
    FactorizationError
        An eigenvalue coincides with another: there is no derivative then.
    NoRuleError
        `M`, `Minv` or `OPinv` is given.

    Examples
    --------
    >>> import numpy as np, dragongrad as ad
    >>> from dragongrad.scipy import sparse
    >>> def lowest(k):
    ...     A = sparse.diags([-k, 2 * k, -k], [-1, 0, 1], shape=(9, 9))
    ...     return sparse.linalg.eigsh(A, 1, which="SA", return_eigenvectors=False)[0]
    >>> ad.grad(lowest)(3.0).round(6)
    np.float64(0.097887)

    """
    if M is not None or Minv is not None or OPinv is not None:
        raise NoRuleError(
            f"scipy.sparse.linalg.eigsh has no derivative rule for M=, Minv= and OPinv=\n  at {user_line()}\n"
            "Write la.eigh(A.toarray(), M)"
        )
    a = square("eigsh", A)
    options = {"k": k, "sigma": sigma, "which": which, "v0": v0, "ncv": ncv, "maxiter": maxiter, "tol": tol,
               "mode": mode}  # fmt: skip
    options |= {} if rng is None else {"rng": rng}
    w, v = _eigsh(a.entries, search=Search(a.pattern, options, not return_eigenvectors))
    return (w, v) if return_eigenvectors else w


# Of a matrix that is not symmetric: the border is v^H, which holds the length and the phase of a vector


def _eigs_value(x: Any, search: Any) -> Any:
    return search.general(x)


def _eigs_pushforward(x_dot: Any, out: Any, x: Any, search: Any = None) -> Any:
    w, v = out
    turned = product(x_dot, v, pattern=search.pattern)
    found = _bordered_solved(x.astype(v.dtype), search.pattern, _simple(w), v, -turned)
    # The last unknown is minus the slope of the value.
    return -found[-1], found[:-1]


_eigs: Any = general("eigs", value=_eigs_value, pushforward=_eigs_pushforward, outputs=2, names=("x",),
                     parameters=("search",), dispatches=False)  # fmt: skip


@smooth
def eigs(
    A: Any, k: int = 6, M: Any = None, sigma: Any = None, which: str = "LM", v0: Any = None,  # noqa: N803
    ncv: Any = None, maxiter: Any = None, tol: float = 0, return_eigenvectors: bool = True,
    Minv: Any = None, OPinv: Any = None, OPpart: Any = None, rng: Any = None,  # noqa: N803
) -> Any:  # fmt: skip
    """Some eigenvalues of a sparse matrix and their vectors, both complex.

    Parameters
    ----------
    A : sparse matrix of shape (n, n)
    k, sigma, which, v0, ncv, maxiter, tol, rng
        As SciPy's: how many, which, and how they are found.
    return_eigenvectors : bool

    Returns
    -------
    w : array of shape (k,)
    v : array of shape (n, k)
        The vectors, whose phases are those that ARPACK found; lengths and phases are held.

    Raises
    ------
    FactorizationError
        An eigenvalue coincides with another: there is no derivative then.
    NoRuleError
        `M`, `Minv`, `OPinv` or `OPpart` is given.

    Examples
    --------
    >>> import numpy as np, dragongrad as ad
    >>> from dragongrad.scipy import sparse
    >>> def largest(v):
    ...     A = sparse.csr_array((v, ([0, 0, 1, 2, 3], [0, 1, 1, 2, 3])))
    ...     return np.real(sparse.linalg.eigs(A, 1)[0][0])
    >>> ad.grad(largest)(np.array([5.0, 1.0, 2.0, 1.0, -1.0])).round(6) + 0.0
    array([1., 0., 0., 0., 0.])

    """
    if not (M is None and Minv is None and OPinv is None and OPpart is None):
        raise NoRuleError(
            f"scipy.sparse.linalg.eigs has no derivative rule for M=, Minv=, OPinv= and OPpart=\n"
            f"  at {user_line()}\nWrite la.eig(A.toarray(), M)"
        )
    a = square("eigs", A)
    options = {"k": k, "sigma": sigma, "which": which, "v0": v0, "ncv": ncv, "maxiter": maxiter, "tol": tol}
    options |= {} if rng is None else {"rng": rng}
    w, v = _eigs(a.entries, search=Search(a.pattern, options, not return_eigenvectors))
    return (w, v) if return_eigenvectors else w


# Singular values are the positive eigenvalues of [[0, A], [A^H, 0]], with (u, v) / sqrt(2) as vectors


def _svds_value(x: Any, search: Any) -> Any:
    return search.singular(x)


def _svds_pushforward(x_dot: Any, out: Any, x: Any, search: Any = None) -> Any:
    u, s, vh = out
    (m, n), pattern = search.pattern.shape, search.pattern
    rows = np.concatenate([pattern.rows, m + pattern.indices])
    cols = np.concatenate([m + pattern.indices, pattern.rows])
    both, order = placed(rows, cols, (m + n, m + n))
    a, a_dot = [SparseArray(np.concatenate([d, np.conj(d)])[order], both) for d in (x, x_dot)]
    root = np.sqrt(np.asarray(2, np.real(x[:0]).dtype))
    s_dot, moved = eigen_moved(a, a_dot, s, np.concatenate([u, adjoint(vh)]) / root)
    return moved[:m] * root, s_dot, adjoint(moved[m:]) * root


_svds: Any = general("svds", value=_svds_value, pushforward=_svds_pushforward, outputs=3, names=("x",),
                     parameters=("search",), dispatches=False)  # fmt: skip


@smooth
def svds(
    A: Any, k: int = 6, ncv: Any = None, tol: float = 0, which: str = "LM", v0: Any = None,  # noqa: N803
    maxiter: Any = None, return_singular_vectors: Any = True, solver: str = "arpack", rng: Any = None,
    options: Any = None,
) -> Any:  # fmt: skip
    """Some singular values of a sparse matrix and their vectors.

    Parameters
    ----------
    A : sparse matrix of shape (m, n)
    k, ncv, tol, which, v0, maxiter, solver, rng, options
        As SciPy's: how many, which, and how they are found.
    return_singular_vectors : bool, "u" or "vh"

    Returns
    -------
    u, s, vh : arrays of shapes (m, k), (k,), (k, n)
        Or `s` alone; None for vectors that are not asked for.

    Raises
    ------
    FactorizationError
        A singular value is zero, or coincides with another.

    Examples
    --------
    >>> import numpy as np, dragongrad as ad
    >>> from dragongrad.scipy import sparse
    >>> def longest(d):
    ...     A = sparse.diags([d], [0], shape=(3, 4))
    ...     return sparse.linalg.svds(A, 1, return_singular_vectors=False)[0]
    >>> ad.grad(longest)(np.array([1.0, -5.0, 2.0])).round(6) + 0.0
    array([ 0., -1.,  0.])

    """
    wanted = return_singular_vectors
    one_of("svds", "return_singular_vectors", wanted, True, False, "u", "vh")
    a = as_sparse(A)
    a = a if a.dtype.kind in "fc" else a.astype(np.float64)
    given = {"k": k, "ncv": ncv, "tol": tol, "which": which, "v0": v0, "maxiter": maxiter, "solver": solver,
             "options": options}  # fmt: skip
    given |= {} if rng is None else {"rng": rng}
    u, s, vh = _svds(a.entries, search=Search(a.pattern, given))
    return (None if wanted == "vh" else u, s, None if wanted == "u" else vh) if wanted else s
