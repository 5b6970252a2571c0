"""Saved programs: the same bits as before, in any process, and the derivatives of the function."""

import inspect
import os
import pickle
import subprocess
import sys
import threading
from collections import OrderedDict

import numpy as np
import pytest
from cases import CASES
from grid import BACKENDS, KINDS, assert_same, covering, hessian_product, kinds_of, leaves, points, weighted

import dragongrad as ad
from dragongrad import late, nn
from dragongrad.compiler.saved.names import block_name
from dragongrad.core.block import BLOCKS, TABLE

# What other libraries' functions bring is there before.
late.declared("scipy.special.erf")
KNOWN = frozenset(BLOCKS)
pytestmark = [
    pytest.mark.filterwarnings("error::dragongrad.CompileWarning"),
    pytest.mark.filterwarnings("ignore::RuntimeWarning"),
]


@pytest.fixture
def path(tmp_path):
    return tmp_path / "program.npz"


@pytest.fixture(autouse=True)
def same_blocks():
    """Blocks that a test declares are gone when it ends: others look at all that there are."""
    yield
    for fn in [fn for fn in BLOCKS if fn not in KNOWN]:
        del BLOCKS[fn], TABLE[fn]


def saved(compiled, path, backend=None):
    compiled.save(path)
    return ad.load(path, backend=backend)


def assert_equal_bits(got, expected):
    for a, b in zip(leaves(got), leaves(expected), strict=True):
        assert type(a) is type(b)
        assert (np.shape(a), np.asarray(a).dtype) == (np.shape(b), np.asarray(b).dtype)
        if np.asarray(a).dtype.hasobject:
            assert repr(a) == repr(b)
        else:
            assert np.asarray(a).tobytes() == np.asarray(b).tobytes()


# What it computes

EVERY = [(name, kind) for name, case in CASES.items() for kind in kinds_of(case)]
EVERYTHING = [
    pytest.param(*case, backend, id="-".join([*case, backend]), marks=pytest.mark.slow if k % stride else [])
    for backend, stride in (("numpy", 5), ("native", 40))
    for k, case in enumerate(EVERY)
]


@pytest.mark.parametrize(("name", "kind", "backend"), EVERYTHING)
def test_every_case_has_equal_bits(name, kind, backend, path):
    traced_at, run_at = points(CASES[name], kind, "float64")
    compiled = ad.compile(KINDS[kind](CASES[name].f), backend=backend)
    compiled(traced_at)
    expected = [[compiled(x) for _ in range(2)][1] for x in (traced_at, run_at)]
    loaded = saved(compiled, path, backend)
    for _ in range(2):
        for x, known in zip((traced_at, run_at), expected, strict=True):
            assert_equal_bits(loaded(x), known)
    if backend == "native":
        # So the machine code is found in the cache.
        assert texts(loaded) <= texts(compiled)


def texts(made):
    return {path.engine.text for version in made._versions.values() for path in version.paths if path.engine}


@pytest.mark.parametrize("backend", BACKENDS)
def test_programs_are_the_same_text(backend, path):
    compiled = ad.compile(ad.grad(lambda x: np.sum(np.tanh(x) * np.arange(5000.0))), backend=backend)
    compiled(np.ones(5000))
    loaded = saved(compiled, path, backend)
    loaded(np.ones(5000))
    assert loaded.source == compiled.source
    if backend == "native":
        assert loaded.llvm == compiled.llvm
        assert loaded.asm


def shift(x, y=1.0, *, scale=2.0):
    return (x + y) * scale


def branch(x):
    return x * 2 if np.sum(x) > 0 else -x


def first_two(p):
    return {"b": p["w"] * p["n"], "a": [p["w"][0], (p["n"], None)], "c": ()}


STATIC_ARRAYS = [
    np.array(text) for text in (["a", "b"], [["a", "b"]], [["a"], ["b"]], "a", [["a", "b"], ["c", "d"]])
]
STATIC_ARRAYS += [
    np.asfortranarray(STATIC_ARRAYS[-1]),
    STATIC_ARRAYS[2][:0],
    np.zeros((0, 2), "U1"),
    STATIC_ARRAYS[1].T,
]
NEST = {"w": np.array([1.0, 2.0]), "n": 3.0}
# A function, calls that compile it, and calls that its program is to answer as the function does.
PROGRAMS = {
    "shapes and dtypes": (np.sin, [((np.ones(s, d),), {}) for s in (3, (2, 0), ()) for d in (float, "f4")]),
    "numbers": (shift, [((v,), {}) for v in (1.5, np.float32(2.5), 1j, np.float64(0.5), np.array(2.0), True)]),
    "keywords": (shift, [((1.5,), {"scale": 3.0, "y": 2.0}), ((1.0, 2.0), {}), ((), {"x": np.ones(2)})]),
    "integers": (shift, [((np.ones(2), n), {}) for n in (1, 2, 3, 2**40)]),
    "static": (lambda x, how: np.sort(x) if how == "up" else x[::-1],
               [((np.array([2.0, 1.0]), how), {}) for how in ("up", "down")]),
    "static kinds": (lambda x, how: x * 2,
                     [((1.5, how), {}) for how in (None, 3, True, "é", b"x", np.float32, slice(1, None), -0.0, ...)
                      if not isinstance(how, type)]),
    "static arrays": (lambda x, a: x + a.size, [((1.5, a), {}) for a in STATIC_ARRAYS]),
    "functions": (lambda x, f: f(x), [((np.ones(2), f), {}) for f in (np.sin, np.cumsum)]),
    "nests": (first_two, [((NEST,), {}), ((dict(reversed(NEST.items())),), {}), ((OrderedDict(NEST),), {})]),
    "keys": (lambda d: d, [(({1: 2.0, "a": [3.0], 2.5: (), None: 1.0},), {})]),
    "decisions": (branch, [((np.ones(2),), {}), ((-np.ones(2),), {})]),
    "place": (lambda x: x[: int(np.argmax(x))] * 2, [((np.array(v),), {}) for v in ([1.0, 2, 3], [1.0, 3, 2])]),
    "careful": (ad.grad(lambda x: np.sum(np.sqrt(x) ** 2)), [((np.ones(2),), {}), ((np.array([0.0, 1]),), {})]),
    "layouts": (lambda x: np.sum(write_first(x) * np.arange(6.0).reshape(2, 3)),
                [((np.ones((2, 3)),), {}), ((np.ones((2, 3), order="F"),), {})]),
    "constants": (lambda x: (x * ROWS, ROWS.T[::-1], "text", np.float32(0.1), 2**70, 1e400),
                  [((np.ones((2, 3)),), {})]),
    "several values": (lambda x: tuple(np.linalg.eigh(x + x.T)), [((np.arange(4.0).reshape(2, 2),), {})]),
    "complex": (np.roots, [((np.array([1.0, 0, 1]),), {}), ((np.array([1.0, 0, -1]),), {})]),
    "convolution": (ad.grad(lambda x: np.sum(ad.conv(x, np.ones((2, 1, 1))) ** 2)),
                    [((np.arange(8.0).reshape(1, 8, 1),), {})]),
    "any keywords": (lambda **kwargs: kwargs["b"] - kwargs["a"],
                     [((), {"b": 1.0, "a": 2.5}), ((), {"a": 1.0, "b": 2.5})]),
}  # fmt: skip
ROWS = np.broadcast_to(np.arange(3.0), (2, 3))


def write_first(x):
    y = x * 1.0
    z = x.ravel()
    z[0] = 7.0
    return y + x


@pytest.mark.parametrize("backend", BACKENDS)
@pytest.mark.parametrize("name", PROGRAMS)
def test_programs_of_all_kinds(name, backend, path):
    f, calls = PROGRAMS[name]
    compiled = ad.compile(f, backend=backend)
    for args, kwargs in calls:
        compiled(*args, **kwargs)
    loaded = saved(compiled, path, backend)
    for again in range(2):
        for args, kwargs in calls:
            out = loaded(*args, **kwargs)
            assert_equal_bits(out, compiled(*args, **kwargs))
            assert_same(out, f(*args, **kwargs))
            assert repr(out) == repr(compiled(*args, **kwargs)), again
    twice = saved(loaded, path, backend)
    for args, kwargs in calls:
        assert_equal_bits(twice(*args, **kwargs), loaded(*args, **kwargs))


def test_arguments_are_known_by_position_and_name(path):
    compiled = ad.compile(shift, backend="numpy")
    compiled(1.5, 2.0)
    compiled(1.5, scale=3.0)
    loaded = saved(compiled, path, "numpy")
    assert loaded(y=2.5, x=0.5) == loaded(0.5, y=2.5) == loaded(0.5, 2.5) == 6.0
    assert loaded(scale=4.0, x=0.5) == 6.0
    assert str(inspect.signature(loaded)) == "(x, y=1.0, *, scale=2.0)"


def test_a_program_computes_with_integers_as_the_function_does_that_met_others(path):
    compiled = ad.compile(lambda x, t: x * 0.9**t, backend="numpy")
    for t in (1, 2):
        compiled(np.ones(2), t)
    loaded = saved(compiled, path, "numpy")
    assert_same(loaded(np.ones(2), 17), np.ones(2) * 0.9**17)
    with pytest.raises(ad.SavedProgramError, match="t: int 1099511627776"):
        loaded(np.ones(2), 2**40)


def test_whole_networks_and_their_training(path, rng):
    model = nn.Chain(conv=nn.Conv(2), relu=nn.relu, pool=nn.max_pool, flat=nn.flatten, head=nn.Dense(3))
    params, update = model.init(rng, (6, 6, 1)), nn.adam(1e-3)

    @ad.compile
    def step(params, state, x, y):
        loss, gradient = ad.value_and_grad(lambda p: nn.cross_entropy(model(p, x), y))(params)
        return *update(params, gradient, state), loss

    x, y = rng.random((4, 6, 6, 1)), np.arange(4) % 3
    state = update.start(params)
    for _ in range(3):
        step(params, state, x, y)
    loaded = saved(step, path)
    one = other = params, state
    for _ in range(3):
        *one, loss = step(*one, x, y)
        *other, same = loaded(*other, x, y)
        assert_equal_bits((one, loss), (other, same))


def test_what_a_program_gives_is_the_callers_own(path):
    compiled = ad.compile(lambda x: (x, x, np.ones(2)), backend="numpy")
    x = np.zeros(2)
    compiled(x)
    loaded = saved(compiled, path, "numpy")
    for a in loaded(x):
        a += 1
    assert_same(loaded(x), (x, x, np.ones(2)))
    assert not x.any()

    def total(x):
        y = loaded(x)[0]
        y[0] = 5.0
        return np.sum(x * y)

    assert_same(ad.grad(total)(np.array([1.0, 2.0])), np.array([5.0, 4.0]))


@pytest.mark.parametrize("backend", BACKENDS)
def test_errors_of_the_function_are_its_own(backend, path):
    compiled = ad.compile(lambda a, b: np.linalg.solve(a, b), backend=backend)
    compiled(np.eye(2), np.ones(2))
    loaded = saved(compiled, path, backend)
    with pytest.raises(np.linalg.LinAlgError):
        loaded(np.zeros((2, 2)), np.ones(2))
    assert_same(loaded(2 * np.eye(2), np.ones(2)), np.full(2, 0.5))


# Inside transforms

WAYS = {
    "grad": lambda f: ad.grad(weighted(f)),
    "jvp": lambda f: lambda x: ad.jvp(f, (x,), (np.cos(x),)),
    "second order": hessian_product,
    "vmap": ad.vmap,
    "vmap of grad": lambda f: ad.vmap(ad.grad(weighted(f))),
    "compiled": lambda f: ad.compile(ad.grad(weighted(f)), backend="numpy"),
}


@pytest.mark.parametrize(("name", "way"), covering(sorted(CASES), WAYS))
def test_every_case_is_differentiated_as_the_function(name, way, path):
    case = CASES[name]
    batched = way in (ad.vmap, WAYS["vmap of grad"])
    if (way is hessian_product and not case.second) or (batched and not case.batches):
        pytest.skip("no such transform of this case")
    x, y = points(case, "value", "float64")
    compiled = ad.compile(case.f, backend="numpy")
    compiled(x)
    loaded = saved(compiled, path, "numpy")
    at = np.stack([x, y]) if batched else y
    assert_same(way(loaded)(at), way(case.f)(at))


def test_saved_gradients_are_differentiated_and_batched(path):
    f = ad.grad(lambda x: np.sum(np.where(x > 0, np.sqrt(x), 0.0) * x))
    compiled = ad.compile(f, backend="numpy")
    x = np.array([0.0, 4.0, 1.0])
    compiled(x)
    loaded = saved(compiled, path, "numpy")
    assert_same(ad.jacobian(loaded)(x + 1), ad.jacobian(f)(x + 1))
    assert_same(ad.vmap(loaded)(np.stack([x, 2 * x])), ad.vmap(f)(np.stack([x, 2 * x])))
    assert_same(ad.vmap(ad.vmap(loaded))(np.ones((2, 2, 3))), ad.vmap(ad.vmap(f))(np.ones((2, 2, 3))))


def test_decisions_inside_transforms(path):
    compiled = ad.compile(branch, backend="numpy")
    compiled(np.ones(2)), compiled(-np.ones(2))
    loaded = saved(compiled, path, "numpy")
    total = lambda x: np.sum(loaded(x) ** 2)
    assert_same(ad.grad(total)(np.ones(2)), np.full(2, 8.0))
    assert_same(ad.grad(total)(-np.ones(2)), np.full(2, -2.0))
    assert_same(ad.vmap(loaded)(-np.ones((3, 2))), np.ones((3, 2)))
    with pytest.raises(ad.SavedProgramError, match="rows of a batch take different ways"):
        ad.vmap(loaded)(np.stack([np.ones(2), -np.ones(2)]))
    again = ad.compile(ad.grad(total), backend="numpy")
    for x in (np.ones(2), -np.ones(2), np.ones(2)):
        assert_same(again(x), ad.grad(total)(x))


def test_numbers_of_pythons_inside_transforms(path):
    compiled = ad.compile(lambda x, a: a * x, backend="numpy")
    compiled(2.0, np.ones(2, np.float32))
    loaded = saved(compiled, path, "numpy")
    outside = np.ones(2, np.float32)
    for a in (lambda: np.ones(2, np.float32), lambda: outside):
        assert_same(ad.jvp(lambda x, a=a: loaded(x, a()), (3.0,), (1.0,))[1], outside)
    # What no transform looks at is computed as ever.
    assert_same(ad.jvp(lambda x: loaded(2.0, np.ones(2, np.float32)) * x, (3.0,), (1.0,))[1], np.full(2, 2.0))
    outer = ad.compile(lambda x, a: loaded(x, a) + 1, backend="numpy")
    for _ in range(2):
        assert_same(outer(0.1, np.ones(2, np.float32)), np.ones(2, np.float32) * np.float32(0.1) + np.float32(1))


def test_writes_that_depend_on_layouts_inside_transforms(path):
    f, calls = PROGRAMS["layouts"]
    compiled = ad.compile(f, backend="numpy")
    for args, _ in calls:
        compiled(*args)
    loaded = saved(compiled, path, "numpy")
    x = calls[0][0][0]
    assert_same(ad.grad(loaded)(x), ad.grad(f)(x))
    with pytest.raises(ad.SavedProgramError, match="layout of its arguments"):
        ad.grad(loaded)(np.asfortranarray(x))


def test_debug_nans_finds_the_block(path):
    compiled = ad.compile(lambda x: np.sum(np.log(x)), backend="numpy")
    compiled(np.ones(2))
    loaded = saved(compiled, path, "numpy")
    with ad.debug_nans(), pytest.raises(ad.NonFiniteError, match="log made an infinity"):
        ad.grad(loaded)(np.zeros(2))
    with ad.debug_nans():
        assert loaded(np.ones(2)) == 0.0


# Processes and threads

MODULE = """
import numpy as np, dragongrad as ad

def lambert(x):
    return x * np.exp(x)

lambert_block = ad.elementwise(lambert, lambda x: (1 + x) * np.exp(x), dispatches=False)
TABLE = np.linspace(0.0, 1.0, 1000)

@ad.compile(backend=BACKEND)
def loss(p, x, how="mean"):
    y = np.tanh(x * p["w"]) @ TABLE + ad.softmax(p["b"])
    return {"loss": np.mean(y) if how == "mean" else np.sum(y), "all": [y, (np.sort(y), None)]}

@ad.compile(backend=BACKEND)
def by_block(x):
    return lambert_block(x)
"""
SAVING = """
import sys, numpy as np, theirs
p, x = {"w": 0.5, "b": np.arange(3.0)}, np.arange(3000.0).reshape(3, 1000)
for how in ("mean", "total"):
    theirs.loss(p, x, how=how)
theirs.by_block(np.ones(2))
theirs.loss.save("loss.npz")
theirs.by_block.save("block.npz")
out = theirs.loss(p, x, how="mean")
np.savez("expected.npz", *out["all"][1][:1], out["loss"], out["all"][0])
"""
LOADING = """
import sys, numpy as np, dragongrad as ad
loaded = ad.load("loss.npz", backend=BACKEND)
p, x = {"w": 0.5, "b": np.arange(3.0)}, np.arange(3000.0).reshape(3, 1000)
with np.load("expected.npz") as known:
    for _ in range(2):
        out = loaded(p, x, how="mean")
        for a, b in zip((*out["all"][1][:1], out["loss"], out["all"][0]), known.values(), strict=True):
            assert np.asarray(a).tobytes() == b.tobytes()
assert "theirs" not in sys.modules
try:
    ad.load("block.npz")
except ad.SavedProgramError as error:
    assert "theirs.lambert" in str(error), error
else:
    raise AssertionError("a Block that nobody knows")
"""


@pytest.mark.parametrize("backend", BACKENDS)
def test_another_process_needs_no_source(backend, tmp_path):
    module = tmp_path / "theirs.py"
    module.write_text(MODULE.replace("BACKEND", repr(backend)))
    env = {**os.environ, "PYTHONPATH": "", "PYTHONDONTWRITEBYTECODE": "1"}
    for code in (SAVING, LOADING):
        code = code.replace("BACKEND", repr(backend))
        done = subprocess.run([sys.executable, "-c", code], cwd=tmp_path, env=env, capture_output=True, text=True)
        assert done.returncode == 0, done.stderr
        if module.exists():
            module.unlink()


def test_every_block_of_the_library_has_a_name_of_its_own():
    ours = [b for b in BLOCKS.values() if isinstance(b.fn, str) or _is_ours(b.fn)]
    names = [block_name(block) for block in ours if block.name != "custom"]
    assert all(names)
    assert len(set(names)) == len(names)


def _is_ours(fn):
    return (getattr(fn, "__module__", None) or "numpy").partition(".")[0] in ("numpy", "scipy", "dragongrad")


def test_blocks_of_a_module_are_found_by_name(path):
    block = ad.elementwise(named_function, lambda x: 2.0, dispatches=False)
    compiled = ad.compile(block, backend="numpy")
    x = np.ones(2)
    compiled(x)
    loaded = saved(compiled, path, "numpy")
    assert_same(loaded(x), 2 * x)
    assert_same(ad.grad(lambda x: np.sum(loaded(x)))(x), 2 * x)


def named_function(x):
    return 2.0 * np.asarray(x)


@pytest.mark.parametrize("backend", BACKENDS)
def test_threads_may_make_the_first_call_together(backend, path):
    compiled = ad.compile(ad.grad(lambda x: np.sum(np.exp(np.sin(x)))), backend=backend)
    x = np.linspace(0.0, 1.0, 50)
    compiled(x)
    expected = compiled(x)
    loaded, found, gate = saved(compiled, path, backend), [], threading.Barrier(8)

    def call():
        gate.wait()
        found.extend(loaded(x) for _ in range(20))

    threads = [threading.Thread(target=call) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(found) == 160
    for out in found:
        assert_equal_bits(out, expected)


def test_a_program_is_pickled_as_its_file(path):
    compiled = ad.compile(branch, backend="numpy")
    compiled(np.ones(2)), compiled(-np.ones(2))
    loaded = saved(compiled, path, "numpy")
    copy = pickle.loads(pickle.dumps(loaded))
    assert_equal_bits(copy(-np.ones(2)), loaded(-np.ones(2)))
    assert copy.graph is not None
    assert repr(copy) == "load(branch)"


def test_looking_inside(path):
    compiled = ad.compile(branch)
    compiled(np.ones(2)), compiled(-np.ones(2))
    loaded = saved(compiled, path)
    assert loaded.report().startswith("load(branch): 1 version, 2 paths")
    with pytest.raises(ad.ArgumentError, match="call it once"):
        loaded.source  # noqa: B018
    loaded(np.ones(2))
    assert "np.sum(x) > 0" in loaded.report()
    assert "def branch(x)" in loaded.source


@pytest.mark.parametrize("backend", BACKENDS)
def test_views_of_one_array_are_held_once(backend, path):
    table = np.arange(6000.0).reshape(50, 120)
    gradient = ad.grad(lambda x: np.sum(np.tanh(table @ x)) + np.sum(table[None] @ x) + np.sum(x @ table.T))
    compiled = ad.compile(gradient, backend=backend)
    x = np.full(120, 1e-4)
    compiled(x)
    assert_equal_bits(saved(compiled, path, backend)(x), compiled(x))
    assert table.nbytes < path.stat().st_size < 1.5 * table.nbytes


def test_equal_programs_are_equal_files(tmp_path):
    files = []
    for number in range(2):
        compiled = ad.compile(ad.grad(lambda x: np.sum(np.sin(x) * np.arange(100.0))), backend="numpy")
        compiled(np.ones(100))
        compiled.save(tmp_path / str(number))
        files.append((tmp_path / str(number)).read_bytes())
    assert files[0] == files[1]
    assert os.path.dirname(__file__).encode() not in files[0]
