"""Where the stored entries of a sparse matrix stand, without their values: what a derivative never changes."""

from __future__ import annotations

import copy
from functools import cached_property
from typing import Any

import numpy as np
import scipy.sparse as scipys
from scipy.sparse.linalg import splu

from ...core.errors import FactorizationError, user_line


class Pattern:
    """The places of stored entries, row after row; several may stand at one place, and count together.

    Attributes
    ----------
    indices, indptr : ndarray of int
        As those of SciPy's CSR format.
    shape : tuple of int
    is_matrix : bool
        Whether `*` is the product of matrices, as with SciPy's older classes.
    format : str
        That of SciPy's whose attributes the matrix has. The entries are kept row after row in each.
    """

    def __init__(
        self, indices: Any, indptr: Any, shape: tuple[int, int], is_matrix: bool = False, format: str = "csr"
    ) -> None:
        self.indices, self.indptr, self.shape = indices, indptr, shape
        self.is_matrix, self.format = is_matrix, format
        # The entries that were factored last, how, and their factors.
        self._factored: tuple[Any, str, Any] | None = None

    @cached_property
    def rows(self) -> Any:
        """The row of each entry."""
        return np.repeat(np.arange(self.shape[0]), np.diff(self.indptr))

    @cached_property
    def labels(self) -> Any:
        """The number of the entry at each place of the dense matrix, from 1 on; 0 where none is stored."""
        found = np.zeros(self.shape, np.intp)
        found[self.rows, self.indices] = np.arange(1, self.nnz + 1)
        return found

    @property
    def nnz(self) -> int:
        """How many entries are stored."""
        return int(self.indices.size)

    @cached_property
    def _template(self) -> Any:
        return scipys.csr_array((np.zeros(self.nnz), self.indices, self.indptr), shape=self.shape)

    @cached_property
    def _flipped(self) -> Any:
        return self._template.T

    def filled(self, data: Any, trans: bool = False) -> Any:
        """SciPy's matrix of some entries, or its transpose; it shares the indices, which nobody may change."""
        made = copy.copy(self._flipped if trans else self._template)
        made.data = data
        return made

    def factors(self, data: Any, order: str) -> Any:
        """The LU factors of the matrix of some entries: those of the last ones are kept, and found again."""
        known = self._factored
        same = known is not None and known[1] == order and known[0].dtype == data.dtype
        # A NaN is never found again, which costs time alone.
        if known is not None and same and np.array_equal(known[0], data):
            return known[2]
        matrix = scipys.csr_array((data, self.indices, self.indptr), shape=self.shape).tocsc()
        try:
            made = splu(matrix, permc_spec=order)
        except (RuntimeError, ValueError) as error:
            raise FactorizationError(
                f"a sparse matrix of shape {self.shape} has no LU factors: {error}\n  at {user_line()}"
            ) from None
        self._factored = data.copy(), order, made
        return made

    @cached_property
    def is_canonical(self) -> bool:
        """Whether no place is stored twice."""
        return np.unique(self.rows * self.shape[1] + self.indices).size == self.nnz

    @cached_property
    def by_columns(self) -> Any:
        """The order of the entries column after column."""
        return np.lexsort((self.rows, self.indices))

    @cached_property
    def column_starts(self) -> Any:
        """Where each column begins in that order."""
        counts = np.bincount(self.indices, minlength=self.shape[1])
        return np.concatenate([[0], np.cumsum(counts)]).astype(self.indptr.dtype)

    def like(self, is_matrix: bool | None = None, format: str | None = None) -> Pattern:
        """The same places, of an array or of one of SciPy's older classes, or in another format."""
        made = self.is_matrix if is_matrix is None else is_matrix, self.format if format is None else format
        if made == (self.is_matrix, self.format):
            return self
        return Pattern(self.indices, self.indptr, self.shape, *made)

    def repeated(self, count: int) -> Pattern:
        """That of the matrix which has this one so many times along its diagonal."""
        (m, n), each = self.shape, np.arange(count)
        indices = (self.indices + n * each[:, None]).reshape(-1)
        ends = (self.indptr[1:] + self.nnz * each[:, None]).reshape(-1)
        return Pattern(indices, np.concatenate([[0], ends]), (count * m, count * n), self.is_matrix)

    # Two of the same places are the same part of a structure

    def __eq__(self, other: object) -> bool:
        if self is other:
            return True
        return (
            isinstance(other, Pattern)
            and (self.shape, self.is_matrix, self.format) == (other.shape, other.is_matrix, other.format)
            and np.array_equal(self.indptr, other.indptr)
            and np.array_equal(self.indices, other.indices)
        )

    def __hash__(self) -> int:
        return hash((self.shape, self.nnz))

    def __reduce__(self) -> Any:
        return Pattern, (self.indices, self.indptr, self.shape, self.is_matrix, self.format)

    def __repr__(self) -> str:
        return f"<{self.nnz} entries of {self.shape[0]} by {self.shape[1]}>"


def placed(rows: Any, cols: Any, shape: tuple[int, int], is_matrix: bool = False) -> tuple[Pattern, Any]:
    """The pattern of entries in any order, and the order in which it has them."""
    rows, cols = np.asarray(rows), np.asarray(cols)
    order = np.lexsort((cols, rows))
    counts = np.bincount(rows, minlength=shape[0])
    indptr = np.concatenate([[0], np.cumsum(counts)])
    narrow = np.int32 if max(rows.size, *shape) <= np.iinfo(np.int32).max else np.int64
    return Pattern(cols[order].astype(narrow), indptr.astype(narrow), shape, is_matrix), order


def of_labels(labels: Any, is_matrix: bool, format: str = "csr") -> tuple[Pattern, Any]:
    """The pattern where SciPy's matrix of whole numbers says which entry stands where: 1 for the first.

    With it come the entries that it has, in order.
    """
    entries = labels.tocoo()
    rows, cols = entries.coords
    pattern, order = placed(rows, cols, entries.shape, is_matrix)
    return pattern.like(format=format), np.asarray(entries.data, int)[order] - 1
