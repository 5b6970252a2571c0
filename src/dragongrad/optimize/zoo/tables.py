"""Functions made of a table: Gaussian bells and inverse distances."""

from __future__ import annotations

from functools import partial
from typing import Any

import numpy as np

from .problem import Problem

_WEIGHTS = np.array([1.0, 1.2, 3.0, 3.2])

_A3 = np.array([[3.0, 10.0, 30.0], [0.1, 10.0, 35.0], [3.0, 10.0, 30.0], [0.1, 10.0, 35.0]])
_P3 = 1e-4 * np.array(
    [[3689.0, 1170.0, 2673.0], [4699.0, 4387.0, 7470.0], [1091.0, 8732.0, 5547.0], [381.0, 5743.0, 8828.0]]
)

_A6 = np.array([
    [10.0, 3.0, 17.0, 3.5, 1.7, 8.0], [0.05, 10.0, 17.0, 0.1, 8.0, 14.0],
    [3.0, 3.5, 1.7, 10.0, 17.0, 8.0], [17.0, 8.0, 0.05, 10.0, 0.1, 14.0],
])  # fmt: skip
_P6 = 1e-4 * np.array([
    [1312.0, 1696.0, 5569.0, 124.0, 8283.0, 5886.0], [2329.0, 4135.0, 8307.0, 3736.0, 1004.0, 9991.0],
    [2348.0, 1451.0, 3522.0, 2883.0, 3047.0, 6650.0], [4047.0, 8828.0, 8732.0, 5743.0, 1091.0, 381.0],
])  # fmt: skip

_SHEKEL_AT = np.array([
    [4.0, 4.0, 4.0, 4.0], [1.0, 1.0, 1.0, 1.0], [8.0, 8.0, 8.0, 8.0], [6.0, 6.0, 6.0, 6.0], [3.0, 7.0, 3.0, 7.0],
    [2.0, 9.0, 2.0, 9.0], [5.0, 5.0, 3.0, 3.0], [8.0, 1.0, 8.0, 1.0], [6.0, 2.0, 6.0, 2.0], [7.0, 3.6, 7.0, 3.6],
])  # fmt: skip
_SHEKEL_WIDTH = np.array([0.1, 0.2, 0.2, 0.4, 0.4, 0.6, 0.3, 0.7, 0.5, 0.5])


def hartmann_3(x: Any) -> Any:
    """Four bells in three dimensions."""
    return -np.sum(_WEIGHTS * np.exp(-np.sum(_A3 * (x - _P3) ** 2, axis=1)))


def hartmann_6(x: Any) -> Any:
    """Four bells in six dimensions."""
    return -np.sum(_WEIGHTS * np.exp(-np.sum(_A6 * (x - _P6) ** 2, axis=1)))


def shekel(x: Any, m: int = 10) -> Any:
    """The sum of m inverse distances."""
    return -np.sum(1.0 / (np.sum((x - _SHEKEL_AT[:m]) ** 2, axis=1) + _SHEKEL_WIDTH[:m]))


def colville(x: Any) -> Any:
    """Wood's function, as Colville wrote it."""
    a, b, c, d = x[0], x[1], x[2], x[3]
    return (
        100.0 * (a**2 - b) ** 2 + (a - 1.0) ** 2 + (c - 1.0) ** 2 + 90.0 * (c**2 - d) ** 2
        + 10.1 * ((b - 1.0) ** 2 + (d - 1.0) ** 2) + 19.8 * (b - 1.0) * (d - 1.0)
    )  # fmt: skip


def _only(at: list[float], n: int) -> list[list[float]]:
    return [at]


_HARTMANN = r"-\sum_{i=1}^4 c_i \exp\Bigl(-\sum_{j=1}^{%d} A_{ij}(x_j - P_{ij})^2\Bigr)"

PROBLEMS = [
    Problem(
        "hartmann-3", hartmann_3, 3, _HARTMANN % 3,
        "Hartman 1972, Naval Postgraduate School NPS55HH72051A; Dixon and Szego 1978",
        (0.0, 1.0),
        lambda n: [[0.11458887665506896, 0.5556488946169301, 0.8525469846866774]], -3.862779787332663,
        lambda n: [[0.5, 0.5, 0.5]],
    ),
    Problem(
        "hartmann-6", hartmann_6, 6, _HARTMANN % 6,
        "Hartman 1972, Naval Postgraduate School NPS55HH72051A; Dixon and Szego 1978",
        (0.0, 1.0),
        lambda n: [[0.20168951100670543, 0.15001069182345797, 0.47687397422189703,
                   0.2753324304940561, 0.31165161660011326, 0.6573005340656204]],
        -3.322368011415515, lambda n: [[0.3] * 6],
    ),
    *[
        Problem(
            f"shekel-{m}", partial(shekel, m=m), 4,
            rf"-\sum_{{i=1}}^{{{m}}} \Bigl(\sum_{{j=1}}^4 (x_j - A_{{ij}})^2 + c_i\Bigr)^{{-1}}",
            "Shekel 1971, Proc. 5th Princeton Conf. Information Sciences; Dixon and Szego 1978",
            (0.0, 10.0), partial(_only, at), least, lambda n: [[5.0, 5.0, 5.0, 5.0], [3.5, 3.5, 3.5, 3.5]],
        )
        for m, at, least in (
            (5, [4.000037152819676, 4.00013327659156, 4.000037152819676, 4.00013327659156], -10.153199679058227),
            (7, [4.000572916185823, 4.000689366185305, 3.9994897088591506, 3.9996061588586316], -10.40294056681866),
            (10, [4.000746531592046, 4.000592934138532, 3.9996633980403224, 3.9995098005868077],
             -10.536409816692043),
        )
    ],
    Problem(
        "colville", colville, 4,
        r"100(x_1^2 - x_2)^2 + (x_1 - 1)^2 + (x_3 - 1)^2 + 90(x_3^2 - x_4)^2"
        r" + 10.1\bigl((x_2 - 1)^2 + (x_4 - 1)^2\bigr) + 19.8(x_2 - 1)(x_4 - 1)",
        "Colville 1968, IBM report 320-2949; the same function as Wood's, without the residuals",
        (-10.0, 10.0), lambda n: [[1.0, 1.0, 1.0, 1.0]], 0.0, lambda n: [[-3.0, -1.0, -3.0, -1.0]],
    ),
]  # fmt: skip
