"""The five functions of the classic library's study."""

from __future__ import annotations

from typing import Any

import numpy as np

from .problem import Problem, sum_of_squares


def rosenbrock_residuals(x: Any) -> Any:
    """The residuals of `rosenbrock`: n - 1 for the valley, then n - 1 for the way along it."""
    head, tail = x[:-1], x[1:]
    return np.concatenate([10.0 * (tail - head * head), 1.0 - head])


def rosenbrock(x: Any) -> Any:
    """Rosenbrock's curved valley, chained in n dimensions."""
    head, tail = x[:-1], x[1:]
    return np.sum(100.0 * (tail - head**2) ** 2 + (1.0 - head) ** 2)


def beale_residuals(x: Any) -> Any:
    """The three residuals of Beale's function."""
    y = x[1]
    return np.stack([1.5 - x[0] * (1.0 - y), 2.25 - x[0] * (1.0 - y**2), 2.625 - x[0] * (1.0 - y**3)])


def goldstein_price(x: Any) -> Any:
    """The product of two polynomials of fourth degree."""
    x, y = x[0], x[1]
    a = 19.0 - 14.0 * x + 3.0 * x**2 - 14.0 * y + 6.0 * x * y + 3.0 * y**2
    b = 18.0 - 32.0 * x + 12.0 * x**2 + 48.0 * y - 36.0 * x * y + 27.0 * y**2
    return (1.0 + (x + y + 1.0) ** 2 * a) * (30.0 + (2.0 * x - 3.0 * y) ** 2 * b)


def booth_residuals(x: Any) -> Any:
    """The two lines that meet at Booth's minimum."""
    return np.stack([x[0] + 2.0 * x[1] - 7.0, 2.0 * x[0] + x[1] - 5.0])


def constructed(x: Any) -> Any:
    """A loss with a trap and plateaus, on which methods part."""
    s = x[0] + x[1]
    return np.cos(s / 2.0) * np.exp(-(x @ x) / 10.0) + s / 10.0 + np.exp((3.0 - s) / 10.0)


PROBLEMS = [
    Problem(
        "rosenbrock", rosenbrock, 2,
        r"\sum_{i=1}^{n-1} 100\,(x_{i+1} - x_i^2)^2 + (1 - x_i)^2",
        "Rosenbrock 1960, Computer J. 3:175; More-Garbow-Hillstrom 1981, no. 1; chained as in Goldberg 1989",
        (-2.048, 2.048), lambda n: [np.ones(n)], 0.0,
        lambda n: [np.where(np.arange(n) % 2 == 0, -1.2, 1.0)],
        any_n=True, residuals=rosenbrock_residuals, dimensions=range(2, 2**31),
        # The second minimum, near (-1, 1, ..., 1), exists from n = 4 on (Shang and Qiu 2006).
        local=lambda n: [(3.7014286104300173, [-0.775659226565352625, 0.61309336548504346, 0.382062846338393148,
                                               0.145972018552194615])] if n == 4 else [],
    ),
    Problem(
        "beale", sum_of_squares(beale_residuals), 2,
        r"(1.5 - x + xy)^2 + (2.25 - x + xy^2)^2 + (2.625 - x + xy^3)^2",
        "Beale 1958, Princeton technical report 25; More-Garbow-Hillstrom 1981, no. 5",
        (-4.5, 4.5), lambda n: [[3.0, 0.5]], 0.0, lambda n: [[1.0, 1.0]], residuals=beale_residuals,
    ),
    Problem(
        "goldstein-price", goldstein_price, 2,
        r"\bigl[1 + (x+y+1)^2 (19 - 14x + 3x^2 - 14y + 6xy + 3y^2)\bigr]"
        r"\bigl[30 + (2x-3y)^2 (18 - 32x + 12x^2 + 48y - 36xy + 27y^2)\bigr]",
        "Goldstein and Price 1971, Math. Comp. 25:569",
        (-2.0, 2.0), lambda n: [[0.0, -1.0]], 3.0, lambda n: [[-0.5, 0.25], [1.5, 1.5]],
        local=lambda n: [(30.0, [-0.6, -0.4]), (84.0, [1.8, 0.2]), (840.0, [1.2, 0.8])],
    ),
    Problem(
        "booth", sum_of_squares(booth_residuals), 2,
        r"(x + 2y - 7)^2 + (2x + y - 5)^2",
        "Booth; Jamil and Yang 2013, Int. J. Math. Model. Numer. Optim. 4:150",
        (-10.0, 10.0), lambda n: [[1.0, 3.0]], 0.0, lambda n: [[-5.0, -5.0]], residuals=booth_residuals,
    ),
    Problem(
        "constructed", constructed, 2,
        r"\cos\tfrac{x+y}{2}\; e^{-(x^2+y^2)/10} + \tfrac{x+y}{10} + e^{(3-x-y)/10}",
        "the classic library's study: gradient descent stays on the plateau from (5, -5), where Adam arrives",
        (-10.0, 10.0), lambda n: [[2.3262944527983566929] * 2], 1.0806306831142283606,
        # From (5, -5), with the rates 0.01 and 0.1, gradient descent is still on the plateau after 100,000 steps
        # and Adam arrives within 2,000; from (-2, -7.5), with the rate 0.1, one ends in the trap and the other not;
        # from (-4, -4) both fall into it.
        lambda n: [[5.0, -5.0], [-2.0, -7.5], [-4.0, -4.0], [5.0, 5.0]],
        local=lambda n: [(1.4249422866812681904, [-2.0652358540218099692] * 2)],
    ),
]  # fmt: skip
