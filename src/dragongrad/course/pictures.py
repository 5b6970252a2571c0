"""The pictures of the chapters, computed from what the chapters are about."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import numpy as np

import dragongrad as ad

from ..views.palette import LINES, drawing
from .chapters import Chapter

_PLOT, _WIDE = (6.4, 4.2), (10.4, 4.4)


def draw(chapters: Iterable[Chapter], folder: Path) -> list[Path]:
    """Write the pictures of some chapters into a folder.

    Returns
    -------
    list of Path

    Raises
    ------
    MissingExtraError
        Matplotlib is not installed.

    """
    made = []
    for chapter in chapters:
        name, make = PICTURES[chapter.number]
        path = folder / f"{chapter.number}-{name}.svg"
        # Without a salt and with a date the same picture would be another file each time.
        with drawing() as matplotlib, matplotlib.rc_context({"svg.hashsalt": name}):
            picture = make(chapter, matplotlib)
            if isinstance(picture, str):
                path.write_text(picture + "\n", encoding="utf-8")
            else:
                picture.savefig(path, metadata={"Date": None})
        made.append(path)
    return made


def _errors(chapter: Chapter, matplotlib: Any) -> Any:
    """The errors of three ways to a derivative of the sine, by step."""
    figure = matplotlib.figure.Figure(figsize=_PLOT)
    axes = figure.add_subplot()
    h = 10.0 ** np.linspace(-18, 0, 145)
    ways = {
        "forward difference": (np.sin(1 + h) - np.sin(1)) / h,
        "central difference": (np.sin(1 + h) - np.sin(1 - h)) / (2 * h),
        "complex step": np.imag(np.sin(1 + 1j * h)) / h,
    }
    for (name, found), colour in zip(ways.items(), LINES, strict=False):
        # An error of exactly zero has no place on a logarithmic axis.
        axes.loglog(h, np.maximum(np.abs(found - np.cos(1)), 1e-17), label=name, color=colour, linewidth=1.4)
    axes.invert_xaxis()
    axes.set(xlabel="step h", ylabel="error of the derivative of sin at 1")
    axes.legend()
    return figure


def _graph(chapter: Chapter, matplotlib: Any) -> str:
    return chapter.explorations()["page"].recording.graph.svg()


def _forward(chapter: Chapter, matplotlib: Any) -> str:
    return chapter.explorations()["page"].picture("v3").svg()


def _cost(chapter: Chapter, matplotlib: Any) -> Any:
    """Multiplications for the gradient of a product, as chapter 4 and its exercise 4.6 count them."""
    figure = matplotlib.figure.Figure(figsize=_PLOT)
    axes = figure.add_subplot()
    n = np.arange(2, 1001)
    counts = {
        "forward mode": (n - 1) + 2 * n * (n - 1), "reverse mode": 3 * (n - 1), "the function alone": n - 1,
    }  # fmt: skip
    for (name, count), colour in zip(counts.items(), LINES, strict=False):
        axes.loglog(n, count, label=name, color=colour)
    axes.set(xlabel="number of inputs n", ylabel="multiplications")
    axes.legend()
    return figure


def _image(chapter: Chapter, matplotlib: Any) -> Any:
    """A circle around a point, its image in the plane, and what the Jacobian says of it."""
    figure = matplotlib.figure.Figure(figsize=_WIDE)
    before, after = figure.subplots(1, 2)

    def polar(p: Any) -> Any:
        return np.array([p[0] * np.cos(p[1]), p[0] * np.sin(p[1])])

    point = np.array([2.0, 0.8])
    angles = np.linspace(0, 2 * np.pi, 200)
    circle = 0.5 * np.stack([np.cos(angles), np.sin(angles)])
    linear = polar(point)[:, None] + ad.jacobian(polar)(point) @ circle
    before.plot(*(point[:, None] + circle), color=LINES[0])
    before.plot(*point, "o", color="black")
    before.set(title="a circle", xlabel="r", ylabel="angle")
    after.plot(*polar(point[:, None] + circle), color=LINES[0], label="its image")
    after.plot(*linear, "--", color=LINES[1], label="image under J")
    after.plot(*polar(point), "o", color="black")
    after.set(title="in the plane", xlabel="x", ylabel="y")
    after.legend(loc="upper right")
    for axes in (before, after):
        axes.set_aspect("equal", "datalim")
    return figure


def _rosenbrock(x: Any) -> Any:
    return 100 * (x[1] - x[0] ** 2) ** 2 + (1 - x[0]) ** 2


def _newton(chapter: Chapter, matplotlib: Any) -> Any:
    """Six steps of Newton's method and two thousand of gradient descent in Rosenbrock's valley."""
    figure = matplotlib.figure.Figure(figsize=(7.4, 4.8))
    axes = figure.add_subplot()
    x, y = np.meshgrid(np.linspace(-1.8, 1.6, 200), np.linspace(-3.5, 2.2, 200))
    axes.contour(x, y, _rosenbrock([x, y]), levels=10.0 ** np.arange(-1, 4, 0.5), colors="#999999", linewidths=0.6)
    start = np.array([-1.2, 1.0])
    path = [start]
    for _ in range(6):
        path.append(path[-1] - np.linalg.solve(ad.hessian(_rosenbrock)(path[-1]), ad.grad(_rosenbrock)(path[-1])))
    slow = _descent(ad.grad(_rosenbrock), start, 2000, lambda x, g, state: (x - 1e-3 * g, state))
    axes.plot(*slow.T, color=LINES[1], label="gradient descent, 2000 steps")
    axes.plot(*np.array(path).T, "o-", color=LINES[0], label="Newton, 6 steps", markersize=5)
    axes.plot(1, 1, "*", color="black", markersize=14, label="minimum")
    axes.set(xlabel="x[0]", ylabel="x[1]")
    axes.legend(loc="lower left")
    return figure


def _descent(gradient: Any, x: Any, steps: int, update: Any) -> Any:
    """The path of a method that takes a point, a gradient and its own state to the next point and state."""
    path, state = [x], None
    for _ in range(steps):
        x, state = update(x, gradient(x), state)
        path.append(x)
    return np.array(path)


def _heavy_ball(x: Any, g: Any, v: Any) -> tuple[Any, Any]:
    root = np.sqrt(20.0)
    rate, beta = 4 / (1 + root) ** 2, ((root - 1) / (root + 1)) ** 2
    v = -rate * g + (0.0 if v is None else beta * v)
    return x + v, v


def _adam(x: Any, g: Any, state: Any) -> tuple[Any, Any]:
    m, s, k = (0.0, 0.0, 1) if state is None else state
    m, s = 0.9 * m + 0.1 * g, 0.999 * s + 0.001 * g**2
    return x - 0.1 * (m / (1 - 0.9**k)) / (np.sqrt(s / (1 - 0.999**k)) + 1e-8), (m, s, k + 1)


def _paths(chapter: Chapter, matplotlib: Any) -> Any:
    """The valley of chapter 7: paths, and losses by step."""
    figure = matplotlib.figure.Figure(figsize=_WIDE)
    left, right = figure.subplots(1, 2)
    scales = np.array([1.0, 20.0])

    def valley(x: Any) -> Any:
        return np.sum(scales * x**2) / 2

    def plain(rate: float) -> Any:
        return lambda x, g, state: (x - rate * g, state)

    methods = {
        r"$\alpha$ = 0.02": plain(0.02), r"$\alpha$ = 2/21": plain(2 / 21), r"$\alpha$ = 0.101": plain(0.101),
        "momentum": _heavy_ball, r"Adam, $\alpha$ = 0.1": _adam,
    }  # fmt: skip
    x, y = np.meshgrid(np.linspace(-0.6, 1.2, 100), np.linspace(-1.2, 1.2, 100))
    left.contour(x, y, (x**2 + 20 * y**2) / 2, levels=12, colors="#999999", linewidths=0.6)
    for (name, update), colour in zip(methods.items(), LINES, strict=False):
        path = _descent(ad.grad(valley), np.array([1.0, 1.0]), 80, update)
        left.plot(*path[:12].T, ".-", color=colour, linewidth=1, label=name)
        right.semilogy([max(valley(x), 1e-12) for x in path], color=colour, label=name)
    left.set(xlabel="x[0]", ylabel="x[1]", xlim=(-0.6, 1.2), ylim=(-1.2, 1.2))
    # The legend has the room above the curves.
    right.set(xlabel="step", ylabel="loss", ylim=(1e-8, 1e8))
    right.legend(ncols=2, loc="upper center")
    return figure


def _training(chapter: Chapter, matplotlib: Any) -> Any:
    """The training of chapter 8, and what the network says of every point."""
    figure = matplotlib.figure.Figure(figsize=_WIDE)
    curve, plane = figure.subplots(1, 2)
    rng = np.random.default_rng(0)
    label = np.arange(200) % 2
    angle, radius = rng.uniform(0, 2 * np.pi, 200), 1.0 + label + 0.15 * rng.normal(size=200)
    points = np.stack([radius * np.cos(angle), radius * np.sin(angle)], axis=1)

    def network(p: Any, x: Any) -> Any:
        return np.tanh(x @ p["W1"] + p["b1"]) @ p["W2"] + p["b2"]

    def loss(p: Any) -> Any:
        s = network(p, points)
        return np.mean(np.logaddexp(0.0, s) - label * s)

    p = {"W1": rng.normal(size=(2, 8)), "b1": np.zeros(8), "W2": rng.normal(size=8) / np.sqrt(8), "b2": 0.0}
    losses = []
    for _ in range(400):
        value, slope = ad.value_and_grad(loss)(p)
        losses.append(value)
        p = {name: p[name] - slope[name] for name in p}
    curve.semilogy(losses, color=LINES[0])
    curve.set(xlabel="step", ylabel="loss")
    x, y = np.meshgrid(np.linspace(-2.6, 2.6, 120), np.linspace(-2.6, 2.6, 120))
    probability = 1 / (1 + np.exp(-network(p, np.stack([x, y], axis=-1))))
    plane.contourf(x, y, probability, levels=10, cmap="PuOr_r", alpha=0.7)
    for kind, mark in ((0, "o"), (1, "^")):
        plane.plot(
            *points[label == kind].T, mark, color=("white", "black")[kind], markeredgecolor="black", markersize=4
        )
    plane.set(title="probability of the outer ring", xlabel="x", ylabel="y")
    plane.set_aspect("equal")
    return figure


#: The picture of each chapter: its name, and what draws it with Matplotlib, or writes it as SVG without.
PICTURES: dict[int, tuple[str, Callable[[Chapter, Any], Any]]] = {
    1: ("errors", _errors), 2: ("graph", _graph), 3: ("forward", _forward), 4: ("cost", _cost),
    5: ("jacobian", _image), 6: ("newton", _newton), 7: ("descent", _paths), 8: ("training", _training),
}  # fmt: skip
