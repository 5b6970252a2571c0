"""Each library's way to the value and the derivative of a row of compiled.py, as functions of its active arrays."""

import ctypes
import shutil
import subprocess
import tempfile
from functools import partial
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np
import objectives

import dragongrad as ad


def bound(f, xp, count, fixed):
    """The objective as a function of its active arrays."""

    def function(*args):
        return f(xp, *args, *fixed)

    function.__name__ = f.__name__
    return function if count else f


def in_functional(library, xp, row, compile_, fixed, ops):
    """A library of transforms over functions: dragongrad, JAX and torch.func alike."""
    f = bound(row.f, xp, len(row.active), fixed)
    every = tuple(range(len(row.active)))
    if row.derivative == "gradient":
        return compile_(f), compile_(library.value_and_grad(f, every))
    if row.derivative == "newton":

        def newton(c):
            gradient, curvature = library.jvp(library.grad(f), (c,), (xp.ones_like(c),))
            return gradient / curvature

        return compile_(f), compile_(newton)
    if row.derivative == "blocks":
        features, ci, pi = fixed
        one = partial(row.f, xp)

        def value(cams, points, w):
            return library.vmap(one)(cams[ci], points[pi], w, features)

        def blocks(cams, points, w):
            return library.vmap(ops["jacobian"](one, (0, 1, 2)))(cams[ci], points[pi], w, features)

        return compile_(value), compile_(blocks)

    def columns(theta, us):
        dense = ops["jacfwd"](lambda theta: f(theta, us))(theta)
        own = [
            library.jvp(lambda us: f(theta, us), (us,), (ops["unit"](us, k),))[1] for k in range(2)
        ]  # fmt: skip
        return dense, *own

    return compile_(f), compile_(columns)


def _unit(xp, us, k):
    return xp.stack([xp.ones_like(us[:, 0]) if j == k else xp.zeros_like(us[:, 0]) for j in range(2)], 1)


def in_dragongrad(row):
    ops = {"jacobian": ad.jacobian, "jacfwd": ad.jacfwd, "unit": partial(_unit, np)}
    return in_functional(ad, np, row, ad.compile, row.fixed, ops)


def in_jax(row):
    jax = import_module("jax")
    jax.config.update("jax_enable_x64", True)
    fixed = [jax.numpy.asarray(a) for a in row.fixed]
    ops = {"jacobian": jax.jacrev, "jacfwd": jax.jacfwd, "unit": partial(_unit, jax.numpy)}
    runs = in_functional(jax, jax.numpy, row, jax.jit, fixed, ops)
    return tuple([lambda *a, run=run: jax.block_until_ready(run(*a)) for run in runs])


def in_torch(row):
    torch = import_module("torch")
    torch.set_num_threads(1)
    fixed = [torch.from_numpy(a) for a in row.fixed]
    ops = {"jacobian": torch.func.jacrev, "jacfwd": torch.func.jacfwd, "unit": partial(_unit, torch)}

    class Functions:
        vmap, jvp, grad = torch.func.vmap, torch.func.jvp, torch.func.grad

        @staticmethod
        def value_and_grad(f, argnums):
            def run(*args):
                gradients, value = torch.func.grad_and_value(f, argnums)(*args)
                return value, gradients

            return run

    f, derivative = in_functional(Functions, _TorchNumPy(torch), row, lambda f: f, fixed, ops)
    return tuple([lambda *a, run=run: run(*map(torch.from_numpy, a)) for run in (f, derivative)])


class _TorchNumPy:
    """PyTorch with NumPy's spelling of what the objectives use differently."""

    def __init__(self, torch):
        self.torch = torch

    def __getattr__(self, name):
        return getattr(self.torch, name)

    def max(self, x, axis=None):
        return self.torch.amax(x) if axis is None else self.torch.amax(x, axis)

    def min(self, x, axis):
        return self.torch.amin(x, axis)

    def sum(self, x, axis=None):
        return self.torch.sum(x) if axis is None else self.torch.sum(x, axis)

    def concatenate(self, xs, axis):
        return self.torch.cat(xs, axis)


def in_autograd(row):
    if row.derivative in ("blocks", "columns", "newton"):
        return None
    autograd, anp = import_module("autograd"), import_module("autograd.numpy")
    f = bound(row.f, anp, len(row.active), row.fixed)
    both = autograd.value_and_grad(lambda args: f(*args))
    return f, lambda *a: both(a)


def in_cpp(row, library):
    """The functions of by_hand.cpp; one call to make the arrays, as from any C extension."""
    name = row.f.__name__
    if library is None or not hasattr(library, name):
        return None
    function = getattr(library, name)
    function.restype = ctypes.c_double
    sizes = {
        "rosenbrock": lambda: (10,), "lse": lambda: row.active[0].shape,
        "llsq": lambda: (len(row.fixed[0]), len(row.active[0])),
        "kmeans": lambda: (len(row.fixed[0]), *row.active[0].shape),
        "gmm": lambda: (len(row.fixed[0]), *row.active[1].shape[::-1]),
    }[name]()  # fmt: skip
    head = [ctypes.c_long(n) for n in sizes]
    fixed: list[Any] = [_pointer(a) for a in row.fixed]
    if name == "gmm":
        n, d, k = sizes
        fixed = [fixed[0], ctypes.c_double(objectives.gmm_constant(n, d, k))]
    shapes = [a.shape for a in row.active] * (2 if name == "kmeans" else 1)

    def value(*args):
        return function(*head, *map(_pointer, args), *fixed, *[None] * len(shapes))

    def derivative(*args):
        outs = [np.empty(shape) for shape in shapes]
        total = function(*head, *map(_pointer, args), *fixed, *map(_pointer, outs))
        return outs[0] / outs[1] if name == "kmeans" else (total, tuple(outs))

    return value, derivative


def _pointer(a):
    return ctypes.c_void_p(a.ctypes.data)


def build_cpp():
    """by_hand.cpp as a library; None without g++."""
    if not shutil.which("g++"):
        return None
    made = Path(tempfile.mkdtemp()) / "by_hand.so"
    source = Path(__file__).with_name("by_hand.cpp")
    subprocess.run(["g++", "-O3", "-march=native", "-shared", "-fPIC", str(source), "-o", str(made)], check=True)
    return ctypes.CDLL(str(made))


def in_numba(row):
    if row.f is not objectives.rosenbrock:
        return None

    @import_module("numba").njit
    def value(x):
        total = 0.0
        for i in range(len(x) - 1):
            total += 100.0 * (x[i + 1] - x[i] ** 2) ** 2 + (1.0 - x[i]) ** 2
        return total

    @import_module("numba").njit
    def both(x):
        g = np.zeros_like(x)
        total = 0.0
        for i in range(len(x) - 1):
            a, b = x[i + 1] - x[i] ** 2, 1.0 - x[i]
            total += 100.0 * a * a + b * b
            g[i] += -400.0 * a * x[i] - 2.0 * b
            g[i + 1] += 200.0 * a
        return total, (g,)

    return value, both


def in_casadi(row):
    if row.f is not objectives.rosenbrock:
        return None
    casadi = import_module("casadi")
    x = casadi.SX.sym("x", 10)
    value = casadi.sumsqr(10 * (x[1:] - x[:-1] ** 2)) + casadi.sumsqr(1 - x[:-1])
    both = casadi.Function("both", [x], [value, casadi.gradient(value, x)])
    alone = casadi.Function("value", [x], [value])
    return (lambda a: float(alone(a))), lambda a: (lambda v, g: (float(v), (np.asarray(g)[:, 0],)))(*both(a))


def contestants(row, library):
    """Every library that is installed and plays in this row: the value and the derivative."""
    runs = {"dragongrad": in_dragongrad(row), "C++ by hand": in_cpp(row, library)}
    for name, module, make in (
        ("JAX jit", "jax", in_jax), ("PyTorch", "torch", in_torch), ("HIPS autograd", "autograd", in_autograd),
        ("Numba by hand", "numba", in_numba), ("CasADi", "casadi", in_casadi),
    ):  # fmt: skip
        runs[name] = make(row) if find_spec(module) else None
    return {name: run for name, run in runs.items() if run is not None}
