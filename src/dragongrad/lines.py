"""The line of the user's code that an error or a warning tells of, and how values are described in them."""

from __future__ import annotations

import linecache
import os
import sys
from itertools import islice
from traceback import walk_stack, walk_tb
from types import FrameType
from typing import Any

import numpy as np

_HERE, _NUMPY = [os.path.dirname(os.path.abspath(file)) for file in (__file__, np.__file__)]
_SITE = os.path.dirname(_NUMPY)
_KIN = ("numpy", "scipy", "pandas", "xarray", "sklearn", "einops")
INSIDE = (os.path.join(_HERE, ""), "<__array_function__", *[os.path.join(_SITE, name, "") for name in _KIN])


def user_line(error: BaseException | None = None) -> str:
    """Describe the innermost line outside dragongrad, NumPy and its kin, now or where an error was raised."""
    steps = walk_stack(sys._getframe(1)) if error is None else reversed([*walk_tb(error.__traceback__)])
    for frame, number in steps:
        if not is_inside(frame):
            name = frame.f_code.co_filename
            return f"{name}:{number}: {linecache.getline(name, number).strip()}".removesuffix(": ")
    return "unknown line"


def is_inside(frame: FrameType) -> bool:
    """Whether a frame is of dragongrad, NumPy and its kin: by its file, or by its module where that has none."""
    name = frame.f_code.co_filename
    if name.startswith(INSIDE):
        return True
    # Cython names its own sources, which are not there, and `exec` none.
    return not os.path.isabs(name) and str(frame.f_globals.get("__name__")).partition(".")[0] in _KIN


def user_level() -> int:
    """The `stacklevel` at which the caller warns of the line that `user_line` describes."""
    frames = [frame for frame, _ in walk_stack(sys._getframe(1))]
    return next((level for level, frame in enumerate(frames, 1) if not is_inside(frame)), 1)


def describe(value: Any) -> str:
    """Name a value as messages do: ``float64 (3, 4)``, or its type where it has no shape."""
    if isinstance(value, (type, np.dtype)):
        return getattr(value, "__name__", str(value))
    if isinstance(value, (list, tuple)) and len(value) < 9:
        return f"[{', '.join(describe(v) for v in value)}]"
    shape = getattr(value, "shape", None)
    # Objects of other libraries may have a shape, or what is named so, and no dtype.
    if not isinstance(shape, tuple) or not hasattr(value, "dtype"):
        return f"{type(value).__name__} {value!r}" if np.isscalar(value) else type(value).__name__
    return f"{value.dtype} {shape}"


def within_vectorize() -> bool:
    """Whether NumPy's `vectorize` asks for plain numbers, whose dtypes it was told."""
    names = [frame.f_code.co_name for frame, _ in islice(walk_stack(sys._getframe(1)), 5)]
    return "_vectorize_call" in names
