"""Log-likelihoods with special functions: value and gradient, beside the peers in one run.

    python benchmarks/likelihoods.py [--rows probit,pareto] [--rounds 7]

float64, one thread. The functions of `scipy.special` are called as they are in dragongrad, through `jax.scipy` in
JAX and `autograd.scipy` in HIPS autograd. Calls are the least of several rounds in turn, by processor time; a first
call is one. The ratios matter; the milliseconds depend on the machine.
"""

import os

for _name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ[_name] = "1"
os.environ.setdefault("XLA_FLAGS", "--xla_cpu_multi_thread_eigen=false intra_op_parallelism_threads=1")
os.environ.setdefault("DRAGONGRAD_CACHE", "0")

import argparse
import time
from functools import partial
from importlib import import_module
from importlib.util import find_spec

import numpy as np
from rich.console import Console
from rich.table import Table
from scipy import special

import dragongrad as ad

# The likelihoods, for any library that spells NumPy `xp` and the special functions `sp`


def gamma_regression(xp, sp, w, x, y):
    """Gamma-distributed responses with a logarithmic link and an unknown shape."""
    shape, mean = xp.exp(w[0]), xp.exp(x @ w[1:])
    return -xp.mean(shape * xp.log(shape * y / mean) - shape * y / mean - sp.gammaln(shape + 0.0 * y) - xp.log(y))


def gamma_shapes(xp, sp, w, x, y):
    """The same with a shape of its own for each response."""
    shape, mean = xp.exp(0.1 * (x @ w[1:]) + w[0]), xp.exp(x @ w[1:])
    return -xp.mean(shape * xp.log(shape * y / mean) - shape * y / mean - sp.gammaln(shape) - xp.log(y))


def probit(xp, sp, w, x, y):
    """Yes or no, by a normal threshold."""
    return -xp.mean(sp.log_ndtr((2 * y - 1) * (x @ w)))


def normal(xp, sp, a, x):
    """The multivariate normal density of some samples, by Cholesky's factor of its covariance."""
    cover = a @ a.T + xp.eye(len(a))
    lower = xp.linalg.cholesky(cover)
    z = xp.linalg.solve(lower, x.T)
    return 0.5 * xp.sum(z**2) + len(x) * xp.sum(xp.log(xp.sum(lower * xp.eye(len(a)), 1)))


def pareto(xp, sp, w, x, y):
    """The generalised Pareto distribution, with a scale that covariates move."""
    scale, shape = xp.exp(x @ w[1:]), w[0]
    return xp.mean(xp.log(scale) + (1 + 1 / shape) * xp.log1p(shape * y / scale))


def rows():
    """All rows, by their names: the function, where it is differentiated, and the data."""
    rng = np.random.default_rng(0)
    x = rng.standard_normal((10_000, 8))
    y, w = rng.gamma(2.0, 1.0, 10_000), 0.1 * rng.standard_normal(9)
    yes = (rng.random(10_000) < 0.5).astype(float)
    return {
        "gamma": ("gamma regression, one shape", gamma_regression, w, (x, y)),
        "shapes": ("gamma regression, a shape for each", gamma_shapes, w, (x, y)),
        "probit": ("probit", probit, w[1:], (x, yes)),
        "normal": (
            "multivariate normal, 30 dimensions", normal, rng.standard_normal((30, 30)),
            (rng.standard_normal((300, 30)),),
        ),
        "pareto": ("generalised Pareto", pareto, np.abs(w), (x, y)),
    }  # fmt: skip


# The libraries


def in_dragongrad(f, data):
    objective = partial(f, np, special)
    return ad.compile(ad.value_and_grad(lambda w: objective(w, *data)))


def in_jax(f, data):
    jax = import_module("jax")
    jax.config.update("jax_enable_x64", True)
    run = jax.jit(jax.value_and_grad(lambda w: f(jax.numpy, import_module("jax.scipy.special"), w, *data)))
    return lambda w: jax.block_until_ready(run(w))


def in_autograd(f, data):
    autograd, xp = import_module("autograd"), import_module("autograd.numpy")
    names = import_module("autograd.scipy.special")
    if f is probit:
        norm = import_module("autograd.scipy.stats").norm

        class names:  # noqa: N801 - it stands for a module
            log_ndtr = staticmethod(norm.logcdf)

    return autograd.value_and_grad(lambda w: f(xp, names, w, *data))


PEERS = {"dragongrad": (in_dragongrad, "dragongrad"), "JAX": (in_jax, "jax"), "autograd": (in_autograd, "autograd")}


def timed(run, w, count=1):
    """Seconds of processor time of a call."""
    start = time.process_time()
    for _ in range(count):
        run(w)
    return (time.process_time() - start) / count


def measure(f, w, data, rounds):
    """First call and best call of each library, whose results must agree."""
    runs, first, best, expected = {}, {}, {}, None
    for peer, (make, module) in PEERS.items():
        if find_spec(module) is None:
            continue
        run = make(f, data)
        start = time.process_time()
        value, gradient = run(w)
        first[peer] = time.process_time() - start
        found = np.append(np.ravel(gradient), value)
        expected = found if expected is None else expected
        np.testing.assert_allclose(found, expected, rtol=1e-7, atol=1e-9 * np.abs(expected).max(), err_msg=peer)
        runs[peer], best[peer] = (run, max(1, int(0.02 / max(timed(run, w), 1e-6)))), np.inf
    for _ in range(rounds):
        for peer, (run, count) in runs.items():
            best[peer] = min(best[peer], timed(run, w, count))
    return first, best


def main():
    """Run the rows and print the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rows", default=",".join(rows()), help="only these, with commas between")
    parser.add_argument("--rounds", type=int, default=7)
    options = parser.parse_args()
    table = Table(title="Value and gradient: first call, call; peers' calls as multiples of dragongrad's")
    for column in ("likelihood", *PEERS, "JAX (≥ 3)", "autograd (≥ 10)"):
        table.add_column(column)
    for name in options.rows.split(","):
        title, f, w, data = rows()[name]
        first, best = measure(f, w, data, options.rounds)
        cells = [f"{first[p]:.2f} s, {1e6 * best[p]:.0f} µs" if p in best else "" for p in PEERS]
        ratios = [f"{best[p] / best['dragongrad']:.1f}" if p in best else "" for p in ("JAX", "autograd")]
        table.add_row(title, *cells, *ratios)
    Console(width=160).print(table)


if __name__ == "__main__":
    main()
