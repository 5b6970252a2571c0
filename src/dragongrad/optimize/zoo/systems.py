"""Residual problems of any dimension from the collection of More, Garbow and Hillstrom."""

from __future__ import annotations

from typing import Any

import numpy as np

from .minimizers import minimizers
from .problem import Array, Problem, known, sum_of_squares

_MGH = "; More, Garbow and Hillstrom 1981, ACM TOMS 7:17, no. %d"
_ITSELF = "More, Garbow and Hillstrom 1981, ACM TOMS 7:17, no. %d"


def _counted(x: Any) -> Array:
    return np.arange(1.0, len(x) + 1.0)


def watson_residuals(x: Any) -> Any:
    """A differential equation solved by a polynomial: 31 residuals."""
    j = np.arange(len(x))
    t = np.arange(1.0, 30.0)[:, None] / 29.0
    slopes = j[1:] * t ** (j[1:] - 1.0)
    fit = slopes @ x[1:] - ((t**j) @ x) ** 2 - 1.0
    return np.concatenate([fit, x[:1], x[1:2] - x[:1] ** 2 - 1.0])


def extended_rosenbrock_residuals(x: Any) -> Any:
    """Rosenbrock's valley in every pair of variables."""
    odd, even = x[::2], x[1::2]
    return np.concatenate([10.0 * (even - odd**2), 1.0 - odd])


def extended_powell_residuals(x: Any) -> Any:
    """Powell's singular function in every four variables."""
    a, b, c, d = x[::4], x[1::4], x[2::4], x[3::4]
    return np.concatenate(
        [a + 10.0 * b, np.sqrt(5.0) * (c - d), (b - 2.0 * c) ** 2, np.sqrt(10.0) * (a - d) ** 2]
    )  # fmt: skip


def penalty_1_residuals(x: Any) -> Any:
    """A sphere of radius one half, with a slight pull to (1, ..., 1)."""
    return np.concatenate([np.sqrt(1e-5) * (x - 1.0), np.reshape(np.sum(x * x) - 0.25, (1,))])


def penalty_2_residuals(x: Any) -> Any:
    """An ellipsoid, with a slight pull to a curve."""
    n = len(x)
    e = np.exp(x / 10.0)
    i = np.arange(2.0, n + 1.0)
    y = np.exp(i / 10.0) + np.exp((i - 1.0) / 10.0)
    ellipsoid = np.sum(np.arange(float(n), 0.0, -1.0) * x * x) - 1.0
    return np.concatenate([
        x[:1] - 0.2, np.sqrt(1e-5) * (e[1:] + e[:-1] - y), np.sqrt(1e-5) * (e[1:] - np.exp(-0.1)),
        np.reshape(ellipsoid, (1,)),
    ])  # fmt: skip


def variably_dimensioned_residuals(x: Any) -> Any:
    """A bowl with one direction of fourth degree."""
    s = np.reshape(np.sum(_counted(x) * (x - 1.0)), (1,))
    return np.concatenate([x - 1.0, s, s**2])


def trigonometric_residuals(x: Any) -> Any:
    """Sines and cosines, all coupled by one sum."""
    return len(x) - np.sum(np.cos(x)) + _counted(x) * (1.0 - np.cos(x)) - np.sin(x)


def brown_almost_linear_residuals(x: Any) -> Any:
    """Linear equations and a product."""
    linear = x[:-1] + np.sum(x) - (len(x) + 1.0)
    return np.concatenate([linear, np.reshape(np.prod(x) - 1.0, (1,))])


def _grid(x: Any) -> tuple[float, Array]:
    h = 1.0 / (len(x) + 1.0)
    return h, h * _counted(x)


def _shifted(x: Any) -> tuple[Any, Any]:
    """The neighbour before and the neighbour after each element, 0 beyond the ends."""
    zero = np.zeros(1)
    return np.concatenate([zero, x[:-1]]), np.concatenate([x[1:], zero])


def discrete_boundary_value_residuals(x: Any) -> Any:
    """A two-point boundary value problem by differences."""
    h, t = _grid(x)
    before, after = _shifted(x)
    return 2.0 * x - before - after + h**2 * (x + t + 1.0) ** 3 / 2.0


def discrete_integral_equation_residuals(x: Any) -> Any:
    """The same problem as an integral equation."""
    h, t = _grid(x)
    kernel = np.minimum(t, t[:, None]) * (1.0 - np.maximum(t, t[:, None]))
    return x + h / 2.0 * (kernel @ (x + t + 1.0) ** 3)


def broyden_tridiagonal_residuals(x: Any) -> Any:
    """Quadratic equations, each of three neighbours."""
    before, after = _shifted(x)
    return (3.0 - 2.0 * x) * x - before - 2.0 * after + 1.0


def broyden_banded_residuals(x: Any) -> Any:
    """Cubic equations, each of five neighbours before and one after."""
    n = len(x)
    terms = np.concatenate([np.zeros(5), x * (1.0 + x), np.zeros(1)])
    band = sum(terms[k : k + n] for k in (0, 1, 2, 3, 4, 6))
    return x * (2.0 + 5.0 * x**2) + 1.0 - band


def linear_full_rank_residuals(x: Any) -> Any:
    """Linear equations of full rank: 2n of them."""
    n = len(x)
    mean = np.sum(x) / n
    return np.concatenate([x - mean - 1.0, (-mean - 1.0) * np.ones(n)])


def linear_rank_1_residuals(x: Any) -> Any:
    """Linear equations of rank 1: 2n of them."""
    return np.arange(1.0, 2.0 * len(x) + 1.0) * np.sum(_counted(x) * x) - 1.0


def linear_rank_1_zeros_residuals(x: Any) -> Any:
    """Linear equations of rank 1 with zero rows and columns: 2n of them."""
    m = 2 * len(x)
    i = np.concatenate([np.arange(m - 1.0), np.zeros(1)])
    return i * np.sum(_counted(x)[1:-1] * x[1:-1]) - 1.0


def chebyquad_residuals(x: Any) -> Any:
    """Equal-weight quadrature: the means of the Chebyshev polynomials on [0, 1] against their integrals."""
    n = len(x)
    t = 2.0 * x - 1.0
    before, now = np.ones(n), t
    means = []
    for i in range(1, n + 1):
        integral = -1.0 / (i**2 - 1.0) if i % 2 == 0 else 0.0
        means.append(np.sum(now) / n - integral)
        before, now = now, 2.0 * t * now - before
    return np.stack(means)


def _penalty_1(n: int) -> float:
    """The coordinate of the minimizer, all of whose coordinates are equal: the greatest root of a cubic."""
    roots = np.roots([4.0 * n, 0.0, 2e-5 - 1.0, -2e-5])
    return float(np.max(roots.real))


def _penalty_1_least(n: int) -> float:
    r = penalty_1_residuals(np.full(n, _penalty_1(n)))
    return float(r @ r)


def _grid_start(n: int) -> list[Array]:
    t = np.arange(1.0, n + 1.0) / (n + 1.0)
    return [t * (t - 1.0)]


def _rank_1_least(n: int) -> float:
    m = 2.0 * n
    return m * (m - 1.0) / (2.0 * (2.0 * m + 1.0))


def _rank_1_minima(n: int) -> list[Array]:
    """Two points of the hyperplane of minimizers, of which sum(j x_j) = 3 / (2m + 1)."""
    j = np.arange(1.0, n + 1.0)
    level = 3.0 / (4.0 * n + 1.0)
    return [j * level / (j @ j), np.full(n, level / j.sum())]


def _rank_1_zeros_least(n: int) -> float:
    m = 2.0 * n
    return (m * m + 3.0 * m - 6.0) / (2.0 * (2.0 * m - 3.0))


def _rank_1_zeros_minima(n: int) -> list[Array]:
    """Two points of the hyperplane of minimizers: the first and the last variable are free."""
    j = np.arange(1.0, n + 1.0)
    j[[0, -1]] = 0.0
    level = 3.0 / (4.0 * n - 3.0)
    at = j * level / (j @ j)
    return [at, at + np.where(j == 0.0, 1.0, 0.0)]


PROBLEMS = [
    Problem(
        "watson", sum_of_squares(watson_residuals), 6,
        r"\sum_{i=1}^{29} \Bigl(\sum_{j=2}^n (j-1)x_j t_i^{j-2} - \bigl(\sum_{j=1}^n x_j t_i^{j-1}\bigr)^2"
        r" - 1\Bigr)^2 + x_1^2 + (x_2 - x_1^2 - 1)^2,\; t_i = i/29",
        "Kowalik and Osborne 1968, Methods for Unconstrained Optimization Problems" + _MGH % 20,
        (-2.0, 2.0), minimizers("watson"), known(
            {6: 0.0022876700535524597, 9: 1.3997601381007871e-06, 12: 4.722381109582336e-10}
        ),
        lambda n: [np.zeros(n)], any_n=True, residuals=watson_residuals, dimensions=range(2, 32),
    ),
    Problem(
        "extended-rosenbrock", sum_of_squares(extended_rosenbrock_residuals), 10,
        r"\sum_{i=1}^{n/2} 100\,(x_{2i} - x_{2i-1}^2)^2 + (1 - x_{2i-1})^2",
        "Spedicato 1975, CISE-N-175" + _MGH % 21,
        (-2.048, 2.048), lambda n: [np.ones(n)], 0.0, lambda n: [np.tile([-1.2, 1.0], n // 2)],
        any_n=True, residuals=extended_rosenbrock_residuals, dimensions=range(2, 2**31, 2),
    ),
    Problem(
        "extended-powell-singular", sum_of_squares(extended_powell_residuals), 12,
        r"\sum_{i=1}^{n/4} (x_{4i-3} + 10x_{4i-2})^2 + 5(x_{4i-1} - x_{4i})^2 + (x_{4i-2} - 2x_{4i-1})^4"
        r" + 10(x_{4i-3} - x_{4i})^4",
        "Spedicato 1975, CISE-N-175" + _MGH % 22,
        (-4.0, 5.0), lambda n: [np.zeros(n)], 0.0, lambda n: [np.tile([3.0, -1.0, 0.0, 1.0], n // 4)],
        any_n=True, residuals=extended_powell_residuals, dimensions=range(4, 2**31, 4),
    ),
    Problem(
        "penalty-1", sum_of_squares(penalty_1_residuals), 4,
        r"10^{-5}\sum_{i=1}^n (x_i - 1)^2 + \Bigl(\sum_{j=1}^n x_j^2 - \tfrac14\Bigr)^2",
        "Gill, Murray and Pitfield 1972, NPL report NAC 11" + _MGH % 23,
        (-5.0, 5.0), lambda n: [np.full(n, _penalty_1(n))], _penalty_1_least, lambda n: [np.arange(1.0, n + 1.0)],
        any_n=True, residuals=penalty_1_residuals,
    ),
    Problem(
        "penalty-2", sum_of_squares(penalty_2_residuals), 4,
        r"(x_1 - 0.2)^2 + 10^{-5}\sum_{i=2}^n \bigl(e^{x_i/10} + e^{x_{i-1}/10} - y_i\bigr)^2"
        r" + 10^{-5}\sum_{i=2}^n \bigl(e^{x_i/10} - e^{-1/10}\bigr)^2"
        r" + \Bigl(\sum_{j=1}^n (n - j + 1)x_j^2 - 1\Bigr)^2,\; y_i = e^{i/10} + e^{(i-1)/10}",
        "Gill, Murray and Pitfield 1972, NPL report NAC 11" + _MGH % 24,
        (-2.0, 2.0), minimizers("penalty-2"), known({4: 9.376293007355442e-06, 10: 0.000293660537456746}),
        lambda n: [np.full(n, 0.5)],
        any_n=True, residuals=penalty_2_residuals, dimensions=range(2, 2**31),
    ),
    Problem(
        "variably-dimensioned", sum_of_squares(variably_dimensioned_residuals), 10,
        r"\sum_{i=1}^n (x_i - 1)^2 + s^2 + s^4,\; s = \sum_{j=1}^n j\,(x_j - 1)",
        _ITSELF % 25, (-2.0, 2.0), lambda n: [np.ones(n)], 0.0, lambda n: [1.0 - np.arange(1.0, n + 1.0) / n],
        any_n=True, residuals=variably_dimensioned_residuals,
    ),
    Problem(
        "trigonometric", sum_of_squares(trigonometric_residuals), 10,
        r"\sum_{i=1}^n \Bigl(n - \sum_{j=1}^n \cos x_j + i\,(1 - \cos x_i) - \sin x_i\Bigr)^2",
        "Spedicato 1975, CISE-N-175" + _MGH % 26,
        (-np.pi, np.pi), lambda n: [np.zeros(n)], 0.0, lambda n: [np.full(n, 1.0 / n)],
        any_n=True, residuals=trigonometric_residuals,
        local=lambda n: [(2.7950561218804968e-05, x) for x in minimizers("trigonometric, local")(n)],
    ),
    Problem(
        "brown-almost-linear", sum_of_squares(brown_almost_linear_residuals), 10,
        r"\sum_{i=1}^{n-1} \Bigl(x_i + \sum_{j=1}^n x_j - (n + 1)\Bigr)^2 + \Bigl(\prod_{j=1}^n x_j - 1\Bigr)^2",
        "Brown 1969, SIAM J. Numer. Anal. 6:560" + _MGH % 27,
        # And (a, ..., a, a**(1 - n)) for every other root a of n a**n - (n + 1) a**(n - 1) + 1.
        (-1.0, 2.0), lambda n: [np.ones(n)], 0.0, lambda n: [np.full(n, 0.5)],
        any_n=True, residuals=brown_almost_linear_residuals, dimensions=range(2, 2**31),
        local=lambda n: [(1.0, np.append(np.zeros(n - 1), n + 1.0))] if n > 3 else [],
    ),
    Problem(
        "discrete-boundary-value", sum_of_squares(discrete_boundary_value_residuals), 10,
        r"\sum_{i=1}^n \bigl(2x_i - x_{i-1} - x_{i+1} + \tfrac{h^2}{2}(x_i + t_i + 1)^3\bigr)^2,\;"
        r" h = \tfrac{1}{n+1},\; t_i = ih,\; x_0 = x_{n+1} = 0",
        "More and Cosnard 1979, ACM TOMS 5:64" + _MGH % 28,
        (-1.0, 1.0), minimizers("discrete-boundary-value"), 0.0, _grid_start,
        any_n=True, residuals=discrete_boundary_value_residuals,
    ),
    Problem(
        "discrete-integral-equation", sum_of_squares(discrete_integral_equation_residuals), 10,
        r"\sum_{i=1}^n \Bigl(x_i + \tfrac h2 \sum_{j=1}^n \min(t_i, t_j)\bigl(1 - \max(t_i, t_j)\bigr)"
        r"(x_j + t_j + 1)^3\Bigr)^2,\; h = \tfrac{1}{n+1},\; t_i = ih",
        "More and Cosnard 1979, ACM TOMS 5:64" + _MGH % 29,
        (-1.0, 1.0), minimizers("discrete-integral-equation"), 0.0, _grid_start,
        any_n=True, residuals=discrete_integral_equation_residuals,
    ),
    Problem(
        "broyden-tridiagonal", sum_of_squares(broyden_tridiagonal_residuals), 10,
        r"\sum_{i=1}^n \bigl((3 - 2x_i)x_i - x_{i-1} - 2x_{i+1} + 1\bigr)^2,\; x_0 = x_{n+1} = 0",
        "Broyden 1965, Math. Comp. 19:577" + _MGH % 30,
        (-1.0, 1.0), minimizers("broyden-tridiagonal"), 0.0, lambda n: [-np.ones(n)],
        any_n=True, residuals=broyden_tridiagonal_residuals,
    ),
    Problem(
        "broyden-banded", sum_of_squares(broyden_banded_residuals), 10,
        r"\sum_{i=1}^n \Bigl(x_i(2 + 5x_i^2) + 1 - \sum_{j=\max(1, i-5),\, j \ne i}^{\min(n, i+1)}"
        r" x_j(1 + x_j)\Bigr)^2",
        "Broyden 1971, Math. Comp. 25:285" + _MGH % 31,
        (-1.0, 1.0), minimizers("broyden-banded"), 0.0, lambda n: [-np.ones(n)],
        any_n=True, residuals=broyden_banded_residuals,
    ),
    Problem(
        "linear-full-rank", sum_of_squares(linear_full_rank_residuals), 10,
        r"\sum_{i=1}^n (x_i - \bar x - 1)^2 + n\,(\bar x + 1)^2,\; \bar x = \tfrac1n\sum_{j=1}^n x_j",
        _ITSELF % 32 + ", m = 2n",
        (-2.0, 2.0), lambda n: [-np.ones(n)], lambda n: float(n), lambda n: [np.ones(n)],
        any_n=True, residuals=linear_full_rank_residuals,
    ),
    Problem(
        "linear-rank-1", sum_of_squares(linear_rank_1_residuals), 10,
        r"\sum_{i=1}^{2n} \Bigl(i\sum_{j=1}^n j\,x_j - 1\Bigr)^2",
        _ITSELF % 33 + ", m = 2n",
        (-2.0, 2.0), _rank_1_minima, _rank_1_least, lambda n: [np.ones(n)],
        any_n=True, residuals=linear_rank_1_residuals,
    ),
    Problem(
        "linear-rank-1-zeros", sum_of_squares(linear_rank_1_zeros_residuals), 10,
        r"2 + \sum_{i=2}^{2n-1} \Bigl((i - 1)\sum_{j=2}^{n-1} j\,x_j - 1\Bigr)^2",
        _ITSELF % 34 + ", m = 2n",
        (-2.0, 2.0), _rank_1_zeros_minima, _rank_1_zeros_least, lambda n: [np.ones(n)],
        any_n=True, residuals=linear_rank_1_zeros_residuals, dimensions=range(3, 2**31),
    ),
    Problem(
        "chebyquad", sum_of_squares(chebyquad_residuals), 8,
        r"\sum_{i=1}^n \Bigl(\tfrac1n\sum_{j=1}^n T_i(2x_j - 1) - \int_0^1 T_i(2t - 1)\,dt\Bigr)^2,\;"
        r" T_i \text{ the Chebyshev polynomials}",
        "Fletcher 1965, Computer J. 8:33" + _MGH % 35,
        (0.0, 1.0), minimizers("chebyquad"), known(
            {1: 0.0, 2: 0.0, 3: 0.0, 4: 0.0, 5: 0.0, 6: 0.0, 7: 0.0, 9: 0.0, 8: 0.0035168737256779303,
             10: 0.006503954800882304}
        ),
        lambda n: [np.arange(1.0, n + 1.0) / (n + 1.0)], any_n=True, residuals=chebyquad_residuals,
    ),
]  # fmt: skip
