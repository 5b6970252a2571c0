"""The package as a whole: names, rooms, imports, threads, memory."""

import ast
import gc
import inspect
import os
import pathlib
import pickle
import re
import subprocess
import sys
import threading

import numpy as np
import optree
import pytest

import dragongrad as ad
import dragongrad.optimize
import dragongrad.testing
import dragongrad.variable
from dragongrad import elsewhere

ROOT = pathlib.Path(__file__).parent.parent
SOURCE = ROOT / "src" / "dragongrad"


# Names


def test_all_is_exactly_what_is_imported():
    """The names bound in __init__.py without an underscore are `__all__`; of modules some are in no list."""
    tree = ast.parse((SOURCE / "__init__.py").read_text(encoding="utf-8"))
    body = [*tree.body, *[n for part in tree.body if isinstance(part, ast.If) for n in part.body]]
    bound = {a.asname or a.name for n in body if isinstance(n, ast.ImportFrom) for a in n.names}
    modules = {path.stem for path in SOURCE.iterdir()}
    assert {n for n in bound if not n.startswith("_")} - {"*"} - modules == set(ad.__all__) - modules
    assert sorted(ad.__all__) == list(ad.__all__)


@pytest.mark.parametrize("name", ad.__all__)
def test_public_docstrings(name):
    thing = getattr(ad, name)
    text = inspect.getdoc(thing)
    assert text, name
    assert text.splitlines()[0].rstrip().endswith((".", ":", "`.")), f"{name}: the first line is a sentence"


TRANSFORMS = (ad.grad, ad.value_and_grad, ad.derivative, ad.jacobian, ad.jacfwd, ad.jacrev, ad.hessian, ad.hvp)


@pytest.mark.parametrize("transform", [*TRANSFORMS, ad.jvp, ad.vjp, ad.linearize, ad.vmap])
def test_every_transform_has_an_example(transform):
    assert ">>>" in inspect.getdoc(transform)


def test_version_is_in_the_changelog_and_the_citation():
    assert f"## {ad.__version__}" in (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")
    assert f"version: {ad.__version__}\n" in (ROOT / "CITATION.cff").read_text(encoding="utf-8")


# Rooms


def test_core_is_small():
    lines = sum(len(p.read_text(encoding="utf-8").splitlines()) for p in (SOURCE / "core").glob("*.py"))
    assert lines < 1500


def test_files_stay_readable():
    for path in SOURCE.rglob("*.py"):
        length = len(path.read_text(encoding="utf-8").splitlines())
        assert length <= (480 if path.name == "block.py" else 410), f"{path.name} has {length} lines"


def test_imports_stand_at_the_top():
    """But for those of packages that only some users need."""
    allowed = {"rich", "scipy", "matplotlib", "PIL", "sklearn", "safetensors", "pydicom", "anywidget", "traitlets"}
    for path in SOURCE.rglob("*.py"):
        for function in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if not isinstance(function, (ast.FunctionDef, ast.AsyncFunctionDef)):
                continue
            for node in ast.walk(function):
                if isinstance(node, ast.ImportFrom):
                    assert not node.level, f"{path.name} imports inside {function.name}"
                    assert node.module.split(".")[0] in allowed
                if isinstance(node, ast.Import):
                    assert {a.name.split(".")[0] for a in node.names} <= allowed


def test_generators_are_never_suspended_inside_a_with():
    """The block would end when the generator is collected, in the middle of anything.

    Where it sets a context variable, as `np.errstate` does, Python 3.11 then crashes (python/cpython#148891).
    """
    found = []
    for path in sorted(SOURCE.rglob("*.py")):
        for function in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(function, ast.FunctionDef) and "contextmanager" not in map(
                ast.unparse, function.decorator_list
            ):
                blocks = [node for node in ast.walk(function) if isinstance(node, ast.With)]
                if any(isinstance(node, ast.Yield | ast.YieldFrom) for b in blocks for node in ast.walk(b)):
                    found.append(f"{path.name}: {function.name}")
    assert not found


def test_rules_are_declared_once():
    """Every Block stands in the table under its own function, and no function has two entries."""
    from dragongrad.core.block import BLOCKS, COMPOSITES, UNSUPPORTED

    assert all(block.fn is fn for fn, block in BLOCKS.items())
    assert not (set(BLOCKS) | set(COMPOSITES)) & set(UNSUPPORTED)


def test_import_is_light():
    code = """
import sys, numpy
before = set(sys.modules)
import dragongrad
heavy = {"dragongrad.compiler", "dragongrad.views"}
heavy |= {"scipy.linalg", "scipy.special", "rich", "llvmlite", "matplotlib", "typer", "torch", "jax", "autograd"}
print(sorted(heavy & (set(sys.modules) - before)))
"""
    out = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert out.stdout.strip() == "[]"


@pytest.mark.parametrize(
    "room", ["minimize", "compile", "implicit", "scan", "nn", "trace_table", "course", "testing"]
)
def test_rooms_may_be_entered_first_inside_a_transform(room):
    code = f"import dragongrad as ad; print(ad.grad(lambda x: (ad.{room}, x * x)[1])(3.0))"
    out = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert out.stdout.strip() == "6.0"


def test_modules_that_arrive_inside_a_transform_have_numpys_own_names():
    code = """
import numpy, dragongrad as ad
def f(x):
    ad.minimize
    from dragongrad.optimize import loop
    assert loop.np.copy is not numpy.copy and ad.core.block.TABLE[loop.np.copy]
    return x
ad.grad(f)(1.0)
"""
    subprocess.run([sys.executable, "-c", code], check=True)


def test_peers_are_never_named_in_source():
    # The bridges to them import them when they are used, by name.
    peers = re.compile(r"^\s*(import|from) (torch|jax|autograd|casadi|mygrad|numba)\b", re.M)
    for path in SOURCE.rglob("*.py"):
        assert not peers.search(path.read_text(encoding="utf-8")), path


# Pickling, threads, memory


def named(x):
    return np.sum(np.sin(x) * x)


@pytest.mark.parametrize(
    "transform", [ad.grad, ad.value_and_grad, ad.jacobian, ad.hessian, ad.vmap, ad.checkpoint, ad.derivative]
)
def test_transforms_pickle_and_keep_name_and_signature(transform):
    made = transform(named)
    again = pickle.loads(pickle.dumps(made))
    x = np.array([[0.5, 1.0]]) if transform is ad.vmap else np.array([0.5, 1.0])
    x = np.float64(0.5) if transform is ad.derivative else x
    got, expected = (optree.tree_leaves(f(x)) for f in (again, made))
    for a, b in zip(got, expected, strict=True):
        np.testing.assert_array_equal(a, b)
    assert made.__name__ == "named"
    assert list(inspect.signature(made).parameters) == ["x"]


def test_eight_threads_do_not_meet():
    x = np.linspace(0.1, 1, 7)
    expected = ad.hessian(named)(x)
    gradients = ad.grad(named)(x)
    _, pullback = ad.vjp(np.sin, x)
    wrong = []
    start = threading.Barrier(8)

    def work(number):
        ad.set_mode("reverse" if number % 2 else "forward")
        start.wait()
        for _ in range(30):
            v = ad.Variable(x)
            checks = [
                np.array_equal(ad.hessian(named)(x), expected),
                np.array_equal(ad.grad(named)(x), gradients),
                np.array_equal(pullback(number * np.ones(7))[0], number * np.cos(x)),
                np.allclose(np.sum(np.sin(v) * v).gradient, gradients[None]),
                bool((v * 2).node.childrens) == bool(number % 2),
            ]
            wrong.extend(i for i, right in enumerate(checks) if not right)

    threads = [threading.Thread(target=work, args=(n,)) for n in range(8)]
    for t in threads:
        t.start()
    for t in threads:
        t.join()
    assert wrong == []


def resident():
    """The pages of memory that this process holds."""
    return int(pathlib.Path("/proc/self/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")


@pytest.mark.skipif(not pathlib.Path("/proc/self/statm").exists(), reason="reads Linux's /proc")
def test_no_growth_over_many_gradients_without_the_collector():
    x = np.ones(1000)

    def loss(x):
        y = np.exp(-(x**2)) @ np.outer(x[:5], x)[0] + np.linalg.norm(x)
        return np.where(y > 0, y, 0.0) + np.sort(x)[0]

    gradient = ad.grad(loss)
    gc.collect()
    gc.disable()
    try:
        for _ in range(500):
            gradient(x)
        before = resident()
        for _ in range(3000):
            gradient(x)
        grown = resident() - before
    finally:
        gc.enable()
    # Keeping one array of each gradient would be 24 MB.
    assert grown < 8e6


def test_no_cycles_are_left():
    x = np.ones(3)
    for transform in (ad.grad(named), ad.hessian(named), ad.jacfwd(np.sin), ad.vmap(np.sin)):
        transform(x)
        gc.collect()
        gc.disable()
        try:
            # Other threads of the process may leave a few of their own.
            for _ in range(50):
                transform(x)
            assert gc.collect() < 50
        finally:
            gc.enable()


def test_forward_mode_needs_no_memory_for_the_length():
    alive = []

    def chain(x, length):
        for _ in range(length):
            x = np.sin(x)
        gc.collect()  # what other tests have left
        alive.append(sum(isinstance(o, ad.core.variable.Variable) for o in gc.get_objects()))
        return x

    ad.jvp(lambda x: chain(x, 10), (np.ones(3),), (np.ones(3),))
    ad.jvp(lambda x: chain(x, 2000), (np.ones(3),), (np.ones(3),))
    assert alive[1] <= alive[0]


@pytest.mark.parametrize(
    "use",
    [
        "import dragongrad.nn as nn; y = nn.relu(x)",
        "import dragongrad.scipy.stats as st; y = st.norm.logpdf(x)",
        "from dragongrad.scipy import linalg; y = linalg.expm(np.outer(x, x))",
        "import dragongrad.integrate; import dragongrad.lab; y = x**2",
    ],
)
@pytest.mark.parametrize("transform", ["ad.grad(f)", "ad.compile(ad.grad(f))"])
def test_rooms_are_imported_inside_a_function_too(use, transform):
    code = f"""
import numpy as np, dragongrad as ad
def f(x):
    {use}
    return np.sum(y)
x = np.array([1.0, -2.0])
g = {transform}
first, again = g(x), g(x)
assert np.array_equal(first, again), (first, again)
"""
    subprocess.run([sys.executable, "-c", code], check=True)


@pytest.mark.parametrize(
    ("module", "name", "match"),
    [
        (ad, "jit", "'jit': write ad.compile$"),
        (ad, "hesian", "dragongrad has no attribute 'hesian'$"),
        (ad.nn, "Linear", "'Linear': write nn.Dense$"),
        (ad.nn, "MaxPool2d", "'MaxPool2d': write nn.MaxPool$"),
        (ad, "numpy", "'numpy': write import numpy as np"),
        (ad, "curve_fit", "'curve_fit': write ad.least_squares"),
        (ad.nn, "Dens", "dragongrad.nn has no attribute 'Dens'$"),
    ],
)
def test_a_name_that_is_not_there(module, name, match):
    with pytest.raises(AttributeError, match=match) as caught:
        getattr(module, name)
    # From these Python finds the nearest name, where nobody catches the error.
    assert (caught.value.name, caught.value.obj) == (name, module)


def test_names_of_other_libraries_lead_to_names_that_are_there():
    cures = [*vars(ad.nn)["_ELSEWHERE"].values(), *elsewhere.OF_PACKAGE.values()]
    written = [found for cure in cures for found in re.findall(r"\b(ad|nn)\.(\w+)", cure)]
    assert len(written) > 50
    for module, name in written:
        assert hasattr({"ad": ad, "nn": ad.nn}[module], name), name
    assert not any(hasattr(ad, name) for name in elsewhere.OF_PACKAGE)
