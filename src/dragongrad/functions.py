"""Functions by name: the Blocks of NumPy's functions, and the classic library's own names."""

from __future__ import annotations

from typing import Any

import numpy as np

from .classic.variable import Constant
from .core.block import TABLE
from .core.errors import DtypeError
from .core.variable import Variable

_LOGARITHMS: dict[float | None, Any] = {None: np.log, 2: np.log2, 10: np.log10}


def named(name: str) -> Any:
    """The function of that name as Blocks answer for it; `None` where NumPy's has no derivative rule."""
    return TABLE.get(getattr(np, name, None))


def names() -> list[str]:
    """The names of all of NumPy's functions that have a rule."""
    return sorted(name for name, value in vars(np).items() if callable(value) and value in TABLE)


def log(x: Any, base: float | None = None) -> Any:
    """The logarithm, natural or to a base.

    Examples
    --------
    >>> import dragongrad as ad
    >>> ad.log(8.0, base=2)
    np.float64(3.0)

    """
    known = _LOGARITHMS.get(base)
    return TABLE[np.log](x) / np.log(base) if known is None else TABLE[known](x)


def power(x: Any, y: Any) -> Any:
    """`x` to the power `y`, each a Variable, a number or an array."""
    return TABLE[np.power](x, y)


def sum_elts(x: Any) -> Any:
    """The sum of all elements.

    Examples
    --------
    >>> import dragongrad as ad
    >>> ad.sum_elts(ad.Variable([1.0, 2.0])).gradient
    array([[1., 1.]])

    """
    return TABLE[np.sum](x)


def zeros(shape: Any, dtype: Any = float, *, like: Any = None) -> Any:
    """A buffer of zeros that Variables can be written into; `np.zeros(shape, like=x)` does the same.

    Examples
    --------
    >>> import numpy as np, dragongrad as ad
    >>> def f(x):
    ...     out = ad.zeros(2)
    ...     out[0] = x[0] * x[1]
    ...     out[1] = np.sin(x[0])
    ...     return out
    >>> ad.jacobian(f)(np.array([0.0, 2.0]))
    array([[2., 0.],
           [1., 0.]])

    """
    return _buffer(np.zeros(shape, dtype)) if like is None else TABLE[np.zeros](shape, dtype, like=like)


def ones(shape: Any, dtype: Any = float, *, like: Any = None) -> Any:
    """A buffer of ones, as `zeros`."""
    return _buffer(np.ones(shape, dtype)) if like is None else TABLE[np.ones](shape, dtype, like=like)


def full(shape: Any, fill_value: Any, dtype: Any = float, *, like: Any = None) -> Any:
    """A buffer of one value, which may be a Variable, as `zeros`."""
    if like is None and not isinstance(fill_value, Variable):
        return _buffer(np.full(shape, fill_value, dtype))
    return TABLE[np.full](shape, fill_value, dtype, like=like)


def empty(shape: Any, dtype: Any = float, *, like: Any = None) -> Any:
    """A buffer as `zeros`; it is filled with zeros, so that nothing is ever undefined."""
    return zeros(shape, dtype, like=like)


def _buffer(array: Any) -> Constant:
    if array.dtype.kind not in "fc":
        raise DtypeError(f"a buffer of dtype {array.dtype} cannot hold derivatives: use a float or complex dtype")
    made = Constant(0.0)
    made.data = array
    return made
