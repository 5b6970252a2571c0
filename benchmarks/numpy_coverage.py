"""How many of the functions that NumPy lets others override each library answers, side by side.

    python benchmarks/numpy_coverage.py [--markdown FILE] [--missing LIBRARY]

NumPy names them itself (`numpy.testing.overrides`); those of text, dates, files and records are left out, for which
no derivative is wanted. HIPS autograd and MyGrad are asked by their own tables, JAX by the name in `jax.numpy`: a
function of that name need not take NumPy's arguments. What is not installed is left out.
"""

import argparse
from importlib import import_module
from importlib.metadata import version
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import numpy.polynomial.polynomial
from numpy.testing import overrides
from rich.console import Console
from rich.table import Table

from dragongrad.core.block import BLOCKS, TABLE, UNSUPPORTED

_OF_NO_NUMBERS = ("works on strings", "works on dates", "reads files", "works on records")


def functions():
    """NumPy's overridable functions of numbers, by the name that users write."""
    found = {}
    for fn in (*overrides.get_overridable_numpy_array_functions(), *overrides.get_overridable_numpy_ufuncs()):
        module = getattr(fn, "__module__", None) or "numpy"
        public = getattr(np, fn.__name__, fn) if module == "numpy" else fn
        reason = UNSUPPORTED.get(public) or UNSUPPORTED.get(module) or ""
        private = fn.__name__.startswith("_") or (isinstance(fn, np.ufunc) and not hasattr(np, fn.__name__))
        if not private and not any(words in reason for words in _OF_NO_NUMBERS):
            found[f"{module}.{fn.__name__}"] = public
    return found


def of_dragongrad(names):
    """Blocks and composites; constants; what is refused with a reason."""
    answers = {}
    for name, fn in names.items():
        if fn in TABLE or name in TABLE:
            block = BLOCKS.get(fn)
            answers[name] = "constant" if block is not None and block.kind == "constant" else "derivative"
        elif fn in UNSUPPORTED:
            answers[name] = "refused"
    return answers


def _module_in(library, name):
    """The part of a library that stands for NumPy's module of a function, and the function's own name there."""
    module, _, short = name.rpartition(".")
    inside = module.removeprefix("numpy").removeprefix(".")
    try:
        return import_module(f"{library}.{inside}" if inside else library), short
    except ImportError:
        return None, short


def of_autograd(names):
    """Primitives with a rule for reverse mode; constants; Python code over them."""
    core, tracer = import_module("autograd.core"), import_module("autograd.tracer")
    reverse = core.primitive_vjps
    constants = {getattr(fn, "__name__", "") for fn in tracer.notrace_primitives[core.VJPNode]}
    answers = {}
    for name in names:
        module, short = _module_in("autograd.numpy", name)
        fn = getattr(module, short, None)
        if fn is None:
            continue
        if short in constants:
            answers[name] = "constant"
        elif fn in reverse or (not hasattr(fn, "fun") and getattr(fn, "__module__", "").startswith("autograd")):
            # A primitive has `fun`; what has none is Python code over primitives.
            answers[name] = "derivative"
    return answers


def of_mygrad(names):
    """What answers for a function of NumPy's on a tensor."""
    import_module("mygrad")
    base = import_module("mygrad.tensor_base")
    reverse = {*base._REGISTERED_UFUNC, *base._REGISTERED_DIFFERENTIABLE_NUMPY_FUNCS}
    constants = {*base._REGISTERED_BOOL_ONLY_UFUNC, *base._REGISTERED_CONST_ONLY_UFUNC}
    constants |= base._REGISTERED_NO_DIFF_NUMPY_FUNCS
    kinds = {fn: "constant" for fn in constants} | {fn: "derivative" for fn in reverse}
    return {name: kinds[fn] for name, fn in names.items() if fn in kinds}


def of_jax(names):
    """The functions of the same name."""
    return {name: "name" for name in names if hasattr(*_module_in("jax.numpy", name))}


LIBRARIES = {"dragongrad": of_dragongrad, "autograd": of_autograd, "mygrad": of_mygrad, "jax": of_jax}


def table(names, answers):
    """A row a library."""
    shown = Table(title=f"{len(names)} functions of numbers that NumPy {np.__version__} lets others override")
    for heading in ("library", "answered", "of these constant", "refused with a reason", "not there"):
        shown.add_column(heading, justify="left" if heading == "library" else "right")
    for library, found in answers.items():
        kinds = list(found.values())
        refused = kinds.count("refused")
        constant = "-" if "name" in kinds else str(kinds.count("constant"))
        shown.add_row(f"{library} {version(library)}", str(len(kinds) - refused), constant, str(refused or "-"),
                      str(len(names) - len(kinds)))  # fmt: skip
    return shown


def markdown(shown):
    """The same table as Markdown."""
    columns = [[str(cell) for cell in column.cells] for column in shown.columns]
    lines = [[str(column.header) for column in shown.columns], ["---"] * len(columns), *zip(*columns, strict=True)]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines) + "\n"


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--markdown", metavar="FILE", type=Path)
    parser.add_argument("--missing", metavar="LIBRARY", choices=LIBRARIES, help="name what a library lacks")
    given = parser.parse_args()
    names = functions()
    answers = {library: of(names) for library, of in LIBRARIES.items() if find_spec(library)}
    if given.missing:
        print("\n".join(sorted(set(names) - set(answers[given.missing]))))
        return
    shown = table(names, answers)
    Console().print(shown)
    if given.markdown:
        given.markdown.write_text(markdown(shown))


if __name__ == "__main__":
    main()
