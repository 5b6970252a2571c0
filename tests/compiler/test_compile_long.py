"""Long unrolled programs: compiled in pieces, quickly, and apart from loops; the passes leave alone what stays."""

import platform
import re

import numpy as np
import pytest
from grid import assert_compiles, covering, thinned
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from test_compile_random import everything
from test_random_programs import PROGRAMS, matrices

import dragongrad as ad
from dragongrad.compiler.backends.native.loops import loop
from dragongrad.compiler.backends.native.parallel import thread_pool
from dragongrad.compiler.backends.native.plan import fuse, legalize
from dragongrad.compiler.backends.native.schedule import scheduler
from dragongrad.compiler.backends.native.tuning import VALUES_PER_FUNCTION
from dragongrad.compiler.passes import PIPELINE

pytestmark = pytest.mark.filterwarnings("error::dragongrad.CompileWarning")


@pytest.fixture
def few_threads():
    wanted = thread_pool.WORKERS.wanted
    yield
    ad.set_threads(wanted)


def pendulum(steps):
    def f(x):
        angle, speed = x[0], x[1]
        for _ in range(steps):
            speed = speed - 0.01 * np.sin(angle)
            angle = angle + 0.01 * speed
        return angle + speed

    return f


def compiled(f, *args):
    made = ad.compile(f, backend="native")
    return made(*args), made(*args), made


@pytest.mark.parametrize("transform", [lambda f: f, ad.grad], ids=["value", "gradient"])
def test_long_code_gives_what_short_code_gives(transform):
    f, x = transform(pendulum(2000)), np.array([0.5, 0.1])
    traced, run, made = compiled(f, x)
    np.testing.assert_allclose(traced, f(x), rtol=1e-12)
    np.testing.assert_allclose(run, f(x), rtol=1e-12)
    assert "call back" not in made.report().replace("No call back", "")


@pytest.mark.parametrize(("dtype", "count"), covering([np.float64, np.float32], [1, 2]))
def test_long_code_beside_loops_products_and_call_backs(dtype, count, few_threads):
    def f(x, a, v):
        short = x
        for _ in range(1200):
            short = np.where(short > 0.5, np.sin(short) * 0.9, np.exp(-short)) + np.floor(short * 3) * 0.01
        w = np.tanh(a @ v) * short
        # Far more than a thread takes at once.
        table = np.sum(np.exp(-((w[:, None] - v) ** 2)), axis=0)
        return a @ table * short, np.mod(v, short), np.dot(v, v) * short, np.linalg.solve(a, table), short > 0.3

    rng = np.random.default_rng(0)
    a = (rng.normal(size=(400, 400)) + 60 * np.eye(400)).astype(dtype)
    args = dtype(0.3), a, rng.normal(size=400).astype(dtype)
    ad.set_threads(count)
    traced, run, made = compiled(f, *args)
    assert "@dragongrad.parallel(ptr @part" in made.llvm
    for one in (traced, run):
        for got, expected in zip(one, f(*args), strict=True):
            assert np.asarray(got).dtype == np.asarray(expected).dtype
            np.testing.assert_allclose(got, expected, rtol=1e-9 if dtype is np.float64 else 2e-3)


def test_decisions_in_long_code():
    f = ad.compile(lambda x: pendulum(1500)(x) if x[0] > 0 else x[0] * 2, backend="native")
    for start in (0.5, -0.5, 0.4, -0.4):
        x = np.array([start, 0.1])
        expected = pendulum(1500)(x) if start > 0 else start * 2
        np.testing.assert_allclose(f(x), expected, rtol=1e-12)


@settings(
    max_examples=12,
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(PROGRAMS, st.integers(0, 2**32 - 1))
def test_random_programs_as_if_they_were_long(monkeypatch, program, seed):
    first = matrices(seed)
    with monkeypatch.context() as patch:
        patch.setattr(scheduler, "QUICK_ELEMENTS", -1)
        assert_compiles(everything(program), first, first[::-1] * 1.3, "native")


def test_no_function_grows_with_the_program():
    lengths, counts = [], []
    for steps in (1000, 2000):
        text = compiled(ad.grad(pendulum(steps)), np.array([0.5, 0.1]))[2].llvm
        functions = re.findall(r"^define internal void @loops.*?^}", text, re.DOTALL | re.MULTILINE)
        lengths.append(max(one.count("\n") for one in functions))
        counts.append(text.count("\n"))
    assert lengths[1] < 1.2 * lengths[0]
    assert counts[1] < 2.2 * counts[0]


def test_a_function_ends_behind_a_long_list():
    def f(x):
        return np.sum(np.stack([x[k % 7] * x[(k + 3) % 7] + k for k in range(2000)]) ** 2)

    made = compiled(ad.grad(f), np.linspace(0.1, 0.7, 7))[2]
    straight = [step for step in fuse(legalize(made.graph)).steps if step.mode == "straight"]
    sizes = [[store.node.size for store in step.stores] for step in straight]
    assert [2000] in sizes
    assert all(max(some[:-1], default=0) <= VALUES_PER_FUNCTION for some in sizes)


def test_elements_of_a_long_list_are_computed_once():
    def f(x):
        return np.sum(np.stack([np.exp(x[k % 7] * -k) for k in range(2000)]) ** 2)

    text = compiled(ad.grad(f), np.linspace(0.1, 0.7, 7))[2].llvm
    counts = re.findall(r"call void @dragon\.exp\.double\.array\(.*i64 (\d+)\)", text)
    assert 1980 <= sum(map(int, counts)) <= 2000


LISTS = {
    "numbers": lambda x: np.stack([np.exp(x[k % 4]) * (k * 0.01) for k in range(300)]),
    "vectors": lambda x: np.stack([np.exp(x[k % 3 : k % 3 + 2] * 0.1) + k * 0.01 for k in range(150)]),
    "columns": lambda x: np.stack([np.exp(x[k % 3 : k % 3 + 2] * 0.1) + k * 0.01 for k in range(150)], axis=1),
    "the_same": lambda x: np.stack([np.exp(x[k % 2]) for k in range(300)]),
    "read_before": lambda x: np.stack([y * np.sin(y) for y in [np.exp(x[k % 4]) * (k * 0.01) for k in range(300)]]),
    "of_several_types": lambda x: np.stack(
        [np.exp(x[0]) * (k * 0.01) if k % 2 else np.float64(1) for k in range(300)]
    ),
}


@pytest.mark.parametrize(
    ("case", "dtype", "quick"), thinned(covering([*LISTS], [np.float64, np.float32], [True, False], together=2))
)
def test_what_is_read_from_long_lists(monkeypatch, case, dtype, quick):
    monkeypatch.setattr(scheduler, "QUICK_ELEMENTS", -1 if quick else 10**9)
    f, first = LISTS[case], np.array([0.3, -0.2, 0.9, 0.5], dtype)

    def both(x):
        made = f(x)
        return made, made[1] * 2, np.sum(made[:2] * made[::-1][:2]), made[0] > made[-1]

    for g in (both, ad.grad(lambda x: np.sum(np.sin(f(x)) ** 2)), ad.jacobian(lambda x: f(x)[:2])):
        assert_compiles(g, [first], [first[::-1] * dtype(1.1)], "native", dtype)


@pytest.mark.parametrize("one", PIPELINE, ids=lambda one: one.__name__)
def test_a_pass_that_changes_nothing_returns_the_very_graph(one):
    graph = compiled(ad.grad(pendulum(20)), np.array([0.5, 0.1]))[2].graph
    settled = one(graph)
    assert one(settled) is settled


@pytest.mark.parametrize("join", [np.stack, lambda parts: np.concatenate([np.stack([p, p]) for p in parts])])
@pytest.mark.parametrize("reduce", [np.sum, np.max, lambda y: np.sum(np.sin(y) * y[::-1])])
def test_no_loop_is_cut_at_each_part_of_a_long_list(join, reduce):
    def f(x):
        return reduce(join([x[i % 5] * (1.0 + i) for i in range(40)]))

    x = np.linspace(0.1, 1, 5)
    traced, run, made = compiled(f, x)
    np.testing.assert_allclose(traced, f(x), rtol=1e-12)
    np.testing.assert_allclose(run, f(x), rtol=1e-12)
    # One loop over the list, and what is left over of it.
    assert made.llvm.count("br i1") <= 4


def test_too_many_loops_for_the_parts_of_one_are_refused(monkeypatch):
    monkeypatch.setattr(loop, "LOOPS_FOR_ONE", 5)

    def f(x):
        return np.sum(np.concatenate([np.sin(x * (i + 1.0)) for i in range(8)]))

    x = np.ones(40)
    with pytest.raises(ad.CompileError, match="joins more than 5 arrays"):
        ad.compile(f, backend="native")(x)
    made = ad.compile(f)
    with pytest.warns(ad.CompileWarning, match="f runs as NumPy source, .*: it joins more than 5 arrays"):
        np.testing.assert_allclose(made(x), f(x), rtol=1e-12)
    np.testing.assert_allclose(made(x), f(x), rtol=1e-12)


@pytest.mark.skipif(platform.machine() != "x86_64", reason="counts registers of x86-64")
def test_a_running_sum_in_long_code_stays_in_a_register(monkeypatch):
    monkeypatch.setattr(scheduler, "QUICK_ELEMENTS", -1)

    def f(x):
        total = 0.0
        for i in range(200):
            total = total + x[i % 64] * (1.0 + i)
        return total

    x = np.linspace(0.1, 1, 64)
    run, made = compiled(f, x)[1:]
    np.testing.assert_allclose(run, f(x), rtol=1e-12)
    # Each element is put away once and fetched a few times; the sum is not.
    assert made.asm.count("(%rsp)") < 300


# What is read element by element


def minors(x):
    """A determinant by minors."""

    def below(row, columns):
        if not columns:
            return 1.0
        parts = [x[row, c] * below(row + 1, columns[:k] + columns[k + 1 :]) for k, c in enumerate(columns)]
        return sum(parts[::2]) - sum(parts[1::2])

    return below(0, tuple(range(len(x))))


def continuant(x):
    """The determinant of what is beside the diagonal."""
    before, now = 1.0, x[0, 0]
    for i in range(1, len(x)):
        before, now = now, x[i, i] * now - x[i, i - 1] * x[i - 1, i] * before
    return now


def every(x):
    """Products of all elements with those of the next row."""
    total = 0.0
    for i in range(len(x)):
        for j in range(len(x)):
            total = total + x[i, j] ** 2 * x[i - 1, j]
    return total


@pytest.mark.parametrize(
    ("f", "n"), [(minors, 3), (minors, 4), (minors, 5), (minors, 6), (continuant, 30), (every, 12), (every, 40)]
)
def test_the_text_of_a_gradient_grows_with_what_was_traced(f, n):
    x = np.eye(n) + np.linspace(-0.3, 0.3, n * n).reshape(n, n)
    traced, run, made = compiled(ad.grad(f), x)
    np.testing.assert_allclose(traced, ad.grad(f)(x), rtol=1e-12, atol=1e-12)
    np.testing.assert_allclose(run, traced, rtol=1e-10, atol=1e-12)
    if f is minors:
        np.testing.assert_allclose(run, np.linalg.det(x) * np.linalg.inv(x).T, rtol=1e-9, atol=1e-12)
    operations = int(re.search(r"trace +(\d+)", made.report())[1])
    # Each operation is about one line, each element of the gradient a few; 40 more are of no element.
    assert made.llvm.count("\n") < 2 * operations + 4 * n * n + 40


def test_equal_layers_are_one_function():
    """Layers whose weights are too large to be put into one array: each adds calls, and no loops of its own."""

    def network(weights, x):
        for w in weights:
            x = np.tanh(x @ w) + x
        return np.sum(x**2)

    rng = np.random.default_rng(0)
    x, lines, loops = rng.normal(size=(4, 40)), [], []
    for count in (6, 12, 24):
        weights = [rng.normal(size=(40, 40)) / 40 for _ in range(count)]
        traced, run, made = compiled(ad.grad(network), weights, x)
        for a, b in zip(run, traced, strict=True):
            np.testing.assert_allclose(a, b, rtol=1e-9, atol=1e-12)
        lines.append(made.llvm.count("\n"))
        loops.append(made.llvm.count("@loops") - made.llvm.count("call void @loops"))
    assert lines[2] - lines[1] <= 2.1 * (lines[1] - lines[0])
    assert max(loops) <= loops[0] + 3


READ = {
    "elements": ((3, 4), lambda x: sum(x[i, j] ** 2 * (i + 1) for i in range(3) for j in range(4))),
    "columns": ((1000, 3), lambda x: np.sum(x[:, 0] * x[:, 1]) + np.sum(np.sin(x[:, 2]) * x[:, 1] + x[:, 0])),
    "many_columns": ((50, 40), lambda x: sum(np.sum(np.sin(x[:, j]) * x[:, j - 1]) for j in range(40))),
    "a_middle_axis": ((20, 5, 6), lambda x: sum(np.sum(np.sin(x[:, j]) * x[:, j - 1]) for j in range(5))),
    "a_few_of_many": ((3000,), lambda x: sum(np.sin(x[7 * k]) * x[9 * k] for k in range(30))),
    "very_few": ((5000,), lambda x: sum(np.sin(x[7 * k]) * x[9 * k] for k in range(30))),
    "rows_here_and_there": ((200, 7), lambda x: sum(np.sum(np.sin(x[9 * k]) * x[9 * k + 3]) for k in range(20))),
    "parts_of_parts": ((6, 7), lambda x: sum(np.prod(x[i:, j:][0, :2]) for i in range(6) for j in range(5))),
    "of_length_1": ((1, 1), lambda x: x[0, 0] * x[0, 0] * x[-1, -1]),
}


@pytest.mark.parametrize(
    ("case", "dtype", "backend"),
    thinned(covering([*READ], [np.float64, np.float32], ["native", "numpy"], together=2)),
)
def test_gradients_of_what_is_read_part_by_part(case, dtype, backend):
    shape, f = READ[case]
    first = np.linspace(0.2, 1.1, int(np.prod(shape))).reshape(shape).astype(dtype)
    direction = np.cos(np.arange(first.size)).reshape(shape).astype(dtype)
    for g in (ad.grad(f), lambda x: ad.hvp(f, x, direction), ad.grad(lambda x: np.sum(ad.grad(f)(x) ** 2))):
        assert_compiles(g, [first], [np.flip(first) * dtype(1.3)], backend, dtype)
