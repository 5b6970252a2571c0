"""Questions about an array that its shape or dtype answers."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..core.block import composite, constant
from ..core.errors import BatchError, user_line
from ..core.variable import Variable, bottom, plain
from .axes import as_array
from .kinks import kink
from .outputs import into
from .views import lying_together


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
def size(a: Any, axis: Any = None) -> int:
    """The number of elements, or the length of an axis; from NumPy 2.4 on of several axes together."""
    return int(a.size if axis is None else np.size(np.broadcast_to(False, a.shape), axis))


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
    return np.result_type(*map(_kind, arrays_and_dtypes))


def _kind(value: Any) -> Any:
    """The dtype of an array; a class such as np.float32 stands for itself."""
    return value if isinstance(value, type) else getattr(value, "dtype", value)


@composite(np.min_scalar_type)
def min_scalar_type(a: Any, /) -> Any:
    """The dtype; of a number the smallest that holds its value."""
    if a.ndim:
        return a.dtype
    low = bottom(a)
    if isinstance(low, Variable):
        low = low.level.number(low, "a dtype")
    if np.ndim(low):
        raise BatchError(
            f"the least dtype of a number may differ from row to row\n  at {user_line()}\nWrite x.dtype"
        )
    return np.min_scalar_type(low)


@composite(np.can_cast)
def can_cast(from_: Any, to: Any, casting: str = "safe") -> bool:
    """Whether a cast between dtypes may happen."""
    return bool(np.can_cast(_kind(from_), _kind(to), casting))


@composite(np.common_type)
def common_type(*arrays: Any) -> Any:
    """The inexact scalar type that holds all arrays."""
    return np.common_type(*[np.empty(0, a.dtype) for a in map(plain, arrays)])


def _shown(a: Any) -> Any:
    """The value that text shows; a level that stages refuses to make a constant of it."""
    low = bottom(a)
    return np.asarray(low.level.number(low, "text") if isinstance(low, Variable) else low)


@composite(np.array_repr)
def array_repr(arr: Any, *args: Any, **options: Any) -> str:
    """The value, as text."""
    return f"Variable({np.array_repr(_shown(arr), *args, **options)})"


@composite(np.array_str)
def array_str(a: Any, *args: Any, **options: Any) -> str:
    """The value, as text."""
    return str(np.array_str(_shown(a), *args, **options))


composite(np.array2string)(lambda a, *args, **options: np.array2string(_shown(a), *args, **options))


@composite(np.may_share_memory)
def may_share_memory(a: Any, b: Any, /, max_work: Any = None) -> bool:
    """Whether NumPy's arrays would share memory here: those do that are views of one."""
    return lying_together(a, b) is not None


composite(np.shares_memory)(may_share_memory)


@composite(np.einsum_path)
def einsum_path(*operands: Any, optimize: Any = "greedy", **options: Any) -> Any:
    """The order of contraction that the shapes suggest."""
    shapes = [np.broadcast_to(0.0, a.shape) if isinstance(a, Variable) else a for a in operands]
    return np.einsum_path(*shapes, optimize=optimize, **options)


def _matrix(x: Any) -> None:
    if x.ndim != 2:
        raise ValueError(f"a matrix was expected, got shape {x.shape}")


@composite(np.tril_indices_from)
def tril_indices_from(arr: Any, k: int = 0) -> Any:
    """The places on and below a diagonal."""
    _matrix(arr)
    return np.tril_indices(arr.shape[-2], k, arr.shape[-1])


@composite(np.triu_indices_from)
def triu_indices_from(arr: Any, k: int = 0) -> Any:
    """The places on and above a diagonal."""
    _matrix(arr)
    return np.triu_indices(arr.shape[-2], k, arr.shape[-1])


@composite(np.diag_indices_from)
def diag_indices_from(arr: Any) -> Any:
    """The places on the diagonal."""
    return np.diag_indices_from(np.broadcast_to(0.0, arr.shape))


@composite(np.unravel_index)
def unravel_index(indices: Any, shape: Any, order: str = "C") -> tuple[Any, ...]:
    """The places in an array of a shape that flat indices mean."""
    indices, places = plain(indices), []
    if indices.dtype.kind not in "iu":
        raise TypeError(f"unravel_index: indices must be whole numbers, they were {indices.dtype}")
    for n in reversed(shape) if order == "C" else shape:
        places.append(np.remainder(indices, n))
        indices = np.floor_divide(indices, n)
    return tuple(places[::-1] if order == "C" else places)


@composite(np.isclose)
def isclose(a: Any, b: Any, rtol: float = 1e-5, atol: float = 1e-8, equal_nan: bool = False) -> Any:
    """Whether elements agree within a tolerance."""
    a, b = plain(a), plain(b)
    # Whole numbers could overflow, and truths have no difference; Python's numbers take the dtype of an array.
    if not isinstance(b, (int, float, complex)):
        b = as_array(b)
        b = b if b.dtype.kind in "fc" else b.astype(np.result_type(b.dtype, 1.0))
    elif isinstance(b, int):
        b = float(b)
    near = np.logical_and(np.absolute(a - b) <= atol + rtol * abs(b), np.isfinite(b))
    near = np.logical_or(near, a == b)
    return np.logical_or(near, np.logical_and(np.isnan(a), np.isnan(b))) if equal_nan else near


@composite(np.allclose)
def allclose(a: Any, b: Any, rtol: float = 1e-5, atol: float = 1e-8, equal_nan: bool = False) -> Any:
    """Whether all elements agree within a tolerance."""
    return _truth(np.all(np.isclose(a, b, rtol, atol, equal_nan)))


def _truth(value: Any) -> Any:
    """Python's truth value, as NumPy gives it; under `vmap` one for each row."""
    return value if isinstance(value, Variable) else bool(value)


@composite(np.array_equal)
def array_equal(a1: Any, a2: Any, equal_nan: bool = False) -> Any:
    """Whether two arrays have the same shape and elements."""
    a, b = plain(a1), plain(a2)
    if np.shape(a) != np.shape(b):
        return False
    same = a == b
    return _truth(np.all(np.logical_or(same, np.logical_and(np.isnan(a), np.isnan(b))) if equal_nan else same))


@composite(np.array_equiv)
def array_equiv(a1: Any, a2: Any) -> Any:
    """Whether two arrays are equal when broadcast."""
    a, b = plain(a1), plain(a2)
    try:
        np.broadcast_shapes(np.shape(a), np.shape(b))
    except ValueError:
        return False
    return _truth(np.all(a == b))


@composite("x.is_integer")
def is_integer(self: Any) -> Any:
    """Whether a number is whole, as `float.is_integer`."""
    if self.shape:
        raise TypeError("is_integer is a method of numbers: write x == np.floor(x)")
    return np.logical_and(np.isfinite(self), np.floor(self) == self)


@composite(np.isposinf)
def isposinf(x: Any, out: Any = None) -> Any:
    """Where elements are plus infinity."""
    return into(out, _ordered(x) == np.inf, "isposinf")


@composite(np.isneginf)
def isneginf(x: Any, out: Any = None) -> Any:
    """Where elements are minus infinity."""
    return into(out, _ordered(x) == -np.inf, "isneginf")


def _ordered(x: Any) -> Any:
    if x.dtype.kind == "c":
        raise TypeError(f"numbers of {x.dtype} have no order, so infinity has no sign among them")
    return x


@composite(np.isreal)
def isreal(x: Any) -> Any:
    """Where the imaginary part is zero."""
    return np.imag(x) == 0


@composite(np.iscomplex)
def iscomplex(x: Any) -> Any:
    """Where the imaginary part is not zero."""
    return np.imag(x) != 0


@composite(np.isin)
def isin(
    element: Any, test_elements: Any, assume_unique: bool = False, invert: bool = False, *, kind: Any = None
) -> Any:  # fmt: skip
    """Which elements are among others."""
    element, others = as_array(element), np.ravel(plain(test_elements))
    found = np.any(element[..., None] == others, axis=-1)
    return np.logical_not(found) if invert else found


@composite(np.digitize)
def digitize(x: Any, bins: Any, right: bool = False) -> Any:
    """The bin that each element falls into."""
    x, bins = _ordered(as_array(x)), as_array(bins)
    side = "left" if right else "right"
    # Those of each row of a batch stand along the last axis.
    edges = bottom(bins)
    up = np.all(edges[..., 1:] >= edges[..., :-1], axis=-1)
    if np.all(up):
        return np.searchsorted(bins, x, side=side)
    if not np.all(np.logical_or(up, np.all(edges[..., 1:] <= edges[..., :-1], axis=-1))):
        raise ValueError("digitize: the bins must increase or decrease")
    down = bins.shape[0] - np.searchsorted(np.flip(bins), x, side=side)
    if not np.any(up):
        return down
    # Up in some rows, down in others.
    return np.where(np.all(bins[1:] >= bins[:-1]), np.searchsorted(bins, x, side=side), down)


def _rounded(fn: Any) -> Any:
    return lambda size, values, batched, decimals=0: fn(values[0], decimals)


constant(np.round, batch=_rounded(np.round), parameters=("decimals",))
composite(np.around)(lambda a, decimals=0, out=None: np.round(a, decimals))
composite(np.fix)(lambda x, out=None: into(out, np.trunc(x), "fix"))

# Promises where the value jumps

for _fn in (np.round, np.around, np.fix):
    kink(_fn, "where the value jumps", "0, as on both sides", [0.5, 1.0], 0)
kink(
    np.digitize,
    "a limit of a bin",
    "0, though the value jumps",
    [1.0],
    0,
    lambda x: 1.0 * np.digitize(x, [0.0, 1.0]),
)
