"""Distributions of vectors, by Cholesky factors of their matrices."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import scipy.stats as scipys
from scipy import special as sp

from ...blocks.special import stop_gradient
from ...core.errors import ArgumentError, ShapeError, describe, user_line
from ...core.variable import Variable
from ..checks import checked
from ..linalg.systems import triangular
from ..special.near import polynomial
from .chapter import CHAPTER, Standing, double, floating, method_of
from .discrete import binom
from .members import Member
from .normal import PI
from .tails import LOG2PI


class Multivariate(Standing):
    """A family of distributions of vectors or matrices, with SciPy's methods.

    Attributes
    ----------
    name : str
        SciPy's name for it.
    rules : dict
        Its methods of Variables, by their names.
    """

    def __init__(self, name: str, **rules: Callable[..., Any]) -> None:
        self.name, self.rules = name, rules
        log = "logpmf" if "logpmf" in rules else "logpdf"
        rules.setdefault(log.removeprefix("log"), lambda *args, **kwargs: np.exp(rules[log](*args, **kwargs)))
        self.scipys: Any = getattr(scipys, name)
        self.__module__ = "dragongrad.scipy.stats"
        self.__doc__ = f"The distributions `scipy.stats.{name}`, with derivatives by places and parameters."
        CHAPTER.states[name] = "exact derivatives of " + ", ".join(sorted(rules))

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """One member, of these parameters."""
        return Member(self, args, kwargs)

    def __getattr__(self, name: str) -> Any:
        return method_of(self, name, self.rules.get(name), "parameters")


def squeezed(rule: Callable[..., Any]) -> Callable[..., Any]:
    """A rule whose results lose their axes of length 1, as those of SciPy's do."""

    def answer(*args: Any, **kwargs: Any) -> Any:
        out = rule(*args, **kwargs)
        return np.reshape(out, tuple(n for n in np.shape(out) if n != 1))[()]

    return answer


def covariance(cov: Any, d: int, name: str) -> Any:
    """A covariance as a matrix, of which the lower triangle is read."""
    c = double(cov.covariance if isinstance(cov, scipys.Covariance) else cov)
    if c.ndim == 0:
        return c * np.eye(d)
    if c.ndim == 1:
        return c[:, None] * np.eye(c.shape[0])
    if c.ndim != 2 or c.shape[0] != c.shape[1]:
        raise ShapeError(f"{name}: a covariance is a square matrix, not {describe(c)}\n  at {user_line()}")
    return c


def factor(cov: Any) -> tuple[Any, Any]:
    """The Cholesky factor of a matrix, and the logarithm of its determinant; the lower triangle is read."""
    lower = np.linalg.cholesky(cov)
    return lower, 2 * np.sum(np.log(np.diagonal(lower, 0, -2, -1)), axis=-1)


def _squared(lower: Any, x: Any) -> Any:
    """The squared lengths of vectors (..., d) in the metric of the inverse of a covariance."""
    d = lower.shape[-1]
    flat = np.reshape(x, (-1, d))
    y = triangular(lower, flat.T, lower=True)
    return np.reshape(np.sum(y * y, axis=0), x.shape[:-1])


def _sizes(mean: Any, cov: Any, name: str) -> tuple[Any, Any]:
    """The mean and the covariance, of which either tells the dimension."""
    if mean is None:
        d = 1 if cov is None else (*cov.shape, 1)[0] if hasattr(cov, "shape") else (*np.shape(cov), 1)[0]
        mean = np.zeros(d)
    m = np.atleast_1d(double(mean))
    if m.ndim != 1:
        raise ShapeError(f"{name}: a mean is a vector, not {describe(m)}\n  at {user_line()}")
    c = covariance(1.0 if cov is None else cov, m.shape[0], name)
    if c.shape[0] != m.shape[0]:
        raise ShapeError(f"{name}: a covariance {describe(c)} beside a mean {describe(m)}\n  at {user_line()}")
    return m, c


def _vectors(x: Any, d: int, name: str) -> Any:
    """Places (..., d); of one dimension, a vector has a place in each element."""
    x = double(x)
    if x.ndim == 0:
        x = np.reshape(x, (1,))
    elif x.ndim == 1 and d == 1:
        x = x[:, None]
    if x.shape[-1] != d:
        raise ShapeError(f"{name}: places {describe(x)} of {d} elements\n  at {user_line()}")
    return x


def _on_support(cov: Any) -> tuple[Any, Any, Any, Any]:
    """The covariance, made regular beside its range; the projector on that, which is a constant; and the rank.

    Its derivative is that among matrices with the same range. Eigenvalues are zero by SciPy's tolerance, and
    vectors lie in the range by the last, which is SciPy's too.
    """
    values, vectors = np.linalg.eigh(stop_gradient(cov))
    small = 1e6 * float(np.finfo(np.float64).eps) * np.max(np.absolute(values))
    kept = np.where(np.absolute(values) > small, 1.0, 0.0)
    range_of = (vectors * kept) @ vectors.T
    return range_of @ cov @ range_of + (np.eye(cov.shape[0]) - range_of), range_of, np.sum(kept), 1e3 * small


def _in_metric(cov: Any, away: Any, allow_singular: bool) -> tuple[Any, Any, Any, Any]:
    """Squared lengths, the logarithm of the determinant, the rank, and which vectors lie beside the support."""
    d = cov.shape[0]
    if not allow_singular:
        lower, logdet = factor(cov)
        return _squared(lower, away), logdet, d, False
    regular, range_of, rank, small = _on_support(cov)
    lower, logdet = factor(regular)
    inside = away @ range_of
    left = stop_gradient(away - inside)
    return _squared(lower, inside), logdet, rank, np.sum(left * left, axis=-1) >= small * small


@squeezed
def _normal_logpdf(
    x: Any, mean: Any = None, cov: Any = 1, allow_singular: bool = False, *, maxpts: Any = None, abseps: Any = None,
    releps: Any = None,
) -> Any:  # fmt: skip
    # The last three are for the distribution function, which members are told of.
    allow_singular = allow_singular or isinstance(cov, scipys.Covariance)
    mean, cov = _sizes(mean, cov, "multivariate_normal")
    away = _vectors(x, mean.shape[0], "multivariate_normal") - mean
    squared, logdet, rank, beside = _in_metric(cov, away, allow_singular)
    out = -(rank * LOG2PI + logdet + squared) / 2
    return np.where(beside, -np.inf, out)[()] if allow_singular else out


def _normal_entropy(
    mean: Any = None, cov: Any = 1, allow_singular: bool = False, *, maxpts: Any = None, abseps: Any = None,
    releps: Any = None,
) -> Any:  # fmt: skip
    allow_singular = allow_singular or isinstance(cov, scipys.Covariance)
    mean, cov = _sizes(mean, cov, "multivariate_normal")
    regular, _, rank, _ = _on_support(cov) if allow_singular else (cov, None, mean.shape[0], None)
    return (rank * (LOG2PI + 1) + factor(regular)[1]) / 2


multivariate_normal = Multivariate("multivariate_normal", logpdf=_normal_logpdf, entropy=_normal_entropy)


@squeezed
def _t_logpdf(x: Any, loc: Any = None, shape: Any = 1, df: Any = 1, allow_singular: bool = False) -> Any:
    if not isinstance(df, Variable) and np.ndim(df) == 0 and df == np.inf:
        return _normal_logpdf(x, loc, shape, allow_singular)
    loc, shape = _sizes(loc, shape, "multivariate_t")
    away = _vectors(x, loc.shape[0], "multivariate_t") - loc
    away, logdet, _, _ = _in_metric(shape, away, allow_singular)
    d, df = loc.shape[0], double(1 if df is None else df)
    scale = sp.gammaln((df + d) / 2) - sp.gammaln(df / 2) - d / 2 * np.log(df * PI) - logdet / 2
    return scale - (df + d) / 2 * np.log1p(away / df)


def _t_entropy(loc: Any = None, shape: Any = 1, df: Any = 1) -> Any:
    loc, shape = _sizes(None, shape, "multivariate_t")
    d, df, of_shape = loc.shape[0], double(df), factor(shape)[1] / 2
    # Where its terms cancel by their series in 1 / df, which for infinite df is that of the normal distribution.
    large = df >= 400 * d / (np.log(d) + 1)
    u, n = 1 / np.where(large, df, 1e3 * d), np.where(large, 1.0, df)
    terms = (
        1,
        -(d - 2) / 4,
        d * (d - 2) / 6,
        (-3 * d**3 + 8 * d * d - 8) / 24,
        d * (3 * d**3 - 10 * d * d + 16) / 30,
    )
    far = d * ((LOG2PI + 1) / 2 + u * polynomial(u, terms))
    half = (n + d) / 2
    near = sp.gammaln(n / 2) - sp.gammaln(half) + d / 2 * np.log(n * PI) + half * (sp.psi(half) - sp.psi(n / 2))
    return np.where(large, far, near)[()] + of_shape


multivariate_t = Multivariate("multivariate_t", logpdf=_t_logpdf, entropy=_t_entropy)


def _check_fractions(x: Any) -> None:
    whole = np.sum(x, axis=-1)
    if not (np.all(x >= 0) and np.all(x <= 1) and np.all(np.absolute(whole - 1) <= 1e-9)):
        raise ArgumentError(f"dirichlet: fractions lie between 0 and 1, and their sum is 1\n  at {user_line()}")


def _check_shapes(alpha: Any) -> None:
    if not np.all(alpha > 0):
        raise ArgumentError(f"dirichlet: alpha is greater than 0\n  at {user_line()}")


_fractions, _positive = checked("dirichlet", _check_fractions), checked("dirichlet alpha", _check_shapes)


def _alpha(value: Any) -> Any:
    alpha = floating(value)
    if alpha.ndim != 1 or not alpha.size:
        raise ShapeError(f"dirichlet: alpha is a vector, not {describe(alpha)}\n  at {user_line()}")
    return _positive(alpha)


@squeezed
def _dirichlet_logpdf(x: Any, alpha: Any) -> Any:
    x, alpha = floating(x), _alpha(alpha)
    if x.ndim > 2:
        raise ShapeError(f"dirichlet: a vector or a matrix, not {describe(x)}\n  at {user_line()}")
    if x.shape[0] == alpha.shape[0] - 1:
        x = np.concatenate([x, 1 - np.sum(x, axis=0, keepdims=True)])
    if x.shape[0] != alpha.shape[0]:
        raise ShapeError(f"dirichlet: {describe(x)} of {alpha.shape[0]} fractions along axis 0\n  at {user_line()}")
    x = np.moveaxis(_fractions(np.moveaxis(x, 0, -1)), -1, 0)
    powers = sp.xlogy(np.reshape(alpha - 1, (-1,) + (1,) * (x.ndim - 1)), x)
    return np.sum(powers, axis=0) - _log_beta(alpha)


def _log_beta(alpha: Any) -> Any:
    return np.sum(sp.gammaln(alpha)) - sp.gammaln(np.sum(alpha))


@squeezed
def _dirichlet_mean(alpha: Any) -> Any:
    alpha = _alpha(alpha)
    return alpha / np.sum(alpha)


@squeezed
def _dirichlet_var(alpha: Any) -> Any:
    alpha = _alpha(alpha)
    total = np.sum(alpha)
    return alpha * (total - alpha) / (total * total * (total + 1))


@squeezed
def _dirichlet_cov(alpha: Any) -> Any:
    alpha = _alpha(alpha)
    mean = alpha / np.sum(alpha)
    return (np.diag(mean) - mean[:, None] * mean) / (np.sum(alpha) + 1)


def _dirichlet_entropy(alpha: Any) -> Any:
    alpha = _alpha(alpha)
    total = np.sum(alpha)
    return _log_beta(alpha) + (total - alpha.shape[0]) * sp.psi(total) - np.sum((alpha - 1) * sp.psi(alpha))


dirichlet = Multivariate("dirichlet", logpdf=_dirichlet_logpdf, mean=_dirichlet_mean, var=_dirichlet_var,
                         cov=_dirichlet_cov, entropy=_dirichlet_entropy)  # fmt: skip


def _chances(p: Any) -> Any:
    """Probabilities of which the last is what the others leave, and is itself where it agrees with that."""
    p = double(p)
    left = 1 - np.sum(p[..., :-1], axis=-1, keepdims=True)
    agrees = np.absolute(stop_gradient(left - p[..., -1:])) <= 10 * float(np.finfo(np.float64).eps)
    left = left + np.where(agrees, stop_gradient(p[..., -1:] - left), 0.0)
    return np.concatenate([p[..., :-1], left], axis=-1)


def _trials(n: Any) -> Any:
    """Numbers of trials, of which SciPy takes the whole part; they do not move."""
    return stop_gradient(np.trunc(double(n)))


def _known(out: Any, n: Any, p: Any, axes: int = 0) -> Any:
    """A value, of so many axes a distribution, and NaN where there is no such distribution."""
    wrong = np.logical_or(np.any(np.logical_or(p < 0, p > 1), axis=-1), n < 0)
    return np.where(wrong[(..., *(None,) * axes)], np.nan, out)[()]


def _multinomial_mean(n: Any, p: Any) -> Any:
    n, p = _trials(n), _chances(p)
    return _known(n[..., None] * p, n, p, axes=1)


def _multinomial_logpmf(x: Any, n: Any, p: Any) -> Any:
    # Counts are whole numbers, which do not move.
    x, n, p = stop_gradient(double(x)), _trials(n), _chances(p)
    if x.shape[-1:] != p.shape[-1:]:
        raise ShapeError(f"multinomial: counts {describe(x)} of probabilities {describe(p)}\n  at {user_line()}")
    counts = np.all((x >= 0) & (x == np.floor(x)), axis=-1)
    out = sp.gammaln(n + 1) + np.sum(sp.xlogy(x, p) - sp.gammaln(x + 1), axis=-1)
    return _known(np.where(np.logical_and(counts, np.sum(x, axis=-1) == n), out, -np.inf), n, p)


def _multinomial_cov(n: Any, p: Any) -> Any:
    n, p = _trials(n), _chances(p)
    out = n[..., None, None] * (p[..., None] * np.eye(p.shape[-1]) - p[..., None] * p[..., None, :])
    return _known(out, n, p, axes=2)


def _multinomial_entropy(n: Any, p: Any) -> Any:
    n, p = _trials(n), _chances(p)
    if isinstance(n, Variable) or np.ndim(n) > 0:
        raise ArgumentError(f"multinomial.entropy: the number of draws is one plain number\n  at {user_line()}")
    counts = np.reshape(np.arange(1, int(n) + 1.0), (-1,) + (1,) * p.ndim)
    beside = np.sum(binom.pmf(counts, n, p) * sp.gammaln(counts + 1), axis=(0, -1))
    return _known(n * np.sum(sp.entr(p), axis=-1) - sp.gammaln(n + 1) + beside, n, p)


multinomial = Multivariate(
    "multinomial", logpmf=_multinomial_logpmf, mean=_multinomial_mean, cov=_multinomial_cov,
    entropy=_multinomial_entropy,
)  # fmt: skip
