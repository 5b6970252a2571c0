"""`np.pad`, mode by mode.

Every mode but the extrema is linear along an axis, so what is padded is a matrix times the axis. The matrix
is what `np.pad` makes of the identity: NumPy's own border rules, without restating them.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from ..core.block import composite
from ..core.errors import NoRuleError
from ..core.variable import plain
from .axes import as_array
from .kinks import kink
from .storing import elements

_COPIES = frozenset({"edge", "reflect", "symmetric", "wrap"})
_OPTIONS = {
    "constant": {"constant_values"}, "edge": set(), "wrap": set(), "linear_ramp": {"end_values"},
    "reflect": {"reflect_type"}, "symmetric": {"reflect_type"}, "mean": {"stat_length"},
    "maximum": {"stat_length"}, "minimum": {"stat_length"}, "median": {"stat_length"},
}  # fmt: skip


@composite(np.pad)
def pad(array: Any, pad_width: Any, mode: Any = "constant", **kwargs: Any) -> Any:
    """The array with a border around it."""
    if mode not in _OPTIONS:
        raise NoRuleError(f"np.pad has no derivative rule for mode={mode!r}; supported: {', '.join(_OPTIONS)}")
    if kwargs.keys() - _OPTIONS[mode]:
        raise ValueError(f"np.pad: mode {mode!r} does not take {sorted(kwargs.keys() - _OPTIONS[mode])}")
    x = as_array(array)
    widths = _widths(pad_width, np.ndim(x))
    for axis, (before, after) in enumerate(widths):
        if before or after:
            x = _pad_axis(x, axis, before, after, mode, kwargs, np.ndim(x))
    return x


def _widths(pad_width: Any, ndim: int) -> list[tuple[int, int]]:
    if isinstance(pad_width, dict):
        widths = [(0, 0)] * ndim
        for axis, width in pad_width.items():
            widths[axis] = (width, width) if isinstance(width, int) else tuple(width)
        return widths
    given = np.asarray(pad_width)
    if given.dtype.kind not in "iu":
        raise TypeError(f"np.pad: widths must be whole numbers, they were {given.dtype}")
    pairs = np.broadcast_to(given, (ndim, 2)).tolist()
    if np.any(given < 0):
        raise ValueError("np.pad: a width cannot be negative")
    return [(b, a) for b, a in pairs]


def _pad_axis(x: Any, axis: int, before: int, after: int, mode: str, options: dict[str, Any], ndim: int) -> Any:
    length = x.shape[axis]
    if mode in ("constant", "linear_ramp"):
        ends = _pair(options.get("constant_values", options.get("end_values", 0)), axis, ndim)
    if mode == "constant":
        ends = tuple([elements(x, v.item() if isinstance(v, np.generic) else v) for v in ends])
        return _join(_filled(x, ends[0], axis, before), x, _filled(x, ends[1], axis, after), axis)
    if not length:
        raise ValueError(f"np.pad cannot extend the empty axis {axis} in mode {mode!r}")
    if mode in _COPIES and options.get("reflect_type", "even") == "even":
        places = np.pad(np.arange(length), (before, after), mode)
        return x[(slice(None),) * axis + (places,)]
    if mode == "linear_ramp":
        return _ramp(x, axis, (before, after), ends)
    if mode in _COPIES:
        matrix = np.pad(np.eye(length), ((before, after), (0, 0)), mode, **options).astype(x.dtype)
        head, tail = matrix[:before], matrix[before + length :]
        return _join(_times(head, x, axis), x, _times(tail, x, axis), axis)
    # NumPy reads the counts as it reads the widths: one pair an axis.
    counts = _pair(options.get("stat_length"), axis, ndim)
    return _join(*_statistics(x, axis, (before, after), mode, counts), axis)


def _pair(value: Any, axis: int, ndim: int) -> tuple[Any, Any]:
    """The values before and after along an axis, of an option broadcast as `np.pad` does."""
    if value is None:
        return None, None
    value = plain(value)
    pairs = np.broadcast_to(value, (ndim, 2))
    return pairs[axis, 0], pairs[axis, 1]


def _join(head: Any, x: Any, tail: Any, axis: int) -> Any:
    return np.concatenate([head, x, tail], axis)


def _shape(x: Any, axis: int, length: int) -> tuple[int, ...]:
    return tuple(length if i == axis else n for i, n in enumerate(x.shape))


def _filled(x: Any, value: Any, axis: int, length: int) -> Any:
    return np.broadcast_to(value, _shape(x, axis, length)).astype(x.dtype)


def _times(matrix: Any, x: Any, axis: int) -> Any:
    return np.moveaxis(np.matmul(matrix, np.reshape(np.moveaxis(x, axis, 0), (x.shape[axis], -1))).reshape(
        matrix.shape[:1] + np.moveaxis(np.empty(x.shape, bool), axis, 0).shape[1:]
    ), 0, axis)  # fmt: skip


def _ramp(x: Any, axis: int, widths: tuple[int, int], ends: tuple[Any, Any]) -> Any:
    parts = []
    for side, (width, end) in enumerate(zip(widths, ends, strict=True)):
        edge = x[(slice(None),) * axis + (0 if side == 0 else -1,)]
        part = np.linspace(end, edge, width, endpoint=False, dtype=x.dtype, axis=axis)
        parts.append(part if side == 0 else np.flip(part, axis))
    return _join(parts[0], x, parts[1], axis)


def _statistics(
    x: Any, axis: int, widths: tuple[int, int], mode: str, counts: tuple[Any, Any]
) -> tuple[Any, Any, Any]:
    statistic = {"mean": np.mean, "maximum": np.max, "minimum": np.min, "median": np.median}[mode]
    parts = []
    for side, (width, count) in enumerate(zip(widths, counts, strict=True)):
        count = x.shape[axis] if count is None else min(int(count), x.shape[axis])
        if count == 0 and mode in ("maximum", "minimum"):
            raise ValueError("np.pad: stat_length of 0 yields no value for padding")
        chosen = slice(0, count) if side == 0 else slice(x.shape[axis] - count, None)
        value = statistic(x[(slice(None),) * axis + (chosen,)], axis=axis, keepdims=True)
        if x.dtype.kind in "iu":
            value = np.round(value)
        value = value if value.dtype == x.dtype else value.astype(x.dtype)
        parts.append(np.broadcast_to(value, _shape(x, axis, width)))
    return parts[0], x, parts[1]


kink(np.pad, "equal extrema, for mode='maximum' and 'minimum'", "they share it equally", [2.0, 2.0],
     [[1, 0], [0, 1], [0.5, 0.5]], lambda x: np.pad(x, (0, 1), mode="maximum"))  # fmt: skip
