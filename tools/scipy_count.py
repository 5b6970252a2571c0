"""How many of SciPy's functions have derivatives in each library: a row of the README's table for each.

    python tools/scipy_count.py [LIBRARY ...]

It counts in what is installed beside it: run it in each environment that has one of the libraries. A function is a
public name of a module of SciPy's that can be called, or a distribution, and counts where the library's module of
that name has it: dragongrad and HIPS autograd are asked by their own tables which have derivatives, of JAX and
advect the name counts. Classes of errors and functions of no numbers count nowhere, since none has them.
"""

import sys
from importlib import import_module
from importlib.metadata import version
from importlib.util import find_spec

import scipy_page

PARTS = ("special", *scipy_page.PARTS, "optimize")


def names(part):
    """SciPy's functions, classes and distributions of one module."""
    module = import_module(f"scipy.{part}")
    public = {name: getattr(module, name) for name in module.__all__ if not name.startswith("_")}
    return {
        name for name, what in public.items()
        if (callable(what) or hasattr(what, "cdf"))
        and not (isinstance(what, type) and issubclass(what, (Exception, Warning)))
    }  # fmt: skip


def _module(name):
    try:
        return import_module(name)
    except ImportError:
        return None


def of_dragongrad(part):
    """What its own tables call exact; solvers, which have none, are all but the one that is refused."""
    module = import_module(f"dragongrad.scipy.{part}")
    if part == "special":
        late, verbs = import_module("dragongrad.late"), import_module("dragongrad.scipy.special.verbs")
        late.declared("scipy.special.erf")
        exact = {name for name, rule in verbs.RULES.items() if rule.state in ("Block", "composite")}
        return exact | import_module("dragongrad.scipy.names").PYTHON
    if part == "optimize":
        return set(module.__all__) - {"linprog"}
    states = import_module(f"dragongrad.scipy.{part}.chapter").CHAPTER.states
    return {name for name, state in states.items() if state.startswith("exact")}


def of_autograd(part):
    """Primitives with a rule for reverse mode, and Python code over primitives."""
    module, core = _module(f"autograd.scipy.{part}"), import_module("autograd.core")

    def has(fn):
        if isinstance(fn, type(sys)):
            # A distribution is a module of functions.
            return fn.__name__.startswith("autograd") and any(map(has, vars(fn).values()))
        own = getattr(fn, "__module__", "") or ""
        return callable(fn) and (
            fn in core.primitive_vjps or (own.startswith("autograd") and not hasattr(fn, "fun"))
        )

    return {name for name in dir(module) if has(getattr(module, name))} if module else set()


def by_name(library):
    """The names that its module of that name has."""

    def of(part):
        module = _module(f"{library}.scipy.{part}")
        return {name for name in dir(module) if not name.startswith("_")} if module else set()

    return of


LIBRARIES = {
    "dragongrad": of_dragongrad,
    "jax": by_name("jax"),
    "autograd": of_autograd,
    "advect": by_name("advect"),
}


def row(library):
    """How many of each part, and in all."""
    counts = [len(names(part) & LIBRARIES[library](part)) for part in PARTS]
    return f"| {library} {version(library)} | {' | '.join(map(str, counts))} | {sum(counts)} |"


if __name__ == "__main__":
    print(f"| SciPy {version('scipy')} | {' | '.join(PARTS)} | all |")
    print(f"|---|{'---|' * len(PARTS)}---|")
    wanted = sys.argv[1:] or [name for name in LIBRARIES if find_spec(name)]
    print("\n".join(map(row, wanted)))
