"""Which tumours are malignant? A logistic regression in plain NumPy, trained with exact gradients.

The data are the Wisconsin diagnostic breast-cancer measurements (Street, Wolberg and Mangasarian 1993), as
scikit-learn ships them: 569 patients, 30 measurements of cell nuclei each.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from rich.table import Table

from ..compiler.decorator import compile as compile_function
from ..core.errors import MissingExtraError
from ..testing.derivatives import check_derivatives
from ..transforms.gradients import grad, value_and_grad
from ..views.drawing import DrawnGraph
from ..views.drawing import graph as graph_of
from ..views.palette import drawing, save
from ..views.table import trace_table
from . import demo_networks
from .screen import show

PICTURES = ("loss.png", "roc.png", "graph.svg")
WRITTEN = (*PICTURES, demo_networks.PAGE)
TEST_SHARE = 0.3
PENALTY = 1e-3


def load(seed: int = 0) -> tuple[Any, ...]:
    """Training and test patients, apart from the start; the scaling is learned from the training ones alone."""
    try:
        from sklearn.datasets import load_breast_cancer
    except ImportError as error:
        raise MissingExtraError(
            "the demo's data are shipped by scikit-learn: pip install 'dragongrad[demo]'"
        ) from error
    data = load_breast_cancer()
    malignant = 1.0 - data.target
    rng = np.random.default_rng(seed)
    test = np.zeros(len(malignant), bool)
    for label in (0, 1):
        # The same share of both kinds on either side.
        members = rng.permutation(np.flatnonzero(malignant == label))
        test[members[: round(TEST_SHARE * len(members))]] = True
    mean, scale = data.data[~test].mean(axis=0), data.data[~test].std(axis=0)
    x = (data.data - mean) / scale
    return x[~test], malignant[~test], x[test], malignant[test], data.feature_names


def loss(params: Any, x: Any, y: Any) -> Any:
    """The mean negative log-likelihood with a quadratic penalty: plain NumPy, without a word of dragongrad."""
    scores = x @ params[:-1] + params[-1]
    return np.mean(np.logaddexp(0.0, scores) - y * scores) + PENALTY * np.sum(params[:-1] ** 2)


def best_time(function: Callable[..., Any], *args: Any, repeats: int = 7, calls: int = 200) -> float:
    """The best mean time of a call, in microseconds."""
    times = []
    for _ in range(repeats):
        start = time.perf_counter()
        for _ in range(calls):
            function(*args)
        times.append((time.perf_counter() - start) / calls)
    return 1e6 * min(times)


def demo(folder: Path, tell: Callable[..., None] = show) -> dict[str, Any]:
    """Train, report and draw.

    Parameters
    ----------
    folder : Path
        Where the pictures go; made if it is not there.
    tell : callable
        Gets the tables and lines of the report.

    Returns
    -------
    dict
        The figures, and what was written.

    Raises
    ------
    MissingExtraError
        Scikit-learn or matplotlib is not installed.

    """
    from scipy.optimize import minimize

    x, y, x_test, y_test, names = load()
    folder.mkdir(parents=True, exist_ok=True)
    with_gradient = compile_function(value_and_grad(loss))
    start = np.zeros(x.shape[1] + 1)

    check_derivatives(lambda p: loss(p, x, y), start + 0.1)
    step = 1e-6 * np.eye(start.size)
    differences = [(loss(start + s, x, y) - loss(start - s, x, y)) / 2e-6 for s in step]
    error = np.max(np.abs(grad(loss)(start, x, y) - differences))

    losses = [loss(start, x, y)]
    began = time.perf_counter()

    def note(params: Any) -> None:
        losses.append(loss(params, x, y))

    fit = minimize(with_gradient, start, args=(x, y), jac=True, method="L-BFGS-B", callback=note)
    seconds = time.perf_counter() - began

    from sklearn.metrics import roc_auc_score

    scores = x_test @ fit.x[:-1] + fit.x[-1]
    accuracy = np.mean((scores > 0) == y_test)
    area = roc_auc_score(y_test, scores)
    plain, derived = best_time(loss, start, x, y), best_time(with_gradient, start, x, y)
    eager = best_time(value_and_grad(loss), start, x, y)

    report = Table(title="Wisconsin diagnostic breast cancer: logistic regression", show_header=False)
    for name, value in (
        ("patients", f"{len(y)} to train, {len(y_test)} held out"),
        ("held-out accuracy", f"{accuracy:.1%}"),
        ("held-out ROC AUC", f"{area:.4f}"),
        (
            "L-BFGS",
            f"{fit.nit} steps, {fit.nfev} gradients, {1000 * seconds:.0f} ms"
            + ("" if fit.success else f": {fit.message}"),
        ),
        ("loss", f"{losses[0]:.4f} to {fit.fun:.4f}"),
        ("gradient against differences", f"largest difference {error:.1e}"),
        ("time of the function", f"{plain:.0f} us"),
        ("value and gradient, eager", f"{eager:.0f} us ({eager / plain:.1f} times the function)"),
        ("value and gradient, compiled", f"{derived:.0f} us ({derived / plain:.1f} times the function)"),
    ):
        report.add_row(name, value)
    tell(report)
    weights = sorted(zip(np.abs(fit.x[:-1]), names, fit.x[:-1], strict=True), reverse=True)[:5]
    tell("What weighs most: " + ", ".join(f"{name} ({w:+.2f})" for _, name, w in weights))

    def one_patient(w: Any, b: Any) -> Any:
        return np.log(1 + np.exp(-(w * 2.0 + b)))

    tell("\nHow the derivative of one patient's loss is made, forward and backward:\n")
    for mode in ("forward", "reverse"):
        tell(f"{trace_table(one_patient, 0.5, -0.25, mode=mode)}\n")

    pictures = draw(folder, losses, scores, y_test, area, graph_of(one_patient, 0.5, -0.25))
    for path in pictures:
        tell(f"picture: {path}")
    tell("")
    read = demo_networks.digits(tell=tell)
    page, figures = demo_networks.films(folder, tell)
    tell(f"page: {page}")
    return {
        "patients": {
            "trained": len(y), "held_out": len(y_test), "accuracy": accuracy, "roc_auc": area,
            "loss": [losses[0], fit.fun], "steps": fit.nit, "gradients": fit.nfev, "gradient_error": error,
            "function_us": plain, "eager_us": eager, "compiled_us": derived,
            "weights": {str(name): w for _, name, w in weights},
        },
        "digits": read, "films": figures, "written": [*pictures, page],
    }  # fmt: skip


def draw(
    folder: Path, losses: list[float], scores: Any, y_test: Any, area: float, pictured: DrawnGraph
) -> list[Path]:
    """Save the loss curve, the ROC curve and the graph; the paths written."""
    from sklearn.metrics import roc_curve

    with drawing() as matplotlib:
        figure = matplotlib.figure.Figure(figsize=(6, 4.4), layout="constrained")
        axes = figure.subplots()
        axes.semilogy(losses, marker="o", markersize=4)
        axes.set(xlabel="L-BFGS step", ylabel="training loss", title="Loss of the logistic regression")
        axes.set_yticks([0.05, 0.1, 0.2, 0.5], labels=["0.05", "0.1", "0.2", "0.5"])
        axes.minorticks_off()
        axes.xaxis.get_major_locator().set_params(integer=True)
        axes.grid(alpha=0.3)
        save(figure, folder / "loss.png")

        figure = matplotlib.figure.Figure(figsize=(5.4, 5.4), layout="constrained")
        axes = figure.subplots()
        false_positive, true_positive, _ = roc_curve(y_test, scores)
        axes.plot(false_positive, true_positive, linewidth=2, label=f"held out, area {area:.4f}")
        axes.plot([0, 1], [0, 1], color="0.6", linestyle="--", label="guessing")
        axes.set(
            xlabel="share of the benign called malignant", ylabel="share of the malignant found",
            title="ROC curve of the held-out patients", aspect="equal",
        )  # fmt: skip
        axes.legend(loc="lower right", frameon=False)
        save(figure, folder / "roc.png")

    (folder / "graph.svg").write_text(pictured.svg(), encoding="utf-8")
    return [folder / name for name in PICTURES]
