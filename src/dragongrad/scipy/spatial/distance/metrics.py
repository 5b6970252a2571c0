"""Distances of vectors: each a formula over the last axis, of vectors that broadcast.

At a distance of zero they have a kink, and their derivative is the mean over all directions, which is zero.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from scipy import special

from ....blocks.axes import as_array
from ....blocks.special import stop_gradient
from ....core.errors import ArgumentError, ShapeError, describe, user_line
from ...chapters import real
from ...checks import checked
from .chapter import smooth


def double(value: Any) -> Any:
    """An array in double precision, in which SciPy computes distances."""
    a = real(value, "vectors that have a distance")
    return a if a.dtype == np.float64 else a.astype(np.float64)


def _floating(value: Any) -> Any:
    """An array in single precision as it is, others in double: as SciPy's functions of two vectors compute."""
    a = as_array(value)
    return a if a.dtype == np.float32 else double(a)


def _check_weights(w: Any) -> None:
    if np.any(w < 0):
        raise ArgumentError(f"weights of a distance are zero or positive\n  at {user_line()}")


_not_negative = checked("weights", _check_weights)


def _weights(w: Any) -> Any:
    return _not_negative(double(w))


def _weighted(x: Any, w: Any) -> Any:
    return x if w is None else x * _weights(w)


def _minkowski(u: Any, v: Any, p: Any = 2.0, w: Any = None) -> Any:
    if np.any(p <= 0):
        raise ArgumentError(f"minkowski: p={p!r} is not positive\n  at {user_line()}")
    if np.any(np.isinf(p)):
        return _chebyshev(u, v, w)
    scaled = u - v if w is None else (u - v) * _weights(w) ** (1 / p)
    return np.linalg.norm(scaled, p, axis=-1)


def _euclidean(u: Any, v: Any, w: Any = None) -> Any:
    return np.linalg.norm(u - v if w is None else (u - v) * np.sqrt(_weights(w)), axis=-1)


def _sqeuclidean(u: Any, v: Any, w: Any = None) -> Any:
    return np.sum(_weighted((u - v) * (u - v), w), axis=-1)


def _cityblock(u: Any, v: Any, w: Any = None) -> Any:
    return np.sum(_weighted(np.absolute(u - v), w), axis=-1)


def _chebyshev(u: Any, v: Any, w: Any = None) -> Any:
    apart = np.absolute(u - v)
    return np.max(apart if w is None else np.where(_weights(w) > 0, apart, 0.0), axis=-1)


def _correlation(u: Any, v: Any, w: Any = None, centered: bool = True) -> Any:
    if w is not None:
        w = _weights(w) / np.sum(double(w))
    if centered:
        u, v = (
            x - (np.mean(x, -1, keepdims=True) if w is None else np.sum(x * w, -1, keepdims=True)) for x in (u, v)
        )
    cross, of_u, of_v = (np.sum(_weighted(x, w), axis=-1) for x in (u * v, u * u, v * v))
    return 1.0 - cross / (np.sqrt(of_u) * np.sqrt(of_v))


def _cosine(u: Any, v: Any, w: Any = None) -> Any:
    return _correlation(u, v, w, centered=False)


def _canberra(u: Any, v: Any, w: Any = None) -> Any:
    size = np.absolute(u) + np.absolute(v)
    ratio = np.where(size == 0, 0.0, np.absolute(u - v) / np.where(size == 0, 1.0, size))
    return np.sum(_weighted(ratio, w), axis=-1)


def _braycurtis(u: Any, v: Any, w: Any = None) -> Any:
    apart, size = _weighted(np.absolute(u - v), w), _weighted(np.absolute(u + v), w)
    return np.sum(apart, axis=-1) / np.sum(size, axis=-1)


def _seuclidean(u: Any, v: Any, V: Any = None) -> Any:  # noqa: N803 - SciPy's name
    return np.linalg.norm((u - v) / np.sqrt(double(V)), axis=-1)


def _mahalanobis(u: Any, v: Any, VI: Any = None) -> Any:  # noqa: N803
    apart = u - v
    squared = np.sum((apart @ _floating(VI)) * apart, axis=-1)
    # At zero the square root of a square has a kink, which is that of a length.
    flat = squared == 0
    none = np.linalg.norm(np.where(apart == 0, apart, 0.0), axis=-1)
    return np.where(flat, none, np.sqrt(np.where(flat, 1.0, squared)))[()]


def _fractions(x: Any, axis: int) -> Any:
    """Parts of their sum: what is zero moves nothing by the sum, though its logarithm is infinite."""
    total = np.sum(x, axis=axis, keepdims=True)
    return np.where(x == 0, x / stop_gradient(total), x / total)


def _jensenshannon(u: Any, v: Any, base: Any = None, axis: int = -1, keepdims: bool = False) -> Any:
    # Each is made to sum to one along its own axis, and then they broadcast, as SciPy's do.
    u, v = (_fractions(x, axis) for x in (u, v))
    middle = (u + v) / 2.0
    each = special.rel_entr(u, middle) + special.rel_entr(v, middle)
    total = np.sum(each, axis=axis, keepdims=keepdims)
    if base is not None:
        # SciPy divides a stack in its place.
        total = (total / np.log(base)).astype(total.dtype) if total.ndim else total / np.log(base)
    return np.sqrt(total / 2.0)


# The metrics of `cdist` and `pdist`, by their names.
METRICS: dict[str, Callable[..., Any]] = {
    "euclidean": _euclidean, "sqeuclidean": _sqeuclidean, "cityblock": _cityblock, "chebyshev": _chebyshev,
    "minkowski": _minkowski, "cosine": _cosine, "correlation": _correlation, "canberra": _canberra,
    "braycurtis": _braycurtis, "seuclidean": _seuclidean, "mahalanobis": _mahalanobis,
    "jensenshannon": _jensenshannon,
}  # fmt: skip


def _vectors(u: Any, v: Any, kept: bool = True, spreads: bool = True) -> tuple[Any, Any]:
    """Two vectors; where single precision is not kept SciPy gives a number of Python's.

    Where it `spreads`, SciPy takes one element beside any number of them.
    """
    u, v = (_floating(u), _floating(v)) if kept else (double(u), double(v))
    one = spreads and 1 in (*u.shape, *v.shape)
    if u.ndim != 1 or v.ndim != 1 or (u.shape != v.shape and not one):
        raise ShapeError(f"distance of {describe(u)} and {describe(v)}: vectors of one length\n  at {user_line()}")
    return u, v


@smooth
def euclidean(u: Any, v: Any, w: Any = None) -> Any:
    """The length of the difference of two vectors, with weights `w` of its squares.

    Examples
    --------
    >>> import numpy as np, dragongrad as ad
    >>> from dragongrad.scipy.spatial import distance
    >>> ad.grad(distance.euclidean)(np.array([3.0, 4.0]), np.zeros(2))
    array([0.6, 0.8])

    """
    return _euclidean(*_vectors(u, v, False), w)


@smooth
def sqeuclidean(u: Any, v: Any, w: Any = None) -> Any:
    """The squared length of the difference of two vectors.

    Examples
    --------
    >>> import numpy as np, dragongrad as ad
    >>> from dragongrad.scipy.spatial import distance
    >>> ad.grad(distance.sqeuclidean)(np.array([3.0, 4.0]), np.zeros(2))
    array([6., 8.])

    """
    return _sqeuclidean(*_vectors(u, v), w)


@smooth
def cityblock(u: Any, v: Any, w: Any = None) -> Any:
    """The sum of absolute differences.

    Examples
    --------
    >>> import numpy as np, dragongrad as ad
    >>> from dragongrad.scipy.spatial import distance
    >>> ad.grad(distance.cityblock)(np.array([3.0, -4.0]), np.zeros(2))
    array([ 1., -1.])

    """
    return _cityblock(*_vectors(u, v), w)


@smooth
def chebyshev(u: Any, v: Any, w: Any = None) -> Any:
    """The greatest absolute difference, among elements with a positive weight.

    Examples
    --------
    >>> import numpy as np, dragongrad as ad
    >>> from dragongrad.scipy.spatial import distance
    >>> ad.grad(distance.chebyshev)(np.array([3.0, -4.0]), np.zeros(2))
    array([ 0., -1.])

    """
    return _chebyshev(*_vectors(u, v), w)


@smooth
def minkowski(u: Any, v: Any, p: Any = 2, w: Any = None) -> Any:
    """The p-norm of the difference of two vectors, with weights of its powers; `p` is plain.

    Examples
    --------
    >>> import numpy as np, dragongrad as ad
    >>> from dragongrad.scipy.spatial import distance
    >>> ad.grad(lambda u: distance.minkowski(u, np.zeros(2), 1))(np.array([3.0, -4.0]))
    array([ 1., -1.])

    """
    return _minkowski(*_vectors(u, v, bool(np.all(p != 2))), p, w)


@smooth
def cosine(u: Any, v: Any, w: Any = None) -> Any:
    """One minus the cosine of the angle between two vectors.

    Examples
    --------
    >>> import numpy as np, dragongrad as ad
    >>> from dragongrad.scipy.spatial import distance
    >>> ad.grad(distance.cosine)(np.array([1.0, 0.0]), np.array([0.0, 2.0]))
    array([ 0., -1.])

    """
    return _cosine(*_vectors(u, v, spreads=False), w)


@smooth
def correlation(u: Any, v: Any, w: Any = None, centered: bool = True) -> Any:
    """One minus the correlation of two vectors.

    Examples
    --------
    >>> import numpy as np, dragongrad as ad
    >>> from dragongrad.scipy.spatial import distance
    >>> ad.grad(distance.correlation)(np.array([1.0, 0.0, 2.0]), np.arange(3.0)).round(3)
    array([ 0.5 , -0.25, -0.25])

    """
    u, v = _vectors(u, v, spreads=False)
    if w is not None and np.shape(w) != u.shape:
        raise ShapeError(f"correlation of {describe(u)}: weights {describe(w)} of one length\n  at {user_line()}")
    return _correlation(u, v, w, centered)


@smooth
def canberra(u: Any, v: Any, w: Any = None) -> Any:
    """The sum of absolute differences, each over the sum of the sizes.

    Examples
    --------
    >>> import numpy as np, dragongrad as ad
    >>> from dragongrad.scipy.spatial import distance
    >>> ad.grad(distance.canberra)(np.array([3.0]), np.array([1.0]))
    array([0.125])

    """
    return _canberra(*_vectors(u, v, False), w)


@smooth
def braycurtis(u: Any, v: Any, w: Any = None) -> Any:
    """The sum of absolute differences over that of absolute sums.

    Examples
    --------
    >>> import numpy as np, dragongrad as ad
    >>> from dragongrad.scipy.spatial import distance
    >>> ad.grad(distance.braycurtis)(np.array([3.0]), np.array([1.0]))
    array([0.125])

    """
    return _braycurtis(*_vectors(u, v, False), w)


@smooth
def seuclidean(u: Any, v: Any, V: Any) -> Any:  # noqa: N803
    """The length of the difference, with each element over the square root of its variance `V`.

    Examples
    --------
    >>> import numpy as np, dragongrad as ad
    >>> from dragongrad.scipy.spatial import distance
    >>> ad.grad(lambda v: distance.seuclidean(np.array([2.0]), np.array([0.0]), v))(np.array([4.0]))
    array([-0.125])

    """
    u, v = _vectors(u, v, False, spreads=False)
    if np.shape(V) != u.shape:
        raise ShapeError(f"seuclidean of {describe(u)}: variances {describe(V)} of one length\n  at {user_line()}")
    return _seuclidean(u, v, V)


@smooth
def mahalanobis(u: Any, v: Any, VI: Any) -> Any:  # noqa: N803
    """The length of the difference in the metric of `VI`, the inverse of a covariance.

    Examples
    --------
    >>> import numpy as np, dragongrad as ad
    >>> from dragongrad.scipy.spatial import distance
    >>> ad.grad(distance.mahalanobis)(np.array([2.0]), np.array([0.0]), np.array([[4.0]]))
    array([2.])

    """
    return _mahalanobis(*_vectors(u, v), VI)


@smooth
def jensenshannon(p: Any, q: Any, base: Any = None, *, axis: int = 0, keepdims: bool = False) -> Any:
    """The square root of the mean divergence of two distributions from their mean; they are made to sum to one.

    Examples
    --------
    >>> import numpy as np, dragongrad as ad
    >>> from dragongrad.scipy.spatial import distance
    >>> ad.grad(distance.jensenshannon)(np.array([0.9, 0.1]), np.array([0.5, 0.5])).round(4)
    array([ 0.1058, -0.9522])

    """
    return _jensenshannon(_floating(p), _floating(q), base, axis, keepdims)
