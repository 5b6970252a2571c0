"""What the files of this folder share: SciPy's module, signals as they are filtered, and axes."""

from __future__ import annotations

from typing import Any

import numpy as np
import scipy.signal as scipys

from ...blocks.axes import as_array, single
from ...core.errors import ArgumentError, ShapeError, describe, user_line
from ..chapters import Chapter

CHAPTER = Chapter(scipys)
smooth, refused, constant = CHAPTER.smooth, CHAPTER.refused, CHAPTER.constant


def numbers(*values: Any) -> list[Any]:
    """Arrays of floating point, in the one dtype that holds them all."""
    return alike(*[np.atleast_1d(as_array(v)) for v in values])


def alike(*arrays: Any) -> list[Any]:
    """Arrays in the one dtype of floating point that holds them all: short whole numbers keep single precision."""
    dtype = np.result_type(*[a.dtype for a in arrays])
    dtype = dtype if dtype.kind in "fc" else np.dtype(np.float64)
    return [a if a.dtype == dtype else a.astype(dtype) for a in arrays]


def last(x: Any, axis: int) -> Any:
    """An array with an axis moved to the end."""
    at = single(axis, x.ndim)
    return x if at == x.ndim - 1 else np.moveaxis(x, at, -1)


def back(x: Any, axis: int) -> Any:
    """The last axis moved to where one was."""
    at = single(axis, x.ndim)
    return x if at == x.ndim - 1 else np.moveaxis(x, -1, at)


_EXTENSIONS = {"even": "reflect", "zeros": "constant", "constant": "edge"}


def extended(name: str, x: Any, kind: str, count: int) -> Any:
    """A signal with so many elements more at both ends of its last axis."""
    if kind != "odd" and kind not in _EXTENSIONS:
        raise ArgumentError(f"{name}: {kind!r} is none of odd, {', '.join(_EXTENSIONS)}\n  at {user_line()}")
    if kind in ("odd", "even") and count >= x.shape[-1]:
        raise ShapeError(f"{name}({describe(x)}): it cannot be extended by {count}\n  at {user_line()}")
    widths = [(0, 0)] * (x.ndim - 1) + [(count, count)]
    if kind != "odd":
        return np.pad(x, widths, mode=_EXTENSIONS[kind])
    wide = np.pad(x, widths, mode="reflect")
    front, behind = 2 * x[..., :1] - wide[..., :count], 2 * x[..., -1:] - wide[..., wide.shape[-1] - count :]
    return np.concatenate([front, x, behind], axis=-1)
