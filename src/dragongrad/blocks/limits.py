"""`np.clip`, which limits elements to an interval."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..core.block import composite
from ..core.errors import NoRuleError
from ..core.variable import plain
from .axes import as_array, copied, promoted_as
from .kinks import kink


@composite(np.clip)
def clip(
    a: Any, a_min: Any = None, a_max: Any = None, *, min: Any = None, max: Any = None, dtype: Any = None,
    casting: str = "same_kind", where: Any = True, order: Any = "K", subok: Any = True,
) -> Any:  # fmt: skip
    """The elements limited to an interval; at a bound, element and bound share the derivative."""
    if where is not True:
        raise NoRuleError("np.clip(where=...) leaves holes: use np.where instead")
    if casting != "same_kind" or order != "K" or subok is not True:
        # These change no value, but NumPy refuses what they cannot be.
        np.positive(0.0, casting=casting, order=order, subok=subok)
    if (a_min is not None or a_max is not None) and (min is not None or max is not None):
        raise ValueError("clip takes a_min and a_max, or min and max")
    a, low, high = as_array(a), plain(a_min if min is None else min), plain(a_max if max is None else max)
    if a.dtype.kind in "iu":
        # NumPy leaves out a limit beyond the range of the dtype.
        low = None if low.__class__ is int and low <= np.iinfo(a.dtype).min else low
        high = None if high.__class__ is int and high >= np.iinfo(a.dtype).max else high
    if low is not None and high is not None and dtype is None:
        dtype = np.result_type(*map(promoted_as, (a, low, high)))
    a = a if dtype is None or a.dtype == dtype else a.astype(dtype, casting=casting)
    if low is not None:
        a = np.maximum(a, low)
    if low is None and high is None:
        # NumPy does what `+a` does, which truths do not know.
        return copied(a) if a.dtype.kind != "b" else np.positive(a)
    return np.minimum(a, high) if high is not None else a


composite(np._core.umath.clip)(clip)

kink(np.clip, "the limits", "half, the mean of both sides", [0.0, 0.5, 1.0], [[0.5, 0, 0], [0, 1, 0], [0, 0, 0.5]],
     lambda x: np.clip(x, 0.0, 1.0))  # fmt: skip
