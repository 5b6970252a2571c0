"""What the files of this folder share: SciPy's module, signals as they are filtered, and axes."""

from __future__ import annotations

from typing import Any

import numpy as np
import scipy.signal as scipys

from ...blocks.axes import as_array, single
from ..chapters import Chapter

CHAPTER = Chapter(scipys)
smooth, refused, constant = CHAPTER.smooth, CHAPTER.refused, CHAPTER.constant


def numbers(*values: Any) -> list[Any]:
    """Arrays of floating point, in the one dtype that holds them all."""
    arrays = [np.atleast_1d(as_array(v)) for v in values]
    dtype = np.result_type(*[a.dtype if a.dtype.kind in "fc" else np.float64 for a in arrays])
    return [a if a.dtype == dtype else a.astype(dtype) for a in arrays]


def last(x: Any, axis: int) -> Any:
    """An array with an axis moved to the end."""
    at = single(axis, x.ndim)
    return x if at == x.ndim - 1 else np.moveaxis(x, at, -1)


def back(x: Any, axis: int) -> Any:
    """The last axis moved to where one was."""
    at = single(axis, x.ndim)
    return x if at == x.ndim - 1 else np.moveaxis(x, -1, at)
