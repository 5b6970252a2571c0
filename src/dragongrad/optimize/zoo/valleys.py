"""Residual problems of fixed dimension from the collection of More, Garbow and Hillstrom."""

from __future__ import annotations

from typing import Any

import numpy as np

from .minimizers import minimizers
from .problem import Problem, sum_of_squares

_MGH = "; More, Garbow and Hillstrom 1981, ACM TOMS 7:17, no. %d"


def freudenstein_roth_residuals(x: Any) -> Any:
    """Two cubics, with a trap."""
    a, b = x[0], x[1]
    return np.stack([-13.0 + a + ((5.0 - b) * b - 2.0) * b, -29.0 + a + ((b + 1.0) * b - 14.0) * b])


def powell_badly_scaled_residuals(x: Any) -> Any:
    """A product and a sum that pull five orders of magnitude apart."""
    return np.stack([1e4 * x[0] * x[1] - 1.0, np.exp(-x[0]) + np.exp(-x[1]) - 1.0001])


def brown_badly_scaled_residuals(x: Any) -> Any:
    """Variables of sizes 1e6 and 1e-6."""
    return np.stack([x[0] - 1e6, x[1] - 2e-6, x[0] * x[1] - 2.0])


def jennrich_sampson_residuals(x: Any) -> Any:
    """Ten sums of two growing exponentials."""
    i = np.arange(1.0, 11.0)
    return 2.0 + 2.0 * i - (np.exp(i * x[0]) + np.exp(i * x[1]))


def helical_valley_residuals(x: Any) -> Any:
    """A valley that winds around an axis."""
    # The published angle, arctan(x2/x1) with half a turn added where x1 < 0, in one expression.
    turn = (np.pi / 2.0 - np.arctan2(x[0], x[1])) / (2.0 * np.pi)
    return np.stack([10.0 * (x[2] - 10.0 * turn), 10.0 * (np.linalg.norm(x[:2]) - 1.0), x[2]])


def box_residuals(x: Any) -> Any:
    """Ten differences of exponentials in three dimensions."""
    t = 0.1 * np.arange(1.0, 11.0)
    return np.exp(-t * x[0]) - np.exp(-t * x[1]) - x[2] * (np.exp(-t) - np.exp(-10.0 * t))


def powell_singular_residuals(x: Any) -> Any:
    """Four residuals whose Jacobian is singular at the minimum."""
    a, b, c, d = x[0], x[1], x[2], x[3]
    return np.stack(
        [a + 10.0 * b, np.sqrt(5.0) * (c - d), (b - 2.0 * c) ** 2, np.sqrt(10.0) * (a - d) ** 2]
    )  # fmt: skip


def wood_residuals(x: Any) -> Any:
    """Two valleys of Rosenbrock, coupled."""
    a, b, c, d = x[0], x[1], x[2], x[3]
    return np.stack([
        10.0 * (b - a**2), 1.0 - a, np.sqrt(90.0) * (d - c**2), 1.0 - c,
        np.sqrt(10.0) * (b + d - 2.0), (b - d) / np.sqrt(10.0),
    ])  # fmt: skip


def biggs_exp6_residuals(x: Any) -> Any:
    """Three exponentials to be separated."""
    t = 0.1 * np.arange(1.0, 14.0)
    y = np.exp(-t) - 5.0 * np.exp(-10.0 * t) + 3.0 * np.exp(-4.0 * t)
    return x[2] * np.exp(-t * x[0]) - x[3] * np.exp(-t * x[1]) + x[5] * np.exp(-t * x[4]) - y


def brown_dennis_residuals(x: Any) -> Any:
    """Twenty residuals, large at the minimum."""
    t = np.arange(1.0, 21.0) / 5.0
    return (x[0] + t * x[1] - np.exp(t)) ** 2 + (x[2] + x[3] * np.sin(t) - np.cos(t)) ** 2


PROBLEMS = [
    Problem(
        "freudenstein-roth", sum_of_squares(freudenstein_roth_residuals), 2,
        r"\bigl(-13 + x + ((5 - y)y - 2)y\bigr)^2 + \bigl(-29 + x + ((y + 1)y - 14)y\bigr)^2",
        "Freudenstein and Roth 1963, J. ACM 10:550" + _MGH % 2,
        lambda n: [[-5.0, 15.0], [-5.0, 6.0]], lambda n: [[5.0, 4.0]], 0.0, lambda n: [[0.5, -2.0]],
        residuals=freudenstein_roth_residuals,
        local=lambda n: [(48.98425367924003, x) for x in minimizers("freudenstein-roth, local")(n)],
    ),
    Problem(
        "powell-badly-scaled", sum_of_squares(powell_badly_scaled_residuals), 2,
        r"(10^4 xy - 1)^2 + (e^{-x} + e^{-y} - 1.0001)^2",
        "Powell 1970, in Numerical Methods for Nonlinear Algebraic Equations" + _MGH % 3,
        (0.0, 10.0),
        lambda n: [[1.0981593296997557e-05, 9.106146739867036]], 0.0,
        lambda n: [[0.0, 1.0]], residuals=powell_badly_scaled_residuals,
    ),
    Problem(
        "brown-badly-scaled", sum_of_squares(brown_badly_scaled_residuals), 2,
        r"(x - 10^6)^2 + (y - 2\cdot 10^{-6})^2 + (xy - 2)^2",
        "Brown, unpublished" + _MGH % 4,
        lambda n: [[0.0, 2e6], [0.0, 2.0]], lambda n: [[1e6, 2e-6]], 0.0, lambda n: [[1.0, 1.0]],
        residuals=brown_badly_scaled_residuals,
    ),
    Problem(
        "jennrich-sampson", sum_of_squares(jennrich_sampson_residuals), 2,
        r"\sum_{i=1}^{10} (2 + 2i - e^{ix} - e^{iy})^2",
        "Jennrich and Sampson 1968, Technometrics 10:63" + _MGH % 6,
        (0.0, 0.6),
        lambda n: [[0.2578252136703641, 0.25782521367036404]], 124.36218235561486,
        lambda n: [[0.3, 0.4]], residuals=jennrich_sampson_residuals,
    ),
    Problem(
        "helical-valley", sum_of_squares(helical_valley_residuals), 3,
        r"100\,(z - 10\,\theta)^2 + 100\,\bigl(\sqrt{x^2 + y^2} - 1\bigr)^2 + z^2,\;"
        r" \theta = \tfrac{1}{2\pi}\arctan\tfrac{y}{x}\; (+\tfrac12 \text{ if } x < 0)",
        "Fletcher and Powell 1963, Computer J. 6:163" + _MGH % 7,
        (-2.0, 2.0), lambda n: [[1.0, 0.0, 0.0]], 0.0, lambda n: [[-1.0, 0.0, 0.0]],
        residuals=helical_valley_residuals, kinks="the angle jumps by a turn where x = 0 and y < 0",
    ),
    Problem(
        "box", sum_of_squares(box_residuals), 3,
        r"\sum_{i=1}^{10} \bigl(e^{-t_i x} - e^{-t_i y} - z\,(e^{-t_i} - e^{-10 t_i})\bigr)^2,\; t_i = i/10",
        "Box 1966, Computer J. 9:67" + _MGH % 12,
        lambda n: [[0.0, 20.0], [0.0, 20.0], [-20.0, 20.0]],
        # And every point with x = y, z = 0: one of those is the last.
        lambda n: [[1.0, 10.0, 1.0], [10.0, 1.0, -1.0], [5.0, 5.0, 0.0]], 0.0, lambda n: [[0.0, 10.0, 20.0]],
        residuals=box_residuals,
    ),
    Problem(
        "powell-singular", sum_of_squares(powell_singular_residuals), 4,
        r"(x_1 + 10x_2)^2 + 5(x_3 - x_4)^2 + (x_2 - 2x_3)^4 + 10(x_1 - x_4)^4",
        "Powell 1962, Computer J. 5:147" + _MGH % 13,
        (-4.0, 5.0), lambda n: [np.zeros(4)], 0.0, lambda n: [[3.0, -1.0, 0.0, 1.0]],
        residuals=powell_singular_residuals,
    ),
    Problem(
        "wood", sum_of_squares(wood_residuals), 4,
        r"100(x_2 - x_1^2)^2 + (1 - x_1)^2 + 90(x_4 - x_3^2)^2 + (1 - x_3)^2"
        r" + 10(x_2 + x_4 - 2)^2 + \tfrac{1}{10}(x_2 - x_4)^2",
        "Colville 1968, IBM report 320-2949" + _MGH % 14,
        (-10.0, 10.0), lambda n: [np.ones(4)], 0.0, lambda n: [[-3.0, -1.0, -3.0, -1.0]],
        residuals=wood_residuals,
    ),
    Problem(
        "brown-dennis", sum_of_squares(brown_dennis_residuals), 4,
        r"\sum_{i=1}^{20} \bigl((x_1 + t_i x_2 - e^{t_i})^2 + (x_3 + x_4\sin t_i - \cos t_i)^2\bigr)^2,"
        r"\; t_i = i/5",
        "Brown and Dennis 1971, New computational algorithms for minimizing a sum of squares" + _MGH % 16,
        (-25.0, 25.0), minimizers("brown-dennis"), 85822.20162635634,
        lambda n: [[25.0, 5.0, -5.0, -1.0]],
        residuals=brown_dennis_residuals,
    ),
    Problem(
        "biggs-exp6", sum_of_squares(biggs_exp6_residuals), 6,
        r"\sum_{i=1}^{13} (x_3 e^{-t_i x_1} - x_4 e^{-t_i x_2} + x_6 e^{-t_i x_5} - y_i)^2,\;"
        r" t_i = i/10,\; y_i = e^{-t_i} - 5e^{-10t_i} + 3e^{-4t_i}",
        "Biggs 1971, J. Inst. Math. Appl. 8:315" + _MGH % 18,
        (-5.0, 20.0),
        # The first and the last exponential may change places.
        lambda n: [[1.0, 10.0, 1.0, 5.0, 4.0, 3.0], [4.0, 10.0, 3.0, 5.0, 1.0, 1.0]], 0.0,
        lambda n: [[1.0, 2.0, 1.0, 1.0, 1.0, 1.0]], residuals=biggs_exp6_residuals,
        # Published as a local minimum, but one eigenvalue of the Hessian there is -0.0098: it is a saddle at which
        # methods end that never leave the plane x_1 = x_5, x_3 = x_6.
        local=lambda n: [(0.005655649925499941, x) for x in minimizers("biggs-exp6, local")(n)],
    ),
]  # fmt: skip
