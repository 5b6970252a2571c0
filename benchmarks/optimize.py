"""Optimizers, side by side with the peers in one run.

The ratios matter; the microseconds depend on the machine.

    python benchmarks/optimize.py [--quick] [--only SECTION] [--markdown FILE]

Each section is a function that returns tables; the rounds of all contestants are interleaved, so that a busy moment
of the machine hits all of them alike. Everything runs on one thread.
"""

import os

for _name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ[_name] = "1"

import argparse
import time
from dataclasses import dataclass, field
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path

import numpy as np
from rich.console import Console
from rich.table import Table

from dragongrad import jacobian, lab, least_squares, value_and_grad
from dragongrad.optimize import Adam, Limits, minimize, zoo


@dataclass
class Sheet:
    """A table of text."""

    title: str
    columns: list[str]
    rows: list[list[str]] = field(default_factory=list)

    def rich(self):
        """The table for a terminal."""
        table = Table(title=self.title)
        for column in self.columns:
            table.add_column(column)
        for row in self.rows:
            table.add_row(*row)
        return table

    def markdown(self):
        """The table for a page."""
        lines = [self.columns, ["---"] * len(self.columns), *self.rows]
        return "\n".join([f"{self.title}:", "", *["| " + " | ".join(line) + " |" for line in lines], ""])


def duration(seconds):
    """A time in readable units."""
    return f"{1e6 * seconds:.1f} µs" if seconds < 1e-3 else f"{1e3 * seconds:.2f} ms"


def measure(runs, rounds, budget):
    """The best mean time of a step of each, in seconds; `runs[name](n)` makes n steps."""
    calls = {}
    for name, run in runs.items():
        run(3)
        start = time.perf_counter()
        run(3)
        calls[name] = max(3, int(3 * budget / (time.perf_counter() - start)))
    best = dict.fromkeys(runs, np.inf)
    for _ in range(rounds):
        for name, run in runs.items():
            start = time.perf_counter()
            run(calls[name])
            best[name] = min(best[name], (time.perf_counter() - start) / calls[name])
    return best


# Adam: what a step costs beside the gradient. The gradient here costs nothing (it is always the same array), and
# the loss falls at every step, so that the best point is kept anew each time.

RATE, BETA1, BETA2, EPS = 1e-3, 0.9, 0.999, 1e-8


class Falling:
    """A loss that falls by one at each call, with a gradient that was there before."""

    def __init__(self, n):
        self.gradient = np.random.default_rng(0).standard_normal(n)
        self.value = 0.0

    def __call__(self, x):
        """The loss and the gradient, whatever `x` is."""
        self.value -= 1.0
        return self.value, self.gradient


def by_hand(f, start):
    """Algorithm 1 of the paper, as one writes it down."""

    def run(steps):
        x, m, v = start.copy(), np.zeros_like(start), np.zeros_like(start)
        for t in range(1, steps + 1):
            _, g = f(x)
            m = BETA1 * m + (1 - BETA1) * g
            v = BETA2 * v + (1 - BETA2) * g**2
            x = x - RATE * (m / (1 - BETA1**t)) / (np.sqrt(v / (1 - BETA2**t)) + EPS)
        return x

    return run


def by_hand_in_place(f, start):
    """The same with two temporaries, as one writes it after reading about memory."""

    def run(steps):
        x, m, v = start.copy(), np.zeros_like(start), np.zeros_like(start)
        work = np.empty_like(start)
        for t in range(1, steps + 1):
            _, g = f(x)
            m *= BETA1
            m += np.multiply(g, 1 - BETA1, out=work)
            np.multiply(g, g, out=work)
            work *= 1 - BETA2
            v *= BETA2
            v += work
            np.sqrt(v, out=work)
            work /= np.sqrt(1 - BETA2**t)
            work += EPS
            np.divide(m, work, out=work)
            work *= RATE / (1 - BETA1**t)
            x -= work
        return x

    return run


def bare_steps(f, start):
    def run(steps):
        optimizer = Adam(f, start, lr=RATE)
        optimizer.evaluate()
        for _ in range(steps):
            optimizer.advance()
        return optimizer.params

    return run


def whole_run(f, start):
    """What `ad.minimize` does: also the tests of convergence and the best point."""

    def run(steps):
        return Adam(f, start, lr=RATE).minimize(Limits(max_iter=steps)).x

    return run


def in_torch(f, start):
    torch = import_module("torch")
    torch.set_num_threads(1)

    def run(steps):
        x = torch.from_numpy(start.copy()).requires_grad_()
        optimizer = torch.optim.Adam([x], lr=RATE)
        g = torch.from_numpy(f.gradient)
        for _ in range(steps):
            f(x)
            x.grad = g
            optimizer.step()
        return x.detach().numpy()

    return run


def adam(rounds, budget):
    """The time of a step of Adam apart from the gradient."""
    names = ["step", "step in minimize", "by hand", "by hand, in place", "PyTorch"]
    sheet = Sheet("A step of Adam, and dragongrad's (in minimize) as a multiple of it", ["n", *names])
    for n in (10, 1_000, 100_000, 1_000_000):
        f, start = Falling(n), np.ones(n)
        runs = {
            "step": bare_steps(f, start), "step in minimize": whole_run(f, start),
            "by hand": by_hand(f, start), "by hand, in place": by_hand_in_place(f, start),
        }  # fmt: skip
        if find_spec("torch"):
            runs["PyTorch"] = in_torch(f, start)
        expected = runs["by hand"](5)
        for run in runs.values():
            np.testing.assert_allclose(run(5), expected, rtol=1e-12)
        best = measure(runs, rounds, budget)
        cells = [duration(best["step"]), duration(best["step in minimize"])]
        for name in names[2:]:
            ratio = best["step in minimize"] / best[name] if name in best else 0
            cells.append(f"{duration(best[name])} ({ratio:.2f})" if name in best else "not installed")
        sheet.rows.append([f"{n:,}", *cells])
    return [sheet]


# Basin maps: every start of a grid, 500 steps of Adam each, as one batch.


def basin_maps(rounds, budget):
    """The time of a map of 300 by 300 starts, beside what one start after the other would take."""
    columns = ["function", "starts", "all at once", "one by one (from 20)", "ratio", "minima", "arrived"]
    sheet = Sheet("500 steps of Adam from every start; the aim is under 20 s", columns)
    for name in ("himmelblau", "rosenbrock", "six-hump-camel", "rastrigin", "constructed"):
        found = lab.basins(name, ("adam", {"lr": 0.05}))
        problem = zoo.get(name)
        starts = np.random.default_rng(0).uniform(*problem.domain(2).T, (20, 2))
        begun = time.perf_counter()
        for start in starts:
            minimize(problem.f, start, method="adam", lr=0.05, max_iter=500, gtol=1e-9)
        alone = (time.perf_counter() - begun) / len(starts) * found.label.size
        sheet.rows.append([
            name, f"{found.label.size:,}", f"{found.seconds:.1f} s", f"{alone / 60:.0f} min",
            f"{alone / found.seconds:.0f}", str(len(found.minima)), f"{np.mean(found.label >= 0):.1%}",
        ])  # fmt: skip
    return [sheet]


# Fits: evaluations of the residuals, beside MINPACK's, at one set of tolerances and at each one's own.


def compare_fits(tolerance):
    """A row for each of the zoo's sums of squares: evaluations and costs, SciPy's and ours."""
    optimize = import_module("scipy.optimize")
    same = {} if tolerance is None else dict.fromkeys(("ftol", "xtol", "gtol"), tolerance)
    rows, fewer = [], []
    for problem in zoo.ZOO.values():
        for start in problem.starts() if problem.residuals is not None else ():
            peer = optimize.least_squares(
                problem.residuals, start, jac=jacobian(problem.residuals), method="lm", x_scale="jac", **same
            )
            plain = least_squares(problem.residuals, start, second_order=False, **same)
            ours = least_squares(problem.residuals, start, **same)
            as_good = ours.cost <= peer.cost * (1 + 1e-6) + 1e-20
            fewer.append(ours.nfev <= peer.nfev and as_good)
            rows.append([
                problem.name, f"{len(peer.fun)} x {start.size}", str(peer.nfev), str(plain.nfev),
                f"{ours.nfev} + {ours.nhev}", f"{peer.cost:.6g}", f"{ours.cost:.6g}", "yes" if fewer[-1] else "no",
            ])  # fmt: skip
    return rows, float(np.mean(fewer))


def fits(rounds, budget):
    """Levenberg-Marquardt on the zoo's sums of squares; the second number counts second derivatives."""
    columns = ["function", "size", "SciPy", "first order", "ours", "SciPy's cost", "our cost", "no more, no worse"]
    sheets = []
    for tolerance, words in ((1e-8, "all tolerances 1e-8"), (None, "each one's own tolerances")):
        rows, share = compare_fits(tolerance)
        sheets.append(
            Sheet(f"Evaluations of the residuals, {words}: as few and as good on {share:.0%}", columns, rows)
        )
    return sheets


# Large fits: 5,000 samples and 6 parameters, whole runs from the function to the answer, compilation included.

SAMPLES = np.linspace(0.1, 10, 5000)
# A model, its parameters, and where the fit begins.
MODELS = {
    "peak on a decay": (
        lambda p: p[0] * np.exp(-0.5 * ((SAMPLES - p[1]) / p[2]) ** 2) + p[3] * np.exp(-p[4] * SAMPLES) + p[5],
        [3.0, 4.0, 0.7, 2.0, 0.5, 0.3], [2.0, 4.5, 1.0, 1.0, 1.0, 0.0],
    ),
    "three decays": (
        lambda p: sum(p[k] * np.exp(-p[k + 1] * SAMPLES) for k in (0, 2, 4)),
        [5.0, 0.1, 4.0, 1.0, 3.0, 6.0], [4.0, 0.2, 4.0, 0.8, 4.0, 4.0],
    ),
    "damped oscillation": (
        lambda p: p[0] * np.exp(-p[1] * SAMPLES) * np.sin(p[2] * SAMPLES + p[3]) + p[4] * np.log(SAMPLES) + p[5],
        [3.0, 0.2, 4.0, 0.5, 0.3, 1.0], [2.0, 0.1, 4.1, 0.2, 0.0, 0.0],
    ),
    "logistic growth, power and wave": (
        lambda p: p[0] / (1 + np.exp(-p[1] * (SAMPLES - p[2]))) + p[3] * SAMPLES ** p[4] + np.sin(p[5] * SAMPLES),
        [5.0, 2.0, 4.0, 0.5, 0.7, 1.3], [4.0, 1.0, 5.0, 1.0, 0.5, 1.35],
    ),
}  # fmt: skip


def large_fits(rounds, budget):
    """Processor time of whole fits beside SciPy's with finite differences; the best of the rounds."""
    optimize = import_module("scipy.optimize")
    sheet = Sheet(
        f"Fits of {SAMPLES.size} samples and 6 parameters, processor time",
        ["model", "SciPy trf", "SciPy lm", "ours", "ours / trf", "evaluations: trf, lm, ours", "cost: trf, ours"],
    )
    for name, (model, true, start) in MODELS.items():
        y = model(true) + 0.05 * np.random.default_rng(0).standard_normal(SAMPLES.size)
        runs = {
            "trf": lambda f: optimize.least_squares(f, start),  # noqa: B023 - called within the round
            "lm": lambda f: optimize.least_squares(f, start, method="lm"),  # noqa: B023
            "ours": lambda f: least_squares(f, start),  # noqa: B023
        }
        best, found = dict.fromkeys(runs, np.inf), {}
        for _ in range(rounds):
            for key, run in runs.items():
                begun = time.process_time()
                # A function of its own for each run: nothing is left of the compilation before.
                found[key] = run(lambda p: model(p) - y)  # noqa: B023
                best[key] = min(best[key], time.process_time() - begun)
        sheet.rows.append([
            name, *(duration(best[key]) for key in runs), f"{best['ours'] / best['trf']:.2f}",
            ", ".join(str(found[key].nfev) for key in runs),
            f"{found['trf'].cost:.8g}, {found['ours'].cost:.8g}",
        ])  # fmt: skip
    return [sheet]


# L-BFGS: evaluations of value and gradient, beside SciPy's L-BFGS-B, with the same tolerances.


def compare_lbfgs(problem, start):
    """Evaluations and values, SciPy's and ours."""
    optimize = import_module("scipy.optimize")
    both = value_and_grad(problem.f)

    def pair(x):
        value, gradient = both(x)
        return float(value), gradient

    with np.errstate(all="ignore"):
        peer = optimize.minimize(pair, start, jac=True, method="L-BFGS-B")
    return peer, minimize(problem.f, start, method="l-bfgs")


def lbfgs(rounds, budget):
    """L-BFGS on every standard start of the zoo; only the rows that differ are shown."""
    sheet = Sheet("", ["function", "n", "SciPy", "ours", "SciPy's value", "our value", "no more, no worse"])
    fewer, as_few, ours_in_all, peers_in_all = 0, [], 0, 0
    for problem in zoo.ZOO.values():
        for start in problem.starts():
            peer, ours = compare_lbfgs(problem, start)
            no_worse = ours.fun <= peer.fun + 1e-6 * max(1.0, abs(peer.fun))
            as_few.append(ours.nfev <= peer.nfev and no_worse)
            fewer += ours.nfev < peer.nfev
            ours_in_all, peers_in_all = ours_in_all + ours.nfev, peers_in_all + peer.nfev
            if ours.nfev != peer.nfev or not no_worse:
                sheet.rows.append([
                    problem.name, str(start.size), str(peer.nfev), str(ours.nfev), f"{peer.fun:.6g}",
                    f"{ours.fun:.6g}", "yes" if as_few[-1] else "no",
                ])  # fmt: skip
    sheet.title = (
        f"Evaluations by L-BFGS, equal but for these rows: no more and no worse on {np.mean(as_few):.0%} of "
        f"{len(as_few)} starts, fewer on {fewer}, in all {ours_in_all} (SciPy {peers_in_all})"
    )
    return [sheet]


SECTIONS = {"lbfgs": lbfgs, "fits": fits, "large-fits": large_fits, "basins": basin_maps, "adam": adam}


def main():
    """Run the sections asked for and print their tables."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--quick", action="store_true", help="fewer rounds")
    parser.add_argument("--only", choices=SECTIONS, help="this section alone")
    parser.add_argument("--markdown", type=Path, help="also write the tables to this file")
    options = parser.parse_args()
    rounds, budget = (3, 0.02) if options.quick else (12, 0.08)
    console = Console(width=150)
    sheets = []
    for name, section in SECTIONS.items():
        if options.only in (None, name):
            sheets += section(rounds, budget)
    for sheet in sheets:
        console.print(sheet.rich())
    if options.markdown:
        options.markdown.write_text("\n".join(sheet.markdown() for sheet in sheets), encoding="utf-8")


if __name__ == "__main__":
    main()
