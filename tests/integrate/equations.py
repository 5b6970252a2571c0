"""Equations with known solutions, for the tests of this folder."""

from dataclasses import dataclass, field
from typing import Any

import numpy as np
from scipy.linalg import expm

MATRIX = np.array([[-1.0, 2.0, 0.0], [-2.0, -1.0, 0.5], [0.0, 0.3, -0.7]])


@dataclass(frozen=True)
class Equation:
    """An equation, where it starts, its parameters, and its solution by time, start and parameters."""

    title: str
    f: Any
    y0: Any
    args: tuple
    solution: Any
    end: float = 2.0
    options: dict = field(default_factory=dict)


EQUATIONS = [
    Equation("a number", lambda t, y, k: -k * y, 1.5, (0.7,), lambda t, y, k: y * np.exp(-k * t)),
    Equation(
        "a linear system", lambda t, y, a: a @ y, np.array([1.0, 0.0, -0.5]), (MATRIX,),
        lambda t, y, a: expm(a * t) @ y,
    ),
    Equation(
        "an oscillator", lambda t, y, w: np.stack([y[1], -(w**2) * y[0]]), np.array([1.0, 0.5]), (3.0,),
        lambda t, y, w: np.stack([
            y[0] * np.cos(w * t) + y[1] / w * np.sin(w * t), -w * y[0] * np.sin(w * t) + y[1] * np.cos(w * t)
        ]),
    ),
    Equation(
        "logistic growth", lambda t, y, r, k: r * y * (1 - y / k), np.array([0.1, 0.5]), (2.0, 3.0),
        lambda t, y, r, k: k / (1 + (k / y - 1) * np.exp(-r * t)),
    ),
    Equation(
        "a forced equation", lambda t, y, k: k * np.cos(t) - y, np.array([0.3]), (2.0,),
        lambda t, y, k: (y - k / 2) * np.exp(-t) + k / 2 * (np.cos(t) + np.sin(t)),
    ),
    Equation(
        "a complex rotation", lambda t, y, w: 1j * w * y, np.array([1.0 + 0.5j]), (2.0,),
        lambda t, y, w: y * np.exp(1j * w * t),
    ),
]  # fmt: skip
BY_TITLE = {e.title: e for e in EQUATIONS}


def lotka_volterra(t, y, p):
    """Prey and predators."""
    return np.stack([p[0] * y[0] - p[1] * y[0] * y[1], -p[2] * y[1] + p[3] * y[0] * y[1]])


def robertson(t, y, k):
    """A chemical reaction whose rates differ by nine powers of ten."""
    slow, back, fast = k[0] * y[0], k[1] * y[1] * y[2], k[2] * y[1] ** 2
    return np.stack([back - slow, slow - back - fast, fast])


def van_der_pol(t, y, m):
    """An oscillator that relaxes."""
    return np.stack([y[1], m * ((1 - y[0] ** 2) * y[1] - y[0])])
