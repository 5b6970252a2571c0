"""What the files of this folder share: SciPy's module, and matrices as LAPACK takes them."""

from __future__ import annotations

from typing import Any

import numpy as np
import scipy.linalg as scipys

from ...blocks.axes import as_array
from ...blocks.matrices import inexact
from ..chapters import Chapter

CHAPTER = Chapter(scipys)
smooth, refused = CHAPTER.smooth, CHAPTER.refused


def matrix(value: Any) -> Any:
    """An argument as LAPACK takes it: whole numbers and half precision in a wider one."""
    a = as_array(value)
    return a.astype(np.float32) if a.dtype == np.float16 else inexact(a)


def whole(value: Any) -> Any:
    """As `matrix`, of a number or a vector as a matrix of one row."""
    return np.atleast_2d(matrix(value))


def column(b: Any) -> tuple[Any, bool]:
    """A right-hand side as a matrix, and whether it was a vector."""
    return (b[:, None], True) if b.ndim == 1 else (b, False)


def together(*values: Any) -> list[Any]:
    """Arrays in the one dtype that holds them all, as LAPACK takes them."""
    arrays = [matrix(v) for v in values]
    dtype = np.result_type(*[a.dtype for a in arrays])
    return [a if a.dtype == dtype else a.astype(dtype) for a in arrays]
