"""Numbers that describe samples: means, moments and entropies."""

from __future__ import annotations

from typing import Any

import numpy as np

from ...blocks.axes import as_array
from ...core.errors import ArgumentError, user_line
from ...core.variable import Variable, bottom
from ..special.near import factorials, polynomial
from .chapter import floating, smooth


def plain_options(name: str, nan_policy: str) -> None:
    """Refuse what SciPy's wrappers do with NaN, which no derivative of ours follows."""
    if nan_policy != "propagate":
        raise ArgumentError(
            f"{name} of Variables takes nan_policy='propagate' only\n  at {user_line()}\nChoose the numbers before"
        )


def sample(value: Any) -> Any:
    """Numbers that are described: SciPy takes a single one for a sample of one."""
    return np.atleast_1d(floating(value))


@smooth
def entropy(
    pk: Any, qk: Any = None, base: Any = None, axis: int = 0, *, nan_policy: str = "propagate",
    keepdims: bool = False,
) -> Any:  # fmt: skip
    """The entropy of a distribution, or its divergence from another; both are made to sum to one.

    Examples
    --------
    >>> import numpy as np, dragongrad as ad
    >>> from dragongrad.scipy import stats
    >>> ad.grad(stats.entropy)(np.array([0.5, 0.25, 0.25])).round(4)
    array([-0.3466,  0.3466,  0.3466])

    """
    plain_options("entropy", nan_policy)
    if base is not None and np.any(bottom(base) <= 0):
        raise ArgumentError(f"the base of an entropy is positive, not {base}\n  at {user_line()}")
    p = sample(pk)
    if qk is not None:
        p, qk = np.broadcast_arrays(p, sample(qk))
    p = p / np.sum(p, axis=axis, keepdims=True)
    zero = p == 0
    if qk is None:
        parts = np.where(zero, 0.0, -p * np.log(np.where(zero, 1.0, p)))
    else:
        q = qk / np.sum(qk, axis=axis, keepdims=True)
        parts = np.where(zero, 0.0, p * np.log(np.where(zero, 1.0, p / q)))
    out = np.sum(parts, axis=axis, keepdims=keepdims)
    if base is None:
        return out
    return out / (np.log(base).astype(out.dtype) if isinstance(base, Variable) else float(np.log(base)))


def _of_dtype(a: Any, dtype: Any) -> Any:
    return sample(a) if dtype is None else np.atleast_1d(as_array(a)).astype(dtype)


def _weighed(a: Any, dtype: Any, weights: Any) -> tuple[Any, Any]:
    """Numbers and weights in one shape, which is SciPy's way; NumPy's average lays weights along the axis."""
    a = _of_dtype(a, dtype)
    return (a, None) if weights is None else tuple(np.broadcast_arrays(a, _of_dtype(weights, dtype)))


def _average(a: Any, axis: Any, weights: Any, keepdims: bool) -> Any:
    if weights is None:
        return np.mean(a, axis=axis, keepdims=keepdims)
    return np.sum(a * weights, axis=axis, keepdims=keepdims) / np.sum(weights, axis=axis, keepdims=keepdims)


@smooth
def gmean(
    a: Any, axis: Any = 0, dtype: Any = None, weights: Any = None, *, nan_policy: str = "propagate",
    keepdims: bool = False,
) -> Any:  # fmt: skip
    """The geometric mean.

    Examples
    --------
    >>> import numpy as np, dragongrad as ad
    >>> from dragongrad.scipy import stats
    >>> ad.grad(stats.gmean)(np.array([1.0, 4.0]))
    array([1.  , 0.25])

    """
    plain_options("gmean", nan_policy)
    a, weights = _weighed(a, dtype, weights)
    # A zero or an infinity is a factor of its own: its logarithm would leave no derivative by the others.
    apart = np.logical_or(a == 0, np.isinf(a))
    mean = np.exp(_average(np.log(np.where(apart, 1.0, a)), axis, weights, keepdims))
    share = 1 / np.sum(np.ones(a.shape, a.dtype), axis=axis, keepdims=True)
    if weights is not None:
        share = weights / np.sum(weights, axis=axis, keepdims=True)
    return mean * np.prod(np.where(apart, a, 1.0) ** share, axis=axis, keepdims=keepdims)


@smooth
def hmean(
    a: Any, axis: Any = 0, dtype: Any = None, *, weights: Any = None, nan_policy: str = "propagate",
    keepdims: bool = False,
) -> Any:  # fmt: skip
    """The harmonic mean.

    Examples
    --------
    >>> import numpy as np, dragongrad as ad
    >>> from dragongrad.scipy import stats
    >>> ad.grad(stats.hmean)(np.array([1.0, 1.0]))
    array([0.5, 0.5])

    """
    plain_options("hmean", nan_policy)
    a, weights = _weighed(a, dtype, weights)
    a = np.where(a < 0, np.nan * a, a)
    # A single zero multiplies both parts: the inverse of it would leave no derivative.
    zero = a == 0
    zero = np.logical_and(zero, np.sum(zero, axis=axis, keepdims=True) == 1)
    lone = np.any(zero, axis=axis, keepdims=True)
    factor = np.where(lone, np.sum(np.where(zero, a, 0.0), axis=axis, keepdims=True), 1.0)
    inverse = np.where(zero, 1.0, factor / np.where(zero, 1.0, a))
    out = factor / _average(inverse, axis, weights, True)
    return out if keepdims else np.sum(out, axis=axis)


def _check_exponent(p: Any) -> None:
    if not (isinstance(p, (int, float)) or (isinstance(p, Variable) and p.ndim == 0)):
        raise ArgumentError(f"the exponent of pmean is a number, not {p!r}\n  at {user_line()}")
    if np.any(np.isinf(bottom(p))):
        raise ArgumentError(f"the exponent of pmean is finite, not {bottom(p)!r}\n  at {user_line()}")


# By exponents times logarithms up to this the power mean is a series, which others leave few digits of.
_CLOSE = 0.25
_TERMS = 14


def _close_to_zero(a: Any, p: Any, axis: Any, weights: Any) -> tuple[Any, Any]:
    """Where a power mean has an exponent near zero, and what it is there; None for any other exponent.

    The logarithm is the mean of logarithms and, of what they are apart, the cumulants by powers of the exponent.
    """
    if not isinstance(p, Variable) and not abs(p) < _CLOSE:
        return None, None
    positive = a > 0
    logs = np.log(np.where(positive, a, 1.0))
    middle = _average(logs, axis, weights, True)
    apart = logs - middle
    most = np.max(np.abs(apart), axis=axis, keepdims=True)
    near = np.logical_and(np.all(positive, axis=axis, keepdims=True), np.abs(p) * most < _CLOSE)
    apart, p = np.where(near, apart, 0.0), np.where(near, p, a.dtype.type(0))
    power = p * apart
    second = polynomial(power, [1 / f for f in factorials[2:_TERMS]])
    curve = _average(apart * apart * second, axis, weights, True)
    bent = polynomial(p * p * curve, [(-1.0) ** k / (k + 1) for k in range(_TERMS)])
    return near, np.exp(middle + p * curve * bent)


@smooth
def pmean(
    a: Any, p: Any, *, axis: Any = 0, dtype: Any = None, weights: Any = None, nan_policy: str = "propagate",
    keepdims: bool = False,
) -> Any:  # fmt: skip
    """The power mean: the root of the mean of powers, by `a`, `weights` and `p`.

    Parameters
    ----------
    a : array
    p : float
        The exponent; at 0 it is the geometric mean.
    axis : int, tuple of int, or None
    dtype : dtype, optional
    weights : array, optional
        Of the shape of `a`, or broadcast to it.
    keepdims : bool

    Raises
    ------
    ArgumentError
        `p` is no finite number.

    Examples
    --------
    >>> import numpy as np, dragongrad as ad
    >>> from dragongrad.scipy import stats
    >>> ad.grad(lambda x: stats.pmean(x, 2))(np.array([1.0, 7.0]))
    array([0.1, 0.7])

    """
    plain_options("pmean", nan_policy)
    _check_exponent(p)
    options = {"axis": axis, "dtype": dtype, "weights": weights, "keepdims": keepdims}
    if not isinstance(p, Variable) and p in (0, -1):
        return hmean(a, **options) if p else gmean(a, **options)
    a, weights = _weighed(a, dtype, weights)
    a = np.where(a < 0, np.nan * a, a)
    given: Any = p
    p = p if isinstance(p, Variable) else a.dtype.type(p)
    near, close = _close_to_zero(a, p, axis, weights)
    if near is not None:
        # Where another formula holds, and for zeros of which the geometric mean is zero, any exponent does.
        none = np.logical_and(p == 0, np.any(a == 0, axis=axis, keepdims=True))
        given = p = np.where(np.logical_or(near, p == 0), a.dtype.type(1), p)
    # A single zero to a negative power is a factor of its own: an infinity would leave no derivative.
    zero = a == 0
    zero = np.logical_and(np.logical_and(zero, p < 0), np.sum(zero, axis=axis, keepdims=True) == 1)
    lone = np.any(zero, axis=axis, keepdims=True)
    factor = np.where(lone, np.sum(np.where(zero, a, 0.0), axis=axis, keepdims=True), 1.0)
    powers = np.where(zero, 1.0, np.where(lone, 0.0, np.where(lone, 1.0, a) ** p))
    out = factor * _average(powers, axis, weights, True) ** (1 / given)
    if near is not None:
        out = np.where(near, close, np.where(none, 0.0, out))
    return out if keepdims else np.sum(out, axis=axis)


def _count(a: Any, out: Any) -> int:
    """How many numbers each result describes."""
    return int(a.size // max(out.size, 1))


def _central(a: Any, order: int, axis: Any) -> Any:
    return np.mean((a - np.mean(a, axis=axis, keepdims=True)) ** order, axis=axis)


@smooth
def skew(a: Any, axis: Any = 0, bias: bool = True, nan_policy: str = "propagate", *, keepdims: bool = False) -> Any:
    """The third central moment over the cube of the standard deviation; of all axes that are named.

    Examples
    --------
    >>> import numpy as np, dragongrad as ad
    >>> from dragongrad.scipy import stats
    >>> ad.grad(stats.skew)(np.array([-1.0, 0.0, 1.0])).round(4)
    array([ 0.6124, -1.2247,  0.6124])

    """
    plain_options("skew", nan_policy)
    a = sample(a)
    out = _central(a, 3, axis) / _central(a, 2, axis) ** 1.5
    n = _count(a, out)
    if not bias and n > 2:
        out = out * ((n - 1) * n) ** 0.5 / (n - 2)
    return _kept(out, axis, keepdims, a)


@smooth
def kurtosis(
    a: Any, axis: Any = 0, fisher: bool = True, bias: bool = True, nan_policy: str = "propagate", *,
    keepdims: bool = False,
) -> Any:  # fmt: skip
    """The fourth central moment over the square of the variance, less three with `fisher`.

    Examples
    --------
    >>> import numpy as np, dragongrad as ad
    >>> from dragongrad.scipy import stats
    >>> ad.grad(stats.kurtosis)(np.array([-1.0, 0.0, 1.0, 4.0])).round(4)
    array([ 0.1224,  0.1224, -0.3673,  0.1224])

    """
    plain_options("kurtosis", nan_policy)
    a = sample(a)
    out = _central(a, 4, axis) / _central(a, 2, axis) ** 2
    n = _count(a, out)
    if not bias and n > 3:
        out = ((n * n - 1) * out - 3 * (n - 1) ** 2) / ((n - 2) * (n - 3)) + 3
    return _kept(out - 3 if fisher else out, axis, keepdims, a)


def _kept(out: Any, axis: Any, keepdims: bool, a: Any) -> Any:
    if not keepdims:
        return out
    return np.reshape(out, (1,) * a.ndim) if axis is None else np.expand_dims(out, axis)


@smooth
def zscore(a: Any, axis: Any = 0, ddof: int = 0, nan_policy: str = "propagate") -> Any:
    """The deviations from the mean in standard deviations; of the shape of `a`.

    Examples
    --------
    >>> import numpy as np, dragongrad as ad
    >>> from dragongrad.scipy import stats
    >>> ad.grad(lambda x: stats.zscore(x)[2])(np.array([-1.0, 0.0, 1.0])).round(4)
    array([ 0.2041, -0.4082,  0.2041])

    """
    plain_options("zscore", nan_policy)
    a = sample(a)
    away = a - np.mean(a, axis=axis, keepdims=True)
    spread = np.std(a, axis=axis, ddof=ddof, keepdims=True)
    return away / (spread if ddof < _count(a, spread) else np.nan * spread)


@smooth
def sem(a: Any, axis: Any = 0, ddof: int = 1, nan_policy: str = "propagate", *, keepdims: bool = False) -> Any:
    """The standard error of the mean.

    Examples
    --------
    >>> import numpy as np, dragongrad as ad
    >>> from dragongrad.scipy import stats
    >>> ad.grad(stats.sem)(np.array([-1.0, 1.0]))
    array([-0.5,  0.5])

    """
    plain_options("sem", nan_policy)
    a = sample(a)
    out = np.std(a, axis=axis, ddof=ddof, keepdims=keepdims)
    n = _count(a, out)
    return out / n**0.5 if n > 1 else np.nan * out


@smooth
def moment(
    a: Any, order: Any = 1, axis: Any = 0, nan_policy: str = "propagate", *, center: Any = None,
    keepdims: bool = False,
) -> Any:  # fmt: skip
    """A moment about the mean, or about `center`; of several orders along a new axis 0.

    Examples
    --------
    >>> import numpy as np, dragongrad as ad
    >>> from dragongrad.scipy import stats
    >>> ad.grad(lambda x: stats.moment(x, 3))(np.array([-1.0, 0.0, 4.0])).round(4)
    array([-0.6667, -3.6667,  4.3333])

    """
    plain_options("moment", nan_policy)
    orders = np.asarray(order)
    if orders.ndim > 1 or np.any(orders < 0) or np.any(orders != np.floor(orders)):
        raise ArgumentError(f"moment: order={order!r} holds whole numbers from 0 on\n  at {user_line()}")
    a = sample(a)
    about_mean = center is None
    center = np.mean(a, axis=axis, keepdims=True) if about_mean else as_array(center)
    # A number does not widen what it is taken from.
    away = a - (center.astype(a.dtype) if center.ndim == 0 and center.dtype.kind == "f" else center)
    found = [np.mean(away**n, axis=axis, keepdims=keepdims) for n in orders.ravel().astype(int).tolist()]
    if about_mean:
        # The first about the mean is zero, without what is left by rounding.
        first = 0 * np.mean(a, axis=axis, keepdims=keepdims) + 0.0
        found = [first if n == 1 else m for n, m in zip(orders.ravel(), found, strict=True)]
    return np.stack(found) if orders.ndim else found[0]


@smooth
def variation(
    a: Any, axis: Any = 0, nan_policy: str = "propagate", ddof: int = 0, *, keepdims: bool = False
) -> Any:
    """The standard deviation over the mean.

    Examples
    --------
    >>> import numpy as np, dragongrad as ad
    >>> from dragongrad.scipy import stats
    >>> ad.grad(stats.variation)(np.array([1.0, 3.0]))
    array([-0.375,  0.125])

    """
    plain_options("variation", nan_policy)
    a = sample(a)
    mean = np.mean(a, axis=axis, keepdims=keepdims)
    out = np.std(a, axis=axis, ddof=ddof, keepdims=keepdims) / mean
    return out if ddof <= _count(a, mean) else np.nan * out
