"""Compiled derivatives, side by side with the peers in one run: the GradBench objectives and Rosenbrock.

The ratios matter; the milliseconds depend on the machine.

    python benchmarks/compiled.py [--rows lse,gmm] [--quick] [--markdown FILE]

Each time is the best of several rounds, interleaved over all libraries. One thread each, float64, JAX blocked until
ready. The results of the peers must agree before anything is timed. C++ is by_hand.cpp, by g++ -O3 -march=native.
"""

import os

for _name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "NUMBA_NUM_THREADS"):
    os.environ[_name] = "1"
os.environ["XLA_FLAGS"] = "--xla_cpu_multi_thread_eigen=false intra_op_parallelism_threads=1"
# First calls are those of a first process; start.py has those of the next.
os.environ["DRAGONGRAD_CACHE"] = "0"

import argparse
import time
from collections.abc import Callable
from dataclasses import dataclass
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np
import objectives
from peers import bound, build_cpp, contestants, in_numba
from rich.console import Console
from rich.table import Table

import dragongrad as ad

NAMES = ("dragongrad", "C++ by hand", "JAX jit", "PyTorch", "HIPS autograd", "Numba by hand", "CasADi")
RNG = np.random.default_rng(0)


@dataclass
class Row:
    """An objective: its arrays, those that are differentiated, and how each library takes its derivative."""

    title: str
    f: Callable[..., Any]
    active: tuple[Any, ...]
    fixed: tuple[Any, ...]
    derivative: str  # "gradient", "newton", "blocks" or "columns"
    reach: float  # seconds, the aim for the derivative


def rows() -> dict[str, Row]:
    """The table's rows at its sizes."""
    *mixture, x, corner = objectives.gmm_data(1000, 32, 50, RNG)
    theta, us, *hand = objectives.ht_data(12_800, RNG)
    centres, points = objectives.kmeans_data(10_000, 100, 16, RNG)
    weights, t, s = objectives.llsq_data(16_392, 128, RNG)
    cams, world, w, features, ci, pi = objectives.ba_data(257, 65_132, 225_911, RNG)
    return {
        "rosenbrock": Row(
            "Rosenbrock(10)", objectives.rosenbrock, (RNG.standard_normal(10),), (), "gradient", 5e-7
        ),
        "lse": Row("lse, n = 1.28e6", objectives.lse, (RNG.standard_normal(1_280_000),), (), "gradient", 3e-3),
        "llsq": Row("llsq, n = 16392, m = 128", objectives.llsq, (weights,), (t, s), "gradient", 1.5e-3),
        "gmm": Row(
            "gmm, d = 32, k = 50, n = 1000", objectives.gmm, tuple(mixture), (x, corner), "gradient", 15e-3
        ),
        "kmeans": Row(
            "kmeans, k = 100, n = 1e4, d = 16", objectives.kmeans, (centres,), (points,), "newton", 3e-3
        ),
        "ba": Row(
            "ba, 257 cameras, 65132 points, 225911 observations", objectives.ba, (cams, world, w),
            (features, ci, pi), "blocks", 20e-3,
        ),
        "ht": Row("ht, 12800 correspondences", objectives.ht, (theta, us), tuple(hand), "columns", 20e-3),
    }  # fmt: skip


# Calls of next to no work


def layer(xp, weights, x):
    """A sum over a nest of small arrays."""
    return xp.sum((x @ weights["w"] + weights["b"]) ** 2)


def calls():
    """Title, runs and arguments of functions that cost little beside their call."""
    x, weights = RNG.standard_normal(10), {"w": RNG.standard_normal((10, 3)), "b": np.zeros(3)}
    found = {
        "x + 1, ten numbers": (lambda xp, x: x + 1.0, (x,)),
        "2 x + 1, a float": (lambda xp, x: 2.0 * x + 1.0, (3.0,)),
        "Rosenbrock(10)": (objectives.rosenbrock, (x,)),
        "a layer, its weights in a dict": (layer, (weights, x)),
    }
    for title, (f, args) in found.items():
        runs = {"dragongrad": ad.compile(bound(f, np, 1, ())), "NumPy": bound(f, np, 1, ())}
        if find_spec("jax"):
            jax = import_module("jax")
            jax.config.update("jax_enable_x64", True)
            jitted = jax.jit(bound(f, import_module("jax.numpy"), 1, ()))
            runs["JAX jit"] = lambda *args, run=jitted: run(*args).block_until_ready()
        if find_spec("numba") and f is not layer:
            njit = import_module("numba").njit
            own = in_numba(Row("", f, (), (), "", 0.0))
            runs["Numba by hand"] = own[0] if own else njit(_NUMBA[title])
        yield title, {name: (run,) for name, run in runs.items()}, args


_NUMBA = {"x + 1, ten numbers": lambda x: x + 1.0, "2 x + 1, a float": lambda x: 2.0 * x + 1.0}


def print_calls(console, rounds, budget):
    """The table of what a call costs."""
    names = ("dragongrad", "NumPy", "JAX jit", "Numba by hand")
    table = Table("call", *names, title="A call of a compiled function of next to no work")
    for title, runs, args in calls():
        first_calls(runs, args)
        best = measure(runs, args, rounds, budget)
        table.add_row(title, *[duration(best[name, 0]) if (name, 0) in best else "" for name in names])
    console.print(table)


# Measuring


def leaves(out):
    """All the numbers of a result, as arrays."""
    if isinstance(out, (tuple, list)):
        return [a for part in out for a in leaves(part)]
    return [np.asarray(out.detach() if hasattr(out, "detach") else out, float)]


def first_calls(runs, args):
    """Seconds of the first call of each, with the results checked against each other."""
    first, expected = {}, None
    for name, pair in runs.items():
        seconds, outs = [], []
        for run in pair:
            start = time.perf_counter()
            outs.append(run(*args))
            seconds.append(time.perf_counter() - start)
        first[name] = seconds
        found = [leaves(o) for o in outs]
        again = [leaves(run(*args)) for run in pair]
        expected = expected or found
        for mine in (found, again):
            for a, b in zip([a for o in mine for a in o], [b for o in expected for b in o], strict=True):
                np.testing.assert_allclose(a, b, rtol=1e-7, atol=1e-7 * np.abs(b).max(), err_msg=name)
    return first


def measure(runs, args, rounds, budget):
    """The best mean seconds of a call, of value and derivative, with interleaved rounds."""
    calls, best = {}, {}
    for name, pair in runs.items():
        for k, run in enumerate(pair):
            start = time.perf_counter()
            run(*args)
            calls[name, k] = max(1, int(budget / (time.perf_counter() - start)))
            best[name, k] = np.inf
    for _ in range(rounds):
        for (name, k), count in calls.items():
            run = runs[name][k]
            start = time.perf_counter()
            for _ in range(count):
                run(*args)
            best[name, k] = min(best[name, k], (time.perf_counter() - start) / count)
    return best


def duration(seconds):
    """A time in readable units."""
    return f"{1e6 * seconds:.2f} µs" if seconds < 1e-3 else f"{1e3 * seconds:.3g} ms"


def cells(row, best, first):
    """The cells of a row: value / derivative of each, the ratio to ours, and the seconds of the first call."""
    found = []
    for name in NAMES:
        if (name, 0) not in best:
            found.append("")
            continue
        text = f"{duration(best[name, 0])} / {duration(best[name, 1])}"
        if name != "dragongrad":
            text += f" ({best[name, 1] / best['dragongrad', 1]:.2g}x)"
        found.append(text)
    ours = first["dragongrad"][1]
    compile_ = duration(ours)
    if "JAX jit" in first:
        compile_ += f", JAX {duration(first['JAX jit'][1])} ({first['JAX jit'][1] / ours:.2g}x)"
    return [row.title, *found, duration(row.reach), compile_]


def main():
    """Run the rows and print the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rows", help="only these, with commas between")
    parser.add_argument("--peers", help="only these besides dragongrad, with commas between")
    parser.add_argument("--quick", action="store_true", help="fewer rounds")
    parser.add_argument("--calls", action="store_true", help="only what a call costs")
    parser.add_argument("--markdown", type=Path, help="also write the table to this file")
    options = parser.parse_args()
    rounds, budget = (3, 0.02) if options.quick else (12, 0.1)
    console = Console(width=200)
    print_calls(console, rounds, budget)
    if options.calls:
        return
    library = build_cpp()
    titles = ["objective", *NAMES, "reach", "first call"]
    table = Table(title="Value / derivative: time, and the peer's derivative as a multiple of dragongrad's")
    for column in titles:
        table.add_column(column)
    lines = [f"| {' | '.join(titles)} |", "|" + "---|" * len(titles)]
    known = rows()
    for name in options.rows.split(",") if options.rows else known:
        row = known[name]
        runs = contestants(row, library)
        if options.peers is not None:
            wanted = ("dragongrad", *options.peers.split(","))
            runs = {k: v for k, v in runs.items() if k in wanted}
        first = first_calls(runs, row.active)
        made = cells(row, measure(runs, row.active, rounds, budget), first)
        table.add_row(*made)
        lines.append(f"| {' | '.join(made)} |")
        console.print(f"{name}: {made[1]}, first call {made[-1]}")
    console.print(table)
    if options.markdown:
        options.markdown.write_text("\n".join(lines) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
