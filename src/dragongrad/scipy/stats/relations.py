"""Directions, lines through samples, and densities by kernels."""

from __future__ import annotations

from contextlib import suppress
from functools import cache
from typing import Any

import numpy as np
import scipy.stats as scipys

from ...blocks.special import logsumexp
from ...core.errors import ArgumentError, ShapeError, describe, user_line
from ...core.nests import NAMESPACE
from ...pytrees import register_pytree_node
from ..chapters import holds_variable, settled
from ..standing import Kept
from .chapter import CHAPTER, double, refused, smooth
from .normal import t as student
from .samples import plain_options, sample


def _turns(samples: Any, high: Any, low: Any, axis: Any, keepdims: bool) -> tuple[Any, Any]:
    """The means of sine and cosine."""
    angle = (sample(samples) - low) * (2 * np.pi / (high - low))
    sine, cosine = (np.mean(f(angle), axis=axis, keepdims=keepdims) for f in (np.sin, np.cos))
    return sine, cosine


@smooth
def circmean(
    samples: Any, high: Any = 2 * np.pi, low: Any = 0, axis: Any = None, nan_policy: str = "propagate", *,
    keepdims: bool = False,
) -> Any:  # fmt: skip
    """The mean direction, from `low` to `high`.

    Examples
    --------
    >>> import numpy as np, dragongrad as ad
    >>> from dragongrad.scipy import stats
    >>> ad.grad(stats.circmean)(np.array([0.1, 0.3])).round(6)
    array([0.5, 0.5])

    """
    plain_options("circmean", nan_policy)
    s, c = _turns(samples, high, low, axis, keepdims)
    angle = np.arctan2(s, c)
    return np.where(angle < 0, angle + 2 * np.pi, angle) * ((high - low) / (2 * np.pi)) + low


@smooth
def circvar(
    samples: Any, high: Any = 2 * np.pi, low: Any = 0, axis: Any = None, nan_policy: str = "propagate", *,
    keepdims: bool = False,
) -> Any:  # fmt: skip
    """The variance of directions: 1 less the length of their mean vector.

    Examples
    --------
    >>> import numpy as np, dragongrad as ad
    >>> from dragongrad.scipy import stats
    >>> ad.grad(stats.circvar)(np.array([0.0, 1.0])).round(6)
    array([-0.239713,  0.239713])

    """
    plain_options("circvar", nan_policy)
    return 1 - np.hypot(*_turns(samples, high, low, axis, keepdims))


@smooth
def circstd(
    samples: Any, high: Any = 2 * np.pi, low: Any = 0, axis: Any = None, nan_policy: str = "propagate", *,
    normalize: bool = False, keepdims: bool = False,
) -> Any:  # fmt: skip
    """The standard deviation of directions.

    Examples
    --------
    >>> import numpy as np, dragongrad as ad
    >>> from dragongrad.scipy import stats
    >>> ad.grad(stats.circstd)(np.array([0.0, 1.0])).round(6)
    array([-0.534494,  0.534494])

    """
    plain_options("circstd", nan_policy)
    found = np.sqrt(-2 * np.log(np.hypot(*_turns(samples, high, low, axis, keepdims))))
    return found if normalize else found * ((high - low) / (2 * np.pi))


@smooth
def linregress(x: Any, y: Any, alternative: str = "two-sided") -> Any:
    """The line through samples by least squares: SciPy's result, all of whose numbers have derivatives.

    Parameters
    ----------
    x, y : arrays of shape (n,)
    alternative : {"two-sided", "less", "greater"}
        Of the p-value.

    Returns
    -------
    LinregressResult
        `slope`, `intercept`, `rvalue`, `pvalue`, `stderr`, `intercept_stderr`.

    Examples
    --------
    >>> import numpy as np, dragongrad as ad
    >>> from dragongrad.scipy import stats
    >>> x = np.array([0.0, 1.0, 2.0])
    >>> ad.grad(lambda y: stats.linregress(x, y).slope)(np.array([1.0, 2.0, 4.0]))
    array([-0.5,  0. ,  0.5])

    """
    x, y = double(x), double(y)
    if np.ndim(x) != 1 or np.shape(x) != np.shape(y) or x.shape[0] < 3:
        raise ShapeError(
            f"linregress({describe(x)}, {describe(y)}): two vectors of one length, 3 or more\n  at {user_line()}"
        )
    n, dx, dy = x.shape[0], x - np.mean(x), y - np.mean(y)
    xx, xy, yy = np.mean(dx * dx), np.mean(dx * dy), np.mean(dy * dy)
    slope, r = xy / xx, xy / np.sqrt(xx * yy)
    intercept = np.mean(y) - slope * np.mean(x)
    ratio = r * np.sqrt((n - 2) / ((1 - r) * (1 + r)))
    tails = {
        "two-sided": lambda: 2 * student.sf(np.abs(ratio), n - 2), "greater": lambda: student.sf(ratio, n - 2),
        "less": lambda: student.cdf(ratio, n - 2),
    }  # fmt: skip
    if alternative not in tails:
        raise ArgumentError(f"alternative={alternative!r} is none of {', '.join(tails)}\n  at {user_line()}")
    error = np.sqrt((1 - r * r) * yy / xx / (n - 2))
    return _result_of_lines()(
        slope=slope, intercept=intercept, rvalue=r, pvalue=tails[alternative](), stderr=error,
        intercept_stderr=error * np.sqrt(xx + np.mean(x) ** 2),
    )  # fmt: skip


@cache
def _result_of_lines() -> Any:
    """The class of SciPy's result, which has no public name; a nest of its numbers."""
    cls: Any = type(scipys.linregress([0.0, 1.0, 2.0], [0.0, 1.0, 0.0]))
    parts = lambda found: ([*found, found.intercept_stderr], None)
    made = lambda _, parts: cls(*parts[:-1], intercept_stderr=parts[-1])
    with suppress(ValueError):
        # In this process and namespace it may be known already.
        register_pytree_node(cls, parts, made, NAMESPACE)
    return cls


class gaussian_kde(Kept):  # noqa: N801
    """`scipy.stats.gaussian_kde`: a density of samples by normal kernels, in samples, weights and places.

    Parameters
    ----------
    dataset : array of shape (n,) or (dimensions, n)
    bw_method : {"scott", "silverman"} or float, optional
    weights : array of shape (n,), optional

    Examples
    --------
    >>> import numpy as np, dragongrad as ad
    >>> from dragongrad.scipy import stats
    >>> samples = np.array([-1.0, 0.0, 2.0])
    >>> ad.grad(lambda x: stats.gaussian_kde(samples).logpdf(x)[0])(0.5).round(6)
    np.float64(-0.163936)

    """

    theirs = scipys.gaussian_kde

    def __init__(self, dataset: Any, bw_method: Any = None, weights: Any = None) -> None:
        if bw_method is None and type(self).covariance_factor is not gaussian_kde.covariance_factor:
            # As SciPy has it, a derived class says the bandwidth by this method.
            bw_method = self._by_method
        given = (dataset, bw_method, weights)
        if not holds_variable(given):
            # SciPy's own, of plain numbers; it may be asked at Variables all the same.
            self._scipys = scipys.gaussian_kde(*map(settled, given))
            return
        dataset = double(dataset)
        self.dataset = dataset[None] if np.ndim(dataset) == 1 else dataset
        self.d, self.n = self.dataset.shape
        w = np.ones(self.n) if weights is None else double(weights)
        self.weights = w / np.sum(w)
        self.neff = 1 / np.sum(self.weights**2)
        rule: Any = {None: "scott"}.get(bw_method, bw_method) if not callable(bw_method) else bw_method(self)
        if isinstance(rule, str) and rule not in ("scott", "silverman"):
            raise ArgumentError(f"bw_method={rule!r} is no rule\n  at {user_line()}\nWrite 'scott' or 'silverman'")
        if isinstance(rule, str):
            rule = self.scotts_factor() if rule == "scott" else self.silverman_factor()
        away = self.dataset - np.sum(self.dataset * self.weights, axis=1, keepdims=True)
        self.factor = rule
        spread = (away * self.weights) @ away.T / (1 - np.sum(self.weights**2))
        self.covariance = spread * rule**2

    def _by_method(self, made: Any) -> Any:
        # It is asked while SciPy's is being made.
        self._scipys = None if made is self else made
        return self.covariance_factor()

    def scotts_factor(self) -> Any:
        """Scott's factor."""
        return self.neff ** (-1.0 / (self.d + 4))

    def silverman_factor(self) -> Any:
        """Silverman's factor."""
        return (self.neff * (self.d + 2.0) / 4.0) ** (-1.0 / (self.d + 4))

    def covariance_factor(self) -> Any:
        """The factor of the bandwidth, which a derived class may say; of what SciPy has made the one it has."""
        return self.scotts_factor() if self._scipys is None else self._scipys.covariance_factor()

    @classmethod
    def _ours(cls, made: Any) -> Any:
        if not isinstance(made, scipys.gaussian_kde):
            return made
        again = cls.__new__(cls)
        again._scipys = made
        return again

    def logpdf(self, x: Any) -> Any:
        """The logarithm of the density at places, of shape (m,) or (dimensions, m)."""
        if self._scipys is not None and not holds_variable(x):
            return self._scipys.logpdf(settled(x))
        x = np.atleast_2d(double(x))
        x = x.T if x.shape == (1, self.d) and self.d != 1 else x
        if x.shape[0] != self.d:
            raise ShapeError(f"a density of {self.d} dimensions was asked at {describe(x)}\n  at {user_line()}")
        weights, root = double(self.weights), np.linalg.cholesky(double(self.covariance))
        apart = np.reshape(x[:, :, None] - double(self.dataset)[:, None, :], (self.d, -1))
        away = np.reshape(np.sum(np.linalg.solve(root, apart) ** 2, axis=0), (x.shape[1], self.n))
        scale = np.sum(np.log(np.diagonal(root))) + self.d * np.log(2 * np.pi) / 2
        used = weights > 0
        weights = np.where(used, np.log(np.where(used, weights, 1.0)), -np.inf)
        return logsumexp(weights - 0.5 * away, axis=1) - scale

    def evaluate(self, points: Any) -> Any:
        """The density at places."""
        if self._scipys is not None and not holds_variable(points):
            return self._scipys.evaluate(settled(points))
        return np.exp(self.logpdf(points))

    __call__ = pdf = evaluate


CHAPTER.states["gaussian_kde"] = "exact derivatives of evaluate, pdf, logpdf"
pearsonr = refused("pearsonr", "its result holds tests too", "Take np.corrcoef(x, y)[0, 1]")
