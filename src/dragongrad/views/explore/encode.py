"""Values as the page reads them: numbers, arrays as base64, and pictures of what is too large."""

from __future__ import annotations

import base64
from typing import Any

import numpy as np

# An array of more elements than this is kept as a picture of at most so many rows and columns.
MOST, _SIDE = 4096, 48
_CHANNELS = 4


def encode(value: Any) -> Any:
    """A number, a list of several outputs, or an array: all of it, or a picture where it is large.

    Examples
    --------
    >>> import numpy as np
    >>> from dragongrad.views.explore.encode import encode
    >>> encode(2.5), encode(np.inf), encode(np.array([1.0, 2.0]))
    (2.5, 'inf', {'s': [2], 'd': 'AAAAAAAA8D8AAAAAAAAAQA=='})

    """
    if isinstance(value, (list, tuple)):
        return {"several": [encode(v) for v in value]}
    array = np.asarray(value)
    if array.dtype.kind == "c":
        return _complex(array)
    if array.dtype.kind not in "fiub":
        return {"s": list(array.shape), "text": str(array)[:200]}
    array = array.astype(np.float64)
    if array.ndim == 0:
        return number(float(array))
    if array.size <= MOST:
        return {"s": list(array.shape), "d": _base64(array)}
    return {"s": list(array.shape), **_picture(array)}


def number(value: float) -> float | str:
    """A number as JSON has it; a word for what it does not have."""
    if np.isfinite(value):
        return int(value) if value == int(value) and abs(value) < 1e15 and not _is_minus_zero(value) else value
    return "nan" if np.isnan(value) else "inf" if value > 0 else "-inf"


def _is_minus_zero(value: float) -> bool:
    return value == 0 and bool(np.signbit(value))


def _base64(array: Any) -> str:
    return base64.b64encode(np.ascontiguousarray(array, dtype="<f8").tobytes()).decode()


def _picture(array: Any) -> dict[str, Any]:
    """The first matrix of an array, every so many rows and columns of it, and the range of the whole."""
    shape = array.shape
    if array.ndim > 2 and shape[-1] <= _CHANNELS and min(shape[-3:-1]) > 1:
        # Images have their channels last.
        flat = array.reshape(-1, *shape[-3:])[0, :, :, 0]
    else:
        flat = array.reshape(-1, *shape[-2:])[0] if array.ndim > 1 else array[None, :]
    rows = np.unique(np.linspace(0, len(flat) - 1, min(_SIDE, len(flat))).astype(int))
    columns = np.unique(np.linspace(0, flat.shape[1] - 1, min(_SIDE, flat.shape[1])).astype(int))
    finite = array[np.isfinite(array)]
    low, high = (float(finite.min()), float(finite.max())) if finite.size else (0.0, 0.0)
    shown = flat[np.ix_(rows, columns)].astype(np.float32)
    return {
        "p": [len(rows), len(columns)], "d": _base64(shown), "low": low, "high": high,
        "bad": int(array.size - finite.size),
    }  # fmt: skip


def _complex(array: Any) -> dict[str, Any]:
    """Both parts of complex numbers, and of too many a picture of their absolute values."""
    if array.size > MOST:
        return {"s": list(array.shape), **_picture(np.abs(array)), "z": 1}
    return {"s": list(array.shape), "d": _base64(np.real(array)), "i": _base64(np.imag(array))}
