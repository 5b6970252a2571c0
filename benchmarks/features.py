"""What each library does with small programs, side by side: the table of the README.

    python benchmarks/features.py [--markdown FILE]

Each cell is the answer of a program of a few lines: "yes" where it gives the right derivative, "no" where it
raises, gives NaN or another number, or where the library has no such name. What is not installed is left out;
advect needs Python 3.12 or newer, and is asked by a run of its own.
"""

import argparse
import warnings
from importlib import import_module
from importlib.metadata import version
from importlib.util import find_spec
from pathlib import Path

import numpy as np
from rich.console import Console
from rich.markup import escape
from rich.table import Table

LIBRARIES = ("dragongrad", "autograd", "jax", "torch", "casadi", "advect")


# Programs of plain NumPy, given to each library as they stand: the function, where, and its gradient there.


def plain(x):
    return np.sum(np.sin(x) * x)


def filled(x):
    y = np.zeros(2)
    y[0], y[1] = x[0] * x[1], x[1]
    return np.sum(y)


def collected(x):
    return np.sum(np.array([x[0] * x[1], np.asarray(x)[1]]))


def viewed(x):
    y = np.copy(x)
    first = y[:1]
    first *= x[1]
    return np.sum(y)


def decided(x):
    return (x * x).sum() if x.sum() > 0 else x.sum()


def masked(x):
    return (x[x > 1] ** 2).sum()


X = np.array([1.0, 2.0])
PLAIN = {
    "plain NumPy: `np.sum(np.sin(x) * x)`": (plain, np.sin(X) + X * np.cos(X)),
    "filling `np.zeros(2)`": (filled, [2.0, 2.0]),
    "`np.array([x[0], ...])`, `np.asarray(x)`": (collected, [2.0, 2.0]),
    "writing through a view": (viewed, [2.0, 2.0]),
    "Python's `if` on a value": (decided, 2 * X),
    "`x[x > 1]`": (masked, [0.0, 4.0]),
}


def gradient(library, f, x):
    """The gradient of a function of the library's own arrays at a vector."""
    module = import_module(library)
    if library == "torch":
        x = module.tensor(x, requires_grad=True)
        f(x).backward()
        return x.grad.numpy()
    if library == "casadi":
        # A symbol stands for the array, and what the function makes of it is the program.
        v = module.MX.sym("v", len(x))
        return np.ravel(module.Function("g", [v], [module.gradient(f(v), v)])(x))
    if library == "jax":
        module.config.update("jax_enable_x64", True)
    return np.asarray(module.grad(f)(x))


# What has other names in each library: its own `where`, `sqrt`, `norm` and `sum`.
OWN = {
    "dragongrad": "numpy", "autograd": "autograd.numpy", "jax": "jax.numpy", "torch": "torch", "casadi": "casadi",
    "advect": "numpy",
}  # fmt: skip


def untaken(library):
    """The branch that is not taken is infinite in its derivative."""
    xp = import_module(OWN[library])
    if library == "casadi":
        return gradient(library, lambda x: xp.sum1(xp.if_else(x > 0, xp.sqrt(x), 0)), [0.0, 4.0]), [0, 0.25]
    zero = xp.zeros(()) if library == "torch" else 0.0
    return gradient(library, lambda x: xp.sum(xp.where(x > 0, xp.sqrt(x), zero)), np.array([0.0, 4.0])), [0, 0.25]


def overflowing(library):
    """The slope of `log(1 + exp(x))` at 800 is 1."""
    xp = import_module(OWN[library])
    total = xp.sum1 if library == "casadi" else xp.sum
    return gradient(library, lambda x: total(xp.log(1 + xp.exp(x))), np.array([800.0])), [1.0]


OWN_PROGRAMS = {"no NaN from the branch not taken": untaken, "`log(1 + exp(x))` at 800": overflowing}

# Names that stand for a feature, each where it is in its library.
NAMES = {
    "batches: `vmap`": {"dragongrad": "vmap", "jax": "vmap", "torch": "func.vmap", "casadi": "Function.map"},
    "compiled or staged programs": {
        "dragongrad": "compile", "jax": "jit", "torch": "compile", "casadi": "external", "advect": "stage",
    },
    "programs in files": {
        "dragongrad": "load", "jax": "export", "torch": "export.save", "casadi": "Function.load",
        "advect": "StagedProgram.from_dict",
    },
    "a loop as one operation": {"dragongrad": "scan", "jax": "lax.scan", "casadi": "Function.mapaccum"},
    "minimizers": {
        "dragongrad": "minimize", "autograd": "misc.optimizers.adam", "jax": "scipy.optimize.minimize",
        "torch": "optim.LBFGS", "casadi": "nlpsol",
    },
    "nonlinear least squares with errors": {"dragongrad": "least_squares"},
    "an ODE solver with derivatives": {
        "dragongrad": "integrate.solve_ivp", "autograd": "scipy.integrate.odeint", "jax": "experimental.ode.odeint",
        "casadi": "integrator",
    },
    "layers of networks": {
        "dragongrad": "nn.Dense", "jax": "example_libraries.stax.Dense", "torch": "nn.Linear",
    },
    "sparse Jacobians": {"casadi": "jacobian_sparsity"},
    "a page that plays a derivative": {"dragongrad": "explore"},
}  # fmt: skip


def agrees(compute):
    """Whether a program gives the right numbers."""
    try:
        with warnings.catch_warnings(), np.errstate(all="ignore"):
            warnings.simplefilter("ignore")
            found, expected = compute()
        return bool(np.allclose(found, expected, rtol=1e-6))
    except Exception:
        # Whatever a library raises, the program does not run there.
        return False


def has(library, path):
    """Whether a library has a name."""
    found = import_module(library)
    for part in path.split("."):
        try:
            found = getattr(found, part)
        except AttributeError:
            if not find_spec(f"{found.__name__}.{part}"):
                return False
            found = import_module(f"{found.__name__}.{part}")
    return True


def answers(library):
    """The column of a library."""
    yield from (agrees(lambda f=f, g=g: (gradient(library, f, X), g)) for f, g in PLAIN.values())
    yield from (agrees(lambda program=program: program(library)) for program in OWN_PROGRAMS.values())
    yield from (library in names and has(library, names[library]) for names in NAMES.values())


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--markdown", metavar="FILE", type=Path)
    given = parser.parse_args()
    libraries = [name for name in LIBRARIES if find_spec(name)]
    rows = zip([*PLAIN, *OWN_PROGRAMS, *NAMES], *(answers(name) for name in libraries), strict=True)
    headings = ["", *(f"{name} {version(name)}" for name in libraries)]
    cells = [[feature, *("yes" if found else "no" for found in row)] for feature, *row in rows]
    shown = Table(*headings)
    for row in cells:
        shown.add_row(escape(row[0]), *row[1:])
    Console().print(shown)
    if given.markdown:
        lines = [headings, ["---"] * len(headings), *cells]
        given.markdown.write_text("\n".join("| " + " | ".join(line) + " |" for line in lines) + "\n")


if __name__ == "__main__":
    main()
