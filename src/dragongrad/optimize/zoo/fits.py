"""Fits of models to measured data from the collection of More, Garbow and Hillstrom."""

from __future__ import annotations

from typing import Any

import numpy as np

from .minimizers import minimizers
from .problem import Problem, sum_of_squares

_MGH = "; More, Garbow and Hillstrom 1981, ACM TOMS 7:17, no. %d"

_BARD = np.array([0.14, 0.18, 0.22, 0.25, 0.29, 0.32, 0.35, 0.39, 0.37, 0.58, 0.73, 0.96, 1.34, 2.10, 4.39])
_GAUSSIAN = np.array([
    0.0009, 0.0044, 0.0175, 0.0540, 0.1295, 0.2420, 0.3521, 0.3989, 0.3521, 0.2420, 0.1295, 0.0540, 0.0175, 0.0044,
    0.0009,
])  # fmt: skip
_MEYER = np.array([
    34780.0, 28610.0, 23650.0, 19630.0, 16370.0, 13720.0, 11540.0, 9744.0, 8261.0, 7030.0, 6005.0, 5147.0, 4427.0,
    3820.0, 3307.0, 2872.0,
])  # fmt: skip
_KOWALIK_Y = np.array([0.1957, 0.1947, 0.1735, 0.1600, 0.0844, 0.0627, 0.0456, 0.0342, 0.0323, 0.0235, 0.0246])
_KOWALIK_U = np.array([4.0, 2.0, 1.0, 0.5, 0.25, 0.167, 0.125, 0.1, 0.0833, 0.0714, 0.0625])
_OSBORNE_1 = np.array([
    0.844, 0.908, 0.932, 0.936, 0.925, 0.908, 0.881, 0.850, 0.818, 0.784, 0.751, 0.718, 0.685, 0.658, 0.628, 0.603,
    0.580, 0.558, 0.538, 0.522, 0.506, 0.490, 0.478, 0.467, 0.457, 0.448, 0.438, 0.431, 0.424, 0.420, 0.414, 0.411,
    0.406,
])  # fmt: skip
_OSBORNE_2 = np.array([
    1.366, 1.191, 1.112, 1.013, 0.991, 0.885, 0.831, 0.847, 0.786, 0.725, 0.746, 0.679, 0.608, 0.655, 0.616, 0.606,
    0.602, 0.626, 0.651, 0.724, 0.649, 0.649, 0.694, 0.644, 0.624, 0.661, 0.612, 0.558, 0.533, 0.495, 0.500, 0.423,
    0.395, 0.375, 0.372, 0.391, 0.396, 0.405, 0.428, 0.429, 0.523, 0.562, 0.607, 0.653, 0.672, 0.708, 0.633, 0.668,
    0.645, 0.632, 0.591, 0.559, 0.597, 0.625, 0.739, 0.710, 0.729, 0.720, 0.636, 0.581, 0.428, 0.292, 0.162, 0.098,
    0.054,
])  # fmt: skip


def bard_residuals(x: Any) -> Any:
    """A rational model of fifteen data."""
    u = np.arange(1.0, 16.0)
    v = 16.0 - u
    return _BARD - (x[0] + u / (v * x[1] + np.minimum(u, v) * x[2]))


def gaussian_residuals(x: Any) -> Any:
    """A bell through fifteen data."""
    t = (8.0 - np.arange(1.0, 16.0)) / 2.0
    return x[0] * np.exp(-x[1] * (t - x[2]) ** 2 / 2.0) - _GAUSSIAN


def meyer_residuals(x: Any) -> Any:
    """The resistance of a thermistor: a narrow, curved valley."""
    return x[0] * np.exp(x[1] / (45.0 + 5.0 * np.arange(1.0, 17.0) + x[2])) - _MEYER


def gulf_residuals(x: Any) -> Any:
    """A stretched exponential at 99 levels."""
    t = np.arange(1.0, 100.0) / 100.0
    y = 25.0 + (-50.0 * np.log(t)) ** (2.0 / 3.0)
    return np.exp(-(np.abs(y - x[1]) ** x[2]) / x[0]) - t


def kowalik_osborne_residuals(x: Any) -> Any:
    """An enzyme reaction: a rational model of eleven data."""
    u = _KOWALIK_U
    return _KOWALIK_Y - x[0] * (u**2 + u * x[1]) / (u**2 + u * x[2] + x[3])


def osborne_1_residuals(x: Any) -> Any:
    """Two exponentials and a constant through 33 data."""
    t = 10.0 * np.arange(33.0)
    return _OSBORNE_1 - (x[0] + x[1] * np.exp(-t * x[3]) + x[2] * np.exp(-t * x[4]))


def osborne_2_residuals(x: Any) -> Any:
    """An exponential and three bells through 65 data."""
    t = np.arange(65.0) / 10.0
    bells = [x[k] * np.exp(-((t - x[7 + k]) ** 2) * x[4 + k]) for k in (1, 2, 3)]
    return _OSBORNE_2 - (x[0] * np.exp(-t * x[4]) + bells[0] + bells[1] + bells[2])


PROBLEMS = [
    Problem(
        "bard", sum_of_squares(bard_residuals), 3,
        r"\sum_{i=1}^{15} \Bigl(y_i - x_1 - \frac{u_i}{v_i x_2 + w_i x_3}\Bigr)^2,\;"
        r" u_i = i,\; v_i = 16 - i,\; w_i = \min(u_i, v_i)",
        "Bard 1970, SIAM J. Numer. Anal. 7:157" + _MGH % 8,
        (0.01, 3.0), minimizers("bard"), 0.008214877306578982, lambda n: [[1.0, 1.0, 1.0]],
        residuals=bard_residuals,
        local=lambda n: [(17.4286933, None)],  # at (0.8406..., -inf, -inf)
    ),
    Problem(
        "gaussian", sum_of_squares(gaussian_residuals), 3,
        r"\sum_{i=1}^{15} \bigl(x_1 e^{-x_2(t_i - x_3)^2/2} - y_i\bigr)^2,\; t_i = (8 - i)/2",
        "More, Garbow and Hillstrom 1981, ACM TOMS 7:17, no. 9",
        (-2.0, 2.0),
        lambda n: [[0.39895613783875666, 1.0000190844878056, 0.0]], 1.127932769619216e-08,
        lambda n: [[0.4, 1.0, 0.0]], residuals=gaussian_residuals,
    ),
    Problem(
        "meyer", sum_of_squares(meyer_residuals), 3,
        r"\sum_{i=1}^{16} \bigl(x_1 e^{x_2/(t_i + x_3)} - y_i\bigr)^2,\; t_i = 45 + 5i",
        "Meyer 1970, in Nonlinear Programming (Rosen, Mangasarian and Ritter)" + _MGH % 10,
        lambda n: [[0.001, 0.03], [3000.0, 8000.0], [200.0, 500.0]],
        minimizers("meyer"), 87.94585517069538, lambda n: [[0.02, 4000.0, 250.0]], residuals=meyer_residuals,
    ),
    Problem(
        "gulf", sum_of_squares(gulf_residuals), 3,
        r"\sum_{i=1}^{99} \Bigl(\exp\bigl(-\lvert y_i - x_2\rvert^{x_3}/x_1\bigr) - t_i\Bigr)^2,\;"
        r" t_i = \tfrac{i}{100},\; y_i = 25 + (-50\ln t_i)^{2/3}",
        "Cox 1969, in Himmelblau 1972" + _MGH % 11,
        lambda n: [[0.1, 100.0], [0.0, 25.6], [0.1, 5.0]], lambda n: [[50.0, 25.0, 1.5]], 0.0,
        lambda n: [[5.0, 2.5, 0.15]], residuals=gulf_residuals,
        kinks="where x_2 is one of the y_i, which are 25.63 and more",
    ),
    Problem(
        "kowalik-osborne", sum_of_squares(kowalik_osborne_residuals), 4,
        r"\sum_{i=1}^{11} \Bigl(y_i - \frac{x_1(u_i^2 + u_i x_2)}{u_i^2 + u_i x_3 + x_4}\Bigr)^2",
        "Kowalik and Osborne 1968, Methods for Unconstrained Optimization Problems" + _MGH % 15,
        (0.0, 0.5), minimizers("kowalik-osborne"), 0.00030750560384923815, lambda n: [[0.25, 0.39, 0.415, 0.39]],
        residuals=kowalik_osborne_residuals,
        local=lambda n: [(1.02734e-3, None)],  # at (inf, -14.07..., -inf, -inf)
    ),
    Problem(
        "osborne-1", sum_of_squares(osborne_1_residuals), 5,
        r"\sum_{i=1}^{33} \bigl(y_i - x_1 - x_2 e^{-t_i x_4} - x_3 e^{-t_i x_5}\bigr)^2,\; t_i = 10(i - 1)",
        "Osborne 1972, in Numerical Methods for Non-linear Optimization (Lootsma)" + _MGH % 17,
        lambda n: [[0.0, 3.0], [0.0, 3.0], [-3.0, 0.0], [0.0, 0.1], [0.0, 0.1]],
        minimizers("osborne-1"), 5.4648946974827746e-05,
        lambda n: [[0.5, 1.5, -1.0, 0.01, 0.02]], residuals=osborne_1_residuals,
    ),
    Problem(
        "osborne-2", sum_of_squares(osborne_2_residuals), 11,
        r"\sum_{i=1}^{65} \Bigl(y_i - x_1 e^{-t_i x_5} - \sum_{k=2}^4 x_k e^{-(t_i - x_{k+7})^2 x_{k+4}}\Bigr)^2,\;"
        r" t_i = (i - 1)/10",
        "Osborne 1972, in Numerical Methods for Non-linear Optimization (Lootsma)" + _MGH % 19,
        (0.1, 7.0),
        minimizers("osborne-2"), 0.04013773629354774,
        lambda n: [[1.3, 0.65, 0.65, 0.7, 0.6, 3.0, 5.0, 7.0, 2.0, 4.5, 5.5]], residuals=osborne_2_residuals,
    ),
]  # fmt: skip
