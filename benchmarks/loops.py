"""Loops: first calls, calls, and memory, beside the peers in one run.

    python benchmarks/loops.py [--rows ode,lstm] [--rounds 7]

Value and gradient of each row, float64, one thread. dragongrad and JAX have the loop as one operation (`ad.scan`,
`jax.lax.scan`), CasADi as `mapaccum`; PyTorch and HIPS autograd run Python, and so does "for": dragongrad with a
plain loop, which the compiler makes a loop again. Calls are the least of several rounds in turn, by processor time;
a first call is one. The ratios matter; the milliseconds depend on the machine.
"""

import os

for _name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ[_name] = "1"
os.environ.setdefault("XLA_FLAGS", "--xla_cpu_multi_thread_eigen=false intra_op_parallelism_threads=1")
os.environ.setdefault("DRAGONGRAD_CACHE", "0")

import argparse
import itertools
import time
from dataclasses import dataclass
from functools import partial
from importlib import import_module
from importlib.util import find_spec
from typing import Any

import argmins
import numpy as np
from rich.console import Console
from rich.table import Table

import dragongrad as ad

# The objectives, for any library that spells NumPy `xp` and has a `scan`


def ode(xp, scan, y0, p, steps=100):
    """The square of the solution of y' = p y after one unit of time, by Runge-Kutta's method."""
    h = 1.0 / steps

    def step(y, _):
        k1 = p * y
        k2 = p * (y + h / 2 * k1)
        k3 = p * (y + h / 2 * k2)
        k4 = p * (y + h * k3)
        return y + h / 6 * (k1 + 2 * k2 + 2 * k3 + k4), None

    return xp.sum(scan(step, y0, None, steps)[0] ** 2)


def lstm(xp, scan, weights, bias, first, inputs):
    """How badly a network of long short-term memory foretells the next letter.

    Some layers, whose gates have a weight for each element (F. Srajer et al., 2018).
    """

    def sigmoid(x):
        return 1.0 / (1.0 + xp.exp(-x))

    def step(state, rows):
        x, target = rows
        new = []
        for k in range(len(weights)):
            hidden, cell = state[2 * k], state[2 * k + 1]
            gates = [x * weights[k, j] + hidden * weights[k, 4 + j] + bias[k, j] for j in range(4)]
            cell = cell * sigmoid(gates[0]) + sigmoid(gates[1]) * xp.tanh(gates[3])
            hidden = xp.tanh(cell) * sigmoid(gates[2])
            new += [hidden, cell]
            x = hidden
        y = x * bias[0, 4] + bias[1, 4]
        loss = xp.sum(target * (y - xp.log(2.0 + xp.sum(xp.exp(y)))))
        return xp.stack(new), loss

    return -xp.mean(scan(step, first, (inputs[:-1], inputs[1:]), len(inputs) - 1)[1])


def chain(xp, scan, p, steps=100):
    """The last of n numbers after two units of time, y[i]' = p[i] y[i - 1], by Runge-Kutta's method.

    It is GradBench's ode.
    """
    h = 2.0 / steps

    def speed(y):
        return xp.concatenate([p[:1], p[1:] * y[:-1]], 0)

    def step(y, _):
        k1 = speed(y)
        k2 = speed(y + h / 2 * k1)
        k3 = speed(y + h / 2 * k2)
        k4 = speed(y + h * k3)
        return y + h / 6 * (k1 + 2 * k2 + 2 * k3 + k4), None

    return scan(step, 0.0 * p, None, steps)[0][-1]


def minors(n):
    """For each number of rows: which columns all sets of columns hold, and the places of the sets without each."""
    sets = [list(itertools.combinations(range(n), k)) for k in range(n + 1)]
    places = [{columns: at for at, columns in enumerate(level)} for level in sets]
    return [
        (
            np.array(sets[k]),
            np.array([[places[k - 1][c[:j] + c[j + 1 :]] for j in range(k)] for c in sets[k]]),
            np.array([(-1.0) ** (k - 1 + j) for j in range(k)]),
        )
        for k in range(1, n + 1)
    ]


def det(xp, scan, a, levels=None):
    """The determinant by minors of the first rows, each computed once; it is GradBench's det."""
    found = xp.ones(1)
    for k, (columns, rest, signs) in enumerate(levels):
        found = xp.sum(signs * a[k][columns] * found[rest], 1)
    return found[0]


def hmm(xp, scan, transition, emission, start, seen=None):
    """The log likelihood of a hidden Markov model, by the forward algorithm."""

    def step(a, o):
        z = a[:, None] + transition
        top = xp.max(z)
        return xp.log(xp.sum(xp.exp(z - top), 0)) + top + emission[:, o], None

    a = scan(step, start + emission[:, seen[0]], seen[1:], len(seen) - 1)[0]
    top = xp.max(a)
    return xp.log(xp.sum(xp.exp(a - top))) + top


def pendulum(xp, scan, torque):
    """How far two links are from standing upright after steps of Runge-Kutta's method under these torques."""

    def speed(q, u):
        a, b, v, w = q[0], q[1], q[2], q[3]
        sine, cosine = xp.sin(b - a), xp.cos(b - a)
        below = 2 - cosine**2
        first = (v**2 * sine * cosine + 9.8 * xp.sin(b) * cosine + w**2 * sine - 19.6 * xp.sin(a) + u) / below
        second = (-(w**2) * sine * cosine + 2 * (9.8 * xp.sin(a) * cosine - v**2 * sine - 9.8 * xp.sin(b))) / below
        return xp.stack([v, w, first, second])

    h = 0.01

    def step(q, u):
        k1 = speed(q, u)
        k2 = speed(q + h / 2 * k1, u)
        k3 = speed(q + h / 2 * k2, u)
        k4 = speed(q + h * k3, u)
        return q + h / 6 * (k1 + 2 * k2 + 2 * k3 + k4), None

    q = scan(step, xp.array([0.1, 0.2, 0.0, 0.0]), torque, len(torque))[0]
    return xp.sum((q - xp.array([np.pi, np.pi, 0.0, 0.0])) ** 2) + 1e-3 * xp.sum(torque**2)


@dataclass
class Row:
    """An objective, what it is differentiated with respect to, and what else it is given."""

    title: str
    f: Any
    active: tuple[Any, ...]
    fixed: dict[str, Any]
    first: float  # what is to be reached: first call, and call, as parts of JAX's
    call: float
    plain: float = 0.0  # the first call of a plain loop as a multiple of that of JAX's scan; 0: no figure was set


def rows():
    """All rows, by their names."""
    rng = np.random.default_rng(0)
    normal = rng.standard_normal
    letters = np.eye(14)[rng.integers(0, 14, 1025)]
    network = (0.3 * normal((2, 8, 14)), 0.1 * normal((2, 5, 14)), np.zeros((4, 14)))
    return {
        "ode": Row("Runge-Kutta, n = 1000, 100 steps", ode, (normal(1000), normal(1000)), {}, 0.5, 0.6, 2.0),
        "lstm": Row("LSTM, 1024 letters", lstm, network, {"inputs": letters}, 0.5, 0.2),
        "lstm256": Row("LSTM, 256 letters", lstm, network, {"inputs": letters[:257]}, 0.5, 0.2, 3.0),
        "hmm": Row(
            "hidden Markov model, 8 states, 200 steps", hmm, (normal((8, 8)), normal((8, 5)), normal(8)),
            {"seen": rng.integers(0, 5, 200)}, 0.5, 0.2,
        ),
        "chain": Row("GradBench's ode, n = 10000", chain, (rng.uniform(0.5, 1.5, 10_000),), {}, 1.0, 1.0),
        "lstm4": Row(
            "GradBench's LSTM, 4 layers, 4096 letters", lstm,
            (0.3 * normal((4, 8, 14)), 0.1 * normal((4, 5, 14)), np.zeros((8, 14))),
            {"inputs": np.eye(14)[rng.integers(0, 14, 4097)]}, 1.0, 1.0,
        ),
        "det": Row("GradBench's det, 10 x 10", partial(det, levels=minors(10)), (normal((10, 10)),), {}, 1.0, 1.0),
        "pendulum": Row("two-link pendulum, 500 steps", pendulum, (normal(500),), {}, 0.5, 0.05, 5.0),
    }  # fmt: skip


# The libraries


def python_scan(stack):
    """A loop in Python, as `scan`."""

    def scan(step, carry, xs, length):
        ys = []
        for i in range(length):
            row = None if xs is None else tuple([x[i] for x in xs]) if isinstance(xs, tuple) else xs[i]
            carry, y = step(carry, row)
            ys.append(y)
        return carry, None if ys[0] is None else stack(ys)

    return scan


def in_dragongrad(row):
    f = partial(row.f, np, ad.scan, **row.fixed)
    return ad.compile(ad.value_and_grad(f, tuple(range(len(row.active)))))


def in_python(row):
    f = partial(row.f, np, python_scan(np.stack), **row.fixed)
    return ad.compile(ad.value_and_grad(f, tuple(range(len(row.active)))))


def in_jax(row):
    jax = import_module("jax")
    jax.config.update("jax_enable_x64", True)
    f = partial(row.f, jax.numpy, jax.lax.scan, **row.fixed)
    run = jax.jit(jax.value_and_grad(f, tuple(range(len(row.active)))))
    return lambda *args: jax.block_until_ready(run(*args))


def in_torch(row):
    torch = import_module("torch")
    torch.set_num_threads(1)
    from peers import _TorchNumPy

    xp = _TorchNumPy(torch)
    xp.array = partial(torch.tensor, dtype=torch.float64)
    fixed = {k: torch.from_numpy(v) for k, v in row.fixed.items()}
    run = torch.func.grad_and_value(
        partial(row.f, xp, python_scan(torch.stack), **fixed), tuple(range(len(row.active)))
    )

    def both(*args):
        gradients, value = run(*map(torch.from_numpy, args))
        return value, gradients

    return both


def in_autograd(row):
    autograd, anp = import_module("autograd"), import_module("autograd.numpy")
    f = partial(row.f, anp, python_scan(anp.stack), **row.fixed)
    both = autograd.value_and_grad(lambda args: f(*args))
    return lambda *args: both(args)


def in_casadi(row):
    if row.f is not pendulum:
        return None
    ca = import_module("casadi")

    class Symbols:
        sin, cos = ca.sin, ca.cos
        sum = staticmethod(ca.sum1)

        @staticmethod
        def array(x):
            return ca.DM(x)

        @staticmethod
        def stack(x):
            return ca.vertcat(*x)

    def scan(step, q, us, n):
        state, u = ca.SX.sym("q", 4), ca.SX.sym("u")
        one = ca.Function("step", [state, u], [step(state, u)[0]])
        return one.mapaccum(n)(q, us.T)[:, -1], None

    u = ca.MX.sym("u", len(row.active[0]))
    u.__class__.__len__ = lambda self: self.shape[0]
    value = pendulum(Symbols, scan, u)
    run = ca.Function("both", [u], [value, ca.gradient(value, u)])

    def both(torque):
        value, gradient = run(torque)
        return float(value), np.asarray(gradient).ravel()

    return both


# Python takes minutes for these, and PyTorch takes no arrays of NumPy's beside its own.
SKIPPED = {"lstm4": {"for", "PyTorch", "autograd"}, "lstm": {"PyTorch", "autograd"}, "det": {"PyTorch"}}
PEERS = {
    "dragongrad": (in_dragongrad, "dragongrad"), "for": (in_python, "dragongrad"),
    "JAX": (in_jax, "jax"), "CasADi": (in_casadi, "casadi"), "PyTorch": (in_torch, "torch"),
    "autograd": (in_autograd, "autograd"),
}  # fmt: skip


def flat(out):
    value, gradients = out
    gradients = gradients if isinstance(gradients, (tuple, list)) else (gradients,)
    return [np.asarray(a) for a in (value, *gradients)]


def timed(run, args, count=1):
    """Seconds of processor time of a call."""
    start = time.process_time()
    for _ in range(count):
        run(*args)
    return (time.process_time() - start) / count


def measure(row, rounds, skipped=()):
    """First call and best call of each library."""
    runs, first, best = {}, {}, {}
    expected = None
    for peer, (make, module) in PEERS.items():
        if find_spec(module) is None or peer in skipped:
            continue
        start = time.process_time()
        run = make(row)
        if run is None:
            continue
        out = flat(run(*row.active))
        first[peer] = time.process_time() - start
        expected = expected or out
        for a, b in zip(out, expected, strict=True):
            np.testing.assert_allclose(a, b, rtol=1e-7, atol=1e-9 * max(1.0, float(np.abs(b).max())), err_msg=peer)
        runs[peer] = run, max(1, int(0.02 / max(timed(run, row.active), 1e-6)))
        best[peer] = np.inf
    for _ in range(rounds):
        for peer, (run, count) in runs.items():
            best[peer] = min(best[peer], timed(run, row.active, count))
    return first, best


def against_peers(console, wanted, rounds):
    """The rows beside the peers."""
    table = Table(
        title="Value and gradient: first call, call; and as multiples of JAX's, beside what is to be reached"
    )
    for column in ("loop", *PEERS, "first / JAX", "call / JAX", "for: first / JAX", "for: call / scan's"):
        table.add_column(column)
    for name in wanted:
        row = rows()[name]
        first, best = measure(row, rounds, SKIPPED.get(name, ()))
        cells = [f"{first[p]:.2f} s, {1e6 * best[p]:.0f} µs" if p in best else "" for p in PEERS]
        ratios = ["", "", "", f"{best['for'] / best['dragongrad']:.2f} (≤ 1.2)" if "for" in best else ""]
        if "JAX" in best:
            ratios = [
                f"{first['dragongrad'] / first['JAX']:.2f} (≤ {row.first})",
                f"{best['dragongrad'] / best['JAX']:.2f} (≤ {row.call})",
                f"{first['for'] / first['JAX']:.2f}" + (f" (≤ {row.plain})" if row.plain else "")
                if "for" in first
                else "",
                ratios[-1],
            ]
        table.add_row(row.title, *cells, *ratios)
    console.print(table)


def descents(console, wanted, rounds):
    """GradBench's minima inside one another, beside the fastest of JAX's modes."""
    table = Table(title="Minima by descent, whole runs: first call, call; outer and inner mode")
    names = ("dragongrad", "JAX", "first / JAX's best", "call / JAX's best")
    for column in ("problem", "modes", *names):
        table.add_column(column)
    makers = {"dragongrad": argmins.dragongrads} | ({"JAX": argmins.jaxes} if find_spec("jax") else {})
    libraries = {peer: make() for peer, make in makers.items()}
    for name in wanted:
        runs, first = {}, {}
        for peer, modes in itertools.product(libraries, argmins.MODES):
            if (peer, modes[0]) == ("JAX", "r"):
                continue
            start = time.process_time()
            run, given = argmins.functions(libraries[peer], name, modes)
            found = np.asarray(run(given))
            first[peer, modes] = time.process_time() - start
            runs[peer, modes] = partial(lambda run, given: np.asarray(run(given)), run, given)
            np.testing.assert_allclose(found, np.asarray(runs["dragongrad", "rr"]()), rtol=1e-6, atol=1e-8)
        best = {key: min(timed(run, ()) for _ in range(rounds)) for key, run in runs.items()}
        for modes in argmins.MODES:
            cells = [
                f"{first[peer, modes]:.2f} s, {1e3 * best[peer, modes]:.2f} ms" if (peer, modes) in best else ""
                for peer in makers
            ]
            for times in (first, best):
                least = min((t for (peer, _), t in times.items() if peer == "JAX"), default=np.nan)
                cells.append(f"{times['dragongrad', modes] / least:.2f}")
            table.add_row(name, modes, *cells)
    console.print(table)


# What has no peer


def alone(console, rounds):
    """How first calls, times and memory grow; loops until a condition holds."""
    table = Table(title="Alone")
    for column in ("what", "found", "to be reached"):
        table.add_column(column)

    def logistic(n, **options):
        def f(a):
            return np.sum(ad.scan(lambda x, _: (a * x * (1 - x), None), 0.3 + 0 * a, None, n, **options)[0])

        return f

    def first(n):
        # The least of some, each with a text of its own.
        found = []
        for k in range(5):
            compiled = ad.compile(ad.value_and_grad(logistic(n + k)))
            found.append(timed(compiled, (np.linspace(2.0, 3.0, 10),)))
        return min(found[1:])

    few, many = first(10), first(100_000)
    table.add_row("first call, 1e5 steps / 10", f"{many / few:.2f}", "≤ 1.2")
    x = np.linspace(2.0, 3.0, 10)
    pair = [ad.compile(logistic(10_000)), ad.compile(ad.grad(logistic(10_000)))]
    value, gradient = [min(timed(run, (x,), 5) for _ in range(rounds)) for run in pair]
    table.add_row("gradient / value, 1e4 steps", f"{gradient / value:.2f}", "≤ 4")
    n, x = 1_000_000, np.linspace(2.0, 3.0, 32)
    kept, some = [ad.compile(ad.grad(logistic(n, checkpoint=c))) for c in (None, "sqrt")]
    times = [min(timed(run, (x,)) for _ in range(3)) for run in (kept, some)]
    bytes_ = some._latest.engine.workspace.size
    table.add_row(
        'checkpoint="sqrt", 1e6 steps of 32 numbers: memory / sqrt(n) carries',
        f"{bytes_ / (n**0.5 * x.nbytes):.2f}",
        "≤ 3",
    )
    table.add_row("the same: time / that of storing all", f"{times[1] / times[0]:.2f}", "≤ 1.7")

    def fixed(a):
        def step(at):
            new = np.cos(a * at[0])
            return new, abs(new - at[0])

        return ad.while_loop(lambda at: at[1] > 1e-12, step, (a, 1.0))[0]

    compiled = ad.compile(ad.grad(fixed))
    compiled(0.9)
    found = min(timed(compiled, (0.9,), 100) for _ in range(rounds))
    table.add_row("fixed point to 1e-12 in reverse, call", f"{1e6 * found:.2f} µs", "")
    by_hand = fixed_by_hand()
    if by_hand is not None:
        expected = by_hand(0.9)
        np.testing.assert_allclose(compiled(0.9), expected, rtol=1e-9)
        other = min(timed(by_hand, (0.9,), 100) for _ in range(rounds))
        table.add_row("the same / a tape by hand in Numba", f"{found / other:.2f}", "≤ 3")
    console.print(table)


def fixed_by_hand():
    """The derivative of the fixed point with a tape by hand."""
    if find_spec("numba") is None:
        return None
    numba = import_module("numba")

    @numba.njit
    def derivative(a):
        tape, x, gap, n = np.empty(16), a, 1.0, 0
        while gap > 1e-12:
            if n == len(tape):
                larger = np.empty(2 * n)
                larger[:n] = tape
                tape = larger
            tape[n] = x
            n += 1
            new = np.cos(a * x)
            gap, x = abs(new - x), new
        bar, total = 1.0, 0.0
        for k in range(n - 1, -1, -1):
            slope = -np.sin(a * tape[k]) * bar
            total += slope * tape[k]
            bar = slope * a
        return total + bar

    derivative(0.5)
    return derivative


def main():
    """Run the rows and print the tables."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument(
        "--rows", default="ode,lstm,lstm256,hmm,pendulum,chain,lstm4,det,saddle,particle",
        help="only these, with commas between",
    )  # fmt: skip
    parser.add_argument("--rounds", type=int, default=7)
    options = parser.parse_args()
    console = Console(width=200)
    wanted = [name for name in options.rows.split(",") if name]
    alone(console, options.rounds)
    against_peers(console, [name for name in wanted if name not in argmins.PROBLEMS], options.rounds)
    descents(console, [name for name in wanted if name in argmins.PROBLEMS], options.rounds)


if __name__ == "__main__":
    main()
