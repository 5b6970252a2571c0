"""The namespace of the Python array API standard (2024.12) for Variables: `x.__array_namespace__()`.

It is NumPy's own, whose functions know Variables; only what makes arrays, or asks for NumPy's class, is ours: code
written for the standard then gets Variables where NumPy would give arrays, and meets one namespace alone.
"""

from __future__ import annotations

import functools
from types import ModuleType
from typing import Any

import numpy as np

from .core.block import TABLE
from .core.errors import ArgumentError, user_line
from .core.level import PLAIN
from .core.variable import Variable, plain

VERSION = "2024.12"
_COPY, _SPREAD = TABLE[np.copy], TABLE[np.broadcast_to]

# The standard's names, by the chapters of its text.
CONSTANTS = ("e", "inf", "nan", "newaxis", "pi")
DTYPES = (
    "bool", "int8", "int16", "int32", "int64", "uint8", "uint16", "uint32", "uint64", "float32", "float64",
    "complex64", "complex128",
)  # fmt: skip
CREATION = (
    "arange", "asarray", "empty", "empty_like", "eye", "from_dlpack", "full", "full_like", "linspace", "meshgrid",
    "ones", "ones_like", "tril", "triu", "zeros", "zeros_like",
)  # fmt: skip
TYPES = ("astype", "can_cast", "finfo", "iinfo", "isdtype", "result_type")
ELEMENTWISE = (
    "abs", "acos", "acosh", "add", "asin", "asinh", "atan", "atan2", "atanh", "bitwise_and", "bitwise_left_shift",
    "bitwise_invert", "bitwise_or", "bitwise_right_shift", "bitwise_xor", "ceil", "clip", "conj", "copysign", "cos",
    "cosh", "divide", "equal", "exp", "expm1", "floor", "floor_divide", "greater", "greater_equal", "hypot", "imag",
    "isfinite", "isinf", "isnan", "less", "less_equal", "log", "log1p", "log2", "log10", "logaddexp", "logical_and",
    "logical_not", "logical_or", "logical_xor", "maximum", "minimum", "multiply", "negative", "nextafter",
    "not_equal", "positive", "pow", "real", "reciprocal", "remainder", "round", "sign", "signbit", "sin", "sinh",
    "square", "sqrt", "subtract", "tan", "tanh", "trunc",
)  # fmt: skip
OTHERS = (
    "all", "any", "argmax", "argmin", "argsort", "broadcast_arrays", "broadcast_to", "concat", "count_nonzero",
    "cumulative_prod", "cumulative_sum", "diff", "expand_dims", "flip", "matmul", "matrix_transpose", "max", "mean",
    "min", "moveaxis", "nonzero", "permute_dims", "prod", "repeat", "reshape", "roll", "searchsorted", "sort",
    "squeeze", "stack", "std", "sum", "take", "take_along_axis", "tensordot", "tile", "unique_all", "unique_counts",
    "unique_inverse", "unique_values", "unstack", "var", "vecdot", "where",
)  # fmt: skip
LINALG = (
    "cholesky", "cross", "det", "diagonal", "eigh", "eigvalsh", "inv", "matmul", "matrix_norm", "matrix_power",
    "matrix_rank", "matrix_transpose", "outer", "pinv", "qr", "slogdet", "solve", "svd", "svdvals", "tensordot",
    "trace", "vecdot", "vector_norm",
)  # fmt: skip
FFT = (
    "fft", "fftfreq", "fftn", "fftshift", "hfft", "ifft", "ifftn", "ifftshift", "ihfft", "irfft", "irfftn", "rfft",
    "rfftfreq", "rfftn",
)  # fmt: skip


def _device(device: Any) -> None:
    if device not in (None, "cpu"):
        raise ArgumentError(f"device must be 'cpu' or None, got {device!r}\n  at {user_line()}")


def _made(value: Any) -> Any:
    """An array as a Variable below all transforms, so that all arrays are of one namespace."""
    value = plain(value)
    return value if isinstance(value, Variable) else Variable(np.asarray(value), PLAIN)


def asarray(obj: Any, /, *, dtype: Any = None, device: Any = None, copy: bool | None = None) -> Any:
    """An array of an object: a Variable stays one."""
    _device(device)
    value = plain(obj)
    if not isinstance(value, Variable):
        return _made(np.asarray(value, dtype=dtype, copy=copy))
    if dtype is not None and value.dtype != np.dtype(dtype):
        if copy is False:
            raise ArgumentError(f"{value.dtype} becomes {np.dtype(dtype)} by a copy only\n  at {user_line()}")
        return value.astype(dtype)
    return _COPY(value) if copy else obj if isinstance(obj, Variable) else value


def astype(x: Any, dtype: Any, /, *, copy: bool = True, device: Any = None) -> Any:
    """The array in another dtype."""
    _device(device)
    if not isinstance(x, Variable):
        return _made(np.astype(x, dtype, copy=copy))
    return x if x.dtype == np.dtype(dtype) and not copy else x.astype(dtype)


def from_dlpack(x: Any, /, *, device: Any = None, copy: bool | None = None) -> Any:
    """An array of another library's, whose derivatives are not known; a Variable stays one."""
    _device(device)
    return asarray(x, copy=copy) if isinstance(x, Variable) else _made(np.from_dlpack(x))


def _of_one_kind(theirs: Any) -> Any:
    """A function whose results are Variables, where NumPy's truths and whole numbers are arrays."""

    @functools.wraps(theirs)
    def call(*args: Any, **kwargs: Any) -> Any:
        out = theirs(*args, **kwargs)
        if isinstance(out, (np.ndarray, np.generic)):
            return _made(out)
        if isinstance(out, (list, tuple)):
            parts = [_made(part) if isinstance(part, (np.ndarray, np.generic)) else part for part in out]
            return type(out)(*parts) if hasattr(out, "_fields") else type(out)(parts)
        return out

    return call


def _creation(name: str) -> Any:
    theirs = getattr(np, name)

    @functools.wraps(theirs)
    def make(*args: Any, device: Any = None, **kwargs: Any) -> Any:
        _device(device)
        out = theirs(*args, **kwargs)
        return type(out)([_made(part) for part in out]) if isinstance(out, (list, tuple)) else _made(out)

    return make


def full(shape: Any, fill_value: Any, *, dtype: Any = None, device: Any = None) -> Any:
    """An array of one value, which may be a Variable."""
    _device(device)
    value = asarray(fill_value, dtype=dtype)
    return _COPY(_SPREAD(value, shape))


def _by_dtype(theirs: Any) -> Any:
    """A class of NumPy's that tells about a dtype, asked with a Variable too."""

    def ask(dtype: Any, /) -> Any:
        return theirs(dtype.dtype if isinstance(dtype, Variable) else dtype)

    ask.__name__ = theirs.__name__
    ask.__doc__ = f"As `numpy.{theirs.__name__}`."
    return ask


def _part(name: str, names: tuple[str, ...], source: Any) -> ModuleType:
    module = ModuleType(f"{__name__}.{name}", f"The extension {name} of the standard.")
    for each in names:
        theirs = getattr(source, each)
        setattr(module, each, _frequencies(theirs) if each.endswith("freq") else _of_one_kind(theirs))
    return module


def _frequencies(theirs: Any) -> Any:
    @functools.wraps(theirs)
    def make(n: int, /, *, d: float = 1.0, dtype: Any = None, device: Any = None) -> Any:
        _device(device)
        return asarray(theirs(n, d), dtype=dtype)

    return make


def __array_namespace_info__() -> Any:  # noqa: N807
    """What NumPy says of itself: devices, dtypes, capabilities."""
    return np.__array_namespace_info__()


def __getattr__(name: str) -> Any:
    """The rest of NumPy's names, which are not the standard's."""
    if name.startswith("__"):
        raise AttributeError(name)
    return getattr(np, name)


def _fill() -> None:
    names = globals()
    for name in (*CONSTANTS, *DTYPES, *TYPES):
        names.setdefault(name, getattr(np, name))
    for name in (*ELEMENTWISE, *OTHERS):
        # The lowest release of NumPy does not have them all.
        if hasattr(np, name):
            names[name] = _of_one_kind(getattr(np, name))
    for name in CREATION:
        if name not in names:
            names[name] = _creation(name)
    names["finfo"], names["iinfo"] = _by_dtype(np.finfo), _by_dtype(np.iinfo)
    names["linalg"], names["fft"] = _part("linalg", LINALG, np.linalg), _part("fft", FFT, np.fft)


_fill()
__array_api_version__ = VERSION
