"""Value and gradient, eager, side by side with the peers in one run.

The ratios matter; the microseconds depend on the machine.

    python benchmarks/eager.py [--quick] [--markdown FILE]

Each number is the best of several rounds, and the rounds of all libraries are interleaved, so that a busy moment
of the machine hits all of them alike. Everything runs on one thread.
"""

import os

for _name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ[_name] = "1"
os.environ["XLA_FLAGS"] = "--xla_cpu_multi_thread_eigen=false intra_op_parallelism_threads=1"

import argparse
import subprocess
import sys
import time
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path

import numpy as np
from rich.console import Console
from rich.table import Table

import dragongrad as ad

PEERS = ("HIPS autograd", "PyTorch", "MyGrad", "JAX eager", "JAX jit")
RNG = np.random.default_rng(0)


# The functions, for any library that spells NumPy `xp`


def f5(xp, x):
    for _ in range(5):
        x = xp.sin(x) * x + xp.exp(-x * x)
    return xp.sum(x)


def rosenbrock(xp, x):
    return xp.sum(100.0 * (x[1:] - x[:-1] ** 2) ** 2 + (1.0 - x[:-1]) ** 2)


INPUTS = RNG.standard_normal((128, 64))
TARGETS = RNG.standard_normal((128, 10))


def mlp(xp, a, b, c, inputs=INPUTS, targets=TARGETS):
    hidden = xp.tanh(inputs @ a)
    hidden = xp.tanh(hidden @ b)
    return xp.sum((hidden @ c - targets) ** 2)


def logsumexp(xp, x):
    m = xp.max(x)
    return xp.log(xp.sum(xp.exp(x - m))) + m


CASES = {
    "f5, n = 1": (f5, (RNG.standard_normal(1),)),
    "f5, n = 100": (f5, (RNG.standard_normal(100),)),
    "f5, n = 10,000": (f5, (RNG.standard_normal(10_000),)),
    "f5, n = 1,000,000": (f5, (RNG.standard_normal(1_000_000),)),
    "Rosenbrock, n = 10": (rosenbrock, (RNG.standard_normal(10),)),
    "Rosenbrock, n = 1,000": (rosenbrock, (RNG.standard_normal(1000),)),
    "MLP 64-128-128-10, batch 128": (
        mlp, tuple([RNG.standard_normal(shape) / np.sqrt(shape[0]) for shape in ((64, 128), (128, 128), (128, 10))])
    ),
    "logsumexp, n = 1,000": (logsumexp, (RNG.standard_normal(1000),)),
}  # fmt: skip


# How each library gives value and gradient of such a function


def in_dragongrad(f, args):
    return ad.value_and_grad(lambda *a: f(np, *a), argnums=tuple(range(len(args))))


def in_autograd(f, args):
    autograd, anp = import_module("autograd"), import_module("autograd.numpy")
    return autograd.value_and_grad(lambda a: f(anp, *a)), True


def in_torch(f, args):
    torch = import_module("torch")
    torch.set_num_threads(1)
    given = {id(INPUTS): torch.from_numpy(INPUTS), id(TARGETS): torch.from_numpy(TARGETS)}
    options = {"inputs": given[id(INPUTS)], "targets": given[id(TARGETS)]} if f is mlp else {}

    def run(*arrays):
        tensors = [torch.from_numpy(a).requires_grad_() for a in arrays]
        out = f(torch, *tensors, **options)
        out.backward()
        return out.item(), [t.grad.numpy() for t in tensors]

    return run


def in_mygrad(f, args):
    mg = import_module("mygrad")

    def run(*arrays):
        tensors = [mg.tensor(a) for a in arrays]
        out = f(mg, *tensors)
        out.backward()
        return out.item(), [t.grad for t in tensors]

    return run


def in_jax(f, args, jit):
    jax = import_module("jax")
    jax.config.update("jax_enable_x64", True)
    run = jax.value_and_grad(lambda *a: f(jax.numpy, *a), argnums=tuple(range(len(args))))
    run = jax.jit(run) if jit else run
    return lambda *a: jax.block_until_ready(run(*a))


def contestants(f, args):
    """Every library that is installed, as a function of the arrays."""
    runs = {"dragongrad": in_dragongrad(f, args)}
    if find_spec("autograd"):
        run, _ = in_autograd(f, args)
        runs["HIPS autograd"] = lambda *a: run(a)
    if find_spec("torch"):
        runs["PyTorch"] = in_torch(f, args)
    if find_spec("mygrad"):
        runs["MyGrad"] = in_mygrad(f, args)
    if find_spec("jax"):
        runs["JAX eager"] = in_jax(f, args, jit=False)
        runs["JAX jit"] = in_jax(f, args, jit=True)
    runs["the function alone"] = lambda *a: f(np, *a)
    return runs


def measure(runs, args, rounds, budget):
    """The best mean time of a call of each, in seconds, with interleaved rounds."""
    expected = runs["dragongrad"](*args)
    calls = {}
    for name, run in runs.items():
        got = run(*args)
        if name != "the function alone":
            np.testing.assert_allclose(np.asarray(got[0], float), expected[0], rtol=1e-8)
            for a, b in zip(got[1], expected[1], strict=True):
                np.testing.assert_allclose(np.asarray(a), b, rtol=1e-6, atol=1e-9)
        start = time.perf_counter()
        run(*args)
        calls[name] = max(1, int(budget / (time.perf_counter() - start)))
    best = dict.fromkeys(runs, np.inf)
    for _ in range(rounds):
        for name, run in runs.items():
            start = time.perf_counter()
            for _ in range(calls[name]):
                run(*args)
            best[name] = min(best[name], (time.perf_counter() - start) / calls[name])
    return best


def batches(rounds):
    """`vmap` of a small function over 100,000 rows against the same written by hand for the batch."""
    rows = RNG.standard_normal((100_000, 3))

    def one(x):
        return np.sin(x[0]) * x[1] + np.exp(-(x[2] ** 2))

    def by_hand(x):
        return np.sin(x[:, 0]) * x[:, 1] + np.exp(-(x[:, 2] ** 2))

    mapped = ad.vmap(one)
    np.testing.assert_allclose(mapped(rows), by_hand(rows))
    best = {"vmap": np.inf, "by hand": np.inf}
    for _ in range(4 * rounds):
        for name, run in (("vmap", mapped), ("by hand", by_hand)):
            start = time.perf_counter()
            run(rows)
            best[name] = min(best[name], time.perf_counter() - start)
    return best


def chains():
    """Nanoseconds an operation of a long chain, forward and back: alike for every length where time is linear."""
    found = {}
    for length in (10_000, 100_000, 1_000_000):

        def chain(x, length=length):
            for _ in range(length):
                x = x * 0.999999
            return x

        start = time.perf_counter()
        ad.value_and_grad(chain)(1.0)
        found[length] = 1e9 * (time.perf_counter() - start) / length
    return found


def imports(rounds):
    """Processor seconds that `import dragongrad` adds to `import numpy`, and NumPy's own, each in a new process."""
    code = (
        "import time; start = time.process_time(); import numpy; middle = time.process_time(); import dragongrad;"
        "print(middle - start, time.process_time() - middle)"
    )
    runs = [
        [
            float(t)
            for t in subprocess.run([sys.executable, "-c", code], capture_output=True, text=True).stdout.split()
        ]
        for _ in range(rounds)
    ]
    return [min(times) for times in zip(*runs, strict=True)]


def duration(seconds):
    """A time in readable units."""
    return f"{1e6 * seconds:.1f} µs" if seconds < 1e-3 else f"{1e3 * seconds:.2f} ms"


def main():
    """Run everything and print two tables."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--quick", action="store_true", help="fewer rounds")
    parser.add_argument("--markdown", type=Path, help="also write the table to this file")
    options = parser.parse_args()
    rounds, budget = (3, 0.02) if options.quick else (12, 0.08)
    names = ["dragongrad", *PEERS, "the function alone"]
    table = Table(title="Value and gradient: time, and dragongrad's time as a multiple of it")
    for column in ("case", *names):
        table.add_column(column)
    lines = [f"| case | {' | '.join(names)} |", "|" + "---|" * (len(names) + 1)]
    for case, (f, args) in CASES.items():
        best = measure(contestants(f, args), args, rounds, budget)
        cells = [duration(best["dragongrad"])]
        for name in names[1:]:
            ratio = f" ({best['dragongrad'] / best[name]:.2f})" if name in best else ""
            cells.append(duration(best[name]) + ratio if name in best else "not installed")
        table.add_row(case, *cells)
        lines.append(f"| {case} | {' | '.join(cells)} |")
    console = Console(width=170)
    console.print(table)
    best = batches(rounds)
    rest = [
        f"vmap over 100,000 rows: {duration(best['vmap'])}, by hand {duration(best['by hand'])}: "
        f"{best['vmap'] / best['by hand']:.2f} times",
        "A chain of operations, nanoseconds each, forward and back: "
        + ", ".join(f"{length:,}: {ns:.0f}" for length, ns in chains().items()),
    ]
    numpy_alone, ours = imports(rounds)
    rest.append(
        f"import dragongrad: {duration(ours)} of processor time over NumPy's own import, which takes "
        f"{duration(numpy_alone)} (goal: 100 ms)"
    )
    for line in rest:
        console.print(line)
    if options.markdown:
        options.markdown.write_text("\n".join([*lines, "", *rest]) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
