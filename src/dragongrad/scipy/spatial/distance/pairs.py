"""Distances of all pairs of vectors."""

from __future__ import annotations

from typing import Any

import numpy as np

from ....blocks.axes import as_array
from ....blocks.indexing import read
from ....core.errors import ArgumentError, NoRuleError, ShapeError, describe, user_line
from ...checks import checked
from .chapter import refused, smooth
from .metrics import METRICS, double

_SHORT = {
    "euclid": "euclidean", "eu": "euclidean", "e": "euclidean", "sqe": "sqeuclidean", "sqeuclid": "sqeuclidean",
    "cblock": "cityblock", "cb": "cityblock", "c": "cityblock", "manhattan": "cityblock", "chebychev": "chebyshev",
    "cheby": "chebyshev", "cheb": "chebyshev", "ch": "chebyshev", "cos": "cosine", "co": "correlation",
    "mi": "minkowski", "m": "minkowski", "pnorm": "minkowski", "mahal": "mahalanobis", "mah": "mahalanobis",
    "se": "seuclidean", "s": "seuclidean", "js": "jensenshannon",
}  # fmt: skip


def _apart(u: Any, v: Any, metric: Any, options: dict[str, Any], data: Any) -> Any:
    """The distances of vectors that broadcast; `data` are all of them, of which variances may be asked."""
    if options.pop("out", None) is not None:
        raise NoRuleError(f"out= is no array where Variables are compared\n  at {user_line()}\nUse the result")
    if callable(metric):
        shape = np.broadcast_shapes(u.shape, v.shape)
        rows = [np.reshape(np.broadcast_to(x, shape), (-1, shape[-1])) for x in (u, v)]
        found = [metric(one, other, **options) for one, other in zip(*rows, strict=True)]
        return np.reshape(np.stack(found), shape[:-1]) if found else np.zeros(shape[:-1])
    name = _SHORT.get(str(metric).lower(), str(metric).lower())
    if name not in METRICS:
        raise NoRuleError(
            f"the metric {metric!r} has no derivative rule\n  at {user_line()}\nWrite one of {', '.join(METRICS)}"
        )
    if name == "seuclidean" and options.get("V") is None:
        options["V"] = np.var(data, axis=0, ddof=1)
    if name == "mahalanobis" and options.get("VI") is None:
        options["VI"] = np.transpose(np.linalg.inv(np.atleast_2d(np.cov(np.transpose(data)))))
    try:
        return METRICS[name](u, v, **options)
    except TypeError:
        raise ArgumentError(f"the metric {name} takes no {', '.join(options)}\n  at {user_line()}") from None


def _rows(value: Any, name: str) -> Any:
    x = double(value)
    if x.ndim != 2:
        raise ShapeError(f"{name}({describe(x)}): vectors are the rows of a matrix\n  at {user_line()}")
    return x


@smooth
def cdist(XA: Any, XB: Any, metric: Any = "euclidean", *, out: Any = None, **kwargs: Any) -> Any:  # noqa: N803
    """The distances of all rows of one matrix from all rows of another.

    Parameters
    ----------
    XA, XB : array of shape (m, n), (k, n)
        The vectors.
    metric : str or callable
        A function of two vectors, which is called for each pair, or "euclidean", "sqeuclidean", "cityblock",
        "chebyshev", "minkowski" with `p`, "cosine", "correlation", "canberra", "braycurtis", "seuclidean" with
        `V`, "mahalanobis" with `VI`, "jensenshannon".
    out : None
        Variables are written into no array.
    **kwargs
        Of the metric: weights `w`, `p`, `V`, `VI`, all but `p` with derivatives.

    Returns
    -------
    array of shape (m, k)

    Raises
    ------
    NoRuleError
        A metric of truth values.

    Examples
    --------
    >>> import numpy as np, dragongrad as ad
    >>> from dragongrad.scipy.spatial import distance
    >>> x = np.array([[0.0, 0.0], [3.0, 4.0]])
    >>> ad.grad(lambda x: distance.cdist(x, np.zeros((1, 2)))[1, 0])(x)
    array([[0. , 0. ],
           [0.6, 0.8]])

    """
    a, b = _rows(XA, "cdist"), _rows(XB, "cdist")
    if a.shape[1] != b.shape[1]:
        raise ShapeError(f"cdist({describe(a)}, {describe(b)}): vectors of one length\n  at {user_line()}")
    data = np.concatenate([a, b])
    return _apart(a[:, None], b[None], metric, {"out": out, **kwargs}, data)


@smooth
def pdist(X: Any, metric: Any = "euclidean", *, out: Any = None, **kwargs: Any) -> Any:  # noqa: N803
    """The distances of the m rows of a matrix from each other, of shape (m (m - 1) / 2,).

    Arguments are those of `cdist`.

    Examples
    --------
    >>> import numpy as np, dragongrad as ad
    >>> from dragongrad.scipy.spatial import distance
    >>> ad.grad(lambda x: distance.pdist(x)[0])(np.array([[0.0, 0.0], [3.0, 4.0]]))
    array([[-0.6, -0.8],
           [ 0.6,  0.8]])

    """
    x = _rows(X, "pdist")
    i, j = np.triu_indices(x.shape[0], 1)
    return _apart(read(x, i), read(x, j), metric, {"out": out, **kwargs}, x)


def _check_symmetric(x: Any) -> None:
    if not (np.allclose(x, np.swapaxes(x, -1, -2), rtol=1e-12, atol=0) and not np.any(np.diagonal(x, 0, -2, -1))):
        raise ArgumentError(
            f"squareform: a matrix of distances is symmetric, with a diagonal of zeros\n  at {user_line()}\n"
            "Write checks=False to read its upper triangle"
        )


_symmetric = checked("matrix of distances", _check_symmetric)


@smooth
def squareform(X: Any, force: str = "no", checks: bool = True) -> Any:  # noqa: N803
    """The symmetric matrix of distances, of those of all pairs, or the reverse.

    Of a matrix the upper triangle is read; with `checks` it is symmetric, with a diagonal of zeros.

    Examples
    --------
    >>> import numpy as np, dragongrad as ad
    >>> from dragongrad.scipy.spatial import distance
    >>> ad.jvp(distance.squareform, (np.array([1.0]),), (np.array([2.0]),))[1]
    array([[0., 2.],
           [2., 0.]])

    """
    x, wanted = as_array(X), {"tomatrix": 1, "tovector": 2}.get(force.lower(), np.ndim(X))
    if x.ndim != wanted or (x.ndim == 2 and x.shape[0] != x.shape[1]):
        raise ShapeError(f"squareform({describe(x)}, {force!r}): a vector or square\n  at {user_line()}")
    if x.ndim == 2:
        x = _symmetric(x) if checks else x
        return read(x, np.triu_indices(x.shape[0], 1))
    n = int(np.ceil(np.sqrt(x.shape[0] * 2)))
    if x.ndim != 1 or n * (n - 1) != 2 * x.shape[0]:
        raise ShapeError(f"squareform({describe(x)}): as many distances as there are pairs\n  at {user_line()}")
    if not x.shape[0]:
        return np.zeros((1, 1), x.dtype)
    place = np.zeros((n, n), int)
    place[np.triu_indices(n, 1)] = np.arange(x.shape[0])
    return np.where(np.eye(n, dtype=bool), 0, read(x, place + place.T))


hamming, jaccard, dice, yule, rogerstanimoto, russellrao, sokalsneath = (
    refused(name, "it counts truth values, which have no derivative", "Take braycurtis or cityblock of numbers")
    for name in ("hamming", "jaccard", "dice", "yule", "rogerstanimoto", "russellrao", "sokalsneath")
)
directed_hausdorff = refused(
    "directed_hausdorff", "it is not written yet", "Take np.max(np.min(distance.cdist(u, v), axis=1))"
)
