"""How soon a fresh process has its first result: imports, and first calls without and with a warm cache.

    python benchmarks/start.py [--rounds 7]

Processor time (of the user and the system), the least of several rounds, each in processes of its own; one thread.
`import dragongrad` is told beside NumPy's own. A first call imports the compiler and llvmlite; columns "alone" are
of first calls in processes that have imported these. The last column, with the median in parentheses, is all that a
script waits for beside NumPy: its import of dragongrad and its first call. The ratios matter; the milliseconds
depend on the machine.
"""

import os

for _name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ[_name] = "1"
# Bytecode is kept, or each process would compile the library's Python anew.
os.environ.pop("PYTHONDONTWRITEBYTECODE", None)

import argparse
import subprocess
import sys
import tempfile
from statistics import median

from rich.console import Console
from rich.table import Table

IMPORTS = """
import time
start = time.process_time()
import numpy
middle = time.process_time()
import dragongrad
end = time.process_time()
print(middle - start, end - middle)
"""

FIRST = """
import time
import numpy as np
start = time.process_time()
import dragongrad as ad
imported = time.process_time()
if {before}:
    import dragongrad.compiler.runtime
    import llvmlite.binding
    import numpy.random

def normal(*shape):
    # NumPy's generators are imported by those who draw.
    n = int(np.prod(shape))
    return np.sin(1e4 * np.arange(1.0, n + 1)).reshape(shape)

def scalar(x):
    return np.sin(x) * x + 2.0

def rosenbrock(x):
    return np.sum(100 * (x[1:] - x[:-1] ** 2) ** 2 + (1 - x[:-1]) ** 2)

def lse(x):
    top = np.max(x)
    return top + np.log(np.sum(np.exp(x - top)))

def logistic(w, X, y):
    s = X @ w
    return np.mean(np.logaddexp(0.0, s) - y * s)

X, y = normal(1000, 20), np.ones(1000)
f, args = {{
    "scalar": (scalar, (0.5,)),
    "Rosenbrock(10)": (ad.grad(rosenbrock), (normal(10),)),
    "lse": (ad.grad(lse), (normal(100_000),)),
    "logistic": (ad.value_and_grad(logistic), (np.zeros(20), X, y)),
}}["{name}"]
begun = time.process_time()
ad.compile(f)(*args)
end = time.process_time()
info = ad.cache_info()
assert {misses} is None or info.misses == {misses}, info
print(end - begun, imported - start + end - begun)
"""
NAMES = ("scalar", "Rosenbrock(10)", "lse", "logistic")


def run(code, folder=""):
    """The numbers that a process prints."""
    env = {**os.environ, "DRAGONGRAD_CACHE": folder}
    done = subprocess.run([sys.executable, "-c", code], env=env, capture_output=True, text=True, check=True)
    return tuple(map(float, done.stdout.split()))


def least(rounds):
    """The least of each number over rounds."""
    return [min(column) for column in zip(*rounds, strict=True)]


def main():
    """Print both tables."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=7)
    rounds, console = parser.parse_args().rounds, Console()
    run(IMPORTS)
    numpy, own = least([run(IMPORTS) for _ in range(rounds)])
    console.print(f"import numpy {1e3 * numpy:.0f} ms; import dragongrad on top {1e3 * own:.0f} ms")
    console.print(f"the second as a part of the first: {own / numpy:.2f}")
    table = Table(
        "first call", "without, ms", "warm, ms", "ratio", "alone: without", "warm", "ratio", "import and warm call"
    )
    with tempfile.TemporaryDirectory() as folder:
        for name in NAMES:
            run(FIRST.format(name=name, misses=None, before=False), folder)
            # Without the cache and with it, each with the imports and alone.
            kinds = [(where, before) for before in (False, True) for where in ("", folder)]
            code = {k: FIRST.format(name=name, misses=0 if k[0] else None, before=k[1]) for k in kinds}
            found = [*zip(*[[run(code[kind], kind[0]) for kind in kinds] for _ in range(rounds)], strict=True)]
            (cold, _), (warm, whole), (cold_alone, _), (alone, _) = map(least, found)
            times = [f"{1e3 * seconds:.0f}" for seconds in (cold, warm, cold_alone, alone, whole)]
            times[-1] += f" ({1e3 * median(whole for _, whole in found[1]):.0f})"
            times[2:2], times[5:5] = [f"{warm / cold:.2f}"], [f"{alone / cold_alone:.2f}"]
            table.add_row(name, *times)
    console.print(table)


if __name__ == "__main__":
    main()
