"""Methods of sparse matrices: parts of them, what is written into them, diagonals and other shapes.

SciPy itself moves the places: of a matrix of the numbers of the entries, from 1 on.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import scipy.sparse as scipys

from ...blocks.axes import as_array
from ...core.errors import OutOfBoundsError, describe, user_line
from ..chapters import settled
from .blocks import product
from .combining import canonical, refused
from .pattern import of_labels, placed


def _labels(own: Any) -> Any:
    """SciPy's matrix of the number of each entry, of one that holds one at each place."""
    labels = own.pattern.filled(np.arange(1, own.nnz + 1))
    return scipys.csr_matrix(labels) if own.pattern.is_matrix else labels


def _moved(a: Any, move: Callable[[Any], Any]) -> Any:
    """What SciPy does to the places of the entries."""
    own = canonical(a)
    try:
        labels = move(_labels(own))
    except (IndexError, TypeError, ValueError) as error:
        raise OutOfBoundsError(f"a sparse matrix of shape {a.shape}: {error}\n  at {user_line()}") from None
    if not scipys.issparse(labels):
        return np.concatenate([np.zeros(1, a.dtype), own.entries])[np.asarray(labels)]
    if labels.ndim != 2:
        raise refused("a part of a sparse array with one axis", "Write A[[i]] or A[:, [j]], or A.toarray()[i]")
    pattern, taken = of_labels(labels, own.pattern.is_matrix, "csc" if own.format == "csc" else "csr")
    return type(a)(own.entries[taken], pattern)


def part(self: Any, index: Any) -> Any:
    """An element, or a part with two axes."""
    index = settled(index)
    return _moved(self, lambda labels: labels[index])


def row(self: Any, i: int) -> Any:
    """A row, as a matrix."""
    return part(self, ([i], slice(None)))


def column(self: Any, j: int) -> Any:
    """A column, as a matrix."""
    return part(self, (slice(None), [j]))


def reshape(self: Any, *shape: Any, order: str = "C", copy: bool = False) -> Any:
    """The same elements in another shape of two axes."""
    return _moved(self, lambda labels: labels.reshape(*shape, order=order))


def write_part(self: Any, index: Any, value: Any) -> None:
    """Write an element, or a part."""
    index = settled(index)
    value = value.toarray() if hasattr(value, "toarray") else as_array(value)

    def write(labels: Any, new: Any) -> None:
        shape = np.shape(labels[index])
        labels[index] = np.broadcast_to(new, shape) if np.ndim(new) and shape else new

    _write(self, write, value)


def setdiag(self: Any, values: Any, k: int = 0) -> None:
    """Write a diagonal, or the first elements of one."""
    _write(self, lambda labels, new: labels.setdiag(new, k), as_array(values))


def _write(a: Any, write: Callable[[Any, Any], None], value: Any) -> None:
    """Write elements at the places where SciPy writes their numbers."""
    own = canonical(a)
    labels = _labels(own).tolil()
    new = np.arange(own.nnz + 1, own.nnz + 1 + np.size(value)).reshape(np.shape(value))
    try:
        write(labels, new)
    except (IndexError, TypeError, ValueError) as error:
        raise OutOfBoundsError(
            f"{describe(value)} written into a sparse matrix of shape {a.shape}: {error}\n  at {user_line()}"
        ) from None
    both = np.concatenate([own.entries, np.reshape(value, (-1,)).astype(a.dtype)])
    pattern, taken = of_labels(labels, a.pattern.is_matrix, a.format)
    a.entries, a.pattern = both[taken], pattern


def diagonal(self: Any, k: int = 0) -> Any:
    """The elements of a diagonal."""
    m, n = self.shape
    length = max(0, min(m, n - k) if k >= 0 else min(m + k, n))
    here = np.flatnonzero(self.pattern.indices - self.pattern.rows == k)
    # Those of one place are added up.
    adding, _ = placed(self.pattern.rows[here] + min(k, 0), here, (length, self.nnz))
    return product(np.ones(here.size, self.dtype), self.entries[:, None], pattern=adding)[:, 0]


def trace(self: Any, offset: int = 0) -> Any:
    """The sum of a diagonal."""
    return np.sum(diagonal(self, offset))
