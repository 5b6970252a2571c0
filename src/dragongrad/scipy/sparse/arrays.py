"""Sparse matrices whose stored entries may be Variables."""

from __future__ import annotations

import copy
from collections.abc import Callable
from typing import Any

import numpy as np
import scipy.sparse as scipys

from ...blocks.axes import as_array
from ...core.errors import (
    ArgumentError,
    ShapeError,
    describe,
    user_line,
)
from ...core.nests import NAMESPACE
from ...core.variable import Variable, is_constant, plain
from ...pytrees import register_pytree_node
from . import elements, places
from .absent import FORMATS, absent
from .blocks import product
from .combining import canonical, common_shape, of_both, of_two, refused, spread, together
from .pattern import Pattern, of_labels, placed


class SparseArray:
    """A sparse matrix with stored entries of which functions are differentiated.

    The functions that make SciPy's sparse matrices (`csr_array`, `diags`, ...) make one where an argument is a
    Variable. It is a nest: `ad.grad(f)(A)` of one is another, with the derivative by each stored entry. What is
    dense is an array, also of SciPy's older classes, which make a `numpy.matrix`: write `@` for their products.

    Attributes
    ----------
    entries : array of shape (nnz,)
        The stored entries, row after row. Several at one place count together.
    data : array of shape (nnz,)
        The same; a copy, column after column, where the format is "csc": write `A.data = v`, not `A.data[0] = v`.
    indices, indptr : ndarray of int
        The column of each, and where each row begins, as in SciPy's CSR format; in CSC format rows and columns.
    row, col, coords : ndarrays of int
        The places, in COO format.
    shape, ndim, nnz, size, dtype, format, T, real, imag
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

    answers_variables = True
    __slots__ = ("entries", "pattern")
    ndim = 2

    def __init__(self, entries: Any, pattern: Pattern) -> None:
        self.entries, self.pattern = entries, pattern

    @classmethod
    def of(cls, matrix: Any) -> SparseArray:
        """A sparse matrix of SciPy's as one of these, which compiled functions take as an argument."""
        return as_sparse(matrix)

    shape = property(lambda self: self.pattern.shape)
    nnz = size = property(lambda self: self.pattern.nnz)
    dtype = property(lambda self: self.entries.dtype)
    format = property(lambda self: self.pattern.format)
    has_sorted_indices = True
    has_canonical_format = property(lambda self: self.pattern.is_canonical)

    @property
    def data(self) -> Any:
        """The stored entries, in the order of the format."""
        self._has("data")
        return self.entries[self.pattern.by_columns] if self.format == "csc" else self.entries

    @data.setter
    def data(self, value: Any) -> None:
        self._has("data")
        if np.shape(value) != (self.nnz,):
            raise ShapeError(f"A.data = {describe(value)} of {self.nnz} stored entries\n  at {user_line()}")
        self.entries = value[np.argsort(self.pattern.by_columns)] if self.format == "csc" else value

    @property
    def indices(self) -> Any:
        """The column of each entry; in CSC format its row."""
        self._has("indices")
        return self.pattern.rows[self.pattern.by_columns] if self.format == "csc" else self.pattern.indices

    @property
    def indptr(self) -> Any:
        """Where each row begins; in CSC format each column."""
        self._has("indptr")
        return self.pattern.column_starts if self.format == "csc" else self.pattern.indptr

    @property
    def coords(self) -> tuple[Any, Any]:
        """The rows and columns of the entries."""
        self._has("coords")
        return self.pattern.rows, self.pattern.indices

    row = property(lambda self: self.coords[0])
    col = property(lambda self: self.coords[1])

    def _has(self, name: str) -> None:
        """Ask for an attribute that this format of SciPy's does not have, or has in another shape."""
        if self.format not in FORMATS[name]:
            raise AttributeError(name)

    # Products

    def __matmul__(self, other: Any) -> Any:
        return self._times(other, False)

    def __rmatmul__(self, other: Any) -> Any:
        if is_sparse(other):
            return as_sparse(other) @ self
        other = as_array(other)
        out = self._times(np.swapaxes(other, -1, -2) if np.ndim(other) > 1 else other, True)
        return np.swapaxes(out, -1, -2) if np.ndim(other) > 1 else out

    def dot(self, other: Any) -> Any:
        """The product with a vector, a matrix or a number."""
        return self @ other if is_sparse(other) or np.ndim(other) else self * other

    def _times(self, other: Any, trans: bool) -> Any:
        if is_sparse(other):
            return of_two(self, as_sparse(other))
        other, n = as_array(other), self.shape[0 if trans else 1]
        if np.ndim(other) not in (1, 2) or np.shape(other)[0] != n:
            first, second = (other, self) if trans else (self, other)
            raise ShapeError(
                f"{describe(first)} @ {describe(second)}: the shapes do not fit\n  at {user_line()}\n"
                "A sparse matrix takes vectors and matrices; ad.vmap takes it over more axes"
            )
        column = other[:, None] if np.ndim(other) == 1 else other
        out = product(self.entries, column, pattern=self.pattern, trans=trans)
        return out[:, 0] if np.ndim(other) == 1 else out

    # Element by element

    def __mul__(self, other: Any) -> Any:
        return self @ other if self._is_product(other) else self.multiply(other)

    def __rmul__(self, other: Any) -> Any:
        return self.__rmatmul__(other) if self._is_product(other) else self.multiply(other)

    def _is_product(self, other: Any) -> bool:
        return self.pattern.is_matrix and (is_sparse(other) or bool(np.ndim(plain(other))))

    def multiply(self, other: Any) -> SparseArray:
        """Each entry times a number, or times the element of a dense array or of a sparse one."""
        if is_sparse(other):
            return of_both(self, as_sparse(other))
        # A number of Python's takes the dtype of the entries.
        other = other if isinstance(other, (int, float, complex)) else as_array(other)
        if not np.ndim(other):
            return SparseArray(self.entries * other, self.pattern)
        wide = common_shape(self.shape, np.shape(other))
        own = spread(self, wide)
        other = np.broadcast_to(other, wide)
        places = own.pattern.rows, own.pattern.indices
        return SparseArray(own.entries * other[places], own.pattern.like(format="coo"))

    def __truediv__(self, other: Any) -> SparseArray:
        if is_sparse(other):
            raise refused("A / B of sparse matrices is dense", "Write A.toarray() / B.toarray()")
        # As SciPy has it, a quotient by a number is of double precision.
        wide = not np.ndim(other) and np.can_cast(self.dtype, np.float64)
        other = other if isinstance(other, (int, float, complex)) else as_array(other)
        return (self.astype(np.float64) if wide else self).multiply(1 / other)

    def __rtruediv__(self, other: Any) -> Any:
        raise refused("x / A of a sparse matrix divides by zero", "Write x / A.toarray()")

    def __neg__(self) -> SparseArray:
        return SparseArray(-self.entries, self.pattern)

    def __abs__(self) -> SparseArray:
        return elements.applied(self, np.abs)

    def __pow__(self, n: Any) -> SparseArray:
        return elements.matrix_power(self, n) if self.pattern.is_matrix else elements.power(self, n)

    def __add__(self, other: Any) -> Any:
        if is_sparse(other):
            return together(self, as_sparse(other))
        other = as_array(other)
        if not np.ndim(other) and is_constant(other) and other == 0:
            return self.copy()
        if not np.ndim(other):
            raise refused("a number added to a sparse matrix makes a dense one", "Write A.toarray() + x")
        return self.toarray() + other

    __radd__ = __add__

    def __sub__(self, other: Any) -> Any:
        return self + (-as_sparse(other) if is_sparse(other) else -as_array(other))

    def __rsub__(self, other: Any) -> Any:
        return -self + other

    def _compared(self, other: Any) -> Any:
        raise refused("a comparison of sparse matrices", "Write it with A.toarray(), or of A.data")

    __eq__ = __ne__ = __lt__ = __le__ = __gt__ = __ge__ = _compared
    __hash__ = object.__hash__
    __round__ = elements.round_
    power, maximum, minimum = elements.power, elements.maximum, elements.minimum
    sum, mean, count_nonzero = elements.total, elements.mean, elements.count_nonzero
    max, min = elements.greatest, elements.least
    nanmax, nanmin = elements.greatest_number, elements.least_number

    __array_ufunc__ = elements.answered

    # The same entries otherwise

    @property
    def T(self) -> SparseArray:  # noqa: N802
        """The transpose."""
        m, n = self.shape
        pattern, order = placed(self.pattern.indices, self.pattern.rows, (n, m), self.pattern.is_matrix)
        turned = {"csr": "csc", "csc": "csr"}.get(self.format, self.format)
        return SparseArray(self.entries[order], pattern.like(format=turned))

    def transpose(self, axes: Any = None, copy: bool = False) -> SparseArray:
        """The transpose."""
        if axes is not None and tuple(axes) != (1, 0):
            raise ArgumentError(f"axes={axes} of a sparse matrix\n  at {user_line()}\nWrite A.T")
        return self.T

    def conj(self, copy: bool = True) -> SparseArray:
        """The complex conjugate."""
        return SparseArray(np.conj(self.entries), self.pattern)

    conjugate = conj
    real = property(lambda self: SparseArray(np.real(self.entries), self.pattern))
    imag = property(lambda self: SparseArray(np.imag(self.entries), self.pattern))

    def getnnz(self) -> int:
        """How many entries are stored."""
        return self.nnz

    def getH(self) -> SparseArray:  # noqa: N802
        """The conjugate transpose."""
        return self.T.conj()

    def astype(self, dtype: Any, casting: Any = "unsafe", copy: bool = True) -> SparseArray:
        """The same in another dtype."""
        return SparseArray(self.entries.astype(dtype, casting=casting), self.pattern)

    def copy(self) -> SparseArray:
        """A matrix of the same entries."""
        return SparseArray(self.entries.copy(), self.pattern)

    def asformat(self, format: Any, copy: bool = False) -> SparseArray:
        """The same in a format of SciPy's, whose attributes it has then: "csr", "csc" and "coo" have any."""
        known = ("csr", "csc", "coo", "dia", "bsr", "lil", "dok")
        if format not in (None, *known):
            raise ArgumentError(f"{format!r} is no format\n  at {user_line()}\nWrite one of {', '.join(known)}")
        # As SciPy has it, entries at one place are added up on the way from COO.
        own = canonical(self) if self.format == "coo" and format not in (None, "coo") else self
        return SparseArray(own.entries, own.pattern.like(format=format))

    def toarray(self, order: Any = None, out: Any = None) -> Any:
        """The dense array."""
        if out is not None:
            raise refused("A.toarray(out=)", "Write A.toarray()")
        own = canonical(self)
        return np.concatenate([np.zeros(1, own.dtype), own.entries])[own.pattern.labels]

    todense = toarray

    reshape, diagonal, trace = places.reshape, places.diagonal, places.trace
    __getitem__, __setitem__, setdiag = places.part, places.write_part, places.setdiag
    getrow, getcol = places.row, places.column

    def sum_duplicates(self) -> None:
        """Add up entries at one place."""
        own = canonical(self)
        self.entries, self.pattern = own.entries, own.pattern

    def sort_indices(self) -> None:
        """Nothing: the entries are sorted always."""

    check_format = prune = sort_indices

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            # Python and NumPy themselves ask for such names, and take no for an answer.
            raise AttributeError(name)
        raise absent(self, name)

    def __iter__(self) -> Any:
        raise refused("iteration over the rows of a sparse matrix", "Write for row in A.toarray()")

    def __bool__(self) -> bool:
        raise refused("the truth of a sparse matrix", "Write A.nnz > 0, or A.toarray().any()")

    def __len__(self) -> int:
        raise refused("the length of a sparse matrix is ambiguous", "Write A.nnz or A.shape[0]")

    def __repr__(self) -> str:
        return f"<SparseArray {self.dtype} {self.shape} with {self.nnz} stored entries>"


def _changing(format: str) -> Any:
    def change(self: SparseArray, *options: Any, copy: bool = False, **named: Any) -> SparseArray:
        return self.asformat(format)

    change.__name__, change.__doc__ = f"to{format}", f"The same, as SciPy's {format.upper()} format has it."
    return change


for _format in ("csr", "csc", "coo", "dia", "bsr", "lil", "dok"):
    setattr(SparseArray, f"to{_format}", _changing(_format))
for _function in elements.FUNCTIONS:
    setattr(SparseArray, _function, elements.method(_function))


def _parts(a: Any) -> Any:
    return [a.entries], a.pattern, ["entries"]


def _of_parts(pattern: Any, entries: Any) -> Any:
    return SparseArray(entries[0], pattern)


register_pytree_node(SparseArray, _parts, _of_parts, NAMESPACE)


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
            raise ShapeError(f"{describe(value)} is no matrix\n  at {user_line()}\nWrite x[None, :] for a row")
        if isinstance(value, np.ndarray):
            # Of constants, what is zero stays so.
            return as_sparse(scipys.csr_array(value))
        rows, cols = np.indices(np.shape(value)).reshape(2, -1)
        pattern, order = placed(rows, cols, np.shape(value))
        return SparseArray(np.reshape(value, (-1,))[order], pattern)
    if value.ndim != 2:
        raise refused("a sparse array with one axis", "Write A.toarray(), or an array of shape (1, n)")
    if isinstance(getattr(value, "data", None), Variable):
        # Somebody wrote A.data = v.
        labels = copy.copy(value)
        labels.data = np.reshape(np.arange(1, value.data.size + 1), value.data.shape)
        return from_labels(labels, np.reshape(value.data, (-1,)), is_matrix, _kept(value.format))
    if value.format == "coo":
        # Entries at one place stay apart.
        rows, cols = value.coords
        pattern, order = placed(rows, cols, value.shape, is_matrix)
        return SparseArray(value.data[order], pattern.like(format="coo"))
    made = value.tocsr()
    shared = made is value
    indices, indptr, data = made.indices, made.indptr, made.data
    if shared:
        indices, indptr, data = indices.copy(), indptr.copy(), data.copy()
    return SparseArray(data, Pattern(indices, indptr, made.shape, is_matrix, _kept(value.format)))


def _kept(format: str) -> str:
    """The format whose attributes a matrix of ours has: SciPy's, where they are arrays of one axis."""
    return format if format in ("csc", "coo") else "csr"


def from_labels(labels: Any, data: Any, is_matrix: bool = False, format: str = "csr") -> SparseArray:
    """A matrix where SciPy's of whole numbers says which entry stands where: 1 for the first."""
    pattern, taken = of_labels(labels, is_matrix, format)
    return SparseArray(data[taken], pattern)


def restructured(build: Callable[..., Any], *matrices: Any) -> SparseArray:
    """What SciPy makes of matrices by moving their entries alone."""
    own = [canonical(as_sparse(a)) for a in matrices]
    starts = np.cumsum([1] + [a.nnz for a in own])
    labels = [a.pattern.filled(np.arange(s, s + a.nnz)) for a, s in zip(own, starts, strict=False)]
    dtype = np.result_type(*[a.dtype for a in own])
    data = np.concatenate([a.entries.astype(dtype) for a in own])
    return from_labels(build(*labels), data, are_matrices(*matrices))


def are_matrices(*given: Any) -> bool:
    """Whether what SciPy makes of these is of its older classes: it is, unless one of them is an array."""
    return not any(
        not a.pattern.is_matrix if isinstance(a, SparseArray) else isinstance(a, scipys.sparray) for a in given
    )
