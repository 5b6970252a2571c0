"""Functions of two numbers made of waves and kinks, with very many minima."""

from __future__ import annotations

from typing import Any

import numpy as np

from .problem import Problem


def bukin_6(x: Any) -> Any:
    """A ridge along which the square root has a cusp."""
    x, y = x[0], x[1]
    ridge = y - 0.01 * x**2
    # The structural zero of `where` makes the derivative 0 at the cusp, where it would be infinite.
    cusp = np.where(ridge != 0.0, np.sqrt(np.abs(ridge)), 0.0)
    return 100.0 * cusp + 0.01 * np.abs(x + 10.0)


def cross_in_tray(x: Any) -> Any:
    """A cross of kinks in a flat tray."""
    waves = np.sin(x[0]) * np.sin(x[1]) * np.exp(np.abs(100.0 - np.linalg.norm(x) / np.pi))
    return -0.0001 * (np.abs(waves) + 1.0) ** 0.1


def eggholder(x: Any) -> Any:
    """A box of eggs, the deepest at its edge."""
    x, y = x[0], x[1] + 47.0
    return -y * np.sin(np.sqrt(np.abs(y + x / 2.0))) - x * np.sin(np.sqrt(np.abs(x - y)))


def holder_table(x: Any) -> Any:
    """A table whose four legs are deepest."""
    return -np.abs(np.sin(x[0]) * np.cos(x[1]) * np.exp(np.abs(1.0 - np.linalg.norm(x) / np.pi)))


def drop_wave(x: Any) -> Any:
    """Rings around a drop."""
    s = x @ x
    # 1 + cos 12r = 2 - 2 sin^2 6r = 2 - 72 r^2 sinc^2 6r, which is smooth at r = 0.
    rings = 2.0 - 72.0 * s * np.sinc(6.0 / np.pi * np.linalg.norm(x)) ** 2
    return -rings / (0.5 * s + 2.0)


def shubert(x: Any) -> Any:
    """The product of two sums of five cosines."""
    i = np.arange(1.0, 6.0)
    return np.sum(i * np.cos((i + 1.0) * x[0] + i)) * np.sum(i * np.cos((i + 1.0) * x[1] + i))


def _schaffer(wave: Any, x: Any) -> Any:
    return 0.5 + (wave - 0.5) / (1.0 + 0.001 * (x @ x)) ** 2


def schaffer_2(x: Any) -> Any:
    """Waves along hyperbolas."""
    return _schaffer(np.sin(x[0] ** 2 - x[1] ** 2) ** 2, x)


def schaffer_4(x: Any) -> Any:
    """Waves along hyperbolas, within a wave."""
    # The published |x^2 - y^2| stands inside an even function: left out, the derivative is right at x = y.
    return _schaffer(np.cos(np.sin(x[0] ** 2 - x[1] ** 2)) ** 2, x)


def schaffer_6(x: Any) -> Any:
    """Rings of nearly the same depth."""
    # sin^2 r = r^2 sinc^2 r, which is smooth at r = 0.
    return _schaffer((x @ x) * np.sinc(np.linalg.norm(x) / np.pi) ** 2, x)


def trefethen(x: Any) -> Any:
    """Five scales of waves on a bowl."""
    x, y = x[0], x[1]
    return (
        np.exp(np.sin(50.0 * x)) + np.sin(60.0 * np.exp(y)) + np.sin(70.0 * np.sin(x))
        + np.sin(np.sin(80.0 * y)) - np.sin(10.0 * (x + y)) + (x**2 + y**2) / 4.0
    )  # fmt: skip


def _four_signs(x: float, y: float) -> list[list[float]]:
    return [[x, y], [x, -y], [-x, y], [-x, -y]]


def _shubert_minima(n: int) -> list[list[float]]:
    turns = [2.0 * np.pi * k for k in (-1, 0, 1)]
    low = [-1.42512842831976097 + t for t in turns]
    high = [-0.800321100471973125 + t for t in turns]
    return [p for a in low for b in high for p in ([a, b], [b, a])]


_SCHAFFER_4 = 1.2531318314637332
_AT_ZERO = "the radius has a kink at 0, where the derivative is given as 0"

PROBLEMS = [
    Problem(
        "bukin-6", bukin_6, 2, r"100\sqrt{\lvert y - 0.01\,x^2\rvert} + 0.01\,\lvert x + 10\rvert",
        "Bukin 1997, Budker Institute preprint; Jamil and Yang 2013",
        lambda n: [[-15.0, -5.0], [-3.0, 3.0]], lambda n: [[-10.0, 1.0]], 0.0, lambda n: [[-7.0, 2.0]],
        kinks="a cusp along y = 0.01 x^2, a kink at x = -10: both derivatives are given as 0 there",
    ),
    Problem(
        "cross-in-tray", cross_in_tray, 2,
        r"-0.0001\Bigl(\bigl\lvert \sin x\,\sin y\; e^{\lvert 100 - r/\pi\rvert}\bigr\rvert + 1\Bigr)^{0.1},"
        r"\; r = \sqrt{x^2 + y^2}",
        "Mishra 2006, SSRN 926132; Jamil and Yang 2013",
        (-10.0, 10.0), lambda n: _four_signs(*[np.arctan(np.sqrt(2.0) * np.pi)] * 2), -2.06261187082273688,
        lambda n: [[2.0, 1.0]],
        kinks="where a sine is 0 the derivative is given as 0; " + _AT_ZERO,
    ),
    Problem(
        "eggholder", eggholder, 2,
        r"-(y + 47)\sin\sqrt{\lvert y + \tfrac{x}{2} + 47\rvert} - x\sin\sqrt{\lvert x - y - 47\rvert}",
        "Mishra 2006, SSRN 926132; Whitley et al. 1996; Jamil and Yang 2013",
        (-512.0, 512.0), lambda n: [[512.0, 404.231805113757811]], -959.640662720850803, lambda n: [[300.0, 300.0]],
        kinks="cusps along y + x/2 = -47 and y = x - 47; the minimum lies on the edge of the domain",
    ),
    Problem(
        "holder-table", holder_table, 2,
        r"-\bigl\lvert \sin x\,\cos y\; e^{\lvert 1 - r/\pi\rvert}\bigr\rvert,\; r = \sqrt{x^2 + y^2}",
        "Mishra 2006, SSRN 926132; Jamil and Yang 2013",
        (-10.0, 10.0), lambda n: _four_signs(8.05502347573656342, 9.66459001924127289), -19.2085025678867318,
        lambda n: [[5.0, 7.0]],
        kinks="where a wave is 0, or r = pi, the derivative is that of no change; " + _AT_ZERO,
    ),
    Problem(
        "drop-wave", drop_wave, 2, r"-\frac{1 + \cos 12 r}{r^2/2 + 2},\; r = \sqrt{x^2 + y^2}",
        "Molga and Smutnicki 2005, Test functions for optimization needs",
        (-5.12, 5.12), lambda n: [[0.0, 0.0]], -1.0, lambda n: [[0.1, -0.15], [2.0, 2.0]],
    ),
    Problem(
        "shubert", shubert, 2,
        r"\sum_{i=1}^{5} i\cos\bigl((i+1)x + i\bigr)\;\sum_{i=1}^{5} i\cos\bigl((i+1)y + i\bigr)",
        "Shubert 1972, SIAM J. Numer. Anal. 9:379; Molga and Smutnicki 2005",
        (-10.0, 10.0), _shubert_minima, -186.730908831023826, lambda n: [[-1.0, -1.0]],
    ),
    Problem(
        "schaffer-2", schaffer_2, 2,
        r"\tfrac12 + \frac{\sin^2(x^2 - y^2) - \tfrac12}{\bigl(1 + 0.001\,(x^2 + y^2)\bigr)^2}",
        "Schaffer et al. 1989, Proc. ICGA 3:51; Jamil and Yang 2013",
        (-100.0, 100.0), lambda n: [[0.0, 0.0]], 0.0, lambda n: [[0.5, 1.0]],
    ),
    Problem(
        "schaffer-4", schaffer_4, 2,
        r"\tfrac12 + \frac{\cos^2 \sin\lvert x^2 - y^2\rvert - \tfrac12}{\bigl(1 + 0.001\,(x^2 + y^2)\bigr)^2}",
        "Mishra 2006, SSRN 926132; Jamil and Yang 2013",
        (-100.0, 100.0),
        lambda n: [[0.0, s * _SCHAFFER_4] for s in (1, -1)] + [[s * _SCHAFFER_4, 0.0] for s in (1, -1)],
        0.292578632035980549, lambda n: [[0.3, 1.0]],
    ),
    Problem(
        "schaffer-6", schaffer_6, 2,
        r"\tfrac12 + \frac{\sin^2 r - \tfrac12}{(1 + 0.001\,r^2)^2},\; r = \sqrt{x^2 + y^2}",
        "Schaffer et al. 1989, Proc. ICGA 3:51; Jamil and Yang 2013",
        (-100.0, 100.0), lambda n: [[0.0, 0.0]], 0.0, lambda n: [[0.5, 0.5]],
    ),
    Problem(
        "trefethen", trefethen, 2,
        r"e^{\sin 50x} + \sin(60\,e^y) + \sin(70\sin x) + \sin\sin 80y - \sin 10(x + y) + \tfrac14(x^2 + y^2)",
        "Trefethen 2002, SIAM News 35(1), problem 4; Bornemann et al. 2004, The SIAM 100-Digit Challenge",
        (-1.0, 1.0), lambda n: [[-0.0244030796943751719, 0.210612427155355771]], -3.30686864747523728,
        lambda n: [[-0.02, 0.2]],
    ),
]  # fmt: skip
