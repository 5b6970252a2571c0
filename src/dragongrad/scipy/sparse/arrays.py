"""Sparse matrices whose stored entries may be Variables."""

from __future__ import annotations

import copy
from collections.abc import Callable
from typing import Any

import numpy as np
import optree
import scipy.sparse as scipys

from ...blocks.axes import as_array
from ...core.errors import AbsentError, ArgumentError, NoRuleError, ShapeError, describe, user_line
from ...core.nests import NAMESPACE
from ...core.variable import Variable, is_constant, plain
from .blocks import product
from .pattern import Pattern, placed


class SparseArray:
    """A sparse matrix with the entries `data`, of which functions are differentiated.

    The functions that make SciPy's sparse matrices (`csr_array`, `diags`, ...) make one where an argument is a
    Variable. It is a nest: `ad.grad(f)(A)` of one is another, with the derivative by each stored entry.

    Attributes
    ----------
    data : array of shape (nnz,)
        The stored entries, row after row. Several at one place count together.
    indices, indptr : ndarray of int
        The column of each, and where each row begins, as in SciPy's CSR format.
    shape, ndim, nnz, dtype, T
        As SciPy's.

    Examples
    --------
    >>> import numpy as np, dragongrad as ad
    >>> from dragongrad.scipy import sparse
    >>> def f(v):
    ...     A = sparse.csr_array((v, ([0, 1, 1], [0, 0, 1])), shape=(2, 2))
    ...     return np.sum(A @ np.array([1.0, 10.0]))
    >>> ad.grad(f)(np.ones(3))
    array([ 1.,  1., 10.])

    """

    # NumPy's arrays and Variables on the left of an operator leave it to this class.
    __array_ufunc__ = None
    answers_variables = True
    __slots__ = ("data", "pattern")
    ndim = 2

    def __init__(self, data: Any, pattern: Pattern) -> None:
        self.data, self.pattern = data, pattern

    @classmethod
    def of(cls, matrix: Any) -> SparseArray:
        """A sparse matrix of SciPy's as one of these, which compiled functions take as an argument."""
        return as_sparse(matrix)

    indices = property(lambda self: self.pattern.indices)
    indptr = property(lambda self: self.pattern.indptr)
    shape = property(lambda self: self.pattern.shape)
    nnz = property(lambda self: self.pattern.nnz)
    dtype = property(lambda self: self.data.dtype)
    format = "csr"

    # Products

    def __matmul__(self, other: Any) -> Any:
        return self._times(other, False)

    def __rmatmul__(self, other: Any) -> Any:
        if scipys.issparse(other):
            return as_sparse(other) @ self
        other = as_array(other)
        out = self._times(np.swapaxes(other, -1, -2) if np.ndim(other) > 1 else other, True)
        return np.swapaxes(out, -1, -2) if np.ndim(other) > 1 else out

    def dot(self, other: Any) -> Any:
        """The product with a vector, a matrix or a number."""
        return self @ other if np.ndim(other) or is_sparse(other) else self * other

    def _times(self, other: Any, trans: bool) -> Any:
        if is_sparse(other):
            return _of_two(self, as_sparse(other))
        other, n = as_array(other), self.shape[0 if trans else 1]
        if np.ndim(other) not in (1, 2) or np.shape(other)[0] != n:
            first, second = (other, self) if trans else (self, other)
            raise ShapeError(
                f"{describe(first)} @ {describe(second)}: the shapes do not fit\n  at {user_line()}\n"
                "A sparse matrix takes vectors and matrices; ad.vmap takes it over more axes"
            )
        column = other[:, None] if np.ndim(other) == 1 else other
        out = product(self.data, column, pattern=self.pattern, trans=trans)
        return out[:, 0] if np.ndim(other) == 1 else out

    # Element by element

    def __mul__(self, other: Any) -> Any:
        return self @ other if self.pattern.is_matrix and np.ndim(plain(other)) else self.multiply(other)

    def __rmul__(self, other: Any) -> Any:
        if self.pattern.is_matrix and np.ndim(plain(other)):
            return self.__rmatmul__(other)
        return self.multiply(other)

    def multiply(self, other: Any) -> SparseArray:
        """Each entry times a number, or times the element of a dense array or of a sparse one."""
        if is_sparse(other):
            return _of_both(self, as_sparse(other))
        # A number of Python's takes the dtype of the entries.
        other = other if isinstance(other, (int, float, complex)) else as_array(other)
        if not np.ndim(other):
            return SparseArray(self.data * other, self.pattern)
        wide = np.broadcast_to(other, self.shape)
        return SparseArray(self.data * wide[self.pattern.rows, self.pattern.indices], self.pattern)

    def __truediv__(self, other: Any) -> SparseArray:
        if is_sparse(other):
            raise _refused("A / B of sparse matrices is dense", "Write A.toarray() / B.toarray()")
        # As SciPy has it, a quotient by a number is of double precision.
        wide = not np.ndim(other) and np.can_cast(self.dtype, np.float64)
        return (self.astype(np.float64) if wide else self).multiply(1 / as_array(other))

    def __neg__(self) -> SparseArray:
        return SparseArray(-self.data, self.pattern)

    def __add__(self, other: Any) -> Any:
        if is_sparse(other):
            other = as_sparse(other)
            _check_same(self, other, "+")
            if other.pattern == self.pattern:
                return SparseArray(self.data + other.data, self.pattern)
            rows, cols = [np.concatenate([getattr(a, n) for a in (self.pattern, other.pattern)])
                          for n in ("rows", "indices")]  # fmt: skip
            return summed(np.concatenate([self.data, other.data]), rows, cols, self)
        other = as_array(other)
        if not np.ndim(other) and is_constant(other) and other == 0:
            return self
        if not np.ndim(other):
            raise _refused("a number added to a sparse matrix makes a dense one", "Write A.toarray() + x")
        return self.toarray() + other

    __radd__ = __add__

    def __sub__(self, other: Any) -> Any:
        return self + (-as_sparse(other) if is_sparse(other) else -as_array(other))

    def __rsub__(self, other: Any) -> Any:
        return -self + other

    # The same entries otherwise

    @property
    def T(self) -> SparseArray:  # noqa: N802
        """The transpose."""
        m, n = self.shape
        pattern, order = placed(self.indices, self.pattern.rows, (n, m), self.pattern.is_matrix)
        return SparseArray(self.data[order], pattern)

    def transpose(self) -> SparseArray:
        """The transpose."""
        return self.T

    def conj(self) -> SparseArray:
        """The complex conjugate."""
        return SparseArray(np.conj(self.data), self.pattern)

    conjugate = conj

    def astype(self, dtype: Any) -> SparseArray:
        """The same in another dtype."""
        return SparseArray(self.data.astype(dtype), self.pattern)

    def copy(self) -> SparseArray:
        """A matrix of the same entries."""
        return SparseArray(self.data.copy(), self.pattern)

    def tocsr(self, copy: bool = False) -> SparseArray:
        """The same: the stored entries are kept row after row, whatever the format."""
        return self

    tocsc = tocoo = tobsr = todia = tolil = asformat = tocsr

    def toarray(self) -> Any:
        """The dense array."""
        return product(self.data, np.eye(self.shape[1], dtype=self.dtype), pattern=self.pattern)

    todense = toarray

    def diagonal(self, k: int = 0) -> Any:
        """The elements of a diagonal."""
        m, n = self.shape
        length = max(0, min(m, n - k) if k >= 0 else min(m + k, n))
        here = np.flatnonzero(self.indices - self.pattern.rows == k)
        places = self.pattern.rows[here] + min(k, 0)
        return self._collected(here, places, length)

    def trace(self, offset: int = 0) -> Any:
        """The sum of a diagonal."""
        return np.sum(self.diagonal(offset))

    def sum(self, axis: int | None = None, dtype: Any = None, out: Any = None) -> Any:
        """The sum of all elements, or along an axis."""
        if dtype is not None or out is not None:
            raise _refused("sum(dtype=, out=) of a sparse matrix", "Write A.sum(axis).astype(dtype)")
        if axis is None:
            return np.sum(self.data)
        if axis not in (0, 1, -1, -2):
            raise ArgumentError(f"axis {axis} of a sparse matrix\n  at {user_line()}\nWrite 0 or 1")
        ones = np.ones(self.shape[0 if axis in (0, -2) else 1], self.dtype)
        return ones @ self if axis in (0, -2) else self @ ones

    def _collected(self, here: Any, places: Any, length: int) -> Any:
        """Some entries at their places in a vector, those of one place added up."""
        pattern, _ = placed(places, here, (length, self.nnz))
        ones = np.ones(here.size, self.dtype)
        return product(ones, self.data[:, None], pattern=pattern)[:, 0]

    def __getitem__(self, index: Any) -> Any:
        own = canonical(self)
        labels = own.pattern.filled(np.arange(1, own.nnz + 1))[index]
        if scipys.issparse(labels):
            return from_labels(labels, own.data, self.pattern.is_matrix)
        labels = np.asarray(labels)
        if np.any(labels > own.nnz):
            raise _refused("an element is taken more than once", "Write A.toarray()[...]")
        return np.concatenate([np.zeros(1, self.dtype), own.data])[labels]

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            # Python and NumPy themselves ask for such names, and take no for an answer.
            raise AttributeError(name)
        raise AbsentError(
            f"a sparse matrix with Variables has no {name!r}\n  at {user_line()}\n"
            f"Write A.toarray().{name}, or with A.data: {', '.join(n for n in dir(type(self)) if n[0] != '_')}"
        )

    def __iter__(self) -> Any:
        raise _refused("iteration over the rows of a sparse matrix", "Write for row in A.toarray()")

    def __len__(self) -> int:
        raise TypeError("the length of a sparse matrix is ambiguous: write A.nnz or A.shape[0]")

    def __repr__(self) -> str:
        return f"<SparseArray {self.dtype} {self.shape} with {self.nnz} stored entries>"


def _parts(a: Any) -> Any:
    return [a.data], a.pattern, ["data"]


def _of_parts(pattern: Any, data: Any) -> Any:
    return SparseArray(data[0], pattern)


optree.register_pytree_node(SparseArray, _parts, _of_parts, namespace=NAMESPACE)


def is_sparse(value: Any) -> bool:
    """Whether a value is a sparse matrix, ours or SciPy's."""
    return isinstance(value, SparseArray) or scipys.issparse(value)


def as_sparse(value: Any) -> SparseArray:
    """A sparse matrix of SciPy's, or a dense one, as one of ours; SciPy's is copied."""
    if isinstance(value, SparseArray):
        return value
    is_matrix = isinstance(value, scipys.spmatrix)
    if not scipys.issparse(value):
        value = as_array(value)
        if np.ndim(value) != 2:
            raise ShapeError(f"{describe(value)} is no matrix\n  at {user_line()}")
        rows, cols = np.indices(np.shape(value)).reshape(2, -1)
        pattern, order = placed(rows, cols, np.shape(value))
        return SparseArray(np.reshape(value, (-1,))[order], pattern)
    if value.ndim != 2:
        raise _refused("a sparse array with one axis", "Write A.toarray(), or an array of shape (1, n)")
    if isinstance(getattr(value, "data", None), Variable):
        # Somebody wrote A.data = v.
        labels = copy.copy(value)
        labels.data = np.reshape(np.arange(1, value.data.size + 1), value.data.shape)
        return from_labels(labels, np.reshape(value.data, (-1,)), is_matrix)
    made = value.tocsr()
    shared = made is value
    indices, indptr, data = made.indices, made.indptr, made.data
    if shared:
        indices, indptr, data = indices.copy(), indptr.copy(), data.copy()
    return SparseArray(data, Pattern(indices, indptr, made.shape, is_matrix))


def from_labels(labels: Any, data: Any, is_matrix: bool = False) -> SparseArray:
    """A matrix where SciPy's of whole numbers says which entry stands where: 1 for the first."""
    entries = labels.tocoo()
    rows, cols = entries.coords
    pattern, order = placed(rows, cols, entries.shape, is_matrix)
    return SparseArray(data[np.asarray(entries.data, int)[order] - 1], pattern)


def restructured(build: Callable[..., Any], *matrices: Any) -> SparseArray:
    """What SciPy makes of matrices by moving their entries alone."""
    own = [canonical(as_sparse(a)) for a in matrices]
    starts = np.cumsum([1] + [a.nnz for a in own])
    labels = [a.pattern.filled(np.arange(s, s + a.nnz)) for a, s in zip(own, starts, strict=False)]
    dtype = np.result_type(*[a.dtype for a in own])
    data = np.concatenate([a.data.astype(dtype) for a in own])
    return from_labels(build(*labels), data, are_matrices(*matrices))


def are_matrices(*given: Any) -> bool:
    """Whether what SciPy makes of these is of its older classes: it is, unless one of them is an array."""
    return not any(
        not a.pattern.is_matrix if isinstance(a, SparseArray) else isinstance(a, scipys.sparray) for a in given
    )


def canonical(a: SparseArray) -> SparseArray:
    """The same with one entry at each place."""
    return a if a.pattern.is_canonical else summed(a.data, a.pattern.rows, a.indices, a)


def summed(data: Any, rows: Any, cols: Any, like: SparseArray) -> SparseArray:
    """A matrix of entries in any order, those at one place added up."""
    m, n = like.shape
    keys, places = np.unique(np.asarray(rows, np.int64) * n + cols, return_inverse=True)
    adding, order = placed(places, np.arange(places.size), (keys.size, places.size))
    total = product(np.ones(places.size, data.dtype), data[:, None], pattern=adding)[:, 0]
    pattern, order = placed(keys // max(n, 1), keys % max(n, 1), (m, n), like.pattern.is_matrix)
    return SparseArray(total[order], pattern)


def _of_two(a: SparseArray, b: SparseArray) -> SparseArray:
    """The product of two sparse matrices: each entry of the one with each of the row of the other that it meets."""
    if a.shape[1] != b.shape[0]:
        raise ShapeError(f"sparse {a.shape} @ {b.shape}: the shapes do not fit\n  at {user_line()}")
    counts = np.diff(b.indptr)[a.indices]
    first = np.repeat(np.arange(a.nnz), counts)
    within = np.arange(first.size) - np.repeat(np.cumsum(counts) - counts, counts)
    second = b.indptr[a.indices][first] + within
    like = SparseArray(a.data, Pattern(a.indices, a.indptr, (a.shape[0], b.shape[1]), a.pattern.is_matrix))
    return summed(a.data[first] * b.data[second], a.pattern.rows[first], b.indices[second], like)


def _of_both(a: SparseArray, b: SparseArray) -> SparseArray:
    """The product of two sparse matrices element by element, where both have one."""
    _check_same(a, b, "*")
    a, b = canonical(a), canonical(b)
    left, right = [v.pattern.rows.astype(np.int64) * v.shape[1] + v.indices for v in (a, b)]
    keys, i, j = np.intersect1d(left, right, assume_unique=True, return_indices=True)
    n = max(a.shape[1], 1)
    pattern, order = placed(keys // n, keys % n, a.shape, a.pattern.is_matrix)
    return SparseArray((a.data[i] * b.data[j])[order], pattern)


def _check_same(a: SparseArray, b: SparseArray, sign: str) -> None:
    if a.shape != b.shape:
        raise ShapeError(f"sparse {a.shape} {sign} {b.shape}: the shapes differ\n  at {user_line()}")


def _refused(what: str, instead: str) -> NoRuleError:
    return NoRuleError(f"{what}: this has no derivative rule\n  at {user_line()}\n{instead}")
