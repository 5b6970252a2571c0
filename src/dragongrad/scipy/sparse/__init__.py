"""`scipy.sparse` with exact derivatives by stored entries and by what is multiplied."""

from __future__ import annotations

from importlib import import_module
from typing import Any

from ...forks import locked
from .arrays import SparseArray
from .chapter import CHAPTER
from .making import (
    SparseEfficiencyWarning,
    SparseWarning,
    block_array,
    block_diag,
    bmat,
    bsr_array,
    bsr_matrix,
    coo_array,
    coo_matrix,
    csc_array,
    csc_matrix,
    csr_array,
    csr_matrix,
    dia_array,
    dia_matrix,
    diags,
    diags_array,
    dok_array,
    dok_matrix,
    eye,
    eye_array,
    find,
    hstack,
    identity,
    issparse,
    isspmatrix,
    kron,
    kronsum,
    lil_array,
    lil_matrix,
    load_npz,
    rand,
    random,
    random_array,
    save_npz,
    sparray,
    spdiags,
    spmatrix,
    tril,
    triu,
    vstack,
)

__all__ = [
    "SparseArray", "SparseEfficiencyWarning", "SparseWarning", "block_array", "block_diag", "bmat", "bsr_array",
    "bsr_matrix", "coo_array", "coo_matrix", "csc_array", "csc_matrix", "csr_array", "csr_matrix", "dia_array",
    "dia_matrix", "diags", "diags_array", "dok_array", "dok_matrix", "eye", "eye_array", "find", "hstack",
    "identity", "issparse", "isspmatrix", "kron", "kronsum", "lil_array", "lil_matrix", "load_npz", "rand",
    "random", "random_array", "save_npz", "sparray", "spdiags", "spmatrix", "tril", "triu", "vstack",
]  # fmt: skip
_absent = CHAPTER.getattr()


def __getattr__(name: str) -> Any:
    if name != "linalg":
        return _absent(name)
    with locked():
        return import_module(f"{__name__}.linalg")
