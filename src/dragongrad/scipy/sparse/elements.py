"""Methods of sparse matrices: functions of each element, and of all of them or of those along an axis."""

from __future__ import annotations

from typing import Any

import numpy as np

from ...blocks.axes import as_array
from ...core.errors import ArgumentError, DtypeError, user_line
from ...core.variable import is_constant
from .combining import canonical, of_either, refused

# Functions that are zero at zero, as methods.
FUNCTIONS = (
    "arcsin", "arcsinh", "arctan", "arctanh", "ceil", "deg2rad", "expm1", "floor", "log1p", "rad2deg", "rint",
    "sign", "sin", "sinh", "sqrt", "tan", "tanh", "trunc",
)  # fmt: skip


def method(name: str) -> Any:
    """The method of one of these functions."""
    function = getattr(np, name)

    def apply(self: Any) -> Any:
        return applied(self, function)

    apply.__name__, apply.__doc__ = name, f"`numpy.{name}` of each element, which is zero at zero."
    return apply


def applied(a: Any, function: Any) -> Any:
    """A function of each element, which is zero at zero."""
    own = canonical(a)
    return type(a)(function(own.entries), own.pattern)


def power(self: Any, n: Any, dtype: Any = None) -> Any:
    """Each element to a power, a number that is not zero; what is not stored stays zero."""
    if np.ndim(n) or (is_constant(n) and n == 0):
        raise refused(f"a sparse matrix to the power {n}, which is dense", "Write A.toarray() ** n")
    own = canonical(self if dtype is None else self.astype(dtype))
    return type(self)(own.entries**n, own.pattern)


def matrix_power(a: Any, n: Any) -> Any:
    """The product of a matrix with itself, n times."""
    if not isinstance(n, (int, np.integer)) or n < 0 or a.shape[0] != a.shape[1]:
        raise ArgumentError(
            f"a sparse matrix of shape {a.shape} to the power {n}\n  at {user_line()}\n"
            "Write a square one and a whole number that is not negative, or A.power(n) for each element"
        )
    if n == 0:
        pattern = type(a.pattern)(np.arange(a.shape[0]), np.arange(a.shape[0] + 1), a.shape, a.pattern.is_matrix)
        return type(a)(np.ones(a.shape[0], a.dtype), pattern)
    half = a if n == 1 else matrix_power(a, n // 2)
    if n == 1:
        return a.copy()
    return a @ (half @ half) if n % 2 else half @ half


def round_(self: Any, ndigits: int = 0) -> Any:
    """Each element rounded."""
    return applied(self, lambda x: np.round(x, ndigits))


def _extreme(self: Any, other: Any, choose: Any) -> Any:
    if not hasattr(other, "toarray"):
        other = as_array(other)
        if np.ndim(other) or not (is_constant(other) and other == 0):
            name = choose.__name__
            raise refused(f"A.{name}(x) with what is not sparse is dense", f"Write np.{name}(A.toarray(), x)")
        return applied(self, lambda x: choose(x, other.astype(x.dtype)))
    return of_either(self, type(self).of(other), choose)


def maximum(self: Any, other: Any) -> Any:
    """The greater of each two elements of two sparse matrices, or of each and 0."""
    return _extreme(self, other, np.maximum)


def minimum(self: Any, other: Any) -> Any:
    """The less of each two elements of two sparse matrices, or of each and 0."""
    return _extreme(self, other, np.minimum)


def _of_all(name: str, function: Any) -> Any:
    def find(self: Any, axis: Any = None, out: Any = None, *, explicit: bool = False) -> Any:
        own = canonical(self)
        if axis is not None or out is not None:
            raise refused(f"A.{name}(axis=, out=) of a sparse matrix", f"Write A.toarray().{name}(axis)")
        if not self.shape[0] * self.shape[1]:
            raise ArgumentError(f"{name} of a sparse matrix without elements\n  at {user_line()}")
        # What is not stored is zero.
        whole = own.nnz == self.shape[0] * self.shape[1] or (explicit and own.nnz)
        return function(own.entries if whole else np.concatenate([own.entries, np.zeros(1, self.dtype)]))

    find.__name__, find.__doc__ = name, f"`numpy.{function.__name__}` of all elements, or of the stored ones."
    return find


greatest, least = _of_all("max", np.max), _of_all("min", np.min)
greatest_number, least_number = _of_all("nanmax", np.nanmax), _of_all("nanmin", np.nanmin)


def total(self: Any, axis: Any = None, dtype: Any = None, out: Any = None) -> Any:
    """The sum of all elements, or along an axis."""
    if out is not None:
        raise refused("A.sum(out=) of a sparse matrix", "Write A.sum(axis)")
    axes = _axes(axis)
    a = self if dtype is None else self.astype(dtype)
    if len(axes) == 2:
        return np.sum(a.entries)
    # As NumPy has it, small whole numbers are added up as large ones.
    ones = np.ones(a.shape[axes[0]], np.sum(np.zeros(0, a.dtype)).dtype)
    found = ones @ a if axes == (0,) else a @ ones
    # SciPy's older classes keep two axes.
    return np.expand_dims(found, axes[0]) if a.pattern.is_matrix else found


def mean(self: Any, axis: Any = None, dtype: Any = None, out: Any = None) -> Any:
    """The mean of all elements, or along an axis."""
    count = int(np.prod([self.shape[k] for k in _axes(axis)]))
    if dtype is None:
        dtype = self.dtype if self.dtype.kind in "fc" else np.dtype(float)
    wide = np.float64 if self.dtype.kind in "biu" else dtype
    return (total(self.astype(wide), axis, out=out) / count).astype(dtype)


def _axes(axis: Any) -> tuple[int, ...]:
    given = (0, 1) if axis is None else tuple(axis) if isinstance(axis, (tuple, list)) else (axis,)
    if any(k not in (0, 1, -1, -2) for k in given) or len({k % 2 for k in given}) != len(given) or not given:
        raise ArgumentError(f"axis {axis} of a sparse matrix\n  at {user_line()}\nWrite 0 or 1")
    return tuple(sorted(k % 2 for k in given))


def count_nonzero(self: Any, axis: Any = None) -> Any:
    """How many elements are not zero."""
    if axis is not None:
        raise refused("A.count_nonzero(axis=) of a sparse matrix", "Write np.count_nonzero(A.toarray(), axis)")
    return np.count_nonzero(canonical(self).entries)


_OPERATORS = {
    "negative": "__neg__", "absolute": "__abs__", "add": "__add__", "subtract": "__sub__", "multiply": "__mul__",
    "divide": "__truediv__", "matmul": "__matmul__", "power": "__pow__",
}  # fmt: skip


def answered(self: Any, ufunc: Any, way: str, *inputs: Any, **kwargs: Any) -> Any:
    """Answer a function of NumPy's as SciPy's matrices do, by the method or the operator of its name."""
    name = _OPERATORS.get(ufunc.__name__, ufunc.__name__)
    operator: Any = getattr(type(self), name.replace("__", "__r", 1) if inputs[0] is not self else name, None)
    if way == "__call__" and not kwargs:
        if len(inputs) == 1 and (name in FUNCTIONS or name in ("__neg__", "__abs__", "conjugate")):
            return operator(self)
        if name == "square":
            return self * self
        if len(inputs) == 2 and name in _OPERATORS.values() and operator is not None:
            return operator(self, inputs[1] if inputs[0] is self else inputs[0])
    raise DtypeError(
        f"numpy.{ufunc.__name__} of a sparse matrix with Variables is not known\n  at {user_line()}\n"
        f"Write np.{ufunc.__name__} of A.toarray(), or of its stored entries A.data"
    )
