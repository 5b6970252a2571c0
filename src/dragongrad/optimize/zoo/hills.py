"""Functions of any number of variables with many minima."""

from __future__ import annotations

from typing import Any

import numpy as np

from .problem import Problem


def rastrigin(x: Any) -> Any:
    """A bowl with a minimum near every integer point."""
    return 10.0 * len(x) + np.sum(x * x - 10.0 * np.cos(2.0 * np.pi * x))


def ackley(x: Any) -> Any:
    """A funnel in a rippled plain, with a point at the bottom."""
    # The norm, not the root of a sum: its derivative at 0 is given as 0, a subgradient, where that of the root
    # would be infinite.
    cone = np.exp(-0.2 / np.sqrt(len(x)) * np.linalg.norm(x))
    return (20.0 - 20.0 * cone) + (np.e - np.exp(np.mean(np.cos(2.0 * np.pi * x))))


def griewank(x: Any) -> Any:
    """A wide bowl under fine waves."""
    i = np.arange(1.0, len(x) + 1.0)
    return np.sum(x * x) / 4000.0 - np.prod(np.cos(x / np.sqrt(i))) + 1.0


def levy(x: Any) -> Any:
    """Waves on a parabola."""
    w = 1.0 + (x - 1.0) / 4.0
    head, last = w[:-1], w[-1]
    return (
        np.sin(np.pi * w[0]) ** 2
        + np.sum((head - 1.0) ** 2 * (1.0 + 10.0 * np.sin(np.pi * head + 1.0) ** 2))
        + (last - 1.0) ** 2 * (1.0 + np.sin(2.0 * np.pi * last) ** 2)
    )


def styblinski_tang(x: Any) -> Any:
    """A quartic with two minima in every coordinate."""
    return 0.5 * np.sum(x**4 - 16.0 * x**2 + 5.0 * x)


def schwefel(x: Any) -> Any:
    """Waves that grow outwards: the best is far from the second best."""
    # x sin sqrt|x| has derivative 0 at 0, but its factors' are infinite: `where` passes none of them on.
    return 418.9829 * len(x) - np.sum(np.where(x != 0.0, x * np.sin(np.sqrt(np.abs(x))), 0.0))


def michalewicz(x: Any) -> Any:
    """Narrow channels on a flat floor."""
    i = np.arange(1.0, len(x) + 1.0)
    return -np.sum(np.sin(x) * np.sin(i * x * x / np.pi) ** 20)


def salomon(x: Any) -> Any:
    """Rings, rising outwards, with a point at the centre."""
    r = np.linalg.norm(x)
    # 1 - cos 2 pi r = 2 sin^2 pi r: the rings are smooth at r = 0, the cone is not.
    return 2.0 * np.pi**2 * (x @ x) * np.sinc(r) ** 2 + 0.1 * r


def alpine_2(x: Any) -> Any:
    """A product of growing waves."""
    return -np.prod(np.sqrt(x) * np.sin(x))


def cosine_mixture(x: Any) -> Any:
    """A bowl with ripples."""
    return np.sum(x * x) - 0.1 * np.sum(np.cos(5.0 * np.pi * x))


_STYBLINSKI, _STYBLINSKI_LEAST = -2.9035340277711771, -39.1661657037714155
_SCHWEFEL, _SCHWEFEL_LEAST = 420.968746359982027, 418.982887272433706
_ALPINE, _ALPINE_LEAST = 7.91705268466620708, 2.8081311800070049

# Every term of Michalewicz's function depends on one variable: their minimizers, and the values there.
_MICHALEWICZ = np.array([
    [2.20290552017260935, -0.801303410098552533],
    [1.57079632679489662, -1.0],
    [1.28499157055292436, -0.959091269896005948],
    [1.92305846986636284, -0.93846241847208341],
    [1.72046977256584128, -0.988801080621504361],
    [1.57079632679489662, -1.0],
    [1.45441397136237903, -0.993227135355881605],
    [1.75608652094502637, -0.982872036272210599],
    [1.6557174168210291, -0.996394364925102958],
    [1.57079632679489662, -1.0],
])  # fmt: skip

PROBLEMS = [
    Problem(
        "rastrigin", rastrigin, 2, r"10n + \sum_{i=1}^n x_i^2 - 10\cos 2\pi x_i",
        "Rastrigin 1974, Systems of Extremal Control; Muhlenbein, Schomisch and Born 1991, Parallel Comput. 17:619",
        (-5.12, 5.12), lambda n: [np.zeros(n)], 0.0, lambda n: [np.full(n, 0.4), np.full(n, 3.3)], any_n=True,
    ),
    Problem(
        "ackley", ackley, 2,
        r"20 + e - 20\exp\Bigl(-0.2\sqrt{\tfrac1n\sum x_i^2}\Bigr) - \exp\Bigl(\tfrac1n\sum\cos 2\pi x_i\Bigr)",
        "Ackley 1987, A Connectionist Machine for Genetic Hillclimbing; in n dimensions Back 1996",
        (-32.768, 32.768), lambda n: [np.zeros(n)], 0.0, lambda n: [np.full(n, 0.3), np.full(n, 2.7)], any_n=True,
        kinks="the minimum is the point of a cone: the derivative is given there as 0, a subgradient",
    ),
    Problem(
        "griewank", griewank, 2, r"1 + \tfrac{1}{4000}\sum_{i=1}^n x_i^2 - \prod_{i=1}^n \cos\tfrac{x_i}{\sqrt i}",
        "Griewank 1981, J. Optim. Theory Appl. 34:11",
        (-600.0, 600.0), lambda n: [np.zeros(n)], 0.0, lambda n: [np.full(n, 1.0), np.full(n, 100.0)], any_n=True,
    ),
    Problem(
        "levy", levy, 2,
        r"\sin^2\pi w_1 + \sum_{i=1}^{n-1}(w_i - 1)^2\bigl(1 + 10\sin^2(\pi w_i + 1)\bigr)"
        r" + (w_n - 1)^2(1 + \sin^2 2\pi w_n),\; w_i = 1 + \tfrac{x_i - 1}{4}",
        "Levy and Montalvo 1985, SIAM J. Sci. Stat. Comput. 6:15; Laguna and Marti 2005",
        (-10.0, 10.0), lambda n: [np.ones(n)], 0.0, lambda n: [np.zeros(n), np.full(n, 8.0)], any_n=True,
    ),
    Problem(
        "styblinski-tang", styblinski_tang, 2, r"\tfrac12\sum_{i=1}^n x_i^4 - 16x_i^2 + 5x_i",
        "Styblinski and Tang 1990, Neural Networks 3:467",
        (-5.0, 5.0), lambda n: [np.full(n, _STYBLINSKI)], lambda n: _STYBLINSKI_LEAST * n,
        lambda n: [np.zeros(n), np.full(n, 4.0)], any_n=True,
    ),
    Problem(
        "schwefel", schwefel, 2, r"418.9829\,n - \sum_{i=1}^n x_i\sin\sqrt{\lvert x_i\rvert}",
        "Schwefel 1981, Numerical Optimization of Computer Models, problem 2.26",
        (-500.0, 500.0), lambda n: [np.full(n, _SCHWEFEL)], lambda n: (418.9829 - _SCHWEFEL_LEAST) * n,
        lambda n: [np.full(n, 400.0), np.full(n, 100.0)], any_n=True,
        kinks="at x_i = 0 the second derivative is infinite: it is given as 0",
    ),
    Problem(
        "michalewicz", michalewicz, 2, r"-\sum_{i=1}^n \sin x_i\,\sin^{20}\tfrac{i x_i^2}{\pi}",
        "Michalewicz 1992, Genetic Algorithms + Data Structures = Evolution Programs",
        (0.0, float(np.pi)), lambda n: [_MICHALEWICZ[:n, 0]] if n <= 10 else [],
        lambda n: float(np.sum(_MICHALEWICZ[:n, 1])) if n <= 10 else float("nan"),
        lambda n: [np.full(n, 2.0)], any_n=True,
    ),
    Problem(
        "salomon", salomon, 2, r"1 - \cos 2\pi r + 0.1\,r,\; r = \sqrt{\textstyle\sum_i x_i^2}",
        "Salomon 1996, BioSystems 39:263",
        (-100.0, 100.0), lambda n: [np.zeros(n)], 0.0, lambda n: [np.full(n, 0.2), np.full(n, 3.0)], any_n=True,
        kinks="the minimum is the point of a cone: the derivative is given there as 0, a subgradient",
    ),
    Problem(
        "alpine-2", alpine_2, 2, r"-\prod_{i=1}^n \sqrt{x_i}\,\sin x_i",
        "Clerc 1999, Proc. CEC, 1951; Jamil and Yang 2013, here with the sign of a minimum",
        (0.0, 10.0), lambda n: [np.full(n, _ALPINE)], lambda n: -(_ALPINE_LEAST**n), lambda n: [np.full(n, 7.0)],
        any_n=True, kinks="at x_i = 0, the edge of the domain, the derivative is infinite",
    ),
    Problem(
        "cosine-mixture", cosine_mixture, 2, r"\sum_{i=1}^n x_i^2 - 0.1\sum_{i=1}^n \cos 5\pi x_i",
        "Breiman and Cutler 1993, Math. Programming 58:179; Ali, Khompatraporn and Zabinsky 2005",
        (-1.0, 1.0), lambda n: [np.zeros(n)], lambda n: -0.1 * n, lambda n: [np.full(n, 0.3)], any_n=True,
    ),
]  # fmt: skip
