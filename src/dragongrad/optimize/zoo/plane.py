"""Functions of two numbers."""

from __future__ import annotations

from typing import Any

import numpy as np

from .problem import Problem, sum_of_squares


def himmelblau_residuals(x: Any) -> Any:
    """The two curves that cross at the four minima."""
    return np.stack([x[0] ** 2 + x[1] - 11.0, x[0] + x[1] ** 2 - 7.0])


def matyas(x: Any) -> Any:
    """A long flat bowl."""
    return 0.26 * (x[0] ** 2 + x[1] ** 2) - 0.48 * x[0] * x[1]


def three_hump_camel(x: Any) -> Any:
    """Three humps, two traps."""
    x, y = x[0], x[1]
    return 2.0 * x**2 - 1.05 * x**4 + x**6 / 6.0 + x * y + y**2


def six_hump_camel(x: Any) -> Any:
    """Six minima in pairs, two of them global."""
    x, y = x[0], x[1]
    return (4.0 - 2.1 * x**2 + x**4 / 3.0) * x**2 + x * y + (4.0 * y**2 - 4.0) * y**2


def mccormick(x: Any) -> Any:
    """A tilted wave."""
    x, y = x[0], x[1]
    return np.sin(x + y) + (x - y) ** 2 - 1.5 * x + 2.5 * y + 1.0


def easom(x: Any) -> Any:
    """A needle in a plain."""
    x, y = x[0], x[1]
    return -np.cos(x) * np.cos(y) * np.exp(-((x - np.pi) ** 2) - (y - np.pi) ** 2)


def bohachevsky_1(x: Any) -> Any:
    """A bowl with separate ripples."""
    x, y = x[0], x[1]
    return x**2 + 2.0 * y**2 - 0.3 * np.cos(3.0 * np.pi * x) - 0.4 * np.cos(4.0 * np.pi * y) + 0.7


def bohachevsky_2(x: Any) -> Any:
    """A bowl with ripples multiplied."""
    x, y = x[0], x[1]
    return x**2 + 2.0 * y**2 - 0.3 * np.cos(3.0 * np.pi * x) * np.cos(4.0 * np.pi * y) + 0.3


def bohachevsky_3(x: Any) -> Any:
    """A bowl with slanting ripples."""
    x, y = x[0], x[1]
    return x**2 + 2.0 * y**2 - 0.3 * np.cos(3.0 * np.pi * x + 4.0 * np.pi * y) + 0.3


def branin(x: Any) -> Any:
    """A parabola bent through three equal minima."""
    x, y = x[0], x[1]
    bend = y - 5.1 / (4.0 * np.pi**2) * x**2 + 5.0 / np.pi * x - 6.0
    return bend**2 + 10.0 * (1.0 - 1.0 / (8.0 * np.pi)) * np.cos(x) + 10.0


def cube_residuals(x: Any) -> Any:
    """The residuals of the cubic valley."""
    return np.stack([10.0 * (x[1] - x[0] ** 3), 1.0 - x[0]])


def bird(x: Any) -> Any:
    """Two deep valleys among exponential hills."""
    x, y = x[0], x[1]
    return np.sin(x) * np.exp((1.0 - np.cos(y)) ** 2) + np.cos(y) * np.exp((1.0 - np.sin(x)) ** 2) + (x - y) ** 2


def _both_signs(x: float, y: float) -> list[list[float]]:
    return [[x, y], [-x, -y]]


PROBLEMS = [
    Problem(
        "himmelblau", sum_of_squares(himmelblau_residuals), 2,
        r"(x^2 + y - 11)^2 + (x + y^2 - 7)^2",
        "Himmelblau 1972, Applied Nonlinear Programming, McGraw-Hill",
        (-5.0, 5.0),
        lambda n: [[3.0, 2.0], [-2.80511808695274485, 3.13131251825057297],
                   [-3.77931025337774689, -3.28318599128616941], [3.58442834033049174, -1.84812652696440355]],
        0.0, lambda n: [[0.0, 0.0], [-1.0, 1.0]], residuals=himmelblau_residuals,
    ),
    Problem(
        "matyas", matyas, 2, r"0.26\,(x^2 + y^2) - 0.48\,xy",
        "Hedar 2007, Global Optimization Test Problems; Jamil and Yang 2013",
        (-10.0, 10.0), lambda n: [[0.0, 0.0]], 0.0, lambda n: [[-8.0, 5.0]],
    ),
    Problem(
        "three-hump-camel", three_hump_camel, 2, r"2x^2 - 1.05\,x^4 + \tfrac{x^6}{6} + xy + y^2",
        "Branin 1972, IBM J. Res. Dev. 16:504; Jamil and Yang 2013",
        (-5.0, 5.0), lambda n: [[0.0, 0.0]], 0.0, lambda n: [[-2.0, 2.0], [1.0, 1.0]],
        local=lambda n: [(0.29863844223685982, p) for p in _both_signs(-1.7475523458302889, 0.873776172915144449)],
    ),
    Problem(
        "six-hump-camel", six_hump_camel, 2,
        r"\bigl(4 - 2.1\,x^2 + \tfrac{x^4}{3}\bigr)x^2 + xy + (4y^2 - 4)\,y^2",
        "Dixon and Szego 1978, Towards Global Optimization 2:1; Jamil and Yang 2013",
        lambda n: [[-3.0, 3.0], [-2.0, 2.0]],
        lambda n: _both_signs(0.0898420131003180624, -0.712656403020739633), -1.03162845348987735,
        lambda n: [[-1.5, 1.0], [1.5, 0.5]],
        local=lambda n: [(-0.215463824383717638, p)
                         for p in _both_signs(-1.70360671496998085, 0.796083568672625119)]
        + [(2.10425031031125827, p) for p in _both_signs(1.60710475292019723, 0.568651454884131371)],
    ),
    Problem(
        "mccormick", mccormick, 2, r"\sin(x + y) + (x - y)^2 - 1.5\,x + 2.5\,y + 1",
        "McCormick, in Lootsma 1972, Numerical Methods for Non-linear Optimization; Jamil and Yang 2013",
        lambda n: [[-1.5, 4.0], [-3.0, 4.0]],
        lambda n: [[0.5 - np.pi / 3.0, -0.5 - np.pi / 3.0]], -np.sqrt(3.0) / 2.0 - np.pi / 3.0,
        lambda n: [[0.0, 0.0], [3.0, 3.0]],
        local=lambda n: [(1.22836969860875685, [0.5 + 2.0 * np.pi / 3.0, 2.0 * np.pi / 3.0 - 0.5])],
    ),
    Problem(
        "easom", easom, 2, r"-\cos x \,\cos y \; e^{-(x - \pi)^2 - (y - \pi)^2}",
        "Easom 1990, M. Eng. thesis, University of Louisville; Jamil and Yang 2013",
        (-100.0, 100.0), lambda n: [[np.pi, np.pi]], -1.0, lambda n: [[2.5, 2.5]],
    ),
    *[
        Problem(
            f"bohachevsky-{k}", f, 2, r"x^2 + 2y^2 - " + waves,
            f"Bohachevsky, Johnson and Stein 1986, Technometrics 28:209, no. {k}",
            (-100.0, 100.0), lambda n: [[0.0, 0.0]], 0.0, lambda n: [[-0.4, 0.2], [30.0, -20.0]],
        )
        for k, f, waves in (
            (1, bohachevsky_1, r"0.3\cos 3\pi x - 0.4\cos 4\pi y + 0.7"),
            (2, bohachevsky_2, r"0.3\cos 3\pi x\,\cos 4\pi y + 0.3"),
            (3, bohachevsky_3, r"0.3\cos(3\pi x + 4\pi y) + 0.3"),
        )
    ],
    Problem(
        "branin", branin, 2,
        r"\bigl(y - \tfrac{5.1}{4\pi^2}x^2 + \tfrac{5}{\pi}x - 6\bigr)^2"
        r" + 10\bigl(1 - \tfrac{1}{8\pi}\bigr)\cos x + 10",
        "Branin 1972, IBM J. Res. Dev. 16:504; Dixon and Szego 1978",
        lambda n: [[-5.0, 10.0], [0.0, 15.0]],
        lambda n: [[-np.pi, 12.275], [np.pi, 2.275], [3.0 * np.pi, 2.475]], 5.0 / (4.0 * np.pi),
        lambda n: [[0.0, 5.0], [6.0, 10.0]],
    ),
    Problem(
        "cube", sum_of_squares(cube_residuals), 2, r"100\,(y - x^3)^2 + (1 - x)^2",
        "Leon 1966, in Recent Advances in Optimization Techniques; Jamil and Yang 2013",
        (-1.5, 1.5), lambda n: [[1.0, 1.0]], 0.0, lambda n: [[-1.2, -1.0]], residuals=cube_residuals,
    ),
    Problem(
        "bird", bird, 2,
        r"\sin x\; e^{(1 - \cos y)^2} + \cos y\; e^{(1 - \sin x)^2} + (x - y)^2",
        "Mishra 2006, SSRN 926132; Jamil and Yang 2013",
        (-2.0 * np.pi, 2.0 * np.pi),
        lambda n: [[4.70104313024955302, 3.15293850372493007], [-1.58214217693003345, -3.1302468034546564]],
        -106.764536749264675, lambda n: [[3.0, 3.0], [0.0, 0.0]],
    ),
]  # fmt: skip
