"""Distributions of matrices, by their Cholesky factors."""

from __future__ import annotations

from typing import Any

import numpy as np
from scipy import special as sp

from ...blocks.matrices import transposed
from ...core.errors import ArgumentError, ShapeError, describe, user_line
from ..checks import checked
from ..linalg.systems import triangular
from .chapter import double
from .multivariate import Multivariate, covariance, factor, squeezed
from .normal import PI
from .tails import LOG2, LOG2PI


def _log_gammas(a: Any, d: int) -> Any:
    """The logarithm of the gamma function of several variables."""
    return d * (d - 1) / 4 * float(np.log(PI)) + sum(sp.gammaln(a - j / 2) for j in range(d))


def _scale_of(scale: Any, name: str) -> Any:
    """A scale as a matrix: SciPy's default is 1, and a vector is its diagonal."""
    return covariance(1.0 if scale is None else scale, 1, name)


def _stack(x: Any, scale: Any, name: str) -> tuple[Any, Any]:
    """Matrices (d, d) or (d, d, n), which are moved to the front, and the scale as a matrix."""
    x, scale = double(x), _scale_of(scale, name)
    d = scale.shape[0]
    if x.ndim < 2:
        x = x * np.eye(d) if x.ndim == 0 else x[None, None] if d == 1 else x[:, None] * np.eye(d)
    if x.shape[:2] != (d, d) or scale.shape != (d, d):
        raise ShapeError(f"{name}: {describe(x)} of matrices {(d, d)} along the first axes\n  at {user_line()}")
    return (np.moveaxis(x, -1, 0) if x.ndim == 3 else x), scale


def _check_freedom(pair: Any) -> None:
    if not np.all(pair[..., 0] > pair[..., 1]):
        raise ArgumentError(
            f"the degrees of freedom are more than the dimension of the scale less one\n  at {user_line()}"
        )


_enough = checked("degrees of freedom", _check_freedom)


def _freedom(df: Any, d: int) -> Any:
    """Degrees of freedom; SciPy's default is the dimension."""
    df = double(d if df is None else df)
    return _enough(np.stack([df, np.full(df.shape, d - 1.0)], axis=-1))[..., 0]


def _parameters(df: Any, scale: Any, name: str) -> tuple[Any, Any, int]:
    """Degrees of freedom, the scale as a matrix, and its dimension."""
    scale = _scale_of(scale, name)
    return _freedom(df, scale.shape[0]), scale, scale.shape[0]


@squeezed
def _wishart_logpdf(x: Any, df: Any, scale: Any) -> Any:
    x, scale = _stack(x, scale, "wishart")
    d = scale.shape[0]
    df = _freedom(df, d)
    of_x, of_scale = factor(x)[1], factor(scale)
    whole = triangular(of_scale[0], transposed(triangular(of_scale[0], x, lower=True)), lower=True)
    ratio = np.trace(whole, 0, -2, -1)
    norm = df * d * LOG2 / 2 + df / 2 * of_scale[1] + _log_gammas(df / 2, d)
    return (df - d - 1) / 2 * of_x - ratio / 2 - norm


@squeezed
def _inverse_wishart_logpdf(x: Any, df: Any, scale: Any) -> Any:
    x, scale = _stack(x, scale, "invwishart")
    d = scale.shape[0]
    df = _freedom(df, d)
    (lower, of_x), (root, of_scale) = factor(x), factor(scale)
    half = triangular(lower, np.broadcast_to(root, lower.shape), lower=True)
    norm = df * d * LOG2 / 2 - df / 2 * of_scale + _log_gammas(df / 2, d)
    return -(df + d + 1) / 2 * of_x - np.sum(half * half, axis=(-2, -1)) / 2 - norm


@squeezed
def _wishart_mean(df: Any, scale: Any) -> Any:
    df, scale, _ = _parameters(df, scale, "wishart")
    return df * scale


def _where_known(known: Any, value: Any) -> Any:
    """A moment where there is one; of plain arguments SciPy gives None elsewhere."""
    return np.where(known, value, np.nan)


@squeezed
def _wishart_mode(df: Any, scale: Any) -> Any:
    df, scale, d = _parameters(df, scale, "wishart")
    more = df - d - 1
    return _where_known(more >= 0, more * scale)


def _squares(scale: Any, of_diagonal: Any) -> Any:
    """The squares of the elements, and so many times the products of those of the diagonal."""
    diagonal = np.diagonal(scale)
    return scale * scale + of_diagonal * (diagonal[:, None] * diagonal)


@squeezed
def _wishart_var(df: Any, scale: Any) -> Any:
    df, scale, _ = _parameters(df, scale, "wishart")
    return df * _squares(scale, 1.0)


def _wishart_entropy(df: Any, scale: Any) -> Any:
    df, scale, d = _parameters(df, scale, "wishart")
    slopes = sum(sp.psi((df - j) / 2) for j in range(d))
    size = (d + 1) / 2 * factor(scale)[1] + d * (d + 1) / 2 * LOG2 + df * d / 2
    return size + _log_gammas(df / 2, d) - (df - d - 1) / 2 * slopes


@squeezed
def _inverse_wishart_mean(df: Any, scale: Any) -> Any:
    df, scale, d = _parameters(df, scale, "invwishart")
    less = df - d - 1
    return _where_known(less > 0, scale / np.where(less > 0, less, 1.0))


@squeezed
def _inverse_wishart_mode(df: Any, scale: Any) -> Any:
    df, scale, d = _parameters(df, scale, "invwishart")
    return scale / (df + d + 1)


@squeezed
def _inverse_wishart_var(df: Any, scale: Any) -> Any:
    df, scale, d = _parameters(df, scale, "invwishart")
    less = df - d
    n = np.where(less > 3, less, 4.0)
    found = ((n + 1) * _squares(scale, (n - 1) / (n + 1))) / (n * (n - 1) ** 2 * (n - 3))
    return _where_known(less > 3, found)


def _inverse_wishart_entropy(df: Any, scale: Any) -> Any:
    df, scale, d = _parameters(df, scale, "invwishart")
    slopes = sum(sp.psi((df - j) / 2) for j in range(d))
    size = (d + 1) / 2 * (factor(scale)[1] - LOG2) + df * d / 2
    return size + _log_gammas(df / 2, d) - (df + d + 1) / 2 * slopes


wishart = Multivariate(
    "wishart", logpdf=_wishart_logpdf, mean=_wishart_mean, mode=_wishart_mode, var=_wishart_var,
    entropy=_wishart_entropy,
)  # fmt: skip
invwishart = Multivariate(
    "invwishart", logpdf=_inverse_wishart_logpdf, mean=_inverse_wishart_mean, mode=_inverse_wishart_mode,
    var=_inverse_wishart_var, entropy=_inverse_wishart_entropy,
)  # fmt: skip


@squeezed
def _matrix_logpdf(X: Any, mean: Any = None, rowcov: Any = 1, colcov: Any = 1) -> Any:  # noqa: N803 - SciPy's name
    x = double(X)
    m, n = x.shape[-2:] if mean is None else np.shape(mean)
    rows, columns = covariance(rowcov, m, "matrix_normal"), covariance(colcov, n, "matrix_normal")
    away = x if mean is None else x - double(mean)
    (of_rows, log_rows), (of_columns, log_columns) = factor(rows), factor(columns)
    half = triangular(of_rows, away, lower=True)
    whole = triangular(of_columns, transposed(half), lower=True)
    size = m * n * LOG2PI + n * log_rows + m * log_columns
    return -(size + np.sum(whole * whole, axis=(-2, -1))) / 2


def _matrix_entropy(rowcov: Any = 1, colcov: Any = 1) -> Any:
    rows, columns = covariance(rowcov, 1, "matrix_normal"), covariance(colcov, 1, "matrix_normal")
    m, n = rows.shape[0], columns.shape[0]
    return (m * n * (1 + LOG2PI) + n * factor(rows)[1] + m * factor(columns)[1]) / 2


matrix_normal = Multivariate("matrix_normal", logpdf=_matrix_logpdf, entropy=_matrix_entropy)
