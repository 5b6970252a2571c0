"""Questions about an array that its shape or dtype answers."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..core.block import composite


@composite(np.shape)
def shape(a: Any) -> tuple[int, ...]:
    """The lengths of the axes."""
    lengths: tuple[int, ...] = a.shape
    return lengths


@composite(np.ndim)
def ndim(a: Any) -> int:
    """The number of axes."""
    return len(a.shape)


@composite(np.size)
def size(a: Any, axis: int | None = None) -> int:
    """The number of elements, or the length of an axis."""
    return int(a.size if axis is None else a.shape[axis])


@composite(np.iscomplexobj)
def iscomplexobj(x: Any) -> bool:
    """Whether the dtype is complex."""
    return bool(x.dtype.kind == "c")


@composite(np.isrealobj)
def isrealobj(x: Any) -> bool:
    """Whether the dtype is not complex."""
    return bool(x.dtype.kind != "c")


@composite(np.result_type)
def result_type(*arrays_and_dtypes: Any) -> Any:
    """The dtype that NumPy's promotion gives."""
    return np.result_type(*[getattr(a, "dtype", a) for a in arrays_and_dtypes])
