"""How values are written in Python: numbers, small arrays, indices, and the calls that are not plain NumPy."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from typing import Any

import numpy as np

from ..indexing import is_computed
from ..rewrite import first

# Arrays of more elements are not written out.
SHOWN = 32
# Whole numbers in an index are written into the line up to so many.
_LISTED = 8
# Dtypes whose scalars promote as Python's own numbers do.
_AS_PYTHON = frozenset({"float64", "complex128", "int64", "bool"})


def promotes_as_python(dtype: Any) -> bool:
    """Whether a NumPy number of this dtype may be written as Python's among such arrays."""
    return isinstance(dtype, tuple) or dtype.name in _AS_PYTHON


def takes_python_numbers(fn: Any, values: Sequence[Any]) -> bool:
    """Whether a function computes the same with Python's numbers in place of NumPy's among its arguments.

    Of those that have no dtype to adapt to some choose another one: `np.ldexp(2, n)` is of float16.
    """
    numbers = [isinstance(v, np.generic) and v.dtype.name in _AS_PYTHON for v in values]
    if not isinstance(fn, np.ufunc) or fn.signature is not None or not any(numbers):
        return True
    exact = tuple([v.dtype if hasattr(v, "dtype") else type(v) for v in values])
    weak = tuple([type(v.item()) if n else kind for v, n, kind in zip(values, numbers, exact, strict=True)])
    return _resolved(fn, exact) == _resolved(fn, weak)


@cache
def _resolved(fn: Any, kinds: tuple[Any, ...]) -> Any:
    """The dtypes in which a ufunc computes with operands of these dtypes, and of classes of Python's numbers."""
    kinds = tuple([np.dtype(bool) if kind is bool else kind for kind in kinds])
    try:
        return fn.resolve_dtypes((*kinds, *[None] * fn.nout))
    except TypeError as error:
        return str(error)


def number_text(value: Any, plain: bool) -> str | None:
    """A number as Python's source; `plain`: NumPy's numbers as Python's own.

    None where it has no short form.
    """
    if isinstance(value, (np.generic, np.ndarray)):
        # A long double is no number of Python's.
        if value.dtype.kind not in "biufc" or value.dtype.char in "gG":
            return None
        inner = number_text(value.item(), plain)
        if inner is None or (plain and value.dtype.name in _AS_PYTHON):
            return inner
        return f"np.{value.dtype.name}({inner})" if value.dtype.kind != "b" else inner
    if isinstance(value, (bool, int)):
        return repr(value)
    if isinstance(value, float):
        if np.isnan(value):
            return "np.nan"
        if np.isinf(value):
            return "np.inf" if value > 0 else "-np.inf"
        return repr(value)
    if isinstance(value, complex) and np.isfinite(value):
        # What Python reads of a sum or a minus sign has other signs of zeros: -2j is complex(-0.0, -2.0).
        minus = np.signbit(value.real), np.signbit(value.imag)
        signed = (value.real == 0 and any(minus)) or (value.imag == 0 and minus[1])
        return f"complex({value.real!r}, {value.imag!r})" if signed else repr(value)
    return None


def array_text(array: np.ndarray[Any, Any]) -> str | None:
    """A small or regular array as Python's source; None for any other."""
    dtype = array.dtype
    if dtype.kind not in "biuf" or dtype.itemsize > 8:
        return None
    suffix = "" if dtype.name in ("float64", "int64", "bool") else f", dtype=np.{dtype.name}"
    if array.size and not any(array.strides):
        return _uniform_text(array, suffix)
    if array.ndim == 1 and array.size > 2 and dtype.name in ("float64", "int64"):
        count = np.arange(array.size, dtype=dtype)
        if array.tobytes() == count.tobytes():
            return f"np.arange({array.size}{'.0' if dtype.kind == 'f' else ''})"
    if array.size == 0:
        return f"np.zeros({array.shape}{suffix or _named(dtype)})"
    if array.size > SHOWN:
        return None
    return f"np.array({_list_text(array.tolist())}{suffix})"


def _named(dtype: Any) -> str:
    return "" if dtype.name == "float64" else f", dtype=np.{dtype.name}" if dtype.kind != "b" else ", dtype=bool"


def _uniform_text(array: np.ndarray[Any, Any], suffix: str) -> str:
    value = first(array)
    if array.ndim == 0:
        return f"np.array({number_text(value, plain=True)}{suffix})"
    shape = shape_text(array.shape)
    for name, known in (("zeros", 0.0), ("ones", 1.0)):
        if value.tobytes() == array.dtype.type(known).tobytes():
            return f"np.{name}({shape}{_named(array.dtype)})"
    return f"np.full({shape}, {number_text(value, plain=True)}{suffix})"


def _list_text(values: Any) -> str:
    if isinstance(values, list):
        return f"[{', '.join(map(_list_text, values))}]"
    return str(number_text(values, plain=True))


def shape_text(shape: tuple[int, ...]) -> str:
    """A shape, as short as NumPy takes it."""
    return str(shape[0]) if len(shape) == 1 else str(tuple(int(n) for n in shape))


def slice_text(part: slice) -> str:
    """A slice as it stands in an index."""
    ends = ["" if p is None else str(int(p)) for p in (part.start, part.stop)]
    return ":".join(ends if part.step is None else [*ends, str(int(part.step))])


def places_text(part: np.ndarray[Any, Any]) -> str | None:
    """An index array that is short enough to stand in the index."""
    if part.ndim == 1 and part.dtype.kind in "iu" and 0 < part.size <= _LISTED:
        return _list_text(part.tolist())
    return None


def may_repeat(index: tuple[Any, ...]) -> bool:
    """Whether an index may name a place twice."""
    arrays = [p for p in index if isinstance(p, np.ndarray) and p.dtype.kind in "iu"]
    if len(arrays) == 1 and not any(map(is_computed, index)):
        (places,) = arrays
        return bool(np.any(places < 0)) or np.unique(places).size < places.size
    return bool(arrays) or any(map(is_computed, index))


def numpy_name(fn: Any) -> str | None:
    """How a function of NumPy's is spelled."""
    name = getattr(fn, "__name__", "")
    for module, prefix in ((np, "np"), (np.linalg, "np.linalg"), (np.fft, "np.fft")):
        if name and getattr(module, name, None) is fn:
            return f"{prefix}.{name}"
    return None
