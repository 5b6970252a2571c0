"""What the files of this folder share."""

from __future__ import annotations

from typing import Any

import numpy as np
import scipy.stats as scipys

from ...blocks.axes import as_array
from ..chapters import Chapter

CHAPTER = Chapter(scipys)
smooth, refused = CHAPTER.smooth, CHAPTER.refused


def double(value: Any) -> Any:
    """An array in double precision, in which SciPy computes distributions."""
    a = as_array(value)
    return a if a.dtype == np.float64 else a.astype(np.float64)
