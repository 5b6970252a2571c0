"""Functions of any number of variables with one valley."""

from __future__ import annotations

from typing import Any

import numpy as np

from .problem import Array, Problem, sum_of_squares


def _counted(x: Any) -> Array:
    return np.arange(1.0, len(x) + 1.0)


def sphere(x: Any) -> Any:
    """The squared distance from 0."""
    return np.sum(x * x)


def sum_squares(x: Any) -> Any:
    """Squares with weights 1, 2, 3, ..."""
    return np.sum(_counted(x) * x * x)


def trid(x: Any) -> Any:
    """A quadratic with a tridiagonal Hessian."""
    return np.sum((x - 1.0) ** 2) - np.sum(x[1:] * x[:-1])


def zakharov(x: Any) -> Any:
    """A bowl with one steep direction."""
    s = np.sum(0.5 * _counted(x) * x)
    return np.sum(x * x) + s**2 + s**4


def dixon_price_residuals(x: Any) -> Any:
    """The residuals of the Dixon-Price valley."""
    i = _counted(x)[1:]
    return np.concatenate([x[:1] - 1.0, np.sqrt(i) * (2.0 * x[1:] ** 2 - x[:-1])])


def double_sum_residuals(x: Any) -> Any:
    """The partial sums of the variables."""
    return np.cumsum(x)


def _powers(x: Any) -> Any:
    """Row k holds `x**k`, k = 1 ... n, by products: right at 0 and for negative numbers at every order."""
    rows = [x]
    for _ in range(len(x) - 1):
        rows.append(rows[-1] * x)
    return np.stack(rows)


def perm_residuals(x: Any) -> Any:
    """The residuals of the permutation function, beta = 0.5."""
    j = _counted(x)
    return ((j ** j[:, None] + 0.5) * (_powers(x / j) - 1.0)).sum(axis=1)


def perm_0_residuals(x: Any) -> Any:
    """The residuals of the permutation function of reciprocals, beta = 10."""
    j = _counted(x)
    return ((j + 10.0) * (_powers(x) - j ** -j[:, None])).sum(axis=1)


def power_sum_residuals(x: Any) -> Any:
    """The power sums of four numbers, without those of (1, 2, 2, 3)."""
    return _powers(x).sum(axis=1) - np.array([8.0, 18.0, 44.0, 114.0])


def qing_residuals(x: Any) -> Any:
    """Squares against 1, 2, 3, ..."""
    return x * x - _counted(x)


def exponential(x: Any) -> Any:
    """A bell upside down."""
    return -np.exp(-0.5 * np.sum(x * x))


def _dixon_price_minima(n: int) -> list[Array]:
    i = np.arange(1.0, n + 1.0)
    x = 2.0 ** (2.0 ** (1.0 - i) - 1.0)
    # Only the square of the last variable enters.
    return [x, np.append(x[:-1], -x[-1])] if n > 1 else [x]


def _trid_minimizer(n: int) -> Array:
    i = np.arange(1.0, n + 1.0)
    return i * (n + 1.0 - i)


def _qing_minima(n: int) -> list[Array]:
    """All 2**n of them up to n = 4, then the positive one."""
    root = np.sqrt(np.arange(1.0, n + 1.0))
    signs = np.array(np.meshgrid(*[[1.0, -1.0]] * n)).reshape(n, -1).T if n <= 4 else np.ones((1, n))
    return list(signs * root)


PROBLEMS = [
    Problem(
        "sphere", sphere, 2, r"\sum_{i=1}^n x_i^2", "De Jong 1975, thesis, University of Michigan, F1",
        (-5.12, 5.12), lambda n: [np.zeros(n)], 0.0, lambda n: [np.full(n, 3.0)], any_n=True, residuals=lambda x: x,
    ),
    Problem(
        "sum-squares", sum_squares, 2, r"\sum_{i=1}^n i\,x_i^2",
        "Hedar 2007, Global Optimization Test Problems; Jamil and Yang 2013",
        (-10.0, 10.0), lambda n: [np.zeros(n)], 0.0, lambda n: [np.full(n, 5.0)], any_n=True,
        residuals=lambda x: np.sqrt(_counted(x)) * x,
    ),
    Problem(
        "trid", trid, 6, r"\sum_{i=1}^n (x_i - 1)^2 - \sum_{i=2}^n x_i x_{i-1}",
        "Neumaier 1997; Hedar 2007, Global Optimization Test Problems",
        lambda n: [[-(n**2.0), n**2.0]] * n, lambda n: [_trid_minimizer(n)],
        lambda n: -n * (n + 4.0) * (n - 1.0) / 6.0, lambda n: [np.zeros(n)],
        any_n=True, dimensions=range(2, 2**31),
    ),
    Problem(
        "zakharov", zakharov, 2,
        r"\sum_{i=1}^n x_i^2 + \Bigl(\sum_{i=1}^n \tfrac{i x_i}{2}\Bigr)^2"
        r" + \Bigl(\sum_{i=1}^n \tfrac{i x_i}{2}\Bigr)^4",
        "Hedar 2007, Global Optimization Test Problems; Jamil and Yang 2013",
        (-5.0, 10.0), lambda n: [np.zeros(n)], 0.0, lambda n: [np.full(n, 3.0)], any_n=True,
    ),
    Problem(
        "dixon-price", sum_of_squares(dixon_price_residuals), 4,
        r"(x_1 - 1)^2 + \sum_{i=2}^n i\,(2x_i^2 - x_{i-1})^2",
        "Dixon and Price 1989, J. Optim. Theory Appl. 60:261",
        (-10.0, 10.0), _dixon_price_minima, 0.0, lambda n: [np.full(n, 5.0)],
        any_n=True, residuals=dixon_price_residuals,
    ),
    Problem(
        "double-sum", sum_of_squares(double_sum_residuals), 4,
        r"\sum_{i=1}^n \Bigl(\sum_{j=1}^i x_j\Bigr)^2",
        "Schwefel 1981, Numerical Optimization of Computer Models, problem 1.2",
        (-65.536, 65.536), lambda n: [np.zeros(n)], 0.0, lambda n: [np.full(n, 20.0)],
        any_n=True, residuals=double_sum_residuals,
    ),
    Problem(
        "perm", sum_of_squares(perm_residuals), 4,
        r"\sum_{i=1}^n \Bigl(\sum_{j=1}^n (j^i + \tfrac12)\bigl((x_j/j)^i - 1\bigr)\Bigr)^2",
        "Neumaier 1997, PERM(n, beta); Hedar 2007, Global Optimization Test Problems",
        lambda n: [[-float(n), float(n)]] * n, lambda n: [np.arange(1.0, n + 1.0)], 0.0, lambda n: [np.ones(n)],
        any_n=True, residuals=perm_residuals, dimensions=range(1, 20),
    ),
    Problem(
        "perm-0", sum_of_squares(perm_0_residuals), 4,
        r"\sum_{i=1}^n \Bigl(\sum_{j=1}^n (j + 10)\bigl(x_j^i - j^{-i}\bigr)\Bigr)^2",
        "Neumaier 1997, PERM0(n, beta); Hedar 2007, Global Optimization Test Problems",
        lambda n: [[-float(n), float(n)]] * n, lambda n: [1.0 / np.arange(1.0, n + 1.0)], 0.0,
        lambda n: [np.full(n, 0.5)], any_n=True, residuals=perm_0_residuals, dimensions=range(1, 20),
    ),
    Problem(
        "power-sum", sum_of_squares(power_sum_residuals), 4,
        r"\sum_{k=1}^4 \Bigl(\sum_{j=1}^4 x_j^k - b_k\Bigr)^2,\; b = (8, 18, 44, 114)",
        "Neumaier 1997; Hedar 2007, Global Optimization Test Problems",
        (0.0, 4.0), lambda n: [[1.0, 2.0, 2.0, 3.0], [3.0, 2.0, 1.0, 2.0]], 0.0, lambda n: [[0.5, 1.0, 2.0, 3.5]],
        residuals=power_sum_residuals,
    ),
    Problem(
        "qing", sum_of_squares(qing_residuals), 3, r"\sum_{i=1}^n (x_i^2 - i)^2",
        "Qing 2006, IEEE Trans. Geosci. Remote Sensing 44:116; Jamil and Yang 2013",
        (-500.0, 500.0), _qing_minima, 0.0, lambda n: [np.full(n, 5.0)], any_n=True, residuals=qing_residuals,
    ),
    Problem(
        "exponential", exponential, 2, r"-\exp\Bigl(-\tfrac12 \sum_{i=1}^n x_i^2\Bigr)",
        "Rahnamayan, Tizhoosh and Salama 2007, Comput. Math. Appl. 53:1605; Jamil and Yang 2013",
        (-1.0, 1.0), lambda n: [np.zeros(n)], -1.0, lambda n: [np.full(n, 0.8)], any_n=True,
    ),
]  # fmt: skip
