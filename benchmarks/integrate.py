"""Differential equations with gradients, beside SciPy, diffrax and torchdiffeq at equal measured error.

python benchmarks/integrate.py [--rows lotka,robertson,ring] [--rounds 5]

Each library is run at a ladder of tolerances; the time of each is that of its loosest run whose value and gradient
have at most the error asked for, against a reference at rtol 1e-12. Processor time of one thread, the least of
several rounds in which the libraries take turns. A library that is not installed is left out; torchdiffeq has no
method for stiff equations that controls its error.
"""

import argparse
import os

os.environ.update(dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"), "1"))
# First calls are those of a first process.
os.environ.setdefault("DRAGONGRAD_CACHE", "0")
os.environ.setdefault("XLA_FLAGS", "--xla_cpu_multi_thread_eigen=false intra_op_parallelism_threads=1")

import time
from dataclasses import dataclass
from functools import cache
from importlib import import_module
from importlib.util import find_spec
from typing import Any

import numpy as np
from rich.console import Console
from rich.table import Table
from scipy import integrate

import dragongrad as ad

LADDER = [float(f"{digit}e-{k}") for k in range(5, 11) for digit in (10, 3)]


def lotka(xp, t, y, p):
    """Prey and predators."""
    return xp.stack([p[0] * y[0] - p[1] * y[0] * y[1], p[3] * y[0] * y[1] - p[2] * y[1]])


def robertson(xp, t, y, p):
    """Three reactions, by the logarithms of their rates."""
    k = xp.exp(p)
    slow, back, fast = k[0] * y[0], k[1] * y[1] * y[2], k[2] * y[1] ** 2
    return xp.stack([back - slow, slow - back - fast, fast])


def ring(xp, t, y, p):
    """A hundred bodies on a ring, each pulled by all, by their masses; positions and speeds in a plane."""
    n = len(p)
    at, speed = y[: 2 * n].reshape(n, 2), y[2 * n :]
    apart = at[None, :, :] - at[:, None, :]
    squared = (apart**2).sum(-1) + 0.05
    pull = ((p[None, :] / (squared * squared**0.5))[:, :, None] * apart).sum(1)
    return xp.concatenate([speed, pull.reshape(2 * n)])


@dataclass
class Row:
    """An equation, where it starts and ends, its parameters, and the error that is asked for."""

    name: str
    title: str
    f: Any
    y0: Any
    p: Any
    times: Any
    error: float
    atol: float
    stiff: bool = False


def rows():
    """All rows, by their names."""
    angle = 2 * np.pi * np.arange(100) / 100
    at = np.stack([np.cos(angle), np.sin(angle)], 1)
    turn = np.stack([-np.sin(angle), np.cos(angle)], 1)
    masses = (1 + 0.3 * np.sin(3 * angle)) / 100
    made = (
        Row(
            "lotka", "Lotka-Volterra, to 10", lotka, np.array([1.0, 1.0]), np.array([1.5, 1.0, 3.0, 1.0]),
            np.linspace(1.0, 10.0, 10), 1e-6, 1.0,
        ),
        Row(
            "robertson", "Robertson, to 4e5", robertson, np.array([1.0, 0.0, 0.0]), np.log([0.04, 1e4, 3e7]),
            np.array([0.4, 40.0, 4e3, 4e5]), 1e-6, 1e-4, True,
        ),
        Row(
            "ring", "ring of 100 bodies, to 2", ring, np.concatenate([at.ravel(), 0.7 * turn.ravel()]), masses,
            np.linspace(0.5, 2.0, 4), 1e-6, 1.0,
        ),
    )  # fmt: skip
    return {row.name: row for row in made}


def weights(row):
    """Of the loss, a sum over all states at all times, each by its size."""
    size = np.abs(row.y0) + 0.1 if not row.stiff else np.array([1.0, 1e-5, 1.0])
    return 1 / size[None, :]


# The libraries: from a row and a tolerance to a function of parameters that gives value and gradient


def ours(row, rtol, **options):
    w = weights(row)

    def loss(p):
        y = ad.integrate.solve_ivp(
            lambda t, y, p: row.f(np, t, y, p), (0.0, row.times[-1]), row.y0, t_eval=row.times, args=(p,),
            rtol=rtol, atol=rtol * row.atol, **options,
        ).y  # fmt: skip
        return np.sum((w * y.T) ** 2)

    return ad.compile(ad.value_and_grad(loss))


def steps(row, rtol):
    return ours(row, rtol, method="Rodas5P" if row.stiff else "Tsit5")


def auto(row, rtol):
    return ours(row, rtol)


def adjoint(row, rtol):
    return None if row.stiff else ours(row, rtol, sensitivity="adjoint", method="Tsit5")


def scipys(row, rtol):
    """SciPy's integrator on the forward sensitivities, whose right side is compiled by us."""
    n, m, w = len(row.y0), len(row.p), weights(row)

    def both(z, t, p):
        y, s = z[:n], z[n:].reshape(n, m)
        f, pushed = ad.vmap(
            lambda s, e: ad.jvp(lambda y, p: row.f(np, t, y, p), (y, p), (s, e)), (1, 0), out_axes=(None, 1)
        )(s, np.eye(m))
        return np.concatenate([f, pushed.reshape(-1)])

    right = ad.compile(both)
    jacobian = ad.compile(ad.jacobian(both)) if row.stiff else None

    def run(p):
        extra = {"jac": lambda t, z: jacobian(z, t, p)} if row.stiff else {}
        z = integrate.solve_ivp(
            lambda t, z: right(z, t, p), (0.0, row.times[-1]), np.concatenate([row.y0, np.zeros(n * m)]),
            "Radau" if row.stiff else "DOP853", row.times, rtol=rtol, atol=rtol * row.atol, **extra,
        ).y.T  # fmt: skip
        y, s = z[:, :n], z[:, n:].reshape(-1, n, m)
        return np.sum((w * y) ** 2), np.einsum("tn,tnm->m", 2 * w**2 * y, s)

    return run


@cache
def in_diffrax(name):
    """Value and gradient of a row by parameters and tolerance: one program for all tolerances."""
    jax, diffrax = import_module("jax"), import_module("diffrax")
    jax.config.update("jax_enable_x64", True)
    row = rows()[name]
    w = weights(row)
    term = diffrax.ODETerm(lambda t, y, p: row.f(jax.numpy, t, y, p))
    solver = diffrax.Kvaerno5() if row.stiff else diffrax.Tsit5()
    # As its manual has it for either kind.
    gains = {"pcoeff": 0.3, "icoeff": 0.4} if row.stiff else {}

    def loss(p, rtol):
        y = diffrax.diffeqsolve(
            term, solver, 0.0, row.times[-1], None, row.y0, p, saveat=diffrax.SaveAt(ts=row.times), max_steps=4096,
            stepsize_controller=diffrax.PIDController(rtol, rtol * row.atol, **gains),
        ).ys  # fmt: skip
        return jax.numpy.sum((w * y) ** 2)

    run = jax.jit(jax.value_and_grad(loss))
    return lambda p, rtol: [np.asarray(x) for x in jax.block_until_ready(run(p, rtol))]


def diffraxs(row, rtol):
    run = in_diffrax(row.name)
    return lambda p: run(p, rtol)


def torchdiffeqs(row, rtol):
    if row.stiff:
        return None
    torch, torchdiffeq = import_module("torch"), import_module("torchdiffeq")
    torch.set_num_threads(1)
    w, y0 = torch.tensor(weights(row)), torch.tensor(row.y0)
    times = torch.tensor(np.concatenate([[0.0], row.times]))
    torch.concatenate = torch.cat

    def run(p):
        q = torch.tensor(p, requires_grad=True)
        y = torchdiffeq.odeint(lambda t, y: row.f(torch, t, y, q), y0, times, rtol=rtol, atol=rtol * row.atol)[1:]
        loss = ((w * y) ** 2).sum()
        loss.backward()
        return loss.item(), q.grad.numpy()

    return run


PEERS = {
    "dragongrad": (steps, "dragongrad"), "auto": (auto, "dragongrad"), "adjoint": (adjoint, "dragongrad"),
    "SciPy": (scipys, "scipy"), "diffrax": (diffraxs, "diffrax"),
    "torchdiffeq": (torchdiffeqs, "torchdiffeq"),
}  # fmt: skip
# The first that is there is what the others are compared with.
OURS = ("dragongrad", "auto", "adjoint")


def timed(run, p, count=1):
    """Seconds of processor time of a call."""
    start = time.process_time()
    for _ in range(count):
        run(p)
    return (time.process_time() - start) / count


def relative(found, expected):
    return float(np.max(np.abs(found - expected)) / np.max(np.abs(expected)))


@dataclass
class Found:
    """A run that is exact enough: how long its first call took, the errors of value and gradient, its tolerance."""

    run: Any
    first: float
    error: float
    steeper: float
    rtol: float


def loosest(make, row, expected):
    """The run at the loosest tolerance that is exact enough; None where there is none."""
    first = 0.0
    for rtol in LADDER:
        start = time.process_time()
        run = make(row, rtol)
        if run is None:
            return None
        try:
            value, gradient = run(row.p)
        except Exception as error:
            print(f"{make.__name__} at {rtol}: {str(error)[:80]}")
            continue
        first = max(first, time.process_time() - start)
        off = relative(value, expected[0]), relative(gradient, expected[1])
        if max(off) <= row.error:
            return Found(run, first, *off, rtol)
    return None


def measured(row, peers, rounds):
    """The runs of each library, and the least time of a call of each."""
    expected = steps(row, 1e-12)(row.p)
    found = {}
    for peer in peers:
        make, module = PEERS[peer]
        one = loosest(make, row, expected) if find_spec(module) is not None else None
        if one is not None:
            found[peer] = one
    once = {peer: timed(one.run, row.p) for peer, one in found.items()}
    best = dict(once)
    for k in range(rounds):
        for peer, one in found.items():
            if once[peer] < 5 or k == 0:
                best[peer] = min(best[peer], timed(one.run, row.p, max(1, int(0.05 / max(once[peer], 1e-6)))))
    return found, best


def main():
    """Run the rows and print the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rows", default="lotka,robertson,ring", help="only these, with commas between")
    parser.add_argument("--peers", default=",".join(PEERS), help="only these")
    parser.add_argument("--rounds", type=int, default=5)
    options = parser.parse_args()
    table = Table(title="Value and gradient at an error of at most that asked for, in both")
    for column in ("equation", "library", "first call", "call", "times ours", "error", "of gradient", "rtol"):
        table.add_column(column)
    for name in options.rows.split(","):
        row = rows()[name]
        found, best = measured(row, options.peers.split(","), options.rounds)
        base = next((best[peer] for peer in OURS if peer in best), min(best.values()))
        for peer, one in found.items():
            print(f"{name} {peer}: {1e3 * best[peer]:.3f} ms, {best[peer] / base:.2f}", flush=True)
            table.add_row(
                row.title, peer, f"{one.first:.2f} s", f"{1e3 * best[peer]:.3f} ms", f"{best[peer] / base:.2f}",
                f"{one.error:.0e}", f"{one.steeper:.0e}", f"{one.rtol:.0e}",
            )  # fmt: skip
    Console(width=150).print(table)


if __name__ == "__main__":
    main()
