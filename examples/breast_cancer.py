"""Which tumours are malignant? A logistic regression in plain NumPy, trained with exact gradients.

The data are the Wisconsin diagnostic breast-cancer measurements (Street, Wolberg and Mangasarian 1993), as
scikit-learn ships them: 569 patients, 30 measurements of cell nuclei each.

    python examples/breast_cancer.py [folder for the pictures, "out" by default]
"""

import sys
import time
from pathlib import Path

import matplotlib
import numpy as np
from rich.console import Console
from rich.table import Table
from scipy.optimize import minimize
from sklearn.datasets import load_breast_cancer
from sklearn.metrics import roc_auc_score, roc_curve

import dragongrad as ad
from dragongrad.testing import check_derivatives

matplotlib.use("Agg")
import matplotlib.pyplot as plt
from matplotlib.ticker import MaxNLocator

TEST_SHARE = 0.3
PENALTY = 1e-3


def load(seed=0):
    """Training and test patients, apart from the start; the scaling is learned from the training ones alone."""
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


def loss(params, x, y):
    """The mean negative log-likelihood with a quadratic penalty: plain NumPy, without a word of dragongrad."""
    scores = x @ params[:-1] + params[-1]
    return np.mean(np.logaddexp(0.0, scores) - y * scores) + PENALTY * np.sum(params[:-1] ** 2)


def best_time(function, *args, repeats=7, calls=200):
    """The best mean time of a call, in microseconds."""
    times = []
    for _ in range(repeats):
        start = time.perf_counter()
        for _ in range(calls):
            function(*args)
        times.append((time.perf_counter() - start) / calls)
    return 1e6 * min(times)


def main(folder):
    """Train, report and draw."""
    folder.mkdir(parents=True, exist_ok=True)
    console = Console()
    x, y, x_test, y_test, names = load()
    value_and_grad = ad.value_and_grad(loss)
    start = np.zeros(x.shape[1] + 1)

    check_derivatives(lambda p: loss(p, x, y), start + 0.1)
    step = 1e-6 * np.eye(start.size)
    differences = [(loss(start + s, x, y) - loss(start - s, x, y)) / 2e-6 for s in step]
    error = np.max(np.abs(ad.grad(loss)(start, x, y) - differences))

    losses = [loss(start, x, y)]
    began = time.perf_counter()

    def note(params):
        losses.append(loss(params, x, y))

    fit = minimize(value_and_grad, start, args=(x, y), jac=True, method="L-BFGS-B", callback=note)
    seconds = time.perf_counter() - began

    scores = x_test @ fit.x[:-1] + fit.x[-1]
    accuracy = np.mean((scores > 0) == y_test)
    area = roc_auc_score(y_test, scores)
    plain, derived = best_time(loss, start, x, y), best_time(value_and_grad, start, x, y)

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
        ("time of value and gradient", f"{derived:.0f} us ({derived / plain:.1f} times the function)"),
    ):
        report.add_row(name, value)
    console.print(report)
    weights = sorted(zip(np.abs(fit.x[:-1]), names, fit.x[:-1], strict=True), reverse=True)[:5]
    console.print("What weighs most: " + ", ".join(f"{name} ({w:+.2f})" for _, name, w in weights))

    def one_patient(w, b):
        return np.log(1 + np.exp(-(w * 2.0 + b)))

    console.print("\nHow the derivative of one patient's loss is made, forward and backward:\n")
    print(ad.trace_table(one_patient, 0.5, -0.25))
    print()
    print(ad.trace_table(one_patient, 0.5, -0.25, mode="reverse"))
    print()

    for path in draw(folder, losses, scores, y_test, area, ad.graph(one_patient, 0.5, -0.25)):
        console.print(f"picture: {path}")


def draw(folder, losses, scores, y_test, area, graph):
    """Save the loss curve, the ROC curve and the graph; the paths written."""
    plt.rcParams.update({"font.size": 13, "axes.spines.top": False, "axes.spines.right": False})
    figure, axes = plt.subplots(figsize=(6, 4.4), layout="constrained")
    axes.semilogy(losses, marker="o", markersize=4)
    axes.set(xlabel="L-BFGS step", ylabel="training loss", title="Loss of the logistic regression")
    axes.set_yticks([0.05, 0.1, 0.2, 0.5], labels=["0.05", "0.1", "0.2", "0.5"])
    axes.minorticks_off()
    axes.xaxis.set_major_locator(MaxNLocator(integer=True))
    axes.grid(alpha=0.3)
    figure.savefig(folder / "loss.png", dpi=120)

    figure, axes = plt.subplots(figsize=(5.4, 5.4), layout="constrained")
    false_positive, true_positive, _ = roc_curve(y_test, scores)
    axes.plot(false_positive, true_positive, linewidth=2, label=f"held out, area {area:.4f}")
    axes.plot([0, 1], [0, 1], color="0.6", linestyle="--", label="guessing")
    axes.set(
        xlabel="share of the benign called malignant", ylabel="share of the malignant found",
        title="ROC curve of the held-out patients", aspect="equal",
    )  # fmt: skip
    axes.legend(loc="lower right", frameon=False)
    figure.savefig(folder / "roc.png", dpi=120)

    (folder / "graph.svg").write_text(graph.svg(), encoding="utf-8")
    return [folder / name for name in ("loss.png", "roc.png", "graph.svg")]


if __name__ == "__main__":
    main(Path(sys.argv[1] if len(sys.argv) > 1 else "out"))
