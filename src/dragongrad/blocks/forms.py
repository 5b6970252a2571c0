"""What restatements give of no axes: a number, an array or a truth value, as NumPy's own functions do."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any

import numpy as np

from ..core.block import TABLE
from ..core.variable import Variable
from .truths import is_batched, python_number
from .views import array_of_no_axes, is_array, own


def _number(value: Any) -> Any:
    return value if isinstance(value, np.generic) else (value if hasattr(value, "shape") else np.asarray(value))[()]


def _array(value: Any) -> Any:
    return value[...] if hasattr(value, "shape") else np.asarray(value)


def _truth(value: Any) -> Any:
    """Python's own; what is not computed yet says it for itself."""
    return value.as_truth() if hasattr(value, "as_truth") else bool(value)


# Where a restatement ends in another form than NumPy's function.
_FORMS: dict[Callable[[Any], Any], tuple[Any, ...]] = {
    _number: (
        np.choose, np.dot, np.einsum, np.inner, np.interp, np.linalg.vecdot, np.median, np.modf, np.nan_to_num,
        np.nanmax, np.nanmean, np.nanmin, np.nanstd, np.nanvar, np.percentile, np.quantile, np.vecdot,
    ),
    _array: (
        np.block, np.broadcast_arrays, np.copy, np.cross, np.expand_dims, np.fft.fftn, np.fft.ifftn, np.i0, np.isin,
        np.pad, np.piecewise, np.real_if_close, np.select,
    ),
    _truth: (np.allclose, np.array_equal, np.array_equiv, "x.is_integer"),
}  # fmt: skip


def _formed(value: Any, form: Callable[[Any], Any]) -> Any:
    """A value in a form, where it has no axes; in a batch of numbers each is a number or an array by a mark."""
    value = _formed_below(value, form)
    if value.__class__ is not Variable or value.shape:
        return value
    if form is _truth:
        return python_number(value) if is_batched(value) else value
    if form is _array:
        return array_of_no_axes(value)
    return own(value) if form is _number and is_array(value) else value


def _formed_below(value: Any, form: Callable[[Any], Any]) -> Any:
    if value.__class__ is not Variable:
        return value if np.ndim(value) else form(value)
    data = _formed_below(value.data, form)
    return value if data is value.data else Variable(data, value.level, value.link)


def _in_form(call: Callable[..., Any], form: Callable[[Any], Any]) -> Callable[..., Any]:
    @wraps(call)
    def formed(*args: Any, **kwargs: Any) -> Any:
        out = call(*args, **kwargs)
        return tuple([_formed(v, form) for v in out]) if out.__class__ is tuple else _formed(out, form)

    return formed


def give_forms() -> None:
    """Let the restatements in the table give what NumPy gives."""
    for form, fns in _FORMS.items():
        TABLE.update({fn: _in_form(TABLE[fn], form) for fn in fns})
