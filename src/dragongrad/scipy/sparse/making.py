"""Sparse matrices made of entries, of diagonals and of one another."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import scipy.sparse as scipys

from ...blocks.axes import as_array
from ...core.errors import ArgumentError, ShapeError, describe, user_line
from ..kinds import as_class
from .arrays import SparseArray, are_matrices, as_sparse, from_labels, is_sparse, restructured
from .chapter import CHAPTER, own, refused, smooth
from .pattern import placed


def _made(kind: str, is_matrix: bool, given: Any, shape: Any, dtype: Any) -> SparseArray:
    made = _of_parts(kind, given, shape) if isinstance(given, tuple) else as_sparse(given)
    # As SciPy has it, entries at one place are added up, but of parts that say where each stands.
    made = made if kind == made.format else made.asformat(kind)
    made = SparseArray(made.entries, made.pattern.like(is_matrix))
    if shape is not None and tuple(shape) != made.shape:
        raise ShapeError(f"a sparse matrix of shape {made.shape} is not of shape {shape}\n  at {user_line()}")
    return _of_dtype(made, dtype)


def _of_parts(kind: str, given: tuple[Any, ...], shape: Any) -> SparseArray:
    """A matrix of `(data, (i, j))`, of `(data, indices, indptr)` or of `(data, offsets)`."""
    if len(given) == 2 and kind != "dia" and np.ndim(given[1]) and len(given[1]) == 2:
        kind = "coo"
    elif kind not in ("csr", "csc", "bsr", "dia") or len(given) != (2 if kind == "dia" else 3):
        raise ArgumentError(
            f"{kind}_array of {describe(given)} with Variables is not known\n  at {user_line()}\n"
            "Write sparse.coo_array((data, (i, j)), shape=...)"
        )
    data, where = as_array(given[0]), given[1:]
    # The number of each entry, from 1 on, takes its place in SciPy's matrix.
    labels = np.arange(1, np.size(data) + 1).reshape(np.shape(data))
    if kind != "coo":
        # SciPy checks what it is given, and knows the shape.
        made = getattr(scipys, f"{kind}_array")((labels, *where), shape=shape)
        return from_labels(made, np.reshape(data, (-1,)), format=kind)
    i, j = [np.asarray(k, None if np.size(k) else np.int64) for k in where[0]]
    m, n = shape if shape is not None else (int(np.max(i, initial=-1)) + 1, int(np.max(j, initial=-1)) + 1)
    _check_places(data, i, j, (m, n))
    pattern, order = placed(i, j, (int(m), int(n)))
    return SparseArray(data[order], pattern.like(format="coo"))


def _check_places(data: Any, i: Any, j: Any, shape: tuple[int, int]) -> None:
    if not np.shape(data) == i.shape == j.shape or i.ndim != 1:
        raise ShapeError(
            f"entries {describe(data)} at rows {describe(i)} and columns {describe(j)}: they are as many\n"
            f"  at {user_line()}"
        )
    for places, n in ((i, shape[0]), (j, shape[1])):
        if places.size and not (places.min() >= 0 and places.max() < n):
            raise ShapeError(f"an entry stands outside of a sparse matrix of shape {shape}\n  at {user_line()}")


def _maker(kind: str, is_matrix: bool) -> Any:
    name = f"{kind}_{'matrix' if is_matrix else 'array'}"

    def make(arg1: Any, shape: Any = None, dtype: Any = None, copy: bool = False, **options: Any) -> Any:
        return _made(kind, is_matrix, arg1, shape, dtype)

    make.__name__ = make.__qualname__ = name
    made = smooth(make)
    made.__doc__ = f"""As `scipy.sparse.{name}`; of entries that are Variables a `SparseArray`.

    Of a dense matrix all elements are stored, also those that are zero now.
    """
    return as_class(made, getattr(scipys, name), _has(kind, is_matrix))


def _has(kind: str, is_matrix: bool) -> Callable[[Any], bool]:
    """Which matrices of ours stand for those of a class of SciPy's."""
    return lambda a: isinstance(a, SparseArray) and (a.format, a.pattern.is_matrix) == (kind, is_matrix)


_KINDS = ("bsr", "coo", "csc", "csr", "dia")
bsr_array, coo_array, csc_array, csr_array, dia_array = [_maker(k, False) for k in _KINDS]
bsr_matrix, coo_matrix, csc_matrix, csr_matrix, dia_matrix = [_maker(k, True) for k in _KINDS]


def _of_dtype(made: SparseArray, dtype: Any, format: Any = None) -> SparseArray:
    return (made if dtype is None else made.astype(dtype)).asformat(format)


def _diagonals(
    diagonals: Any, offsets: Any, shape: Any, format: Any, dtype: Any, is_matrix: bool
) -> SparseArray:  # fmt: skip
    if np.ndim(offsets) == 0:
        # One diagonal, as its elements.
        if np.ndim(diagonals) > 1 or any(np.ndim(d) for d in diagonals if np.ndim(diagonals)):
            raise ShapeError(
                f"diagonals and one offset: as many of both\n  at {user_line()}\nWrite a list of offsets"
            )
        diagonals, offsets = [diagonals], [offsets]
    rows = [np.reshape(as_array(d), (-1,)) for d in diagonals]
    starts = np.cumsum([1] + [np.size(d) for d in rows])
    labels = [np.arange(s, s + np.size(d)) for s, d in zip(starts, rows, strict=False)]
    dtype = np.result_type(*[d.dtype for d in rows]) if dtype is None else dtype
    made = scipys.diags_array(labels, offsets=offsets, shape=shape, dtype=np.int64)
    return from_labels(made, np.concatenate([d.astype(dtype) for d in rows]), is_matrix, "dia").asformat(format)


@smooth
def diags(diagonals: Any, offsets: Any = 0, shape: Any = None, format: Any = None, dtype: Any = None) -> Any:
    """The sparse matrix of some diagonals; one of a single element is repeated.

    Parameters
    ----------
    diagonals : sequence of arrays, or one with a single offset
    offsets : int or sequence of int
        Where each stands: 0 the main one, above it positive.
    shape : tuple of int, optional
    format : str, optional
        "dia" without it, of which `data` is that of "csr": write `A.tocsr().data`.
    dtype : optional

    Returns
    -------
    SparseArray

    Examples
    --------
    >>> import numpy as np, dragongrad as ad
    >>> from dragongrad.scipy import sparse
    >>> second = lambda k: sparse.diags([k, -2 * k, k], [-1, 0, 1], shape=(4, 4))
    >>> ad.jacobian(lambda k: second(k) @ np.array([0.0, 1.0, 4.0, 9.0]))(1.0)
    array([  1.,   2.,   2., -14.])

    """
    return _diagonals(diagonals, offsets, shape, format, dtype, True)


@smooth
def diags_array(
    diagonals: Any, /, *, offsets: Any = 0, shape: Any = None, format: Any = None, dtype: Any = None
) -> Any:
    """As `diags`.

    Examples
    --------
    >>> import numpy as np, dragongrad as ad
    >>> from dragongrad.scipy import sparse
    >>> ad.grad(lambda d: sparse.diags_array(d).trace())(np.ones(2))
    array([1., 1.])

    """
    return _diagonals(diagonals, offsets, shape, format, dtype, False)


@smooth
def hstack(blocks: Any, format: Any = None, dtype: Any = None) -> Any:
    """Sparse matrices beside one another."""
    return _of_dtype(restructured(lambda *labels: scipys.hstack(labels), *blocks), dtype, format)


@smooth
def vstack(blocks: Any, format: Any = None, dtype: Any = None) -> Any:
    """Sparse matrices below one another."""
    return _of_dtype(restructured(lambda *labels: scipys.vstack(labels), *blocks), dtype, format)


@smooth
def block_diag(mats: Any, format: Any = None, dtype: Any = None) -> Any:
    """Sparse matrices along the diagonal of one."""
    return _of_dtype(restructured(lambda *labels: scipys.block_diag(labels), *mats), dtype, format)


@smooth
def block_array(blocks: Any, *, format: Any = None, dtype: Any = None) -> Any:
    """A sparse matrix of rows of blocks, None for one of zeros.

    Examples
    --------
    >>> import numpy as np, dragongrad as ad
    >>> from dragongrad.scipy import sparse
    >>> def f(v):
    ...     a = sparse.diags(v)
    ...     return sparse.block_array([[a, None], [a, a]]) @ np.array([1.0, 2.0])
    >>> ad.jacobian(f)(np.array([3.0]))
    array([[1.],
           [3.]])

    """
    flat = [b for row in blocks for b in row if b is not None]

    def build(*labels: Any) -> Any:
        left = iter(labels)
        return scipys.block_array([[None if b is None else next(left) for b in row] for row in blocks])

    made = restructured(build, *flat)
    return _of_dtype(SparseArray(made.entries, made.pattern.like(False)), dtype, format)


@smooth
def bmat(blocks: Any, format: Any = None, dtype: Any = None) -> Any:
    """As `block_array`."""
    made = block_array(blocks, format=format, dtype=dtype)
    flat = [b for row in blocks for b in row if b is not None]
    return SparseArray(made.entries, made.pattern.like(are_matrices(*flat)))


@smooth
def spdiags(data: Any, diags: Any, m: Any = None, n: Any = None, format: Any = None) -> Any:
    """The sparse matrix of diagonals that are rows of a matrix, each element in its own column.

    Examples
    --------
    >>> import numpy as np, dragongrad as ad
    >>> from dragongrad.scipy import sparse
    >>> ad.grad(lambda v: sparse.spdiags(v, 1, 3, 3).sum())(np.ones(3))
    array([0., 1., 1.])

    """
    shape = (m, n) if n is not None else np.shape(data)[-1:] * 2 if m is None else tuple(m)
    data = np.reshape(as_array(data), (-1, np.shape(data)[-1]))
    made = dia_matrix((data, np.atleast_1d(diags)), shape=shape)
    return made.asformat(format)


@smooth
def tril(A: Any, k: int = 0, format: Any = None) -> Any:  # noqa: N803
    """The entries on and below a diagonal."""
    return restructured(lambda labels: scipys.tril(labels, k), A).asformat(format)


@smooth
def triu(A: Any, k: int = 0, format: Any = None) -> Any:  # noqa: N803
    """The entries on and above a diagonal."""
    return restructured(lambda labels: scipys.triu(labels, k), A).asformat(format)


@smooth
def kron(A: Any, B: Any, format: Any = None) -> Any:  # noqa: N803
    """Kronecker's product of two sparse matrices."""
    a, b = as_sparse(A), as_sparse(B)
    (m, n), (p, q) = a.shape, b.shape
    rows = np.add.outer(a.pattern.rows * p, b.pattern.rows).reshape(-1)
    cols = np.add.outer(a.pattern.indices * q, b.pattern.indices).reshape(-1)
    pattern, order = placed(rows, cols, (m * p, n * q), are_matrices(A, B))
    return SparseArray(np.reshape(a.entries[:, None] * b.entries, (-1,))[order], pattern).asformat(format)


@smooth
def kronsum(A: Any, B: Any, format: Any = None) -> Any:  # noqa: N803
    """`kron(I, A) + kron(B, I)`."""
    a, b = as_sparse(A), as_sparse(B)
    for v in (a, b):
        if v.shape[0] != v.shape[1]:
            raise ShapeError(f"kronsum takes square matrices, not one of shape {v.shape}\n  at {user_line()}")
    left, right = [scipys.eye_array(v.shape[0], dtype=a.dtype) for v in (b, a)]
    made = kron(left, a) + kron(b, right)
    return SparseArray(made.entries, made.pattern.like(are_matrices(A, B))).asformat(format)


@own
def issparse(x: Any) -> bool:
    """Whether a value is a sparse matrix, of SciPy's or with Variables."""
    return is_sparse(x)


@own
def isspmatrix(x: Any) -> bool:
    """Whether a value is a sparse matrix of SciPy's older classes, of SciPy's or with Variables."""
    return x.pattern.is_matrix if isinstance(x, SparseArray) else scipys.isspmatrix(x)


lil_array, dok_array, lil_matrix, dok_matrix = [
    refused(
        f"{kind}_{what}",
        "it is written element by element",
        f"Take sparse.coo_{what}((data, (i, j)))",
        _has(kind, what == "matrix"),
    )
    for what in ("array", "matrix")
    for kind in ("lil", "dok")
]
find = refused("find", "which elements are zero is a choice", "Take A.data, A.indices and A.indptr")
save_npz = refused("save_npz", "a file holds numbers", "Save ad.stop_gradient(A.data), with A.indices and A.indptr")
eye, eye_array, identity, rand, random, random_array, load_npz = CHAPTER.constant(
    "eye", "eye_array", "identity", "rand", "random", "random_array", "load_npz"
)
SparseWarning, SparseEfficiencyWarning = CHAPTER.constant("SparseWarning", "SparseEfficiencyWarning")
CHAPTER.constant("sparray", "spmatrix")
sparray = as_class(scipys.sparray, scipys.sparray, lambda a: isinstance(a, SparseArray) and not isspmatrix(a))
spmatrix = as_class(scipys.spmatrix, scipys.spmatrix, lambda a: isinstance(a, SparseArray) and isspmatrix(a))
