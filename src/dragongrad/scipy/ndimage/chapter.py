"""What the files of this folder share: SciPy's module, images, and what lies beyond their borders."""

from __future__ import annotations

from typing import Any

import numpy as np
import scipy.ndimage as scipys

from ...blocks.axes import as_array, normal
from ...core.errors import ArgumentError, NoRuleError, user_line
from ..chapters import Chapter

CHAPTER = Chapter(scipys)
smooth, refused, constant = CHAPTER.smooth, CHAPTER.refused, CHAPTER.constant

# The names of `np.pad` for SciPy's.
PADS = {
    "reflect": "symmetric", "grid-mirror": "symmetric", "mirror": "reflect", "nearest": "edge", "wrap": "wrap",
    "grid-wrap": "wrap", "constant": "constant", "grid-constant": "constant",
}  # fmt: skip


def image(value: Any) -> Any:
    """An array of floating point; whole numbers that stand beside Variables become float64."""
    x = as_array(value)
    return x if x.dtype.kind in "fc" else x.astype(np.float64)


def written(out: Any, output: Any) -> Any:
    """A result in the dtype that `output` asks for; an array to write into is refused."""
    if output is None:
        return out
    if isinstance(output, np.ndarray) or hasattr(output, "level"):
        raise NoRuleError(f"output= is no array where Variables are filtered\n  at {user_line()}\nUse the result")
    dtype = np.dtype(output)
    if dtype.kind not in "fc":
        # SciPy rounds one way in one filter and the other in another, some of them in each of several steps.
        raise NoRuleError(
            f"output={dtype} has no derivative: whole numbers jump\n  at {user_line()}\nLeave output= out"
        )
    return out.astype(dtype)


def each(value: Any, count: int, name: str) -> list[Any]:
    """One option for all axes, or one for each."""
    several = isinstance(value, (list, tuple)) or (np.ndim(value) == 1 and not isinstance(value, str))
    found = [value[i] for i in range(len(value))] if several else [value] * count
    if len(found) != count:
        raise ArgumentError(f"{name} has {len(found)} entries for {count} axes\n  at {user_line()}")
    return found


def axes_of(axes: Any, ndim: int) -> tuple[int, ...]:
    """The axes that are meant, all of them without a word."""
    return normal(axes if axes is None or isinstance(axes, int) else tuple(axes), ndim)


def ordered(x: Any, origin: Any, mode: Any, axes: Any) -> tuple[tuple[int, ...], list[Any], list[Any]]:
    """The axes that are meant as the image has them, with the origin and mode of each.

    Weights and footprints lie as the image does, whatever the order in which `axes` names its axes. So do origins
    where all axes are named; those of a few are in the order of `axes`.
    """
    along = axes_of(axes, x.ndim)
    origins, modes = each(origin, len(along), "origin"), each(mode, len(along), "mode")
    order = sorted(range(len(along)), key=along.__getitem__)
    if len(along) < x.ndim:
        origins = [origins[i] for i in order]
    return tuple(sorted(along)), origins, [modes[i] for i in order]


def framed(x: Any, pads: list[tuple[int, int]], mode: str, cval: Any) -> Any:
    """An image with what lies beyond its borders."""
    if mode not in PADS:
        raise ArgumentError(f"mode={mode!r} is none of {sorted(PADS)}\n  at {user_line()}")
    options = {"constant_values": cval} if PADS[mode] == "constant" else {}
    if not x.size and any(map(any, pads)):
        # What lies around nothing is not looked at.
        return np.pad(x, pads)
    return np.pad(x, pads, PADS[mode], **options) if any(map(any, pads)) else x
